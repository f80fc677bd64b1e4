import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { OperatorError } from '../operator-error.ts'

const POLL_MS = 20
const WAIT_MS_MAX = 120_000

/** Runs `run` while no other process makes, starts or stops the database of this folder. */
export const lockFolder = async <T>(dataDir: string, run: () => Promise<T>): Promise<T> => {
  using lock = openLock(dataDir, 'lock')
  const deadline = performance.now() + WAIT_MS_MAX
  while (!tryLock(lock, dataDir)) {
    if (performance.now() > deadline) {
      throw new OperatorError(
        `Another Tidemark process has been starting or stopping the database in ${dataDir} for two minutes. End it and try again.`,
      )
    }
    await sleep(POLL_MS)
  }
  return await run()
}

/** Takes the lock `name` of this folder until `release` or the end of the process. Null when another one has it. */
export const holdLock = (dataDir: string, name: string): { release(): void } | null => {
  const lock = openLock(dataDir, name)
  if (tryLock(lock, dataDir)) return { release: () => lock.close() }
  lock.close()
  return null
}

const SQLITE_BUSY = 5

// Node cannot lock a file, but SQLite, which comes inside Node, can: its lock ends with the process that holds it,
// however that ends.
const openLock = (dataDir: string, name: string): DatabaseSync => {
  try {
    return new DatabaseSync(join(dataDir, name), { timeout: 0 })
  } catch (cause) {
    throw notWritable(dataDir, cause)
  }
}

const tryLock = (lock: DatabaseSync, dataDir: string): boolean => {
  try {
    lock.exec('begin exclusive')
    return true
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return false
    throw notWritable(dataDir, error)
  }
}

const notWritable = (dataDir: string, cause: unknown): OperatorError =>
  new OperatorError(
    `The data folder ${dataDir} cannot be written by this user. Set DATA_DIR to another folder.`,
    { cause },
  )
