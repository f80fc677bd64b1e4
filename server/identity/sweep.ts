import type { Connection } from '@tidemark/drizzle/connect.ts'
import { asIdentity } from '@tidemark/drizzle/transaction.ts'

/** Removes what is over: sessions, what waited for its second half, and failures that limit nobody any more. */
export const sweepIdentity = (connection: Connection, now: Temporal.Instant): Promise<void> =>
  asIdentity(connection, async ({ sql }) => {
    const at = now.toString()
    await sql`delete from identity.session where expires_at < ${at}`
    await sql`delete from identity.verification where expires_at < ${at}`
    await sql`
      delete from identity.attempt
      where since < now() - interval '1 day'
        and (locked_until is null or locked_until < now() - interval '1 day')`
  })
