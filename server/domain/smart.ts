/**
 * Whether a goal is Specific, Measurable, Achievable and Time-bound, by what the books say; how Relevant it is, is told in
 * smart-conflicts.ts. Each letter is a verdict, a sentence and the evidence that it rests on. Nothing here forbids a goal.
 */
import { isBefore } from './calendar.ts'
import type { Conventions } from './conventions.ts'
import { dateOf, dayOf } from './day.ts'
import { periodOf } from './fiscal.ts'
import { STALE_AFTER_DAYS } from './goal-status.ts'
import { daysBetween, type Band } from './goal-trajectory.ts'
import { formatDifference, formatValue, inWords, nullReasonInWords, type Subject } from './goal-words.ts'
import type { KpiDefinition, KpiMetric, NullReason } from './kpi.ts'
import { Exact } from './money.ts'
import type { PastWindows } from './smart-history.ts'

export type SmartVerdict = 'PASS' | 'WARN' | 'FAIL'

export type SmartLetter = { readonly verdict: SmartVerdict; readonly sentence: string }

/** What of a goal is checked; null for what is not chosen yet. */
export type SmartGoal = {
  readonly direction: 'INCREASE' | 'DECREASE' | 'MAINTAIN_BAND' | 'MILESTONES' | 'BUDGET' | null
  /** Null for a checklist too. */
  readonly kpi: KpiDefinition | null
  readonly subject: Subject | null
  readonly conventions: Conventions
  /** Such as "Region EMEA". */
  readonly scope: string
  readonly owner: string | null
  readonly baseline: Exact | null
  readonly baselineOn: Temporal.PlainDate
  readonly target: Exact | null
  readonly band: Band | null
  /** How many items its checklist has. */
  readonly milestones: number
  readonly startsOn: Temporal.PlainDate
  readonly deadline: Temporal.PlainDate | null
}

/** Less likely than that, in percent, and a goal is told to be hardly reached. */
export const LIKELY_MIN = 20
/** With fewer windows or weeks than that the past says little. */
const POINTS_MIN = 12
const WEEKS_MIN = 4
const DAYS_PER_WEEK = 7

const VERDICTS: readonly SmartVerdict[] = ['PASS', 'WARN', 'FAIL']

export const worstOf = (verdicts: readonly SmartVerdict[]): SmartVerdict =>
  verdicts.reduce((worst, one) => (VERDICTS.indexOf(one) > VERDICTS.indexOf(worst) ? one : worst), 'PASS')

/**
 * "Cut DSO (3 months) of Region EMEA from 46.2 days on 1 Nov 2026 to 38.0 days by 30 Jun 2027, owner Ana": what was
 * chosen, and for the rest what is to be chosen.
 */
export function smartSentence(goal: SmartGoal): string {
  const { deadline, owner, milestones, direction } = goal
  const end = deadline === null ? 'a deadline to be set' : inWords(deadline)
  const by = owner === null ? 'nobody named as owner' : `owner ${owner}`
  if (direction === 'MILESTONES') {
    const items = milestones === 1 ? 'the one milestone' : `all ${milestones} milestones`
    return `Complete ${milestones === 0 ? 'milestones to be named' : items} by ${end}, ${by}`
  }
  return `${wayInWords(goal)} ${direction === 'MAINTAIN_BAND' ? 'until' : 'by'} ${end}, ${by}`
}

function wayInWords({
  direction,
  kpi,
  subject,
  band,
  baseline,
  baselineOn,
  target,
  ...goal
}: SmartGoal): string {
  if (kpi === null || subject === null) return `Change a KPI to be chosen of ${goal.scope}`
  const what = `${subject.name}${windowInWords(kpi, goal.conventions)} of ${scopeWithin(goal.scope)}`
  if (direction === 'MAINTAIN_BAND') {
    const edges = band && `${formatValue(band.low, subject)} and ${formatValue(band.high, subject)}`
    return `Keep ${what} between ${edges ?? 'values to be set'}`
  }
  if (direction === 'BUDGET') {
    const most = target === null ? 'a target to be set' : formatValue(target, subject)
    return `Spend at most ${most} of ${subject.name} of ${scopeWithin(goal.scope)} from ${inWords(goal.startsOn)} on`
  }
  const verb = direction === null ? 'Change' : direction === 'INCREASE' ? 'Raise' : 'Cut'
  const from = baseline === null ? '' : ` from ${formatValue(baseline, subject)} on ${inWords(baselineOn)}`
  return `${verb} ${what}${from} to ${target === null ? 'a target to be set' : formatValue(target, subject)}`
}

