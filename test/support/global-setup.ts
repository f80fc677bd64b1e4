import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { connect } from '@tidemark/drizzle/connect.ts'
import { stop } from '@tidemark/drizzle/embedded/cluster.ts'
import { openEmbedded } from '@tidemark/drizzle/embedded.ts'
import { migrate } from '@tidemark/drizzle/migrate.ts'
import { prepareQueue } from '@tidemark/server/delivery/queue.ts'
import type { TestProject } from 'vitest/node'
import { prepareBrowser, type BrowserBinary } from './browser.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The cluster of this run: connect as its superuser to create and drop databases. */
    clusterUrl: string
    /** What the cluster has logged: the file. */
    clusterLog: string
    /** Null where this machine has no browser to test with. */
    browser: BrowserBinary | null
  }
}

/** A migrated, empty database that `createDatabase` copies. */
export const TEMPLATE = 'tidemark_template'

const FOLDER_PREFIX = 'tidemark-test-'

/** One PostgreSQL and one browser for the whole run; the first is the one that ships with the product. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  await removeLeftovers()
  const dataDir = await mkdtemp(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`))
  const database = await openEmbedded(dataDir, { durable: false })
  await makeTemplate(database.url)
  project.provide('clusterUrl', database.url)
  project.provide('clusterLog', join(dataDir, 'postgres.log'))
  const browser = await prepareBrowser()
  if (browser === null)
    console.warn('SKIPPED: the browser tests. Name a Chromium with CHROMIUM_PATH to run them.')
  project.provide('browser', browser)
  return async () => {
    await database.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** What runs that were killed have left: their folders carry the number of their process. */
const removeLeftovers = async (): Promise<void> => {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(FOLDER_PREFIX))
  for (const name of names.filter((name) => !isAlive(Number(name.split('-')[2])))) {
    const folder = join(tmpdir(), name)
    await stop(folder)
    await rm(folder, { recursive: true, force: true })
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const makeTemplate = async (clusterUrl: string): Promise<void> => {
  const cluster = await connect(clusterUrl, { max: 1 })
  await cluster.sql.unsafe(`create database ${TEMPLATE}`)
  const url = new URL(clusterUrl)
  url.pathname = `/${TEMPLATE}`
  const template = await connect(url.href, { max: 1 })
  await migrate(template)
  await prepareQueue(template, url.href)
  await template.close()
  await cluster.sql.unsafe(`alter database ${TEMPLATE} is_template true allow_connections false`)
  await cluster.close()
}
