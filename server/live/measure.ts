/** The values of goals' KPIs, as many as are wanted in a few statements. */
import { Exact } from '../domain/money.ts'
import { type Reading } from '../domain/goal-status.ts'
import { type JudgedGoal } from '../domain/goal-trajectory.ts'
import { doneBy, milestoneSubject } from '../domain/goal-milestones.ts'
import { subjectOf } from '../domain/goal-words.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { readKpiValues, type KpiRequest } from '../kpi/queries.ts'
import type { SegmentFilter } from '../kpi/segments.ts'
import type { KpiOrganization } from '../kpi/source.ts'
import type { Conventions } from '../domain/conventions.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import { readMilestones } from './milestones.ts'
import type { GoalMilestoneRow, GoalRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** A goal whose value at the end of a day is wanted. */
export type Wanted = { readonly goal: MeasurableGoal; readonly asOf: Temporal.PlainDate }

/** What of a goal decides its value. */
export type MeasurableGoal = Pick<GoalRow, 'metric' | 'filter' | 'conventions' | 'currency'> & {
  /** A checklist is found by it. */
  readonly id?: string
}

/** A reading with its evidence: what was divided by what. */
export type Measured = Reading & {
  /** As the API gives exact values; what a goal is judged by is what is shown. */
  readonly valueExact: string | null
  readonly numerator: string | null
  readonly denominator: string | null
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

async function measureKpis(
  tx: Tx,
  organization: KpiOrganization,
  wanted: readonly Wanted[],
  now: Temporal.Instant,
): Promise<Measured[]> {
  if (wanted.length === 0) return []
  const values = await readKpiValues(tx, organization, wanted.map(requestOf), { now })
  return values.map(({ valueExact, reason, missingRate, numerator, denominator }) => ({
    value: valueExact === null ? null : new Exact(valueExact),
    valueExact,
    reason,
    failure:
      missingRate === null
        ? null
        : `there is no exchange rate of ${missingRate.currency} for ${missingRate.day.toString()}`,
    numerator,
    denominator,
  }))
}

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
})

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
