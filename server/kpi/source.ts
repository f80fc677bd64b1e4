/** Out of which books, and as known when, an answer is made. */
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { BooksFrom } from '../domain/book.ts'
import { cutter } from '../ledger/cuts.ts'
import { readBeginning } from './flow.ts'
import type { Sight } from './selection.ts'
import { readSegments, type Segment } from './segments.ts'

export type KpiOrganization = Pick<OrganizationRow, 'id' | 'baseCurrency' | 'timeZone'>

/** What the answer is to know of: nothing that was recorded later, and nothing of what is being recorded. */
export type Knowledge = {
  /** Null for as late as can be. */
  readonly knownAt?: Temporal.Instant | null | undefined
  /** Until when the books are settled in the snapshot that is read: an answer of later could not be repeated. */
  readonly settledAt: Temporal.Instant
}

/** The moment that the answer knows nothing recorded after. */
export const knownAtOf = ({ knownAt, settledAt }: Knowledge): Temporal.Instant =>
  knownAt == null || Temporal.Instant.compare(knownAt, settledAt) > 0 ? settledAt : knownAt

/** Where history counts that items had before they moved to another segment: there, or where they are today. */
export type SegmentView = 'AS_WAS' | 'AS_IS'

/** What the asks are asked of. */
export type Source = {
  readonly tx: Tx
  readonly organizationId: string
  readonly baseCurrency: string
  readonly booksFrom: BooksFrom
  /** Finds the cuts that cells are made of. */
  readonly cut: ReturnType<typeof cutter>
  readonly sight: Sight
}

/**
 * `knownAt`: null for all that is committed; else the transaction must be one of mode `read`, where all statements see
 * the same.
 */
export async function readSource(
  tx: Tx,
  organization: KpiOrganization,
  knownAt: Temporal.Instant | null,
  view: SegmentView = 'AS_WAS',
): Promise<{ readonly source: Source; readonly segments: readonly Segment[] }> {
  const [segments, { booksFrom, isAhead }] = await Promise.all([
    readSegments(tx, organization.id),
    readBeginning(tx, organization.id, knownAt),
  ])
  const source: Source = {
    tx,
    organizationId: organization.id,
    baseCurrency: organization.baseCurrency,
    booksFrom,
    cut: cutter(segments),
    sight: { knownAt, isAhead, isAsIs: view === 'AS_IS' },
  }
  return { source, segments }
}
