/** From a record of the file to a row that the books can take, by the mapping; or what is wrong with it. */
import { formatDay, type Day } from '../domain/day.ts'
import { currencyDigits, isCurrency, parseMinor } from '../domain/money.ts'
import {
  dimensionFields,
  milestoneFields,
  type Condition,
  type FieldName,
  type Fields,
  type FlagColumn,
  type Mapping,
  type MilestoneField,
  type StatusColumn,
} from './mapping.ts'
import type { CsvRecord } from './records.ts'
import { compileDateFormat, ownText, plainDecimal, withoutLeadingZeros } from './values.ts'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'

/** What is wrong with one row of the file; `column` is the file's own name for it. */
export type RowProblem = { readonly line: number; readonly column: string; readonly reason: string }

/** The currency and the dimensions of a row. They repeat, so a row carries only the index of its combination. */
export type Combination = {
  readonly currency: string
  readonly businessUnit: string | null
  readonly region: string | null
  readonly channel: string | null
  readonly productLine: string | null
  readonly collector: string | null
}

/** A row as its invoice would stand in the books. */
export type Row = Milestones & {
  readonly line: number
  /** What it is matched by: equal keys are the same invoice. */
  readonly key: string
  readonly number: string
  readonly sourceKey: string | null
  readonly customerKey: string
  readonly customerNumber: string
  readonly customerName: string | null
  readonly combination: number
  /** Minor units. */
  readonly amount: bigint
  readonly issuedOn: Day
  readonly dueOn: Day
  readonly dueDerived: boolean
  readonly termsDays: number | null
  readonly settledOn: Day | null
  readonly disputed: boolean
}

export type Milestones = { readonly [Field in MilestoneField]: Day | null }

export type RowReader = {
  /** The mapped fields that this file has; the others say nothing about what is already in the books. */
  readonly present: ReadonlySet<FieldName>
  readonly combinations: readonly Combination[]
  readonly unusedColumns: readonly string[]
  /** The file's name for a field, for messages. */
  columnOf(field: FieldName): string
  read(record: CsvRecord): Row | 'LEFT_OUT' | readonly RowProblem[]
}

const TEXT_LENGTH_MAX = 200
/** An amount times the days of a decade still fits 64 bits. */
const MINOR_MAX = 10n ** 15n
const TERMS_DAYS_MAX = 3650

/**
 * Reads rows by the mapping. Throws an OperatorError where the header lacks a column that the mapping names.
 * @param today the organization's: nothing that happened can be later
 */
