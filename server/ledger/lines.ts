import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** A line of a bill, in the invoice's currency. */
export type PostedLine = {
  readonly number: number
  readonly description: string | null
  readonly productLine: string | null
  readonly minor: bigint
  readonly currency: string
}

/** By invoice: its lines in order. Invoices without any are left out. */
export async function readLines(
  tx: Tx,
  organizationId: string,
  invoiceIds: readonly string[],
): Promise<Map<string, PostedLine[]>> {
  const rows = await tx.sql<(PostedLine & { invoiceId: string })[]>`
    select l.invoice_id as "invoiceId", l.number, l.description, l.product_line as "productLine", l.amount as minor,
      s.currency
    from invoice_line l
    join item i on i.organization_id = l.organization_id and i.id = l.invoice_id
    join segment s on s.organization_id = i.organization_id and s.id = i.segment_id
    where l.organization_id = ${organizationId} and l.invoice_id = any(${invoiceIds})
    order by l.invoice_id, l.number`
  return Map.groupBy(rows, ({ invoiceId }) => invoiceId)
}
