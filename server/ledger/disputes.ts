/** Disputes are items of the customer; their first entry names the invoice. */
import { formatDay, type Day } from '../domain/day.ts'
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
