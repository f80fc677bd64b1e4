/** The only list of KPIs: catalog, evaluation, documentation and tests come from it. */
import { billingKpis } from './kpi-billing.ts'
import { cashKpis } from './kpi-cash.ts'
import { creditKpis } from './kpi-credit.ts'
import { daysSalesKpis } from './kpi-days-sales.ts'
import { disputesKpis } from './kpi-disputes.ts'
import { outsideKpis } from './kpi-outside.ts'
import { paymentKpis } from './kpi-payment.ts'
import { receivablesKpis } from './kpi-receivables.ts'
import { reductionsKpis } from './kpi-reductions.ts'
import type { KpiDefinition, KpiMetric, KpiTheme, UnthemedKpi } from './kpi.ts'

export type { KpiDefinition } from './kpi.ts'

const chapters: readonly (readonly [theme: KpiTheme, kpis: readonly UnthemedKpi[]])[] = [
  ['RECEIVABLES', receivablesKpis],
  ['DAYS_SALES', daysSalesKpis],
  ['PAYMENT', paymentKpis],
  ['CASH', cashKpis],
  ['BILLING', billingKpis],
  ['REDUCTIONS', reductionsKpis],
  ['DISPUTES', disputesKpis],
  ['CREDIT', creditKpis],
  ['OUTSIDE', outsideKpis],
]

export const kpiDefinitions: readonly KpiDefinition[] = chapters.flatMap(([theme, kpis]) =>
  kpis.map((kpi) => ({ ...kpi, theme })),
)

const byMetric = new Map(kpiDefinitions.map((definition) => [definition.metric, definition]))

export function kpiDefinition(metric: KpiMetric): KpiDefinition {
  const definition = byMetric.get(metric)
  if (definition === undefined) throw new Error(`No KPI is called ${metric}`)
  return definition
}
