/**
 * Makes all sums of an organization anew, in one transaction: measure by measure and level by level over all of its
 * flow. What is added up fits into memory then, and goes sorted into the indexes, where adding row by row would look
 * for its place in each of them every time.
 */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { agedSeries, anchoredNames, balanceNames, byMonthName, cohortNames, storedNames } from './ages.ts'
import { LEVELS } from './cuts.ts'
import { addBeginnings, memberRows, monthNames, monthOf, recordedOn } from './fold-rows.ts'

/** The caller holds the position. Gives how many rows are folded, and how many month ends there are. */
export async function foldAnew(
  tx: Tx,
  organizationId: string,
  today: Temporal.PlainDate,
  daysOfSegments: number,
): Promise<{ readonly rows: number; readonly checkpoints: number }> {
  // Sorting what can be hashed takes ten times as long; PostgreSQL thinks of the order that is wanted in the end.
  await tx.sql`select set_config('work_mem', '128MB', true), set_config('enable_sort', 'off', true)`
  const [end] = await tx.sql<{ xid: string }[]>`
    select (pg_snapshot_xmin(pg_current_snapshot())::text::numeric - 1)::text as xid`
  if (end === undefined) throw new Error('A row of functions gave no row')
  await clear(tx, organizationId)
  await copyFlow(tx, organizationId, end.xid)
  const rows = await insertBeginnings(tx, organizationId, end.xid)
  const [last] = await tx.sql<{ month: string }[]>`
    select case when first <= upto then upto else '-infinity' end::text as month
    from (
      select min(day) as first, (date_trunc('month', ${today.toString()}::timestamp) - interval '1 day')::date as upto
      from kpi_beginning where organization_id = ${organizationId}
    ) ended`
  const checkpointOn = last?.month ?? '-infinity'
  const levels = await tx.sql<{ level: number }[]>`select distinct level from fold_member order by level`
  for (const [index, name] of storedNames.entries()) {
    const source = await sourceOf(tx, index, name)
    if (source === null) continue
    const fold = balanceNames.includes(name) ? foldBalance : foldMovement
    await fold(tx, organizationId, source, {
      levels: levels.map(({ level }) => level).filter(isFoldedByDay),
      daysOfSegments,
      checkpointOn,
    })
  }
  await insertMonths(tx, organizationId)
  await insertLate(tx, organizationId)
  if (checkpointOn !== NEVER) await insertCheckpoints(tx, organizationId, checkpointOn, daysOfSegments)
  const [made] = await tx.sql<{ checkpoints: number }[]>`
    update kpi_fold set xid = ${end.xid}::xid8, day = 'infinity', checkpoint_on = ${checkpointOn}::date, rows = ${rows}::bigint,
      days_of_segments = ${daysOfSegments}::int,
      recorded_max = coalesce((
        select max(recorded_at) from flow where organization_id = ${organizationId} and xid <= ${end.xid}::xid8
      ), '-infinity')
    where organization_id = ${organizationId}
    returning (
      select coalesce(sum(extract(year from age) * 12 + extract(month from age) + 1), 0)::int
      from (select age(checkpoint_on + 1, date_trunc('month', min(day)::timestamp) + interval '1 month') as age
        from kpi_beginning where organization_id = ${organizationId} and isfinite(checkpoint_on)) months
    ) as checkpoints`
  return { rows, checkpoints: made?.checkpoints ?? 0 }
}

/** A part of a statement. */
type Rows = ReturnType<typeof memberRows>

const NEVER = '-infinity'

const isFoldedByDay = (level: number) => level < LEVELS.SEGMENT

export async function clear(tx: Tx, organizationId: string): Promise<void> {
  await tx.sql`delete from kpi_beginning where organization_id = ${organizationId}`
  await tx.sql`delete from kpi_checkpoint where organization_id = ${organizationId}`
  await tx.sql`delete from kpi_late where organization_id = ${organizationId}`
  await tx.sql`delete from kpi_month where organization_id = ${organizationId}`
  await tx.sql`delete from kpi_day_recorded where organization_id = ${organizationId}`
  await tx.sql`delete from kpi_day where organization_id = ${organizationId}`
}

