/** Reads of what happened to alerts, in its order. */
import { and, asc, eq, gt, isNotNull } from 'drizzle-orm'
import type { AlertTransitionRow } from '@tidemark/drizzle/rows.ts'
import { alertHead, alertTransition } from '@tidemark/drizzle/tables/alert.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Those of alerts; what happened to a rule before it fired is none of them. */
export const readTransitionsAfter = (
  tx: Tx,
  organizationId: string,
  { sequence, limit }: { readonly sequence: bigint; readonly limit: number },
): Promise<AlertTransitionRow[]> =>
  tx
    .select()
    .from(alertTransition)
    .where(
      and(
        eq(alertTransition.organizationId, organizationId),
        gt(alertTransition.sequence, sequence),
        isNotNull(alertTransition.alertId),
      ),
    )
    .orderBy(asc(alertTransition.sequence))
    .limit(limit)

/** 0 before the first. */
export async function readTransitionPosition(tx: Tx, organizationId: string): Promise<bigint> {
  const [row] = await tx
    .select({ sequence: alertHead.sequence })
    .from(alertHead)
    .where(eq(alertHead.organizationId, organizationId))
  return row?.sequence ?? 0n
}
