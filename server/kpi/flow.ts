/** Reads out of the KPI store what KPIs need. */
import { microseconds } from '@tidemark/drizzle/columns.ts'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { BooksFrom } from '../domain/book.ts'
import { firstOfMonth } from '../domain/calendar.ts'
import { formatDay, parseDay, type Day } from '../domain/day.ts'
import type { Moving, Needs } from '../domain/needs.ts'
import type { Measure } from '../domain/measures.ts'
import { seriesFor, type AgedSeries } from '../ledger/ages.ts'
import type { Cell } from './segments.ts'
import { readSelection, type CellRow, type CutCell, type Selection, type Sight } from './selection.ts'

export type Beginning = {
  readonly booksFrom: BooksFrom
  /** Whether what is folded holds rows that were recorded later than `knownAt`. */
  readonly isAhead: boolean
}

/** Since when there are books, as far as was known at `knownAt`; null for all that is committed. */
export async function readBeginning(
  tx: Tx,
  organizationId: string,
  knownAt: Temporal.Instant | null,
): Promise<Beginning> {
  const known = knownAt === null ? 'infinity' : microseconds(knownAt)
  const [row] = await tx.sql<{ first_day: string | null; has_rows: boolean; is_ahead: boolean }[]>`
    with fold as materialized (
      select coalesce(xid, '0') as xid, coalesce(day, '-infinity') as day,
        coalesce(recorded_max > ${known}::timestamptz, false) as is_ahead
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
      exists (select from flow where organization_id = ${organizationId}) as has_rows, fold.is_ahead
    from fold`
  if (row === undefined) throw new Error('An outer join gave no row')
  const first = row.first_day === null ? null : parseDay(row.first_day)
  // The books are taken to begin with the month of their first entry: nobody starts in the middle of one.
  const without = row.has_rows ? 'NOT_KNOWN_THEN' : 'EMPTY'
  return { booksFrom: first === null ? without : firstOfMonth(first), isAhead: row.is_ahead }
}

/** All that the needs name, in at most four statements that are sent together. */
export async function readRows(
  tx: Tx,
  organizationId: string,
  needs: Needs,
  cells: readonly CutCell[],
  /** Cells whose money is valued day by day. */
  isForeign: (cell: Cell) => boolean,
  sight: Sight,
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
      : readSelection(tx, organizationId, selection, cells, isForeign, sight)
  // Sent together, so the settings around them cost no round trip; each as soon as it is named, so in this order.
  const [, first, second, third, fourth] = await Promise.all([
    usePlans(tx, 'force_generic_plan', 'off'),
    read(standing(balances, null, seriesFor(balances.ages, sight.isAsIs))),
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
  const known = knownAt === null ? null : microseconds(knownAt)
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
