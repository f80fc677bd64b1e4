/** Where a goal should be on each day. */
import { isBefore } from './calendar.ts'
import { formatValue, type Subject } from './goal-words.ts'
import type { Exact } from './money.ts'

export type GoalDirection = 'INCREASE' | 'DECREASE'

/** A straight line from the baseline at the end of `startsOn` to the target at the end of `deadline`. */
export type Trajectory = {
  readonly baseline: Exact
  readonly target: Exact
  readonly startsOn: Temporal.PlainDate
  readonly deadline: Temporal.PlainDate
}

export type JudgedGoal = Trajectory & { readonly direction: GoalDirection; readonly subject: Subject }

/** Where the value should be at the end of `day`: before the start the baseline, after the deadline the target. */
export function expectedOn(
  { baseline, target, startsOn, deadline }: Trajectory,
  day: Temporal.PlainDate,
): Exact {
  const length = daysBetween(startsOn, deadline)
  const passed = Math.min(Math.max(daysBetween(startsOn, day), 0), length)
  if (passed === length) return target
  return baseline.plus(target.minus(baseline).times(passed).div(length))
}

/**
 * How far the value has come from the baseline to the target: 0 at the baseline, 100 at the target. Not clamped.
 * Null where there is no value.
 */
export function percentToTarget({ baseline, target }: Trajectory, value: Exact | null): Exact | null {
  return value === null ? null : value.minus(baseline).div(target.minus(baseline)).times(100)
}

/** The day whose value counts today: the deadline's once it has passed, however late it is posted. */
export const evaluationDay = (
  { deadline }: Pick<Trajectory, 'deadline'>,
  today: Temporal.PlainDate,
): Temporal.PlainDate => (isBefore(deadline, today) ? deadline : today)

/** Why a goal of these numbers makes no sense, as the input field at fault and a sentence; null where it does. */
export function trajectoryFault({
  baseline,
  target,
  direction,
  startsOn,
  deadline,
  subject,
}: JudgedGoal): { readonly field: 'target' | 'direction' | 'deadline'; readonly message: string } | null {
  if (!isBefore(startsOn, deadline)) {
    return { field: 'deadline', message: `The deadline must lie after the first day, ${startsOn.toString()}` }
  }
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

/** The same day a year before; 28 February for the 29th. */
export const yearBefore = (day: Temporal.PlainDate): Temporal.PlainDate => day.subtract({ years: 1 })

export const daysBetween = (from: Temporal.PlainDate, to: Temporal.PlainDate): number => from.until(to).days
