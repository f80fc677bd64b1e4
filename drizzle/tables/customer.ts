/**
 * Customers, and the segments that they and their bills are in.
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
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { civilDate, instant, minor, now } from '../columns.ts'
import { inheritedOrganizationId, organizationId, person } from './organization.ts'

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
export const riskClass = pgEnum('risk_class', ['LOW', 'MEDIUM', 'HIGH'])

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
    /**
     * The last day on which the three above are the limit in force; null where nothing else is recorded to come. Later
     * days are read out of `credit_limit`, so that nobody has to do anything at midnight.
     */
    creditLimitThrough: civilDate('credit_limit_through'),
    riskClass: riskClass('risk_class'),
    creditReviewedOn: civilDate('credit_reviewed_on'),
    nextCreditReviewOn: civilDate('next_credit_review_on'),
    /** Why nothing is delivered on credit; null where nothing is held. */
    creditHoldReason: text('credit_hold_reason'),
    creditHoldSince: instant('credit_hold_since'),
    /** As the audit names who did it. */
    creditHoldBy: text('credit_hold_by'),
    version: integer().notNull().default(1),
    createdAt: instant('created_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique('customer_number').on(t.organizationId, t.number),
    index('customer_name').on(t.organizationId, t.name, t.id),
    // What the list of customers is filtered by where few are looked for.
    index('customer_next_review').on(
      t.organizationId,
      sql`coalesce(${t.nextCreditReviewOn}, '9999-12-31'::date)`,
      t.id,
    ),
    index('customer_held')
      .on(t.organizationId, t.id)
      .where(sql`credit_hold_since is not null`),
    index('customer_limit_through')
      .on(t.organizationId, t.creditLimitThrough)
      .where(sql`credit_limit_through is not null`),
    // One for each value: comparing values of an enum might tell of them, so row-level security takes it for no condition of
    // an index, but for what an index is of.
    index('customer_limit_not_set')
      .on(t.organizationId, t.id)
      .where(sql`credit_limit_state = 'NOT_SET'`),
    index('customer_limit_unlimited')
      .on(t.organizationId, t.id)
      .where(sql`credit_limit_state = 'UNLIMITED'`),
    index('customer_risk_high')
      .on(t.organizationId, t.id)
      .where(sql`risk_class = 'HIGH'`),
    index('customer_risk_medium')
      .on(t.organizationId, t.id)
      .where(sql`risk_class = 'MEDIUM'`),
    index('customer_risk_low')
      .on(t.organizationId, t.id)
      .where(sql`risk_class = 'LOW'`),
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
    /** Whether there was one of another currency before it: by these, whoever has several is found. */
    isFurther: boolean('is_further').notNull().default(false),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.customerId, t.currency] }),
    // Who owes the most, in each currency.
    index('customer_state_owed')
      .on(t.organizationId, t.currency, t.receivable, t.customerId)
      .where(sql`receivable <> 0`),
    index('customer_state_further')
      .on(t.organizationId, t.customerId)
      .where(sql`is_further`),
    foreignKey({
      name: 'customer_state_customer',
      columns: [t.organizationId, t.customerId],
      foreignColumns: [customer.organizationId, customer.id],
    }),
  ],
)
