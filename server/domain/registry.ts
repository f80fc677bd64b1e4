/** The only list of KPIs: catalog, evaluation, documentation and tests come from it. */
import { periodKpis } from './kpi-periods.ts'
import { receivablesKpis } from './kpi-receivables.ts'
import type { KpiDefinition, KpiMetric } from './kpi.ts'

export type { KpiDefinition } from './kpi.ts'

export const kpiDefinitions: readonly KpiDefinition[] = [...receivablesKpis, ...periodKpis]

const byMetric = new Map(kpiDefinitions.map((definition) => [definition.metric, definition]))

export function kpiDefinition(metric: KpiMetric): KpiDefinition {
  const definition = byMetric.get(metric)
  if (definition === undefined) throw new Error(`No KPI is called ${metric}`)
  return definition
}
