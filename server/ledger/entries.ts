/** Entries as people read them: with who, when and why, and in the currency of their item. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { Day } from '../domain/day.ts'
import type { EntryCode, EntryKind } from '../domain/invoice.ts'
import type { Audit } from './audit.ts'
import type { Item } from './histories.ts'
import type { NewEntry } from './post.ts'

/** An entry of an item, posted or, in a dry run, about to be. Plain data. */
export type PostedEntry = {
  /** 1 for the first of its item. */
  readonly number: number
  readonly kind: EntryKind
  readonly installment: number
  /** Minor units, signed from the item's point of view. */
  readonly amount: bigint
  readonly currency: string
  readonly effectiveOn: Day
  readonly occurredOn: Day
  /** Null where it was not posted. */
  readonly recordedAt: string | null
  readonly dueOn: Day | null
  readonly counterpartId: string | null
  readonly code: EntryCode | null
  readonly segmentId: number | null
  readonly reason: string | null
}

/** By item: its entries in the order of posting. */
export async function readEntries(
  tx: Tx,
  organizationId: string,
  itemIds: readonly string[],
): Promise<Map<string, PostedEntry[]>> {
  const rows = await tx.sql<(PostedEntry & { itemId: string })[]>`
    select e.item_id as "itemId", e.sequence as number, e.kind, e.installment, e.amount, s.currency,
      e.effective_on - date '1970-01-01' as "effectiveOn", e.occurred_on - date '1970-01-01' as "occurredOn",
      e.recorded_at as "recordedAt", e.due_on - date '1970-01-01' as "dueOn", e.counterpart_id as "counterpartId",
      e.code, e.segment_id as "segmentId", e.reason
    from ledger_entry e
    join item i on i.organization_id = e.organization_id and i.id = e.item_id
    join segment s on s.organization_id = i.organization_id and s.id = i.segment_id
    where e.organization_id = ${organizationId} and e.item_id = any(${itemIds})
    order by e.item_id, e.sequence`
  return Map.groupBy(rows, ({ itemId }) => itemId)
}

/** Those of `entries` that are posted to `item`, as `readEntries` will give them. */
export const postedEntries = (item: Item, entries: readonly NewEntry[], audit: Audit | null): PostedEntry[] =>
  entries
    .filter(({ itemId }) => itemId === item.id)
    .map((entry, index) => ({
      number: item.entries.length + index + 1,
      kind: entry.kind,
      installment: entry.installment,
      amount: entry.amount,
      currency: item.currency,
      effectiveOn: entry.effectiveOn,
      occurredOn: entry.occurredOn,
      recordedAt: audit?.recordedAt ?? null,
      dueOn: entry.dueOn,
      counterpartId: entry.counterpartId,
      code: entry.code ?? null,
      segmentId: entry.segmentId ?? null,
      reason: entry.reason ?? null,
    }))
