/** Which organizations a person may enter, read by the user that signed in, before one of them is chosen. */
import { membership } from '@tidemark/drizzle/tables/access.ts'
import { organization } from '@tidemark/drizzle/tables/organization.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { and, asc, eq } from 'drizzle-orm'
import type { Role } from './scopes.ts'

export type Membership = {
  readonly organization: OrganizationRow
  readonly personId: string
  readonly role: Role
}

/** The oldest first. */
export const listMemberships = (connection: Connection, userId: string): Promise<Membership[]> =>
  readMemberships(connection, userId, null)

/** The membership in the organization of this slug, or the oldest; null where there is none. */
export const findMembership = async (
  connection: Connection,
  userId: string,
  slug: string | null,
): Promise<Membership | null> => (await readMemberships(connection, userId, slug, 1))[0] ?? null

const readMemberships = (
  connection: Connection,
  userId: string,
  slug: string | null,
  most?: number,
): Promise<Membership[]> =>
  inTransaction(connection, { organizationId: null, userId, mode: 'read' }, (tx) => {
    const query = tx
      .select({ organization, personId: membership.personId, role: membership.role })
      .from(membership)
      .innerJoin(organization, eq(organization.id, membership.organizationId))
      .where(and(eq(membership.userId, userId), slug === null ? undefined : eq(organization.slug, slug)))
      .orderBy(asc(membership.createdAt), asc(membership.organizationId))
    return most === undefined ? query : query.limit(most)
  })
