import { Link } from 'wouter'
import type { GoalDetail_GoalFragment } from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatQuantity, formatShare, unknown } from '../format/quantity.ts'
import { aimOf, quantityOf } from './goal-measure.ts'
import { GoalStatusText } from './goal-status.tsx'
import { noTotalWords } from './goal-words.ts'

type Goal = GoalDetail_GoalFragment
type PartsProps = { readonly goal: Goal; readonly hrefOf: (id: string) => string }

const sharesOf = ({ parentShare }: Goal['children'][number]): string =>
  [
    ...(parentShare?.value == null ? [] : [`${formatShare(Number(parentShare.value))} of the value`]),
    ...(parentShare?.target == null ? [] : [`${formatShare(Number(parentShare.target))} of the target`]),
  ].join(', ')

const Total = ({ goal }: Pick<PartsProps, 'goal'>) => {
  const { value, baseline, target, reason } = goal.childrenTotal
  if (reason !== null)
    return <p className="border-t border-line px-4 py-3 text-xs text-muted sm:px-5">{noTotalWords[reason]}</p>
  const say = (text: string | null) =>
    text === null ? unknown : formatQuantity(Number(text), quantityOf(goal), 'whole')
  return (
    <p className="figures border-t border-line px-4 py-3 text-xs text-muted sm:px-5">
      Together <span className="font-semibold text-ink">{say(value)}</span>, from {say(baseline)}, to reach{' '}
      {say(target)}.
    </p>
  )
}

/** The goals below a goal, with their shares where these are true. */
export const GoalParts = ({ goal, hrefOf }: PartsProps) => (
  <>
    <ul>
      {goal.children.map((child) => (
        <li key={child.id} className="border-t border-line px-4 py-3 sm:px-5">
          <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
            <Link
              href={hrefOf(child.id)}
              className="min-w-0 rounded-sm font-medium text-pretty hover:underline"
            >
              {child.name}
            </Link>
            {child.progress && <GoalStatusText status={child.progress.status} />}
          </div>
          <p className="figures mt-0.5 text-xs text-muted">
            {child.progress?.value == null
              ? unknown
              : formatQuantity(child.progress.value, quantityOf(child), 'whole')}{' '}
            to reach {aimOf(child)} by {formatDay(child.deadline, 'medium')}
            {sharesOf(child) !== '' && <> · {sharesOf(child)}</>}
          </p>
        </li>
      ))}
    </ul>
    <Total goal={goal} />
  </>
)
