/** The KPIs that set what is owed against sales. */
import { lengthOf, monthsEndingIn, type Period } from './calendar.ts'
import type { Conventions } from './conventions.ts'
import type { Day } from './day.ts'
import { periodsPerYear, trailingPeriods } from './fiscal.ts'
import {
  collectionEffectiveness,
  collectionPeriod,
  countBack,
  daysOfSales,
  known,
  netOf,
  quotient,
  sumOf,
  turnover,
} from './formulas.ts'
import {
  cohort,
  GRACE,
  movement,
  owedAt,
  pastDueAt,
  PERIOD,
  receivablesAt,
  salesByPeriod,
  salesIn,
  salesWindow,
} from './kpi-inputs.ts'
import { defineKpi, type Point, type UnthemedKpi } from './kpi.ts'
import { onTaxBasis, onTaxBasisByPeriod, taxByPeriod, taxIn } from './tax-basis.ts'

const WINDOW = ['dsoMonths', 'calendar', 'taxBasis'] as const
const TAX = 'Receivables include tax, and so do sales unless taxBasis is NET.'
const TAX_IN_BOTH = 'Receivables and sales both include tax.'

const beginningOfWindow = (point: Point, conventions: Conventions): Day =>
  salesWindow(point, conventions).from
const daysOfWindow = (point: Point, conventions: Conventions): number =>
  lengthOf(salesWindow(point, conventions))

/** Sales, and what it takes to have them without tax. */
const salesOn = (period: Period, conventions: Conventions) => ({
  sales: salesIn(period),
  tax: taxIn(period, conventions),
})

/** Billed, and each amount times the days to its first due date. */
const termsIn = (period: Period) => ({
  days: movement('BILLED', period, 'amountDays'),
  billed: movement('BILLED', period, 'amount'),
})

const indexWindow = ({ day }: Point, { ceiMonths, calendar }: Conventions): Period =>
  trailingPeriods(day, ceiMonths, calendar)

const yearTo = ({ day }: Point, { calendar }: Conventions): Period =>
  trailingPeriods(day, periodsPerYear(calendar), calendar)

/** The balances that a year lies between: 13 month ends, or one more than the year has periods. */
const yearOfPeriodEnds = ({ day }: Point, { calendar }: Conventions): Day[] => [
  day,
  ...Array.from(
    { length: periodsPerYear(calendar) },
    (_, index) => trailingPeriods(day, index + 1, calendar).from - 1,
  ),
]

