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
import type { Outlook } from './goal-outlook.ts'
import { plainStatus, steady, type Leaning, type Scale, type Told } from './goal-steady.ts'
import {
  budgetOf,
  daysBetween,
  expectedOf,
  expectedOn,
  type AimedGoal,
  type Band,
  type BandGoal,
  type BudgetGoal,
  type JudgedGoal,
} from './goal-trajectory.ts'
import { projectedShare, type BudgetProgress } from './lateness-budget.ts'
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
  /** The status that the value says, where it has not said so for long enough. */
  readonly leaning?: Leaning
}

/** What else decides, besides the value of today. */
export type Circumstances = {
  readonly outlook?: Outlook | null
  /** What was told last, of the same aim. */
  readonly before?: Told | null
  /** Of a budget. */
  readonly spending?: BudgetProgress | null
}

/** The shares of the whole way by which a value may lie behind its trajectory; a little of it is no change. */
const GAP_LINES = [new Exact('0.10'), new Exact('0.25')] as const
/** The shares of its width by which a value may lie outside a band. */
const BAND_LINES = [new Exact(0), new Exact('0.25')] as const
/** In budgets, what is spent by the deadline. */
const BUDGET_LINES = [new Exact(1), new Exact('1.25')] as const
const GAP_BAND = new Exact('0.025')
/** How likely it may be that the goal is not reached. */
const DOUBT_LINES = [new Exact('0.3'), new Exact('0.6')] as const
const DOUBT_BAND = new Exact('0.05')
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
  circumstances: Circumstances = {},
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
  if (goal.direction === 'BUDGET') return ofBudget(goal, value, today, circumstances)
  if (goal.direction !== 'MAINTAIN_BAND' && isReached(goal, value)) {
    const reason = `${is(subject)} ${shown}: the target of ${formatValue(goal.target, subject)} is reached.`
    return { status: 'ACHIEVED', reason }
  }
  return onItsWay(goal, value, today, circumstances)
}

/** By the forecast where it has proved itself, else by the distance. */
function onItsWay(
  goal: AimedGoal | BandGoal,
  value: Exact,
  today: Temporal.PlainDate,
  { outlook, before }: Circumstances,
): Verdict {
  const gap = gapOf(goal, value, today)
  // Outside a band it is not kept now, whatever comes.
  const isOutside = goal.direction === 'MAINTAIN_BAND' && gap.badness.gt(0)
  const foreseen = outlook?.isTrusted === true && !isOutside ? outlook : null
  const scale = foreseen === null ? gap : doubtOf(foreseen)
  const reason = foreseen === null ? distanceOf(goal, value, today) : foresight(goal, foreseen)
  return settle(scale, { reason, before: before ?? null, today, isWell: gap.badness.lte(0) })
}

type Settled = {
  readonly reason: string
  readonly before: Told | null
  readonly today: Temporal.PlainDate
  /** On its trajectory or better. */
  readonly isWell: boolean
}

/** What is told, in view of what was told before. */
function settle(scale: Scale, { reason, before, today, isWell }: Settled): Verdict {
  const { status, leaning } = steady(scale, before, today)
  if (status === 'OFF_TRACK' && isWell) {
    return { status: 'AT_RISK', reason: `${reason} It is no worse than it should be today.` }
  }
  if (leaning !== null && !(isWell && leaning.status === 'OFF_TRACK')) {
    return { status, reason: `${reason} If it stays so, the status is ${spoken[leaning.status]}.`, leaning }
  }
  const plain = plainStatus(scale)
  return plain === status || leaning !== null
    ? { status, reason }
    : { status, reason: `${reason} That is too close to the line to change the status.` }
}

const spoken = { ON_TRACK: 'on track', AT_RISK: 'at risk', OFF_TRACK: 'off track' } as const

const doubtOf = ({ probability }: Outlook): Scale => ({
  badness: new Exact(1).minus(probability),
  lines: DOUBT_LINES,
  band: DOUBT_BAND,
})

