/** Where a goal should be on each day, and how it is judged. */
import { isBefore } from './calendar.ts'
import { unsignedZero } from './exact.ts'
import { Exact } from './money.ts'
import type { KpiMetric, KpiText, KpiUnit, NullReason } from './kpi.ts'

export type GoalDirection = 'INCREASE' | 'DECREASE'

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

/** A straight line from the baseline at the end of `startsOn` to the target at the end of `deadline`. */
export type Trajectory = {
  readonly baseline: Exact
  readonly target: Exact
  readonly startsOn: Temporal.PlainDate
  readonly deadline: Temporal.PlainDate
}

/** The name and unit in which a goal's values are told to people. */
export type Subject = {
  /** Such as "DSO". */
  readonly name: string
  /** True where the name asks for "are". */
  readonly plural: boolean
  readonly unit: KpiUnit
  readonly currency: string
}

export type JudgedGoal = Trajectory & { readonly direction: GoalDirection; readonly subject: Subject }

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
  const { subject, startsOn, deadline, target } = goal
  if (isBefore(today, startsOn))
    return { status: 'PENDING_START', reason: `It starts on ${inWords(startsOn)}.` }
  if (reading.value === null) return withoutValue(subject, reading)
  const { value } = reading
  const reached = behindBy(goal, target, value).lte(0)
  const shown = formatValue(value, subject)
  const goalShown = formatValue(target, subject)
  if (isBefore(deadline, today)) {
    const then = `${subject.name} ${subject.plural ? 'were' : 'was'} ${shown} on the deadline, ${inWords(deadline)}`
    return reached
      ? { status: 'ACHIEVED', reason: `${then}: the target of ${goalShown} was reached.` }
      : { status: 'MISSED', reason: `${then}; the target was ${goalShown}.` }
  }
  if (lastPostedOn === null || daysBetween(lastPostedOn, today) >= STALE_AFTER_DAYS) {
    const since = lastPostedOn === null ? 'yet' : `since ${inWords(lastPostedOn)}`
    return { status: 'STALE', reason: `Nothing was posted ${since}, so the value of ${shown} may be old.` }
  }
  if (reached) {
    return {
      status: 'ACHIEVED',
      reason: `${is(subject)} ${shown}: the target of ${goalShown} is reached.`,
    }
  }
  return { status: trackStatus(goal, value, today), reason: distance(goal, value, today) }
}

/** How much worse `value` is than `other`, in the goal's direction; below 0 it is better. */
const behindBy = ({ direction }: Pick<JudgedGoal, 'direction'>, other: Exact, value: Exact): Exact =>
  direction === 'INCREASE' ? other.minus(value) : value.minus(other)

function trackStatus(goal: JudgedGoal, value: Exact, today: Temporal.PlainDate): GoalStatus {
  const way = goal.target.minus(goal.baseline).abs()
  const gap = behindBy(goal, expectedOn(goal, today), value).div(way)
  if (gap.lte(ON_TRACK_GAP_MAX)) return 'ON_TRACK'
  return gap.lte(AT_RISK_GAP_MAX) ? 'AT_RISK' : 'OFF_TRACK'
}

