/** Builds the dashboard when it was never built or its sources are newer than what was built. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from './log.ts'
import { CLIENT_FOLDER, spawnVite } from './vite.ts'

const BUILT_FOLDER = join(CLIENT_FOLDER, 'dist')
const SAID_LENGTH_MAX = 4_000
const NOT_SOURCES = new Set(['dist', 'node_modules'])

/**
 * The folder of the built dashboard. Where the build fails the log is told, and what was built before, or null, is
 * the answer: the API is worth serving without it. Never rejects; `signal` ends a build under way.
 */
export const ensureDashboard = async (signal: AbortSignal, log: Log): Promise<string | null> => {
  let built = false
  try {
    if (!existsSync(join(CLIENT_FOLDER, 'index.html'))) return null
    const builtAt = await modifiedAt(join(BUILT_FOLDER, 'index.html'))
    built = builtAt > 0
    if (builtAt < (await newestIn(CLIENT_FOLDER))) await build(signal)
    return BUILT_FOLDER
  } catch (error) {
    if (!signal.aborted) log.failure(error, 'The dashboard could not be built')
    return built ? BUILT_FOLDER : null
  }
}

/** In milliseconds; 0 where there is no such file. */
const modifiedAt = async (path: string): Promise<number> => {
  const file = await stat(path).catch(() => null)
  return file?.mtimeMs ?? 0
}

const newestIn = async (folder: string): Promise<number> => {
  const entries = await readdir(folder, { withFileTypes: true })
  const times = entries
    .filter(({ name }) => !NOT_SOURCES.has(name) && !name.startsWith('.'))
    .map((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? newestIn(path) : modifiedAt(path)
    })
  return Math.max(0, ...(await Promise.all(times)))
}

const build = async (signal: AbortSignal): Promise<void> => {
  const child = spawnVite(['build', '--logLevel', 'warn'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NODE_ENV: 'production' },
    signal,
  })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-SAID_LENGTH_MAX)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(said.trim() || `vite ended with code ${code}`)
}
