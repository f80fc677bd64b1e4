/**
 * The temporary table that an import works on. COPY is refused on tables with row-level security, so rows are copied
 * to where the books are not, checked there all at once, and only then posted.
 */
import { finished } from 'node:stream/promises'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { formatDay, type Day } from '../domain/day.ts'
import type { CsvFile, ReadProgress } from './csv.ts'
import type { RowProblem } from './cells.ts'
import type { Row, RowReader } from './rows.ts'

/** How many rows of the file there were, and how many the mapping left out. */
export type Staged = { readonly rows: number; readonly leftOut: number }

/** About half a megabyte of text: enough to be fast, little enough to be forgotten soon. */
const ROWS_PER_COPY = 2_500

/**
 * Reads the file into `import_row`, and what is wrong with it into `import_problem`. The next piece of the file is
 * parsed while PostgreSQL takes in the last one.
 */
export async function stageRows(
  tx: Tx,
  file: CsvFile,
  reader: RowReader,
  onProgress: ReadProgress,
): Promise<Staged> {
  await createTables(tx)
  let rows = 0
  let leftOut = 0
  let lines: string[] = []
  let problems: RowProblem[] = []
  let written = Promise.resolve()
  // The driver cannot tell a COPY's data from the next statement, so each waits for the one before.
  const flush = async () => {
    await written
    const [copied, found] = [lines, problems]
    lines = []
    problems = []
    written = copyRows(tx, copied).then(() => addProblems(tx, found))
    // Awaited above, or below: until then a failure is nobody's.
    written.catch(() => {})
  }

  for await (const records of file.records(onProgress)) {
    for (const record of records) {
      rows += 1
      const outcome = reader.read(record)
      if (outcome === 'LEFT_OUT') leftOut += 1
      else if ('key' in outcome) lines.push(copyLineOf(outcome))
      else problems.push(...outcome)
    }
    if (lines.length >= ROWS_PER_COPY || problems.length >= ROWS_PER_COPY) await flush()
  }
  await flush()
  await written
  // Without statistics the planner takes the table for a small one.
  await tx.sql`analyze import_row`
  return { rows, leftOut }
}

/** Both are gone with the transaction. */
async function createTables(tx: Tx): Promise<void> {
  await tx.sql`
    create temporary table import_row (
      line int not null, key text not null, number text not null, source_key text,
      customer_key text not null, customer_number text not null, customer_name text,
      combination int not null, amount bigint not null, tax bigint,
      issued_on date not null, due_on date not null, due_derived bool not null, terms_days int,
      settled_on date, disputed bool not null,
      ordered_on date, delivered_on date, sent_on date, received_on date, approved_on date
    ) on commit drop`
  await tx.sql`
    create temporary table import_problem (
      line int not null, "column" text not null, reason text not null
    ) on commit drop`
}

/** In the order of the columns of `import_row`. */
const copyLineOf = (row: Row): string =>
  `${row.line}\t${copyText(row.key)}\t${copyText(row.number)}\t${copyText(row.sourceKey)}\t${copyText(
    row.customerKey,
  )}\t${copyText(row.customerNumber)}\t${copyText(row.customerName)}\t${row.combination}\t${row.amount}\t${row.tax ?? NULL}\t${copyDay(
    row.issuedOn,
  )}\t${copyDay(row.dueOn)}\t${row.dueDerived}\t${row.termsDays ?? NULL}\t${copyDay(row.settledOn)}\t${
    row.disputed
  }\t${copyDay(row.orderedOn)}\t${copyDay(row.deliveredOn)}\t${copyDay(row.sentOn)}\t${copyDay(
    row.receivedOn,
  )}\t${copyDay(row.approvedOn)}\n`

const NULL = String.raw`\N`

/** Texts were cleaned of tabs and line breaks when they were read. */
const copyText = (text: string | null): string =>
  text === null ? NULL : text.includes('\\') ? text.replaceAll('\\', String.raw`\\`) : text

const copyDay = (day: Day | null): string => (day === null ? NULL : formatDay(day))

async function copyRows(tx: Tx, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return
  const stream = await tx.sql`copy import_row from stdin`.writable()
  stream.end(lines.join(''))
  await finished(stream)
}

export async function addProblems(tx: Tx, problems: readonly RowProblem[]): Promise<void> {
  if (problems.length === 0) return
  await tx.sql`
    insert into import_problem (line, "column", reason)
    select * from unnest(
      ${arrayOf(problems.map((problem) => problem.line))}::int[],
      ${arrayOf(problems.map((problem) => problem.column))}::text[],
      ${arrayOf(problems.map((problem) => problem.reason))}::text[])`
}

/** Takes the rows that have problems out of what will be posted. */
export async function dropProblemRows(tx: Tx): Promise<void> {
  await tx.sql`delete from import_row using import_problem where import_row.line = import_problem.line`
}
