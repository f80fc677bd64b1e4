import { and, type AnyColumn, inArray, isNotNull } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Page } from '../connection.ts'
import type { Context } from '../context.ts'
import { listDated, type DatedTable } from '../dated-list.ts'
import type { QueryMetricValuesArgs } from '../schema.generated.ts'
import type { MetricValueRow } from '@tidemark/drizzle/rows.ts'
import { metricValue } from '@tidemark/drizzle/tables/kpi.ts'

type Columns = Readonly<Record<'organizationId' | 'metric' | 'day' | 'recordedAt', AnyColumn>>

const columnsOf = ({ organizationId, metric: subject, day, recordedAt }: Columns) => ({
  organizationId,
  subject,
  day,
  recordedAt,
})

const metricValues: DatedTable<MetricValueRow> = {
  table: metricValue,
  columns: columnsOf(metricValue),
  later: columnsOf(alias(metricValue, 'later')),
  name: 'METRIC',
  subjectOf: ({ metric }) => metric,
  dayOf: ({ day }) => day,
}

/** Of each day the row that was recorded last, by `knownAt`; what was taken back is none. */
export const listMetricValues = (
  context: Pick<Context, 'reader' | 'organization'>,
  { metrics, ...args }: QueryMetricValuesArgs,
): Promise<Page<MetricValueRow>> =>
  listDated(
    context,
    metricValues,
    args,
    and(isNotNull(metricValue.value), metrics ? inArray(metricValue.metric, [...metrics]) : undefined),
  )
