/**
 * Credit limits as they were decided, with the days from which and to which they hold. What is in force on a day is said
 * by `server/domain/credit-limit.ts`.
 */
import { sql } from 'drizzle-orm'
import { check, foreignKey, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { civilDate, instant, minor, now } from '../columns.ts'
import { creditLimitState, customer, riskClass } from './customer.ts'
import { inheritedOrganizationId } from './organization.ts'

/** Never changed and never removed: another decision is another row. */
export const creditLimit = pgTable(
  'credit_limit',
  {
    organizationId: inheritedOrganizationId(),
    customerId: uuid('customer_id').notNull(),
    /** The version of the customer that the decision made. */
    version: integer().notNull(),
    state: creditLimitState().notNull(),
    amount: minor('amount'),
    currency: text(),
    /** The first day, never before that of the recording. */
    effectiveOn: civilDate('effective_on').notNull(),
    /** The last day of a temporary limit. */
    until: civilDate(),
    /** Who decided, and why; null where that was before there was an audit of it. */
    auditId: uuid('audit_id'),
    recordedAt: instant('recorded_at').notNull().default(now),
  },
  (t) => [
    // The order in which it is asked what is in force.
    primaryKey({ columns: [t.organizationId, t.customerId, t.effectiveOn, t.version] }),
    foreignKey({
      name: 'credit_limit_customer',
      columns: [t.organizationId, t.customerId],
      foreignColumns: [customer.organizationId, customer.id],
    }),
    check(
      'credit_limit_amount',
      sql`(${t.state} = 'AMOUNT') = (${t.amount} is not null) and (${t.amount} is null) = (${t.currency} is null) and coalesce(${t.amount} >= 0, true)`,
    ),
    check('credit_limit_days', sql`${t.until} >= ${t.effectiveOn}`),
  ],
)

/**
 * What each review of a customer's credit came to: appended, never changed. `customer` has the latest; these tell which
 * risk class held on a past day, and by when the next review had to be.
 */
export const creditReview = pgTable(
  'credit_review',
  {
    organizationId: inheritedOrganizationId(),
    customerId: uuid('customer_id').notNull(),
    /** The version of the customer that it made. */
    version: integer().notNull(),
    riskClass: riskClass('risk_class'),
    /** From which day on it holds. */
    reviewedOn: civilDate('reviewed_on').notNull(),
    nextReviewOn: civilDate('next_review_on'),
    auditId: uuid('audit_id').notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.customerId, t.reviewedOn, t.version] }),
    foreignKey({
      name: 'credit_review_customer',
      columns: [t.organizationId, t.customerId],
      foreignColumns: [customer.organizationId, customer.id],
    }),
  ],
)

/** What agencies say of customers: appended, never changed. What holds on a day is said by `server/domain/credit-policy.ts`. */
export const creditRating = pgTable(
  'credit_rating',
  {
    organizationId: inheritedOrganizationId(),
    customerId: uuid('customer_id').notNull(),
    /** The version of the customer that it made. */
    version: integer().notNull(),
    source: text().notNull(),
    grade: text().notNull(),
    ratedOn: civilDate('rated_on').notNull(),
    /** The last day on which it counts. */
    until: civilDate(),
    auditId: uuid('audit_id').notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.customerId, t.ratedOn, t.version] }),
    foreignKey({
      name: 'credit_rating_customer',
      columns: [t.organizationId, t.customerId],
      foreignColumns: [customer.organizationId, customer.id],
    }),
    check('credit_rating_days', sql`${t.until} >= ${t.ratedOn}`),
  ],
)
