/** Adds some rows of `flow` to the sums that are there, and goes on with checkpoints. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { agedSeries, anchoredNames, balanceNames } from './ages.ts'
import {
  addBeginnings,
  ageRows,
  memberRows,
  monthNames,
  monthOf,
  recordedOn,
  type Position,
} from './fold-rows.ts'

type End = Omit<Position, 'rows' | 'daysOfSegments'>

/**
 * Where many rows come at once, such as a year of history, each of them would change all checkpoints after it. So those
 * are given up instead, to be made month by month afterwards.
 */
export async function dropCheckpoints(
  tx: Tx,
  organizationId: string,
  from: Position,
  to: End,
): Promise<string> {
  const [row] = await tx.sql<{ left: string }[]>`
    select least(${from.checkpointOn}::date, date_trunc('month', min(day)::timestamp)::date - 1)::text as left
    from flow
    where organization_id = ${organizationId}
      and (xid, day) > (${from.xid}::xid8, ${from.day}::date) and (xid, day) <= (${to.xid}::xid8, ${to.day}::date)`
  return row?.left ?? from.checkpointOn
}

/**
 * Adds the rows behind `from` up to `to`, and moves the position. Gives how many. By anchor balances are kept for the
 * whole organization, and of segments what stands at month ends.
 */
export async function addRows(tx: Tx, organizationId: string, from: Position, to: End): Promise<number> {
  // Without it most of the work of a large batch goes through files.
  await tx.sql`select set_config('work_mem', '64MB', true)`
  const [row] = await tx.sql<{ rows: number }[]>`
    with added as materialized (
      select measure, segment_id, day, anchor, recorded_at, amount, count, days, amount_days from flow
      where organization_id = ${organizationId}
        and (xid, day) > (${from.xid}::xid8, ${from.day}::date) and (xid, day) <= (${to.xid}::xid8, ${to.day}::date)
    ), of_segment as materialized (
      select measure, segment_id, day, anchor, ${recordedOn(tx)} as recorded_on,
        sum(amount)::bigint as amount, sum(count)::int as count, sum(days)::bigint as days, sum(amount_days) as amount_days
      from added group by 1, 2, 3, 4, 5
    ), member as (${memberRows(tx, organizationId)}), series as (
      select measure as name, segment_id, day, anchor, recorded_on, amount, count, days, amount_days,
        measure = any(${arrayOf(balanceNames)}::text[]) as is_plain, false as is_aged,
        measure = any(${arrayOf(anchoredNames)}::text[]) as has_anchor
      from of_segment
      union all
      select name, segment_id, since, since, greatest(recorded_on, since),
        amount, count, 0, amount::numeric * (anchor - date '1970-01-01'), false, true, false
      from of_segment join ${ageRows(tx)} using (measure)
      cross join lateral (select greatest(day, anchor + older + 1) as since) aged
    ), of_cut as materialized (
      select name as measure, level, cut, day, anchor, recorded_on, ${monthOf(tx, 'day')} as month,
        is_plain, is_aged, has_anchor, case when has_anchor then anchor else date '1970-01-01' end as month_anchor,
        sum(amount)::bigint as amount, sum(count)::int as count, sum(days)::bigint as days, sum(amount_days) as amount_days
      from series join member using (segment_id)
      where not is_plain or level in (0, 6)
      group by 1, 2, 3, 4, 5, 6, is_plain, is_aged, has_anchor
    ), in_days as (
      insert into kpi_day (organization_id, measure, level, cut, day, anchor, amount, count, days, amount_days)
      select ${organizationId}, measure, level, cut, day, anchor, sum(amount), sum(count), sum(days), sum(amount_days)
      from of_cut where level < 6 or not is_plain and cut <= ${from.daysOfSegments}::int
      group by 2, 3, 4, 5, 6 order by 2, 3, 4, 5, 6
      on conflict (organization_id, measure, level, cut, day, anchor) do update set
        amount = kpi_day.amount + excluded.amount, count = kpi_day.count + excluded.count,
        days = kpi_day.days + excluded.days, amount_days = kpi_day.amount_days + excluded.amount_days
    ), in_days_recorded as (
      insert into kpi_day_recorded (organization_id, measure, level, cut, day, anchor, recorded_on, amount, count, days, amount_days)
      select ${organizationId}, measure, level, cut, day, anchor, recorded_on, amount, count, days, amount_days
      from of_cut where level < 6 and recorded_on <> day order by 2, 3, 4, 5, 6, 7
      on conflict (organization_id, measure, level, cut, day, anchor, recorded_on) do update set
        amount = kpi_day_recorded.amount + excluded.amount, count = kpi_day_recorded.count + excluded.count,
        days = kpi_day_recorded.days + excluded.days, amount_days = kpi_day_recorded.amount_days + excluded.amount_days
    ), in_months as (
      insert into kpi_month (organization_id, measure, level, cut, month, anchor, amount, count, days, amount_days)
      select ${organizationId}, name, level, cut, month, name_anchor, sum(amount), sum(count), sum(days), sum(amount_days)
      from of_cut cross join lateral ${monthNames(tx, 'of_cut.measure', 'of_cut.month_anchor')}
      where level < 6 or not is_plain group by 2, 3, 4, 5, 6 order by 2, 3, 4, 5, 6
      on conflict (organization_id, measure, level, cut, month, anchor) do update set
        amount = kpi_month.amount + excluded.amount, count = kpi_month.count + excluded.count,
        days = kpi_month.days + excluded.days, amount_days = kpi_month.amount_days + excluded.amount_days
    ), in_late as (
      insert into kpi_late (organization_id, measure, level, cut, is_total, recorded_on, month, anchor, amount, count, days, amount_days)
      select ${organizationId}, measure, level, cut, is_total, told.recorded_on, month, month_anchor,
        sum(amount), sum(count), sum(days), sum(amount_days)
      from of_cut
      cross join lateral (values (false, recorded_on), (true, ${monthOf(tx, 'recorded_on')})) as told (is_total, recorded_on)
      where of_cut.recorded_on > month and (level < 6 or is_plain)
      group by 2, 3, 4, 5, 6, 7, 8 order by 2, 3, 4, 5, 6, 7, 8
      on conflict (organization_id, measure, level, cut, is_total, recorded_on, month, anchor) do update set
        amount = kpi_late.amount + excluded.amount, count = kpi_late.count + excluded.count,
        days = kpi_late.days + excluded.days, amount_days = kpi_late.amount_days + excluded.amount_days
    ), in_checkpoints as (
      insert into kpi_checkpoint (organization_id, measure, level, cut, month, anchor, amount, count, amount_days)
      select ${organizationId}, measure, level, cut, later.month, month_anchor, sum(amount), sum(count), sum(amount_days)
      from of_cut
      cross join lateral (
        select (first + interval '1 month - 1 day')::date as month
        from generate_series(date_trunc('month', of_cut.month::timestamp), nullif(${to.checkpointOn}::date, '-infinity')::timestamp, '1 month') as first
      ) later
      where is_plain or is_aged and (level < 6 or cut <= ${from.daysOfSegments}::int)
      group by 2, 3, 4, 5, 6
      having sum(amount) <> 0 or sum(count) <> 0 or sum(amount_days) <> 0
      order by 5, 2, 3, 4, 6
      on conflict (organization_id, month, measure, level, cut, anchor) do update set
        amount = kpi_checkpoint.amount + excluded.amount, count = kpi_checkpoint.count + excluded.count,
        amount_days = kpi_checkpoint.amount_days + excluded.amount_days
    ), beginnings as (${addBeginnings(tx, organizationId)}), moved as (
      update kpi_fold set xid = ${to.xid}::xid8, day = ${to.day}::date, checkpoint_on = ${to.checkpointOn}::date,
        recorded_max = greatest(recorded_max, (select max(recorded_at) from added)),
        rows = rows + (select count(*) from added)
      where organization_id = ${organizationId}
    )
    select count(*)::int as rows from added`
  return row?.rows ?? 0
}

