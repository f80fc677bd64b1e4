import { and, eq, gt, gte, inArray, isNotNull, lte, notExists } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { assemblePage, requestPage, type Page, type SortKey } from '../connection.ts'
import type { Context } from '../context.ts'
import type { QueryMetricValuesArgs } from '../schema.generated.ts'
import type { MetricValueRow } from '@tidemark/drizzle/rows.ts'
import { metricValue } from '@tidemark/drizzle/tables.ts'

const byMetricAndDay: SortKey<MetricValueRow>[] = [
  {
    name: 'METRIC',
    column: metricValue.metric,
    direction: 'ASC',
    type: 'text',
    valueOf: ({ metric }) => metric,
  },
  {
    name: 'DATE',
    column: metricValue.day,
    direction: 'ASC',
    type: 'date',
    valueOf: ({ day }) => day.toString(),
  },
]

/** Of each day the row that was recorded last, by `knownAt`; what was taken back is none. */
export async function listMetricValues(
  { reader, organization }: Pick<Context, 'reader' | 'organization'>,
  { metrics, from, to, knownAt, ...args }: QueryMetricValuesArgs,
): Promise<Page<MetricValueRow>> {
  const request = requestPage(args, byMetricAndDay)
  const later = alias(metricValue, 'later')
  return reader.read(async (tx) => {
    const where = and(
      eq(metricValue.organizationId, organization.id),
      isNotNull(metricValue.value),
      metrics ? inArray(metricValue.metric, [...metrics]) : undefined,
      from ? gte(metricValue.day, from) : undefined,
      to ? lte(metricValue.day, to) : undefined,
      knownAt ? lte(metricValue.recordedAt, knownAt) : undefined,
      notExists(
        tx
          .select({ metric: later.metric })
          .from(later)
          .where(
            and(
              eq(later.organizationId, metricValue.organizationId),
              eq(later.metric, metricValue.metric),
              eq(later.day, metricValue.day),
              gt(later.recordedAt, metricValue.recordedAt),
              knownAt ? lte(later.recordedAt, knownAt) : undefined,
            ),
          ),
      ),
    )
    const rows = await tx
      .select()
      .from(metricValue)
      .where(and(where, request.after))
      .orderBy(...request.orderBy)
      .limit(request.limit)
    return assemblePage(request, rows, (limit) =>
      reader.read((again) =>
        again.$count(
          again
            .select({ metric: metricValue.metric })
            .from(metricValue)
            .where(where)
            .limit(limit)
            .as('limited'),
        ),
      ),
    )
  })
}
