/** What customers use of their credit limits, as both stand now. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { Day } from '../domain/day.ts'
import type { CreditUse } from '../domain/evaluate.ts'

export async function readCreditUse(tx: Tx, organizationId: string, today: Day): Promise<CreditUse> {
  const rows = await tx.sql<{ currency: string; used: string; limited: string }[]>`
    select currency, sum(used)::text as used, sum(limited)::text as limited
    from (
      select credit_limit_currency as currency, 0 as used, credit_limit as limited from customer
      where organization_id = ${organizationId} and credit_limit_state = 'AMOUNT'
      union all
      select s.currency, s.receivable - s.unapplied, 0
      from customer c
      join customer_state s on s.organization_id = c.organization_id and s.customer_id = c.id
      where c.organization_id = ${organizationId} and c.credit_limit_state = 'AMOUNT'
    ) amounts
    group by currency`
  const amounts = rows.map(({ currency, used, limited }) => ({
    currency,
    used: BigInt(used),
    limit: BigInt(limited),
  }))
  return { day: today, amounts }
}
