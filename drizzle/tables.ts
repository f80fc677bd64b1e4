/**
 * The tables. Every one but `organization` starts its primary key with `organization_id` and carries it in its
 * foreign keys, so that a reference across organizations cannot be stored; row-level security
 * (migrations, by hand) is the second wall. Amounts are bigint minor units of the row's currency.
 */
import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  doublePrecision,
  foreignKey,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { civilDate, decimal, instant, snapshot, transactionId } from './columns.ts'

const minor = (name: string) => bigint(name, { mode: 'bigint' })
const now = sql`clock_timestamp()`

/** The tenant. The only table without row-level security: it is read before the tenant is known. */
export const organization = pgTable('organization', {
  id: uuid().primaryKey(),
  slug: text().notNull().unique(),
  name: text().notNull(),
  baseCurrency: text('base_currency').notNull(),
  timeZone: text('time_zone').notNull(),
  demo: boolean().notNull().default(false),
  createdAt: instant('created_at').notNull().default(now),
})

const organizationId = () =>
  uuid('organization_id')
    .notNull()
    .references(() => organization.id)

/** Of a table whose other foreign key leads to the organization anyway: a second check of each row would double its cost. */
const inheritedOrganizationId = () => uuid('organization_id').notNull()

export const person = pgTable(
  'person',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    name: text().notNull(),
    /** In lower case. */
    email: text(),
    /** Since then the row is there only for what points to it: neither name nor e-mail is known any more. */
    erasedAt: instant('erased_at'),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique('person_name').on(t.organizationId, t.name),
    unique('person_email').on(t.organizationId, t.email),
  ],
)

/** A token is shown once; only the hash of its secret is kept. */
export const apiToken = pgTable(
  'api_token',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    name: text().notNull(),
    /** What it may do, such as `kpi:read`, spelled out when it was made: a role that changes later does not widen it. */
    scopes: text().array().notNull(),
    secretHash: text('secret_hash').notNull(),
    /** As the audit names who made it. */
    createdBy: text('created_by').notNull(),
    createdAt: instant('created_at').notNull().default(now),
    expiresAt: instant('expires_at'),
    /** Where it may be used from, as addresses or CIDR blocks; null: from everywhere. */
    addresses: text().array(),
    /** Of cost; null: the usual allowance. */
    pointsPerMinute: integer('points_per_minute'),
    /** The token that this one was made to follow. */
    replacesId: uuid('replaces_id'),
    lastUsedAt: instant('last_used_at'),
    revokedAt: instant('revoked_at'),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique('api_token_secret').on(t.organizationId, t.secretHash),
  ],
)

export const memberRole = pgEnum('member_role', [
  'viewer',
  'sales',
  'collector',
  'credit_manager',
  'manager',
  'auditor',
  'admin',
])

/** A person who can sign in. Readable also for the user that it belongs to, before the tenant is known. */
export const membership = pgTable(
  'membership',
  {
    organizationId: organizationId(),
    personId: uuid('person_id').notNull(),
    /** The sign-in identity, which may be a member of several organizations (identity.ts). */
    userId: text('user_id').notNull(),
    role: memberRole().notNull(),
    createdAt: instant('created_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.personId] }),
    unique('membership_user').on(t.organizationId, t.userId),
    index('membership_of_user').on(t.userId),
    foreignKey({
      name: 'membership_person',
      columns: [t.organizationId, t.personId],
      foreignColumns: [person.organizationId, person.id],
    }),
  ],
)

/** A link that makes whoever has it a member, once. Only the hash of its secret is kept. */
export const invitation = pgTable(
  'invitation',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    email: text().notNull(),
    role: memberRole().notNull(),
    secretHash: text('secret_hash').notNull(),
    /** As the audit names who invited. */
    invitedBy: text('invited_by').notNull(),
    createdAt: instant('created_at').notNull().default(now),
    expiresAt: instant('expires_at').notNull(),
    acceptedAt: instant('accepted_at'),
    revokedAt: instant('revoked_at'),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique('invitation_secret').on(t.organizationId, t.secretHash),
  ],
)

