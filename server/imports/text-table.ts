/** A CSV that came as text in a request: its columns by name, its lines as they are. */
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import { invalid, isProblem, type Problem } from '../problem.ts'
import { delimiterOf } from './csv.ts'
import { createRecordCutter, type CsvRecord } from './records.ts'

export type TextTable<Column extends string> = {
  readonly records: readonly CsvRecord[]
  /** What a line has in a column, without outer spaces; empty where the file lacks the column. */
  readonly cell: (record: CsvRecord, column: Column) => string
  readonly unusedColumns: readonly string[]
}

type Columns<Column extends string> = {
  readonly required: readonly Column[]
  readonly optional: readonly Column[]
  readonly linesMax: number
}

/** Names of columns are compared without regard to case. Problems are of the field `csv`. */
export function readTextTable<Column extends string>(
  text: string,
  { required, optional, linesMax }: Columns<Column>,
): TextTable<Column> | Problem {
  const records = cut(text)
  if (isProblem(records)) return records
  const [header, ...lines] = records
  if (header === undefined) return invalid(['csv'], 'The file is empty')
  const columns: readonly Column[] = [...required, ...optional]
  const names = header.values.map((name) => name.trim().toLowerCase())
  const missing = required.filter((column) => !names.includes(column))
  if (missing.length > 0) {
    const told = `The header lacks ${missing.join(' and ')}; it has: ${names.join(', ')}. Other columns: ${optional.join(', ')}`
    return invalid(['csv'], told.slice(0, 1_000))
  }
  const twice = columns.find((column) => names.indexOf(column) !== names.lastIndexOf(column))
  if (twice !== undefined) return invalid(['csv'], `The header has the column ${twice} twice`)
  if (lines.length === 0) return invalid(['csv'], 'The file has no line below its header')
  if (lines.length > linesMax)
    return invalid(['csv'], `The file has ${lines.length} lines; at most ${linesMax} are taken at once`)
  const isUsed = (name: string) => (columns as readonly string[]).includes(name)
  return {
    records: lines,
    cell: ({ values }, column) => values[names.indexOf(column)]?.trim() ?? '',
    unusedColumns: names.filter((name) => name !== '' && !isUsed(name)),
  }
}

function cut(text: string): CsvRecord[] | Problem {
  // A spreadsheet puts a mark of its encoding before everything.
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text
  const cutter = createRecordCutter('The file', delimiterOf(plain.slice(0, 10_000)))
  try {
    return [...cutter.push(plain), ...cutter.end()]
  } catch (error) {
    if (error instanceof OperatorError) return invalid(['csv'], error.message)
    throw error
  }
}
