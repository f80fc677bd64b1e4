/** Items that are in several segments, or were: what of them lies in some segments takes their whole history. */
import { microseconds } from '@tidemark/drizzle/columns.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { AgingBasis } from '../domain/aging.ts'
import { formatDay, type Day } from '../domain/day.ts'
import type { Measure } from '../domain/measures.ts'
import { project } from '../domain/projection.ts'
import { readItems } from '../ledger/histories.ts'
import type { SegmentView } from './source.ts'

export type ScatteredQuery = {
  readonly organizationId: string
  readonly day: Day
  readonly knownAt: Temporal.Instant
  readonly by: AgingBasis
  readonly segmentIds: readonly number[]
  readonly view?: SegmentView
}

/** What is open of an item in the segments; `anchor` null is what is unapplied. */
export type ScatteredBalance = {
  readonly customerId: string
  readonly currency: string
  readonly anchor: Day | null
  readonly minor: bigint
  readonly count: number
}

/** Whether the item of that column has shares or was ever moved. */
export const isScattered = (tx: Tx, organizationId: string, itemId: string) => tx.sql`(
  exists (select from item_share s where s.organization_id = ${organizationId} and s.item_id = ${tx.sql(itemId)})
  or exists (select from ledger_entry m
    where m.organization_id = ${organizationId} and m.item_id = ${tx.sql(itemId)} and m.kind = 'MOVED'))`

export async function readScattered(
  tx: Tx,
  { organizationId, day, knownAt, by, segmentIds, view = 'AS_WAS' }: ScatteredQuery,
): Promise<ScatteredBalance[]> {
  // Entries are numbered as they were recorded: so many of them were known.
  const known = await tx.sql<{ item_id: string; entries: number }[]>`
    with candidate as (
      select item_id from open_span
      where organization_id = ${organizationId} and opens_on <= ${formatDay(day)}::date
        and (closes_on is null or closes_on > ${formatDay(day)}::date)
      union
      select item_id from ledger_entry
      where organization_id = ${organizationId} and recorded_at > ${microseconds(knownAt)}::timestamptz
        and effective_on <= ${formatDay(day)}::date
    ), scattered as (
      select item_id from candidate where ${isScattered(tx, organizationId, 'candidate.item_id')}
    )
    select e.item_id, count(*)::int as entries
    from scattered join ledger_entry e on e.organization_id = ${organizationId} and e.item_id = scattered.item_id
    where e.recorded_at <= ${microseconds(knownAt)}::timestamptz
    group by e.item_id`
  const counts = new Map(known.map((row) => [row.item_id, row.entries]))
  const items = await readItems(tx, organizationId, [...counts.keys()])
  const isAsked = new Set(segmentIds)
  const open: Measure = by === 'DUE_DATE' ? 'OPEN_BY_DUE' : 'OPEN_BY_ISSUE'
  const found: ScatteredBalance[] = []
  for (const item of items.values()) {
    const history = { ...item, entries: item.entries.slice(0, counts.get(item.id) ?? 0) }
    const sums = new Map<Day | null, { minor: bigint; count: number }>()
    for (const row of project(history, item.shares)) {
      if ((row.asIs && view === 'AS_WAS') || row.day > day || !isAsked.has(row.segmentId)) continue
      const isUnapplied = row.measure === 'UNAPPLIED_CASH' || row.measure === 'UNAPPLIED_CREDIT'
      if (row.measure !== open && !isUnapplied) continue
      const anchor = isUnapplied ? null : row.anchor
      const sum = sums.get(anchor) ?? { minor: 0n, count: 0 }
      sums.set(anchor, { minor: sum.minor + row.amount, count: sum.count + row.count })
    }
    const { customerId, currency } = item
    for (const [anchor, sum] of sums)
      if (sum.minor !== 0n) found.push({ customerId, currency, anchor, ...sum })
  }
  return found
}
