/** What customers owe today by how long it is past due, out of their open invoices: one statement for any number of them. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { formatDay, type Day } from '../domain/day.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** The last days past due of the usual buckets but the last; the first holds what is not past due. */
export const USUAL_EDGES = [0, 30, 60, 90] as const

/** Open installments of one currency that have been past due for as long as the bucket says. */
export type DueSum = {
  readonly currency: string
  /** The place in `edges`, from 0; 0 is what is not past due. */
  readonly bucket: number
  readonly minor: bigint
  readonly count: number
}

type Record = DueSum & { readonly customer_id: string }

/** By customer; those who owe nothing are left out. `edges` are the last days past due of all buckets but the last. */
export async function readDues(
  { sql }: Tx,
  organizationId: string,
  customerIds: readonly string[],
  { today, edges }: { readonly today: Day; readonly edges: readonly number[] },
): Promise<Map<string, readonly DueSum[]>> {
  const day = formatDay(today)
  const rows = await sql<Record[]>`
    select open_span.customer_id, segment.currency,
      width_bucket(${day}::date - installment.due_on, ${arrayOf(edges.map((edge) => edge + 1))}::int[]) as bucket,
      sum(installment.balance)::bigint as minor, count(*)::int as count
    from open_span
    join item on item.organization_id = open_span.organization_id and item.id = open_span.item_id and item.kind = 'INVOICE'
    join segment on segment.organization_id = item.organization_id and segment.id = item.segment_id
    cross join lateral (
      select sum(amount) as balance, (array_agg(due_on order by sequence desc) filter (where due_on is not null))[1] as due_on
      from ledger_entry as entry
      where entry.organization_id = item.organization_id and entry.item_id = item.id and effective_on <= ${day}::date
        and kind <> 'MOVED'
      group by entry.installment
    ) as installment
    where open_span.organization_id = ${organizationId} and open_span.customer_id = any(${customerIds})
      and closes_on is null and installment.balance <> 0 and installment.due_on is not null
    group by 1, 2, 3`
  return Map.groupBy(rows, (row) => row.customer_id)
}
