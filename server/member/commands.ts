import { and, asc, eq, inArray, or, sql } from 'drizzle-orm'
import { createInvitationWithin } from '../access/invitations.ts'
import { revokeInvitationsBy, revokeTokensMadeBy } from '../access/made-by.ts'
import { actingPerson, beyond, holdRights, type Rights } from '../access/rights.ts'
import { isRole, type Role as StoredRole, ROLES, scopesOfRole } from '../access/scopes.ts'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { decodeId } from '../ids.ts'
import { writeAudit } from '../ledger/audit.ts'
import { conflict, invalid, isProblem, notFound, type Path, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type {
  ChangeMemberRoleInput,
  InviteMemberInput,
  RemoveMemberInput,
  RevokeInvitationInput,
  Role,
} from '../schema.generated.ts'
import { shownRole, storedRole } from './roles.ts'
import type { InvitationRow, MembershipRow } from '@tidemark/drizzle/rows.ts'
import { invitation, membership } from '@tidemark/drizzle/tables/access.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

type Invited = Audited & {
  readonly invitationId: string
  /** As it would be, in a dry run. */
  readonly imagined: InvitationRow | null
}
export type MemberInvited = Invited & {
  /** Of the link. It is nowhere else: what is kept for the idempotency key has none, and no e-mail. */
  readonly secret: string | null
}

/** Invites whoever has an e-mail. A link that was made for it before works no longer. */
export async function inviteMember(
  context: CommandContext,
  input: InviteMemberInput,
): Promise<MemberInvited | Problem> {
  const role = storedRole(input.role)
  let secret: string | null = null
  const outcome = await runCommand<Invited>(context, { action: 'inviteMember', input }, async (tx) => {
    const rights = await holdRights(tx, context, 'member:write')
    const excess = excessOf(['role'], input.role, rights)
    if (excess !== null) return excess
    await oneAtATime(tx, context, input.email)
    const made = await createInvitationWithin(tx, context, { email: input.email, role })
    if (isProblem(made)) return made
    secret = made.secret
    const imagined = input.dryRun ? await lockInvitation(tx, context, made.id) : null
    return { invitationId: made.id, imagined, audit: made.audit }
  })
  return isProblem(outcome) ? outcome : { ...outcome, secret: input.dryRun ? null : secret }
}

/** Of two who invite the same person at the same moment, the second revokes what the first made. */
const oneAtATime = ({ sql: run }: Tx, { organization }: CommandContext, email: string) =>
  run`select pg_advisory_xact_lock(hashtextextended(${`invitation ${organization.id} ${email.trim().toLowerCase()}`}, 0))`

export type InvitationRevoked = Audited & { readonly invitationId: string }

/** Makes an open invitation useless. Of this and accepting it at the same moment only one happens. */
export async function revokeInvitation(
  context: CommandContext,
  input: RevokeInvitationInput,
): Promise<InvitationRevoked | Problem> {
  const id = decodeId('invitation', input.id)
  return runCommand(context, { action: 'revokeInvitation', input }, async (tx) => {
    await holdRights(tx, context, 'member:write')
    const row = id === null ? null : await lockInvitation(tx, context, id)
    if (row === null || row.revokedAt !== null || !isBefore(context.now, row.expiresAt)) {
      return notFound(['id'], `There is no open invitation ${input.id.slice(0, NAME_LENGTH_MAX)}`)
    }
    if (row.acceptedAt !== null) {
      return conflict(['id'], 'This invitation was accepted already: remove the member instead')
    }
    await tx
      .update(invitation)
      .set({ revokedAt: sql`clock_timestamp()` })
      .where(and(eq(invitation.organizationId, row.organizationId), eq(invitation.id, row.id)))
    const record = { action: 'revokeInvitation', subject: row.id, before: { role: row.role } }
    return { invitationId: row.id, audit: await writeAudit(tx, context, record) }
  })
}

const lockInvitation = async (
  tx: Tx,
  { organization }: CommandContext,
  id: string,
): Promise<InvitationRow | null> => {
  const [row] = await tx
    .select()
    .from(invitation)
    .where(and(eq(invitation.organizationId, organization.id), eq(invitation.id, id)))
    .for('update')
  return row ?? null
}

export type RoleChanged = Audited & {
  readonly personId: string
  readonly role: StoredRole
  readonly previous: StoredRole
  readonly since: Temporal.Instant
  readonly revokedTokens: number
}

/** Gives a member another role, also where it is the one that they have. */
export async function changeMemberRole(
  context: CommandContext,
  input: ChangeMemberRoleInput,
): Promise<RoleChanged | Problem> {
  const reason = readText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const role = storedRole(input.role)
  return runCommand(context, { action: 'changeMemberRole', input }, async (tx) => {
    const locked = await lockMembers(tx, context, input.id)
    const rights = await holdRights(tx, context, 'member:write')
    const { member } = locked
    if (member === null) return noMember(input.id)
    if (member.personId === actingPerson(context)) {
      return invalid(['id'], 'Nobody changes their own role: ask another administrator')
    }
    const excess = excessOf(['id'], shownRole(member.role), rights) ?? excessOf(['role'], input.role, rights)
    if (excess !== null) return excess
    if (role !== 'admin' && isLastAdmin(locked)) return lastAdmin()
    await tx.update(membership).set({ role }).where(isMembership(member))
    const revoked = await revokeMadeBy(tx, context, member, { keepTokens: input.keepTokens, within: role })
    const audit = await writeAudit(tx, context, {
      action: 'changeMemberRole',
      subject: member.personId,
      before: { role: member.role },
      after: { role, ...revoked },
      reason: reason.text,
    })
    const { personId, role: previous, createdAt: since } = member
    return { personId, role, previous, since, revokedTokens: revoked.revokedTokens.length, audit }
  })
}

export type MemberRemoved = Audited & { readonly personId: string; readonly revokedTokens: number }

/** Ends a membership, and with it what lets others in because of it. */
export async function removeMember(
  context: CommandContext,
  input: RemoveMemberInput,
): Promise<MemberRemoved | Problem> {
  const reason = readText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  return runCommand(context, { action: 'removeMember', input }, async (tx) => {
    const locked = await lockMembers(tx, context, input.id)
    const rights = await holdRights(tx, context, 'member:write')
    const { member } = locked
    if (member === null) return noMember(input.id)
    const fault = removalFault(locked, rights)
    if (fault !== null) return fault
    const ended = await endMembership(tx, context, member, input.keepTokens)
    const audit = await writeAudit(tx, context, {
      action: 'removeMember',
      subject: member.personId,
      before: { role: member.role },
      after: ended,
      reason: reason.text,
    })
    return { personId: member.personId, revokedTokens: ended.revokedTokens.length, audit }
  })
}

/** A member, and who else is an administrator at that moment. */
export type LockedMembers = {
  /** Null where there is none of that id. */
  readonly member: MembershipRow | null
  readonly otherAdmins: number
}

/**
 * Locks a member, whoever acts, and every administrator, in the order of their ids: of two who remove each other the
 * second finds that nobody else is left, or that they are gone themselves.
 */
export const lockMembers = async (tx: Tx, context: CommandContext, id: string): Promise<LockedMembers> => {
  const personId = decodeId('person', id)
  const named = [personId, actingPerson(context)].filter((known) => known !== null)
  const rows = await tx
    .select()
    .from(membership)
    .where(
      and(
        eq(membership.organizationId, context.organization.id),
        or(eq(membership.role, 'admin'), inArray(membership.personId, named)),
      ),
    )
    .orderBy(asc(membership.personId))
    .for('update')
  const others = rows.filter((row) => row.personId !== personId)
  return {
    member: rows.find((row) => row.personId === personId) ?? null,
    otherAdmins: others.filter(({ role }) => role === 'admin').length,
  }
}

/** Why a member may not be removed; null where they may. */
export const removalFault = (locked: LockedMembers, rights: Rights): Problem | null => {
  const { member } = locked
  if (member === null) return null
  return excessOf(['id'], shownRole(member.role), rights) ?? (isLastAdmin(locked) ? lastAdmin() : null)
}

/** What was revoked with a membership, or with rights that somebody has no more. */
type Revoked = { readonly revokedTokens: readonly string[]; readonly revokedInvitations: readonly string[] }

/** Removes a membership, and revokes the tokens that the member made, unless they are kept, and the open invitations. */
export const endMembership = async (
  tx: Tx,
  context: CommandContext,
  member: MembershipRow,
  keepTokens: boolean,
): Promise<Revoked> => {
  await tx.delete(membership).where(isMembership(member))
  return revokeMadeBy(tx, context, member, { keepTokens, within: null })
}

/** Revokes what a member made that lets others in, but for what lies `within` the role that they still have. */
const revokeMadeBy = async (
  tx: Tx,
  { organization, now }: CommandContext,
  { personId }: MembershipRow,
  { keepTokens, within }: { readonly keepTokens: boolean; readonly within: StoredRole | null },
): Promise<Revoked> => {
  const actor = `member:${personId}`
  const scopes = within === null ? null : ROLES[within]
  const revokedTokens = keepTokens ? [] : await revokeTokensMadeBy(tx, organization.id, actor, scopes)
  const inviters = [actor, ...revokedTokens.map((id) => `token:${id}`)]
  const spared = within === null ? [] : rolesWithin(within)
  const revokedInvitations = await revokeInvitationsBy(tx, organization.id, inviters, now, spared)
  return { revokedTokens, revokedInvitations }
}

/** The roles that may do nothing which this one may not. */
const rolesWithin = (role: StoredRole): StoredRole[] => {
  const scopes = scopesOfRole(role)
  const roles = Object.keys(ROLES).filter(isRole)
  return roles.filter((other) => ROLES[other].every((scope) => scopes.has(scope)))
}

const isMembership = ({ organizationId, personId }: MembershipRow) =>
  and(eq(membership.organizationId, organizationId), eq(membership.personId, personId))

const isLastAdmin = ({ member, otherAdmins }: LockedMembers): boolean =>
  member?.role === 'admin' && otherAdmins === 0

const lastAdmin = (): Problem =>
  conflict(['id'], 'This is the last administrator: make somebody else one first')

const noMember = (id: string): Problem =>
  notFound(['id'], `There is no member ${id.slice(0, NAME_LENGTH_MAX)}`)

/** What a role may do beyond whoever acts: nobody hands out more than they have, nor takes it from others. */
function excessOf(path: Path, role: Role, rights: Rights): Problem | null {
  const missing = beyond(ROLES[storedRole(role)], rights)
  if (missing.length === 0) return null
  return invalid(path, `The role ${role} may do what you may not do yourself: ${missing.join(', ')}`)
}

const isBefore = (a: Temporal.Instant, b: Temporal.Instant): boolean => Temporal.Instant.compare(a, b) < 0
