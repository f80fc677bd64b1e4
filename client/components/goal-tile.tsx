import { memo, useId, useState } from 'react'
import { Link } from 'wouter'
import { BulletBar } from '../charts/bullet-bar.tsx'
import { percentOfWay } from '../charts/geometry.ts'
import { Sparkline } from '../charts/sparkline.tsx'
import type { GoalTile_GoalFragment, GoalTile_HistoryFragment } from '../documents.generated.ts'
import { formatDay, formatDaysLeft } from '../format/day.ts'
import { formatMoment } from '../format/moment.ts'
import { formatChange, formatFigure, formatQuantity, formatWay, unknown } from '../format/quantity.ts'
import { goalStatusWords, nullReasonWords } from '../format/words.ts'
import { ChangeText } from '../ui/change.tsx'
import type { Tone } from '../ui/tone.ts'
import { changeOver, type GoalHistory, withProgress } from './goal-history.ts'
import { isMoreBetter, measureOf, quantityOf } from './goal-measure.ts'
import { GoalStatusText, toneOf } from './goal-status.tsx'

export type TileGoal = GoalTile_GoalFragment & GoalTile_HistoryFragment

type GoalProps = { readonly goal: TileGoal }

/** The value, marked for a moment where it has moved since the tile was first shown. */
const GoalValue = ({ goal }: GoalProps) => {
  const { progress } = goal
  const [firstSequence] = useState(progress?.sequence)
  if (!progress || progress.value === null) {
    const why = progress?.valueReason ? nullReasonWords[progress.valueReason] : 'Not evaluated yet'
    return (
      <p className="min-w-0">
        <span className="block text-display font-semibold text-faint">{unknown}</span>
        <span className="text-xs text-muted">{why}</span>
      </p>
    )
  }
  const { figure, unit } = formatFigure(progress.value, quantityOf(goal), 'whole')
  const hasMoved = progress.sequence !== firstSequence
  return (
    <p className="figures whitespace-nowrap">
      <span
        key={progress.sequence}
        className={`rounded-sm text-display font-semibold ${hasMoved ? 'animate-mark' : ''}`}
      >
        {figure}
      </span>
      {unit !== '' && <span className="ml-1.5 text-base text-muted">{unit}</span>}
    </p>
  )
}

const GoalBar = ({ goal, tone }: GoalProps & { readonly tone: Tone }) => {
  const { baseline, target, progress } = goal
  // A band has no way to go.
  if (target === null) return null
  const quantity = quantityOf(goal)
  const say = (value: number) => formatQuantity(value, quantity, 'whole')
  const figure = (value: number) => formatFigure(value, quantity, 'whole').figure
  const isUnderWay = goal.daysLeft >= 0 && progress !== null && progress.status !== 'PENDING_START'
  const expected = isUnderWay ? progress.expected : null
  const now = progress?.value ?? null
  const description = [
    `From ${say(baseline)} to the target of ${say(target)}`,
    now === null ? 'no value today' : `today ${say(now)}`,
    ...(expected === null ? [] : [`expected today ${say(expected)}`]),
  ].join(', ')
  return (
    <BulletBar
      percent={progress?.percentToTarget ?? null}
      expectedPercent={expected === null ? null : percentOfWay(expected, baseline, target)}
      tone={tone}
      baselineLabel={`from ${figure(baseline)}`}
      targetLabel={`target ${figure(target)}`}
      expectedLabel={expected === null ? '' : `expected today ${figure(expected)}`}
      description={`${description}.`}
    />
  )
}

const GoalTrend = ({
  goal,
  history,
  tone,
}: GoalProps & { readonly history: GoalHistory; readonly tone: Tone }) => {
  const [read, setRead] = useState<number | null>(null)
  const quantity = quantityOf(goal)
  const say = (value: number | null) => (value === null ? unknown : formatQuantity(value, quantity, 'whole'))
  const point = read === null ? undefined : history[read]
  return (
    <div className="min-w-0">
      <Sparkline
        points={history}
        tone={tone}
        label={`${measureOf(goal)}, the last ${history.length} days`}
        describe={(index) => {
          const { date, value, expected } = history[index] ?? { date: '', value: null, expected: null }
          const hope = expected === null ? '' : `, expected ${say(expected)}`
          return date === ''
            ? ''
            : `${formatDay(date, 'medium')}: ${value === null ? 'no value' : say(value)}${hope}`
        }}
        onRead={setRead}
        className="h-12 pr-1"
      />
      <p className="figures mt-1.5 truncate text-2xs text-faint">
        {point
          ? `${formatDay(point.date, 'short')} · ${say(point.value)}${point.expected === null ? '' : ` · expected ${say(point.expected)}`}`
          : history.some(({ value }) => value !== null)
            ? `${history.length} days, expected path dashed`
            : `no value in ${history.length} days`}
      </p>
    </div>
  )
}

