/**
 * Who changed what, and the seals that show that nothing was changed since.
 */
import { sql } from 'drizzle-orm'
import { foreignKey, index, jsonb, pgTable, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core'
import { instant, minor, now, snapshot, transactionId } from '../columns.ts'
import { organizationId, person } from './organization.ts'

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
