import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@tidemark/drizzle/connect.ts'
import { openEmbedded } from '@tidemark/drizzle/embedded.ts'
import { migrate } from '@tidemark/drizzle/migrate.ts'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The cluster of this run: connect as its superuser to create and drop databases. */
    clusterUrl: string
  }
}

/** A migrated, empty database that `createDatabase` copies. */
export const TEMPLATE = 'tidemark_template'

/** One PostgreSQL for the whole run, the same that ships with the product, in a folder that is removed afterwards. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tidemark-test-'))
  const database = await openEmbedded(dataDir, { durable: false })
  await makeTemplate(database.url)
  project.provide('clusterUrl', database.url)
  return async () => {
    await database.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}

const makeTemplate = async (clusterUrl: string): Promise<void> => {
  const cluster = await connect(clusterUrl, { max: 1 })
  await cluster.sql.unsafe(`create database ${TEMPLATE}`)
  const url = new URL(clusterUrl)
  url.pathname = `/${TEMPLATE}`
  const template = await connect(url.href, { max: 1 })
  await migrate(template)
  await template.close()
  await cluster.sql.unsafe(`alter database ${TEMPLATE} is_template true allow_connections false`)
  await cluster.close()
}
