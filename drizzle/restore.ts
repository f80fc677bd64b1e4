/**
 * Brings a backup back into an empty database, all of it or nothing: every member is checked before the database is
 * touched, everything is written in one transaction, and the books are added up before that is committed.
 */
import type { Writable } from 'node:stream'
import { addUpBooks } from './backup/books.ts'
import { lastMigration, type Manifest, type Member } from './backup/manifest.ts'
import { checkMembers, type OpenBackup, openBackup } from './backup/read.ts'
import { beOwner, beTenant, setUpCopying } from './backup/session.ts'
import { MADE_AT_START, readFixtures, readTables, type Table } from './backup/tables.ts'
import type { Connection, TransactionSql } from './connect.ts'
import { applyMigrations, type Migration, readAppliedMigrations, readMigrations } from './migrate.ts'
import { OperatorError } from './operator-error.ts'
import { asOwner, type Tx } from './transaction.ts'

export type RestorePhase = 'CHECKING' | 'LOADING' | 'FINISHING'

export type RestoreOptions = {
  /** `share` of the rows, from 0 to 1. */
  readonly onProgress?: (progress: { readonly phase: RestorePhase; readonly share: number }) => void
  /** Aborted, it stops and leaves nothing; while PostgreSQL finishes that takes until it is done. */
  readonly signal?: AbortSignal
  /** Takes books that do not add up as they are: they were not when they were backed up. */
  readonly despiteDifferences?: boolean
  /** Within the transaction, as the application about the organization: to write down that it was restored. */
  readonly record?: (tx: Tx, organizationId: string, manifest: Manifest) => Promise<unknown>
}

/** Reads the file to its end. Throws an OperatorError that names the member that is damaged or missing. */
export const checkBackup = async (path: string, options: RestoreOptions = {}): Promise<Manifest> => {
  await using backup = await openBackup(path)
  await checkFile(backup, options)
  return backup.manifest
}

/**
 * Restores into a database without organizations, which need not have any tables yet, as the user who owns it. Throws
 * an OperatorError, and leaves the database as it was, where the file is damaged or of a newer Tidemark, where the
 * database is not empty, or where the books do not add up.
 */
export const restore = async (
  connection: Connection,
  path: string,
  options: RestoreOptions = {},
): Promise<Manifest> => {
  await using backup = await openBackup(path)
  const { manifest } = backup
  const migrations = await readMigrations()
  const first = migrationsOf(path, manifest, migrations)
  await refuseOtherTables(connection, path, manifest)
  await checkFile(backup, options)
  await asOwner(connection, async (tx) => {
    await setUpCopying(tx.sql)
    await applyMigrations(tx.sql, first)
    await load(tx.sql, backup, options)
    await applyMigrations(tx.sql, migrations)
    await recordAll(tx, manifest, options)
  })
  return manifest
}

const checkFile = (backup: OpenBackup, { onProgress, signal }: RestoreOptions): Promise<void> =>
  checkMembers(backup, { onBlock: shareOf(backup.manifest, 'CHECKING', onProgress), signal })

const shareOf = (
  { tables }: Manifest,
  phase: RestorePhase,
  onProgress: RestoreOptions['onProgress'],
): ((bytes: number) => void) => {
  const all = tables.reduce((sum, { bytes }) => sum + bytes, 0)
  let done = 0
  return (bytes) => {
    done += bytes
    onProgress?.({ phase, share: done / all })
  }
}

/** The migrations that the tables in the backup had, out of those that this build knows. */
const migrationsOf = (path: string, manifest: Manifest, migrations: readonly Migration[]): Migration[] => {
  const known = new Map(migrations.map((migration) => [migration.when, migration]))
  return manifest.migrations.map(({ tag, when, hash }) => {
    const migration = known.get(when)
    if (migration?.hash === hash) return migration
    throw new OperatorError(
      migration === undefined
        ? `${path} was made by a newer Tidemark (${manifest.product}, with migration ${tag ?? when}). Update Tidemark.`
        : `${path} was made with another version of migration ${migration.tag} than this Tidemark has.`,
    )
  })
}

/** The rows fit the tables of their own time only; those are brought up to date with the rows in them. */
const refuseOtherTables = async ({ sql }: Connection, path: string, manifest: Manifest): Promise<void> => {
  const known = new Set(manifest.migrations.map(({ when }) => when))
  const later = (await readAppliedMigrations(sql)).find(({ when }) => !known.has(when))
  if (later === undefined) return
  throw new OperatorError(
    `The database has newer tables (migration ${later.tag ?? later.when}) than ${path}, which is of ${lastMigration(manifest)}. ${WHERE_TO}`,
  )
}

const WHERE_TO =
  'Restore into a new one: set DATA_DIR to an empty folder, or DATABASE_URL to an empty database.'

