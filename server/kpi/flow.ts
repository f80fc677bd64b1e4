/** The statements over the KPI store. Each adds up in PostgreSQL whatever nothing is asked between. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { BookRow, BooksFrom } from '../domain/book.ts'
import { formatDay, parseDay, type Day } from '../domain/day.ts'
import type { Moving, Needs } from '../domain/needs.ts'
import { dayAt, firstOfMonth } from '../domain/calendar.ts'
import type { Measure } from '../domain/measures.ts'
import { seriesFor, type Age, type AgedSeries } from '../ledger/ages.ts'
import { LEVELS, type Cut } from '../ledger/cuts.ts'
import type { Cell } from './segments.ts'
import { spansOf } from './spans.ts'

/** Since when there are books, as far as was known at `knownAt`; null for all that is committed. */
export async function readBeginning(
  tx: Tx,
  organizationId: string,
  knownAt: Temporal.Instant | null,
): Promise<BooksFrom> {
  const known = microseconds(knownAt) ?? 'infinity'
  const [row] = await tx.sql<{ first_day: string | null; has_rows: boolean }[]>`
    with fold as materialized (
      select coalesce(xid, '0') as xid, coalesce(day, '-infinity') as day
      from (select) one left join kpi_fold on organization_id = ${organizationId}
    )
    select least(
        (select min(day) from kpi_beginning
          where organization_id = ${organizationId} and recorded_at <= ${known}::timestamptz),
        (select min(tail.day) from (
          select day from flow
          where organization_id = ${organizationId} and recorded_at <= ${known}::timestamptz
            and (xid, day) > (fold.xid, fold.day)
          order by xid, day offset 0) tail)
      ) as first_day,
      exists (select from flow where organization_id = ${organizationId}) as has_rows
    from fold`
  if (row === undefined) throw new Error('An outer join gave no row')
  const first = row.first_day === null ? null : parseDay(row.first_day)
  // The books are taken to begin with the month of their first entry: nobody starts in the middle of one.
  if (first !== null) return firstOfMonth(first)
  return row.has_rows ? 'NOT_KNOWN_THEN' : 'EMPTY'
}

/** A row of the books, and the cell that it belongs to. */
export type CellRow = { readonly cell: Cell; readonly row: BookRow }

/** What to read of the rows of some measures. */
type Selection = {
  readonly measures: readonly {
    readonly measure: Measure
    /** Rows up to this day do not matter; null: all do. */
    readonly after: Day | null
    readonly anchored: boolean
    readonly aged: boolean
    readonly daily: boolean
  }[]
  readonly days: ReadonlySet<Day>
  /** Null: each anchor is asked for. */
  readonly anchors: ReadonlySet<Day> | null
  /** Of balances: what answers instead of rows by anchor, where there is anything for all ages that are asked for. */
  readonly series: readonly AgedSeries[] | null
}

/** A cell, and the cuts that it is made of. */
export type CutCell = { readonly cell: Cell; readonly cuts: readonly Cut[] }

/** All that the needs name, in at most four statements that are sent together. */
export async function readRows(
  tx: Tx,
  organizationId: string,
  needs: Needs,
  cells: readonly CutCell[],
  /** Cells whose money is valued day by day. */
  isForeign: (cell: Cell) => boolean,
  knownAt: Temporal.Instant | null,
): Promise<CellRow[]> {
  const { balances, cohorts, movements, histograms } = needs
  const standing = (
    part: typeof balances,
    after: Day | null,
    series: readonly AgedSeries[] | null,
  ): Selection => ({
    measures: [...part.measures].map((measure) => ({
      measure,
      after,
      anchored: part.anchored.has(measure),
      aged: part.aged.has(measure),
      daily: false,
    })),
    days: part.days,
    anchors: part.anchors,
    series,
  })
  const moved = (
    { after, days }: Moving,
    daily: ReadonlySet<Measure>,
    anchors: Selection['anchors'],
  ): Selection => ({
    measures: [...after].map(([measure, from]) => ({
      measure,
      after: from,
      anchored: anchors === null,
      aged: false,
      daily: daily.has(measure),
    })),
    days,
    anchors,
    series: null,
  })
  const read = (selection: Selection) =>
    selection.measures.length === 0 || cells.length === 0
      ? []
      : readSelection(tx, organizationId, selection, cells, isForeign, knownAt)
  // Sent together, so the settings around them cost no round trip; each as soon as it is named, so in this order.
  const [, first, second, third, fourth] = await Promise.all([
    usePlans(tx, 'force_generic_plan', 'off'),
    read(standing(balances, null, seriesFor(balances.ages))),
    // Nothing is told of a thing before its anchor, such as of an installment before it falls due.
    read(standing(cohorts, Math.min(...cohorts.anchors), null)),
    read(moved(movements, movements.daily, new Set())),
    read(moved(histograms, new Set(), null)),
    usePlans(tx, 'auto', 'on'),
  ])
  return [...first, ...second, ...third, ...fourth]
}

