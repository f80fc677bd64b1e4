/**
 * THE transaction helper: every statement about an organization runs through it, so that role and tenant are always
 * set, always inside the transaction (a session-level setting leaks through a pooler), and never forgotten.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { PgDialect } from 'drizzle-orm/pg-core'
import { PostgresJsSession, PostgresJsTransaction } from 'drizzle-orm/postgres-js'
import type postgres from 'postgres'
import type { Connection, RunningTransaction, TransactionSql } from './connect.ts'
import { isAborted, isStalePlan, mayRenew, withFreshPlans } from './stale-plan.ts'
import { isUuid } from './uuid.ts'

/** The role that owns nothing and that row-level security binds. The migrations create it. */
export const APP_ROLE = 'tidemark_app'

/** The role that has the tables of sign-in (identity.ts) and no others. */
const IDENTITY_ROLE = 'tidemark_identity'

const WRITE_TIMEOUT_MS = 5_000
const READ_TIMEOUT_MS = 30_000
/** `transaction_timeout` came with PostgreSQL 17; before it only statements and idling are limited. */
const TRANSACTION_TIMEOUT_SINCE = 170_000
/** A statement that is too long is cancelled with its own error; the harder limit, which ends the session, comes later. */
const TRANSACTION_GRACE_MS = 1_000
const CANCEL_AGAIN_MS = 50

/**
 * A transaction: drizzle, and as `sql` the raw postgres.js of the very same transaction, for what drizzle has no
 * words for (COPY into a temporary table, cursors, hand-written statements). It is dead once `run` has returned:
 * statements sent later are rejected.
 */
export type Tx = PostgresJsTransaction<Record<string, never>, Record<string, never>> & {
  readonly sql: TransactionSql
  /** Stands for the database, as a key: what is remembered of one must not be told of another. */
  readonly database: object
  /** Whether all of its statements see the same, and nothing that might yet be undone. */
  readonly isSnapshot: boolean
  /** As in TransactionOptions. */
  readonly keepsStatements: boolean
}

/** SQL with its values: sent when it is awaited, or a part of another statement. */
export type Fragment = postgres.PendingQuery<postgres.Row[]>

export type TransactionOptions = {
  /** The tenant. Null sets the role but no tenant: only `organization` can be read. */
  readonly organizationId: string | null
  /** Whose memberships can be read besides, so that a person's organizations are known before one is chosen. */
  readonly userId?: string
  /** read: REPEATABLE READ READ ONLY, one snapshot. write: READ COMMITTED. */
  readonly mode: 'read' | 'write'
  /**
   * The longest that a statement, or a pause between two, may take, in milliseconds; the whole transaction has a second
   * more (from PostgreSQL 17 on). Null for any length. Default 5 s to write, 30 s to read.
   */
  readonly timeoutMs?: number | null
  /**
   * How often PostgreSQL plans a prepared statement. Left to itself it plans anew for every list of keys that is shorter
   * than the ten it expects, which takes longer than finding them: ONCE is for what finds few rows by their keys. And it
   * keeps the plan of ten for ten thousand, which compares each of them with every row: ANEW is for long lists.
   */
  readonly plans?: 'ONCE' | 'ANEW'
  /**
   * True where the same few statements come again and again: those of drizzle are then prepared and kept too. Else the
   * driver asks for the types of their parameters before it sends these: a round trip more, and nothing travels with it.
   */
  readonly keepsStatements?: boolean
}

/**
 * Runs `run` in one transaction as the application's role and the given tenant, and commits when it returns.
 * Rolled back when it throws, or when any of its statements failed, even one whose error `run` swallowed. Where a kept
 * plan was found useless nothing has happened, and `run` is called again (stale-plan.ts).
 */
export const inTransaction = async <T>(
  connection: Connection,
  options: TransactionOptions,
  run: (tx: Tx) => Promise<T>,
): Promise<T> => {
  const setUp = setUpStatement(APP_ROLE, options, connection.serverVersion)
  return withFreshPlans(connection, () => beginWith(connection, options, setUp, run))
}

