import { type GoalCone, GoalChart } from '../charts/goal-chart.tsx'
import type { GoalDetail_GoalFragment, GoalOutlook_GoalFragment } from '../documents.generated.ts'
import { daysBetween, formatDay } from '../format/day.ts'
import { formatDistance, formatFigure, formatQuantity, formatWay, unknown } from '../format/quantity.ts'
import { Disclosure } from '../ui/disclosure.tsx'
import type { Tone } from '../ui/tone.ts'
import { type ChartDay, chartDays } from './goal-days.ts'
import { withProgress } from './goal-history.ts'
import { aimOf, measureOf, quantityOf } from './goal-measure.ts'
import { toneOf } from './goal-status.tsx'
import { forecastMethodWords, noForecastWords } from './goal-words.ts'

type Goal = GoalDetail_GoalFragment
type Forecast = GoalOutlook_GoalFragment['forecast']
type OutlookProps = { readonly goal: Goal; readonly outlook: GoalOutlook_GoalFragment }

const coneOf = ({ value, half, mostly }: Forecast): GoalCone | null =>
  value === null || half === null || mostly === null ? null : { value, half, mostly }

const sayOf = (goal: Goal) => (value: number | null) =>
  value === null ? unknown : formatQuantity(value, quantityOf(goal), 'whole')

const tableStepDays = 7

type TableProps = { readonly goal: Goal; readonly days: readonly ChartDay[]; readonly forecast: Forecast }

