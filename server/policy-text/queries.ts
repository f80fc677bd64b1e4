/** Versions of the credit policy's text, and what became of them. */
import { and, asc, desc, eq, inArray, isNotNull, sql } from 'drizzle-orm'
import type { PageArguments } from '../list.ts'
import { listRows } from '../list.ts'
import type { Page, SortKey } from '../connection.ts'
import type { Context } from '../context.ts'
import type { PolicyTextMailingRow, PolicyTextRow } from '@tidemark/drizzle/rows.ts'
import { membership } from '@tidemark/drizzle/tables/access.ts'
import {
  policyText,
  policyTextAcknowledgement,
  policyTextApproval,
  policyTextMailing,
} from '@tidemark/drizzle/tables/policy-text.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Who has to have read it. */
export const READERS = ['sales', 'collector', 'credit_manager'] as const

/** The one that was published last; null where none was. */
export async function readInForce(tx: Tx, organizationId: string): Promise<PolicyTextRow | null> {
  const [row] = await tx
    .select()
    .from(policyText)
    .where(and(eq(policyText.organizationId, organizationId), isNotNull(policyText.publishedAt)))
    .orderBy(desc(policyText.version))
    .limit(1)
  return row ?? null
}

export async function readText(
  tx: Tx,
  organizationId: string,
  version: number,
): Promise<PolicyTextRow | null> {
  const [row] = await tx
    .select()
    .from(policyText)
    .where(and(eq(policyText.organizationId, organizationId), eq(policyText.version, version)))
  return row ?? null
}

export const findText = (
  { reader, organization }: Context,
  version: number | null | undefined,
): Promise<PolicyTextRow | null> =>
  reader.read((tx) =>
    typeof version === 'number' ? readText(tx, organization.id, version) : readInForce(tx, organization.id),
  )

const byVersion: SortKey<PolicyTextRow>[] = [
  {
    name: 'VERSION',
    column: policyText.version,
    direction: 'DESC',
    type: 'bigint',
    valueOf: ({ version }) => String(version),
  },
]

export const listTexts = (
  { reader, organization }: Context,
  args: PageArguments,
): Promise<Page<PolicyTextRow>> =>
  listRows(
    reader,
    { table: policyText, keys: byVersion, where: eq(policyText.organizationId, organization.id) },
    args,
  )

const byId: SortKey<PolicyTextMailingRow>[] = [
  // Ids ascend with time.
  { name: 'ID', column: policyTextMailing.id, direction: 'DESC', type: 'uuid', valueOf: ({ id }) => id },
]

export const listMailings = (
  { reader }: Context,
  { organizationId, version }: PolicyTextRow,
  args: PageArguments,
): Promise<Page<PolicyTextMailingRow>> =>
  listRows(
    reader,
    {
      table: policyTextMailing,
      keys: byId,
      where: and(
        eq(policyTextMailing.organizationId, organizationId),
        eq(policyTextMailing.version, version),
      ),
    },
    args,
  )

export type ApprovalOfText = typeof policyTextApproval.$inferSelect
export type AcknowledgementOfText = typeof policyTextAcknowledgement.$inferSelect

/** In their order. */
export const readApprovals = (
  tx: Tx,
  { organizationId, version }: Pick<PolicyTextRow, 'organizationId' | 'version'>,
) =>
  tx
    .select()
    .from(policyTextApproval)
    .where(
      and(eq(policyTextApproval.organizationId, organizationId), eq(policyTextApproval.version, version)),
    )
    .orderBy(asc(policyTextApproval.sequence))

export const readAcknowledgements = (tx: Tx, { organizationId, version }: PolicyTextRow) =>
  tx
    .select()
    .from(policyTextAcknowledgement)
    .where(
      and(
        eq(policyTextAcknowledgement.organizationId, organizationId),
        eq(policyTextAcknowledgement.version, version),
      ),
    )
    .orderBy(asc(policyTextAcknowledgement.recordedAt), asc(policyTextAcknowledgement.personId))

/** Members whose role has to read it, and who have not said that they did. */
export async function readMissing(tx: Tx, { organizationId, version }: PolicyTextRow): Promise<string[]> {
  const rows = await tx
    .select({ personId: membership.personId })
    .from(membership)
    .where(
      and(
        eq(membership.organizationId, organizationId),
        inArray(membership.role, [...READERS]),
        sql`not exists (
          select from ${policyTextAcknowledgement} as said
          where said.organization_id = ${organizationId} and said.version = ${version} and said.person_id = ${membership.personId}
        )`,
      ),
    )
  return rows.map(({ personId }) => personId)
}
