/** Alert rules as they are written, for those who make them and those whose goals come with some. */
import { and, eq, isNull } from 'drizzle-orm'
import type { Audited } from '../command.ts'
import type { QuietHours } from '../domain/alert-quiet.ts'
import { isOnCredit, type AlertCondition } from '../domain/alert-rule.ts'
import { freshMemory } from '../domain/alert-state.ts'
import { newUuid } from '../ids.ts'
import { BEFORE_ALL, creditWatchLock } from '../ledger/credit-watch-lock.ts'
import { writeAudit, type Author } from '../ledger/audit.ts'
import { invalid, type Problem } from '../problem.ts'
import type { AlertRuleRow } from '@tidemark/drizzle/rows.ts'
import { alertRule, alertRuleChannel, alertStanding } from '@tidemark/drizzle/tables/alert.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type RuleChanged = Audited & { readonly ruleId: string }

/** What a rule says, beside what it watches. */
export type RuleTerms = Pick<
  AlertRuleRow,
  | 'name'
  | 'forDays'
  | 'forEvaluations'
  | 'recovery'
  | 'keepFiringDays'
  | 'noData'
  | 'repeatDays'
  | 'severity'
  | 'enabled'
> & { readonly condition: AlertCondition; readonly quietHours: QuietHours | null }

/** What a rule watches. */
export type WatchedThing = Pick<AlertRuleRow, 'goalId' | 'metric' | 'filter' | 'conventions' | 'currency'>

/** Each is evaluated after every posting. */
const RULES_MAX = 2_000

/** Whether there is room for so many more. */
export async function checkRoom(tx: Tx, organizationId: string, more: number): Promise<Problem | null> {
  const count = await tx.$count(
    alertRule,
    and(eq(alertRule.organizationId, organizationId), isNull(alertRule.deletedAt)),
  )
  return count + more <= RULES_MAX
    ? null
    : invalid([], `An organization has at most ${RULES_MAX} alert rules: delete one first`)
}

type NewRule = {
  readonly action: string
  /** Its name in files; left out where it comes from none. */
  readonly key?: string | undefined
  readonly thing: WatchedThing
  readonly terms: RuleTerms
  readonly channelIds: readonly string[]
}

/** It is due at once. */
export async function writeRule(
  tx: Tx,
  context: Author & { readonly now: Temporal.Instant },
  { action, key, thing, terms, channelIds }: NewRule,
): Promise<RuleChanged> {
  const { organization, now } = context
  const id = newUuid()
  const said = { ...thing, ...terms, ...(key === undefined ? {} : { key }) }
  const audit = await writeAudit(tx, context, { action, subject: id, after: { ...said, channelIds } })
  await tx
    .insert(alertRule)
    .values({ ...said, organizationId: organization.id, id, version: 1, createdAt: now })
  await writeChannelIds(tx, { organizationId: organization.id, ruleId: id }, channelIds)
  await tx.insert(alertStanding).values({
    organizationId: organization.id,
    ruleId: id,
    phase: freshMemory.phase,
    memory: freshMemory,
    alertId: null,
    // What is on credit is not looked for by evaluations.
    dueAt: terms.enabled && !isOnCredit(terms.condition) ? now : null,
  })
  if (terms.enabled && terms.condition.kind === 'ESCALATION') await lookAgain(tx, organization.id)
  return { ruleId: id, audit }
}

/** All customers, for what nobody looked for before; whoever looks now begins anew when that is done. */
export async function lookAgain(tx: Tx, organizationId: string): Promise<void> {
  await tx.sql`select pg_advisory_xact_lock(hashtextextended(${creditWatchLock(organizationId)}, 0))`
  await tx.sql`update credit_watch set swept_to = ${BEFORE_ALL}::uuid where organization_id = ${organizationId}`
}

/** From now on these, and no others. */
export async function writeChannelIds(
  tx: Tx,
  { organizationId, ruleId }: { readonly organizationId: string; readonly ruleId: string },
  channelIds: readonly string[],
): Promise<void> {
  await tx
    .delete(alertRuleChannel)
    .where(and(eq(alertRuleChannel.organizationId, organizationId), eq(alertRuleChannel.ruleId, ruleId)))
  if (channelIds.length > 0)
    await tx
      .insert(alertRuleChannel)
      .values(channelIds.map((channelId) => ({ organizationId, ruleId, channelId })))
}
