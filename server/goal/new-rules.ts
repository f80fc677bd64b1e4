/** The alert rules that a goal begins with: those of its template, or the usual ones. */
import { and, eq } from 'drizzle-orm'
import type { CommandContext } from '../command.ts'
import { defaultRulesOf, rulesOfTemplate, type DefaultRule } from '../domain/alert-defaults.ts'
import { conditionInWords } from '../domain/alert-rule.ts'
import { milestoneSubject } from '../domain/goal-milestones.ts'
import { goalTemplate } from '../domain/goal-templates.ts'
import { subjectOf } from '../domain/goal-words.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { forbidden } from '../errors.ts'
import { checkRoom, writeRule } from '../live/rule-writing.ts'
import { isProblem, notFound, type Problem } from '../problem.ts'
import type { AddedAlertRule, CreateGoalInput } from '../schema.generated.ts'
import type { GoalChanged, GoalWork } from './change.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'
import { goal } from '@tidemark/drizzle/tables/goal.ts'

export type GoalWithRules = GoalChanged & { readonly alertRules: readonly AddedAlertRule[] }

/** Whoever writes goals need not be one who says what is alerted on. */
export type MayManageRules = { readonly mayManageRules: boolean }

type Choice = Pick<CreateGoalInput, 'template' | 'defaultAlertRules'>
type RulesOf = (row: Pick<GoalRow, 'direction'>) => readonly DefaultRule[]

/** Throws FORBIDDEN where rules are asked for by one who may not manage them. */
export function chooseRules(
  { template: id, defaultAlertRules: wanted }: Choice,
  { mayManageRules }: MayManageRules,
): RulesOf | Problem {
  const template = id == null ? null : goalTemplate(id)
  if (id != null && template === null) return notFound(['template'], `There is no template ${id}`)
  if (wanted === true && !mayManageRules)
    throw forbidden('`defaultAlertRules` needs the scope `alert:manage`, which you do not have.')
  if (!(wanted ?? (template !== null && mayManageRules))) return () => []
  return template === null ? defaultRulesOf : (row) => rulesOfTemplate(template, row)
}

/** The work, and its rules in the same transaction. */
export const withRules =
  (context: CommandContext, work: GoalWork, rulesOf: RulesOf) =>
  async (tx: Parameters<GoalWork>[0]): Promise<GoalWithRules | Problem> => {
    const made = await work(tx)
    if (isProblem(made)) return made
    const { organization } = context
    const [row] = await tx
      .select()
      .from(goal)
      .where(and(eq(goal.organizationId, organization.id), eq(goal.id, made.goalId)))
    if (row === undefined) throw new Error('The goal is not there')
    const rules = rulesOf(row)
    const full = rules.length === 0 ? null : await checkRoom(tx, organization.id, rules.length)
    if (full !== null) return { ...full, path: ['defaultAlertRules'] }
    const thing = { goalId: row.id, metric: null, filter: null, conventions: null, currency: null }
    for (const terms of rules)
      await writeRule(tx, context, { action: 'createAlertRule', thing, terms, channelIds: [] })
    const subject =
      row.metric === null ? milestoneSubject : subjectOf(kpiDefinition(row.metric as KpiMetric), row.currency)
    const alertRules = rules.map(({ name, severity, condition }) => ({
      name,
      severity,
      sentence: `${conditionInWords(condition, subject)}.`,
    }))
    return { ...made, alertRules }
  }
