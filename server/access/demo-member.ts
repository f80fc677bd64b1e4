/** Who signs in to the demo organization by a mere click: an administrator of it, and of nothing else. */
import { membership } from '@tidemark/drizzle/tables/access.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { asIdentityWithin, inTransaction } from '@tidemark/drizzle/transaction.ts'
import type { Caller } from '../context.ts'
import { beginSession } from '../identity/sessions.ts'
import { createUser, findUser } from '../identity/users.ts'
import { ensurePerson } from './invitations.ts'

/** No mail can reach it, and no password is ever set for it. */
const DEMO_USER = { name: 'Demo', email: 'demo@tidemark.invalid', passwordHash: null }

/** A session of the demo's own user, whom the first sign-in makes. */
export const ensureDemoMember = (
  connection: Connection,
  { id: organizationId }: OrganizationRow,
  caller: Caller,
  now: Temporal.Instant,
): Promise<{ readonly userId: string; readonly session: string }> =>
  inTransaction(connection, { organizationId, mode: 'write' }, async (tx) => {
    const userId = await asIdentityWithin(
      tx,
      async (within) =>
        (await findUser(within, DEMO_USER.email))?.id ?? (await createUser(within, DEMO_USER)) ?? null,
    )
    // Another sign-in makes it at this moment, and is done when that is known.
    const known = userId ?? (await asIdentityWithin(tx, (within) => findUser(within, DEMO_USER.email)))?.id
    if (known === undefined) throw new Error('The demo has no user')
    const personId = await ensurePerson(tx, organizationId, DEMO_USER)
    await tx
      .insert(membership)
      .values({ organizationId, personId, userId: known, role: 'admin' })
      .onConflictDoNothing()
    const session = await asIdentityWithin(tx, (within) => beginSession(within, known, caller, now))
    return { userId: known, session }
  })
