/** Where a goal will be at its deadline, and whether that has proved itself enough to decide its status. */
import { isBefore } from './calendar.ts'
import {
  probabilityOf,
  tellFrom,
  type BackTest,
  type Band,
  type Fit,
  type ForecastMethod,
} from './forecast.ts'
import type { JudgedGoal } from './goal-trajectory.ts'
import { asShown, type Subject } from './goal-words.ts'
import { Exact } from './money.ts'

/** In the KPI's unit; estimates, so floating point. */
export type Outlook = {
  readonly method: ForecastMethod
  /** To expect at the deadline. */
  readonly value: number
  readonly half: Band
  readonly mostly: Band
  /** From 0 to 1, never quite either. */
  readonly probability: number
  /** The end of the first step in which the value to expect reaches the target; null for bands, and where none does. */
  readonly projectedOn: Temporal.PlainDate | null
  readonly isTrusted: boolean
}

/** A forecast goes by weeks. */
export const DAYS_PER_STEP = 7

/** Steps from `today` to the deadline; at least 1 before it. */
export const stepsTo = (deadline: Temporal.PlainDate, today: Temporal.PlainDate): number =>
  Math.ceil(today.until(deadline).days / DAYS_PER_STEP)

/** From the value of today on. */
export function outlookOf(
  goal: JudgedGoal,
  found: Fit,
  { value, today }: { readonly value: Exact; readonly today: Temporal.PlainDate },
): Outlook {
  const told = tellFrom(found, value.toNumber())
  const reaches = reachingOf(goal)
  const step =
    goal.direction === 'MAINTAIN_BAND' ? -1 : told.path.findIndex((ahead) => ahead !== null && reaches(ahead))
  const { method, half, mostly, backTest } = told
  return {
    method,
    value: told.value,
    half,
    mostly,
    probability: probabilityOf(told, reaches),
    projectedOn: step < 0 ? null : earlier(today.add({ days: DAYS_PER_STEP * (step + 1) }), goal.deadline),
    isTrusted: isTrusted(goal.direction, method, backTest),
  }
}

/** What came lay within the bands of 80 % at least so often. */
const INSIDE_MOSTLY_MIN = 0.65

/**
 * A goal is to change what was, so a forecast that nothing changes would only say that it is not reached. A band asks
 * for no change, and may be told so.
 */
export const isTrusted = (
  direction: JudgedGoal['direction'],
  method: ForecastMethod,
  { insideMostly }: Pick<BackTest, 'insideMostly'>,
): boolean =>
  insideMostly !== null &&
  insideMostly >= INSIDE_MOSTLY_MIN &&
  (method !== 'NO_CHANGE' || direction === 'MAINTAIN_BAND')

function reachingOf(goal: JudgedGoal): (value: number) => boolean {
  if (goal.direction === 'MAINTAIN_BAND') {
    const [low, high] = [goal.band.low.toNumber(), goal.band.high.toNumber()]
    return (value) => value >= low && value <= high
  }
  const target = goal.target.toNumber()
  return goal.direction === 'INCREASE' ? (value) => value >= target : (value) => value <= target
}

const earlier = (some: Temporal.PlainDate, other: Temporal.PlainDate): Temporal.PlainDate =>
  isBefore(some, other) ? some : other

/** What of an outlook is kept with a goal's progress; null where there is none. */
export type KeptOutlook = { readonly forecastValue: number | null; readonly probability: number | null }

/**
 * Whether people are shown the same: the value in the digits of its unit, the probability in percent. A new day's
 * forecast differs from the last one in some digit, and says nothing new by that.
 */
export function looksAlike(one: KeptOutlook, other: KeptOutlook, subject: Subject): boolean {
  const shown = ({ forecastValue, probability }: KeptOutlook) =>
    forecastValue === null || probability === null
      ? null
      : `${asShown(new Exact(forecastValue), subject).toFixed()} ${Math.round(probability * 100)}`
  return shown(one) === shown(other)
}
