/**
 * One evaluation: computes all active goals of an organization from what its books hold now, and appends to
 * `goal_progress` what changed. It knows no events: whatever it missed before, it finds.
 */
import { and, eq, sql } from 'drizzle-orm'
import { dateAt, isBefore } from '../domain/calendar.ts'
import { formatExact } from '../domain/exact.ts'
import { judge } from '../domain/goal-status.ts'
import type { Told, TrackStatus } from '../domain/goal-steady.ts'
import { evaluationDay, expectedOf, type JudgedGoal } from '../domain/goal-trajectory.ts'
import { asideOf, foresee, outlookColumns, spendingBy, storedBudget, storedGuards } from './aside.ts'
import { appendAlerts } from './alert-writing.ts'
import { findAlerts, type AlertNews } from './alerts.ts'
import { readNewForecasts } from './forecasts.ts'
import { judgedGoal, measure, notMeasured, type Measured, type Wanted } from './measure.ts'
import { readLastEvaluation, readLatestOfActive, readRested, type Rested } from './progress.ts'
import type { LogError } from '../events.ts'
import { hasNew, isForeign, sinceColumns, type Since } from '../ledger/news.ts'
import { microseconds } from '@tidemark/drizzle/columns.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { GoalForecastRow, GoalProgressRow, GoalRow, OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { evaluation, goal, goalProgress } from '@tidemark/drizzle/tables/goal.ts'
import { inSavepoint, inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'

/** BUSY: another process is at it, and may have begun before what this one was woken for. */
export type Evaluated =
  | { readonly outcome: 'BUSY' }
  | { readonly outcome: 'DONE'; readonly appended: number; readonly alerted: boolean }

export type EvaluatedOrganization = Pick<OrganizationRow, 'id' | 'baseCurrency' | 'timeZone'>

/** Longer than a command may take: hundreds of goals are computed at once, and nobody waits for its locks. */
const TIMEOUT_MS = 30_000
/** As far as the clocks of two processes may lie apart. */
const CLOCK_SKEW_MAX = Temporal.Duration.from({ minutes: 10 })

/**
 * Needs two connections: one holds the organization's lock and writes, the other reads everything in one snapshot,
 * taken after the lock so that it has the rows of whoever held it before. A value is made of several statements: in
 * the writer, where each sees what was committed by then, a posting in between would give one that never was true.
 */
export async function evaluate(
  connection: Connection,
  organization: EvaluatedOrganization,
  now: Temporal.Instant,
  logError: LogError,
): Promise<Evaluated> {
  const transaction = { organizationId: organization.id, timeoutMs: TIMEOUT_MS }
  const attempt = (measureGoals: Measure): Promise<Evaluated> =>
    inTransaction(connection, { ...transaction, mode: 'write' }, async (tx) => {
      if (!(await takeLock(tx, organization.id))) return { outcome: 'BUSY' }
      const { failures, ...found } = await inTransaction(
        connection,
        { ...transaction, mode: 'read' },
        (view) => findNews(view, organization, now, measureGoals),
      )
      for (const { goalId } of found.news) {
        // Once per change, not at each evaluation.
        if (failures.has(goalId)) logError(failures.get(goalId), `The goal ${goalId} could not be computed`)
      }
      await appendProgress(tx, organization.id, found)
      const alerted = await appendAlerts(tx, organization, found.alerts, now)
      return { outcome: 'DONE', appended: found.news.length, alerted }
    })
  try {
    return await attempt(measureTogether)
  } catch (error) {
    // Savepoints cost round trips, so goals are taken one by one only when one of them was seen to fail.
    if (error instanceof MeasureError) return attempt(measureApart)
    throw error
  }
}

/** False where another process holds it. */
async function takeLock(tx: Tx, organizationId: string): Promise<boolean> {
  const [lock] = await tx.sql<{ held: boolean }[]>`
    select pg_try_advisory_xact_lock(hashtextextended(${`evaluation ${organizationId}`}, 0)) as held`
  return lock?.held === true
}

type Found = Appended & {
  /** What happens to alert rules. */
  readonly alerts: readonly AlertNews[]
  /** By goal: why it could not be computed. */
  readonly failures: ReadonlyMap<string, unknown>
}

async function findNews(
  view: Tx,
  organization: EvaluatedOrganization,
  now: Temporal.Instant,
  measureGoals: Measure,
): Promise<Found> {
  const seen = await look(view, organization)
  const at = momentOf(seen.evaluatedOn, organization, now)
  const today = dateAt(at, organization.timeZone)
  const wanted = seen.goals.map((goal) => ({ goal, asOf: evaluationDay(goal, today), isFull: true }))
  const { measured, failures } = await measureGoals(view, organization, wanted, at)
  const news = [...newsOf(seen, measured, today), ...seen.resting].map((progress) => ({
    ...progress,
    recordedAt: now,
  }))
  const progress = new Map<string, NewProgress>([
    ...seen.latest,
    ...news.map((one) => [one.goalId, one] as const),
  ])
  const alerts = await findAlerts(view, organization, { goals: seen.goals, progress, today, now })
  return { news, alerts, failures, today, seen: seen.snapshot, before: seen.sequence }
}

/** Now, or the beginning of the day that another process, whose clock is a little ahead, has evaluated already. */
function momentOf(
  evaluatedOn: Temporal.PlainDate | null,
  { timeZone }: EvaluatedOrganization,
  now: Temporal.Instant,
): Temporal.Instant {
  if (evaluatedOn === null || !isBefore(dateAt(now, timeZone), evaluatedOn)) return now
  const begins = evaluatedOn.toZonedDateTime(timeZone).toInstant()
  return Temporal.Instant.compare(begins, now.add(CLOCK_SKEW_MAX)) <= 0 ? begins : now
}

type Measure = (
  view: Tx,
  organization: EvaluatedOrganization,
  wanted: readonly (Wanted & { readonly goal: GoalRow })[],
  now: Temporal.Instant,
) => Promise<{ readonly measured: readonly Measured[]; readonly failures: ReadonlyMap<string, unknown> }>

class MeasureError extends Error {}

const measureTogether: Measure = async (view, organization, wanted, now) => {
  try {
    return { measured: await measure(view, organization, wanted, now), failures: new Map() }
  } catch (cause) {
    throw new MeasureError('A goal could not be computed', { cause })
  }
}

const measureApart: Measure = async (view, organization, wanted, now) => {
  const failures = new Map<string, unknown>()
  const measured: Measured[] = []
  for (const one of wanted) {
    try {
      measured.push(...(await inSavepoint(view, (inner) => measure(inner, organization, [one], now))))
    } catch (error) {
      failures.set(one.goal.id, error)
      measured.push(notMeasured)
    }
  }
  return { measured, failures }
}

/** What an evaluation begins with. */
type Look = {
  /** PostgreSQL's snapshot of the view: what is not in it is looked at again. */
  readonly snapshot: string
  readonly goals: readonly GoalRow[]
  /** By goal. */
  readonly latest: ReadonlyMap<string, GoalProgressRow>
  readonly forecasts: ReadonlyMap<string, GoalForecastRow>
  /** What stays to be told of goals that were paused or closed. */
  readonly resting: readonly NewProgress[]
  readonly sequence: bigint
  /** The day of the last evaluation; null before the first. */
  readonly evaluatedOn: Temporal.PlainDate | null
  readonly lastPostedOn: Temporal.PlainDate | null
}

/** One round trip: the statements are sent together. */
async function look(view: Tx, organization: EvaluatedOrganization): Promise<Look> {
  const { id } = organization
  const [snapshot, goals, latest, forecasts, rested, last, lastPostedOn] = await Promise.all([
    readSnapshot(view),
    view
      .select()
      .from(goal)
      .where(and(eq(goal.organizationId, id), eq(goal.state, 'ACTIVE')))
      .orderBy(goal.id),
    readLatestOfActive(view, id),
    readNewForecasts(view, id),
    readRested(view, id),
    readLastEvaluation(view, id),
    readLastPosting(view, organization),
  ])
  return { snapshot, goals, latest, forecasts, resting: rested.map(restingOf), ...last, lastPostedOn }
}

/** What of the transactions that run, or ran a moment ago, the caller's own statements see. */
export async function readSnapshot(tx: Tx): Promise<string> {
  const [row] = await tx.sql<{ snapshot: string }[]>`select pg_current_snapshot()::text as snapshot`
  if (row === undefined) throw new Error('PostgreSQL gave no snapshot')
  return row.snapshot
}

/** True where something was posted, or the day began, after the last evaluation. */
export async function isDue(
  tx: Tx,
  organization: EvaluatedOrganization,
  now: Temporal.Instant,
): Promise<boolean> {
  const today = dateAt(now, organization.timeZone)
  const [row] = await tx.sql<(Since & { readonly due: boolean })[]>`
    select evaluated_on < ${today.toString()} or ${isForeign(tx, 'seen')} or exists (
        select from alert_standing where organization_id = ${organization.id} and due_at <= ${microseconds(now)}) as due, ${sinceColumns(tx, 'seen')}
    from evaluation where organization_id = ${organization.id}`
  return row === undefined || row.due || hasNew(tx, organization.id, row)
}

/** The day of the last posting to the books; null where there is none. */
export async function readLastPosting(
  tx: Tx,
  { id, timeZone }: EvaluatedOrganization,
): Promise<Temporal.PlainDate | null> {
  const [row] = await tx.sql<{ at: string | null }[]>`
    select max(recorded_at) as at from flow where organization_id = ${id}`
  if (row === undefined || row.at === null) return null
  return dateAt(Temporal.Instant.from(row.at), timeZone)
}

/** A row of `goal_progress` that has no place in the sequence yet. */
export type NewProgress = Omit<GoalProgressRow, 'organizationId' | 'sequence' | 'recordedAt'>

function newsOf(
  { goals, latest, forecasts, lastPostedOn }: Look,
  measured: readonly Measured[],
  today: Temporal.PlainDate,
): NewProgress[] {
  return goals.flatMap((goal, index) => {
    const reading = measured[index]
    if (reading === undefined) throw new Error('A goal was not measured')
    const before = latest.get(goal.id)
    const known = { before, forecast: forecasts.get(goal.id) }
    const progress = progressOf(goal, reading, today, lastPostedOn, known)
    return isNews(progress, before) ? [progress] : []
  })
}

/** What an earlier moment left of the goal. */
type Known = {
  readonly before?: GoalProgressRow | undefined
  readonly forecast?: GoalForecastRow | undefined
}

/** Where the goal stands at the end of `today`. */
export function progressOf(
  goal: GoalRow,
  reading: Measured,
  today: Temporal.PlainDate,
  lastPostedOn: Temporal.PlainDate | null,
  { before, forecast }: Known = {},
): NewProgress {
  const stands = {
    goalId: goal.id,
    goalVersion: goal.version,
    asOf: evaluationDay(goal, today),
    value: reading.valueExact,
    valueReason: reading.reason,
    numerator: reading.numerator,
    denominator: reading.denominator,
  }
  const judged = judgeable(goal)
  if (judged === null) {
    const statusReason = `This version does not know the KPI ${goal.metric}.`
    const aside = { ...outlookColumns(null), guards: null, budget: null, leaning: null, leaningSince: null }
    return { ...stands, ...aside, expected: goal.baseline, status: 'NO_DATA', statusReason }
  }
  const { unit, currency } = judged.subject
  const expected = expectedOf(judged, today)
  // A checklist is ticked off by hand: no posting makes it older.
  const outlook = foresee(judged, reading, today, forecast)
  const spending = spendingBy(judged, reading, stands.asOf)
  const verdict = judge(judged, reading, today, goal.metric === null ? today : lastPostedOn, {
    outlook,
    spending,
    before: toldBefore(goal, before),
  })
  return {
    ...stands,
    ...outlookColumns(outlook),
    guards: storedGuards(reading, goal, judged),
    budget: storedBudget(spending, before),
    leaning: verdict.leaning?.status ?? null,
    leaningSince: verdict.leaning?.since ?? null,
    expected: expected === null ? null : formatExact(expected, unit, currency),
    status: verdict.status,
    statusReason: verdict.reason,
  }
}

/** What was told last, unless the goal was aimed anew since. */
function toldBefore({ aimVersion }: GoalRow, before: GoalProgressRow | undefined): Told | null {
  if (before === undefined || before.goalVersion < aimVersion) return null
  const { status, leaning, leaningSince } = before
  return {
    status,
    leaning:
      leaning === null || leaningSince === null
        ? null
        : { status: leaning as TrackStatus, since: leaningSince },
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

/**
 * The last progress of a goal that is not evaluated any more, once again, so that whoever follows learns what became
 * of it. One that was closed ends with its outcome.
 */
function restingOf({ goal: { version, outcome, stateReason }, last }: Rested): NewProgress {
  const { organizationId: _organizationId, sequence: _sequence, recordedAt: _recordedAt, ...stands } = last
  const rests = { ...stands, goalVersion: version }
  if (outcome === null) return rests
  return outcome === 'ABANDONED'
    ? {
        ...rests,
        status: outcome,
        statusReason: `It was given up: ${withStop(stateReason ?? 'nobody said why')}`,
      }
    : { ...rests, status: outcome }
}

const withStop = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)

/** A new day is news too: what is expected moved, and the reason says it; so is a change of the goal itself. */
const isNews = (progress: NewProgress, before: GoalProgressRow | undefined): boolean =>
  before === undefined ||
  progress.goalVersion !== before.goalVersion ||
  !progress.asOf.equals(before.asOf) ||
  progress.value !== before.value ||
  progress.status !== before.status ||
  progress.statusReason !== before.statusReason ||
  progress.probability !== before.probability ||
  progress.forecastValue !== before.forecastValue ||
  progress.leaning !== before.leaning ||
  asideOf(progress) !== asideOf(before)

type Appended = {
  readonly news: readonly (NewProgress & { readonly recordedAt: Temporal.Instant })[]
  /** The day that the goals were evaluated for. */
  readonly today: Temporal.PlainDate
  /** PostgreSQL's snapshot of what was looked at. */
  readonly seen: string
  /** The last number given so far. */
  readonly before: bigint
}

/** A statement takes 65,534 parameters, and a row is 25 of them. */
const ROWS_PER_INSERT = 1_000

/** Counts the sequence on. The caller is alone: it holds the lock, or nobody else knows the organization yet. */
export async function appendProgress(
  tx: Tx,
  organizationId: string,
  { news, today, seen, before }: Appended,
): Promise<void> {
  const rows = news.map((progress, index) => ({
    ...progress,
    organizationId,
    sequence: before + BigInt(index + 1),
  }))
  const parts = Array.from({ length: Math.ceil(rows.length / ROWS_PER_INSERT) }, (_, index) =>
    rows.slice(index * ROWS_PER_INSERT, (index + 1) * ROWS_PER_INSERT),
  )
  await Promise.all([
    ...parts.map((part) => tx.insert(goalProgress).values(part)),
    tx
      .insert(evaluation)
      .values({ organizationId, seen, evaluatedOn: today, sequence: before + BigInt(rows.length) })
      .onConflictDoUpdate({
        target: evaluation.organizationId,
        set: {
          seen: sql`excluded.seen`,
          evaluatedOn: sql`excluded.evaluated_on`,
          sequence: sql`excluded.sequence`,
        },
      }),
  ])
}
