/** Who uses more than their credit limit allows. */
import { formatDay } from '../domain/day.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { limitsInForce } from './credit-limits.ts'
import { isMissingRate, readCreditStandings } from './credit-standing.ts'
import type { At } from './exposure-amounts.ts'

const CUSTOMERS_AT_ONCE = 10_000
/** No receipt can bounce for longer: `clearingDays` of the policy is at most this. */
const CLEARING_DAYS_MAX = 120

/** So many are looked at while somebody waits. */
const CANDIDATES_MAX = 5_000
const MANY = 20_000

/**
 * Their ids; those of whom a rate is missing are none. Whoever has a limit and might use any of it is looked at now; where
 * that may be too many, what the watch has found by its last look (`live/credit-watch.ts`) is to be taken, a second ago at
 * most: the open rows of `credit_crossing`.
 */
export async function readOverLimit(
  tx: Tx,
  organization: Pick<OrganizationRow, 'id' | 'baseCurrency'>,
  at: At,
): Promise<readonly string[] | 'AS_WATCHED'> {
  if (await areMany(tx, organization.id)) return 'AS_WATCHED'
  const candidates = await readCandidates(tx, organization.id, at)
  if (candidates.length > CANDIDATES_MAX) return 'AS_WATCHED'
  const over: string[] = []
  for (let start = 0; start < candidates.length; start += CUSTOMERS_AT_ONCE) {
    const part = candidates.slice(start, start + CUSTOMERS_AT_ONCE)
    for (const { customerId, limit, committed } of (
      await readCreditStandings(tx, organization, part, at)
    ).values())
      if (limit.amount !== null && !isMissingRate(committed) && committed > limit.amount.minor)
        over.push(customerId)
  }
  return over
}

async function readCandidates(tx: Tx, organizationId: string, { today }: At): Promise<readonly string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    select id from ${limitsInForce(tx, organizationId, today)} as in_force
    where state = 'AMOUNT' and id in (
      select customer_id from customer_state where organization_id = ${organizationId} and receivable > 0
      union all select customer_id from sales_order where organization_id = ${organizationId} and is_open
      union all select customer_id from credit_reservation
        where organization_id = ${organizationId} and released_at is null
      union all select parent_id from customer_parent where organization_id = ${organizationId}
      union all select customer_id from item
        where organization_id = ${organizationId} and kind = 'RECEIPT'
          and starts_on > ${formatDay(today - CLEARING_DAYS_MAX)}::date
    )
    limit ${CANDIDATES_MAX + 1}`
  return rows.map(({ id }) => id)
}

/** Whether both those who owe and those who have a limit are many: then it is not even asked who is both. */
async function areMany({ sql }: Tx, organizationId: string): Promise<boolean> {
  const [row] = await sql<{ owing: number; limited: number }[]>`
    select (
      select count(*)::int from (
        select from customer_state where organization_id = ${organizationId} and receivable <> 0 limit ${MANY}
      ) as counted
    ) as owing, (
      select count(*)::int from (
        select from customer where organization_id = ${organizationId} and credit_limit_state = 'AMOUNT' limit ${MANY}
      ) as counted
    ) as limited`
  return row !== undefined && row.owing >= MANY && row.limited >= MANY
}
