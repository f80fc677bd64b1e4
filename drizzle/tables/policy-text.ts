/** The credit policy as people read it: versions of a text, who approved and acknowledged them, and to whom they were sent. */
import { sql } from 'drizzle-orm'
import { foreignKey, index, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { civilDate, instant, now } from '../columns.ts'
import { alertDeliveryState } from './alert.ts'
import { customer } from './customer.ts'
import { inheritedOrganizationId, organizationId, person } from './organization.ts'

/** The last one can be a draft. Once `published_at` is there nothing of it can be changed: row-level security sees to that. */
export const policyText = pgTable(
  'policy_text',
  {
    organizationId: organizationId(),
    version: integer().notNull(),
    title: text().notNull(),
    /** Markdown. */
    body: text().notNull(),
    /** Who wrote of it, as the audit names them. */
    authors: text().array().notNull(),
    /** Of the draft: grows with each time that it is saved. */
    revision: integer().notNull(),
    savedAt: instant('saved_at').notNull(),
    publishedAt: instant('published_at'),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.version] })],
)

/** The first of a version published it, each more holds it for another year: appended, never changed. */
export const policyTextApproval = pgTable(
  'policy_text_approval',
  {
    organizationId: inheritedOrganizationId(),
    version: integer().notNull(),
    sequence: integer().notNull(),
    personId: uuid('person_id').notNull(),
    approvedOn: civilDate('approved_on').notNull(),
    /** By when it has to be approved again. */
    dueOn: civilDate('due_on').notNull(),
    auditId: uuid('audit_id').notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.version, t.sequence] }),
    foreignKey({
      name: 'policy_text_approval_text',
      columns: [t.organizationId, t.version],
      foreignColumns: [policyText.organizationId, policyText.version],
    }),
    foreignKey({
      name: 'policy_text_approval_person',
      columns: [t.organizationId, t.personId],
      foreignColumns: [person.organizationId, person.id],
    }),
  ],
)

/** Who has read a version, by their own word: appended, never changed. */
export const policyTextAcknowledgement = pgTable(
  'policy_text_acknowledgement',
  {
    organizationId: inheritedOrganizationId(),
    version: integer().notNull(),
    personId: uuid('person_id').notNull(),
    /** SHA-256 of the title and the text that were there. */
    digest: text().notNull(),
    auditId: uuid('audit_id').notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
  },
  (t) => [
    // The name that it would have by itself is too long for PostgreSQL.
    primaryKey({
      name: 'policy_text_acknowledgement_pk',
      columns: [t.organizationId, t.version, t.personId],
    }),
    foreignKey({
      name: 'policy_text_acknowledgement_text',
      columns: [t.organizationId, t.version],
      foreignColumns: [policyText.organizationId, policyText.version],
    }),
    foreignKey({
      name: 'policy_text_acknowledgement_person',
      columns: [t.organizationId, t.personId],
      foreignColumns: [person.organizationId, person.id],
    }),
  ],
)

/** A version on its way to an address. */
export const policyTextMailing = pgTable(
  'policy_text_mailing',
  {
    organizationId: inheritedOrganizationId(),
    id: uuid().notNull(),
    version: integer().notNull(),
    email: text().notNull(),
    /** Whose address it is, where that was said. */
    customerId: uuid('customer_id'),
    /** What stands above the text. */
    message: text(),
    state: alertDeliveryState().notNull(),
    attempts: integer().notNull().default(0),
    lastError: text('last_error'),
    /** Until then whoever tries to send it has it to itself. */
    leasedUntil: instant('leased_until'),
    sentAt: instant('sent_at'),
    auditId: uuid('audit_id').notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index('policy_text_mailing_version').on(t.organizationId, t.version, t.id),
    index('policy_text_mailing_waiting')
      .on(t.organizationId)
      .where(sql`state in ('QUEUED', 'FAILED')`),
    foreignKey({
      name: 'policy_text_mailing_text',
      columns: [t.organizationId, t.version],
      foreignColumns: [policyText.organizationId, policyText.version],
    }),
    foreignKey({
      name: 'policy_text_mailing_customer',
      columns: [t.organizationId, t.customerId],
      foreignColumns: [customer.organizationId, customer.id],
    }),
  ],
)
