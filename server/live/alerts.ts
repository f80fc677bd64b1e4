/**
 * Alert rules, evaluated with the goals: on the same snapshot, in the same transaction. What was there before is found
 * in `alert_standing`, so it does not matter which process evaluated last, or whether one was stopped in between.
 */
import { and, count, eq, inArray, isNull, lt, sql } from 'drizzle-orm'
import { figureOf, sightInWords, type AlertCondition, type AlertSight } from '../domain/alert-rule.ts'
import { stepRule } from '../domain/alert-replay.ts'
import {
  freshMemory,
  isOpen,
  rearmed,
  type AlertMemory,
  type AlertPhase,
  type Silence,
} from '../domain/alert-state.ts'
import { formatPart } from '../domain/exact.ts'
import {
  daysOf,
  measurableOf,
  sightOfGoal,
  sightOfKpi,
  subjectOfRule,
  type SeenProgress,
} from './alert-sight.ts'
import { notMeasured, type Measured, type Wanted } from './measure.ts'
import type {
  AlertRow,
  AlertRuleRow,
  AlertStandingRow,
  AlertTransitionRow,
  GoalRow,
} from '@tidemark/drizzle/rows.ts'
import { statement } from '@tidemark/drizzle/statement.ts'
import { alert, alertRule, alertStanding } from '@tidemark/drizzle/tables/alert.ts'
import { goalReview } from '@tidemark/drizzle/tables/review.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** A rule with where it stands. */
export type Watched = {
  readonly rule: AlertRuleRow
  readonly standing: AlertStandingRow | null
  readonly open: AlertRow | null
}

/** What the goals came to at this evaluation. */
export type GoalsSeen = {
  /** The active ones. */
  readonly goals: readonly GoalRow[]
  /** By goal: its progress now. */
  readonly progress: ReadonlyMap<string, SeenProgress>
  readonly today: Temporal.PlainDate
  readonly now: Temporal.Instant
  readonly watched: readonly Watched[]
  /** By rule on a KPI. */
  readonly sights: ReadonlyMap<string, AlertSight>
  /** By goal that a rule on its reviews watches: how many are overdue; none where it is left out. */
  readonly overdue: ReadonlyMap<string, number>
  readonly onFailure: OnFailure
}

/** Hears of a rule that cannot be judged: nothing happens to it, and the others go on. */
type OnFailure = (ruleId: string, error: unknown) => void

/** What became of a rule. */
export type AlertNews = Watched & {
  readonly memory: AlertMemory
  readonly transitions: readonly NewTransition[]
  readonly day: Temporal.PlainDate
  readonly value: string | null
  readonly words: string
}

export type NewTransition = Pick<AlertTransitionRow, 'kind'> & {
  readonly from: AlertPhase
  readonly to: AlertPhase
}

/** What happens to the rules at this evaluation; nothing is written. */
export function findAlerts({
  watched,
  sights,
  overdue,
  onFailure,
  ...seen
}: GoalsSeen): readonly AlertNews[] {
  const goals = new Map(seen.goals.map((goal) => [goal.id, goal]))
  const judge = (one: Watched): AlertNews[] => {
    const { goalId } = one.rule
    if (goalId === null) return newsOf(one, sights.get(one.rule.id) ?? null, null, seen)
    const goal = goals.get(goalId)
    if (goal === undefined) return restOf(one, seen)
    const progress = seen.progress.get(goalId)
    const sight = progress && sightOfGoal(goal, { ...progress, overdueReviews: overdue.get(goalId) ?? 0 })
    return newsOf(one, sight ?? null, goal, seen)
  }
  return watched.flatMap((one) => {
    try {
      return judge(one)
    } catch (error) {
      onFailure(one.rule.id, error)
      return []
    }
  })
}

const selectWatched = statement((tx) =>
  tx
    .select()
    .from(alertRule)
    .leftJoin(
      alertStanding,
      and(eq(alertStanding.organizationId, alertRule.organizationId), eq(alertStanding.ruleId, alertRule.id)),
    )
    .leftJoin(
      alert,
      and(eq(alert.organizationId, alertRule.organizationId), eq(alert.id, alertStanding.alertId)),
    )
    .where(
      and(
        eq(alertRule.organizationId, sql.placeholder('organizationId')),
        eq(alertRule.enabled, true),
        isNull(alertRule.deletedAt),
        // `credit-watch.ts` looks after those.
        sql`${alertRule.condition} ->> 'kind' not in ('OVER_LIMIT', 'ESCALATION')`,
      ),
    )
    .orderBy(alertRule.id),
)

/** All rules that are on. */
export async function readWatched(view: Tx, organizationId: string): Promise<Watched[]> {
  const rows = await selectWatched(view, { organizationId })
  return rows.map((row) => ({ rule: row.alert_rule, standing: row.alert_standing, open: row.alert }))
}

