import { useState } from 'react'
import { BulletBar } from '../charts/bullet-bar.tsx'
import { percentOfWay } from '../charts/geometry.ts'
import type { GoalDetail_GoalFragment } from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatMoment } from '../format/moment.ts'
import { formatFigure, formatQuantity, formatWay, unknown } from '../format/quantity.ts'
import { goalOutcomeWords, goalStateWords, nullReasonWords } from '../format/words.ts'
import { Badge } from '../ui/badge.tsx'
import { aimOf, quantityOf } from './goal-measure.ts'
import { GoalStatusText, toneOf } from './goal-status.tsx'

type StandingProps = { readonly goal: GoalDetail_GoalFragment; readonly timeZone: string }

const Figure = ({ goal }: Pick<StandingProps, 'goal'>) => {
  const { progress } = goal
  const [firstSequence] = useState(progress?.sequence)
  if (!progress || progress.value === null)
    return (
      <p>
        <span className="block text-display font-semibold text-faint">{unknown}</span>
        <span className="text-xs text-muted">
          {progress?.valueReason ? nullReasonWords[progress.valueReason] : 'Not evaluated yet'}
        </span>
      </p>
    )
  const { figure, unit } = formatFigure(progress.value, quantityOf(goal), 'whole')
  return (
    <p className="figures whitespace-nowrap">
      <span
        key={progress.sequence}
        className={`rounded-sm text-display font-semibold ${progress.sequence === firstSequence ? '' : 'animate-mark'}`}
      >
        {figure}
      </span>
      {unit !== '' && <span className="ml-1.5 text-base text-muted">{unit}</span>}
    </p>
  )
}

const Bar = ({ goal }: Pick<StandingProps, 'goal'>) => {
  const { baseline, target, progress } = goal
  if (target === null) return null
  const quantity = quantityOf(goal)
  const say = (value: number) => formatQuantity(value, quantity, 'whole')
  const figure = (value: number) => formatFigure(value, quantity, 'whole').figure
  const expected =
    progress && progress.status !== 'PENDING_START' && goal.daysLeft >= 0 ? progress.expected : null
  return (
    <BulletBar
      percent={progress?.percentToTarget ?? null}
      expectedPercent={expected === null ? null : percentOfWay(expected, baseline, target)}
      tone={progress ? toneOf(progress.status) : 'idle'}
      baselineLabel={`from ${figure(baseline)}`}
      targetLabel={`target ${figure(target)}`}
      expectedLabel={expected === null ? '' : `expected today ${figure(expected)}`}
      description={`From ${say(baseline)} to the target of ${say(target)}${expected === null ? '' : `, expected today ${say(expected)}`}.`}
    />
  )
}

/** Where the goal stands now, and why. */
export const GoalStanding = ({ goal, timeZone }: StandingProps) => {
  const { state, outcome, stateReason, progress } = goal
  return (
    <section
      aria-label="Where it stands"
      className="panel grid gap-x-10 gap-y-4 px-4 py-4 sm:px-5 lg:grid-cols-[minmax(14rem,1fr)_minmax(0,2fr)]"
    >
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
          {progress && state !== 'DRAFT' && <GoalStatusText status={progress.status} />}
          {state !== 'ACTIVE' && <Badge>{outcome ? goalOutcomeWords[outcome] : goalStateWords[state]}</Badge>}
          {!progress && state === 'ACTIVE' && <span className="text-muted">Evaluating</span>}
        </p>
        <div className="mt-2 flex flex-wrap items-baseline gap-x-5 gap-y-1">
          <Figure goal={goal} />
          {progress?.percentToTarget != null && (
            <p className="figures text-muted">
              <span className="font-semibold text-ink">{formatWay(progress.percentToTarget)}</span> of the way
            </p>
          )}
        </div>
        {goal.band && <p className="figures mt-1 text-muted">to stay within {aimOf(goal)}</p>}
      </div>
      <div className="min-w-0">
        <Bar goal={goal} />
        <p className="mt-2 text-pretty">
          {progress?.statusReason ??
            (state === 'DRAFT'
              ? 'A draft is not evaluated until it is activated.'
              : 'The first evaluation takes about a second.')}
        </p>
        {stateReason !== null && <p className="mt-1 text-pretty text-muted">“{stateReason}”</p>}
        {progress && (
          <p className="figures mt-1 text-xs text-faint">
            As of {formatDay(progress.asOf, 'medium')}, recorded {formatMoment(progress.recordedAt, timeZone)}
          </p>
        )}
      </div>
    </section>
  )
}
