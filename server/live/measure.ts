/** The values of goals' KPIs, as many as are wanted in a few statements. */
import { Exact } from '../domain/money.ts'
import { type Reading } from '../domain/goal-status.ts'
import { type JudgedGoal } from '../domain/goal-trajectory.ts'
import { doneBy, milestoneSubject } from '../domain/goal-milestones.ts'
import { goalGuards, isGoalGuard, type GoalGuard, type GuardReading } from '../domain/goal-guards.ts'
import { subjectOf } from '../domain/goal-words.ts'
import { BURN_LONG_DAYS, BURN_SHORT_DAYS, type Spending } from '../domain/lateness-budget.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { readKpiValues, type KpiRequest, type KpiValue } from '../kpi/queries.ts'
import type { SegmentFilter } from '../kpi/segments.ts'
import type { KpiOrganization } from '../kpi/source.ts'
import type { Conventions } from '../domain/conventions.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import { readMilestones } from './milestones.ts'
import type { GoalMilestoneRow, GoalRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** A goal whose value at the end of a day is wanted. */
export type Wanted = {
  readonly goal: MeasurableGoal
  readonly asOf: Temporal.PlainDate
  /** Also what its guards say, and how a budget was spent of late. */
  readonly isFull?: boolean
}

/** What of a goal decides its value. */
export type MeasurableGoal = Pick<GoalRow, 'metric' | 'filter' | 'conventions' | 'currency'> & {
  /** A checklist is found by it. */
  readonly id?: string
} & Partial<Pick<GoalRow, 'direction' | 'startsOn' | 'baselineOn' | 'guards'>>

/** A reading with its evidence: what was divided by what. */
export type Measured = Reading & {
  /** As the API gives exact values; what a goal is judged by is what is shown. */
  readonly valueExact: string | null
  readonly numerator: string | null
  readonly denominator: string | null
  /** Where it was asked for. */
  readonly guards?: readonly GuardReading[]
  /** Of a budget, where it was asked for: what was spent in the windows of burn rates. */
  readonly burnt?: Pick<Spending, 'short' | 'long'>
}

/** One for each that is wanted, in their order. Throws where one of them cannot be computed at all. */
export async function measure(
  tx: Tx,
  organization: KpiOrganization,
  wanted: readonly Wanted[],
  now: Temporal.Instant,
): Promise<Measured[]> {
  const checklists = new Set(
    wanted.flatMap(({ goal: { metric, id } }) => (metric === null && id ? [id] : [])),
  )
  const [kpis, milestones] = await Promise.all([
    measureKpis(
      tx,
      organization,
      wanted.filter(({ goal: { metric } }) => metric !== null),
      now,
    ),
    checklists.size === 0 ? new Map() : readMilestones(tx, organization.id, [...checklists]),
  ])
  let next = 0
  return wanted.map(({ goal, asOf }) => {
    const measured = goal.metric === null ? counted(milestones.get(goal.id ?? '') ?? [], asOf) : kpis[next++]
    if (measured === undefined) throw new Error('A goal was not measured')
    return measured
  })
}

/** A checklist's value is how many of it are done. */
function counted(milestones: readonly GoalMilestoneRow[], asOf: Temporal.PlainDate): Measured {
  const value = new Exact(doneBy(milestones, asOf))
  const valueExact = value.toFixed()
  return { value, valueExact, reason: null, failure: null, numerator: null, denominator: null }
}

/** All in the same statements: the values themselves, and what stands beside them. */
async function measureKpis(
  tx: Tx,
  organization: KpiOrganization,
  wanted: readonly Wanted[],
  now: Temporal.Instant,
): Promise<Measured[]> {
  if (wanted.length === 0) return []
  const parts = wanted.map((one) => ({
    own: requestOf(one),
    burn: one.isFull === true && one.goal.direction === 'BUDGET' ? burnRequests(one) : [],
    guards: one.isFull === true ? guardRequests(one) : [],
  }))
  const requests = parts.flatMap(({ own, burn, guards }) => [
    own,
    ...burn,
    ...guards.flatMap(({ before, now: current, without }) => [
      before,
      current,
      ...(without === null ? [] : [without]),
    ]),
  ])
  // Whoever wants all of a goal is the evaluation, and will want it again.
  const isRepeated = wanted.every(({ isFull }) => isFull === true)
  const values = (await readKpiValues(tx, organization, requests, { now, isRepeated })).values()
  const next = (): KpiValue => {
    const { value } = values.next()
    if (value === undefined) throw new Error('A goal was not measured')
    return value
  }
  return parts.map(({ burn, guards }) => {
    const own = measuredOf(next())
    const [short, long] = burn.map(() => exactOf(next()))
    const read = guards.map(({ guard, without }): GuardReading => ({
      guard,
      before: exactOf(next()),
      now: exactOf(next()),
      without: without === null ? null : exactOf(next()),
    }))
    return {
      ...own,
      ...(guards.length === 0 ? {} : { guards: read }),
      ...(short === undefined || long === undefined ? {} : { burnt: { short, long } }),
    }
  })
}

const exactOf = ({ valueExact }: KpiValue): Exact | null =>
  valueExact === null ? null : new Exact(valueExact)

const measuredOf = ({ valueExact, reason, missingRate, numerator, denominator }: KpiValue): Measured => ({
  value: valueExact === null ? null : new Exact(valueExact),
  valueExact,
  reason,
  failure:
    missingRate === null
      ? null
      : `there is no exchange rate of ${missingRate.currency} for ${missingRate.day.toString()}`,
  numerator,
  denominator,
})

/** What was spent in each of the windows that end on the day. */
const burnRequests = (one: Wanted): KpiRequest[] =>
  [BURN_SHORT_DAYS, BURN_LONG_DAYS].map((days) => ({
    ...requestOf(one),
    from: one.asOf.subtract({ days: days - 1 }),
  }))

/** What stands for a goal whose KPI threw. */
export const notMeasured: Measured = {
  value: null,
  valueExact: null,
  reason: null,
  failure: 'it could not be computed',
  numerator: null,
  denominator: null,
}

// The columns hold what createGoal checked.
const requestOf = ({ goal, asOf }: Wanted): KpiRequest => ({
  metric: goal.metric as KpiMetric,
  asOf,
  filter: goal.filter as SegmentFilter,
  currency: goal.currency,
  conventions: goal.conventions as Conventions,
  // A budget adds up from its first day.
  ...(goal.direction === 'BUDGET' && goal.startsOn !== undefined ? { from: goal.startsOn } : {}),
})

type GuardRequests = {
  readonly guard: GoalGuard
  readonly before: KpiRequest
  readonly now: KpiRequest
  readonly without: KpiRequest | null
}

function guardRequests(one: Wanted): GuardRequests[] {
  const { baselineOn, guards } = one.goal
  if (baselineOn === undefined) return []
  const own = requestOf(one)
  const days = Math.max(0, baselineOn.until(one.asOf).days)
  return (guards ?? []).filter(isGoalGuard).map((guard) => {
    const request = { ...own, metric: guard, from: null }
    const isSum = goalGuards[guard].takes === 'SUM'
    return {
      guard,
      before: {
        ...request,
        asOf: baselineOn,
        ...(isSum ? { from: baselineOn.subtract({ days }).add({ days: 1 }) } : {}),
      },
      now: { ...request, ...(isSum ? { from: baselineOn.add({ days: 1 }) } : {}) },
      without: one.goal.direction === 'BUDGET' ? null : { ...own, putBack: { guard, since: baselineOn } },
    }
  })
}

/** A point of a trajectory as the table keeps it. */
export type StoredPoint = { readonly on: string; readonly value: string }

export const pointsOf = ({ trajectoryPoints }: Pick<GoalRow, 'trajectoryPoints'>): readonly StoredPoint[] =>
  (trajectoryPoints ?? []) as readonly StoredPoint[]

/** What of a goal decides how it is judged. */
export type JudgeableGoal = Pick<
  GoalRow,
  | 'metric'
  | 'currency'
  | 'direction'
  | 'baseline'
  | 'target'
  | 'bandLow'
  | 'bandHigh'
  | 'trajectory'
  | 'trajectoryPoints'
  | 'startsOn'
  | 'deadline'
>

/** The goal as the domain judges it. Throws where its KPI is none of the registry. */
export function judgedGoal(goal: JudgeableGoal): JudgedGoal {
  const { startsOn, deadline, direction, trajectory: kind } = goal
  const subject =
    goal.metric === null
      ? milestoneSubject
      : subjectOf(kpiDefinition(goal.metric as KpiMetric), goal.currency)
  const frame = { baseline: new Exact(goal.baseline), startsOn, deadline, subject }
  if (direction === 'MAINTAIN_BAND') {
    return { ...frame, direction, band: { low: stored(goal.bandLow), high: stored(goal.bandHigh) } }
  }
  if (direction === 'BUDGET') return { ...frame, direction, target: stored(goal.target) }
  const aimed = {
    ...frame,
    direction: direction === 'MILESTONES' ? ('INCREASE' as const) : direction,
    target: stored(goal.target),
  }
  if (kind === 'LINEAR') return aimed
  const points = pointsOf(goal).map(({ on, value }) => ({
    on: Temporal.PlainDate.from(on),
    value: new Exact(value),
  }))
  return { ...aimed, shape: { kind, points } }
}

/** What the table has wherever the direction asks for it. */
function stored(value: string | null): Exact {
  if (value === null) throw new Error('The goal lacks what its direction asks for')
  return new Exact(value)
}
