/** Erasing a person: the rows stay, for books and audit point to them, but nothing in them tells who it was. */
import { and, eq, like, sql } from 'drizzle-orm'
import { holdRights } from '../access/rights.ts'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { decodeId } from '../ids.ts'
import { eraseUserWithin, findUser } from '../identity/users.ts'
import { writeAudit } from '../ledger/audit.ts'
import { eraseOrigins } from '../ledger/origin.ts'
import { conflict, notFound, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readRequiredText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { ErasePersonInput } from '../schema.generated.ts'
import { endMembership, lockMembers, removalFault } from './commands.ts'
import type { MembershipRow, PersonRow } from '@tidemark/drizzle/rows.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import { asIdentityWithin, type Tx } from '@tidemark/drizzle/transaction.ts'

export type PersonErased = Audited & {
  readonly personId: string
  /** What the person is called from now on. */
  readonly name: string
  readonly revokedTokens: number
}

const NAME = 'Erased person'

/** Removes a person's name, e-mail and network addresses, and the membership where there is one. */
export async function erasePerson(
  context: CommandContext,
  input: ErasePersonInput,
): Promise<PersonErased | Problem> {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  return runCommand(context, { action: 'erasePerson', input }, async (tx) => {
    const locked = await lockMembers(tx, context, input.id)
    const rights = await holdRights(tx, context, 'member:write')
    const found = await findPerson(tx, context, input.id)
    if (found === null) return notFound(['id'], `There is no person ${input.id.slice(0, NAME_LENGTH_MAX)}`)
    if (found.erasedAt !== null) return conflict(['id'], 'This person was erased already')
    const fault = removalFault(locked, rights)
    if (fault !== null) return fault
    const { member } = locked
    const ended = member === null ? null : await endMembership(tx, context, member, false)
    const forgotten = await forgetPerson(tx, found)
    const userId = await userIdOf(tx, member, found.email)
    if (userId !== null) await eraseLonelyUser(tx, userId)
    const audit = await writeAudit(tx, context, {
      action: 'erasePerson',
      subject: found.id,
      before: { role: member?.role ?? null },
      after: { ...ended, invitations: forgotten.invitations, origins: forgotten.origins },
      reason: reason.text,
    })
    const revokedTokens = ended?.revokedTokens.length ?? 0
    return { personId: found.id, name: forgotten.name, revokedTokens, audit }
  })
}

const findPerson = async (
  tx: Tx,
  { organization }: CommandContext,
  id: string,
): Promise<PersonRow | null> => {
  const uuid = decodeId('person', id)
  if (uuid === null) return null
  const [row] = await tx
    .select()
    .from(person)
    .where(and(eq(person.organizationId, organization.id), eq(person.id, uuid)))
  return row ?? null
}

type Forgotten = {
  readonly name: string
  /** How many rows lost what they told. */
  readonly invitations: number
  readonly origins: number
}

/** Invitations first and then the person: the order in which somebody who accepts one locks them. */
async function forgetPerson(tx: Tx, { organizationId, id, email }: PersonRow): Promise<Forgotten> {
  const invitations = email === null ? 0 : await forgetInvitations(tx, organizationId, email)
  // From here on nobody notes down an address of theirs: see ledger/origin.ts.
  await tx.sql`select from person where organization_id = ${organizationId} and id = ${id} for update`
  const name = await freeName(tx, organizationId, id)
  await tx
    .update(person)
    .set({ name, email: null, erasedAt: sql`clock_timestamp()` })
    .where(and(eq(person.organizationId, organizationId), eq(person.id, id)))
  return { name, invitations, origins: await eraseOrigins(tx, organizationId, id) }
}

/** Those that were accepted too: the audit points to them, so they stay, without the e-mail. */
async function forgetInvitations({ sql: run }: Tx, organizationId: string, email: string): Promise<number> {
  const { count } = await run`
    update invitation set email = 'erased',
      revoked_at = case when accepted_at is null then coalesce(revoked_at, clock_timestamp()) else revoked_at end
    where organization_id = ${organizationId} and email = ${email}`
  return count
}

/** `Erased person 03fa`: the end of the id, as much of it as tells the person from others. */
async function freeName(tx: Tx, organizationId: string, id: string): Promise<string> {
  const rows = await tx
    .select({ name: person.name })
    .from(person)
    .where(and(eq(person.organizationId, organizationId), like(person.name, `${NAME} %`)))
  const taken = new Set(rows.map(({ name }) => name))
  const digits = id.replaceAll('-', '')
  const names = [4, 8, 12].map((length) => `${NAME} ${digits.slice(-length)}`)
  return names.find((name) => !taken.has(name)) ?? `${NAME} ${digits}`
}

/** Who signs in as this person, or did before they were removed; null for nobody. */
const userIdOf = async (
  tx: Tx,
  member: MembershipRow | null,
  email: string | null,
): Promise<string | null> => {
  if (member !== null || email === null) return member?.userId ?? null
  return (await asIdentityWithin(tx, (within) => findUser(within, email)))?.id ?? null
}

/** Erases a user whom no organization has as a member any more. */
async function eraseLonelyUser(tx: Tx, userId: string): Promise<void> {
  // Whoever makes them a member of another organization at this moment holds them: see access/invitations.ts.
  await asIdentityWithin(tx, async ({ sql: run }) => {
    await run`select from identity.user where id = ${userId} for update`
  })
  await tx.sql`select set_config('tidemark.user_id', ${userId}, true)`
  const [left] = await tx.sql`select from membership where user_id = ${userId} limit 1`
  if (left === undefined) await asIdentityWithin(tx, (within) => eraseUserWithin(within, userId))
}
