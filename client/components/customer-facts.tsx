import { Link } from 'wouter'
import type { CustomerDetail_CustomerFragment } from '../documents.generated.ts'
import { riskWords, securityWords } from '../format/credit-words.ts'
import { formatDay } from '../format/day.ts'
import { formatMoment } from '../format/moment.ts'
import { formatCount, formatMoney, formatQuantity, formatShare, unknown } from '../format/quantity.ts'
import { Fact, Small } from '../ui/fact.tsx'
import { LimitSchedule } from './limit-history.tsx'

type Customer = CustomerDetail_CustomerFragment

const days = { unit: 'DAYS', currency: '' } as const
const daysText = (value: string | null): string =>
  value === null ? unknown : formatQuantity(Number(value), days, 'whole')

/** How it paid in the last twelve months. */
export const PaymentFacts = ({ customer: { paymentBehaviour } }: { readonly customer: Customer }) => {
  const { settled, settledOnTime, onTimeRate, averageDaysLate, averageDaysToPay, from, to } = paymentBehaviour
  if (onTimeRate === null)
    return <p className="px-4 pb-4 text-muted sm:px-5">It settled no invoice in the last twelve months.</p>
  return (
    <dl className="figures grid gap-2 px-4 pb-4 text-sm sm:px-5">
      <Fact term="On time">
        <span className="font-medium">{formatShare(Number(onTimeRate))}</span>
        <Small>
          {formatCount(settledOnTime)} of {formatCount(settled)} invoices that it settled
        </Small>
      </Fact>
      <Fact term="Days late">
        <span className="font-medium">{daysText(averageDaysLate)}</span>
        <Small>on average; early is below zero</Small>
      </Fact>
      <Fact term="Days to pay">
        <span className="font-medium">{daysText(averageDaysToPay)}</span>
        <Small>
          from the invoice date; {formatDay(from, 'medium')} to {formatDay(to, 'medium')}
        </Small>
      </Fact>
    </dl>
  )
}

type CustomerFactsProps = {
  readonly customer: Customer
  readonly timeZone: string
  readonly hrefOf: (id: string) => string
}

const linkClass = 'rounded-sm font-medium text-accent underline-offset-4 hover:underline'

/** What was decided about its credit, to whom it belongs, and what covers its debts. */
export const CustomerFacts = ({ customer, timeZone, hrefOf }: CustomerFactsProps) => {
  const { credit, overLimit, parent, group, securities, owner, termsDays, region, businessUnit, channel } =
    customer
  const { hold, riskClass, reviewedOn, nextReviewOn, isReviewOverdue, schedule } = credit
  const segments = [businessUnit, region, channel].filter((part) => part !== null)
  return (
    <dl className="figures grid gap-2.5 px-4 pb-4 text-sm sm:px-5">
      {hold && (
        <Fact term="On hold">
          <span className="text-act">“{hold.reason}”</span>
          <Small>
            {hold.by}, {formatMoment(hold.since, timeZone)}
          </Small>
        </Fact>
      )}
      {overLimit && <Fact term="Over the limit">since {formatMoment(overLimit.since, timeZone)}</Fact>}
      <Fact term="Limits">
        <LimitSchedule spans={schedule} />
      </Fact>
      <Fact term="Risk class">{riskClass === null ? 'Not judged' : riskWords[riskClass]}</Fact>
      <Fact term="Next review">
        {nextReviewOn === null ? (
          'Not planned'
        ) : (
          <span className={isReviewOverdue ? 'text-act' : ''}>
            {formatDay(nextReviewOn, 'medium')}
            {isReviewOverdue && ', overdue'}
          </span>
        )}
        {reviewedOn !== null && <Small>last on {formatDay(reviewedOn, 'medium')}</Small>}
      </Fact>
      {parent && (
        <Fact term="Belongs to">
          <Link href={hrefOf(parent.id)} className={linkClass}>
            {parent.name}
          </Link>
        </Fact>
      )}
      {group.length > 0 && (
        <Fact term="Group">
          <ul>
            {group.map(({ id, name, number }) => (
              <li key={id}>
                <Link href={hrefOf(id)} className={linkClass}>
                  {name}
                </Link>{' '}
                <span className="text-xs text-muted">{number}</span>
              </li>
            ))}
          </ul>
        </Fact>
      )}
      {securities.length > 0 && (
        <Fact term="Securities">
          <ul className="grid gap-1">
            {securities.map(({ id, kind, amount, effectiveOn, until, reference }) => (
              <li key={id}>
                {securityWords[kind]}, {formatMoney(amount, 'exact')}
                <Small>
                  {`from ${formatDay(effectiveOn, 'medium')}`}
                  {until !== null && ` through ${formatDay(until, 'medium')}`}
                  {reference !== null && `, ${reference}`}
                </Small>
              </li>
            ))}
          </ul>
        </Fact>
      )}
      <Fact term="Terms">{termsDays === 0 ? 'Due at once' : `${termsDays} days`}</Fact>
      <Fact term="Collector">{owner?.name ?? 'Nobody'}</Fact>
      {segments.length > 0 && <Fact term="Segment">{segments.join(', ')}</Fact>}
    </dl>
  )
}
