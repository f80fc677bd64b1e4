/** Orders out of a CSV: all of them or none, unless asked otherwise. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, formatDay, isPlausible, parseDay, dateOf, type Day } from '../domain/day.ts'
import {
  currencyDigits,
  formatMinor,
  isCurrency,
  MINOR_MAX,
  parseMinor,
  type Money,
} from '../domain/money.ts'
import { newUuid } from '../ids.ts'
import type { CsvRecord } from '../imports/records.ts'
import { readTextTable, type TextTable } from '../imports/text-table.ts'
import { newAudits, writeAudit, type Audit } from '../ledger/audit.ts'
import { conflict, isProblem, type Problem } from '../problem.ts'
import type { ImportOrdersInput } from '../schema.generated.ts'
import { NAME_LENGTH_MAX, readText } from '../text.ts'

const LINES_MAX = 100_000
const TIMEOUT_MS = 60_000
const REQUIRED = ['number', 'customer', 'amount'] as const
const OPTIONAL = ['currency', 'ordered_on'] as const
type Column = (typeof REQUIRED)[number] | (typeof OPTIONAL)[number]

/** Of a line; `path` is its column. */
type LineProblem = Pick<Problem, 'code' | 'message' | 'path'>

/** What became of a line; kept with an idempotency key. */
export type LineResult = {
  readonly line: number
  readonly number: string | null
  readonly outcome: 'RECORDED' | 'UNCHANGED' | 'REFUSED'
  readonly orderId: string | null
  readonly problems: readonly LineProblem[]
}

type Counts = { readonly recorded: number; readonly unchanged: number; readonly refused: number }

export type OrdersImported = Audited &
  Counts & { readonly results: readonly LineResult[]; readonly unusedColumns: readonly string[] }

/** As the API answers. */
export type OrdersImportShown = OrdersImported & { readonly dryRun: boolean }

/** Nothing was written, for lines are refused. */
export type OrdersRefused = Counts & {
  readonly __typename: 'OrdersRefused'
  readonly message: string
  readonly code: 'INVALID'
  readonly path: readonly string[]
  readonly results: readonly LineResult[]
}

/** What a line says; what could not be read of it is null, and among its problems. */
type ReadLine = {
  readonly line: number
  readonly number: string | null
  readonly customer: string | null
  readonly money: Money | null
  readonly orderedOn: Day | null
  readonly problems: readonly LineProblem[]
}

export async function importOrders(
  context: CommandContext,
  input: ImportOrdersInput,
): Promise<OrdersImported | OrdersRefused | Problem> {
  const table = readTextTable(input.csv, { required: REQUIRED, optional: OPTIONAL, linesMax: LINES_MAX })
  if (isProblem(table)) return table
  const usual = { today: dayOf(todayOf(context)), currency: context.organization.baseCurrency }
  const lines = table.records.map((record) => readLine(record, table, usual))
  const { unusedColumns } = table
  try {
    const command = {
      action: 'importOrders',
      input,
      timeoutMs: TIMEOUT_MS,
      rows: lines.length,
      duplicates: { sales_order_number: meanwhile },
    }
    return await runCommand<OrdersImported>(context, command, async (tx) => {
      const { results, planned } = await plan(tx, context.organization.id, lines)
      const counts = countOf(results)
      if (counts.refused > 0 && !input.partial) throw new Refused(results)
      const audit = await write(tx, context, planned, { lines: lines.length, ...counts })
      // Of a dry run there is no order to be shown.
      const made = input.dryRun ? new Set(planned.map(({ id }) => id)) : new Set<string>()
      const shown = results.map((one) => (made.has(one.orderId ?? '') ? { ...one, orderId: null } : one))
      return { ...counts, results: shown, unusedColumns, audit }
    })
  } catch (error) {
    if (error instanceof Refused) return refusal(error.results)
    throw error
  }
}

const meanwhile = conflict(
  ['csv'],
  'Somebody recorded an order of the file at this moment, so none was: import it again',
)

type Usual = { readonly today: Day; readonly currency: string }