const Table = ({ goal, days, forecast }: TableProps) => {
  const say = sayOf(goal)
  const lastKnown = days.findLastIndex(({ value }) => value !== null)
  const anchor = lastKnown === -1 ? days.length - 1 : lastKnown
  const rows = days.filter(
    ({ date }, index) =>
      (anchor - index) % tableStepDays === 0 || date === goal.deadline || date === goal.startsOn,
  )
  return (
    <section
      aria-label="The chart as a table"
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by the keyboard
      tabIndex={0}
      className="mt-2 max-h-96 overflow-auto rounded-md border border-line"
    >
      <table className="rows figures">
        <caption className="sr-only">{goal.name}: each week, the newest first</caption>
        <thead>
          <tr>
            <th scope="col">Day</th>
            <th scope="col" className="text-right!">
              Value
            </th>
            <th scope="col" className="text-right!">
              Expected
            </th>
            <th scope="col" className="text-right!">
              Forecast
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.toReversed().map(({ date, value, expected }) => (
            <tr key={date}>
              <th scope="row" className="whitespace-nowrap">
                {formatDay(date, 'medium')}
              </th>
              <td className="text-right!">{say(value)}</td>
              <td className="text-right! text-muted">{say(expected)}</td>
              <td className="text-right! text-muted">
                {date === goal.deadline && forecast.value !== null ? say(forecast.value) : unknown}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

const keys = [
  { id: 'actual', words: 'actual', line: 'border-t-2 border-solid border-current' },
  { id: 'expected', words: 'expected path', line: 'border-t border-dashed border-muted' },
  {
    id: 'forecast',
    words: 'forecast, with half and four of five of the outcomes',
    line: 'border-t-2 border-dotted border-muted',
  },
] as const

/** Where the goal was, should be and will be: a chart, and the same as a table. */
export const GoalOutlookChart = ({ goal, outlook }: OutlookProps) => {
  const quantity = quantityOf(goal)
  const say = sayOf(goal)
  const history = withProgress(outlook.history, goal.state === 'CLOSED' ? null : goal.progress)
  const days = chartDays(goal, history)
  const first = days[0]
  const aim = goal.band ?? (goal.target === null ? null : { low: goal.target, high: goal.target })
  if (!first || !aim) return <p className="py-10 text-center text-muted">There is nothing to draw yet.</p>
  const tone: Tone = goal.progress ? toneOf(goal.progress.status) : 'idle'
  const cone = coneOf(outlook.forecast)
  const today = outlook.history.at(-1)?.date
  const wordsAt = (index: number): readonly string[] => {
    const day = days[index]
    if (!day) return []
    return [
      ...(day.value === null ? [] : [say(day.value)]),
      ...(day.expected === null ? [] : [`expected ${say(day.expected)}`]),
      ...(cone && day.date === goal.deadline ? [`forecast ${say(cone.value)}`] : []),
    ]
  }
  const dayAt = (index: number) => days[index]?.date ?? first.date
  return (
    <figure>
      <figcaption className="sr-only">
        {goal.name}: {measureOf(goal)}, to reach {aimOf(goal)} by {formatDay(goal.deadline, 'medium')}.
      </figcaption>
      <GoalChart
        days={days}
        today={today === undefined ? null : days.findIndex(({ date }) => date === today)}
        deadline={Math.max(0, daysBetween(first.date, goal.deadline))}
        aim={aim}
        cone={cone}
        tone={tone}
        label={`${goal.name}, day by day`}
        wordsAt={(index) => [formatDay(dayAt(index), 'medium'), ...wordsAt(index)]}
        formatTick={(value) => {
          const { figure, unit } = formatFigure(value, quantity, 'compact')
          return quantity.unit === 'PERCENT' ? `${figure}${unit}` : figure
        }}
        formatDay={(index) => formatDay(dayAt(index), days.length > 250 ? 'month' : 'short')}
      />
      <ul aria-hidden="true" className="mt-3 flex flex-wrap gap-x-5 gap-y-1 text-2xs text-muted">
        {keys.map(({ id, words, line }) =>
          (id === 'forecast' && cone === null) || (id === 'expected' && goal.target === null) ? null : (
            <li key={id} className="flex items-center gap-2">
              <span className={`w-6 shrink-0 ${line}`} />
              {words}
            </li>
          ),
        )}
      </ul>
      <Disclosure label="As a table" labelClassName="mt-3 w-fit py-1 font-medium text-muted hover:text-ink">
        <Table goal={goal} days={days} forecast={outlook.forecast} />
      </Disclosure>
    </figure>
  )
}

const BackTest = ({ goal, forecast }: { readonly goal: Goal; readonly forecast: Forecast }) => {
  const { backTest, method } = forecast
  if (!backTest || !method) return null
  const off = (distance: number) => formatDistance(distance, quantityOf(goal), 'whole')
  const tried = `Told so far ahead ${backTest.tries} times in the past, it was off by ${off(backTest.meanError)} on average`
  return (
    <p className="text-xs text-pretty text-muted">
      {method === 'NO_CHANGE' ? (
        <>
          <span className="font-semibold text-ink">No better than no change.</span> {tried}; no other way of
          telling was better.
        </>
      ) : (
        <>
          It takes {forecastMethodWords[method]}. {tried}; taking the value for unchanged, by{' '}
          {off(backTest.noChangeMeanError)}.
        </>
      )}
      {backTest.withinMostly !== null && (
        <> Of what came, {formatWay(backTest.withinMostly)} lay within the wider range.</>
      )}
    </p>
  )
}

/** How likely the goal is reached, when, and how good such forecasts were. */
export const GoalForecastFacts = ({ goal, outlook: { forecast } }: OutlookProps) => {
  const say = sayOf(goal)
  if (forecast.missing !== null)
    return <p className="text-pretty text-muted">{noForecastWords[forecast.missing]}</p>
  const { value, half, mostly, probability, projectedOn } = forecast
  return (
    <div className="grid gap-3">
      {probability !== null && (
        <p className="figures">
          <span className="text-display font-semibold">{formatWay(probability)}</span>
          <span className="ml-2 text-muted">
            likely to be reached by {formatDay(goal.deadline, 'medium')}
          </span>
        </p>
      )}
      <dl className="figures grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5">
        <dt className="text-muted">At the deadline</dt>
        <dd className="font-semibold">{say(value)}</dd>
        {half && (
          <>
            <dt className="text-muted">Half of the outcomes</dt>
            <dd>
              {say(half.low)} to {say(half.high)}
            </dd>
          </>
        )}
        {mostly && (
          <>
            <dt className="text-muted">Four of five</dt>
            <dd>
              {say(mostly.low)} to {say(mostly.high)}
            </dd>
          </>
        )}
        <dt className="text-muted">Projected</dt>
        <dd>
          {projectedOn === null ? 'not by the deadline' : `reached by ${formatDay(projectedOn, 'medium')}`}
        </dd>
      </dl>
      <BackTest goal={goal} forecast={forecast} />
    </div>
  )
}
