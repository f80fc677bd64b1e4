/** The reviews of goals and their signatures, many at once. */
import { and, asc, desc, eq, inArray } from 'drizzle-orm'
import type { GoalReviewRow, GoalReviewSignatureRow } from '@tidemark/drizzle/rows.ts'
import { goalReview, goalReviewSignature } from '@tidemark/drizzle/tables/review.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** By goal: the latest period first. */
export async function readReviews(
  tx: Tx,
  organizationId: string,
  goalIds: readonly string[],
): Promise<ReadonlyMap<string, readonly GoalReviewRow[]>> {
  const rows = await tx
    .select()
    .from(goalReview)
    .where(and(eq(goalReview.organizationId, organizationId), inArray(goalReview.goalId, [...goalIds])))
    .orderBy(desc(goalReview.periodTo), asc(goalReview.kind))
  return Map.groupBy(rows, ({ goalId }) => goalId)
}

/** By review. */
export async function readSignatures(
  tx: Tx,
  organizationId: string,
  reviewIds: readonly string[],
): Promise<ReadonlyMap<string, readonly GoalReviewSignatureRow[]>> {
  const rows = await tx
    .select()
    .from(goalReviewSignature)
    .where(
      and(
        eq(goalReviewSignature.organizationId, organizationId),
        inArray(goalReviewSignature.reviewId, [...reviewIds]),
      ),
    )
    .orderBy(asc(goalReviewSignature.role))
  return Map.groupBy(rows, ({ reviewId }) => reviewId)
}
