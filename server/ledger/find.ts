/** What an input names, found in the books. */
import { and, eq, inArray, sql, type SQL } from 'drizzle-orm'
import { decodeId } from '../ids.ts'
import { notFound, type Path, type Problem } from '../problem.ts'
import type { CustomerRow, InvoiceRow } from '@tidemark/drizzle/rows.ts'
import { customer, invoice, item } from '@tidemark/drizzle/tables.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

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

/** In the order asked for; the path of a problem gets the index at fault, then `field`. */
export async function findInvoices(
  tx: Tx,
  organizationId: string,
  bys: readonly By[],
  pathOf: (index: number) => Path,
): Promise<readonly InvoiceRow[] | Problem> {
  const numbers = bys.flatMap((by) => by.number ?? [])
  const ids = bys.flatMap((by) => (typeof by.id === 'string' ? (decodeId('invoice', by.id) ?? []) : []))
  const inBooks = (column: typeof invoice.number | typeof invoice.id, values: readonly string[]) =>
    values.length === 0
      ? []
      : tx
          .select()
          .from(invoice)
          .where(and(eq(invoice.organizationId, organizationId), inArray(column, [...values])))
  const [named, identified] = await Promise.all([inBooks(invoice.number, numbers), inBooks(invoice.id, ids)])
  const byNumber = new Map(named.map((row) => [row.number, row]))
  const byUuid = new Map(identified.map((row) => [row.id, row]))
  const found: InvoiceRow[] = []
  for (const [index, by] of bys.entries()) {
    const uuid = typeof by.id === 'string' ? decodeId('invoice', by.id) : null
    const row = typeof by.number === 'string' ? byNumber.get(by.number) : byUuid.get(uuid ?? '')
    if (row === undefined) return notFound(pathOf(index), `There is no invoice ${described(by)}`)
    found.push(row)
  }
  return found
}

/** Whose items these are; it never changes, so it is known before anything is locked. */
export async function customersOfItems(
  tx: Tx,
  organizationId: string,
  itemIds: readonly string[],
): Promise<string[]> {
  const rows = await tx
    .selectDistinct({ customerId: item.customerId })
    .from(item)
    .where(and(eq(item.organizationId, organizationId), inArray(item.id, [...itemIds])))
  return rows.map(({ customerId }) => customerId)
}

const described = (by: By) =>
  typeof by.number === 'string' ? `with number ${by.number}` : `with id ${by.id}`
