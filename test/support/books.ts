/** An organization of one's own with customers, and the commands to fill its books. */
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { organization } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import type { CommandContext } from '@tidemark/server/command.ts'
import { recordInvoice } from '@tidemark/server/invoice/record.ts'
import { recordReceipt } from '@tidemark/server/receipt/record.ts'
import type { RecordInvoiceInput, RecordReceiptInput } from '@tidemark/server/schema.generated.ts'
import { createDatabase } from './database.ts'

export type Books = {
  readonly connection: Connection
  readonly organization: OrganizationRow
  readonly context: CommandContext
  /** Bills `amount` USD (or another currency) on `issuedOn`, due on `dueOn`. */
  bill(
    number: string,
    amount: string,
    issuedOn: string,
    dueOn: string,
    more?: Partial<RecordInvoiceInput>,
  ): ReturnType<typeof recordInvoice>
  /** Receives `amount` on `receivedOn` and applies it to the invoices of these numbers. */
  pay(
    amount: string,
    receivedOn: string,
    invoices: Record<string, string | null>,
    more?: Partial<RecordReceiptInput>,
  ): ReturnType<typeof recordReceipt>
  close(): Promise<void>
}

/** `today` is the organization's; its customers are C-1 and C-2 with 30 days to pay. */
export async function openBooks(today = '2026-06-30'): Promise<Books> {
  const database = await createDatabase()
  const connection = await connect(database.url, { max: 8 })
  const id = crypto.randomUUID()
  const row: OrganizationRow = {
    id,
    slug: 'books',
    name: 'Books',
    baseCurrency: 'USD',
    timeZone: 'UTC',
    demo: false,
    createdAt: Temporal.Instant.from('2026-01-01T00:00:00Z'),
  }
  await inTransaction(connection, { organizationId: id, mode: 'write' }, async (tx) => {
    await tx.insert(organization).values(row)
    for (const number of ['C-1', 'C-2']) {
      const customerId = crypto.randomUUID()
      await tx
        .insert(customer)
        .values({ organizationId: id, id: customerId, number, name: `Customer ${number}`, termsDays: 30 })
    }
  })
  const now = Temporal.Instant.from(`${today}T12:00:00Z`)
  const context: CommandContext = { connection, organization: row, actor: 'test', now, posted: () => {} }
  const date = (text: string) => Temporal.PlainDate.from(text)
  return {
    connection,
    organization: row,
    context,
    bill: (number, amount, issuedOn, dueOn, more = {}) =>
      recordInvoice(context, {
        customer: { number: 'C-1' },
        number,
        amount: { amount, currency: 'USD' },
        issuedOn: date(issuedOn),
        ...(more.installments ? {} : { dueOn: date(dueOn) }),
        dryRun: false,
        ...more,
      }),
    pay: (amount, receivedOn, invoices, more = {}) =>
      recordReceipt(context, {
        customer: { number: 'C-1' },
        amount: { amount, currency: 'USD' },
        receivedOn: date(receivedOn),
        allocations: Object.entries(invoices).map(([number, part]) => ({
          invoice: { number },
          amount: part,
        })),
        dryRun: false,
        ...more,
      }),
    async close() {
      await connection.close()
      await database.drop()
    },
  }
}
