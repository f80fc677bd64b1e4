import { ArrowLeft } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import {
  ApplicationDecision,
  ApplicationFacts,
  ApplicationReferences,
  ScoreAdvice,
  ScoreLines,
} from '../components/application-parts.tsx'
import { ApprovalNeed } from '../components/approval-need.tsx'
import type { NamedCustomer } from '../components/customer-field.tsx'
import {
  type ApplicationDetail_ApplicationFragment,
  ApplicationRequestsDocument,
  CreditApplicationDocument,
  CreditScorecardDocument,
} from '../documents.generated.ts'
import { applicationStatusWords } from '../format/application-words.ts'
import { dayIn } from '../format/day.ts'
import { formatCount } from '../format/quantity.ts'
import { useAnswer } from '../live/use-answer.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { useLook } from '../live/use-look.ts'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { useNow } from '../ui/use-now.ts'
import { creditPath, customerPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { DecideDialog } from './application-decision-dialog.tsx'
import { MakeCustomerDialog, WithdrawDialog } from './application-dialogs.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { useRenewal } from './use-renewal.ts'
import { useViewing } from './use-viewer.ts'

type Application = ApplicationDetail_ApplicationFragment

const linkClass = 'font-medium text-accent underline underline-offset-2'

/** Whether a decision on it waits for somebody's approval. */
const Waiting = ({ application, pulse }: { readonly application: Application; readonly pulse: number }) => {
  const { membership, may } = useViewing()
  const { data, refetch } = useKeptQuery(
    ApplicationRequestsDocument,
    { id: application.id },
    { pause: !may('approval:read'), requestPolicy: 'cache-and-network' },
  )
  useRenewal(pulse, refetch)
  const request = data?.approvalRequests.nodes[0]
  if (!request) return null
  return (
    <Notice tone="watch">
      <p>
        A decision on it waits for approval:{' '}
        <Link href={`${creditPath(membership.slug, 'requests')}?show=all`} className={linkClass}>
          {request.summary}
        </Link>
      </p>
      <ApprovalNeed requirements={request.requirements} />
    </Notice>
  )
}

type DeedsProps = {
  readonly application: Application
  readonly onDone: () => void
}

/** What the viewer may do about it. */
const Deeds = ({ application, onDone }: DeedsProps) => {
  const { organization, may } = useViewing()
  const tell = useToast()
  const today = dayIn(organization?.timeZone ?? 'UTC', useNow())
  const [open, setOpen] = useState<'decide' | 'withdraw' | 'customer' | null>(null)
  const [made, setMade] = useState<NamedCustomer | null>(null)
  if (application.status !== 'SUBMITTED') return null
  const close = () => setOpen(null)
  const done = (told: string) => {
    close()
    tell(told)
    onDone()
  }
  const dialog = { application, onClose: close, onDone: done }
  return (
    <>
      {application.customer === null && made === null && may('customer:write') && (
        <Button onClick={() => setOpen('customer')}>Make it a customer</Button>
      )}
      {may('credit:write') && (
        <>
          <Button onClick={() => setOpen('withdraw')}>Take back</Button>
          <Button look="primary" onClick={() => setOpen('decide')}>
            Decide
          </Button>
        </>
      )}
      {open === 'decide' && <DecideDialog {...dialog} today={today} customer={made} />}
      {open === 'withdraw' && <WithdrawDialog {...dialog} />}
      {open === 'customer' && (
        <MakeCustomerDialog
          application={application}
          onClose={close}
          onMade={(customer) => {
            setMade(customer)
            close()
            tell(`${customer.name} is a customer now.`)
          }}
        />
      )}
    </>
  )
}

type ShownProps = DeedsProps & { readonly pulse: number }

const Shown = ({ application, pulse, onDone }: ShownProps) => {
  const { membership, organization } = useViewing()
  const { data } = useKeptQuery(CreditScorecardDocument, {})
  const timeZone = organization?.timeZone ?? 'UTC'
  const { legalName, registrationNumber, status, references, score, decision } = application
  const { word, tone } = applicationStatusWords[status]
  const names = new Map(data?.creditScorecard.criteria.map(({ key, name }) => [key, name]))
  return (
    <>
      <PageHeading
        title={legalName}
        place={membership.name}
        note={
          <span className="figures inline-flex flex-wrap items-center gap-2">
            {registrationNumber}
            <Badge tone={tone}>{word}</Badge>
          </span>
        }
        actions={
          <div className="flex flex-wrap items-center gap-2 print:hidden">
            <Deeds application={application} onDone={onDone} />
          </div>
        }
      />
      {status === 'SUBMITTED' && <Waiting application={application} pulse={pulse} />}
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 lg:grid-cols-2">
        <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
          {decision && (
            <Panel title="Decision">
              <ApplicationDecision decision={decision} timeZone={timeZone} />
            </Panel>
          )}
          <Panel title="Application">
            <ApplicationFacts
              application={application}
              timeZone={timeZone}
              names={names}
              customerHref={(id) => customerPath(membership.slug, id)}
            />
          </Panel>
          <Panel title="References" note={formatCount(references.length)}>
            <ApplicationReferences references={references} />
          </Panel>
        </div>
        <Panel title="What the scorecard says">
          <ScoreLines score={score} />
          <ScoreAdvice score={score} />
        </Panel>
      </div>
    </>
  )
}

const NotFound = () => {
  const { membership } = useViewing()
  return (
    <PageHeading
      title="There is no such application"
      place={membership.name}
      note={
        <Link href={creditPath(membership.slug, 'applications')} className={linkClass}>
          All applications that there are
        </Link>
      }
    />
  )
}

/** One application for credit: who asks, what the scorecard says, and the decision. */
export const CreditApplicationPage = ({ id }: { readonly id: string }) => {
  const { membership } = useViewing()
  // No event tells of applications.
  const looks = useLook()
  const [deeds, setDeeds] = useState(0)
  const pulse = looks + deeds
  const answer = useAnswer(CreditApplicationDocument, { id }, { pulse })
  return (
    <PageBody isWide>
      <ProgressLine isActive={answer.data === null && answer.isFetching} />
      <Link
        href={creditPath(membership.slug, 'applications')}
        className="-mb-3 inline-flex w-fit items-center gap-1.5 rounded-sm text-xs font-medium text-muted hover:text-ink"
      >
        <ArrowLeft aria-hidden="true" className="size-3.5" />
        All applications
      </Link>
      <Answered of={answer} title="The application could not be loaded" skeleton={<RowsSkeleton />}>
        {({ creditApplication }) =>
          creditApplication === null ? (
            <NotFound />
          ) : (
            <Shown
              application={creditApplication}
              pulse={pulse}
              onDone={() => setDeeds((count) => count + 1)}
            />
          )
        }
      </Answered>
    </PageBody>
  )
}
