/**
 * One evaluation: computes all active goals of an organization from what its books hold now, and appends to
 * `goal_progress` what changed. It knows no events: whatever it missed before, it finds.
 */
import { and, eq, sql } from 'drizzle-orm'
import { dateAt, isBefore } from '../domain/calendar.ts'
import { formatExact } from '../domain/exact.ts'
import { looksAlike } from '../domain/goal-outlook.ts'
import { judge } from '../domain/goal-status.ts'
import type { Told, TrackStatus } from '../domain/goal-steady.ts'
import { evaluationDay, expectedOf, type JudgedGoal } from '../domain/goal-trajectory.ts'
import { asideOf, foresee, outlookColumns, spendingBy, storedBudget, storedGuards } from './aside.ts'
import { appendAlerts } from './alert-writing.ts'
import {
  findAlerts,
  readOverdueReviews,
  readWatched,
  rulesToMeasure,
  sightsOf,
  type AlertNews,
} from './alerts.ts'
import { readNewForecasts } from './forecasts.ts'
import {
  failuresOf,
  goalName,
  MeasureError,
  measuring,
  rememberFailures,
  ruleName,
  type Failures,
  type Measure,
} from './failures.ts'
import { judgedGoal, notMeasured, type Measured } from './measure.ts'
import { readLatestOfActive, readRested, type Rested } from './progress.ts'
import type { LogError } from '../events.ts'
import { hasNew, isForeign, sinceColumns, type Since } from '../ledger/news.ts'
import { microseconds } from '@tidemark/drizzle/columns.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { GoalForecastRow, GoalProgressRow, GoalRow, OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { statement } from '@tidemark/drizzle/statement.ts'
import { goal, goalProgress } from '@tidemark/drizzle/tables/goal.ts'
import { inTransaction, openReader, type Tx } from '@tidemark/drizzle/transaction.ts'

/** BUSY: another process is at it, and may have begun before what this one was woken for. */
export type Evaluated =
  | { readonly outcome: 'BUSY' }
  | {
      readonly outcome: 'DONE'
      /** What was appended, as it is stored. */
      readonly appended: readonly GoalProgressRow[]
      readonly alerted: boolean
      /** Neither a goal nor a rule had a value to be computed. */
      readonly isIdle: boolean
      /** Goals and rules that could not be computed. */
      readonly failing: number
      /** Since the first posting was recorded that no evaluation had seen; null where there was none. */
      readonly lagMs: number | null
    }

export type EvaluatedOrganization = Pick<OrganizationRow, 'id' | 'baseCurrency' | 'timeZone'>

/** Longer than a command may take: hundreds of goals are computed at once, and nobody waits for its locks. */
const TIMEOUT_MS = 30_000
/** As far as the clocks of two processes may lie apart, or one may jump: a day that has begun is not left for it. */
const CLOCK_SKEW_MAX = Temporal.Duration.from({ hours: 2 })

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
  const transaction = { organizationId: organization.id, timeoutMs: TIMEOUT_MS, keepsStatements: true }
  const known = failuresOf(connection, organization.id)
  const logNew = (failures: Failures): void => {
    for (const [id, error] of failures) if (!known.has(id)) logError(error, `${id} could not be computed`)
  }
  const attempt = async (measureParts: Measure): Promise<Evaluated> => {
    const done = await inTransaction(connection, { ...transaction, mode: 'write' }, async (tx) => {
      const lock = takeLock(tx, organization.id)
      // It begins while the lock is taken, and sees nothing before.
      const before = () => lock.then((isHeld) => (isHeld ? undefined : Promise.reject(new NotHeld())))
      const reader = openReader(connection, organization.id, {
        before,
        timeoutMs: TIMEOUT_MS,
        keepsStatements: true,
      })
      try {
        const found = await reader.read((view) => findNews(view, organization, now, measureParts))
        const appended = await appendProgress(tx, organization.id, found)
        const alerted = await appendAlerts(tx, organization, found.alerts, now)
        return { ...found, appended, alerted }
      } catch (error) {
        if (error instanceof NotHeld) return null
        throw error
      } finally {
        // Nobody waits for its end.
        void reader.close()
      }
    })
    if (done === null) return { outcome: 'BUSY' }
    const { appended, alerted, isIdle, failures, lagMs } = done
    logNew(failures)
    rememberFailures(connection, organization.id, failures)
    return { outcome: 'DONE', appended, alerted, isIdle, failing: failures.size, lagMs: lagMs() }
  }
  try {
    return await attempt(measuring((name) => known.has(name)))
  } catch (error) {
    // Savepoints cost round trips, so goals and rules are taken one by one only when one of them was seen to fail.
    if (error instanceof MeasureError) return attempt(measuring(() => true))
    throw error
  }
}

/** Another process is at it. */
class NotHeld extends Error {}

/** False where another process holds it. */
async function takeLock(tx: Tx, organizationId: string): Promise<boolean> {
  const [lock] = await tx.sql<{ held: boolean }[]>`
    select pg_try_advisory_xact_lock(hashtextextended(${`evaluation ${organizationId}`}, 0)) as held`
  return lock?.held === true
}

