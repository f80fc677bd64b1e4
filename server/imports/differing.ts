/** The rows whose invoice is in the books but reads otherwise there. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { Day } from '../domain/day.ts'
import type { Closing } from '../ledger/closing.ts'
import { closedProblems } from './closed.ts'
import {
  changesNothing,
  compareWithBooks,
  type BookedInvoice,
  type Changes,
  type ToldInvoice,
} from './compare.ts'
import { inBatches } from './cursor.ts'
import type { RowProblem } from './cells.ts'
import type { AskAuthority } from './governed.ts'
import type { Combination, RowReader } from './rows.ts'
import { addProblems, dropProblemRows } from './staging.ts'

export type DifferingRow = {
  readonly line: number
  readonly invoiceId: string
  /** An open dispute about the invoice. */
  readonly disputeId: string | null
  readonly told: ToldInvoice
  readonly booked: BookedInvoice
  readonly changes: Changes
}

/** How many rows change the books, and in which ways. */
export type ChangeCounts = {
  readonly rows: number
  readonly settled: number
  readonly reDated: number
  readonly corrected: number
}

export type Books = {
  readonly organizationId: string
  readonly reader: RowReader
  readonly segments: ReadonlyMap<number, Combination>
  readonly closing: Closing
}

const ROWS_PER_FETCH = 2_000

/** Rejects the rows that differ in what an import may not change, and counts what the others change. */
export async function reviewDifferences(tx: Tx, books: Books, ask: AskAuthority): Promise<ChangeCounts> {
  const counts = { rows: 0, settled: 0, reDated: 0, corrected: 0 }
  for await (const rows of comparedRows(tx, books)) {
    const allowed = rows.filter(({ changes, problems }) => problems.length === 0 && !changesNothing(changes))
    const beyond = await ask(allowed)
    const lines = new Set(beyond.map(({ line }) => line))
    const problems = [...rows.flatMap((row) => row.problems), ...beyond]
    for (const { line, changes } of allowed) {
      if (lines.has(line)) continue
      counts.rows += 1
      if (changes.settleOn !== null) counts.settled += 1
      if (changes.reDateTo !== null) counts.reDated += 1
      if (changes.correctBy !== 0n) counts.corrected += 1
    }
    await addProblems(tx, problems)
  }
  await dropProblemRows(tx)
  return counts
}

/** What is left to change once the rejected rows are dropped. */
export async function* changedRows(tx: Tx, books: Books): AsyncGenerator<readonly DifferingRow[]> {
  for await (const rows of comparedRows(tx, books)) {
    yield rows.filter(({ changes }) => !changesNothing(changes))
  }
}

type ComparedRow = DifferingRow & { readonly problems: readonly RowProblem[] }

async function* comparedRows(tx: Tx, books: Books): AsyncGenerator<readonly ComparedRow[]> {
  const { organizationId } = books
  const query = tx.sql`
    select r.line, r.number as told_number, r.customer_number as told_customer_number, c.id as told_customer_id,
      r.combination, r.amount as told_amount, r.disputed as told_disputed, ${daysOf(tx, 'r', 'told')},
      m.id, m.number, customer.number as customer_number, m.customer_id, m.segment_id, m.amount, m.balance,
      m.is_touched, m.installments, array_to_string(m.moved_to, ',') as moved_to, m.disputed, m.open_dispute_id, ${daysOf(tx, 'm', 'booked')}
    from import_match m
    join import_row r on r.line = m.line
    join import_customer c on c.key = r.customer_key
    join customer on customer.organization_id = ${organizationId} and customer.id = m.customer_id
    where not m.same
    order by r.line`
  for await (const records of inBatches<Differing>(tx, 'import_differing', query, ROWS_PER_FETCH)) {
    yield records.map((record) => comparedRowOf(record, books))
  }
}

function comparedRowOf(record: Differing, { reader, segments, closing }: Books): ComparedRow {
  const told: ToldInvoice = {
    number: record.told_number,
    customerNumber: record.told_customer_number,
    customerId: record.told_customer_id,
    combination: found(reader.combinations[record.combination]),
    amount: record.told_amount,
    disputed: record.told_disputed,
    ...datesOf(record, 'told'),
  }
  const movedTo = record.moved_to === '' ? [] : record.moved_to.split(',').map(Number)
  const places = [record.segment_id, ...movedTo].map((id) => found(segments.get(id)))
  const booked: BookedInvoice = {
    number: record.number,
    customerNumber: record.customer_number,
    customerId: record.customer_id,
    combination: found(places.at(-1)),
    earlier: places.slice(0, -1),
    amount: record.amount,
    balance: record.balance,
    isTouched: record.is_touched,
    installments: record.installments,
    disputed: record.disputed,
    ...datesOf(record, 'booked'),
  }
  const { line } = record
  const { changes, differences } = compareWithBooks(told, booked, reader.present)
  const problems = [
    ...differences.map(({ field, reason }) => ({ line, column: reader.columnOf(field), reason })),
    ...closedProblems(closing, line, changes, booked.issuedOn, reader),
  ]
  return { line, invoiceId: record.id, disputeId: record.open_dispute_id, told, booked, changes, problems }
}

type Side = 'told' | 'booked'
const dateColumns = [
  'issued_on',
  'due_on',
  'settled_on',
  'ordered_on',
  'delivered_on',
  'sent_on',
  'received_on',
  'approved_on',
] as const

/** The dates of one side as days, in columns such as `told_due_on`. */
const daysOf = (tx: Tx, table: string, side: Side) =>
  tx.sql.unsafe(
    dateColumns.map((column) => `${table}.${column} - date '1970-01-01' as ${side}_${column}`).join(', '),
  )

const datesOf = (record: Differing, side: Side) => ({
  issuedOn: found(record[`${side}_issued_on`]),
  dueOn: found(record[`${side}_due_on`]),
  settledOn: record[`${side}_settled_on`],
  orderedOn: record[`${side}_ordered_on`],
  deliveredOn: record[`${side}_delivered_on`],
  sentOn: record[`${side}_sent_on`],
  receivedOn: record[`${side}_received_on`],
  approvedOn: record[`${side}_approved_on`],
})

type Differing = { readonly [Column in `${Side}_${(typeof dateColumns)[number]}`]: Day | null } & {
  readonly line: number
  readonly told_number: string
  readonly told_customer_number: string
  readonly told_customer_id: string | null
  readonly combination: number
  readonly told_amount: bigint
  readonly told_disputed: boolean
  readonly id: string
  readonly number: string
  readonly customer_number: string
  readonly customer_id: string
  readonly segment_id: number
  /** Segments in the order of the moves, separated by commas. */
  readonly moved_to: string
  readonly amount: bigint
  readonly balance: bigint
  readonly is_touched: boolean
  readonly installments: number
  readonly disputed: boolean
  readonly open_dispute_id: string | null
}

function found<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('A staged row lost what it refers to')
  return value
}
