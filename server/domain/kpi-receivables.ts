/** The KPIs of what is owed at the end of a day. */
import {
  expectedLoss,
  daysBeyondTerms,
  known,
  lateInterest,
  percentage,
  quotient,
  sumOf,
  unknown,
} from './formulas.ts'
import { balance, GRACE, pastDueAt, PERIOD, receivablesAt } from './kpi-inputs.ts'
import { defineKpi, type UnthemedKpi } from './kpi.ts'
import type { Period } from './calendar.ts'
import { daysGranted } from './lateness.ts'
import type { Day } from './day.ts'

const daysOf = ({ from, to }: Period): Day[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)

/** More than so many days past due. */
const olderThan = (day: Day, days: number) => balance('OPEN_BY_DUE', day, days, 'amount')

/** The edges of the usual buckets of aging. */
const bucketsAt = (day: Day) => ({
  over0: olderThan(day, 0),
  over30: olderThan(day, 30),
  over60: olderThan(day, 60),
  over90: olderThan(day, 90),
})

export const receivablesKpis: readonly UnthemedKpi[] = [
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
    conventions: [...GRACE],
    inputs: ({ day }, conventions) => ({ pastDue: pastDueAt(day, conventions) }),
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
    conventions: [...GRACE],
    inputs: ({ day }, conventions) => ({
      receivables: receivablesAt(day),
      pastDue: pastDueAt(day, conventions),
    }),
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
    conventions: [...GRACE],
    inputs: ({ day }, conventions) => ({
      receivables: receivablesAt(day),
      pastDue: pastDueAt(day, conventions),
    }),
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
    conventions: [...GRACE],
    inputs: ({ day }, conventions) => ({
      receivables: receivablesAt(day),
      pastDue: pastDueAt(day, conventions),
    }),
    compute: ({ receivables, pastDue }) => percentage(pastDue, receivables, 'NO_RECEIVABLES'),
  }),
  defineKpi({
    metric: 'PAST_DUE_COUNT',
    name: 'Past-due installments',
    description: 'How many installments customers still owe although their due date has passed.',
    formula: 'Number of installments with a balance whose due date in force lies before the day.',
    source: 'Count of the ledger',
    unit: 'COUNT',
    better: 'LOWER',
    conventions: [...GRACE],
    inputs: ({ day }, conventions) => ({
      installments: balance('OPEN_BY_DUE', day, daysGranted(day, conventions), 'count'),
    }),
    compute: ({ installments }) => known(installments),
  }),
  defineKpi({
    metric: 'PAST_DUE_OVER_90',
    name: 'Past due for more than 90 days',
    description: 'What customers owe that is 91 days past due or more.',
    formula: 'Sum of the open balances of installments due 91 days before the day or earlier.',
    source: 'Sum of the ledger; the last bucket of the Credit Research Foundation',
    unit: 'MONEY',
    better: 'LOWER',
    conventions: [],
    inputs: ({ day }) => ({ over90: olderThan(day, 90) }),
    compute: ({ over90 }) => known(over90),
  }),
  defineKpi({
    metric: 'PAST_DUE_OVER_90_SHARE',
    name: 'Share past due for more than 90 days',
    description: 'How much of what is owed is 91 days past due or more.',
    formula: 'Past due for more than 90 days / total receivables x 100.',
    source: 'Credit Research Foundation, National Summary of Domestic Trade Receivables',
    unit: 'PERCENT',
    better: 'LOWER',
    conventions: [],
    inputs: ({ day }) => ({ over90: olderThan(day, 90), receivables: receivablesAt(day) }),
    compute: ({ over90, receivables }) => percentage(over90, receivables, 'NO_RECEIVABLES'),
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
    metric: 'AVERAGE_DAYS_PAST_DUE',
    name: 'Average days past due',
    description: 'How many days a unit of money that is past due is past due on average.',
    formula: 'Sum of (past-due balance x days past due) / past due, by the due date without grace.',
    source: 'Average days delinquent of open items (calculator7); apart from the difference of two DSOs',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [],
    inputs: ({ day }) => ({
      daysPastDue: balance('OPEN_BY_DUE', day, 0, 'ageAmount'),
      pastDue: pastDueAt(day),
    }),
    compute: ({ daysPastDue, pastDue }) => quotient(daysPastDue, pastDue, 'NOTHING_OPEN'),
  }),
  defineKpi({
    metric: 'DOLLAR_DAYS_LATE',
    name: 'Dollar-days late',
    description:
      'What was past due in the period times the days for which it was: what late payment withheld, by which a lateness budget is spent.',
    formula:
      'Sum over the days of the period of what was past due at the end of each, at the rate of the last day. USD 100 that are ten days late make USD 1,000.',
    source:
      'Additive over days and segments; after the error budgets of service levels (Google, SRE workbook)',
    unit: 'MONEY',
    better: 'LOWER',
    conventions: [...PERIOD, ...GRACE],
    reachesBackTo: ({ period }) => period.from,
    inputs: ({ period }, conventions) => ({
      pastDue: daysOf(period).map((day) => pastDueAt(day, conventions)),
    }),
    compute: ({ pastDue }) => known(sumOf(pastDue)),
  }),
  defineKpi({
    metric: 'DAYS_BEYOND_TERMS_BY_BUCKETS',
    name: 'Days beyond terms by buckets',
    description: 'How late what is owed is, as credit bureaus reckon it from the buckets of aging.',
    formula: '(1-30 days past due x 15 + 31-60 x 45 + 61-90 x 75 + 91 and more x 105) / total receivables.',
    source: 'Experian, days beyond terms',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [],
    inputs: ({ day }) => ({ ...bucketsAt(day), receivables: receivablesAt(day) }),
    compute: ({ over0, over30, over60, over90, receivables }) =>
      daysBeyondTerms({ 0: over0, 30: over30, 60: over60, 90: over90 }, receivables),
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
    metric: 'EXPECTED_CREDIT_LOSS',
    name: 'Expected credit loss',
    description: 'What of the receivables will be lost, by the loss rates that the organization has set.',
    formula:
      'Sum over the buckets not due, 1-30, 31-60, 61-90, and 91 and more days past due: balance x its rate of lossRates / 100.',
    source: 'IFRS 9 5.5.15 and B5.5.35, provision matrix (ASC 326: CECL)',
    unit: 'MONEY',
    better: 'LOWER',
    conventions: ['lossRates'],
    inputs: ({ day }) => ({ ...bucketsAt(day), receivables: receivablesAt(day) }),
    compute: ({ over0, over30, over60, over90, receivables }, _point, { lossRates }) =>
      lossRates === null
        ? unknown('NOT_CONFIGURED')
        : known(
            expectedLoss(
              [
                receivables.minus(over0),
                over0.minus(over30),
                over30.minus(over60),
                over60.minus(over90),
                over90,
              ],
              lossRates,
            ),
          ),
  }),
  defineKpi({
    metric: 'LATE_INTEREST',
    name: 'Late interest',
    description: 'What customers would owe in interest on what is past due, had it all been charged.',
    formula:
      'Sum of (past-due balance x days past due) x lateInterestRate / 100 / 365: simple interest on what is still open, from the day after its due date.',
    source: 'Directive 2011/7/EU, articles 2 and 3',
    unit: 'MONEY',
    better: 'LOWER',
    conventions: ['lateInterestRate'],
    inputs: ({ day }) => ({ daysPastDue: balance('OPEN_BY_DUE', day, 0, 'ageAmount') }),
    compute: ({ daysPastDue }, _point, { lateInterestRate }) =>
      lateInterestRate === null
        ? unknown('NOT_CONFIGURED')
        : known(lateInterest(daysPastDue, lateInterestRate)),
  }),
]
