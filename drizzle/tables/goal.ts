/**
 * Goals, what belongs to them, and their progress.
 */
import {
  boolean,
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
import { civilDate, decimal, instant, minor, now, snapshot } from '../columns.ts'
import { inheritedOrganizationId, organizationId, person } from './organization.ts'

export const goalDirection = pgEnum('goal_direction', [
  'INCREASE',
  'DECREASE',
  'MAINTAIN_BAND',
  'MILESTONES',
  'BUDGET',
])

export const goalTrajectory = pgEnum('goal_trajectory', ['LINEAR', 'STEPPED', 'CUSTOM', 'SEASONAL'])

export const goalState = pgEnum('goal_state', ['DRAFT', 'ACTIVE', 'PAUSED', 'CLOSED'])

export const goalOutcome = pgEnum('goal_outcome', ['ACHIEVED', 'MISSED', 'ABANDONED'])

export const goalStatus = pgEnum('goal_status', [
  'PENDING_START',
  'ON_TRACK',
  'AT_RISK',
  'OFF_TRACK',
  'ACHIEVED',
  'MISSED',
  'NO_DATA',
  'STALE',
  'INSUFFICIENT_DATA',
  'ABANDONED',
])

export const goal = pgTable(
  'goal',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    /** Its name in files; null where it came from none. */
    key: text(),
    name: text().notNull(),
    why: text(),
    /** Null for a checklist. */
    metric: text(),
    direction: goalDirection().notNull(),
    /** The filter and conventions as the API took them, frozen with the goal. */
    filter: jsonb().notNull(),
    conventions: jsonb().notNull(),
    currency: text().notNull(),
    baseline: decimal('baseline').notNull(),
    baselineOn: civilDate('baseline_on').notNull(),
    /** The evidence, frozen with the baseline: what was divided by what. Null where the caller gave the baseline. */
    baselineNumerator: decimal('baseline_numerator'),
    baselineDenominator: decimal('baseline_denominator'),
    /** The KPI's value a year before `baselineOn`, or why there is none; both null for goals made before it was kept. */
    baselineYearBefore: decimal('baseline_year_before'),
    baselineYearBeforeReason: text('baseline_year_before_reason'),
    /** Null for a band. */
    target: decimal('target'),
    /** As {kind, amount}: what the target was computed from; null where it is a value, and for a band. */
    targetGiven: jsonb('target_given'),
    bandLow: decimal('band_low'),
    bandHigh: decimal('band_high'),
    trajectory: goalTrajectory().notNull().default('LINEAR'),
    /** Of one that is not linear: what it passes, each as {on, value}. */
    trajectoryPoints: jsonb('trajectory_points'),
    /** True where the points were given, and are not computed anew with the target. */
    trajectoryGiven: boolean('trajectory_given').notNull().default(false),
    startsOn: civilDate('starts_on').notNull(),
    deadline: civilDate('deadline').notNull(),
    ownerId: uuid('owner_id'),
    reviewerId: uuid('reviewer_id'),
    /** The goal above it. */
    parentId: uuid('parent_id'),
    state: goalState().notNull().default('ACTIVE'),
    /** Why it was paused or abandoned. */
    stateReason: text('state_reason'),
    /** How it ended; null where it did not. */
    outcome: goalOutcome(),
    /** The progress that it was closed on; null where it was never evaluated, or is not closed. */
    closedSequence: minor('closed_sequence'),
    /** Which reviews it has: see server/domain/review.ts. */
    reviews: text().array().notNull().default(['MONTHLY_ANALYSIS', 'QUARTERLY_REVIEW']),
    /** Grows by one with every change: the last one's row in `goal_change`. */
    version: integer().notNull().default(1),
    /** The version in which it was last aimed anew: what its status was before says nothing of it since. */
    aimVersion: integer('aim_version').notNull().default(1),
    /** The KPIs that tell where its improvement comes from. */
    guards: text().array().notNull().default([]),
    /** What a person said instead of the computed status; all null where nobody did. */
    overrideStatus: goalStatus('override_status'),
    overrideReason: text('override_reason'),
    /** The last day on which it is told. */
    overrideUntil: civilDate('override_until'),
    /** As audit rows name who acts. */
    overrideBy: text('override_by'),
    overrideAt: instant('override_at'),
    /** The version that it came with. */
    overrideVersion: integer('override_version'),
    createdAt: instant('created_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      name: 'goal_owner',
      columns: [t.organizationId, t.ownerId],
      foreignColumns: [person.organizationId, person.id],
    }),
    unique('goal_key').on(t.organizationId, t.key),
    index('goal_parent').on(t.organizationId, t.parentId),
    foreignKey({
      name: 'goal_parent',
      columns: [t.organizationId, t.parentId],
      foreignColumns: [t.organizationId, t.id],
    }),
    foreignKey({
      name: 'goal_reviewer',
      columns: [t.organizationId, t.reviewerId],
      foreignColumns: [person.organizationId, person.id],
    }),
  ],
)

