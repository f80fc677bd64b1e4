import {
  Banknote,
  FileMinus,
  FileText,
  Flag,
  type LucideIcon,
  MessageSquareWarning,
  Package,
  ShieldCheck,
  UserRound,
} from 'lucide-react'
import type { CustomerEventTheme, Timeline_EventFragment } from '../documents.generated.ts'
import { actionWord } from '../format/audit-words.ts'
import { eventThemeWords, orderEventWords } from '../format/credit-words.ts'
import { formatDay } from '../format/day.ts'
import { entryWord } from '../format/entry-words.ts'
import { formatMoment } from '../format/moment.ts'
import { formatMoney } from '../format/quantity.ts'
import { LimitChange } from './limit-history.tsx'

type Event = Timeline_EventFragment

const icons = {
  INVOICE: FileText,
  PAYMENT: Banknote,
  CREDIT_NOTE: FileMinus,
  DISPUTE: MessageSquareWarning,
  ORDER: Package,
  CREDIT: ShieldCheck,
  CUSTOMER: UserRound,
  GOAL: Flag,
} as const satisfies Record<CustomerEventTheme, LucideIcon>

/** What happened, as a person would say it. */
export const eventWord = ({ entryKind, orderEventKind, action, amount }: Event): string => {
  if (entryKind !== null) return entryWord(entryKind, amount?.amount ?? '0')
  if (orderEventKind !== null) return orderEventWords[orderEventKind]
  return action === null ? 'Something happened' : actionWord(action)
}

/** Of an event about the customer itself the name would be that of the page. */
const subjectOf = ({ subject, subjectName }: Event): string | null =>
  subject.startsWith('customer_') ? null : subjectName

const Item = ({ event, timeZone }: { readonly event: Event; readonly timeZone: string }) => {
  const Icon = icons[event.theme]
  const subject = subjectOf(event)
  const { previousLimit, limit, amount, dueOn, reason } = event
  return (
    <li className="grid grid-cols-[auto_minmax(0,1fr)_auto] gap-x-3 border-t border-line px-4 py-2.5 sm:px-5">
      <Icon aria-hidden="true" className="mt-0.5 size-4 text-faint" />
      <div className="min-w-0">
        <p>
          <span className="sr-only">{eventThemeWords[event.theme]}: </span>
          <span className="font-medium">{eventWord(event)}</span>
          {subject !== null && <span className="text-muted wrap-anywhere"> {subject}</span>}
          {dueOn !== null && <span className="text-muted">, due {formatDay(dueOn, 'medium')}</span>}
        </p>
        {previousLimit !== null && limit !== null && (
          <p>
            <LimitChange previous={previousLimit} limit={limit} />
          </p>
        )}
        {reason !== null && <p className="text-xs text-pretty text-muted">“{reason}”</p>}
        <p className="figures text-xs text-muted">
          {event.by}, {formatMoment(event.recordedAt, timeZone)}
        </p>
      </div>
      <p className="figures text-right font-medium whitespace-nowrap">
        {amount !== null && formatMoney(amount, 'exact')}
      </p>
    </li>
  )
}

export type TimelineEdge = { readonly cursor: string; readonly node: Event }

type TimelineProps = { readonly edges: readonly TimelineEdge[]; readonly timeZone: string }

/** Events by the day on which they happened. */
export const TimelineDays = ({ edges, timeZone }: TimelineProps) =>
  [...Map.groupBy(edges, ({ node }) => node.occurredOn)].map(([day, ofDay]) => (
    <section key={`${day} ${ofDay[0]?.cursor}`} aria-label={formatDay(day, 'medium')}>
      <h3 className="figures bg-sunken px-4 py-1 text-xs font-medium text-muted sm:px-5">
        {formatDay(day, 'full')}
      </h3>
      <ul>
        {ofDay.map(({ cursor, node }) => (
          <Item key={cursor} event={node} timeZone={timeZone} />
        ))}
      </ul>
    </section>
  ))
