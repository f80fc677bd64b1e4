/**
 * Alert rules, their alerts, all that happened to them, and what is sent of it.
 */
import { sql } from 'drizzle-orm'
import {
  boolean,
  foreignKey,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { civilDate, decimal, instant, minor, now } from '../columns.ts'
import { creditCrossing } from './crossing.ts'
import { customer } from './customer.ts'
import { goal } from './goal.ts'
import { inheritedOrganizationId, organizationId } from './organization.ts'

export const alertSeverity = pgEnum('alert_severity', ['INFO', 'WARNING', 'CRITICAL'])

export const alertNoDataPolicy = pgEnum('alert_no_data_policy', ['KEEP_LAST', 'ALERT', 'OK'])

export const alertPhase = pgEnum('alert_phase', ['OK', 'PENDING', 'FIRING', 'RECOVERING', 'NO_DATA'])

export const alertState = pgEnum('alert_state', ['FIRING', 'NO_DATA', 'RECOVERING', 'ENDED'])

export const alertEnding = pgEnum('alert_ending', ['RECOVERED', 'GOAL_RESTS', 'RULE_OFF'])

export const alertTransitionKind = pgEnum('alert_transition_kind', [
  'PENDING',
  'CLEARED',
  'RAISED',
  'REPEATED',
  'RECOVERING',
  'REFIRED',
  'RECOVERED',
  'ENDED',
  'ACKNOWLEDGED',
  'SNOOZED',
])

export const alertChannelKind = pgEnum('alert_channel_kind', ['EMAIL', 'WEBHOOK'])

export const alertDeliveryState = pgEnum('alert_delivery_state', ['QUEUED', 'SENT', 'FAILED', 'DEAD'])

export const alertRule = pgTable(
  'alert_rule',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    /** Its name in files; null where it came from none. */
    key: text(),
    name: text().notNull(),
    /** Null for a rule on a KPI, which has its own metric, filter, conventions and currency. */
    goalId: uuid('goal_id'),
    metric: text(),
    filter: jsonb(),
    conventions: jsonb(),
    currency: text(),
    /** As `AlertCondition` of the domain. */
    condition: jsonb().notNull(),
    forDays: integer('for_days').notNull(),
    forEvaluations: integer('for_evaluations').notNull(),
    recovery: decimal('recovery'),
    keepFiringDays: integer('keep_firing_days').notNull(),
    noData: alertNoDataPolicy('no_data').notNull(),
    repeatDays: integer('repeat_days'),
    severity: alertSeverity().notNull(),
    /** As `QuietHours` of the domain. */
    quietHours: jsonb('quiet_hours'),
    enabled: boolean().notNull(),
    version: integer().notNull().default(1),
    createdAt: instant('created_at').notNull().default(now),
    deletedAt: instant('deleted_at'),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index('alert_rule_goal').on(t.organizationId, t.goalId),
    // A file may have a rule again that was deleted.
    uniqueIndex('alert_rule_key')
      .on(t.organizationId, t.key)
      .where(sql`deleted_at is null`),
    foreignKey({
      name: 'alert_rule_goal',
      columns: [t.organizationId, t.goalId],
      foreignColumns: [goal.organizationId, goal.id],
    }),
  ],
)

/** What was changed of a rule, by whom and why: one row for each version after the first. */
export const alertRuleChange = pgTable(
  'alert_rule_change',
  {
    organizationId: inheritedOrganizationId(),
    ruleId: uuid('rule_id').notNull(),
    version: integer().notNull(),
    /** As audit rows name who acts. */
    actor: text().notNull(),
    reason: text(),
    /** Each as {field, from, to}. */
    fields: jsonb().notNull(),
    recordedAt: instant('recorded_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.ruleId, t.version] }),
    foreignKey({
      name: 'alert_rule_change_rule',
      columns: [t.organizationId, t.ruleId],
      foreignColumns: [alertRule.organizationId, alertRule.id],
    }),
  ],
)

export const alertChannel = pgTable(
  'alert_channel',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    name: text().notNull(),
    kind: alertChannelKind().notNull(),
    /** Of EMAIL. */
    emails: text().array(),
    /** Of WEBHOOK. */
    url: text(),
    /** Of WEBHOOK: what signatures are made by, encrypted. */
    secret: text(),
    createdAt: instant('created_at').notNull().default(now),
    deletedAt: instant('deleted_at'),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.id] })],
)

