import { FileQuestionMark, Plus } from 'lucide-react'
import { Link, useSearchParams } from 'wouter'
import { applicationColumns, ApplicationHead, ApplicationRows } from '../components/application-rows.tsx'
import {
  type CreditApplicationStatus,
  CreditApplicationsDocument,
  CreditApplicationsMoreDocument,
  type CreditApplicationsQuery,
} from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import { useAnswer } from '../live/use-answer.ts'
import { useLook } from '../live/use-look.ts'
import { buttonClass } from '../ui/button.tsx'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useNow } from '../ui/use-now.ts'
import { applicationPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { CreditPlaces } from './credit-places.tsx'
import { MoreRows } from './more-rows.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { useViewing } from './use-viewer.ts'

const choices = [
  { id: 'decide', label: 'To decide', status: ['SUBMITTED'] },
  { id: 'granted', label: 'Granted', status: ['APPROVED', 'APPROVED_IN_PART'] },
  { id: 'declined', label: 'Declined', status: ['DECLINED'] },
  { id: 'withdrawn', label: 'Taken back', status: ['WITHDRAWN'] },
  { id: 'all', label: 'All', status: null },
] as const satisfies readonly {
  readonly id: string
  readonly label: string
  readonly status: readonly CreditApplicationStatus[] | null
}[]
type Choice = (typeof choices)[number]

const choiceOf = (text: string | null): Choice => choices.find(({ id }) => id === text) ?? choices[0]

const NoApplications = ({ choice }: { readonly choice: Choice }) => (
  <div className="panel px-4 py-10 text-center sm:px-5">
    <FileQuestionMark aria-hidden="true" className="mx-auto size-5 text-accent" />
    <h2 className="mt-3 text-base font-semibold">
      {choice.id === 'decide' ? 'No application waits for a decision' : 'There are none'}
    </h2>
    <p className="mx-auto mt-1 max-w-md text-pretty text-muted">
      Whoever asks for credit stands here, with what the scorecard says of them, until somebody decides.
    </p>
  </div>
)

type ListProps = {
  readonly data: CreditApplicationsQuery
  readonly choice: Choice
  readonly pulse: number
}

const List = ({ data, choice, pulse }: ListProps) => {
  const { membership, organization } = useViewing()
  const now = useNow()
  const { nodes, pageInfo, totalCount } = data.creditApplications
  if (nodes.length === 0) return <NoApplications choice={choice} />
  const rows = {
    now,
    timeZone: organization?.timeZone ?? 'UTC',
    hrefOf: (id: string) => applicationPath(membership.slug, id),
  }
  return (
    <Panel title="Applications" note={totalCount === null ? null : formatCount(totalCount)}>
      <table className="rows figures">
        <caption className="sr-only">Applications for credit, the latest first</caption>
        <ApplicationHead />
        <tbody>
          <ApplicationRows applications={nodes} {...rows} />
        </tbody>
        <MoreRows
          key={choice.id}
          query={CreditApplicationsMoreDocument}
          rest={{ status: choice.status }}
          pageInfo={pageInfo}
          columns={applicationColumns}
          pulse={pulse}
          pick={({ creditApplications }) => creditApplications}
        >
          {(applications) => <ApplicationRows applications={applications} {...rows} />}
        </MoreRows>
      </table>
    </Panel>
  )
}

/** Who asks for credit, and what was decided. */
export const CreditApplicationsPage = () => {
  const { membership, may } = useViewing()
  const [parameters, setParameters] = useSearchParams()
  const choice = choiceOf(parameters.get('show'))
  // No event tells of applications.
  const pulse = useLook()
  const answer = useAnswer(CreditApplicationsDocument, { status: choice.status }, { pulse })
  return (
    <PageBody isWide>
      <ProgressLine isActive={answer.data === null && answer.isFetching} />
      <PageHeading
        title="Applications"
        place={membership.name}
        note="Who asks for credit, what the scorecard says of them, and what was decided."
        actions={<CreditPlaces current="applications" />}
      />
      <div className="flex flex-wrap items-center justify-between gap-3">
        <ChoiceBar
          legend="Which applications"
          choices={choices}
          chosen={choice.id}
          onChoose={(id) => setParameters(id === 'decide' ? {} : { show: id }, { replace: true })}
        />
        <div className="flex flex-wrap gap-2 print:hidden">
          <Link href={applicationPath(membership.slug, 'scorecard')} className={buttonClass('plain')}>
            Scorecard
          </Link>
          {may('order:write') && (
            <Link href={applicationPath(membership.slug, 'new')} className={buttonClass('primary')}>
              <Plus aria-hidden="true" className="size-4" />
              New application
            </Link>
          )}
        </div>
      </div>
      <Answered of={answer} title="The applications could not be loaded" skeleton={<RowsSkeleton />}>
        {(data) => <List data={data} choice={choice} pulse={pulse} />}
      </Answered>
    </PageBody>
  )
}
