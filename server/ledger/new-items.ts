/** Makes items with the rows of their own kinds. Only `post` calls it. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Fragment, Tx } from '@tidemark/drizzle/transaction.ts'
import { formatDay, type Day } from '../domain/day.ts'
import { noFacts, type InvoiceFacts } from '../domain/invoice.ts'
import { wholeIn, type Share } from '../domain/shares.ts'
import type { Item } from './histories.ts'

/** An item that this posting makes, with the row of its own kind. */
export type NewItem = Omit<Item, 'entries' | 'kind' | 'facts' | 'shares'> & {
  /** Where it has several; `segmentId` is then that of the largest. */
  readonly shares?: readonly Share[]
} & (
    | { readonly kind: 'INVOICE'; readonly invoice: InvoiceDetail }
    | { readonly kind: 'RECEIPT'; readonly reference: string | null }
    | {
        readonly kind: 'CREDIT_NOTE'
        readonly number?: string | null
        readonly tax?: bigint | null
      }
    | { readonly kind: 'DISPUTE' }
  )

/** What a bill says beside its amounts; `startsOn` is its invoice date. */
export type InvoiceDetail = {
  readonly number: string
  /** Its key in the system that it was imported from. */
  readonly sourceKey?: string | null
  readonly dueOn: Day
  readonly dueDerived: boolean
  readonly orderedOn?: Day | null
  readonly deliveredOn?: Day | null
  readonly sentOn?: Day | null
  readonly receivedOn?: Day | null
  readonly approvedOn?: Day | null
  readonly replacesId?: string | null
  readonly discount?: { readonly amount: bigint; readonly until: Day } | null
  /** What of it is tax. */
  readonly tax?: bigint | null
  readonly lines?: readonly InvoiceLine[]
}

export type InvoiceLine = {
  readonly description: string | null
  readonly productLine: string | null
  readonly amount: bigint
}

/** The item before anything was posted to it. */
export const itemOf = (item: NewItem): Item => ({
  ...item,
  shares: item.shares ?? wholeIn(item.segmentId),
  facts: factsOf(item),
  entries: [],
})

function factsOf(item: NewItem): InvoiceFacts {
  if (item.kind === 'CREDIT_NOTE') return { ...noFacts, tax: item.tax ?? null }
  if (item.kind !== 'INVOICE') return noFacts
  const { deliveredOn, sentOn, discount, tax } = item.invoice
  return {
    deliveredOn: deliveredOn ?? null,
    sentOn: sentOn ?? null,
    discount: discount?.amount ?? 0n,
    discountUntil: discount?.until ?? null,
    tax: tax ?? null,
  }
}

/** What writes them; null where there is nothing of a kind. */
export const insertItems = (
  tx: Tx,
  organizationId: string,
  items: readonly NewItem[],
): readonly (Fragment | null)[] => [
  insertPlain(tx, organizationId, items),
  insertShares(tx, organizationId, items),
  insertInvoices(tx, organizationId, items),
  insertLines(tx, organizationId, items),
  insertReceipts(tx, organizationId, items),
  insertCreditNotes(tx, organizationId, items),
]

export const dates = (days: readonly (Day | null | undefined)[]) =>
  arrayOf(days.map((day) => (day === null || day === undefined ? null : formatDay(day))))

function insertPlain(tx: Tx, organizationId: string, items: readonly NewItem[]): Fragment | null {
  if (items.length === 0) return null
  return tx.sql`
    insert into item (organization_id, id, kind, customer_id, segment_id, starts_on)
    select ${organizationId}, * from unnest(
      ${arrayOf(items.map((item) => item.id))}::uuid[],
      ${arrayOf(items.map((item) => item.kind))}::item_kind[],
      ${arrayOf(items.map((item) => item.customerId))}::uuid[],
      ${arrayOf(items.map((item) => item.segmentId))}::int[],
      ${dates(items.map((item) => item.startsOn))}::date[])`
}

