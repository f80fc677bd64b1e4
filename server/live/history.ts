/** The values of goals over the last days, for sparklines: those of all goals of a page are computed together. */
import type { Exact } from '../domain/money.ts'
import { expectedOf } from '../domain/goal-trajectory.ts'
import { judgedGoal, measure } from './measure.ts'
import type { KpiOrganization } from '../kpi/source.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'
import type { Reader } from '@tidemark/drizzle/transaction.ts'
import DataLoader from 'dataloader'

/** The value of a goal's KPI at the end of a day, and where the trajectory was. */
export type HistoryPoint = {
  readonly date: Temporal.PlainDate
  readonly value: Exact | null
  /** Null before the trajectory begins. */
  readonly expected: Exact | null
}

/** How many days up to today, today included. */
export type HistoryKey = { readonly goal: GoalRow; readonly days: number }

export type GoalHistoryLoader = DataLoader<HistoryKey, HistoryPoint[], string>

export const goalHistoryLoader = (
  reader: Reader,
  organization: KpiOrganization,
  { now, today }: { readonly now: Temporal.Instant; readonly today: Temporal.PlainDate },
): GoalHistoryLoader =>
  new DataLoader(
    async (keys) => {
      const wanted = keys.flatMap(({ goal, days }) => lastDays(today, days).map((asOf) => ({ goal, asOf })))
      const measured = await reader.read((tx) => measure(tx, organization, wanted, now))
      let next = 0
      return keys.map(({ goal, days }) => {
        const judged = judgedGoal(goal)
        return lastDays(today, days).map((date): HistoryPoint => {
          const begun = Temporal.PlainDate.compare(date, goal.startsOn) >= 0
          return {
            date,
            value: measured[next++]?.value ?? null,
            expected: begun ? expectedOf(judged, date) : null,
          }
        })
      })
    },
    { cacheKeyFn: ({ goal, days }) => `${days} ${goal.id}` },
  )

const lastDays = (today: Temporal.PlainDate, days: number): Temporal.PlainDate[] =>
  Array.from({ length: days }, (_, index) => today.subtract({ days: days - 1 - index }))
