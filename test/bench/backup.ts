/**
 * `pnpm bench backup [--rows N]`: imports N invoices (300,000), backs them up, checks the file and restores it, beside
 * what PostgreSQL itself takes to write the same rows to nowhere and to read them into indexed tables.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { readTables } from '@tidemark/drizzle/backup/tables.ts'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { openEmbedded } from '@tidemark/drizzle/embedded.ts'
import { migrate } from '@tidemark/drizzle/migrate.ts'
import { checkBackup } from '@tidemark/drizzle/restore.ts'
import { asOwner } from '@tidemark/drizzle/transaction.ts'
import { writeInvoices } from './import-csv.ts'

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { rows: { type: 'string', default: '300000' } } })
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const database = await openEmbedded(join(folder, 'data'))
  try {
    const csv = join(folder, 'invoices.csv')
    await writeInvoices(csv, Number(values.rows))
    const [source, copied, restored] = [
      await createDatabase(database.url, 'source'),
      await createDatabase(database.url, 'copied'),
      await createDatabase(database.url, 'restored'),
    ]
    await within(source, migrate)
    await runChild('import-process.ts', source, csv)

    const out = await within(source, copyOut)
    const file = join(folder, 'backup.zip')
    const backup = await runChild('backup-process.ts', 'backup', source, file)
    const check = await runChild('backup-process.ts', 'check', source, file)
    await within(source, (connection) => dump(connection, folder))
    await within(copied, migrate)
    const into = await within(copied, (connection) => copyIn(connection, folder))
    const restore = await runChild('backup-process.ts', 'restore', restored, file)

    const { tables } = await checkBackup(file)
    const rows = tables.reduce((sum, table) => sum + table.rows, 0)
    const bytes = tables.reduce((sum, table) => sum + table.bytes, 0)
    const packed = (await stat(file)).size
    console.log(`${rows} rows, ${megabytes(bytes)} as COPY writes them, ${megabytes(packed)} in the file`)
    console.log(`COPY to nowhere: ${out.toFixed(1)} s`)
    tell('backup, read back', backup, out)
    tell('check', check, out)
    console.log(`COPY into indexed tables, in their order: ${into.toFixed(1)} s`)
    tell('restore, checked', restore, into)
  } finally {
    await database.close()
    await rm(folder, { recursive: true, force: true })
  }
}

type Figures = { readonly seconds: number; readonly cpuSeconds: number; readonly peakBytes: number }

const tell = (what: string, { seconds, cpuSeconds, peakBytes }: Figures, copySeconds: number): void =>
  console.log(
    `${what}: ${seconds.toFixed(1)} s (${(seconds / copySeconds).toFixed(1)} times the COPY), ${cpuSeconds.toFixed(1)} s of processor, peak memory ${megabytes(peakBytes)}`,
  )

const runChild = async (file: string, ...args: readonly string[]): Promise<Figures> => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, file), ...args])
  return JSON.parse(stdout) as Figures
}

const createDatabase = async (clusterUrl: string, name: string): Promise<string> => {
  await within(clusterUrl, (cluster) => cluster.sql.unsafe(`create database ${name}`))
  const url = new URL(clusterUrl)
  url.pathname = `/${name}`
  return url.href
}

const copyOut = async ({ sql }: Connection): Promise<number> => {
  const tables = await readTables(sql)
  const started = performance.now()
  for (const { name } of tables) await sql.unsafe(`copy ${name} to '/dev/null'`)
  return (performance.now() - started) / 1000
}

const fileOf = (folder: string, name: string) => join(folder, name.replaceAll('"', ''))

const dump = async ({ sql }: Connection, folder: string): Promise<void> => {
  for (const { name } of await readTables(sql)) await sql.unsafe(`copy ${name} to '${fileOf(folder, name)}'`)
}

/** Without foreign keys, which would want the tables in an order. */
const copyIn = (connection: Connection, folder: string): Promise<number> =>
  asOwner(connection, async ({ sql }) => {
    await sql`set local session_replication_role = 'replica'`
    const tables = await readTables(sql)
    const started = performance.now()
    for (const { name } of tables) await sql.unsafe(`copy ${name} from '${fileOf(folder, name)}'`)
    return (performance.now() - started) / 1000
  })

const within = async <T>(url: string, run: (connection: Connection) => Promise<T>): Promise<T> => {
  const connection = await connect(url, { max: 1 })
  try {
    return await run(connection)
  } finally {
    await connection.close()
  }
}

const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MB`
