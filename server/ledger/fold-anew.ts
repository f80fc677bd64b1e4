/**
 * Makes all sums of an organization anew, in one transaction and in a few statements over all of its flow: sorted
 * inserts of what is added up once, where adding row by row would look for its place in every index each time.
 */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { agedSeries, anchoredNames, balanceNames } from './ages.ts'
import { addBeginnings, ageRows, memberRows, monthOf, recordedOn } from './fold-rows.ts'

/** Of the temporary tables below. */
const sumColumns = 'amount bigint, count int, days bigint, amount_days numeric'

/** The caller holds the position. Gives how many rows are folded, and how many month ends there are. */
export async function foldAnew(
  tx: Tx,
  organizationId: string,
  today: Temporal.PlainDate,
): Promise<{ readonly rows: number; readonly checkpoints: number }> {
  await tx.sql`select set_config('work_mem', '128MB', true), set_config('enable_sort', 'off', true)`
  const [end] = await tx.sql<{ xid: string }[]>`
    select (pg_snapshot_xmin(pg_current_snapshot())::text::numeric - 1)::text as xid`
  if (end === undefined) throw new Error('A row of functions gave no row')
  await clear(tx, organizationId)
  await tx.sql.unsafe(`
    create temporary table fold_member (segment_id int, level smallint, cut int) on commit drop;
    create temporary table fold_moved (measure text, segment_id int, day date, anchor date, recorded_on date, ${sumColumns}) on commit drop;
    create temporary table fold_open (measure text, segment_id int, day date, anchor date, recorded_on date, ${sumColumns}) on commit drop;
    create temporary table fold_open_cut (measure text, level smallint, cut int, day date, anchor date, recorded_on date, ${sumColumns}) on commit drop;
    create temporary table fold_open_month (measure text, segment_id int, month date, anchor date, ${sumColumns}) on commit drop`)
  await tx.sql`insert into fold_member ${memberRows(tx, organizationId)}`
  await addUp(tx, organizationId, end.xid)
  await insertDays(tx, organizationId)
  await insertMonths(tx, organizationId)
  await insertLate(tx, organizationId)
  const rows = await insertBeginnings(tx, organizationId, end.xid)
  const checkpointOn = await insertCheckpoints(tx, organizationId, today)
  const [made] = await tx.sql<{ checkpoints: number }[]>`
    update kpi_fold set xid = ${end.xid}::xid8, day = 'infinity', checkpoint_on = ${checkpointOn}::date, rows = ${rows}::bigint,
      recorded_max = coalesce((
        select max(recorded_at) from flow where organization_id = ${organizationId} and xid <= ${end.xid}::xid8
      ), '-infinity')
    where organization_id = ${organizationId}
    returning (select count(distinct month)::int from kpi_checkpoint where organization_id = ${organizationId}) as checkpoints`
  return { rows, checkpoints: made?.checkpoints ?? 0 }
}

async function clear(tx: Tx, organizationId: string): Promise<void> {
  await tx.sql`delete from kpi_beginning where organization_id = ${organizationId}`
  await tx.sql`delete from kpi_checkpoint where organization_id = ${organizationId}`
  await tx.sql`delete from kpi_late where organization_id = ${organizationId}`
  await tx.sql`delete from kpi_month where organization_id = ${organizationId}`
  await tx.sql`delete from kpi_day where organization_id = ${organizationId}`
}