/** What is left of an actor's allowance of cost points: see server/access/budget.ts. */
export const budget = pgTable(
  'budget',
  {
    organizationId: organizationId(),
    actor: text().notNull(),
    level: doublePrecision().notNull(),
    refilledAt: instant('refilled_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.actor] })],
)

/** One combination of the dimensions by which goals and reports are cut. Numbered per organization. */
export const segment = pgTable(
  'segment',
  {
    organizationId: organizationId(),
    id: integer().notNull(),
    currency: text().notNull(),
    businessUnit: text('business_unit'),
    region: text(),
    channel: text(),
    productLine: text('product_line'),
    collectorId: uuid('collector_id'),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique('segment_dimensions')
      .on(t.organizationId, t.currency, t.businessUnit, t.region, t.channel, t.productLine, t.collectorId)
      .nullsNotDistinct(),
    foreignKey({
      name: 'segment_collector',
      columns: [t.organizationId, t.collectorId],
      foreignColumns: [person.organizationId, person.id],
    }),
  ],
)

export const creditLimitState = pgEnum('credit_limit_state', ['NOT_SET', 'UNLIMITED', 'AMOUNT'])

export const customer = pgTable(
  'customer',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    number: text().notNull(),
    name: text().notNull(),
    termsDays: integer('terms_days').notNull(),
    ownerId: uuid('owner_id'),
    businessUnit: text('business_unit'),
    region: text(),
    channel: text(),
    creditLimitState: creditLimitState('credit_limit_state').notNull().default('NOT_SET'),
    creditLimit: minor('credit_limit'),
    creditLimitCurrency: text('credit_limit_currency'),
    version: integer().notNull().default(1),
    createdAt: instant('created_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique('customer_number').on(t.organizationId, t.number),
    index('customer_name').on(t.organizationId, t.name, t.id),
    foreignKey({
      name: 'customer_owner',
      columns: [t.organizationId, t.ownerId],
      foreignColumns: [person.organizationId, person.id],
    }),
  ],
)

/** What a customer owes by everything posted, per currency. Written by the posting function alone. */
export const customerState = pgTable(
  'customer_state',
  {
    organizationId: inheritedOrganizationId(),
    customerId: uuid('customer_id').notNull(),
    currency: text().notNull(),
    /** Open invoices. */
    receivable: minor('receivable').notNull(),
    /** Receipts and credit notes not yet applied. */
    unapplied: minor('unapplied').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.customerId, t.currency] }),
    foreignKey({
      name: 'customer_state_customer',
      columns: [t.organizationId, t.customerId],
      foreignColumns: [customer.organizationId, customer.id],
    }),
  ],
)

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
    index('item_customer').on(t.organizationId, t.customerId, t.kind),
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

const measureNames = [
  'OPEN_BY_DUE',
  'OPEN_BY_ISSUE',
  'UNAPPLIED_CASH',
  'UNAPPLIED_CREDIT',
  'DISPUTED',
  'BILLED',
  'CREDITED',
  'RECEIVED',
  'PAID',
  'CREDIT_APPLIED',
  'WRITTEN_OFF',
  'BAD_DEBT',
  'TOLERANCE',
  'RECOVERED',
  'DISCOUNTED',
  'DISCOUNT_UNEARNED',
  'ADJUSTED',
  'TRANSFERRED',
  'BOUNCED',
  'DISPUTE_OPENED',
  'DISPUTE_CLOSED',
  'TIME_TO_INVOICE',
  'BILLED_WRONG',
  'AT_RISK',
  'PAID_BY_MONTH',
  'PAID_WITHIN_30',
  'PAID_WITHIN_60',
  'DISCOUNT_OFFERED',
  'DISCOUNT_TAKEN',
  'DUE',
  'DUE_ON_TIME',
  'SETTLED',
  'SETTLED_LATE',
  'SETTLED_LATE_FLOORED',
  'SETTLED_ON_TIME',
] as const