/**
 * What is read depends on the arguments, but how never does: by the keys' indexes. Left alone PostgreSQL would plan the
 * statement anew each time, which takes as long as the reading, and sort what it had better hash.
 */
const usePlans = (tx: Tx, mode: 'force_generic_plan' | 'auto', sort: 'off' | 'on') =>
  tx.sql`select set_config('plan_cache_mode', ${mode}, true), set_config('enable_sort', ${sort}, true)`.execute()

/**
 * Adds up the rows by cell, by the first asked-for day on or after theirs, and likewise by anchor. One statement, so
 * that it sees the folded rows and how far they reach in one snapshot. It puts together
 *
 * - for balances the last checkpoint before all asked-for days,
 * - then whole months in which nothing is asked, and days where something is, by cuts of few segments or many,
 * - and what is not folded yet, segment by segment.
 *
 * Whoever knows less than what is folded has subtracted what came later: among the days by the day of recording, of
 * months and checkpoints by the index of what came after its month was over, and of the day of `knownAt` row by row.
 */
async function readSelection(
  tx: Tx,
  organizationId: string,
  { measures, days, anchors, series }: Selection,
  cells: readonly CutCell[],
  isForeign: (cell: Cell) => boolean,
  knownAt: Temporal.Instant | null,
): Promise<CellRow[]> {
  const dayEnds = [...days].sort((a, b) => a - b)
  const anchorEnds = anchors === null ? null : [...anchors].sort((a, b) => a - b)
  const lastDay = dayEnds.at(-1)
  if (lastDay === undefined) return []
  const known = microseconds(knownAt) ?? 'infinity'
  const knownDay = knownAt === null ? null : dayAt(knownAt, 'UTC')
  const knownOn = knownDay === null ? 'infinity' : formatDay(knownDay)
  const after = measures.some((one) => one.after === null)
    ? null
    : Math.min(...measures.map((one) => one.after ?? -Infinity))
  const spans = spansOf(dayEnds, after, knownDay)
  const isBalance = after === null
  const cuts = cells.flatMap((one, index) =>
    (isBalance ? cutsForBalances(one, series !== null) : one.cuts).map((cut) => ({
      ...cut,
      index,
      foreign: isForeign(one.cell),
      hasSeries: series !== null && cut.level !== LEVELS.SEGMENT,
    })),
  )
  const read = [
    ...measures.map((one) => ({ ...one, name: one.measure, olderThanDays: undefined })),
    ...(series ?? []).map((one) => ({ ...one, after: null, anchored: false, aged: false, daily: false })),
  ]
  const members = cells.flatMap(({ cell }, index) =>
    cell.segmentIds.map((segment) => ({ segment, index, foreign: isForeign(cell) })),
  )
  const cutSums = sumsFor(tx, 'c', dayEnds, anchorEnds)
  const segmentSums = sumsFor(tx, 's', dayEnds, anchorEnds)
  const records = await tx.sql<FlowRecord[]>`
    with fold as materialized (
      select coalesce(xid, '0') as xid, coalesce(day, '-infinity') as day,
        coalesce(checkpoint_on, '-infinity') as checkpoint_on,
        coalesce(recorded_max > ${known}::timestamptz, false) as is_ahead
      from (select) one left join kpi_fold on organization_id = ${organizationId}
    ), m as materialized (
      select * from unnest(
        ${arrayOf(read.map((_, number) => number))}::int[],
        ${arrayOf(read.map((one) => one.name))}::text[],
        ${dates(read.map((one) => one.after))}::date[],
        ${arrayOf(read.map((one) => one.anchored))}::bool[],
        ${arrayOf(read.map((one) => one.aged))}::bool[],
        ${arrayOf(read.map((one) => one.daily))}::bool[],
        ${arrayOf(read.map((one) => one.olderThanDays !== undefined))}::bool[]
      ) as m (number, measure, after, anchored, aged, daily, is_series)
    ), c as materialized (
      select m.*, c.*, m.daily and c.is_foreign as by_day
      from m join unnest(
        ${arrayOf(cuts.map((cut) => cut.level))}::smallint[],
        ${arrayOf(cuts.map((cut) => cut.id))}::int[],
        ${arrayOf(cuts.map((cut) => cut.index))}::int[],
        ${arrayOf(cuts.map((cut) => cut.foreign))}::bool[],
        ${arrayOf(cuts.map((cut) => cut.hasSeries))}::bool[]
      ) as c (level, cut, index, is_foreign, has_series) on m.is_series = c.has_series
    ), s as (
      select m.*, s.*, m.daily and s.is_foreign as by_day
      from m join unnest(
        ${arrayOf(members.map((member) => member.segment))}::int[],
        ${arrayOf(members.map((member) => member.index))}::int[],
        ${arrayOf(members.map((member) => member.foreign))}::bool[]
      ) as s (segment_id, index, is_foreign) on not m.is_series
    ), whole as materialized (
      select case when after = '-infinity' then fold.checkpoint_on else after end as after, after as late_after, upto
      from fold, unnest(${dates(spans.months.map((span) => span.after))}::date[], ${dates(spans.months.map((span) => span.upTo))}::date[]) as span (after, upto)
    ), f as (
      select c.number, c.index, p.*
      from fold cross join c cross join lateral (
        select ${cutSums} from (
          select month as day, anchor, amount, count, 0 as days, amount_days from kpi_checkpoint
          where organization_id = ${organizationId} and month = least(fold.checkpoint_on, ${spans.base === null ? null : formatDay(spans.base)}::date)
            and measure = c.measure and level = c.level and cut = c.cut
        ) r group by 1, 2
      ) p
      where ${spans.base !== null}::bool
      union all
      select c.number, c.index, p.*
      from c cross join whole cross join lateral (
        select ${cutSums} from (
          select month as day, anchor, amount, count, days, amount_days from kpi_month
          where organization_id = ${organizationId} and measure = c.measure and level = c.level and cut = c.cut
            and month > greatest(whole.after, c.after) and month <= whole.upto
        ) r group by 1, 2
      ) p
      where not c.by_day
      union all
      select c.number, c.index, p.*
      from c
      join unnest(
        ${dates(spans.days.map((span) => span.after))}::date[],
        ${dates(spans.days.map((span) => span.upTo))}::date[],
        ${arrayOf(spans.days.map((span) => span.isAll))}::bool[]
      ) as span (after, upto, is_all) on span.is_all = c.by_day
      cross join lateral (
        select ${cutSums} from (
          select day, anchor, amount, count, days, amount_days from kpi_day
          where organization_id = ${organizationId} and measure = c.measure and level = c.level and cut = c.cut
            and day > greatest(span.after, c.after) and day <= span.upto and recorded_on <= ${knownOn}::date
        ) r group by 1, 2
      ) p
      union all
      select c.number, c.index, p.*
      from c cross join whole cross join fold cross join lateral (
        select ${cutSums} from generate_series(
          greatest(
            (select min(day) from kpi_beginning where organization_id = ${organizationId}), whole.late_after + 1,
            c.after + 1
          )::timestamp,
          case when fold.is_ahead then whole.upto end::timestamp, '1 month'
        ) as late (first)
        cross join lateral (
          select day, anchor, -amount as amount, -count as count, -days as days, -amount_days as amount_days from kpi_day
          where organization_id = ${organizationId} and measure = c.measure and level = c.level and cut = c.cut
            and month = (date_trunc('month', late.first) + interval '1 month - 1 day')::date
            and recorded_on > month and recorded_on > ${knownOn}::date
          offset 0
        ) r group by 1, 2
      ) p
      where not c.by_day
      union all
      select s.number, s.index, ${segmentSums}
      from fold cross join lateral (
        select measure, segment_id, day, anchor, -amount as amount, -count as count, -days as days, -amount_days as amount_days
        from flow
        where organization_id = ${organizationId} and recorded_at > ${known}::timestamptz
          and recorded_at < (${knownOn}::date + 1)::timestamp at time zone 'UTC'
          and (xid, day) <= (fold.xid, fold.day) and day <= ${formatDay(lastDay)}::date
        offset 0
      ) r
      join s on s.segment_id = r.segment_id and s.measure = r.measure
      where fold.is_ahead
      group by 1, 2, 3, 4
      union all
      select s.number, s.index, ${segmentSums}
      from fold cross join lateral (
        select measure, segment_id, day, anchor, amount, count, days, amount_days from flow
        where organization_id = ${organizationId} and (xid, day) > (fold.xid, fold.day)
          and recorded_at <= ${known}::timestamptz and day <= ${formatDay(lastDay)}::date
        -- Nobody needs the order, but it is that of the index, and PostgreSQL takes the tail for long.
        order by xid, day offset 0
      ) r
      join s on s.segment_id = r.segment_id and s.measure = r.measure
      group by 1, 2, 3, 4
    )
    select number, index, at_day, at_anchor, sum(amount) as amount, sum(count) as count, sum(days) as days,
      sum(amount_days) as amount_days, coalesce(sum(anchor_amount), 0) as anchor_amount
    from f
    group by 1, 2, 3, 4`.execute()
  return records.flatMap((record) => {
    const cell = cells[record.index]?.cell
    const one = read[record.number]
    return cell === undefined || one === undefined
      ? []
      : [{ cell, row: bookRowOf(record, one, cell.currency) }]
  })
}