/** One pass over the flow, which puts each measure into a table of its own. */
async function copyFlow(tx: Tx, organizationId: string, xid: string): Promise<void> {
  const parts = storedNames.map(
    (name, index) =>
      `create temporary table fold_flow_${index} partition of fold_flow for values in ('${name}') on commit drop`,
  )
  await tx.sql.unsafe(`
    create temporary table fold_member (segment_id int, level smallint, cut int) on commit drop;
    create temporary table fold_calendar (day date, month date) on commit drop;
    create temporary table fold_open_month (measure text, segment_id int, month date, anchor date, amount bigint, count int) on commit drop;
    create temporary table fold_flow (
      measure text, segment_id int, day date, month date, anchor date, recorded_on date,
      amount bigint, count int, days bigint, amount_days numeric
    ) partition by list (measure) on commit drop;
    ${parts.join(';')}`)
  await tx.sql`insert into fold_member ${memberRows(tx, organizationId)}`
  await tx.sql`
    insert into fold_calendar
    select first::date, ${monthOf(tx, 'first')} from (
      select least(min(day), min(anchor) filter (where measure = any(${arrayOf(balanceNames)}::text[]))) as first_day,
        greatest(max(day), max(anchor) filter (where measure = any(${arrayOf(balanceNames)}::text[]))) as last_day
      from flow where organization_id = ${organizationId} and xid <= ${xid}::xid8
    ) known
    cross join lateral generate_series(first_day::timestamp, last_day::timestamp + interval '1 year', '1 day') as first`
  await tx.sql.unsafe('analyze fold_member; analyze fold_calendar')
  await tx.sql`
    insert into fold_flow
    select measure, segment_id, day, month, anchor, ${recordedOn(tx)}, amount, count, days, amount_days
    from flow join fold_calendar using (day)
    where organization_id = ${organizationId} and xid <= ${xid}::xid8`
}

/** A measure's rows, as copied. */
type Source = {
  readonly name: string
  readonly table: string
  /** Whether any row has days: adding them up is a third of the work. */
  readonly hasDays: boolean
}

/** Null where it has no rows. */
async function sourceOf(tx: Tx, index: number, name: string): Promise<Source | null> {
  const table = `fold_flow_${index}`
  const [found] = await tx.sql<{ rows: boolean; days: boolean }[]>`
    select exists (select from ${tx.sql(table)}) as rows,
      exists (select from ${tx.sql(table)} where days <> 0 or amount_days <> 0) as days`
  if (found?.rows !== true) return null
  await tx.sql.unsafe(`analyze ${table}`)
  return { name, table, hasDays: found.days }
}

/** Into what a measure is folded. */
type Target = {
  /** Those of many segments, by day. */
  readonly levels: readonly number[]
  /** Days are kept of the segments with ids up to this one. */
  readonly daysOfSegments: number
  readonly checkpointOn: string
}