/**
 * The KPI store: what each posting changed, per segment, measure, anchor and day. Append-only. The answer for D
 * as known at K is the sum of the rows with day <= D and recorded_at <= K.
 */
export const flow = pgTable(
  'flow',
  {
    organizationId: inheritedOrganizationId(),
    // Text and no enum: comparing enums is not leakproof, so under row-level security no index would be used for it.
    // With ~ at its end: what it takes from as-was to as-is segments (server/domain/shares.ts).
    measure: text().notNull(),
    day: civilDate('day').notNull(),
    /** Due day, invoice date, receipt date, ...: see server/domain/measures.ts. Equal to `day` where there is none. */
    anchor: civilDate('anchor').notNull(),
    segmentId: integer('segment_id').notNull(),
    amount: minor('amount').notNull(),
    count: integer('count').notNull(),
    days: minor('days').notNull(),
    // The largest amounts over years of days are beyond a bigint.
    amountDays: decimal('amount_days').notNull(),
    recordedAt: instant('recorded_at').notNull(),
    xid: transactionId('xid')
      .notNull()
      .default(sql`pg_current_xact_id()`),
  },
  (t) => [
    check(
      'flow_measure',
      sql.raw(`rtrim(measure, '~') in (${measureNames.map((name) => `'${name}'`).join(', ')})`),
    ),
    // The order in which rows are folded. What lies after the fold's position is what readers add to the folded rows.
    index('flow_xid').on(t.organizationId, t.xid, t.day),
    // Finds the last posting, and by measure what was recorded on one day, which can be tens of thousands of rows.
    index('flow_recorded').on(t.organizationId, t.recordedAt, t.measure),
    // What a segment's balances and movements of a part of a month are read by: days of segments are not folded.
    index('flow_segment_measure').on(t.organizationId, t.segmentId, t.measure, t.day),
    foreignKey({
      name: 'flow_segment',
      columns: [t.organizationId, t.segmentId],
      foreignColumns: [segment.organizationId, segment.id],
    }),
  ],
)

/**
 * How far the rows of `flow` are folded into the tables below, which are derived from it and can be rebuilt at any
 * time: those with (xid, day) <= (`xid`, `day`). See server/ledger/fold.ts.
 */
export const kpiFold = pgTable(
  'kpi_fold',
  {
    organizationId: inheritedOrganizationId(),
    xid: transactionId('xid').notNull(),
    /** Within the transaction `xid`; -infinity and infinity are possible. */
    day: civilDate('day').notNull(),
    /** The latest `recordedAt` of what is folded: whoever knows as much needs no corrections. */
    recordedMax: instant('recorded_max').notNull(),
    /** Checkpoints hold for the month ends up to this one; -infinity before the first. */
    checkpointOn: civilDate('checkpoint_on').notNull(),
    /** How many are folded: where many more wait, all of them are folded anew. */
    rows: minor('rows').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId] })],
)

/** The first day of the books as known from `recordedAt` on. A row for each posting that went further back, so a few. */
export const kpiBeginning = pgTable(
  'kpi_beginning',
  {
    organizationId: inheritedOrganizationId(),
    recordedAt: instant('recorded_at').notNull(),
    day: civilDate('day').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.recordedAt] })],
)

/**
 * Of which segments a folded row is the sum. `level` is what they have in common beside the currency (server/ledger/cuts.ts),
 * `cut` the lowest id of a segment that has it.
 */
const cutColumns = () => ({
  organizationId: inheritedOrganizationId(),
  /** One of `flow`, or a balance of some age: see server/ledger/ages.ts, also for which cuts there are rows. */
  measure: text().notNull(),
  level: smallint().notNull(),
  cut: integer().notNull(),
})

