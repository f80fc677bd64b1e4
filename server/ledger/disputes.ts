/** Disputes are items of the customer; their first entry names the invoice. */
import { formatDay, type Day } from '../domain/day.ts'
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { ItemRow } from '@tidemark/drizzle/rows.ts'
import { item, ledgerEntry } from '@tidemark/drizzle/tables/ledger.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** By invoice: the amount in disputes that are open at the end of `day`. Invoices without one are left out. */
export async function readDisputed(
  tx: Tx,
  organizationId: string,
  invoiceIds: readonly string[],
  day: Day,
): Promise<Map<string, bigint>> {
  const rows = await tx.sql<{ invoice_id: string; disputed: bigint }[]>`
    select opened.counterpart_id as invoice_id, sum(entry.amount)::bigint as disputed
    from item dispute
    join ledger_entry opened
      on opened.organization_id = dispute.organization_id and opened.item_id = dispute.id and opened.sequence = 1
    join ledger_entry entry
      on entry.organization_id = dispute.organization_id and entry.item_id = dispute.id
    where dispute.organization_id = ${organizationId} and dispute.kind = 'DISPUTE'
      and dispute.customer_id in (
        select customer_id from item where organization_id = ${organizationId} and id = any(${invoiceIds}))
      and opened.counterpart_id = any(${invoiceIds})
      and entry.effective_on <= ${formatDay(day)}
    group by opened.counterpart_id
    having sum(entry.amount) <> 0`
  return new Map(rows.map((row) => [row.invoice_id, row.disputed]))
}

/** By invoice: all disputes about it, open or not, in the order in which they were opened. Invoices without one are left out. */
export async function readDisputesOf(
  tx: Tx,
  organizationId: string,
  invoiceIds: readonly string[],
): Promise<Map<string, ItemRow[]>> {
  // The first entry of a dispute names its invoice; there is an index of items by customer, none of entries by invoice.
  const owners = tx
    .select({ id: item.customerId })
    .from(item)
    .where(and(eq(item.organizationId, organizationId), inArray(item.id, [...invoiceIds])))
  const rows = await tx
    .select({ dispute: item, invoiceId: sql<string>`${ledgerEntry.counterpartId}` })
    .from(item)
    .innerJoin(
      ledgerEntry,
      and(
        eq(ledgerEntry.organizationId, item.organizationId),
        eq(ledgerEntry.itemId, item.id),
        eq(ledgerEntry.sequence, 1),
      ),
    )
    .where(
      and(
        eq(item.organizationId, organizationId),
        eq(item.kind, 'DISPUTE'),
        inArray(item.customerId, owners),
        inArray(ledgerEntry.counterpartId, [...invoiceIds]),
      ),
    )
    .orderBy(item.startsOn, item.id)
  return new Map(
    [...Map.groupBy(rows, ({ invoiceId }) => invoiceId)].map(([invoiceId, about]) => [
      invoiceId,
      about.map(({ dispute }) => dispute),
    ]),
  )
}
