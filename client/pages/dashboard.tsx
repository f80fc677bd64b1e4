import { AgingPanel } from '../components/aging-panel.tsx'
import { GoalGrid, GoalGridSkeleton } from '../components/goal-grid.tsx'
import { headlineMetrics, KpiStrip, KpiStripSkeleton } from '../components/kpi-strip.tsx'
import { NoGoals } from '../components/no-goals.tsx'
import { StatusCounts } from '../components/goal-status.tsx'
import { TopCustomers } from '../components/top-customers.tsx'
import {
  DashboardCustomersDocument,
  DashboardDocument,
  DashboardFiguresDocument,
  type DashboardQuery,
  DashboardTrendsDocument,
} from '../documents.generated.ts'
import { addMonths, type Day, firstOfMonth, formatDay } from '../format/day.ts'
import { formatZone } from '../format/moment.ts'
import { formatCount } from '../format/quantity.ts'
import type { Live } from '../live.ts'
import { useIsPaused } from '../live/use-is-paused.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { ErrorCard, ErrorNote } from '../ui/error-card.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { goalPath } from './addresses.ts'
import { errorWords } from './error-words.ts'
import { MoreGoals } from './more-goals.tsx'
import { useLiveGoals } from './use-live-goals.ts'
import { useViewing } from './use-viewer.ts'

const figuresVariables = { metrics: headlineMetrics }

/** Thirteen points, the first at the end of the month that ended a year before this one, and a month ago. */
const trendsVariables = (today: Day) => ({
  metrics: headlineMetrics,
  from: firstOfMonth(addMonths(today, -12)),
  to: today,
  monthAgo: addMonths(today, -1),
})

/** The contract lists goals by deadline, so those that are over come first; here they come last. */
const splitGoals = ({ goals, closedGoals }: DashboardQuery) => ({
  running: goals.nodes.filter(({ daysLeft }) => daysLeft >= 0),
  ended: [...goals.nodes.filter(({ daysLeft }) => daysLeft < 0), ...closedGoals.nodes],
})

type GoalsHeadingProps = { readonly id: string; readonly title: string; readonly count: number }

const GoalsHeading = ({ id, title, count }: GoalsHeadingProps) => (
  <h2 id={id} className="text-lg font-semibold tracking-[-0.01em]">
    {title}
    {count > 0 && <span className="figures ml-2 font-normal text-faint">{formatCount(count)}</span>}
  </h2>
)

type GoalsProps = { readonly page: DashboardQuery; readonly hrefOf: (id: string) => string }

const Goals = ({ page, hrefOf }: GoalsProps) => {
  const { running, ended } = splitGoals(page)
  const { timeZone, today } = page.organization
  return (
    <section aria-labelledby="goals">
      <header className="mb-3 flex flex-wrap items-baseline gap-x-5 gap-y-1">
        <GoalsHeading id="goals" title="Goals" count={running.length} />
        <StatusCounts statuses={running.flatMap(({ progress }) => (progress ? [progress.status] : []))} />
      </header>
      {running.length === 0 ? (
        <NoGoals today={today} hasEndedGoals={ended.length > 0} />
      ) : (
        <GoalGrid goals={running} timeZone={timeZone} hrefOf={hrefOf} />
      )}
      <MoreGoals pageInfo={page.goals.pageInfo} timeZone={timeZone} hrefOf={hrefOf} />
    </section>
  )
}

const EndedGoals = ({ page, hrefOf }: GoalsProps) => {
  const { ended } = splitGoals(page)
  if (ended.length === 0) return null
  return (
    <section aria-labelledby="ended-goals">
      <header className="mb-3">
        <GoalsHeading id="ended-goals" title="Ended goals" count={ended.length} />
      </header>
      <GoalGrid goals={ended} timeZone={page.organization.timeZone} hrefOf={hrefOf} />
    </section>
  )
}

const PanelSkeleton = () => (
  <div className="panel h-[28rem] px-5 pt-5">
    <Skeleton className="h-4 w-28" />
    <Skeleton className="mt-8 h-9 w-full" />
    <Skeleton className="mt-6 h-56 w-full" />
  </div>
)

/** When and where the figures are from. */
const AsOf = ({ organization }: Pick<DashboardQuery, 'organization'>) => (
  <>
    As of <time dateTime={organization.today}>{formatDay(organization.today, 'full')}</time>
    <span className="text-faint"> · {formatZone(organization.timeZone)}</span>
  </>
)

// Whoever comes back from another page sees what was known at once, and then what is.
const renewed = { requestPolicy: 'cache-and-network' } as const

/** The goals, the figures behind them, who owes, all of it live. */
export const DashboardPage = ({ live }: { readonly live: Live }) => {
  const { membership } = useViewing()
  const hrefOf = (id: string) => goalPath(membership.slug, id)
  const isPaused = useIsPaused(live)
  const page = useKeptQuery(DashboardDocument, {}, renewed)
  const today = page.data?.organization.today
  const figures = useKeptQuery(DashboardFiguresDocument, figuresVariables, renewed)
  const trends = useKeptQuery(DashboardTrendsDocument, trendsVariables(today ?? '2000-01-01'), {
    pause: !today,
  })
  const customers = useKeptQuery(DashboardCustomersDocument, {}, renewed)
  const announcement = useLiveGoals(live, page.data, figuresVariables, isPaused)

  const queries = [page, figures, trends, customers]
  const failed = queries.find(({ error }) => error)
  const retry = () => {
    for (const { error, refetch } of queries) if (error) refetch()
  }

  return (
    <>
      <ProgressLine isActive={queries.some(({ isFetching }) => isFetching)} />
      <output className="sr-only">{announcement}</output>
      <div className="grid grid-cols-[minmax(0,1fr)] gap-7 px-4 pt-5 pb-10 sm:px-6 lg:px-8">
        <div className="-mb-3.5">
          <PageHeading
            title="Dashboard"
            isInline
            place={membership.name}
            note={
              page.data ? <AsOf organization={page.data.organization} /> : <Skeleton className="h-2.5 w-56" />
            }
          />
        </div>
        {failed?.data && <ErrorNote message={errorWords(failed.error)} onRetry={retry} />}
        {page.data && figures.data ? (
          <KpiStrip
            definitions={page.data.kpiCatalog}
            now={figures.data.kpis}
            series={trends.data?.series ?? []}
            monthAgo={trends.data?.monthAgo ?? []}
            asOf={page.data.organization.today}
          />
        ) : (
          !failed && <KpiStripSkeleton />
        )}
        {failed && !failed.data && (
          <ErrorCard
            title="Some figures could not be loaded"
            message={errorWords(failed.error)}
            onRetry={retry}
          />
        )}
        {page.data ? <Goals page={page.data} hrefOf={hrefOf} /> : !page.error && <GoalGridSkeleton />}
        <div className="grid grid-cols-1 gap-4 lg:grid-cols-2">
          {figures.data ? <AgingPanel aging={figures.data.aging} /> : !figures.error && <PanelSkeleton />}
          {customers.data && figures.data ? (
            <TopCustomers
              customers={customers.data.customers.nodes}
              totalCount={customers.data.customers.totalCount}
              total={figures.data.aging.total}
            />
          ) : (
            !customers.error && !figures.error && <PanelSkeleton />
          )}
        </div>
        {page.data && <EndedGoals page={page.data} hrefOf={hrefOf} />}
      </div>
    </>
  )
}
