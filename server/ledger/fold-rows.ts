/** What both ways of folding say alike. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { agedSeries, byMonthName, cohortNames } from './ages.ts'

/** Where folding stands. PostgreSQL's text of a transaction id, a date (or infinity) each; how many are folded; and of which segments days are kept. */
export type Position = {
  readonly xid: string
  readonly day: string
  readonly checkpointOn: string
  readonly rows: bigint
  /** Of segments with ids up to this one days are kept. */
  readonly daysOfSegments: number
}

/**
 * A posting's moment is folded to its day in UTC; of what becomes of the things of a period to the day itself, if that is
 * later: else there would be as many rows of a day as there are days on which something was told of it.
 */
export const recordedOn = (tx: Tx) => tx.sql`
  case when measure = any(${arrayOf(cohortNames)}::text[]) then greatest((recorded_at at time zone 'UTC')::date, day)
    else (recorded_at at time zone 'UTC')::date end`

/** The last day of the month of a day, an expression. */
export const monthOf = (tx: Tx, day: string) =>
  tx.sql`(date_trunc('month', (${tx.sql.unsafe(day)})::timestamp) + interval '1 month - 1 day')::date`

/** Under which names and by which anchors the rows of a month are kept, lateral: (name, name_anchor). */
export const monthNames = (tx: Tx, measure: string, anchor: string) => tx.sql`
  (
    select ${tx.sql.unsafe(measure)} as name, ${tx.sql.unsafe(anchor)} as name_anchor
    union all
    select by_month.name, ${monthOf(tx, anchor)} from unnest(
      ${arrayOf(cohortNames)}::text[], ${arrayOf(cohortNames.map(byMonthName))}::text[]
    ) as by_month (measure, name) where by_month.measure = ${tx.sql.unsafe(measure)}
  ) named`

/** The cuts of every segment: (segment_id, level, cut). */
export const memberRows = (tx: Tx, organizationId: string) => tx.sql`
  select s.id as segment_id, v.level::smallint as level, v.cut
  from (
    select id, min(id) over (partition by currency) as of_all,
      case when business_unit is not null then min(id) over (partition by currency, business_unit) end as of_business_unit,
      case when region is not null then min(id) over (partition by currency, region) end as of_region,
      case when channel is not null then min(id) over (partition by currency, channel) end as of_channel,
      case when product_line is not null then min(id) over (partition by currency, product_line) end as of_product_line,
      case when collector_id is not null then min(id) over (partition by currency, collector_id) end as of_collector
    from segment where organization_id = ${organizationId}
  ) s
  cross join lateral (values (0, of_all), (1, of_business_unit), (2, of_region), (3, of_channel),
    (4, of_product_line), (5, of_collector), (6, id)) as v (level, cut)
  where v.cut is not null`

/** The series that a stored balance is told by: (measure, name, older). */
export const ageRows = (tx: Tx) => tx.sql`
  unnest(
    ${arrayOf(agedSeries.map((one) => one.stored))}::text[], ${arrayOf(agedSeries.map((one) => one.name))}::text[],
    ${arrayOf(agedSeries.map((one) => one.olderThanDays))}::int[]
  ) as age (measure, name, older)`

/** From the rows `added`: by which posting the books first went back how far. */
export const addBeginnings = (tx: Tx, organizationId: string) => tx.sql`
  insert into kpi_beginning (organization_id, recorded_at, day)
  select ${organizationId}, recorded_at, day
  from (
    select recorded_at, min(day) as day,
      min(min(day)) over (order by recorded_at rows between unbounded preceding and 1 preceding) as before
    from added group by recorded_at
  ) posting
  where (before is null or day < before) and not exists (
    select from kpi_beginning known
    where known.organization_id = ${organizationId} and known.recorded_at <= posting.recorded_at and known.day <= posting.day
  )
  on conflict (organization_id, recorded_at) do update set day = least(kpi_beginning.day, excluded.day)`
