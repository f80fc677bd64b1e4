/** The KPIs of what customers dispute or deduct. */
import { lengthOf } from './calendar.ts'
import { amountOf, known, knownOr, median, percentage, percentile, quotient } from './formulas.ts'
import { balance, histogram, movement, partOf, PERIOD, receivablesAt, salesWindow } from './kpi-inputs.ts'
import { defineKpi, type UnthemedKpi } from './kpi.ts'

export const disputesKpis: readonly UnthemedKpi[] = [
  defineKpi({
    metric: 'DISPUTE_RATE',
    name: 'Dispute rate',
    description: 'How many disputes were opened in the period, set against what was billed in it.',
    formula:
      'Disputes opened in the period / invoices billed in it x 100; by money: amount disputed / amount billed.',
    source: 'Credit Research Foundation, deductions as a share of sales or of items',
    unit: 'PERCENT',
    better: 'LOWER',
    conventions: [...PERIOD, 'rateBasis'],
    inputs: ({ period }, conventions) => ({
      disputed: movement('DISPUTE_OPENED', period, partOf(conventions)),
      billed: movement('BILLED', period, partOf(conventions)),
    }),
    compute: ({ disputed, billed }) => percentage(disputed, billed, 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'DISPUTED_RECEIVABLES',
    name: 'Disputed',
    description: 'What customers dispute at the end of the day.',
    formula: 'Sum of the amounts in open disputes.',
    source: 'Sum of the ledger',
    unit: 'MONEY',
    better: 'LOWER',
    conventions: [],
    inputs: ({ day }) => ({ disputed: balance('DISPUTED', day, null, 'amount') }),
    compute: ({ disputed }) => known(disputed),
  }),
  defineKpi({
    metric: 'DISPUTED_SHARE',
    name: 'Share disputed',
    description: 'How much of what is owed is disputed.',
    formula: 'Disputed / total receivables x 100.',
    source: 'Credit Research Foundation, deductions as a share of receivables',
    unit: 'PERCENT',
    better: 'LOWER',
    conventions: [],
    inputs: ({ day }) => ({
      disputed: balance('DISPUTED', day, null, 'amount'),
      receivables: receivablesAt(day),
    }),
    compute: ({ disputed, receivables }) => percentage(disputed, receivables, 'NO_RECEIVABLES'),
  }),
  defineKpi({
    metric: 'OPEN_DISPUTE_COUNT',
    name: 'Open disputes',
    description: 'How many disputes are open at the end of the day.',
    formula: 'Number of disputes of which something is not resolved.',
    source: 'Count of the ledger',
    unit: 'COUNT',
    better: 'LOWER',
    conventions: [],
    inputs: ({ day }) => ({ disputes: balance('DISPUTED', day, null, 'count') }),
    compute: ({ disputes }) => known(disputes),
  }),
  defineKpi({
    metric: 'DAYS_DEDUCTIONS_OUTSTANDING',
    name: 'Days deductions outstanding',
    description: 'How many days of disputes are open.',
    formula:
      'Disputed / amount disputed in the window (with deductionsBasis RESOLVED: amount of the disputes closed in it) x days of the window, with the window of DSO.',
    source: 'CFI and finfloh (incurred per day); iNymbus (resolved per day)',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: ['dsoMonths', 'deductionsBasis', 'calendar'],
    reachesBackTo: (point, conventions) => salesWindow(point, conventions).from,
    inputs: (point, conventions) => ({
      disputed: balance('DISPUTED', point.day, null, 'amount'),
      opened: movement('DISPUTE_OPENED', salesWindow(point, conventions), 'amount'),
      closed: histogram('DISPUTE_CLOSED', salesWindow(point, conventions)),
    }),
    compute: ({ disputed, opened, closed }, point, conventions) =>
      quotient(
        disputed.times(lengthOf(salesWindow(point, conventions))),
        conventions.deductionsBasis === 'OPENED' ? opened : amountOf(closed),
        'NOTHING_IN_PERIOD',
      ),
  }),
  defineKpi({
    metric: 'DISPUTE_CYCLE_TIME',
    name: 'Dispute cycle time',
    description:
      'How many days the disputes that were closed in the period had been open: half of them at most.',
    formula: 'Median of the days from opening to the last resolution, of the disputes closed in the period.',
    source: 'APQC (2009: 4 days at the top, 30 at the bottom)',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [...PERIOD],
    inputs: ({ period }) => ({ taken: histogram('DISPUTE_CLOSED', period) }),
    compute: ({ taken }) => knownOr(median(taken), 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'DISPUTE_CYCLE_TIME_P90',
    name: 'Dispute cycle time, 90th percentile',
    description:
      'How many days nine tenths of the disputes that were closed in the period had been open at most.',
    formula: 'The fewest days within which 90 % of the disputes closed in the period had been resolved.',
    source: 'APQC, cycle times',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [...PERIOD],
    inputs: ({ period }) => ({ taken: histogram('DISPUTE_CLOSED', period) }),
    compute: ({ taken }) => knownOr(percentile(taken, 90), 'NOTHING_IN_PERIOD'),
  }),
]
