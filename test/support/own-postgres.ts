/** A PostgreSQL that a test may kill: real, durable, in a folder of its own. */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  clusterFolder,
  createCluster,
  ensureRunning,
  readCredentials,
  stop,
} from '@tidemark/drizzle/embedded/cluster.ts'
import { findLauncher } from '@tidemark/drizzle/embedded/launcher.ts'
import { readPostmaster } from '@tidemark/drizzle/embedded/postmaster.ts'

export type OwnPostgres = {
  /** Of its database `tidemark`; stays the same. */
  readonly url: string
  readonly folder: string
  /** Ends it, however, and waits until it is gone: SIGQUIT is what `pg_ctl stop -m immediate` sends. */
  end(signal: 'SIGKILL' | 'SIGQUIT' | 'SIGINT'): Promise<void>
  /** Starts it again at the same address; settles when it takes connections. */
  start(): Promise<void>
  close(): Promise<void>
}

/** `inFolder` is an existing folder, which stays; left out, there is one for the time of the test. */
export const openOwnPostgres = async (inFolder?: string): Promise<OwnPostgres> => {
  const folder = inFolder ?? (await mkdtemp(join(tmpdir(), 'tidemark-postgres-')))
  await chmod(folder, 0o700)
  const launcher = () => findLauncher(folder, { mayUnshare: true })
  const options = { durable: true }
  await createCluster(launcher, folder, options)
  const port = await ensureRunning(launcher, folder, { ...options, port: 'any' })
  const { password } = await readCredentials(folder)
  return {
    url: `postgres://tidemark:${password}@127.0.0.1:${port}/tidemark`,
    folder,
    async end(signal) {
      const running = await readPostmaster(clusterFolder(folder))
      if (running === null) return
      process.kill(running.pid, signal)
      while ((await readPostmaster(clusterFolder(folder)))?.pid === running.pid) await sleep(5)
    },
    async start() {
      await ensureRunning(launcher, folder, { ...options, port: 'kept' })
    },
    async close() {
      await stop(folder)
      if (inFolder === undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}
