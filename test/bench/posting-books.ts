/** Books with open invoices to pay, for benches that pay them. */
import { join } from 'node:path'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { migrate } from '@tidemark/drizzle/migrate.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import type { CommandContext } from '@tidemark/server/command.ts'
import { importInvoices } from '@tidemark/server/imports/commands.ts'
import { loadMapping } from '@tidemark/server/imports/mapping.ts'
import { fold } from '@tidemark/server/ledger/fold.ts'
import { createOrganization } from '@tidemark/server/organization/commands.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { writeInvoices } from './import-csv.ts'

/** Imports so many invoices as if it were noon of `today`, with the file in `folder`, and folds them. */
export async function fillBooks(
  connection: Connection,
  folder: string,
  { invoices, today }: { readonly invoices: number; readonly today: Temporal.PlainDate },
): Promise<OrganizationRow> {
  await migrate(connection)
  const input = { slug: 'bench', name: 'Bench', baseCurrency: 'USD', timeZone: 'UTC', demo: false }
  const organization = await createOrganization(connection, input, 'bench')
  if (isProblem(organization)) throw new Error(organization.message)
  const path = join(folder, 'invoices.csv')
  await writeInvoices(path, invoices)
  const report = await importInvoices(contextOn(today, connection, organization), path, {
    mapping: await loadMapping('generic'),
    partial: false,
    dryRun: false,
    onProgress: () => {},
  })
  if (report.outcome !== 'IMPORTED') throw new Error(`The import was ${report.outcome}`)
  await fold(connection, organization.id, { today })
  return organization
}

export const contextOn = (
  today: Temporal.PlainDate,
  connection: Connection,
  organization: OrganizationRow,
): CommandContext => ({
  connection,
  organization,
  actor: 'bench',
  now: today.toZonedDateTime({ timeZone: 'UTC', plainTime: '12:00' }).toInstant(),
  posted: () => {},
})

export const reading = <T>(
  connection: Connection,
  { id }: OrganizationRow,
  run: (tx: Tx) => Promise<T>,
): Promise<T> => inTransaction(connection, { organizationId: id, mode: 'read', timeoutMs: null }, run)

/** An open invoice, of which each receipt pays a little. */
export type Debt = { readonly customer: string; readonly invoice: string; readonly currency: string }

/** In an order that mixes the customers. */
export const readDebts = (connection: Connection, organization: OrganizationRow): Promise<Debt[]> =>
  reading(
    connection,
    organization,
    (tx) => tx.sql<Debt[]>`
      select customer.number as customer, invoice.number as invoice, segment.currency
      from open_span
      join invoice on invoice.organization_id = open_span.organization_id and invoice.id = open_span.item_id
      join item on item.organization_id = invoice.organization_id and item.id = invoice.id
      join segment on segment.organization_id = item.organization_id and segment.id = item.segment_id
      join customer on customer.organization_id = item.organization_id and customer.id = item.customer_id
      where open_span.closes_on is null
      order by md5(invoice.number)`,
  )

/** The middle one; of an even number the later of the two. */
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** The value below which this share of them lies; 0 of none. */
export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0
