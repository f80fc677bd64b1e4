/** Items that are there, found and locked for a change. */
import type { ItemKind } from '../domain/projection.ts'
import { holdCustomerOf, type Debtor } from './find.ts'
import { readDisputable, type Item } from './histories.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** An item of a customer, and whatever else was locked with it, as they are now. */
export type LockedItem = {
  readonly item: Item
  readonly customer: Debtor
  readonly locked: ReadonlyMap<string, Item>
}

/**
 * Locks the item's customer, and with it the item, `others` and the disputes about them: from here on nobody posts to
 * any of that customer's items. Null where there is no item of that kind and id.
 */
export async function lockItem(
  tx: Tx,
  organizationId: string,
  kind: ItemKind,
  id: string | null,
  others: readonly string[] = [],
): Promise<LockedItem | null> {
  const customerId = await customerOf(tx, organizationId, kind, id)
  if (id === null || customerId === null) return null
  // Sent together, carried out in this order: what was committed while the first waited is read.
  const [customer, locked] = await Promise.all([
    holdCustomerOf(tx, organizationId, customerId),
    readDisputable(tx, organizationId, [customerId], [id, ...others]),
  ])
  return { item: required(locked, id), customer, locked }
}

/** The same, with the invoices that `settledBy` says it settles, and the disputes about them. */
export async function lockWithSettled(
  tx: Tx,
  organizationId: string,
  kind: ItemKind,
  id: string | null,
  settledBy: (item: Item) => readonly string[],
): Promise<LockedItem | null> {
  const found = await lockItem(tx, organizationId, kind, id)
  if (found === null) return null
  const { item, customer } = found
  const settled = await readDisputable(tx, organizationId, [customer.id], settledBy(item))
  return { ...found, locked: new Map([...found.locked, ...settled]) }
}

/** Items stay with their customer, so this needs no lock. */
async function customerOf(
  tx: Tx,
  organizationId: string,
  kind: ItemKind,
  id: string | null,
): Promise<string | null> {
  if (id === null) return null
  const [row] = await tx.sql<{ customer_id: string }[]>`
    select customer_id from item where organization_id = ${organizationId} and id = ${id} and kind = ${kind}`
  return row?.customer_id ?? null
}

export function required(locked: ReadonlyMap<string, Item>, id: string): Item {
  const item = locked.get(id)
  if (item === undefined) throw new Error(`Item ${id} was not locked`)
  return item
}