/**
 * The tables' owner lifts row-level security, under which nothing can be copied in, and puts it back. Keys, indexes and
 * foreign keys are taken away and put back too, all checked anew.
 */
const load = async (sql: TransactionSql, backup: OpenBackup, options: RestoreOptions): Promise<void> => {
  const { manifest, path } = backup
  const tables = await readTables(sql)
  const members = pairUp(path, manifest, tables)
  const forced = tables.filter(({ isForced }) => isForced)
  for (const { name } of forced) await sql.unsafe(`alter table ${name} no force row level security`)
  for (const { name } of tables) await refuseRows(sql, name)
  const fixtures = await readFixtures(sql, tables)
  for (const { drop } of fixtures.toReversed()) await sql.unsafe(drop)

  const onBlock = shareOf(manifest, 'LOADING', options.onProgress)
  for (const [table, member] of members) {
    const columns = table.columns.join(', ')
    const target: Writable = await sql.unsafe(`copy ${table.name} (${columns}) from stdin`).writable()
    await backup.unpackInto(member, target, { onBlock, signal: options.signal })
  }

  const statement = (text: string) => () => sql.unsafe(text)
  const finishing: (() => Promise<unknown>)[] = [
    () => forgetSnapshots(sql, tables),
    ...members.map((pair) => () => countAndAnalyze(sql, pair)),
    ...(options.despiteDifferences === true ? [] : [() => addUpBooks(sql, path)]),
    ...fixtures.map(({ create }) => statement(create)),
    ...forced.map(({ name }) => statement(`alter table ${name} force row level security`)),
  ]
  for (const [index, finish] of finishing.entries()) {
    options.signal?.throwIfAborted()
    options.onProgress?.({ phase: 'FINISHING', share: index / finishing.length })
    await finish().catch((error: unknown) => {
      throw explained(error, path)
    })
  }
}

/** PostgreSQL's class of a constraint that does not hold. */
const explained = (error: unknown, path: string): unknown => {
  const isViolated = error instanceof Error && 'code' in error && String(error.code).startsWith('23')
  if (!isViolated) return error
  return new OperatorError(
    `The tables in ${path} do not fit together: ${error.message}. Use another backup.`,
    {
      cause: error,
    },
  )
}

const pairUp = (path: string, manifest: Manifest, tables: readonly Table[]): [Table, Member][] => {
  const members = new Map(manifest.tables.map((member) => [member.table, member]))
  const pairs = tables.map((table): [Table, Member] => {
    const member = members.get(table.name)
    if (member === undefined || member.columns.join() !== table.columns.join()) {
      throw new OperatorError(`${path} does not have the table ${table.name} as its migrations make it.`)
    }
    return [table, member]
  })
  const others = manifest.tables.length - pairs.length
  if (others === 0) return pairs
  throw new OperatorError(`${path} has ${others} more tables than its migrations make.`)
}

const refuseRows = async (sql: TransactionSql, name: string): Promise<void> => {
  if (name === MADE_AT_START) {
    await sql.unsafe(`delete from ${name}`)
    return
  }
  const [row] = await sql.unsafe(`select 1 from ${name} limit 1`)
  if (row === undefined) return
  throw new OperatorError(`The database is not empty: there are rows in ${name}. ${WHERE_TO}`)
}

const countAndAnalyze = async (
  sql: TransactionSql,
  [{ name }, { rows }]: readonly [Table, Member],
): Promise<void> => {
  const [row] = await sql.unsafe<{ count: bigint }[]>(`select count(*) from ${name}`)
  if (row?.count !== BigInt(rows)) throw new Error(`${name} has ${row?.count} rows, not ${rows}`)
  // Without it the sums and the foreign keys below might be planned as if the tables were empty.
  await sql.unsafe(`analyze ${name}`)
}

/**
 * A snapshot tells by transaction ids what had been seen, and in this cluster all rows are of this one transaction.
 * So nothing counts as seen: whoever evaluates goals or seals the audit looks at all of it once, and passes over what
 * it finds done. If all counted as seen, what was posted just before the backup would never be.
 */
const forgetSnapshots = async (sql: TransactionSql, tables: readonly Table[]): Promise<void> => {
  for (const { name, snapshots } of tables) {
    for (const column of snapshots) {
      await sql.unsafe(
        `update ${name} set ${column} = concat(pg_current_xact_id(), ':', pg_current_xact_id(), ':')::pg_snapshot`,
      )
    }
  }
}

const recordAll = async (tx: Tx, manifest: Manifest, { record }: RestoreOptions): Promise<void> => {
  if (record === undefined) return
  const organizations = await tx.sql<{ id: string }[]>`select id from organization`
  for (const { id } of organizations) {
    await beTenant(tx.sql, id)
    await record(tx, id, manifest)
  }
  await beOwner(tx.sql)
}