const GoalChange = ({ goal, history, days }: GoalProps & { history: GoalHistory; days: number }) => {
  const change = changeOver(history, days)
  return (
    <div>
      <dt className="text-2xs text-faint">{days} days</dt>
      <dd className="text-xs">
        {change === null ? (
          <>
            <span aria-hidden="true" className="text-faint">
              {unknown}
            </span>
            <span className="sr-only">not known</span>
          </>
        ) : (
          <ChangeText
            change={formatChange(
              change,
              quantityOf(goal),
              quantityOf(goal).unit === 'MONEY' ? 'compact' : 'whole',
            )}
            isMoreBetter={isMoreBetter(goal)}
          />
        )}
      </dd>
    </div>
  )
}

type GoalTileProps = GoalProps & { readonly timeZone: string; readonly href: string }

/** One goal: where it is, where it should be, where it is going. Its rows line up with those of its neighbours. */
export const GoalTile = memo(({ goal, timeZone, href }: GoalTileProps) => {
  const nameId = useId()
  const { progress } = goal
  const tone = progress ? toneOf(progress.status) : 'idle'
  const history = withProgress(goal.history, progress)
  return (
    <article
      aria-labelledby={nameId}
      className="panel row-span-7 mb-4 grid grid-rows-subgrid gap-y-0 px-4 pt-4 pb-3.5 sm:px-5"
    >
      <p className="flex items-center justify-between gap-3 text-sm">
        {progress ? (
          <GoalStatusText status={progress.status} />
        ) : (
          <span className="text-muted">Evaluating</span>
        )}
        <span className={`figures text-xs ${goal.daysLeft < 0 ? 'text-faint' : 'text-muted'}`}>
          {formatDaysLeft(goal.daysLeft)}
        </span>
      </p>
      <div className="mt-2.5">
        <h3 id={nameId} className="line-clamp-3 text-base font-semibold tracking-[-0.006em] text-pretty">
          <Link href={href} className="rounded-sm hover:underline">
            {goal.name}
          </Link>
        </h3>
        <p className="mt-0.5 line-clamp-2 text-xs text-muted">
          {measureOf(goal)}
          <span aria-hidden="true"> · </span>
          {goal.scope}
        </p>
      </div>
      <div className="mt-3 flex items-baseline justify-between gap-3 self-end">
        <GoalValue goal={goal} />
        {progress?.percentToTarget != null && (
          <p className="figures text-right text-xs text-muted">
            <span className="text-sm font-semibold text-ink">{formatWay(progress.percentToTarget)}</span> of
            the way
          </p>
        )}
      </div>
      <div className="mt-1.5">
        <GoalBar goal={goal} tone={tone} />
      </div>
      <div className="mt-4 grid grid-cols-[minmax(0,1fr)_auto] items-start gap-5">
        <GoalTrend goal={goal} history={history} tone={tone} />
        <dl className="figures grid min-w-17 gap-y-1">
          <GoalChange goal={goal} history={history} days={7} />
          <GoalChange goal={goal} history={history} days={30} />
        </dl>
      </div>
      <p className="mt-3 text-xs text-pretty text-muted">
        {progress ? progress.statusReason : 'The first evaluation takes about a second.'}
      </p>
      <footer className="figures mt-3 flex flex-wrap items-baseline justify-between gap-x-3 self-end border-t border-line pt-2.5 text-xs text-muted">
        <span className={goal.owner ? 'font-medium text-ink' : ''}>{goal.owner?.name ?? 'No owner'}</span>
        <span>by {formatDay(goal.deadline, 'medium')}</span>
        {progress && (
          <span className="sr-only">
            {`${goalStatusWords[progress.status]} as of ${formatMoment(progress.recordedAt, timeZone)}`}
          </span>
        )}
      </footer>
    </article>
  )
})
