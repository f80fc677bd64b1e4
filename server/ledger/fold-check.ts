/** Whether the folded rows are what `flow` adds up to. Reads all of it: for tests, and for an operator in doubt. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { agedSeries, anchoredNames, balanceNames, byMonthName, cohortNames } from './ages.ts'

/** One sum that differs, in words of the tables. */
export type FoldFault = {
  readonly table: string
  readonly key: string
  readonly folded: string
  readonly flow: string
}

/** Empty where all is well; at most 100. Takes a transaction to read: all of it must be of one snapshot. */
export async function findFoldFaults(tx: Tx, organizationId: string): Promise<FoldFault[]> {
  return tx.sql<FoldFault[]>`
    with position as (
      select coalesce(max(xid), '0') as xid, coalesce(max(day), '-infinity') as day,
        coalesce(max(checkpoint_on), '-infinity') as checkpoint_on, max(recorded_max) as recorded_max,
        coalesce(max(rows), 0) as rows, coalesce(max(days_of_segments), 0) as days_of_segments
      from kpi_fold where organization_id = ${organizationId}
    ), member as (
      select s.id as segment_id, v.level, min(peer.id) as cut
      from segment s
      cross join generate_series(0, 6) as v (level)
      join segment peer on peer.organization_id = s.organization_id and peer.currency = s.currency and case v.level
        when 0 then true
        when 1 then peer.business_unit = s.business_unit
        when 2 then peer.region = s.region
        when 3 then peer.channel = s.channel
        when 4 then peer.product_line = s.product_line
        when 5 then peer.collector_id = s.collector_id
        else peer.id = s.id end
      where s.organization_id = ${organizationId}
      group by 1, 2
    ), folded_flow as materialized (
      select f.* from flow f, position
      where f.organization_id = ${organizationId} and (f.xid, f.day) <= (position.xid, position.day)
    ), truth as materialized (
      select measure, level, cut, day, anchor,
        case when measure = any(${arrayOf(cohortNames)}::text[]) and day > (recorded_at at time zone 'UTC')::date
          then day else (recorded_at at time zone 'UTC')::date end as recorded_on,
        (date_trunc('month', day::timestamp) + interval '1 month - 1 day')::date as month,
        case when measure = any(${arrayOf(anchoredNames)}::text[]) then anchor else '1970-01-01' end as month_anchor,
        measure = any(${arrayOf(balanceNames)}::text[]) as is_plain, false as is_aged,
        sum(amount) as amount, sum(count) as count, sum(days) as days, sum(amount_days) as amount_days
      from folded_flow join member using (segment_id)
      where level in (0, 6) or not measure = any(${arrayOf(balanceNames)}::text[])
      group by 1, 2, 3, 4, 5, 6
      union all
      select name, level, cut, since, since, greatest((recorded_at at time zone 'UTC')::date, since),
        (date_trunc('month', since::timestamp) + interval '1 month - 1 day')::date, '1970-01-01', false, true,
        sum(amount), sum(count), 0, sum(amount::numeric * (anchor - date '1970-01-01'))
      from folded_flow join member using (segment_id) join unnest(
        ${arrayOf(agedSeries.map((one) => one.stored))}::text[], ${arrayOf(agedSeries.map((one) => one.name))}::text[],
        ${arrayOf(agedSeries.map((one) => one.olderThanDays))}::int[]
      ) as age (measure, name, older) using (measure)
      cross join lateral (select case when older is null or day > anchor + older then day else anchor + older + 1 end as since) aged
      group by 1, 2, 3, 4, 6
    ), checkpoint_on as (
      select distinct month from kpi_checkpoint, position where organization_id = ${organizationId} and month <= checkpoint_on
      union select month from truth, position where month <= checkpoint_on
    ), told as (
      select 'kpi_day' as table, concat_ws(' ', measure, level, cut, day, anchor) as key,
        1 as side, amount, count, days, amount_days
      from kpi_day where organization_id = ${organizationId}
      union all
      select 'kpi_day', concat_ws(' ', measure, level, cut, day, anchor), 2, amount, count, days, amount_days
      from truth where level < 6 or not is_plain and cut <= (select days_of_segments from position)
      union all
      select 'kpi_day_recorded', concat_ws(' ', measure, level, cut, day, anchor, recorded_on), 1, amount, count, days, amount_days
      from kpi_day_recorded where organization_id = ${organizationId}
      union all
      select 'kpi_day_recorded', concat_ws(' ', measure, level, cut, day, anchor, recorded_on), 2, amount, count, days, amount_days
      from truth where level < 6 and recorded_on <> day
      union all
      select 'kpi_month', concat_ws(' ', measure, level, cut, month, anchor), 1, amount, count, days, amount_days
      from kpi_month where organization_id = ${organizationId}
      union all
      select 'kpi_month', concat_ws(' ', measure, level, cut, month, month_anchor), 2, amount, count, days, amount_days
      from truth where level < 6 or not is_plain
      union all
      select 'kpi_month', concat_ws(' ', by_month.name, level, cut, month, (date_trunc('month', anchor::timestamp) + interval '1 month - 1 day')::date),
        2, amount, count, days, amount_days
      from truth join unnest(
        ${arrayOf(cohortNames)}::text[], ${arrayOf(cohortNames.map(byMonthName))}::text[]
      ) as by_month (measure, name) using (measure)
      union all
      select 'kpi_late', concat_ws(' ', measure, level, cut, is_total, recorded_on, month, anchor), 1, amount, count, days, amount_days
      from kpi_late where organization_id = ${organizationId}
      union all
      select 'kpi_late', concat_ws(' ', measure, level, cut, is_total, told.recorded_on, month, month_anchor), 2, amount, count, days, amount_days
      from truth cross join lateral (values
        (false, recorded_on), (true, (date_trunc('month', recorded_on::timestamp) + interval '1 month - 1 day')::date)
      ) as told (is_total, recorded_on)
      where truth.recorded_on > month and (level < 6 or is_plain)
      union all
      select 'kpi_checkpoint', concat_ws(' ', measure, level, cut, month, anchor), 1, amount, count, 0, amount_days
      from kpi_checkpoint, position where organization_id = ${organizationId} and month <= checkpoint_on
      union all
      select 'kpi_checkpoint', concat_ws(' ', measure, level, cut, checkpoint_on.month, month_anchor), 2, amount, count, 0, amount_days
      from truth join checkpoint_on on truth.month <= checkpoint_on.month
      where is_plain or is_aged and (level < 6 or cut <= (select days_of_segments from position))
      union all
      select 'kpi_fold', 'recorded_max ' || coalesce(recorded_max::text, ''), 1, 1, 0, 0, 0 from position
      where isfinite(recorded_max)
      union all
      select 'kpi_fold', 'recorded_max ' || max(recorded_at)::text, 2, 1, 0, 0, 0 from folded_flow having count(*) > 0
      union all
      select 'kpi_fold', 'rows', 1, rows, 0, 0, 0 from position
      union all
      select 'kpi_fold', 'rows', 2, count(*), 0, 0, 0 from folded_flow
    ), compared as (
      select "table", key,
        array[sum(amount) filter (where side = 1), sum(count) filter (where side = 1), sum(days) filter (where side = 1), sum(amount_days) filter (where side = 1)] as folded,
        array[sum(amount) filter (where side = 2), sum(count) filter (where side = 2), sum(days) filter (where side = 2), sum(amount_days) filter (where side = 2)] as flow
      from told group by "table", key
      having sum(case side when 1 then amount else -amount end) <> 0 or sum(case side when 1 then count else -count end) <> 0
        or sum(case side when 1 then days else -days end) <> 0 or sum(case side when 1 then amount_days else -amount_days end) <> 0
    )
    select "table", key, folded::text, flow::text from compared order by 1, 2 limit 100`
}
