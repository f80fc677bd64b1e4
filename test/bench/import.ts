/**
 * `pnpm bench import [--rows N]`: imports N invoices (a million) into an empty database, then brings every row that
 * this wrote into the same indexed tables of a second one with a bare COPY, and compares.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { openEmbedded } from '@tidemark/drizzle/embedded.ts'
import { migrate } from '@tidemark/drizzle/migrate.ts'
import { asOwner } from '@tidemark/drizzle/transaction.ts'
import { writeInvoices } from './import-csv.ts'

const RATIO_MIN = 0.35
const PEAK_BYTES_MAX = 500 * 1024 * 1024

/** In an order in which every row finds what it refers to. */
const tables = [
  'organization',
  'person',
  'segment',
  'customer',
  'customer_state',
  'item',
  'invoice',
  'receipt',
  'ledger_entry',
  'flow',
  'open_span',
  'audit',
] as const

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { rows: { type: 'string', default: '1000000' } } })
  const rows = Number(values.rows)
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const database = await openEmbedded(join(folder, 'data'))
  try {
    const path = join(folder, 'invoices.csv')
    await writeInvoices(path, rows)
    console.log(`${rows} invoices, ${megabytes((await stat(path)).size)} of CSV`)

    const [first, second] = [
      await createDatabase(database.url, 'imported'),
      await createDatabase(database.url, 'copied'),
    ]
    const imported = await importInto(first, path)
    const written = await dumpTables(first, folder)
    const copySeconds = await copyInto(second, folder)
    report(imported, written, copySeconds)
  } finally {
    await database.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function createDatabase(clusterUrl: string, name: string): Promise<string> {
  const cluster = await connect(clusterUrl, { max: 1 })
  await cluster.sql.unsafe(`create database ${name}`)
  await cluster.close()
  const url = new URL(clusterUrl)
  url.pathname = `/${name}`
  await using(url.href, migrate)
  return url.href
}

type Imported = {
  readonly seconds: number
  /** When each phase ended, in seconds from the start. */
  readonly phases: Readonly<Record<string, number>>
  readonly peakBytes: number
}

async function importInto(url: string, path: string): Promise<Imported> {
  const child = join(import.meta.dirname, 'import-process.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [child, url, path])
  const imported = JSON.parse(stdout) as Imported & { readonly outcome: string }
  if (imported.outcome !== 'IMPORTED') throw new Error(`The import was ${imported.outcome}`)
  return imported
}

type Written = { readonly table: string; readonly rows: number }

/** Every row that the import wrote, as files that the server itself writes and reads. */
const dumpTables = (url: string, folder: string): Promise<Written[]> =>
  using(url, async (connection) => {
    const written: Written[] = []
    for (const table of tables) {
      const { count } = await connection.sql.unsafe(`copy ${table} to '${join(folder, table)}'`)
      written.push({ table, rows: count })
    }
    return written
  })

/** Gives the seconds that it took, the commit included. */
const copyInto = (url: string, folder: string): Promise<number> =>
  using(url, async (connection) => {
    const started = performance.now()
    await asOwner(connection, async (tx) => {
      for (const table of tables) await tx.sql.unsafe(`copy ${table} from '${join(folder, table)}'`)
    })
    return (performance.now() - started) / 1000
  })

async function using<T>(url: string, run: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await connect(url, { max: 1 })
  try {
    return await run(connection)
  } finally {
    await connection.close()
  }
}

function report(imported: Imported, written: readonly Written[], copySeconds: number): void {
  const rows = written.reduce((sum, table) => sum + table.rows, 0)
  const ratio = copySeconds / imported.seconds
  const rate = (seconds: number) => `${seconds.toFixed(1)} s, ${Math.round(rows / seconds)} rows/s`
  console.log(written.map((table) => `  ${table.table}: ${table.rows}`).join('\n'))
  console.log(`import: ${rate(imported.seconds)}`)
  for (const [phase, seconds] of Object.entries(imported.phases))
    console.log(`  ${phase} until ${seconds.toFixed(1)} s`)
  console.log(`bare COPY of the same ${rows} rows: ${rate(copySeconds)}`)
  console.log(`ratio: ${(ratio * 100).toFixed(1)} % (at least ${RATIO_MIN * 100} %)`)
  console.log(
    `peak memory of the import: ${megabytes(imported.peakBytes)} (below ${megabytes(PEAK_BYTES_MAX)})`,
  )
  if (ratio < RATIO_MIN || imported.peakBytes >= PEAK_BYTES_MAX) process.exitCode = 1
}

const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MB`