/** " (3 months)", where the KPI has a window that was chosen. */
function windowInWords({ conventions }: KpiDefinition, chosen: Conventions): string {
  const name = (['dsoMonths', 'ceiMonths', 'periodMonths'] as const).find((one) => conventions.includes(one))
  if (name === undefined) return ''
  const unit = chosen.calendar.kind === 'CALENDAR_MONTHS' ? 'month' : 'period'
  return ` (${chosen[name]} ${unit}${chosen[name] === 1 ? '' : 's'})`
}

/** In the middle of a sentence. */
const scopeWithin = (scope: string): string => (scope === 'All receivables' ? 'all receivables' : scope)

/** S. */
export function specificOf(goal: SmartGoal): SmartLetter {
  const sentence = smartSentence(goal)
  const lacking = lackingOf(goal)
  if (lacking.length > 0)
    return { verdict: 'FAIL', sentence: `It lacks ${lacking.join(' and ')}. ${sentence}.` }
  return goal.owner === null
    ? { verdict: 'WARN', sentence: `${sentence}. Nobody answers for it: name an owner.` }
    : { verdict: 'PASS', sentence: `${sentence}.` }
}

function lackingOf({ direction, kpi, target, band, milestones }: SmartGoal): string[] {
  if (direction === 'MILESTONES') return milestones === 0 ? ['milestones'] : []
  const aim = direction === 'MAINTAIN_BAND' ? band : target
  return [
    ...(kpi === null ? ['a KPI'] : []),
    ...(aim === null ? [direction === 'MAINTAIN_BAND' ? 'a band' : 'a target'] : []),
  ]
}

/** What is known of the KPI's value. */
export type Measurement = {
  readonly value: Exact | null
  readonly reason: NullReason | null
  /** Why there is none, where no `reason` says it. */
  readonly failure: string | null
  readonly lastPostedOn: Temporal.PlainDate | null
  /** Weeks with a value. */
  readonly points: number
}

/** M. */
export function measurableOf(goal: SmartGoal, measured: Measurement, today: Temporal.PlainDate): SmartLetter {
  const { subject, kpi } = goal
  if (goal.direction === 'MILESTONES')
    return { verdict: 'PASS', sentence: 'What is done of it is counted, day by day.' }
  if (subject === null || kpi === null)
    return { verdict: 'FAIL', sentence: 'Without a KPI there is nothing to measure: choose one.' }
  const { value, reason, failure, lastPostedOn, points } = measured
  if (value === null) {
    const why = failure ?? (reason === null ? 'the reason is unknown' : nullReasonInWords[reason])
    return { verdict: 'FAIL', sentence: `${subject.name} cannot be measured today: ${why}.` }
  }
  const stands = `Today it is ${formatValue(value, subject)}`
  const age = lastPostedOn === null ? null : daysBetween(lastPostedOn, today)
  if (kpi.theme !== 'OUTSIDE' && (age === null || age >= STALE_AFTER_DAYS)) {
    const since = lastPostedOn === null ? 'ever' : `since ${inWords(lastPostedOn)}`
    return { verdict: 'WARN', sentence: `${stands}, but nothing was posted ${since}, so it may be old.` }
  }
  if (points < POINTS_MIN) {
    const weeks = `${points} ${points === 1 ? 'week' : 'weeks'}`
    return { verdict: 'WARN', sentence: `${stands}; with a past of ${weeks} nobody can tell what is usual.` }
  }
  return {
    verdict: 'PASS',
    sentence: `${stands}, from books that are up to date, with ${points} weeks of history.`,
  }
}

export type SmartLimit = {
  readonly value: Exact
  readonly kind: 'ZERO' | 'WHOLE' | 'BEST_POSSIBLE_DSO'
}

/** Days, money and rates that can be below 0: early payment, recoveries, corrections. */
const SIGNED: ReadonlySet<KpiMetric> = new Set([
  'EXTENDED_DSO',
  'AVERAGE_DAYS_LATE',
  'DAYS_BEYOND_TERMS',
  'ADJUSTED',
  'TRANSFERRED',
  'NET_BAD_DEBT_RATE',
  'RECOVERED',
  'DEBT_SERVICE_COVERAGE',
])

/** The KPI that DSO cannot pass, by the KPI that it is the floor of. */
export const floorMetrics: { readonly [Metric in KpiMetric]?: KpiMetric } = {
  DSO: 'BEST_POSSIBLE_DSO',
  DSO_COUNT_BACK: 'BEST_POSSIBLE_DSO_COUNT_BACK',
}

