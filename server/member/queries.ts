import { and, eq, gt, isNull } from 'drizzle-orm'
import { assemblePage, requestPage, type Page, type SortKey } from '../connection.ts'
import type { Context } from '../context.ts'
import { required } from '../loaders.ts'
import type { InvitationRow, MembershipRow, PersonRow } from '@tidemark/drizzle/rows.ts'
import { invitation, membership, person } from '@tidemark/drizzle/tables.ts'

/** Somebody who can sign in. */
export type MemberOfPerson = { readonly membership: MembershipRow; readonly person: PersonRow }

type PageArguments = { readonly first: number; readonly after?: string | null | undefined }

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
  { reader, organization }: Context,
  args: PageArguments,
): Promise<Page<MemberOfPerson>> => {
  const request = requestPage(args, byName)
  const ofOrganization = eq(membership.organizationId, organization.id)
  return reader.read(async (tx) => {
    const rows = await tx
      .select({ membership, person })
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

/** The member that a command has just written. */
export const loadMember = async ({ loaders }: Context, personId: string): Promise<MemberOfPerson> => ({
  membership: await required(loaders.membership, personId),
  person: await required(loaders.person, personId),
})

/** Ids are made in the order of time. */
const newestFirst: SortKey<InvitationRow>[] = [
  { name: 'ID', column: invitation.id, direction: 'DESC', type: 'uuid', valueOf: ({ id }) => id },
]

export const listInvitations = (
  { reader, organization, now }: Context,
  args: PageArguments,
): Promise<Page<InvitationRow>> => {
  const request = requestPage(args, newestFirst)
  const where = isOpen(organization.id, now)
  return reader.read(async (tx) => {
    const rows = await tx
      .select()
      .from(invitation)
      .where(and(where, request.after))
      .orderBy(...request.orderBy)
      .limit(request.limit)
    return assemblePage(request, rows, (limit) =>
      reader.read((later) =>
        later.$count(
          later.select({ id: invitation.id }).from(invitation).where(where).limit(limit).as('limited'),
        ),
      ),
    )
  })
}

/** Neither accepted nor revoked nor over. */
export const isOpen = (organizationId: string, now: Temporal.Instant) =>
  and(
    eq(invitation.organizationId, organizationId),
    isNull(invitation.acceptedAt),
    isNull(invitation.revokedAt),
    gt(invitation.expiresAt, now),
  )
