/** Recording many receipts by few statements: all customers are locked and all histories read before anything is posted. */
import { randomUUIDv7 } from 'node:crypto'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, type Day } from '../domain/day.ts'
import { isProblem, type Path, type Problem } from '../problem.ts'
import { writeAudit, type Audit, type AuditRecord } from './audit.ts'
import { accountingDay, type Closing } from './closing.ts'
import { findInvoices, holdCustomers, type Debtor, type NamedInvoice } from './find.ts'
import { readDisputable, type Item } from './histories.ts'
import type { NewItem } from './new-items.ts'
import { postManyAudited, type NewEntry } from './post.ts'
import { settleNew, type CreditInput, type NewCredit } from './record-credit.ts'
import { dimensionsOfCredit, segmentsFor } from './segments.ts'

/** One of many, as its command has checked it, and as the input has it. */
export type CreditRow = { readonly credit: NewCredit; readonly input: CreditInput }

type Recorded = { readonly creditIds: readonly string[]; readonly audit: Audit }

/**
 * Records all of them within the caller's transaction, or none where one cannot be: the path of the problem begins with
 * `field` and the place in the list. Each has an audit row of its own, of the action of its record; `whole` is that of all.
 */
export async function recordCredits(
  tx: Tx,
  context: CommandContext,
  rows: readonly CreditRow[],
  field: string,
  whole: AuditRecord,
): Promise<Recorded | Problem> {
  const books = await readBooks(tx, context.organization.id, rows, field)
  if (isProblem(books)) return books
  const settled = settleAll(rows, books, dayOf(todayOf(context)))
  if (isProblem(settled)) return within(settled, [field])
  const { records, items, entries } = settled
  const action = rows[0]?.credit.record.action ?? whole.action
  await postManyAudited(tx, context, action, records, { locked: books.locked, items, entries })
  return { creditIds: items.map(({ id }) => id), audit: await writeAudit(tx, context, whole) }
}

/** What the rows name, each in its order, under the locks of the customers. */
type Books = {
  readonly closing: Closing
  readonly customers: readonly Debtor[]
  readonly segmentIds: readonly number[]
  /** Of all allocations, row after row. */
  readonly invoices: readonly NamedInvoice[]
  readonly locked: ReadonlyMap<string, Item>
}

async function readBooks(
  tx: Tx,
  organizationId: string,
  rows: readonly CreditRow[],
  field: string,
): Promise<Books | Problem> {
  const places = rows.flatMap(({ input }, row) =>
    input.allocations.map(({ invoice }, index) => ({ row, index, invoice })),
  )
  const placeOf = (place: number): Path => {
    const { row = 0, index = 0 } = places[place] ?? {}
    return [field, String(row), 'allocations', String(index), 'invoice']
  }
  const named = places.map(({ invoice }) => invoice)
  const bys = rows.map(({ input }) => input.customer)
  const [held, invoices] = await Promise.all([
    holdCustomers(tx, organizationId, bys, (index) => [field, String(index), 'customer']),
    findInvoices(tx, organizationId, named, placeOf),
  ])
  if (isProblem(held)) return held
  if (isProblem(invoices)) return invoices
  const customerIds = new Set(held.customers.map(({ id }) => id))
  const invoiceIds = new Set(invoices.map(({ id }) => id))
  const dimensions = held.customers.map((customer, index) =>
    dimensionsOfCredit(customer, rows[index]?.credit.currency ?? ''),
  )
  const [locked, segmentIds] = await Promise.all([
    readDisputable(tx, organizationId, [...customerIds], [...invoiceIds]),
    segmentsFor(tx, organizationId, dimensions),
  ])
  return { ...held, segmentIds, invoices, locked }
}

type Settled = {
  readonly records: readonly (Omit<AuditRecord, 'action'> & { readonly id: string })[]
  readonly items: readonly NewItem[]
  readonly entries: readonly (NewEntry & { readonly auditId: string })[]
}

/** What is to be posted; the path of a problem begins with the place in the list. */
function settleAll(rows: readonly CreditRow[], books: Books, today: Day): Settled | Problem {
  const current = new Map(books.locked)
  const settled = { records: [], items: [], entries: [] } as {
    [Part in keyof Settled]: Settled[Part][number][]
  }
  let place = 0
  for (const [index, { credit, input }] of rows.entries()) {
    const [customer, segmentId] = [books.customers[index], books.segmentIds[index]]
    if (customer === undefined || segmentId === undefined) throw new Error('A customer was not held')
    const dates = { occurredOn: credit.occurredOn, path: credit.path, effectiveOn: input.effectiveOn, today }
    const effectiveOn = accountingDay(books.closing, dates)
    if (isProblem(effectiveOn)) return within(effectiveOn, [String(index)])
    const invoices = books.invoices.slice(place, (place += input.allocations.length))
    const one = settleNew(credit, { customer, segmentId, invoices, locked: current, effectiveOn })
    if (isProblem(one)) return within(one, [String(index)])
    addTo(current, one.settling.entries)
    const auditId = randomUUIDv7()
    settled.records.push({ ...credit.record, id: auditId, subject: one.item.id })
    settled.items.push(one.item)
    settled.entries.push(...one.settling.entries.map((entry) => ({ ...entry, auditId })))
  }
  return settled
}

/** The same problem, where the row stands in the list. */
export const within = (problem: Problem, place: Path): Problem => ({
  ...problem,
  path: [...place, ...problem.path],
})

/** What one of them settles is not owed any more to those after it. */
function addTo(items: Map<string, Item>, entries: readonly NewEntry[]): void {
  for (const entry of entries) {
    const item = items.get(entry.itemId)
    if (item !== undefined) items.set(entry.itemId, { ...item, entries: [...item.entries, entry] })
  }
}
