import { MoveRight } from 'lucide-react'
import type { LimitHistory_ChangeFragment, LimitSchedule_SpanFragment } from '../documents.generated.ts'
import { limitText } from '../format/credit-words.ts'
import { formatDay } from '../format/day.ts'
import { formatMoment } from '../format/moment.ts'

type Change = LimitHistory_ChangeFragment
type Span = LimitSchedule_SpanFragment

const throughWords = ({ through }: Span): string =>
  through === null ? 'until it is changed' : `through ${formatDay(through, 'medium')}`

/** Which limits hold from today on. */
export const LimitSchedule = ({ spans }: { readonly spans: readonly Span[] }) => (
  <ol className="figures grid gap-1 text-sm">
    {spans.map((span, index) => (
      <li key={span.from} className="flex flex-wrap items-baseline justify-between gap-x-4">
        <span className="text-muted">
          {index === 0 ? 'Today' : `From ${formatDay(span.from, 'medium')}`}, {throughWords(span)}
        </span>
        <span className="font-medium">{limitText(span.limit)}</span>
      </li>
    ))}
  </ol>
)

const daysWords = ({ effectiveOn, until }: Change): string => {
  if (effectiveOn === null) return 'at once'
  const from = `from ${formatDay(effectiveOn, 'medium')}`
  return until === null ? from : `${from} through ${formatDay(until, 'medium')}`
}

/** From one limit to another. */
export const LimitChange = ({ previous, limit }: Pick<Change, 'previous' | 'limit'>) => (
  <span className="figures">
    <span className="text-muted">{limitText(previous)}</span>
    <span className="sr-only"> became </span>
    <MoveRight aria-hidden="true" className="mx-1.5 inline size-3 text-faint" />
    <span className="font-medium">{limitText(limit)}</span>
  </span>
)

type LimitHistoryProps = { readonly changes: readonly Change[]; readonly timeZone: string }

/** How a limit was set: rows of a table, the latest first. */
export const LimitHistoryRows = ({ changes, timeZone }: LimitHistoryProps) =>
  changes.map((change) => (
    <tr key={`${change.changedAt} ${change.effectiveOn} ${change.limit.amount?.amount}`}>
      <td className="w-full">
        <LimitChange previous={change.previous} limit={change.limit} />
        <span className="block text-xs text-muted">
          {daysWords(change)}
          {change.reason !== null && `: “${change.reason}”`}
        </span>
      </td>
      <td className="figures text-right! text-xs whitespace-nowrap text-muted">
        <time dateTime={change.changedAt}>{formatMoment(change.changedAt, timeZone)}</time>
        <span className="block">{change.changedBy}</span>
      </td>
    </tr>
  ))
