/** Exact values as the API gives them: rounded half-even, once, here. */
import type { KpiUnit } from './kpi.ts'
import { formatMajor, type Exact } from './money.ts'

const DIGITS_MAX = 10

/** Money with its currency's digits, others to 10. */
export const formatExact = (value: Exact, unit: KpiUnit, currency: string): string =>
  unit === 'MONEY' ? unsignedZero(formatMajor(value, currency)) : formatPart(value)

/** What was divided, or by what: to 10 digits, whatever its unit. */
export const formatPart = (value: Exact): string =>
  unsignedZero((value.decimalPlaces() > DIGITS_MAX ? value.toDecimalPlaces(DIGITS_MAX) : value).toFixed())

/** What was rounded to nothing has no sign: "-0.00" is "0.00". */
export const unsignedZero = (text: string): string =>
  text.startsWith('-0') && /^-0(\.0*)?$/.test(text) ? text.slice(1) : text
