/** The inputs of the KPIs, by the words that their formulas use. */
import type { Period } from './calendar.ts'
import type { Conventions } from './conventions.ts'
import type { Day } from './day.ts'
import { externalMetric, type ExternalMetric } from './external.ts'
import { trailingPeriods, type FiscalCalendar } from './fiscal.ts'
import type { Input, MeasureOf, Point } from './kpi.ts'
import { daysGranted, latenessesWithin, strict, type Grace } from './lateness.ts'

type Balance = Extract<Input, { read: 'balance' }>
type Movement = Extract<Input, { read: 'movement' }>
type Cohort = Extract<Input, { read: 'cohort' }>
type Periods = Extract<Input, { read: 'periods' }>
type Histogram = Extract<Input, { read: 'histogram' }>
type External = Extract<Input, { read: 'external' }>

/** Open receivables at the end of the day, gross of unapplied cash and credits. */
export const receivablesAt = (day: Day): Balance => balance('OPEN_BY_DUE', day, null, 'amount')

/** Those of them whose due date, by the conventions, lies before the day: what is due on the day is not past due on it. */
export const pastDueAt = (day: Day, conventions: Grace = strict): Balance =>
  balance('OPEN_BY_DUE', day, daysGranted(day, conventions), 'amount')

/** The conventions that move what is late. */
export const GRACE = ['graceDays', 'weekendRoll'] as const

/** What DSO is made of, and what is to be netted: 0 where the convention leaves unapplied cash alone. */
export const owedAt = (
  day: Day,
  { unappliedCash }: Conventions,
): { readonly receivables: Balance; readonly netted: readonly Balance[] } => ({
  receivables: receivablesAt(day),
  netted: unappliedCash === 'INCLUDE' ? [balance('UNAPPLIED_CASH', day, null, 'amount')] : [],
})

/** The conventions that change the period of what is not in a series. */
export const PERIOD = ['periodMonths', 'calendar'] as const

/** What a rate compares: money or things. */
export const partOf = ({ rateBasis }: Conventions) => (rateBasis === 'AMOUNT' ? 'amount' : 'count')

/** The window of DSO. */
export const salesWindow = ({ day }: Point, { dsoMonths, calendar }: Conventions): Period =>
  trailingPeriods(day, dsoMonths, calendar)

export const balance = (
  measure: MeasureOf<'balance'>,
  day: Day,
  olderThanDays: number | null,
  part: Balance['part'],
): Balance => ({ read: 'balance', measure, day, olderThanDays, part })

/** Billed less credit notes when issued, tax included, in constant currency. */
export const salesIn = (period: Period): Movement => ({
  ...movement('BILLED', period, 'amount'),
  less: 'CREDITED',
})

/** The same for each period back from the day. */
export const salesByPeriod = (day: Day, calendar: FiscalCalendar): Periods => ({
  read: 'periods',
  measure: 'BILLED',
  less: 'CREDITED',
  day,
  calendar,
})

/** What goes into a ratio: at the rate of the point's day, so that a moving rate is neither cash nor collection. */
export const movement = (
  measure: MeasureOf<'movement'>,
  period: Period,
  part: Movement['part'],
): Movement => ({
  read: 'movement',
  measure,
  period,
  part,
  rate: 'CLOSING',
})

/** What is shown as money: each movement at the rate of its own day. */
export const moneyIn = (measure: MeasureOf<'movement'>, period: Period): Movement => ({
  ...movement(measure, period, 'amount'),
  rate: 'OWN_DAY',
})

export const cohort = (
  measure: MeasureOf<'cohort'>,
  period: Period,
  asOf: Day,
  part: Cohort['part'],
): Cohort => ({ read: 'cohort', measure, period, asOf, part })

/** What of the things of the period came too late, yet in time by the grace; nothing where there is none. */
export const lateInGrace = (period: Period, asOf: Day, part: Cohort['part'], grace: Grace): Cohort[] => {
  const latenesses = latenessesWithin(grace)
  return latenesses.length === 0 ? [] : [{ ...cohort('DUE_LATE', period, asOf, part), latenesses }]
}

export const histogram = (measure: MeasureOf<'histogram'>, period: Period): Histogram => ({
  read: 'histogram',
  measure,
  period,
})

/** What was recorded outside; money at the rate of its own day, in a ratio at that of the point's. */
export const external = (
  metric: ExternalMetric,
  period: Period,
  rate: External['rate'] = 'OWN_DAY',
): External => ({ read: 'external', metric, period, take: externalMetric(metric).take, rate })
