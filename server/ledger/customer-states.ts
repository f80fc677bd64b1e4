/** What customers owe and hold, per currency, as the posting function keeps it. */
import type { Money } from '../domain/money.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Amounts of 0 are left out. */
export type CustomerState = { readonly receivable: readonly Money[]; readonly unapplied: readonly Money[] }

/** By customer; the base currency first, then by code. Customers to whom nothing was ever posted are left out. */
export async function readCustomerStates(
  tx: Tx,
  organization: Pick<OrganizationRow, 'id' | 'baseCurrency'>,
  customerIds: readonly string[],
): Promise<Map<string, CustomerState>> {
  const rows = await tx.sql<
    { customer_id: string; currency: string; receivable: bigint; unapplied: bigint }[]
  >`
    select customer_id, currency, receivable, unapplied from customer_state
    where organization_id = ${organization.id} and customer_id = any(${customerIds})
    order by currency <> ${organization.baseCurrency}, currency`
  const money = (states: (typeof rows)[number][], side: 'receivable' | 'unapplied') =>
    states.flatMap((state) => (state[side] === 0n ? [] : [{ minor: state[side], currency: state.currency }]))
  return new Map(
    [...Map.groupBy(rows, (row) => row.customer_id)].map(([customerId, states]) => [
      customerId,
      { receivable: money(states, 'receivable'), unapplied: money(states, 'unapplied') },
    ]),
  )
}
