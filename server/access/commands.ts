/** Tokens: made, marked as used, revoked. */
import { apiToken } from '@tidemark/drizzle/tables.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { and, eq, isNull, lt, or, sql } from 'drizzle-orm'
import { newUuid } from '../ids.ts'
import { writeAudit } from '../ledger/audit.ts'
import type { Scope } from './scopes.ts'
import { hashToken, mintToken } from './token.ts'

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
    const id = newUuid()
    const token = mintToken('token', organizationId)
    const secretHash = hashToken(token)
    await tx
      .insert(apiToken)
      .values({ organizationId, id, name, scopes: [...scopes], createdBy: actor, secretHash })
    const record = { action: 'createToken', subject: id, after: { name, scopes } }
    await writeAudit(tx, { organization: { id: organizationId }, actor }, record)
    return { id, token }
  })

/** Revokes a token. False where there is none in force. */
export const revokeToken = (
  connection: Connection,
  organizationId: string,
  id: string,
  actor: string,
): Promise<boolean> =>
  write(connection, organizationId, async (tx) => {
    const revoked = await tx
      .update(apiToken)
      .set({ revokedAt: sql`clock_timestamp()` })
      .where(and(isToken(organizationId, id), isNull(apiToken.revokedAt)))
      .returning({ id: apiToken.id })
    if (revoked.length === 0) return false
    await writeAudit(
      tx,
      { organization: { id: organizationId }, actor },
      { action: 'revokeToken', subject: id },
    )
    return true
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

const isToken = (organizationId: string, id: string) =>
  and(eq(apiToken.organizationId, organizationId), eq(apiToken.id, id))

const write = <T>(connection: Connection, organizationId: string, run: (tx: Tx) => Promise<T>): Promise<T> =>
  inTransaction(connection, { organizationId, mode: 'write' }, run)
