import { Link } from 'wouter'
import type { AlertDeliveryState, PolicyMailing_MailingFragment } from '../documents.generated.ts'
import { formatMoment } from '../format/moment.ts'
import { Badge } from '../ui/badge.tsx'
import type { Tone } from '../ui/tone.ts'

type Mailing = PolicyMailing_MailingFragment

const states = {
  QUEUED: { word: 'Waits', tone: 'idle' },
  FAILED: { word: 'Failed, is tried again', tone: 'watch' },
  SENT: { word: 'Sent', tone: 'well' },
  DEAD: { word: 'Given up', tone: 'act' },
} as const satisfies Record<AlertDeliveryState, { word: string; tone: Tone }>

/** How many columns its rows have. */
export const mailingColumns = 2

type PolicyMailingsProps = {
  readonly mailings: readonly Mailing[]
  readonly timeZone: string
  readonly customerHref: (id: string) => string
}

/** To whom the text was sent, and whether it went. */
export const PolicyMailings = ({ mailings, timeZone, customerHref }: PolicyMailingsProps) =>
  mailings.map(({ email, customer, state, lastError, queuedAt, sentAt }) => (
    <tr key={`${queuedAt} ${email}`}>
      <th scope="row" className="w-full wrap-anywhere">
        {email}
        {customer !== null && (
          <span className="block text-xs text-muted">
            <Link href={customerHref(customer.id)} className="underline underline-offset-2 hover:text-ink">
              {customer.name}
            </Link>
          </span>
        )}
        {lastError !== null && state !== 'SENT' && (
          <span className="block text-xs text-act">{lastError}</span>
        )}
      </th>
      <td className="text-right! whitespace-nowrap">
        <Badge tone={states[state].tone}>{states[state].word}</Badge>
        <time dateTime={sentAt ?? queuedAt} className="figures block text-xs text-muted">
          {formatMoment(sentAt ?? queuedAt, timeZone)}
        </time>
      </td>
    </tr>
  ))
