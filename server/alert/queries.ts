/** Which rules, alerts and deliveries, and what is told of them. */
import { and, asc, desc, eq, gte, inArray, isNotNull, isNull, ne, sql } from 'drizzle-orm'
import type { Page, SortKey } from '../connection.ts'
import type { Context } from '../context.ts'
import { scopeInWords } from '../domain/goal-words.ts'
import { decodeId } from '../ids.ts'
import { namesOfFilter } from '../kpi/filter-names.ts'
import { encodeProgressCursor } from '../live/cursor.ts'
import { readTransitionPosition } from '../live/alert-events.ts'
import type { QueryAlertDeliveriesArgs, QueryAlertRulesArgs, QueryAlertsArgs } from '../schema.generated.ts'
import { isId } from '../filter.ts'
import { listRows } from '../list.ts'
import type { RuleFieldChange } from './rules.ts'
import type {
  AlertChannelRow,
  AlertDeliveryRow,
  AlertRow,
  AlertRuleChangeRow,
  AlertRuleRow,
  AlertStandingRow,
  AlertTransitionRow,
} from '@tidemark/drizzle/rows.ts'
import {
  alert,
  alertChannel,
  alertDelivery,
  alertRule,
  alertRuleChange,
  alertRuleChannel,
  alertStanding,
  alertTransition,
} from '@tidemark/drizzle/tables/alert.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

const OF_ONE_ALERT_MAX = 200
const OF_ONE_GOAL_MAX = 20

const byName: SortKey<AlertRuleRow>[] = [
  { name: 'NAME', column: alertRule.name, direction: 'ASC', type: 'text', valueOf: ({ name }) => name },
  { name: 'ID', column: alertRule.id, direction: 'ASC', type: 'uuid', valueOf: ({ id }) => id },
]

const newestAlertFirst: SortKey<AlertRow>[] = [
  {
    name: 'RAISED_AT',
    column: alert.raisedAt,
    direction: 'DESC',
    type: 'timestamptz',
    valueOf: ({ raisedAt }) => raisedAt.toString(),
  },
  { name: 'ID', column: alert.id, direction: 'DESC', type: 'uuid', valueOf: ({ id }) => id },
]

const newestDeliveryFirst: SortKey<AlertDeliveryRow>[] = [
  {
    name: 'CREATED_AT',
    column: alertDelivery.createdAt,
    direction: 'DESC',
    type: 'timestamptz',
    valueOf: ({ createdAt }) => createdAt.toString(),
  },
  { name: 'ID', column: alertDelivery.id, direction: 'DESC', type: 'uuid', valueOf: ({ id }) => id },
]

export function listRules(
  { reader, organization }: Context,
  args: QueryAlertRulesArgs,
): Promise<Page<AlertRuleRow>> {
  const where = and(
    eq(alertRule.organizationId, organization.id),
    isNull(alertRule.deletedAt),
    args.goalId ? isId(alertRule.goalId, 'goal', args.goalId) : undefined,
  )
  return listRows(reader, { table: alertRule, keys: byName, where }, args)
}

export function listAlerts(
  { reader, organization }: Context,
  args: QueryAlertsArgs,
): Promise<Page<AlertRow>> {
  const filter = args.filter ?? {}
  const where = and(
    eq(alert.organizationId, organization.id),
    isGiven(filter.open) ? (filter.open ? ne(alert.state, 'ENDED') : eq(alert.state, 'ENDED')) : undefined,
    filter.states ? inArray(alert.state, [...filter.states]) : undefined,
    filter.severities ? inArray(alert.severity, [...filter.severities]) : undefined,
    isGiven(filter.acknowledged)
      ? filter.acknowledged
        ? isNotNull(alert.acknowledgedAt)
        : isNull(alert.acknowledgedAt)
      : undefined,
    filter.goalId ? isId(alert.goalId, 'goal', filter.goalId) : undefined,
    filter.ruleId ? isId(alert.ruleId, 'alertRule', filter.ruleId) : undefined,
    filter.customerId ? isId(alert.customerId, 'customer', filter.customerId) : undefined,
    filter.since ? gte(alert.raisedAt, filter.since) : undefined,
  )
  return listRows(reader, { table: alert, keys: newestAlertFirst, where }, args)
}