/** Where the alerts of a rule are sent to. */
export const alertRuleChannel = pgTable(
  'alert_rule_channel',
  {
    organizationId: inheritedOrganizationId(),
    ruleId: uuid('rule_id').notNull(),
    channelId: uuid('channel_id').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.ruleId, t.channelId] }),
    foreignKey({
      name: 'alert_rule_channel_rule',
      columns: [t.organizationId, t.ruleId],
      foreignColumns: [alertRule.organizationId, alertRule.id],
    }),
    foreignKey({
      name: 'alert_rule_channel_channel',
      columns: [t.organizationId, t.channelId],
      foreignColumns: [alertChannel.organizationId, alertChannel.id],
    }),
  ],
)

/** One firing of a rule. */
export const alert = pgTable(
  'alert',
  {
    organizationId: inheritedOrganizationId(),
    id: uuid().notNull(),
    ruleId: uuid('rule_id').notNull(),
    goalId: uuid('goal_id'),
    /** Of a rule on credit: who it is about; of one on limits, which time that is. */
    customerId: uuid('customer_id'),
    crossingId: uuid('crossing_id'),
    /** Of a rule on escalation: the step of the credit policy, by its days. */
    escalationDays: integer('escalation_days'),
    ruleVersion: integer('rule_version').notNull(),
    /** Counts the alerts of the rule. */
    episode: integer().notNull(),
    state: alertState().notNull(),
    severity: alertSeverity().notNull(),
    summary: text().notNull(),
    latest: text().notNull(),
    value: decimal('value'),
    raisedOn: civilDate('raised_on').notNull(),
    raisedAt: instant('raised_at').notNull(),
    endedAt: instant('ended_at'),
    ending: alertEnding(),
    acknowledgedAt: instant('acknowledged_at'),
    /** As audit rows name who acts. */
    acknowledgedBy: text('acknowledged_by'),
    acknowledgedNote: text('acknowledged_note'),
    snoozedUntil: instant('snoozed_until'),
    snoozedBy: text('snoozed_by'),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    // A rule has one alert for each time that it fired, whoever evaluates it.
    unique('alert_episode').on(t.organizationId, t.ruleId, t.episode),
    index('alert_raised').on(t.organizationId, t.raisedAt, t.id),
    index('alert_goal').on(t.organizationId, t.goalId, t.raisedAt),
    // A rule tells of a crossing once.
    uniqueIndex('alert_crossing')
      .on(t.organizationId, t.crossingId, t.ruleId)
      .where(sql`crossing_id is not null`),
    // Whoever looks, a rule tells of a customer's step once.
    uniqueIndex('alert_escalation')
      .on(t.organizationId, t.customerId, t.escalationDays, t.ruleId)
      .where(sql`escalation_days is not null and ended_at is null`),
    index('alert_customer')
      .on(t.organizationId, t.customerId, t.raisedAt)
      .where(sql`customer_id is not null`),
    foreignKey({
      name: 'alert_customer',
      columns: [t.organizationId, t.customerId],
      foreignColumns: [customer.organizationId, customer.id],
    }),
    foreignKey({
      name: 'alert_crossing',
      columns: [t.organizationId, t.crossingId],
      foreignColumns: [creditCrossing.organizationId, creditCrossing.id],
    }),
    foreignKey({
      name: 'alert_rule',
      columns: [t.organizationId, t.ruleId],
      foreignColumns: [alertRule.organizationId, alertRule.id],
    }),
    foreignKey({
      name: 'alert_goal',
      columns: [t.organizationId, t.goalId],
      foreignColumns: [goal.organizationId, goal.id],
    }),
  ],
)

