/** What is noted of a token beside what people and programs do with it (server/token). */
import { apiToken } from '@tidemark/drizzle/tables/access.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { and, eq, isNull, lt, or, sql } from 'drizzle-orm'

/** Notes that the token was used, unless that was noted less than a minute ago. */
export const noteUse = (connection: Connection, organizationId: string, id: string): Promise<void> =>
  inTransaction(connection, { organizationId, mode: 'write' }, async (tx) => {
    const minuteAgo = sql`clock_timestamp() - interval '1 minute'`
    await tx
      .update(apiToken)
      .set({ lastUsedAt: sql`clock_timestamp()` })
      .where(
        and(
          eq(apiToken.organizationId, organizationId),
          eq(apiToken.id, id),
          or(isNull(apiToken.lastUsedAt), lt(apiToken.lastUsedAt, minuteAgo)),
        ),
      )
  })
