/** From a record of the file to a row that the books can take, by the mapping; or what is wrong with it. */
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import { formatDay, type Day } from '../domain/day.ts'
import { createCellReaders, type CellReaders, type RowInHand, type RowProblem, type Told } from './cells.ts'
import { findColumns, type Header } from './header.ts'
import {
  dimensionFields,
  milestoneFields,
  type FieldName,
  type Mapping,
  type MilestoneField,
} from './mapping.ts'
import type { CsvRecord } from './records.ts'
import { ownText } from './values.ts'

/** The currency and the dimensions of a row. They repeat, so a row carries only the index of its combination. */
export type Combination = {
  readonly currency: string
  readonly businessUnit: string | null
  readonly region: string | null
  readonly channel: string | null
  readonly productLine: string | null
  readonly collector: string | null
}

export type Milestones = { readonly [Field in MilestoneField]: Day | null }

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
  /** What of it is tax; null where the row does not say. */
  readonly tax: bigint | null
  readonly issuedOn: Day
  readonly dueOn: Day
  readonly dueDerived: boolean
  /** What the row says of the customer's terms; the mapping's constant says nothing of them. */
  readonly termsDays: number | null
  readonly settledOn: Day | null
  readonly disputed: boolean
}

export type RowReader = Pick<Header, 'present' | 'columnOf' | 'unusedColumns'> & {
  /** Of all rows read so far. */
  readonly combinations: readonly Combination[]
  read(record: CsvRecord): Row | 'LEFT_OUT' | readonly RowProblem[]
}

/**
 * Reads rows by the mapping. Throws an OperatorError where the header lacks a column that the mapping names.
 * @param today the organization's: nothing that happened can be later
 */