/** As `inTransaction` to write, but with the tables of sign-in and no others. */
export const asIdentity = <T>(connection: Connection, run: (tx: Tx) => Promise<T>): Promise<T> => {
  const setUp = setUpStatement(
    IDENTITY_ROLE,
    { organizationId: null, mode: 'write' },
    connection.serverVersion,
  )
  return beginWith(connection, { mode: 'write' }, setUp, run)
}

/** A part of the transaction `tx` with the tables of sign-in and no others: for what changes both or nothing. */
export const asIdentityWithin = async <T>(tx: Tx, run: (tx: Tx) => Promise<T>): Promise<T> => {
  const takeRole = (role: string) => tx.sql`select set_config('role', ${role}, true)`
  await takeRole(IDENTITY_ROLE)
  const result = await run(tx)
  // Not where `run` threw: then nothing of the transaction, or of the savepoint around it, is left.
  await takeRole(APP_ROLE)
  return result
}

/**
 * A part of the transaction `tx` as the user who connected, with the tenant of `tx`: for the tables of the job queue, which
 * are no organization's, so that a job is there exactly if the transaction commits.
 */
export const asOwnerWithin = async <T>(tx: Tx, run: (tx: Tx) => Promise<T>): Promise<T> => {
  const takeRole = (role: string) => tx.sql`select set_config('role', ${role}, true)`
  await takeRole('none')
  const result = await run(tx)
  // Not where `run` threw: then nothing of the transaction, or of the savepoint around it, is left.
  await takeRole(APP_ROLE)
  return result
}

const beginWith = <T>(
  connection: Connection,
  { mode, keepsStatements = false }: Pick<TransactionOptions, 'mode' | 'keepsStatements'>,
  setUp: string,
  run: (tx: Tx, itself: () => Promise<RunningTransaction>) => Promise<T>,
  /** Awaited before the first statement, with which PostgreSQL takes the snapshot. */
  before?: Promise<unknown>,
  beforeMsMax = READ_TIMEOUT_MS,
): Promise<T> =>
  begin(connection, BEGIN_AS[mode], async (sql) => {
    if (before !== undefined) await waitInTransaction(sql, before, beforeMsMax)
    // Not awaited: the first statement of `run` travels with it. Should it fail, PostgreSQL refuses all that follow.
    const ready = sql.unsafe<[RunningTransaction]>(setUp).execute()
    ready.catch(() => {})
    const tx = overTransaction(sql, {
      database: connection,
      isSnapshot: mode === 'read',
      keepsStatements,
    })
    const result = await run(tx, () => ready.then(([row]) => row))
    await ready
    return result
  })

/**
 * Waits within a transaction that has no time limit yet, for something that another connection is to answer. Where that
 * never comes the transaction is rolled back; should this process not do it, PostgreSQL ends the session.
 */
const waitInTransaction = async (
  sql: TransactionSql,
  awaited: Promise<unknown>,
  msMax: number,
): Promise<void> => {
  // SET takes no snapshot, while `select set_config` would.
  const limited = sql
    .unsafe(`set local idle_in_transaction_session_timeout = ${msMax + TRANSACTION_GRACE_MS}`)
    .execute()
  limited.catch(() => {})
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new Error(`What a transaction waited for was not answered in ${msMax} ms`)),
    msMax,
  )
  try {
    await Promise.race([awaited, late])
  } finally {
    clearTimeout(timer)
  }
}

/** As `inTransaction`, but as the user who connected and without tenant or limits: for migrations and backups. */
export const asOwner = async <T>(
  connection: Connection,
  run: (tx: Tx) => Promise<T>,
  mode: TransactionOptions['mode'] = 'write',
): Promise<T> =>
  begin(connection, BEGIN_AS[mode], (sql) =>
    run(overTransaction(sql, { database: connection, isSnapshot: mode === 'read', keepsStatements: false })),
  )

/** Runs `run` in a savepoint of `tx`: when it throws, only what it did is undone. */
export const inSavepoint = async <T>(tx: Tx, run: (tx: Tx) => Promise<T>): Promise<T> =>
  (await tx.sql.savepoint((sql) => run(overTransaction(sql, tx)))) as T

