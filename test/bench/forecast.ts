/**
 * `pnpm bench forecast`: asks for forecasts at each week of real books, with nothing but what was known then, and sets how
 * far off they were beside taking the value for unchanged. Needs the real books (test/support/real-books.ts).
 */
import { formatDay, type Day } from '@tidemark/server/domain/day.ts'
import { forecast, type ForecastMethod, type Series } from '@tidemark/server/domain/forecast.ts'
import type { KpiMetric } from '@tidemark/server/domain/kpi.ts'
import { kpiBooks, rowsOf } from '../support/kpi-books.ts'
import { hasRealBooks, ibmHistories } from '../support/real-books.ts'

const METRICS: readonly KpiMetric[] = [
  'DSO',
  'TOTAL_RECEIVABLES',
  'PAST_DUE',
  'PAST_DUE_SHARE',
  'COLLECTION_EFFECTIVENESS_INDEX',
  'ON_TIME_RATE',
  'AVERAGE_DAYS_TO_PAY',
  'CASH_COLLECTED',
]
const WEEKS_AHEAD = [4, 8, 13]
const WEEKS_PER_YEAR = 52

export function run(): Promise<void> {
  if (!hasRealBooks) {
    console.log('The real books are not here.')
    return Promise.resolve()
  }
  const histories = ibmHistories()
  const books = kpiBooks(rowsOf(histories, 'USD'), 'USD')
  const days = histories.map(({ startsOn }) => startsOn)
  const [first, last] = [Math.min(...days), Math.max(...days)]
  console.log(
    `Week by week from ${formatDay(first)} to ${formatDay(last)}. Errors are means of absolute errors.`,
  )
  console.log(
    'KPI                             weeks  asked  no change  forecast  ratio  in 50 %  in 80 %  told by',
  )
  for (const metric of METRICS) {
    const series = weekly(first, last, (day) => books.value(metric, day))
    for (const ahead of WEEKS_AHEAD) print(metric, ahead, ask(series, ahead))
  }
  return Promise.resolve()
}

function weekly(first: Day, last: Day, valueOn: (day: Day) => number | null): Series {
  const days: Day[] = []
  for (let day = last; day >= first; day -= 7) days.unshift(day)
  return days.map(valueOn)
}

type Answer = {
  readonly error: number
  readonly noChangeError: number
  readonly isInHalf: boolean
  readonly isInMost: boolean
  readonly method: ForecastMethod
}

function ask(series: Series, ahead: number): Answer[] {
  return series.flatMap((now, at): Answer[] => {
    const came = series[at + ahead] ?? null
    const told = forecast(series.slice(0, at + 1), { ahead, stepsPerYear: WEEKS_PER_YEAR })
    if (now === null || came === null || typeof told === 'string') return []
    return [
      {
        error: Math.abs(came - told.value),
        noChangeError: Math.abs(came - now),
        isInHalf: came >= told.half.low && came <= told.half.high,
        isInMost: came >= told.mostly.low && came <= told.mostly.high,
        method: told.method,
      },
    ]
  })
}

function print(metric: KpiMetric, ahead: number, answers: readonly Answer[]): void {
  const mean = (of: (answer: Answer) => number) =>
    answers.reduce((sum, one) => sum + of(one), 0) / answers.length
  const [error, noChange] = [mean((one) => one.error), mean((one) => one.noChangeError)]
  const share = (is: (answer: Answer) => boolean) => `${Math.round(100 * mean((one) => (is(one) ? 1 : 0)))} %`
  const methods = [...Map.groupBy(answers, ({ method }) => method)].map(
    ([method, all]) => `${method} ${all.length}`,
  )
  console.log(
    metric.padEnd(32) +
      String(ahead).padStart(5) +
      String(answers.length).padStart(7) +
      noChange.toPrecision(4).padStart(11) +
      error.toPrecision(4).padStart(10) +
      (error / noChange).toFixed(2).padStart(7) +
      share((one) => one.isInHalf).padStart(9) +
      share((one) => one.isInMost).padStart(9) +
      `  ${methods.join(', ')}`,
  )
}
