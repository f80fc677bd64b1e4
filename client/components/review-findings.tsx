/** What a review found: parts of one page, each as the server found it and in its words. */
import { CircleCheck, CircleDashed } from 'lucide-react'
import type { ReviewFindings_FindingsFragment } from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatQuantity } from '../format/quantity.ts'
import { Badge } from '../ui/badge.tsx'
import { toneText } from '../ui/tone.ts'
import { severityLooks } from './alert-list.tsx'
import { severityWords } from './alert-words.ts'
import { GoalStatusText } from './goal-status.tsx'
import { goalFieldWords } from './goal-words.ts'

type Findings = ReviewFindings_FindingsFragment

const itemClass = 'border-t border-line px-4 py-3 sm:px-5'

const Figure = ({
  name,
  value,
  note,
}: {
  readonly name: string
  readonly value: string
  readonly note: string | null
}) => (
  <div className="min-w-0">
    <dt className="text-xs text-muted">{name}</dt>
    <dd className="figures text-lg font-semibold text-pretty">{value}</dd>
    {note !== null && <dd className="figures text-xs text-muted">{note}</dd>}
  </div>
)

/** Where it stood at both ends of the period, and how that came, in sentences. */
export const ReviewStanding = ({ findings }: { readonly findings: Findings }) => {
  const { begin, end, percentToTarget } = findings
  const expected = (shown: string | null) => (shown === null ? null : `expected ${shown}`)
  return (
    <div className="grid gap-4 border-t border-line px-4 py-4 sm:px-5">
      <dl className="grid gap-4 sm:grid-cols-3">
        <Figure
          name={formatDay(begin.date, 'medium')}
          value={begin.shown}
          note={expected(begin.expectedShown)}
        />
        <Figure name={formatDay(end.date, 'medium')} value={end.shown} note={expected(end.expectedShown)} />
        {percentToTarget !== null && (
          <Figure
            name="Of the way to the target"
            value={formatQuantity(percentToTarget, { unit: 'PERCENT', currency: '' }, 'whole')}
            note="from the baseline, at the end"
          />
        )}
      </dl>
      <div className="grid max-w-prose gap-1.5">
        {findings.summary.map((sentence) => (
          <p key={sentence} className="text-pretty">
            {sentence}
          </p>
        ))}
      </div>
    </div>
  )
}

/** What the change is made of, and who did most of each part. */
export const ReviewExplanation = ({
  findings: { explanation, explanationMissing },
}: {
  readonly findings: Findings
}) =>
  explanationMissing === null ? (
    <ul>
      {explanation.map((part) => (
        <li key={part.driver} className={`${itemClass} grid grid-cols-[minmax(0,1fr)_auto] gap-x-4`}>
          <span className="font-medium">{part.name}</span>
          <span className="figures font-medium whitespace-nowrap">{part.shown}</span>
          <span className="col-span-2 max-w-prose text-xs text-pretty text-muted">{part.description}</span>
          {part.customers.length > 0 && (
            <span className="figures col-span-2 mt-1 text-xs text-pretty">
              {part.customers.map(({ name, shown }) => `${name} (${shown})`).join(', ')}
            </span>
          )}
        </li>
      ))}
    </ul>
  ) : (
    <p className={`${itemClass} text-pretty text-muted`}>{explanationMissing}</p>
  )

/** Each status that it had. */
export const ReviewStatuses = ({ findings: { statuses } }: { readonly findings: Findings }) =>
  statuses.length === 0 ? (
    <p className={`${itemClass} text-muted`}>It was not evaluated in this period.</p>
  ) : (
    <ol>
      {statuses.map(({ date, status, reason }) => (
        <li key={`${date} ${status}`} className={itemClass}>
          <span className="flex flex-wrap items-baseline gap-x-3">
            <GoalStatusText status={status} />
            <span className="figures text-xs text-muted">from {formatDay(date, 'medium')}</span>
          </span>
          <span className="text-pretty text-muted">{reason}</span>
        </li>
      ))}
    </ol>
  )

/** The alerts that were raised meanwhile. */
export const ReviewAlerts = ({ findings: { alerts } }: { readonly findings: Findings }) => (
  <ol>
    {alerts.map(({ date, severity, summary, isOver }) => (
      <li key={`${date} ${summary}`} className={itemClass}>
        <span className="text-pretty">{summary}</span>
        <span className="figures flex flex-wrap items-center gap-x-2 text-xs text-muted">
          <Badge tone={severityLooks[severity].tone}>{severityWords[severity]}</Badge>
          {formatDay(date, 'medium')}, {isOver ? 'over by now' : 'still open when this was found'}
        </span>
      </li>
    ))}
  </ol>
)

/** What was changed of the goal meanwhile, and by whom. */
export const ReviewChanges = ({ findings: { changes } }: { readonly findings: Findings }) => (
  <ol>
    {changes.map(({ date, field, from, to, by, reason }) => (
      <li key={`${date} ${field} ${to}`} className={itemClass}>
        <span className="font-medium">{goalFieldWords[field]}:</span> {from ?? 'nothing'}{' '}
        <span aria-hidden="true">→</span>
        <span className="sr-only">became</span> {to ?? 'nothing'}
        {reason !== null && <span className="block text-pretty text-muted">“{reason}”</span>}
        <span className="figures block text-xs text-muted">
          {by}, {formatDay(date, 'medium')}
        </span>
      </li>
    ))}
  </ol>
)

/** What of the plan was done, then what was not. */
export const ReviewWork = ({ findings }: { readonly findings: Findings }) => {
  const nobody = (list: Findings['milestonesDone']) => list.map((one) => ({ ...one, owner: null }))
  const done = [...findings.actionsDone, ...nobody(findings.milestonesDone)]
  const missed = [...findings.actionsNotDone, ...nobody(findings.milestonesNotDone)]
  if (done.length + missed.length === 0)
    return <p className={`${itemClass} text-muted`}>Nothing was done, and nothing was due.</p>
  const items = [
    ...done.map((one) => ({ ...one, isDone: true })),
    ...missed.map((one) => ({ ...one, isDone: false })),
  ]
  return (
    <ul>
      {items.map(({ title, owner, dueOn, doneOn, isDone }) => {
        const Icon = isDone ? CircleCheck : CircleDashed
        return (
          <li key={`${title} ${dueOn} ${doneOn}`} className={`${itemClass} flex items-start gap-3`}>
            <Icon
              aria-hidden="true"
              className={`mt-0.5 size-4 shrink-0 ${toneText[isDone ? 'well' : 'act']}`}
              strokeWidth={2.25}
            />
            <span className="min-w-0">
              <span className="block font-medium text-pretty">{title}</span>
              <span className="figures block text-xs text-muted">
                {owner ? `${owner.name} · ` : ''}
                {isDone && doneOn !== null && `done ${formatDay(doneOn, 'medium')}`}
                {!isDone && `not done${dueOn === null ? '' : `, due ${formatDay(dueOn, 'medium')}`}`}
              </span>
            </span>
          </li>
        )
      })}
    </ul>
  )
}
