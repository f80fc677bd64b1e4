/** Tokens and sessions: made, marked as used, revoked. */
import { apiToken } from '@tidemark/drizzle/tables.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { and, eq, isNull, lt, or, sql } from 'drizzle-orm'
import { newUuid } from '../ids.ts'
import type { Scope } from './actor.ts'
import { hashToken, mintToken, type TokenKind } from './token.ts'

export type NewToken = {
  readonly id: string
  /** Shown once: only its hash is stored. */
  readonly token: string
}

/** A token for a program. */
export const createToken = (
  connection: Connection,
  organizationId: string,
  options: { readonly name: string; readonly scope: Scope },
): Promise<NewToken> => insertToken(connection, organizationId, 'token', options)

/**
 * A session: a token of its own that only a browser's cookie carries, with the rights of the token that signed in.
 * It ends when it is signed out, after 30 days, or with the token `parentId`; null for the demo sign-in, which has none.
 */
export const createSession = (
  connection: Connection,
  organizationId: string,
  { parentId, scope }: { readonly parentId: string | null; readonly scope: Scope },
): Promise<NewToken> =>
  insertToken(connection, organizationId, 'session', { name: sessionName(parentId), scope })

/** Revokes a token or session, and the sessions that a token signed in. */
export const revokeToken = (connection: Connection, organizationId: string, id: string): Promise<boolean> =>
  write(connection, organizationId, async (tx) => {
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
          eq(apiToken.organizationId, organizationId),
          eq(apiToken.id, id),
          or(
            isNull(apiToken.lastUsedAt),
            lt(apiToken.lastUsedAt, sql`clock_timestamp() - interval '1 minute'`),
          ),
        ),
      )
  })

const sessionName = (parentId: string | null): string => `session of ${parentId ?? 'the demo'}`

const insertToken = async (
  connection: Connection,
  organizationId: string,
  kind: TokenKind,
  { name, scope }: { readonly name: string; readonly scope: Scope },
): Promise<NewToken> => {
  const id = newUuid()
  const token = mintToken(kind, organizationId)
  await write(connection, organizationId, (tx) =>
    tx.insert(apiToken).values({ organizationId, id, name, scope, secretHash: hashToken(token) }),
  )
  return { id, token }
}

const write = <T>(connection: Connection, organizationId: string, run: (tx: Tx) => Promise<T>): Promise<T> =>
  inTransaction(connection, { organizationId, mode: 'write' }, run)