/** Rows of `flow`, summed up by cut and by the day on which they were recorded. Not for single segments. */
export const kpiDay = pgTable(
  'kpi_day',
  {
    ...cutColumns(),
    day: civilDate('day').notNull(),
    anchor: civilDate('anchor').notNull(),
    /** The day of `recordedAt` in UTC; of a balance of some age and of cohorts `day`, if that is later. */
    recordedOn: civilDate('recorded_on').notNull(),
    amount: minor('amount').notNull(),
    count: integer('count').notNull(),
    days: minor('days').notNull(),
    amountDays: decimal('amount_days').notNull(),
  },
  (t) => [
    primaryKey({
      columns: [t.organizationId, t.measure, t.level, t.cut, t.day, t.anchor, t.recordedOn],
    }),
    // What is known of days to come, for who asks of a day after the moment whose knowledge is asked for.
    index('kpi_day_early')
      .on(t.organizationId, t.measure, t.level, t.cut, t.day)
      .where(sql`recorded_on < day`),
  ],
)

/** The same by month, whenever recorded. */
export const kpiMonth = pgTable(
  'kpi_month',
  {
    ...cutColumns(),
    /** Its last day. */
    month: civilDate('month').notNull(),
    /** 1970-01-01 where nobody asks by anchor. */
    anchor: civilDate('anchor').notNull(),
    amount: minor('amount').notNull(),
    count: integer('count').notNull(),
    days: minor('days').notNull(),
    amountDays: decimal('amount_days').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.measure, t.level, t.cut, t.month, t.anchor] })],
)

/**
 * Of the rows by month and of what stands at month ends: what was recorded when the month was over. Who knows less than
 * all subtracts it. Once by the day of recording, and once by its month, so that a few rows answer for years.
 */
export const kpiLate = pgTable(
  'kpi_late',
  {
    ...cutColumns(),
    isTotal: boolean('is_total').notNull(),
    /** The day; of a total the last one of its month. */
    recordedOn: civilDate('recorded_on').notNull(),
    month: civilDate('month').notNull(),
    anchor: civilDate('anchor').notNull(),
    amount: minor('amount').notNull(),
    count: integer('count').notNull(),
    days: minor('days').notNull(),
    amountDays: decimal('amount_days').notNull(),
  },
  (t) => [
    primaryKey({
      name: 'kpi_late_pk',
      columns: [t.organizationId, t.measure, t.level, t.cut, t.isTotal, t.recordedOn, t.month, t.anchor],
    }),
  ],
)

/** What stands at a month's end, of the measures that are balances: the sum of all rows up to it. */
export const kpiCheckpoint = pgTable(
  'kpi_checkpoint',
  {
    ...cutColumns(),
    /** Its last day. */
    month: civilDate('month').notNull(),
    anchor: civilDate('anchor').notNull(),
    amount: minor('amount').notNull(),
    count: integer('count').notNull(),
    amountDays: decimal('amount_days').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.month, t.measure, t.level, t.cut, t.anchor] })],
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

/**
 * What one unit of `currency` was worth in the organization's base currency from `validOn` on, as known from `recordedAt`
 * on: a corrected rate is a further row.
 */
export const exchangeRate = pgTable(
  'exchange_rate',
  {
    organizationId: organizationId(),
    currency: text().notNull(),
    validOn: civilDate('valid_on').notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
    rate: decimal('rate').notNull(),
    source: text().notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.currency, t.validOn, t.recordedAt] })],
)

/** Numbers that come from outside the books, such as the cost of collection: a value of a day, as known from a moment on. */
export const metricValue = pgTable(
  'metric_value',
  {
    organizationId: organizationId(),
    /** One of the external metrics of server/domain. */
    metric: text().notNull(),
    /** The last day of what it covers. */
    day: civilDate('day').notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
    /** In major units of `currency` where it is money. Null takes an earlier value back. */
    value: decimal('value'),
    currency: text(),
    source: text().notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.metric, t.day, t.recordedAt] })],
)

/** What the organization chose for its KPIs; what is left out is the default. */
export const kpiSetting = pgTable(
  'kpi_setting',
  {
    organizationId: organizationId(),
    conventions: jsonb().notNull(),
    /** Months, 4-4-5 weeks or 13 periods, and where its years begin. */
    calendar: jsonb().notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId] })],
)

/**
 * Where changes came from. Apart from the audit, which only points here, so that a person can be erased and the
 * audit's hashes still hold.
 */
