/** The way to PostgreSQL: the pool, and the connection that listens. Which statements run on it is transaction.ts. */
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { OperatorError } from './operator-error.ts'

/** The oldest PostgreSQL whose SQL this product needs (`nulls not distinct` came with 15). */
const OLDEST_MAJOR = 15
const CONNECT_TIMEOUT_SECONDS = 10
const CLOSE_TIMEOUT_SECONDS = 5
/** Well below a viewer's patience: the driver's own delay grows to 20 s. */
const RECONNECT_DELAY_SECONDS_MAX = 1
/** The connection that cancels is seldom needed. */
const CANCEL_IDLE_SECONDS = 60

/** postgres.js as it is set up here: bigint is bigint, dates and instants are ISO text, numeric is text. */
export type Sql = postgres.Sql<{ bigint: bigint }>

/** The same inside a transaction. */
export type TransactionSql = postgres.TransactionSql<{ bigint: bigint }>

/**
 * drizzle without a relational schema, on purpose: `db.query...with` of drizzle 0.45 loses digits of numeric and
 * bigint, so it is not offered.
 */
export type Database = PostgresJsDatabase

/** One transaction of the server, as `pg_stat_activity` tells it from all others. */
export type RunningTransaction = {
  readonly pid: number
  /** When it began, as ISO text. */
  readonly began: string
}

export type Connection = {
  /** Outside a transaction there is neither role nor tenant: for the few statements that need none. */
  readonly sql: Sql
  /** drizzle over `sql`, with the same warning. Everything about an organization goes through `inTransaction`. */
  readonly db: Database
  /** As PostgreSQL counts: 180004 is 18.4. */
  readonly serverVersion: number
  /**
   * Cancels the statement that the transaction is at, if it is at one; over a connection of its own, since the pool
   * may be full of what is to be cancelled. The transaction must be held open until this is done: then the signal was
   * sent, and a transaction that comes next on that backend cannot be hit.
   */
  cancel(transaction: RunningTransaction): Promise<void>
  /** Lets what runs finish, at most 5 s, then closes every connection. May be called more than once. */
  close(): Promise<void>
}

/**
 * Opens a pool of at most `max` connections and makes sure that it can be used.
 * Throws an OperatorError when the database cannot be reached, refuses the sign-in, or is older than PostgreSQL 15.
 */
export const connect = async (
  url: string,
  options: { max: number; applicationName?: string },
): Promise<Connection> => {
  const sql = openPool(url, options.max, options.applicationName ?? 'tidemark')
  const db = drizzle(sql as unknown as postgres.Sql)
  speakPlainTypes(sql)
  const canceller = openPool(url, 1, 'tidemark canceller', CANCEL_IDLE_SECONDS)
  const cancel = async ({ pid, began }: RunningTransaction) => {
    await canceller`
      select pg_cancel_backend(pid) from pg_stat_activity
      where pid = ${pid} and xact_start = ${began}::text::timestamptz`
  }
  const close = async () => {
    await sql.end({ timeout: CLOSE_TIMEOUT_SECONDS })
    await canceller.end({ timeout: 0 })
  }
  try {
    const serverVersion = await readServerVersion(sql)
    if (serverVersion < OLDEST_MAJOR * 10_000) {
      throw new OperatorError(
        `The database at ${withoutPassword(url)} is PostgreSQL ${Math.trunc(serverVersion / 10_000)}; Tidemark needs ${OLDEST_MAJOR} or newer.`,
      )
    }
    return { sql, db, serverVersion, cancel, close }
  } catch (error) {
    await sql.end({ timeout: 0 })
    throw asOperatorError(error, url)
  }
}

/** A running `listen`. */
export type Listener = { close(): Promise<void> }

/**
 * Hears `channel` on a connection of its own, for as long as the process lives: a connection that was lost is opened
 * again. What was sent meanwhile is gone, so `onReconnect` is called once the channel is heard again.
 * Throws an OperatorError when the database cannot be reached at the start.
 */
export const listen = async (
  url: string,
  channel: string,
  onMessage: (payload: string) => void,
  onReconnect: () => void,
): Promise<Listener> => {
  const sql = openPool(url, 1, 'tidemark listener')
  let heardBefore = false
  const onListening = () => {
    if (heardBefore) onReconnect()
    heardBefore = true
  }
  try {
    // The driver repeats a lost LISTEN but tells nobody when the very first one fails, so that is tried here.
    await readServerVersion(sql)
    await sql.listen(channel, onMessage, onListening)
  } catch (error) {
    await sql.end({ timeout: 0 })
    throw asOperatorError(error, url)
  }
  return { close: () => sql.end({ timeout: CLOSE_TIMEOUT_SECONDS }) }
}