/** By goal that a rule on its reviews watches: how many are overdue; none where it is left out. */
export async function readOverdueReviews(
  view: Tx,
  organizationId: string,
  watched: readonly Watched[],
  today: Temporal.PlainDate,
): Promise<ReadonlyMap<string, number>> {
  const goalIds = watched.flatMap(({ rule }) =>
    conditionOf(rule).kind === 'REVIEW_OVERDUE' && rule.goalId !== null ? [rule.goalId] : [],
  )
  if (goalIds.length === 0) return new Map()
  const rows = await view
    .select({ goalId: goalReview.goalId, count: count() })
    .from(goalReview)
    .where(
      and(
        eq(goalReview.organizationId, organizationId),
        inArray(goalReview.goalId, goalIds),
        isNull(goalReview.signedAt),
        lt(goalReview.dueOn, today),
      ),
    )
    .groupBy(goalReview.goalId)
  return new Map(rows.map((row) => [row.goalId, row.count]))
}

/** A rule on a KPI, and what it wants measured. */
type RuleToMeasure = {
  readonly id: string
  readonly subject: ReturnType<typeof subjectOfRule>
  readonly wanted: readonly Wanted[]
}

/** What of a rule cannot be read, such as a KPI of a newer version, fails before anything is asked for. */
export const rulesToMeasure = (
  watched: readonly Watched[],
  today: Temporal.PlainDate,
  onFailure: OnFailure,
): RuleToMeasure[] =>
  watched.flatMap(({ rule }) => {
    if (rule.goalId !== null) return []
    try {
      const days = daysOf(conditionOf(rule), today)
      const wanted = days.map((asOf) => ({ goal: measurableOf(rule), asOf, isFull: true }))
      return [{ id: rule.id, subject: subjectOfRule(rule, null), wanted }]
    } catch (error) {
      onFailure(rule.id, error)
      return []
    }
  })

/** By rule. */
export const sightsOf = (
  rules: readonly RuleToMeasure[],
  measuredOf: (id: string) => readonly Measured[],
): ReadonlyMap<string, AlertSight> =>
  new Map(
    rules.map(({ id, subject }) => {
      const [value = notMeasured, before = null] = measuredOf(id)
      return [id, sightOfKpi(subject, value, before)]
    }),
  )

/** Null where it was not evaluated yet. */
function newsOf(
  watched: Watched,
  sight: AlertSight | null,
  goal: GoalRow | null,
  { today, now }: Pick<GoalsSeen, 'today' | 'now'>,
): AlertNews[] {
  const { rule, standing, open } = watched
  const before = memoryOf(standing)
  const isDue = isPast(standing?.dueAt ?? null, now)
  if (sight === null)
    return isDue ? [{ ...watched, memory: before, transitions: [], day: today, value: null, words: '' }] : []
  const condition = conditionOf(rule)
  const terms = { ...rule, condition }
  const { memory, transitions } = stepRule(terms, before, { day: today, sight }, silenceOf(open, now))
  if (memory === before && !isDue) return []
  const figure = figureOf(condition, sight)
  const words = sightInWords(condition, sight, subjectOfRule(rule, goal))
  return [
    {
      ...watched,
      memory,
      transitions,
      day: today,
      value: figure === null ? null : formatPart(figure),
      words,
    },
  ]
}

/** The goal is not evaluated any more: an open alert ends with it. */
function restOf(watched: Watched, { today, now }: Pick<GoalsSeen, 'today' | 'now'>): AlertNews[] {
  const before = memoryOf(watched.standing)
  if (before.phase === 'OK') {
    const news = { memory: before, transitions: [], day: today, value: null, words: '' }
    return isPast(watched.standing?.dueAt ?? null, now) ? [{ ...watched, ...news }] : []
  }
  const kind = isOpen(before.phase) ? 'ENDED' : 'CLEARED'
  return [
    {
      ...watched,
      memory: rearmed(before),
      transitions: [{ kind, from: before.phase, to: 'OK' }],
      day: today,
      value: null,
      words: 'Its goal is not evaluated any more.',
    },
  ]
}

export const conditionOf = ({ condition }: AlertRuleRow): AlertCondition => condition as AlertCondition

export const memoryOf = (standing: Pick<AlertStandingRow, 'memory'> | null): AlertMemory =>
  standing === null ? freshMemory : (standing.memory as AlertMemory)

export const isPast = (moment: Temporal.Instant | null, now: Temporal.Instant): boolean =>
  moment !== null && Temporal.Instant.compare(moment, now) <= 0

function silenceOf(open: AlertRow | null, now: Temporal.Instant): Silence {
  if (open === null) return 'NONE'
  if (open.snoozedUntil !== null && !isPast(open.snoozedUntil, now)) return 'SNOOZED'
  if (open.acknowledgedAt !== null) return 'ACKNOWLEDGED'
  return open.snoozedUntil === null ? 'NONE' : 'SNOOZE_ENDED'
}
