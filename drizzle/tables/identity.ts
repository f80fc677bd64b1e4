/**
 * The tables of sign-in, in a schema of their own that only the role `tidemark_identity` may touch: the application's
 * role, and with it every GraphQL operation, sees none of them. Who is a member of which organization stands in
 * `membership` (access.ts). The columns of `user`, `session`, `account`, `verification` and `twoFactor` are those that
 * better-auth asks for, which is why their moments are a `Date` here and nowhere else.
 */
import { sql } from 'drizzle-orm'
import { boolean, check, index, integer, pgSchema, text, timestamp, unique, uuid } from 'drizzle-orm/pg-core'
import { instant, now } from '../columns.ts'

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })

export const identity = pgSchema('identity')

/** Whoever can sign in, once for all organizations. */
export const user = identity.table('user', {
  id: text().primaryKey(),
  name: text().notNull(),
  /** In lower case. */
  email: text().notNull().unique(),
  emailVerified: boolean('email_verified').notNull().default(false),
  image: text(),
  twoFactorEnabled: boolean('two_factor_enabled').notNull().default(false),
  createdAt: moment('created_at').notNull().default(now),
  updatedAt: moment('updated_at').notNull().default(now),
})

const userId = () =>
  text('user_id')
    .notNull()
    .references(() => user.id, { onDelete: 'cascade' })

export const session = identity.table(
  'session',
  {
    id: text().primaryKey(),
    userId: userId(),
    /** The SHA-256 of what the cookie carries. */
    token: text().notNull().unique(),
    createdAt: moment('created_at').notNull().default(now),
    /** When its end was last put off. */
    updatedAt: moment('updated_at').notNull().default(now),
    expiresAt: moment('expires_at').notNull(),
    ipAddress: text('ip_address'),
    userAgent: text('user_agent'),
  },
  (t) => [index('session_user').on(t.userId), index('session_expires').on(t.expiresAt)],
)

/** A way to sign in: the password (`credential`), or the person at an OIDC provider, whose tokens are not kept. */
export const account = identity.table(
  'account',
  {
    id: text().primaryKey(),
    userId: userId(),
    providerId: text('provider_id').notNull(),
    accountId: text('account_id').notNull(),
    /** argon2id, in PHC format. */
    password: text(),
    createdAt: moment('created_at').notNull().default(now),
    updatedAt: moment('updated_at').notNull().default(now),
  },
  (t) => [index('account_user').on(t.userId), unique('account_of_provider').on(t.providerId, t.accountId)],
)

/** What was begun and waits for its second half: a second factor, a new password. */
export const verification = identity.table(
  'verification',
  {
    id: text().primaryKey(),
    /** The SHA-256 of what was handed out. */
    identifier: text().notNull(),
    value: text().notNull(),
    expiresAt: moment('expires_at').notNull(),
    createdAt: moment('created_at').notNull().default(now),
    updatedAt: moment('updated_at').notNull().default(now),
  },
  (t) => [index('verification_identifier').on(t.identifier), index('verification_expires').on(t.expiresAt)],
)

/** Encrypted with the secret of the instance. */
export const twoFactor = identity.table(
  'two_factor',
  {
    id: text().primaryKey(),
    userId: userId(),
    secret: text().notNull(),
    backupCodes: text('backup_codes').notNull(),
    verified: boolean().notNull().default(true),
    failedVerificationCount: integer('failed_verification_count').notNull().default(0),
    lockedUntil: moment('locked_until'),
  },
  (t) => [unique('two_factor_user').on(t.userId)],
)

/** Failed tries: see server/identity/attempts.ts. */
export const attempt = identity.table(
  'attempt',
  {
    /** What is limited, such as an e-mail, hashed. */
    key: text().primaryKey(),
    failures: integer().notNull(),
    /** When the first of them was. */
    since: instant('since').notNull(),
    /** The try that was last let through. */
    lastId: uuid('last_id').notNull(),
    lockedUntil: instant('locked_until'),
    /** How often it was locked, one time soon after the other: each lasts longer. */
    locks: integer().notNull().default(0),
  },
  (t) => [index('attempt_since').on(t.since)],
)

/** One row: what all processes of this database share. Backups leave it out. */
export const instance = identity.table(
  'instance',
  {
    only: boolean().primaryKey().default(true),
    /** Signs cookies and encrypts second factors, unless the environment gives another. */
    secret: text().notNull(),
  },
  (t) => [check('instance_only', sql`${t.only}`)],
)
