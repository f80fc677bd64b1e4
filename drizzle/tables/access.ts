/**
 * Who may call, as whom, and how much: members, invitations, tokens, allowances, and the answers kept for a second try.
 */
import {
  doublePrecision,
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
import { instant, minor, now } from '../columns.ts'
import { organizationId, person } from './organization.ts'

/** A token is shown once; only the hash of its secret is kept. */
export const apiToken = pgTable(
  'api_token',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    name: text().notNull(),
    /** What it may do, such as `kpi:read`, spelled out when it was made: a role that changes later does not widen it. */
    scopes: text().array().notNull(),
    secretHash: text('secret_hash').notNull(),
    /** As the audit names who made it. */
    createdBy: text('created_by').notNull(),
    createdAt: instant('created_at').notNull().default(now),
    expiresAt: instant('expires_at'),
    /** Where it may be used from, as addresses or CIDR blocks; null: from everywhere. */
    addresses: text().array(),
    /** Of cost; null: the usual allowance. */
    pointsPerMinute: integer('points_per_minute'),
    /** The greatest credit limit that it may set, in the base currency; null: any. */
    creditLimitMax: minor('credit_limit_max'),
    /** The token that this one was made to follow. */
    replacesId: uuid('replaces_id'),
    lastUsedAt: instant('last_used_at'),
    revokedAt: instant('revoked_at'),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique('api_token_secret').on(t.organizationId, t.secretHash),
  ],
)

export const memberRole = pgEnum('member_role', [
  'viewer',
  'sales',
  'collector',
  'credit_manager',
  'manager',
  'auditor',
  'admin',
])

/** A person who can sign in. Readable also for the user that it belongs to, before the tenant is known. */
export const membership = pgTable(
  'membership',
  {
    organizationId: organizationId(),
    personId: uuid('person_id').notNull(),
    /** The sign-in identity, which may be a member of several organizations (identity.ts). */
    userId: text('user_id').notNull(),
    role: memberRole().notNull(),
    createdAt: instant('created_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.personId] }),
    unique('membership_user').on(t.organizationId, t.userId),
    index('membership_of_user').on(t.userId),
    foreignKey({
      name: 'membership_person',
      columns: [t.organizationId, t.personId],
      foreignColumns: [person.organizationId, person.id],
    }),
  ],
)

/** A link that makes whoever has it a member, once. Only the hash of its secret is kept. */
export const invitation = pgTable(
  'invitation',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    email: text().notNull(),
    role: memberRole().notNull(),
    secretHash: text('secret_hash').notNull(),
    /** As the audit names who invited. */
    invitedBy: text('invited_by').notNull(),
    createdAt: instant('created_at').notNull().default(now),
    expiresAt: instant('expires_at').notNull(),
    acceptedAt: instant('accepted_at'),
    revokedAt: instant('revoked_at'),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique('invitation_secret').on(t.organizationId, t.secretHash),
  ],
)

/** What is left of an actor's allowance of cost points: see server/access/budget.ts. */
export const budget = pgTable(
  'budget',
  {
    organizationId: organizationId(),
    actor: text().notNull(),
    level: doublePrecision().notNull(),
    refilledAt: instant('refilled_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.actor] })],
)

/** The stored answer of a mutation that came with a key: the same key and input give the same answer again. */
export const idempotencyKey = pgTable(
  'idempotency_key',
  {
    organizationId: organizationId(),
    actor: text().notNull(),
    key: text().notNull(),
    inputHash: text('input_hash').notNull(),
    outcome: jsonb().notNull(),
    createdAt: instant('created_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.actor, t.key] }),
    index('idempotency_key_created').on(t.organizationId, t.createdAt),
  ],
)
