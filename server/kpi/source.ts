/** Out of which books, and as known when, an answer is made. */
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { BooksFrom } from '../domain/book.ts'
import type { Conventions } from '../domain/conventions.ts'
import type { cutter } from '../ledger/cuts.ts'
import {
  factsAt,
  isSame,
  lastFacts,
  rememberFacts,
  segmentsUpTo,
  type Facts,
  type Segmentation,
} from './facts.ts'
import type { Sight } from './selection.ts'
import type { Segment } from './segments.ts'
import { conventionsOfChoice } from './settings.ts'

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
  /** The same is asked for each time that something happens: what of it stays is kept (`kept-sums.ts`). */
  readonly isRepeated?: boolean
}

export type Sourced = {
  readonly source: Source
  readonly segments: readonly Segment[]
  /** What stands in for the conventions that a query leaves out. */
  readonly usual: Conventions
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
): Promise<Sourced> {
  const facts = await factsAt(tx, organization.id, knownAt)
  const segmentation = await segmentsUpTo(tx, organization.id, facts.lastSegmentId)
  return sourced(tx, organization, knownAt, view, { ...segmentation, facts })
}

/**
 * What `use` makes of the source. Where nothing but the latest is asked for, it begins with what was so the last time,
 * while it is read whether it still is: its statements travel with that one. Else, and where it is not so any more,
 * `use` gets what was found.
 */
export async function fromSource<T>(
  tx: Tx,
  organization: KpiOrganization,
  query: Knowledge & { readonly segments?: SegmentView | undefined },
  use: (sourced: Sourced) => Promise<T>,
): Promise<T> {
  return fromBooks(
    tx,
    organization,
    { ...query, isLatest: query.knownAt == null, knownAt: knownAtOf(query) },
    use,
  )
}

/** The same of all that is committed. */
export const fromLatest = <T>(
  tx: Tx,
  organization: KpiOrganization,
  use: (sourced: Sourced) => Promise<T>,
): Promise<T> => fromBooks(tx, organization, { isLatest: true, knownAt: null }, use)

type Asked = {
  /** Whether nothing but the latest is asked for. */
  readonly isLatest: boolean
  readonly knownAt: Temporal.Instant | null
  readonly segments?: SegmentView | undefined
}

async function fromBooks<T>(
  tx: Tx,
  organization: KpiOrganization,
  { isLatest, knownAt, segments: asked }: Asked,
  use: (sourced: Sourced) => Promise<T>,
): Promise<T> {
  const view = asked ?? 'AS_WAS'
  const guess = isLatest && tx.isSnapshot ? lastFacts(tx, organization.id) : null
  const reading = factsAt(tx, organization.id, knownAt)
  if (guess !== null) {
    // Whether it fails matters only where the guess was right.
    const used = use(sourced(tx, organization, knownAt, view, guess))
    used.catch(() => {})
    if (isSame(await reading, guess.facts)) return used
  }
  const facts = await reading
  const segmentation = await segmentsUpTo(tx, organization.id, facts.lastSegmentId)
  if (isLatest) rememberFacts(tx, organization.id, facts)
  return use(sourced(tx, organization, knownAt, view, { ...segmentation, facts }))
}

const sourced = (
  tx: Tx,
  organization: KpiOrganization,
  knownAt: Temporal.Instant | null,
  view: SegmentView,
  { segments, cut, facts }: Segmentation & { readonly facts: Facts },
): Sourced => ({
  source: {
    tx,
    organizationId: organization.id,
    baseCurrency: organization.baseCurrency,
    booksFrom: facts.booksFrom,
    cut,
    sight: {
      knownAt,
      isAhead: facts.isAhead,
      isAsIs: view === 'AS_IS',
      daysOfSegments: facts.daysOfSegments,
    },
  },
  segments,
  usual: conventionsOfChoice(facts.choice),
})