/** Rows by anchor are there for the whole organization and for segments only. */
const cutsForBalances = ({ cell, cuts }: CutCell, hasSeries: boolean): readonly Cut[] =>
  hasSeries || cuts.every((cut) => cut.level === LEVELS.ORGANIZATION)
    ? cuts
    : cell.segmentIds.map((id) => ({ level: LEVELS.SEGMENT, id }))

/** Sums of rows r that belong to `of`, by the first asked-for day and anchor on or after theirs. */
const sumsFor = (tx: Tx, of: 'c' | 's', dayEnds: readonly Day[], anchorEnds: readonly Day[] | null) => {
  const owner = tx.sql(of)
  const anchor =
    anchorEnds === null
      ? tx.sql`r.anchor - date '1970-01-01'`
      : tx.sql`(${arrayOf(anchorEnds)}::int[])[1 + width_bucket(r.anchor - date '1970-01-01', ${arrayOf(anchorEnds.map(next))}::int[])]`
  return tx.sql`
    case when ${owner}.by_day then r.day - date '1970-01-01'
      else (${arrayOf(dayEnds)}::int[])[1 + width_bucket(r.day - date '1970-01-01', ${arrayOf(dayEnds.map(next))}::int[])]
    end as at_day,
    case when ${owner}.anchored then ${anchor} end as at_anchor,
    sum(r.amount) as amount, sum(r.count) as count, sum(r.days) as days, sum(r.amount_days) as amount_days,
    sum(case when ${owner}.aged then r.amount::numeric * (r.anchor - date '1970-01-01') end) as anchor_amount`
}