/** One read transaction for one GraphQL operation, opened at its first read so that all its answers agree. */
export type Reader = {
  /**
   * Opens the transaction if this is the first read; reads at the same time share it. Rejects once closed. `run` may be
   * called again, in another transaction, where a kept plan was found useless before anything was answered.
   */
  read<T>(run: (tx: Tx) => Promise<T>): Promise<T>
  /** Waits for running reads and ends the transaction. Never rejects; does nothing when nothing was read. */
  close(): Promise<void>
  /**
   * Ends what it is reading, in the database too, and closes it: running reads reject. Never rejects. Nobody else's
   * statement can be hit: the transaction, and with it the backend, is this reader's own until the cancelling is over.
   */
  cancel(): Promise<void>
}

export type ReaderOptions = Pick<TransactionOptions, 'timeoutMs' | 'keepsStatements'> & {
  /**
   * Awaited before the snapshot is taken: whatever it saw committed is in it. Runs while the transaction begins, which is
   * rolled back where this takes longer than `timeoutMs` (30 s where that is null).
   */
  readonly before?: () => Promise<unknown>
}

/** A lazy read transaction of one organization. Close it, or it holds a connection until its time is up. */
export const openReader = (
  connection: Connection,
  organizationId: string | null,
  { before, ...options }: ReaderOptions = {},
): Reader => {
  const running = new Set<Promise<unknown>>()
  let held: Held | undefined
  let renewals = 0
  let closed = false
  let cancelling: Promise<void> | undefined

  const hold = (): Held => {
    const looked = before?.()
    looked?.catch(() => {})
    const { promise: opened, resolve, reject } = Promise.withResolvers<Opened>()
    const finished = Promise.withResolvers<void>()
    const setUp = setUpStatement(
      APP_ROLE,
      { organizationId, mode: 'read', ...options },
      connection.serverVersion,
    )
    const stay = (tx: Tx, itself: Opened['itself']) => {
      resolve({ tx, itself })
      return finished.promise
    }
    // A failed statement was already reported to the read that sent it, and nothing was written.
    const beforeMsMax = options.timeoutMs ?? READ_TIMEOUT_MS
    const ended = beginWith(connection, { ...options, mode: 'read' }, setUp, stay, looked, beforeMsMax).catch(
      reject,
    )
    return { opened, finish: finished.resolve, ended, answered: false }
  }

  const readHeld = async <T>(run: (tx: Tx) => Promise<T>): Promise<T> => {
    const mine = (held ??= hold())
    const { tx } = await mine.opened
    if (cancelling !== undefined) throw new Error('This reader was cancelled')
    try {
      const result = await run(tx)
      if (held === mine) {
        mine.answered = true
        return result
      }
    } catch (error) {
      if (held === mine) {
        // Of reads at the same time, those behind the one that failed are told before it.
        const isStale = isStalePlan(error) || (isAborted(error) && running.size > 1)
        if (mine.answered || !isStale || !mayRenew(connection, renewals)) throw error
        renewals += 1
        mine.finish()
        held = hold()
      } else if (!isStalePlan(error) && !isAborted(error)) throw error
    }
    // All answers are of one snapshot, and another one is held by now.
    return readHeld(run)
  }

  const close = async () => {
    closed = true
    await Promise.allSettled(running)
    await cancelling
    held?.finish()
    await held?.ended
  }

  const cancelRunning = async (): Promise<void> => {
    const transaction = await held?.opened.then(({ itself }) => itself()).catch(() => undefined)
    if (transaction === undefined) return
    while (running.size > 0) {
      // What cannot be cancelled ends by its time limit.
      await connection.cancel(transaction).catch(() => {})
      // Between two statements there was nothing to cancel.
      await Promise.race([Promise.allSettled(running), sleep(CANCEL_AGAIN_MS, undefined, { ref: false })])
    }
  }

  return {
    async read(run) {
      if (closed) throw new Error('This reader is closed')
      const reading = readHeld(run)
      running.add(reading)
      try {
        return await reading
      } finally {
        running.delete(reading)
      }
    },
    close,
    cancel() {
      closed = true
      cancelling ??= cancelRunning()
      return close()
    },
  }
}

