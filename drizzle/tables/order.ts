/**
 * Orders and what else of a customer's credit is used before a bill: securities, reservations, decisions, and who belongs
 * to whom. Amounts are bigint minor units of the row's currency. Orders are no items of the ledger: nothing is owed for
 * them yet, so that no KPI and no balance knows them.
 */
import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { civilDate, instant, minor, now } from '../columns.ts'
import { customer } from './customer.ts'
import { invoice } from './ledger.ts'
import { inheritedOrganizationId, organizationId } from './organization.ts'

/** Where an order stands, as its events have made it. */
export const salesOrder = pgTable(
  'sales_order',
  {
    organizationId: inheritedOrganizationId(),
    id: uuid().notNull(),
    customerId: uuid('customer_id').notNull(),
    number: text().notNull(),
    amount: minor('amount').notNull(),
    currency: text().notNull(),
    orderedOn: civilDate('ordered_on').notNull(),
    releasedOn: civilDate('released_on'),
    shipped: minor('shipped')
      .notNull()
      .default(sql`0`),
    invoiced: minor('invoiced')
      .notNull()
      .default(sql`0`),
    cancelledOn: civilDate('cancelled_on'),
    /** Something is still to be delivered or billed, so that it may count for the exposure. */
    isOpen: boolean('is_open').notNull().default(true),
    version: integer().notNull().default(1),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique('sales_order_number').on(t.organizationId, t.number),
    index('sales_order_ordered').on(t.organizationId, t.orderedOn, t.id),
    index('sales_order_open')
      .on(t.organizationId, t.customerId)
      .where(sql`is_open`),
    foreignKey({
      name: 'sales_order_customer',
      columns: [t.organizationId, t.customerId],
      foreignColumns: [customer.organizationId, customer.id],
    }),
    check(
      'sales_order_amounts',
      sql`${t.amount} > 0 and ${t.shipped} between 0 and ${t.amount} and ${t.invoiced} between 0 and ${t.amount}`,
    ),
  ],
)

export const orderEventKind = pgEnum('order_event_kind', [
  'RECORDED',
  'RELEASED',
  'SHIPPED',
  'INVOICED',
  'UNINVOICED',
  'CANCELLED',
])

/** What happened to an order: appended, never changed. */
export const orderEvent = pgTable(
  'order_event',
  {
    organizationId: inheritedOrganizationId(),
    orderId: uuid('order_id').notNull(),
    /** The version of the order that it made. */
    version: integer().notNull(),
    kind: orderEventKind().notNull(),
    amount: minor('amount').notNull(),
    occurredOn: civilDate('occurred_on').notNull(),
    /** INVOICED and UNINVOICED: the bill. */
    invoiceId: uuid('invoice_id'),
    reason: text(),
    /** RELEASED and SHIPPED: somebody let it go although the credit did not allow it. */
    isOverride: boolean('is_override').notNull().default(false),
    /** RELEASED and SHIPPED: with it a limit was exceeded, its own or one above, by more than the policy tolerates. */
    isOverLimit: boolean('is_over_limit').notNull().default(false),
    auditId: uuid('audit_id').notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.orderId, t.version] }),
    // What was released and shipped in a time, and what came after a day that somebody wants to know as of.
    index('order_event_occurred').on(t.organizationId, t.occurredOn),
    index('order_event_invoice')
      .on(t.organizationId, t.invoiceId)
      .where(sql`invoice_id is not null`),
    foreignKey({
      name: 'order_event_order',
      columns: [t.organizationId, t.orderId],
      foreignColumns: [salesOrder.organizationId, salesOrder.id],
    }),
    foreignKey({
      name: 'order_event_invoice',
      columns: [t.organizationId, t.invoiceId],
      foreignColumns: [invoice.organizationId, invoice.id],
    }),
  ],
)

export const securityKind = pgEnum('security_kind', [
  'DEPOSIT',
  'GUARANTEE',
  'LETTER_OF_CREDIT',
  'COLLATERAL',
  'INSURANCE',
])

