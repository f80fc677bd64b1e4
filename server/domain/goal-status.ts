/** How a goal is doing. */
import { isBefore } from './calendar.ts'
import {
  asShown,
  formatDifference,
  formatValue,
  inWords,
  is,
  nullReasonInWords,
  type Subject,
} from './goal-words.ts'
import {
  daysBetween,
  expectedOn,
  type AimedGoal,
  type Band,
  type BandGoal,
  type JudgedGoal,
} from './goal-trajectory.ts'
import type { NullReason } from './kpi.ts'
import { Exact } from './money.ts'

export type GoalStatus =
  | 'PENDING_START'
  | 'ON_TRACK'
  | 'AT_RISK'
  | 'OFF_TRACK'
  | 'ACHIEVED'
  | 'MISSED'
  | 'NO_DATA'
  | 'STALE'
  | 'INSUFFICIENT_DATA'

/** What is known of a goal's KPI: its value on `evaluationDay(goal, today)`, or why there is none. */
export type Reading = {
  readonly value: Exact | null
  readonly reason: NullReason | null
  /** Why there is no value, where no `reason` says it: a sentence without its full stop. */
  readonly failure: string | null
}

export type Verdict = {
  readonly status: GoalStatus
  /** A sentence for people. */
  readonly reason: string
}

/** The shares of the whole way by which a value may lie behind its trajectory. */
const ON_TRACK_GAP_MAX = new Exact('0.10')
const AT_RISK_GAP_MAX = new Exact('0.25')
/** Without a posting for so many days a value may be old. */
export const STALE_AFTER_DAYS = 7

/**
 * The status at the end of `today`. `lastPostedOn` is the day of the last posting to the books; null where nothing
 * was ever posted.
 */
export function judge(
  goal: JudgedGoal,
  reading: Reading,
  today: Temporal.PlainDate,
  lastPostedOn: Temporal.PlainDate | null,
): Verdict {
  const { subject, startsOn, deadline } = goal
  if (isBefore(today, startsOn))
    return { status: 'PENDING_START', reason: `It starts on ${inWords(startsOn)}.` }
  if (reading.value === null) return withoutValue(subject, reading)
  const { value } = reading
  const shown = formatValue(value, subject)
  if (isBefore(deadline, today)) return atTheEnd(goal, value)
  if (lastPostedOn === null || daysBetween(lastPostedOn, today) >= STALE_AFTER_DAYS) {
    const since = lastPostedOn === null ? 'yet' : `since ${inWords(lastPostedOn)}`
    return { status: 'STALE', reason: `Nothing was posted ${since}, so the value of ${shown} may be old.` }
  }
  if (goal.direction === 'MAINTAIN_BAND') return withinBand(goal, value)
  if (isReached(goal, value)) {
    const reason = `${is(subject)} ${shown}: the target of ${formatValue(goal.target, subject)} is reached.`
    return { status: 'ACHIEVED', reason }
  }
  return { status: trackStatus(goal, value, today), reason: distance(goal, value, today) }
}

/** After the deadline. */
function atTheEnd(goal: JudgedGoal, value: Exact): Verdict {
  const { subject, deadline } = goal
  const were = subject.plural ? 'were' : 'was'
  const then = `${subject.name} ${were} ${formatValue(value, subject)} on the deadline, ${inWords(deadline)}`
  if (goal.direction === 'MAINTAIN_BAND') {
    const band = bandInWords(goal)
    return beyond(goal.band, value).isZero()
      ? { status: 'ACHIEVED', reason: `${then}, within the band of ${band}.` }
      : { status: 'MISSED', reason: `${then}, outside the band of ${band}.` }
  }
  const target = formatValue(goal.target, subject)
  return isReached(goal, value)
    ? { status: 'ACHIEVED', reason: `${then}: the target of ${target} was reached.` }
    : { status: 'MISSED', reason: `${then}; the target was ${target}.` }
}

/** On track inside; outside, the distance counts in widths of the band. */
function withinBand(goal: BandGoal, value: Exact): Verdict {
  const { band, subject } = goal
  const stands = `${is(subject)} ${formatValue(value, subject)}`
  const outside = beyond(band, value)
  if (outside.isZero()) {
    return { status: 'ON_TRACK', reason: `${stands}, within the band of ${bandInWords(goal)}.` }
  }
  const share = outside.div(band.high.minus(band.low))
  const side = value.lt(band.low) ? 'below' : 'above'
  const reason = `${stands}, ${formatDifference(outside, subject)} ${side} the band of ${bandInWords(goal)}.`
  return { status: share.lte(AT_RISK_GAP_MAX) ? 'AT_RISK' : 'OFF_TRACK', reason }
}

/** How far the value lies outside the band; 0 inside. */
const beyond = ({ low, high }: Band, value: Exact): Exact =>
  value.lt(low) ? low.minus(value) : value.gt(high) ? value.minus(high) : new Exact(0)

const bandInWords = ({ band: { low, high }, subject }: BandGoal): string =>
  `${formatValue(low, subject)} to ${formatValue(high, subject)}`

const isReached = (goal: AimedGoal, value: Exact): boolean => behindBy(goal, goal.target, value).lte(0)

/** How much worse `value` is than `other`, in the goal's direction; below 0 it is better. */
const behindBy = ({ direction }: Pick<AimedGoal, 'direction'>, other: Exact, value: Exact): Exact =>
  direction === 'INCREASE' ? other.minus(value) : value.minus(other)

function trackStatus(goal: AimedGoal, value: Exact, today: Temporal.PlainDate): GoalStatus {
  const way = goal.target.minus(goal.baseline).abs()
  const gap = behindBy(goal, expectedOn(goal, today), value).div(way)
  if (gap.lte(ON_TRACK_GAP_MAX)) return 'ON_TRACK'
  return gap.lte(AT_RISK_GAP_MAX) ? 'AT_RISK' : 'OFF_TRACK'
}

/** "DSO is 41.2 days, 0.8 days above where it should be today (40.4 days)." */
function distance(goal: AimedGoal, value: Exact, today: Temporal.PlainDate): string {
  const { subject } = goal
  const expected = expectedOn(goal, today)
  // The difference of what is shown, so that the sentence adds up for whoever checks it.
  const difference = asShown(value, subject).minus(asShown(expected, subject))
  const stands = `${is(subject)} ${formatValue(value, subject)}`
  if (difference.isZero()) return `${stands}, where ${subject.plural ? 'they' : 'it'} should be today.`
  const side = difference.isNegative() ? 'below' : 'above'
  const apart = formatDifference(difference.abs(), subject)
  return `${stands}, ${apart} ${side} where ${subject.plural ? 'they' : 'it'} should be today (${formatValue(expected, subject)}).`
}

function withoutValue({ name, plural }: Subject, { reason, failure }: Reading): Verdict {
  const status = reason !== null && LACKS_HISTORY.has(reason) ? 'INSUFFICIENT_DATA' : 'NO_DATA'
  const why = failure ?? (reason === null ? 'the reason is unknown' : nullReasonInWords[reason])
  return { status, reason: `${name} ${plural ? 'have' : 'has'} no value: ${why}.` }
}

const LACKS_HISTORY: ReadonlySet<NullReason> = new Set([
  'INSUFFICIENT_HISTORY',
  'HISTORY_EXHAUSTED',
  'NOT_KNOWN_THEN',
])