async function foldMovement(
  tx: Tx,
  organizationId: string,
  { name, table, hasDays }: Source,
  { levels, daysOfSegments }: Target,
): Promise<void> {
  const sums = hasDays
    ? tx.sql`sum(amount) as amount, sum(count) as count, sum(days) as days, sum(amount_days) as amount_days`
    : tx.sql`sum(amount) as amount, sum(count) as count, 0 as days, 0 as amount_days`
  const isNotNothing = tx.sql`amount <> 0 or count <> 0 or days <> 0 or amount_days <> 0`
  for (const level of levels)
    await tx.sql`
      with told as materialized (
        select cut, day, anchor, recorded_on, ${sums}
        from ${tx.sql(table)} join fold_member using (segment_id) where level = ${level}
        group by 1, 2, 3, 4
      ), recorded as (
        insert into kpi_day_recorded (organization_id, measure, level, cut, day, anchor, recorded_on, amount, count, days, amount_days)
        select ${organizationId}, ${name}, ${level}, told.* from told where recorded_on <> day and (${isNotNothing})
        order by cut, day, anchor, recorded_on
      ), by_day as materialized (select cut, day, anchor, ${sums} from told group by 1, 2, 3)
      insert into kpi_day (organization_id, measure, level, cut, day, anchor, amount, count, days, amount_days)
      select ${organizationId}, ${name}, ${level}, by_day.* from by_day where ${isNotNothing}
      order by cut, day, anchor`
  await tx.sql`
    with by_day as materialized (
      select segment_id, day, anchor, ${sums} from ${tx.sql(table)} where segment_id <= ${daysOfSegments}::int
      group by 1, 2, 3
    )
    insert into kpi_day (organization_id, measure, level, cut, day, anchor, amount, count, days, amount_days)
    select ${organizationId}, ${name}, ${LEVELS.SEGMENT}::int, by_day.* from by_day where ${isNotNothing}
    order by segment_id, day, anchor`
  const months: [name: string, anchor: Rows][] = anchoredNames.includes(name)
    ? [[name, tx.sql`anchor`]]
    : [[name, tx.sql`date '1970-01-01'`]]
  if (cohortNames.includes(name)) months.push([byMonthName(name), monthOf(tx, 'anchor')])
  for (const [stored, anchor] of months)
    await tx.sql`
      with told as materialized (
        select segment_id, month, ${anchor}, ${sums} from ${tx.sql(table)} group by 1, 2, 3
      )
      insert into kpi_month (organization_id, measure, level, cut, month, anchor, amount, count, days, amount_days)
      select ${organizationId}, ${stored}, ${LEVELS.SEGMENT}::int, told.* from told where ${isNotNothing}
      order by segment_id, month, 6`
}

/**
 * The sum of amount x anchor, by the distance to a day `since` of all that is added up: two sums of bigints, which never
 * overflow, where one of numerics would take several times as long.
 */
const anchoredSum = (tx: Tx, since: string) =>
  tx.sql.unsafe(`
  sum(amount / 1000000 * (anchor - ${since})) * 1000000 + sum(amount % 1000000 * (anchor - ${since}))
    + sum(amount) * (${since} - date '1970-01-01')`)

const agesOf = (tx: Tx, name: string) => {
  const series = agedSeries.filter((one) => one.stored === name)
  return tx.sql`unnest(
    ${arrayOf(series.map((one) => one.name))}::text[], ${arrayOf(series.map((one) => one.olderThanDays))}::int[]
  ) as age (name, older)`
}