export function createRowReader(mapping: Mapping, names: readonly string[], today: Day): RowReader {
  const header = findColumns(mapping, names)
  const cells = createCellReaders(mapping, header, today)
  checkConstantCurrency(mapping, cells)
  const combinations = internCombinations()

  const readCustomer = cells.number('customerNumber')
  const readCustomerName = cells.text('customerName')
  const readInvoice = cells.number('invoiceNumber')
  const readSourceKey = mapping.fields.sourceKey === undefined ? null : cells.number('sourceKey')
  const readDimensions = dimensionFields.map((field) => cells.text(field))
  const readMilestones = milestoneFields.map((field) => cells.day(field))
  const readDueOn = cells.day('dueOn')
  const readIssuedOn = cells.day('issuedOn')
  const readSettledOn = cells.day('settledOn')

  const tellsTerms = header.indexOf('termsDays') !== undefined
  const needsStatus = mapping.fields.status?.optional === false

  /** Undefined where it is empty, too: that is a problem then. */
  const needed = <T>(row: RowInHand, field: FieldName, told: Told<T>): T | undefined =>
    told === null ? cells.reject(row, field, 'is empty') : told

  const readDue = (row: RowInHand, issuedOn: Day | undefined, termsDays: Told<number>): Told<Day> => {
    const written = readDueOn(row)
    if (written === null && termsDays === null) {
      const field = header.present.has('dueOn') ? 'dueOn' : 'termsDays'
      return cells.reject(row, field, 'is empty, and there are no terms to make a due date from')
    }
    if (written === null || written === undefined || issuedOn === undefined || written >= issuedOn)
      return written
    const reason = `${formatDay(written)} lies before the invoice date ${formatDay(issuedOn)}`
    return cells.reject(row, 'dueOn', reason)
  }

  const readSettled = (row: RowInHand, dueOn: Day | undefined): Told<Day> | 'LEFT_OUT' => {
    const settledOn = readSettledOn(row)
    const status = needsStatus ? needed(row, 'status', cells.status(row)) : cells.status(row)
    if (settledOn === undefined || status === undefined) return undefined
    if (status === 'OPEN' && settledOn !== null) {
      const reason = `says open, yet the invoice was settled on ${formatDay(settledOn)}`
      return cells.reject(row, 'status', reason)
    }
    if (status !== 'CLOSED' || settledOn !== null) return settledOn
    const policy = mapping.fields.status?.closedWithoutDate
    if (policy === 'leaveOut') return 'LEFT_OUT'
    if (policy === 'settleOnDueDate') return dueOn === undefined ? undefined : Math.min(dueOn, today)
    return cells.reject(row, 'status', 'says closed, but there is no settlement date')
  }

  const readTax = (
    row: RowInHand,
    amount: bigint | undefined,
    currency: string | undefined,
  ): Told<bigint> => {
    if (currency === undefined) return undefined
    const net = cells.amount(row, currency, 'amountNet')
    if (net === null || net === undefined || amount === undefined) return net
    return net <= amount ? amount - net : cells.reject(row, 'amountNet', 'is more than the amount with tax')
  }

  const read = ({ line, values, fault }: CsvRecord): Row | 'LEFT_OUT' | readonly RowProblem[] => {
    if (fault !== undefined) return [{ line, column: '', reason: fault }]
    if (values.length !== header.width) {
      return [{ line, column: '', reason: `has ${values.length} cells where the header has ${header.width}` }]
    }
    if (header.isLeftOut(values)) return 'LEFT_OUT'

    const row: RowInHand = { line, values, problems: [] }
    const customer = needed(row, 'customerNumber', readCustomer(row))
    const customerName = readCustomerName(row)
    const invoice = needed(row, 'invoiceNumber', readInvoice(row))
    const source = readSourceKey === null ? null : needed(row, 'sourceKey', readSourceKey(row))
    const currency = needed(row, 'currency', cells.currency(row))
    const amount = currency === undefined ? undefined : needed(row, 'amount', cells.amount(row, currency))
    const tax = readTax(row, amount, currency)
    const issuedOn = needed(row, 'issuedOn', readIssuedOn(row))
    const termsDays = cells.termsDays(row)
    const writtenDueOn = readDue(row, issuedOn, termsDays)
    const dueOn = writtenDueOn === null && issuedOn !== undefined ? issuedOn + (termsDays ?? 0) : writtenDueOn
    const settledOn = readSettled(row, dueOn ?? undefined)
    if (settledOn === 'LEFT_OUT') return 'LEFT_OUT'
    const disputed = cells.disputed(row)
    const dimensions = readDimensions.map((dimension) => dimension(row) ?? null)
    const [orderedOn, deliveredOn, sentOn, receivedOn, approvedOn] = readMilestones.map((milestone) =>
      milestone(row),
    )

    if (
      row.problems.length > 0 ||
      customer === undefined ||
      invoice === undefined ||
      currency === undefined ||
      amount === undefined ||
      issuedOn === undefined ||
      dueOn === undefined ||
      dueOn === null
    ) {
      return row.problems
    }
    return {
      line,
      key: source?.key ?? invoice.key,
      number: invoice.number,
      sourceKey: source?.number ?? null,
      customerKey: customer.key,
      customerNumber: customer.number,
      customerName: customerName ?? null,
      combination: combinations.indexOf(currency, dimensions),
      amount,
      tax: tax ?? null,
      issuedOn,
      dueOn,
      dueDerived: writtenDueOn === null,
      termsDays: tellsTerms ? (termsDays ?? null) : null,
      settledOn: settledOn ?? null,
      disputed: disputed ?? false,
      orderedOn: orderedOn ?? null,
      deliveredOn: deliveredOn ?? null,
      sentOn: sentOn ?? null,
      receivedOn: receivedOn ?? null,
      approvedOn: approvedOn ?? null,
    }
  }

  const { present, columnOf, unusedColumns } = header
  return { present, columnOf, unusedColumns, combinations: combinations.all, read }
}

function checkConstantCurrency({ name, fields }: Mapping, cells: CellReaders): void {
  if (!('constant' in fields.currency)) return
  const row: RowInHand = { line: 0, values: [], problems: [] }
  cells.currency(row)
  const [problem] = row.problems
  if (problem !== undefined) {
    throw new OperatorError(`Mapping ${name}: fields.currency.constant: ${problem.reason}.`)
  }
}

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
