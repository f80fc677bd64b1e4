/** The inputs of the KPIs, by the words that their formulas use. */
import type { Period } from './calendar.ts'
import type { Day } from './day.ts'
import type { Input, MeasureOf } from './kpi.ts'

type Balance = Extract<Input, { read: 'balance' }>
type Movement = Extract<Input, { read: 'movement' }>
type Cohort = Extract<Input, { read: 'cohort' }>
type Months = Extract<Input, { read: 'months' }>

/** Open receivables at the end of the day, gross of unapplied cash and credits. */
export const receivablesAt = (day: Day): Balance => balance('OPEN_BY_DUE', day, null, 'amount')

/** Those of them whose due date lies before the day: what is due on the day itself is not past due on it. */
export const pastDueAt = (day: Day): Balance => balance('OPEN_BY_DUE', day, 0, 'amount')

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

/** The same for each month back from the day. */
export const salesByMonth = (day: Day): Months => ({
  read: 'months',
  measure: 'BILLED',
  less: 'CREDITED',
  day,
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