function readLine(record: CsvRecord, table: TextTable<Column>, { today, currency }: Usual): ReadLine {
  const problems: LineProblem[] = []
  const reject = (column: Column | null, message: string): null => {
    problems.push({ code: 'INVALID', message, path: column === null ? [] : [column] })
    return null
  }
  if (record.fault !== undefined) reject(null, record.fault)
  const textIn = (column: 'number' | 'customer', missing: string): string | null => {
    const read = readText(table.cell(record, column), [column], NAME_LENGTH_MAX)
    if ('code' in read) return reject(column, read.message)
    return read.text ?? reject(column, missing)
  }
  const code = table.cell(record, 'currency')
  return {
    line: record.line,
    number: textIn('number', 'It has no number'),
    customer: textIn('customer', 'It names no customer'),
    money: readAmount(table.cell(record, 'amount'), code === '' ? currency : code.toUpperCase(), reject),
    orderedOn: readDay(table.cell(record, 'ordered_on'), today, reject),
    problems,
  }
}

type Reject = (column: Column, message: string) => null

function readAmount(text: string, currency: string, reject: Reject): Money | null {
  if (!isCurrency(currency)) return reject('currency', `${currency} is no ISO 4217 currency code`)
  const minor = parseMinor(text, currency)
  if (minor !== null && minor > 0n) return { minor, currency }
  const most = formatMinor({ minor: MINOR_MAX, currency })
  const told = `of ${currency} above 0 to ${most} with at most ${currencyDigits(currency)} decimals`
  return reject('amount', `"${text}" is no amount ${told}`)
}

function readDay(text: string, today: Day, reject: Reject): Day | null {
  if (text === '') return today
  const day = parseDay(text)
  if (day === null || !isPlausible(dateOf(day)))
    return reject('ordered_on', `"${text}" is no date like 2026-01-31`)
  return day > today ? reject('ordered_on', `${text} lies after today, ${formatDay(today)}`) : day
}

type Planned = {
  readonly id: string
  readonly auditId: string
  readonly number: string
  readonly customerId: string
  readonly customer: string
  readonly money: Money
  readonly orderedOn: Day
}

type Known = {
  readonly id: string
  readonly number: string
  readonly customerId: string
  readonly amount: bigint
  readonly currency: string
  readonly orderedOn: Day
}

/** Says what comes of each line. Writes nothing. */
async function plan(
  tx: Tx,
  organizationId: string,
  lines: readonly ReadLine[],
): Promise<{ readonly results: readonly LineResult[]; readonly planned: readonly Planned[] }> {
  // Two imports of the same numbers wait for each other instead of breaking off.
  await tx.sql`select pg_advisory_xact_lock(hashtextextended(${`import orders ${organizationId}`}, 0))`
  const [customers, known] = await Promise.all([
    readCustomers(tx, organizationId, lines),
    readKnown(tx, organizationId, lines),
  ])
  const planned: Planned[] = []
  const first = new Map<string, number>()
  const results = lines.map((read): LineResult => {
    const { line, number, customer, money, orderedOn } = read
    const problems = [...read.problems]
    const customerId = customer === null ? undefined : customers.get(customer)
    if (customer !== null && customerId === undefined)
      problems.push({ code: 'NOT_FOUND', message: `There is no customer ${customer}`, path: ['customer'] })
    const earlier = number === null ? undefined : first.get(number)
    if (number !== null && earlier === undefined) first.set(number, line)
    if (earlier !== undefined)
      problems.push({
        code: 'INVALID',
        message: `Order ${number} is on line ${earlier} already`,
        path: ['number'],
      })
    const existing = number === null ? undefined : known.get(number)
    const told = { line, number, orderId: existing?.id ?? null }
    if (
      number === null ||
      customerId === undefined ||
      customer === null ||
      money === null ||
      orderedOn === null
    )
      return { ...told, orderId: null, outcome: 'REFUSED', problems }
    const other = existing === undefined ? null : differenceOf(existing, { customerId, money, orderedOn })
    if (other !== null) problems.push({ code: 'CONFLICT', path: [other.column], message: other.message })
    if (problems.length > 0) return { ...told, orderId: null, outcome: 'REFUSED', problems }
    if (existing !== undefined) return { ...told, outcome: 'UNCHANGED', problems }
    const id = newUuid()
    planned.push({ id, auditId: newUuid(), number, customerId, customer, money, orderedOn })
    return { ...told, orderId: id, outcome: 'RECORDED', problems }
  })
  return { results, planned }
}

type Said = Pick<Planned, 'customerId' | 'money' | 'orderedOn'>

