/** One PostgreSQL cluster in a folder: made, started, found running, stopped. The caller holds the folder's lock. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chown, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { OperatorError } from '../operator-error.ts'
import { commandOf, EMBEDDED_MAJOR, type Launcher, type Program } from './launcher.ts'
import { type Postmaster, readPostmaster, removeStaleLock } from './postmaster.ts'

const POLL_MS = 10
/** Recovery after a crash may have to read a lot of log. */
const READY_MS_MAX = 120_000
const STOP_MS_MAX = 60_000
const LOG_BYTES_MAX = 10_000_000
const START_ATTEMPTS = 3

/** Below the ports that systems hand out by themselves, so that it is still free at the next start. */
const PORT_FROM = 20_000
const PORT_TO = 30_000

/** What `connection.json` holds, readable by its owner only. */
export type Credentials = { readonly port: number; readonly password: string }

/** `durable: false` trades safety after a power cut for speed; only for tests. */
export type ClusterOptions = { readonly durable: boolean }

const databaseFolder = (dataDir: string) => join(dataDir, 'database')
const credentialsFile = (dataDir: string) => join(databaseFolder(dataDir), 'connection.json')
const logFile = (dataDir: string) => join(dataDir, 'postgres.log')

export const clusterFolder = (dataDir: string): string => join(databaseFolder(dataDir), 'cluster')

/**
 * Makes the cluster, a database `tidemark` in it and its credentials, unless they exist. All of it appears at once by
 * a rename, so one that was interrupted leaves nothing but a draft, which the next one removes.
 */
export const createCluster = async (
  findLauncher: () => Promise<Launcher>,
  dataDir: string,
  options: ClusterOptions,
): Promise<void> => {
  // Also beside a database: an initdb that outlived its parent may have gone on writing after the draft was removed.
  await removeDrafts(dataDir)
  if (existsSync(databaseFolder(dataDir))) return
  const launcher = await findLauncher()
  const draft = join(dataDir, `${DRAFT_PREFIX}${randomBytes(4).toString('hex')}`)
  const cluster = join(draft, 'cluster')
  const passwordFile = join(draft, 'password')
  const password = randomBytes(24).toString('hex')
  try {
    await mkdir(draft, { mode: 0o700 })
    await writeFile(passwordFile, password, { mode: 0o600 })
    if (launcher.user !== undefined) {
      for (const path of [draft, passwordFile]) await chown(path, launcher.user.uid, launcher.user.gid)
    }
    await runToEnd(launcher, 'initdb', [
      `--pgdata=${cluster}`,
      '--username=tidemark',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      // Said in full, because without LANG the defaults would make the cluster SQL_ASCII.
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      ...(options.durable ? [] : ['--no-sync']),
    ])
    await runToEnd(
      launcher,
      'postgres',
      ['--single', '-D', cluster, 'postgres'],
      'create database tidemark\n',
    )
    await rm(passwordFile)
    await writeCredentials(join(draft, 'connection.json'), { port: await findFreePort(), password })
    await rename(draft, databaseFolder(dataDir))
  } catch (error) {
    await rm(draft, { recursive: true, force: true }).catch(() => {})
    throw explain(error instanceof Error ? error.message : String(error), dataDir, error)
  }
}

const DRAFT_PREFIX = 'database.new-'

const removeDrafts = async (dataDir: string): Promise<void> => {
  const names = await readdir(dataDir)
  for (const name of names.filter((name) => name.startsWith(DRAFT_PREFIX))) {
    // An initdb that outlived its parent may still write there; then the draft stays until the next start.
    await rm(join(dataDir, name), { recursive: true, force: true }).catch(() => {})
  }
}

/**
 * The credentials of a cluster that is there. Throws an OperatorError when the folder is not a whole database,
 * or one of another PostgreSQL.
 */
