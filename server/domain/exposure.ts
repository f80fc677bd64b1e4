/** What a customer's credit is used for: the parts, in one currency at the rates of a day. */
import type { Day } from './day.ts'
import { Exact, majorOf, minorOf, type Money } from './money.ts'
import { isMissing, type MissingRate, type Rates } from './rates.ts'

/** In the order in which they are told. What takes something off has -1. */
export const EXPOSURE_PARTS = {
  /** Open invoices, disputed ones too. */
  receivables: 1n,
  /** Shipped, and not billed yet. */
  shipped: 1n,
  /** Orders that the policy counts, as far as they are not shipped. */
  orders: 1n,
  /** What receipts have paid that can still bounce. */
  uncleared: 1n,
  /** Receipts and credit notes that are not applied, but for those that can still bounce. */
  unapplied: -1n,
  /** Deposits, guarantees and the like; no insurance. */
  security: -1n,
} as const

export type ExposurePart = keyof typeof EXPOSURE_PARTS

/** Of which there are amounts: the parts, what insurance covers, and headroom that decisions have taken. */
export type ExposureSource = ExposurePart | 'insurance' | 'reserved'

export type ExposureAmount = Money & { readonly source: ExposureSource }

/** Minor units of one currency. Each part is rounded, and the sums are those of the rounded parts. */
export type Exposure = Readonly<Record<ExposureSource, bigint>> & {
  /** All parts, each with its sign. Below 0 where the organization owes. */
  readonly gross: bigint
  /** Less what insurance covers. */
  readonly net: bigint
  /** What is held against a limit: gross, or net where insurance counts, and what is reserved. */
  readonly committed: bigint
}

export type ExposureRules = { readonly insuranceCounts: boolean }

/**
 * gross = open receivables + shipped, not invoiced + counted orders + receipts that can still bounce - cleared unapplied
 * cash and credits - applied security (practice of ERP systems; the definition is ours, `shared/KPIS.md`). All amounts at the
 * rates of `today`; a missing one makes no figure at all.
 */
export function exposureIn(
  currency: string,
  amounts: readonly ExposureAmount[],
  rates: Rates,
  today: Day,
  { insuranceCounts }: ExposureRules,
): Exposure | MissingRate {
  const sums: Record<ExposureSource, bigint> = {
    receivables: 0n,
    shipped: 0n,
    orders: 0n,
    uncleared: 0n,
    unapplied: 0n,
    security: 0n,
    insurance: 0n,
    reserved: 0n,
  }
  // Most is in the currency already: of those nothing has to be converted or rounded.
  const converted = new Map<ExposureSource, Exact>()
  for (const { source, minor, currency: from } of amounts) {
    if (minor === 0n) continue
    if (from === currency) {
      sums[source] += minor
      continue
    }
    const rate = rates.perMinorUnit(from, currency, today)
    if (isMissing(rate)) return rate
    converted.set(source, (converted.get(source) ?? new Exact(0)).plus(rate.times(minor.toString())))
  }
  // Rounded with what is in the currency, for a half goes to the even number of the whole.
  for (const [source, major] of converted)
    sums[source] = minorOf(major.plus(majorOf({ minor: sums[source], currency })), currency)
  const gross = Object.entries(EXPOSURE_PARTS).reduce(
    (sum, [part, sign]) => sum + sign * sums[part as ExposurePart],
    0n,
  )
  const net = gross - sums.insurance
  return { ...sums, gross, net, committed: (insuranceCounts ? net : gross) + sums.reserved }
}

/** The same amount in another currency, at the rates of the day. */
export function convert(
  { minor, currency }: Money,
  to: string,
  rates: Rates,
  today: Day,
): bigint | MissingRate {
  if (currency === to) return minor
  const rate = rates.perMinorUnit(currency, to, today)
  return isMissing(rate) ? rate : minorOf(rate.times(minor.toString()), to)
}

/**
 * What a group uses: each member's own, floored at 0, so that what one has paid too much frees no room for another. A
 * customer alone may be below 0: what it prepaid is its own.
 */
export const groupCommitted = (members: readonly bigint[]): bigint =>
  members.length === 1
    ? (members[0] ?? 0n)
    : members.reduce((sum, committed) => (committed > 0n ? sum + committed : sum), 0n)

/** In percent of the limit, to two digits; null where the limit is 0: that is no credit to be used. */
export const utilisation = (committed: bigint, limit: bigint): string | null =>
  limit === 0n ? null : new Exact(committed.toString()).times(100).div(limit.toString()).toFixed(2)
