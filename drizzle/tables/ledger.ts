/**
 * The ledger and its documents. Amounts are bigint minor units of the row's currency.
 */
import { sql } from 'drizzle-orm'
import {
  boolean,
  foreignKey,
  index,
  integer,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { civilDate, instant, minor } from '../columns.ts'
import { customer, segment } from './customer.ts'
import { inheritedOrganizationId, organizationId } from './organization.ts'

export const itemKind = pgEnum('item_kind', ['INVOICE', 'RECEIPT', 'CREDIT_NOTE', 'DISPUTE'])

/** Whatever has a ledger history of its own. It is also what a posting locks. */
export const item = pgTable(
  'item',
  {
    organizationId: inheritedOrganizationId(),
    id: uuid().notNull(),
    kind: itemKind().notNull(),
    customerId: uuid('customer_id').notNull(),
    segmentId: integer('segment_id').notNull(),
    /** Invoice date, receipt date, credit note date, day a dispute was opened. */
    startsOn: civilDate('starts_on').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    // Of receipts only the last days are asked for: the others cannot bounce any more.
    index('item_customer').on(t.organizationId, t.customerId, t.kind, t.startsOn),
    // Disputes have no table of their own.
    index('item_dispute')
      .on(t.organizationId, t.startsOn, t.id)
      .where(sql`kind = 'DISPUTE'`),
    foreignKey({
      name: 'item_customer',
      columns: [t.organizationId, t.customerId],
      foreignColumns: [customer.organizationId, customer.id],
    }),
    foreignKey({
      name: 'item_segment',
      columns: [t.organizationId, t.segmentId],
      foreignColumns: [segment.organizationId, segment.id],
    }),
  ],
)

export const invoice = pgTable(
  'invoice',
  {
    organizationId: inheritedOrganizationId(),
    id: uuid().notNull(),
    number: text().notNull(),
    /** Its key in the system that it was imported from, where the mapping of the import names one. */
    sourceKey: text('source_key'),
    issuedOn: civilDate('issued_on').notNull(),
    /** The last due date in force over its installments, for lists; the ledger has each. */
    dueOn: civilDate('due_on').notNull(),
    /** True where no due date was given and terms made one. */
    dueDerived: boolean('due_derived').notNull().default(false),
    orderedOn: civilDate('ordered_on'),
    deliveredOn: civilDate('delivered_on'),
    sentOn: civilDate('sent_on'),
    receivedOn: civilDate('received_on'),
    approvedOn: civilDate('approved_on'),
    replacesId: uuid('replaces_id'),
    /** What may be deducted where it is paid by `discount_until`; both or none. */
    discount: minor('discount'),
    discountUntil: civilDate('discount_until'),
    /** What of the amount is tax, as first billed; null where nobody knows. */
    tax: minor('tax'),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique('invoice_number').on(t.organizationId, t.number),
    uniqueIndex('invoice_source_key')
      .on(t.organizationId, t.sourceKey)
      .where(sql`source_key is not null`),
    index('invoice_issued').on(t.organizationId, t.issuedOn, t.id),
    index('invoice_due').on(t.organizationId, t.dueOn, t.id),
    foreignKey({
      name: 'invoice_item',
      columns: [t.organizationId, t.id],
      foreignColumns: [item.organizationId, item.id],
    }),
    foreignKey({
      name: 'invoice_replaces',
      columns: [t.organizationId, t.replacesId],
      foreignColumns: [t.organizationId, t.id],
    }),
  ],
)

/** What a bill is for, where it says so. The amounts add up to what was billed. */
export const invoiceLine = pgTable(
  'invoice_line',
  {
    organizationId: inheritedOrganizationId(),
    invoiceId: uuid('invoice_id').notNull(),
    number: smallint().notNull(),
    description: text(),
    productLine: text('product_line'),
    amount: minor('amount').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.invoiceId, t.number] }),
    foreignKey({
      name: 'invoice_line_invoice',
      columns: [t.organizationId, t.invoiceId],
      foreignColumns: [invoice.organizationId, invoice.id],
    }),
  ],
)

/** The parts of an item that is in several segments, such as an invoice over several product lines; else there are none. */
export const itemShare = pgTable(
  'item_share',
  {
    organizationId: inheritedOrganizationId(),
    itemId: uuid('item_id').notNull(),
    number: smallint().notNull(),
    segmentId: integer('segment_id').notNull(),
    weight: minor('weight').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.itemId, t.number] }),
    foreignKey({
      name: 'item_share_item',
      columns: [t.organizationId, t.itemId],
      foreignColumns: [item.organizationId, item.id],
    }),
    foreignKey({
      name: 'item_share_segment',
      columns: [t.organizationId, t.segmentId],
      foreignColumns: [segment.organizationId, segment.id],
    }),
  ],
)

export const creditNote = pgTable(
  'credit_note',
  {
    organizationId: inheritedOrganizationId(),
    id: uuid().notNull(),
    number: text(),
    issuedOn: civilDate('issued_on').notNull(),
    /** What of the amount is tax; null where nobody knows. */
    tax: minor('tax'),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique('credit_note_number').on(t.organizationId, t.number),
    index('credit_note_issued').on(t.organizationId, t.issuedOn, t.id),
    foreignKey({
      name: 'credit_note_item',
      columns: [t.organizationId, t.id],
      foreignColumns: [item.organizationId, item.id],
    }),
  ],
)

