/** Brings a database to the tables this build knows. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Connection, Sql, TransactionSql } from './connect.ts'
import { OperatorError } from './operator-error.ts'
import { asOwner } from './transaction.ts'

const MIGRATIONS_FOLDER = fileURLToPath(new URL('./migrations/', import.meta.url))
const BREAKPOINT = '--> statement-breakpoint'

/** One file of `migrations/`, as drizzle-kit wrote it. */
export type Migration = {
  readonly tag: string
  /** When it was made, in milliseconds; it orders and identifies the migration. */
  readonly when: number
  readonly statements: readonly string[]
  readonly hash: string
}

/** A migration that a database has had, as its own list tells. */
export type AppliedMigration = { readonly tag: string | null; readonly hash: string; readonly when: number }

/**
 * Applies what is missing, all in one transaction; processes that start together take turns. With nothing to do it
 * costs one query. Throws an OperatorError when the database is newer than this build, when an applied migration has
 * been edited since, or when the database user may not create the application's role.
 */
export const migrate = async (connection: Connection): Promise<void> => {
  const migrations = await readMigrations()
  if (pendingOf(migrations, await readAppliedMigrations(connection.sql)).length === 0) return
  await asOwner(connection, ({ sql }) => applyMigrations(sql, migrations))
}

/** Whether a migration left word that the rows of `flow` are of an older posting rule and have to be written anew. */
export const isFlowStale = async (sql: Connection['sql'] | TransactionSql): Promise<boolean> => {
  const [row] = await sql<{ word: string | null }[]>`select obj_description('flow'::regclass) as word`
  return row?.word === 'stale'
}

/** `migrate` within a transaction of the owner's, for migrations that may be only the first of all. */
export const applyMigrations = async (
  sql: TransactionSql,
  migrations: readonly Migration[],
): Promise<void> => {
  await sql`select set_config('statement_timeout', '0', true), pg_advisory_xact_lock(hashtext('tidemark migrate'))`
  await sql`create schema if not exists drizzle`
  await sql`
    create table if not exists drizzle.__drizzle_migrations
      (id serial primary key, hash text not null, created_at bigint, tag text)`
  for (const migration of pendingOf(migrations, await readAppliedMigrations(sql))) await apply(sql, migration)
}

/**
 * The migrations in order. Throws when the journal and the files differ or the journal's times do not rise,
 * as after a merge of two branches.
 */
export const readMigrations = async (folder: string = MIGRATIONS_FOLDER): Promise<Migration[]> => {
  const journal = JSON.parse(await readFile(`${folder}/meta/_journal.json`, 'utf8')) as {
    entries: { tag: string; when: number }[]
  }
  const tags = journal.entries.map(({ tag }) => tag)
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  if (files.join() !== tags.map((tag) => `${tag}.sql`).join()) {
    throw new Error(`The journal lists ${tags.join(', ')} but the folder has ${files.join(', ')}`)
  }
  const late = journal.entries.find(({ when }, index) => when <= (journal.entries[index - 1]?.when ?? 0))
  if (late !== undefined) throw new Error(`Migration ${late.tag} is not younger than the one before it`)

  return Promise.all(
    journal.entries.map(async ({ tag, when }) => {
      // A checkout may have turned the line ends.
      const text = (await readFile(`${folder}/${tag}.sql`, 'utf8')).replaceAll('\r\n', '\n')
      const statements = text.split(BREAKPOINT).filter((statement) => statement.trim() !== '')
      return { tag, when, statements, hash: createHash('sha256').update(text).digest('hex') }
    }),
  )
}

const UNDEFINED_TABLE = '42P01'
const INSUFFICIENT_PRIVILEGE = '42501'

/** In order; none where the database has no list of them yet, which inside a transaction is the end of it. */
export const readAppliedMigrations = async (sql: Sql | TransactionSql): Promise<AppliedMigration[]> => {
  try {
    const rows = await sql<(Omit<AppliedMigration, 'when'> & { when: bigint })[]>`
      select tag, hash, created_at as "when" from drizzle.__drizzle_migrations order by created_at`
    return rows.map((row) => ({ ...row, when: Number(row.when) }))
  } catch (error) {
    if (codeOf(error) === UNDEFINED_TABLE) return []
    throw error
  }
}

const pendingOf = (migrations: readonly Migration[], applied: readonly AppliedMigration[]): Migration[] => {
  const known = new Map(migrations.map((migration) => [migration.when, migration]))
  for (const { tag, when, hash } of applied) {
    const migration = known.get(when)
    if (migration === undefined) {
      throw new OperatorError(
        `The database is newer than this Tidemark (it has migration ${tag ?? when}). Update Tidemark, or restore the database from before.`,
      )
    }
    if (migration.hash !== hash) {
      throw new OperatorError(
        `Migration ${migration.tag} has been edited since it was applied to this database. Restore the file, or start with an empty database.`,
      )
    }
  }
  const done = new Set(applied.map(({ when }) => when))
  return migrations.filter(({ when }) => !done.has(when))
}

const apply = async (sql: TransactionSql, migration: Migration): Promise<void> => {
  try {
    for (const statement of migration.statements) await sql.unsafe(statement)
  } catch (error) {
    if (codeOf(error) !== INSUFFICIENT_PRIVILEGE) {
      throw new Error(`Migration ${migration.tag} failed`, { cause: error })
    }
    const reason = error instanceof Error ? error.message : String(error)
    throw new OperatorError(
      `The database user may not apply migration ${migration.tag} (${reason}). Let an administrator create the roles tidemark_app and tidemark_identity (nologin) and grant them to it, or make it the owner of the database with CREATEROLE.`,
      { cause: error },
    )
  }
  await sql`
    insert into drizzle.__drizzle_migrations (hash, created_at, tag)
    values (${migration.hash}, ${migration.when}, ${migration.tag})`
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined
