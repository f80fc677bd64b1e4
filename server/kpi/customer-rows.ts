/**
 * What customers add to the KPI store: the rows of their items, item by item. `flow` tells segments apart and not
 * customers, so their items are read with all their entries and projected as the posting function does.
 */
import { microseconds } from '@tidemark/drizzle/columns.ts'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { bookRow, type BookRow } from '../domain/book.ts'
import { project } from '../domain/projection.ts'
import { readItems, type Item } from '../ledger/histories.ts'

/** A row of the books with its segment; `asIs` rows are what it takes from as-was to as-is. */
export type CustomerRow = { readonly row: BookRow; readonly segmentId: number; readonly asIs: boolean }

export type CustomersQuery = {
  readonly organizationId: string
  readonly customerIds: readonly string[]
  /** Null for all that is committed. */
  readonly knownAt: Temporal.Instant | null
  /** The same is asked for each time that something happens. */
  readonly isRepeated: boolean
}

type Rows = readonly CustomerRow[]
type RowsByCustomer = ReadonlyMap<string, Rows>

/** Of all of them together in a few statements, however many they are. */
export const readCustomerRows = (tx: Tx, query: CustomersQuery): Promise<RowsByCustomer> =>
  query.isRepeated && query.knownAt === null && tx.isSnapshot ? readAgain(tx, query) : readOnce(tx, query)

async function readOnce(
  tx: Tx,
  { organizationId, customerIds, knownAt }: CustomersQuery,
): Promise<RowsByCustomer> {
  const rows = await readRowsOf(tx, organizationId, await itemsOf(tx, organizationId, customerIds), knownAt)
  return new Map(
    [...Map.groupBy(rows, ({ customerId }) => customerId)].map(([id, items]) => [
      id,
      items.flatMap((item) => item.rows),
    ]),
  )
}

type ItemRows = { readonly id: string; readonly customerId: string; readonly rows: Rows }

async function itemsOf(
  tx: Tx,
  organizationId: string,
  customerIds: readonly string[],
): Promise<readonly string[]> {
  const found = await tx.sql<{ id: string }[]>`
    select id from item
    where organization_id = ${organizationId} and customer_id = any(${arrayOf(customerIds)}::uuid[])`
  return found.map(({ id }) => id)
}

/** Between parts of a large customer others get their turn. */
const ITEMS_AT_ONCE = 2_000

async function readRowsOf(
  tx: Tx,
  organizationId: string,
  itemIds: readonly string[],
  knownAt: Temporal.Instant | null,
): Promise<ItemRows[]> {
  const rows: ItemRows[] = []
  for (let start = 0; start < itemIds.length; start += ITEMS_AT_ONCE) {
    const part = itemIds.slice(start, start + ITEMS_AT_ONCE)
    const items = await readItems(tx, organizationId, part)
    const known = knownAt === null ? null : await countKnown(tx, organizationId, part, knownAt)
    for (const item of items.values())
      rows.push(rowsOf(known === null ? item : knownThen(item, known.get(item.id))))
  }
  return rows
}

/** Entries are numbered as they were recorded: so many of them were known. */
async function countKnown(
  tx: Tx,
  organizationId: string,
  itemIds: readonly string[],
  knownAt: Temporal.Instant,
): Promise<ReadonlyMap<string, number>> {
  const counts = await tx.sql<{ item_id: string; entries: number }[]>`
    select item_id, count(*)::int as entries from ledger_entry
    where organization_id = ${organizationId} and item_id = any(${arrayOf(itemIds)}::uuid[])
      and recorded_at <= ${microseconds(knownAt)}::timestamptz
    group by item_id`
  return new Map(counts.map((row) => [row.item_id, row.entries]))
}

const knownThen = (item: Item, count = 0): Item => ({ ...item, entries: item.entries.slice(0, count) })

const rowsOf = (item: Item): ItemRows => ({
  id: item.id,
  customerId: item.customerId,
  rows: project(item, item.shares).map(({ segmentId, asIs, ...row }) => ({
    row: bookRow(row, item.currency),
    segmentId,
    asIs,
  })),
})

/** What was read of an organization's customers, item by item. */
type Kept = {
  /** The first transaction that may have been running, or not begun, when it was read. */
  readonly since: string
  readonly customers: ReadonlyMap<string, Map<string, Rows>>
}

/** Per database and organization. */
const keptIn = new WeakMap<object, Map<string, Kept>>()
/** Of one database: some hundreds of megabytes. */
const ROWS_MAX = 1_000_000

/**
 * The same, where it was asked for before and hardly anything happened since: only items that were posted to are read
 * again. Whoever asks sees at least what the one before saw: the evaluation of an organization, one after the other.
 */
async function readAgain(tx: Tx, { organizationId, customerIds }: CustomersQuery): Promise<RowsByCustomer> {
  const all = keptIn.get(tx.database) ?? new Map<string, Kept>()
  keptIn.set(tx.database, all)
  const kept = all.get(organizationId)
  // Set again by whoever succeeds.
  all.delete(organizationId)
  const known = customerIds.filter((id) => kept?.customers.has(id))
  const fresh = customerIds.filter((id) => !kept?.customers.has(id))
  const [since, posted, unread] = await Promise.all([
    readHorizon(tx),
    kept === undefined || known.length === 0 ? [] : readPosted(tx, organizationId, kept.since, known),
    fresh.length === 0 ? [] : itemsOf(tx, organizationId, fresh),
  ])
  const read = await readRowsOf(tx, organizationId, [...posted, ...unread], null)
  const customers = new Map(customerIds.map((id) => [id, kept?.customers.get(id) ?? new Map<string, Rows>()]))
  for (const { id, customerId, rows } of read) customers.get(customerId)?.set(id, rows)
  all.set(organizationId, { since, customers })
  if (sizeOf(all) > ROWS_MAX) all.clear()
  return new Map([...customers].map(([id, items]) => [id, [...items.values()].flat()]))
}

const sizeOf = (all: ReadonlyMap<string, Kept>): number =>
  all
    .values()
    .flatMap(({ customers }) => customers.values())
    .flatMap((items) => items.values())
    .reduce((size, rows) => size + rows.length, 0)

/** The first transaction that may have been running, or not begun, when the snapshot was taken. */
export async function readHorizon(tx: Tx): Promise<string> {
  const [row] = await tx.sql<{ since: string }[]>`
    select pg_snapshot_xmin(pg_current_snapshot())::text as since`
  if (row === undefined) throw new Error('PostgreSQL gave no snapshot')
  return row.since
}

/**
 * Their items that were posted to by transactions from this one on: those have rows in `flow`, and entries of the same
 * moment. What a posting changes nothing of has no rows, and needs none.
 */
async function readPosted(
  tx: Tx,
  organizationId: string,
  since: string,
  customerIds: readonly string[],
): Promise<readonly string[]> {
  const found = await tx.sql<{ id: string }[]>`
    select distinct i.id
    from (select distinct recorded_at from flow where organization_id = ${organizationId} and xid >= ${since}::xid8) news
    join ledger_entry e on e.organization_id = ${organizationId} and e.recorded_at = news.recorded_at
    join item i on i.organization_id = ${organizationId} and i.id = e.item_id
      and i.customer_id = any(${arrayOf(customerIds)}::uuid[])`
  return found.map(({ id }) => id)
}
