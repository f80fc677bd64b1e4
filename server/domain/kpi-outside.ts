/** The KPIs that take numbers from outside the books, and these numbers themselves. They know no segments. */
import { externalMetric, externalMetricNames, type ExternalMetric } from './external.ts'
import { known, percentage, quotient, unknown } from './formulas.ts'
import { external, moneyIn, movement, PERIOD, salesIn } from './kpi-inputs.ts'
import { defineKpi, NEVER, type Outcome, type UnthemedKpi } from './kpi.ts'
import type { Exact } from './money.ts'

const fromOutside = (value: Exact | null, compute: (known: Exact) => Outcome): Outcome =>
  value === null ? unknown('NOT_RECORDED') : compute(value)

/** What was recorded, as it is. */
const recorded = (metric: ExternalMetric): UnthemedKpi => {
  const { name, description, unit, take, better } = externalMetric(metric)
  return defineKpi({
    metric,
    name,
    description,
    formula:
      take === 'SUM'
        ? 'Sum of what was recorded for days of the period.'
        : 'The last value recorded for a day up to the end of the period, at most 400 days before it.',
    source: 'Recorded by recordMetricValues or imported',
    unit,
    better,
    conventions: [...PERIOD],
    reachesBackTo: () => NEVER,
    inputs: ({ period }) => ({ value: external(metric, period) }),
    compute: ({ value }) => fromOutside(value, known),
  })
}

export const outsideKpis: readonly UnthemedKpi[] = [
  ...externalMetricNames.map(recorded),
  defineKpi({
    metric: 'COST_TO_COLLECT',
    name: 'Cost to collect',
    description: 'What it costs to collect one unit of money.',
    formula: 'Collection cost / cash collected.',
    source: 'credit-and-collections-professionals.com',
    unit: 'RATIO',
    better: 'LOWER',
    conventions: [...PERIOD],
    inputs: ({ period }) => ({
      cost: external('COLLECTION_COST', period, 'CLOSING'),
      collected: movement('RECEIVED', period, 'amount'),
    }),
    compute: ({ cost, collected }) =>
      fromOutside(cost, (known) => quotient(known, collected, 'NOTHING_IN_PERIOD')),
  }),
  defineKpi({
    metric: 'COST_PER_RECEIPT',
    name: 'Cost per receipt',
    description: 'What it costs to collect one payment.',
    formula: 'Collection cost / receipts of the period.',
    source: 'kpiexamples.operately.com, cost per collection',
    unit: 'MONEY',
    better: 'LOWER',
    conventions: [...PERIOD],
    inputs: ({ period }) => ({
      cost: external('COLLECTION_COST', period),
      receipts: movement('RECEIVED', period, 'count'),
    }),
    compute: ({ cost, receipts }) =>
      fromOutside(cost, (known) => quotient(known, receipts, 'NOTHING_IN_PERIOD')),
  }),
  defineKpi({
    metric: 'COLLECTIONS_PER_COLLECTOR',
    name: 'Collections per collector',
    description: 'How much money one collector brings in.',
    formula: 'Cash applied in the period / collection staff at its end.',
    source: 'debtrecoup.com, collector report',
    unit: 'MONEY',
    better: 'HIGHER',
    conventions: [...PERIOD],
    inputs: ({ period }) => ({
      applied: moneyIn('PAID', period),
      staff: external('COLLECTION_STAFF', period),
    }),
    compute: ({ applied, staff }) =>
      fromOutside(staff, (known) => quotient(applied, known, 'NOTHING_IN_PERIOD')),
  }),
  defineKpi({
    metric: 'SALES_PLAN_ATTAINMENT',
    name: 'Attainment of the sales plan',
    description: 'How much of the planned sales was sold.',
    formula: 'Sales / sales plan x 100.',
    source: 'Definition of this product',
    unit: 'PERCENT',
    better: 'HIGHER',
    conventions: [...PERIOD],
    inputs: ({ period }) => ({ sales: salesIn(period), plan: external('SALES_PLAN', period, 'CLOSING') }),
    compute: ({ sales, plan }) => fromOutside(plan, (known) => percentage(sales, known, 'NOTHING_IN_PERIOD')),
  }),
  defineKpi({
    metric: 'CASH_PLAN_ATTAINMENT',
    name: 'Attainment of the cash plan',
    description: 'How much of the money that was expected came in.',
    formula: 'Cash collected / cash plan x 100.',
    source: 'Definition of this product',
    unit: 'PERCENT',
    better: 'HIGHER',
    conventions: [...PERIOD],
    inputs: ({ period }) => ({
      collected: movement('RECEIVED', period, 'amount'),
      plan: external('CASH_PLAN', period, 'CLOSING'),
    }),
    compute: ({ collected, plan }) =>
      fromOutside(plan, (known) => percentage(collected, known, 'NOTHING_IN_PERIOD')),
  }),
  defineKpi({
    metric: 'DEBT_SERVICE_COVERAGE',
    name: 'Debt service coverage',
    description: 'How many times over the money that came in pays interest and repayments.',
    formula: 'Cash collected / debt service.',
    source: 'Definition of this product',
    unit: 'RATIO',
    better: 'HIGHER',
    conventions: [...PERIOD],
    inputs: ({ period }) => ({
      collected: movement('RECEIVED', period, 'amount'),
      service: external('DEBT_SERVICE', period, 'CLOSING'),
    }),
    compute: ({ collected, service }) =>
      fromOutside(service, (known) => quotient(collected, known, 'NOTHING_IN_PERIOD')),
  }),
]