/** `postgres://user@host:port/name`: where a database is, fit for a message. */
export const withoutPassword = (url: string): string => {
  if (!URL.canParse(url)) return 'the address in DATABASE_URL'
  const { protocol, username, host, pathname } = new URL(url)
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`
}

const openPool = (url: string, max: number, applicationName: string, idleSeconds = 0): Sql => {
  if (!URL.canParse(url) || !/^postgres(ql)?:$/.test(new URL(url).protocol)) {
    throw new OperatorError('DATABASE_URL must look like postgres://user:password@host:5432/name.')
  }
  return postgres(url, {
    max,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    // 0: never.
    idle_timeout: idleSeconds,
    // At once after a loss, slower with every attempt that fails.
    backoff: (failures) => Math.min(0.01 * (2 ** failures - 1), RECONNECT_DELAY_SECONDS_MAX),
    // A database may have another DateStyle or TimeZone as its own default; the parsers below rely on these.
    connection: { application_name: applicationName, DateStyle: 'ISO', TimeZone: 'UTC' },
    types: { bigint: postgres.BigInt },
    onnotice: () => {},
  })
}

const DATE = 1082
const TIMESTAMPTZ = 1184
const JSON_TYPES = [114, 3802]
const DATE_TYPES = [DATE, 1114, TIMESTAMPTZ]
const DATE_ARRAY_TYPES = [1182, 1115, 1185]

/**
 * drizzle makes the driver hand dates and JSON through untouched. Raw statements share that driver, so what they read
 * and write is settled here, after drizzle: ISO text out; Temporal values, Dates and JSON values in.
 */
const speakPlainTypes = ({ options: { parsers, serializers } }: Sql): void => {
  parsers[TIMESTAMPTZ] = isoInstant
  for (const type of DATE_TYPES) serializers[type] = isoText
  for (const type of JSON_TYPES) serializers[type] = jsonText
  for (const type of DATE_ARRAY_TYPES) {
    // Without an entry the driver derives the array type from its element's.
    delete parsers[type]
    delete serializers[type]
  }
}

/** `2026-11-22 02:48:53.123456+00` to `2026-11-22T02:48:53.123456Z`; `infinity` stays. */
const isoInstant = (text: string): string => text.replace(' ', 'T').replace(/\+00$/, 'Z')

const isoText = (value: unknown): string => (value instanceof Date ? value.toISOString() : String(value))

const jsonText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const readServerVersion = async (sql: Sql): Promise<number> => {
  const [row] = await sql<[{ version: number }]>`select current_setting('server_version_num')::int as version`
  return row.version
}

/** What the driver's error means for the person who started the process. */
const asOperatorError = (error: unknown, url: string): unknown => {
  if (error instanceof OperatorError || !(error instanceof Error)) return error
  const place = withoutPassword(url)
  const code = 'code' in error ? String(error.code) : ''
  switch (code) {
    case 'ECONNREFUSED':
    case 'ECONNRESET':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
    case 'CONNECT_TIMEOUT':
    case 'CONNECTION_CLOSED':
    case 'CONNECTION_ENDED':
    case 'CONNECTION_DESTROYED':
      return explained(`Cannot reach the database at ${place} (${code}). Is PostgreSQL running there?`, error)
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return explained(`Cannot find the host of ${place}. Check the host name in DATABASE_URL.`, error)
    case '28P01':
    case '28000':
    case 'SASL_SIGNATURE_MISMATCH':
      return explained(
        `The database at ${place} refused the sign-in. Check the user and the password in DATABASE_URL.`,
        error,
      )
    case '3D000':
      return explained(`There is no such database as ${place}. Create it, or correct DATABASE_URL.`, error)
    case '53300':
      return explained(
        `The database at ${place} has no free connection. Raise its max_connections or stop another client.`,
        error,
      )
    case '57P03':
      return explained(
        `The database at ${place} is still starting or stopping. Try again in a moment.`,
        error,
      )
    default: {
      const [reason] = error.message.split('\n')
      return explained(`Cannot use the database at ${place}: ${reason}. Check DATABASE_URL.`, error)
    }
  }
}

const explained = (message: string, cause: Error): OperatorError => new OperatorError(message, { cause })
