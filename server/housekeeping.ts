/** Forgets what nobody can ask for any more: at the start and every hour, a little at a time. */
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { organization } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import type { LogError } from './events.ts'

export type Housekeeping = {
  /** Waits for what is under way. */
  close(): Promise<void>
}

const EVERY_MS = 3_600_000
/** Rows of one transaction, so that none lasts. */
const BATCH = 1_000

type Clock = () => Temporal.Instant

/** Runs in every process: what one is at, the others pass over. */
export const startHousekeeping = (
  connection: Connection,
  clock: Clock,
  logError: LogError,
  everyMs: number = EVERY_MS,
): Housekeeping => {
  const stop = new AbortController()
  let running: Promise<void> = Promise.resolve()
  const run = () => {
    running = running
      .then(() => forgetOld(connection, clock(), stop.signal))
      .catch((error: unknown) => logError(error, 'Old rows could not be forgotten'))
  }
  run()
  const timer = setInterval(run, everyMs)
  timer.unref()
  return {
    async close() {
      clearInterval(timer)
      stop.abort()
      await running
    },
  }
}

/** Of all organizations; between two batches it heeds `signal`. */
export const forgetOld = async (
  connection: Connection,
  now: Temporal.Instant,
  signal?: AbortSignal,
): Promise<void> => {
  const organizations = await inTransaction(connection, { organizationId: null, mode: 'read' }, (tx) =>
    tx.select({ id: organization.id }).from(organization),
  )
  for (const { id } of organizations) {
    for (const forget of [forgetKeys, forgetBudgets, forgetInvitations]) {
      let forgotten: number
      do {
        if (signal?.aborted === true) return
        forgotten = await inTransaction(connection, { organizationId: id, mode: 'write' }, (tx) =>
          forget(tx, id, now),
        )
      } while (forgotten === BATCH)
    }
  }
}

type Forget = (tx: Tx, organizationId: string, now: Temporal.Instant) => Promise<number>

const daysBefore = (now: Temporal.Instant, days: number): string =>
  now.subtract({ hours: 24 * days }).toString()

/** The API promises to know an idempotency key for a day; a week covers whoever comes back after a weekend. */
const forgetKeys: Forget = async ({ sql }, organizationId, now) => {
  const { count } = await sql`
    delete from idempotency_key where ctid in (
      select ctid from idempotency_key
      where organization_id = ${organizationId} and created_at < ${daysBefore(now, 7)}
      limit ${BATCH} for update skip locked)
    and organization_id = ${organizationId}`
  return count
}

/** A bucket that was not used for a day is full, as one is that there is not. */
const forgetBudgets: Forget = async ({ sql }, organizationId, now) => {
  const { count } = await sql`
    delete from budget where ctid in (
      select ctid from budget
      where organization_id = ${organizationId} and refilled_at < ${daysBefore(now, 1)}
      limit ${BATCH} for update skip locked)
    and organization_id = ${organizationId}`
  return count
}

/** Accepted, revoked or expired 30 days ago. They hold an e-mail; that they were made stays in the audit. */
const forgetInvitations: Forget = async ({ sql }, organizationId, now) => {
  const { count } = await sql`
    delete from invitation where ctid in (
      select ctid from invitation
      where organization_id = ${organizationId}
        and least(accepted_at, revoked_at, expires_at) < ${daysBefore(now, 30)}
      limit ${BATCH} for update skip locked)
    and organization_id = ${organizationId}`
  return count
}
