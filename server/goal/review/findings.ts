/**
 * What a review tells of its period. It is kept as it was found, so it holds plain values; people are in it by their
 * ids, so that they can be erased.
 */
import { and, asc, eq, gte, inArray, lte } from 'drizzle-orm'
import { endOfDay, isBefore } from '../../domain/calendar.ts'
import { conventionsOfGoal } from '../../kpi/settings.ts'
import { dayOf } from '../../domain/day.ts'
import type { Driver } from '../../domain/explain-drivers.ts'
import { formatExact } from '../../domain/exact.ts'
import { expectedOf, percentToTarget, type JudgedGoal } from '../../domain/goal-trajectory.ts'
import { asShown, formatDifference, formatValue, nullReasonInWords } from '../../domain/goal-words.ts'
import { Exact } from '../../domain/money.ts'
import type { KpiMetric } from '../../domain/kpi.ts'
import type { ReviewPeriod } from '../../domain/review.ts'
import { readActions } from '../plan.ts'
import { readChanges, type FieldChange } from '../changes.ts'
import { explainKpi } from '../../kpi/explain.ts'
import type { SegmentFilter } from '../../kpi/segments.ts'
import { judgedGoal, measure, type Measured } from '../../live/measure.ts'
import type { StoredGuard } from '../../live/aside.ts'
import { readMilestones } from '../../live/milestones.ts'
import { summaryOf } from './summary.ts'
import type {
  AlertRow,
  GoalActionRow,
  GoalMilestoneRow,
  GoalProgressRow,
  GoalRow,
  OrganizationRow,
} from '@tidemark/drizzle/rows.ts'
import { alert } from '@tidemark/drizzle/tables/alert.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { goalProgress } from '@tidemark/drizzle/tables/goal.ts'
import type { Reader, Tx } from '@tidemark/drizzle/transaction.ts'

/** Days are written as YYYY-MM-DD, values as exact decimals in the KPI's unit. */
export type Findings = {
  readonly name: string
  readonly measured: string
  readonly summary: readonly string[]
  readonly begin: FoundPoint
  readonly end: FoundPoint
  readonly change: string | null
  readonly target: string | null
  readonly percentToTarget: number | null
  readonly explanation: readonly FoundPart[]
  readonly explanationMissing: string | null
  readonly statuses: readonly FoundStatus[]
  /** In percent. */
  readonly probability: number | null
  readonly guards: readonly string[]
  readonly alerts: readonly FoundAlert[]
  readonly changes: readonly FoundChange[]
  readonly actionsDone: readonly FoundAction[]
  readonly actionsNotDone: readonly FoundAction[]
  readonly milestonesDone: readonly FoundMilestone[]
  readonly milestonesNotDone: readonly FoundMilestone[]
}

export type FoundPoint = {
  readonly date: string
  readonly value: string | null
  readonly shown: string
  readonly expected: string | null
  readonly expectedShown: string | null
}
export type FoundPart = {
  readonly driver: Driver
  readonly change: string
  readonly shown: string
  readonly customers: readonly FoundCustomer[]
}
export type FoundCustomer = {
  readonly customerId: string
  readonly name: string
  readonly change: string
  readonly shown: string
}
export type FoundStatus = {
  readonly date: string
  readonly status: GoalProgressRow['status']
  readonly reason: string
}
export type FoundAlert = {
  readonly date: string
  readonly severity: AlertRow['severity']
  readonly summary: string
  readonly isOver: boolean
}
/** `by` as audit rows name who acts. */
export type FoundChange = FieldChange & {
  readonly date: string
  readonly by: string
  readonly reason: string | null
}
export type FoundAction = {
  readonly title: string
  readonly ownerId: string | null
  readonly dueOn: string | null
  readonly doneOn: string | null
}
export type FoundMilestone = Omit<FoundAction, 'ownerId'> & { readonly dueOn: string }

