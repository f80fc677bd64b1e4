import { Decimal } from 'decimal.js'

/** Minor units (cents, yen, ...) of a currency. */
export type Money = { readonly minor: bigint; readonly currency: string }

// 40 digits: no sum, product or quotient of what the books hold loses one that is shown.
export const Exact: typeof Decimal = Decimal.clone({ precision: 40, rounding: Decimal.ROUND_HALF_EVEN })
export type Exact = Decimal

/** Digits after the point, by ISO 4217 as Intl knows it: 2 for USD, 0 for JPY, 3 for KWD. */
export function currencyDigits(currency: string): number {
  const known = digitsByCurrency.get(currency)
  if (known !== undefined) return known
  const format = new Intl.NumberFormat('en', { style: 'currency', currency })
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2
  digitsByCurrency.set(currency, digits)
  return digits
}
const digitsByCurrency = new Map<string, number>()

const knownCurrencies = new Set(Intl.supportedValuesOf('currency'))
export const isCurrency = (code: string): boolean => knownCurrencies.has(code)

/** 123450n USD -> "1234.50". */
export function formatMinor({ minor, currency }: Money): string {
  const digits = currencyDigits(currency)
  const sign = minor < 0n ? '-' : ''
  const text = (minor < 0n ? -minor : minor).toString().padStart(digits + 1, '0')
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`
}

// Far from the 9.2 x 10^18 of a bigint column, so that a customer's and an organization's sums fit too.
export const MINOR_MAX = 10n ** 15n

/** "1234.5" USD -> 123450n; null where the text is no plain decimal, has more digits than the currency, or is beyond all reason. */
export function parseMinor(text: string, currency: string): bigint | null {
  const match = /^(-?)(\d{1,19})(?:\.(\d{1,40}))?$/.exec(text)
  if (match === null) return null
  const [, sign, whole = '', fraction = ''] = match
  const digits = currencyDigits(currency)
  if (/[^0]/.test(fraction.slice(digits))) return null
  const minor = BigInt(whole + fraction.slice(0, digits).padEnd(digits, '0'))
  if (minor > MINOR_MAX) return null
  return sign === '-' ? -minor : minor
}

/** Minor units as an exact number of major units. */
export const majorOf = ({ minor, currency }: Money): Exact =>
  new Exact(minor.toString()).div(new Exact(10).pow(currencyDigits(currency)))

/** Major units as minor ones, rounded half-even. */
export const minorOf = (major: Exact, currency: string): bigint =>
  BigInt(major.times(new Exact(10).pow(currencyDigits(currency))).toFixed(0, Decimal.ROUND_HALF_EVEN))

/** The same as text with the currency's digits. Nothing else rounds money. */
export const formatMajor = (major: Exact, currency: string): string =>
  major.toFixed(currencyDigits(currency), Decimal.ROUND_HALF_EVEN)
