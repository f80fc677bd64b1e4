/** What the books know of a goal's KPI, whether the goal exists or is being written. */
import { todayOf, type Context } from '../context.ts'
import { floorMetrics } from '../domain/smart.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import type { Exact } from '../domain/money.ts'
import type { WeeklySeries } from '../domain/smart-history.ts'
import type { MeasurableGoal, Measured } from '../live/measure.ts'
import { measuredKeys, pastWeeks } from '../live/measured.ts'
import type { Problem } from '../problem.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'

/** A goal, or as much of one as is written. */
export type Checkable = Pick<
  GoalRow,
  'why' | 'filter' | 'conventions' | 'currency' | 'ownerId' | 'parentId'
> &
  Pick<GoalRow, 'bandLow' | 'bandHigh' | 'target' | 'startsOn' | 'baselineOn'> & {
    /** Null for what does not exist yet. */
    readonly id: string | null
    readonly metric: KpiMetric | null
    readonly direction: GoalRow['direction'] | null
    /** Null where the KPI's value is to be taken, and has none. */
    readonly baseline: string | null
    readonly deadline: Temporal.PlainDate | null
    readonly milestones: number
    readonly problems: readonly Problem[]
  }

/** Of a goal's KPI. */
export type Known = {
  readonly weeks: readonly Temporal.PlainDate[]
  readonly series: WeeklySeries
  readonly current: Measured
  /** Today's value of the KPI that it cannot fall below. */
  readonly floor: Exact | null
}

const NOTHING: Measured = {
  value: null,
  valueExact: null,
  reason: null,
  failure: null,
  numerator: null,
  denominator: null,
}

/** One batch of the loader, and with a draft's baseline the same one. */
export async function readPast(goal: Checkable, context: Context): Promise<Known> {
  const today = todayOf(context)
  const weeks = pastWeeks(today)
  if (goal.metric === null) {
    const counted =
      goal.id === null
        ? NOTHING
        : await measureOn({ ...measurableOfGoal(goal, null), id: goal.id }, today, context)
    return { weeks, series: [], current: counted, floor: null }
  }
  const { metric } = goal
  const measurable = measurableOfGoal(goal, metric)
  const floorMetric = floorMetrics[metric]
  const [values, floor] = await Promise.all([
    Promise.all(measuredKeys(measurable, weeks).map((key) => context.loaders.measured.load(key))),
    floorMetric === undefined ? NOTHING : measureOn({ ...measurable, metric: floorMetric }, today, context),
  ])
  return {
    weeks,
    series: values.map(({ value }) => value?.toNumber() ?? null),
    current: values.at(-1) ?? NOTHING,
    floor: floor.value,
  }
}

/** Without an id, so that all goals on one KPI share its values. */
export const measurableOfGoal = (
  { filter, conventions, currency }: Pick<Checkable, 'filter' | 'conventions' | 'currency'>,
  metric: KpiMetric | null,
): MeasurableGoal => ({ metric, filter, conventions, currency })

export async function measureOn(
  goal: MeasurableGoal,
  day: Temporal.PlainDate,
  { loaders }: Context,
): Promise<Measured> {
  const [key] = measuredKeys(goal, [day])
  if (key === undefined) throw new Error('A day has a key')
  return loaders.measured.load(key)
}
