import { Stamp } from 'lucide-react'
import { useState } from 'react'
import { useSearchParams } from 'wouter'
import { type ListedRequest, RequestDetail, RequestItem } from '../components/request-list.tsx'
import {
  type ApprovalRequestFilter,
  CreditRequestDetailDocument,
  CreditRequestsDocument,
  CreditRequestsMoreDocument,
} from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import { useAnswer } from '../live/use-answer.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { useLook } from '../live/use-look.ts'
import { Button } from '../ui/button.tsx'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { Disclosure } from '../ui/disclosure.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { useNow } from '../ui/use-now.ts'
import { customerPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { CreditPlaces } from './credit-places.tsx'
import { errorWords } from './error-words.ts'
import { PageBody, Panel } from './page-body.tsx'
import { type RequestDeed, RequestDialog } from './request-dialog.tsx'
import { useRenewal } from './use-renewal.ts'
import { useViewing } from './use-viewer.ts'

const choices = [
  { id: 'decide', label: 'Mine to decide' },
  { id: 'mine', label: 'Asked by me' },
  { id: 'all', label: 'All' },
] as const
type Choice = (typeof choices)[number]['id']

const filters = {
  decide: { mineToDecide: true, state: ['PENDING'] },
  mine: { mine: true },
  all: {},
} as const satisfies Record<Choice, ApprovalRequestFilter>

const choiceOf = (text: string | null): Choice => choices.find(({ id }) => id === text)?.id ?? 'decide'

type MoreProps = { readonly id: string; readonly timeZone: string; readonly pulse: number }

const More = ({ id, timeZone, pulse }: MoreProps) => {
  const [isOpen, setIsOpen] = useState(false)
  const { data, error, refetch } = useKeptQuery(CreditRequestDetailDocument, { id }, { pause: !isOpen })
  useRenewal(isOpen ? pulse : 0, refetch)
  return (
    <Disclosure
      label="What it would do, and what was said"
      labelClassName="w-fit py-0.5 text-xs font-medium text-muted hover:text-ink"
      onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}
    >
      {error && !data && <p className="text-xs text-muted">{errorWords(error)}</p>}
      {data?.approvalRequest && <RequestDetail detail={data.approvalRequest} timeZone={timeZone} />}
    </Disclosure>
  )
}

type Taken = { readonly request: ListedRequest; readonly deed: RequestDeed }

const Deeds = ({
  request,
  onTake,
}: {
  readonly request: ListedRequest
  readonly onTake: (taken: Taken) => void
}) => {
  const { may } = useViewing()
  if (request.state !== 'PENDING' || !may('approval:write')) return null
  const button = (deed: RequestDeed, word: string, look: 'primary' | 'plain' = 'plain') => (
    <Button look={look} className="h-8 px-2.5 text-xs" onClick={() => onTake({ request, deed })}>
      {word}
    </Button>
  )
  return (
    <>
      {button('comment', 'Comment')}
      {request.isMine && button('withdraw', 'Take back')}
      {request.mayDecide && button('reject', 'Reject')}
      {request.mayDecide && button('approve', 'Approve', 'primary')}
    </>
  )
}

type ItemsProps = {
  readonly requests: readonly ListedRequest[]
  readonly pulse: number
  readonly onTake: (taken: Taken) => void
}

const Items = ({ requests, pulse, onTake }: ItemsProps) => {
  const { membership, organization } = useViewing()
  const now = useNow()
  const timeZone = organization?.timeZone ?? 'UTC'
  return requests.map((request) => (
    <RequestItem
      key={request.id}
      request={request}
      now={now}
      timeZone={timeZone}
      customerHref={(id) => customerPath(membership.slug, id)}
      deeds={<Deeds request={request} onTake={onTake} />}
    >
      <More id={request.id} timeZone={timeZone} pulse={pulse} />
    </RequestItem>
  ))
}

type PageOfItemsProps = Omit<ItemsProps, 'requests'> & {
  readonly filter: ApprovalRequestFilter
  readonly after: string
}

/** Those that come after; the list itself begins with what is most recent. */
const Later = ({ filter, after, pulse, onTake }: PageOfItemsProps) => {
  const [isWanted, setIsWanted] = useState(false)
  const { data, error, refetch } = useKeptQuery(
    CreditRequestsMoreDocument,
    { filter, after },
    { pause: !isWanted },
  )
  useRenewal(isWanted ? pulse : 0, refetch)
  if (!data)
    return (
      <li className="border-t border-line px-4 py-3 sm:px-5">
        {error ? errorWords(error) : <Button onClick={() => setIsWanted(true)}>Show more</Button>}
      </li>
    )
  const { nodes, pageInfo } = data.approvalRequests
  return (
    <>
      <Items requests={nodes} pulse={pulse} onTake={onTake} />
      {pageInfo.hasNextPage && pageInfo.endCursor !== null && (
        <Later filter={filter} after={pageInfo.endCursor} pulse={pulse} onTake={onTake} />
      )}
    </>
  )
}

const NoRequests = ({ choice }: { readonly choice: Choice }) => (
  <div className="panel px-4 py-10 text-center sm:px-5">
    <Stamp aria-hidden="true" className="mx-auto size-5 text-accent" />
    <h2 className="mt-3 text-base font-semibold">
      {choice === 'decide' ? 'Nothing waits for you' : 'No requests yet'}
    </h2>
    <p className="mx-auto mt-1 max-w-md text-pretty text-muted">
      What is above somebody’s authority becomes a request, and is done once it is approved.
    </p>
  </div>
)

/** What waits for approval: mine to decide, and what I have asked for. */
export const CreditRequestsPage = () => {
  const { membership } = useViewing()
  const tell = useToast()
  const [parameters, setParameters] = useSearchParams()
  const choice = choiceOf(parameters.get('show'))
  const filter = filters[choice]
  // No event tells of requests.
  const looks = useLook()
  const [done, setDone] = useState(0)
  const pulse = looks + done
  const [taken, setTaken] = useState<Taken | null>(null)
  const answer = useAnswer(CreditRequestsDocument, { filter }, { pulse })
  return (
    <PageBody>
      <ProgressLine isActive={answer.data === null && answer.isFetching} />
      <PageHeading
        title="Requests"
        place={membership.name}
        note="What is above somebody’s authority, and who may approve it."
        actions={<CreditPlaces current="requests" />}
      />
      <div className="flex">
        <ChoiceBar
          legend="Which requests"
          choices={choices}
          chosen={choice}
          onChoose={(id) => setParameters(id === 'decide' ? {} : { show: id }, { replace: true })}
        />
      </div>
      <Answered of={answer} title="The requests could not be loaded" skeleton={<RowsSkeleton />}>
        {({ approvalRequests: { nodes, pageInfo, totalCount } }) =>
          nodes.length === 0 ? (
            <NoRequests choice={choice} />
          ) : (
            <Panel title="Requests" note={totalCount === null ? null : formatCount(totalCount)}>
              <ul>
                <Items requests={nodes} pulse={pulse} onTake={setTaken} />
                {pageInfo.hasNextPage && pageInfo.endCursor !== null && (
                  <Later
                    key={choice}
                    filter={filter}
                    after={pageInfo.endCursor}
                    pulse={pulse}
                    onTake={setTaken}
                  />
                )}
              </ul>
            </Panel>
          )
        }
      </Answered>
      {taken && (
        <RequestDialog
          {...taken}
          onClose={() => setTaken(null)}
          onDone={(told) => {
            setTaken(null)
            tell(told)
            setDone((count) => count + 1)
          }}
        />
      )}
    </PageBody>
  )
}
