/**
 * Customers, and the segments that they and their bills are in.
 */
import {
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
import { instant, minor, now } from '../columns.ts'
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
