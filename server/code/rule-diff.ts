/** What of an alert rule differs from what a file says of it. */
import type { AlertCondition } from '../domain/alert-rule.ts'
import type { QuietHours } from '../domain/alert-quiet.ts'
import type { RuleTerms } from '../live/rule-writing.ts'
import type { KnownRule } from './books.ts'
import { conventionsDifference, exactText, scopeText } from './goal-diff.ts'
import type { FieldDiff } from './plan.ts'
import type { CodeRule } from './rule-document.ts'

/** What a rule of the file watches, by uuids: undefined where it does not say. */
export type ResolvedRule = {
  readonly goalId: string | undefined
  readonly filter: Readonly<Record<string, readonly string[]>> | undefined
}

/** The first field that is frozen with the rule and that the file has otherwise; null where there is none. */
export function frozenRuleDifference(
  one: CodeRule,
  { goalId, filter }: ResolvedRule,
  { row }: KnownRule,
): FieldDiff | null {
  const frozen: readonly (readonly [string, string | undefined, string | null])[] = [
    ['goal', goalId, row.goalId],
    ['metric', one.metric, row.metric],
    ['scope', filter && scopeText(filter), scopeText((row.filter ?? {}) as typeof filter)],
    ['currency', one.currency, row.currency],
    ...conventionsDifference(one.conventions, row.conventions),
  ]
  const found = frozen.find(([, to, from]) => to !== undefined && to !== from)
  return found === undefined ? null : { field: found[0], from: found[2], to: found[1] ?? null }
}

type Compared = Pick<
  RuleTerms,
  | 'name'
  | 'forDays'
  | 'forEvaluations'
  | 'recovery'
  | 'keepFiringDays'
  | 'noData'
  | 'repeatDays'
  | 'severity'
  | 'enabled'
> & { readonly condition: unknown; readonly quietHours: unknown }

/** What becomes different where the rule is to have these terms, each as the file names it. */
export function termsDifference(before: Compared, after: Compared): readonly FieldDiff[] {
  const from = textsOf(before)
  const to = textsOf(after)
  return RULE_FIELDS.flatMap((field) =>
    from[field] === to[field] ? [] : [{ field, from: from[field], to: to[field] }],
  )
}

export const RULE_FIELDS = [
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
  'enabled',
] as const

const textsOf = (terms: Compared): Readonly<Record<(typeof RULE_FIELDS)[number], string | null>> => ({
  name: terms.name,
  condition: conditionText(terms.condition as AlertCondition),
  forDays: String(terms.forDays),
  forEvaluations: String(terms.forEvaluations),
  recovery: terms.recovery === null ? null : exactText(terms.recovery),
  keepFiringDays: String(terms.keepFiringDays),
  noData: terms.noData,
  repeatDays: terms.repeatDays === null ? null : String(terms.repeatDays),
  severity: terms.severity,
  quietHours: quietText(terms.quietHours as QuietHours | null),
  enabled: String(terms.enabled),
})

const quietText = (quiet: QuietHours | null): string | null =>
  quiet && `${quiet.from} to ${quiet.to}${quiet.weekends ? ' and weekends' : ''}`

/** "above 45", "statusIn MISSED, OFF_TRACK", "up 5 in 7 days": as the file names it. */
export function conditionText(condition: AlertCondition): string {
  switch (condition.kind) {
    case 'STATUS':
      return `statusIn ${condition.statuses.toSorted().join(', ')}`
    case 'MILESTONE':
      return 'milestone'
    case 'REVIEW_OVERDUE':
      return 'reviewOverdue'
    case 'OVER_LIMIT':
      return 'overLimit'
    case 'ESCALATION':
      return `escalation ${condition.roles.toSorted().join(', ')}`
    case 'CHANGE_UP':
    case 'CHANGE_DOWN':
      return `${condition.kind === 'CHANGE_UP' ? 'up' : 'down'} ${exactText(condition.threshold)} in ${condition.days} days`
    default:
      return `${THRESHOLD_NAMES[condition.kind]} ${exactText(condition.threshold)}`
  }
}

const THRESHOLD_NAMES = {
  PROBABILITY_BELOW: 'probabilityBelow',
  BEHIND_BY: 'behindBy',
  AHEAD_BY: 'aheadBy',
  ABOVE: 'above',
  BELOW: 'below',
} as const