/** Where a rule stands: what the evaluator has to know of it until it looks again. */
export const alertStanding = pgTable(
  'alert_standing',
  {
    organizationId: inheritedOrganizationId(),
    ruleId: uuid('rule_id').notNull(),
    phase: alertPhase().notNull(),
    /** As `AlertMemory` of the domain. */
    memory: jsonb().notNull(),
    /** The open alert. */
    alertId: uuid('alert_id'),
    /** When it has to be looked at although nothing was posted; null where only a posting or a new day is news. */
    dueAt: instant('due_at'),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.ruleId] }),
    index('alert_standing_due').on(t.organizationId, t.dueAt),
    foreignKey({
      name: 'alert_standing_rule',
      columns: [t.organizationId, t.ruleId],
      foreignColumns: [alertRule.organizationId, alertRule.id],
    }),
    foreignKey({
      name: 'alert_standing_alert',
      columns: [t.organizationId, t.alertId],
      foreignColumns: [alert.organizationId, alert.id],
    }),
  ],
)

/** All that happened to rules and alerts, in the order of `sequence`, which has no gaps. */
export const alertTransition = pgTable(
  'alert_transition',
  {
    organizationId: inheritedOrganizationId(),
    sequence: minor('sequence').notNull(),
    ruleId: uuid('rule_id').notNull(),
    ruleVersion: integer('rule_version').notNull(),
    /** Null before an alert was raised. */
    alertId: uuid('alert_id'),
    kind: alertTransitionKind().notNull(),
    fromPhase: alertPhase('from_phase').notNull(),
    toPhase: alertPhase('to_phase').notNull(),
    day: civilDate('day').notNull(),
    value: decimal('value'),
    reason: text().notNull(),
    /** As audit rows name who acts; null where it was the evaluator. */
    actor: text(),
    recordedAt: instant('recorded_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.sequence] }),
    index('alert_transition_alert').on(t.organizationId, t.alertId, t.sequence),
    foreignKey({
      name: 'alert_transition_rule',
      columns: [t.organizationId, t.ruleId],
      foreignColumns: [alertRule.organizationId, alertRule.id],
    }),
    foreignKey({
      name: 'alert_transition_alert',
      columns: [t.organizationId, t.alertId],
      foreignColumns: [alert.organizationId, alert.id],
    }),
  ],
)

/** The last number given to a transition. Whoever counts on holds the row until the commit, so numbers come in order. */
export const alertHead = pgTable(
  'alert_head',
  { organizationId: organizationId(), sequence: minor('sequence').notNull() },
  (t) => [primaryKey({ columns: [t.organizationId] })],
)

/** What is sent of a transition over a channel: once, since there is one row for both. */
export const alertDelivery = pgTable(
  'alert_delivery',
  {
    organizationId: inheritedOrganizationId(),
    id: uuid().notNull(),
    sequence: minor('sequence').notNull(),
    alertId: uuid('alert_id').notNull(),
    channelId: uuid('channel_id').notNull(),
    state: alertDeliveryState().notNull(),
    attempts: integer().notNull().default(0),
    lastError: text('last_error'),
    createdAt: instant('created_at').notNull(),
    dueAt: instant('due_at').notNull(),
    /** Until then whoever tries to send it has it to itself. */
    leasedUntil: instant('leased_until'),
    sentAt: instant('sent_at'),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique('alert_delivery_once').on(t.organizationId, t.sequence, t.channelId),
    index('alert_delivery_alert').on(t.organizationId, t.alertId),
    index('alert_delivery_state').on(t.organizationId, t.state, t.createdAt),
    foreignKey({
      name: 'alert_delivery_transition',
      columns: [t.organizationId, t.sequence],
      foreignColumns: [alertTransition.organizationId, alertTransition.sequence],
    }),
    foreignKey({
      name: 'alert_delivery_alert',
      columns: [t.organizationId, t.alertId],
      foreignColumns: [alert.organizationId, alert.id],
    }),
    foreignKey({
      name: 'alert_delivery_channel',
      columns: [t.organizationId, t.channelId],
      foreignColumns: [alertChannel.organizationId, alertChannel.id],
    }),
  ],
)