/** `floor` is today's value of the KPI of `floorMetrics`. */
export function limitOf(
  { kpi, direction }: Pick<SmartGoal, 'kpi' | 'direction'>,
  floor: Exact | null,
): SmartLimit | null {
  if (kpi === null) return null
  if (direction === 'INCREASE') {
    return kpi.unit === 'PERCENT' ? { value: new Exact(100), kind: 'WHOLE' } : null
  }
  if (direction !== 'DECREASE') return null
  if (floor !== null && floorMetrics[kpi.metric] !== undefined)
    return { value: floor, kind: 'BEST_POSSIBLE_DSO' }
  return SIGNED.has(kpi.metric) ? null : { value: new Exact(0), kind: 'ZERO' }
}

export type Attainability = {
  readonly current: Exact | null
  readonly limit: SmartLimit | null
  readonly history: PastWindows | null
  /** The days that the places of the history's series stand for. */
  readonly dayAt: (place: number) => Temporal.PlainDate
  /** In percent. */
  readonly probability: number | null
}

/** Whether the target is reached, or the value lies in the band; null where either is unknown. */
export function isReachedToday({ direction, target, band }: SmartGoal, value: Exact | null): boolean | null {
  if (value === null) return null
  if (direction === 'MAINTAIN_BAND') return band && value.gte(band.low) && value.lte(band.high)
  if (target === null || direction === null || direction === 'MILESTONES' || direction === 'BUDGET')
    return null
  return direction === 'INCREASE' ? value.gte(target) : value.lte(target)
}

/** A. */
export function achievableOf(goal: SmartGoal, known: Attainability): SmartLetter {
  const { subject, direction, target } = goal
  if (direction === 'MILESTONES')
    return { verdict: 'PASS', sentence: 'What is done of a checklist is in the hands of those who do it.' }
  if (subject === null || (direction === 'MAINTAIN_BAND' ? goal.band : target) === null)
    return { verdict: 'FAIL', sentence: 'Nobody can tell before there is something to reach.' }
  if (direction === 'BUDGET') {
    const sentence =
      'How fast it is spent tells whether it lasts: set it beside what the same days of the year before took.'
    return { verdict: 'WARN', sentence }
  }
  const { current, limit } = known
  const beyond = limit !== null && target !== null && isBeyond(limit.value, target, direction)
  if (beyond) return { verdict: 'FAIL', sentence: beyondInWords(limit, target, subject) }
  const told = [probabilityInWords(known.probability), historyInWords(goal, subject, known)]
  if (direction !== 'MAINTAIN_BAND' && isReachedToday(goal, current) === true && current !== null) {
    const won = `It is won already: the value today, ${formatValue(current, subject)}, reaches the target.`
    return { verdict: 'WARN', sentence: [won, ...told].filter((part) => part !== null).join(' ') }
  }
  const sentence = told.filter((part) => part !== null).join(' ')
  if (sentence === '')
    return { verdict: 'WARN', sentence: 'The books are too young for so long a time: nobody can tell.' }
  return { verdict: isUnlikely(known) ? 'WARN' : 'PASS', sentence }
}

const isBeyond = (limit: Exact, target: Exact, direction: SmartGoal['direction']): boolean =>
  direction === 'INCREASE' ? target.gt(limit) : target.lt(limit)

/**
 * By the forecast, and by the past where that is long enough: a few tries of a forecast never make anything unlikely, for
 * what did not happen in them may happen.
 */
function isUnlikely({ probability, history }: Attainability): boolean {
  const isTelling = history !== null && history.windows >= POINTS_MIN
  if (isTelling && history.reached === 0) return true
  return probability === null ? !isTelling : probability < LIKELY_MIN
}

function beyondInWords({ value, kind }: SmartLimit, target: Exact, subject: Subject): string {
  const [limit, wanted] = [formatValue(value, subject), formatValue(target, subject)]
  switch (kind) {
    case 'BEST_POSSIBLE_DSO':
      return `Even with nothing past due ${subject.name} would be ${limit} today, so ${wanted} takes shorter terms, not better collection.`
    case 'ZERO':
      return `${subject.name} cannot fall below ${limit}, so ${wanted} cannot be reached.`
    case 'WHOLE':
      return `${subject.name} cannot rise above ${limit}, so ${wanted} cannot be reached.`
  }
}

const probabilityInWords = (probability: number | null): string | null => {
  if (probability === null) return null
  const likely = `If it goes on as it did, it is ${Math.round(probability)} % likely to be reached by the deadline.`
  return probability < LIKELY_MIN ? `${likely} Something must change.` : likely
}

