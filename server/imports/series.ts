/** What rates and metric values have in common: a small CSV of dated numbers, imported as a whole or not at all. */
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { basename } from 'node:path'
import type { CommandContext } from '../command.ts'
import { writeAudit } from '../ledger/audit.ts'
import { openCsv } from './csv.ts'
import type { CsvRecord } from './records.ts'
import { PROBLEMS_LISTED_MAX, type Problem } from './report.ts'

export type SeriesReport = {
  readonly outcome: 'IMPORTED' | 'UNCHANGED' | 'REFUSED'
  readonly organization: string
  readonly file: string
  readonly rows: {
    readonly read: number
    readonly new: number
    readonly changed: number
    readonly unchanged: number
    readonly rejected: number
  }
  readonly problemCount: number
  /** The first of them, by line. */
  readonly problems: readonly Problem[]
}

type Written = { readonly inserted: number; readonly updated: number }

/** A kind of numbers. */
export type Series<Row, Column extends string> = {
  /** As a sentence begins, such as "Rates". */
  readonly name: string
  /** In the audit. */
  readonly action: string
  readonly columns: readonly Column[]
  readonly optional: readonly Column[]
  /**
   * Reads a row's cells; an empty one or one whose column is missing is ''. Tells `reject` whatever is wrong. Null where
   * something was.
   */
  readonly read: (cells: Readonly<Record<Column, string>>, reject: Reject<Column>) => Row | null
  /** What a file has once, in words, and the column that says so. */
  readonly keyOf: (cells: Readonly<Record<Column, string>>) => {
    readonly key: string
    readonly column: Column
  }
  readonly append: (tx: Tx, organizationId: string, rows: readonly Row[]) => Promise<Written>
}

export type Reject<Column extends string> = (column: Column, reason: string) => void

/** Thirty currencies over thirty years are less than this. */
const ROWS_MAX = 500_000

/** Writes the rows of the file, or nothing at all where one is bad. Throws an OperatorError where file or header is at fault. */
export async function importSeries<Row, Column extends string>(
  context: CommandContext,
  path: string,
  series: Series<Row, Column>,
  { dryRun }: { readonly dryRun: boolean },
): Promise<SeriesReport> {
  const { rows, problems } = await readSeries(path, series)
  const isRefused = problems.length > 0
  const { inserted, updated } = isRefused
    ? { inserted: 0, updated: 0 }
    : await writeSeries(context, path, series, rows, dryRun)
  const isChanged = inserted + updated > 0
  if (isChanged && !dryRun) context.posted()
  const rejected = new Set(problems.map(({ line }) => line)).size
  return {
    outcome: isRefused ? 'REFUSED' : isChanged ? 'IMPORTED' : 'UNCHANGED',
    organization: context.organization.slug,
    file: path,
    rows: {
      read: rows.length + rejected,
      new: inserted,
      changed: updated,
      unchanged: isRefused ? 0 : rows.length - inserted - updated,
      rejected,
    },
    problemCount: problems.length,
    problems: problems.slice(0, PROBLEMS_LISTED_MAX),
  }
}

async function readSeries<Row, Column extends string>(
  path: string,
  { name, columns, optional, read, keyOf }: Series<Row, Column>,
): Promise<{ rows: Row[]; problems: Problem[] }> {
  const file = await openCsv(path, { encoding: 'utf-8' })
  if (columns.some((column) => !file.header.includes(column))) {
    const are = optional.length === 1 ? 'is' : 'are'
    throw new OperatorError(
      `${name} need the columns ${list(columns)}; ${list(optional)} ${are} optional. ${path} has: ${file.header.join(', ')}.`,
    )
  }
  const places = [...columns, ...optional].map((column) => [column, file.header.indexOf(column)] as const)
  const rows: Row[] = []
  const problems: Problem[] = []
  const lines = new Map<string, number>()

  const readRow = ({ line, values, fault }: CsvRecord) => {
    const cells = Object.fromEntries(
      places.map(([column, place]) => [column, (values[place] ?? '').trim()]),
    ) as Record<Column, string>
    const found: Problem[] = []
    const reject = (column: string, reason: string) => found.push({ line, column, reason })
    if (fault !== undefined) reject('', fault)
    const row = read(cells, reject)
    const { key, column } = keyOf(cells)
    const earlier = lines.get(key)
    if (earlier !== undefined) reject(column, `${key} is already on line ${earlier}`)
    lines.set(key, earlier ?? line)
    if (found.length > 0 || row === null) problems.push(...found)
    else rows.push(row)
  }
  for await (const records of file.records()) {
    for (const record of records) readRow(record)
    if (rows.length > ROWS_MAX) throw new OperatorError(`${path} has more than ${ROWS_MAX} rows: split it.`)
  }
  return { rows, problems }
}

const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`

async function writeSeries<Row, Column extends string>(
  context: CommandContext,
  path: string,
  { action, append }: Series<Row, Column>,
  rows: readonly Row[],
  dryRun: boolean,
): Promise<Written> {
  const { connection, organization } = context
  const transaction = { organizationId: organization.id, mode: 'write', timeoutMs: null } as const
  try {
    return await inTransaction(connection, transaction, async (tx) => {
      const written = await append(tx, organization.id, rows)
      if (written.inserted + written.updated > 0) {
        await writeAudit(tx, context, {
          action,
          subject: organization.id,
          after: { file: basename(path), ...written },
        })
      }
      if (dryRun) throw new Undo(written)
      return written
    })
  } catch (error) {
    if (error instanceof Undo) return error.written
    throw error
  }
}

/** Carries the counts out of a dry run. */
class Undo extends Error {
  readonly written: Written
  constructor(written: Written) {
    super('The import was undone on purpose')
    this.written = written
  }
}
