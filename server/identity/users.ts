/** Whoever can sign in: made, found, erased. `tx` runs as identity. */
import { account, session, user, verification } from '@tidemark/drizzle/tables/identity.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { asIdentity, type Tx } from '@tidemark/drizzle/transaction.ts'
import { and, eq, gt, isNotNull, like, sql } from 'drizzle-orm'
import { newUuid } from '../ids.ts'
import { hashSecret, openCookie } from './cookies.ts'
import type { Identity } from './identity.ts'

const CREDENTIAL = 'credential'

export type User = { readonly id: string; readonly name: string; readonly email: string }

/** `email` in lower case. */
export const findUser = async (tx: Tx, email: string): Promise<User | null> => {
  const [found] = await tx
    .select({ id: user.id, name: user.name, email: user.email })
    .from(user)
    .where(eq(user.email, email))
  return found ?? null
}

export const findUserById = async (
  connection: Connection,
  id: string,
): Promise<(User & { readonly createdAt: Temporal.Instant }) | null> => {
  const [found] = await asIdentity(connection, (tx) =>
    tx
      .select({ id: user.id, name: user.name, email: user.email, createdAt: user.createdAt })
      .from(user)
      .where(eq(user.id, id)),
  )
  if (found === undefined) return null
  return { ...found, createdAt: Temporal.Instant.fromEpochMilliseconds(found.createdAt.getTime()) }
}

/** A new user, whose e-mail is that of an invitation; null where somebody has it already. */
export const createUser = async (
  tx: Tx,
  { name, email, passwordHash }: Omit<User, 'id'> & { readonly passwordHash: string | null },
): Promise<string | null> => {
  const id = newUuid()
  const made = await tx
    .insert(user)
    // Whoever invites answers for the e-mail: the provider's word for the same one signs in the same person.
    .values({ id, name, email, emailVerified: true })
    .onConflictDoNothing({ target: user.email })
    .returning({ id: user.id })
  if (made.length === 0) return null
  if (passwordHash !== null) await setPassword(tx, id, passwordHash)
  return id
}

/** Sets a user's password, the first one too. */
export const setPassword = async (tx: Tx, userId: string, passwordHash: string): Promise<void> => {
  await tx
    .insert(account)
    .values({ id: newUuid(), userId, providerId: CREDENTIAL, accountId: userId, password: passwordHash })
    .onConflictDoUpdate({
      target: [account.providerId, account.accountId],
      set: { password: passwordHash, updatedAt: sql`clock_timestamp()` },
    })
}

/** Whether the user is there; until the end of the transaction nobody can erase it. */
export const holdUser = async (tx: Tx, userId: string): Promise<boolean> => {
  const held = await tx.select({ id: user.id }).from(user).where(eq(user.id, userId)).for('share')
  return held.length > 0
}

export const hasUser = (connection: Connection, email: string): Promise<boolean> =>
  asIdentity(connection, async (tx) => (await findUser(tx, email)) !== null)

export const hasPassword = (connection: Connection, userId: string): Promise<boolean> =>
  asIdentity(connection, async (tx) => {
    const found = await tx
      .select({ id: account.id })
      .from(account)
      .where(and(eq(account.userId, userId), eq(account.providerId, CREDENTIAL), isNotNull(account.password)))
    return found.length > 0
  })

/** Whose second factor is asked for, by the cookie that waits for it; null where it waits no longer. */
export const findChallenged = async (
  { connection, secret }: Identity,
  cookie: string,
): Promise<string | null> => {
  const challenge = openCookie(await secret(), cookie)
  if (challenge === null) return null
  const [found] = await asIdentity(connection, (tx) =>
    tx
      .select({ userId: verification.value })
      .from(verification)
      .where(and(eq(verification.identifier, hashSecret(challenge)), gt(verification.expiresAt, new Date()))),
  )
  return found?.userId ?? null
}

/**
 * Removes a user with all sessions, passwords and second factors: for a person who was erased from the last of their
 * organizations. Within a transaction about an organization, call it in `asIdentityWithin`.
 */
export const eraseUserWithin = async (tx: Tx, userId: string): Promise<void> => {
  // What waits for a second factor, and links to a new password.
  await tx.delete(verification).where(like(verification.value, `%${userId}`))
  // Sessions, accounts and the second factor go with it.
  await tx.delete(user).where(eq(user.id, userId))
}

/** The same, in a transaction of its own. */
export const eraseUser = (connection: Connection, userId: string): Promise<void> =>
  asIdentity(connection, (tx) => eraseUserWithin(tx, userId))

/** Ends all sessions of a user. */
export const endSessions = async (tx: Tx, userId: string): Promise<void> => {
  await tx.delete(session).where(eq(session.userId, userId))
}

/** Turns the second factor off, for somebody who lost it. False where there was none. */
export const removeSecondFactor = async (tx: Tx, userId: string): Promise<boolean> => {
  const removed = await tx.sql`delete from identity.two_factor where user_id = ${userId} returning id`
  await tx.update(user).set({ twoFactorEnabled: false }).where(eq(user.id, userId))
  return removed.length > 0
}
