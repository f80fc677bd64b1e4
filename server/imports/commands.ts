/**
 * The way of a row from a file to the books, in one transaction of any length:
 *
 * 1. `openCsv` cuts the file into records; `createRowReader` makes each a row by the mapping, leaves it out, or tells
 *    what is wrong with it; `stageRows` copies the rows into a temporary table.
 * 2. `rejectDuplicates`, `matchCustomers` and `matchInvoices` find what they are in the books, and lock that;
 *    `reviewDifferences` decides what a row may change there.
 * 3. `makeCustomers`, `makeSegments`, `postNewInvoices` and `postChanges` write the books.
 *
 * Nothing is written before every row was looked at.
 */
import { basename, resolve } from 'node:path'
import postgres from 'postgres'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import type { CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf } from '../domain/day.ts'
import { writeAudit } from '../ledger/audit.ts'
import { holdClosing, type Closing } from '../ledger/closing.ts'
import { postChanges, postNewInvoices } from './apply.ts'
import { rejectClosed } from './closed.ts'
import { openCsv, type CsvFile } from './csv.ts'
import { makeCustomers, makeSegments } from './customers.ts'
import { reviewDifferences, type ChangeCounts } from './differing.ts'
import { askAuthority } from './governed.ts'
import type { Mapping } from './mapping.ts'
import { matchCustomers, matchInvoices, readSegments, rejectDuplicates } from './matching.ts'
import { readProblems, writeRejected, type PendingFile, type Problems } from './rejected.ts'
import type { ImportOutcome, ImportReport } from './report.ts'
import { createRowReader, type Combination, type RowReader } from './rows.ts'
import { stageRows } from './staging.ts'

export type ImportOptions = {
  readonly mapping: Mapping
  /** Takes the good rows of a file that has bad ones; else one bad row refuses the file. */
  readonly partial: boolean
  /** Takes the same way, then undoes it. */
  readonly dryRun: boolean
  /** Where the rejected rows go; by default `books.rejected.csv` beside `books.csv`. */
  readonly rejectedFile?: string | undefined
  readonly onProgress?: OnProgress
  /** Stops the import; nothing is written then. */
  readonly signal?: AbortSignal
}

export type Progress = {
  readonly phase: 'READING' | 'CHECKING' | 'POSTING'
  /** Of the phase, from 0 to 1. */
  readonly share: number
}
export type OnProgress = (progress: Progress) => void

/**
 * Brings the books up to date with a file of invoices. Throws an OperatorError where the file, its encoding or its
 * header is at fault; bad rows are in the report.
 */
export async function importInvoices(
  context: CommandContext,
  path: string,
  options: ImportOptions,
): Promise<ImportReport> {
  const rejectedPath = options.rejectedFile ?? besideOf(path)
  if (resolve(rejectedPath) === resolve(path)) throw new OperatorError('--rejected names the file itself.')
  const file = await openCsv(path, options.mapping)
  const reader = createRowReader(options.mapping, file.header, dayOf(todayOf(context)))
  const work: Work = { context, file, reader, options, rejectedPath }
  const { report, rejected } = await inOneTransaction(work)
  await rejected?.keep()
  const isWritten =
    !options.dryRun && report.outcome !== 'REFUSED' && report.rows.new + report.rows.changed > 0
  if (isWritten) context.posted()
  return report
}

/** What every step needs to know. */
type Work = {
  readonly context: CommandContext
  readonly file: CsvFile
  readonly reader: RowReader
  readonly options: ImportOptions
  readonly rejectedPath: string
}

type Done = { readonly report: ImportReport; readonly rejected: PendingFile | null }

/** Commits what was written, unless the file is refused or this is a dry run: then nothing is left of it. */
async function inOneTransaction(work: Work): Promise<Done> {
  const { context, file, options, rejectedPath } = work
  const transaction = { organizationId: context.organization.id, mode: 'write', timeoutMs: null } as const
  let rejected: PendingFile | null = null
  try {
    return await inTransaction(context.connection, transaction, async (tx) => {
      const checked = await checkRows(tx, work)
      if (checked.problems.rejectedRows > 0) {
        rejected = await writeRejected(tx, file, rejectedPath)
      }
      const isRefused = checked.problems.rejectedRows > 0 && !options.partial
      const customersCreated = isRefused ? 0 : await applyRows(tx, work, checked)
      const done = { report: reportOf(work, checked, isRefused, customersCreated, rejected), rejected }
      if (isRefused || options.dryRun) throw new Undo(done)
      return done
    })
  } catch (error) {
    if (error instanceof Undo) return error.done
    await (rejected as PendingFile | null)?.discard()
    throw explained(error)
  }
}

const besideOf = (path: string): string => `${path.replace(/\.csv$/i, '')}.rejected.csv`

const UNIQUE_VIOLATION = '23505'

