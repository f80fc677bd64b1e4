/**
 * Links to a new password. Only the operator's command line makes them: this server sends no mail, so whoever runs it
 * hands the link over, and knows to whom.
 */
import { randomBytes } from 'node:crypto'
import { user, verification } from '@tidemark/drizzle/tables/identity.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { asIdentity } from '@tidemark/drizzle/transaction.ts'
import { and, eq, gt } from 'drizzle-orm'
import { newUuid } from '../ids.ts'
import { notFound, type Problem } from '../problem.ts'
import { hashSecret } from './cookies.ts'
import { endSessions, findUser, setPassword } from './users.ts'

const LINK_LASTS = { hours: 1 }
const SECRET_BYTES = 32

export type PasswordLink = {
  readonly userId: string
  readonly secret: string
  readonly expiresAt: Temporal.Instant
}

/** A link for whoever has this e-mail; those made before are void. */
export const createPasswordLink = (
  connection: Connection,
  email: string,
  now: Temporal.Instant,
): Promise<PasswordLink | Problem> =>
  asIdentity(connection, async (tx) => {
    const found = await findUser(tx, email.trim().toLowerCase())
    if (found === null) return notFound(['email'], `Nobody with the e-mail ${email} can sign in here`)
    const secret = `tdp_${randomBytes(SECRET_BYTES).toString('base64url')}`
    const expiresAt = now.add(LINK_LASTS)
    await tx.delete(verification).where(eq(verification.value, valueFor(found.id)))
    await tx.insert(verification).values({
      id: newUuid(),
      identifier: hashSecret(secret),
      value: valueFor(found.id),
      expiresAt: new Date(expiresAt.epochMilliseconds),
    })
    return { userId: found.id, secret, expiresAt }
  })

/** Whose password a link sets; null where it is used up, too old, or none. */
export const findPasswordLink = (connection: Connection, secret: string, now: Temporal.Instant) =>
  asIdentity(connection, async (tx) => {
    const [link] = await tx
      .select({ value: verification.value })
      .from(verification)
      .where(isOpen(secret, now))
    const userId = link === undefined ? null : userIdOf(link.value)
    if (userId === null) return null
    const [found] = await tx
      .select({ userId: user.id, name: user.name, email: user.email })
      .from(user)
      .where(eq(user.id, userId))
    return found ?? null
  })

/** Sets the password and ends all sessions, once; false where somebody else was faster. */
export const usePasswordLink = (
  connection: Connection,
  secret: string,
  passwordHash: string,
  now: Temporal.Instant,
): Promise<boolean> =>
  asIdentity(connection, async (tx) => {
    const [used] = await tx
      .delete(verification)
      .where(isOpen(secret, now))
      .returning({ value: verification.value })
    const userId = used === undefined ? null : userIdOf(used.value)
    if (userId === null) return false
    await setPassword(tx, userId, passwordHash)
    await endSessions(tx, userId)
    return true
  })

const VALUE = 'password of '
const valueFor = (userId: string): string => VALUE + userId
/** What waits for a second factor has another value, and opens no password. */
const userIdOf = (value: string): string | null =>
  value.startsWith(VALUE) ? value.slice(VALUE.length) : null

const isOpen = (secret: string, now: Temporal.Instant) =>
  and(
    eq(verification.identifier, hashSecret(secret)),
    gt(verification.expiresAt, new Date(now.epochMilliseconds)),
  )
