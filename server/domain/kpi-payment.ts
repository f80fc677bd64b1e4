/** The KPIs of how customers pay: what fell due, and what was settled. */
import { monthsEndingIn, trailingMonths, type Period } from './calendar.ts'
import type { Conventions } from './conventions.ts'
import type { Day } from './day.ts'
import { amountOf, countOf, known, percentage, quotient, sumOf } from './formulas.ts'
import { cohort, GRACE, histogram, lateInGrace, movement, partOf, PERIOD } from './kpi-inputs.ts'
import { defineKpi, type MeasureOf, type UnthemedKpi } from './kpi.ts'
import { decidedBy, latenessesWithin } from './lateness.ts'
import { Exact } from './money.ts'

/** Days over what they are the days of: each invoice's once, or weighted by its amount. */
const meanDays = (measure: MeasureOf<'movement'>, period: Period, { rateBasis }: Conventions) => ({
  days: movement(measure, period, rateBasis === 'AMOUNT' ? 'amountDays' : 'days'),
  settled: movement(measure, period, rateBasis === 'AMOUNT' ? 'amount' : 'count'),
})

const weightedDays = (measure: MeasureOf<'movement'>, period: Period) => ({
  days: movement(measure, period, 'amountDays'),
  paid: movement(measure, period, 'amount'),
})

/** The days on which bills were dated that turn so many days old in the period. */
const daysBefore = ({ from, to }: Period, days: number): Period => ({ from: from - days, to: to - days })

const paidWithin = (days: 30 | 60): UnthemedKpi =>
  defineKpi({
    metric: `PAID_WITHIN_${days}_DAYS`,
    name: `Paid within ${days} days`,
    description: `How many of the invoices that turned ${days} days old in the period had been paid by then.`,
    formula: `Invoices paid in full, credits considered, within ${days} days of the invoice date / invoices x 100, of the invoices dated ${days} days before the days of the period, so that all of them had their time; by money: what was paid of them by then / billed. Bounced payments count as unpaid.`,
    source: 'Definition of this product',
    unit: 'PERCENT',
    better: 'HIGHER',
    conventions: [...PERIOD, 'rateBasis'],
    reachesBackTo: ({ period }) => period.from - days,
    inputs: ({ period, asOf }, conventions) => ({
      paid: cohort(`PAID_WITHIN_${days}`, daysBefore(period, days), asOf, partOf(conventions)),
      billed: movement('BILLED', daysBefore(period, days), partOf(conventions)),
    }),
    compute: ({ paid, billed }) => percentage(paid, billed, 'NOTHING_IN_PERIOD'),
  })

/** At month ends these are calendar months. */
const sixMonthsBefore = ({ from, to }: Period): Period => {
  const earlier = (day: Day): Day => trailingMonths(day, 6).from - 1
  return { from: earlier(from - 1) + 1, to: earlier(to) }
}

const IN_TIME =
  'In time is by the first due date and graceDays more, with weekendRoll by the Monday after where that is on a weekend; what can still be paid in time is left out.'

