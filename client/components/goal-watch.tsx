import type { ReactNode } from 'react'
import type { GoalDetail_GoalFragment, GoalDetail_WatchFragment, GoalGuard } from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatDistance, formatQuantity, formatShare, unknown } from '../format/quantity.ts'
import { goalStatusWords } from '../format/words.ts'
import { Notice } from '../ui/notice.tsx'
import { quantityOf } from './goal-measure.ts'
import { toneOf } from './goal-status.tsx'

type Goal = GoalDetail_GoalFragment
type Watch = GoalDetail_WatchFragment
type Progress = NonNullable<Watch['progress']>

export const guardWords = {
  WRITTEN_OFF: 'Written off',
  CREDITED: 'Credited',
  DISCOUNTED: 'Discounts',
  ADJUSTED: 'Adjusted',
  RE_BILLED: 'Billed anew',
  RE_DATED: 'Due dates moved later',
  WEIGHTED_AVERAGE_TERMS: 'Terms given',
  UNAPPLIED_CASH: 'Unapplied cash',
  UNAPPLIED_CREDITS: 'Unapplied credits',
  DISPUTED_RECEIVABLES: 'In dispute',
} as const satisfies Record<GoalGuard, string>

type GuardsProps = { readonly goal: Goal; readonly guards: Progress['guards'] }

/** Whether the improvement is one: what each guard did since the baseline, and how much of the way comes from it. */
export const GoalGuards = ({ goal, guards }: GuardsProps) => (
  <ul>
    {guards.map(({ guard, unit, before, now, effect, sentence }) => {
      const say = (value: number | null) =>
        value === null ? unknown : formatQuantity(value, { unit, currency: goal.currency }, 'whole')
      return (
        <li key={guard} className="figures border-t border-line px-4 py-3 sm:px-5">
          <p className="flex flex-wrap items-baseline justify-between gap-x-4">
            <span className="font-medium">{guardWords[guard]}</span>
            <span>
              {say(now)} <span className="text-xs text-muted">before: {say(before)}</span>
            </span>
          </p>
          {sentence !== null && <p className="mt-0.5 text-xs text-pretty text-muted">{sentence}</p>}
          {effect !== null && effect !== 0 && sentence === null && (
            <p className="mt-0.5 text-xs text-muted">
              {formatDistance(effect, quantityOf(goal), 'whole')} of the way come from it.
            </p>
          )}
        </li>
      )
    })}
  </ul>
)

const Fact = ({ term, children }: { readonly term: string; readonly children: ReactNode }) => (
  <div className="grid grid-cols-[9rem_minmax(0,1fr)] gap-x-3">
    <dt className="text-muted">{term}</dt>
    <dd>{children}</dd>
  </div>
)

const rateWords = (rate: number | null): string =>
  rate === null ? unknown : `${rate.toFixed(2)} × the budget’s pace`

/** How a budget is spent: 1 is the pace that uses it up exactly on the deadline. */
export const GoalBudget = ({
  goal,
  budget,
}: {
  readonly goal: Goal
  readonly budget: NonNullable<Progress['budget']>
}) => {
  const say = (value: number) => formatQuantity(value, quantityOf(goal), 'whole')
  return (
    <dl className="figures grid gap-2 px-4 pt-1 pb-4 sm:px-5">
      <Fact term="Spent">{say(budget.spent)}</Fact>
      <Fact term="Left">
        {say(budget.left)}, {formatShare(budget.leftPercent)}
      </Fact>
      <Fact term="In the last 7 days">{rateWords(budget.burnShort)}</Fact>
      <Fact term="In the last 28 days">{rateWords(budget.burnLong)}</Fact>
      {budget.projected !== null && <Fact term="At the deadline">{say(budget.projected)} at this rate</Fact>}
      <Fact term="Gone">
        {budget.goneOn === null ? 'not before the deadline' : formatDay(budget.goneOn, 'medium')}
      </Fact>
    </dl>
  )
}

/** What a person says beside what was computed; it never stands in for it. */
export const GoalSaid = ({ watch }: { readonly watch: Watch }) => {
  const { statusOverride: said, progress } = watch
  const leaning = progress?.leaning ?? null
  return (
    <>
      {said && (
        <Notice tone={toneOf(said.status)}>
          <span className="font-semibold">
            {said.by} says: {goalStatusWords[said.status].toLowerCase()}
          </span>
          , until {formatDay(said.until, 'medium')}. “{said.reason}” What was computed stands beside it.
        </Notice>
      )}
      {leaning !== null && (
        <p className="text-xs text-muted">
          The value says “{goalStatusWords[leaning].toLowerCase()}” by now
          {progress?.leaningSince != null && `, since ${formatDay(progress.leaningSince, 'medium')}`}; it is
          told once it says so on two days.
        </p>
      )}
    </>
  )
}