/** Balances have neither days nor amounts x days of their own. */
async function foldBalance(
  tx: Tx,
  organizationId: string,
  { name, table }: Source,
  { levels, daysOfSegments, checkpointOn }: Target,
): Promise<void> {
  const insertDays = tx.sql`
    insert into kpi_day (organization_id, measure, level, cut, day, anchor, amount, count, days, amount_days)`
  const insertRecorded = tx.sql`
    insert into kpi_day_recorded (organization_id, measure, level, cut, day, anchor, recorded_on, amount, count, days, amount_days)`
  for (const level of levels)
    await tx.sql`
      with told as materialized (
        select cut, day, anchor, recorded_on, sum(amount)::bigint as amount, sum(count) as count
        from ${tx.sql(table)} join fold_member using (segment_id) where level = ${level}
        group by 1, 2, 3, 4
      ), by_anchor_recorded as (
        ${insertRecorded}
        select ${organizationId}, ${name}, ${level}, cut, day, anchor, recorded_on, amount, count, 0, 0
        from told where ${level}::int = ${LEVELS.ORGANIZATION}::int and recorded_on <> day and (amount <> 0 or count <> 0)
        order by cut, day, anchor, recorded_on
      ), by_anchor as (
        ${insertDays}
        select ${organizationId}, ${name}, ${level}, cut, day, anchor, amount, count, 0, 0
        from (
          select cut, day, anchor, sum(amount) as amount, sum(count) as count
          from told where ${level}::int = ${LEVELS.ORGANIZATION}::int group by 1, 2, 3
        ) by_day where amount <> 0 or count <> 0
        order by cut, day, anchor
      ), aged as materialized (
        select name, cut, since, greatest(recorded_on, since) as recorded_on, sum(amount) as amount, sum(count) as count,
          ${anchoredSum(tx, 'since')} as anchored
        from told cross join ${agesOf(tx, name)}
        cross join lateral (select greatest(day, anchor + older + 1) as since offset 0) aged
        group by 1, 2, 3, 4
      ), aged_recorded as (
        ${insertRecorded}
        select ${organizationId}, name, ${level}, cut, since, since, recorded_on, amount, count, 0, anchored
        from aged where recorded_on <> since and (amount <> 0 or count <> 0 or anchored <> 0)
        order by name, cut, since, recorded_on
      ), aged_by_day as materialized (
        select name, cut, since, sum(amount) as amount, sum(count) as count, sum(anchored) as anchored
        from aged group by 1, 2, 3
      )
      ${insertDays}
      select ${organizationId}, name, ${level}, cut, since, since, amount, count, 0, anchored
      from aged_by_day where amount <> 0 or count <> 0 or anchored <> 0
      order by name, cut, since`
  await tx.sql`
    with told as materialized (
      select segment_id, day, anchor, sum(amount)::bigint as amount, sum(count) as count
      from ${tx.sql(table)} where segment_id <= ${daysOfSegments}::int
      group by 1, 2, 3
    ), aged_by_day as materialized (
      select name, segment_id, since, sum(amount) as amount, sum(count) as count, ${anchoredSum(tx, 'since')} as anchored
      from told cross join ${agesOf(tx, name)}
      cross join lateral (select greatest(day, anchor + older + 1) as since offset 0) aged
      group by 1, 2, 3
    )
    ${insertDays}
    select ${organizationId}, name, ${LEVELS.SEGMENT}::int, segment_id, since, since, amount, count, 0, anchored
    from aged_by_day where amount <> 0 or count <> 0 or anchored <> 0
    order by name, segment_id, since`
  await tx.sql`truncate fold_open_month`
  await tx.sql`
    insert into fold_open_month
    select ${name}, segment_id, month, anchor, sum(amount)::bigint, sum(count)::int from ${tx.sql(table)} group by 2, 3, 4`
  await tx.sql.unsafe('analyze fold_open_month')
  await tx.sql`
    with aged as materialized (
      select name, segment_id, since, sum(amount) as amount, sum(count) as count, ${anchoredSum(tx, 'since')} as anchored
      from fold_open_month
      cross join ${agesOf(tx, name)}
      join fold_calendar on day = greatest(fold_open_month.month, anchor + older + 1)
      cross join lateral (select fold_calendar.month as since offset 0) aged
      group by 1, 2, 3
    )
    insert into kpi_month (organization_id, measure, level, cut, month, anchor, amount, count, days, amount_days)
    select ${organizationId}, name, ${LEVELS.SEGMENT}::int, segment_id, since, date '1970-01-01', amount, count, 0, anchored
    from aged where amount <> 0 or count <> 0 or anchored <> 0
    order by name, segment_id, since`
  const ofSegments = tx.sql`
    select measure, ${LEVELS.SEGMENT}::smallint as level, segment_id as cut, month, anchor, amount, count, 0 as amount_days
    from fold_open_month`
  if (checkpointOn !== NEVER) await insertStanding(tx, organizationId, ofSegments, checkpointOn)
  await insertLateOf(
    tx,
    organizationId,
    tx.sql`
      select measure, ${LEVELS.SEGMENT}::smallint as level, segment_id as cut, recorded_on, month, anchor, amount, count, 0 as days, 0 as amount_days
      from ${tx.sql(table)} where recorded_on > month`,
  )
}

