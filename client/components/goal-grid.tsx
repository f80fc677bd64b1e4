import { Skeleton } from '../ui/skeleton.tsx'
import { GoalTile, type TileGoal } from './goal-tile.tsx'

const grid = 'grid grid-cols-[repeat(auto-fill,minmax(min(100%,20rem),1fr))] gap-x-4'

type GoalGridProps = { readonly goals: readonly TileGoal[]; readonly timeZone: string }

export const GoalGrid = ({ goals, timeZone }: GoalGridProps) => (
  <div className={`${grid} -mb-4`}>
    {goals.map((goal) => (
      <GoalTile key={goal.id} goal={goal} timeZone={timeZone} />
    ))}
  </div>
)

const places = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'] as const

/** As tall as a tile whose name and reason take two lines. */
export const GoalGridSkeleton = () => (
  <div aria-hidden="true">
    <Skeleton className="mb-4 h-5 w-40" />
    <div className={`${grid} -mb-4`}>
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