/** The checkpoint of the month after the last one: that one, and what happened in the month. */
export async function makeCheckpoint(
  tx: Tx,
  organizationId: string,
  { xid, day, checkpointOn, daysOfSegments }: Position,
  today: Temporal.PlainDate,
): Promise<{ readonly done: number; readonly more: boolean }> {
  const [next] = await tx.sql<{ month: string }[]>`
    select month::text from (
      select ${monthOf(tx, 'first')} as month
      from (
        select case when isfinite(${checkpointOn}::date) then ${checkpointOn}::date + 1 else min(day) end as first
        from kpi_beginning where organization_id = ${organizationId}
      ) unmade
    ) next where month < ${today.toString()}::date`
  if (next === undefined) return { done: 0, more: false }
  await tx.sql`delete from kpi_checkpoint where organization_id = ${organizationId} and month = ${next.month}::date`
  await tx.sql`
    insert into kpi_checkpoint (organization_id, measure, level, cut, month, anchor, amount, count, amount_days)
    select ${organizationId}, measure, level, cut, ${next.month}::date, anchor, sum(amount), sum(count), sum(amount_days)
    from (
      select measure, level, cut, anchor, amount, count, amount_days from kpi_checkpoint
      where organization_id = ${organizationId} and month = ${checkpointOn}::date
      union all
      select measure, level, cut, anchor, amount, count, amount_days from kpi_month
      where organization_id = ${organizationId} and month = ${next.month}::date
        and (level < 6 or cut <= ${daysOfSegments}::int) and measure = any(${arrayOf([...balanceNames, ...agedSeries.map((one) => one.name)])}::text[])
      union all
      select moved.measure, 6, segment.id, moved.anchor, moved.amount, moved.count, moved.amount_days
      from segment cross join lateral (
        select measure, anchor, amount, count, amount_days from flow
        where organization_id = ${organizationId} and segment_id = segment.id
          and day > ${checkpointOn}::date and day <= ${next.month}::date
          and (xid, day) <= (${xid}::xid8, ${day}::date) and measure = any(${arrayOf(balanceNames)}::text[])
        offset 0
      ) moved
      where segment.organization_id = ${organizationId}
    ) moved
    group by measure, level, cut, anchor
    having sum(amount) <> 0 or sum(count) <> 0 or sum(amount_days) <> 0
    order by measure, level, cut, anchor`
  await tx.sql`update kpi_fold set checkpoint_on = ${next.month}::date where organization_id = ${organizationId}`
  return { done: 1, more: true }
}