/** What covers a part of what a customer owes, on its days. */
export const creditSecurity = pgTable(
  'credit_security',
  {
    organizationId: inheritedOrganizationId(),
    id: uuid().notNull(),
    customerId: uuid('customer_id').notNull(),
    kind: securityKind().notNull(),
    amount: minor('amount').notNull(),
    currency: text().notNull(),
    effectiveOn: civilDate('effective_on').notNull(),
    /** The last day. */
    until: civilDate(),
    reference: text(),
    recordedAt: instant('recorded_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index('credit_security_customer').on(t.organizationId, t.customerId),
    foreignKey({
      name: 'credit_security_customer',
      columns: [t.organizationId, t.customerId],
      foreignColumns: [customer.organizationId, customer.id],
    }),
    check('credit_security_amount', sql`${t.amount} > 0`),
  ],
)

/** Whose subsidiary a customer is, from a day on: appended, never changed. What is in force is said as of credit limits. */
export const customerParent = pgTable(
  'customer_parent',
  {
    organizationId: inheritedOrganizationId(),
    customerId: uuid('customer_id').notNull(),
    /** The version of the customer that it made. */
    version: integer().notNull(),
    /** Null: from here on nobody's. */
    parentId: uuid('parent_id'),
    effectiveOn: civilDate('effective_on').notNull(),
    /** The last day; null for one that holds until another begins. */
    until: civilDate(),
    auditId: uuid('audit_id').notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.customerId, t.effectiveOn, t.version] }),
    index('customer_parent_parent').on(t.organizationId, t.parentId),
    foreignKey({
      name: 'customer_parent_customer',
      columns: [t.organizationId, t.customerId],
      foreignColumns: [customer.organizationId, customer.id],
    }),
    foreignKey({
      name: 'customer_parent_parent',
      columns: [t.organizationId, t.parentId],
      foreignColumns: [customer.organizationId, customer.id],
    }),
    check('customer_parent_other', sql`${t.parentId} <> ${t.customerId}`),
    check('customer_parent_days', sql`${t.until} >= ${t.effectiveOn}`),
  ],
)

export const countedOrders = pgEnum('counted_orders', ['NONE', 'RELEASED', 'ALL'])
export const creditOutcome = pgEnum('credit_outcome', ['ALLOW', 'REVIEW', 'BLOCK'])

/** By which rules credit is decided; of the versions that began, the one that began last is in force. No row: the defaults of `domain/credit-decision.ts`. */
export const creditPolicy = pgTable(
  'credit_policy',
  {
    organizationId: organizationId(),
    version: integer().notNull(),
    countedOrders: countedOrders('counted_orders').notNull(),
    /** Days after which a receipt cannot bounce any more. */
    clearingDays: integer('clearing_days').notNull(),
    insuranceCounts: boolean('insurance_counts').notNull(),
    /** By how much a limit may be exceeded, in hundredths of a percent. */
    toleranceBasisPoints: integer('tolerance_basis_points').notNull(),
    overLimit: creditOutcome('over_limit').notNull(),
    pastDueDays: integer('past_due_days').notNull(),
    /** In the base currency; more than this is too much. */
    pastDueAmount: minor('past_due_amount').notNull(),
    pastDue: creditOutcome('past_due').notNull(),
    /** The first day on which it holds, never before that of the recording: until then the version before does. */
    effectiveOn: civilDate('effective_on').notNull(),
    /** The rules that are lists: see `StoredRules` of `server/ledger/credit-policy.ts`. */
    rules: jsonb()
      .notNull()
      .default(sql`'{}'::jsonb`),
    auditId: uuid('audit_id').notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.version] })],
)

/** What was decided about an order, and on what grounds: appended, never changed. */
export const creditDecision = pgTable(
  'credit_decision',
  {
    organizationId: inheritedOrganizationId(),
    id: uuid().notNull(),
    customerId: uuid('customer_id').notNull(),
    amount: minor('amount').notNull(),
    currency: text().notNull(),
    outcome: creditOutcome().notNull(),
    /** A list of `DecisionReason` of `domain/credit-decision.ts`. */
    reasons: jsonb().notNull(),
    /** A list of `StoredLevel` of `ledger/credit-standing.ts`. */
    levels: jsonb().notNull(),
    policyVersion: integer('policy_version').notNull(),
    decidedOn: civilDate('decided_on').notNull(),
    auditId: uuid('audit_id').notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index('credit_decision_customer').on(t.organizationId, t.customerId, t.id),
    foreignKey({
      name: 'credit_decision_customer',
      columns: [t.organizationId, t.customerId],
      foreignColumns: [customer.organizationId, customer.id],
    }),
  ],
)

/** Headroom that a decision took. It counts until it is released, or its time is over: nobody has to end it. */
export const creditReservation = pgTable(
  'credit_reservation',
  {
    organizationId: inheritedOrganizationId(),
    /** That of the decision. */
    id: uuid().notNull(),
    customerId: uuid('customer_id').notNull(),
    amount: minor('amount').notNull(),
    currency: text().notNull(),
    expiresAt: instant('expires_at').notNull(),
    releasedAt: instant('released_at'),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index('credit_reservation_held')
      .on(t.organizationId, t.customerId, t.expiresAt)
      .where(sql`released_at is null`),
    foreignKey({
      name: 'credit_reservation_decision',
      columns: [t.organizationId, t.id],
      foreignColumns: [creditDecision.organizationId, creditDecision.id],
    }),
  ],
)