export function listDeliveries(
  { reader, organization }: Context,
  args: QueryAlertDeliveriesArgs,
): Promise<Page<AlertDeliveryRow>> {
  const where = and(
    eq(alertDelivery.organizationId, organization.id),
    args.states ? inArray(alertDelivery.state, [...args.states]) : undefined,
    args.channelId ? isId(alertDelivery.channelId, 'alertChannel', args.channelId) : undefined,
  )
  return listRows(reader, { table: alertDelivery, keys: newestDeliveryFirst, where }, args)
}

const isGiven = <Value>(value: Value | null | undefined): value is Value =>
  value !== null && value !== undefined

export const findAlert = async ({ loaders }: Context, id: string): Promise<AlertRow | null> => {
  const uuid = decodeId('alert', id)
  return uuid === null ? null : loaders.alert.load(uuid)
}

export const findAlertRule = async ({ loaders }: Context, id: string): Promise<AlertRuleRow | null> => {
  const uuid = decodeId('alertRule', id)
  return uuid === null ? null : loaders.alertRule.load(uuid)
}

export const listChannels = ({ reader, organization }: Context): Promise<AlertChannelRow[]> =>
  reader.read((tx) =>
    tx
      .select()
      .from(alertChannel)
      .where(and(eq(alertChannel.organizationId, organization.id), isNull(alertChannel.deletedAt)))
      .orderBy(asc(alertChannel.name), asc(alertChannel.id)),
  )

/** Where the events of alerts stand in the view that the alerts are read from. */
export const alertCursor = ({ reader, organization }: Context): Promise<string> =>
  reader.read(async (tx) =>
    encodeProgressCursor(organization.id, await readTransitionPosition(tx, organization.id)),
  )

/** What a rule is measured on: its goal's scope, or its own. */
export async function scopeOfRule(row: AlertRuleRow, { loaders }: Context): Promise<string> {
  const goal = row.goalId === null ? null : await loaders.goal.load(row.goalId)
  if (goal !== null && goal.metric === null) return 'Milestones'
  return scopeInWords(await namesOfFilter(goal?.filter ?? row.filter ?? {}, loaders))
}

type Ids = readonly string[]

/** By alert: oldest first, at most 200 of each. */
export async function readTransitionsOf(
  tx: Tx,
  organizationId: string,
  alertIds: Ids,
): Promise<ReadonlyMap<string, readonly AlertTransitionRow[]>> {
  const each = tx
    .select()
    .from(alertTransition)
    .where(and(eq(alertTransition.organizationId, organizationId), eq(alertTransition.alertId, alert.id)))
    .orderBy(asc(alertTransition.sequence))
    .limit(OF_ONE_ALERT_MAX)
    .as('each')
  const rows = await tx
    .select()
    .from(alert)
    .innerJoinLateral(each, sql`true`)
    .where(and(eq(alert.organizationId, organizationId), inArray(alert.id, [...alertIds])))
    .orderBy(asc(each.sequence))
  return Map.groupBy(
    rows.map((row) => row.each),
    ({ alertId }) => alertId ?? '',
  )
}

/** By alert: oldest first, at most 200 of each. */
export async function readDeliveriesOf(
  tx: Tx,
  organizationId: string,
  alertIds: Ids,
): Promise<ReadonlyMap<string, readonly AlertDeliveryRow[]>> {
  const each = tx
    .select()
    .from(alertDelivery)
    .where(and(eq(alertDelivery.organizationId, organizationId), eq(alertDelivery.alertId, alert.id)))
    .orderBy(asc(alertDelivery.sequence), asc(alertDelivery.id))
    .limit(OF_ONE_ALERT_MAX)
    .as('each')
  const rows = await tx
    .select()
    .from(alert)
    .innerJoinLateral(each, sql`true`)
    .where(and(eq(alert.organizationId, organizationId), inArray(alert.id, [...alertIds])))
    .orderBy(asc(each.sequence), asc(each.id))
  return Map.groupBy(
    rows.map((row) => row.each),
    ({ alertId }) => alertId,
  )
}