/** Out of which books, and as known when. */
export type Finding = {
  readonly reader: Reader
  readonly organization: OrganizationRow
  readonly now: Temporal.Instant
  /** Until when the books are settled in what `reader` sees. */
  readonly settledAt: Temporal.Instant
}

const CUSTOMERS_MAX = 3

export async function find(finding: Finding, goal: GoalRow, period: ReviewPeriod): Promise<Findings> {
  const { reader, organization, now } = finding
  const days = daysOf(goal, period)
  const judged = judgedGoal(goal)
  const [begin, end] = await reader.read((tx) =>
    measure(
      tx,
      organization,
      days.map((asOf) => ({ goal, asOf })),
      now,
    ),
  )
  if (begin === undefined || end === undefined) throw new Error('A goal was not measured')
  const records = await reader.read((tx) => readRecords(tx, organization, goal, period))
  const told = await explanationOf(finding, goal, days, { begin, end, judged })
  const found = {
    name: goal.name,
    measured: judged.subject.name,
    begin: pointOf(judged, days[0], begin),
    end: pointOf(judged, days[1], end),
    ...moved(goal, judged, begin, end),
    ...told,
    ...records,
  }
  return { ...found, summary: summaryOf(found, judged) }
}

/** The end of the day before the period and its last, within the goal's own days. */
function daysOf({ startsOn, deadline }: GoalRow, { from, to }: ReviewPeriod) {
  const before = from.subtract({ days: 1 })
  return [isBefore(before, startsOn) ? startsOn : before, isBefore(deadline, to) ? deadline : to] as const
}

function pointOf(judged: JudgedGoal, date: Temporal.PlainDate, measured: Measured): FoundPoint {
  const { subject } = judged
  const expected = isBefore(date, judged.startsOn) ? null : expectedOf(judged, date)
  return {
    date: date.toString(),
    value: measured.valueExact,
    shown: measured.value === null ? `no value: ${whyNone(measured)}` : formatValue(measured.value, subject),
    expected: expected === null ? null : formatExact(expected, subject.unit, subject.currency),
    expectedShown: expected === null ? null : formatValue(expected, subject),
  }
}

const whyNone = ({ reason, failure }: Measured): string =>
  failure ?? (reason === null ? 'the reason is unknown' : nullReasonInWords[reason])

function moved({ baseline, target }: GoalRow, { subject }: JudgedGoal, begin: Measured, end: Measured) {
  const change = begin.value === null || end.value === null ? null : end.value.minus(begin.value)
  const percent =
    target === null || end.value === null
      ? null
      : percentToTarget({ baseline: new Exact(baseline), target: new Exact(target) }, end.value)
  return {
    change: change === null ? null : formatExact(change, subject.unit, subject.currency),
    target,
    percentToTarget: percent?.toNumber() ?? null,
  }
}

type Explained = Pick<Findings, 'explanation' | 'explanationMissing'>

async function explanationOf(
  { reader, organization, now, settledAt }: Finding,
  goal: GoalRow,
  [from, to]: readonly [Temporal.PlainDate, Temporal.PlainDate],
  { begin, end, judged }: { readonly begin: Measured; readonly end: Measured; readonly judged: JudgedGoal },
): Promise<Explained> {
  const without = (explanationMissing: string): Explained => ({ explanation: [], explanationMissing })
  if (goal.metric === null) return without('A checklist has no drivers.')
  const missing = [begin, end].find(({ value }) => value === null)
  if (missing !== undefined) return without(`There is nothing to explain: ${whyNone(missing)}.`)
  if (!isBefore(from, to)) return without('It was there for one day of the period only.')
  const { parts, reason } = await explainKpi(reader, organization, {
    metric: goal.metric as KpiMetric,
    from,
    to,
    filter: goal.filter as SegmentFilter,
    currency: goal.currency,
    conventions: conventionsOfGoal(goal.conventions),
    now,
    settledAt,
  })
  if (reason !== null) return without(`There is nothing to explain: ${nullReasonInWords[reason]}.`)
  const largest = parts.map(({ customers }) => customers(CUSTOMERS_MAX, {}).list)
  const names = await reader.read((tx) =>
    readNames(
      tx,
      organization.id,
      largest.flat().map(({ customerId }) => customerId),
    ),
  )
  const shown = (change: string) => changeInWords(new Exact(change), judged)
  const explanation = parts.map(({ driver, change }, index) => ({
    driver,
    change,
    shown: shown(change),
    customers: (largest[index] ?? []).filter(isSeen(judged)).map((one) => ({
      customerId: one.customerId,
      name: names.get(one.customerId) ?? 'unknown customer',
      change: one.change,
      shown: shown(one.change),
    })),
  }))
  return { explanation, explanationMissing: null }
}