type Found = Appended & {
  /** What happens to alert rules. */
  readonly alerts: readonly AlertNews[]
  readonly isIdle: boolean
  readonly failures: Failures
  /** Until now. */
  readonly lagMs: () => number | null
}

async function findNews(
  view: Tx,
  organization: EvaluatedOrganization,
  now: Temporal.Instant,
  measureParts: Measure,
): Promise<Found> {
  const watching = readWatched(view, organization.id)
  // Both are asked for together, and either may fail first.
  watching.catch(() => {})
  const seen = await look(view, organization)
  const watched = await watching
  const at = momentOf(seen.evaluatedOn, organization, now)
  const today = dateAt(at, organization.timeZone)
  const failures = new Map<string, unknown>()
  const onFailure = (ruleId: string, error: unknown) => failures.set(ruleName(ruleId), error)
  const rules = rulesToMeasure(watched, today, onFailure)
  const parts = [
    ...seen.goals.map((goal) => ({
      name: goalName(goal.id),
      wanted: [{ goal, asOf: evaluationDay(goal, today), isFull: true }],
    })),
    ...rules.map(({ id, wanted }) => ({ name: ruleName(id), wanted })),
  ]
  const lookedAt = performance.now()
  const [found, overdue] = await Promise.all([
    measureParts(view, organization, parts, at),
    readOverdueReviews(view, organization.id, watched, today),
  ])
  for (const [name, error] of found.failures) failures.set(name, error)
  const measured = seen.goals.map(({ id }) => found.measured.get(goalName(id))?.[0] ?? notMeasured)
  const news = [...newsOf(seen, measured, today, failures), ...seen.resting].map((progress) => ({
    ...progress,
    recordedAt: now,
  }))
  const progress = new Map<string, NewProgress>([
    ...seen.latest,
    ...news.map((one) => [one.goalId, one] as const),
  ])
  const sights = sightsOf(rules, (id) => found.measured.get(ruleName(id)) ?? [])
  const alerts = findAlerts({ watched, sights, overdue, goals: seen.goals, progress, today, now, onFailure })
  const { waitedMs } = seen
  const lagMs = () => (waitedMs === null ? null : waitedMs + performance.now() - lookedAt)
  const { snapshot, sequence: before } = seen
  return { news, alerts, isIdle: parts.length === 0, failures, lagMs, today, seen: snapshot, before }
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
  /** How long the first posting waits by now that was not evaluated; null where there is none. */
  readonly waitedMs: number | null
  readonly lastPostedOn: Temporal.PlainDate | null
}

const selectActive = statement((tx) =>
  tx
    .select()
    .from(goal)
    .where(and(eq(goal.organizationId, sql.placeholder('organizationId')), eq(goal.state, 'ACTIVE')))
    .orderBy(goal.id),
)

/** One round trip: the statements are sent together. */
async function look(view: Tx, organization: EvaluatedOrganization): Promise<Look> {
  const { id } = organization
  const [snapshot, goals, latest, forecasts, rested, last, lastPostedOn] = await Promise.all([
    readSnapshot(view),
    selectActive(view, { organizationId: id }),
    readLatestOfActive(view, id),
    readNewForecasts(view, id),
    readRested(view, id),
    readStart(view, id),
    readLastPosting(view, organization),
  ])
  return { snapshot, goals, latest, forecasts, resting: rested.map(restingOf), ...last, lastPostedOn }
}

/** Where the last evaluation ended, and how long what came after it waits: demo data bear moments of their own. */
async function readStart(
  { sql }: Tx,
  organizationId: string,
): Promise<Pick<Look, 'sequence' | 'evaluatedOn' | 'waitedMs'>> {
  const [row] = await sql<{ sequence: bigint; evaluatedOn: string | null; waitedMs: number | null }[]>`
    select sequence, evaluated_on::text as "evaluatedOn",
      extract(epoch from clock_timestamp() - least(
        (
          select recorded_at from audit
          where organization_id = ${organizationId} and xid >= pg_snapshot_xmax(seen) and actor <> 'demo'
          order by organization_id, xid limit 1
        ), (
          select min(recorded_at) from pg_snapshot_xip(seen) as running
          cross join lateral (
            select recorded_at from audit
            where organization_id = ${organizationId} and xid = running and actor <> 'demo' limit 1
          ) as late
        )))::float8 * 1000 as "waitedMs"
    from evaluation where organization_id = ${organizationId}`
  if (row === undefined) return { sequence: 0n, evaluatedOn: null, waitedMs: null }
  const { evaluatedOn } = row
  return { ...row, evaluatedOn: evaluatedOn === null ? null : Temporal.PlainDate.from(evaluatedOn) }
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
  // Later than that, the day was evaluated by a clock that was wrong.
  const last = dateAt(now.add(CLOCK_SKEW_MAX), organization.timeZone)
  const [row] = await tx.sql<(Since & { readonly due: boolean })[]>`
    select evaluated_on not between ${today.toString()} and ${last.toString()} or ${isForeign(tx, 'seen')} or exists (
        select from alert_standing where organization_id = ${organization.id} and due_at <= ${microseconds(now)}) as due, ${sinceColumns(tx, 'seen')}
    from evaluation where organization_id = ${organization.id}`
  return row === undefined || row.due || hasNew(tx, organization.id, row)
}

