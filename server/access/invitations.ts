/** Invitations: made by whoever may, handed over as a link, and accepted once. */
import { invitation, membership } from '@tidemark/drizzle/tables/access.ts'
import { organization, person } from '@tidemark/drizzle/tables/organization.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { asIdentityWithin, inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { and, eq, gt, isNull, sql } from 'drizzle-orm'
import type { Caller } from '../context.ts'
import { readEmail } from '../identity/emails.ts'
import { beginSession, shortAgent, type SignedInUser } from '../identity/sessions.ts'
import { createUser, holdUser } from '../identity/users.ts'
import { newUuid } from '../ids.ts'
import { type Audit, type Author, writeAudit } from '../ledger/audit.ts'
import { keepOrigin } from '../ledger/origin.ts'
import { conflict, invalid, type Problem } from '../problem.ts'
import { actorName } from './actor.ts'
import type { Role } from './scopes.ts'
import { hashToken, mintToken, parseToken } from './token.ts'

const LASTS = sql`interval '7 days'`

export type NewInvitation = {
  readonly id: string
  /** Shown once: only its hash is stored. The link is `<PUBLIC_URL>/invitation#<secret>`. */
  readonly secret: string
  readonly expiresAt: Temporal.Instant
  readonly audit: Audit
}

/** An invitation that can still be accepted. */
export type OpenInvitation = {
  readonly id: string
  readonly organization: OrganizationRow
  readonly email: string
  readonly role: Role
  readonly expiresAt: Temporal.Instant
}

/** The page where an invitation is accepted. What stands behind # never reaches a server, nor its log. */
export const invitationLink = (publicUrl: string, { secret }: Pick<NewInvitation, 'secret'>): string =>
  `${publicUrl}/invitation#${secret}`

/** Invites whoever has the e-mail, in a transaction of its own. */
export const createInvitation = (
  context: Author & { readonly connection: Connection },
  input: { readonly email: string; readonly role: Role },
): Promise<NewInvitation | Problem> =>
  inTransaction(context.connection, { organizationId: context.organization.id, mode: 'write' }, (tx) =>
    createInvitationWithin(tx, context, input),
  )

/** The same within `tx`. The last one for an e-mail counts; those before it are revoked. */
export const createInvitationWithin = async (
  tx: Tx,
  author: Author,
  { email: text, role }: { readonly email: string; readonly role: Role },
): Promise<NewInvitation | Problem> => {
  const email = readEmail(text)
  if (email === null) return invalid(['email'], `"${text}" is no e-mail address`)
  const organizationId = author.organization.id
  const [member] = await tx
    .select({ id: person.id })
    .from(person)
    .innerJoin(
      membership,
      and(eq(membership.organizationId, person.organizationId), eq(membership.personId, person.id)),
    )
    .where(and(eq(person.organizationId, organizationId), eq(person.email, email)))
  if (member !== undefined) return conflict(['email'], `${email} is a member already`)

  await tx
    .update(invitation)
    .set({ revokedAt: sql`clock_timestamp()` })
    .where(and(eq(invitation.organizationId, organizationId), eq(invitation.email, email), isPending))
  const id = newUuid()
  const secret = mintToken('invitation', organizationId)
  const [made] = await tx
    .insert(invitation)
    .values({
      organizationId,
      id,
      email,
      role,
      secretHash: hashToken(secret),
      invitedBy: author.actor,
      expiresAt: sql`clock_timestamp() + ${LASTS}`,
    })
    .returning({ expiresAt: invitation.expiresAt })
  if (made === undefined) throw new Error('The invitation was not written')
  // Not to whom: the e-mail is in the invitation, where it can be erased.
  const audit = await writeAudit(tx, author, { action: 'inviteMember', subject: id, after: { role } })
  return { id, secret, expiresAt: made.expiresAt, audit }
}

/** The invitation of a secret; null where it is spent, revoked, over, or none. */
export const findInvitation = async (
  connection: Connection,
  secret: string,
  now: Temporal.Instant,
): Promise<OpenInvitation | null> => {
  const parsed = parseToken(secret)
  if (parsed?.kind !== 'invitation') return null
  const { organizationId } = parsed
  const [found] = await inTransaction(connection, { organizationId, mode: 'read' }, (tx) =>
    selectOpen(tx, organizationId, secret, now),
  )
  return found ?? null
}

/** Who accepts: somebody who is signed in, or somebody new. */
export type Accepting =
  | { readonly user: Pick<SignedInUser, 'userId' | 'email' | 'name'> }
  | { readonly name: string; readonly passwordHash: string }

