/** The client's own Vite, as a process: it keeps a core busy, and the server does without it once the build is there. */
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const CLIENT_FOLDER = fileURLToPath(new URL('../client', import.meta.url))

export const spawnVite = (parameters: readonly string[], options: SpawnOptions): ChildProcess => {
  const require = createRequire(join(CLIENT_FOLDER, 'package.json'))
  const vite = join(dirname(require.resolve('vite/package.json')), 'bin', 'vite.js')
  return spawn(process.execPath, [vite, ...parameters], { cwd: CLIENT_FOLDER, ...options })
}
