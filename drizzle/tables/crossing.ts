/** Customers that use more than their credit limit: each time that one began to, and how far somebody has looked. */
import { sql } from 'drizzle-orm'
import { foreignKey, index, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { civilDate, instant, minor, snapshot } from '../columns.ts'
import { customer } from './customer.ts'
import { organizationId } from './organization.ts'

/** From the moment when it was seen to that when it was seen to be over; the amounts are those of the first. */
export const creditCrossing = pgTable(
  'credit_crossing',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    customerId: uuid('customer_id').notNull(),
    exposure: minor('exposure').notNull(),
    limit: minor('limit').notNull(),
    currency: text().notNull(),
    since: instant('since').notNull(),
    endedAt: instant('ended_at'),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    // Whoever looks, a customer crosses its limit once.
    uniqueIndex('credit_crossing_open')
      .on(t.organizationId, t.customerId)
      .where(sql`ended_at is null`),
    index('credit_crossing_customer').on(t.organizationId, t.customerId, t.id),
    foreignKey({
      name: 'credit_crossing_customer',
      columns: [t.organizationId, t.customerId],
      foreignColumns: [customer.organizationId, customer.id],
    }),
  ],
)

/** How far credit was looked at: one row an organization, written by who holds its lock. */
export const creditWatch = pgTable(
  'credit_watch',
  {
    organizationId: organizationId(),
    /** What of the audit had been seen. */
    seen: snapshot('seen').notNull(),
    /** The day for which all customers were looked at, or are. */
    watchedOn: civilDate('watched_on').notNull(),
    /** All customers up to this one were looked at; null where nobody goes through all. */
    sweptTo: uuid('swept_to'),
  },
  (t) => [primaryKey({ columns: [t.organizationId] })],
)
