/** The conditions of alert rules: what they say of a goal or a KPI, in figures and in words. */
import { formatDifference, formatValue, is, type Subject } from './goal-words.ts'
import type { GoalStatus } from './goal-status.ts'
import { rolesInWords, type ToldRole } from './credit-policy.ts'
import { Exact } from './money.ts'
import type { AlertReading } from './alert-state.ts'

export type AlertConditionKind =
  | 'STATUS'
  | 'PROBABILITY_BELOW'
  | 'BEHIND_BY'
  | 'AHEAD_BY'
  | 'MILESTONE'
  | 'REVIEW_OVERDUE'
  | 'ABOVE'
  | 'BELOW'
  | 'CHANGE_UP'
  | 'CHANGE_DOWN'
  | 'OVER_LIMIT'
  | 'ESCALATION'

/** Plain data, as it is stored. Numbers are exact decimals as text. */
export type AlertCondition =
  | { readonly kind: 'STATUS'; readonly statuses: readonly AlertableStatus[] }
  | { readonly kind: 'MILESTONE' }
  | { readonly kind: 'REVIEW_OVERDUE' }
  /** Of customers, each with an alert of its own: `live/credit-watch.ts` finds them. */
  | { readonly kind: 'OVER_LIMIT' }
  /** Likewise, for each step of the credit policy that wants one of these roles to be told. */
  | { readonly kind: 'ESCALATION'; readonly roles: readonly ToldRole[] }
  | { readonly kind: 'CHANGE_UP' | 'CHANGE_DOWN'; readonly threshold: string; readonly days: number }
  | {
      readonly kind: 'PROBABILITY_BELOW' | 'BEHIND_BY' | 'AHEAD_BY' | 'ABOVE' | 'BELOW'
      readonly threshold: string
    }

/** Watches what customers use of their credit, and is looked after by `live/credit-watch.ts` and not by evaluations. */
export const isOnCredit = ({ kind }: AlertCondition): boolean => CREDIT_KINDS.some((one) => one === kind)

export const CREDIT_KINDS = ['OVER_LIMIT', 'ESCALATION'] as const satisfies readonly AlertConditionKind[]

/** With the statuses that no judgement gives, but a person. */
export type AlertableStatus = GoalStatus | 'ABANDONED'

/** What is known of a goal or a KPI at a moment. What a rule on a KPI does not have is null. */
export type AlertSight = {
  readonly value: Exact | null
  /** Why there is no value, or how the goal stands: a sentence. */
  readonly words: string
  readonly status: AlertableStatus | null
  /** In percent. */
  readonly probability: Exact | null
  /** How much worse than its trajectory the goal's value is, or how far outside its band; below 0 it is better. */
  readonly behind: Exact | null
  /** Milestones done, or quarters of the way. */
  readonly level: number | null
  /** Reviews of the goal that are overdue; null where nobody looked. */
  readonly overdueReviews: number | null
  /** The value so many days before, for a condition of change. */
  readonly before: Exact | null
}

/** Statuses that tell nothing of how the goal does. */
const WITHOUT_DATA: ReadonlySet<AlertableStatus> = new Set(['NO_DATA', 'STALE', 'INSUFFICIENT_DATA'])
const GOOD: ReadonlySet<AlertableStatus> = new Set(['ON_TRACK', 'ACHIEVED'])

/** Above the threshold is beyond for these; for the others below it is. */
const UPWARD: ReadonlySet<AlertConditionKind> = new Set([
  'BEHIND_BY',
  'AHEAD_BY',
  'ABOVE',
  'CHANGE_UP',
  'CHANGE_DOWN',
])

export const isUpward = ({ kind }: AlertCondition): boolean => UPWARD.has(kind)

/** Whether a rule tells of what went well; then nobody has to hear when it is over. */
export const isGoodNews = (condition: AlertCondition): boolean =>
  condition.kind === 'MILESTONE' ||
  condition.kind === 'AHEAD_BY' ||
  (condition.kind === 'STATUS' && condition.statuses.every((status) => GOOD.has(status)))

/** The number that is held against the threshold; null where there is none. */
export function figureOf(condition: AlertCondition, sight: AlertSight): Exact | null {
  const { value, before, behind, probability } = sight
  switch (condition.kind) {
    case 'STATUS':
    case 'MILESTONE':
      return value
    case 'REVIEW_OVERDUE':
    case 'OVER_LIMIT':
    case 'ESCALATION':
      return null
    case 'PROBABILITY_BELOW':
      return probability
    case 'BEHIND_BY':
      return behind
    case 'AHEAD_BY':
      return behind === null ? null : behind.negated()
    case 'ABOVE':
    case 'BELOW':
      return value
    case 'CHANGE_UP':
      return value === null || before === null ? null : value.minus(before)
    case 'CHANGE_DOWN':
      return value === null || before === null ? null : before.minus(value)
  }
}

