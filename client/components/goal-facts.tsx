import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { GoalDetail_GoalFragment } from '../documents.generated.ts'
import { formatDay, formatDaysLeft } from '../format/day.ts'
import { formatDecimal, formatQuantity, formatShare } from '../format/quantity.ts'
import { nullReasonWords } from '../format/words.ts'
import { aimOf, measureOf, quantityOf } from './goal-measure.ts'
import { targetGivenWords, trajectoryWords } from './goal-words.ts'

type Goal = GoalDetail_GoalFragment

const Fact = ({ term, children }: { readonly term: string; readonly children: ReactNode }) => (
  <div className="grid grid-cols-[7rem_minmax(0,1fr)] gap-x-3">
    <dt className="text-muted">{term}</dt>
    <dd className="min-w-0 text-pretty">{children}</dd>
  </div>
)

const Small = ({ children }: { readonly children: ReactNode }) => (
  <span className="block text-xs text-muted">{children}</span>
)

/** The baseline and what it rests on. */
const Baseline = ({ goal }: { readonly goal: Goal }) => {
  const { baseline, baselineOn, baselineEvidence: evidence } = goal
  const say = (value: number) => formatQuantity(value, quantityOf(goal), 'whole')
  return (
    <Fact term="Baseline">
      {say(baseline)} on {formatDay(baselineOn, 'medium')}
      {evidence.numerator !== null && evidence.denominator !== null && (
        <Small>
          {formatDecimal(evidence.numerator, undefined, 2)} over{' '}
          {formatDecimal(evidence.denominator, undefined, 2)}
        </Small>
      )}
      <Small>
        A year before, on {formatDay(evidence.yearBeforeOn, 'medium')}:{' '}
        {evidence.yearBefore === null
          ? ((evidence.yearBeforeReason && nullReasonWords[evidence.yearBeforeReason].toLowerCase()) ??
            'not known')
          : say(evidence.yearBefore)}
      </Small>
    </Fact>
  )
}

type GoalFactsProps = {
  readonly goal: Goal
  /** The page of its KPI; null for a checklist. */
  readonly kpiHref: string | null
  readonly hrefOf: (id: string) => string
}

/** Who answers for it, what it starts from, where it goes and by when. */
export const GoalFacts = ({ goal, kpiHref, hrefOf }: GoalFactsProps) => {
  const given = targetGivenWords(goal)
  const { trajectory, owner, reviewer, followers, parent } = goal
  return (
    <dl className="figures grid gap-2.5">
      <Fact term="Owner">{owner?.name ?? <span className="text-faint">Nobody</span>}</Fact>
      <Fact term="Reviewer">{reviewer?.name ?? <span className="text-faint">Nobody</span>}</Fact>
      {followers.length > 0 && <Fact term="Followers">{followers.map(({ name }) => name).join(', ')}</Fact>}
      {goal.why !== null && <Fact term="Why it matters">{goal.why}</Fact>}
      {parent && (
        <Fact term="Part of">
          <Link href={hrefOf(parent.id)} className="rounded-sm font-medium text-accent hover:underline">
            {parent.name}
          </Link>
          {goal.parentShare?.value != null && (
            <Small>{formatShare(Number(goal.parentShare.value))} of its value today</Small>
          )}
          {goal.parentShare?.target != null && (
            <Small>{formatShare(Number(goal.parentShare.target))} of its target</Small>
          )}
        </Fact>
      )}
      {kpiHref !== null && (
        <Fact term="KPI">
          <Link href={kpiHref} className="rounded-sm font-medium text-accent hover:underline">
            {measureOf(goal)}
          </Link>
          <Small>
            {goal.scope}, in {goal.currency}
          </Small>
        </Fact>
      )}
      {goal.direction !== 'MILESTONES' && goal.direction !== 'BUDGET' && <Baseline goal={goal} />}
      <Fact term={goal.band ? 'Band' : goal.direction === 'BUDGET' ? 'Budget' : 'Target'}>
        {aimOf(goal)}
        {given !== null && <Small>{given}</Small>}
      </Fact>
      {trajectory && goal.direction !== 'MILESTONES' && goal.direction !== 'BUDGET' && (
        <Fact term="Way there">
          {trajectoryWords[trajectory.kind]}
          {trajectory.points.length > 0 && (
            <Small>
              {trajectory.points.length} {trajectory.points.length === 1 ? 'point' : 'points'} on the way
            </Small>
          )}
        </Fact>
      )}
      <Fact term="Starts">{formatDay(goal.startsOn, 'medium')}</Fact>
      <Fact term="Deadline">
        {formatDay(goal.deadline, 'medium')}
        <Small>{formatDaysLeft(goal.daysLeft)}</Small>
      </Fact>
    </dl>
  )
}
