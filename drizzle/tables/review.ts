/** Reviews of goals: what happened in a period, what was said and decided, and who signed it. */
import {
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
import { civilDate, instant, now } from '../columns.ts'
import { goal } from './goal.ts'
import { inheritedOrganizationId, person } from './organization.ts'

export const goalReviewKind = pgEnum('goal_review_kind', ['MONTHLY_ANALYSIS', 'QUARTERLY_REVIEW'])

/** Once `signed_at` is there nothing of it can be changed: row-level security sees to that too. */
export const goalReview = pgTable(
  'goal_review',
  {
    organizationId: inheritedOrganizationId(),
    id: uuid().notNull(),
    goalId: uuid('goal_id').notNull(),
    kind: goalReviewKind().notNull(),
    periodFrom: civilDate('period_from').notNull(),
    periodTo: civilDate('period_to').notNull(),
    dueOn: civilDate('due_on').notNull(),
    /** What happened, as the server found it: see server/goal/review/findings.ts. */
    findings: jsonb().notNull(),
    /** Nothing recorded later is in the findings. */
    foundAt: instant('found_at').notNull(),
    discussion: text(),
    /** Each as {text, ownerId, dueOn}. */
    decisions: jsonb().notNull(),
    openedAt: instant('opened_at').notNull().default(now),
    /** When the last of those who have to sign did. */
    signedAt: instant('signed_at'),
    /** Who changed it last, as audit rows name who acts. */
    actor: text().notNull(),
    version: integer().notNull().default(1),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique('goal_review_period').on(t.organizationId, t.goalId, t.kind, t.periodTo),
    index('goal_review_due').on(t.organizationId, t.dueOn, t.id),
    foreignKey({
      name: 'goal_review_goal',
      columns: [t.organizationId, t.goalId],
      foreignColumns: [goal.organizationId, goal.id],
    }),
  ],
)

export const goalReviewRole = pgEnum('goal_review_role', ['OWNER', 'REVIEWER'])

export const goalReviewSignature = pgTable(
  'goal_review_signature',
  {
    organizationId: inheritedOrganizationId(),
    reviewId: uuid('review_id').notNull(),
    role: goalReviewRole().notNull(),
    personId: uuid('person_id').notNull(),
    signedAt: instant('signed_at').notNull(),
    /** SHA-256 of what was signed (server/goal/review/sign.ts), in hexadecimal digits. */
    digest: text().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.reviewId, t.role] }),
    foreignKey({
      name: 'goal_review_signature_review',
      columns: [t.organizationId, t.reviewId],
      foreignColumns: [goalReview.organizationId, goalReview.id],
    }),
    foreignKey({
      name: 'goal_review_signature_person',
      columns: [t.organizationId, t.personId],
      foreignColumns: [person.organizationId, person.id],
    }),
  ],
)
