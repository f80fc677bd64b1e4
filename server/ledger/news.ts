/** Which audit rows are new since a snapshot of PostgreSQL: by it, nothing is missed that was committed late. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** The snapshot's end and gaps. Two ranges of an index, however long a transaction has been running. */
export type Since = {
  /** Rows of transactions from this one on are new, */
  readonly from: string
  /** and those of these, which were running at that time. */
  readonly running: readonly string[]
}

/** The columns of `Since` of a snapshot, an expression of SQL. */
export const sinceColumns = ({ sql }: Tx, snapshot: string) => sql`
  pg_snapshot_xmax(${sql.unsafe(snapshot)})::text as from,
  array(select pg_snapshot_xip(${sql.unsafe(snapshot)})::text) as running`

/** The conditions on a row of `audit`, one of which holds for what is new: each a range of an index. */
export const newRanges = ({ sql }: Tx, { from, running }: Since) => [
  sql`audit.xid >= ${from}::xid8`,
  ...(running.length === 0 ? [] : [sql`audit.xid = any(${arrayOf(running)}::xid8[])`]),
]

/**
 * From here on the transaction sorts nothing: what is ordered is read along the index that has the order. By statistics
 * that lag behind, PostgreSQL expects one row of an organization, takes any index that begins with it, and reads all.
 */
export const followIndexes = ({ sql }: Tx): void => {
  // Not awaited: it travels with the next statement. Should it fail, PostgreSQL refuses all that follow.
  sql`select set_config('enable_sort', 'off', true)`.catch(() => {})
}

/** Whether there are new rows, of those that fulfil `condition`. */
export async function hasNew(
  tx: Tx,
  organizationId: string,
  since: Since,
  condition = tx.sql`true`,
): Promise<boolean> {
  followIndexes(tx)
  const found = await Promise.all(
    newRanges(tx, since).map(
      (range) => tx.sql`
        select from audit where organization_id = ${organizationId} and ${range} and ${condition}
        order by organization_id, xid limit 1`,
    ),
  )
  return found.some((rows) => rows.length > 0)
}

/**
 * True for a snapshot of the future, such as one of another cluster, out of which the tables were restored: it says
 * nothing of this one's transactions.
 */
export const isForeign = ({ sql }: Tx, snapshot: string) =>
  sql`pg_snapshot_xmax(${sql.unsafe(snapshot)}) > pg_snapshot_xmax(pg_current_snapshot())`
