/** What a row of progress keeps besides value and status: the outlook, what the guards say, and how a budget is spent. */
import { guardProgress, type GoalGuard, type GuardReading } from '../domain/goal-guards.ts'
import { outlookOf, stepsTo, type Outlook } from '../domain/goal-outlook.ts'
import { budgetOf, type JudgedGoal } from '../domain/goal-trajectory.ts'
import { subjectOf } from '../domain/goal-words.ts'
import { isBefore } from '../domain/calendar.ts'
import { spendingOf, type BudgetProgress } from '../domain/lateness-budget.ts'
import { kpiDefinition } from '../domain/registry.ts'
import type { Fit } from '../domain/forecast.ts'
import type { Exact } from '../domain/money.ts'
import type { Measured } from './measure.ts'
import type { GoalForecastRow, GoalProgressRow, GoalRow } from '@tidemark/drizzle/rows.ts'

/** A guard as it is kept: exact decimals as text. */
export type StoredGuard = {
  readonly guard: GoalGuard
  readonly before: string | null
  readonly now: string | null
  readonly effect: string | null
  readonly sentence: string | null
}

export type StoredBudget = {
  readonly spent: string
  readonly left: string
  readonly leftPercent: string
  readonly burnShort: string | null
  readonly burnLong: string | null
  readonly projected: string | null
  readonly goneOn: string | null
}

/** Where the goal will be at its deadline; null where that is not known, or no matter of chance. */
export function foresee(
  goal: JudgedGoal,
  { value }: Pick<Measured, 'value'>,
  today: Temporal.PlainDate,
  found: Pick<GoalForecastRow, 'fit' | 'deadline'> | undefined,
): Outlook | null {
  const { deadline } = goal
  if (found === undefined || found.fit === null || value === null) return null
  if (!found.deadline.equals(deadline) || !isBefore(today, deadline)) return null
  // Found yesterday, it may look a step farther than is left.
  const fit = { ...(found.fit as Fit), ahead: stepsTo(deadline, today) }
  return outlookOf(goal, fit, { value, today })
}

type OutlookColumns = Pick<
  GoalProgressRow,
  | 'forecastValue'
  | 'forecastHalfLow'
  | 'forecastHalfHigh'
  | 'forecastMostlyLow'
  | 'forecastMostlyHigh'
  | 'probability'
  | 'projectedOn'
  | 'forecastMethod'
>

export const outlookColumns = (outlook: Outlook | null): OutlookColumns => ({
  forecastValue: outlook?.value ?? null,
  forecastHalfLow: outlook?.half.low ?? null,
  forecastHalfHigh: outlook?.half.high ?? null,
  forecastMostlyLow: outlook?.mostly.low ?? null,
  forecastMostlyHigh: outlook?.mostly.high ?? null,
  probability: outlook?.probability ?? null,
  projectedOn: outlook?.projectedOn ?? null,
  forecastMethod: outlook?.method ?? null,
})

/** Null but for a budget that has a value. */
export function spendingBy(
  goal: JudgedGoal,
  { value, burnt }: Measured,
  today: Temporal.PlainDate,
): BudgetProgress | null {
  if (goal.direction !== 'BUDGET' || value === null) return null
  const { short, long } = burnt ?? { short: null, long: null }
  return spendingOf(budgetOf(goal), { spent: value, short, long }, today)
}

/** As it is kept. A budget that is used up keeps the day on which that was first seen. */
export function storedBudget(
  spending: BudgetProgress | null,
  before: GoalProgressRow | undefined,
): StoredBudget | null {
  if (spending === null) return null
  const { spent, left, burnShort, burnLong, projected, goneOn } = spending
  const last = (before?.budget ?? null) as StoredBudget | null
  const wasGone = last !== null && Number(last.left) <= 0 && left.lte(0)
  return {
    spent: spent.toFixed(),
    left: left.toFixed(),
    leftPercent: shortened(left.div(spent.plus(left)).times(100)),
    burnShort: burnShort === null ? null : shortened(burnShort),
    burnLong: burnLong === null ? null : shortened(burnLong),
    projected: projected === null ? null : projected.toFixed(2),
    goneOn: wasGone ? last.goneOn : (goneOn?.toString() ?? null),
  }
}

/** Null where the goal has no guards. */
export function storedGuards(
  { guards, value }: Measured,
  row: Pick<GoalRow, 'baseline' | 'currency'>,
  goal: JudgedGoal,
): readonly StoredGuard[] | null {
  if (guards === undefined) return null
  return guards.map((reading: GuardReading) => {
    const told = guardProgress(reading, {
      isMoreBetter: goal.direction === 'INCREASE',
      baseline: goal.baseline,
      value,
      subject: goal.subject,
      guardSubject: subjectOf(kpiDefinition(reading.guard), row.currency),
    })
    const { guard, sentence } = told
    return { guard, before: text(told.before), now: text(told.now), effect: text(told.effect), sentence }
  })
}

const text = (value: Exact | null): string | null => (value === null ? null : shortened(value))

const shortened = (value: Exact): string => value.toDecimalPlaces(6).toFixed()

/** For what is compared: PostgreSQL keeps the keys of an object in an order of its own. */
export const asideOf = ({ guards, budget }: Pick<GoalProgressRow, 'guards' | 'budget'>): string => {
  const found = (guards ?? []) as readonly StoredGuard[]
  const spent = budget as StoredBudget | null
  return JSON.stringify([
    found.map(({ guard, before, now, effect, sentence }) => [guard, before, now, effect, sentence]),
    spent === null ? null : [spent.spent, spent.burnShort, spent.burnLong, spent.projected, spent.goneOn],
  ])
}
