/** Alert rules are created, changed and deleted. */
import { and, eq, gt } from 'drizzle-orm'
import { runCommand, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { chooseConventions } from '../domain/conventions.ts'
import { isOnCredit, type AlertCondition } from '../domain/alert-rule.ts'
import { isOpen, rearmed } from '../domain/alert-state.ts'
import { isCurrency } from '../domain/money.ts'
import { checkOfCustomer, findCollectorStranger, readFilter } from '../kpi/filter-input.ts'
import { readUsualConventions } from '../kpi/settings.ts'
import { writeAudit } from '../ledger/audit.ts'
import { takeNumbers } from '../live/alert-writing.ts'
import { conditionOf, memoryOf } from '../live/alerts.ts'
import { endCreditAlerts } from '../live/credit-alerts.ts'
import { creditWatchLock } from '../ledger/credit-watch-lock.ts'
import {
  checkRoom,
  lookAgain,
  writeChannelIds,
  writeRule,
  type RuleChanged,
  type WatchedThing,
} from '../live/rule-writing.ts'
import { conflict, invalid, isProblem, type Problem } from '../problem.ts'
import { readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type {
  AlertKpiInput,
  CreateAlertRuleInput,
  DeleteAlertRuleInput,
  UpdateAlertRuleInput,
} from '../schema.generated.ts'
import { findGoalOf, findRule, findUnknownChannel, readChannelIdsOf } from './find.ts'
import { readChannelIds, readTerms } from './input.ts'
import { inputOf } from './terms.ts'
import type { AlertRuleRow } from '@tidemark/drizzle/rows.ts'
import {
  alert,
  alertRule,
  alertRuleChange,
  alertStanding,
  alertTransition,
} from '@tidemark/drizzle/tables/alert.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** What a command writes once it has a transaction: for those that do several things or nothing. */
export type RuleWork = (tx: Tx) => Promise<RuleChanged | Problem>

/** What whoever makes it knows beforehand: its key in a file. */
export type NamedRule = { readonly key?: string }

export async function createAlertRule(
  context: CommandContext,
  input: CreateAlertRuleInput,
): Promise<RuleChanged | Problem> {
  const work = prepareRule(context, input)
  return isProblem(work) ? work : runCommand(context, { action: 'createAlertRule', input }, work)
}

export function prepareRule(
  context: CommandContext,
  input: CreateAlertRuleInput,
  { key }: NamedRule = {},
): RuleWork | Problem {
  const { organization } = context
  const terms = readTerms(input, input.goalId != null)
  if (isProblem(terms)) return terms
  const channelIds = readChannelIds(input.channelIds)
  if (isProblem(channelIds)) return channelIds
  return async (tx) => {
    const thing = await findWatched(tx, organization, input, terms.condition)
    if (isProblem(thing)) return thing
    const unknown = await findUnknownChannel(tx, organization.id, channelIds)
    if (unknown !== null) return unknown
    const full = await checkRoom(tx, organization.id, 1)
    if (full !== null) return full
    return writeRule(tx, context, { action: 'createAlertRule', key, thing, terms, channelIds })
  }
}

type Books = { readonly id: string; readonly baseCurrency: string }

/** The goal, or the KPI with its scope. Each that is given is looked at, also where there are too many. */
export async function findWatched(
  tx: Tx,
  books: Books,
  { goalId, kpi }: Pick<CreateAlertRuleInput, 'goalId' | 'kpi'>,
  condition: AlertCondition,
): Promise<WatchedThing | Problem> {
  if (isOnCredit(condition)) {
    if (goalId == null && kpi == null) return ALL_CUSTOMERS
    return invalid([goalId == null ? 'kpi' : 'goalId'], 'Credit is that of customers: leave it out')
  }
  const ofGoal = goalId == null ? null : await findWatchedGoal(tx, books, goalId)
  if (isProblem(ofGoal)) return ofGoal
  const ofKpi = kpi == null ? null : await findWatchedKpi(tx, books, kpi)
  if (isProblem(ofKpi)) return ofKpi
  const found = ofGoal ?? ofKpi
  if (found !== null && (ofGoal === null || ofKpi === null)) return found
  return invalid(
    [found === null ? 'goalId' : 'kpi'],
    'A rule watches either a goal or a KPI: give one of goalId and kpi',
  )
}

/** What a rule on credit limits watches. */
const ALL_CUSTOMERS: WatchedThing = {
  goalId: null,
  metric: null,
  filter: null,
  conventions: null,
  currency: null,
}

async function findWatchedGoal(tx: Tx, { id }: Books, goalId: string): Promise<WatchedThing | Problem> {
  const found = await findGoalOf(tx, id, goalId)
  if (isProblem(found)) return found
  if (found.state === 'CLOSED') return invalid(['goalId'], 'It is closed: nothing happens to it any more')
  return { goalId: found.id, metric: null, filter: null, conventions: null, currency: null }
}

async function findWatchedKpi(
  tx: Tx,
  { id, baseCurrency }: Books,
  kpi: AlertKpiInput,
): Promise<WatchedThing | Problem> {
  const path = ['kpi', 'filter']
  const filter = await readFilter(tx, id, kpi.filter ?? {}, path)
  if (isProblem(filter)) return filter
  const unknown = checkOfCustomer(kpi.metric, filter, path)
  if (unknown !== null) return unknown
  const stranger = await findCollectorStranger(tx, id, filter, path)
  if (stranger !== null) return stranger
  const conventions = chooseConventions(kpi.conventions, await readUsualConventions(tx, id))
  if ('problem' in conventions) return invalid(['kpi', 'conventions'], conventions.problem)
  const currency = kpi.currency ?? baseCurrency
  if (!isCurrency(currency)) return invalid(['kpi', 'currency'], `${currency} is no ISO 4217 currency code`)
  return { goalId: null, metric: kpi.metric, filter, conventions, currency }
}

export async function updateAlertRule(
  context: CommandContext,
  input: UpdateAlertRuleInput,
): Promise<RuleChanged | Problem> {
  const work = prepareRuleChange(context, input)
  return isProblem(work) ? work : runCommand(context, { action: 'updateAlertRule', input }, work)
}

export function prepareRuleChange(context: CommandContext, input: UpdateAlertRuleInput): RuleWork | Problem {
  const { organization, actor, now } = context
  const reason = readText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const channelIds = input.channelIds == null ? null : readChannelIds(input.channelIds)
  if (isProblem(channelIds)) return channelIds
  return async (tx) => {
    // The evaluator must not go on with the rule as it was, such as raise an alert of one that is switched off.
    await waitForEvaluation(tx, organization.id)
    const row = await lockRule(tx, organization.id, input)
    if (isProblem(row)) return row
    const terms = readTerms(inputOf(row, input), row.goalId !== null)
    if (isProblem(terms)) return terms
    if (creditKindOf(conditionOf(row)) !== creditKindOf(terms.condition))
      return invalid(
        ['condition'],
        'What a rule watches stays: make another rule on credit limits, on escalation, or on a goal or KPI',
      )
    const before = await readChannelIdsOf(tx, organization.id, row.id)
    const unknown = await findUnknownChannel(tx, organization.id, channelIds ?? [])
    if (unknown !== null) return unknown
    const fields = changesBetween(
      { ...row, channelIds: before },
      { ...terms, channelIds: channelIds?.toSorted() ?? before },
    )
    if (fields.length === 0)
      return invalid([], 'Nothing of it would change: give what is to become different')
    const version = row.version + 1
    const of = { organizationId: organization.id, ruleId: row.id }
    await tx
      .insert(alertRuleChange)
      .values({ ...of, version, actor, reason: reason.text, fields, recordedAt: now })
    await tx
      .update(alertRule)
      .set({ ...terms, version })
      .where(isRule(row))
    if (channelIds !== null) await writeChannelIds(tx, of, channelIds)
    if (terms.enabled && terms.condition.kind === 'ESCALATION') await lookAgain(tx, organization.id)
    else if (terms.enabled && !isOnCredit(conditionOf(row)))
      await tx.update(alertStanding).set({ dueAt: now }).where(isStandingOf(row))
    else if (!terms.enabled) await switchOff(tx, context, row, 'The rule was switched off.')
    const audit = await writeAudit(tx, context, {
      action: 'updateAlertRule',
      subject: row.id,
      before: Object.fromEntries(fields.map(({ field, from }) => [field, from])),
      after: { version, ...Object.fromEntries(fields.map(({ field, to }) => [field, to])) },
      reason: reason.text,
    })
    return { ruleId: row.id, audit }
  }
}

export const deleteAlertRule = (
  context: CommandContext,
  input: DeleteAlertRuleInput,
): Promise<RuleChanged | Problem> =>
  runCommand(context, { action: 'deleteAlertRule', input }, prepareRuleDeletion(context, input))

export const prepareRuleDeletion =
  (context: CommandContext, input: DeleteAlertRuleInput): RuleWork =>
  async (tx) => {
    const { organization, now } = context
    await waitForEvaluation(tx, organization.id)
    const row = await lockRule(tx, organization.id, input)
    if (isProblem(row)) return row
    await switchOff(tx, context, row, 'The rule was deleted.')
    await tx.update(alertRule).set({ deletedAt: now, enabled: false }).where(isRule(row))
    const audit = await writeAudit(tx, context, {
      action: 'deleteAlertRule',
      subject: row.id,
      before: { name: row.name, version: row.version },
    })
    return { ruleId: row.id, audit }
  }

/** Null for what is no rule on credit. */
const creditKindOf = (condition: AlertCondition) => (isOnCredit(condition) ? condition.kind : null)

const isRule = ({ organizationId, id }: AlertRuleRow) =>
  and(eq(alertRule.organizationId, organizationId), eq(alertRule.id, id))

const isStandingOf = ({ organizationId, id }: AlertRuleRow) =>
  and(eq(alertStanding.organizationId, organizationId), eq(alertStanding.ruleId, id))

/** Holds the lock of the evaluator, which takes it without waiting, until the end of the transaction. */
const waitForEvaluation = async (tx: Tx, organizationId: string): Promise<void> => {
  await tx.sql`select pg_advisory_xact_lock(hashtextextended(${`evaluation ${organizationId}`}, 0))`
  await tx.sql`select pg_advisory_xact_lock(hashtextextended(${creditWatchLock(organizationId)}, 0))`
}

async function lockRule(
  tx: Tx,
  organizationId: string,
  { rule, expectedVersion }: Pick<UpdateAlertRuleInput, 'rule' | 'expectedVersion'>,
): Promise<AlertRuleRow | Problem> {
  const row = await findRule(tx, organizationId, rule)
  if (isProblem(row) || row.version === expectedVersion) return row
  const later = await tx
    .select({ fields: alertRuleChange.fields })
    .from(alertRuleChange)
    .where(
      and(
        eq(alertRuleChange.organizationId, organizationId),
        eq(alertRuleChange.ruleId, row.id),
        gt(alertRuleChange.version, expectedVersion),
      ),
    )
  const changed = later.flatMap(({ fields }) =>
    (fields as readonly RuleFieldChange[]).map(({ field }) => field),
  )
  const what =
    changed.length === 0
      ? `you saw version ${expectedVersion}, which there never was`
      : `since you saw it, ${[...new Set(changed)].join(', ')} changed`
  return conflict(['expectedVersion'], `The rule is at version ${row.version} by now: ${what}`)
}

export type RuleFieldChange = {
  readonly field: string
  readonly from: string | null
  readonly to: string | null
}

const TOLD = [
  'name',
  'condition',
  'forDays',
  'forEvaluations',
  'recovery',
  'keepFiringDays',
  'noData',
  'repeatDays',
  'severity',
  'quietHours',
  'channelIds',
  'enabled',
] as const

type Told = Readonly<Record<(typeof TOLD)[number], unknown>>

const changesBetween = (before: Told, after: Told): RuleFieldChange[] =>
  TOLD.map((field) => ({ field, from: textOf(before[field]), to: textOf(after[field]) })).filter(
    ({ from, to }) => from !== to,
  )

const textOf = (value: unknown): string | null => {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value, sortKeys)
}

/** PostgreSQL keeps the keys of JSON in an order of its own. */
const sortKeys = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value

/** The rule begins anew should it be switched on again; an open alert ends. */
async function switchOff(tx: Tx, context: CommandContext, row: AlertRuleRow, words: string): Promise<void> {
  const { organization, actor, now } = context
  const [standing] = await tx.select().from(alertStanding).where(isStandingOf(row)).for('update')
  const memory = memoryOf(standing ?? null)
  await tx
    .update(alertStanding)
    .set({ phase: 'OK', memory: rearmed(memory), alertId: null, dueAt: null })
    .where(isStandingOf(row))
  if (isOnCredit(conditionOf(row))) return endCreditAlerts(tx, context, { rule: row, words })
  if (standing === undefined || standing.alertId === null || !isOpen(memory.phase)) return
  await tx
    .update(alert)
    .set({ state: 'ENDED', ending: 'RULE_OFF', endedAt: now, latest: words })
    .where(and(eq(alert.organizationId, organization.id), eq(alert.id, standing.alertId)))
  const before = await takeNumbers(tx, organization.id, 1)
  await tx.insert(alertTransition).values({
    organizationId: organization.id,
    sequence: before + 1n,
    ruleId: row.id,
    ruleVersion: row.version,
    alertId: standing.alertId,
    kind: 'ENDED',
    fromPhase: memory.phase,
    toPhase: 'OK',
    day: todayOf(context),
    value: null,
    reason: words,
    actor,
    recordedAt: now,
  })
}
