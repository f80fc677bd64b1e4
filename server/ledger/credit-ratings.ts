/** What agencies say of customers. */
import type { CreditRating } from '../domain/credit-policy.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type RatingShown = CreditRating & {
  readonly customerId: string
  readonly recordedAt: Temporal.Instant
}

type RatingRow = Omit<RatingShown, 'recordedAt'> & { readonly recordedAt: string }

/** By customer: all that was ever said, the latest first. */
export async function readRatings(
  { sql }: Tx,
  organizationId: string,
  customerIds: readonly string[],
): Promise<Map<string, readonly RatingShown[]>> {
  const rows = await sql<RatingRow[]>`
    select customer_id as "customerId", version, source, grade, rated_on - date '1970-01-01' as "ratedOn",
      until - date '1970-01-01' as until,
      to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "recordedAt"
    from credit_rating where organization_id = ${organizationId} and customer_id = any(${customerIds})
    order by customer_id, rated_on desc, version desc`
  const shown = rows.map((row) => ({ ...row, recordedAt: Temporal.Instant.from(row.recordedAt) }))
  return Map.groupBy(shown, ({ customerId }) => customerId)
}
