/** The policies of a file: what its goals and rules go by, where they say nothing of their own. */
import {
  chooseConventions,
  defaultConventions,
  type Conventions,
  type ConventionsChoice,
} from '../domain/conventions.ts'
import { reviewKinds, type ReviewKind } from '../domain/review.ts'
import type { CommandContext } from '../command.ts'
import { prepareConventions } from '../kpi/commands.ts'
import type { Problem } from '../problem.ts'
import type { AlertQuietHoursInput, GoalCodeField } from '../schema.generated.ts'
import type { CodeDocument, CodeGoal } from './document.ts'
import { conventions, texts } from './fields.ts'
import type { Plan } from './plan.ts'
import { quietHours, type CodeRule } from './rule-document.ts'
import { listOf, mapping, oneOf, orNull, type Fault, type Read } from './yaml.ts'

export type CodePolicies = {
  /** The organization's: what is left out stays as it is, what is null is the default again. */
  readonly conventions?: ConventionsChoice
  /** Of goals that say nothing of reviews. */
  readonly reviews?: readonly ReviewKind[]
  /** Of rules that say nothing of them. */
  readonly quietHours?: AlertQuietHoursInput | null
  /** By name: where rules are sent to that do not say. */
  readonly channels?: readonly string[]
}

export const reviews: Read<ReviewKind[]> = listOf(
  oneOf(reviewKinds, `one of ${reviewKinds.join(', ')}`),
  reviewKinds.length,
)

const fields = mapping({ conventions, reviews, quietHours: orNull(quietHours), channels: texts })

/** Nothing may stand there too, as in files of before. */
export const policies: Read<CodePolicies | null> = (value, path, faults: Fault[]) => {
  if (value === null || (Array.isArray(value) && value.length === 0)) return null
  // Each field was read by its own reader above.
  return fields(value, path, faults)
}

export const goalByPolicies = (one: CodeGoal, { reviews: usual }: CodePolicies): CodeGoal =>
  one.reviews === undefined && usual !== undefined ? { ...one, reviews: usual } : one

export const ruleByPolicies = (one: CodeRule, { quietHours: silence, channels }: CodePolicies): CodeRule => ({
  ...(silence === undefined ? {} : { quietHours: silence }),
  ...(channels === undefined ? {} : { channels }),
  ...one,
})

export type PolicyPlan = Omit<Plan, 'missing'> & {
  /** The organization's conventions when the file is applied. */
  readonly usual: Conventions
}

export function planPolicies(
  context: CommandContext,
  document: Pick<CodeDocument, 'policies' | 'at'>,
  usual: Conventions,
): PolicyPlan | Problem {
  const chosen = document.policies?.conventions
  const nothing = { steps: [], changes: [], usual }
  if (chosen === undefined) return nothing
  const path = ['policies', 'conventions']
  const wanted = conventionsBy(chosen, usual)
  if ('problem' in wanted) return document.at(path, wanted.problem)
  const changed = differences(usual, wanted)
  if (changed.length === 0) return nothing
  const work = prepareConventions(context, wanted)
  return {
    steps: [{ step: { work, pathOf: () => [] }, path }],
    changes: [
      { noun: 'POLICY', kind: 'UPDATE', key: 'conventions', name: 'Conventions of KPIs', fields: changed },
    ],
    usual: wanted,
  }
}

const names = Object.keys(defaultConventions) as (keyof Conventions)[]

function conventionsBy(chosen: ConventionsChoice, usual: Conventions) {
  const reset = names.filter((name) => chosen[name] === null)
  const base = { ...usual, ...Object.fromEntries(reset.map((name) => [name, defaultConventions[name]])) }
  return chooseConventions(chosen, base)
}

function differences(before: Conventions, after: Conventions): GoalCodeField[] {
  return names.flatMap((name) => {
    const [from, to] = [textOf(before[name]), textOf(after[name])]
    return from === to ? [] : [{ field: `conventions.${name}`, from, to }]
  })
}

function textOf(value: Conventions[keyof Conventions]): string | null {
  if (value === null) return null
  if (typeof value !== 'object') return String(value)
  if (!('kind' in value)) return value.join(', ')
  const { kind, yearStartMonth, weekStartsOn } = value
  return `${kind}, from month ${yearStartMonth}, weeks from ${weekStartsOn}`
}
