/** Items with their histories, read or locked. */
import type { ItemKind, History } from '../domain/projection.ts'
import type { Entry, EntryCode, EntryKind, InvoiceFacts } from '../domain/invoice.ts'
import { wholeIn, type Share } from '../domain/shares.ts'
import type { Day } from '../domain/day.ts'
import type { Fragment, Tx } from '@tidemark/drizzle/transaction.ts'

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
 * Locks the customers in ascending order, so that two postings wait for each other and never lock each other out; then
 * reads the items. Whoever posts to an item holds its customer: who comes second sees what the first posted.
 */
export async function lockItems(
  tx: Tx,
  organizationId: string,
  customerIds: readonly string[],
  itemIds: readonly string[],
): Promise<Map<string, Item>> {
  // Sent together, carried out in this order: what was committed while the first waited is read.
  const locked = tx.sql`
    select from customer where organization_id = ${organizationId} and id = any(${customerIds})
    order by id for no key update`.execute()
  const [, items] = await Promise.all([locked, readItems(tx, organizationId, itemIds)])
  return items
}

/** The items of these ids; ids that do not exist are left out. */
export const readItems = async (
  tx: Tx,
  organizationId: string,
  itemIds: readonly string[],
): Promise<Map<string, Item>> =>
  itemIds.length === 0 ? new Map() : selectItems(tx, organizationId, tx.sql`${itemIds}::uuid[]`)

/** The items of these ids, and the customers' disputes about them where they are invoices. */
export const readDisputable = async (
  tx: Tx,
  organizationId: string,
  customerIds: readonly string[],
  itemIds: readonly string[],
): Promise<Map<string, Item>> =>
  itemIds.length === 0
    ? new Map()
    : selectItems(
        tx,
        organizationId,
        tx.sql`array(
          select unnest(${itemIds}::uuid[])
          union all
          select dispute.id from item dispute
          join ledger_entry opened
            on opened.organization_id = dispute.organization_id and opened.item_id = dispute.id and opened.sequence = 1
          where dispute.organization_id = ${organizationId} and dispute.kind = 'DISPUTE'
            and dispute.customer_id = any(${customerIds}::uuid[]) and opened.counterpart_id = any(${itemIds}::uuid[]))`,
      )

/** Shares and entries come as lists of their fields: of many small rows the driver makes more ado than of JSON. */
async function selectItems(tx: Tx, organizationId: string, ids: Fragment): Promise<Map<string, Item>> {
  const items = await tx.sql<ItemRecord[]>`
    select i.id, i.kind, i.customer_id, i.segment_id,
      (select currency from segment where organization_id = i.organization_id and id = i.segment_id) as currency,
      i.starts_on - date '1970-01-01' as starts_on,
      v.delivered_on - date '1970-01-01' as delivered_on, v.sent_on - date '1970-01-01' as sent_on,
      v.discount, v.discount_until - date '1970-01-01' as discount_until,
      coalesce(v.tax, (select tax from credit_note
        where organization_id = i.organization_id and id = i.id and i.kind = 'CREDIT_NOTE')) as tax,
      (select json_agg(json_build_array(number, segment_id, weight::text) order by number) from item_share
        where organization_id = i.organization_id and item_id = i.id) as shares,
      (select json_agg(json_build_array(kind, installment, amount::text, effective_on - date '1970-01-01',
          occurred_on - date '1970-01-01', due_on - date '1970-01-01', counterpart_id, code, segment_id)
          order by sequence) from ledger_entry
        where organization_id = i.organization_id and item_id = i.id) as entries
    from item i
    left join invoice v on v.organization_id = i.organization_id and v.id = i.id
    where i.organization_id = ${organizationId} and i.id = any(${ids})`
  return new Map(items.map((item) => [item.id, itemOf(item)]))
}

const itemOf = (record: ItemRecord): Item => ({
  id: record.id,
  kind: record.kind,
  customerId: record.customer_id,
  segmentId: record.segment_id,
  shares: record.shares?.map(shareOf) ?? wholeIn(record.segment_id),
  currency: record.currency,
  startsOn: record.starts_on,
  facts: factsOf(record),
  entries: record.entries?.map(entryOf) ?? [],
})

type ItemRecord = {
  id: string
  kind: ItemKind
  customer_id: string
  segment_id: number
  currency: string
  starts_on: Day
  delivered_on: Day | null
  sent_on: Day | null
  discount: bigint | null
  discount_until: Day | null
  tax: bigint | null
  shares: ShareRecord[] | null
  entries: EntryRecord[] | null
}

const factsOf = ({ delivered_on, sent_on, discount, discount_until, tax }: ItemRecord): InvoiceFacts => ({
  deliveredOn: delivered_on,
  sentOn: sent_on,
  discount: discount ?? 0n,
  discountUntil: discount_until,
  tax,
})

type ShareRecord = [number: number, segmentId: number, weight: string]

const shareOf = ([number, segmentId, weight]: ShareRecord): Share => ({
  number,
  segmentId,
  weight: BigInt(weight),
})

type EntryRecord = [
  kind: EntryKind,
  installment: number,
  amount: string,
  effectiveOn: Day,
  occurredOn: Day,
  dueOn: Day | null,
  counterpartId: string | null,
  code: EntryCode | null,
  segmentId: number | null,
]

const entryOf = ([
  kind,
  installment,
  amount,
  effectiveOn,
  occurredOn,
  dueOn,
  counterpartId,
  code,
  segmentId,
]: EntryRecord): Entry => ({
  kind,
  installment,
  amount: BigInt(amount),
  effectiveOn,
  occurredOn,
  dueOn,
  counterpartId,
  code,
  segmentId,
})
