/** What is known of what alert rules watch, at one evaluation. */
import { isBefore } from '../domain/calendar.ts'
import type { AlertCondition, AlertSight } from '../domain/alert-rule.ts'
import { expectedOn, percentToTarget, type JudgedGoal } from '../domain/goal-trajectory.ts'
import { nullReasonInWords, subjectOf, type Subject } from '../domain/goal-words.ts'
import { milestoneSubject } from '../domain/goal-milestones.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import { Exact } from '../domain/money.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { judgedGoal, type MeasurableGoal, type Measured } from './measure.ts'
import type { AlertRuleRow, GoalProgressRow, GoalRow } from '@tidemark/drizzle/rows.ts'

/** How the figures of a rule are told to people. */
export const subjectOfRule = (
  { metric, currency }: Pick<AlertRuleRow, 'metric' | 'currency'>,
  goal: Pick<GoalRow, 'metric' | 'currency'> | null,
): Subject => {
  const watched = goal?.metric ?? metric
  return watched === null
    ? milestoneSubject
    : subjectOf(kpiDefinition(watched as KpiMetric), goal?.currency ?? currency ?? '')
}

/** What of a row of progress a rule looks at. */
export type SeenProgress = Pick<GoalProgressRow, 'asOf' | 'value' | 'status' | 'statusReason'> & {
  /** From 0 to 1; null where there is no forecast. */
  readonly probability?: number | null
  /** Null where nobody looked. */
  readonly overdueReviews?: number | null
}

const QUARTERS = 4

/** A goal as it stands. */
export function sightOfGoal(goal: GoalRow, progress: SeenProgress): AlertSight {
  const value = progress.value === null ? null : new Exact(progress.value)
  const probability = progress.probability ?? null
  return {
    value,
    words: progress.statusReason,
    status: progress.status,
    probability: probability === null ? null : new Exact(probability).times(100),
    behind: value === null ? null : behindOf(goal, value, progress.asOf),
    level: levelOf(goal, value),
    overdueReviews: progress.overdueReviews ?? null,
    before: null,
  }
}

/** How much worse the value is than where it should be on the day; null where a newer version made the goal. */
function behindOf(goal: GoalRow, value: Exact, day: Temporal.PlainDate): Exact | null {
  let judged: JudgedGoal
  try {
    judged = judgedGoal(goal)
  } catch {
    return null
  }
  if (isBefore(day, judged.startsOn)) return null
  if (judged.direction === 'MAINTAIN_BAND') {
    const { low, high } = judged.band
    return Exact.max(low.minus(value), value.minus(high))
  }
  const expected = expectedOn(judged, day)
  return judged.direction === 'INCREASE' ? expected.minus(value) : value.minus(expected)
}

/** Milestones done, or quarters of the way gone. */
function levelOf({ metric, baseline, target }: GoalRow, value: Exact | null): number | null {
  if (value === null || target === null) return null
  if (metric === null) return value.toNumber()
  const percent = percentToTarget({ baseline: new Exact(baseline), target: new Exact(target) }, value)
  return percent === null ? null : percent.times(QUARTERS).div(100).floor().toNumber()
}

/** What of a rule on a KPI is measured. */
export const measurableOf = (rule: AlertRuleRow): MeasurableGoal => ({
  metric: rule.metric,
  filter: rule.filter,
  conventions: rule.conventions,
  currency: rule.currency ?? '',
})

/** The days whose values a rule on a KPI takes, for what is known on `day`. */
export const daysOf = (condition: AlertCondition, day: Temporal.PlainDate): Temporal.PlainDate[] =>
  condition.kind === 'CHANGE_UP' || condition.kind === 'CHANGE_DOWN'
    ? [day, day.subtract({ days: condition.days })]
    : [day]

/** A KPI as it was measured on `daysOf`. */
export function sightOfKpi(subject: Subject, now: Measured, before: Measured | null): AlertSight {
  return {
    value: now.value,
    words: now.value === null ? missingInWords(subject, now) : '',
    status: null,
    probability: null,
    behind: null,
    level: null,
    overdueReviews: null,
    before: before?.value ?? null,
  }
}

const missingInWords = ({ name, plural }: Subject, { reason, failure }: Measured): string => {
  const why = failure ?? (reason === null ? 'the reason is unknown' : nullReasonInWords[reason])
  return `${name} ${plural ? 'have' : 'has'} no value: ${why}.`
}
