import type { PendingQuery, Row } from 'postgres'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/**
 * The rows of `query`, `size` at a time. The next rows are asked for before the last are handed out, so that
 * PostgreSQL works while the caller does; it is the caller's to send as little at once.
 */
export async function* inBatches<T extends object>(
  tx: Tx,
  name: string,
  query: PendingQuery<Row[]>,
  size: number,
): AsyncGenerator<readonly T[]> {
  await tx.sql`declare ${tx.sql(name)} no scroll cursor for ${query}`
  const fetch = () => {
    const rows = tx.sql<T[]>`fetch ${tx.sql.unsafe(String(size))} from ${tx.sql(name)}`.execute()
    // Awaited below, unless the caller gave up.
    rows.catch(() => {})
    return rows
  }
  let next = fetch()
  for (;;) {
    const rows = await next
    if (rows.length === 0) break
    next = fetch()
    yield rows
  }
  await tx.sql`close ${tx.sql(name)}`
}
