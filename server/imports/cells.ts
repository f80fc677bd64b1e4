/** Reads single cells by the mapping. */
import { formatDay, type Day } from '../domain/day.ts'
import { currencyDigits, isCurrency, parseMinor } from '../domain/money.ts'
import { NAME_LENGTH_MAX } from '../text.ts'
import type { Header } from './header.ts'
import type { FieldName, Fields, Mapping, MilestoneField } from './mapping.ts'
import { compileDateFormat, plainDecimal, withoutLeadingZeros } from './values.ts'

/** What is wrong with one row of the file; `column` is the file's own name for it. */
export type RowProblem = { readonly line: number; readonly column: string; readonly reason: string }

/** The row that is being read, and what was found wrong with it so far. */
export type RowInHand = {
  readonly line: number
  readonly values: readonly string[]
  readonly problems: RowProblem[]
}

/** What a cell says: null where it is empty, undefined where it is faulty, which is then among the problems. */
export type Told<T> = T | null | undefined
export type ReadCell<T> = (row: RowInHand) => Told<T>

type DateField = 'issuedOn' | 'dueOn' | 'settledOn' | MilestoneField
type NumberField = 'customerNumber' | 'invoiceNumber' | 'sourceKey'

export type CellReaders = {
  text(field: FieldName): ReadCell<string>
  /** A number as it is written, and the key by which it is compared. */
  number(field: NumberField): ReadCell<{ readonly number: string; readonly key: string }>
  day(field: DateField): ReadCell<Day>
  currency: ReadCell<string>
  /** In minor units of the currency. */
  amount(row: RowInHand, currency: string, field?: 'amount' | 'amountNet'): Told<bigint>
  termsDays: ReadCell<number>
  disputed: ReadCell<boolean>
  status: ReadCell<'OPEN' | 'CLOSED'>
  reject(row: RowInHand, field: FieldName, reason: string): undefined
}

const TERMS_DAYS_MAX = 3650

/** @param today the organization's: nothing that happened can be later */
export function createCellReaders(mapping: Mapping, header: Header, today: Day): CellReaders {
  const { fields } = mapping

  const reject = (row: RowInHand, field: FieldName, reason: string): undefined => {
    row.problems.push({ line: row.line, column: header.columnOf(field), reason })
  }

  /** The bare text; empty where the file has no such cell. */
  const cell = (field: FieldName): ((row: RowInHand) => string) => {
    const source: Fields[FieldName] = fields[field]
    if (source !== undefined && 'constant' in source) {
      const constant = String(source.constant)
      return () => constant
    }
    const index = header.indexOf(field)
    return index === undefined ? () => '' : (row) => (row.values[index] ?? '').trim()
  }

  const text = (field: FieldName): ReadCell<string> => {
    const read = cell(field)
    return (row) => {
      const written = read(row)
      if (written === '') return null
      const found = /\s/.test(written) ? written.replaceAll(/\s+/g, ' ') : written
      if (found.length > NAME_LENGTH_MAX) {
        return reject(row, field, `is longer than ${NAME_LENGTH_MAX} characters`)
      }
      return /\p{Cc}/u.test(found) ? reject(row, field, 'has a character that cannot be printed') : found
    }
  }

  const number: CellReaders['number'] = (field) => {
    const read = text(field)
    const ignoresZeros = fields[field]?.leadingZeros === 'ignored'
    return (row) => {
      const found = read(row)
      if (found === null || found === undefined) return found
      return { number: found, key: ignoresZeros ? withoutLeadingZeros(found) : found }
    }
  }

  const day: CellReaders['day'] = (field) => {
    const format = fields[field]?.format ?? ''
    const parse = compileDateFormat(format)
    const read = cell(field)
    return (row) => {
      const written = read(row)
      if (written === '' || parse === null) return null
      const found = parse(written)
      if (found === null) return reject(row, field, `${quoted(written)} is no date like ${format}`)
      if (found > today && field !== 'dueOn') {
        return reject(row, field, `${formatDay(found)} is in the future: today is ${formatDay(today)}`)
      }
      return found
    }
  }

  const currencyCell = cell('currency')
  const amountCells = { amount: cell('amount'), amountNet: cell('amountNet') }
  const termsCell = cell('termsDays')
  return {
    text,
    number,
    day,
    reject,
    currency(row) {
      const code = currencyCell(row).toUpperCase()
      if (code === '') return null
      return isCurrency(code) ? code : reject(row, 'currency', `${quoted(code)} is no currency`)
    },
    amount(row, currency, field = 'amount') {
      const written = amountCells[field](row)
      if (written === '') return null
      const plain = plainDecimal(written, mapping.decimalStyle)
      if (plain === null) {
        return reject(row, field, `${quoted(written)} is no amount in the style ${mapping.decimalStyle}`)
      }
      const minor = parseMinor(plain, currency)
      if (minor !== null) return minor > 0n ? minor : reject(row, field, `${written} is not more than 0`)
      const digits = currencyDigits(currency)
      const isPrecise = (plain.split('.')[1] ?? '').length > digits && plain.length < 18
      return reject(
        row,
        field,
        isPrecise ? `${written} has more decimals than ${currency} (${digits})` : `${written} is too large`,
      )
    },
    termsDays(row) {
      const written = termsCell(row)
      if (written === '') return null
      const days = /^\d+(?:\.0+)?$/.test(written) ? Number(written) : NaN
      return days <= TERMS_DAYS_MAX
        ? days
        : reject(row, 'termsDays', `${quoted(written)} is no number of days`)
    },
    disputed: choice('disputed', cell('disputed'), reject, [
      [true, 'yes', fields.disputed?.yes ?? []],
      [false, 'no', fields.disputed?.no ?? []],
    ]),
    status: choice('status', cell('status'), reject, [
      ['OPEN', 'open', fields.status?.open ?? []],
      ['CLOSED', 'closed', fields.status?.closed ?? []],
    ]),
  }
}

/** One of some values, whatever their case. */
function choice<T>(
  field: FieldName,
  cell: (row: RowInHand) => string,
  reject: CellReaders['reject'],
  choices: readonly (readonly [value: T, name: string, words: readonly string[]])[],
): ReadCell<T> {
  const values = new Map(
    choices.flatMap(([value, , words]) => words.map((word) => [word.toLowerCase(), value])),
  )
  const known = choices.map(
    ([, name, words]) => `${name} (${words.filter((word) => word !== '').join(', ')})`,
  )
  return (row) => {
    const written = cell(row)
    const value = values.get(written.toLowerCase())
    if (value !== undefined) return value
    return written === '' ? null : reject(row, field, `${quoted(written)} is neither ${known.join(' nor ')}`)
  }
}

const quoted = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
