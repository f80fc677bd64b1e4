/** What an input names, found in the books. */
import { and, eq, inArray } from 'drizzle-orm'
import { decodeId } from '../ids.ts'
import { notFound, type Path, type Problem } from '../problem.ts'
import type { CustomerRow, InvoiceRow } from '@tidemark/drizzle/rows.ts'
import { customer, invoice } from '@tidemark/drizzle/tables.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** `@oneOf` of the schema: an id of the API or the number that the organization uses. */
export type By = { readonly id?: string | null | undefined; readonly number?: string | null | undefined }

export async function findCustomer(
  tx: Tx,
  organizationId: string,
  by: By,
  path: Path,
): Promise<CustomerRow | Problem> {
  const wanted =
    typeof by.number === 'string' ? eq(customer.number, by.number) : byId('customer', customer.id, by)
  const [row] =
    wanted === null
      ? []
      : await tx
          .select()
          .from(customer)
          .where(and(eq(customer.organizationId, organizationId), wanted))
  return row ?? notFound(path, `There is no customer ${described(by)}`)
}

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

const byId = (type: 'customer', column: typeof customer.id, by: By) => {
  const uuid = typeof by.id === 'string' ? decodeId(type, by.id) : null
  return uuid === null ? null : eq(column, uuid)
}

const described = (by: By) =>
  typeof by.number === 'string' ? `with number ${by.number}` : `with id ${by.id}`
