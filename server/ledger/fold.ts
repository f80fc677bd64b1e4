/**
 * Folds the rows of `flow` into the tables that KPIs are read from: rows by cut and day, by cut and month, and what
 * stood at each month's end. All of them are sums of flow rows, so that they can be thrown away and made anew.
 *
 * Rows are folded in the order of (xid, day), up to a position that is stored in the same transaction: a reader that
 * takes folded rows and position from one snapshot adds what lies behind it, and has every row once. Only rows of
 * transactions below pg_snapshot_xmin are folded, since nothing can come before them any more. Neither readers nor
 * writers are ever waited for, nor do they wait.
 */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { agedSeries, anchoredMeasures, balanceMeasures } from './ages.ts'

export type FoldOptions = {
  /** Today: checkpoints are made of months that ended before it. */
  readonly today: Temporal.PlainDate
  /** Of flow, in one transaction. */
  readonly rowsMax?: number
  /** Asked between transactions: true ends the folding early. */
  readonly isClosed?: () => boolean
}

/** BUSY: another process folds this organization, or did a moment ago. */
export type Folded = {
  readonly outcome: 'DONE' | 'BUSY'
  readonly rows: number
  readonly checkpoints: number
}

const ROWS_MAX = 100_000
/** Of one transaction, which takes a second or two. */
const TIMEOUT_MS = 120_000

/** Folds what can be folded now, in short transactions; then makes the checkpoints that are missing. */
export async function fold(
  connection: Connection,
  organizationId: string,
  { today, rowsMax = ROWS_MAX, isClosed = () => false }: FoldOptions,
): Promise<Folded> {
  const repeat = async (run: (tx: Tx, position: Position) => Promise<Step>): Promise<Repeated> => {
    for (let done = 0; ;) {
      if (isClosed()) return { outcome: 'DONE', done }
      const step = await inTransaction(
        connection,
        { organizationId, mode: 'write', timeoutMs: TIMEOUT_MS },
        async (tx) => {
          const position = await takePosition(tx, organizationId)
          return position === null ? null : run(tx, position)
        },
      )
      if (step === null) return { outcome: 'BUSY', done }
      done += step.done
      if (!step.more) return { outcome: 'DONE', done }
    }
  }
  const folded = await repeat((tx, position) => foldBatch(tx, organizationId, position, rowsMax))
  if (folded.outcome === 'BUSY') return { outcome: 'BUSY', rows: folded.done, checkpoints: 0 }
  const made = await repeat((tx, position) => makeCheckpoint(tx, organizationId, position, today))
  return { outcome: made.outcome, rows: folded.done, checkpoints: made.done }
}

type Step = { readonly done: number; readonly more: boolean }
type Repeated = { readonly outcome: 'DONE' | 'BUSY'; readonly done: number }

/** True where rows could be folded or a checkpoint could be made. Reads a few index entries. */
export async function isFoldDue(tx: Tx, organizationId: string, today: Temporal.PlainDate): Promise<boolean> {
  const [row] = await tx.sql<{ due: boolean }[]>`
    with f as materialized (
      select coalesce(xid, '0') as xid, coalesce(day, '-infinity') as day, checkpoint_on
      from (select) one left join kpi_fold on organization_id = ${organizationId}
    )
    select exists (
      select from flow
      where organization_id = ${organizationId} and xid < pg_snapshot_xmin(pg_current_snapshot())
        and (xid, day) > (f.xid, f.day)
      order by xid, day
    ) or exists (
      select from kpi_beginning b
      where b.organization_id = ${organizationId}
        and ${today.toString()}::date > case when isfinite(f.checkpoint_on)
          then (f.checkpoint_on + 1 + interval '1 month - 1 day')::date
          else (date_trunc('month', b.day::timestamp) + interval '1 month - 1 day')::date end
    ) as due
    from f`
  return row?.due === true
}

/**
 * Throws away what is folded and folds all of `flow` anew, one batch after the other. Answers stay right meanwhile;
 * until it has come far they take the time of reading the flow itself.
 */
export async function rebuild(
  connection: Connection,
  organizationId: string,
  options: FoldOptions,
): Promise<Folded> {
  await inTransaction(connection, { organizationId, mode: 'write', timeoutMs: null }, async (tx) => {
    // Waits for a fold that is under way, and none begins before this is over.
    await beginAnew(tx, organizationId)
    await tx.sql`delete from kpi_beginning where organization_id = ${organizationId}`
    await tx.sql`delete from kpi_checkpoint where organization_id = ${organizationId}`
    await tx.sql`delete from kpi_month where organization_id = ${organizationId}`
    await tx.sql`delete from kpi_day where organization_id = ${organizationId}`
  })
  return fold(connection, organizationId, options)
}

/** Where folding stands. PostgreSQL's text of a transaction id, a date (or infinity) each. */
type Position = { readonly xid: string; readonly day: string; readonly checkpointOn: string }

