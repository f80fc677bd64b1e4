/** Where a goal's KPI will be at the deadline. */
import { todayOf, type Context } from '../context.ts'
import { isBefore } from '../domain/calendar.ts'
import { forecast, probabilityOf, type BackTest } from '../domain/forecast.ts'
import { measure } from '../live/measure.ts'
import type { ForecastBackTest, GoalForecast, NoForecastReason } from '../schema.generated.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'

const DAYS_PER_WEEK = 7
const WEEKS_PER_YEAR = 52
const WEEKS_BACK = 3 * WEEKS_PER_YEAR

/** Of an active goal. Whatever is known now of the past is in it, also what was not known then. */
export async function forecastOf(row: GoalRow, context: Context): Promise<GoalForecast> {
  const today = todayOf(context)
  if (row.state !== 'ACTIVE' || !isBefore(today, row.deadline)) return without('NOT_RUNNING')
  if (row.metric === null) return without('CHECKLIST')
  const weeks = Array.from({ length: WEEKS_BACK + 1 }, (_, index) =>
    today.subtract({ days: DAYS_PER_WEEK * (WEEKS_BACK - index) }),
  )
  const { reader, organization, now } = context
  const values = await reader.read((tx) =>
    measure(
      tx,
      organization,
      weeks.map((asOf) => ({ goal: row, asOf })),
      now,
    ),
  )
  const series = values.map(({ value }) => value?.toNumber() ?? null)
  const ahead = Math.ceil(today.until(row.deadline).days / DAYS_PER_WEEK)
  const told = forecast(series, { ahead, stepsPerYear: WEEKS_PER_YEAR })
  if (typeof told === 'string') return without(told)
  const reaches = reachingOf(row)
  const week =
    row.direction === 'MAINTAIN_BAND' ? -1 : told.path.findIndex((value) => value !== null && reaches(value))
  const { method, value, half, mostly, backTest } = told
  return {
    missing: null,
    value,
    half,
    mostly,
    probability: 100 * probabilityOf(told, reaches),
    projectedOn: week < 0 ? null : earlier(today.add({ days: DAYS_PER_WEEK * (week + 1) }), row.deadline),
    method,
    backTest: shownBackTest(backTest),
  }
}

const without = (missing: NoForecastReason): GoalForecast => ({
  missing,
  value: null,
  half: null,
  mostly: null,
  probability: null,
  projectedOn: null,
  method: null,
  backTest: null,
})

const shownBackTest = ({
  tries,
  error,
  noChangeError,
  insideHalf,
  insideMostly,
}: BackTest): ForecastBackTest => ({
  tries,
  meanError: error,
  noChangeMeanError: noChangeError,
  withinHalf: inPercent(insideHalf),
  withinMostly: inPercent(insideMostly),
})

const inPercent = (share: number | null): number | null => (share === null ? null : 100 * share)

function reachingOf({ direction, target, bandLow, bandHigh }: GoalRow): (value: number) => boolean {
  switch (direction) {
    case 'INCREASE':
      return (value) => value >= Number(target)
    case 'DECREASE':
      return (value) => value <= Number(target)
    case 'MAINTAIN_BAND':
      return (value) => value >= Number(bandLow) && value <= Number(bandHigh)
    // Not told.
    case 'MILESTONES':
      return () => false
  }
}

const earlier = (some: Temporal.PlainDate, other: Temporal.PlainDate): Temporal.PlainDate =>
  isBefore(some, other) ? some : other
