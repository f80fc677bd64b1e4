/**
 * A mapping says how to read somebody else's CSV: which column is what, and in which form. It is data (a JSON file);
 * this page is its schema.
 */
import { readdir, readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import { compileDateFormat, decimalStyles, type DecimalStyle } from './values.ts'

/** A column of the file, found by its name in the header. `optional`: a file without it is fine. */
export type Column = { readonly column: string; readonly optional: boolean }

/** `ignored`: 0042 and 42 are the same number; it is kept as it was first written. */
export type NumberColumn = Column & { readonly leadingZeros: 'significant' | 'ignored' }
export type DateColumn = Column & { readonly format: string }
/** The values that mean yes and no, whatever their case; anything else is a bad row. */
export type FlagColumn = Column & { readonly yes: readonly string[]; readonly no: readonly string[] }
/** What to do with an invoice that is closed but has no settlement date. */
export type ClosedWithoutDate = 'reject' | 'leaveOut' | 'settleOnDueDate'
export type StatusColumn = Column & {
  readonly open: readonly string[]
  readonly closed: readonly string[]
  readonly closedWithoutDate: ClosedWithoutDate
}
export type Text = Column | { readonly constant: string }
export type Days = Column | { readonly constant: number }

export const dimensionFields = ['businessUnit', 'region', 'channel', 'productLine', 'collector'] as const
export type DimensionField = (typeof dimensionFields)[number]

/** Days in the life of an invoice beside those that the ledger counts; all optional. */
export const milestoneFields = ['orderedOn', 'deliveredOn', 'sentOn', 'receivedOn', 'approvedOn'] as const
export type MilestoneField = (typeof milestoneFields)[number]

export type Fields = {
  readonly customerNumber: NumberColumn
  readonly customerName?: Column
  readonly invoiceNumber: NumberColumn
  /** What rows are matched by instead of the invoice number: the invoice's key in the system it comes from. */
  readonly sourceKey?: NumberColumn
  readonly issuedOn: DateColumn
  readonly dueOn?: DateColumn
  /** From the invoice date to the due date, where the row has no due date. */
  readonly termsDays?: Days
  readonly amount: Column
  /** What of the amount is no tax; read of invoices that are new. */
  readonly amountNet?: Column
  readonly currency: Text
  /** The day on which the invoice was paid in full; empty while it is open. */
  readonly settledOn?: DateColumn
  readonly status?: StatusColumn
  readonly disputed?: FlagColumn
} & { readonly [Field in DimensionField]?: Text } & { readonly [Field in MilestoneField]?: DateColumn }

export type FieldName = keyof Fields

/** Leaves out the rows whose value in `column` is, or is not, among the values. */
export type Condition = { readonly column: string } & (
  | { readonly in: readonly string[] }
  | { readonly notIn: readonly string[] }
)

export const delimiters = [',', ';', '\t'] as const
export type Delimiter = (typeof delimiters)[number]

export type Mapping = {
  readonly name: string
  readonly description: string
  /** Undefined: seen from the header. */
  readonly delimiter?: Delimiter
  /** As the Encoding Standard names it, such as utf-8 or windows-1252. */
  readonly encoding: string
  readonly decimalStyle: DecimalStyle
  readonly fields: Fields
  readonly leaveOut: readonly Condition[]
}

const MAPPINGS_FOLDER = fileURLToPath(new URL('./mappings/', import.meta.url))

/** A shipped mapping by its name, or one's own by the path of its `.json` file. */
export async function loadMapping(nameOrPath: string): Promise<Mapping> {
  const isPath = extname(nameOrPath) === '.json'
  const text = await readMapping(isPath ? nameOrPath : `${MAPPINGS_FOLDER}${basename(nameOrPath)}.json`)
  if (text === null) {
    const names = (await readdir(MAPPINGS_FOLDER)).map((file) => basename(file, '.json')).sort()
    throw new OperatorError(
      isPath
        ? `There is no mapping file ${nameOrPath}.`
        : `There is no mapping ${nameOrPath}. Shipped are ${names.join(', ')}; your own is a file whose name ends in .json.`,
    )
  }
  return parseMapping(text, isPath ? nameOrPath : basename(nameOrPath))
}

async function readMapping(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null
    throw new OperatorError(`The mapping file ${path} cannot be read.`, { cause })
  }
}