/** "DSO is 41.2 days, 0.8 days above where it should be today (40.4 days)." */
function distance(goal: JudgedGoal, value: Exact, today: Temporal.PlainDate): string {
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

const is = ({ name, plural }: Subject): string => `${name} ${plural ? 'are' : 'is'}`

const LACKS_HISTORY: ReadonlySet<NullReason> = new Set([
  'INSUFFICIENT_HISTORY',
  'HISTORY_EXHAUSTED',
  'NOT_KNOWN_THEN',
])

/** For the end of a sentence such as "DSO has no value: ...". */
export const nullReasonInWords: Record<NullReason, string> = {
  NO_SALES: 'nothing was sold in its window',
  NO_RECEIVABLES: 'there are no receivables',
  NOTHING_IN_PERIOD: 'nothing fell due, was settled or was billed in its period',
  INSUFFICIENT_HISTORY: 'the books begin after its window does',
  HISTORY_EXHAUSTED: 'the months of the books were used up before the balance was',
  NEGATIVE_SALES: 'credits exceeded sales in a month that it counts',
  NOT_KNOWN_THEN: 'nothing of the day was known then',
  IN_THE_FUTURE: 'the day has not come',
  NOTHING_OPEN: 'nothing of what it measures was open',
  NOT_CONFIGURED: 'it takes a convention that the organization has not set',
  NOT_RECORDED: 'nothing was recorded for its period',
  NOT_BY_SEGMENT: 'it is known for the organization as a whole only',
  MISSING_RATE: 'an exchange rate is missing',
}

/** How sentences call a KPI. */
export const subjectOf = (
  { metric, name, unit }: Pick<KpiText, 'metric' | 'name' | 'unit'>,
  currency: string,
): Subject => ({ name: SHORT_NAMES[metric] ?? name, plural: PLURALS.has(metric), unit, currency })

/** Where people say something shorter than the KPI's name. */
const SHORT_NAMES: { readonly [Metric in KpiMetric]?: string } = {
  DSO: 'DSO',
  DSO_COUNT_BACK: 'Count-back DSO',
  COLLECTION_EFFECTIVENESS_INDEX: 'Collection effectiveness',
}

const PLURALS: ReadonlySet<KpiMetric> = new Set([
  'TOTAL_RECEIVABLES',
  'CURRENT_RECEIVABLES',
  'OPEN_INVOICE_COUNT',
  'SALES',
  'INVOICES_SENT',
  'INVOICES_SETTLED',
])

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

/** "41.2 days", "82.4 %", "USD 1,234,567", "1,234", "8.31". */
export function formatValue(value: Exact, { unit, currency }: Subject): string {
  const text = grouped(value, fractionDigits(unit))
  switch (unit) {
    case 'DAYS':
      return `${text} ${text === '1.0' ? 'day' : 'days'}`
    case 'PERCENT':
      return `${text} %`
    case 'MONEY':
      return `${currency} ${text}`
    case 'COUNT':
    case 'RATIO':
      return text
  }
}

/** A distance between two values: that of two percentages is in points. */
const formatDifference = (difference: Exact, subject: Subject): string =>
  subject.unit === 'PERCENT'
    ? `${grouped(difference, fractionDigits('PERCENT'))} points`
    : formatValue(difference, subject)

const asShown = (value: Exact, { unit }: Subject): Exact => value.toDecimalPlaces(fractionDigits(unit))

function fractionDigits(unit: KpiUnit): number {
  switch (unit) {
    case 'DAYS':
    case 'PERCENT':
      return 1
    case 'RATIO':
      return 2
    case 'MONEY':
    case 'COUNT':
      return 0
  }
}

function grouped(value: Exact, digits: number): string {
  const [whole = '', fraction] = unsignedZero(value.toFixed(digits)).split('.')
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? groups : `${groups}.${fraction}`
}

/** Which segments a goal is measured on; people by name. */
export type ScopeInWords = {
  readonly [Dimension in keyof typeof dimensionNames]?: readonly string[] | null | undefined
}

const dimensionNames = {
  businessUnit: 'business unit',
  region: 'region',
  channel: 'channel',
  productLine: 'product line',
  collector: 'collector',
  currency: 'currency',
}

/** "Region EMEA or APAC, currency EUR"; "All receivables" where there is no filter. */
export function scopeInWords(scope: ScopeInWords): string {
  const parts = Object.entries(dimensionNames).flatMap(([dimension, name]) => {
    const values = scope[dimension as keyof ScopeInWords] ?? []
    return values.length === 0 ? [] : [`${name} ${values.join(' or ')}`]
  })
  if (parts.length === 0) return 'All receivables'
  const text = parts.join(', ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** "12 Nov 2026". */
const inWords = (date: Temporal.PlainDate): string => `${date.day} ${MONTHS[date.month - 1]} ${date.year}`

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const daysBetween = (from: Temporal.PlainDate, to: Temporal.PlainDate): number => from.until(to).days
