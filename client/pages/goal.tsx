import { ArrowLeft, CircleStop, MessageSquareQuote, Pause, Pencil, Play } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import { GoalChanges } from '../components/goal-changes.tsx'
import { historyDaysOf } from '../components/goal-days.ts'
import { GoalFacts } from '../components/goal-facts.tsx'
import { GoalForecastFacts, GoalOutlookChart } from '../components/goal-outlook.tsx'
import { GoalParts } from '../components/goal-parts.tsx'
import { ReviewLinks } from '../components/review-links.tsx'
import { GoalStanding } from '../components/goal-standing.tsx'
import { GoalBudget, GoalGuards, GoalSaid } from '../components/goal-watch.tsx'
import { goalSentence } from '../components/goal-words.ts'
import { slugOfMetric } from '../components/kpi-themes.ts'
import { LiveChip } from '../components/live-chip.tsx'
import {
  type GoalDetail_GoalFragment,
  GoalDetailDocument,
  type GoalOutlook_GoalFragment,
  GoalOutlookDocument,
  GoalWatchDocument,
} from '../documents.generated.ts'
import { type Day, dayIn } from '../format/day.ts'
import { formatCount } from '../format/quantity.ts'
import type { Live } from '../live.ts'
import { type Answer, useAnswer } from '../live/use-answer.ts'
import { useIsPaused } from '../live/use-is-paused.ts'
import { useLivePulse } from '../live/use-live-pulse.ts'
import { Button } from '../ui/button.tsx'
import { ErrorCard, ErrorNote } from '../ui/error-card.tsx'
import { Menu, MenuItem } from '../ui/menu.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton, Skeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { useNow } from '../ui/use-now.ts'
import { goalPath, organizationPath, reviewPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { EditGoalDialog } from './edit-goal-dialog.tsx'
import { errorWords } from './error-words.ts'
import { CloseGoalDialog, GoalSwitchDialog, PauseGoalDialog } from './goal-life-dialogs.tsx'
import { GoalMilestonesPanel } from './goal-milestones-panel.tsx'
import { GoalAlertsPanel } from './goal-alerts-panel.tsx'
import { GoalSmartPanel } from './goal-smart-panel.tsx'
import { GoalNotesPanel } from './goal-notes-panel.tsx'
import { GoalPlanPanel } from './goal-plan-panel.tsx'
import { OverrideDialog, WithdrawDialog } from './override-dialog.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { useViewing } from './use-viewer.ts'

type Goal = GoalDetail_GoalFragment

type Opened = 'EDIT' | 'SWITCH' | 'PAUSE' | 'CLOSE' | 'OVERRIDE' | 'WITHDRAW'

type DeedsProps = { readonly goal: Goal; readonly today: Day; readonly isOverridden: boolean }

/** What can be done with the goal as a whole; nothing with one that is closed. */
const Deeds = ({ goal, today, isOverridden }: DeedsProps) => {
  const tell = useToast()
  const [opened, setOpened] = useState<Opened | null>(null)
  if (goal.state === 'CLOSED') return null
  const onClose = () => setOpened(null)
  const dialog = {
    goal,
    onClose,
    onDone: (told: string) => {
      onClose()
      tell(told)
    },
  }
  const canSwitchOn = goal.state === 'DRAFT' || goal.state === 'PAUSED'
  return (
    <>
      {canSwitchOn && (
        <Button look="primary" onClick={() => setOpened('SWITCH')}>
          <Play aria-hidden="true" className="size-4" />
          {goal.state === 'DRAFT' ? 'Activate' : 'Resume'}
        </Button>
      )}
      <Button onClick={() => setOpened('EDIT')}>
        <Pencil aria-hidden="true" className="size-4" />
        Edit
      </Button>
      <Menu label="More for this goal">
        {goal.state === 'ACTIVE' && (
          <MenuItem
            icon={<Pause aria-hidden="true" className="size-4" />}
            onChoose={() => setOpened('PAUSE')}
          >
            Pause
          </MenuItem>
        )}
        {goal.state === 'ACTIVE' && (
          <MenuItem
            icon={<MessageSquareQuote aria-hidden="true" className="size-4" />}
            onChoose={() => setOpened(isOverridden ? 'WITHDRAW' : 'OVERRIDE')}
          >
            {isOverridden ? 'Take the said status back' : 'Say another status'}
          </MenuItem>
        )}
        <MenuItem
          isDanger
          icon={<CircleStop aria-hidden="true" className="size-4" />}
          onChoose={() => setOpened('CLOSE')}
        >
          Close the goal
        </MenuItem>
      </Menu>
      {opened === 'EDIT' && <EditGoalDialog {...dialog} />}
      {opened === 'SWITCH' && <GoalSwitchDialog {...dialog} />}
      {opened === 'PAUSE' && <PauseGoalDialog {...dialog} />}
      {opened === 'CLOSE' && <CloseGoalDialog {...dialog} />}
      {opened === 'OVERRIDE' && <OverrideDialog {...dialog} today={today} />}
      {opened === 'WITHDRAW' && <WithdrawDialog {...dialog} />}
    </>
  )
}

type ShownProps = {
  readonly live: Live
  readonly goal: Goal
  readonly timeZone: string
  readonly pulse: number
}

const Part = ({
  goal,
  outlook,
  of: Shown,
}: {
  readonly goal: Goal
  readonly outlook: Answer<{ readonly goal: GoalOutlook_GoalFragment | null }>
  readonly of: typeof GoalOutlookChart
}) => (
  <div className="px-4 pt-1 pb-4 sm:px-5">
    <Answered
      of={outlook}
      title="The forecast could not be loaded"
      skeleton={<Skeleton className="h-40 w-full" />}
    >
      {(data) => data.goal && <Shown goal={goal} outlook={data.goal} />}
    </Answered>
  </div>
)

const Shown = ({ live, goal, timeZone, pulse }: ShownProps) => {
  const { membership, may } = useViewing()
  const now = useNow()
  const today = dayIn(timeZone, now)
  const outlook = useAnswer(GoalOutlookDocument, { id: goal.id, days: historyDaysOf(goal, today) }, { pulse })
  const watch = useAnswer(GoalWatchDocument, { id: goal.id }, { pulse })
  const watched = watch.data?.goal ?? null
  const guards = watched?.progress?.guards ?? []
  const budget = watched?.progress?.budget ?? null
  const mayWrite = may('goal:write')
  const mayChange = mayWrite && goal.state !== 'CLOSED'
  const hrefOf = (id: string) => goalPath(membership.slug, id)
  const kpiHref = goal.metric
    ? `${organizationPath(membership.slug, 'kpis')}/${slugOfMetric(goal.metric.metric)}`
    : null
  return (
    <>
      <ProgressLine isActive={outlook.isFetching} />
      <PageHeading
        title={goal.name}
        place={membership.name}
        note={goalSentence(goal)}
        actions={
          <div className="flex flex-wrap items-center gap-2 print:hidden">
            <LiveChip socket={live.socket} />
            {mayWrite && <Deeds goal={goal} today={today} isOverridden={watched?.statusOverride != null} />}
          </div>
        }
      />
      <GoalStanding goal={goal} timeZone={timeZone} />
      {watched && <GoalSaid watch={watched} />}
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-[minmax(0,5fr)_minmax(0,3fr)]">
        <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
          <Panel title="Way to the target">
            <Part goal={goal} outlook={outlook} of={GoalOutlookChart} />
          </Panel>
          {goal.direction === 'MILESTONES' && (
            <GoalMilestonesPanel goal={goal} today={today} mayWrite={mayChange} />
          )}
          <GoalPlanPanel goal={goal} today={today} mayWrite={mayChange} />
          {goal.children.length > 0 && (
            <Panel title="Parts" note={formatCount(goal.children.length)}>
              <GoalParts goal={goal} hrefOf={hrefOf} />
            </Panel>
          )}
          {may('alert:read') && <GoalAlertsPanel goalId={goal.id} timeZone={timeZone} pulse={pulse} />}
          <GoalNotesPanel goal={goal} now={now} timeZone={timeZone} mayWrite={mayWrite} />
        </div>
        <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
          {goal.direction !== 'MILESTONES' && (
            <Panel title="Forecast">
              <Part goal={goal} outlook={outlook} of={GoalForecastFacts} />
            </Panel>
          )}
          {budget && (
            <Panel title="Budget">
              <GoalBudget goal={goal} budget={budget} />
            </Panel>
          )}
          {guards.length > 0 && (
            <Panel title="Guards">
              <GoalGuards goal={goal} guards={guards} />
            </Panel>
          )}
          <Panel title="What was set">
            <div className="px-4 pt-1 pb-4 sm:px-5">
              <GoalFacts goal={goal} kpiHref={kpiHref} hrefOf={hrefOf} />
            </div>
          </Panel>
          <GoalSmartPanel goalId={goal.id} hrefOf={hrefOf} />
          <Panel title="Reviews" note={goal.reviews.length === 0 ? null : formatCount(goal.reviews.length)}>
            <ReviewLinks
              reviews={goal.reviews}
              hrefOf={(reviewId) => reviewPath(membership.slug, reviewId)}
            />
          </Panel>
          <Panel title="Changes" note={goal.changes.length === 0 ? null : formatCount(goal.changes.length)}>
            <GoalChanges changes={goal.changes} now={now} timeZone={timeZone} />
          </Panel>
        </div>
      </div>
    </>
  )
}

const NotFound = () => {
  const { membership } = useViewing()
  return (
    <PageHeading
      title="There is no such goal"
      place={membership.name}
      note={
        <Link href={organizationPath(membership.slug, 'goals')} className="font-medium text-accent underline">
          All goals that there are
        </Link>
      }
    />
  )
}

/** One goal: where it stands, where it goes, what is done for it, and all that was changed of it. */
export const GoalPage = ({ live, id }: { readonly live: Live; readonly id: string }) => {
  const { organization, membership } = useViewing()
  const isPaused = useIsPaused(live)
  const [beat, setBeat] = useState(0)
  const { data, error, isFetching, refetch } = useAnswer(GoalDetailDocument, { id }, { pulse: beat })
  const pulse = useLivePulse(live, {
    isLive: !isPaused,
    cursor: data?.cursor.progressCursor ?? null,
    timeZone: organization?.timeZone ?? 'UTC',
  })
  if (pulse.details !== beat) setBeat(pulse.details)
  return (
    <PageBody isWide>
      <ProgressLine isActive={isFetching} />
      <Link
        href={organizationPath(membership.slug, 'goals')}
        className="-mb-3 inline-flex w-fit items-center gap-1.5 rounded-sm text-xs font-medium text-muted hover:text-ink"
      >
        <ArrowLeft aria-hidden="true" className="size-3.5" />
        All goals
      </Link>
      {error && !data && (
        <ErrorCard title="The goal could not be loaded" message={errorWords(error)} onRetry={refetch} />
      )}
      {error && data && <ErrorNote message={errorWords(error)} onRetry={refetch} />}
      {data && organization && data.goal && (
        <Shown live={live} goal={data.goal} timeZone={organization.timeZone} pulse={pulse.details} />
      )}
      {data && !data.goal && <NotFound />}
      {!data && !error && <RowsSkeleton />}
    </PageBody>
  )
}
