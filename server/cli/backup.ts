import { resolve } from 'node:path'
import { backUp, type Backup } from '@tidemark/drizzle/backup.ts'
import { lastMigration, type Manifest } from '@tidemark/drizzle/backup/manifest.ts'
import { checkBackup, restore, type RestorePhase } from '@tidemark/drizzle/restore.ts'
import type { Command } from 'commander'
import { readDatabaseConfig } from '../config.ts'
import { openDatabase } from '../database.ts'
import { writeAudit } from '../ledger/audit.ts'
import { keepOrigin } from '../ledger/origin.ts'
import { type CliSession, TERMINAL } from './session.ts'
import { takeTime } from './taking-time.ts'

type RestoreOptions = { readonly check: boolean; readonly despiteDifferences: boolean }

/** `backup` and `restore`, which are about everything that is kept and so about no organization. */
export const registerBackup = (program: Command, session: CliSession): void => {
  program
    .command('backup')
    .description('writes everything that is kept, of this moment, to a file; also while the server runs')
    .argument('<file>', 'such as tidemark.zip; it holds personal data and the secrets of signing in')
    .option('--force', 'replace a file of that name', false)
    .action(async (file: string, { force }: { readonly force: boolean }) => {
      // An older database is backed up as it is: it may be what the operator wants to go back to.
      const database = await openDatabase(readDatabaseConfig(process.env), {
        asServer: false,
        upToDate: false,
      })
      try {
        const backup = await takeTime(session, ({ show, signal }) =>
          backUp(database.connection, resolve(file), {
            overwrite: force,
            onProgress: ({ table, bytes }) => show(`Backing up ${table}, ${megabytes(bytes)}`, null),
            signal,
          }),
        )
        if (backup !== null)
          session.answer(describeBackup(backup), { file: backup.path, ...summaryOf(backup) })
      } finally {
        await database.close()
      }
    })

  program
    .command('restore')
    .description('brings a backup back into an empty database, all of it or nothing')
    .argument('<file>', 'what `backup` wrote')
    .option('--check', 'only read the file and tell whether it is whole', false)
    .option('--despite-differences', 'take books that do not add up as they are', false)
    .action(async (file: string, { check, despiteDifferences }: RestoreOptions) => {
      const path = resolve(file)
      const manifest = await takeTime(session, ({ show, signal }) => {
        const onProgress = ({ phase, share }: { phase: RestorePhase; share: number }) =>
          show(PHASES[phase], share)
        return check
          ? checkBackup(path, { onProgress, signal })
          : restoreAll(path, session, { onProgress, signal, despiteDifferences })
      })
      if (manifest === null) return
      const answer = check ? `${path} is whole: ${describe(manifest)}.` : describeRestored(path, manifest)
      session.answer(answer, { file: path, restored: !check, ...summaryOf({ manifest }) })
    })
}

const restoreAll = async (
  path: string,
  { caller }: CliSession,
  options: Parameters<typeof restore>[2],
): Promise<Manifest> => {
  // As the server, so that none opens an embedded database while it is being filled.
  const database = await openDatabase(readDatabaseConfig(process.env), { asServer: true, upToDate: false })
  try {
    return await restore(database.connection, path, {
      ...options,
      async record(tx, organizationId, { takenAt, product }) {
        const origin = { personId: null, address: caller.address, agent: caller.agent }
        const originId = await keepOrigin(tx, organizationId, origin)
        const author = { organization: { id: organizationId }, actor: TERMINAL }
        await writeAudit(
          tx,
          { ...author, source: { originId, requestId: caller.requestId } },
          { action: 'restoreBackup', subject: organizationId, after: { takenAt, product } },
        )
      },
    })
  } finally {
    await database.close()
  }
}

const PHASES: Readonly<Record<RestorePhase, string>> = {
  CHECKING: 'Checking ',
  LOADING: 'Restoring',
  FINISHING: 'Finishing',
}

const rowsOf = ({ tables }: Manifest): number => tables.reduce((sum, { rows }) => sum + rows, 0)

/** For programs: what the file says of itself, without the hashes. */
const summaryOf = ({ manifest, bytes }: { manifest: Manifest; bytes?: number }) => ({
  ...(bytes === undefined ? {} : { bytes }),
  takenAt: manifest.takenAt,
  product: manifest.product,
  migration: lastMigration(manifest),
  organizations: manifest.organizations,
  rows: rowsOf(manifest),
  tables: manifest.tables.map(({ table, rows }) => ({ table, rows })),
})

const describe = (manifest: Manifest): string =>
  `${manifest.organizations} ${manifest.organizations === 1 ? 'organization' : 'organizations'}, ${rowsOf(manifest).toLocaleString('en')} rows, of ${manifest.takenAt}`

const describeBackup = ({ path, bytes, manifest }: Backup): string =>
  `Backed up ${describe(manifest)}, to ${path} (${megabytes(bytes)}).\n` +
  'Keep it where only you can read it: it holds personal data and the secrets of signing in.'

const describeRestored = (path: string, manifest: Manifest): string =>
  `Restored ${describe(manifest)}, from ${path}.\n` +
  'People sign in anew. Tokens, members and names are those of that moment: revoke and erase again what was since.'

const megabytes = (bytes: number): string =>
  `${(bytes / 1_000_000).toLocaleString('en', { maximumFractionDigits: 1 })} MB`
