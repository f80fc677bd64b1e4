/**
 * Opens the reviews that are due (server/goal/review/open.ts): in the night after a period's end, and after a night in which
 * no process ran. Whichever process comes first does it.
 */
import { dateAt } from '../domain/calendar.ts'
import { openDueReviews } from '../goal/review/open.ts'
import { createAttempts } from './turns.ts'
import type { LogError } from '../events.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { organization } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'

export type Reviewer = {
  /** Stops looking and waits for the review that is being opened. */
  close(): Promise<void>
}

type Services = {
  readonly connection: Connection
  readonly clock: () => Temporal.Instant
  readonly logError: LogError
}

const POLL_MS = 60_000

export function startReviewer(services: Services, { pollMs = POLL_MS }: { pollMs?: number } = {}): Reviewer {
  const { connection, clock } = services
  const closing = new AbortController()
  const isClosed = () => closing.signal.aborted
  const attempt = createAttempts((error, what) => {
    if (!isClosed()) services.logError(error, `Reviews could not be opened (${what})`)
  })
  // By organization: the day that was looked at. What falls due, falls due at midnight.
  const lookedAt = new Map<string, string>()

  const lookAt = async (one: OrganizationRow): Promise<void> => {
    const now = clock()
    const today = dateAt(now, one.timeZone).toString()
    if (lookedAt.get(one.id) === today) return
    await openDueReviews(connection, one, now, isClosed)
    if (!isClosed()) lookedAt.set(one.id, today)
  }

  const look = async (): Promise<void> => {
    const organizations = await attempt('organizations', () => readOrganizations(connection))
    // One by one: each reads as much as a person who asks why a KPI changed.
    for (const one of organizations ?? []) {
      if (isClosed()) return
      await attempt(`organization ${one.id}`, () => lookAt(one))
    }
  }

  let looking: Promise<void> | null = null
  const begin = () => {
    looking ??= look().finally(() => {
      looking = null
    })
  }
  begin()
  const timer = setInterval(begin, pollMs)
  return {
    async close() {
      closing.abort()
      clearInterval(timer)
      await looking
    },
  }
}

const readOrganizations = (connection: Connection): Promise<OrganizationRow[]> =>
  inTransaction(connection, { organizationId: null, mode: 'read' }, (tx) => tx.select().from(organization))
