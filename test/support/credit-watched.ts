/** The look for exceeded limits reads customers in the background: a lock on them would count it among those who wait. */
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { vi } from 'vitest'

/** Until nothing that was done is new to it. */
export const untilCreditWatched = ({ sql }: Connection): Promise<unknown> =>
  vi.waitUntil(
    async () => {
      const unseen = await sql`
        select from audit join credit_watch using (organization_id)
        where not pg_visible_in_snapshot(audit.xid, credit_watch.seen) limit 1`
      return unseen.length === 0
    },
    { timeout: 10_000 },
  )
