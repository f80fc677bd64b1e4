/** Receipts, credit notes and disputes, found and locked for a change. */
import type { ItemKind } from '../domain/projection.ts'
import { lockItems, readItems, type Item } from './histories.ts'
import type { CustomerRow } from '@tidemark/drizzle/rows.ts'
import { customer, item } from '@tidemark/drizzle/tables.ts'
import { and, eq } from 'drizzle-orm'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** An item of a customer, and whatever else was locked with it, as they are now. */
export type LockedCredit = {
  readonly item: Item
  readonly customer: CustomerRow
  readonly locked: ReadonlyMap<string, Item>
}

/**
 * Locks the item's customer, then the item together with `others`: from here on nobody posts to any of that customer's
 * items. Null where there is no item of that kind and id.
 */
export async function lockItem(
  tx: Tx,
  organizationId: string,
  kind: ItemKind,
  id: string | null,
  others: readonly string[] = [],
): Promise<LockedCredit | null> {
  const owner = id === null ? null : await customerOf(tx, organizationId, kind, id)
  if (id === null || owner === null) return null
  const locked = await lockItems(tx, organizationId, [owner.id], [id, ...others])
  const found = locked.get(id)
  if (found === undefined) throw new Error(`Item ${id} was not locked`)
  return { item: found, customer: owner, locked }
}

/** Items stay with their customer, so this needs no lock. */
async function customerOf(
  tx: Tx,
  organizationId: string,
  kind: ItemKind,
  id: string,
): Promise<CustomerRow | null> {
  const [row] = await tx
    .select({ customer })
    .from(item)
    .innerJoin(
      customer,
      and(eq(customer.organizationId, item.organizationId), eq(customer.id, item.customerId)),
    )
    .where(and(eq(item.organizationId, organizationId), eq(item.id, id), eq(item.kind, kind)))
  return row?.customer ?? null
}

/** The same, with the invoices that `settledBy` says it settles. */
export async function lockWithSettled(
  tx: Tx,
  organizationId: string,
  kind: ItemKind,
  id: string | null,
  settledBy: (item: Item) => readonly string[],
): Promise<LockedCredit | null> {
  const owner = id === null ? null : await customerOf(tx, organizationId, kind, id)
  if (id === null || owner === null) return null
  // Once the customer is locked, what the item settles stays so.
  await lockItems(tx, organizationId, [owner.id], [])
  const item = (await readItems(tx, organizationId, [id])).get(id)
  if (item === undefined) throw new Error(`Item ${id} is gone`)
  const locked = await lockItems(tx, organizationId, [], [id, ...settledBy(item)])
  return { item, customer: owner, locked }
}