export const origin = pgTable(
  'origin',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    personId: uuid('person_id'),
    /** The network address of the caller. */
    address: text(),
    /** The program that called, as it names itself. */
    agent: text(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique('origin_parts').on(t.organizationId, t.personId, t.address, t.agent).nullsNotDistinct(),
    foreignKey({
      name: 'origin_person',
      columns: [t.organizationId, t.personId],
      foreignColumns: [person.organizationId, person.id],
    }),
  ],
)

/** One row per command, in its transaction: who changed what, and why. The evaluator sees by `xid` what is new. */
export const audit = pgTable(
  'audit',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    actor: text().notNull(),
    action: text().notNull(),
    subject: text().notNull(),
    before: jsonb(),
    after: jsonb(),
    reason: text(),
    originId: uuid('origin_id'),
    requestId: text('request_id'),
    recordedAt: instant('recorded_at').notNull().default(now),
    /** SHA-256 of all of the above (server/ledger/audit.ts), in hexadecimal digits. */
    hash: text().notNull(),
    xid: transactionId('xid')
      .notNull()
      .default(sql`pg_current_xact_id()`),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index('audit_xid').on(t.organizationId, t.xid),
    index('audit_recorded').on(t.organizationId, t.recordedAt, t.id),
    index('audit_subject').on(t.organizationId, t.subject, t.recordedAt, t.id),
    foreignKey({
      name: 'audit_origin',
      columns: [t.organizationId, t.originId],
      foreignColumns: [origin.organizationId, origin.id],
    }),
  ],
)

/** The audit's chain: each seal's hash covers the one before it, so that no row can be changed, removed or put in between. */
export const auditSeal = pgTable(
  'audit_seal',
  {
    organizationId: organizationId(),
    sequence: minor('sequence').notNull(),
    /** No foreign key: a row that somebody removed is what the seal is there to tell of. */
    auditId: uuid('audit_id').notNull(),
    auditHash: text('audit_hash').notNull(),
    hash: text().notNull(),
    sealedAt: instant('sealed_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.sequence] }),
    unique('audit_seal_audit').on(t.organizationId, t.auditId),
  ],
)

/** Where the chain of an organization ends, and what had been sealed by then. */
export const auditHead = pgTable(
  'audit_head',
  {
    organizationId: organizationId(),
    sequence: minor('sequence').notNull(),
    hash: text().notNull(),
    seen: snapshot('seen').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId] })],
)