/** A transaction that is open until it is told to finish. */
type Held = {
  readonly opened: Promise<Opened>
  readonly finish: () => void
  readonly ended: Promise<void>
  /** Whether somebody was told what its snapshot has: it is not to be replaced any more. */
  answered: boolean
}

type Opened = { readonly tx: Tx; readonly itself: () => Promise<RunningTransaction> }

const BEGIN_AS = {
  read: 'isolation level repeatable read read only',
  write: 'isolation level read committed read write',
} as const

const begin = async <T>(
  connection: Connection,
  characteristics: string,
  run: (sql: TransactionSql) => Promise<T>,
): Promise<T> => (await connection.sql.begin(characteristics, run)) as T

const PLAN_CACHE_MODES = { ONCE: 'force_generic_plan', ANEW: 'force_custom_plan' } as const

/** One statement, so that the whole set-up costs no round trip of its own. */
const setUpStatement = (role: string, options: TransactionOptions, serverVersion: number): string => {
  const { organizationId, mode, userId = '', plans } = options
  if (organizationId !== null && !isUuid(organizationId)) {
    throw new TypeError(`Not an organization's id: ${JSON.stringify(organizationId)}`)
  }
  if (!/^[\w-]*$/.test(userId)) throw new TypeError(`Not a user's id: ${JSON.stringify(userId)}`)
  const { timeoutMs = mode === 'write' ? WRITE_TIMEOUT_MS : READ_TIMEOUT_MS } = options
  // To PostgreSQL 0 means no limit.
  const limit = String(timeoutMs ?? 0)
  const wholeLimit = String(timeoutMs === null ? 0 : timeoutMs + TRANSACTION_GRACE_MS)
  const settings = [
    ['role', role],
    ['tidemark.organization_id', organizationId ?? ''],
    ['tidemark.user_id', userId],
    ['statement_timeout', limit],
    ['idle_in_transaction_session_timeout', limit],
    ...(plans === undefined ? [] : [['plan_cache_mode', PLAN_CACHE_MODES[plans]]]),
    ...(serverVersion >= TRANSACTION_TIMEOUT_SINCE ? [['transaction_timeout', wholeLimit]] : []),
  ]
  const itself = 'pg_backend_pid() as pid, now() as began'
  return `select ${itself}, ${settings.map(([name, value]) => `set_config('${name}', '${value}', true)`).join(', ')}`
}

const dialect = new PgDialect()

/** Longer ones are lists of rows: as many texts as there are lengths. */
const KEPT_PARAMETERS_MAX = 60

/** As far as drizzle knows it: what it sends is prepared once per session. */
const keeping = (sql: TransactionSql): Pick<TransactionSql, 'unsafe' | 'savepoint'> => ({
  unsafe: (text, parameters, options) =>
    sql.unsafe(text, parameters, { ...options, prepare: (parameters?.length ?? 0) <= KEPT_PARAMETERS_MAX }),
  savepoint: sql.savepoint.bind(sql),
})

/** drizzle has no public way to wrap a transaction that postgres.js began, so its parts are put together here. */
const overTransaction = (
  sql: TransactionSql,
  { database, isSnapshot, keepsStatements }: Pick<Tx, 'database' | 'isSnapshot' | 'keepsStatements'>,
): Tx => {
  // Its types ask for a pool, yet inside a transaction it calls only `unsafe` and `savepoint`.
  const client = (keepsStatements ? keeping(sql) : sql) as unknown as postgres.Sql & postgres.TransactionSql
  const session = new PostgresJsSession<typeof client, Record<string, never>, Record<string, never>>(
    client,
    dialect,
    undefined,
  )
  const tx = new PostgresJsTransaction<Record<string, never>, Record<string, never>>(
    dialect,
    session,
    undefined,
  )
  return Object.assign(tx, { sql, database, isSnapshot, keepsStatements })
}
