import { and, eq } from 'drizzle-orm'
import { isOpenInvitation } from '../access/made-by.ts'
import { assemblePage, requestPage, type Page, type SortKey } from '../connection.ts'
import type { Context } from '../context.ts'
import { listRows, type PageArguments } from '../list.ts'
import type { InvitationRow, MembershipRow, PersonRow } from '@tidemark/drizzle/rows.ts'
import { invitation, membership } from '@tidemark/drizzle/tables/access.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'

/** Somebody who can sign in. */
export type MemberOfPerson = {
  readonly person: PersonRow
  readonly role: MembershipRow['role']
  readonly since: Temporal.Instant
}

/** What a list needs of a context. */
type View = Pick<Context, 'reader' | 'organization' | 'now'>

const byName: SortKey<MemberOfPerson>[] = [
  {
    name: 'NAME',
    column: person.name,
    direction: 'ASC',
    type: 'text',
    valueOf: (row) => row.person.name,
  },
  { name: 'ID', column: person.id, direction: 'ASC', type: 'uuid', valueOf: (row) => row.person.id },
]

export const listMembers = (
  { reader, organization }: View,
  args: PageArguments,
): Promise<Page<MemberOfPerson>> => {
  const request = requestPage(args, byName)
  const ofOrganization = eq(membership.organizationId, organization.id)
  return reader.read(async (tx) => {
    const rows = await tx
      .select({ person, role: membership.role, since: membership.createdAt })
      .from(membership)
      .innerJoin(person, isPersonOf)
      .where(and(ofOrganization, request.after))
      .orderBy(...request.orderBy)
      .limit(request.limit)
    return assemblePage(request, rows, (limit) =>
      reader.read((later) =>
        later.$count(
          later
            .select({ id: membership.personId })
            .from(membership)
            .where(ofOrganization)
            .limit(limit)
            .as('limited'),
        ),
      ),
    )
  })
}

const isPersonOf = and(
  eq(person.organizationId, membership.organizationId),
  eq(person.id, membership.personId),
)

/** Ids are made in the order of time. */
const newestFirst: SortKey<InvitationRow>[] = [
  { name: 'ID', column: invitation.id, direction: 'DESC', type: 'uuid', valueOf: ({ id }) => id },
]

export const listInvitations = (
  { reader, organization, now }: View,
  args: PageArguments,
): Promise<Page<InvitationRow>> =>
  listRows(
    reader,
    { table: invitation, keys: newestFirst, where: isOpenInvitation(organization.id, now) },
    args,
  )