const isSeen =
  ({ subject }: JudgedGoal) =>
  ({ change }: { readonly change: string }): boolean =>
    !asShown(new Exact(change), subject).isZero()

/** With its sign, unless it is nothing to the digits that are shown. */
function changeInWords(change: Exact, { subject }: JudgedGoal): string {
  const text = formatDifference(change.abs(), subject)
  if (asShown(change, subject).isZero()) return text
  return `${change.isNegative() ? '−' : '+'}${text}`
}

async function readNames(
  tx: Tx,
  organizationId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await tx
    .select({ id: customer.id, name: customer.name })
    .from(customer)
    .where(and(eq(customer.organizationId, organizationId), inArray(customer.id, [...new Set(ids)])))
  return new Map(rows.map(({ id, name }) => [id, name]))
}

type Records = Pick<
  Findings,
  | 'statuses'
  | 'probability'
  | 'guards'
  | 'alerts'
  | 'changes'
  | 'actionsDone'
  | 'actionsNotDone'
  | 'milestonesDone'
  | 'milestonesNotDone'
>

async function readRecords(
  tx: Tx,
  { id: organizationId, timeZone }: OrganizationRow,
  goal: GoalRow,
  period: ReviewPeriod,
): Promise<Records> {
  const [progress, alerts, changes, actions, milestones] = await Promise.all([
    readProgressWithin(tx, organizationId, goal, period),
    readAlertsWithin(tx, organizationId, goal, period),
    readChanges(tx, organizationId, [goal.id]),
    readActions(tx, organizationId, [goal.id]),
    readMilestones(tx, organizationId, [goal.id]),
  ])
  const [after, until] = [period.from.subtract({ days: 1 }), period.to].map((day) =>
    endOfDay(dayOf(day), timeZone),
  )
  const within = (moment: Temporal.Instant) =>
    Temporal.Instant.compare(moment, after ?? moment) > 0 &&
    Temporal.Instant.compare(moment, until ?? moment) <= 0
  const plan = (actions.get(goal.id) ?? []).filter(({ state }) => state !== 'DROPPED')
  const list = milestones.get(goal.id) ?? []
  return {
    statuses: statusesOf(progress, period.from),
    ...lastSaid(progress, period.from),
    alerts: alerts.map(({ raisedOn, severity, summary, endedAt }) => ({
      date: raisedOn.toString(),
      severity,
      summary,
      isOver: endedAt !== null,
    })),
    changes: (changes.get(goal.id) ?? [])
      .filter(({ recordedAt }) => within(recordedAt))
      .toReversed()
      .flatMap(({ fields, recordedAt, actor, reason }) =>
        fields.map((field) => ({
          ...field,
          date: recordedAt.toZonedDateTimeISO(timeZone).toPlainDate().toString(),
          by: actor,
          reason,
        })),
      ),
    actionsDone: plan.filter((one) => wasDoneWithin(one, period)).map(actionOf),
    actionsNotDone: plan.filter((one) => wasMissed(one, period)).map(actionOf),
    milestonesDone: list.filter((one) => wasDoneWithin(one, period)).map(milestoneOf),
    milestonesNotDone: list.filter((one) => wasMissed(one, period)).map(milestoneOf),
  }
}

