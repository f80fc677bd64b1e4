/** What reviews of customers' credit came to, kept beside the customer so that a past day can be told. */
import { creditReview } from '@tidemark/drizzle/tables/credit.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type CreditReview = Omit<typeof creditReview.$inferInsert, 'organizationId' | 'recordedAt'>

/** Whoever writes `risk_class` or `next_credit_review_on` of a customer appends what they are from that day on. */
export async function appendReview(tx: Tx, organizationId: string, review: CreditReview): Promise<void> {
  await tx.insert(creditReview).values({ organizationId, ...review })
}