function historyInWords(
  { band }: SmartGoal,
  subject: Subject,
  { history, dayAt }: Attainability,
): string | null {
  if (history === null || history.windows === 0) return null
  const { weeks, windows, reached, needed, best } = history
  const spans = windows === 1 ? 'the one span' : `${windows} spans`
  const length = weeks === 1 ? 'a week' : `${weeks} weeks`
  const often = reached === 0 ? 'Never' : `In ${reached} of`
  if (needed === null) {
    const stayed = band === null ? '' : `${often} ${reached === 0 ? `in ${spans}` : spans} of ${length}`
    return `${stayed} that began within the band it ended within.`
  }
  const asked = changeInWords(needed, subject, history.isRelative)
  const told = `${often} ${reached === 0 ? `in ${spans}` : spans} of ${length} in the past it ${asked} or more.`
  if (best === null || Math.sign(best.change) !== Math.sign(needed)) return told
  const record = changeInWords(best.change, subject, history.isRelative)
  return `${told} At best it ${record}, from ${inWords(dayAt(best.from))} to ${inWords(dayAt(best.to))}.`
}

/** "fell by 8.2 days", "rose by 12.5 %". */
function changeInWords(change: number, subject: Subject, isRelative: boolean): string {
  const size = new Exact(Math.abs(change))
  const text = isRelative ? `${size.toFixed(1)} %` : formatDifference(size, subject)
  return `${change < 0 ? 'fell' : 'rose'} by ${text}`
}

/** What is known of a goal's time; all null without a deadline. */
export type SmartTime = {
  readonly daysLeft: number | null
  readonly weeklyPoints: number | null
  readonly periodEnds: number | null
  readonly isPeriodEnd: boolean | null
  readonly nearestPeriodEnd: Temporal.PlainDate | null
}

export function timeOf(
  { startsOn, deadline, conventions: { calendar } }: SmartGoal,
  today: Temporal.PlainDate,
): SmartTime {
  if (deadline === null)
    return { daysLeft: null, weeklyPoints: null, periodEnds: null, isPeriodEnd: null, nearestPeriodEnd: null }
  const from = isBefore(startsOn, today) ? today : startsOn
  const [first, last] = [dayOf(from), dayOf(deadline)]
  let periodEnds = 0
  for (let end = periodOf(first + 1, calendar).to; end <= last; end = periodOf(end + 1, calendar).to)
    periodEnds++
  const { from: begin, to: end } = periodOf(last, calendar)
  return {
    daysLeft: daysBetween(today, deadline),
    weeklyPoints: Math.max(0, Math.floor((last - first) / DAYS_PER_WEEK)),
    periodEnds,
    isPeriodEnd: end === last,
    nearestPeriodEnd: dateOf(end - last <= last - (begin - 1) ? end : begin - 1),
  }
}

/** T. */
export function timeBoundOf(goal: SmartGoal, time: SmartTime): SmartLetter {
  const { deadline, startsOn, kpi } = goal
  const { daysLeft, weeklyPoints, periodEnds, isPeriodEnd, nearestPeriodEnd } = time
  if (deadline === null || daysLeft === null || weeklyPoints === null || periodEnds === null)
    return { verdict: 'FAIL', sentence: 'It has no deadline.' }
  const end = inWords(deadline)
  if (daysLeft < 0) return { verdict: 'FAIL', sentence: `Its deadline, ${end}, has passed.` }
  if (!isBefore(startsOn, deadline))
    return { verdict: 'FAIL', sentence: `Its deadline, ${end}, does not lie after its first day.` }
  const left = `${daysLeft} ${daysLeft === 1 ? 'day' : 'days'} left, until ${end}`
  const ofPeriods = kpi !== null && kpi.conventions.includes('periodMonths')
  if (weeklyPoints < WEEKS_MIN)
    return {
      verdict: 'WARN',
      sentence: `${left}: too short to see a change and to act on it; give it four weeks.`,
    }
  if (ofPeriods && periodEnds < 2) {
    const ends = periodEnds === 0 ? 'no period ends' : 'only one period ends'
    return {
      verdict: 'WARN',
      sentence: `${left}: ${ends} until then, and its value is one of whole periods.`,
    }
  }
  if (ofPeriods && !isPeriodEnd && nearestPeriodEnd !== null) {
    const nearest = inWords(nearestPeriodEnd)
    return { verdict: 'WARN', sentence: `${left}, in the middle of a period: ${nearest} is the end of one.` }
  }
  const closing = isPeriodEnd ? ', the end of a period' : ''
  return { verdict: 'PASS', sentence: `${left}${closing}: ${weeklyPoints} weeks to look at it.` }
}