export const daysSalesKpis: readonly UnthemedKpi[] = [
  defineKpi({
    metric: 'DSO',
    name: 'Days sales outstanding',
    description: 'How many days of sales are tied up in receivables.',
    formula: `Total receivables (with unappliedCash INCLUDE less unapplied cash) / sales of the window x days of the window; the window is the dsoMonths months that end on the day. ${TAX}`,
    source: 'JD Edwards EnterpriseOne, current balance divided by sales; Semilla',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [...WINDOW, 'unappliedCash'],
    reachesBackTo: beginningOfWindow,
    inputs: (point, conventions) => ({
      ...owedAt(point.day, conventions),
      ...salesOn(salesWindow(point, conventions), conventions),
    }),
    compute: ({ receivables, netted, sales, tax }, point, conventions) =>
      onTaxBasis(sales, tax, (sold) =>
        daysOfSales(netOf(receivables, netted), sold, daysOfWindow(point, conventions)),
      ),
  }),
  defineKpi({
    metric: 'DSO_AVERAGE',
    name: 'Days sales outstanding, average receivables',
    description: 'DSO on the mean of the receivables before and at the end of the window.',
    formula: `(Total receivables before the window + total receivables at its end) / 2 / sales of the window x days of the window, with the window of DSO. ${TAX}`,
    source: 'South District Group',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [...WINDOW, 'unappliedCash'],
    reachesBackTo: beginningOfWindow,
    inputs: (point, conventions) => {
      const window = salesWindow(point, conventions)
      const opening = owedAt(window.from - 1, conventions)
      const closing = owedAt(window.to, conventions)
      return {
        receivables: [opening.receivables, closing.receivables],
        netted: [...opening.netted, ...closing.netted],
        ...salesOn(window, conventions),
      }
    },
    compute: ({ receivables, netted, sales, tax }, point, conventions) =>
      onTaxBasis(sales, tax, (sold) =>
        daysOfSales(netOf(sumOf(receivables), netted).div(2), sold, daysOfWindow(point, conventions)),
      ),
  }),
  defineKpi({
    metric: 'DSO_COUNT_BACK',
    name: 'Days sales outstanding, count-back',
    description:
      'How many days back sales must be added up to equal what is owed; a seasonal month does not distort it.',
    formula: `Going back from the day by the periods of the calendar, a period whose sales the remaining balance covers counts with all its days, the last one with balance / sales x days. The first period ends on the day. With unappliedCash INCLUDE the balance is net of unapplied cash. ${TAX}`,
    source: 'Oracle Hyperion Financial Management, DSO function; Benji Pays; Upflow',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: ['unappliedCash', 'calendar', 'taxBasis'],
    inputs: ({ day }, conventions) => ({
      ...owedAt(day, conventions),
      periods: salesByPeriod(day, conventions.calendar),
      taxes: taxByPeriod(day, conventions.calendar, conventions),
    }),
    compute: ({ receivables, netted, periods, taxes }) =>
      onTaxBasisByPeriod(periods, taxes, (sold) => countBack(netOf(receivables, netted), sold)),
  }),
  defineKpi({
    metric: 'BEST_POSSIBLE_DSO',
    name: 'Best possible DSO',
    description: 'What DSO would be if nothing were past due: the terms granted, not the collection.',
    formula: `Current receivables / sales of the window x days of the window, with the window of DSO. ${TAX}`,
    source: 'criskco; Upflow',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [...WINDOW, ...GRACE],
    reachesBackTo: beginningOfWindow,
    inputs: (point, conventions) => ({
      receivables: receivablesAt(point.day),
      pastDue: pastDueAt(point.day, conventions),
      ...salesOn(salesWindow(point, conventions), conventions),
    }),
    compute: ({ receivables, pastDue, sales, tax }, point, conventions) =>
      onTaxBasis(sales, tax, (sold) =>
        daysOfSales(receivables.minus(pastDue), sold, daysOfWindow(point, conventions)),
      ),
  }),
  defineKpi({
    metric: 'BEST_POSSIBLE_DSO_COUNT_BACK',
    name: 'Best possible DSO, count-back',
    description: 'What count-back DSO would be if nothing were past due.',
    formula: `Current receivables, counted back as in count-back DSO. ${TAX}`,
    source: 'Upflow; the best possible form of the count-back method',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [...GRACE, 'calendar', 'taxBasis'],
    inputs: ({ day }, conventions) => ({
      receivables: receivablesAt(day),
      pastDue: pastDueAt(day, conventions),
      periods: salesByPeriod(day, conventions.calendar),
      taxes: taxByPeriod(day, conventions.calendar, conventions),
    }),
    compute: ({ receivables, pastDue, periods, taxes }) =>
      onTaxBasisByPeriod(periods, taxes, (sold) => countBack(receivables.minus(pastDue), sold)),
  }),
  defineKpi({
    metric: 'DSO_BY_LEDGER',
    name: 'Days sales outstanding by ledger',
    description:
      'How many days the money billed in the months that ended in the period took to come in, invoice by invoice: true DSO. What is not paid yet is not in it, so read it beside the collected share, and again when more has come.',
    formula:
      'Sum of (applied from receipts x days from invoice date to payment) / sum of applied, over the invoices of the calendar months that ended in the period, of what was applied up to the day that they are seen from; bounced payments take back what they added.',
    source: 'Semilla, second method; Credit Research Foundation, true DSO',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [...PERIOD],
    inputs: ({ period, asOf }) => ({
      days: cohort('PAID_BY_MONTH', monthsEndingIn(period), asOf, 'amountDays'),
      collected: cohort('PAID_BY_MONTH', monthsEndingIn(period), asOf, 'amount'),
    }),
    compute: ({ days, collected }) => quotient(days, collected, 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'AVERAGE_DAYS_DELINQUENT',
    name: 'Average days delinquent',
    description: 'The part of DSO that late payment causes: what collection can win.',
    formula: `DSO less best possible DSO, which is past due (with unappliedCash INCLUDE less unapplied cash) / sales of the window x days of the window, with the window of DSO. ${TAX}`,
    source: 'criskco; JD Edwards, delinquent DSO',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [...WINDOW, ...GRACE, 'unappliedCash'],
    reachesBackTo: beginningOfWindow,
    inputs: (point, conventions) => ({
      pastDue: pastDueAt(point.day, conventions),
      netted: owedAt(point.day, conventions).netted,
      ...salesOn(salesWindow(point, conventions), conventions),
    }),
    compute: ({ pastDue, netted, sales, tax }, point, conventions) =>
      onTaxBasis(sales, tax, (sold) =>
        daysOfSales(netOf(pastDue, netted), sold, daysOfWindow(point, conventions)),
      ),
  }),
  defineKpi({
    metric: 'WEIGHTED_AVERAGE_TERMS',
    name: 'Weighted average terms',
    description: 'How many days customers are given to pay, by the money billed in the period.',
    formula:
      'Sum of (amount billed x days from invoice date to first due date) / amount billed, over the installments of the period.',
    source: 'fswfunding, weighted average terms',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [...PERIOD],
    inputs: ({ period }) => termsIn(period),
    compute: ({ days, billed }) => quotient(days, billed, 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'EXTENDED_DSO',
    name: 'Extended DSO',
    description: 'By how much best possible DSO exceeds the terms on paper.',
    formula: `Best possible DSO less weighted average terms of what was billed in the window of DSO. ${TAX}`,
    source: 'JD Edwards, extended DSO: days credit granted less contractual terms',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [...WINDOW, ...GRACE],
    reachesBackTo: beginningOfWindow,
    inputs: (point, conventions) => ({
      receivables: receivablesAt(point.day),
      pastDue: pastDueAt(point.day, conventions),
      ...salesOn(salesWindow(point, conventions), conventions),
      ...termsIn(salesWindow(point, conventions)),
    }),
    compute: ({ receivables, pastDue, sales, tax, days, billed }, point, conventions) => {
      const granted = onTaxBasis(sales, tax, (sold) =>
        daysOfSales(receivables.minus(pastDue), sold, daysOfWindow(point, conventions)),
      )
      const terms = quotient(days, billed, 'NO_SALES')
      if (granted.value === null) return granted
      return terms.value === null ? terms : known(granted.value.minus(terms.value))
    },
  }),
  defineKpi({
    metric: 'COLLECTION_EFFECTIVENESS_INDEX',
    name: 'Collection effectiveness index',
    description: 'How much of what could be collected in the period was collected.',
    formula: `(Opening receivables + sales - closing receivables) / (opening receivables + sales - closing current receivables) x 100, over the ceiMonths months that end on the day; opening is the end of the day before. With ceiForm MONTHLY_SHARE sales are divided by ceiMonths. ${TAX_IN_BOTH}`,
    source:
      'Credit Research Foundation; full-period form as in creditguru and Gaviti, monthly share as in CMA (September 2010)',
    unit: 'PERCENT',
    better: 'HIGHER',
    conventions: ['ceiMonths', 'ceiForm', ...GRACE, 'calendar'],
    reachesBackTo: (point, conventions) => indexWindow(point, conventions).from,
    inputs: (point, conventions) => ({
      opening: receivablesAt(indexWindow(point, conventions).from - 1),
      sales: salesIn(indexWindow(point, conventions)),
      closing: receivablesAt(point.day),
      closingPastDue: pastDueAt(point.day, conventions),
    }),
    compute: ({ opening, sales, closing, closingPastDue }, _point, { ceiForm, ceiMonths }) =>
      collectionEffectiveness({
        opening,
        sales: ceiForm === 'MONTHLY_SHARE' ? sales.div(ceiMonths) : sales,
        closing,
        closingCurrent: closing.minus(closingPastDue),
      }),
  }),
  defineKpi({
    metric: 'RECEIVABLES_TURNOVER',
    name: 'Receivables turnover',
    description: 'How often a year receivables are turned into cash.',
    formula: `Sales of the year that ends on the day / mean of the receivables at the 13 month ends that it lies between (one more than the year has periods); numerator and denominator are both multiplied by their number. ${TAX}`,
    source: 'kapittx',
    unit: 'RATIO',
    better: 'HIGHER',
    conventions: ['calendar', 'taxBasis'],
    reachesBackTo: (point, conventions) => yearTo(point, conventions).from,
    inputs: (point, conventions) => ({
      ...salesOn(yearTo(point, conventions), conventions),
      balances: yearOfPeriodEnds(point, conventions).map((day) => receivablesAt(day)),
    }),
    compute: ({ sales, tax, balances }) => onTaxBasis(sales, tax, (sold) => turnover(sold, balances)),
  }),
  defineKpi({
    metric: 'AVERAGE_COLLECTION_PERIOD',
    name: 'Average collection period',
    description: 'How many days it takes on average to turn receivables into cash, over a year.',
    formula: `Days of the year that ends on the day / receivables turnover. ${TAX}`,
    source: 'kapittx',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: ['calendar', 'taxBasis'],
    reachesBackTo: (point, conventions) => yearTo(point, conventions).from,
    inputs: (point, conventions) => ({
      ...salesOn(yearTo(point, conventions), conventions),
      balances: yearOfPeriodEnds(point, conventions).map((day) => receivablesAt(day)),
    }),
    compute: ({ sales, tax, balances }, point, conventions) =>
      onTaxBasis(sales, tax, (sold) =>
        collectionPeriod(sold, balances, lengthOf(yearTo(point, conventions))),
      ),
  }),
]