/** Customers are locked, numbers are not: somebody may record an invoice of the file while it is imported. */
function explained(error: unknown): unknown {
  if (!(error instanceof postgres.PostgresError) || error.code !== UNIQUE_VIOLATION) return error
  return new OperatorError(
    `Somebody else recorded the same while the file was imported (${error.detail ?? error.message}). Nothing was written: import it again.`,
    { cause: error },
  )
}

/** Carries the outcome out of a transaction that must not be committed. */
class Undo extends Error {
  readonly done: Done
  constructor(done: Done) {
    super('The import was undone on purpose')
    this.done = done
  }
}

/** Where the rows of the file stand once all were looked at. */
type Checked = {
  readonly read: number
  readonly leftOut: number
  readonly newRows: number
  readonly changes: ChangeCounts
  readonly problems: Problems
  readonly segments: ReadonlyMap<number, Combination>
  readonly closing: Closing
}

async function checkRows(tx: Tx, { context, file, reader, options }: Work): Promise<Checked> {
  const { organization } = context
  const { mapping } = options
  const { rows: read, leftOut } = await stageRows(tx, file, reader, (done, total) =>
    tell(options, 'READING', done / total),
  )
  tell(options, 'CHECKING', 0)
  await takeTurn(tx, organization.id)
  const closing = await holdClosing(tx, organization.id)
  await rejectDuplicates(tx, reader, mapping)
  tell(options, 'CHECKING', 0.2)
  await matchCustomers(tx, organization.id, reader, mapping)
  tell(options, 'CHECKING', 0.4)
  const segments = await readSegments(tx, organization.id)
  await matchInvoices(tx, organization.id, reader, mapping, segments)
  await rejectClosed(tx, closing, reader)
  tell(options, 'CHECKING', 0.8)
  const books = { organizationId: organization.id, reader, segments, closing }
  const changes = await reviewDifferences(tx, books, await askAuthority(tx, context, reader))
  tell(options, 'CHECKING', 1)
  const [fresh] = await tx.sql<{ rows: number }[]>`
    select count(*)::int as rows from import_row r
    where not exists (select from import_match m where m.line = r.line)`
  return {
    read,
    leftOut,
    newRows: fresh?.rows ?? 0,
    changes,
    problems: await readProblems(tx),
    segments,
    closing,
  }
}

/** Imports into the same books follow each other, so that none posts what another is about to. */
async function takeTurn(tx: Tx, organizationId: string): Promise<void> {
  await tx.sql`select pg_advisory_xact_lock(hashtextextended(${`import ${organizationId}`}, 0))`
}

/** Gives the number of customers made. Writes nothing at all, no audit row either, where there is nothing to say. */
async function applyRows(
  tx: Tx,
  { context, file, reader, options }: Work,
  checked: Checked,
): Promise<number> {
  const { organization } = context
  const { newRows, changes, segments, closing } = checked
  const total = newRows + changes.rows
  if (total === 0) return 0
  const audit = await writeAudit(tx, context, {
    action: 'importInvoices',
    subject: organization.id,
    after: { file: basename(file.path), mapping: options.mapping.name, new: newRows, ...changes },
  })
  let posted = 0
  const onPosted = (rows: number) => {
    posted += rows
    tell(options, 'POSTING', posted / total)
  }
  const customersCreated = await makeCustomers(tx, organization.id, reader.combinations)
  const segmentIds = await makeSegments(tx, organization.id, reader.combinations)
  await postNewInvoices(tx, organization.id, audit, reader.combinations, segmentIds, onPosted)
  const books = { organizationId: organization.id, reader, segments, closing }
  await postChanges(tx, audit, books, dayOf(todayOf(context)), onPosted)
  return customersCreated
}

function reportOf(
  { context, file, reader, options }: Work,
  { read, leftOut, newRows, changes, problems }: Checked,
  isRefused: boolean,
  customersCreated: number,
  rejected: PendingFile | null,
): ImportReport {
  const { rejectedRows, ...listed } = problems
  const { rows: changedRows, ...ways } = changes
  const isUnchanged = newRows + changedRows === 0
  const outcome: ImportOutcome = isRefused
    ? 'REFUSED'
    : rejectedRows > 0
      ? 'PARTLY_IMPORTED'
      : isUnchanged
        ? 'UNCHANGED'
        : 'IMPORTED'
  return {
    outcome,
    organization: context.organization.slug,
    file: file.path,
    mapping: options.mapping.name,
    rows: {
      read,
      leftOut,
      new: newRows,
      changed: changedRows,
      unchanged: read - leftOut - newRows - changedRows - rejectedRows,
      rejected: rejectedRows,
    },
    changes: ways,
    customersCreated,
    ...listed,
    rejectedFile: rejected?.path ?? null,
    unusedColumns: reader.unusedColumns,
  }
}

/** Every step passes here, so this is also where an import can be stopped. */
function tell({ onProgress, signal }: ImportOptions, phase: Progress['phase'], share: number): void {
  signal?.throwIfAborted()
  onProgress?.({ phase, share })
}
