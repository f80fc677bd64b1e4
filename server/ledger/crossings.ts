/** Who uses more than its credit limit, as it is known. */
import { and, eq, inArray, isNull } from 'drizzle-orm'
import type { CreditCrossingRow } from '@tidemark/drizzle/rows.ts'
import { creditCrossing } from '@tidemark/drizzle/tables/crossing.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** By customer: the one that goes on. */
export async function readOpenCrossings(
  tx: Tx,
  organizationId: string,
  customerIds: readonly string[],
): Promise<ReadonlyMap<string, CreditCrossingRow>> {
  const rows = await tx
    .select()
    .from(creditCrossing)
    .where(
      and(
        eq(creditCrossing.organizationId, organizationId),
        inArray(creditCrossing.customerId, [...customerIds]),
        isNull(creditCrossing.endedAt),
      ),
    )
  return new Map(rows.map((row) => [row.customerId, row]))
}