/** Throws an OperatorError that names every faulty field of the file. */
export function parseMapping(text: string, name: string): Mapping {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : ''
    throw new OperatorError(`Mapping ${name} is not JSON: ${reason}.`, { cause })
  }
  const faults: string[] = []
  const mapping = mappingOf(json, name, faults)
  if (faults.length > 0) throw new OperatorError(`Mapping ${name}: ${faults.join('; ')}.`)
  return mapping
}

/** Every reader below takes a value and the path to it, and adds to the faults what is wrong with it. */
type Faults = string[]

function mappingOf(json: unknown, name: string, faults: Faults): Mapping {
  const file = objectOf(json, '', faults, [
    'description',
    'delimiter',
    'encoding',
    'dateFormat',
    'decimalStyle',
    'fields',
    'leaveOut',
  ])
  const dateFormat = dateFormatOf(file['dateFormat'] ?? 'YYYY-MM-DD', 'dateFormat', faults)
  const delimiter = file['delimiter']
  return {
    name,
    description: file['description'] === undefined ? '' : textOf(file['description'], 'description', faults),
    ...(delimiter !== undefined && { delimiter: choiceOf(delimiter, delimiters, 'delimiter', faults) }),
    encoding: encodingOf(file['encoding'] ?? 'utf-8', faults),
    decimalStyle: choiceOf(file['decimalStyle'] ?? '1,234.50', decimalStyles, 'decimalStyle', faults),
    fields: fieldsOf(file['fields'], dateFormat, faults),
    leaveOut: listOf(file['leaveOut'] ?? [], 'leaveOut', faults).map((condition, index) =>
      conditionOf(condition, `leaveOut[${index}]`, faults),
    ),
  }
}

type ReadField = (value: unknown, path: string, faults: Faults, dateFormat: string) => Fields[FieldName]

const date: ReadField = (value, path, faults, dateFormat) => {
  const field = objectOf(value, path, faults, ['column', 'optional', 'format'])
  const format = field['format'] ?? dateFormat
  return { ...columnOf(field, path, faults), format: dateFormatOf(format, `${path}.format`, faults) }
}

const number: ReadField = (value, path, faults) => {
  const field = objectOf(value, path, faults, ['column', 'optional', 'leadingZeros'])
  const zeros = field['leadingZeros'] ?? 'significant'
  return {
    ...columnOf(field, path, faults),
    leadingZeros: choiceOf(zeros, ['significant', 'ignored'], `${path}.leadingZeros`, faults),
  }
}

const column: ReadField = (value, path, faults) =>
  columnOf(objectOf(value, path, faults, ['column', 'optional']), path, faults)

const text: ReadField = (value, path, faults) => {
  const field = objectOf(value, path, faults, ['column', 'optional', 'constant'])
  if (field['constant'] === undefined) return columnOf(field, path, faults)
  if (field['column'] !== undefined) faults.push(`${path}: has both a column and a constant`)
  return { constant: textOf(field['constant'], `${path}.constant`, faults) }
}

const days: ReadField = (value, path, faults) => {
  const field = objectOf(value, path, faults, ['column', 'optional', 'constant'])
  const { constant } = field
  if (constant === undefined) return columnOf(field, path, faults)
  if (typeof constant === 'number' && Number.isInteger(constant) && constant >= 0 && constant <= 3650) {
    return { constant }
  }
  faults.push(`${path}.constant: must be a whole number of days from 0 to 3650`)
  return { constant: 0 }
}

const flag: ReadField = (value, path, faults) => {
  const field = objectOf(value, path, faults, ['column', 'optional', 'yes', 'no'])
  return {
    ...columnOf(field, path, faults),
    yes: textsOf(field['yes'] ?? ['yes', 'y', 'true', '1'], `${path}.yes`, faults),
    no: textsOf(field['no'] ?? ['no', 'n', 'false', '0', ''], `${path}.no`, faults),
  }
}

const status: ReadField = (value, path, faults) => {
  const field = objectOf(value, path, faults, ['column', 'optional', 'open', 'closed', 'closedWithoutDate'])
  return {
    ...columnOf(field, path, faults),
    open: textsOf(field['open'], `${path}.open`, faults),
    closed: textsOf(field['closed'], `${path}.closed`, faults),
    closedWithoutDate: choiceOf<ClosedWithoutDate>(
      field['closedWithoutDate'] ?? 'reject',
      ['reject', 'leaveOut', 'settleOnDueDate'],
      `${path}.closedWithoutDate`,
      faults,
    ),
  }
}