/** Of cuts of many segments, all measures. */
const insertMonths = (tx: Tx, organizationId: string) => tx.sql`
  with told as materialized (
    select measure, level, cut, month, case when measure = any(${arrayOf(anchoredNames)}::text[]) then anchor else date '1970-01-01' end as anchor,
      sum(amount) as amount, sum(count) as count, sum(days) as days, sum(amount_days) as amount_days
    from kpi_day join fold_calendar using (day)
    where organization_id = ${organizationId} and level < ${LEVELS.SEGMENT}::int
    group by 1, 2, 3, 4, 5
  ), named as materialized (
    select name, level, cut, month, name_anchor,
      sum(amount) as amount, sum(count) as count, sum(days) as days, sum(amount_days) as amount_days
    from told cross join lateral ${monthNames(tx, 'told.measure', 'told.anchor')}
    group by 1, 2, 3, 4, 5
  )
  insert into kpi_month (organization_id, measure, level, cut, month, anchor, amount, count, days, amount_days)
  select ${organizationId}, named.* from named where amount <> 0 or count <> 0 or days <> 0 or amount_days <> 0
  order by name, level, cut, month, name_anchor`

const insertLate = (tx: Tx, organizationId: string) =>
  insertLateOf(
    tx,
    organizationId,
    tx.sql`
      select measure, level, cut, recorded_on, month,
        case when measure = any(${arrayOf(anchoredNames)}::text[]) then anchor else date '1970-01-01' end as anchor,
        amount, count, days, amount_days
      from kpi_day_recorded join fold_calendar using (day)
      where organization_id = ${organizationId} and recorded_on > month`,
  )

const insertLateOf = (tx: Tx, organizationId: string, late: Rows) => tx.sql`
  with told as materialized (
    select measure, level, cut, is_total, told.recorded_on, month, anchor,
      sum(amount), sum(count), sum(days), sum(amount_days)
    from (${late}) late
    cross join lateral (values (false, recorded_on), (true, ${monthOf(tx, 'recorded_on')})) as told (is_total, recorded_on)
    group by 1, 2, 3, 4, 5, 6, 7
  )
  insert into kpi_late (organization_id, measure, level, cut, is_total, recorded_on, month, anchor, amount, count, days, amount_days)
  select ${organizationId}, told.* from told order by 2, 3, 4, 5, 6, 7, 8`

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

/** Of the ages also of segments, as far as they have days. */
const insertCheckpoints = (tx: Tx, organizationId: string, checkpointOn: string, daysOfSegments: number) => {
  const names = arrayOf([...balanceNames, ...agedSeries.map((one) => one.name)])
  const moved = tx.sql`
    select measure, level, cut, month, anchor, amount, count, amount_days from kpi_month
    where organization_id = ${organizationId} and (level < ${LEVELS.SEGMENT}::int or cut <= ${daysOfSegments}::int)
      and measure = any(${names}::text[])`
  return insertStanding(tx, organizationId, moved, checkpointOn)
}

/** What stands at every month's end: running sums over what moved in the months. */
const insertStanding = (tx: Tx, organizationId: string, moved: Rows, checkpointOn: string) => tx.sql`
  insert into kpi_checkpoint (organization_id, measure, level, cut, month, anchor, amount, count, amount_days)
  select ${organizationId}, measure, level, cut, ended.month, anchor, amount, count, amount_days
  from (
    select measure, level, cut, anchor, month, lead(month) over at as next,
      sum(amount) over at as amount, sum(count) over at as count, sum(amount_days) over at as amount_days
    from (${moved}) moved
    window at as (partition by measure, level, cut, anchor order by month)
  ) standing
  cross join lateral (
    select (first + interval '1 month - 1 day')::date as month
    from generate_series(
      date_trunc('month', standing.month::timestamp),
      least(date_trunc('month', next::timestamp) - interval '1 month', ${checkpointOn}::timestamp), '1 month'
    ) as first
  ) ended
  where amount <> 0 or count <> 0 or amount_days <> 0
  order by ended.month, measure, level, cut, anchor`