export type Accepted = {
  readonly organization: OrganizationRow
  readonly userId: string
  /** Of the session that began; null where the person was signed in. */
  readonly session: string | null
}

/** Why an invitation cannot be accepted. */
export type Declined = 'GONE' | 'OTHER_PERSON' | 'SIGNED_OUT' | 'MEMBER_ALREADY'

/**
 * Makes whoever accepts a member: the user where there is none, the person of the organization, the membership, all of
 * it or nothing. Of two who accept one invitation at the same moment the second is late.
 */
export const acceptInvitation = async (
  connection: Connection,
  {
    secret,
    accepting,
    caller,
    now,
  }: {
    readonly secret: string
    readonly accepting: Accepting
    readonly caller: Caller
    readonly now: Temporal.Instant
  },
): Promise<Accepted | Declined> => {
  const parsed = parseToken(secret)
  if (parsed?.kind !== 'invitation') return 'GONE'
  const { organizationId } = parsed
  return inTransaction(connection, { organizationId, mode: 'write' }, async (tx) => {
    const [open] = await selectOpen(tx, organizationId, secret, now).for('update', { of: invitation })
    if (open === undefined) return 'GONE'
    if ('user' in accepting && accepting.user.email !== open.email) return 'OTHER_PERSON'
    const userId = await asIdentityWithin(tx, (within) => findOrCreateUser(within, accepting, open.email))
    // Somebody has the e-mail and has to show it by signing in.
    if (userId === null) return 'SIGNED_OUT'
    const name = 'user' in accepting ? accepting.user.name : accepting.name
    const personId = await ensurePerson(tx, organizationId, { name, email: open.email })
    const joined = await tx
      .insert(membership)
      .values({ organizationId, personId, userId, role: open.role })
      .onConflictDoNothing()
      .returning({ personId: membership.personId })
    if (joined.length === 0) return 'MEMBER_ALREADY'
    await tx
      .update(invitation)
      .set({ acceptedAt: sql`clock_timestamp()` })
      .where(and(eq(invitation.organizationId, organizationId), eq(invitation.id, open.id)))
    const { requestId, address } = caller
    const origin = { personId, address, agent: shortAgent(caller.agent) }
    const originId = await keepOrigin(tx, organizationId, origin)
    await writeAudit(
      tx,
      {
        organization: open.organization,
        actor: actorName({ kind: 'member', id: personId }),
        source: { originId, requestId },
      },
      { action: 'acceptInvitation', subject: open.id, after: { person: personId, role: open.role } },
    )
    const session =
      'user' in accepting
        ? null
        : await asIdentityWithin(tx, (within) => beginSession(within, userId, caller, now))
    return { organization: open.organization, userId, session }
  })
}

/** Null where whoever accepts has to sign in first. */
const findOrCreateUser = async (tx: Tx, accepting: Accepting, email: string): Promise<string | null> => {
  if (!('user' in accepting)) return createUser(tx, { ...accepting, email })
  const { userId } = accepting.user
  return (await holdUser(tx, userId)) ? userId : null
}

const isPending = and(isNull(invitation.acceptedAt), isNull(invitation.revokedAt))

const selectOpen = (tx: Tx, organizationId: string, secret: string, now: Temporal.Instant) =>
  tx
    .select({
      id: invitation.id,
      organization,
      email: invitation.email,
      role: invitation.role,
      expiresAt: invitation.expiresAt,
    })
    .from(invitation)
    .innerJoin(organization, eq(organization.id, invitation.organizationId))
    .where(
      and(
        eq(invitation.organizationId, organizationId),
        eq(invitation.secretHash, hashToken(secret)),
        isPending,
        gt(invitation.expiresAt, now),
      ),
    )

/** The person of this e-mail, whom the books may know as an owner of goals or customers already, or a new one. */
export const ensurePerson = async (
  tx: Tx,
  organizationId: string,
  { name, email }: { readonly name: string; readonly email: string },
): Promise<string> => {
  const [known] = await tx
    .select({ id: person.id })
    .from(person)
    .where(and(eq(person.organizationId, organizationId), eq(person.email, email)))
  if (known !== undefined) return known.id
  const id = newUuid()
  const insert = (shown: string) =>
    tx
      .insert(person)
      .values({ organizationId, id, name: shown, email })
      .onConflictDoNothing({ target: [person.organizationId, person.name] })
      .returning({ id: person.id })
  // Two people may have one name, but the books tell them apart by it.
  const [made] = await insert(name)
  if (made !== undefined) return made.id
  const [other] = await insert(`${name} (${email})`)
  if (other === undefined) throw new Error('No name is left for the person')
  return other.id
}
