/**
 * One evaluation: computes all active goals of an organization from what its books hold now, and appends to
 * `goal_progress` what changed. It knows no events: whatever it missed before, it finds.
 */
import { and, eq, sql } from 'drizzle-orm'
import { evaluationDay, expectedOn, formatExact, judge, type JudgedGoal } from '../domain/goal.ts'
import { judgedGoal, measureEach, type Measured } from './measure.ts'
import { readLatestProgress, readSequence } from './progress.ts'
import type { LogError } from '../events.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { GoalProgressRow, GoalRow, OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { evaluation, goal, goalProgress } from '@tidemark/drizzle/tables.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'

/** BUSY: another process is at it, and may have begun before what this one was woken for. */
export type Evaluated = { readonly outcome: 'BUSY' } | { readonly outcome: 'DONE'; readonly appended: number }

export type EvaluatedOrganization = Pick<OrganizationRow, 'id' | 'baseCurrency' | 'timeZone'>

/** Longer than a command may take: hundreds of goals are computed at once, and nobody waits for its locks. */
const TIMEOUT_MS = 30_000

export async function evaluate(
  connection: Connection,
  organization: EvaluatedOrganization,
  now: Temporal.Instant,
  logError: LogError,
): Promise<Evaluated> {
  const options = { organizationId: organization.id, mode: 'write', timeoutMs: TIMEOUT_MS } as const
  return inTransaction(connection, options, async (tx) => {
    const [lock] = await tx.sql<{ held: boolean }[]>`
      select pg_try_advisory_xact_lock(hashtextextended(${`evaluation ${organization.id}`}, 0)) as held`
    if (lock?.held !== true) return { outcome: 'BUSY' }
    // Taken before anything is read: what commits from here on may be read below, but is looked at again.
    const [snapshot] = await tx.sql<{ seen: string }[]>`select pg_current_snapshot()::text as seen`
    if (snapshot === undefined) throw new Error('PostgreSQL gave no snapshot')
    const today = now.toZonedDateTimeISO(organization.timeZone).toPlainDate()
    const changed = await computeChanges(tx, organization, { now, today }, logError)
    const news = changed.map((progress) => ({ ...progress, recordedAt: now }))
    await appendProgress(tx, organization.id, { news, today, seen: snapshot.seen })
    return { outcome: 'DONE', appended: news.length }
  })
}

/** True where something was posted, or the day began, after the last evaluation. One statement on indexes. */
export async function isDue(
  tx: Tx,
  organization: EvaluatedOrganization,
  now: Temporal.Instant,
): Promise<boolean> {
  const today = now.toZonedDateTimeISO(organization.timeZone).toPlainDate()
  const [row] = await tx.sql<{ due: boolean }[]>`
    select evaluated_on <> ${today.toString()} or exists (
      select from audit
      where audit.organization_id = evaluation.organization_id
        and audit.xid >= pg_snapshot_xmin(evaluation.seen)
        and not pg_visible_in_snapshot(audit.xid, evaluation.seen)
    ) as due
    from evaluation where organization_id = ${organization.id}`
  return row?.due ?? true
}

/** The day of the last posting to the books; null where there is none. */
export async function lastPosting(
  tx: Tx,
  organization: EvaluatedOrganization,
): Promise<Temporal.PlainDate | null> {
  const [row] = await tx.sql<{ at: string | null }[]>`
    select max(recorded_at) as at from flow where organization_id = ${organization.id}`
  if (row === undefined || row.at === null) return null
  return Temporal.Instant.from(row.at).toZonedDateTimeISO(organization.timeZone).toPlainDate()
}

/** A row of `goal_progress` that has no place in the sequence yet. */
export type NewProgress = Omit<GoalProgressRow, 'organizationId' | 'sequence' | 'recordedAt'>

type Moment = { readonly now: Temporal.Instant; readonly today: Temporal.PlainDate }

