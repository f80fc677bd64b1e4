/** What PostgreSQL itself says of the statements that a test makes it run. */
import { open } from 'node:fs/promises'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inject } from 'vitest'

export type DatabaseErrors = {
  /** The SQLSTATE and message of every error in this database since it was opened, as `42601: syntax error at ...`. */
  read(): Promise<readonly string[]>
}

/** Makes the database name the code of each error in the cluster's log, and looks for them there. */
export const watchErrors = async ({ sql }: Connection): Promise<DatabaseErrors> => {
  const [row] = await sql<[{ name: string }]>`select current_database() as name`
  await sql.unsafe(`alter database ${row.name} set log_error_verbosity = 'verbose'`)
  // Sessions that are open already have the old setting: the pool opens others, and this one is told.
  await sql`
    select set_config('log_error_verbosity', 'verbose', false), (
      select count(pg_terminate_backend(pid)) from pg_stat_activity
      where datname = ${row.name} and pid <> pg_backend_pid())`
  const from = await sizeOf(inject('clusterLog'))
  return {
    async read() {
      // Every other database logs without codes.
      const text = await readFrom(inject('clusterLog'), from)
      const found = [...text.matchAll(/(?:ERROR|FATAL): {2}([\dA-Z]{5}: .*)/g)].map(([, told = '']) => told)
      // The sessions of above.
      return found.filter((told) => !told.startsWith('57P01'))
    },
  }
}

const sizeOf = async (path: string): Promise<number> => {
  await using file = await open(path)
  return (await file.stat()).size
}

const readFrom = async (path: string, from: number): Promise<string> => {
  await using file = await open(path)
  const buffer = Buffer.alloc((await file.stat()).size - from)
  await file.read(buffer, 0, buffer.length, from)
  return buffer.toString()
}