export const readCredentials = async (dataDir: string): Promise<Credentials> => {
  const version = await readFile(join(clusterFolder(dataDir), 'PG_VERSION'), 'utf8').catch(() => null)
  const credentials = await readFile(credentialsFile(dataDir), 'utf8').then(parseCredentials, () => null)
  if (version === null || credentials === null) {
    const missing = version === null ? 'cluster/PG_VERSION' : 'connection.json'
    throw new OperatorError(
      `${databaseFolder(dataDir)} is not a whole Tidemark database (${missing} is missing or broken). Restore it from a backup, or move it away to start with an empty one.`,
    )
  }
  if (Number(version) !== EMBEDDED_MAJOR) {
    const advice =
      Number(version) > EMBEDDED_MAJOR ? 'Use the newer Tidemark' : 'Bring its data over with a dump'
    throw new OperatorError(
      `${databaseFolder(dataDir)} was made by PostgreSQL ${version.trim()}, but this Tidemark runs PostgreSQL ${EMBEDDED_MAJOR}. ${advice}, or set DATA_DIR to another folder.`,
    )
  }
  return credentials
}

const parseCredentials = (text: string): Credentials | null => {
  try {
    const { port, password } = JSON.parse(text) as Partial<Credentials>
    return typeof port === 'number' && typeof password === 'string' ? { port, password } : null
  } catch {
    return null
  }
}

const writeCredentials = async (path: string, credentials: Credentials): Promise<void> => {
  const draft = `${path}.new`
  await writeFile(draft, `${JSON.stringify(credentials)}\n`, { mode: 0o600, flush: true })
  await rename(draft, path)
}

/**
 * Makes sure that the cluster runs and accepts connections, and returns its port. One that runs already is adopted,
 * whoever started it. With `port: 'kept'` it is never moved to another port, for the sake of those connected before.
 */
export const ensureRunning = async (
  findLauncher: () => Promise<Launcher>,
  dataDir: string,
  options: ClusterOptions & { readonly port: 'kept' | 'any' },
): Promise<number> => {
  const deadline = performance.now() + READY_MS_MAX
  for (let attempt = 1; ;) {
    const postmaster = await readPostmaster(clusterFolder(dataDir))
    if (postmaster?.status === 'ready') return postmaster.port
    if (postmaster !== null) {
      if (performance.now() > deadline) {
        throw new OperatorError(
          `PostgreSQL in ${dataDir} has been ${postmaster.status} for two minutes. See ${logFile(dataDir)}.`,
        )
      }
      await sleep(POLL_MS)
      continue
    }
    const credentials = await readCredentials(dataDir)
    await removeStaleLock(clusterFolder(dataDir))
    const port = options.port === 'kept' ? credentials.port : await findFreePort(credentials.port)
    const failure = await start(await findLauncher(), dataDir, port, options)
    if (failure === null) {
      if (port !== credentials.port)
        await writeCredentials(credentialsFile(dataDir), { ...credentials, port })
      return port
    }
    const portWasTaken = failure.includes('could not create any TCP/IP sockets')
    if (!portWasTaken || attempt++ >= START_ATTEMPTS) throw explain(failure, dataDir)
  }
}

/** Starts PostgreSQL in a session of its own. Returns null when it accepts connections, else what it printed. */
const start = async (
  launcher: Launcher,
  dataDir: string,
  port: number,
  { durable }: ClusterOptions,
): Promise<string | null> => {
  const cluster = clusterFolder(dataDir)
  await limitLog(dataDir)
  await using log = await open(logFile(dataDir), 'a+', 0o600)
  const { size: logStart } = await log.stat()
  const { command, args, options } = commandOf(launcher, 'postgres', [
    '-D',
    cluster,
    ...settings(port, durable).flatMap((setting) => ['-c', setting]),
  ])
  // Detached, so that Ctrl-C at the terminal reaches Tidemark alone, which then stops the database in good order.
  const child = spawn(command, args, {
    ...options,
    cwd: dataDir,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  })
  const end: { reason: string | null } = { reason: null }
  child.once('error', (error) => (end.reason = error.message))
  child.once('exit', (code, signal) => (end.reason = `postgres ended with ${code ?? signal}`))
  child.unref()

  const deadline = performance.now() + READY_MS_MAX
  while (end.reason === null) {
    const postmaster = await readPostmaster(cluster)
    if (postmaster?.pid === child.pid && postmaster?.status === 'ready') return null
    if (performance.now() > deadline) return 'FATAL: not ready after two minutes'
    await sleep(POLL_MS)
  }
  const printed = Buffer.alloc((await log.stat()).size - logStart)
  await log.read(printed, 0, printed.length, logStart)
  return `${end.reason}\n${printed.toString()}`
}

