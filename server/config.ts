/** What the environment and the command line say, checked. Each mistake is one line that says what would be right. */
import { join } from 'node:path'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import type { BackupsConfig } from './backups.ts'
import { DELIVERY_USAGE, type DeliveryConfig, readDeliveryConfig } from './delivery/config.ts'
import { type IsTrusted, readTrustedProxies } from './http/address.ts'
import { IDENTITY_USAGE, type IdentityConfig, publicUrlAt, readIdentityConfig } from './identity/config.ts'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Where the database is. */
export type DatabaseConfig =
  | { readonly kind: 'embedded'; readonly dataDir: string }
  | {
      readonly kind: 'external'
      readonly url: string
      /** Reaches PostgreSQL itself where a pooler stands before `url`. */
      readonly listenUrl: string
    }

export type Config = {
  readonly database: DatabaseConfig
  /** Null where none are made by the clock. */
  readonly backups: BackupsConfig | null
  readonly host: string
  readonly port: number
  /** Demo data on the first start, and the demo sign-in. */
  readonly demo: boolean
  /** Plays payments of the demo organization as if they came in now. */
  readonly live: boolean
  /** False where something else serves the dashboard. */
  readonly dashboard: boolean
  /** The proxies before the server, which are believed about whom they speak for. */
  readonly trustedProxies: IsTrusted
  /** Whether people who signed in may send the dashboard's own documents only. */
  readonly trustedDocuments: boolean
  readonly connections: ConnectionLimits
  readonly identity: IdentityConfig
  readonly delivery: DeliveryConfig
  readonly logLevel: LogLevel
}

/** How much of one process a single place, token or member may have. */
export type ConnectionLimits = {
  /** Sockets of one network address: an office, or a wall of screens. */
  readonly socketsPerAddress: number
  /** Sockets of one token or member. */
  readonly socketsPerActor: number
  readonly subscriptionsPerActor: number
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  socketsPerAddress: 1_000,
  socketsPerActor: 500,
  subscriptionsPerActor: 2_000,
}

type Environment = Readonly<Record<string, string | undefined>>

export const USAGE = `Usage: pnpm start [--live]

  --live          plays payments of the demo organization as if they came in now
  --no-dashboard  serves the API alone

Environment
  PORT                 4000
  HOST                 127.0.0.1
  DATA_DIR             .tidemark: where the embedded database lives
  DATABASE_URL         use this PostgreSQL (15 or newer) instead of the embedded one
  DATABASE_LISTEN_URL  the same database without a pooler, for LISTEN
  BACKUP_HOURS         24: how often the embedded database is backed up; 0: never
  BACKUP_KEEP          7: how many of these backups are kept
  BACKUP_DIR           where they go; left out, the folder backups in DATA_DIR
  TIDEMARK_DEMO        0: no demo data and no demo sign-in
${IDENTITY_USAGE}${DELIVERY_USAGE}  TRUSTED_PROXIES      addresses or CIDR blocks of the proxies before it, with commas between them
  TRUSTED_DOCUMENTS    1: people who signed in may send the dashboard's own documents only
  SOCKETS_PER_ADDRESS  ${CONNECTION_LIMITS.socketsPerAddress}: WebSockets of one network address
  SOCKETS_PER_ACTOR    ${CONNECTION_LIMITS.socketsPerActor}: WebSockets of one token or member
  SUBSCRIPTIONS_PER_ACTOR
                       ${CONNECTION_LIMITS.subscriptionsPerActor}: subscriptions of one token or member
  LOG_LEVEL            ${LOG_LEVELS.join(', ')}; default warn
`

const FLAGS = ['--live', '--no-dashboard']

/** Throws an OperatorError that names the variable or option. */
export const readConfig = (environment: Environment, options: readonly string[]): Config => {
  // `pnpm start -- --live` hands the dashes on.
  const unknown = options.find((option) => option !== '--' && !FLAGS.includes(option))
  if (unknown !== undefined) {
    throw new OperatorError(`There is no option ${unknown}. The options are ${FLAGS.join(', ')} and --help.`)
  }
  const database = readDatabaseConfig(environment)
  const identity = readIdentityConfig(environment)
  return {
    database,
    backups: readBackupsConfig(environment, database),
    host: textOf(environment, 'HOST') ?? '127.0.0.1',
    port: readPort(textOf(environment, 'PORT') ?? '4000'),
    demo: readSwitch('TIDEMARK_DEMO', textOf(environment, 'TIDEMARK_DEMO') ?? '1'),
    live: options.includes('--live'),
    dashboard: !options.includes('--no-dashboard'),
    trustedProxies: readTrustedProxies(textOf(environment, 'TRUSTED_PROXIES') ?? ''),
    trustedDocuments: readSwitch('TRUSTED_DOCUMENTS', textOf(environment, 'TRUSTED_DOCUMENTS') ?? '0'),
    connections: readConnectionLimits(environment),
    identity,
    delivery: readDeliveryConfig(environment, identity),
    logLevel: readLogLevel(textOf(environment, 'LOG_LEVEL') ?? 'warn'),
  }
}

