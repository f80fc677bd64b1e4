/** Templates, and the drafts that they make of an organization's books. */
import { todayOf, type Context } from '../context.ts'
import { isBefore } from '../domain/calendar.ts'
import { chooseConventions, type Conventions } from '../domain/conventions.ts'
import { aimOfTemplate, deadlineAfter, evenly } from '../domain/goal-template-draft.ts'
import { isGoalGuard, type GoalGuard } from '../domain/goal-guards.ts'
import type { GoalTemplate, TemplateTarget } from '../domain/goal-templates.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import { badUserInput } from '../errors.ts'
import { readUsualConventions } from '../kpi/settings.ts'
import { isProblem } from '../problem.ts'
import type { GoalDraftInput, GoalTemplateDraftArgs, NullReason } from '../schema.generated.ts'
import { checkOfCustomer, readFilter } from '../kpi/filter-input.ts'
import { measureOn } from './smart-past.ts'

/** As its resolvers take it. */
export type TemplateDraft = {
  readonly name: string
  readonly why: string
  readonly metric: KpiMetric | null
  readonly direction: 'INCREASE' | 'DECREASE' | 'MAINTAIN_BAND' | 'MILESTONES'
  readonly conventions: Conventions | null
  readonly baseline: string | null
  readonly baselineReason: NullReason | null
  readonly target: TemplateTarget | null
  readonly bandLow: string | null
  readonly bandHigh: string | null
  readonly milestones: readonly { readonly title: string; readonly dueOn: Temporal.PlainDate }[]
  readonly startsOn: Temporal.PlainDate
  readonly deadline: Temporal.PlainDate
  readonly guards: readonly GoalGuard[]
  /** The same as the check takes it. */
  readonly input: GoalDraftInput
}

export async function draftOfTemplate(
  template: GoalTemplate,
  { filter, startsOn: given }: GoalTemplateDraftArgs,
  context: Context,
): Promise<TemplateDraft> {
  const { organization, reader } = context
  const today = todayOf(context)
  const startsOn = given ?? today
  const usual = await reader.read((tx) => readUsualConventions(tx, organization.id))
  const deadline = deadlineAfter(startsOn, template.quarters, usual.calendar)
  const said = { name: template.name, why: template.sentence, startsOn, deadline }
  const none = { baseline: null, baselineReason: null, target: null, bandLow: null, bandHigh: null }
  if (template.metric === null) {
    const days = evenly(startsOn, deadline, template.milestones.length)
    const milestones = template.milestones.map((title, index) => ({ title, dueOn: days[index] ?? deadline }))
    const kind = { ...said, metric: null, direction: 'MILESTONES' as const, milestones }
    return { ...none, ...kind, conventions: null, guards: [], input: kind }
  }
  const { metric } = template
  const scope = await reader.read((tx) => readFilter(tx, organization.id, filter ?? {}))
  if (isProblem(scope)) throw badUserInput(`${scope.path.join('.')}: ${scope.message}.`)
  const unknown = checkOfCustomer(metric, scope)
  if (unknown !== null) throw badUserInput(`${unknown.path.join('.')}: ${unknown.message}.`)
  const conventions = chooseConventions(template.conventions, usual)
  if ('problem' in conventions) throw new Error(`${template.id}: ${conventions.problem}`)
  const measurable = { metric, filter: scope, conventions, currency: organization.baseCurrency }
  const measured = await measureOn(measurable, isBefore(today, startsOn) ? today : startsOn, context)
  const aim = aimOfTemplate(template, measured.value)
  const band = aim.direction === 'MAINTAIN_BAND' ? aim.band : null
  const target = aim.direction === 'MAINTAIN_BAND' ? null : aim.target
  return {
    ...said,
    metric,
    direction: aim.direction,
    conventions,
    baseline: measured.valueExact,
    baselineReason: measured.reason,
    target,
    bandLow: band?.low ?? null,
    bandHigh: band?.high ?? null,
    milestones: [],
    guards: template.guards.filter(isGoalGuard),
    input: {
      ...said,
      metric,
      direction: aim.direction,
      filter,
      conventions: template.conventions,
      band,
      ...targetInput(target),
    },
  }
}

/** As `createGoal` takes a target. */
function targetInput(target: TemplateTarget | null): Pick<GoalDraftInput, 'target' | 'targetBy'> {
  if (target === null) return {}
  const { kind, amount } = target
  if (kind === 'VALUE') return { target: amount }
  return { targetBy: kind === 'PERCENT' ? { percent: amount } : { points: amount } }
}
