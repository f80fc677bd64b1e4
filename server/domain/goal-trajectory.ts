/** Where a goal should be on each day. */
import { isBefore } from './calendar.ts'
import { formatValue, type Subject } from './goal-words.ts'
import { budgetBy, type Budget } from './lateness-budget.ts'
import { Exact } from './money.ts'

/** The value that a trajectory passes at the end of a day. */
export type TrajectoryPoint = { readonly on: Temporal.PlainDate; readonly value: Exact }

export type TrajectoryKind = 'LINEAR' | 'STEPPED' | 'CUSTOM' | 'SEASONAL'

/**
 * The points between the first day and the deadline, in their order: STEPPED holds each until the next, the others go
 * straight from one to the next.
 */
export type Shape = {
  readonly kind: Exclude<TrajectoryKind, 'LINEAR'>
  readonly points: readonly TrajectoryPoint[]
}

/** From the baseline at the end of `startsOn` to the target at the end of `deadline`; straight where it has no shape. */
export type Trajectory = {
  readonly baseline: Exact
  readonly target: Exact
  readonly startsOn: Temporal.PlainDate
  readonly deadline: Temporal.PlainDate
  readonly shape?: Shape
}

export type Band = { readonly low: Exact; readonly high: Exact }

/** A goal that goes from a baseline to a target. */
export type AimedGoal = Trajectory & {
  readonly direction: 'INCREASE' | 'DECREASE'
  readonly subject: Subject
}

/** A goal that is to stay where it is: within the band, its edges included. */
export type BandGoal = Pick<Trajectory, 'baseline' | 'startsOn' | 'deadline'> & {
  readonly direction: 'MAINTAIN_BAND'
  readonly band: Band
  readonly subject: Subject
}

/** A goal to spend no more than its target from its first day to its deadline. */
export type BudgetGoal = Pick<Trajectory, 'baseline' | 'target' | 'startsOn' | 'deadline'> & {
  readonly direction: 'BUDGET'
  readonly subject: Subject
}

export type JudgedGoal = AimedGoal | BandGoal | BudgetGoal

/** Where the value should be at the end of `day`: before the start the baseline, from the deadline on the target. */
export function expectedOn(trajectory: Trajectory, day: Temporal.PlainDate): Exact {
  const { baseline, target, startsOn, deadline, shape } = trajectory
  if (!isBefore(startsOn, day)) return baseline
  if (!isBefore(day, deadline)) return target
  const [from, to] = aroundOf(trajectory, day)
  if (shape?.kind === 'STEPPED') return from.value
  const passed = daysBetween(from.on, day)
  return from.value.plus(to.value.minus(from.value).times(passed).div(daysBetween(from.on, to.on)))
}

/** The last point up to the end of `day`, and the next one. The day lies between the first and the last. */
function aroundOf(
  { baseline, target, startsOn, deadline, shape }: Trajectory,
  day: Temporal.PlainDate,
): readonly [TrajectoryPoint, TrajectoryPoint] {
  let from: TrajectoryPoint = { on: startsOn, value: baseline }
  for (const point of shape?.points ?? []) {
    if (isBefore(day, point.on)) return [from, point]
    from = point
  }
  return [from, { on: deadline, value: target }]
}

/** Where a goal's value should be; null for a band, which expects no value in particular. */
export function expectedOf(goal: JudgedGoal, day: Temporal.PlainDate): Exact | null {
  if (goal.direction === 'MAINTAIN_BAND') return null
  return goal.direction === 'BUDGET' ? budgetBy(budgetOf(goal), day) : expectedOn(goal, day)
}

export const budgetOf = ({ target, startsOn, deadline }: BudgetGoal): Budget => ({
  budget: target,
  startsOn,
  deadline,
})

/**
 * How far the value has come from the baseline to the target: 0 at the baseline, 100 at the target. Not clamped.
 * Null where there is no value.
 */
export function percentToTarget(
  { baseline, target }: Pick<Trajectory, 'baseline' | 'target'>,
  value: Exact | null,
): Exact | null {
  return value === null ? null : value.minus(baseline).div(target.minus(baseline)).times(100)
}

/** The day whose value counts today: the deadline's once it has passed, however late it is posted. */
export const evaluationDay = (
  { deadline }: Pick<Trajectory, 'deadline'>,
  today: Temporal.PlainDate,
): Temporal.PlainDate => (isBefore(deadline, today) ? deadline : today)

/** The last days of months after the first day and before the deadline. */
export function monthEndsWithin({
  startsOn,
  deadline,
}: Pick<Trajectory, 'startsOn' | 'deadline'>): Temporal.PlainDate[] {
  const days: Temporal.PlainDate[] = []
  let end = startsOn.with({ day: startsOn.daysInMonth })
  while (isBefore(end, deadline)) {
    if (isBefore(startsOn, end)) days.push(end)
    const next = end.add({ days: 1 })
    end = next.with({ day: next.daysInMonth })
  }
  return days
}