/** By goal: newest first, at most 20 of each. */
export async function readAlertsOfGoals(
  tx: Tx,
  organizationId: string,
  goalIds: Ids,
): Promise<ReadonlyMap<string, readonly AlertRow[]>> {
  const place = sql<number>`row_number() over (partition by ${alert.goalId} order by ${alert.raisedAt} desc, ${alert.id} desc)`
  const placed = tx
    .select({ id: alert.id, place: place.as('place') })
    .from(alert)
    .where(and(eq(alert.organizationId, organizationId), inArray(alert.goalId, [...goalIds])))
    .as('placed')
  const rows = await tx
    .select({ alert })
    .from(alert)
    .innerJoin(placed, and(eq(placed.id, alert.id), sql`${placed.place} <= ${OF_ONE_GOAL_MAX}`))
    .where(eq(alert.organizationId, organizationId))
    .orderBy(desc(alert.raisedAt), desc(alert.id))
  return Map.groupBy(
    rows.map((row) => row.alert),
    ({ goalId }) => goalId ?? '',
  )
}

/** By goal: by name. */
export async function readRulesOfGoals(
  tx: Tx,
  organizationId: string,
  goalIds: Ids,
): Promise<ReadonlyMap<string, readonly AlertRuleRow[]>> {
  const rows = await tx
    .select()
    .from(alertRule)
    .where(
      and(
        eq(alertRule.organizationId, organizationId),
        inArray(alertRule.goalId, [...goalIds]),
        isNull(alertRule.deletedAt),
      ),
    )
    .orderBy(asc(alertRule.name), asc(alertRule.id))
  return Map.groupBy(rows, ({ goalId }) => goalId ?? '')
}

/** By rule: by name. */
export async function readChannelsOf(
  tx: Tx,
  organizationId: string,
  ruleIds: Ids,
): Promise<ReadonlyMap<string, readonly AlertChannelRow[]>> {
  const rows = await tx
    .select({ ruleId: alertRuleChannel.ruleId, channel: alertChannel })
    .from(alertRuleChannel)
    .innerJoin(
      alertChannel,
      and(
        eq(alertChannel.organizationId, organizationId),
        eq(alertChannel.id, alertRuleChannel.channelId),
        isNull(alertChannel.deletedAt),
      ),
    )
    .where(
      and(
        eq(alertRuleChannel.organizationId, organizationId),
        inArray(alertRuleChannel.ruleId, [...ruleIds]),
      ),
    )
    .orderBy(asc(alertChannel.name), asc(alertChannel.id))
  const byRule = Map.groupBy(rows, ({ ruleId }) => ruleId)
  return new Map([...byRule].map(([ruleId, found]) => [ruleId, found.map(({ channel }) => channel)]))
}

/** By rule. */
export async function readStandings(
  tx: Tx,
  organizationId: string,
  ruleIds: Ids,
): Promise<ReadonlyMap<string, AlertStandingRow>> {
  const rows = await tx
    .select()
    .from(alertStanding)
    .where(and(eq(alertStanding.organizationId, organizationId), inArray(alertStanding.ruleId, [...ruleIds])))
  return new Map(rows.map((row) => [row.ruleId, row]))
}

export type RuleChangeRow = Omit<AlertRuleChangeRow, 'fields'> & {
  readonly fields: readonly RuleFieldChange[]
}

/** By rule: newest first. */
export async function readRuleChanges(
  tx: Tx,
  organizationId: string,
  ruleIds: Ids,
): Promise<ReadonlyMap<string, readonly RuleChangeRow[]>> {
  const rows = await tx
    .select()
    .from(alertRuleChange)
    .where(
      and(eq(alertRuleChange.organizationId, organizationId), inArray(alertRuleChange.ruleId, [...ruleIds])),
    )
    .orderBy(asc(alertRuleChange.ruleId), desc(alertRuleChange.version))
  const typed = rows.map((row): RuleChangeRow => ({
    ...row,
    fields: row.fields as readonly RuleFieldChange[],
  }))
  return Map.groupBy(typed, ({ ruleId }) => ruleId)
}

/** By its number as text. */
export async function readTransitionsBySequence(
  tx: Tx,
  organizationId: string,
  sequences: Ids,
): Promise<ReadonlyMap<string, AlertTransitionRow>> {
  const rows = await tx
    .select()
    .from(alertTransition)
    .where(
      and(
        eq(alertTransition.organizationId, organizationId),
        inArray(alertTransition.sequence, sequences.map(BigInt)),
      ),
    )
  return new Map(rows.map((row) => [row.sequence.toString(), row]))
}