/** The address that people open, for links that the command line hands out. */
export const readPublicUrl = (environment: Environment): string => {
  const { identity, host, port } = readConfig(environment, [])
  return identity.publicUrl ?? publicUrlAt(host, port)
}

/** The part of it that the command line tool needs too. */
export const readDatabaseConfig = (environment: Environment): DatabaseConfig => {
  const url = textOf(environment, 'DATABASE_URL')
  const listenUrl = textOf(environment, 'DATABASE_LISTEN_URL')
  if (url === null) {
    if (listenUrl !== null)
      throw new OperatorError('DATABASE_LISTEN_URL is set but DATABASE_URL is not. Set both or neither.')
    return { kind: 'embedded', dataDir: textOf(environment, 'DATA_DIR') ?? '.tidemark' }
  }
  return {
    kind: 'external',
    url: readUrl('DATABASE_URL', url),
    listenUrl: readUrl('DATABASE_LISTEN_URL', listenUrl ?? url),
  }
}

const readBackupsConfig = (environment: Environment, database: DatabaseConfig): BackupsConfig | null => {
  const hours = readCount(environment, 'BACKUP_HOURS', 24, 0)
  const keep = readCount(environment, 'BACKUP_KEEP', 7, 1)
  const folder = textOf(environment, 'BACKUP_DIR')
  if (database.kind === 'external') {
    const wished = ['BACKUP_HOURS', 'BACKUP_KEEP', 'BACKUP_DIR'].find(
      (name) => textOf(environment, name) !== null,
    )
    if (wished === undefined || hours === 0) return null
    throw new OperatorError(
      `${wished} is set, but the server backs up its embedded database only, and DATABASE_URL names another. Unset ${wished}, and run "pnpm tidemark backup" by a clock of your own.`,
    )
  }
  return hours === 0 ? null : { folder: folder ?? join(database.dataDir, 'backups'), hours, keep }
}

const textOf = (environment: Environment, name: string): string | null => environment[name]?.trim() || null

const readPort = (text: string): number => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port >= 0 && port <= 65_535) return port
  throw new OperatorError(`PORT must be a number from 0 to 65535 (0 for any free port), not "${text}".`)
}

const readConnectionLimits = (environment: Environment): ConnectionLimits => {
  const read = (name: string, usual: number) => readCount(environment, name, usual, 1)
  const { socketsPerAddress, socketsPerActor, subscriptionsPerActor } = CONNECTION_LIMITS
  return {
    socketsPerAddress: read('SOCKETS_PER_ADDRESS', socketsPerAddress),
    socketsPerActor: read('SOCKETS_PER_ACTOR', socketsPerActor),
    subscriptionsPerActor: read('SUBSCRIPTIONS_PER_ACTOR', subscriptionsPerActor),
  }
}

const readCount = (environment: Environment, name: string, usual: number, least: number): number => {
  const text = textOf(environment, name) ?? String(usual)
  if (/^\d{1,7}$/.test(text) && Number(text) >= least) return Number(text)
  throw new OperatorError(`${name} must be a number from ${least} on, not "${text}".`)
}

const readSwitch = (name: string, text: string): boolean => {
  if (text === '0' || text === '1') return text === '1'
  throw new OperatorError(`${name} must be 0 or 1, not "${text}".`)
}

const readLogLevel = (text: string): LogLevel => {
  const level = LOG_LEVELS.find((known) => known === text)
  if (level !== undefined) return level
  throw new OperatorError(`LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}, not "${text}".`)
}

/** The address itself is not repeated: it may hold a password. */
const readUrl = (name: string, text: string): string => {
  if (URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol)) return text
  throw new OperatorError(`${name} must look like postgres://user:password@host:5432/name.`)
}
