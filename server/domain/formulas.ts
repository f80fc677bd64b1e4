/**
 * The formulas, each with its source. They divide exactly, round nothing, and answer an unknown with its reason:
 * never 0, NaN or Infinity.
 */
import type { DaysTaken, NullReason, Outcome, PeriodAmount } from './kpi.ts'
import { Exact } from './money.ts'

export const known = (value: Exact): Outcome => ({ value, reason: null, numerator: null, denominator: null })

export const unknown = (reason: NullReason): Outcome => ({
  value: null,
  reason,
  numerator: null,
  denominator: null,
})

export const knownOr = (value: Exact | null, reason: NullReason): Outcome =>
  value === null ? unknown(reason) : known(value)

export const sumOf = (amounts: readonly Exact[]): Exact =>
  amounts.reduce((sum, amount) => sum.plus(amount), new Exact(0))

/** What is owed less what is netted against it. */
export const netOf = (receivables: Exact, netted: readonly Exact[]): Exact =>
  netted.reduce((rest, one) => rest.minus(one), receivables)

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
 * its days. Months, or periods of another calendar, come newest first with their own lengths, the first one up to the
 * day itself.
 * Oracle Hyperion's DSO function (whose printed example, 179.7 days for a balance of 12,000, is wrong: its own rule
 * gives 166.33), Benji Pays, Upflow.
 */
export function countBack(balance: Exact, periods: Iterable<PeriodAmount>): Outcome {
  let rest = balance
  let days = new Exact(0)
  if (!rest.gt(0)) return known(days)
  for (const period of periods) {
    // Credits above sales leave no rate at which the balance could be used up.
    if (period.amount.lt(0)) return unknown('NEGATIVE_SALES')
    if (rest.lte(period.amount)) return known(days.plus(rest.times(period.days).div(period.amount)))
    rest = rest.minus(period.amount)
    days = days.plus(period.days)
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

/** Mean of the balances / sales x days: the days that turnover takes. kapittx, average collection period. */
export function collectionPeriod(sales: Exact, balances: readonly Exact[], days: number): Outcome {
  const total = balances.reduce((sum, balance) => sum.plus(balance), new Exact(0))
  return daysOfSales(total, sales.times(balances.length), days)
}

/**
 * Days beyond terms from the buckets of aging, each counted with its middle: 15, 45, 75 and 105 days. Balances more
 * than 0, 30, 60 and 90 days past due / all. Experian, DBT.
 */
export function daysBeyondTerms(
  olderThan: { readonly 0: Exact; readonly 30: Exact; readonly 60: Exact; readonly 90: Exact },
  receivables: Exact,
): Outcome {
  // A bucket is what is older than its first day less what is older than its last: 15 x B1 + 45 x B2 + ... in one.
  const days = olderThan[0].times(15).plus(olderThan[30].plus(olderThan[60]).plus(olderThan[90]).times(30))
  return quotient(days, receivables, 'NO_RECEIVABLES')
}

/**
 * Expected credit loss by a provision matrix: balances of not due, 1-30, 31-60, 61-90 and 91 and more days past due,
 * each times its loss rate in percent. IFRS 9 5.5.15 and B5.5.35.
 */
export const expectedLoss = (buckets: readonly Exact[], ratesPercent: readonly string[]): Exact =>
  buckets.reduce(
    (sum, bucket, index) => sum.plus(bucket.times(ratesPercent[index] ?? 0).div(100)),
    new Exact(0),
  )

/**
 * Roll rates: `reached` is what ever came as far as each bucket of aging, the first what was billed; `lost` what of it was
 * never paid. `roll` is the share, in percent, that went on to the next bucket, `loss` the share that was lost in the
 * end; null where nothing came so far. ifrscommunity, provision matrix; IFRS 9 B5.5.35.
 */
export const rollRates = (
  reached: readonly Exact[],
  lost: Exact,
): { readonly roll: Exact | null; readonly loss: Exact | null }[] =>
  reached.map((amount, index) => {
    const share = (rest: Exact) => percentage(rest, amount, 'NOTHING_IN_PERIOD').value
    return { roll: share(reached[index + 1] ?? lost), loss: share(lost) }
  })

const DAYS_PER_YEAR = 365

/** Simple interest on what is late, from the day after its due date: amount x days x rate / 365. Directive 2011/7/EU. */
export const lateInterest = (amountDays: Exact, ratePercent: string): Exact =>
  amountDays.times(ratePercent).div(100 * DAYS_PER_YEAR)

/**
 * What not taking a discount costs, in percent a year of what could have been paid instead: discount / (net x days
 * between the last day for it and the due date) x year. 2/10 net 30 is 37.24 %, in a year of 360 days 36.73 %.
 * bizfluent, early-payment discounts.
 */
export const discountRate = (discount: Exact, netDays: Exact, daysPerYear: 360 | 365): Outcome =>
  percentage(discount.times(daysPerYear), netDays, 'NOTHING_IN_PERIOD')

/** The same with interest on interest: (1 + discount / net) ^ (365 / days) - 1. 2/10 net 30 is 44.59 %. */
export const compoundedDiscountRate = (discount: Exact, net: Exact, netDays: Exact): Exact | null =>
  net.gt(0) && netDays.gt(0)
    ? discount.div(net).plus(1).pow(net.times(DAYS_PER_YEAR).div(netDays)).minus(1).times(100)
    : null

/** The middle one of the days, or the mean of the middle two. Null where nothing was counted. */
export function median(histogram: readonly DaysTaken[]): Exact | null {
  const count = countOf(histogram)
  if (count <= 0) return null
  const low = rankedDays(histogram, Math.ceil(count / 2))
  const high = rankedDays(histogram, Math.floor(count / 2) + 1)
  return new Exact(low + high).div(2)
}

/** The fewest days within which so many percent were done (nearest rank). Null where nothing was counted. */
export function percentile(histogram: readonly DaysTaken[], percent: number): Exact | null {
  const count = countOf(histogram)
  return count <= 0 ? null : new Exact(rankedDays(histogram, Math.ceil((count * percent) / 100)))
}

export const countOf = (histogram: readonly DaysTaken[]): number =>
  histogram.reduce((sum, { count }) => sum + count, 0)

export const amountOf = (histogram: readonly DaysTaken[]): Exact =>
  histogram.reduce((sum, { amount }) => sum.plus(amount), new Exact(0))

/** Counts may be below 0: what was taken back in the period had been counted before it. */
function rankedDays(histogram: readonly DaysTaken[], rank: number): number {
  let passed = 0
  for (const { days, count } of histogram) {
    passed += count
    if (passed >= rank) return days
  }
  throw new Error('A rank lies within the count')
}
