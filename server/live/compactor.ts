/**
 * When the KPI store is folded (server/ledger/fold.ts): soon after a posting, told by this process or another, and when
 * a look now and then finds something, such as what was imported while no server ran, or the end of a month. Whichever
 * process comes first does it; answers are the same before, meanwhile and after.
 */
import { eq } from 'drizzle-orm'
import { dateAt } from '../domain/calendar.ts'
import { fold, isFoldDue } from '../ledger/fold.ts'
import { createAttempts, createTurns } from './turns.ts'
import type { Events, LogError } from '../events.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { organization } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'

export type CompactorServices = {
  readonly connection: Connection
  readonly events: Events
  readonly clock: () => Temporal.Instant
  readonly logError: LogError
}

export type Compactor = {
  /** Stops waking up and waits for the transaction that runs. */
  close(): Promise<void>
}

const POLL_MS = 10_000
/** Postings that come meanwhile are folded together: until then readers add their rows up, which takes no time. */
const DELAY_MS = 1_000
/** Of all organizations: folding is work for one processor, and viewers are there first. */
const FOLDS_AT_ONCE = 1

/** Begins at once with what was posted while no process ran. */
export function startCompactor(
  { connection, events, clock, ...services }: CompactorServices,
  { pollMs = POLL_MS, delayMs = DELAY_MS }: { pollMs?: number; delayMs?: number } = {},
): Compactor {
  const closing = new AbortController()
  const isClosed = () => closing.signal.aborted
  const logError: LogError = (error, message) => {
    if (!isClosed()) services.logError(error, message)
  }
  const turns = createTurns(
    FOLDS_AT_ONCE,
    async (organizationId) => {
      const zone = await readTimeZone(connection, organizationId)
      if (zone === null) return
      await fold(connection, organizationId, { today: dateAt(clock(), zone), isClosed })
    },
    (error, organizationId) =>
      logError(error, `The KPI store of organization ${organizationId} could not be folded`),
  )

  const waiting = new Map<string, NodeJS.Timeout>()
  const takeSoon = (organizationId: string) => {
    if (waiting.has(organizationId) || isClosed()) return
    const timer = setTimeout(() => {
      waiting.delete(organizationId)
      void turns.take(organizationId)
    }, delayMs)
    waiting.set(organizationId, timer)
  }

  const attempt = createAttempts((error, what) =>
    logError(error, `What is due for folding could not be read (${what})`),
  )
  let looking: Promise<void> | null = null
  const lookAtAll = async (): Promise<void> => {
    for (const { id, timeZone } of (await attempt('organizations', () => readZones(connection))) ?? []) {
      if (isClosed()) return
      if (turns.running(id) !== null) continue
      const due = await attempt(id, () =>
        inTransaction(connection, { organizationId: id, mode: 'read' }, (tx) =>
          isFoldDue(tx, id, dateAt(clock(), timeZone)),
        ),
      )
      if (due === true) void turns.take(id)
    }
  }
  const look = () => {
    looking ??= lookAtAll().finally(() => {
      looking = null
    })
  }

  const stopHearing = [
    events.on('posted', ({ organizationId }) => takeSoon(organizationId)),
    events.on('missed', look),
  ]
  const timer = setInterval(look, pollMs)
  look()
  return {
    async close() {
      closing.abort()
      clearInterval(timer)
      for (const stop of stopHearing) stop()
      for (const one of waiting.values()) clearTimeout(one)
      await looking
      await turns.close()
    },
  }
}

const readZones = (connection: Connection): Promise<{ id: string; timeZone: string }[]> =>
  inTransaction(connection, { organizationId: null, mode: 'read' }, (tx) =>
    tx.select({ id: organization.id, timeZone: organization.timeZone }).from(organization),
  )

const readTimeZone = async (connection: Connection, id: string): Promise<string | null> => {
  const [found] = await inTransaction(connection, { organizationId: null, mode: 'read' }, (tx) =>
    tx.select({ timeZone: organization.timeZone }).from(organization).where(eq(organization.id, id)),
  )
  return found?.timeZone ?? null
}
