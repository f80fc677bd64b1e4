/**
 * Alert rules, evaluated with the goals: on the same snapshot, in the same transaction. What was there before is found
 * in `alert_standing`, so it does not matter which process evaluated last, or whether one was stopped in between.
 */
import { and, count, eq, inArray, isNull, lt } from 'drizzle-orm'
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
import type { KpiOrganization } from '../kpi/source.ts'
import {
  daysOf,
  measurableOf,
  sightOfGoal,
  sightOfKpi,
  subjectOfRule,
  type SeenProgress,
} from './alert-sight.ts'
import { measure, notMeasured, type Measured, type Wanted } from './measure.ts'
import type {
  AlertRow,
  AlertRuleRow,
  AlertStandingRow,
  AlertTransitionRow,
  GoalRow,
} from '@tidemark/drizzle/rows.ts'
import { alert, alertRule, alertStanding } from '@tidemark/drizzle/tables/alert.ts'
import { goalReview } from '@tidemark/drizzle/tables/review.ts'
import { inSavepoint, type Tx } from '@tidemark/drizzle/transaction.ts'

/** A rule with where it stands. */
type Watched = {
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
}

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
export async function findAlerts(
  view: Tx,
  organization: KpiOrganization,
  seen: GoalsSeen,
): Promise<readonly AlertNews[]> {
  const watched = await readWatched(view, organization.id)
  if (watched.length === 0) return []
  const sights = await measureRules(view, organization, watched, seen)
  const overdue = await readOverdueReviews(view, organization.id, watched, seen)
  const goals = new Map(seen.goals.map((goal) => [goal.id, goal]))
  return watched.flatMap((one): AlertNews[] => {
    const { goalId } = one.rule
    if (goalId === null) return newsOf(one, sights.get(one.rule.id) ?? null, null, seen)
    const goal = goals.get(goalId)
    if (goal === undefined) return restOf(one, seen)
    const progress = seen.progress.get(goalId)
    const sight = progress && sightOfGoal(goal, { ...progress, overdueReviews: overdue.get(goalId) ?? 0 })
    return newsOf(one, sight ?? null, goal, seen)
  })
}

async function readWatched(view: Tx, organizationId: string): Promise<Watched[]> {
  const rows = await view
    .select()
    .from(alertRule)
    .leftJoin(
      alertStanding,
      and(eq(alertStanding.organizationId, organizationId), eq(alertStanding.ruleId, alertRule.id)),
    )
    .leftJoin(alert, and(eq(alert.organizationId, organizationId), eq(alert.id, alertStanding.alertId)))
    .where(
      and(
        eq(alertRule.organizationId, organizationId),
        eq(alertRule.enabled, true),
        isNull(alertRule.deletedAt),
      ),
    )
    .orderBy(alertRule.id)
  return rows.map((row) => ({ rule: row.alert_rule, standing: row.alert_standing, open: row.alert }))
}

/** By goal that a rule on its reviews watches: how many are overdue; none where it is left out. */
async function readOverdueReviews(
  view: Tx,
  organizationId: string,
  watched: readonly Watched[],
  { today }: GoalsSeen,
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

/** By rule on a KPI. */
async function measureRules(
  view: Tx,
  organization: KpiOrganization,
  watched: readonly Watched[],
  { today, now }: GoalsSeen,
): Promise<ReadonlyMap<string, AlertSight>> {
  const rules = watched.flatMap(({ rule }) => (rule.goalId === null ? [rule] : []))
  if (rules.length === 0) return new Map()
  const wantedOf = (rule: AlertRuleRow): Wanted[] =>
    daysOf(conditionOf(rule), today).map((asOf) => ({ goal: measurableOf(rule), asOf }))
  const measured = await measureAll(view, organization, rules.map(wantedOf), now)
  return new Map(
    rules.map((rule, index) => {
      const [value = notMeasured, before = null] = measured[index] ?? []
      return [rule.id, sightOfKpi(subjectOfRule(rule, null), value, before)]
    }),
  )
}

/** Together; one by one only where one of them was seen to fail, which then counts as without a value. */
async function measureAll(
  view: Tx,
  organization: KpiOrganization,
  groups: readonly (readonly Wanted[])[],
  now: Temporal.Instant,
): Promise<readonly (readonly Measured[])[]> {
  try {
    const all = await inSavepoint(view, (inner) => measure(inner, organization, groups.flat(), now))
    let next = 0
    return groups.map((group) => group.map(() => all[next++] ?? notMeasured))
  } catch {
    const measured: Measured[][] = []
    for (const group of groups) {
      try {
        measured.push(await inSavepoint(view, (inner) => measure(inner, organization, group, now)))
      } catch {
        // Its alert says that there is no value; why is in the log of who evaluates goals on the same KPI.
        measured.push(group.map(() => notMeasured))
      }
    }
    return measured
  }
}

/** Null where it was not evaluated yet. */
function newsOf(
  watched: Watched,
  sight: AlertSight | null,
  goal: GoalRow | null,
  { today, now }: GoalsSeen,
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
function restOf(watched: Watched, { today, now }: GoalsSeen): AlertNews[] {
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
