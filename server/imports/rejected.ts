/** The file beside the file: every rejected row as it was, with its reasons. */
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { CsvFile } from './csv.ts'
import { inBatches } from './cursor.ts'
import type { Delimiter } from './mapping.ts'
import { PROBLEMS_LISTED_MAX, type Problem } from './report.ts'

export type Problems = {
  readonly rejectedRows: number
  readonly problemCount: number
  /** The first of them, by line. */
  readonly problems: readonly Problem[]
}

export async function readProblems(tx: Tx): Promise<Problems> {
  const [counts] = await tx.sql<{ rows: number; problems: number }[]>`
    select count(distinct line)::int as rows, count(*)::int as problems from import_problem`
  const problems = await tx.sql<Problem[]>`
    select line, "column", reason from import_problem order by line, "column", reason limit ${PROBLEMS_LISTED_MAX}`
  return { rejectedRows: counts?.rows ?? 0, problemCount: counts?.problems ?? 0, problems: [...problems] }
}

/** A file that is written but not yet in its place. */
export type PendingFile = {
  readonly path: string
  keep(): Promise<void>
  /** Does nothing once it is kept. */
  discard(): Promise<void>
}

/** Writes the rejected rows: the columns of the file and a last one, `reason`. Reads the file once more for it. */
export async function writeRejected(tx: Tx, file: CsvFile, path: string): Promise<PendingFile> {
  const pending = `${path}.part`
  try {
    await pipeline(Readable.from(rejectedLines(tx, file)), createWriteStream(pending))
  } catch (cause) {
    await rm(pending, { force: true })
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    if (!/^E[A-Z]+$/.test(code)) throw cause
    throw new OperatorError(
      `The rejected rows cannot be written to ${path} (${code}). Name another file with --rejected.`,
      { cause },
    )
  }
  return {
    path,
    keep: () => rename(pending, path),
    discard: () => rm(pending, { force: true }),
  }
}

const LINES_PER_FETCH = 10_000

async function* rejectedLines(tx: Tx, file: CsvFile): AsyncGenerator<string> {
  const { delimiter } = file
  yield csvLine([...file.header, 'reason'], delimiter)
  const problems = reasonsByLine(tx)
  let next = await problems.next()
  for await (const records of file.records()) {
    let text = ''
    for (const { line, values } of records) {
      if (next.done === true) break
      if (line !== next.value.line) continue
      text += csvLine([...values, next.value.reason], delimiter)
      next = await problems.next()
    }
    if (text !== '') yield text
  }
}

type Reason = { readonly line: number; readonly reason: string }

async function* reasonsByLine(tx: Tx): AsyncGenerator<Reason> {
  const query = tx.sql`
    select line,
      string_agg(case "column" when '' then reason else "column" || ': ' || reason end, '; ' order by "column") as reason
    from import_problem group by line order by line`
  for await (const reasons of inBatches<Reason>(tx, 'import_rejected', query, LINES_PER_FETCH)) yield* reasons
}

const csvLine = (values: readonly string[], delimiter: Delimiter): string =>
  `${values.map((value) => csvCell(value, delimiter)).join(delimiter)}\n`

const csvCell = (value: string, delimiter: Delimiter): string =>
  value.includes('"') || value.includes('\n') || value.includes('\r') || value.includes(delimiter)
    ? `"${value.replaceAll('"', '""')}"`
    : value
