/** How a customer's credit limit changed, out of the audit: each command that sets one leaves a row there. */
import { and, eq } from 'drizzle-orm'
import { assemblePage, requestPage, type Page, type SortKey } from '../connection.ts'
import type { Context } from '../context.ts'
import { audit } from '@tidemark/drizzle/tables/audit.ts'
import type { StoredCreditLimit } from './limit.ts'

export type CreditLimitChange = {
  readonly id: string
  readonly actor: string
  readonly before: StoredCreditLimit
  readonly after: StoredCreditLimit
  readonly reason: string | null
  readonly recordedAt: Temporal.Instant
}

type ChangesArguments = { readonly first: number; readonly after?: string | null | undefined }

/** The latest first. */
export async function listCreditLimitChanges(
  { reader, organization }: Pick<Context, 'reader' | 'organization'>,
  customerId: string,
  args: ChangesArguments,
): Promise<Page<CreditLimitChange>> {
  const request = requestPage(args, keys)
  const where = and(
    eq(audit.organizationId, organization.id),
    eq(audit.subject, customerId),
    eq(audit.action, 'setCreditLimit'),
  )
  const rows = await reader.read((tx) =>
    tx
      .select({
        id: audit.id,
        actor: audit.actor,
        before: audit.before,
        after: audit.after,
        reason: audit.reason,
        recordedAt: audit.recordedAt,
      })
      .from(audit)
      .where(and(where, request.after))
      .orderBy(...request.orderBy)
      .limit(request.limit),
  )
  // What the audit keeps of this command is what it wrote there.
  const changes = rows as CreditLimitChange[]
  return assemblePage(request, changes, (limit) =>
    reader.read((tx) =>
      tx.$count(tx.select({ id: audit.id }).from(audit).where(where).limit(limit).as('limited')),
    ),
  )
}

const keys: SortKey<CreditLimitChange>[] = [
  {
    name: 'RECORDED_AT',
    column: audit.recordedAt,
    direction: 'DESC',
    type: 'timestamptz',
    valueOf: ({ recordedAt }) => recordedAt.toString(),
  },
  { name: 'ID', column: audit.id, direction: 'DESC', type: 'uuid', valueOf: ({ id }) => id },
]
