/** Who asks for credit, by which scorecard that is judged, and what was decided. */
import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  uuid,
} from 'drizzle-orm/pg-core'
import { civilDate, instant, minor, now } from '../columns.ts'
import { customer } from './customer.ts'
import { organizationId } from './organization.ts'

/** The latest version is in force. No row: the default of `server/domain/scorecard.ts`. */
export const creditScorecard = pgTable(
  'credit_scorecard',
  {
    organizationId: organizationId(),
    version: integer().notNull(),
    /** A `Scorecard` of `server/domain/scorecard.ts`, without its version. */
    rules: jsonb().notNull(),
    auditId: uuid('audit_id').notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.version] })],
)

export const creditApplicationStatus = pgEnum('credit_application_status', [
  'SUBMITTED',
  'APPROVED',
  'APPROVED_IN_PART',
  'DECLINED',
  'WITHDRAWN',
])

export const creditApplication = pgTable(
  'credit_application',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    /** Null for somebody who is no customer yet. */
    customerId: uuid('customer_id'),
    status: creditApplicationStatus().notNull().default('SUBMITTED'),
    /** What was said of who applies: `StoredFacts` of `server/credit/application/facts.ts`. Names people, the audit does not. */
    facts: jsonb().notNull(),
    requested: minor('requested').notNull(),
    currency: text().notNull(),
    requestedTermsDays: integer('requested_terms_days').notNull(),
    submittedAt: instant('submitted_at').notNull(),
    submittedOn: civilDate('submitted_on').notNull(),
    submittedBy: text('submitted_by').notNull(),
    /** A `StoredScore` of `server/credit/application/facts.ts`: as scored last, when it was decided on. */
    score: jsonb().notNull(),
    decidedAt: instant('decided_at'),
    decidedOn: civilDate('decided_on'),
    decidedBy: text('decided_by'),
    /** From Monday to Friday, from the day of submission to that of the decision. */
    businessDays: integer('business_days'),
    granted: minor('granted'),
    grantedTermsDays: integer('granted_terms_days'),
    /** Texts. */
    reasons: jsonb(),
    version: integer().notNull().default(1),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index('credit_application_decided')
      .on(t.organizationId, t.decidedOn)
      .where(sql`decided_on is not null`),
    foreignKey({
      name: 'credit_application_customer',
      columns: [t.organizationId, t.customerId],
      foreignColumns: [customer.organizationId, customer.id],
    }),
    check('credit_application_requested', sql`${t.requested} > 0 and coalesce(${t.granted} >= 0, true)`),
    check(
      'credit_application_decided',
      sql`(${t.decidedAt} is null) = (${t.decidedOn} is null) and (${t.decidedAt} is null) = (${t.status} in ('SUBMITTED', 'WITHDRAWN'))`,
    ),
  ],
)