const fieldReaders: Readonly<Record<FieldName, ReadField>> = {
  customerNumber: number,
  customerName: column,
  invoiceNumber: number,
  sourceKey: number,
  issuedOn: date,
  dueOn: date,
  termsDays: days,
  amount: column,
  amountNet: column,
  currency: text,
  settledOn: date,
  status,
  disputed: flag,
  businessUnit: text,
  region: text,
  channel: text,
  productLine: text,
  collector: text,
  orderedOn: date,
  deliveredOn: date,
  sentOn: date,
  receivedOn: date,
  approvedOn: date,
}

const requiredFields = ['customerNumber', 'invoiceNumber', 'issuedOn', 'amount', 'currency'] as const

function fieldsOf(json: unknown, dateFormat: string, faults: Faults): Fields {
  const names = Object.keys(fieldReaders) as FieldName[]
  const file = objectOf(json, 'fields', faults, names)
  const present = names.filter((name) => file[name] !== undefined)
  const fields = present.map((name) => [
    name,
    fieldReaders[name](file[name], `fields.${name}`, faults, dateFormat),
  ])
  for (const name of requiredFields) if (!present.includes(name)) faults.push(`fields.${name}: is missing`)
  if (!present.includes('dueOn') && !present.includes('termsDays')) {
    faults.push('fields: needs dueOn, termsDays or both')
  }
  // What is missing is among the faults, so that nobody gets to see this object then.
  return Object.fromEntries(fields) as Fields
}

function conditionOf(json: unknown, path: string, faults: Faults): Condition {
  const condition = objectOf(json, path, faults, ['column', 'in', 'notIn'])
  const column = textOf(condition['column'], `${path}.column`, faults)
  if ((condition['in'] === undefined) === (condition['notIn'] === undefined)) {
    faults.push(`${path}: needs either "in" or "notIn"`)
  }
  return condition['in'] === undefined
    ? { column, notIn: textsOf(condition['notIn'] ?? [], `${path}.notIn`, faults) }
    : { column, in: textsOf(condition['in'], `${path}.in`, faults) }
}

function columnOf(field: Readonly<Record<string, unknown>>, path: string, faults: Faults): Column {
  const { optional = false } = field
  if (typeof optional !== 'boolean') faults.push(`${path}.optional: must be true or false`)
  return { column: textOf(field['column'], `${path}.column`, faults), optional: optional === true }
}

function objectOf(
  json: unknown,
  path: string,
  faults: Faults,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  const where = path === '' ? '' : `${path}: `
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    faults.push(`${where}must be an object`)
    return {}
  }
  const unknown = Object.keys(json).filter((key) => !known.includes(key))
  if (unknown.length > 0)
    faults.push(`${where}does not know ${unknown.join(', ')}; known are ${known.join(', ')}`)
  return json as Readonly<Record<string, unknown>>
}

function listOf(json: unknown, path: string, faults: Faults): readonly unknown[] {
  if (Array.isArray(json)) return json
  faults.push(`${path}: must be a list`)
  return []
}

const textsOf = (json: unknown, path: string, faults: Faults): readonly string[] =>
  listOf(json, path, faults).map((item, index) => {
    if (typeof item === 'string') return item
    faults.push(`${path}[${index}]: must be text`)
    return ''
  })

function textOf(json: unknown, path: string, faults: Faults): string {
  if (typeof json === 'string' && json.trim() !== '') return json
  faults.push(`${path}: must be text`)
  return ''
}

function choiceOf<T extends string>(
  json: unknown,
  choices: readonly [T, ...T[]],
  path: string,
  faults: Faults,
): T {
  const chosen = choices.find((choice) => choice === json)
  if (chosen === undefined)
    faults.push(`${path}: must be ${choices.map((choice) => JSON.stringify(choice)).join(' or ')}`)
  return chosen ?? choices[0]
}

function dateFormatOf(json: unknown, path: string, faults: Faults): string {
  if (typeof json === 'string' && compileDateFormat(json) !== null) return json
  faults.push(
    `${path}: must be made of YYYY, MM or M, and DD or D, such as YYYY-MM-DD, M/D/YYYY, DD-MM-YYYY or YYYYMMDD`,
  )
  return 'YYYY-MM-DD'
}

function encodingOf(json: unknown, faults: Faults): string {
  try {
    return new TextDecoder(String(json)).encoding
  } catch {
    faults.push(
      `encoding: ${JSON.stringify(json)} is no known encoding; use utf-8 or windows-1252, for example`,
    )
    return 'utf-8'
  }
}
