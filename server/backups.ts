/**
 * Backups by the clock, for the embedded database: the age of the newest file tells when the next one is due, so
 * neither a restart nor another clock makes one too many, and what failed is tried again.
 */
import { spawn } from 'node:child_process'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { constants, setPriority } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { PARTIAL } from '@tidemark/drizzle/backup/file.ts'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import type { LogError } from './events.ts'

export type BackupsConfig = {
  readonly folder: string
  /** From one backup to the next. */
  readonly hours: number
  /** How many are kept. */
  readonly keep: number
}

export type BackupsServices = {
  /** Writes a backup to this file, which appears only when it is whole. */
  readonly backUp: (path: string, signal: AbortSignal) => Promise<void>
  readonly clock: () => Temporal.Instant
  readonly logError: LogError
}

export type Backups = {
  /** Stops what is being written, which leaves nothing. */
  close(): Promise<void>
}

const LOOK_EVERY_MS = 60_000
const TRY_AGAIN_AFTER = Temporal.Duration.from({ hours: 1 })

/**
 * Looks each minute, and not before the first: whoever starts a server waits for it. Throws an OperatorError where the
 * folder cannot be made.
 */
export const startBackups = async (config: BackupsConfig, services: BackupsServices): Promise<Backups> => {
  await makeFolder(config.folder)
  const closing = new AbortController()
  const look = createLook(config, services, closing.signal)
  let looking: Promise<void> | null = null
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = null
    })
  }, LOOK_EVERY_MS)
  return {
    async close() {
      clearInterval(timer)
      closing.abort()
      await looking
    },
  }
}

/** One look: makes the backup that is due, if one is, and then deletes what is too much. Never rejects. */
export const createLook = (
  { folder, hours, keep }: BackupsConfig,
  { backUp, clock, logError }: BackupsServices,
  signal: AbortSignal,
): (() => Promise<void>) => {
  let failedAt: Temporal.Instant | null = null
  return async () => {
    const now = clock()
    if (failedAt !== null && Temporal.Instant.compare(now, failedAt.add(TRY_AGAIN_AFTER)) < 0) return
    try {
      const [newest] = await listBackups(folder, now)
      if (newest !== undefined && Temporal.Instant.compare(now, newest.madeAt.add({ hours })) < 0) return
      await removePartial(folder)
      await backUp(join(folder, nameAt(now)), signal)
      failedAt = null
      const surplus = (await listBackups(folder, now)).slice(keep)
      for (const { name } of surplus) await rm(join(folder, name))
    } catch (error) {
      if (signal.aborted) return
      failedAt = now
      logError(error, `The backup into ${folder} failed, and is tried again in an hour`)
    }
  }
}

type Made = { readonly name: string; readonly madeAt: Temporal.Instant }

/** Its own files, by their names: whatever else lies there is not its concern. The newest first; none of the future. */
const listBackups = async (folder: string, now: Temporal.Instant): Promise<Made[]> => {
  const made = (await readdir(folder)).flatMap((name): Made[] => {
    const madeAt = momentOf(name)
    return madeAt === null || Temporal.Instant.compare(madeAt, now) > 0 ? [] : [{ name, madeAt }]
  })
  return made.toSorted((a, b) => Temporal.Instant.compare(b.madeAt, a.madeAt))
}

const NAME = /^tidemark-(\d{8}T\d{6}Z)\.zip$/

/** `tidemark-20261122T051400Z.zip` */
const nameAt = (moment: Temporal.Instant): string =>
  `tidemark-${moment.toString({ smallestUnit: 'second' }).replaceAll(/[-:]/g, '')}.zip`

const momentOf = (name: string): Temporal.Instant | null => {
  const [, moment] = NAME.exec(name) ?? []
  try {
    return moment === undefined ? null : Temporal.Instant.from(moment)
  } catch {
    // Digits, yet no date.
    return null
  }
}

/** What one that was killed has left. Of an embedded database there is one server, so nobody is writing it. */
const removePartial = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    const isPartial = name.endsWith(PARTIAL) && momentOf(name.slice(0, -PARTIAL.length)) !== null
    if (isPartial) await rm(join(folder, name))
  }
}

const makeFolder = async (folder: string): Promise<void> => {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw new OperatorError(
      `The folder of the backups, ${resolve(folder)}, cannot be made${reason}. Set BACKUP_DIR to another folder.`,
      { cause },
    )
  }
}

const COMMAND_LINE = fileURLToPath(new URL('./cli/main.ts', import.meta.url))

/**
 * `pnpm tidemark backup` in a process of its own, behind the server's in the queue for the processor: hashing and
 * packing would keep viewers waiting.
 */
export const backUpEmbedded =
  (dataDir: string): BackupsServices['backUp'] =>
  async (path, signal) => {
    const child = spawn(process.execPath, [COMMAND_LINE, 'backup', path, '--json'], {
      env: { ...process.env, DATA_DIR: dataDir, DATABASE_URL: '', DATABASE_LISTEN_URL: '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const stop = () => child.kill('SIGTERM')
    signal.addEventListener('abort', stop, { once: true })
    if (child.pid !== undefined) lowerPriority(child.pid)
    const ended = Promise.withResolvers<number | null>()
    child.once('error', ended.reject).once('close', ended.resolve)
    try {
      const [code, told] = await Promise.all([ended.promise, text(child.stderr)])
      signal.throwIfAborted()
      if (code !== 0) throw new Error(told.trim() || `It ended with ${code ?? child.signalCode}`)
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

const lowerPriority = (pid: number): void => {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // It has ended already, or the system does not let us: then it runs like any other.
  }
}
