/** Sessions of people who signed in: begun, found, put off, listed and ended. The table has only the hash of a token. */
import { randomBytes } from 'node:crypto'
import { session, user } from '@tidemark/drizzle/tables/identity.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { asIdentity, type Tx } from '@tidemark/drizzle/transaction.ts'
import { and, desc, eq, gt, ne } from 'drizzle-orm'
import type { Caller } from '../context.ts'
import { newUuid } from '../ids.ts'
import { hashSecret, openCookie, SESSION_SECONDS } from './cookies.ts'
import type { Identity } from './identity.ts'

const TOKEN_BYTES = 32
/** What is younger is not put off: a session costs no write each time the dashboard opens. */
const RENEWED_EVERY_SECONDS = 24 * 3_600
const AGENT_LENGTH_MAX = 200
const SESSIONS_MAX = 50

/** A session that has not ended. */
export type SignedInUser = {
  readonly sessionId: string
  readonly userId: string
  /** What the cookie carries. */
  readonly token: string
  readonly name: string
  readonly email: string
  readonly twoFactor: boolean
  readonly expiresAt: Temporal.Instant
}

/** The session of a cookie; null where the cookie is forged, or the session unknown, revoked or over. */
export const findSession = async (
  { connection, secret }: Identity,
  cookie: string,
  now: Temporal.Instant,
): Promise<SignedInUser | null> => {
  const token = openCookie(await secret(), cookie)
  if (token === null) return null
  const [found] = await asIdentity(connection, (tx) =>
    tx
      .select({
        sessionId: session.id,
        userId: user.id,
        name: user.name,
        email: user.email,
        twoFactor: user.twoFactorEnabled,
        expiresAt: session.expiresAt,
      })
      .from(session)
      .innerJoin(user, eq(user.id, session.userId))
      .where(and(eq(session.token, hashSecret(token)), gt(session.expiresAt, dateOf(now)))),
  )
  return found === undefined ? null : { ...found, token, expiresAt: instantOf(found.expiresAt) }
}

/** A new session, and the token of its cookie. `tx` runs as identity. */
export const beginSession = async (
  tx: Tx,
  userId: string,
  { address, agent }: Pick<Caller, 'address' | 'agent'>,
  now: Temporal.Instant,
): Promise<string> => {
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  await tx.insert(session).values({
    id: newUuid(),
    userId,
    token: hashSecret(token),
    createdAt: dateOf(now),
    updatedAt: dateOf(now),
    expiresAt: endFrom(now),
    ipAddress: address,
    userAgent: shortAgent(agent),
  })
  return token
}

/** Puts the end of a session off, unless that was done a day ago or less. True where the cookie is to be sent anew. */
export const renewSession = async (
  connection: Connection,
  { sessionId, expiresAt }: SignedInUser,
  now: Temporal.Instant,
): Promise<boolean> => {
  const due = expiresAt.subtract({ seconds: SESSION_SECONDS - RENEWED_EVERY_SECONDS })
  if (Temporal.Instant.compare(now, due) < 0) return false
  await asIdentity(connection, (tx) =>
    tx
      .update(session)
      .set({ updatedAt: dateOf(now), expiresAt: endFrom(now) })
      .where(eq(session.id, sessionId)),
  )
  return true
}

/** A person's sessions that have not ended, the newest first. */
export const listSessions = async (connection: Connection, userId: string, now: Temporal.Instant) => {
  const rows = await asIdentity(connection, (tx) =>
    tx
      .select()
      .from(session)
      .where(and(eq(session.userId, userId), gt(session.expiresAt, dateOf(now))))
      .orderBy(desc(session.createdAt)),
  )
  return rows.map((row) => ({
    id: row.id,
    createdAt: row.createdAt.toISOString(),
    renewedAt: row.updatedAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    address: row.ipAddress || null,
    agent: row.userAgent || null,
  }))
}

/** Ends the oldest sessions of a person beyond what anybody has devices for. */
export const trimSessions = (connection: Connection, userId: string): Promise<void> =>
  asIdentity(connection, async ({ sql }) => {
    await sql`
      delete from identity.session where id in (
        select id from identity.session where user_id = ${userId}
        order by created_at desc, id desc offset ${SESSIONS_MAX})`
  })

/** Ends one session of a person. False where there is none. */
export const endSession = (connection: Connection, userId: string, sessionId: string): Promise<boolean> =>
  asIdentity(connection, async (tx) => {
    const ended = await tx
      .delete(session)
      .where(and(eq(session.userId, userId), eq(session.id, sessionId)))
      .returning({ id: session.id })
    return ended.length > 0
  })

/** Ends the session of a cookie's token. */
export const endSessionOf = (connection: Connection, token: string): Promise<void> =>
  asIdentity(connection, async (tx) => {
    await tx.delete(session).where(eq(session.token, hashSecret(token)))
  })

/** Ends all sessions of a person but one. Returns how many. */
export const endOtherSessions = (
  connection: Connection,
  { userId, sessionId }: Pick<SignedInUser, 'userId' | 'sessionId'>,
): Promise<number> =>
  asIdentity(connection, async (tx) => {
    const ended = await tx
      .delete(session)
      .where(and(eq(session.userId, userId), ne(session.id, sessionId)))
      .returning({ id: session.id })
    return ended.length
  })

/** A program may name itself at any length. */
export const shortAgent = (agent: string | null): string | null => agent?.slice(0, AGENT_LENGTH_MAX) ?? null

const dateOf = (moment: Temporal.Instant): Date => new Date(moment.epochMilliseconds)
const instantOf = (date: Date): Temporal.Instant => Temporal.Instant.fromEpochMilliseconds(date.getTime())
const endFrom = (now: Temporal.Instant): Date => dateOf(now.add({ seconds: SESSION_SECONDS }))