/** The stored answer of a mutation that came with a key: the same key and input give the same answer again. */
export const idempotencyKey = pgTable(
  'idempotency_key',
  {
    organizationId: organizationId(),
    actor: text().notNull(),
    key: text().notNull(),
    inputHash: text('input_hash').notNull(),
    outcome: jsonb().notNull(),
    createdAt: instant('created_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.actor, t.key] }),
    index('idempotency_key_created').on(t.organizationId, t.createdAt),
  ],
)

export const goalDirection = pgEnum('goal_direction', ['INCREASE', 'DECREASE', 'MAINTAIN_BAND', 'MILESTONES'])
export const goalTrajectory = pgEnum('goal_trajectory', ['LINEAR', 'STEPPED', 'CUSTOM', 'SEASONAL'])
export const goalState = pgEnum('goal_state', ['DRAFT', 'ACTIVE', 'PAUSED', 'CLOSED'])
export const goalOutcome = pgEnum('goal_outcome', ['ACHIEVED', 'MISSED', 'ABANDONED'])

export const goal = pgTable(
  'goal',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    name: text().notNull(),
    why: text(),
    /** Null for a checklist. */
    metric: text(),
    direction: goalDirection().notNull(),
    /** The filter and conventions as the API took them, frozen with the goal. */
    filter: jsonb().notNull(),
    conventions: jsonb().notNull(),
    currency: text().notNull(),
    baseline: decimal('baseline').notNull(),
    baselineOn: civilDate('baseline_on').notNull(),
    /** The evidence, frozen with the baseline: what was divided by what. Null where the caller gave the baseline. */
    baselineNumerator: decimal('baseline_numerator'),
    baselineDenominator: decimal('baseline_denominator'),
    /** The KPI's value a year before `baselineOn`, or why there is none; both null for goals made before it was kept. */
    baselineYearBefore: decimal('baseline_year_before'),
    baselineYearBeforeReason: text('baseline_year_before_reason'),
    /** Null for a band. */
    target: decimal('target'),
    /** As {kind, amount}: what the target was computed from; null where it is a value, and for a band. */
    targetGiven: jsonb('target_given'),
    bandLow: decimal('band_low'),
    bandHigh: decimal('band_high'),
    trajectory: goalTrajectory().notNull().default('LINEAR'),
    /** Of one that is not linear: what it passes, each as {on, value}. */
    trajectoryPoints: jsonb('trajectory_points'),
    /** True where the points were given, and are not computed anew with the target. */
    trajectoryGiven: boolean('trajectory_given').notNull().default(false),
    startsOn: civilDate('starts_on').notNull(),
    deadline: civilDate('deadline').notNull(),
    ownerId: uuid('owner_id'),
    reviewerId: uuid('reviewer_id'),
    /** The goal above it. */
    parentId: uuid('parent_id'),
    state: goalState().notNull().default('ACTIVE'),
    /** Why it was paused or abandoned. */
    stateReason: text('state_reason'),
    /** How it ended; null where it did not. */
    outcome: goalOutcome(),
    /** The progress that it was closed on; null where it was never evaluated, or is not closed. */
    closedSequence: minor('closed_sequence'),
    /** Grows by one with every change: the last one's row in `goal_change`. */
    version: integer().notNull().default(1),
    createdAt: instant('created_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      name: 'goal_owner',
      columns: [t.organizationId, t.ownerId],
      foreignColumns: [person.organizationId, person.id],
    }),
    index('goal_parent').on(t.organizationId, t.parentId),
    foreignKey({
      name: 'goal_parent',
      columns: [t.organizationId, t.parentId],
      foreignColumns: [t.organizationId, t.id],
    }),
    foreignKey({
      name: 'goal_reviewer',
      columns: [t.organizationId, t.reviewerId],
      foreignColumns: [person.organizationId, person.id],
    }),
  ],
)

/** What a goal that is a checklist waits for. Its target and its trajectory follow from these rows. */
export const goalMilestone = pgTable(
  'goal_milestone',
  {
    organizationId: inheritedOrganizationId(),
    goalId: uuid('goal_id').notNull(),
    id: uuid().notNull(),
    title: text().notNull(),
    dueOn: civilDate('due_on').notNull(),
    doneOn: civilDate('done_on'),
    /** As audit rows name who acts. */
    doneBy: text('done_by'),
    /** Null where it still counts. */
    droppedBy: text('dropped_by'),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.goalId, t.id] }),
    foreignKey({
      name: 'goal_milestone_goal',
      columns: [t.organizationId, t.goalId],
      foreignColumns: [goal.organizationId, goal.id],
    }),
  ],
)

export const goalActionState = pgEnum('goal_action_state', ['PLANNED', 'STARTED', 'DONE', 'DROPPED'])

/** The plan of a goal. Nothing is deleted: an action is dropped for a reason. */
export const goalAction = pgTable(
  'goal_action',
  {
    organizationId: inheritedOrganizationId(),
    goalId: uuid('goal_id').notNull(),
    id: uuid().notNull(),
    title: text().notNull(),
    ownerId: uuid('owner_id'),
    dueOn: civilDate('due_on'),
    brings: text(),
    state: goalActionState().notNull().default('PLANNED'),
    startedOn: civilDate('started_on'),
    doneOn: civilDate('done_on'),
    droppedReason: text('dropped_reason'),
    /** Who changed it last, as audit rows name who acts. */
    actor: text().notNull(),
    version: integer().notNull().default(1),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index('goal_action_goal').on(t.organizationId, t.goalId),
    foreignKey({
      name: 'goal_action_goal',
      columns: [t.organizationId, t.goalId],
      foreignColumns: [goal.organizationId, goal.id],
    }),
    foreignKey({
      name: 'goal_action_owner',
      columns: [t.organizationId, t.ownerId],
      foreignColumns: [person.organizationId, person.id],
    }),
  ],
)

