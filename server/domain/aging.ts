/** Open receivables by age, in buckets that add up to the total to the last cent. */
import type { Day } from './day.ts'
import { readInputs, type View } from './evaluate.ts'
import { balance } from './kpi-inputs.ts'
import type { Input } from './kpi.ts'
import { currencyDigits, Exact, type Money } from './money.ts'
import type { MissingRate } from './rates.ts'

/** DUE_DATE: days past due, by the due date in force. INVOICE_DATE: days since the invoice date. */
export type AgingBasis = 'DUE_DATE' | 'INVOICE_DATE'

export type AgingBucket = {
  readonly label: string
  /** The first day; null where the bucket has no lower end. */
  readonly fromDays: number | null
  /** The last day; null where it has no upper end. */
  readonly toDays: number | null
  readonly amount: Money
  /** Installments; by invoice date invoices. */
  readonly count: number
  /** Percent of the total; null where nothing is open. */
  readonly share: number | null
}

export type Aging = {
  readonly buckets: readonly AgingBucket[]
  readonly total: Money
  readonly unappliedCash: Money
  readonly unappliedCredits: Money
  /** total - unappliedCash - unappliedCredits, of the numbers as shown. */
  readonly ledgerBalance: Money
  /** The same before anything was rounded. */
  readonly exactBalance: Exact
}

const EDGES_MAX = 24
const EDGE_DAYS_MAX = 36_500

/** A sentence that says what is wrong with the edges; null where nothing is. */
export function problemWithEdges(by: AgingBasis, edges: readonly number[]): string | null {
  if (edges.length > EDGES_MAX) return `edges must be at most ${EDGES_MAX}, not ${edges.length}.`
  const lowest = by === 'DUE_DATE' ? 1 : 0
  for (const [index, edge] of edges.entries()) {
    if (!Number.isInteger(edge) || edge < lowest || edge > EDGE_DAYS_MAX)
      return `edges must be whole numbers of days from ${lowest} to ${EDGE_DAYS_MAX}, not ${edge}.`
    if (edge <= (edges[index - 1] ?? -1)) return `edges must ascend, but ${edge} follows ${edges[index - 1]}.`
  }
  return null
}

type Bounds = Pick<AgingBucket, 'label' | 'fromDays' | 'toDays'>

/** [30, 60, 90]: Current, 1-30, 31-60, 61-90, 91+ by due date; 0-30, 31-60, 61-90, 91+ by invoice date. */
export function bucketBounds(by: AgingBasis, edges: readonly number[]): Bounds[] {
  const lowest = by === 'DUE_DATE' ? 1 : 0
  const ranges = [...edges, null].map((toDays, index): Bounds => {
    const fromDays = index === 0 ? lowest : (edges[index - 1] ?? 0) + 1
    const label =
      toDays === null ? `${fromDays}+` : fromDays === toDays ? `${toDays}` : `${fromDays}-${toDays}`
    return { label, fromDays, toDays }
  })
  return by === 'DUE_DATE' ? [{ label: 'Current', fromDays: null, toDays: 0 }, ...ranges] : ranges
}

/** What aging reads: everything, then what is older than the end of each bucket but the last; amounts and counts. */
export function agingInputs(day: Day, by: AgingBasis, edges: readonly number[]) {
  const measure = by === 'DUE_DATE' ? 'OPEN_BY_DUE' : 'OPEN_BY_ISSUE'
  const olderThan = bucketBounds(by, edges).map((_, index, all) =>
    index === 0 ? null : (all[index - 1]?.toDays ?? null),
  )
  return {
    amounts: olderThan.map((days) => balance(measure, day, days, 'amount')),
    counts: olderThan.map((days) => balance(measure, day, days, 'count')),
    unapplied: [
      balance('UNAPPLIED_CASH', day, null, 'amount'),
      balance('UNAPPLIED_CREDIT', day, null, 'amount'),
    ],
  } satisfies { [name: string]: Input[] }
}

/** The receivables at the end of the day by age, or the rate that it would take. */
export function agingOf(
  view: Omit<View, 'booksFrom'>,
  day: Day,
  by: AgingBasis,
  edges: readonly number[],
): Aging | MissingRate {
  const inputs = agingInputs(day, by, edges)
  const read = readInputs(view, day, [...inputs.amounts, ...inputs.counts, ...inputs.unapplied])
  if ('currency' in read) return read
  const bounds = bucketBounds(by, edges)
  const amounts = read.slice(0, bounds.length)
  const counts = read.slice(bounds.length, 2 * bounds.length)
  const [cash = zero, credits = zero] = read.slice(2 * bounds.length)

  const { currency } = view
  const total = amounts[0] ?? zero
  const money = (minor: bigint): Money => ({ minor, currency })
  const buckets = bucketsOf(
    bounds,
    amounts,
    counts.map((count) => count.toNumber()),
    currency,
  )
  const shown = {
    total: minorOf(total, currency),
    cash: minorOf(cash, currency),
    credits: minorOf(credits, currency),
  }
  return {
    buckets,
    total: money(shown.total),
    unappliedCash: money(shown.cash),
    unappliedCredits: money(shown.credits),
    ledgerBalance: money(shown.total - shown.cash - shown.credits),
    exactBalance: total.minus(cash).minus(credits),
  }
}

/** `amounts` and `counts` have for each bucket what is in it and in all older ones, amounts in major units. */
export function bucketsOf(
  bounds: readonly Bounds[],
  amounts: readonly Exact[],
  counts: readonly number[],
  currency: string,
): AgingBucket[] {
  const total = amounts[0] ?? zero
  return bounds.map((bucket, index) => {
    const olderAmount = amounts[index + 1] ?? zero
    const amount = (amounts[index] ?? zero).minus(olderAmount)
    return {
      ...bucket,
      // Rounded along the running sum: in a foreign currency, buckets rounded one by one would not add up.
      amount: {
        minor: minorOf(amounts[index] ?? zero, currency) - minorOf(olderAmount, currency),
        currency,
      },
      count: (counts[index] ?? 0) - (counts[index + 1] ?? 0),
      share: total.isZero() ? null : amount.div(total).times(100).toNumber(),
    }
  })
}

const zero: Exact = new Exact(0)

/** Rounds half-even to minor units. */
export const minorOf = (major: Exact, currency: string): bigint =>
  BigInt(major.times(new Exact(10).pow(currencyDigits(currency))).toFixed(0))