/** Equal steps at the ends of months, the last one on the deadline. */
export function equalSteps(trajectory: Trajectory): TrajectoryPoint[] {
  const { baseline, target } = trajectory
  const days = monthEndsWithin(trajectory)
  const step = target.minus(baseline).div(days.length + 1)
  return days.map((on, index) => ({ on, value: baseline.plus(step.times(index + 1)) }))
}

/** The KPI's values of a year of the past: on the same days as the goal's first, its month ends and its deadline. */
export type PastYear = readonly Exact[]

/**
 * The season laid over the straight line from baseline to target: by how much the value of each month's end lay above
 * or below the straight line of its own year, as a factor, on average over the years. Null where a value or a line of
 * the past is not above 0, for it has no such factor.
 */
export function seasonalPoints(trajectory: Trajectory, years: readonly PastYear[]): TrajectoryPoint[] | null {
  const { baseline, target, startsOn, deadline } = trajectory
  const days = monthEndsWithin(trajectory)
  const length = daysBetween(startsOn, deadline)
  const line = (from: Exact, to: Exact, on: Temporal.PlainDate) =>
    from.plus(to.minus(from).times(daysBetween(startsOn, on)).div(length))
  const factors = years.map((values) => {
    const [first, last] = [values[0], values.at(-1)]
    if (first === undefined || last === undefined || values.some((value) => value.lte(0))) return null
    return days.map((on, index) => (values[index + 1] ?? first).div(line(first, last, on)))
  })
  if (factors.length === 0 || factors.includes(null)) return null
  return days.map((on, index) => {
    const sum = factors.reduce((total, ofYear) => total.plus(ofYear?.[index] ?? 1), new Exact(0))
    return { on, value: line(baseline, target, on).times(sum).div(factors.length) }
  })
}

/** A field of the input and what is wrong with it. */
export type Fault = {
  readonly field: 'target' | 'direction' | 'deadline' | 'band' | 'trajectory'
  readonly message: string
}

/** Why a goal of these numbers makes no sense, as the input field at fault and a sentence; null where it does. */
export function trajectoryFault(goal: JudgedGoal): Fault | null {
  const { startsOn, deadline } = goal
  if (!isBefore(startsOn, deadline)) {
    return { field: 'deadline', message: `The deadline must lie after the first day, ${startsOn.toString()}` }
  }
  if (goal.direction === 'MAINTAIN_BAND') return bandFault(goal)
  if (goal.direction === 'BUDGET')
    return goal.target.gt(0) ? null : { field: 'target', message: 'A budget is above 0' }
  return targetFault(goal) ?? shapeFault(goal)
}

function bandFault({ band: { low, high }, subject }: BandGoal): Fault | null {
  if (low.lt(high)) return null
  const [from, to] = [formatValue(low, subject), formatValue(high, subject)]
  return {
    field: 'band',
    message: `A band goes from its low to its high value, unlike from ${from} to ${to}`,
  }
}

function targetFault({ baseline, target, direction, subject }: AimedGoal): Fault | null {
  if (target.eq(baseline)) {
    const message = `The target equals the baseline of ${formatValue(baseline, subject)}: there is nothing to reach`
    return { field: 'target', message }
  }
  const goesUp = target.gt(baseline)
  if (goesUp === (direction === 'INCREASE')) return null
  const from = formatValue(baseline, subject)
  const to = formatValue(target, subject)
  const message = `From ${from} to ${to} is ${goesUp ? 'an INCREASE' : 'a DECREASE'}, not ${goesUp ? 'a DECREASE' : 'an INCREASE'}`
  return { field: 'direction', message }
}

function shapeFault({ startsOn, deadline, shape }: AimedGoal): Fault | null {
  let before = startsOn
  for (const { on } of shape?.points ?? []) {
    if (!isBefore(before, on)) {
      const message = `Each point lies after the one before it and after the first day, unlike ${on.toString()} after ${before.toString()}`
      return { field: 'trajectory', message }
    }
    if (!isBefore(on, deadline)) {
      const message = `Each point lies before the deadline, ${deadline.toString()}, where the target stands, unlike ${on.toString()}`
      return { field: 'trajectory', message }
    }
    before = on
  }
  return null
}

/** The same day a year before; 28 February for the 29th. */
export const yearBefore = (day: Temporal.PlainDate): Temporal.PlainDate => day.subtract({ years: 1 })

export const daysBetween = (from: Temporal.PlainDate, to: Temporal.PlainDate): number => from.until(to).days
