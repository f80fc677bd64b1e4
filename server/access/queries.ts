import { apiToken } from '@tidemark/drizzle/tables.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { and, desc, eq, isNull } from 'drizzle-orm'

/** Tokens and sessions that are not revoked, the newest first. */
export const listTokens = (connection: Connection, organizationId: string) =>
  inTransaction(connection, { organizationId, mode: 'read' }, (tx) =>
    tx
      .select()
      .from(apiToken)
      .where(and(eq(apiToken.organizationId, organizationId), isNull(apiToken.revokedAt)))
      .orderBy(desc(apiToken.createdAt)),
  )
