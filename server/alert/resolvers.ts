import { actorInWords } from '../access/actor-words.ts'
import { carryOut, type Audited } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import { conditionInWords, isGoodNews, type AlertCondition } from '../domain/alert-rule.ts'
import type { QuietHours } from '../domain/alert-quiet.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { dedupeKeyOf } from '../delivery/message.ts'
import { encodeId } from '../ids.ts'
import { conventionsOfGoal } from '../kpi/settings.ts'
import { subjectOfRule } from '../live/alert-sight.ts'
import { required, type Loaders } from '../loaders.ts'
import { isProblem, type Problem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import { backtestAlertRule } from './backtest.ts'
import {
  createAlertChannel,
  deleteAlertChannel,
  retryAlertDelivery,
  rotateAlertChannelSecret,
} from './channels.ts'
import { addDefaultAlertRules } from './defaults.ts'
import {
  alertCursor,
  findAlert,
  findAlertRule,
  listAlerts,
  listChannels,
  listDeliveries,
  listRules,
  scopeOfRule,
} from './queries.ts'
import { acknowledgeAlert, snoozeAlert } from './respond.ts'
import { createAlertRule, deleteAlertRule, updateAlertRule } from './rules.ts'
import { followAlerts, type AlertEvent } from './subscription.ts'
import type { AlertRuleRow } from '@tidemark/drizzle/rows.ts'

export const alertResolvers = {
  Query: {
    alertRules: (_root, args, context) => listRules(context, args),
    alertRule: (_root, { id }, context) => findAlertRule(context, id),
    alerts: (_root, args, context) => listAlerts(context, args),
    alert: (_root, { id }, context) => findAlert(context, id),
    alertChannels: (_root, _args, context) => listChannels(context),
    alertDeliveries: (_root, args, context) => listDeliveries(context, args),
    backtestAlertRule: (_root, { input }, context) => backtestAlertRule(context, input),
  },
  Mutation: {
    createAlertRule: async (_root, { input }, context) =>
      withRule('CreateAlertRuleSuccess', input, context, await carryOut(context, createAlertRule, input)),
    updateAlertRule: async (_root, { input }, context) =>
      withRule('UpdateAlertRuleSuccess', input, context, await carryOut(context, updateAlertRule, input)),
    deleteAlertRule: async (_root, { input }, context) =>
      withRule('DeleteAlertRuleSuccess', input, context, await carryOut(context, deleteAlertRule, input)),
    addDefaultAlertRules: async (_root, { input }, context) => {
      const outcome = await carryOut(context, addDefaultAlertRules, input)
      if (isProblem(outcome)) return outcome
      const goal = input.dryRun ? null : await required(context.loaders.goal, outcome.goalId)
      const { added, audit } = outcome
      return { __typename: 'AddDefaultAlertRulesSuccess', goal, added, dryRun: input.dryRun, audit }
    },
    acknowledgeAlert: async (_root, { input }, context) =>
      withAlert('AcknowledgeAlertSuccess', input, context, await carryOut(context, acknowledgeAlert, input)),
    snoozeAlert: async (_root, { input }, context) =>
      withAlert('SnoozeAlertSuccess', input, context, await carryOut(context, snoozeAlert, input)),
    createAlertChannel: async (_root, { input }, context) => {
      const { outcome, secret } = await carryOut(
        context,
        (command, given: typeof input) => createAlertChannel(command, given, context.delivery),
        input,
      )
      if (isProblem(outcome)) return outcome
      return {
        __typename: 'CreateAlertChannelSuccess',
        ...(await withChannel(input, context, outcome)),
        secret,
      }
    },
    rotateAlertChannelSecret: async (_root, { input }, context) => {
      const { outcome, secret } = await carryOut(
        context,
        (command, given: typeof input) => rotateAlertChannelSecret(command, given, context.delivery),
        input,
      )
      if (isProblem(outcome)) return outcome
      return {
        __typename: 'RotateAlertChannelSecretSuccess',
        ...(await withChannel(input, context, outcome)),
        secret,
      }
    },
    deleteAlertChannel: async (_root, { input }, context) => {
      const outcome = await carryOut(context, deleteAlertChannel, input)
      if (isProblem(outcome)) return outcome
      return { __typename: 'DeleteAlertChannelSuccess', ...(await withChannel(input, context, outcome)) }
    },
    retryAlertDelivery: async (_root, { input }, context) => {
      const outcome = await carryOut(context, retryAlertDelivery, input)
      if (isProblem(outcome)) return outcome
      const delivery = input.dryRun ? null : await required(context.loaders.alertDelivery, outcome.deliveryId)
      return { __typename: 'RetryAlertDeliverySuccess', delivery, dryRun: input.dryRun, audit: outcome.audit }
    },
  },
  Subscription: {
    alertRaised: {
      subscribe: (_root, args, context) => followAlerts(context, args),
      resolve: (event: AlertEvent) => event,
    },
  },
  Goal: {
    alerts: ({ id }, _args, { loaders }) => loaders.goalAlerts.load(id),
    alertRules: ({ id }, _args, { loaders }) => loaders.goalAlertRules.load(id),
  },
  AlertRule: {
    id: ({ id }) => encodeId('alertRule', id),
    goal: ({ goalId }, _args, { loaders }) => (goalId === null ? null : loaders.goal.load(goalId)),
    metric: async (rule, _args, { loaders }) => {
      const metric = (await goalOf(rule, loaders))?.metric ?? rule.metric
      return metric === null ? null : kpiDefinition(metric as KpiMetric)
    },
    scope: (rule, _args, context) => scopeOfRule(rule, context),
    conventions: ({ conventions }) => (conventions === null ? null : conventionsOfGoal(conventions)),
    currency: async (rule, _args, { loaders, organization }) =>
      (await goalOf(rule, loaders))?.currency ?? rule.currency ?? organization.baseCurrency,
    condition: (rule) => rule,
    quietHours: ({ quietHours }) => quietHours as QuietHours | null,
    channels: ({ id }, _args, { loaders }) => loaders.alertRuleChannels.load(id),
    isGoodNews: (rule) => isGoodNews(conditionOf(rule)),
    state: async ({ id }, _args, { loaders }) => (await loaders.alertStanding.load(id))?.phase ?? 'OK',
    openAlert: async ({ id }, _args, { loaders }) => {
      const standing = await loaders.alertStanding.load(id)
      return standing === null || standing.alertId === null ? null : loaders.alert.load(standing.alertId)
    },
    changes: ({ id }, _args, { loaders }) => loaders.alertRuleChanges.load(id),
  },
  AlertRuleChange: {
    by: ({ actor }, _args, { loaders }) => actorInWords(actor, loaders),
    at: ({ recordedAt }) => recordedAt,
  },
  AlertCondition: {
    kind: (rule) => conditionOf(rule).kind,
    statuses: (rule) => {
      const condition = conditionOf(rule)
      return condition.kind === 'STATUS' ? condition.statuses : null
    },
    threshold: (rule) => {
      const condition = conditionOf(rule)
      return 'threshold' in condition ? condition.threshold : null
    },
    days: (rule) => {
      const condition = conditionOf(rule)
      return 'days' in condition ? condition.days : null
    },
    roles: (rule) => {
      const condition = conditionOf(rule)
      return condition.kind === 'ESCALATION' ? condition.roles : null
    },
    sentence: async (rule, _args, { loaders }) =>
      `${conditionInWords(conditionOf(rule), subjectOfRule(rule, await goalOf(rule, loaders)))}.`,
  },
  Alert: {
    id: ({ id }) => encodeId('alert', id),
    rule: ({ ruleId }, _args, { loaders }) => required(loaders.alertRule, ruleId),
    goal: ({ goalId }, _args, { loaders }) => (goalId === null ? null : loaders.goal.load(goalId)),
    customer: ({ customerId }, _args, { loaders }) =>
      customerId === null ? null : loaders.customer.load(customerId),
    crossing: ({ crossingId }, _args, { loaders }) =>
      crossingId === null ? null : loaders.creditCrossing.load(crossingId),
    dedupeKey: (alert) => dedupeKeyOf(alert),
    acknowledgedBy: ({ acknowledgedBy }, _args, { loaders }) =>
      acknowledgedBy === null ? null : actorInWords(acknowledgedBy, loaders),
    snoozedBy: ({ snoozedBy }, _args, { loaders }) =>
      snoozedBy === null ? null : actorInWords(snoozedBy, loaders),
    transitions: ({ id }, _args, { loaders }) => loaders.alertTransitions.load(id),
    deliveries: ({ id }, _args, { loaders }) => loaders.alertDeliveries.load(id),
  },
  AlertTransition: {
    sequence: ({ sequence }) => sequence.toString(),
    from: ({ fromPhase }) => fromPhase,
    to: ({ toPhase }) => toPhase,
    by: ({ actor }, _args, { loaders }) => (actor === null ? null : actorInWords(actor, loaders)),
    at: ({ recordedAt }) => recordedAt,
  },
  AlertEvent: {
    alert: ({ transition }, _args, { loaders }) =>
      transition === null || transition.alertId === null ? null : loaders.alert.load(transition.alertId),
  },
  AlertChannel: { id: ({ id }) => encodeId('alertChannel', id) },
  AlertDelivery: {
    id: ({ id }) => encodeId('alertDelivery', id),
    transition: ({ sequence }, _args, { loaders }) => required(loaders.alertTransition, sequence.toString()),
    alert: ({ alertId }, _args, { loaders }) => required(loaders.alert, alertId),
    channel: ({ channelId }, _args, { loaders }) => required(loaders.alertChannel, channelId),
  },
  AlertRuleConnection: connectionResolvers,
  AlertDeliveryConnection: connectionResolvers,
  AlertConnection: {
    ...connectionResolvers,
    alertCursor: (_page, _args, context) => alertCursor(context),
  },
} satisfies Resolvers

const conditionOf = ({ condition }: AlertRuleRow): AlertCondition => condition as AlertCondition

const goalOf = ({ goalId }: AlertRuleRow, { goal }: Loaders) => (goalId === null ? null : goal.load(goalId))

type Input = { readonly dryRun: boolean }
type WithLoaders = { readonly loaders: Loaders }

/** The rule as it is now, or the problem. */
async function withRule<Name extends string>(
  name: Name,
  { dryRun }: Input,
  { loaders }: WithLoaders,
  outcome: (Audited & { readonly ruleId: string }) | Problem,
) {
  if (isProblem(outcome)) return outcome
  const rule = dryRun ? null : await required(loaders.alertRule, outcome.ruleId)
  return { __typename: name, rule, dryRun, audit: outcome.audit }
}

/** The alert as it is now, or the problem. */
async function withAlert<Name extends string>(
  name: Name,
  { dryRun }: Input,
  { loaders }: WithLoaders,
  outcome: (Audited & { readonly alertId: string }) | Problem,
) {
  if (isProblem(outcome)) return outcome
  const alert = dryRun ? null : await required(loaders.alert, outcome.alertId)
  return { __typename: name, alert, dryRun, audit: outcome.audit }
}

/** The channel as it is now. */
async function withChannel(
  { dryRun }: Input,
  { loaders }: WithLoaders,
  { channelId, audit }: Audited & { readonly channelId: string },
) {
  return { channel: dryRun ? null : await required(loaders.alertChannel, channelId), dryRun, audit }
}