export function createRowReader(mapping: Mapping, header: readonly string[], today: Day): RowReader {
  const { fields } = mapping
  const indexes = columnIndexes(mapping, header)
  const indexOf = (source: Fields[FieldName]) =>
    source !== undefined && 'column' in source ? indexes.get(source.column) : undefined
  const isPresent = (field: FieldName) => {
    const source = fields[field]
    return source !== undefined && ('constant' in source || indexOf(source) !== undefined)
  }
  const present = new Set((Object.keys(fields) as FieldName[]).filter(isPresent))
  if (!present.has('dueOn') && !present.has('termsDays')) {
    throw new OperatorError(
      `The file has neither due dates nor terms (${[fields.dueOn, fields.termsDays].flatMap((field) => (field !== undefined && 'column' in field ? [field.column] : [])).join(', ')}): an invoice needs one of them.`,
    )
  }
  const isLeftOut = leaveOutOf(mapping.leaveOut, indexes)
  const combinations = internCombinations()

  // Of the row in hand. Reading a row makes as little as possible: there may be millions.
  let record: CsvRecord = { line: 0, values: [] }
  let problems: RowProblem[] = []

  const columnOf = (field: FieldName): string => {
    const source = fields[field]
    return source !== undefined && 'column' in source ? source.column : field
  }
  const reject = (field: FieldName, reason: string) => {
    problems.push({ line: record.line, column: columnOf(field), reason })
    return null
  }

  /** A field's cell; the empty text where the file has none. */
  const cellOf = (field: FieldName): (() => string) => {
    const source = fields[field]
    if (source !== undefined && 'constant' in source) {
      const constant = String(source.constant)
      return () => constant
    }
    const index = indexOf(source)
    return index === undefined ? () => '' : () => (record.values[index] ?? '').trim()
  }

  /** Null where it is empty or faulty; the latter is a problem of the row. */
  const textOf = (field: FieldName): (() => string | null) => {
    const cell = cellOf(field)
    return () => {
      const written = cell()
      if (written === '') return null
      const text = /\s/.test(written) ? written.replaceAll(/\s+/g, ' ') : written
      if (text.length > TEXT_LENGTH_MAX) return reject(field, `is longer than ${TEXT_LENGTH_MAX} characters`)
      return /\p{Cc}/u.test(text) ? reject(field, 'has a character that cannot be printed') : text
    }
  }

  const numberOf = (field: 'customerNumber' | 'invoiceNumber' | 'sourceKey') => {
    const text = textOf(field)
    const ignoresZeros = fields[field]?.leadingZeros === 'ignored'
    return () => {
      const before = problems.length
      const number = text() ?? (problems.length === before ? (reject(field, 'is empty') ?? '') : '')
      return { number, key: ignoresZeros ? withoutLeadingZeros(number) : number }
    }
  }

  const dayOf = (field: 'issuedOn' | 'dueOn' | 'settledOn' | MilestoneField): (() => Day | null) => {
    const source = fields[field]
    const parse = source === undefined ? null : compileDateFormat(source.format)
    const cell = cellOf(field)
    return () => {
      const text = cell()
      if (text === '' || source === undefined || parse === null) return null
      const day = parse(text)
      if (day === null) return reject(field, `${quoted(text)} is no date like ${source.format}`)
      if (day > today && field !== 'dueOn') {
        return reject(field, `${formatDay(day)} is in the future: today is ${formatDay(today)}`)
      }
      return day
    }
  }

  const currencyCell = cellOf('currency')
  const readCurrency = () => {
    const code = currencyCell().toUpperCase()
    if (isCurrency(code)) return code
    return reject('currency', code === '' ? 'is empty' : `${quoted(code)} is no currency`)
  }
  if ('constant' in fields.currency && readCurrency() === null) {
    throw new OperatorError(
      `Mapping ${mapping.name}: fields.currency.constant: ${problems[0]?.reason ?? ''}.`,
    )
  }

  const amountCell = cellOf('amount')
  const readAmount = (currency: string) => {
    const text = amountCell()
    if (text === '') return reject('amount', 'is empty')
    const plain = plainDecimal(text, mapping.decimalStyle)
    if (plain === null)
      return reject('amount', `${quoted(text)} is no amount in the style ${mapping.decimalStyle}`)
    const minor = parseMinor(plain, currency)
    if (minor === null || minor > MINOR_MAX) {
      const digits = currencyDigits(currency)
      const tooPrecise = /\.\d*[1-9]/.test(plain) && plain.length < 18
      return reject(
        'amount',
        tooPrecise ? `${text} has more decimals than ${currency} (${digits})` : `${text} is too large`,
      )
    }
    return minor > 0n ? minor : reject('amount', `${text} is not more than 0`)
  }

  const termsCell = cellOf('termsDays')
  const readTerms = () => {
    const text = termsCell()
    if (text === '') return null
    const days = /^\d+(?:\.0+)?$/.test(text) ? Number(text) : NaN
    return days <= TERMS_DAYS_MAX ? days : reject('termsDays', `${quoted(text)} is no number of days`)
  }

  const readDisputed = flagOf(fields.disputed, cellOf('disputed'), (reason) => reject('disputed', reason))
  const readStatus = statusOf(fields.status, cellOf('status'), (reason) => reject('status', reason))
  const readCustomerNumber = numberOf('customerNumber')
  const readInvoiceNumber = numberOf('invoiceNumber')
  const readSourceKey = fields.sourceKey === undefined ? null : numberOf('sourceKey')
  const readCustomerName = textOf('customerName')
  const readDimensions = dimensionFields.map(textOf)
  const readIssuedOn = dayOf('issuedOn')
  const readDueOn = dayOf('dueOn')
  const readSettledOn = dayOf('settledOn')
  const readMilestones = milestoneFields.map(dayOf)

  const read = (next: CsvRecord): Row | 'LEFT_OUT' | readonly RowProblem[] => {
    record = next
    problems = []
    if (record.fault !== undefined) return [{ line: record.line, column: '', reason: record.fault }]
    if (record.values.length !== header.length) {
      const cells = record.values.length
      return [
        { line: record.line, column: '', reason: `has ${cells} cells where the header has ${header.length}` },
      ]
    }
    if (isLeftOut(record.values)) return 'LEFT_OUT'

    const customer = readCustomerNumber()
    const invoice = readInvoiceNumber()
    const source = readSourceKey?.() ?? null
    const customerName = readCustomerName()
    const dimensions = readDimensions.map((dimension) => dimension())
    const milestones = readMilestones.map((milestone) => milestone())
    const currency = readCurrency()
    const amount = currency === null ? null : readAmount(currency)
    const termsDays = readTerms()
    const disputed = readDisputed()

    const beforeDates = problems.length
    const issuedOn = readIssuedOn()
    const issuedIsEmpty = issuedOn === null && problems.length === beforeDates
    if (issuedIsEmpty) reject('issuedOn', 'is empty')
    const beforeDue = problems.length
    const writtenDueOn = readDueOn()
    const dueOn = writtenDueOn ?? (issuedOn !== null && termsDays !== null ? issuedOn + termsDays : null)
    if (dueOn === null && problems.length === beforeDue && termsDays === null) {
      reject(
        present.has('dueOn') ? 'dueOn' : 'termsDays',
        'is empty, and there are no terms to make a due date from',
      )
    }

    const beforeSettled = problems.length
    const writtenSettledOn = readSettledOn()
    let settledOn = writtenSettledOn
    if (problems.length === beforeSettled) {
      const status = readStatus()
      if (status === 'OPEN' && settledOn !== null) {
        reject('status', `says open, yet the invoice was settled on ${formatDay(settledOn)}`)
      }
      if (status === 'CLOSED' && settledOn === null) {
        const policy = fields.status?.closedWithoutDate
        if (policy === 'leaveOut') return 'LEFT_OUT'
        if (policy === 'settleOnDueDate' && dueOn !== null) settledOn = Math.min(dueOn, today)
        else reject('status', 'says closed, but there is no settlement date')
      }
    }

    if (problems.length > 0 || currency === null || amount === null || issuedOn === null || dueOn === null) {
      return problems
    }
    return {
      line: record.line,
      key: source?.key ?? invoice.key,
      number: invoice.number,
      sourceKey: source?.number ?? null,
      customerKey: customer.key,
      customerNumber: customer.number,
      customerName,
      combination: combinations.indexOf(currency, dimensions),
      amount,
      issuedOn,
      dueOn,
      dueDerived: writtenDueOn === null,
      termsDays,
      settledOn,
      disputed,
      orderedOn: milestones[0] ?? null,
      deliveredOn: milestones[1] ?? null,
      sentOn: milestones[2] ?? null,
      receivedOn: milestones[3] ?? null,
      approvedOn: milestones[4] ?? null,
    }
  }

  const used = new Set(indexes.values())
  return {
    present,
    combinations: combinations.all,
    unusedColumns: header.filter((_, index) => !used.has(index)),
    columnOf,
    read,
  }
}

