/** `pnpm dev`: the server again after each change, and the dashboard by Vite, which changes it in place. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { readConfig } from './config.ts'
import { messageForOperator } from './operator-message.ts'
import { listenForStop } from './stop.ts'
import { spawnVite } from './vite.ts'

const WATCHED = ['server', 'schema', 'drizzle']
const folderOf = (room: string) => fileURLToPath(new URL(`../${room}`, import.meta.url))

const main = async (): Promise<void> => {
  const options = process.argv.slice(2)
  const config = readConfig(process.env, options)
  const stop = listenForStop((error) => console.error(error))
  await using running = new AsyncDisposableStack()

  if (config.database.kind === 'embedded') {
    // Held open here, so that the database lives on while the server comes and goes.
    const { openEmbedded } = await import('@tidemark/drizzle/embedded.ts')
    const database = await openEmbedded(config.database.dataDir)
    running.defer(() => database.close())
  }

  const watched = WATCHED.map((room) => `--watch-path=${folderOf(room)}`)
  const server = spawn(
    process.execPath,
    [...watched, '--watch-preserve-output', folderOf('server/main.ts'), '--no-dashboard', ...options],
    { stdio: 'inherit' },
  )
  running.defer(() => end(server))
  const vite = spawnVite(['--host', config.host, '--clearScreen', 'false'], {
    stdio: 'inherit',
    env: { ...process.env, TIDEMARK_API: `${config.host}:${config.port}` },
  })
  running.defer(() => end(vite))

  await Promise.race([stop.requested, once(server, 'exit'), once(vite, 'exit')])
}

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${messageForOperator(error)}\n`)
  process.exitCode = 1
}
process.exit()