/** The flow by segment; balances also by cut and by month, since they are read by age in many ways. */
async function addUp(tx: Tx, organizationId: string, xid: string): Promise<void> {
  const balances = arrayOf(balanceNames)
  const rowsOf = (isBalance: boolean) => tx.sql`
    select measure, segment_id, day, anchor, ${recordedOn(tx)},
      sum(amount)::bigint, sum(count)::int, sum(days)::bigint, sum(amount_days)
    from flow
    where organization_id = ${organizationId} and xid <= ${xid}::xid8
      and (measure = any(${balances}::text[])) = ${isBalance}::bool
    group by 1, 2, 3, 4, 5`
  await tx.sql`insert into fold_moved ${rowsOf(false)}`
  await tx.sql`insert into fold_open ${rowsOf(true)}`
  await tx.sql.unsafe('analyze fold_member; analyze fold_moved; analyze fold_open')
  await tx.sql`
    insert into fold_open_cut
    select measure, level, cut, day, anchor, recorded_on, sum(amount)::bigint, sum(count)::int, sum(days)::bigint, sum(amount_days)
    from fold_open join fold_member using (segment_id)
    where level < 6
    group by 1, 2, 3, 4, 5, 6`
  await tx.sql`
    insert into fold_open_month
    select measure, segment_id, ${monthOf(tx, 'day')}, anchor,
      sum(amount)::bigint, sum(count)::int, sum(days)::bigint, sum(amount_days)
    from fold_open
    group by 1, 2, 3, 4`
  await tx.sql.unsafe('analyze fold_open_cut; analyze fold_open_month')
}

const isNotNothing = 'sum(amount) <> 0 or sum(count) <> 0 or sum(days) <> 0 or sum(amount_days) <> 0'

/** Sums of balances by anchor, told once for each age: from the day, or the month, on which they have it. */
const aged = (tx: Tx, from: 'fold_open_cut' | 'fold_open_month') => tx.sql`
  (select *, amount::numeric * (anchor - date '1970-01-01') as anchored from ${tx.sql(from)} offset 0) told
  join ${ageRows(tx)} using (measure)`

/**
 * The sums are made before they are put into the order of the key: else PostgreSQL would sort what it adds up, which
 * takes ten times as long as hashing it.
 */
async function insertDays(tx: Tx, organizationId: string): Promise<void> {
  const insert = tx.sql`
    insert into kpi_day (organization_id, measure, level, cut, day, anchor, recorded_on, amount, count, days, amount_days)
    select ${organizationId}, told.* from told order by 2, 3, 4, 5, 6, 7`
  await tx.sql`
    with told as materialized (
      select measure, level, cut, day, anchor, recorded_on, sum(amount), sum(count), sum(days), sum(amount_days)
      from fold_moved join fold_member using (segment_id)
      where level < 6
      group by 1, 2, 3, 4, 5, 6 having ${tx.sql.unsafe(isNotNothing)}
    ) ${insert}`
  await tx.sql`
    with told as (
      select measure, level, cut, day, anchor, recorded_on, amount, count, days, amount_days
      from fold_open_cut
      where level = 0 and (amount <> 0 or count <> 0 or days <> 0 or amount_days <> 0)
    ) ${insert}`
  await tx.sql`
    with told as materialized (
      select name, level, cut, since, since as anchor, greatest(recorded_on, since), sum(amount), sum(count), 0, sum(anchored)
      from ${aged(tx, 'fold_open_cut')}
      cross join lateral (select greatest(day, anchor + older + 1) as since) aged
      group by 1, 2, 3, 4, 6 having sum(amount) <> 0 or sum(count) <> 0 or sum(anchored) <> 0
    ) ${insert}`
}

async function insertMonths(tx: Tx, organizationId: string): Promise<void> {
  const insert = tx.sql`
    insert into kpi_month (organization_id, measure, level, cut, month, anchor, amount, count, days, amount_days)
    select ${organizationId}, told.* from told order by 2, 3, 4, 5, 6`
  const anchor = tx.sql`case when measure = any(${arrayOf(anchoredNames)}::text[]) then anchor else date '1970-01-01' end`
  const sums = tx.sql`sum(amount), sum(count), sum(days), sum(amount_days)`
  const notNothing = tx.sql.unsafe(isNotNothing)
  await tx.sql`
    with told as materialized (
      select measure, level, cut, ${monthOf(tx, 'day')}, ${anchor}, ${sums}
      from kpi_day where organization_id = ${organizationId}
      group by 1, 2, 3, 4, 5 having ${notNothing}
    ) ${insert}`
  await tx.sql`
    with told as materialized (
      select measure, 6, segment_id, ${monthOf(tx, 'day')}, ${anchor}, ${sums}
      from fold_moved
      group by 1, 3, 4, 5 having ${notNothing}
    ) ${insert}`
  await tx.sql`
    with told as materialized (
      select name, 6, segment_id, since, date '1970-01-01', sum(amount), sum(count), 0, sum(anchored)
      from ${aged(tx, 'fold_open_month')}
      cross join lateral (
        select case when anchor + older >= month then ${monthOf(tx, 'anchor + older + 1')} else month end as since
      ) aged
      group by 1, 3, 4 having sum(amount) <> 0 or sum(count) <> 0 or sum(anchored) <> 0
    ) ${insert}`
}

