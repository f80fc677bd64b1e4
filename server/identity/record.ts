/** What people do with their own sign-in, told in the audit of every organization they are a member of. */
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { user } from '@tidemark/drizzle/tables/identity.ts'
import { asIdentity, inTransaction } from '@tidemark/drizzle/transaction.ts'
import { eq } from 'drizzle-orm'
import { actorName } from '../access/actor.ts'
import { listMemberships } from '../access/memberships.ts'
import type { Caller } from '../context.ts'
import { writeAudit } from '../ledger/audit.ts'
import { sourceOf, type Whence } from '../ledger/origin.ts'

export type Event =
  | 'signIn'
  | 'signOut'
  | 'lockedOut'
  | 'passwordChanged'
  | 'passwordLinkMade'
  | 'twoFactorEnabled'
  | 'twoFactorDisabled'
  | 'backupCodesChanged'
  | 'sessionsEnded'

/** Who did it, where it was not the person: nobody knows who failed so often, and an operator has a name of their own. */
type Other = { readonly actor: string; readonly caller: Whence }

/** Writes it into each audit. `by` is where the person came from, or who else it was. */
export const recordForUser = async (
  connection: Connection,
  userId: string,
  action: Event,
  by: Caller | Other,
  after?: unknown,
): Promise<void> => {
  for (const { organization, personId } of await listMemberships(connection, userId)) {
    const member = { kind: 'member', id: personId } as const
    const author =
      'actor' in by
        ? { actor: by.actor, source: await sourceOf(connection, organization.id, null, by.caller) }
        : { actor: actorName(member), source: await sourceOf(connection, organization.id, member, by) }
    await inTransaction(connection, { organizationId: organization.id, mode: 'write' }, (tx) =>
      writeAudit(
        tx,
        { organization, ...author },
        { action, subject: personId, ...(after === undefined ? {} : { after }) },
      ),
    )
  }
}

/** The same for whoever has this e-mail, if anybody has. */
export const recordForEmail = async (
  connection: Connection,
  email: string,
  action: Event,
  by: Other,
): Promise<void> => {
  const [found] = await asIdentity(connection, (tx) =>
    tx.select({ id: user.id }).from(user).where(eq(user.email, email.toLowerCase())),
  )
  if (found !== undefined) await recordForUser(connection, found.id, action, by)
}