type Told = Pick<GoalProgressRow, 'asOf' | 'status' | 'statusReason' | 'probability' | 'guards'>

const readProgressWithin = (
  tx: Tx,
  organizationId: string,
  { id }: GoalRow,
  { from, to }: ReviewPeriod,
): Promise<Told[]> =>
  tx
    .select({
      asOf: goalProgress.asOf,
      status: goalProgress.status,
      statusReason: goalProgress.statusReason,
      probability: goalProgress.probability,
      guards: goalProgress.guards,
    })
    .from(goalProgress)
    .where(
      and(
        eq(goalProgress.organizationId, organizationId),
        eq(goalProgress.goalId, id),
        // What it had when the period began is among what the day before left.
        gte(goalProgress.asOf, from.subtract({ days: 1 })),
        lte(goalProgress.asOf, to),
      ),
    )
    .orderBy(asc(goalProgress.sequence))

/** What the last evaluation of the period said beside the status. */
function lastSaid(rows: readonly Told[], from: Temporal.PlainDate): Pick<Findings, 'probability' | 'guards'> {
  const last = rows.at(-1)
  if (last === undefined || isBefore(last.asOf, from)) return { probability: null, guards: [] }
  const guards = (last.guards ?? []) as readonly StoredGuard[]
  return {
    probability: last.probability === null ? null : 100 * last.probability,
    guards: guards.flatMap(({ sentence }) => sentence ?? []),
  }
}

const readAlertsWithin = (
  tx: Tx,
  organizationId: string,
  { id }: GoalRow,
  { from, to }: ReviewPeriod,
): Promise<Pick<AlertRow, 'raisedOn' | 'severity' | 'summary' | 'endedAt'>[]> =>
  tx
    .select({
      raisedOn: alert.raisedOn,
      severity: alert.severity,
      summary: alert.summary,
      endedAt: alert.endedAt,
    })
    .from(alert)
    .where(
      and(
        eq(alert.organizationId, organizationId),
        eq(alert.goalId, id),
        gte(alert.raisedOn, from),
        lte(alert.raisedOn, to),
      ),
    )
    .orderBy(asc(alert.raisedAt), asc(alert.id))

function statusesOf(rows: readonly Told[], from: Temporal.PlainDate): FoundStatus[] {
  const inherited = rows.findLastIndex(({ asOf }) => isBefore(asOf, from))
  const told = inherited < 0 ? rows : rows.slice(inherited)
  return told
    .filter((row, index) => index === 0 || row.status !== told[index - 1]?.status)
    .map(({ asOf, status, statusReason }) => ({
      date: (isBefore(asOf, from) ? from : asOf).toString(),
      status,
      reason: statusReason,
    }))
}

type Doable = {
  readonly dueOn: Temporal.PlainDate | null
  readonly doneOn: Temporal.PlainDate | null
}

const wasDoneWithin = ({ doneOn }: Doable, { from, to }: ReviewPeriod): boolean =>
  doneOn !== null && !isBefore(doneOn, from) && !isBefore(to, doneOn)

/** Due by the end of the period, and not done by then. */
const wasMissed = ({ dueOn, doneOn }: Doable, { to }: ReviewPeriod): boolean =>
  dueOn !== null && !isBefore(to, dueOn) && (doneOn === null || isBefore(to, doneOn))

const actionOf = ({ title, ownerId, dueOn, doneOn }: GoalActionRow): FoundAction => ({
  title,
  ownerId,
  dueOn: dueOn?.toString() ?? null,
  doneOn: doneOn?.toString() ?? null,
})

const milestoneOf = ({ title, dueOn, doneOn }: GoalMilestoneRow): FoundMilestone => ({
  title,
  dueOn: dueOn.toString(),
  doneOn: doneOn?.toString() ?? null,
})
