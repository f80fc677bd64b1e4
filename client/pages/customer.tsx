import { ArrowLeft } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import { CustomerFacts, PaymentFacts } from '../components/customer-facts.tsx'
import { CustomerMarks } from '../components/customer-marks.tsx'
import { ExposureParts } from '../components/exposure-parts.tsx'
import { LiveChip } from '../components/live-chip.tsx'
import { OwedByAge } from '../components/owed-by-age.tsx'
import { type CustomerDetail_CustomerFragment, CustomerDetailDocument } from '../documents.generated.ts'
import { type Day, dayIn } from '../format/day.ts'
import type { Live } from '../live.ts'
import { useAnswer } from '../live/use-answer.ts'
import { useCustomerPulse } from '../live/use-customer-pulse.ts'
import { useIsPaused } from '../live/use-is-paused.ts'
import { Button } from '../ui/button.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { useNow } from '../ui/use-now.ts'
import { customerPath, organizationPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { CreditDecisionDialog } from './credit-decision-dialog.tsx'
import { CreditHoldDialog, CreditReviewDialog } from './credit-dialogs.tsx'
import { CreditLimitDialog } from './credit-limit-dialog.tsx'
import { CustomerApplications, CustomerInvoices, CustomerLimits, CustomerOrders } from './customer-lists.tsx'
import { CustomerTimeline } from './customer-timeline.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { useViewing } from './use-viewer.ts'

type Customer = CustomerDetail_CustomerFragment
type DeedsProps = { readonly customer: Customer; readonly today: Day; readonly onDone: () => void }

/** What the viewer may do about the customer's credit. */
const Deeds = ({ customer, today, onDone }: DeedsProps) => {
  const { may } = useViewing()
  const tell = useToast()
  const [open, setOpen] = useState<'limit' | 'hold' | 'review' | 'decision' | null>(null)
  const close = () => setOpen(null)
  const done = (told: string) => {
    close()
    tell(told)
    onDone()
  }
  const dialog = { customer, onClose: close, onDone: done }
  return (
    <>
      {may('order:write') && <Button onClick={() => setOpen('decision')}>Ask about an order</Button>}
      {may('credit:write') && (
        <>
          <Button onClick={() => setOpen('review')}>Review</Button>
          <Button onClick={() => setOpen('hold')}>
            {customer.credit.hold === null ? 'Hold' : 'End the hold'}
          </Button>
          <Button look="primary" onClick={() => setOpen('limit')}>
            Set the limit
          </Button>
        </>
      )}
      {open === 'limit' && <CreditLimitDialog {...dialog} today={today} />}
      {open === 'hold' && <CreditHoldDialog {...dialog} />}
      {open === 'review' && <CreditReviewDialog {...dialog} today={today} />}
      {open === 'decision' && <CreditDecisionDialog customer={customer} onClose={close} />}
    </>
  )
}

type ShownProps = {
  readonly live: Live
  readonly customer: Customer
  readonly timeZone: string
  readonly pulse: number
  readonly onDone: () => void
}

const Shown = ({ live, customer, timeZone, pulse, onDone }: ShownProps) => {
  const { membership } = useViewing()
  const today = dayIn(timeZone, useNow())
  const { id, number, name, exposure, credit } = customer
  const hrefOf = (other: string) => customerPath(membership.slug, other)
  return (
    <>
      <PageHeading
        title={name}
        place={membership.name}
        note={
          <span className="figures">
            {number}
            <CustomerMarks credit={credit} state={exposure.state} />
          </span>
        }
        actions={
          <div className="flex flex-wrap items-center gap-2 print:hidden">
            <LiveChip socket={live.socket} />
            <Deeds customer={customer} today={today} onDone={onDone} />
          </div>
        }
      />
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 lg:grid-cols-2 xl:grid-cols-3">
        <Panel title="Credit">
          <ExposureParts exposure={exposure} />
        </Panel>
        <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
          <Panel title="Owes">
            <OwedByAge customer={customer} />
          </Panel>
          <Panel title="Pays">
            <PaymentFacts customer={customer} />
          </Panel>
        </div>
        <Panel title="Decided and agreed">
          <CustomerFacts customer={customer} timeZone={timeZone} hrefOf={hrefOf} />
        </Panel>
      </div>
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-2">
        <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
          <CustomerInvoices id={id} today={today} pulse={pulse} />
          <CustomerOrders id={id} pulse={pulse} />
          <CustomerLimits
            id={id}
            number={number}
            currency={exposure.currency}
            today={today}
            timeZone={timeZone}
            pulse={pulse}
          />
          <CustomerApplications id={id} timeZone={timeZone} pulse={pulse} />
        </div>
        <CustomerTimeline id={id} timeZone={timeZone} pulse={pulse} />
      </div>
    </>
  )
}

const NotFound = () => {
  const { membership } = useViewing()
  return (
    <PageHeading
      title="There is no such customer"
      place={membership.name}
      note={
        <Link
          href={organizationPath(membership.slug, 'customers')}
          className="font-medium text-accent underline"
        >
          All customers that there are
        </Link>
      }
    />
  )
}

/** One customer: what it owes, what its credit is used for, what was decided, and all that happened with it. */
export const CustomerPage = ({ live, id }: { readonly live: Live; readonly id: string }) => {
  const { organization, membership } = useViewing()
  const heard = useCustomerPulse(live, id, useIsPaused(live))
  // What was done here is shown before the audit is sealed and others hear of it.
  const [deeds, setDeeds] = useState(0)
  const pulse = heard + deeds
  const answer = useAnswer(CustomerDetailDocument, { id }, { pulse })
  return (
    <PageBody isWide>
      <ProgressLine isActive={answer.isFetching} />
      <Link
        href={organizationPath(membership.slug, 'customers')}
        className="-mb-3 inline-flex w-fit items-center gap-1.5 rounded-sm text-xs font-medium text-muted hover:text-ink"
      >
        <ArrowLeft aria-hidden="true" className="size-3.5" />
        All customers
      </Link>
      <Answered of={answer} title="The customer could not be loaded" skeleton={<RowsSkeleton />}>
        {({ customer }) =>
          customer === null ? (
            <NotFound />
          ) : (
            <Shown
              live={live}
              customer={customer}
              timeZone={organization?.timeZone ?? 'UTC'}
              pulse={pulse}
              onDone={() => setDeeds((count) => count + 1)}
            />
          )
        }
      </Answered>
    </PageBody>
  )
}
