/** The rules that every goal should have. */
import { and, eq, isNull } from 'drizzle-orm'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import type { AlertCondition } from '../domain/alert-rule.ts'
import { invalid, isProblem, type Problem } from '../problem.ts'
import { writeAudit } from '../ledger/audit.ts'
import type { AddDefaultAlertRulesInput } from '../schema.generated.ts'
import { findGoalOf, findUnknownChannel } from './find.ts'
import { readChannelIds, type RuleTerms } from './input.ts'
import { checkRoom, writeRule } from './rules.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'
import { alertRule } from '@tidemark/drizzle/tables/alert.ts'

export type DefaultsAdded = Audited & { readonly goalId: string; readonly added: number }

const WEEK = 7

const usual = {
  forDays: 0,
  forEvaluations: 1,
  recovery: null,
  keepFiringDays: 0,
  noData: 'KEEP_LAST',
  repeatDays: null,
  quietHours: null,
  enabled: true,
} as const

const onStatus = (...statuses: Extract<AlertCondition, { kind: 'STATUS' }>['statuses']): AlertCondition => ({
  kind: 'STATUS',
  statuses,
})

/**
 * Of a goal of this direction. A band is never achieved before its end, and neither it nor a budget goes a way whose
 * quarters would be good news.
 */
export function defaultRulesOf({ direction }: Pick<GoalRow, 'direction'>): RuleTerms[] {
  const bad: RuleTerms[] = [
    {
      ...usual,
      name: 'Off track',
      condition: onStatus('OFF_TRACK'),
      forDays: 3,
      keepFiringDays: 1,
      repeatDays: WEEK,
      severity: 'WARNING',
    },
    {
      ...usual,
      name: 'Review overdue',
      condition: { kind: 'REVIEW_OVERDUE' },
      repeatDays: WEEK,
      severity: 'WARNING',
    },
    { ...usual, name: 'Missed', condition: onStatus('MISSED'), severity: 'CRITICAL' },
    {
      ...usual,
      name: 'No current data',
      condition: onStatus('NO_DATA', 'STALE', 'INSUFFICIENT_DATA'),
      forDays: 2,
      repeatDays: WEEK,
      severity: 'WARNING',
    },
  ]
  const good: RuleTerms[] = [
    { ...usual, name: 'Achieved', condition: onStatus('ACHIEVED'), severity: 'INFO' },
    { ...usual, name: 'Milestone reached', condition: { kind: 'MILESTONE' }, severity: 'INFO' },
  ]
  const hasQuarters = direction !== 'MAINTAIN_BAND' && direction !== 'BUDGET'
  return [...bad, ...(hasQuarters ? good : good.slice(0, 1))]
}

/** Adds those whose names the goal does not have yet. */
export async function addDefaultAlertRules(
  context: CommandContext,
  input: AddDefaultAlertRulesInput,
): Promise<DefaultsAdded | Problem> {
  const { organization } = context
  const channelIds = readChannelIds(input.channelIds)
  if (isProblem(channelIds)) return channelIds
  return runCommand(context, { action: 'addDefaultAlertRules', input }, async (tx) => {
    const goal = await findGoalOf(tx, organization.id, input.goalId)
    if (isProblem(goal)) return goal
    if (goal.state === 'CLOSED') return invalid(['goalId'], 'It is closed: nothing happens to it any more')
    const unknown = await findUnknownChannel(tx, organization.id, channelIds)
    if (unknown !== null) return unknown
    // One after the other: two at once must not add the same rules twice.
    await tx.sql`select pg_advisory_xact_lock(hashtextextended(${`alert rules ${goal.id}`}, 0))`
    const rows = await tx
      .select({ name: alertRule.name })
      .from(alertRule)
      .where(
        and(
          eq(alertRule.organizationId, organization.id),
          eq(alertRule.goalId, goal.id),
          isNull(alertRule.deletedAt),
        ),
      )
    const known = new Set(rows.map(({ name }) => name))
    const missing = defaultRulesOf(goal).filter(({ name }) => !known.has(name))
    const thing = { goalId: goal.id, metric: null, filter: null, conventions: null, currency: null }
    const full = await checkRoom(tx, organization.id, missing.length)
    if (full !== null) return full
    for (const terms of missing)
      await writeRule(tx, context, { action: 'createAlertRule', thing, terms, channelIds })
    const audit = await writeAudit(tx, context, {
      action: 'addDefaultAlertRules',
      subject: goal.id,
      after: { added: missing.map(({ name }) => name), channelIds },
    })
    return { goalId: goal.id, added: missing.length, audit }
  })
}