/** What a goal that is a checklist waits for. Its target and its trajectory follow from these rows. */
export const goalMilestone = pgTable(
  'goal_milestone',
  {
    organizationId: inheritedOrganizationId(),
    goalId: uuid('goal_id').notNull(),
    id: uuid().notNull(),
    title: text().notNull(),
    dueOn: civilDate('due_on').notNull(),
    doneOn: civilDate('done_on'),
    /** As audit rows name who acts. */
    doneBy: text('done_by'),
    /** Null where it still counts. */
    droppedBy: text('dropped_by'),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.goalId, t.id] }),
    foreignKey({
      name: 'goal_milestone_goal',
      columns: [t.organizationId, t.goalId],
      foreignColumns: [goal.organizationId, goal.id],
    }),
  ],
)

export const goalActionState = pgEnum('goal_action_state', ['PLANNED', 'STARTED', 'DONE', 'DROPPED'])

/** The plan of a goal. Nothing is deleted: an action is dropped for a reason. */
export const goalAction = pgTable(
  'goal_action',
  {
    organizationId: inheritedOrganizationId(),
    goalId: uuid('goal_id').notNull(),
    id: uuid().notNull(),
    title: text().notNull(),
    ownerId: uuid('owner_id'),
    dueOn: civilDate('due_on'),
    brings: text(),
    state: goalActionState().notNull().default('PLANNED'),
    startedOn: civilDate('started_on'),
    doneOn: civilDate('done_on'),
    droppedReason: text('dropped_reason'),
    /** Who changed it last, as audit rows name who acts. */
    actor: text().notNull(),
    version: integer().notNull().default(1),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index('goal_action_goal').on(t.organizationId, t.goalId),
    foreignKey({
      name: 'goal_action_goal',
      columns: [t.organizationId, t.goalId],
      foreignColumns: [goal.organizationId, goal.id],
    }),
    foreignKey({
      name: 'goal_action_owner',
      columns: [t.organizationId, t.ownerId],
      foreignColumns: [person.organizationId, person.id],
    }),
  ],
)

export const goalNote = pgTable(
  'goal_note',
  {
    organizationId: inheritedOrganizationId(),
    goalId: uuid('goal_id').notNull(),
    id: uuid().notNull(),
    text: text().notNull(),
    /** Who wrote it, as audit rows name who acts. */
    author: text().notNull(),
    writtenAt: instant('written_at').notNull(),
    changedAt: instant('changed_at'),
    /** Who wrote it anew last; null where nobody did. */
    changedBy: text('changed_by'),
    version: integer().notNull().default(1),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index('goal_note_goal').on(t.organizationId, t.goalId),
    foreignKey({
      name: 'goal_note_goal',
      columns: [t.organizationId, t.goalId],
      foreignColumns: [goal.organizationId, goal.id],
    }),
  ],
)

