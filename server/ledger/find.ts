/** What an input names, found in the books. */
import { and, eq, sql, type SQL } from 'drizzle-orm'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { decodeId } from '../ids.ts'
import { notFound, type Path, type Problem } from '../problem.ts'
import { shareClosing, type Closing } from './closing.ts'
import type { CustomerRow, InvoiceRow } from '@tidemark/drizzle/rows.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { invoice } from '@tidemark/drizzle/tables/ledger.ts'
import type { Fragment, Tx } from '@tidemark/drizzle/transaction.ts'

/** `@oneOf` of the schema: an id of the API or the number that the organization uses. */
export type By = { readonly id?: string | null | undefined; readonly number?: string | null | undefined }

/** Null where there is none. */
export async function selectCustomer(tx: Tx, organizationId: string, by: By): Promise<CustomerRow | null> {
  const wanted = matchesBy(customer, 'customer', by)
  const [row] = await tx
    .select()
    .from(customer)
    .where(and(eq(customer.organizationId, organizationId), wanted))
  return row ?? null
}

/** Null where there is none. */
export async function selectInvoice(tx: Tx, organizationId: string, by: By): Promise<InvoiceRow | null> {
  const wanted = matchesBy(invoice, 'invoice', by)
  const [row] = await tx
    .select()
    .from(invoice)
    .where(and(eq(invoice.organizationId, organizationId), wanted))
  return row ?? null
}

/** What is no id of the type is answered like an id that does not exist. */
const matchesBy = (table: typeof customer | typeof invoice, type: 'customer' | 'invoice', by: By): SQL => {
  if (typeof by.number === 'string') return eq(table.number, by.number)
  const uuid = decodeId(type, by.id ?? '')
  return uuid === null ? sql`false` : eq(table.id, uuid)
}

export const findCustomer = async (
  tx: Tx,
  organizationId: string,
  by: By,
  path: Path,
): Promise<CustomerRow | Problem> =>
  (await selectCustomer(tx, organizationId, by)) ?? notFound(path, `There is no customer ${described(by)}`)

/** A customer as what is posted needs it. */
export type Debtor = Pick<
  CustomerRow,
  'id' | 'number' | 'termsDays' | 'businessUnit' | 'region' | 'channel' | 'ownerId'
>

/** A customer under its lock, and up to which day the books are closed until the transaction ends. */
export type HeldCustomer = { readonly customer: Debtor; readonly closing: Closing }

/**
 * Holds the closing, as `holdClosing` does, and then the customer: until the transaction ends, nobody else posts to any
 * of its items. It is told as it is then, whatever became of it while this waited.
 */
export async function holdCustomer(
  tx: Tx,
  organizationId: string,
  by: By,
  path: Path,
): Promise<HeldCustomer | Problem> {
  const which =
    typeof by.number === 'string'
      ? tx.sql`number = ${by.number}`
      : tx.sql`id = ${decodeId('customer', by.id ?? '')}`
  const [, found] = await Promise.all([
    shareClosing(tx, organizationId),
    lockCustomer(tx, organizationId, which),
  ])
  return found ?? notFound(path, `There is no customer ${described(by)}`)
}

/** Customers under their locks, in the order asked for; and up to which day the books are closed meanwhile. */
export type HeldCustomers = { readonly customers: readonly Debtor[]; readonly closing: Closing }

/** As `holdCustomer` for several. They are locked in ascending order: whoever else holds several never waits in a circle. */
export async function holdCustomers(
  tx: Tx,
  organizationId: string,
  bys: readonly By[],
  pathOf: (index: number) => Path,
): Promise<HeldCustomers | Problem> {
  const numbers = bys.flatMap((by) => by.number ?? [])
  const uuids = bys.map((by) => (typeof by.id === 'string' ? decodeId('customer', by.id) : null))
  const [, rows] = await Promise.all([
    shareClosing(tx, organizationId),
    lockCustomers(
      tx,
      organizationId,
      tx.sql`id in (
        select id from customer
        where organization_id = ${organizationId} and number = any(${arrayOf(numbers)}::text[])
        union all select unnest(${arrayOf(uuids.filter((uuid) => uuid !== null))}::uuid[]))`,
    ),
  ])
  const byNumber = new Map(rows.map(({ customer }) => [customer.number, customer]))
  const byUuid = new Map(rows.map(({ customer }) => [customer.id, customer]))
  const customers: Debtor[] = []
  for (const [index, by] of bys.entries()) {
    const found = typeof by.number === 'string' ? byNumber.get(by.number) : byUuid.get(uuids[index] ?? '')
    if (found === undefined) return notFound(pathOf(index), `There is no customer ${described(by)}`)
    customers.push(found)
  }
  return { customers, closing: rows[0]?.closing ?? { closedThrough: null } }
}

/** The same by the uuid that an item has. */
export async function holdCustomerOf(tx: Tx, organizationId: string, customerId: string): Promise<Debtor> {
  const found = await lockCustomer(tx, organizationId, tx.sql`id = ${customerId}`)
  if (found === null) throw new Error(`There is no customer ${customerId}`)
  return found.customer
}

const lockCustomer = async (tx: Tx, organizationId: string, which: Fragment): Promise<HeldCustomer | null> =>
  (await lockCustomers(tx, organizationId, which))[0] ?? null

async function lockCustomers(tx: Tx, organizationId: string, which: Fragment): Promise<HeldCustomer[]> {
  const rows = await tx.sql<(Debtor & Closing)[]>`
    select id, number, terms_days as "termsDays", business_unit as "businessUnit", region, channel,
      owner_id as "ownerId",
      (select closed_through - date '1970-01-01' from book_closing
        where book_closing.organization_id = customer.organization_id) as "closedThrough"
    from customer where organization_id = ${organizationId} and ${which} order by id for no key update`
  return rows.map(({ closedThrough, ...customer }) => ({ customer, closing: { closedThrough } }))
}

/** An invoice that an input names. */
export type NamedInvoice = Pick<InvoiceRow, 'id' | 'number'>

/** In the order asked for; the path of a problem gets the index at fault, then `field`. */
export async function findInvoices(
  tx: Tx,
  organizationId: string,
  bys: readonly By[],
  pathOf: (index: number) => Path,
): Promise<readonly NamedInvoice[] | Problem> {
  const uuids = bys.map((by) => (typeof by.id === 'string' ? decodeId('invoice', by.id) : null))
  const numbers = bys.flatMap((by) => by.number ?? [])
  const ids = uuids.filter((uuid) => uuid !== null)
  const inBooks = (column: 'number' | 'id', values: readonly string[]) =>
    values.length === 0
      ? []
      : tx.sql<NamedInvoice[]>`
        select id, number from invoice
        where organization_id = ${organizationId} and ${tx.sql.unsafe(column)} = any(${values})`
  const [named, identified] = await Promise.all([inBooks('number', numbers), inBooks('id', ids)])
  const byNumber = new Map(named.map((row) => [row.number, row]))
  const byUuid = new Map(identified.map((row) => [row.id, row]))
  const found: NamedInvoice[] = []
  for (const [index, by] of bys.entries()) {
    const row = typeof by.number === 'string' ? byNumber.get(by.number) : byUuid.get(uuids[index] ?? '')
    if (row === undefined) return notFound(pathOf(index), `There is no invoice ${described(by)}`)
    found.push(row)
  }
  return found
}

const described = (by: By) =>
  typeof by.number === 'string' ? `with number ${by.number}` : `with id ${by.id}`
