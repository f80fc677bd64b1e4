/** Whether an order may go out on credit. */
import type { CreditLimit } from './credit-limit.ts'
import { isReviewOverdue } from './credit-limit.ts'
import { formatDay, type Day } from './day.ts'
import { groupCommitted } from './exposure.ts'
import { pastDueSteps, type PastDueStep, type PolicyClass, type RatingLimit } from './credit-policy.ts'
import { formatMinor, type Money } from './money.ts'
import { rateInWords, type MissingRate } from './rates.ts'

/** From the best to the worst. */
export const OUTCOMES = ['ALLOW', 'REVIEW', 'BLOCK'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** By which rules credit is decided. */
export type CreditPolicy = {
  /** 0 for the defaults. */
  readonly version: number
  readonly countedOrders: 'NONE' | 'RELEASED' | 'ALL'
  /** A receipt can bounce for so many days, counted from the day on which it came. */
  readonly clearingDays: number
  readonly insuranceCounts: boolean
  /** By how much a limit may be exceeded, in hundredths of a percent of it. */
  readonly toleranceBasisPoints: number
  /** What comes of exceeding it by more. */
  readonly overLimit: Outcome
  /** More than `pastDueAmount` (base currency) past due for more than `pastDueDays` leads to `pastDue`. */
  readonly pastDueDays: number
  readonly pastDueAmount: bigint
  readonly pastDue: Outcome
  /** The first day on which it holds; null for the defaults, which hold where nothing else does. */
  readonly effectiveOn: Day | null
  /** What comes of being late for longer: by their days, each more than the one before. */
  readonly escalation: readonly PastDueStep[]
  /** The greatest limit that a class is granted, in the base currency; a class that is left out is granted any. */
  readonly classLimits: Readonly<Partial<Record<PolicyClass, bigint>>>
  readonly ratingLimits: readonly RatingLimit[]
  /** What comes of using more than class and ratings are granted. */
  readonly overGranted: Outcome
  /** After how many months a customer of the class is reviewed again; one that is left out when somebody says so. */
  readonly reviewMonths: Readonly<Partial<Record<PolicyClass, number>>>
}

/** Where an organization has set none. */
export const DEFAULT_POLICY: CreditPolicy = {
  version: 0,
  countedOrders: 'RELEASED',
  clearingDays: 3,
  insuranceCounts: false,
  toleranceBasisPoints: 0,
  overLimit: 'BLOCK',
  pastDueDays: 30,
  pastDueAmount: 0n,
  pastDue: 'REVIEW',
  effectiveOn: null,
  escalation: [],
  classLimits: {},
  ratingLimits: [],
  overGranted: 'REVIEW',
  reviewMonths: {},
}

export type ReasonCode =
  | 'ON_HOLD'
  | 'LIMIT_NOT_SET'
  | 'PREPAYMENT_ONLY'
  | 'OVER_LIMIT'
  | 'OVER_POLICY_LIMIT'
  | 'WITHIN_TOLERANCE'
  | 'REVIEW_OVERDUE'
  | 'PAST_DUE'
  | 'RATE_MISSING'

export type DecisionReason = {
  readonly code: ReasonCode
  /** What this reason alone would lead to. */
  readonly outcome: Outcome
  /** The number of the customer that it is about: the one who ordered, or one above. */
  readonly customer: string
  readonly message: string
}

/** A customer who ordered, or one above. */
export type Level = {
  readonly number: string
  /** The one who ordered. */
  readonly isOwn: boolean
  readonly limit: CreditLimit
  readonly holdReason: string | null
  readonly isHeld: boolean
  readonly nextReviewOn: Day | null
  /** In the currency of the limit, where it is an amount. */
  readonly use: LevelUse | MissingRate | null
  /** What the policy grants to the customer, with what is used in the currency of that; left out where it does not say. */
  readonly granted?: { readonly most: Money; readonly use: LevelUse | MissingRate }
}

/** In minor units of the limit's currency. */
export type LevelUse = {
  /** Of the customer who ordered. */
  readonly own: bigint
  /** Of every other member of the level's group. */
  readonly others: readonly bigint[]
  /** What the order would add. */
  readonly order: bigint
}

export const isUse = (use: LevelUse | MissingRate | null): use is LevelUse => use !== null && 'own' in use

/** What the level uses, without the order and with it. */
export const usedBy = ({ own, others, order }: LevelUse): { before: bigint; after: bigint } => ({
  before: groupCommitted([own, ...others]),
  after: groupCommitted([own + order, ...others]),
})

export type PastDue = {
  /** In the base currency, of what is past due for longer than the policy grants. */
  readonly amount: Money | MissingRate
}

export type DecisionInput = {
  /** From the customer who ordered up to the top. */
  readonly levels: readonly Level[]
  /** One for each of the policy's steps. */
  readonly pastDue: readonly PastDue[]
  readonly policy: CreditPolicy
  readonly today: Day
}

export type Decided = { readonly outcome: Outcome; readonly reasons: readonly DecisionReason[] }

/** A reason before anybody reads it: a sentence costs more than finding that there is one. */
export type Finding = Omit<DecisionReason, 'message'> & { readonly message: () => string }

export type Judged = { readonly outcome: Outcome; readonly findings: readonly Finding[] }

/** The worst that any reason leads to; without a reason the order is allowed. */
export function decideCredit(input: DecisionInput): Decided {
  const { outcome, findings } = judgeCredit(input)
  return { outcome, reasons: findings.map(({ message, ...reason }) => ({ ...reason, message: message() })) }
}

/** The same without its sentences, for those who decide a hundred thousand times. */
export function judgeCredit({ levels, pastDue, policy, today }: DecisionInput): Judged {
  const own = levels.find(({ isOwn }) => isOwn)
  const findings = [
    ...levels.flatMap((level) => reasonsOf(level, policy, today)),
    ...(own === undefined
      ? []
      : [...reasonsOfGranted(own, policy), ...reasonsOfPastDue(own, pastDue, policy)]),
  ]
  return { outcome: worst(findings.map(({ outcome }) => outcome)), findings }
}

const worst = (outcomes: readonly Outcome[]): Outcome =>
  outcomes.reduce<Outcome>((a, b) => (OUTCOMES.indexOf(b) > OUTCOMES.indexOf(a) ? b : a), 'ALLOW')

type Because = (code: ReasonCode, outcome: Outcome, message: () => string) => Finding

const becauseOf =
  (number: string): Because =>
  (code, outcome, message) => ({ code, outcome, customer: number, message })

function reasonsOf(level: Level, policy: CreditPolicy, today: Day): Finding[] {
  const { number, isOwn, limit, isHeld, holdReason, nextReviewOn } = level
  const because = becauseOf(number)
  const reasons: Finding[] = []
  if (isHeld)
    reasons.push(
      because('ON_HOLD', 'BLOCK', () => `Customer ${number} is on credit hold: ${holdReason ?? ''}`),
    )
  // Above, no limit means that the group has none: each member has its own.
  if (limit.state === 'NOT_SET' && isOwn) {
    const told = () => `Nobody has decided on a credit limit for customer ${number}`
    reasons.push(because('LIMIT_NOT_SET', 'REVIEW', told))
  }
  if (nextReviewOn !== null && isReviewOverdue(nextReviewOn, today) && (isOwn || limit.state !== 'NOT_SET')) {
    const told = () => `The credit of customer ${number} had to be reviewed by ${formatDay(nextReviewOn)}`
    reasons.push(because('REVIEW_OVERDUE', 'REVIEW', told))
  }
  return [...reasons, ...reasonsOfLimit(level, policy, because)]
}

const inWords = (minor: bigint, currency: string): string => `${formatMinor({ minor, currency })} ${currency}`

function reasonsOfLimit(
  { number, limit, use }: Level,
  { toleranceBasisPoints, overLimit }: CreditPolicy,
  because: Because,
): Finding[] {
  const { amount } = limit
  if (amount === null || use === null) return []
  if (!isUse(use)) return [because('RATE_MISSING', 'REVIEW', () => rateInWords(use))]
  const { before, after } = usedBy(use)
  // Exactly the limit is allowed. Who adds nothing may be over it without a new order: shipping checks that, too.
  if (after <= amount.minor) return []
  const money = (minor: bigint) => inWords(minor, amount.currency)
  const told = () =>
    `With it customer ${number} would use ${money(after)} of a limit of ${money(amount.minor)} (${money(before)} without it)`
  if (after <= toleratedOf(amount.minor, toleranceBasisPoints))
    return [because('WITHIN_TOLERANCE', 'ALLOW', () => `${told()}, which the policy tolerates`)]
  if (amount.minor === 0n)
    return [because('PREPAYMENT_ONLY', 'BLOCK', () => `Customer ${number} pays in advance: ${told()}`)]
  return [because('OVER_LIMIT', overLimit, told)]
}

/** The tolerance is the one of limits. */
function reasonsOfGranted(
  { number, granted }: Level,
  { toleranceBasisPoints, overGranted }: CreditPolicy,
): Finding[] {
  if (granted === undefined) return []
  const { most, use } = granted
  const because = becauseOf(number)
  if (!isUse(use)) return [because('RATE_MISSING', 'REVIEW', () => rateInWords(use))]
  const { after } = usedBy(use)
  if (after <= toleratedOf(most.minor, toleranceBasisPoints)) return []
  const told = () =>
    `With it customer ${number} would use ${inWords(after, most.currency)}; the policy grants at most ${inWords(most.minor, most.currency)} to its class and ratings`
  return [because('OVER_POLICY_LIMIT', overGranted, told)]
}

/** The most that may be used with tolerance; rounded down. */
export const toleratedOf = (limit: bigint, basisPoints: number): bigint =>
  limit + (limit * BigInt(basisPoints)) / 10_000n

/** Of all steps that are reached, the one that leads to the worst; of several of these the one of the most days. */
function reasonsOfPastDue({ number }: Level, pastDue: readonly PastDue[], policy: CreditPolicy): Finding[] {
  const because = becauseOf(number)
  let found: { readonly step: PastDueStep; readonly late: Money } | null = null
  for (const [index, step] of pastDueSteps(policy).entries()) {
    const late = pastDue[index]?.amount
    if (late === undefined) continue
    if (!('minor' in late)) return [because('RATE_MISSING', 'REVIEW', () => rateInWords(late))]
    if (late.minor <= step.amount) continue
    if (found === null || OUTCOMES.indexOf(step.outcome) >= OUTCOMES.indexOf(found.step.outcome))
      found = { step, late }
  }
  if (found === null) return []
  const { step, late } = found
  const told = () => {
    const money = (minor: bigint) => inWords(minor, late.currency)
    return `${money(late.minor)} of customer ${number} is past due for more than ${step.days} days; ${money(step.amount)} is tolerated`
  }
  return [because('PAST_DUE', step.outcome, told)]
}
