/**
 * Until when the books are settled: whatever bears an earlier `recordedAt` is committed by now, or never will be. An
 * answer "as known at K" can be repeated only where K is settled, since postings are not committed in the order of
 * their `recordedAt`.
 *
 * A posting says so in PostgreSQL's list of sessions, by its `application_name`, which everybody may read: whose books
 * it writes and since when. It costs no lock and no round trip, holds through a pooler, and ends with the transaction,
 * after what it wrote has become visible.
 */
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Selects it, before `recordedAt` is taken; within a transaction the first one counts. */
export const announcement = ({ sql }: Tx, organizationId: string) =>
  // 61 of the 63 characters that a name may have.
  sql`
    select set_config('application_name', case
      when current_setting('application_name') like 'posting %' then current_setting('application_name')
      else concat('posting ', ${organizationId}::text, ' ', (extract(epoch from clock_timestamp()) * 1000000)::bigint)
    end, true)`

/**
 * Read it before the snapshot that is to be told of: what is committed in between is in the snapshot, while a later
 * look would miss a posting that ended after the snapshot was taken. It is sent at the call and not when it is awaited:
 * readers that took the whole pool first would wait for ever for a connection to ask this on.
 */
export async function readSettledAt(
  connection: Connection,
  organizationId: string,
): Promise<Temporal.Instant> {
  const asked = connection.sql<{ settled: bigint }[]>`
    select least((extract(epoch from statement_timestamp()) * 1000000)::bigint, min(since) - 1) as settled
    from (
      select split_part(application_name, ' ', 3)::bigint as since from pg_stat_activity
      where datname = current_database() and application_name ~ ${`^posting ${organizationId} \\d{1,18}$`}
    ) as running`.execute()
  const [row] = await asked
  if (row === undefined) throw new Error('An aggregate gave no row')
  return Temporal.Instant.fromEpochNanoseconds(row.settled * 1_000n)
}
