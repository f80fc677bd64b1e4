/** A rule as the input that would make it: for changes of a part of it, and for those who export it. */
import type { AlertCondition } from '../domain/alert-rule.ts'
import type { QuietHours } from '../domain/alert-quiet.ts'
import type { AlertConditionInput, CreateAlertRuleInput, UpdateAlertRuleInput } from '../schema.generated.ts'
import type { AlertRuleRow } from '@tidemark/drizzle/rows.ts'

export function conditionInputOf(condition: AlertCondition): AlertConditionInput {
  switch (condition.kind) {
    case 'STATUS':
      return { statusIn: [...condition.statuses] }
    case 'MILESTONE':
      return { milestone: true }
    case 'REVIEW_OVERDUE':
      return { reviewOverdue: true }
    case 'OVER_LIMIT':
      return { overLimit: true }
    case 'ESCALATION':
      return { escalation: [...condition.roles] }
    case 'PROBABILITY_BELOW':
      return { probabilityBelow: condition.threshold }
    case 'BEHIND_BY':
      return { behindBy: condition.threshold }
    case 'AHEAD_BY':
      return { aheadBy: condition.threshold }
    case 'ABOVE':
      return { above: condition.threshold }
    case 'BELOW':
      return { below: condition.threshold }
    case 'CHANGE_UP':
      return { up: { by: condition.threshold, days: condition.days } }
    case 'CHANGE_DOWN':
      return { down: { by: condition.threshold, days: condition.days } }
  }
}

type Terms = Omit<CreateAlertRuleInput, 'goalId' | 'kpi' | 'channelIds' | 'dryRun' | 'idempotencyKey'>

/** The rule with what is given changed; what is left out, or null where that means nothing, stays. */
export const inputOf = (row: AlertRuleRow, given: UpdateAlertRuleInput): Terms => ({
  name: given.name ?? row.name,
  condition: given.condition ?? conditionInputOf(row.condition as AlertCondition),
  forDays: given.forDays ?? row.forDays,
  forEvaluations: given.forEvaluations ?? row.forEvaluations,
  recovery: given.recovery === undefined ? row.recovery : given.recovery,
  keepFiringDays: given.keepFiringDays ?? row.keepFiringDays,
  noData: given.noData ?? row.noData,
  repeatDays: given.repeatDays === undefined ? row.repeatDays : given.repeatDays,
  severity: given.severity ?? row.severity,
  quietHours: given.quietHours === undefined ? (row.quietHours as QuietHours | null) : given.quietHours,
  enabled: given.enabled ?? row.enabled,
})