/** Up to which day the books are closed: nothing is posted on or before it. No row: nothing was ever closed. */
export const bookClosing = pgTable(
  'book_closing',
  {
    organizationId: organizationId(),
    closedThrough: civilDate('closed_through').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId] })],
)

export const receipt = pgTable(
  'receipt',
  {
    organizationId: inheritedOrganizationId(),
    id: uuid().notNull(),
    reference: text(),
    receivedOn: civilDate('received_on').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index('receipt_received').on(t.organizationId, t.receivedOn, t.id),
    foreignKey({
      name: 'receipt_item',
      columns: [t.organizationId, t.id],
      foreignColumns: [item.organizationId, item.id],
    }),
  ],
)

export const entryKind = pgEnum('entry_kind', [
  'INVOICED',
  'CORRECTED',
  'RE_DATED',
  'PAYMENT_APPLIED',
  'CREDIT_APPLIED',
  'WRITTEN_OFF',
  'RECEIVED',
  'BOUNCED',
  'CREDITED',
  'APPLIED',
  'DISPUTE_OPENED',
  'DISPUTE_RESOLVED',
  'VOIDED',
  'DISCOUNTED',
  'ADJUSTED',
  'RECOVERED',
  'MOVED',
])

/**
 * The append-only ledger: one immutable movement of one item. `amount` is signed from the item's point of view
 * (an invoice is +, what settles it -); a reversal is a further entry of the same kind with the other sign.
 */
export const ledgerEntry = pgTable(
  'ledger_entry',
  {
    organizationId: inheritedOrganizationId(),
    itemId: uuid('item_id').notNull(),
    sequence: integer().notNull(),
    kind: entryKind().notNull(),
    installment: smallint().notNull().default(1),
    amount: minor('amount').notNull(),
    /** Accounting date: in a closed month the first open day. */
    effectiveOn: civilDate('effective_on').notNull(),
    /** When it happened, such as the bank's value date; on-time and days late use it. */
    occurredOn: civilDate('occurred_on').notNull(),
    recordedAt: instant('recorded_at').notNull(),
    /** INVOICED and RE_DATED: the installment's due date from here on. */
    dueOn: civilDate('due_on'),
    /** The other side: the receipt of a payment, the invoice of an application. */
    counterpartId: uuid('counterpart_id'),
    /** WRITTEN_OFF: BAD_DEBT, TOLERANCE, DISPUTE. DISCOUNTED: EARNED, UNEARNED. */
    code: text(),
    /** MOVED: the segment that the share (`installment`) is in from `effectiveOn` on. */
    segmentId: integer('segment_id'),
    reason: text(),
    auditId: uuid('audit_id').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.itemId, t.sequence] }),
    // Finds what came after a moment that somebody wants to know as of. The entries of one posting share a key of it.
    index('ledger_entry_recorded').on(t.organizationId, t.recordedAt),
    // What was billed and credited in a time, and how bills were changed. How they are paid is most entries and has no
    // place in it. By the kinds that are left out: an index cannot name kinds that were added in its own transaction.
    index('ledger_entry_billed')
      .on(t.organizationId, t.effectiveOn, t.itemId)
      .where(sql`kind not in ('PAYMENT_APPLIED', 'CREDIT_APPLIED', 'RECEIVED', 'APPLIED')`),
    // What of the last months was no billing and no settling, for goals whose KPIs are to be told without it: few entries.
    index('ledger_entry_altering')
      .on(t.organizationId, t.effectiveOn, t.itemId)
      .where(
        sql`kind not in ('INVOICED', 'PAYMENT_APPLIED', 'CREDIT_APPLIED', 'RECEIVED', 'APPLIED', 'DISPUTE_OPENED', 'DISPUTE_RESOLVED')`,
      ),
    foreignKey({
      name: 'ledger_entry_segment',
      columns: [t.organizationId, t.segmentId],
      foreignColumns: [segment.organizationId, segment.id],
    }),
    foreignKey({
      name: 'ledger_entry_item',
      columns: [t.organizationId, t.itemId],
      foreignColumns: [item.organizationId, item.id],
    }),
  ],
)

/** When an item had a balance: open on every day D with opens_on <= D < closes_on. Lists and drill-downs start here. */
export const openSpan = pgTable(
  'open_span',
  {
    organizationId: inheritedOrganizationId(),
    itemId: uuid('item_id').notNull(),
    opensOn: civilDate('opens_on').notNull(),
    /** The first day without a balance; null while it is open. */
    closesOn: civilDate('closes_on'),
    customerId: uuid('customer_id').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.itemId, t.opensOn] }),
    index('open_span_open')
      .on(t.organizationId, t.customerId)
      .where(sql`closes_on is null`),
    index('open_span_closed').on(t.organizationId, t.closesOn, t.opensOn),
    foreignKey({
      name: 'open_span_item',
      columns: [t.organizationId, t.itemId],
      foreignColumns: [item.organizationId, item.id],
    }),
  ],
)