/** What of the order is another than on the line: an order that is there is not changed. */
function differenceOf(
  { number, customerId, amount, currency, orderedOn }: Known,
  said: Said,
): { readonly column: Column; readonly message: string } | null {
  const is = (column: Column, told: string) => ({
    column,
    message: `Order ${number} is there already, ${told}: cancel it and record another, or correct the line`,
  })
  if (customerId !== said.customerId) return is('customer', 'of another customer')
  if (currency !== said.money.currency) return is('currency', `in ${currency}`)
  if (amount !== said.money.minor)
    return is('amount', `for ${formatMinor({ minor: amount, currency })} ${currency}`)
  return orderedOn === said.orderedOn ? null : is('ordered_on', `of ${formatDay(orderedOn)}`)
}

async function readCustomers(
  { sql }: Tx,
  organizationId: string,
  lines: readonly ReadLine[],
): Promise<ReadonlyMap<string, string>> {
  const numbers = [...new Set(lines.flatMap(({ customer }) => customer ?? []))]
  const rows = await sql<{ id: string; number: string }[]>`
    select id, number from customer
    where organization_id = ${organizationId} and number = any(${arrayOf(numbers)}::text[])`
  return new Map(rows.map(({ id, number }) => [number, id]))
}

async function readKnown(
  { sql }: Tx,
  organizationId: string,
  lines: readonly ReadLine[],
): Promise<ReadonlyMap<string, Known>> {
  const numbers = lines.flatMap(({ number }) => number ?? [])
  const rows = await sql<Known[]>`
    select id, number, customer_id as "customerId", amount, currency,
      ordered_on - date '1970-01-01' as "orderedOn"
    from sales_order where organization_id = ${organizationId} and number = any(${arrayOf(numbers)}::text[])`
  return new Map(rows.map((row) => [row.number, row]))
}

/** Three statements for all of them. The audit row of the whole is the last; null where there was nothing to write. */
async function write(
  tx: Tx,
  context: CommandContext,
  planned: readonly Planned[],
  after: object,
): Promise<Audit | null> {
  if (planned.length === 0) return null
  const { id: organizationId } = context.organization
  const records = planned.map(({ auditId, id, number, customer, money, orderedOn }) => ({
    id: auditId,
    subject: id,
    after: {
      number,
      customer,
      amount: formatMinor(money),
      currency: money.currency,
      orderedOn: formatDay(orderedOn),
    },
  }))
  const column = (valueOf: (one: Planned) => string | bigint) => arrayOf(planned.map(valueOf))
  await tx.sql`
    with audited as (${newAudits(tx, context, 'recordOrder', records)}),
    given as (
      select * from unnest(
        ${column(({ id }) => id)}::uuid[], ${column(({ auditId }) => auditId)}::uuid[],
        ${column(({ customerId }) => customerId)}::uuid[], ${column(({ number }) => number)}::text[],
        ${column(({ money }) => money.minor)}::bigint[], ${column(({ money }) => money.currency)}::text[],
        ${column(({ orderedOn }) => formatDay(orderedOn))}::date[]
      ) as given (id, audit_id, customer_id, number, amount, currency, ordered_on)
    ),
    recorded as (
      insert into sales_order (organization_id, id, customer_id, number, amount, currency, ordered_on)
      select ${organizationId}::uuid, id, customer_id, number, amount, currency, ordered_on from given
    )
    insert into order_event (organization_id, order_id, version, kind, amount, occurred_on, audit_id)
    select ${organizationId}::uuid, id, 1, 'RECORDED', amount, ordered_on, audit_id from given`
  return writeAudit(tx, context, { action: 'importOrders', subject: organizationId, after })
}

const countOf = (results: readonly LineResult[]): Counts => {
  const of = (wanted: LineResult['outcome']) => results.filter(({ outcome }) => outcome === wanted).length
  return { recorded: of('RECORDED'), unchanged: of('UNCHANGED'), refused: of('REFUSED') }
}

function refusal(results: readonly LineResult[]): OrdersRefused {
  const counts = countOf(results)
  const first = results.find(({ outcome }) => outcome === 'REFUSED')
  const [problem] = first?.problems ?? []
  return {
    __typename: 'OrdersRefused',
    message: `${counts.refused} of ${results.length} lines cannot be recorded, so none was; the first is line ${first?.line}: ${problem?.message}`,
    code: 'INVALID',
    path: ['csv'],
    ...counts,
    results,
  }
}

/** Undoes the transaction, and carries out of it what is wrong with the lines. */
class Refused extends Error {
  readonly results: readonly LineResult[]
  constructor(results: readonly LineResult[]) {
    super('The transaction was undone for lines that are refused')
    this.results = results
  }
}
