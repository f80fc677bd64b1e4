/** Where the columns that a mapping names stand in the file. */
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import type { FieldName, Fields, Mapping } from './mapping.ts'

export type Header = {
  readonly width: number
  /** The cell of a field; undefined where the field has none in this file. */
  readonly indexOf: (field: FieldName) => number | undefined
  /** The file's name for a field, for messages. */
  readonly columnOf: (field: FieldName) => string
  /** The mapped fields that this file has; it says nothing about the others. */
  readonly present: ReadonlySet<FieldName>
  readonly unusedColumns: readonly string[]
  /** Whether a condition of the mapping leaves the row out. */
  readonly isLeftOut: (values: readonly string[]) => boolean
}

/** Throws an OperatorError where the file lacks a column that the mapping needs, or has it twice. */
export function findColumns(mapping: Mapping, names: readonly string[]): Header {
  const { fields, leaveOut } = mapping
  const wanted = [
    ...Object.entries(fields).flatMap(([field, source]) =>
      'column' in source ? [{ ...source, wantedBy: `fields.${field}` }] : [],
    ),
    ...leaveOut.map(({ column }) => ({ column, optional: false, wantedBy: 'leaveOut' })),
  ]
  checkColumns(mapping, wanted, names)
  const indexes = new Map(
    wanted.flatMap(({ column }) => (names.includes(column) ? [[column, names.indexOf(column)]] : [])),
  )

  const sourceOf = (field: FieldName): Fields[FieldName] => fields[field]
  const indexOf = (field: FieldName) => {
    const source = sourceOf(field)
    return source !== undefined && 'column' in source ? indexes.get(source.column) : undefined
  }
  const columnOf = (field: FieldName) => {
    const source = sourceOf(field)
    return source !== undefined && 'column' in source ? source.column : field
  }
  const isPresent = (field: FieldName) => {
    const source = sourceOf(field)
    return source !== undefined && ('constant' in source || indexOf(field) !== undefined)
  }
  const present = new Set((Object.keys(fields) as FieldName[]).filter(isPresent))
  if (!present.has('dueOn') && !present.has('termsDays')) {
    throw new OperatorError(
      `The file has neither due dates (${columnOf('dueOn')}) nor terms (${columnOf('termsDays')}): an invoice needs one of them.`,
    )
  }
  const conditions = leaveOut.map((condition) => {
    const index = indexes.get(condition.column) ?? 0
    const isIn = 'in' in condition
    const values = new Set(isIn ? condition.in : condition.notIn)
    return (cells: readonly string[]) => values.has((cells[index] ?? '').trim()) === isIn
  })
  const used = new Set(indexes.values())
  return {
    width: names.length,
    indexOf,
    columnOf,
    present,
    unusedColumns: names.filter((_, index) => !used.has(index)),
    isLeftOut: (values) => conditions.some((holds) => holds(values)),
  }
}

type Wanted = { readonly column: string; readonly optional: boolean; readonly wantedBy: string }

function checkColumns(mapping: Mapping, wanted: readonly Wanted[], names: readonly string[]): void {
  const missing = wanted.filter(({ column, optional }) => !optional && !names.includes(column))
  if (missing.length > 0) {
    const list = missing.map(({ column, wantedBy }) => `"${column}" (${wantedBy})`).join(', ')
    throw new OperatorError(
      `The file lacks ${missing.length === 1 ? 'the column' : 'the columns'} ${list} of mapping ${mapping.name}. It has: ${names.join(', ')}.`,
    )
  }
  const twice = wanted.find(({ column }) => names.indexOf(column) !== names.lastIndexOf(column))
  if (twice !== undefined) throw new OperatorError(`The file has the column "${twice.column}" twice.`)
}
