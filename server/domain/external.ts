/** Numbers that come from outside the books: each is a dated series of an organization, as known from a moment on. */
import type { Period } from './calendar.ts'
import type { Day } from './day.ts'

export type ExternalUnit = 'MONEY' | 'COUNT' | 'PERCENT'

type Definition = {
  readonly name: string
  readonly description: string
  readonly unit: ExternalUnit
  /** SUM: what happened, a value for the days that end on its own. LAST: what holds from its day on. */
  readonly take: 'SUM' | 'LAST'
  readonly better: 'HIGHER' | 'LOWER' | 'NEUTRAL'
}

export const externalMetrics = {
  COLLECTION_COST: {
    name: 'Collection cost',
    description: 'What credit and collections cost: pay, systems, agencies, fees.',
    unit: 'MONEY',
    take: 'SUM',
    better: 'LOWER',
  },
  COLLECTION_STAFF: {
    name: 'Collection staff',
    description: 'People who collect, in full-time equivalents, from the day on.',
    unit: 'COUNT',
    take: 'LAST',
    better: 'NEUTRAL',
  },
  CUSTOMER_SATISFACTION: {
    name: 'Customer satisfaction',
    description: 'The share of customers who say that they are satisfied, from the day on.',
    unit: 'PERCENT',
    take: 'LAST',
    better: 'HIGHER',
  },
  SALES_PLAN: {
    name: 'Sales plan',
    description: 'The sales that were planned, tax included.',
    unit: 'MONEY',
    take: 'SUM',
    better: 'NEUTRAL',
  },
  CASH_PLAN: {
    name: 'Cash plan',
    description: 'The money that was expected from customers.',
    unit: 'MONEY',
    take: 'SUM',
    better: 'NEUTRAL',
  },
  DEBT_SERVICE: {
    name: 'Debt service',
    description: 'Interest and repayments of loans that fell due.',
    unit: 'MONEY',
    take: 'SUM',
    better: 'LOWER',
  },
} as const satisfies Record<string, Definition>

export type ExternalMetric = keyof typeof externalMetrics
export const externalMetricNames = Object.keys(externalMetrics) as readonly ExternalMetric[]
export const externalMetric = (metric: ExternalMetric): Definition => externalMetrics[metric]
export const isExternalMetric = (name: string): name is ExternalMetric => Object.hasOwn(externalMetrics, name)

/** One of them; the last that was known of its day. Of a day that was taken back there is none. */
export type ExternalValue = {
  readonly metric: ExternalMetric
  readonly day: Day
  /** A decimal as text; in major units where it is money. */
  readonly value: string
  /** Of money. */
  readonly currency: string | null
}

/** What holds until something else is said is believed for a year and a month. */
export const EXTERNAL_AGE_DAYS_MAX = 400

export type ExternalBook = {
  /** Those of the days of the period, by day. */
  readonly within: (metric: ExternalMetric, period: Period) => readonly ExternalValue[]
  /** What was said last by the end of the day, at most 400 days before. */
  readonly last: (metric: ExternalMetric, day: Day) => ExternalValue | null
}

export function externalBookOf(values: readonly ExternalValue[]): ExternalBook {
  const byMetric = Map.groupBy(
    values.toSorted((a, b) => a.day - b.day),
    (value) => value.metric,
  )
  const of = (metric: ExternalMetric) => byMetric.get(metric) ?? []
  return {
    within: (metric, { from, to }) => of(metric).filter(({ day }) => day >= from && day <= to),
    last: (metric, day) =>
      of(metric).findLast((value) => value.day <= day && value.day >= day - EXTERNAL_AGE_DAYS_MAX) ?? null,
  }
}

const DECIMAL = /^-?\d{1,15}(\.\d{1,10})?$/

/** Why the text is no value of the metric, as the end of a sentence; null where it is one. */
export function faultOfValue(metric: ExternalMetric, text: string): string | null {
  if (!DECIMAL.test(text))
    return `"${text}" is no decimal with at most 15 digits before and 10 after its point`
  const { unit } = externalMetric(metric)
  const value = Number(text)
  if (unit === 'PERCENT' && (value < 0 || value > 100)) return `${text} does not lie between 0 and 100`
  return unit === 'COUNT' && value < 0 ? `${text} is less than 0` : null
}
