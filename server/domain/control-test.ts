/**
 * Tests of controls, as auditors run them: which there are, what of an item is an exception, and how many are sampled.
 * They say what the books hold; whether a control is effective is for a person to say.
 */
import type { Day } from './day.ts'
import { formatDay } from './day.ts'

export const CONTROL_TESTS = [
  'LIMITS_ABOVE_AUTHORITY',
  'LIMITS_IN_SMALL_STEPS',
  'LIMITS_WITHOUT_REASON',
  'LIMITS_OUTSIDE_POLICY',
  'RELEASES_OVER_LIMIT',
  'HOLDS_RELEASED_BY_PLACER',
  'WRITE_OFFS_WITHOUT_REASON',
  'RE_DATES_WITHOUT_REASON',
  'CREDIT_NOTES_WITHOUT_REASON',
  'ADJUSTMENTS_WITHOUT_REASON',
  'REQUESTER_IS_APPROVER',
  'DORMANT_UNLIMITED',
  'REVIEWS_OVERDUE',
] as const

export type ControlTestId = (typeof CONTROL_TESTS)[number]

export type ControlTestText = {
  readonly name: string
  /** What could go wrong, and what is there against it. */
  readonly objective: string
  readonly population: string
  readonly exception: string
}

const WITHOUT_REASON = 'No reason was given, or one that is no word.'

export const controlTestTexts: Readonly<Record<ControlTestId, ControlTestText>> = {
  LIMITS_ABOVE_AUTHORITY: {
    name: 'Credit limits above authority',
    objective: 'Nobody grants more credit than they may, alone or with the approval that it needs.',
    population: 'Credit limits that were set in the period.',
    exception:
      'More than the token may set by its ceiling, or than the authority matrix lets that person decide, without an approval.',
  },
  LIMITS_IN_SMALL_STEPS: {
    name: 'Credit limits raised in small steps',
    objective: 'Nobody grants bit by bit what they may not grant at once.',
    population: 'Credit limits that were set in the period.',
    exception:
      'Within authority by itself, and beyond it with what was decided alone for the customer, or by the same person, in the window of the authority matrix.',
  },
  LIMITS_WITHOUT_REASON: {
    name: 'Credit limits without a reason',
    objective: 'Each credit limit can be understood by somebody who was not there.',
    population: 'Credit limits that were set in the period.',
    exception: WITHOUT_REASON,
  },
  LIMITS_OUTSIDE_POLICY: {
    name: 'Credit limits outside the policy',
    objective: 'Credit limits stay within what the policy in force allows for the customer.',
    population: 'Credit limits that were set in the period.',
    exception:
      'A limit while the customer was on hold, or more than the policy of that day grants to the risk class or rating.',
  },
  RELEASES_OVER_LIMIT: {
    name: 'Releases over the limit',
    objective: 'Goods leave only where the credit allows it.',
    population: 'Releases and shipments of orders in the period.',
    exception: 'The credit did not allow it, and somebody let it go all the same.',
  },
  HOLDS_RELEASED_BY_PLACER: {
    name: 'Holds released by who placed them',
    objective: 'Two people are needed to stop and to resume deliveries on credit.',
    population: 'Releases of credit holds in the period.',
    exception: 'The same person had placed it, by themselves or through a token.',
  },
  WRITE_OFFS_WITHOUT_REASON: {
    name: 'Write-offs without a reason',
    objective: 'Debts are given up for reasons that can be followed.',
    population: 'Write-offs that were recorded in the period, and their reversals.',
    exception: WITHOUT_REASON,
  },
  RE_DATES_WITHOUT_REASON: {
    name: 'Due dates moved without a reason',
    objective: 'Overdue bills are not made current by another due date.',
    population: 'Due dates that were moved in the period.',
    exception: WITHOUT_REASON,
  },
  CREDIT_NOTES_WITHOUT_REASON: {
    name: 'Credit notes without a reason',
    objective: 'Receivables are reduced for reasons that can be followed.',
    population: 'Credit notes that were recorded in the period.',
    exception: WITHOUT_REASON,
  },
  ADJUSTMENTS_WITHOUT_REASON: {
    name: 'Manual adjustments without a reason',
    objective: 'Bills are changed by hand for reasons that can be followed.',
    population: 'Adjustments, corrections and voids of bills that were recorded in the period.',
    exception: WITHOUT_REASON,
  },
  REQUESTER_IS_APPROVER: {
    name: 'Requester and approver are one',
    objective: 'Whoever asks for something does not approve it.',
    population: 'Approvals that were given in the period, and orders that were let go against the credit.',
    exception:
      'The same person asked and approved, or recorded the order and let it go, by themselves or through a token.',
  },
  DORMANT_UNLIMITED: {
    name: 'Dormant customers without a limit',
    objective: 'Nobody has credit without end who is not traded with.',
    population: 'Customers with an unlimited credit at the end of the period.',
    exception: 'Nothing was billed or ordered in the twelve months before.',
  },
  REVIEWS_OVERDUE: {
    name: 'Overdue credit reviews',
    objective: 'Credit is looked at again when it is due.',
    population: 'Reviews of credit that fell due in the period.',
    exception: 'It was done after its day, or not by the end of the period.',
  },
}

/**
 * How many items are drawn: the table of frequencies by which auditors test controls (one a year: 1, a quarter: 2, a month: 2,
 * a week: 5, a day: 25, more often: 40; practice after the AICPA's Audit Sampling guide, the upper ends taken).
 */
export function sampleSizeOf(population: number): number {
  for (const [most, size] of SIZES) if (population <= most) return Math.min(population, size)
  return SIZE_MAX
}

const SIZES = [
  [1, 1],
  [4, 2],
  [12, 3],
  [52, 8],
  [250, 25],
] as const
const SIZE_MAX = 40

/** Null where it is one: a reason has a word in it. */
export const faultOfReason = (reason: string | null): string | null => {
  const text = (reason ?? '').trim()
  if (text === '') return 'No reason was given.'
  return /\p{L}{2}/u.test(text) ? null : `"${text}" is no reason.`
}

/** What a review came to: `done` is the day of the first one after it was asked for; null where there was none. */
export type DueReview = { readonly dueOn: Day; readonly done: Day | null; readonly until: Day }

export function faultOfReview({ dueOn, done, until }: DueReview): string | null {
  if (done !== null && done <= dueOn) return null
  if (done !== null && done <= until)
    return `It was due on ${formatDay(dueOn)} and done on ${formatDay(done)}.`
  // What falls due on the last day has that day left.
  return dueOn >= until ? null : `It was due on ${formatDay(dueOn)} and not done by ${formatDay(until)}.`
}

export type GrantedLimit = {
  readonly state: 'NOT_SET' | 'UNLIMITED' | 'AMOUNT'
  /** In minor units of the base currency; null where it is no amount, or a rate is missing. */
  readonly amount: bigint | null
}

/** Beyond a ceiling: an unlimited credit too. An amount without a rate is one that nobody could check. */
export const isBeyond = ({ state, amount }: GrantedLimit, ceiling: bigint | null): boolean =>
  ceiling !== null && state !== 'NOT_SET' && (state === 'UNLIMITED' || amount === null || amount > ceiling)
