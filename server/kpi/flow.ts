/** The statements over the KPI store. Each adds up in PostgreSQL whatever nothing is asked between. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { BookRow, BooksFrom } from '../domain/book.ts'
import { formatDay, parseDay, type Day } from '../domain/day.ts'
import type { Needs } from '../domain/needs.ts'
import { firstOfMonth } from '../domain/calendar.ts'
import { measures, type Measure } from '../domain/measures.ts'
import type { Cell } from './segments.ts'

/** Since when there are books, as far as was known at `knownAt`; null for all that is committed. */
export async function readBeginning(
  tx: Tx,
  organizationId: string,
  knownAt: Temporal.Instant | null,
): Promise<BooksFrom> {
  const known = microseconds(knownAt)
  // One look into the index for each measure, instead of a walk through all rows.
  const [row] = await tx.sql<{ first_day: string | null; has_rows: boolean }[]>`
    select min(first.day) as first_day,
      exists (select from flow where organization_id = ${organizationId}) as has_rows
    from unnest(${arrayOf(Object.keys(measures))}::text[]) as m (measure)
    cross join lateral (
      select day from flow
      where organization_id = ${organizationId} and measure = m.measure
        and (${known}::timestamptz is null or recorded_at <= ${known}::timestamptz)
      order by day limit 1
    ) as first`
  if (row === undefined) throw new Error('An aggregate gave no row')
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
  readonly anchors: ReadonlySet<Day>
}

/** All that the needs name, in at most three statements that are sent together. */
export async function readRows(
  tx: Tx,
  organizationId: string,
  needs: Needs,
  cells: readonly Cell[],
  /** Cells whose money is valued day by day. */
  isForeign: (cell: Cell) => boolean,
  knownAt: Temporal.Instant | null,
): Promise<CellRow[]> {
  const { balances, cohorts, movements } = needs
  const standing = (part: typeof balances, after: Day | null): Selection => ({
    measures: [...part.measures].map((measure) => ({
      measure,
      after,
      anchored: part.anchored.has(measure),
      aged: part.aged.has(measure),
      daily: false,
    })),
    days: part.days,
    anchors: part.anchors,
  })
  const moved: Selection = {
    measures: [...movements.after].map(([measure, after]) => ({
      measure,
      after,
      anchored: false,
      aged: false,
      daily: movements.daily.has(measure),
    })),
    days: movements.days,
    anchors: new Set(),
  }
  const read = (selection: Selection) =>
    selection.measures.length === 0 || cells.length === 0
      ? []
      : readSelection(tx, organizationId, selection, cells, isForeign, knownAt)
  const found = await Promise.all([
    read(standing(balances, null)),
    // Nothing is told of a thing before its anchor, such as of an installment before it falls due.
    read(standing(cohorts, Math.min(...cohorts.anchors))),
    read(moved),
  ])
  return found.flat()
}

/**
 * Adds up the rows by cell, by the first asked-for day on or after theirs, and likewise by anchor.
 *
 * This reads every row of a balance from the beginning. Where checkpoints exist (the open balance by anchor at month
 * ends), they come in here: `union all` the last checkpoint on or before the first asked-for day, and bound `flow` to
 * the days after it.
 */
async function readSelection(
  tx: Tx,
  organizationId: string,
  { measures, days, anchors }: Selection,
  cells: readonly Cell[],
  isForeign: (cell: Cell) => boolean,
  knownAt: Temporal.Instant | null,
): Promise<CellRow[]> {
  const dayEnds = [...days].sort((a, b) => a - b)
  const anchorEnds = [...anchors].sort((a, b) => a - b)
  const lastDay = dayEnds.at(-1)
  if (lastDay === undefined) return []
  const members = cells.flatMap((cell, index) =>
    cell.segmentIds.map((segment) => ({ segment, index, foreign: isForeign(cell) })),
  )
  const known = microseconds(knownAt)
  const records = await tx.sql<FlowRecord[]>`
    select f.measure, c.index,
      case when m.daily and c.is_foreign then f.day - date '1970-01-01'
        else (${arrayOf(dayEnds)}::int[])[1 + width_bucket(f.day - date '1970-01-01', ${arrayOf(dayEnds.map(next))}::int[])]
      end as at_day,
      case when m.anchored
        then (${arrayOf(anchorEnds)}::int[])[1 + width_bucket(f.anchor - date '1970-01-01', ${arrayOf(anchorEnds.map(next))}::int[])]
      end as at_anchor,
      sum(f.amount) as amount, sum(f.count) as count, sum(f.days) as days, sum(f.amount_days) as amount_days,
      sum(case when m.aged then f.amount::numeric * (f.anchor - date '1970-01-01') else 0 end) as anchor_amount
    from unnest(
        ${arrayOf(measures.map((one) => one.measure))}::text[],
        ${arrayOf(measures.map((one) => (one.after === null ? '-infinity' : formatDay(one.after))))}::date[],
        ${arrayOf(measures.map((one) => one.anchored))}::bool[],
        ${arrayOf(measures.map((one) => one.aged))}::bool[],
        ${arrayOf(measures.map((one) => one.daily))}::bool[]
      ) as m (measure, after, anchored, aged, daily)
    join flow f on f.organization_id = ${organizationId} and f.measure = m.measure
      and f.day > m.after and f.day <= ${formatDay(lastDay)}::date
      and (${known}::timestamptz is null or f.recorded_at <= ${known}::timestamptz)
    join unnest(
        ${arrayOf(members.map((member) => member.segment))}::int[],
        ${arrayOf(members.map((member) => member.index))}::int[],
        ${arrayOf(members.map((member) => member.foreign))}::bool[]
      ) as c (segment_id, index, is_foreign) on c.segment_id = f.segment_id
    group by 1, 2, 3, 4`
  return records.flatMap((record) => {
    const cell = cells[record.index]
    return cell === undefined ? [] : [{ cell, row: bookRowOf(record, cell.currency) }]
  })
}

const next = (day: Day): Day => day + 1

type FlowRecord = {
  measure: Measure
  index: number
  at_day: number
  at_anchor: number | null
  amount: string
  count: bigint
  days: string
  amount_days: string
  anchor_amount: string
}

const bookRowOf = (record: FlowRecord, currency: string): BookRow => ({
  measure: record.measure,
  currency,
  day: record.at_day,
  // Anchored after all that anything is asked of.
  anchor: record.at_anchor ?? Infinity,
  amount: BigInt(record.amount),
  count: Number(record.count),
  days: BigInt(record.days),
  amountDays: BigInt(record.amount_days),
  anchorAmount: BigInt(record.anchor_amount),
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
