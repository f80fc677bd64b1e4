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

/** The condition on a row of `audit`. */
export const isNew = ({ sql }: Tx, { from, running }: Since) =>
  sql`(audit.xid >= ${from}::xid8 or audit.xid = any(${arrayOf(running)}::xid8[]))`

/** Whether there are new rows, of those that fulfil `condition`. */
export async function hasNew(
  { sql }: Tx,
  organizationId: string,
  { from, running }: Since,
  condition = sql`true`,
): Promise<boolean> {
  // The order makes each a matter of one end of the index: a plan that expects many rows would read all of them.
  const first = (range: ReturnType<typeof sql>) => sql`
    select from audit where organization_id = ${organizationId} and ${range} and ${condition}
    order by organization_id, xid limit 1`
  const found = await Promise.all([
    first(sql`xid >= ${from}::xid8`),
    ...(running.length === 0 ? [] : [first(sql`xid = any(${arrayOf(running)}::xid8[])`)]),
  ])
  return found.some((rows) => rows.length > 0)
}

/**
 * True for a snapshot of the future, such as one of another cluster, out of which the tables were restored: it says
 * nothing of this one's transactions.
 */
export const isForeign = ({ sql }: Tx, snapshot: string) =>
  sql`pg_snapshot_xmax(${sql.unsafe(snapshot)}) > pg_snapshot_xmax(pg_current_snapshot())`
