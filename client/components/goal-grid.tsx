import type { CSSProperties } from 'react'
import { Skeleton } from '../ui/skeleton.tsx'
import { balancedColumns, columnsMaxima } from './goal-columns.ts'
import { GoalTile, type TileGoal } from './goal-tile.tsx'

type GoalGridProps = {
  readonly goals: readonly TileGoal[]
  readonly timeZone: string
  readonly hrefOf: (id: string) => string
}

/** How many columns fit is up to the container queries of `.goal-grid`; this tells them how to fill each number evenly. */
const columnsOf = (count: number): CSSProperties =>
  Object.fromEntries(columnsMaxima.map((max) => [`--columns-${max}`, balancedColumns(count, max)]))

export const GoalGrid = ({ goals, timeZone, hrefOf }: GoalGridProps) => (
  <div className="@container">
    <div className="goal-grid" style={columnsOf(goals.length)}>
      {goals.map((goal) => (
        <GoalTile key={goal.id} goal={goal} timeZone={timeZone} href={hrefOf(goal.id)} />
      ))}
    </div>
  </div>
)

const places = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth'] as const

/** As tall as a tile whose name and reason take two lines. */
export const GoalGridSkeleton = () => (
  <div aria-hidden="true" className="@container">
    <Skeleton className="mb-4 h-5 w-40" />
    <div className="goal-grid" style={columnsOf(places.length)}>
      {places.map((place) => (
        <div key={place} className="panel mb-4 h-[25.5rem] px-5 pt-5">
          <Skeleton className="h-3.5 w-20" />
          <Skeleton className="mt-4 h-4 w-4/5" />
          <Skeleton className="mt-2 h-3 w-1/2" />
          <Skeleton className="mt-5 h-8 w-32" />
          <Skeleton className="mt-6 h-2.5 w-full" />
          <Skeleton className="mt-10 h-12 w-3/4" />
        </div>
      ))}
    </div>
  </div>
)
