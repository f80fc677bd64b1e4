/** Numbers from outside the books as the books keep them: appended, never changed. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { formatDay, type Day } from '../domain/day.ts'
import type { ExternalMetric } from '../domain/external.ts'
import { announcement } from './settled.ts'

export type NewMetricValue = {
  readonly metric: ExternalMetric
  readonly day: Day
  /** A decimal as text; null takes back what is known of the day. */
  readonly value: string | null
  /** Of money. */
  readonly currency: string | null
  readonly source: string
}

export type ValuesAppended = { readonly inserted: number; readonly updated: number }

/**
 * A value that differs from the one known of its day is a further row: what was known before can be asked for again. All
 * of one call become known at the same moment.
 */
export async function appendMetricValues(
  tx: Tx,
  organizationId: string,
  values: readonly NewMetricValue[],
): Promise<ValuesAppended> {
  await announcement(tx, organizationId)
  const [row] = await tx.sql<ValuesAppended[]>`
    with posting as materialized (select clock_timestamp() as recorded_at), given as (
      select * from unnest(
        ${arrayOf(values.map(({ metric }) => metric))}::text[],
        ${arrayOf(values.map(({ day }) => formatDay(day)))}::date[],
        ${arrayOf(values.map(({ value }) => value))}::numeric[],
        ${arrayOf(values.map(({ currency }) => currency))}::text[],
        ${arrayOf(values.map(({ source }) => source))}::text[]) as given (metric, day, value, currency, source)
    ), added as (
      select given.*, known.value is null as is_new
      from given left join lateral (
        select value, currency from metric_value
        where organization_id = ${organizationId} and metric = given.metric and day = given.day
        order by recorded_at desc limit 1
      ) known on true
      where (known.value, known.currency) is distinct from (given.value, given.currency)
        and (known.value is not null or given.value is not null)
    ), appended as (
      insert into metric_value (organization_id, metric, day, recorded_at, value, currency, source)
      select ${organizationId}, metric, day, recorded_at, value, currency, source from added cross join posting
    )
    select count(*) filter (where is_new)::int as inserted, count(*) filter (where not is_new)::int as updated
    from added`
  return row ?? { inserted: 0, updated: 0 }
}
