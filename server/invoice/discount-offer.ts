import { dateOf, dayOf, isPlausible, type Day } from '../domain/day.ts'
import { compoundedDiscountRate, discountRate } from '../domain/formulas.ts'
import { earlierBy } from '../domain/invoice-positions.ts'
import { installmentStates } from '../domain/invoice.ts'
import { Exact, formatMinor, parseMinor, type Money } from '../domain/money.ts'
import { implausible, invalid, isProblem, type Problem } from '../problem.ts'
import type { Item } from '../ledger/histories.ts'
import type { DiscountOfferInput, DiscountRateBasis } from '../schema.generated.ts'

/** What may be deducted from a bill that is paid by a day. */
export function readDiscount(
  input: DiscountOfferInput,
  billed: Money,
  issuedOn: Day,
): { amount: bigint; until: Day } | Problem {
  const { amount, percent, until } = input
  const path = (field: string) => ['discount', field]
  if (!isPlausible(until)) return implausible(path('until'), until)
  if (dayOf(until) < issuedOn)
    return invalid(path('until'), `${until.toString()} lies before the invoice date`)
  if ((amount ?? null) === null && (percent ?? null) === null) {
    return invalid(['discount'], 'Give either amount or percent')
  }
  if (amount && percent) return invalid(path('percent'), 'Give either amount or percent')
  const minor = percent ? shareOf(billed, percent) : readAmount(billed, amount ?? '')
  return isProblem(minor) ? minor : { amount: minor, until: dayOf(until) }
}

function readAmount({ minor, currency }: Money, text: string): bigint | Problem {
  const amount = parseMinor(text, currency)
  if (amount !== null && amount > 0n && amount < minor) return amount
  const billed = formatMinor({ minor, currency })
  return invalid(
    ['discount', 'amount'],
    `${text} is no amount of ${currency} greater than 0 and less than ${billed}`,
  )
}

/** Half to even, as everything else is rounded; what is rounded to nothing is no discount. */
function shareOf({ minor, currency }: Money, percent: string): bigint | Problem {
  const path = ['discount', 'percent']
  if (!/^\d{1,2}(\.\d{1,6})?$/.test(percent)) {
    return invalid(
      path,
      `${percent} is no percentage greater than 0 and less than 100 with at most 6 digits after the point`,
    )
  }
  const amount = BigInt(new Exact(minor.toString()).times(percent).div(100).toFixed(0, Exact.ROUND_HALF_EVEN))
  return amount > 0n && amount < minor
    ? amount
    : invalid(path, `${percent} % of ${formatMinor({ minor, currency })} ${currency} is no discount`)
}

/** What an invoice offers for early payment. */
export type DiscountOffer = {
  readonly amount: Money
  readonly until: Temporal.PlainDate
  /** What is left to pay where it is taken, and how much earlier: minor units, and minor units x days. */
  readonly net: bigint
  readonly earlier: bigint
}

export function offerOf({ currency, facts, entries }: Item): DiscountOffer | null {
  const { discount = 0n, discountUntil = null } = facts ?? {}
  if (discount === 0n || discountUntil === null) return null
  const installments = installmentStates(entries)
  return {
    amount: { minor: discount, currency },
    until: dateOf(discountUntil),
    net: installments.reduce((sum, part) => sum + part.billed, -discount),
    earlier: earlierBy(installments, discount, discountUntil),
  }
}

const RATE_DIGITS = 10

/** In percent; null where paying by the due date is no later, or nothing would be left to pay. */
export function annualRateOf(
  { amount, net, earlier }: DiscountOffer,
  basis: DiscountRateBasis,
): string | null {
  const [discount, left, leftDays] = [exact(amount.minor), exact(net), exact(earlier)]
  const rate =
    basis === 'COMPOUNDED'
      ? compoundedDiscountRate(discount, left, leftDays)
      : discountRate(discount, leftDays, basis === 'DAYS_360' ? 360 : 365).value
  return rate?.toDecimalPlaces(RATE_DIGITS).toFixed() ?? null
}

const exact = (minor: bigint): Exact => new Exact(minor.toString())
