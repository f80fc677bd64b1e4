/** How goals, their KPIs, values and scopes are told to people. */
import { unsignedZero } from './exact.ts'
import type { KpiMetric, KpiText, KpiUnit, NullReason } from './kpi.ts'
import type { Exact } from './money.ts'

/** The name and unit in which a goal's values are told to people. */
export type Subject = {
  /** Such as "DSO". */
  readonly name: string
  /** True where the name asks for "are". */
  readonly plural: boolean
  readonly unit: KpiUnit
  readonly currency: string
}

/** For the end of a sentence such as "DSO has no value: ...". */
export const nullReasonInWords: Record<NullReason, string> = {
  NO_SALES: 'nothing was sold in its window',
  NO_RECEIVABLES: 'there are no receivables',
  NOTHING_IN_PERIOD: 'nothing fell due, was settled or was billed in its period',
  INSUFFICIENT_HISTORY: 'the books begin after its window does',
  HISTORY_EXHAUSTED: 'the months of the books were used up before the balance was',
  NEGATIVE_SALES: 'credits exceeded sales in a month that it counts',
  NOT_KNOWN_THEN: 'nothing of the day was known then',
  IN_THE_FUTURE: 'the day has not come',
  NOTHING_OPEN: 'nothing of what it measures was open',
  NOT_CONFIGURED: 'it takes a convention that the organization has not set',
  NOT_RECORDED: 'nothing was recorded for its period',
  NOT_BY_SEGMENT: 'it is known for the organization as a whole only',
  ONLY_TODAY: 'it is known for today only',
  MISSING_RATE: 'an exchange rate is missing',
  TAX_BASIS_MIXED: 'the tax of only some of its invoices and credit notes is known',
}

/** How sentences call a KPI. */
export const subjectOf = (
  { metric, name, unit }: Pick<KpiText, 'metric' | 'name' | 'unit'>,
  currency: string,
): Subject => ({ name: SHORT_NAMES[metric] ?? name, plural: PLURALS.has(metric), unit, currency })

/** Where people say something shorter than the KPI's name. */
const SHORT_NAMES: { readonly [Metric in KpiMetric]?: string } = {
  DSO: 'DSO',
  DSO_COUNT_BACK: 'Count-back DSO',
  COLLECTION_EFFECTIVENESS_INDEX: 'Collection effectiveness',
}

const PLURALS: ReadonlySet<KpiMetric> = new Set([
  'TOTAL_RECEIVABLES',
  'CURRENT_RECEIVABLES',
  'OPEN_INVOICE_COUNT',
  'SALES',
  'INVOICES_SENT',
  'INVOICES_SETTLED',
  'DOLLAR_DAYS_LATE',
])

/** "DSO is", "Open invoices are". */
export const is = ({ name, plural }: Subject): string => `${name} ${plural ? 'are' : 'is'}`

/** "41.2 days", "82.4 %", "USD 1,234,567", "1,234", "8.31". */
export function formatValue(value: Exact, { unit, currency }: Subject): string {
  const text = grouped(value, fractionDigits(unit))
  switch (unit) {
    case 'DAYS':
      return `${text} ${text === '1.0' ? 'day' : 'days'}`
    case 'PERCENT':
      return `${text} %`
    case 'MONEY':
      return `${currency} ${text}`
    case 'COUNT':
    case 'RATIO':
      return text
  }
}

/** A distance between two values: that of two percentages is in points. */
export const formatDifference = (difference: Exact, subject: Subject): string =>
  subject.unit === 'PERCENT'
    ? `${grouped(difference, fractionDigits('PERCENT'))} points`
    : formatValue(difference, subject)

/** Rounded to the digits that people are shown. */
export const asShown = (value: Exact, { unit }: Subject): Exact => value.toDecimalPlaces(fractionDigits(unit))

function fractionDigits(unit: KpiUnit): number {
  switch (unit) {
    case 'DAYS':
    case 'PERCENT':
      return 1
    case 'RATIO':
      return 2
    case 'MONEY':
    case 'COUNT':
      return 0
  }
}

function grouped(value: Exact, digits: number): string {
  const [whole = '', fraction] = unsignedZero(value.toFixed(digits)).split('.')
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? groups : `${groups}.${fraction}`
}

/** Whose items in which segments a goal is measured on; people by name, customers by name and number. */
export type ScopeInWords = {
  readonly [Dimension in keyof typeof dimensionNames]?: readonly string[] | null | undefined
}

const dimensionNames = {
  customer: 'customer',
  businessUnit: 'business unit',
  region: 'region',
  channel: 'channel',
  productLine: 'product line',
  collector: 'collector',
  currency: 'currency',
}

/** "Region EMEA or APAC, currency EUR"; "All receivables" where there is no filter. */
export function scopeInWords(scope: ScopeInWords): string {
  const parts = Object.entries(dimensionNames).flatMap(([dimension, name]) => {
    const values = scope[dimension as keyof ScopeInWords] ?? []
    return values.length === 0 ? [] : [`${name} ${values.join(' or ')}`]
  })
  if (parts.length === 0) return 'All receivables'
  const text = parts.join(', ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** "12 Nov 2026". */
export const inWords = (date: Temporal.PlainDate): string =>
  `${date.day} ${MONTHS[date.month - 1]} ${date.year}`

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
