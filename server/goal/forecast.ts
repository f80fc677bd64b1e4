/** Where a goal's KPI will be at the deadline, as its progress keeps it. */
import { todayOf, type Context } from '../context.ts'
import { isBefore } from '../domain/calendar.ts'
import { isTrusted } from '../domain/goal-outlook.ts'
import type { BackTest, Fit, ForecastMethod } from '../domain/forecast.ts'
import { foresee, outlookColumns } from '../live/aside.ts'
import { fitGoal } from '../live/forecasts.ts'
import { judgedGoal, measure } from '../live/measure.ts'
import type { ForecastBackTest, GoalForecast, NoForecastReason } from '../schema.generated.ts'
import type { GoalForecastRow, GoalProgressRow, GoalRow } from '@tidemark/drizzle/rows.ts'

/** Of the goal as it stands. Until its progress tells one, what is known now is asked. */
export async function forecastOf(
  row: GoalRow,
  progress: GoalProgressRow | null,
  context: Context,
): Promise<GoalForecast> {
  const today = todayOf(context)
  if (row.state !== 'ACTIVE' || !isBefore(today, row.deadline)) return without('NOT_RUNNING')
  if (row.metric === null) return without('CHECKLIST')
  if (row.direction === 'BUDGET') return without('BUDGET')
  if (progress !== null && progress.forecastValue !== null) {
    return shown(row, progress, await context.loaders.goalForecast.load(row.id))
  }
  const { reader, organization, now } = context
  return reader.read(async (tx) => {
    const [found, [measured]] = await Promise.all([
      fitGoal(tx, organization, row, now),
      measure(tx, organization, [{ goal: row, asOf: today }], now),
    ])
    if (found.missing !== null) return without(found.missing as NoForecastReason)
    const outlook = foresee(judgedGoal(row), { value: measured?.value ?? null }, today, found)
    return outlook === null ? without('NO_VALUE') : shown(row, outlookColumns(outlook), found)
  })
}

/** Of a row of progress, as it was told then. */
export async function forecastOfProgress(
  row: GoalRow,
  progress: GoalProgressRow,
  { loaders }: Context,
): Promise<GoalForecast> {
  if (row.metric === null) return without('CHECKLIST')
  if (row.direction === 'BUDGET') return without('BUDGET')
  if (!isBefore(progress.asOf, row.deadline)) return without('NOT_RUNNING')
  if (progress.value === null) return without('NO_VALUE')
  const found = await loaders.goalForecast.load(row.id)
  if (progress.forecastValue === null) {
    return without((found?.missing as NoForecastReason | null | undefined) ?? 'NOT_YET')
  }
  return shown(row, progress, found)
}

const without = (missing: NoForecastReason): GoalForecast => ({
  missing,
  value: null,
  half: null,
  mostly: null,
  probability: null,
  projectedOn: null,
  method: null,
  isBetterThanNoChange: null,
  isTrusted: null,
  backTest: null,
})

function shown(
  { direction }: GoalRow,
  told: ReturnType<typeof outlookColumns>,
  found: GoalForecastRow | null,
): GoalForecast {
  const method = told.forecastMethod as ForecastMethod | null
  const fit = (found?.fit ?? null) as Fit | null
  const isKnown = fit !== null && method !== null && direction !== 'MILESTONES'
  return {
    missing: null,
    value: told.forecastValue,
    half: rangeOf(told.forecastHalfLow, told.forecastHalfHigh),
    mostly: rangeOf(told.forecastMostlyLow, told.forecastMostlyHigh),
    probability: told.probability === null ? null : 100 * told.probability,
    projectedOn: told.projectedOn,
    method,
    isBetterThanNoChange: method === null ? null : method !== 'NO_CHANGE',
    isTrusted: isKnown ? isTrusted(direction, method, fit.backTest) : null,
    backTest: fit === null ? null : shownBackTest(fit.backTest),
  }
}

const rangeOf = (low: number | null, high: number | null) =>
  low === null || high === null ? null : { low, high }

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