const settings = (port: number, durable: boolean): string[] => [
  `port=${port}`,
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'cluster_name=tidemark',
  'max_connections=100',
  `shared_buffers=${sharedMegabytes(durable)}MB`,
  'work_mem=16MB',
  'maintenance_work_mem=128MB',
  'max_wal_size=2GB',
  'random_page_cost=1.1',
  // Compiling costs more than it saves on statements that take milliseconds.
  'jit=off',
  'timezone=UTC',
  'log_timezone=UTC',
  'log_checkpoints=off',
  ...(durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
]

/**
 * An eighth of the memory that this process may use: pages that are asked for at random are then in PostgreSQL's own
 * memory, and not fetched one by one. Those of tests are small, and dropped all the time.
 */
const sharedMegabytes = (durable: boolean): number => {
  const usable = Math.min(totalmem(), process.constrainedMemory() || Infinity)
  return durable ? Math.max(128, Math.min(4_096, Math.floor(usable / 8 / 2 ** 20))) : 256
}

const limitLog = async (dataDir: string): Promise<void> => {
  const path = logFile(dataDir)
  if (existsSync(path) && (await stat(path)).size > LOG_BYTES_MAX) await rename(path, `${path}.1`)
}

/** Stops PostgreSQL: its clients are cut off, what was committed is safe. Returns once it is gone. */
export const stop = async (dataDir: string): Promise<void> => {
  const running = await readPostmaster(clusterFolder(dataDir))
  if (running === null) return
  process.kill(running.pid, 'SIGINT')
  const deadline = performance.now() + STOP_MS_MAX
  for (let left: Postmaster | null = running; left?.pid === running.pid;) {
    if (performance.now() > deadline) {
      throw new OperatorError(`PostgreSQL (process ${running.pid}) does not stop. See ${logFile(dataDir)}.`)
    }
    await sleep(POLL_MS)
    left = await readPostmaster(clusterFolder(dataDir))
  }
}

/** `preferred` when it is free, else another. */
const findFreePort = async (preferred?: number): Promise<number> => {
  if (preferred !== undefined && (await isFree(preferred))) return preferred
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = PORT_FROM + Math.floor(Math.random() * (PORT_TO - PORT_FROM))
    if (await isFree(port)) return port
  }
  throw new OperatorError(`No port between ${PORT_FROM} and ${PORT_TO} is free for the embedded database.`)
}

const isFree = (port: number): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', () => resolve(false))
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  return promise
}

const runToEnd = async (
  launcher: Launcher,
  program: Program,
  programArgs: readonly string[],
  input = '',
): Promise<void> => {
  const { command, args, options } = commandOf(launcher, program, programArgs)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const child = spawn(command, args, { ...options, cwd: '/', stdio: ['pipe', 'ignore', 'pipe'] })
  let printed = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (printed += text))
  child.once('error', reject)
  child.once('close', (code, signal) => {
    // A single-user postgres ends with 0 even when its statement failed.
    if (code === 0 && !/^.*\b(ERROR|FATAL|PANIC):/m.test(printed)) resolve()
    else reject(new Error(`${program} ended with ${code ?? signal}\n${printed}`))
  })
  child.stdin?.on('error', () => {}).end(input)
  await promise
}

/** One line for the person at the terminal, out of all that a program printed. */
const explain = (printed: string, dataDir: string, cause?: unknown): OperatorError => {
  if (cause instanceof OperatorError) return cause
  if (/No space left on device|ENOSPC/.test(printed)) {
    return new OperatorError(`The disk that holds ${dataDir} is full. Free some space and start again.`, {
      cause,
    })
  }
  if (/Permission denied|EACCES|EPERM/.test(printed)) {
    return new OperatorError(`${dataDir} cannot be written by this user. Set DATA_DIR to another folder.`, {
      cause,
    })
  }
  const lines = printed.split('\n').filter((line) => line.trim() !== '')
  const telling =
    lines.findLast((line) => /FATAL|PANIC|[Ee]rror/.test(line)) ?? lines.at(-1) ?? 'no reason given'
  return new OperatorError(
    `The embedded PostgreSQL could not be started: ${telling.replace(/^.*?(FATAL|PANIC|error): */, '')} (see ${logFile(dataDir)}).`,
    { cause },
  )
}
