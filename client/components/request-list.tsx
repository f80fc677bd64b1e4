import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type {
  ApprovalEventKind,
  ApprovalState,
  CreditRequestDetailQuery,
  RequestList_RequestFragment,
} from '../documents.generated.ts'
import { formatAgo, formatMoment } from '../format/moment.ts'
import { formatCount, unknown } from '../format/quantity.ts'
import { Badge } from '../ui/badge.tsx'
import type { Tone } from '../ui/tone.ts'
import { requirementWords } from './approval-need.tsx'

export type ListedRequest = RequestList_RequestFragment
type Detail = NonNullable<CreditRequestDetailQuery['approvalRequest']>

const states = {
  PENDING: { word: 'Waits', tone: 'watch' },
  APPROVED: { word: 'Approved', tone: 'well' },
  REJECTED: { word: 'Rejected', tone: 'act' },
  WITHDRAWN: { word: 'Taken back', tone: 'idle' },
  EXPIRED: { word: 'Expired', tone: 'idle' },
  FAILED: { word: 'Failed', tone: 'act' },
} as const satisfies Record<ApprovalState, { word: string; tone: Tone }>

const eventWords = {
  REQUESTED: 'asked for it',
  COMMENTED: 'said',
  APPROVED: 'approved it',
  REJECTED: 'rejected it',
  WITHDRAWN: 'took it back',
  APPLIED: 'approved it, and it was carried out',
  FAILED: 'approved it, and it could not be carried out',
} as const satisfies Record<ApprovalEventKind, string>

/** What is still lacking, in words; null where nothing is. */
const lackingWords = ({ state, requirements }: ListedRequest): string | null => {
  const lacking = requirements.filter((requirement) => requirement.lacking > 0)
  if (state !== 'PENDING' || lacking.length === 0) return null
  return `Needs ${lacking.map((one) => requirementWords({ ...one, approvals: one.lacking })).join('; ')}`
}

type RequestItemProps = {
  readonly request: ListedRequest
  readonly now: number
  readonly timeZone: string
  readonly customerHref: (id: string) => string
  /** What can be done about it. */
  readonly deeds: ReactNode
  /** What is there for whoever asks. */
  readonly children: ReactNode
}

/** A request: what it would do, who asked, and what it still needs. */
export const RequestItem = ({ request, now, timeZone, customerHref, deeds, children }: RequestItemProps) => {
  const { state, summary, reason, requestedBy, requestedAt, expiresAt, customer, stepCount, failure } =
    request
  const lacking = lackingWords(request)
  return (
    <li className="grid gap-2 border-t border-line px-4 py-3.5 sm:px-5">
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
        <div className="min-w-0 flex-1 basis-72">
          <p className="font-medium text-pretty">
            {summary} <Badge tone={states[state].tone}>{states[state].word}</Badge>
          </p>
          {reason !== null && <p className="text-pretty">“{reason}”</p>}
          <p className="figures text-xs text-muted">
            {requestedBy}, <time dateTime={requestedAt}>{formatMoment(requestedAt, timeZone)}</time>
            {customer && (
              <>
                {', '}
                <Link
                  href={customerHref(customer.id)}
                  className="rounded-sm text-accent underline-offset-4 hover:underline"
                >
                  {customer.name}
                </Link>
              </>
            )}
            {stepCount > 1 && `, ${formatCount(stepCount)} changes`}
          </p>
          {lacking !== null && (
            <p className="text-xs text-pretty text-watch">
              {lacking}. It expires {formatAgo(expiresAt, now)}.
            </p>
          )}
          {failure !== null && <p className="text-xs text-pretty text-act">{failure}</p>}
        </div>
        <div className="flex flex-wrap gap-2 print:hidden">{deeds}</div>
      </div>
      {children}
    </li>
  )
}

/** What a request would do to each customer, and what happened to it. */
export const RequestDetail = ({
  detail: { steps, events },
  timeZone,
}: {
  readonly detail: Detail
  readonly timeZone: string
}) => (
  <div className="mt-2 grid gap-3 rounded-md border border-line bg-page px-3.5 py-3">
    <table className="figures w-full text-xs">
      <caption className="sr-only">What it would do</caption>
      <thead className="text-left text-faint">
        <tr>
          <th scope="col" className="py-1 pr-3 font-normal">
            Customer
          </th>
          <th scope="col" className="py-1 pr-3 font-normal">
            When it was asked for
          </th>
          <th scope="col" className="py-1 font-normal">
            Then
          </th>
        </tr>
      </thead>
      <tbody>
        {steps.map(({ row, customer, subject, before, after }) => (
          <tr key={`${row} ${customer.id}`} className="border-t border-line align-baseline">
            <th scope="row" className="py-1 pr-3 text-left font-medium">
              {customer.name} {subject}
            </th>
            <td className="py-1 pr-3 text-muted">{before ?? unknown}</td>
            <td className="py-1">{after ?? unknown}</td>
          </tr>
        ))}
      </tbody>
    </table>
    <ol className="grid gap-1 text-xs">
      {events.map(({ kind, by, at, comment }) => (
        <li key={`${at} ${kind}`}>
          <span className="font-medium">{by}</span> {eventWords[kind]}
          {comment !== null && `: “${comment}”`}{' '}
          <time dateTime={at} className="figures text-muted">
            {formatMoment(at, timeZone)}
          </time>
        </li>
      ))}
    </ol>
  </div>
)
