import { CalendarCheck } from 'lucide-react'
import { useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import { CreditUse } from '../components/credit-use.tsx'
import { CustomerMarks } from '../components/customer-marks.tsx'
import { PaysText } from '../components/customer-rows.tsx'
import { LiveChip } from '../components/live-chip.tsx'
import {
  type CreditReviews_CustomerFragment,
  CreditReviewsDocument,
  CreditReviewsMoreDocument,
  type CreditReviewsQuery,
  type CustomerFilter,
} from '../documents.generated.ts'
import { limitText, riskWords } from '../format/credit-words.ts'
import { addDays, type Day, dayIn, daysBetween, formatDay } from '../format/day.ts'
import { formatCount, formatMoney, unknown } from '../format/quantity.ts'
import type { Live } from '../live.ts'
import { useAnswer } from '../live/use-answer.ts'
import { useCustomerPulse } from '../live/use-customer-pulse.ts'
import { useIsPaused } from '../live/use-is-paused.ts'
import { Button } from '../ui/button.tsx'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { useNow } from '../ui/use-now.ts'
import { customerPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { CreditReviewDialog } from './credit-dialogs.tsx'
import { CreditPlaces } from './credit-places.tsx'
import { MoreRows } from './more-rows.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { useViewing } from './use-viewer.ts'

type Customer = CreditReviews_CustomerFragment

const choices = [
  { id: 'due', label: 'Due', days: 0 },
  { id: 'month', label: 'In 30 days', days: 30 },
  { id: 'all', label: 'All planned', days: null },
] as const
type Choice = (typeof choices)[number]

const choiceOf = (text: string | null): Choice => choices.find(({ id }) => id === text) ?? choices[0]

const filterOf = ({ days }: Choice, today: Day): CustomerFilter => ({
  nextReviewOn: days === null ? { lte: '9999-12-31' } : { lte: addDays(today, days) },
})

const dueWords = (day: Day, today: Day): string => {
  const days = daysBetween(day, today)
  if (days === 0) return 'due today'
  const count = `${Math.abs(days)} day${Math.abs(days) === 1 ? '' : 's'}`
  return days > 0 ? `${count} overdue` : `in ${count}`
}

const columns = 6

type RowsProps = {
  readonly customers: readonly Customer[]
  readonly today: Day
  readonly hrefOf: (id: string) => string
  /** Null where the viewer may not review. */
  readonly onReview: ((customer: Customer) => void) | null
}

const Rows = ({ customers, today, hrefOf, onReview }: RowsProps) =>
  customers.map((customer) => {
    const { id, name, number, balance, exposure, credit, paymentBehaviour } = customer
    const { nextReviewOn, riskClass } = credit
    return (
      <tr key={id}>
        <th scope="row" className="w-full max-w-0">
          <Link href={hrefOf(id)} className="block truncate font-medium hover:underline">
            {name}
          </Link>
          <span className="block truncate text-xs text-muted">
            {number}
            {riskClass !== null && `, ${riskWords[riskClass].toLowerCase()} risk`}
            <CustomerMarks credit={{ ...credit, isReviewOverdue: false }} state={exposure.state} />
          </span>
        </th>
        <td className="whitespace-nowrap">
          {nextReviewOn === null ? unknown : formatDay(nextReviewOn, 'medium')}
          {nextReviewOn !== null && (
            <span className={`block text-xs ${nextReviewOn <= today ? 'text-act' : 'text-muted'}`}>
              {dueWords(nextReviewOn, today)}
            </span>
          )}
        </td>
        <td className="text-right! whitespace-nowrap max-md:hidden">
          {balance === null ? unknown : formatMoney(balance, 'whole')}
          <span className="block text-xs text-muted">of {limitText(exposure.limit, 'whole')}</span>
        </td>
        <td className="align-middle! max-lg:hidden">
          <span className="block w-32">
            <CreditUse exposure={exposure} />
          </span>
        </td>
        <td className="max-lg:hidden">
          <PaysText behaviour={paymentBehaviour} />
        </td>
        <td className="text-right! align-middle!">
          {onReview && (
            <Button className="h-8 px-2.5 text-xs" onClick={() => onReview(customer)}>
              Review<span className="sr-only"> {name}</span>
            </Button>
          )}
        </td>
      </tr>
    )
  })

const NothingDue = ({ choice }: { readonly choice: Choice }) => (
  <div className="panel px-4 py-10 text-center sm:px-5">
    <CalendarCheck aria-hidden="true" className="mx-auto size-5 text-accent" />
    <h2 className="mt-3 text-base font-semibold">
      {choice.id === 'due' ? 'No review is due' : 'No review is planned'}
    </h2>
    <p className="mx-auto mt-1 max-w-md text-pretty text-muted">
      Each review says when the next one has to be; from that day on it stands here.
    </p>
  </div>
)

type ListProps = {
  readonly data: CreditReviewsQuery
  readonly choice: Choice
  readonly today: Day
  readonly filter: CustomerFilter
  readonly pulse: number
  readonly onReview: ((customer: Customer) => void) | null
}

const List = ({ data, choice, today, filter, pulse, onReview }: ListProps) => {
  const { membership } = useViewing()
  const { nodes, pageInfo, totalCount } = data.customers
  if (nodes.length === 0) return <NothingDue choice={choice} />
  const rows = { today, onReview, hrefOf: (id: string) => customerPath(membership.slug, id) }
  return (
    <Panel title="Reviews of credit" note={totalCount === null ? null : formatCount(totalCount)}>
      <table className="rows figures">
        <caption className="sr-only">Customers by the day of their next review, the earliest first</caption>
        <thead>
          <tr>
            <th scope="col">Customer</th>
            <th scope="col">Review</th>
            <th scope="col" className="text-right! max-md:hidden">
              Balance
            </th>
            <th scope="col" className="max-lg:hidden">
              Used
            </th>
            <th scope="col" className="max-lg:hidden">
              Pays
            </th>
            <th scope="col">
              <span className="sr-only">What to do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          <Rows customers={nodes} {...rows} />
        </tbody>
        <MoreRows
          key={choice.id}
          query={CreditReviewsMoreDocument}
          rest={{ filter }}
          pageInfo={pageInfo}
          columns={columns}
          pulse={pulse}
          pick={({ customers }) => customers}
        >
          {(customers) => <Rows customers={customers} {...rows} />}
        </MoreRows>
      </table>
    </Panel>
  )
}

/** Whose credit has to be looked at, with what there is to know of it, and the review at once. */
export const CreditReviewsPage = ({ live }: { readonly live: Live }) => {
  const { membership, organization, may } = useViewing()
  const tell = useToast()
  const [parameters, setParameters] = useSearchParams()
  const today = dayIn(organization?.timeZone ?? 'UTC', useNow())
  const choice = choiceOf(parameters.get('show'))
  const filter = filterOf(choice, today)
  const heard = useCustomerPulse(live, null, useIsPaused(live))
  const [deeds, setDeeds] = useState(0)
  const pulse = heard + deeds
  const [reviewed, setReviewed] = useState<Customer | null>(null)
  const answer = useAnswer(CreditReviewsDocument, { filter }, { pulse })
  return (
    <PageBody isWide>
      <ProgressLine isActive={answer.isFetching} />
      <PageHeading
        title="Credit"
        place={membership.name}
        note="Whose credit has to be looked at again, and by when."
        actions={
          <>
            <LiveChip socket={live.socket} />
            <CreditPlaces current="reviews" />
          </>
        }
      />
      <div className="flex">
        <ChoiceBar
          legend="Which reviews"
          choices={choices}
          chosen={choice.id}
          onChoose={(id) => setParameters(id === 'due' ? {} : { show: id }, { replace: true })}
        />
      </div>
      <Answered of={answer} title="The reviews could not be loaded" skeleton={<RowsSkeleton />}>
        {(data) => (
          <List
            data={data}
            choice={choice}
            today={today}
            filter={filter}
            pulse={pulse}
            onReview={may('credit:write') ? setReviewed : null}
          />
        )}
      </Answered>
      {reviewed && (
        <CreditReviewDialog
          customer={reviewed}
          today={today}
          onClose={() => setReviewed(null)}
          onDone={(told) => {
            setReviewed(null)
            tell(told)
            setDeeds((count) => count + 1)
          }}
        />
      )}
    </PageBody>
  )
}
