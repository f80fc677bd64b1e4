/** Tokens and sessions: made, marked as used, revoked. */
import { apiToken } from '@tidemark/drizzle/tables.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { and, eq, isNull, lt, or, sql } from 'drizzle-orm'
import { newUuid } from '../ids.ts'
import { writeAudit } from '../ledger/audit.ts'
import type { Scope } from './scopes.ts'
import { hashToken, mintToken, type TokenKind } from './token.ts'

export type NewToken = {
  readonly id: string
  /** Shown once: only its hash is stored. */
  readonly token: string
}

/** Who does it, as the audit names them. */
type Acting = { readonly actor: string }

/** A token for a program. */
export const createToken = (
  connection: Connection,
  organizationId: string,
  { name, scopes, actor }: { readonly name: string; readonly scopes: readonly Scope[] } & Acting,
): Promise<NewToken> =>
  write(connection, organizationId, async (tx) => {
    const made = await insertToken(tx, organizationId, 'token', { name, scopes, actor })
    const record = { action: 'createToken', subject: made.id, after: { name, scopes } }
    await writeAudit(tx, { organization: { id: organizationId }, actor }, record)
    return made
  })

/**
 * A session: a token of its own that only a browser's cookie carries, with the rights of the token that signed in.
 * It ends when it is signed out, after 30 days, or with the token `parentId`; null for the demo sign-in, which has none.
 * Null where that token is revoked by now, whatever was known of it before.
 */
export const createSession = (
  connection: Connection,
  organizationId: string,
  {
    parentId,
    scopes,
    actor,
  }: { readonly parentId: string | null; readonly scopes: readonly Scope[] } & Acting,
): Promise<NewToken | null> =>
  write(connection, organizationId, async (tx) => {
    if (parentId !== null && !(await isInForce(tx, organizationId, parentId))) return null
    const made = await insertToken(tx, organizationId, 'session', {
      name: sessionName(parentId),
      scopes,
      actor,
    })
    const record = { action: 'createSession', subject: made.id, after: { scopes } }
    await writeAudit(tx, { organization: { id: organizationId }, actor }, record)
    return made
  })

/** Revokes a token or session, and the sessions that a token signed in. False where there is none in force. */
export const revokeToken = (
  connection: Connection,
  organizationId: string,
  id: string,
  actor: string,
): Promise<boolean> =>
  write(connection, organizationId, async (tx) => {
    // Waits for those who sign in with it at this moment: only a statement that begins later sees their sessions.
    await tx.select({ id: apiToken.id }).from(apiToken).where(isToken(organizationId, id)).for('update')
    const revoked = await tx
      .update(apiToken)
      .set({ revokedAt: sql`clock_timestamp()` })
      .where(
        and(
          eq(apiToken.organizationId, organizationId),
          or(eq(apiToken.id, id), eq(apiToken.name, sessionName(id))),
          isNull(apiToken.revokedAt),
        ),
      )
      .returning({ id: apiToken.id })
    if (revoked.length > 0) {
      const record = { action: 'revokeToken', subject: id, after: { revoked: revoked.length } }
      await writeAudit(tx, { organization: { id: organizationId }, actor }, record)
    }
    return revoked.some((row) => row.id === id)
  })

/** Notes that the token was used, unless that was noted less than a minute ago. */
export const noteUse = (connection: Connection, organizationId: string, id: string): Promise<void> =>
  write(connection, organizationId, async (tx) => {
    await tx
      .update(apiToken)
      .set({ lastUsedAt: sql`clock_timestamp()` })
      .where(
        and(
          isToken(organizationId, id),
          or(
            isNull(apiToken.lastUsedAt),
            lt(apiToken.lastUsedAt, sql`clock_timestamp() - interval '1 minute'`),
          ),
        ),
      )
  })

const sessionName = (parentId: string | null): string => `session of ${parentId ?? 'the demo'}`

const isToken = (organizationId: string, id: string) =>
  and(eq(apiToken.organizationId, organizationId), eq(apiToken.id, id))

/** Whether the token is not revoked; until the end of the transaction nobody can revoke it. */
const isInForce = async (tx: Tx, organizationId: string, id: string): Promise<boolean> => {
  const rows = await tx
    .select({ id: apiToken.id })
    .from(apiToken)
    .where(and(isToken(organizationId, id), isNull(apiToken.revokedAt)))
    .for('share')
  return rows.length > 0
}

const insertToken = async (
  tx: Tx,
  organizationId: string,
  kind: TokenKind,
  { name, scopes, actor }: { readonly name: string; readonly scopes: readonly Scope[] } & Acting,
): Promise<NewToken> => {
  const id = newUuid()
  const token = mintToken(kind, organizationId)
  await tx
    .insert(apiToken)
    .values({ organizationId, id, name, scopes: [...scopes], createdBy: actor, secretHash: hashToken(token) })
  return { id, token }
}

const write = <T>(connection: Connection, organizationId: string, run: (tx: Tx) => Promise<T>): Promise<T> =>
  inTransaction(connection, { organizationId, mode: 'write' }, run)
