/** The rules that every goal should have. */
import { and, eq, isNull } from 'drizzle-orm'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { defaultRulesOf } from '../domain/alert-defaults.ts'
import { invalid, isProblem, type Problem } from '../problem.ts'
import { writeAudit } from '../ledger/audit.ts'
import type { AddDefaultAlertRulesInput } from '../schema.generated.ts'
import { findGoalOf, findUnknownChannel } from './find.ts'
import { readChannelIds } from './input.ts'
import { checkRoom, writeRule } from '../live/rule-writing.ts'
import { alertRule } from '@tidemark/drizzle/tables/alert.ts'

export type DefaultsAdded = Audited & { readonly goalId: string; readonly added: number }

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