export const goalNote = pgTable(
  'goal_note',
  {
    organizationId: inheritedOrganizationId(),
    goalId: uuid('goal_id').notNull(),
    id: uuid().notNull(),
    text: text().notNull(),
    /** Who wrote it, as audit rows name who acts. */
    author: text().notNull(),
    writtenAt: instant('written_at').notNull(),
    changedAt: instant('changed_at'),
    /** Who wrote it anew last; null where nobody did. */
    changedBy: text('changed_by'),
    version: integer().notNull().default(1),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index('goal_note_goal').on(t.organizationId, t.goalId),
    foreignKey({
      name: 'goal_note_goal',
      columns: [t.organizationId, t.goalId],
      foreignColumns: [goal.organizationId, goal.id],
    }),
  ],
)

export const goalFollower = pgTable(
  'goal_follower',
  {
    organizationId: inheritedOrganizationId(),
    goalId: uuid('goal_id').notNull(),
    personId: uuid('person_id').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.goalId, t.personId] }),
    foreignKey({
      name: 'goal_follower_goal',
      columns: [t.organizationId, t.goalId],
      foreignColumns: [goal.organizationId, goal.id],
    }),
    foreignKey({
      name: 'goal_follower_person',
      columns: [t.organizationId, t.personId],
      foreignColumns: [person.organizationId, person.id],
    }),
  ],
)

export const goalStatus = pgEnum('goal_status', [
  'PENDING_START',
  'ON_TRACK',
  'AT_RISK',
  'OFF_TRACK',
  'ACHIEVED',
  'MISSED',
  'NO_DATA',
  'STALE',
  'INSUFFICIENT_DATA',
  'ABANDONED',
])

/** What was changed of a goal, by whom and why: one row for each version after the first. */
export const goalChange = pgTable(
  'goal_change',
  {
    organizationId: inheritedOrganizationId(),
    goalId: uuid('goal_id').notNull(),
    version: integer().notNull(),
    /** As audit rows name who acts. */
    actor: text().notNull(),
    reason: text(),
    /** What was changed, each as {field, from, to}; people by their ids, so that they can be erased. */
    fields: jsonb().notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.goalId, t.version] }),
    foreignKey({
      name: 'goal_change_goal',
      columns: [t.organizationId, t.goalId],
      foreignColumns: [goal.organizationId, goal.id],
    }),
  ],
)

/** Every change of a goal's value or status. One writer per organization, so `sequence` has no gaps. */
export const goalProgress = pgTable(
  'goal_progress',
  {
    organizationId: inheritedOrganizationId(),
    sequence: minor('sequence').notNull(),
    goalId: uuid('goal_id').notNull(),
    /** The goal's own, when it was evaluated. */
    goalVersion: integer('goal_version').notNull().default(1),
    asOf: civilDate('as_of').notNull(),
    value: decimal('value'),
    /** Why there is no value. */
    valueReason: text('value_reason'),
    numerator: decimal('numerator'),
    denominator: decimal('denominator'),
    /** Null for a band. */
    expected: decimal('expected'),
    status: goalStatus().notNull(),
    statusReason: text('status_reason').notNull(),
    recordedAt: instant('recorded_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.sequence] }),
    index('goal_progress_goal').on(t.organizationId, t.goalId, t.sequence),
    foreignKey({
      name: 'goal_progress_goal',
      columns: [t.organizationId, t.goalId],
      foreignColumns: [goal.organizationId, goal.id],
    }),
  ],
)

/** Where the evaluator of an organization stands: what it has seen, for which day, and its last sequence number. */
export const evaluation = pgTable(
  'evaluation',
  {
    organizationId: organizationId(),
    seen: snapshot('seen').notNull(),
    evaluatedOn: civilDate('evaluated_on').notNull(),
    sequence: minor('sequence').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId] })],
)
