/** PgBouncer in transaction mode before a database, where this machine has it. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect as connectTo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'

export type Pooler = { readonly url: string; close(): Promise<void> }

const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']

/** Null where there is none. */
export const findPgbouncer = (): string | null =>
  FOLDERS.map((folder) => join(folder, 'pgbouncer')).find((path) => existsSync(path)) ?? null

const STARTING_MS_MAX = 5_000

/** Stands between as many clients as come and `poolSize` connections to the database of `databaseUrl`. */
export const openPooler = async (program: string, databaseUrl: string, poolSize: number): Promise<Pooler> => {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl)
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-pgbouncer-'))
  await chmod(folder, 0o755)
  const own = await freePort()
  const name = pathname.slice(1)
  const to = `host=${hostname} port=${port} dbname=${name} user=${username} password=${decodeURIComponent(password)}`
  const lines = [
    '[databases]',
    `${name} = ${to}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${own}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    `default_pool_size = ${poolSize}`,
    'max_client_conn = 200',
  ]
  const path = join(folder, 'pgbouncer.ini')
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o644 })
  // It refuses to run as root.
  const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const child = spawn(program, [...asNobody, path], { stdio: 'ignore' })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const giveUpAt = performance.now() + STARTING_MS_MAX
  while (!(await answers(own))) {
    if (performance.now() > giveUpAt) throw new Error('PgBouncer does not start')
    await sleep(50)
  }
  return {
    url: `postgres://${username}@127.0.0.1:${own}/${name}`,
    async close() {
      child.kill('SIGINT')
      setTimeout(() => child.kill('SIGKILL'), 2_000).unref()
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectTo(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false))
    socket.once('close', () => socket.destroy())
    socket.end()
  })

const freePort = async (): Promise<number> => {
  const { createServer } = await import('node:net')
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
