/** The PostgreSQL that comes with Tidemark: a real one, in a folder, shared by all processes that open that folder. */
import { mkdir, realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Connection } from './connect.ts'
import { createCluster, ensureRunning, readCredentials, stop } from './embedded/cluster.ts'
import { holdLock, lockFolder } from './embedded/folder-lock.ts'
import { findLauncher } from './embedded/launcher.ts'
import { OperatorError } from './operator-error.ts'

/** By this name of its session every process that holds the database open is known to the others. */
const KEEPER_NAME = 'tidemark keeper'
const CHECK_EVERY_MS = 1_000
/** A session that its client has just ended stays in the list for a moment. */
const LINGERING_MS_MAX = 500
const LINGERING_POLL_MS = 10

export type EmbeddedDatabase = {
  /** Holds the password: never print it. Stays the same for as long as the database is open. */
  readonly url: string
  /** Stops PostgreSQL if nobody else is connected. Close the connections first. May be called more than once. */
  close(): Promise<void>
}

export type EmbeddedOptions = {
  /** False trades safety after a power cut for speed: for tests. */
  readonly durable?: boolean
  /** False forbids `unshare`, as many containers do. */
  readonly mayUnshare?: boolean
}

/**
 * Opens the database of the folder `dataDir`: makes it at the first time, starts it if it does not run, else joins it.
 * While it is open, a PostgreSQL that died is started again on the same port.
 * Throws an OperatorError when that is impossible: folder not writable, disk full, made by another PostgreSQL, ...
 */
export const openEmbedded = async (
  dataDir: string,
  { durable = true, mayUnshare = true }: EmbeddedOptions = {},
): Promise<EmbeddedDatabase> => {
  const folder = await makeFolder(dataDir)
  const launcher = () => findLauncher(folder, { mayUnshare })

  const { url, keeper } = await lockFolder(folder, async () => {
    await createCluster(launcher, folder, { durable })
    const port = await ensureRunning(launcher, folder, { durable, port: 'any' })
    const { password } = await readCredentials(folder)
    const url = `postgres://tidemark:${password}@127.0.0.1:${port}/tidemark`
    // The keeper's session is opened before the lock is let go, so that a process that leaves does not stop it.
    return { url, keeper: await connectKeeper(url, folder) }
  })

  const watch = new AbortController()
  const watching = keepRunning(keeper, watch.signal, () =>
    lockFolder(folder, () => ensureRunning(launcher, folder, { durable, port: 'kept' })),
  )
  let closing: Promise<void> | undefined
  const close = async () => {
    watch.abort()
    await watching
    await lockFolder(folder, async () => {
      const last = await isLast(keeper)
      await keeper.close()
      if (last) await stop(folder)
    })
  }
  return { url, close: () => (closing ??= close()) }
}

/**
 * Claims the folder for one server, until the server ends in whatever way, or releases it. Unlike a lock inside the
 * database it survives a restart of PostgreSQL. Throws an OperatorError when another server has it. Only for the
 * embedded database: of an external one any number of servers may be.
 */
export const claimServer = async (dataDir: string): Promise<{ release(): void }> => {
  const claim = holdLock(await makeFolder(dataDir), 'server')
  if (claim !== null) return claim
  throw new OperatorError(
    `Another Tidemark server already uses ${resolve(dataDir)}. Stop it, or set DATA_DIR to another folder.`,
  )
}

const makeFolder = async (dataDir: string): Promise<string> => {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    return await realpath(dataDir)
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw new OperatorError(
      `The data folder ${resolve(dataDir)} cannot be made${reason}. Set DATA_DIR to another folder.`,
      { cause },
    )
  }
}

const connectKeeper = async (url: string, dataDir: string): Promise<Connection> => {
  try {
    return await connect(url, { max: 1, applicationName: KEEPER_NAME })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new OperatorError(`The embedded database in ${dataDir} runs but cannot be used: ${reason}`, {
      cause,
    })
  }
}

/** Looks after PostgreSQL once a second: after a crash or a kill, `restart` brings it back. */
const keepRunning = async (
  keeper: Connection,
  signal: AbortSignal,
  restart: () => Promise<unknown>,
): Promise<void> => {
  while (!signal.aborted) {
    await sleep(CHECK_EVERY_MS, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    try {
      await keeper.sql`select 1`
    } catch {
      // Every statement of the product fails with its own error meanwhile; here it is tried again in a second.
      await restart().catch(() => {})
    }
  }
}

/** Whether no other process holds the database open and no other client is connected. */
const isLast = async (keeper: Connection): Promise<boolean> => {
  const deadline = performance.now() + LINGERING_MS_MAX
  try {
    for (;;) {
      const others = await keeper.sql<{ name: string }[]>`
        select application_name as name from pg_stat_activity
        where backend_type = 'client backend' and pid <> pg_backend_pid()`
      if (others.length === 0) return true
      if (others.some(({ name }) => name === KEEPER_NAME) || performance.now() > deadline) return false
      await sleep(LINGERING_POLL_MS)
    }
  } catch {
    // It does not answer: dead, or busy recovering for somebody else.
    return false
  }
}
