/**
 * The tenant and its people. Every table but `organization` starts its primary key with `organization_id` and carries
 * it in its foreign keys, so that a reference across organizations cannot be stored; row-level security (migrations, by
 * hand) is the second wall.
 */
import { boolean, pgTable, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core'
import { instant, now } from '../columns.ts'

/** The tenant. The only table without row-level security: it is read before the tenant is known. */
export const organization = pgTable('organization', {
  id: uuid().primaryKey(),
  slug: text().notNull().unique(),
  name: text().notNull(),
  baseCurrency: text('base_currency').notNull(),
  timeZone: text('time_zone').notNull(),
  demo: boolean().notNull().default(false),
  createdAt: instant('created_at').notNull().default(now),
})

export const organizationId = () =>
  uuid('organization_id')
    .notNull()
    .references(() => organization.id)

/** Of a table whose other foreign key leads to the organization anyway: a second check of each row would double its cost. */
export const inheritedOrganizationId = () => uuid('organization_id').notNull()

export const person = pgTable(
  'person',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    name: text().notNull(),
    /** In lower case. */
    email: text(),
    /** Since then the row is there only for what points to it: neither name nor e-mail is known any more. */
    erasedAt: instant('erased_at'),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique('person_name').on(t.organizationId, t.name),
    unique('person_email').on(t.organizationId, t.email),
  ],
)