/** How far behind its trajectory, or outside its band; 0 or below where it is well. */
function gapOf(goal: AimedGoal | BandGoal, value: Exact, today: Temporal.PlainDate): Scale {
  if (goal.direction === 'MAINTAIN_BAND') {
    const { low, high } = goal.band
    const outside = Exact.max(low.minus(value), value.minus(high))
    return { badness: outside.div(high.minus(low)), lines: BAND_LINES, band: GAP_BAND }
  }
  const way = goal.target.minus(goal.baseline).abs()
  const badness = behindBy(goal, expectedOn(goal, today), value).div(way)
  return { badness, lines: GAP_LINES, band: GAP_BAND }
}

const distanceOf = (goal: AimedGoal | BandGoal, value: Exact, today: Temporal.PlainDate): string =>
  goal.direction === 'MAINTAIN_BAND' ? distanceToBand(goal, value) : distance(goal, value, today)

/** "At this rate DSO will be 39.4 days on 30 Jun 2027; 62 % likely to be 38.0 days or less." */
function foresight(goal: AimedGoal | BandGoal, { value, probability }: Outlook): string {
  const { subject, deadline } = goal
  const then = formatValue(new Exact(value), subject)
  const aim =
    goal.direction === 'MAINTAIN_BAND'
      ? `within the band of ${bandInWords(goal)}`
      : `${formatValue(goal.target, subject)} or ${goal.direction === 'INCREASE' ? 'more' : 'less'}`
  return `At this rate ${subject.name} will be ${then} on ${inWords(deadline)}; ${likelihood(probability)} likely to be ${aim}.`
}

/** Never quite 0 or 100. */
const likelihood = (probability: number): string =>
  `${Math.min(99, Math.max(1, Math.round(100 * probability)))} %`

/** By where it ends if it goes on as it does. What is used up stays so. */
function ofBudget(
  goal: BudgetGoal,
  value: Exact,
  today: Temporal.PlainDate,
  { spending, before }: Circumstances,
): Verdict {
  const { subject, target, deadline } = goal
  const of = `${is(subject)} ${formatValue(value, subject)} of a budget of ${formatValue(target, subject)}`
  if (value.gt(target)) return { status: 'OFF_TRACK', reason: `${of}: it is used up.` }
  const frame = budgetOf(goal)
  const spent = spending ?? { ...NOTHING_SPENT, spent: value, left: target.minus(value) }
  const { goneOn, projected } = spent
  const gone = goneOn === null ? null : `at this rate the budget is gone on ${inWords(goneOn)}`
  const lasts =
    projected === null
      ? 'the books are too young to tell a rate'
      : `at this rate ${formatValue(Exact.max(0, target.minus(projected)), subject)} will be left on ${inWords(deadline)}`
  return settle(
    { badness: projectedShare(frame, spent, today), lines: BUDGET_LINES, band: GAP_BAND },
    {
      reason: `${of}; ${gone ?? lasts}.`,
      before: before ?? null,
      today,
      isWell: value.lte(expectedOf(goal, today) ?? 0),
    },
  )
}

const NOTHING_SPENT = { burnShort: null, burnLong: null, projected: null, goneOn: null }

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
  if (goal.direction === 'BUDGET') {
    return value.lte(goal.target)
      ? { status: 'ACHIEVED', reason: `${then}, within the budget of ${target}.` }
      : { status: 'MISSED', reason: `${then}; the budget was ${target}.` }
  }
  return isReached(goal, value)
    ? { status: 'ACHIEVED', reason: `${then}: the target of ${target} was reached.` }
    : { status: 'MISSED', reason: `${then}; the target was ${target}.` }
}

/** "DSO is 41.2 days, 1.2 days above the band of 36.0 days to 40.0 days." */
function distanceToBand(goal: BandGoal, value: Exact): string {
  const { band, subject } = goal
  const stands = `${is(subject)} ${formatValue(value, subject)}`
  const outside = beyond(band, value)
  if (outside.isZero()) return `${stands}, within the band of ${bandInWords(goal)}.`
  const side = value.lt(band.low) ? 'below' : 'above'
  return `${stands}, ${formatDifference(outside, subject)} ${side} the band of ${bandInWords(goal)}.`
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
