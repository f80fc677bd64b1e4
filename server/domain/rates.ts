/** Exchange rates as they were in force on a day. */
import { Exact, majorOf } from './money.ts'
import { formatDay, type Day } from './day.ts'

/** From `validOn` on, one unit of `currency` is worth `rate` units of the base currency. */
export type ExchangeRate = {
  readonly currency: string
  readonly validOn: Day
  /** A decimal as text; more than 0. */
  readonly rate: string
}

/** No rate of `currency` was in force on `day`. */
export type MissingRate = { readonly currency: string; readonly day: Day }

/** A rate that is older than this says nothing about the day: the market was not closed for so long. */
export const RATE_AGE_DAYS_MAX = 7

/** More digits than any central bank prints. */
const RATE = /^\d{1,12}(?:\.\d{1,12})?$/

export const isRate = (text: string): boolean => RATE.test(text) && Number(text) > 0

/** What there is none of, as a sentence. */
export const rateInWords = ({ currency, day }: MissingRate): string =>
  `There is no exchange rate of ${currency} for ${formatDay(day)}, nor for any of the seven days before it.`

/**
 * A cross rate is cut to so many digits that no product with it is rounded: a sum of converted amounts then equals the
 * converted sum to the last digit, and counting back meets 0 where it should.
 */
const CROSS_RATE_DIGITS = 20

export type Rates = {
  /** Units of `to` for one unit of `from` at the close of `day`. */
  readonly between: (from: string, to: string, day: Day) => Exact | MissingRate
  /** Units of `to` for one minor unit of `from`. Remembered: a series asks for the same ones over and over. */
  readonly perMinorUnit: (from: string, to: string, day: Day) => Exact | MissingRate
}

export function ratesOf(baseCurrency: string, known: readonly ExchangeRate[]): Rates {
  const byCurrency = Map.groupBy(known, (rate) => rate.currency)
  const ascending = new Map(
    [...byCurrency].map(([currency, rates]) => [currency, rates.toSorted((a, b) => a.validOn - b.validOn)]),
  )
  const inBase = (currency: string, day: Day): Exact | MissingRate => {
    if (currency === baseCurrency) return new Exact(1)
    const inForce = lastOnOrBefore(ascending.get(currency) ?? [], day)
    if (inForce === undefined || day - inForce.validOn > RATE_AGE_DAYS_MAX) return { currency, day }
    return new Exact(inForce.rate)
  }
  const between = (from: string, to: string, day: Day): Exact | MissingRate => {
    if (from === to) return new Exact(1)
    const value = inBase(from, day)
    if (isMissing(value)) return value
    const unit = inBase(to, day)
    return isMissing(unit) ? unit : value.div(unit).toSignificantDigits(CROSS_RATE_DIGITS)
  }
  const remembered = new Map<string, Map<Day, Exact | MissingRate>>()
  const perMinorUnit = (from: string, to: string, day: Day): Exact | MissingRate => {
    const pair = `${from} ${to}`
    const days = remembered.get(pair) ?? new Map<Day, Exact | MissingRate>()
    remembered.set(pair, days)
    const known = days.get(day)
    if (known !== undefined) return known
    const rate = between(from, to, day)
    const factor = isMissing(rate) ? rate : rate.times(majorOf({ minor: 1n, currency: from }))
    days.set(day, factor)
    return factor
  }
  return { between, perMinorUnit }
}

export const isMissing = (rate: Exact | MissingRate): rate is MissingRate => !Exact.isDecimal(rate)

function lastOnOrBefore(ascending: readonly ExchangeRate[], day: Day): ExchangeRate | undefined {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ascending[middle]?.validOn ?? Infinity) <= day) low = middle + 1
    else high = middle
  }
  return ascending[low - 1]
}
