/** Goals and alert rules as a file of YAML: what it says, and where. */
import type { ConventionsChoice } from '../domain/conventions.ts'
import { goalGuards, isGoalGuard, type GoalGuard } from '../domain/goal-guards.ts'
import { goalTemplate, goalTemplates } from '../domain/goal-templates.ts'
import type { KpiMetric } from '../domain/kpi-metrics.ts'
import type { ReviewKind } from '../domain/review.ts'
import { isProblem, type Path, type Problem } from '../problem.ts'
import type { GoalTargetByInput, GoalTrajectoryInput } from '../schema.generated.ts'
import { conventions, key, metric, scope, texts } from './fields.ts'
import { goalByPolicies, policies, reviews, ruleByPolicies, type CodePolicies } from './policies.ts'
import { rule, type CodeRule } from './rule-document.ts'
import {
  date,
  decimal,
  isRecord,
  listOf,
  mapping,
  oneOf,
  openYaml,
  orNull,
  text,
  wrong,
  Written,
  type Fault,
  type Plain,
  type Read,
} from './yaml.ts'

const GOALS_MAX = 500
const RULES_MAX = 2_000

export type CodeAction = {
  readonly title: string
  readonly owner?: string | null
  readonly dueOn?: Temporal.PlainDate | null
  readonly brings?: string | null
}

export type CodeMilestone = {
  readonly title: string
  readonly dueOn: Temporal.PlainDate
  readonly doneOn?: Temporal.PlainDate | null
}

/** A goal of the file: what is left out is not the file's business, what is null is to be nothing. */
export type CodeGoal = {
  readonly key: string
  readonly template?: string
  readonly name?: string
  readonly why?: string | null
  readonly metric?: KpiMetric
  readonly direction?: 'INCREASE' | 'DECREASE' | 'MAINTAIN_BAND' | 'BUDGET' | 'MILESTONES'
  readonly scope?: Readonly<Record<string, readonly string[]>>
  readonly conventions?: ConventionsChoice
  readonly currency?: string
  readonly baseline?: string
  readonly target?: string | GoalTargetByInput
  readonly band?: { readonly low: string; readonly high: string }
  readonly trajectory?: GoalTrajectoryInput
  readonly milestones?: readonly CodeMilestone[]
  readonly startsOn?: Temporal.PlainDate
  readonly deadline?: Temporal.PlainDate
  /** By e-mail, else by name. */
  readonly owner?: string | null
  readonly reviewer?: string | null
  readonly followers?: readonly string[]
  /** Another goal's key. */
  readonly parent?: string | null
  readonly state?: 'ACTIVE' | 'DRAFT'
  readonly actions?: readonly CodeAction[]
  readonly guards?: readonly GoalGuard[]
  readonly reviews?: readonly ReviewKind[]
}

/** A list that is left out is not the file's business. */
type Whole = {
  readonly reason: string | null
  readonly goals: readonly CodeGoal[] | null
  readonly rules: readonly CodeRule[] | null
  readonly policies: CodePolicies | null
}

export type CodeDocument = Whole & {
  /** The problem of a place, such as ['goals', '0', 'target'], told with its line and column. */
  readonly at: (path: Path, message: string) => Problem
}

const template: Read<string> = (value, path, faults) => {
  if (typeof value === 'string' && goalTemplate(value) !== null) return value
  return wrong(`one of ${goalTemplates.map(({ id }) => id).join(', ')}`)(value, path, faults)
}

const guard: Read<GoalGuard> = (value, path, faults) =>
  typeof value === 'string' && isGoalGuard(value)
    ? value
    : wrong(`one of ${Object.keys(goalGuards).join(', ')}`)(value, path, faults)

const target: Read<string | GoalTargetByInput> = (value, path, faults) => {
  if (!isRecord(value)) return decimal(value, path, faults)
  const by = mapping({ percent: decimal, points: decimal })(value, path, faults)
  if (by !== undefined && Object.keys(value).length !== 1)
    faults.push({ path, message: 'a target is a number, or one of percent and points' })
  return by as GoalTargetByInput | undefined
}

const points = listOf(mapping({ on: date, value: decimal }, ['on', 'value']), 400)
const trajectory: Read<GoalTrajectoryInput> = (value, path, faults) => {
  if (value === 'linear') return { linear: true }
  if (value === 'seasonal') return { seasonal: true }
  if (value === 'stepped') return { stepped: [] }
  if (!isRecord(value))
    return wrong('linear, stepped, seasonal or points under stepped or custom')(value, path, faults)
  return mapping({ stepped: points, custom: points })(value, path, faults) as GoalTrajectoryInput | undefined
}

const goal = mapping(
  {
    key,
    template,
    name: text,
    why: orNull(text),
    metric,
    direction: oneOf(
      ['INCREASE', 'DECREASE', 'MAINTAIN_BAND', 'BUDGET', 'MILESTONES'],
      'INCREASE, DECREASE, MAINTAIN_BAND, BUDGET or MILESTONES',
    ),
    scope,
    conventions,
    currency: text,
    baseline: decimal,
    target,
    band: mapping({ low: decimal, high: decimal }, ['low', 'high']),
    trajectory,
    milestones: listOf(mapping({ title: text, dueOn: date, doneOn: orNull(date) }, ['title', 'dueOn']), 100),
    startsOn: date,
    deadline: date,
    owner: orNull(text),
    reviewer: orNull(text),
    followers: texts,
    parent: orNull(key),
    guards: listOf(guard, 20),
    reviews,
    state: oneOf(['ACTIVE', 'DRAFT'], 'ACTIVE or DRAFT'),
    actions: listOf(
      mapping({ title: text, owner: orNull(text), dueOn: orNull(date), brings: orNull(text) }, ['title']),
      100,
    ),
  },
  ['key'],
)

const version: Read<1> = (value, path, faults) =>
  value instanceof Written && value.text === '1'
    ? 1
    : wrong('1, the only version there is')(value, path, faults)

const whole = mapping(
  {
    version,
    reason: orNull(text),
    goals: listOf(goal, GOALS_MAX),
    rules: orNull(listOf(rule, RULES_MAX)),
    policies,
  },
  ['version'],
)

/** Throws nothing: what cannot be read is a problem that names every mistake, at most twenty. */
export function readDocument(given: string): CodeDocument | Problem {
  const opened = openYaml(given, readWhole)
  return isProblem(opened) ? opened : { ...opened.value, at: opened.at }
}

function readWhole(value: Plain, faults: Fault[]): Whole | null {
  const read = whole(value, [], faults)
  if (read === undefined || faults.length > 0) return null
  // Each field was read by its own reader above.
  const { reason = null, goals = null, rules = null, policies: found = null } = read as Partial<Whole>
  if (goals === null && rules === null && found === null)
    faults.push({ path: [], message: 'goals is missing, and so is rules: a file has at least one of them' })
  tellTwice('goals', goals ?? [], faults)
  tellTwice('rules', rules ?? [], faults)
  if (faults.length > 0) return null
  const by = found ?? {}
  return {
    reason,
    goals: goals?.map((one) => goalByPolicies(one, by)) ?? null,
    rules: rules?.map((one) => ruleByPolicies(one, by)) ?? null,
    policies: found,
  }
}

function tellTwice(list: string, entries: readonly { readonly key: string }[], faults: Fault[]): void {
  const seen = new Set<string>()
  for (const [index, { key: one }] of entries.entries()) {
    if (seen.has(one))
      faults.push({ path: [list, String(index), 'key'], message: `the key ${one} is there twice` })
    seen.add(one)
  }
}
