/**
 * Who may decide what alone, what was decided so, and what waits for somebody's approval.
 */
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
import { civilDate, instant, minor, now, transactionId } from '../columns.ts'
import { customer } from './customer.ts'
import { inheritedOrganizationId, organizationId } from './organization.ts'

/** Never changed: another matrix is another version. No row: whoever has the right may decide. */
export const authorityMatrix = pgTable(
  'authority_matrix',
  {
    organizationId: organizationId(),
    version: integer().notNull(),
    /** The first day; of those that began, the one that began last is in force. */
    effectiveOn: civilDate('effective_on').notNull(),
    /** Over how many days increases count together. */
    windowDays: integer('window_days').notNull(),
    /** After how many days nobody can approve a request any more. */
    expiryDays: integer('expiry_days').notNull(),
    /** A list of `StoredRule` of `server/authority/stored.ts`. */
    rules: jsonb().notNull(),
    auditId: uuid('audit_id').notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.version] }),
    index('authority_matrix_in_force').on(t.organizationId, t.effectiveOn, t.version),
  ],
)

export const authorityAction = pgEnum('authority_action', [
  'CREDIT_LIMIT',
  'UNLIMITED_CREDIT',
  'RELEASE_HOLD',
  'WRITE_OFF',
  'CREDIT_NOTE',
  'RE_DATE',
  'TERMS',
  'ADJUSTMENT',
  'ORDER_OVERRIDE',
])

export const approvalState = pgEnum('approval_state', [
  'PENDING',
  'APPROVED',
  'REJECTED',
  'WITHDRAWN',
  'FAILED',
])

/** A command that was not carried out. Those that nobody decided in time are still PENDING: the clock says that they expired. */
export const approvalRequest = pgTable(
  'approval_request',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    /** The mutation, such as `setCreditLimit`. */
    command: text().notNull(),
    /** Its input. */
    input: jsonb().notNull(),
    /** The rows of the input that it holds, as callers count them; null for all. */
    rows: integer().array(),
    /** What of the matrix it touches. */
    actions: authorityAction().array().notNull(),
    /** What has to be fulfilled: a list of `Requirement` of `server/domain/authority.ts`. */
    requirements: jsonb().notNull(),
    stepCount: integer('step_count').notNull(),
    reason: text(),
    /** As the audit names who asked. */
    requestedBy: text('requested_by').notNull(),
    /** Who that is besides: a token acts for whoever made it. */
    requesters: text().array().notNull(),
    matrixVersion: integer('matrix_version').notNull(),
    state: approvalState().notNull().default('PENDING'),
    expiresAt: instant('expires_at').notNull(),
    decidedAt: instant('decided_at'),
    /** Why it could not be carried out though it was approved. */
    failure: text(),
    /** Of the command, once it was carried out. */
    appliedAuditId: uuid('applied_audit_id'),
    version: integer().notNull().default(1),
    auditId: uuid('audit_id').notNull(),
    requestedAt: instant('requested_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index('approval_request_pending')
      .on(t.organizationId, t.expiresAt)
      .where(sql`state = 'PENDING'`),
    check('approval_request_decided', sql`(${t.state} = 'PENDING') = (${t.decidedAt} is null)`),
    check('approval_request_failure', sql`(${t.state} = 'FAILED') = (${t.failure} is not null)`),
  ],
)

/** What a request would do to one customer. */
export const approvalStep = pgTable(
  'approval_step',
  {
    organizationId: inheritedOrganizationId(),
    requestId: uuid('request_id').notNull(),
    /** As callers count the rows of their input; 0 for a command about one thing. */
    row: integer().notNull(),
    action: authorityAction().notNull(),
    customerId: uuid('customer_id').notNull(),
    /** The number of the bill, where it is about one. */
    subject: text(),
    before: text(),
    after: text(),
    /** By how much, in the base currency; null where that is without limit, or no rate is known. */
    amount: minor('amount'),
    /** Of a date or of terms: by how many days. */
    days: integer(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.requestId, t.row] }),
    index('approval_step_customer').on(t.organizationId, t.customerId, t.requestId),
    foreignKey({
      name: 'approval_step_request',
      columns: [t.organizationId, t.requestId],
      foreignColumns: [approvalRequest.organizationId, approvalRequest.id],
    }),
    foreignKey({
      name: 'approval_step_customer',
      columns: [t.organizationId, t.customerId],
      foreignColumns: [customer.organizationId, customer.id],
    }),
  ],
)

export const approvalEventKind = pgEnum('approval_event_kind', [
  'REQUESTED',
  'COMMENTED',
  'APPROVED',
  'REJECTED',
  'WITHDRAWN',
  'APPLIED',
  'FAILED',
])

/** What happened to a request, in its order: appended, never changed. */
export const approvalEvent = pgTable(
  'approval_event',
  {
    organizationId: inheritedOrganizationId(),
    id: uuid().notNull(),
    requestId: uuid('request_id').notNull(),
    kind: approvalEventKind().notNull(),
    /** As the audit names who did it. */
    actor: text().notNull(),
    comment: text(),
    recordedAt: instant('recorded_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.requestId, t.id] }),
    foreignKey({
      name: 'approval_event_request',
      columns: [t.organizationId, t.requestId],
      foreignColumns: [approvalRequest.organizationId, approvalRequest.id],
    }),
  ],
)

/** What was done of what the matrix governs, so that small steps add up: appended in the transaction of the change. */
export const authorityUse = pgTable(
  'authority_use',
  {
    organizationId: inheritedOrganizationId(),
    id: uuid().notNull(),
    action: authorityAction().notNull(),
    customerId: uuid('customer_id').notNull(),
    /** As the audit names who asked for it. */
    actor: text().notNull(),
    /** Whose steps it counts with: the person who made a token, or else the first of its tokens. */
    principal: text().notNull(),
    /** In the base currency; null as for `approval_step`. */
    amount: minor('amount'),
    days: integer(),
    matrixVersion: integer('matrix_version').notNull(),
    /** What approved it; null where it was decided alone. */
    requestId: uuid('request_id'),
    recordedAt: instant('recorded_at').notNull().default(now),
    /** As that of the audit row. */
    xid: transactionId('xid')
      .notNull()
      .default(sql`pg_current_xact_id()`),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index('authority_use_customer').on(t.organizationId, t.customerId, t.action, t.recordedAt),
    index('authority_use_principal').on(t.organizationId, t.principal, t.action, t.recordedAt),
    foreignKey({
      name: 'authority_use_customer',
      columns: [t.organizationId, t.customerId],
      foreignColumns: [customer.organizationId, customer.id],
    }),
  ],
)
