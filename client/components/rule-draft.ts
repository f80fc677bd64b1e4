/** An alert rule as it is being written: what the fields say, and as the API takes it. */
import type {
  AlertConditionInput,
  AlertConditionKind,
  AlertNoDataPolicy,
  AlertSeverity,
  CreateAlertRuleInput,
  GoalStatus,
  KpiConventionsInput,
  KpiFilter,
  KpiMetric,
  Role,
  RuleList_RuleFragment,
  UpdateAlertRuleInput,
} from '../documents.generated.ts'
import { decimalOf } from './goal-edit.ts'

export type RuleDraft = {
  readonly name: string
  readonly watches: 'goal' | 'kpi' | 'credit'
  readonly goalId: string | null
  readonly metric: KpiMetric | null
  readonly filter: KpiFilter | null
  readonly conventions: KpiConventionsInput | null
  /** Empty for the base currency. */
  readonly currency: string
  readonly kind: AlertConditionKind
  readonly statuses: readonly GoalStatus[]
  /** Who is to be told of an escalation. */
  readonly roles: readonly Role[]
  readonly threshold: string
  readonly days: string
  readonly forDays: string
  readonly forEvaluations: string
  readonly recovery: string
  readonly keepFiringDays: string
  readonly noData: AlertNoDataPolicy
  /** Empty for once only. */
  readonly repeatDays: string
  readonly severity: AlertSeverity
  readonly isQuiet: boolean
  readonly quietFrom: string
  readonly quietTo: string
  readonly quietWeekends: boolean
  readonly channelIds: readonly string[]
  readonly reason: string
}

export const emptyRule: RuleDraft = {
  name: '',
  watches: 'goal',
  goalId: null,
  metric: null,
  filter: null,
  conventions: null,
  currency: '',
  kind: 'STATUS',
  statuses: ['OFF_TRACK'],
  roles: ['CREDIT_MANAGER'],
  threshold: '',
  days: '7',
  forDays: '0',
  forEvaluations: '1',
  recovery: '',
  keepFiringDays: '0',
  noData: 'KEEP_LAST',
  repeatDays: '',
  severity: 'WARNING',
  isQuiet: false,
  quietFrom: '20:00',
  quietTo: '07:00',
  quietWeekends: false,
  channelIds: [],
  reason: '',
}

type Kind = {
  readonly id: AlertConditionKind
  readonly label: string
  /** What such a rule can watch. */
  readonly on: readonly RuleDraft['watches'][]
  /** What is held against a number; null where nothing is. */
  readonly threshold: 'value' | 'distance' | 'percent' | null
}

/** In the order in which people look for them. */
export const conditionKinds: readonly Kind[] = [
  { id: 'STATUS', label: 'Its status is one of some', on: ['goal'], threshold: null },
  { id: 'BEHIND_BY', label: 'It is worse than its trajectory', on: ['goal'], threshold: 'distance' },
  { id: 'PROBABILITY_BELOW', label: 'It is unlikely to be reached', on: ['goal'], threshold: 'percent' },
  { id: 'AHEAD_BY', label: 'It is better than its trajectory', on: ['goal'], threshold: 'distance' },
  { id: 'MILESTONE', label: 'A milestone is reached', on: ['goal'], threshold: null },
  { id: 'REVIEW_OVERDUE', label: 'A review is overdue', on: ['goal'], threshold: null },
  { id: 'ABOVE', label: 'The value is above', on: ['goal', 'kpi'], threshold: 'value' },
  { id: 'BELOW', label: 'The value is below', on: ['goal', 'kpi'], threshold: 'value' },
  { id: 'CHANGE_UP', label: 'The value went up', on: ['kpi'], threshold: 'distance' },
  { id: 'CHANGE_DOWN', label: 'The value went down', on: ['kpi'], threshold: 'distance' },
  { id: 'OVER_LIMIT', label: 'A customer uses more than its limit', on: ['credit'], threshold: null },
  { id: 'ESCALATION', label: 'A customer owes for too long', on: ['credit'], threshold: null },
]

/** What begins at once and is told once: a milestone, and what is on credit. */
export const isMoment = ({ kind, watches }: Pick<RuleDraft, 'kind' | 'watches'>): boolean =>
  kind === 'MILESTONE' || watches === 'credit'

