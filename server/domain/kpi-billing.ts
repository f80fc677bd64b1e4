/** The KPIs of bills: how much, how soon, how right. */
import { countOf, known, knownOr, median, percentage, percentile } from './formulas.ts'
import { cohort, histogram, moneyIn, movement, PERIOD } from './kpi-inputs.ts'
import { defineKpi, type UnthemedKpi } from './kpi.ts'
import { Exact } from './money.ts'
import { onTaxBasis, taxIn } from './tax-basis.ts'

export const billingKpis: readonly UnthemedKpi[] = [
  defineKpi({
    metric: 'SALES',
    name: 'Sales',
    description:
      'What was billed in the period less the credit notes issued in it, tax included as in receivables unless taxBasis is NET.',
    formula:
      'Sum of invoices by invoice date - sum of credit notes by their date; with taxBasis NET less the tax in them.',
    source: 'Sum of the ledger',
    unit: 'MONEY',
    better: 'NEUTRAL',
    conventions: [...PERIOD, 'taxBasis'],
    inputs: ({ period }, conventions) => ({
      billed: moneyIn('BILLED', period),
      credited: moneyIn('CREDITED', period),
      tax: taxIn(period, conventions, 'OWN_DAY'),
    }),
    compute: ({ billed, credited, tax }) => onTaxBasis(billed.minus(credited), tax, known),
  }),
  defineKpi({
    metric: 'INVOICES_SENT',
    name: 'Invoices sent',
    description: 'How many invoices were billed in the period.',
    formula: 'Number of invoices by invoice date.',
    source: 'Count of the ledger',
    unit: 'COUNT',
    better: 'NEUTRAL',
    conventions: [...PERIOD],
    inputs: ({ period }) => ({ invoices: movement('BILLED', period, 'count') }),
    compute: ({ invoices }) => known(invoices),
  }),
  defineKpi({
    metric: 'INVOICE_ACCURACY',
    name: 'Invoice accuracy',
    description: 'How many of the invoices of the period were right the first time.',
    formula:
      '(Invoices billed in the period - those of them that were voided or corrected since) / invoices billed in it x 100.',
    source: 'APQC 106507',
    unit: 'PERCENT',
    better: 'HIGHER',
    conventions: [...PERIOD],
    inputs: ({ period, asOf }) => ({
      wrong: cohort('BILLED_WRONG', period, asOf, 'count'),
      billed: movement('BILLED', period, 'count'),
    }),
    compute: ({ wrong, billed }) => percentage(billed.minus(wrong), billed, 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'RE_BILLED',
    name: 'Re-billed',
    description:
      'What was billed in the period and turned out wrong: voided or corrected since. Guards other KPIs, for a new bill has a new due date.',
    formula:
      'Sum of the first amounts of the invoices of the period that were voided or corrected, at the rate of the day.',
    source: 'Guard of this product',
    unit: 'MONEY',
    better: 'LOWER',
    conventions: [...PERIOD],
    inputs: ({ period, asOf }) => ({ wrong: cohort('BILLED_WRONG', period, asOf, 'amount') }),
    compute: ({ wrong }) => known(wrong),
  }),
  defineKpi({
    metric: 'RE_DATED',
    name: 'Re-dated',
    description:
      'What was open of invoices when their due dates were moved later in the period. Guards other KPIs: what is due later is not past due, and nobody paid for that.',
    formula:
      'Sum of what was open at the end of the day, of the installments that are due later by what happened on it.',
    source: 'Guard of this product',
    unit: 'MONEY',
    better: 'LOWER',
    conventions: [...PERIOD],
    inputs: ({ period }) => ({ open: moneyIn('RE_DATED', period) }),
    compute: ({ open }) => known(open),
  }),
  defineKpi({
    metric: 'RE_DATED_COUNT',
    name: 'Due dates moved later',
    description:
      'How many open invoices, or installments of them, were given a later due date in the period.',
    formula:
      'Count of the installments that are due later by what happened on a day, for each day of the period.',
    source: 'Guard of this product',
    unit: 'COUNT',
    better: 'LOWER',
    conventions: [...PERIOD],
    inputs: ({ period }) => ({ count: movement('RE_DATED', period, 'count') }),
    compute: ({ count }) => known(count),
  }),
  defineKpi({
    metric: 'TIME_TO_INVOICE',
    name: 'Time to invoice',
    description:
      'How many days after the delivery the invoices of the period were sent: half of them within.',
    formula:
      'Median of the days from delivery to sending, of the invoices of the period where both are known.',
    source: 'APQC, cycle times; Sage',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [...PERIOD],
    inputs: ({ period }) => ({ taken: histogram('TIME_TO_INVOICE', period) }),
    compute: ({ taken }) => knownOr(median(taken), 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'TIME_TO_INVOICE_P90',
    name: 'Time to invoice, 90th percentile',
    description: 'How many days after the delivery nine tenths of the invoices of the period were sent.',
    formula:
      'The fewest days within which 90 % of the invoices of the period, where both days are known, were sent after delivery.',
    source: 'APQC, cycle times; Sage',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [...PERIOD],
    inputs: ({ period }) => ({ taken: histogram('TIME_TO_INVOICE', period) }),
    compute: ({ taken }) => knownOr(percentile(taken, 90), 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'SAME_DAY_INVOICE_RATE',
    name: 'Invoices sent the same day',
    description: 'How many of the invoices of the period were sent by the day of the delivery.',
    formula:
      'Invoices sent on or before the day of delivery / invoices of the period where both days are known x 100.',
    source: 'Sage, five goals of credit and collection',
    unit: 'PERCENT',
    better: 'HIGHER',
    conventions: [...PERIOD],
    inputs: ({ period }) => ({ taken: histogram('TIME_TO_INVOICE', period) }),
    compute: ({ taken }) => {
      const sameDay = countOf(taken.filter(({ days }) => days <= 0))
      return percentage(new Exact(sameDay), new Exact(countOf(taken)), 'NOTHING_IN_PERIOD')
    },
  }),
]