export const paymentKpis: readonly UnthemedKpi[] = [
  defineKpi({
    metric: 'ON_TIME_RATE',
    name: 'On-time rate',
    description: 'How much of what fell due in the period was paid in time.',
    formula: `Installments that fell due in the period and were paid in full in time / installments that fell due in it x 100; by money: what of them was paid in time / what was due. ${IN_TIME} Credit notes reduce what was due, write-offs and bounced payments count as unpaid, so what is unpaid counts as late.`,
    source: 'Definition of this product; by due date, to escape the survivorship shown by Upflow',
    unit: 'PERCENT',
    better: 'HIGHER',
    conventions: [...PERIOD, 'rateBasis', ...GRACE],
    inputs: ({ period, asOf }, conventions) => {
      const decided = decidedBy(period, asOf, conventions)
      const part = partOf(conventions)
      return {
        onTime: cohort('DUE_ON_TIME', decided, asOf, part),
        inGrace: lateInGrace(decided, asOf, part, conventions),
        due: cohort('DUE', decided, asOf, part),
      }
    },
    compute: ({ onTime, inGrace, due }) => percentage(sumOf([onTime, ...inGrace]), due, 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'ON_TIME_RATE_SETTLED',
    name: 'On-time rate of settled invoices',
    description:
      'How many of the invoices settled in the period were settled in time. Invoices never paid are not in it.',
    formula:
      'Invoices settled in the period in time / invoices settled in it x 100; by money: each weighted by what was paid on it. In time is by the first due date, of the last installment, and graceDays more, with weekendRoll by the Monday after where that is on a weekend.',
    source: 'Common practice; flatters where the worst never pay, so see the on-time rate beside it',
    unit: 'PERCENT',
    better: 'HIGHER',
    conventions: [...PERIOD, 'rateBasis', ...GRACE],
    inputs: ({ period }, conventions) => ({
      onTime: movement('SETTLED_ON_TIME', period, partOf(conventions)),
      late: latenessesWithin(conventions).length === 0 ? [] : [histogram('SETTLED_IN_GRACE', period)],
      settled: movement('SETTLED', period, partOf(conventions)),
    }),
    compute: ({ onTime, late, settled }, _point, conventions) => {
      const codes = new Set(latenessesWithin(conventions))
      const inGrace = late.flat().filter(({ days }) => codes.has(days))
      const grace = conventions.rateBasis === 'AMOUNT' ? amountOf(inGrace) : new Exact(countOf(inGrace))
      return percentage(onTime.plus(grace), settled, 'NOTHING_IN_PERIOD')
    },
  }),
  defineKpi({
    metric: 'INVOICES_SETTLED',
    name: 'Invoices settled',
    description:
      'How many invoices were paid off in the period. One that was only credited is not counted, nor one of which anything was written off.',
    formula: 'Number of invoices whose balance reached 0, with something paid and nothing written off.',
    source: 'Count of the ledger',
    unit: 'COUNT',
    better: 'HIGHER',
    conventions: [...PERIOD],
    inputs: ({ period }) => ({ invoices: movement('SETTLED', period, 'count') }),
    compute: ({ invoices }) => known(invoices),
  }),
  defineKpi({
    metric: 'AVERAGE_DAYS_TO_PAY',
    name: 'Average days to pay',
    description: 'How many days after the invoice date the invoices settled in the period were settled.',
    formula:
      'Sum of days from invoice date to settlement / invoices settled in the period; by money: each weighted by what was paid on it.',
    source: 'fswfunding, weighted average days to pay',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [...PERIOD, 'rateBasis'],
    inputs: ({ period }, conventions) => meanDays('SETTLED', period, conventions),
    compute: ({ days, settled }) => quotient(days, settled, 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'WEIGHTED_DAYS_TO_PAY',
    name: 'Weighted days to pay',
    description:
      'How many days after the invoice date the money that was applied to invoices in the period was paid, whether it settled them or not.',
    formula:
      'Sum of (applied x days from invoice date to payment) / sum of applied, over the receipts applied to invoices in the period; what bounced takes back what it added. Over settled invoices alone it is the average days to pay by money.',
    source: 'fswfunding, weighted average days to pay',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [...PERIOD],
    inputs: ({ period }) => weightedDays('PAID', period),
    compute: ({ days, paid }) => quotient(days, paid, 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'AVERAGE_DAYS_LATE',
    name: 'Average days late',
    description: 'How many days after the first due date the invoices settled in the period were settled.',
    formula:
      'Sum of days from first due date to settlement / invoices settled in the period, early as negative days or, with floorDaysLate, as 0; by money: each weighted by what was paid on it.',
    source: 'JD Edwards, average days late; days beyond terms as in Satago',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [...PERIOD, 'rateBasis', 'floorDaysLate'],
    inputs: ({ period }, conventions) =>
      meanDays(conventions.floorDaysLate ? 'SETTLED_LATE_FLOORED' : 'SETTLED_LATE', period, conventions),
    compute: ({ days, settled }) => quotient(days, settled, 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'DAYS_BEYOND_TERMS',
    name: 'Days beyond terms',
    description:
      'How many days after the first due date the money of the invoices settled in the period was paid.',
    formula:
      'Sum of (paid x days from first due date to settlement) / paid, early as negative days or, with floorDaysLate, as 0.',
    source: 'Satago (early is negative); fitsmallbusiness (early is 0)',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [...PERIOD, 'floorDaysLate'],
    inputs: ({ period }, { floorDaysLate }) =>
      weightedDays(floorDaysLate ? 'SETTLED_LATE_FLOORED' : 'SETTLED_LATE', period),
    compute: ({ days, paid }) => quotient(days, paid, 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'AT_RISK_RATE',
    name: 'At-risk rate',
    description: 'How much of what was billed six months before was still open 90 days after its due date.',
    formula:
      'Open 90 days after the first due date / billed x 100, of the invoices of the period six calendar months earlier: terms of up to 90 days have passed by then.',
    source: 'Upflow, at-risk rate',
    unit: 'PERCENT',
    better: 'LOWER',
    conventions: [...PERIOD],
    reachesBackTo: ({ period }) => sixMonthsBefore(period).from,
    inputs: ({ period, asOf }) => ({
      atRisk: cohort('AT_RISK', sixMonthsBefore(period), asOf, 'amount'),
      billed: movement('BILLED', sixMonthsBefore(period), 'amount'),
    }),
    compute: ({ atRisk, billed }) => percentage(atRisk, billed, 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'COLLECTED_SHARE',
    name: 'Collected share',
    description:
      'How much of what was billed in the months that ended in the period has been paid, as far as is known.',
    formula:
      'Applied from receipts to the invoices of the calendar months that ended in the period, up to the day that they are seen from / billed in those months x 100.',
    source: 'Definition of this product; says how much of a period DSO by ledger speaks of',
    unit: 'PERCENT',
    better: 'HIGHER',
    conventions: [...PERIOD],
    inputs: ({ period, asOf }) => ({
      collected: cohort('PAID_BY_MONTH', monthsEndingIn(period), asOf, 'amount'),
      billed: movement('BILLED', monthsEndingIn(period), 'amount'),
    }),
    compute: ({ collected, billed }) => percentage(collected, billed, 'NOTHING_IN_PERIOD'),
  }),
  paidWithin(30),
  paidWithin(60),
]
