/**
 * The formulas, each with its source. They divide exactly, round nothing, and answer an unknown with its reason:
 * never 0, NaN or Infinity.
 */
import type { MonthAmount, NullReason, Outcome } from './kpi.ts'
import { Exact } from './money.ts'

export const known = (value: Exact): Outcome => ({ value, reason: null, numerator: null, denominator: null })

export const unknown = (reason: NullReason): Outcome => ({
  value: null,
  reason,
  numerator: null,
  denominator: null,
})

/** numerator / denominator; where the denominator is not above 0 there is nothing to divide by, for `reason`. */
export const quotient = (numerator: Exact, denominator: Exact, reason: NullReason): Outcome =>
  denominator.gt(0)
    ? { value: numerator.div(denominator), reason: null, numerator, denominator }
    : { value: null, reason, numerator, denominator }

/** The same x 100. */
export function percentage(numerator: Exact, denominator: Exact, reason: NullReason): Outcome {
  const share = quotient(numerator, denominator, reason)
  return { ...share, value: share.value?.times(100) ?? null }
}

/**
 * Receivables / sales x days: DSO of all receivables, best possible DSO of those not past due, average days
 * delinquent of those past due. JD Edwards, "current balance divided by sales"; criskco for the split.
 */
export const daysOfSales = (receivables: Exact, sales: Exact, days: number): Outcome =>
  quotient(receivables.times(days), sales, sales.lt(0) ? 'NEGATIVE_SALES' : 'NO_SALES')

/**
 * The count-back (exhaustion) method: going back month by month, while the balance exceeds a month's sales the month
 * counts with all its days; in the month that exhausts the balance, balance / sales x days. A month without sales adds
 * its days. Months come newest first with their own lengths, the first one up to the day itself.
 * Oracle Hyperion's DSO function (whose printed example, 179.7 days for a balance of 12,000, is wrong: its own rule
 * gives 166.33), Benji Pays, Upflow.
 */
export function countBack(balance: Exact, months: Iterable<MonthAmount>): Outcome {
  let rest = balance
  let days = new Exact(0)
  if (!rest.gt(0)) return known(days)
  for (const month of months) {
    // Credits above sales leave no rate at which the balance could be used up.
    if (month.amount.lt(0)) return unknown('NEGATIVE_SALES')
    if (rest.lte(month.amount)) return known(days.plus(rest.times(month.days).div(month.amount)))
    rest = rest.minus(month.amount)
    days = days.plus(month.days)
  }
  return unknown('HISTORY_EXHAUSTED')
}

/**
 * (opening + sales - closing) / (opening + sales - closing not past due) x 100, in percent: of what could be collected
 * in the period, what was. Credit Research Foundation; full-period form as in creditguru and Gaviti: the opening
 * balance is that before the period, the sales are all of the period.
 */
export function collectionEffectiveness(balances: {
  readonly opening: Exact
  readonly sales: Exact
  readonly closing: Exact
  readonly closingCurrent: Exact
}): Outcome {
  const owed = balances.opening.plus(balances.sales)
  const collected = owed.minus(balances.closing)
  const collectable = owed.minus(balances.closingCurrent)
  return percentage(collected, collectable, owed.gt(0) ? 'NOTHING_IN_PERIOD' : 'NO_RECEIVABLES')
}

/** Sales / mean of the balances, kept as count x sales / their sum so that both parts are exact. kapittx. */
export function turnover(sales: Exact, balances: readonly Exact[]): Outcome {
  const total = balances.reduce((sum, balance) => sum.plus(balance), new Exact(0))
  return quotient(sales.times(balances.length), total, 'NO_RECEIVABLES')
}