export const goalFollower = pgTable(
  'goal_follower',
  {
    organizationId: inheritedOrganizationId(),
    goalId: uuid('goal_id').notNull(),
    personId: uuid('person_id').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.goalId, t.personId] }),
    foreignKey({
      name: 'goal_follower_goal',
      columns: [t.organizationId, t.goalId],
      foreignColumns: [goal.organizationId, goal.id],
    }),
    foreignKey({
      name: 'goal_follower_person',
      columns: [t.organizationId, t.personId],
      foreignColumns: [person.organizationId, person.id],
    }),
  ],
)

/** What was changed of a goal, by whom and why: one row for each version after the first. */
export const goalChange = pgTable(
  'goal_change',
  {
    organizationId: inheritedOrganizationId(),
    goalId: uuid('goal_id').notNull(),
    version: integer().notNull(),
    /** As audit rows name who acts. */
    actor: text().notNull(),
    reason: text(),
    /** What was changed, each as {field, from, to}; people by their ids, so that they can be erased. */
    fields: jsonb().notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.goalId, t.version] }),
    foreignKey({
      name: 'goal_change_goal',
      columns: [t.organizationId, t.goalId],
      foreignColumns: [goal.organizationId, goal.id],
    }),
  ],
)

/** Every change of a goal's value or status. One writer per organization, so `sequence` has no gaps. */
export const goalProgress = pgTable(
  'goal_progress',
  {
    organizationId: inheritedOrganizationId(),
    sequence: minor('sequence').notNull(),
    goalId: uuid('goal_id').notNull(),
    /** The goal's own, when it was evaluated. */
    goalVersion: integer('goal_version').notNull().default(1),
    asOf: civilDate('as_of').notNull(),
    value: decimal('value'),
    /** Why there is no value. */
    valueReason: text('value_reason'),
    numerator: decimal('numerator'),
    denominator: decimal('denominator'),
    /** Null for a band. */
    expected: decimal('expected'),
    status: goalStatus().notNull(),
    statusReason: text('status_reason').notNull(),
    /** The status that the value says, where it has not said so for long enough; and since which day. */
    leaning: goalStatus('leaning'),
    leaningSince: civilDate('leaning_since'),
    /** Where it will be at the deadline; null without a forecast. */
    forecastValue: doublePrecision('forecast_value'),
    forecastHalfLow: doublePrecision('forecast_half_low'),
    forecastHalfHigh: doublePrecision('forecast_half_high'),
    forecastMostlyLow: doublePrecision('forecast_mostly_low'),
    forecastMostlyHigh: doublePrecision('forecast_mostly_high'),
    /** From 0 to 1. */
    probability: doublePrecision('probability'),
    projectedOn: civilDate('projected_on'),
    forecastMethod: text('forecast_method'),
    /** What its guards say, a list in their order; null without guards. */
    guards: jsonb(),
    /** Of a budget: how it is spent. */
    budget: jsonb(),
    recordedAt: instant('recorded_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.sequence] }),
    index('goal_progress_goal').on(t.organizationId, t.goalId, t.sequence),
    foreignKey({
      name: 'goal_progress_goal',
      columns: [t.organizationId, t.goalId],
      foreignColumns: [goal.organizationId, goal.id],
    }),
  ],
)

/** How each running goal is forecast today, found anew once a day: what takes long and hardly changes meanwhile. */
export const goalForecast = pgTable(
  'goal_forecast',
  {
    organizationId: inheritedOrganizationId(),
    goalId: uuid('goal_id').notNull(),
    /** The day that it was found for, and the deadline that it looks at. */
    asOf: civilDate('as_of').notNull(),
    deadline: civilDate('deadline').notNull(),
    /** Null where there is none. */
    fit: jsonb(),
    /** Why there is none. */
    missing: text(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.goalId] }),
    foreignKey({
      name: 'goal_forecast_goal',
      columns: [t.organizationId, t.goalId],
      foreignColumns: [goal.organizationId, goal.id],
    }),
  ],
)

/** Where the evaluator of an organization stands: what it has seen, for which day, and its last sequence number. */
export const evaluation = pgTable(
  'evaluation',
  {
    organizationId: organizationId(),
    seen: snapshot('seen').notNull(),
    evaluatedOn: civilDate('evaluated_on').notNull(),
    sequence: minor('sequence').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId] })],
)
