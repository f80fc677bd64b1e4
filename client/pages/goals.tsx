import { Flag, Plus } from 'lucide-react'
import { Link, useSearchParams } from 'wouter'
import { withParameters } from '../components/audit-filter.ts'
import { GoalFilterBar } from '../components/goal-filter-bar.tsx'
import { GoalTable } from '../components/goal-rows.tsx'
import { parseGoalSearch, placeGoals } from '../components/goal-search.ts'
import { StatusCounts } from '../components/goal-status.tsx'
import { LiveChip } from '../components/live-chip.tsx'
import { formatCount } from '../format/quantity.ts'
import type { Live } from '../live.ts'
import { useGoalNews } from '../live/use-goal-news.ts'
import { useIsPaused } from '../live/use-is-paused.ts'
import { buttonClass } from '../ui/button.tsx'
import { ErrorCard } from '../ui/error-card.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { goalPath } from './addresses.ts'
import { errorWords } from './error-words.ts'
import { PageBody, Panel } from './page-body.tsx'
import { type GoalList, useGoalList } from './use-goal-list.ts'
import { useRenewal } from './use-renewal.ts'
import { useViewing } from './use-viewer.ts'

/** What to do where there is nothing to list. */
const NoGoals = ({ isFiltered }: { readonly isFiltered: boolean }) => {
  const { membership, may } = useViewing()
  return (
    <div className="panel px-4 py-10 text-center sm:px-5">
      <Flag aria-hidden="true" className="mx-auto size-5 text-accent" />
      <h2 className="mt-3 text-base font-semibold">{isFiltered ? 'No goal fits' : 'No goals yet'}</h2>
      <p className="mx-auto mt-1 max-w-md text-pretty text-muted">
        {isFiltered
          ? 'Take a filter away, or choose another state.'
          : 'A goal is a KPI with a target, a deadline and somebody who answers for it.'}
      </p>
      {!isFiltered && may('goal:write') && (
        <Link href={goalPath(membership.slug, 'new')} className={`${buttonClass('primary')} mt-4`}>
          <Plus aria-hidden="true" className="size-4" />
          New goal
        </Link>
      )}
    </div>
  )
}

const Goals = ({ list }: { readonly list: GoalList }) => {
  const { membership } = useViewing()
  const [parameters, setParameters] = useSearchParams()
  const search = parseGoalSearch(parameters)
  const placed = placeGoals(list.goals, search)
  const isFiltered = parameters.size > 0
  return (
    <>
      <GoalFilterBar
        search={search}
        goals={list.goals}
        onChange={(changes) => setParameters((before) => withParameters(before, changes))}
      />
      {placed.length === 0 ? (
        <NoGoals isFiltered={isFiltered} />
      ) : (
        <Panel
          title={
            search.state.label === 'All'
              ? 'All goals'
              : `${search.state.label} goals`.replace('Drafts goals', 'Drafts')
          }
          note={formatCount(placed.length)}
          actions={
            <StatusCounts
              statuses={placed.flatMap(({ goal: { state, progress } }) =>
                progress && state !== 'DRAFT' ? [progress.status] : [],
              )}
            />
          }
        >
          <GoalTable goals={placed} hrefOf={(id) => goalPath(membership.slug, id)} />
          {list.isCut && (
            <p className="border-t border-line px-4 py-3 text-muted sm:px-5">
              There are more: of each state, the thousand goals with the nearest deadlines are listed.
            </p>
          )}
        </Panel>
      )}
    </>
  )
}

/** All goals of the organization: which, where they stand, who answers for them. */
export const GoalsPage = ({ live }: { readonly live: Live }) => {
  const { membership, organization, may } = useViewing()
  const [parameters] = useSearchParams()
  const isPaused = useIsPaused(live)
  const list = useGoalList(parseGoalSearch(parameters).state.states)
  const news = useGoalNews(live, {
    goals: list.goals,
    cursor: list.cursor,
    isPaused,
    timeZone: organization?.timeZone ?? 'UTC',
  })
  useRenewal(news.pulse, list.refetch)
  return (
    <PageBody isWide>
      <ProgressLine isActive={list.isFetching} />
      <output className="sr-only">{news.announcement}</output>
      <PageHeading
        title="Goals"
        place={membership.name}
        note="What is to be reached, by when, and who answers for it."
        actions={
          <div className="flex flex-wrap items-center gap-2 print:hidden">
            <LiveChip socket={live.socket} />
            {may('goal:write') && (
              <Link href={goalPath(membership.slug, 'new')} className={buttonClass('primary')}>
                <Plus aria-hidden="true" className="size-4" />
                New goal
              </Link>
            )}
          </div>
        }
      />
      {list.error && (
        <ErrorCard
          title="The goals could not be loaded"
          message={errorWords(list.error)}
          onRetry={list.refetch}
        />
      )}
      {list.isComplete ? <Goals list={list} /> : !list.error && <RowsSkeleton />}
    </PageBody>
  )
}
