/**
 * What every answer begins with: since when there are books, which segments there are and what the organization chose.
 * It hardly ever changes, so it is remembered between transactions, and each of them only asks whether it still is so.
 */
import { microseconds } from '@tidemark/drizzle/columns.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { BooksFrom } from '../domain/book.ts'
import { firstOfMonth } from '../domain/calendar.ts'
import { parseDay } from '../domain/day.ts'
import { cutter } from '../ledger/cuts.ts'
import { readSegmentsAfter, type Segment } from './segments.ts'

export type Facts = {
  readonly booksFrom: BooksFrom
  /** Whether what is folded holds rows that were recorded later than `knownAt`. */
  readonly isAhead: boolean
  /** Of segments with ids up to this one days are folded. */
  readonly daysOfSegments: number
  /** Their ids count from 1, in the order in which they are committed, and none ever changes: the last tells which there are. */
  readonly lastSegmentId: number
  /** What stands in for conventions that a query leaves out, as JSON; null where nothing was chosen. */
  readonly choice: string | null
}

/** In one statement. `knownAt`: null for all that is committed. */
async function readFacts(tx: Tx, organizationId: string, knownAt: Temporal.Instant | null): Promise<Facts> {
  const known = knownAt === null ? 'infinity' : microseconds(knownAt)
  const [row] = await tx.sql<FactsRecord[]>`
    with fold as materialized (
      select coalesce(xid, '0') as xid, coalesce(day, '-infinity') as day,
        coalesce(recorded_max > ${known}::timestamptz, false) as is_ahead, coalesce(days_of_segments, 0) as days_of_segments
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
      exists (select from flow where organization_id = ${organizationId}) as has_rows, fold.is_ahead, fold.days_of_segments,
      (select max(id) from segment where organization_id = ${organizationId}) as last_segment,
      (setting.conventions || jsonb_build_object('calendar', setting.calendar))::text as choice
    from fold left join kpi_setting setting on setting.organization_id = ${organizationId}`.execute()
  if (row === undefined) throw new Error('An outer join gave no row')
  const first = row.first_day === null ? null : parseDay(row.first_day)
  // The books are taken to begin with the month of their first entry: nobody starts in the middle of one.
  const without = row.has_rows ? 'NOT_KNOWN_THEN' : 'EMPTY'
  return {
    booksFrom: first === null ? without : firstOfMonth(first),
    isAhead: row.is_ahead,
    daysOfSegments: row.days_of_segments,
    lastSegmentId: row.last_segment ?? 0,
    choice: row.choice,
  }
}

type FactsRecord = {
  first_day: string | null
  has_rows: boolean
  is_ahead: boolean
  days_of_segments: number
  last_segment: number | null
  choice: string | null
}

/** Of a transaction that sees the same all along: several fields ask, and the first one reads. */
const factsOf = new WeakMap<Tx, Map<string, Promise<Facts>>>()

/** As `readFacts`, once for all fields of an operation. */
export function factsAt(tx: Tx, organizationId: string, knownAt: Temporal.Instant | null): Promise<Facts> {
  if (!tx.isSnapshot) return readFacts(tx, organizationId, knownAt)
  const all = factsOf.get(tx) ?? new Map<string, Promise<Facts>>()
  factsOf.set(tx, all)
  const key = `${organizationId} ${knownAt?.epochNanoseconds}`
  const reading = all.get(key) ?? readFacts(tx, organizationId, knownAt)
  all.set(key, reading)
  return reading
}

export const isSame = (a: Facts, b: Facts): boolean =>
  a.booksFrom === b.booksFrom &&
  a.isAhead === b.isAhead &&
  a.daysOfSegments === b.daysOfSegments &&
  a.lastSegmentId === b.lastSegmentId &&
  a.choice === b.choice

/** The segments, and what finds the cuts of any of them. */
export type Segmentation = {
  readonly segments: readonly Segment[]
  readonly cut: ReturnType<typeof cutter>
}

type Remembered = Segmentation & {
  /** Of an answer as late as can be; null until there was one. */
  readonly facts: Facts | null
}

/** Per database and organization. */
const remembered = new WeakMap<object, Map<string, Remembered>>()
/** Of one database: more than a hundred organizations of the largest kind. */
const SEGMENTS_MAX = 500_000

const rememberedOf = (tx: Tx, organizationId: string): Remembered | undefined =>
  remembered.get(tx.database)?.get(organizationId)

/** Only what is committed: another transaction might give the same id to other dimensions. */
function remember(tx: Tx, organizationId: string, what: Remembered): void {
  if (!tx.isSnapshot) return
  const all = remembered.get(tx.database) ?? new Map<string, Remembered>()
  remembered.set(tx.database, all)
  let size = what.segments.length
  for (const { segments } of all.values()) size += segments.length
  if (size > SEGMENTS_MAX) all.clear()
  all.set(organizationId, what)
}

/** Those that there are up to an id; of what was made since the last time only that is read. */
export async function segmentsUpTo(tx: Tx, organizationId: string, lastId: number): Promise<Segmentation> {
  const known = rememberedOf(tx, organizationId)
  const knownId = known?.segments.at(-1)?.id ?? 0
  if (known !== undefined && knownId === lastId) return known
  const before = known?.segments ?? []
  // A snapshot may be older than the last one.
  const segments =
    knownId > lastId
      ? before.filter(({ id }) => id <= lastId)
      : [...before, ...(await readSegmentsAfter(tx, organizationId, knownId))]
  const found = { segments, cut: cutter(segments) }
  if (knownId < lastId) remember(tx, organizationId, { ...found, facts: known?.facts ?? null })
  return found
}

/** What an answer as late as can be was made of the last time; null where there was none, or too little is remembered. */
export function lastFacts(tx: Tx, organizationId: string): (Segmentation & { readonly facts: Facts }) | null {
  const known = rememberedOf(tx, organizationId)
  if (known === undefined || known.facts === null) return null
  const lastId = known.segments.at(-1)?.id ?? 0
  return known.facts.lastSegmentId === lastId ? { ...known, facts: known.facts } : null
}

export function rememberFacts(tx: Tx, organizationId: string, facts: Facts): void {
  const known = rememberedOf(tx, organizationId)
  if (known === undefined || known.segments.at(-1)?.id !== facts.lastSegmentId) return
  if (known.facts === null || !isSame(known.facts, facts)) remember(tx, organizationId, { ...known, facts })
}
