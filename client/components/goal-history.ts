import type { GoalTile_HistoryFragment, GoalTile_ProgressFragment } from '../documents.generated.ts'
import { addDays } from '../format/day.ts'

export type GoalHistory = GoalTile_HistoryFragment['history']

/**
 * The history up to the progress: its last day ends with the progress' own value, so that the line moves with the
 * figure and the page need not ask for ninety days again at each payment.
 */
export const withProgress = (
  history: GoalHistory,
  progress: Pick<GoalTile_ProgressFragment, 'asOf' | 'value' | 'expected'> | null,
): GoalHistory => {
  const last = history.at(-1)
  if (!progress || (last && last.date > progress.asOf)) return history
  const expected = last?.date === progress.asOf ? last.expected : progress.expected
  return [
    ...history.filter(({ date }) => date < progress.asOf),
    { date: progress.asOf, value: progress.value, expected },
  ]
}

/** How much the value changed in the last `days` of the history; null where either end is unknown. */
export const changeOver = (history: GoalHistory, days: number): number | null => {
  const now = history.at(-1)
  if (!now) return null
  const from = addDays(now.date, -days)
  const before = history.find(({ date }) => date === from)?.value ?? null
  return now.value === null || before === null ? null : now.value - before
}
