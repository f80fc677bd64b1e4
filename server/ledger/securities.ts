import { and, desc, eq, inArray } from 'drizzle-orm'
import type { CreditSecurityRow } from '@tidemark/drizzle/rows.ts'
import { creditSecurity } from '@tidemark/drizzle/tables/order.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** By customer: what covers a part of what it owes, the latest first. */
export async function readSecurities(
  tx: Tx,
  organizationId: string,
  customerIds: readonly string[],
): Promise<Map<string, readonly CreditSecurityRow[]>> {
  const rows = await tx
    .select()
    .from(creditSecurity)
    .where(
      and(
        eq(creditSecurity.organizationId, organizationId),
        inArray(creditSecurity.customerId, [...customerIds]),
      ),
    )
    .orderBy(desc(creditSecurity.effectiveOn), desc(creditSecurity.id))
  return Map.groupBy(rows, ({ customerId }) => customerId)
}