/** What the condition says. `recovery` is null where the threshold itself ends an alert. */
export function readCondition(
  condition: AlertCondition,
  recovery: string | null,
  sight: AlertSight,
): AlertReading {
  if (condition.kind === 'STATUS') return readStatus(condition.statuses, sight)
  if (condition.kind === 'OVER_LIMIT' || condition.kind === 'ESCALATION') return { kind: 'NO_DATA' }
  if (condition.kind === 'REVIEW_OVERDUE') {
    const { overdueReviews: count } = sight
    return count === null ? { kind: 'NO_DATA' } : { kind: 'FIGURE', isBeyond: count > 0, isWell: count === 0 }
  }
  // What has not begun, and what is reached, is neither behind nor in danger.
  if (sight.status === 'PENDING_START') return { kind: 'FIGURE', isBeyond: false, isWell: true }
  if (condition.kind === 'MILESTONE') {
    return sight.level === null ? { kind: 'NO_DATA' } : { kind: 'LEVEL', level: sight.level }
  }
  if (condition.kind === 'PROBABILITY_BELOW' && (sight.status === 'ACHIEVED' || sight.status === 'MISSED')) {
    const isMissed = sight.status === 'MISSED'
    return { kind: 'FIGURE', isBeyond: isMissed, isWell: !isMissed }
  }
  const figure = figureOf(condition, sight)
  if (figure === null) return { kind: 'NO_DATA' }
  const threshold = new Exact(condition.threshold)
  const well = recovery === null ? threshold : new Exact(recovery)
  return isUpward(condition)
    ? { kind: 'FIGURE', isBeyond: figure.gt(threshold), isWell: figure.lte(well) }
    : { kind: 'FIGURE', isBeyond: figure.lt(threshold), isWell: figure.gte(well) }
}

function readStatus(statuses: readonly AlertableStatus[], { status }: AlertSight): AlertReading {
  if (status === null) return { kind: 'NO_DATA' }
  const isBeyond = statuses.includes(status)
  if (!isBeyond && WITHOUT_DATA.has(status)) return { kind: 'NO_DATA' }
  return { kind: 'FIGURE', isBeyond, isWell: !isBeyond }
}

/** What is wrong with a threshold for recovery; null where nothing is. */
export function recoveryFault(condition: AlertCondition, recovery: string | null): string | null {
  if (recovery === null) return null
  if (!('threshold' in condition))
    return 'Statuses, milestones and reviews have no threshold, so there is none to recover at either'
  const [threshold, well] = [new Exact(condition.threshold), new Exact(recovery)]
  const isRight = isUpward(condition) ? well.lte(threshold) : well.gte(threshold)
  return isRight
    ? null
    : `It lies on the bad side of the threshold: give ${condition.threshold} or ${isUpward(condition) ? 'less' : 'more'}, or leave it out`
}

const STATUS_WORDS: Readonly<Record<AlertableStatus, string>> = {
  PENDING_START: 'waiting for its first day',
  ON_TRACK: 'on track',
  AT_RISK: 'at risk',
  OFF_TRACK: 'off track',
  ACHIEVED: 'achieved',
  MISSED: 'missed',
  NO_DATA: 'without data',
  STALE: 'stale',
  INSUFFICIENT_DATA: 'without enough data',
  ABANDONED: 'given up',
}

/** "DSO is above 45.0 days", "The goal is off track or missed": a sentence without its full stop. */
export function conditionInWords(condition: AlertCondition, subject: Subject): string {
  switch (condition.kind) {
    case 'STATUS':
      return `The goal is ${condition.statuses.map((status) => STATUS_WORDS[status]).join(' or ')}`
    case 'MILESTONE':
      return 'A milestone is reached'
    case 'REVIEW_OVERDUE':
      return 'A review of the goal is overdue'
    case 'OVER_LIMIT':
      return 'A customer uses more than its credit limit'
    case 'ESCALATION':
      return `A customer owes for so long that the credit policy wants ${rolesInWords(condition.roles)} to be told`
    case 'PROBABILITY_BELOW':
      return `The goal is less than ${condition.threshold} % likely to be reached`
    case 'BEHIND_BY':
      return `${is(subject)} more than ${formatDifference(new Exact(condition.threshold), subject)} worse than the trajectory`
    case 'AHEAD_BY':
      return `${is(subject)} more than ${formatDifference(new Exact(condition.threshold), subject)} better than the trajectory`
    case 'ABOVE':
      return `${is(subject)} above ${formatValue(new Exact(condition.threshold), subject)}`
    case 'BELOW':
      return `${is(subject)} below ${formatValue(new Exact(condition.threshold), subject)}`
    case 'CHANGE_UP':
      return `${subject.name} went up by more than ${formatDifference(new Exact(condition.threshold), subject)} in ${daysInWords(condition.days)}`
    case 'CHANGE_DOWN':
      return `${subject.name} went down by more than ${formatDifference(new Exact(condition.threshold), subject)} in ${daysInWords(condition.days)}`
  }
}

const daysInWords = (days: number): string => (days === 1 ? 'a day' : `${days} days`)

/** How things stand, in a sentence: for a goal as its status says, for a KPI its value. */
export function sightInWords(condition: AlertCondition, sight: AlertSight, subject: Subject): string {
  const { value, before, words, status, overdueReviews } = sight
  if (condition.kind === 'REVIEW_OVERDUE' && overdueReviews !== null) {
    const [count, verb] = overdueReviews === 1 ? ['1 review', 'is'] : [`${overdueReviews} reviews`, 'are']
    return `${overdueReviews === 0 ? 'No review' : count} of the goal ${overdueReviews === 0 ? 'is' : verb} overdue.`
  }
  if (status !== null || value === null) return words
  const stands = `${is(subject)} ${formatValue(value, subject)}`
  if ((condition.kind === 'CHANGE_UP' || condition.kind === 'CHANGE_DOWN') && before !== null) {
    return `${stands}, and was ${formatValue(before, subject)} ${daysInWords(condition.days)} before.`
  }
  return `${stands}.`
}
