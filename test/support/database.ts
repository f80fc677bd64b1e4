import { connect } from '@tidemark/drizzle/connect.ts'
import { inject } from 'vitest'
import { TEMPLATE } from './global-setup.ts'

export type TestDatabase = {
  readonly url: string
  /** Removes the database, cutting off whoever is still connected. */
  drop(): Promise<void>
}

/** A migrated, empty database of one's own: one for a test file is plenty. */
export const createDatabase = async (): Promise<TestDatabase> => {
  const clusterUrl = inject('clusterUrl')
  const name = `test_${crypto.randomUUID().replaceAll('-', '')}`
  // Through the log the small template copies in half the time: the other strategy forces a checkpoint.
  await execute(clusterUrl, `create database ${name} template ${TEMPLATE} strategy wal_log`)
  const url = new URL(clusterUrl)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => execute(clusterUrl, `drop database if exists ${name} with (force)`) }
}

/** The cluster's superuser makes it, and may belong to another role. It has no tables. */
export const createEmptyDatabase = async (owner?: string): Promise<TestDatabase> => {
  const clusterUrl = inject('clusterUrl')
  const name = `empty_${crypto.randomUUID().replaceAll('-', '')}`
  await execute(clusterUrl, `create database ${name} ${owner === undefined ? '' : `owner ${owner}`}`)
  const url = new URL(clusterUrl)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => execute(clusterUrl, `drop database if exists ${name} with (force)`) }
}

const execute = async (clusterUrl: string, statement: string): Promise<void> => {
  const cluster = await connect(clusterUrl, { max: 1 })
  try {
    await cluster.sql.unsafe(statement)
  } finally {
    await cluster.close()
  }
}
