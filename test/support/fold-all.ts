/** Folds a book to its end. */
import { expect } from 'vitest'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { fold } from '@tidemark/server/ledger/fold.ts'

/** An import of another test, which is one transaction, takes as long as a busy machine makes it. */
const WAIT_MS = 120_000

/**
 * Folds all that is committed, however often that takes: transactions of other databases of the cluster, such as those of
 * other tests, hold the folding up as well. How many rows there were.
 */
export async function foldAll(
  connection: Connection,
  organizationId: string,
  today: Temporal.PlainDate,
): Promise<number> {
  let rows = 0
  const foldMore = async () => {
    rows += (await fold(connection, organizationId, { today })).rows
    return countWaiting(connection, organizationId)
  }
  await expect.poll(foldMore, { timeout: WAIT_MS }).toBe(0)
  return rows
}

const countWaiting = (connection: Connection, organizationId: string): Promise<number | undefined> =>
  inTransaction(connection, { organizationId, mode: 'read' }, async (tx) => {
    const [row] = await tx.sql<{ waiting: number }[]>`
      select count(*)::int as waiting from flow left join kpi_fold fold using (organization_id)
      where organization_id = ${organizationId}
        and (flow.xid, flow.day) > (coalesce(fold.xid, '0'), coalesce(fold.day, '-infinity'))`
    return row?.waiting
  })
