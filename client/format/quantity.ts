import type { KpiUnit } from '../documents.generated.ts'
import { numberFormat, withMinusSign } from './intl.ts'

/** What a number counts. `currency` matters only where `unit` is MONEY. */
export type Quantity = { readonly unit: KpiUnit; readonly currency: string }

/**
 * `compact`: $4.84M, for headlines. `whole`: $4,837,210 and 44.3 days, for tiles. `exact`: $4,837,210.45 and 44.312 days,
 * for tables.
 */
export type Detail = 'compact' | 'whole' | 'exact'

/** A figure and the unit to set beside it in smaller type; `unit` is empty where the figure holds it (money). */
export type Figure = { readonly figure: string; readonly unit: string }

export const unknown = '\u2014'

const moneyOptions = (currency: string, detail: Detail): Intl.NumberFormatOptions => {
  const money = { style: 'currency', currency, currencyDisplay: 'narrowSymbol' } as const
  switch (detail) {
    case 'compact':
      return {
        ...money,
        notation: 'compact',
        minimumSignificantDigits: 3,
        maximumSignificantDigits: 3,
        trailingZeroDisplay: 'stripIfInteger',
      }
    case 'whole':
      return { ...money, maximumFractionDigits: 0 }
    case 'exact':
      return money
  }
}

const fractionDigits = { MONEY: 0, DAYS: 1, PERCENT: 1, COUNT: 0, RATIO: 2 } as const satisfies Record<
  KpiUnit,
  number
>
const unitWords = {
  MONEY: '',
  DAYS: 'days',
  PERCENT: '%',
  COUNT: '',
  RATIO: '\u00d7',
} as const satisfies Record<KpiUnit, string>
/** A difference of two shares is in points, never in percent. */
const changeWords = { ...unitWords, PERCENT: 'pts' } as const

const numberOptions = (
  value: number,
  { unit, currency }: Quantity,
  detail: Detail,
): Intl.NumberFormatOptions => {
  if (unit === 'MONEY') return moneyOptions(currency, detail)
  if (unit === 'COUNT' && detail === 'compact') return { notation: 'compact', maximumFractionDigits: 1 }
  // What a cent costs to collect is not nothing.
  if (unit === 'RATIO' && value !== 0 && Math.abs(value) < 0.1)
    return { maximumSignificantDigits: detail === 'exact' ? 4 : 2 }
  const digits = fractionDigits[unit] + (detail === 'exact' && unit !== 'COUNT' ? 2 : 0)
  return { minimumFractionDigits: digits, maximumFractionDigits: digits }
}

/** The figure and its unit apart, such as "44.3" and "days". Money is in major units, PERCENT 0 to 100. */
export const formatFigure = (value: number, of: Quantity, detail: Detail, locale?: string): Figure => ({
  figure: withMinusSign(numberFormat(numberOptions(value, of, detail), locale).format(value)),
  unit: unitWords[of.unit],
})

const join = ({ figure, unit }: Figure): string => (unit === '' ? figure : `${figure}\u00a0${unit}`)

// Whether a space stands before the sign is the locale's affair: "84.6%", "84,6 %".
const percentOptions = (digits: number): Intl.NumberFormatOptions => ({
  style: 'unit',
  unit: 'percent',
  minimumFractionDigits: digits,
  maximumFractionDigits: digits,
})

/** A share of 0 to 100, such as "22.9%". */
export const formatShare = (share: number, locale?: string): string =>
  withMinusSign(numberFormat(percentOptions(fractionDigits.PERCENT), locale).format(share))

/** How much of the way is gone, in whole percent: "71%". May be below 0 or above 100. */
export const formatWay = (percent: number, locale?: string): string =>
  withMinusSign(numberFormat(percentOptions(0), locale).format(percent))

/** In one piece, such as "44.3 days", "84.6%" or "$900,000". */
export const formatQuantity = (value: number, of: Quantity, detail: Detail, locale?: string): string =>
  of.unit === 'PERCENT' ? formatShare(value, locale) : join(formatFigure(value, of, detail, locale))

/** A difference as text, and the sign that the text shows: 0 where it rounds to nothing. */
export type Change = { readonly text: string; readonly sign: -1 | 0 | 1 }

/** A difference with its sign, such as "+1.2 pts" or "−$3,400"; nothing but zero is without a sign. */
export const formatChange = (change: number, of: Quantity, detail: Detail, locale?: string): Change => {
  const options = { ...numberOptions(change, of, detail), signDisplay: 'exceptZero' } as const
  const parts = numberFormat(options, locale).formatToParts(change)
  const figure = withMinusSign(parts.map(({ value }) => value).join(''))
  const isSigned = parts.some(({ type }) => type === 'plusSign' || type === 'minusSign')
  return {
    text: join({ figure, unit: changeWords[of.unit] }),
    sign: isSigned ? (change > 0 ? 1 : -1) : 0,
  }
}

/** How far apart two values are, without a sign: "1.2 pts", "3.4 days". */
export const formatDistance = (distance: number, of: Quantity, detail: Detail, locale?: string): string =>
  join({
    figure: numberFormat(numberOptions(distance, of, detail), locale).format(Math.abs(distance)),
    unit: changeWords[of.unit],
  })

/** Money from its exact text, so that no digit passes through a floating-point number. */
export const formatMoney = (
  money: { readonly amount: string; readonly currency: string },
  detail: Detail,
  locale?: string,
): string =>
  withMinusSign(
    numberFormat(moneyOptions(money.currency, detail), locale).format(
      money.amount as Intl.StringNumericLiteral,
    ),
  )

export const formatCount = (count: number, locale?: string): string => numberFormat({}, locale).format(count)

/** An exact decimal, grouped, with all of its digits or as many as are asked for. */
export const formatDecimal = (decimal: string, locale?: string, digitsMax = 10): string =>
  withMinusSign(
    numberFormat({ maximumFractionDigits: digitsMax }, locale).format(decimal as Intl.StringNumericLiteral),
  )