const beginAnew = (tx: Tx, organizationId: string) => tx.sql`
  insert into kpi_fold (organization_id, xid, day, recorded_max, checkpoint_on)
  values (${organizationId}, '0', '-infinity', '-infinity', '-infinity')
  on conflict (organization_id) do update set xid = excluded.xid, day = excluded.day,
    recorded_max = excluded.recorded_max, checkpoint_on = excluded.checkpoint_on`

/** Also the lock: null where another transaction holds it. */
async function takePosition(tx: Tx, organizationId: string): Promise<Position | null> {
  await tx.sql`
    insert into kpi_fold (organization_id, xid, day, recorded_max, checkpoint_on)
    select ${organizationId}, '0', '-infinity', '-infinity', '-infinity'
    where not exists (select from kpi_fold where organization_id = ${organizationId})
    on conflict do nothing`
  const [position] = await tx.sql<Position[]>`
    select xid::text, day::text, checkpoint_on::text as "checkpointOn" from kpi_fold
    where organization_id = ${organizationId} for update skip locked`
  return position ?? null
}

async function foldBatch(tx: Tx, organizationId: string, from: Position, rowsMax: number): Promise<Step> {
  // One statement, so that the end of all rows and the lack of a further one are of the same snapshot.
  const [upTo] = await tx.sql<{ xid: string; day: string; more: boolean; none: boolean }[]>`
    with last as (
      select xid, day from flow
      where organization_id = ${organizationId} and (xid, day) > (${from.xid}::xid8, ${from.day}::date)
        and xid < pg_snapshot_xmin(pg_current_snapshot())
      order by xid, day offset ${rowsMax - 1} limit 1
    )
    select coalesce(last.xid::text, (pg_snapshot_xmin(pg_current_snapshot())::text::numeric - 1)::text) as xid,
      coalesce(last.day, 'infinity')::text as day, last.xid is not null as more,
      not exists (
        select from flow
        where organization_id = ${organizationId} and (xid, day) > (${from.xid}::xid8, ${from.day}::date)
          and xid < pg_snapshot_xmin(pg_current_snapshot())
      ) as none
    from (select) one left join last on true`
  if (upTo === undefined) throw new Error('An outer join gave no row')
  if (upTo.none) return { done: 0, more: false }
  const to = { ...upTo, checkpointOn: from.checkpointOn }
  if (upTo.more) to.checkpointOn = await dropCheckpoints(tx, organizationId, from, to)
  return { done: await addRows(tx, organizationId, from, to), more: upTo.more }
}

/**
 * Where many rows come at once, such as years of history, each of them would change all checkpoints after it. So those
 * are given up instead, to be made month by month afterwards.
 */
async function dropCheckpoints(
  tx: Tx,
  organizationId: string,
  from: Position,
  to: Position,
): Promise<string> {
  const [row] = await tx.sql<{ left: string }[]>`
    select least(${from.checkpointOn}::date, date_trunc('month', min(day)::timestamp)::date - 1)::text as left
    from flow
    where organization_id = ${organizationId}
      and (xid, day) > (${from.xid}::xid8, ${from.day}::date) and (xid, day) <= (${to.xid}::xid8, ${to.day}::date)`
  return row?.left ?? from.checkpointOn
}

