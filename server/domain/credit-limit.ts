/** Which of a customer's credit limits is in force on a day. */
import type { Day } from './day.ts'
import type { Money } from './money.ts'

/** What a customer may owe at most; `amount` only where the state is AMOUNT, and 0 means prepayment only. */
export type CreditLimit = {
  readonly state: 'NOT_SET' | 'UNLIMITED' | 'AMOUNT'
  readonly amount: Money | null
}

/** A decision: a limit, and the days on which it holds unless a later one begins. */
export type DatedLimit = CreditLimit & {
  /** Of the customer; a later decision has a greater one. */
  readonly version: number
  readonly effectiveOn: Day
  /** The last day of a temporary limit; null for one that holds for good. */
  readonly until: Day | null
}

/** Days in a row on which one limit is in force; `through` is null where nothing else is decided. */
export type LimitSpan = CreditLimit & { readonly from: Day; readonly through: Day | null }

/**
 * Of the decisions that hold on the day, the one that began last; of several that began on one day, the latest. So where a
 * temporary limit ends the one before holds again, and whatever is set from today on is in force today. Null where none
 * holds, which is NOT_SET.
 */
export function limitOn(limits: readonly DatedLimit[], day: Day): DatedLimit | null {
  let found: DatedLimit | null = null
  for (const limit of limits) {
    if (limit.effectiveOn > day || (limit.until !== null && limit.until < day)) continue
    if (found === null || isLater(limit, found)) found = limit
  }
  return found
}

const isLater = (a: DatedLimit, b: DatedLimit): boolean =>
  a.effectiveOn === b.effectiveOn ? a.version > b.version : a.effectiveOn > b.effectiveOn

export const NOT_SET: CreditLimit = { state: 'NOT_SET', amount: null }

/** What is in force on the day. */
export const creditLimitOn = (limits: readonly DatedLimit[], day: Day): CreditLimit => {
  const { state, amount } = limitOn(limits, day) ?? NOT_SET
  return { state, amount }
}

/** The last day up to which nothing else comes into force than on the day; null where that is so for good. */
export function throughOf(limits: readonly DatedLimit[], day: Day): Day | null {
  const inForce = limitOn(limits, day)
  for (const edge of edgesAfter(limits, day)) {
    if (limitOn(limits, edge) !== inForce) return edge - 1
  }
  return null
}

/** From the day on, for good: the days follow each other without gaps, and no two neighbours are alike. */
export function scheduleFrom(limits: readonly DatedLimit[], day: Day): LimitSpan[] {
  const spans: LimitSpan[] = []
  for (const from of [day, ...edgesAfter(limits, day)]) {
    const limit = creditLimitOn(limits, from)
    const before = spans.at(-1)
    if (before !== undefined && isSameLimit(before, limit)) continue
    if (before !== undefined) spans[spans.length - 1] = { ...before, through: from - 1 }
    spans.push({ ...limit, from, through: null })
  }
  return spans
}

/**
 * What would be in force on the days on which a decision is, were it not there: on its first day, and after it what differs.
 * A limit that goes on where a temporary one would have ended takes the place of the lower one that would have come.
 */
export function replacedBy(limits: readonly DatedLimit[], decided: DatedLimit): CreditLimit[] {
  const all = [...limits, decided]
  const replaced: CreditLimit[] = []
  for (const day of [decided.effectiveOn, ...edgesAfter(all, decided.effectiveOn)]) {
    if (limitOn(all, day) !== decided) continue
    const before = creditLimitOn(limits, day)
    if (!replaced.some((known) => isSameLimit(known, before))) replaced.push(before)
  }
  return replaced
}

/** The days after `day` on which a decision begins, or is over. */
const edgesAfter = (limits: readonly DatedLimit[], day: Day): Day[] => {
  const edges = limits.flatMap(({ effectiveOn, until }) =>
    until === null ? [effectiveOn] : [effectiveOn, until + 1],
  )
  return [...new Set(edges.filter((edge) => edge > day))].toSorted((a, b) => a - b)
}

export const isSameLimit = (a: CreditLimit, b: CreditLimit): boolean =>
  a.state === b.state && a.amount?.minor === b.amount?.minor && a.amount?.currency === b.amount?.currency

/** Whether a review had to be before the day. */
export const isReviewOverdue = (nextReviewOn: Day | null, today: Day): boolean =>
  nextReviewOn !== null && nextReviewOn < today