/** Where each column that the mapping names stands in the header. */
function columnIndexes(mapping: Mapping, header: readonly string[]): ReadonlyMap<string, number> {
  const wanted = [
    ...Object.entries(mapping.fields).flatMap(([field, source]) =>
      'column' in source ? [{ ...source, wantedBy: `fields.${field}` }] : [],
    ),
    ...mapping.leaveOut.map(({ column }) => ({ column, optional: false, wantedBy: 'leaveOut' })),
  ]
  const missing = wanted.filter(({ column, optional }) => !optional && !header.includes(column))
  if (missing.length > 0) {
    const names = missing.map(({ column, wantedBy }) => `${quoted(column)} (${wantedBy})`).join(', ')
    throw new OperatorError(
      `The file lacks ${missing.length === 1 ? 'the column' : 'the columns'} ${names} of mapping ${mapping.name}. It has: ${header.join(', ')}.`,
    )
  }
  const twice = wanted.find(({ column }) => header.indexOf(column) !== header.lastIndexOf(column))
  if (twice !== undefined) throw new OperatorError(`The file has the column ${quoted(twice.column)} twice.`)
  return new Map(
    wanted.flatMap(({ column }) => (header.includes(column) ? [[column, header.indexOf(column)]] : [])),
  )
}

function leaveOutOf(conditions: readonly Condition[], indexes: ReadonlyMap<string, number>) {
  const tests = conditions.map((condition) => {
    const index = indexes.get(condition.column) ?? 0
    const isIn = 'in' in condition
    const values = new Set(isIn ? condition.in : condition.notIn)
    return (cells: readonly string[]) => values.has((cells[index] ?? '').trim()) === isIn
  })
  return (cells: readonly string[]) => tests.some((test) => test(cells))
}

function flagOf(source: FlagColumn | undefined, cell: () => string, reject: (reason: string) => null) {
  const yes = lowered(source?.yes ?? [])
  const no = lowered(source?.no ?? [])
  return () => {
    if (source === undefined) return false
    const value = cell().toLowerCase()
    if (yes.has(value)) return true
    // A file without the optional column says the same as empty cells.
    if (!no.has(value) && value !== '')
      reject(`${quoted(value)} is neither yes (${[...yes].join(', ')}) nor no`)
    return false
  }
}

function statusOf(source: StatusColumn | undefined, cell: () => string, reject: (reason: string) => null) {
  const open = lowered(source?.open ?? [])
  const closed = lowered(source?.closed ?? [])
  return (): 'OPEN' | 'CLOSED' | null => {
    if (source === undefined) return null
    const value = cell().toLowerCase()
    if (open.has(value)) return 'OPEN'
    if (closed.has(value)) return 'CLOSED'
    if (value === '' && source.optional) return null
    return reject(
      `${quoted(value)} is neither open (${[...open].join(', ')}) nor closed (${[...closed].join(', ')})`,
    )
  }
}

const lowered = (values: readonly string[]) => new Set(values.map((value) => value.toLowerCase()))

function internCombinations() {
  const all: Combination[] = []
  const known = new Map<string, number>()
  return {
    all,
    indexOf(currency: string, dimensions: readonly (string | null)[]): number {
      const key = `${currency}\n${dimensions.map((value) => value ?? '').join('\n')}`
      const index = known.get(key)
      if (index !== undefined) return index
      const [businessUnit = null, region = null, channel = null, productLine = null, collector = null] =
        dimensions.map((value) => (value === null ? null : ownText(value)))
      known.set(ownText(key), all.length)
      return all.push({ currency, businessUnit, region, channel, productLine, collector }) - 1
    },
  }
}

const quoted = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
