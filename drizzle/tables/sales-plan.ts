/** The plan of sales on credit, against which credit lines are held. */
import { sql } from 'drizzle-orm'
import { check, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { civilDate, instant, minor, now } from '../columns.ts'
import { organizationId } from './organization.ts'

/**
 * What is to be sold in a month, as known from `recordedAt` on: a changed plan is a further row, and 0 takes one back. An
 * empty text stands for a dimension that the row does not name.
 */
export const salesPlan = pgTable(
  'sales_plan',
  {
    organizationId: organizationId(),
    /** Its first day. */
    month: civilDate('month').notNull(),
    channel: text().notNull(),
    region: text().notNull(),
    productLine: text('product_line').notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
    /** Tax included. */
    planned: minor('planned').notNull(),
    currency: text().notNull(),
    termsDays: integer('terms_days').notNull(),
    auditId: uuid('audit_id').notNull(),
  },
  (t) => [
    primaryKey({
      name: 'sales_plan_pk',
      columns: [t.organizationId, t.month, t.channel, t.region, t.productLine, t.recordedAt],
    }),
    check('sales_plan_planned', sql`${t.planned} >= 0 and ${t.termsDays} >= 0`),
  ],
)