const dates = (days: readonly (Day | null)[]): string =>
  arrayOf(days.map((day) => (day === null ? '-infinity' : formatDay(day))))

const next = (day: Day): Day => day + 1

type FlowRecord = {
  number: number
  index: number
  at_day: number
  at_anchor: number | null
  amount: string
  count: string
  days: string
  amount_days: string
  anchor_amount: string
}

const bookRowOf = (
  record: FlowRecord,
  { measure, olderThanDays }: { readonly measure: Measure; readonly olderThanDays: Age | undefined },
  currency: string,
): BookRow => ({
  measure,
  currency,
  day: record.at_day,
  // Anchored after all that anything is asked of.
  anchor: record.at_anchor ?? Infinity,
  amount: BigInt(record.amount),
  count: Number(record.count),
  days: BigInt(record.days),
  // A series has there what by anchor would have to be added up.
  ...(olderThanDays === undefined
    ? { amountDays: BigInt(record.amount_days), anchorAmount: BigInt(record.anchor_amount) }
    : { amountDays: 0n, anchorAmount: BigInt(record.amount_days), olderThanDays }),
})

/**
 * What the ledger's entries say is owed, per currency, without any use of `flow`: invoices less what is unapplied of
 * receipts and credit notes.
 */
export async function readLedgerBalances(
  tx: Tx,
  organizationId: string,
  segmentIds: readonly number[],
  day: Day,
  knownAt: Temporal.Instant | null,
): Promise<{ currency: string; minor: bigint }[]> {
  if (segmentIds.length === 0) return []
  const known = microseconds(knownAt)
  const records = await tx.sql<{ currency: string; balance: string }[]>`
    select s.currency, sum(case i.kind when 'INVOICE' then e.amount else -e.amount end) as balance
    from ledger_entry e
    join item i on i.organization_id = e.organization_id and i.id = e.item_id
    join segment s on s.organization_id = i.organization_id and s.id = i.segment_id
    where e.organization_id = ${organizationId} and i.kind in ('INVOICE', 'RECEIPT', 'CREDIT_NOTE')
      and i.segment_id = any(${arrayOf(segmentIds)}::int[]) and e.effective_on <= ${formatDay(day)}::date
      and (${known}::timestamptz is null or e.recorded_at <= ${known}::timestamptz)
    group by s.currency`
  return records.map(({ currency, balance }) => ({ currency, minor: BigInt(balance) }))
}

/** As PostgreSQL keeps moments. It would round a finer one up, to what was recorded after it. */
const microseconds = (moment: Temporal.Instant | null): string | null =>
  moment === null ? null : moment.round({ smallestUnit: 'microsecond', roundingMode: 'floor' }).toString()