/** When time alone brings something next, such as the end of a snooze; null where it brings nothing. */
export async function readDueAt({ sql }: Tx, organizationId: string): Promise<Temporal.Instant | null> {
  const [row] = await sql<{ at: string | null }[]>`
    select min(due_at)::text as at from alert_standing where organization_id = ${organizationId}`.execute()
  return row === undefined || row.at === null ? null : Temporal.Instant.from(row.at)
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
  failures: Map<string, unknown>,
): NewProgress[] {
  return goals.flatMap((goal, index) => {
    const reading = measured[index]
    if (reading === undefined) throw new Error('A goal was not measured')
    const before = latest.get(goal.id)
    const known = { before, forecast: forecasts.get(goal.id) }
    const progress = progressUnlessFailed(goal, reading, today, lastPostedOn, known, (error) =>
      failures.set(goalName(goal.id), error),
    )
    return isNews(goal, progress, before) ? [progress] : []
  })
}

/** What an earlier moment left of the goal. */
type Known = {
  readonly before?: GoalProgressRow | undefined
  readonly forecast?: GoalForecastRow | undefined
}

/** What is kept of a goal, such as its forecast, may be unreadable: it is shown as failing, and the others go on. */
function progressUnlessFailed(
  ...[goal, reading, today, lastPostedOn, known, onFailure]: [
    ...Required<Parameters<typeof progressOf>>,
    onFailure: (error: unknown) => void,
  ]
): NewProgress {
  try {
    return progressOf(goal, reading, today, lastPostedOn, known)
  } catch (error) {
    onFailure(error)
    return failing(goal, standsOf(goal, notMeasured, today), 'The goal could not be judged.')
  }
}

const standsOf = (goal: GoalRow, reading: Measured, today: Temporal.PlainDate) => ({
  goalId: goal.id,
  goalVersion: goal.version,
  asOf: evaluationDay(goal, today),
  value: reading.valueExact,
  valueReason: reading.reason,
  numerator: reading.numerator,
  denominator: reading.denominator,
})

const failing = (
  { baseline }: GoalRow,
  stands: ReturnType<typeof standsOf>,
  statusReason: string,
): NewProgress => ({
  ...stands,
  ...outlookColumns(null),
  guards: null,
  budget: null,
  leaning: null,
  leaningSince: null,
  expected: baseline,
  status: 'NO_DATA',
  statusReason,
})

/** Where the goal stands at the end of `today`. */
export function progressOf(
  goal: GoalRow,
  reading: Measured,
  today: Temporal.PlainDate,
  lastPostedOn: Temporal.PlainDate | null,
  { before, forecast }: Known = {},
): NewProgress {
  const stands = standsOf(goal, reading, today)
  const judged = judgeable(goal)
  if (judged === null) return failing(goal, stands, `This version does not know the KPI ${goal.metric}.`)
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
const isNews = (goal: GoalRow, progress: NewProgress, before: GoalProgressRow | undefined): boolean =>
  before === undefined ||
  progress.goalVersion !== before.goalVersion ||
  !progress.asOf.equals(before.asOf) ||
  progress.value !== before.value ||
  progress.status !== before.status ||
  progress.statusReason !== before.statusReason ||
  !isToldAlike(goal, progress, before) ||
  progress.leaning !== before.leaning ||
  asideOf(progress) !== asideOf(before)

/** A goal whose KPI is unknown here, or that is a checklist, has no forecast. */
function isToldAlike(goal: GoalRow, progress: NewProgress, before: GoalProgressRow): boolean {
  const subject = judgeable(goal)?.subject
  return subject === undefined || looksAlike(progress, before, subject)
}

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

/** Counts the sequence on, and gives what was appended, in its order. The caller is alone: it holds the lock, or nobody else knows the organization yet. */
export async function appendProgress(
  tx: Tx,
  organizationId: string,
  { news, today, seen, before }: Appended,
): Promise<readonly GoalProgressRow[]> {
  const rows = news.map((progress, index) => ({
    ...progress,
    organizationId,
    sequence: before + BigInt(index + 1),
  }))
  const parts = Array.from({ length: Math.ceil(rows.length / ROWS_PER_INSERT) }, (_, index) =>
    rows.slice(index * ROWS_PER_INSERT, (index + 1) * ROWS_PER_INSERT),
  )
  const [, ...appended] = await Promise.all([
    tx.sql`
      insert into evaluation (organization_id, seen, evaluated_on, sequence)
      values (${organizationId}, ${seen}, ${today.toString()}, ${before + BigInt(rows.length)})
      on conflict (organization_id) do update
      set seen = excluded.seen, evaluated_on = excluded.evaluated_on, sequence = excluded.sequence`,
    ...parts.map((part) => tx.insert(goalProgress).values(part).returning()),
  ])
  return appended.flat().toSorted((a, b) => Number(a.sequence - b.sequence))
}