async function computeChanges(
  tx: Tx,
  organization: EvaluatedOrganization,
  { now, today }: Moment,
  logError: LogError,
): Promise<NewProgress[]> {
  const [goals, lastPostedOn] = await Promise.all([
    activeGoals(tx, organization.id),
    lastPosting(tx, organization),
  ])
  const wanted = goals.map((goal) => ({ goal, asOf: evaluationDay(goal, today) }))
  const failures = new Map<number, unknown>()
  const measured = await measureEach(tx, organization, wanted, now, (cause, index) =>
    failures.set(index, cause),
  )
  const latest = await readLatestProgress(
    tx,
    organization.id,
    goals.map((goal) => goal.id),
  )
  return goals.flatMap((goal, index) => {
    const reading = measured[index]
    if (reading === undefined) throw new Error('A goal was not measured')
    const progress = progressOf(goal, reading, today, lastPostedOn)
    if (!isNews(progress, latest.get(goal.id))) return []
    // Once per change, not at each evaluation.
    if (failures.has(index)) logError(failures.get(index), `The goal ${goal.id} could not be computed`)
    return [progress]
  })
}

/** Where the goal stands at the end of `today`. */
export function progressOf(
  goal: GoalRow,
  reading: Measured,
  today: Temporal.PlainDate,
  lastPostedOn: Temporal.PlainDate | null,
): NewProgress {
  const stands = {
    goalId: goal.id,
    asOf: evaluationDay(goal, today),
    value: reading.valueExact,
    valueReason: reading.reason,
    numerator: reading.numerator,
    denominator: reading.denominator,
  }
  const judged = judgeable(goal)
  if (judged === null) {
    const statusReason = `This version does not know the KPI ${goal.metric}.`
    return { ...stands, expected: goal.baseline, status: 'NO_DATA', statusReason }
  }
  const { unit, currency } = judged.subject
  const verdict = judge(judged, reading, today, lastPostedOn)
  return {
    ...stands,
    expected: formatExact(expectedOn(judged, today), unit, currency),
    status: verdict.status,
    statusReason: verdict.reason,
  }
}

/** Null where a newer version made the goal on a KPI that this one does not have. */
function judgeable(goal: GoalRow): JudgedGoal | null {
  try {
    return judgedGoal(goal)
  } catch {
    return null
  }
}

/** A new day is news too: what is expected moved, and the reason says it. */
const isNews = (progress: NewProgress, before: GoalProgressRow | undefined): boolean =>
  before === undefined ||
  !progress.asOf.equals(before.asOf) ||
  progress.value !== before.value ||
  progress.status !== before.status ||
  progress.statusReason !== before.statusReason

const activeGoals = (tx: Tx, organizationId: string): Promise<GoalRow[]> =>
  tx
    .select()
    .from(goal)
    .where(and(eq(goal.organizationId, organizationId), eq(goal.state, 'ACTIVE')))
    .orderBy(goal.id)

type Appended = {
  readonly news: readonly (NewProgress & { readonly recordedAt: Temporal.Instant })[]
  /** The day that the goals were evaluated for. */
  readonly today: Temporal.PlainDate
  /** PostgreSQL's snapshot of what was looked at. */
  readonly seen: string
}

/** Counts the sequence on. The caller is alone: it holds the lock, or nobody else knows the organization yet. */
export async function appendProgress(
  tx: Tx,
  organizationId: string,
  { news, today, seen }: Appended,
): Promise<void> {
  const before = await readSequence(tx, organizationId)
  const rows = news.map((progress, index) => ({
    ...progress,
    organizationId,
    sequence: before + BigInt(index + 1),
  }))
  if (rows.length > 0) await tx.insert(goalProgress).values(rows)
  await tx
    .insert(evaluation)
    .values({ organizationId, seen, evaluatedOn: today, sequence: before + BigInt(rows.length) })
    .onConflictDoUpdate({
      target: evaluation.organizationId,
      set: {
        seen: sql`excluded.seen`,
        evaluatedOn: sql`excluded.evaluated_on`,
        sequence: sql`excluded.sequence`,
      },
    })
}
