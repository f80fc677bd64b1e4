/** The KPIs of what is owed: balances, and balances set against sales. */
import { lengthOf, trailingMonths, type Period } from './calendar.ts'
import type { Conventions } from './conventions.ts'
import {
  collectionEffectiveness,
  countBack,
  daysOfSales,
  known,
  percentage,
  quotient,
  turnover,
} from './formulas.ts'
import { balance, pastDueAt, receivablesAt, salesByMonth, salesIn } from './kpi-inputs.ts'
import { defineKpi, type KpiDefinition, type Point } from './kpi.ts'

const salesWindow = ({ day }: Point, { dsoMonths }: Conventions): Period => trailingMonths(day, dsoMonths)
const collectionPeriod = ({ day }: Point, { ceiMonths }: Conventions): Period =>
  trailingMonths(day, ceiMonths)

const YEAR_MONTHS = 12

/** The balances that a year lies between: 13 month ends. */
const yearOfMonthEnds = ({ day }: Point) => [
  day,
  ...Array.from({ length: YEAR_MONTHS }, (_, index) => trailingMonths(day, index + 1).from - 1),
]

export const receivablesKpis: readonly KpiDefinition[] = [
  defineKpi({
    metric: 'TOTAL_RECEIVABLES',
    name: 'Total receivables',
    description: 'What customers owe on invoices at the end of the day.',
    formula:
      'Sum of the open balances of all invoices, tax included, gross of unapplied cash and unapplied credit notes.',
    source: 'Sum of the ledger',
    unit: 'MONEY',
    better: 'NEUTRAL',
    conventions: [],
    inputs: ({ day }) => ({ receivables: receivablesAt(day) }),
    compute: ({ receivables }) => known(receivables),
  }),
  defineKpi({
    metric: 'PAST_DUE',
    name: 'Past due',
    description: 'What customers still owe although its due date has passed.',
    formula: 'Sum of the open balances of installments whose due date in force lies before the day.',
    source: 'Sum of the ledger; an installment due on the day is not past due on it',
    unit: 'MONEY',
    better: 'LOWER',
    conventions: [],
    inputs: ({ day }) => ({ pastDue: pastDueAt(day) }),
    compute: ({ pastDue }) => known(pastDue),
  }),
  defineKpi({
    metric: 'CURRENT_RECEIVABLES',
    name: 'Current receivables',
    description: 'What customers owe that is not past due.',
    formula: 'Total receivables less past due.',
    source: 'Sum of the ledger',
    unit: 'MONEY',
    better: 'NEUTRAL',
    conventions: [],
    inputs: ({ day }) => ({ receivables: receivablesAt(day), pastDue: pastDueAt(day) }),
    compute: ({ receivables, pastDue }) => known(receivables.minus(pastDue)),
  }),
  defineKpi({
    metric: 'CURRENT_SHARE',
    name: 'Share current',
    description: 'How much of what is owed is not past due.',
    formula: 'Current receivables / total receivables x 100.',
    source: 'Credit Research Foundation, National Summary of Domestic Trade Receivables',
    unit: 'PERCENT',
    better: 'HIGHER',
    conventions: [],
    inputs: ({ day }) => ({ receivables: receivablesAt(day), pastDue: pastDueAt(day) }),
    compute: ({ receivables, pastDue }) =>
      percentage(receivables.minus(pastDue), receivables, 'NO_RECEIVABLES'),
  }),
  defineKpi({
    metric: 'PAST_DUE_SHARE',
    name: 'Share past due',
    description: 'How much of what is owed is past due.',
    formula: 'Past due / total receivables x 100.',
    source: 'Credit Research Foundation, National Summary of Domestic Trade Receivables',
    unit: 'PERCENT',
    better: 'LOWER',
    conventions: [],
    inputs: ({ day }) => ({ receivables: receivablesAt(day), pastDue: pastDueAt(day) }),
    compute: ({ receivables, pastDue }) => percentage(pastDue, receivables, 'NO_RECEIVABLES'),
  }),
  defineKpi({
    metric: 'DSO',
    name: 'Days sales outstanding',
    description: 'How many days of sales are tied up in receivables.',
    formula:
      'Total receivables / sales of the window x days of the window; the window is the dsoMonths months that end on the day.',
    source: 'JD Edwards EnterpriseOne, current balance divided by sales; Semilla',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: ['dsoMonths'],
    reachesBackTo: (point, conventions) => salesWindow(point, conventions).from,
    inputs: (point, conventions) => ({
      receivables: receivablesAt(point.day),
      sales: salesIn(salesWindow(point, conventions)),
    }),
    compute: ({ receivables, sales }, point, conventions) =>
      daysOfSales(receivables, sales, lengthOf(salesWindow(point, conventions))),
  }),
  defineKpi({
    metric: 'DSO_COUNT_BACK',
    name: 'Days sales outstanding, count-back',
    description:
      'How many days back sales must be added up to equal what is owed; a seasonal month does not distort it.',
    formula:
      'Going back from the day by calendar months, a month whose sales the remaining balance covers counts with all its days, the last one with balance / sales x days. The first month ends on the day.',
    source: 'Oracle Hyperion Financial Management, DSO function; Benji Pays; Upflow',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [],
    inputs: ({ day }) => ({ receivables: receivablesAt(day), months: salesByMonth(day) }),
    compute: ({ receivables, months }) => countBack(receivables, months),
  }),
  defineKpi({
    metric: 'BEST_POSSIBLE_DSO',
    name: 'Best possible DSO',
    description: 'What DSO would be if nothing were past due: the terms granted, not the collection.',
    formula: 'Current receivables / sales of the window x days of the window, with the window of DSO.',
    source: 'criskco; Upflow',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: ['dsoMonths'],
    reachesBackTo: (point, conventions) => salesWindow(point, conventions).from,
    inputs: (point, conventions) => ({
      receivables: receivablesAt(point.day),
      pastDue: pastDueAt(point.day),
      sales: salesIn(salesWindow(point, conventions)),
    }),
    compute: ({ receivables, pastDue, sales }, point, conventions) =>
      daysOfSales(receivables.minus(pastDue), sales, lengthOf(salesWindow(point, conventions))),
  }),
  defineKpi({
    metric: 'AVERAGE_DAYS_DELINQUENT',
    name: 'Average days delinquent',
    description: 'The part of DSO that late payment causes: what collection can win.',
    formula:
      'DSO less best possible DSO, which is past due / sales of the window x days of the window, with the window of DSO.',
    source: 'criskco; JD Edwards, delinquent DSO',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: ['dsoMonths'],
    reachesBackTo: (point, conventions) => salesWindow(point, conventions).from,
    inputs: (point, conventions) => ({
      pastDue: pastDueAt(point.day),
      sales: salesIn(salesWindow(point, conventions)),
    }),
    compute: ({ pastDue, sales }, point, conventions) =>
      daysOfSales(pastDue, sales, lengthOf(salesWindow(point, conventions))),
  }),
  defineKpi({
    metric: 'COLLECTION_EFFECTIVENESS_INDEX',
    name: 'Collection effectiveness index',
    description: 'How much of what could be collected in the period was collected.',
    formula:
      '(Opening receivables + sales - closing receivables) / (opening receivables + sales - closing current receivables) x 100, over the ceiMonths months that end on the day; opening is the end of the day before.',
    source: 'Credit Research Foundation; full-period form as in creditguru and Gaviti',
    unit: 'PERCENT',
    better: 'HIGHER',
    conventions: ['ceiMonths'],
    reachesBackTo: (point, conventions) => collectionPeriod(point, conventions).from,
    inputs: (point, conventions) => ({
      opening: receivablesAt(collectionPeriod(point, conventions).from - 1),
      sales: salesIn(collectionPeriod(point, conventions)),
      closing: receivablesAt(point.day),
      closingPastDue: pastDueAt(point.day),
    }),
    compute: ({ opening, sales, closing, closingPastDue }) =>
      collectionEffectiveness({ opening, sales, closing, closingCurrent: closing.minus(closingPastDue) }),
  }),
  defineKpi({
    metric: 'RECEIVABLES_TURNOVER',
    name: 'Receivables turnover',
    description: 'How often a year receivables are turned into cash.',
    formula:
      'Sales of the twelve months that end on the day / mean of the receivables at their 13 month ends; numerator and denominator are both multiplied by 13.',
    source: 'kapittx',
    unit: 'RATIO',
    better: 'HIGHER',
    conventions: [],
    reachesBackTo: ({ day }) => trailingMonths(day, YEAR_MONTHS).from,
    inputs: (point) => ({
      sales: salesIn(trailingMonths(point.day, YEAR_MONTHS)),
      balances: yearOfMonthEnds(point).map((day) => receivablesAt(day)),
    }),
    compute: ({ sales, balances }) => turnover(sales, balances),
  }),
  defineKpi({
    metric: 'OPEN_INVOICE_COUNT',
    name: 'Open invoices',
    description: 'How many invoices have a balance at the end of the day.',
    formula: 'Number of invoices whose balance is not 0.',
    source: 'Count of the ledger',
    unit: 'COUNT',
    better: 'NEUTRAL',
    conventions: [],
    inputs: ({ day }) => ({ invoices: balance('OPEN_BY_ISSUE', day, null, 'count') }),
    compute: ({ invoices }) => known(invoices),
  }),
  defineKpi({
    metric: 'WEIGHTED_DAYS_PAST_DUE',
    name: 'Weighted days past due',
    description: 'How many days a unit of money owed is past due on average.',
    formula:
      'Sum of (open balance x days past due) / total receivables, over all installments; one that is not past due counts 0 days.',
    source: 'Additive over segments through its dollar-days; definition of this product',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [],
    inputs: ({ day }) => ({
      daysPastDue: balance('OPEN_BY_DUE', day, 0, 'ageAmount'),
      receivables: receivablesAt(day),
    }),
    compute: ({ daysPastDue, receivables }) => quotient(daysPastDue, receivables, 'NO_RECEIVABLES'),
  }),
  defineKpi({
    metric: 'AVERAGE_AGE',
    name: 'Average age of receivables',
    description: 'How many days ago the money that is owed was billed, on average.',
    formula: 'Sum of (open balance x days since the invoice date) / total receivables.',
    source: 'Additive over segments through its dollar-days; definition of this product',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [],
    inputs: ({ day }) => ({
      age: balance('OPEN_BY_ISSUE', day, null, 'ageAmount'),
      receivables: balance('OPEN_BY_ISSUE', day, null, 'amount'),
    }),
    compute: ({ age, receivables }) => quotient(age, receivables, 'NO_RECEIVABLES'),
  }),
  defineKpi({
    metric: 'UNAPPLIED_CASH',
    name: 'Unapplied cash',
    description: 'Money received that has not been applied to any invoice.',
    formula: 'Sum of the balances of all receipts at the end of the day.',
    source: 'Sum of the ledger; Upflow',
    unit: 'MONEY',
    better: 'LOWER',
    conventions: [],
    inputs: ({ day }) => ({ unapplied: balance('UNAPPLIED_CASH', day, null, 'amount') }),
    compute: ({ unapplied }) => known(unapplied),
  }),
]