/** Adds the rows behind `from` up to `to`, and moves the position. Gives how many. */
async function addRows(tx: Tx, organizationId: string, from: Position, to: Position): Promise<number> {
  // Without it most of the work of a large batch goes through files.
  await tx.sql`select set_config('work_mem', '64MB', true)`
  const [row] = await tx.sql<{ rows: number }[]>`
    with added as materialized (
      select measure, segment_id, day, anchor, recorded_at, amount, count, days, amount_days from flow
      where organization_id = ${organizationId}
        and (xid, day) > (${from.xid}::xid8, ${from.day}::date) and (xid, day) <= (${to.xid}::xid8, ${to.day}::date)
    ), of_segment as materialized (
      select measure, segment_id, day, anchor, (recorded_at at time zone 'UTC')::date as recorded_on,
        sum(amount)::bigint as amount, sum(count)::int as count, sum(days)::bigint as days, sum(amount_days) as amount_days
      from added group by 1, 2, 3, 4, 5
    ), member as (
      select s.id as segment_id, v.level, v.cut
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
      where v.cut is not null
    ), series as (
      select measure as name, measure, segment_id, day, anchor, recorded_on, amount, count, days, amount_days,
        measure = any(${arrayOf(balanceMeasures)}::text[]) as is_plain, false as is_aged,
        measure = any(${arrayOf(anchoredMeasures)}::text[]) as has_anchor
      from of_segment
      union all
      select name, measure, segment_id, greatest(day, anchor + older + 1), greatest(day, anchor + older + 1), recorded_on,
        amount, count, 0, amount::numeric * (anchor - date '1970-01-01'), false, true, false
      from of_segment join unnest(
        ${arrayOf(agedSeries.map((one) => one.measure))}::text[], ${arrayOf(agedSeries.map((one) => one.name))}::text[],
        ${arrayOf(agedSeries.map((one) => one.olderThanDays))}::int[]
      ) as age (measure, name, older) using (measure)
    ), of_cut as materialized (
      select name as measure, level, cut, day, anchor, recorded_on,
        (date_trunc('month', day::timestamp) + interval '1 month - 1 day')::date as month, is_plain or is_aged as is_balance, has_anchor,
        sum(amount)::bigint as amount, sum(count)::int as count, sum(days)::bigint as days, sum(amount_days) as amount_days
      from series join member using (segment_id)
      where case when is_plain then level in (0, 6) when is_aged then level < 6 else true end
      group by 1, 2, 3, 4, 5, 6, is_plain, is_aged, has_anchor
    ), in_days as (
      insert into kpi_day (organization_id, measure, level, cut, day, anchor, recorded_on, month, amount, count, days, amount_days)
      select ${organizationId}, measure, level, cut, day, anchor, recorded_on, month, amount, count, days, amount_days
      from of_cut order by measure, level, cut, day, anchor, recorded_on
      on conflict (organization_id, measure, level, cut, day, anchor, recorded_on) do update set
        amount = kpi_day.amount + excluded.amount, count = kpi_day.count + excluded.count,
        days = kpi_day.days + excluded.days, amount_days = kpi_day.amount_days + excluded.amount_days
    ), in_months as (
      insert into kpi_month (organization_id, measure, level, cut, month, anchor, amount, count, days, amount_days)
      select ${organizationId}, measure, level, cut, month, case when has_anchor then anchor else date '1970-01-01' end,
        sum(amount), sum(count), sum(days), sum(amount_days)
      from of_cut group by 2, 3, 4, 5, 6 order by 2, 3, 4, 5, 6
      on conflict (organization_id, measure, level, cut, month, anchor) do update set
        amount = kpi_month.amount + excluded.amount, count = kpi_month.count + excluded.count,
        days = kpi_month.days + excluded.days, amount_days = kpi_month.amount_days + excluded.amount_days
    ), in_checkpoints as (
      insert into kpi_checkpoint (organization_id, measure, level, cut, month, anchor, amount, count, amount_days)
      select ${organizationId}, measure, level, cut, later.month, case when has_anchor then anchor else date '1970-01-01' end,
        sum(amount), sum(count), sum(amount_days)
      from of_cut
      cross join lateral (
        select (first + interval '1 month - 1 day')::date as month
        from generate_series(date_trunc('month', of_cut.month::timestamp), nullif(${to.checkpointOn}::date, '-infinity')::timestamp, '1 month') as first
      ) later
      where is_balance
      group by 2, 3, 4, 5, 6
      having sum(amount) <> 0 or sum(count) <> 0 or sum(amount_days) <> 0
      order by 5, 2, 3, 4, 6
      on conflict (organization_id, month, measure, level, cut, anchor) do update set
        amount = kpi_checkpoint.amount + excluded.amount, count = kpi_checkpoint.count + excluded.count,
        amount_days = kpi_checkpoint.amount_days + excluded.amount_days
    ), beginnings as (
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
      on conflict (organization_id, recorded_at) do update set day = least(kpi_beginning.day, excluded.day)
    ), moved as (
      update kpi_fold set xid = ${to.xid}::xid8, day = ${to.day}::date, checkpoint_on = ${to.checkpointOn}::date,
        recorded_max = greatest(recorded_max, (select max(recorded_at) from added))
      where organization_id = ${organizationId}
    )
    select count(*)::int as rows from added`
  return row?.rows ?? 0
}

/** The checkpoint of the month after the last one: that one, and what happened in the month. */
async function makeCheckpoint(
  tx: Tx,
  organizationId: string,
  { checkpointOn }: Position,
  today: Temporal.PlainDate,
): Promise<Step> {
  const [next] = await tx.sql<{ month: string }[]>`
    select month::text from (
      select (date_trunc('month', case when isfinite(${checkpointOn}::date) then ${checkpointOn}::date + 1 else min(day) end::timestamp)
        + interval '1 month - 1 day')::date as month
      from kpi_beginning where organization_id = ${organizationId}
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
        and measure = any(${arrayOf([...balanceMeasures, ...agedSeries.map((one) => one.name)])}::text[])
    ) moved
    group by measure, level, cut, anchor
    having sum(amount) <> 0 or sum(count) <> 0 or sum(amount_days) <> 0
    order by measure, level, cut, anchor`
  await tx.sql`update kpi_fold set checkpoint_on = ${next.month}::date where organization_id = ${organizationId}`
  return { done: 1, more: true }
}
