/** Working papers of control tests: what was found in a period, what was drawn, what people said of it, and who signed. */
import {
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
import { civilDate, instant, now } from '../columns.ts'
import { organizationId, person } from './organization.ts'

export const controlConclusion = pgEnum('control_conclusion', ['EFFECTIVE', 'DEFICIENT', 'MATERIAL_WEAKNESS'])

/** Once `signed_at` is there nothing of it can be changed: row-level security sees to that too. */
export const controlPaper = pgTable(
  'control_paper',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    /** A `ControlTestId` of `server/domain/control-test.ts`. */
    test: text().notNull(),
    periodFrom: civilDate('period_from').notNull(),
    periodTo: civilDate('period_to').notNull(),
    /** As `ControlFound` of `server/control/find.ts`. */
    found: jsonb().notNull(),
    /** Nothing recorded later is in it. */
    foundAt: instant('found_at').notNull(),
    notes: text(),
    conclusion: controlConclusion(),
    /** Of items: each as {key, outcome, note}. */
    marks: jsonb().notNull(),
    openedAt: instant('opened_at').notNull().default(now),
    /** As audit rows name who acts. */
    openedBy: text('opened_by').notNull(),
    signedAt: instant('signed_at'),
    signedBy: uuid('signed_by'),
    /** SHA-256 of what was signed (server/control/papers.ts), in hexadecimal digits. */
    digest: text(),
    version: integer().notNull().default(1),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index('control_paper_test').on(t.organizationId, t.test, t.id),
    foreignKey({
      name: 'control_paper_signer',
      columns: [t.organizationId, t.signedBy],
      foreignColumns: [person.organizationId, person.id],
    }),
  ],
)
