/** Whether the books add up: what customers owe by the ledger's sums is what stands in their state. */
import type { TransactionSql } from '../connect.ts'
import { OperatorError } from '../operator-error.ts'

/** Reads all organizations, so row-level security must be lifted. Throws an OperatorError that names a customer. */
export const addUpBooks = async (sql: TransactionSql, path: string): Promise<void> => {
  const [wrong] = await sql<{ organization: string; customer: string; currency: string; count: number }[]>`
    with entries as (
      select organization_id, item_id, sum(amount) as amount from ledger_entry group by 1, 2
    ), ledger as (
      select item.organization_id, item.customer_id, segment.currency,
        sum(case when item.kind = 'INVOICE' then amount else 0 end) as receivable,
        sum(case when item.kind in ('RECEIPT', 'CREDIT_NOTE') then amount else 0 end) as unapplied
      from entries
      join item on (item.organization_id, item.id) = (entries.organization_id, entries.item_id)
      join segment on (segment.organization_id, segment.id) = (item.organization_id, item.segment_id)
      group by 1, 2, 3
    )
    select organization_id as organization, customer_id as customer, currency, count(*) over ()::int as count
    from ledger full join customer_state as state using (organization_id, customer_id, currency)
    where coalesce(ledger.receivable, 0) <> coalesce(state.receivable, 0)
      or coalesce(ledger.unapplied, 0) <> coalesce(state.unapplied, 0)
    order by 1, 2, 3 limit 1`
  if (wrong === undefined) return
  throw new OperatorError(
    `The books in ${path} do not add up: for ${wrong.count} customers the ledger's sums are not what they owe; the first is ${wrong.customer} of organization ${wrong.organization}, in ${wrong.currency}. Use another backup, or take them as they are with --despite-differences.`,
  )
}