export const kindOf = ({ kind }: Pick<RuleDraft, 'kind'>): Kind =>
  conditionKinds.find(({ id }) => id === kind) ?? (conditionKinds[0] as Kind)

/** Another thing to watch has other conditions: one that it does not have gives way to the first that it has. */
export const watching = (draft: RuleDraft, watches: RuleDraft['watches']): RuleDraft => {
  const kinds = conditionKinds.filter(({ on }) => on.includes(watches))
  const kept = kinds.some(({ id }) => id === draft.kind) ? draft.kind : (kinds[0]?.id ?? draft.kind)
  return { ...draft, watches, kind: kept }
}

/** The statuses that a goal can have by itself; one that was given up is not evaluated. */
export const alertableStatuses: readonly GoalStatus[] = [
  'OFF_TRACK',
  'AT_RISK',
  'MISSED',
  'NO_DATA',
  'STALE',
  'INSUFFICIENT_DATA',
  'ON_TRACK',
  'ACHIEVED',
]

/** Whom the credit policy can name. */
export const toldRoles: readonly Role[] = [
  'SALES',
  'COLLECTOR',
  'CREDIT_MANAGER',
  'MANAGER',
  'ADMIN',
  'AUDITOR',
  'VIEWER',
]

/** What is typed as a whole number; what is none stays as it is, so that the server names it. */
const countOf = (text: string): number => (text.trim() === '' ? 0 : Number(text))

const conditionOf = (draft: RuleDraft): AlertConditionInput => {
  const threshold = decimalOf(draft.threshold)
  switch (draft.kind) {
    case 'STATUS':
      return { statusIn: draft.statuses }
    case 'PROBABILITY_BELOW':
      return { probabilityBelow: threshold }
    case 'BEHIND_BY':
      return { behindBy: threshold }
    case 'AHEAD_BY':
      return { aheadBy: threshold }
    case 'MILESTONE':
      return { milestone: true }
    case 'REVIEW_OVERDUE':
      return { reviewOverdue: true }
    case 'OVER_LIMIT':
      return { overLimit: true }
    case 'ESCALATION':
      return { escalation: draft.roles }
    case 'ABOVE':
      return { above: threshold }
    case 'BELOW':
      return { below: threshold }
    case 'CHANGE_UP':
      return { up: { by: threshold, days: countOf(draft.days) } }
    case 'CHANGE_DOWN':
      return { down: { by: threshold, days: countOf(draft.days) } }
  }
}

const quietOf = (draft: RuleDraft) =>
  draft.isQuiet ? { from: draft.quietFrom, to: draft.quietTo, weekends: draft.quietWeekends } : null

/** What a rule says beside what it watches. What begins at once neither lasts nor recovers, so nothing is said of that. */
const termsOf = (draft: RuleDraft) => {
  const isAtOnce = isMoment(draft)
  const hasRecovery = kindOf(draft).threshold !== null && draft.recovery.trim() !== ''
  return {
    name: draft.name.trim(),
    condition: conditionOf(draft),
    forDays: isAtOnce ? 0 : countOf(draft.forDays),
    forEvaluations: isAtOnce ? 1 : countOf(draft.forEvaluations),
    recovery: hasRecovery ? decimalOf(draft.recovery) : null,
    keepFiringDays: isAtOnce ? 0 : countOf(draft.keepFiringDays),
    noData: draft.noData,
    repeatDays:
      draft.watches === 'credit' || draft.repeatDays.trim() === '' ? null : countOf(draft.repeatDays),
    severity: draft.severity,
    quietHours: quietOf(draft),
    channelIds: draft.channelIds,
  }
}

const watchedOf = (draft: RuleDraft): Pick<CreateAlertRuleInput, 'goalId' | 'kpi'> => {
  if (draft.watches === 'goal') return { goalId: draft.goalId }
  if (draft.watches === 'credit' || draft.metric === null) return {}
  return {
    kpi: {
      metric: draft.metric,
      ...(draft.filter === null ? {} : { filter: draft.filter }),
      ...(draft.conventions === null ? {} : { conventions: draft.conventions }),
      ...(draft.currency.trim() === '' ? {} : { currency: draft.currency.trim().toUpperCase() }),
    },
  }
}

/** All of it, to be created: a number that is none is sent as it was typed, and refused. */
export const ruleInput = (draft: RuleDraft, enabled: boolean): CreateAlertRuleInput => ({
  ...watchedOf(draft),
  ...termsOf(draft),
  enabled,
})

