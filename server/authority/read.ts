/** Parts of requests, for many at once. */
import { and, asc, eq, inArray } from 'drizzle-orm'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { ApprovalEventRow } from '@tidemark/drizzle/rows.ts'
import { approvalEvent, approvalStep } from '@tidemark/drizzle/tables/approval.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { AuthorityAction } from '../domain/authority.ts'
import type { StoredStep } from './stored.ts'

/** What happened to each, the first first. */
export async function readEvents(
  tx: Tx,
  organizationId: string,
  requestIds: readonly string[],
): Promise<ReadonlyMap<string, readonly ApprovalEventRow[]>> {
  const rows = await tx
    .select()
    .from(approvalEvent)
    .where(
      and(
        eq(approvalEvent.organizationId, organizationId),
        inArray(approvalEvent.requestId, [...requestIds]),
      ),
    )
    .orderBy(asc(approvalEvent.id))
  return Map.groupBy(rows, ({ requestId }) => requestId)
}

export type FirstStep = {
  readonly customerId: string
  /** Whether the others are about the same customer. */
  readonly isOfOne: boolean
  readonly action: AuthorityAction
  readonly subject: string | null
  readonly before: string | null
  readonly after: string | null
}

/** What each would do first, which is all where it is about one thing. */
export async function readFirstSteps(
  tx: Tx,
  organizationId: string,
  requestIds: readonly string[],
): Promise<ReadonlyMap<string, FirstStep>> {
  const rows = await tx.sql<(FirstStep & { requestId: string })[]>`
    select distinct on (request_id) request_id as "requestId", customer_id as "customerId", action, subject, before, after,
      not exists (
        select from approval_step other
        where other.organization_id = step.organization_id and other.request_id = step.request_id
          and other.customer_id <> step.customer_id) as "isOfOne"
    from approval_step step
    where organization_id = ${organizationId} and request_id = any(${arrayOf(requestIds)}::uuid[])
    order by request_id, row`
  return new Map(rows.map((row) => [row.requestId, row]))
}

/** What one would do, in the order of its rows: a part of it, or all. */
export async function selectSteps(
  tx: Tx,
  organizationId: string,
  requestId: string,
  part: { readonly first: number; readonly skip: number } | null = null,
): Promise<StoredStep[]> {
  const query = tx
    .select()
    .from(approvalStep)
    .where(and(eq(approvalStep.organizationId, organizationId), eq(approvalStep.requestId, requestId)))
    .orderBy(asc(approvalStep.row))
  const rows = await (part === null ? query : query.limit(part.first).offset(part.skip))
  return rows.map(({ organizationId: _organization, requestId: _request, amount, ...step }) => ({
    ...step,
    amount: amount === null ? null : String(amount),
  }))
}
