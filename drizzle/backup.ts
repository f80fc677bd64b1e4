/**
 * Backups: everything that is kept, of one moment, in one file that is checked before it gets its name. It takes no
 * locks that anybody waits for. Rows are written as COPY writes them, so a backup is not bound to a version of
 * PostgreSQL; `restore.ts` brings it back.
 */
import { once } from 'node:events'
import type { WriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import { writeWhole } from './backup/file.ts'
import { FORMAT, MANIFEST, type Manifest, type Member } from './backup/manifest.ts'
import { inBlocks, measured, pack, PACKED } from './backup/packing.ts'
import { checkMembers, openBackup } from './backup/read.ts'
import { beOwner, beTenant, setUpCopying } from './backup/session.ts'
import { readTables, type Table } from './backup/tables.ts'
import type { Connection, RunningTransaction, TransactionSql } from './connect.ts'
import { readAppliedMigrations } from './migrate.ts'
import { OperatorError } from './operator-error.ts'
import { asOwner, type Tx } from './transaction.ts'

/** `bytes` of the rows that were written by now. */
export type OnBackupProgress = (progress: { readonly table: string; readonly bytes: number }) => void

export type BackupOptions = {
  /** Replaces a file of that name. */
  readonly overwrite?: boolean
  readonly onProgress?: OnBackupProgress
  /** Aborted, it stops and leaves nothing. */
  readonly signal?: AbortSignal
}

/** A backup that was written. `bytes` is the size of the file. */
export type Backup = { readonly path: string; readonly bytes: number; readonly manifest: Manifest }

/**
 * Writes all of the database to the file `path`, while others go on reading and writing. It needs the user that owns
 * the tables, no superuser. Throws an OperatorError where there is nothing to back up, or the file cannot be written.
 */
export const backUp = (connection: Connection, path: string, options: BackupOptions = {}): Promise<Backup> =>
  asOwner(
    connection,
    async (tx) => {
      const [itself] = await tx.sql<[RunningTransaction]>`select pg_backend_pid() as pid, now() as began`
      try {
        return await writeBackup(tx, path, options)
      } catch (error) {
        await connection.cancel(itself).catch(() => {})
        throw error
      }
    },
    'read',
  )

/** The same out of a transaction of the owner's that reads one snapshot: what that sees is what the file holds. */
export const writeBackup = async (
  { sql }: Pick<Tx, 'sql'>,
  path: string,
  { overwrite = false, onProgress = () => {}, signal }: BackupOptions = {},
): Promise<Backup> => {
  await setUpCopying(sql)
  const tables = await readTables(sql)
  if (!tables.some(({ name }) => name === 'public.organization')) {
    throw new OperatorError('There is nothing to back up: the database has none of the tables of Tidemark.')
  }
  const head = await readHead(sql)
  const source = { sql, tables, organizations: await readOrganizations(sql), onProgress }
  const write = (target: WriteStream) => writeZip(target, source, head, signal)
  const check = async (partial: string) => {
    await using backup = await openBackup(partial)
    await checkMembers(backup, { signal })
  }
  return { path, ...(await writeWhole(path, overwrite, write, check)) }
}

type Source = {
  readonly sql: TransactionSql
  readonly tables: readonly Table[]
  readonly organizations: readonly string[]
  readonly onProgress: OnBackupProgress
}

const writeZip = async (
  target: WriteStream,
  source: Source,
  head: Omit<Manifest, 'tables' | 'organizations'>,
  signal: AbortSignal | undefined,
): Promise<Omit<Backup, 'path'>> => {
  const manifest = { ...head, organizations: source.organizations.length, tables: [] as Member[] }
  const failed = new AbortController()
  const stop = AbortSignal.any(signal === undefined ? [failed.signal] : [failed.signal, signal])
  const zip = new ZipFile()
  zip.on('error', (error) => failed.abort(error))
  const add = (name: string, content: () => Readable) => {
    const options = { compress: false, mode: 0o100600, mtime: new Date(head.takenAt) }
    zip.addReadStreamLazy(name, options, (take) => take(null, content()))
  }

  /** Of the member at hand: it must have let go of the transaction before anything else is sent there. */
  let filling = Promise.resolve()
  let written = 0
  for (const table of source.tables) {
    const member = `${table.name.replaceAll('"', '')}.copy${PACKED}`
    const onBlock = (bytes: number) => {
      written += bytes
      source.onProgress({ table: table.name, bytes: written })
    }
    add(member, () => {
      const packed = pack()
      const rows = measured(inBlocks(rowsOf(source, table)), onBlock, (content) =>
        manifest.tables.push({ member, table: table.name, columns: table.columns, ...content }),
      )
      filling = fill(packed, rows, stop).catch((error: unknown) => failed.abort(error))
      return packed
    })
  }
  // Made when all before it is written, and known.
  add(MANIFEST, () => Readable.from([JSON.stringify(manifest, undefined, 2)]))
  zip.end()

  try {
    await pipeline(zip.outputStream, target, { signal: stop })
  } catch (error) {
    failed.abort(error)
    await filling
    // The pipeline knows only that it was stopped.
    throw stop.reason
  }
  return { manifest, bytes: target.bytesWritten }
}

/** Writes all blocks, waiting where it is full, and ends it. However it settles, nobody reads the blocks any more. */
const fill = async (target: Writable, blocks: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> => {
  for await (const block of blocks) {
    signal.throwIfAborted()
    if (!target.write(block)) await once(target, 'drain', { signal })
  }
  target.end()
}

/** In the order in which they lie in the table: sorting would take as long again and helps nobody. */
async function* rowsOf(
  { sql, organizations }: Source,
  { name, columns, isTenant }: Table,
): AsyncGenerator<Buffer, void> {
  const copy = (condition: string) =>
    sql.unsafe(`copy (select ${columns.join(', ')} from ${name} ${condition}) to stdout`).readable()
  if (!isTenant) {
    await beOwner(sql)
    yield* await copy('')
    return
  }
  for (const organizationId of organizations) {
    await beTenant(sql, organizationId)
    yield* await copy(`where organization_id = '${organizationId}'`)
  }
}

const readHead = async (sql: TransactionSql): Promise<Omit<Manifest, 'tables' | 'organizations'>> => {
  const migrations = await readAppliedMigrations(sql)
  const [row] = await sql<{ takenAt: string; snapshot: string; postgres: number }[]>`
    select clock_timestamp() as "takenAt", pg_current_snapshot()::text as snapshot,
      current_setting('server_version_num')::int as postgres`
  if (row === undefined) throw new Error('PostgreSQL gave no snapshot')
  return { format: FORMAT, product: await readProductVersion(), ...row, migrations }
}

const readOrganizations = async (sql: TransactionSql): Promise<string[]> => {
  const rows = await sql<{ id: string }[]>`select id from organization order by created_at, id`
  return rows.map(({ id }) => id)
}

const readProductVersion = async (): Promise<string> => {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