const isDecimal = (text: string): boolean => /^-?\d{1,15}(\.\d{1,10})?$/.test(decimalOf(text))
const isCount = (text: string): boolean => /^\d*$/.test(text.trim())

/** Whether it can be tried on the past: what is watched is chosen, and each number is one. */
const isWhole = (draft: RuleDraft): boolean => {
  const { threshold } = kindOf(draft)
  const counts = [draft.forDays, draft.forEvaluations, draft.keepFiringDays, draft.repeatDays, draft.days]
  return (
    (threshold === null || isDecimal(draft.threshold)) &&
    (draft.kind !== 'STATUS' || draft.statuses.length > 0) &&
    (draft.recovery.trim() === '' || isDecimal(draft.recovery)) &&
    counts.every(isCount)
  )
}

/** The rule as it stands, to be tried on the past; null where it says too little. Nobody asks for its name. */
export const triedRule = (draft: RuleDraft): CreateAlertRuleInput | null => {
  // Who was over a limit or late is not tried on the past.
  if (draft.watches === 'credit') return null
  const isChosen = draft.watches === 'goal' ? draft.goalId !== null : draft.metric !== null
  if (!isChosen || !isWhole(draft)) return null
  const { channelIds: _channels, quietHours: _quiet, ...terms } = termsOf(draft)
  return { ...watchedOf(draft), ...terms, name: 'Tried' }
}

type Rule = RuleList_RuleFragment

/** Such a rule has neither goal nor KPI. */
export const isOnCredit = ({ condition: { kind } }: Pick<Rule, 'condition'>): boolean =>
  kindOf({ kind }).on.includes('credit')

const watchedBy = (rule: Rule): RuleDraft['watches'] => {
  if (isOnCredit(rule)) return 'credit'
  return rule.goal === null ? 'kpi' : 'goal'
}

/** What a rule that is there says, to be changed. Its channels are asked for apart. */
export const draftOfRule = (rule: Rule): RuleDraft => ({
  ...emptyRule,
  name: rule.name,
  watches: watchedBy(rule),
  goalId: rule.goal?.id ?? null,
  metric: rule.metric?.metric ?? null,
  kind: rule.condition.kind,
  statuses: rule.condition.statuses ?? [],
  roles: rule.condition.roles ?? emptyRule.roles,
  threshold: rule.condition.threshold ?? '',
  days: String(rule.condition.days ?? 7),
  forDays: String(rule.forDays),
  forEvaluations: String(rule.forEvaluations),
  recovery: rule.recovery ?? '',
  keepFiringDays: String(rule.keepFiringDays),
  noData: rule.noData,
  repeatDays: rule.repeatDays === null ? '' : String(rule.repeatDays),
  severity: rule.severity,
  isQuiet: rule.quietHours !== null,
  quietFrom: rule.quietHours?.from ?? emptyRule.quietFrom,
  quietTo: rule.quietHours?.to ?? emptyRule.quietTo,
  quietWeekends: rule.quietHours?.weekends ?? false,
})

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

type Terms = ReturnType<typeof termsOf>

/** Only what differs from what the form was opened with, so that what others changed meanwhile is not taken back. */
export const ruleChanges = (opened: RuleDraft, draft: RuleDraft): Partial<Terms> => {
  const [before, after] = [termsOf(opened), termsOf(draft)]
  const ids = (terms: Terms) => [...terms.channelIds].toSorted()
  const isOther = (name: keyof Terms) =>
    name === 'channelIds' ? !isSame(ids(before), ids(after)) : !isSame(before[name], after[name])
  const names = Object.keys(after) as (keyof Terms)[]
  return Object.fromEntries(names.filter(isOther).map((name) => [name, after[name]]))
}

/** A rule that is there with what would be changed of it, to be tried; null where a number is none. */
export const triedChange = (
  rule: Pick<Rule, 'id' | 'version'>,
  opened: RuleDraft,
  draft: RuleDraft,
): UpdateAlertRuleInput | null => {
  if (draft.watches === 'credit' || !isWhole(draft)) return null
  const { channelIds: _channels, quietHours: _quiet, name: _name, ...changes } = ruleChanges(opened, draft)
  return { rule: rule.id, expectedVersion: rule.version, ...changes }
}
