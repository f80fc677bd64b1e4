/** The values of KPIs on days, asked for one by one and computed together: a KPI's past is asked for more than once. */
import { measure, type MeasurableGoal, type Measured } from './measure.ts'
import type { KpiOrganization } from '../kpi/source.ts'
import type { Reader } from '@tidemark/drizzle/transaction.ts'
import DataLoader from 'dataloader'

/** What is measured, by a name that tells it from all else, and the end of which day. */
export type MeasuredKey = {
  readonly goal: MeasurableGoal
  readonly name: string
  readonly asOf: Temporal.PlainDate
}

export type MeasuredLoader = DataLoader<MeasuredKey, Measured, string>

/** A key for each of the days. */
export function measuredKeys(goal: MeasurableGoal, days: readonly Temporal.PlainDate[]): MeasuredKey[] {
  const { metric, filter, conventions, currency, id } = goal
  const name = JSON.stringify([metric, filter, conventions, currency, metric === null ? id : null])
  return days.map((asOf) => ({ goal, name, asOf }))
}

export const measuredLoader = (
  reader: Reader,
  organization: KpiOrganization,
  now: Temporal.Instant,
): MeasuredLoader =>
  new DataLoader((keys) => reader.read((tx) => measure(tx, organization, keys, now)), {
    cacheKeyFn: ({ name, asOf }) => `${asOf.toString()} ${name}`,
  })

const DAYS_PER_WEEK = 7
export const WEEKS_PER_YEAR = 52
/** What is told of a KPI's past is told from three years of it. */
const WEEKS_BACK = 3 * WEEKS_PER_YEAR

/** The ends of the last 157 weeks, oldest first, today's included. */
export const pastWeeks = (today: Temporal.PlainDate): Temporal.PlainDate[] =>
  Array.from({ length: WEEKS_BACK + 1 }, (_, index) =>
    today.subtract({ days: DAYS_PER_WEEK * (WEEKS_BACK - index) }),
  )

/** In weeks, one that has begun included. */
export const weeksUntil = (today: Temporal.PlainDate, deadline: Temporal.PlainDate): number =>
  Math.ceil(today.until(deadline).days / DAYS_PER_WEEK)
