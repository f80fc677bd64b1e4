/** Reads what comes from outside the books. */
import { microseconds } from '@tidemark/drizzle/columns.ts'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { Conventions } from '../domain/conventions.ts'
import { formatDay, parseDay, type Day } from '../domain/day.ts'
import { EXTERNAL_AGE_DAYS_MAX, type ExternalMetric, type ExternalValue } from '../domain/external.ts'
import type { KpiDefinition, Point } from '../domain/kpi.ts'

export type ExternalNeeds = {
  readonly metrics: ReadonlySet<ExternalMetric>
  readonly from: Day
  readonly to: Day
}

type Asked = {
  readonly definition: KpiDefinition
  readonly conventions: Conventions
  readonly points: readonly Point[]
}

/** The series that the asks take, and the days of them; null where they take none. */
export function externalNeeds(asks: readonly Asked[]): ExternalNeeds | null {
  const metrics = new Set<ExternalMetric>()
  let from = Infinity
  let to = -Infinity
  for (const { definition, conventions, points } of asks) {
    for (const point of points) {
      const inputs = Object.values(definition.inputs(point, conventions))
      const taken = inputs.flat().filter((input) => input.read === 'external')
      if (taken.length === 0) break
      for (const { metric, period } of taken) {
        metrics.add(metric)
        from = Math.min(from, period.from)
        to = Math.max(to, period.to)
      }
    }
  }
  return metrics.size === 0 ? null : { metrics, from: from - EXTERNAL_AGE_DAYS_MAX, to }
}

/** Of each day what was known of it last at `knownAt` (null: now). */
export async function readExternal(
  tx: Tx,
  organizationId: string,
  { metrics, from, to }: ExternalNeeds,
  knownAt: Temporal.Instant | null,
): Promise<ExternalValue[]> {
  const rows = await tx.sql<{ metric: string; day: string; value: string | null; currency: string | null }[]>`
    select distinct on (metric, day) metric, day, value, currency from metric_value
    where organization_id = ${organizationId} and metric = any(${arrayOf([...metrics])}::text[])
      and day between ${formatDay(from)} and ${formatDay(to)}
      and recorded_at <= coalesce(${knownAt === null ? null : microseconds(knownAt)}::timestamptz, 'infinity')
    order by metric, day, recorded_at desc`
  return rows.flatMap(({ metric, day, value, currency }) => {
    const on = parseDay(day)
    return on === null || value === null
      ? []
      : [{ metric: metric as ExternalMetric, day: on, value, currency }]
  })
}
