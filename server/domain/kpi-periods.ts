/** The KPIs of a period: what was billed, paid, settled and disputed in it. */
import type { Period } from './calendar.ts'
import type { Conventions } from './conventions.ts'
import { known, percentage, quotient } from './formulas.ts'
import { cohort, moneyIn, movement } from './kpi-inputs.ts'
import { defineKpi, type KpiDefinition, type MeasureOf } from './kpi.ts'

/** What a rate compares: money or invoices. */
const partOf = ({ rateBasis }: Conventions) => (rateBasis === 'AMOUNT' ? 'amount' : 'count')

/** Days over what they are the days of: each invoice's once, or weighted by its amount. */
const meanDays = (measure: MeasureOf<'movement'>, period: Period, { rateBasis }: Conventions) => ({
  days: movement(measure, period, rateBasis === 'AMOUNT' ? 'amountDays' : 'days'),
  settled: movement(measure, period, rateBasis === 'AMOUNT' ? 'amount' : 'count'),
})

export const periodKpis: readonly KpiDefinition[] = [
  defineKpi({
    metric: 'ON_TIME_RATE',
    name: 'On-time rate',
    description: 'How much of what fell due in the period was paid by its due date.',
    formula:
      'Installments that fell due in the period and were paid in full by their first due date / installments that fell due in it x 100; by money: what of them was paid by then / what was due. Credit notes reduce what was due, write-offs and bounced payments count as unpaid, so what is unpaid counts as late.',
    source: 'Definition of this product; by due date, to escape the survivorship shown by Upflow',
    unit: 'PERCENT',
    better: 'HIGHER',
    conventions: ['periodMonths', 'rateBasis'],
    inputs: ({ period, asOf }, conventions) => ({
      onTime: cohort('DUE_ON_TIME', period, asOf, partOf(conventions)),
      due: cohort('DUE', period, asOf, partOf(conventions)),
    }),
    compute: ({ onTime, due }) => percentage(onTime, due, 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'ON_TIME_RATE_SETTLED',
    name: 'On-time rate of settled invoices',
    description:
      'How many of the invoices settled in the period were settled by the due date. Invoices never paid are not in it.',
    formula:
      'Invoices settled in the period by their first due date / invoices settled in it x 100; by money: each weighted by what was paid on it.',
    source: 'Common practice; flatters where the worst never pay, so see the on-time rate beside it',
    unit: 'PERCENT',
    better: 'HIGHER',
    conventions: ['periodMonths', 'rateBasis'],
    inputs: ({ period }, conventions) => ({
      onTime: movement('SETTLED_ON_TIME', period, partOf(conventions)),
      settled: movement('SETTLED', period, partOf(conventions)),
    }),
    compute: ({ onTime, settled }) => percentage(onTime, settled, 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'DISPUTE_RATE',
    name: 'Dispute rate',
    description: 'How many disputes were opened in the period, set against what was billed in it.',
    formula:
      'Disputes opened in the period / invoices billed in it x 100; by money: amount disputed / amount billed.',
    source: 'Credit Research Foundation, deductions as a share of sales or of items',
    unit: 'PERCENT',
    better: 'LOWER',
    conventions: ['periodMonths', 'rateBasis'],
    inputs: ({ period }, conventions) => ({
      disputed: movement('DISPUTE_OPENED', period, partOf(conventions)),
      billed: movement('BILLED', period, partOf(conventions)),
    }),
    compute: ({ disputed, billed }) => percentage(disputed, billed, 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'SALES',
    name: 'Sales',
    description: 'What was billed in the period less the credit notes issued in it, tax included.',
    formula: 'Sum of invoices by invoice date - sum of credit notes by their date.',
    source: 'Sum of the ledger',
    unit: 'MONEY',
    better: 'NEUTRAL',
    conventions: ['periodMonths'],
    inputs: ({ period }) => ({ billed: moneyIn('BILLED', period), credited: moneyIn('CREDITED', period) }),
    compute: ({ billed, credited }) => known(billed.minus(credited)),
  }),
  defineKpi({
    metric: 'INVOICES_SENT',
    name: 'Invoices sent',
    description: 'How many invoices were billed in the period.',
    formula: 'Number of invoices by invoice date.',
    source: 'Count of the ledger',
    unit: 'COUNT',
    better: 'NEUTRAL',
    conventions: ['periodMonths'],
    inputs: ({ period }) => ({ invoices: movement('BILLED', period, 'count') }),
    compute: ({ invoices }) => known(invoices),
  }),
  defineKpi({
    metric: 'CASH_COLLECTED',
    name: 'Cash collected',
    description: 'The money that came in during the period, whether applied to invoices or not.',
    formula: 'Sum of receipts - sum of payments that bounced.',
    source: 'Sum of the ledger',
    unit: 'MONEY',
    better: 'HIGHER',
    conventions: ['periodMonths'],
    inputs: ({ period }) => ({ received: moneyIn('RECEIVED', period) }),
    compute: ({ received }) => known(received),
  }),
  defineKpi({
    metric: 'CASH_APPLIED',
    name: 'Cash applied',
    description: 'The money that was applied to invoices in the period.',
    formula: 'Sum of the parts of receipts applied to invoices - what of them was undone.',
    source: 'Sum of the ledger',
    unit: 'MONEY',
    better: 'HIGHER',
    conventions: ['periodMonths'],
    inputs: ({ period }) => ({ applied: moneyIn('PAID', period) }),
    compute: ({ applied }) => known(applied),
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
    conventions: ['periodMonths'],
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
    conventions: ['periodMonths', 'rateBasis'],
    inputs: ({ period }, conventions) => meanDays('SETTLED', period, conventions),
    compute: ({ days, settled }) => quotient(days, settled, 'NOTHING_IN_PERIOD'),
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
    conventions: ['periodMonths', 'rateBasis', 'floorDaysLate'],
    inputs: ({ period }, conventions) =>
      meanDays(conventions.floorDaysLate ? 'SETTLED_LATE_FLOORED' : 'SETTLED_LATE', period, conventions),
    compute: ({ days, settled }) => quotient(days, settled, 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'WRITTEN_OFF',
    name: 'Written off',
    description: 'What was given up in the period.',
    formula: 'Sum of write-offs - what of them was undone.',
    source: 'Sum of the ledger',
    unit: 'MONEY',
    better: 'LOWER',
    conventions: ['periodMonths'],
    inputs: ({ period }) => ({ writtenOff: moneyIn('WRITTEN_OFF', period) }),
    compute: ({ writtenOff }) => known(writtenOff),
  }),
]