function insertInvoices(tx: Tx, organizationId: string, items: readonly NewItem[]): Fragment | null {
  const bills = items.filter((item) => item.kind === 'INVOICE')
  const invoices = bills.map((item) => item.invoice)
  if (bills.length === 0) return null
  return tx.sql`
    insert into invoice (organization_id, id, number, source_key, issued_on, due_on, due_derived,
      ordered_on, delivered_on, sent_on, received_on, approved_on, replaces_id, discount, discount_until, tax)
    select ${organizationId}, * from unnest(
      ${arrayOf(bills.map((item) => item.id))}::uuid[],
      ${arrayOf(invoices.map((invoice) => invoice.number))}::text[],
      ${arrayOf(invoices.map((invoice) => invoice.sourceKey ?? null))}::text[],
      ${dates(bills.map((item) => item.startsOn))}::date[],
      ${dates(invoices.map((invoice) => invoice.dueOn))}::date[],
      ${arrayOf(invoices.map((invoice) => invoice.dueDerived))}::bool[],
      ${dates(invoices.map((invoice) => invoice.orderedOn))}::date[],
      ${dates(invoices.map((invoice) => invoice.deliveredOn))}::date[],
      ${dates(invoices.map((invoice) => invoice.sentOn))}::date[],
      ${dates(invoices.map((invoice) => invoice.receivedOn))}::date[],
      ${dates(invoices.map((invoice) => invoice.approvedOn))}::date[],
      ${arrayOf(invoices.map((invoice) => invoice.replacesId ?? null))}::uuid[],
      ${arrayOf(invoices.map((invoice) => invoice.discount?.amount ?? null))}::bigint[],
      ${dates(invoices.map((invoice) => invoice.discount?.until))}::date[],
      ${arrayOf(invoices.map((invoice) => invoice.tax ?? null))}::bigint[])`
}

function insertReceipts(tx: Tx, organizationId: string, items: readonly NewItem[]): Fragment | null {
  const receipts = items.filter((item) => item.kind === 'RECEIPT')
  if (receipts.length === 0) return null
  return tx.sql`
    insert into receipt (organization_id, id, reference, received_on)
    select ${organizationId}, * from unnest(
      ${arrayOf(receipts.map((receipt) => receipt.id))}::uuid[],
      ${arrayOf(receipts.map((receipt) => receipt.reference))}::text[],
      ${dates(receipts.map((receipt) => receipt.startsOn))}::date[])`
}

function insertShares(tx: Tx, organizationId: string, items: readonly NewItem[]): Fragment | null {
  const shares = items.flatMap((item) =>
    (item.shares ?? []).length > 1 ? (item.shares ?? []).map((share) => ({ ...share, itemId: item.id })) : [],
  )
  if (shares.length === 0) return null
  return tx.sql`
    insert into item_share (organization_id, item_id, number, segment_id, weight)
    select ${organizationId}, * from unnest(
      ${arrayOf(shares.map((share) => share.itemId))}::uuid[],
      ${arrayOf(shares.map((share) => share.number))}::smallint[],
      ${arrayOf(shares.map((share) => share.segmentId))}::int[],
      ${arrayOf(shares.map((share) => share.weight))}::bigint[])`
}

function insertLines(tx: Tx, organizationId: string, items: readonly NewItem[]): Fragment | null {
  const lines = items.flatMap((item) =>
    item.kind === 'INVOICE'
      ? (item.invoice.lines ?? []).map((line, index) => ({ ...line, invoiceId: item.id, number: index + 1 }))
      : [],
  )
  if (lines.length === 0) return null
  return tx.sql`
    insert into invoice_line (organization_id, invoice_id, number, description, product_line, amount)
    select ${organizationId}, * from unnest(
      ${arrayOf(lines.map((line) => line.invoiceId))}::uuid[],
      ${arrayOf(lines.map((line) => line.number))}::smallint[],
      ${arrayOf(lines.map((line) => line.description))}::text[],
      ${arrayOf(lines.map((line) => line.productLine))}::text[],
      ${arrayOf(lines.map((line) => line.amount))}::bigint[])`
}

function insertCreditNotes(tx: Tx, organizationId: string, items: readonly NewItem[]): Fragment | null {
  const notes = items.filter((item) => item.kind === 'CREDIT_NOTE')
  if (notes.length === 0) return null
  return tx.sql`
    insert into credit_note (organization_id, id, number, issued_on, tax)
    select ${organizationId}, * from unnest(
      ${arrayOf(notes.map((note) => note.id))}::uuid[],
      ${arrayOf(notes.map((note) => note.number ?? null))}::text[],
      ${dates(notes.map((note) => note.startsOn))}::date[],
      ${arrayOf(notes.map((note) => note.tax ?? null))}::bigint[])`
}
