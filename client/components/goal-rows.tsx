import { CornerDownRight } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import { wayScale } from '../charts/geometry.ts'
import { formatDay, formatDaysLeft } from '../format/day.ts'
import { formatQuantity, formatWay, unknown } from '../format/quantity.ts'
import { goalOutcomeWords, goalStateWords, nullReasonWords } from '../format/words.ts'
import { Badge } from '../ui/badge.tsx'
import { toneFill } from '../ui/tone.ts'
import { aimOf, measureOf, quantityOf } from './goal-measure.ts'
import type { ListedGoal, PlacedGoal } from './goal-search.ts'
import { GoalStatusText, toneOf } from './goal-status.tsx'

type GoalProps = { readonly goal: ListedGoal }

/** Where it stands: its status while it is evaluated, else where in its life it is. */
const Standing = ({ goal: { state, outcome, progress } }: GoalProps) => (
  <span className="inline-flex flex-wrap items-center gap-x-2 gap-y-1">
    {state !== 'ACTIVE' && <Badge>{outcome ? goalOutcomeWords[outcome] : goalStateWords[state]}</Badge>}
    {state !== 'DRAFT' &&
      (progress ? (
        <GoalStatusText status={progress.status} />
      ) : (
        <span className="text-muted">Evaluating</span>
      ))}
  </span>
)

const Value = ({ goal }: GoalProps) => {
  const { progress } = goal
  const [firstSequence] = useState(progress?.sequence)
  if (!progress || progress.value === null)
    return (
      <span className="text-muted">
        <span aria-hidden="true">{unknown}</span>
        <span className="sr-only">
          {progress?.valueReason ? nullReasonWords[progress.valueReason] : 'no value yet'}
        </span>
      </span>
    )
  return (
    <span
      key={progress.sequence}
      className={`rounded-sm font-semibold ${progress.sequence === firstSequence ? '' : 'animate-mark'}`}
    >
      {formatQuantity(progress.value, quantityOf(goal), 'whole')}
    </span>
  )
}

/** How much of the way is gone, beside the figure that says the same. */
const Way = ({ goal: { progress } }: GoalProps) => {
  const percent = progress?.percentToTarget ?? null
  if (!progress || percent === null) return null
  const x = wayScale([percent])
  const start = Math.min(x(0), x(percent))
  return (
    <span className="mt-1 flex items-center gap-2 text-2xs text-muted">
      <svg aria-hidden="true" width="100%" height="6" className="block max-w-28 min-w-12 flex-1">
        <rect width="100%" height="6" rx="2" className="fill-sunken" />
        <rect
          x={`${start}%`}
          width={`${Math.abs(x(percent) - x(0))}%`}
          height="6"
          rx="2"
          className={toneFill[toneOf(progress.status)]}
        />
        {x(0) > 0 && <rect x={`${x(0)}%`} width="1" height="6" className="fill-ink" />}
      </svg>
      <span>
        {formatWay(percent)}
        <span className="sr-only"> of the way</span>
      </span>
    </span>
  )
}

const Deadline = ({ goal: { deadline, daysLeft, state } }: GoalProps) => (
  <>
    <time dateTime={deadline} className="whitespace-nowrap">
      {formatDay(deadline, 'medium')}
    </time>
    {state !== 'CLOSED' && (
      <span className={`block text-2xs ${daysLeft < 0 ? 'text-faint' : 'text-muted'}`}>
        {formatDaysLeft(daysLeft)}
      </span>
    )}
  </>
)

/** How far a part is set in below the goal that it is a part of; so deep trees are rare. */
const insets = ['', 'pl-5', 'pl-10', 'pl-15'] as const

type GoalRowProps = { readonly placed: PlacedGoal; readonly hrefOf: (id: string) => string }

/** What it is called and measured by; on a narrow screen all that is told of it. */
const GoalCell = ({ placed: { goal, depth, partOf }, hrefOf }: GoalRowProps) => (
  <div className={insets[Math.min(depth, insets.length - 1)]}>
    <p className="flex items-baseline gap-1.5">
      {depth > 0 && (
        <>
          <CornerDownRight aria-hidden="true" className="size-3.5 shrink-0 self-center text-faint" />
          <span className="sr-only">Part of the goal above:</span>
        </>
      )}
      <Link
        href={hrefOf(goal.id)}
        className="rounded-sm font-semibold text-pretty after:absolute after:inset-0 hover:underline"
      >
        {goal.name}
      </Link>
    </p>
    <p className="mt-0.5 text-xs text-muted">
      {measureOf(goal)}
      {goal.metric && (
        <>
          <span aria-hidden="true"> · </span>
          {goal.scope}
        </>
      )}
      {partOf && <span className="text-faint"> · part of {partOf.name}</span>}
    </p>
    <div className="figures mt-2 grid gap-1.5 text-xs sm:hidden">
      <Standing goal={goal} />
      <p>
        <Value goal={goal} /> <span className="text-muted">to reach {aimOf(goal)}</span>
      </p>
      <Way goal={goal} />
      <p className="text-muted">
        {goal.owner?.name ?? 'No owner'} · by {formatDay(goal.deadline, 'medium')} ·{' '}
        {formatDaysLeft(goal.daysLeft)}
      </p>
    </div>
  </div>
)

const GoalRow = ({ placed, hrefOf }: GoalRowProps) => {
  const { goal } = placed
  return (
    <tr className="relative *:align-top! hover:bg-sunken/60">
      <th scope="row" className="w-full sm:w-auto">
        <GoalCell placed={placed} hrefOf={hrefOf} />
      </th>
      <td className="max-sm:hidden">
        <Standing goal={goal} />
      </td>
      <td className="figures max-sm:hidden">
        <Value goal={goal} />
        <Way goal={goal} />
      </td>
      <td className="figures whitespace-nowrap max-sm:hidden">{aimOf(goal)}</td>
      <td className="figures max-sm:hidden">
        <Deadline goal={goal} />
      </td>
      <td className={`max-lg:hidden ${goal.owner ? '' : 'text-faint'}`}>{goal.owner?.name ?? 'No owner'}</td>
    </tr>
  )
}

type GoalTableProps = { readonly goals: readonly PlacedGoal[]; readonly hrefOf: (id: string) => string }

/** Goals below each other, parts below what they are parts of. */
export const GoalTable = ({ goals, hrefOf }: GoalTableProps) => (
  <table className="rows">
    <caption className="sr-only">Goals</caption>
    <thead className="max-sm:sr-only">
      <tr>
        <th scope="col">Goal</th>
        <th scope="col" className="max-sm:hidden">
          Status
        </th>
        <th scope="col" className="max-sm:hidden">
          Now
        </th>
        <th scope="col" className="max-sm:hidden">
          To reach
        </th>
        <th scope="col" className="max-sm:hidden">
          Deadline
        </th>
        <th scope="col" className="max-lg:hidden">
          Owner
        </th>
      </tr>
    </thead>
    <tbody>
      {goals.map((placed) => (
        <GoalRow key={placed.goal.id} placed={placed} hrefOf={hrefOf} />
      ))}
    </tbody>
  </table>
)