async function insertLate(tx: Tx, organizationId: string): Promise<void> {
  const month = monthOf(tx, 'day')
  const anchor = tx.sql`case when measure = any(${arrayOf(anchoredNames)}::text[]) then anchor else date '1970-01-01' end`
  await tx.sql`
    with late as materialized (
      select measure, level, cut, recorded_on, ${month} as month, ${anchor} as anchor, amount, count, days, amount_days
      from kpi_day where organization_id = ${organizationId} and recorded_on > day and recorded_on > ${month}
      union all
      select measure, 6, segment_id, recorded_on, ${month}, anchor, amount, count, days, amount_days
      from fold_open where recorded_on > day and recorded_on > ${month}
    ), told as materialized (
      select measure, level, cut, is_total, told.recorded_on, month, anchor,
        sum(amount), sum(count), sum(days), sum(amount_days)
      from late
      cross join lateral (values (false, recorded_on), (true, ${monthOf(tx, 'recorded_on')})) as told (is_total, recorded_on)
      group by 1, 2, 3, 4, 5, 6, 7
    )
    insert into kpi_late (organization_id, measure, level, cut, is_total, recorded_on, month, anchor, amount, count, days, amount_days)
    select ${organizationId}, told.* from told order by 2, 3, 4, 5, 6, 7, 8`
}

/** Gives how many rows are folded. */
async function insertBeginnings(tx: Tx, organizationId: string, xid: string): Promise<number> {
  const [row] = await tx.sql<{ rows: number }[]>`
    with added as (
      select recorded_at, min(day) as day, count(*) as rows from flow
      where organization_id = ${organizationId} and xid <= ${xid}::xid8
      group by recorded_at
    ), beginnings as (${addBeginnings(tx, organizationId)})
    select coalesce(sum(rows), 0)::int as rows from added`
  return row?.rows ?? 0
}

/** What stands at every month's end before today: running sums over the months. Gives the last one. */
async function insertCheckpoints(
  tx: Tx,
  organizationId: string,
  today: Temporal.PlainDate,
): Promise<string> {
  const [last] = await tx.sql<{ month: string }[]>`
    select case when first <= upto then upto else '-infinity' end::text as month
    from (
      select min(day) as first, (date_trunc('month', ${today.toString()}::timestamp) - interval '1 day')::date as upto
      from kpi_beginning where organization_id = ${organizationId}
    ) ended`
  const checkpointOn = last?.month ?? '-infinity'
  if (checkpointOn === '-infinity') return checkpointOn
  const names = arrayOf([...balanceNames, ...agedSeries.map((one) => one.name)])
  await tx.sql`
    insert into kpi_checkpoint (organization_id, measure, level, cut, month, anchor, amount, count, amount_days)
    select ${organizationId}, measure, level, cut, (first + interval '1 month - 1 day')::date, anchor, amount, count, amount_days
    from (
      select measure, level, cut, anchor, month, lead(month) over at as next,
        sum(amount) over at as amount, sum(count) over at as count, sum(amount_days) over at as amount_days
      from (
        select measure, level, cut, anchor, month, amount, count, amount_days from kpi_month
        where organization_id = ${organizationId} and level < 6 and measure = any(${names}::text[])
        union all
        select measure, 6, segment_id, anchor, month, amount, count, amount_days from fold_open_month
      ) moved
      window at as (partition by measure, level, cut, anchor order by month)
    ) standing
    cross join lateral generate_series(
      date_trunc('month', month::timestamp),
      least(date_trunc('month', next::timestamp) - interval '1 month', ${checkpointOn}::timestamp), '1 month'
    ) as first
    where amount <> 0 or count <> 0 or amount_days <> 0
    order by 5, 2, 3, 4, 6`
  return checkpointOn
}
