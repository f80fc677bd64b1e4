/** The file of a backup while it is written: it has its name only once it is whole. */
import { once } from 'node:events'
import { createWriteStream, existsSync, type WriteStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { finished } from 'node:stream/promises'
import { OperatorError } from '../operator-error.ts'

export const PARTIAL = '.partial'

/**
 * Has `write` fill and end `<path>.partial`, which only its owner may read, and has `check` look at it; then it gets its
 * name.
 * When any of that fails, nothing is left. Whoever is killed leaves the partial file, which the next one replaces.
 * Throws an OperatorError where the file exists already (unless `overwrite`) or cannot be written.
 */
export const writeWhole = async <T>(
  path: string,
  overwrite: boolean,
  write: (target: WriteStream) => Promise<T>,
  check: (partial: string) => Promise<void>,
): Promise<T> => {
  if (!overwrite && existsSync(path)) {
    throw new OperatorError(`${path} exists already. Name another file, or replace it with --force.`)
  }
  const partial = `${path}${PARTIAL}`
  try {
    await rm(partial, { force: true })
    // What it has written is on the disk when it is closed.
    const target = createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true })
    await once(target, 'ready')
    const { ino } = await stat(partial)
    // Another one to the same file, begun meanwhile, has taken the name of this one away.
    const isOurs = async () => (await stat(partial).catch(() => null))?.ino === ino
    try {
      const result = await write(target)
      await finished(target)
      await check(partial)
      if (!(await isOurs())) throw new OperatorError(`Another backup is being written to ${path}.`)
      await rename(partial, path)
      await syncFolder(dirname(path))
      return result
    } catch (error) {
      target.destroy()
      if (await isOurs()) await rm(partial, { force: true })
      throw error
    }
  } catch (error) {
    throw explained(error, path)
  }
}

/** So that the new name too outlives a power cut. */
const syncFolder = async (path: string): Promise<void> => {
  await using folder = await open(path)
  await folder.sync()
}

/** What the system's error means for whoever named the file. */
const explained = (cause: unknown, path: string): unknown => {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const place = resolve(path)
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new OperatorError(`There is no room for ${place}. Name a file on another disk.`, { cause })
    case 'ENOENT':
    case 'ENOTDIR':
      return new OperatorError(`There is no folder ${dirname(place)}. Make it, or name another file.`, {
        cause,
      })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new OperatorError(`${place} cannot be written by this user. Name another file.`, { cause })
    case 'EISDIR':
      return new OperatorError(`${place} is a folder. Name a file.`, { cause })
    default:
      return cause
  }
}
