/** Items with their histories, read or locked. */
import type { ItemKind, History } from '../domain/projection.ts'
import type { Entry, EntryCode, EntryKind, InvoiceFacts } from '../domain/invoice.ts'
import { wholeIn, type Share } from '../domain/shares.ts'
import { parseDay, type Day } from '../domain/day.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** An item and all that was ever posted to it. */
export type Item = History & {
  readonly id: string
  readonly customerId: string
  /** The segment that it began in; of several shares that of the largest. */
  readonly segmentId: number
  readonly shares: readonly Share[]
  readonly currency: string
}

/**
 * Locks the customers, then the items, each in ascending order, so that two postings wait for each other and never
 * lock each other out; then reads the items. Whoever comes second sees what the first posted.
 */
export async function lockItems(
  tx: Tx,
  organizationId: string,
  customerIds: readonly string[],
  itemIds: readonly string[],
): Promise<Map<string, Item>> {
  // Sent together, carried out in this order; each sees what was committed while the one before it waited.
  const [, , items] = await Promise.all([
    customerIds.length === 0
      ? null
      : tx.sql`
        select from customer where organization_id = ${organizationId} and id = any(${customerIds})
        order by id for no key update`.execute(),
    itemIds.length === 0
      ? null
      : tx.sql`
        select from item where organization_id = ${organizationId} and id = any(${itemIds})
        order by kind, id for no key update`.execute(),
    readItems(tx, organizationId, itemIds),
  ])
  return items
}

/** The items of these ids; ids that do not exist are left out. */
export async function readItems(
  tx: Tx,
  organizationId: string,
  itemIds: readonly string[],
): Promise<Map<string, Item>> {
  if (itemIds.length === 0) return new Map()
  const [items, shares, entries] = await Promise.all([
    tx.sql<ItemRecord[]>`
      select i.id, i.kind, i.customer_id, i.segment_id, s.currency, i.starts_on,
        v.delivered_on, v.sent_on, v.discount, v.discount_until
      from item i join segment s on s.organization_id = i.organization_id and s.id = i.segment_id
      left join invoice v on v.organization_id = i.organization_id and v.id = i.id
      where i.organization_id = ${organizationId} and i.id = any(${itemIds})`,
    tx.sql<ShareRecord[]>`
      select item_id, number, segment_id, weight from item_share
      where organization_id = ${organizationId} and item_id = any(${itemIds})
      order by item_id, number`,
    tx.sql<EntryRecord[]>`
      select item_id, kind, installment, amount, effective_on, occurred_on, due_on, counterpart_id, code, segment_id
      from ledger_entry
      where organization_id = ${organizationId} and item_id = any(${itemIds})
      order by item_id, sequence`,
  ])
  const entriesByItem = Map.groupBy(entries, (entry) => entry.item_id)
  const sharesByItem = Map.groupBy(shares, (share) => share.item_id)
  return new Map(
    items.map((item) => [
      item.id,
      {
        id: item.id,
        kind: item.kind,
        customerId: item.customer_id,
        segmentId: item.segment_id,
        shares: sharesByItem.get(item.id)?.map(shareOf) ?? wholeIn(item.segment_id),
        currency: item.currency,
        startsOn: dayOfText(item.starts_on),
        facts: factsOf(item),
        entries: (entriesByItem.get(item.id) ?? []).map(entryOf),
      },
    ]),
  )
}

type ItemRecord = {
  id: string
  kind: ItemKind
  customer_id: string
  segment_id: number
  currency: string
  starts_on: string
  delivered_on: string | null
  sent_on: string | null
  discount: bigint | null
  discount_until: string | null
}

const factsOf = ({ delivered_on, sent_on, discount, discount_until }: ItemRecord): InvoiceFacts => ({
  deliveredOn: dayOrNull(delivered_on),
  sentOn: dayOrNull(sent_on),
  discount: discount ?? 0n,
  discountUntil: dayOrNull(discount_until),
})

type ShareRecord = { item_id: string; number: number; segment_id: number; weight: bigint }

const shareOf = ({ number, segment_id, weight }: ShareRecord): Share => ({
  number,
  segmentId: segment_id,
  weight,
})

type EntryRecord = {
  item_id: string
  kind: EntryKind
  installment: number
  amount: bigint
  effective_on: string
  occurred_on: string
  due_on: string | null
  counterpart_id: string | null
  code: EntryCode | null
  segment_id: number | null
}

const entryOf = (record: EntryRecord): Entry => ({
  kind: record.kind,
  installment: record.installment,
  amount: record.amount,
  effectiveOn: dayOfText(record.effective_on),
  occurredOn: dayOfText(record.occurred_on),
  dueOn: dayOrNull(record.due_on),
  counterpartId: record.counterpart_id,
  code: record.code,
  segmentId: record.segment_id,
})

const dayOrNull = (text: string | null): Day | null => (text === null ? null : dayOfText(text))

function dayOfText(text: string): Day {
  const day = parseDay(text)
  if (day === null) throw new Error(`The database gave ${text} for a date`)
  return day
}
