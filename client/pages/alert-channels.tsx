import { Inbox, Plus, Send } from 'lucide-react'
import { useState } from 'react'
import { useSearchParams } from 'wouter'
import { withParameters } from '../components/audit-filter.ts'
import {
  ChannelItem,
  DeliveryItem,
  type ListedChannel,
  type ListedDelivery,
} from '../components/channel-list.tsx'
import { LiveChip } from '../components/live-chip.tsx'
import {
  AlertCountDocument,
  AlertDeadLettersDocument,
  AlertDeliveriesDocument,
  AlertDeliveriesMoreDocument,
  type AlertDeliveryState,
  RetryAlertDeliveryDocument,
  RuleChannelsDocument,
} from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import type { Live } from '../live.ts'
import { useAlertPulse } from '../live/use-alert-pulse.ts'
import { useIsPaused } from '../live/use-is-paused.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { useLook } from '../live/use-look.ts'
import { Button } from '../ui/button.tsx'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { ErrorCard } from '../ui/error-card.tsx'
import { isProblem } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { useNow } from '../ui/use-now.ts'
import { AlertPlaces } from './alert-places.tsx'
import { CreateChannelDialog, DeleteChannelDialog, RotateChannelDialog } from './channel-dialogs.tsx'
import { errorWords } from './error-words.ts'
import { PageBody, Panel } from './page-body.tsx'
import { useRenewal } from './use-renewal.ts'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

type Opened =
  | { readonly kind: 'CREATE' }
  | { readonly kind: 'ROTATE' | 'DELETE'; readonly channel: ListedChannel }

type PulseProps = { readonly pulse: number }

const Channels = ({ pulse }: PulseProps) => {
  const { data, error, refetch } = useKeptQuery(
    RuleChannelsDocument,
    {},
    { requestPolicy: 'cache-and-network' },
  )
  const dead = useKeptQuery(AlertDeadLettersDocument, {}, { requestPolicy: 'cache-and-network' })
  useRenewal(pulse, dead.refetch)
  const tell = useToast()
  const [opened, setOpened] = useState<Opened | null>(null)
  const close = () => setOpened(null)
  const done = (told: string) => {
    close()
    tell(told)
    refetch()
  }
  if (!data)
    return error ? (
      <ErrorCard title="The channels could not be loaded" message={errorWords(error)} onRetry={refetch} />
    ) : (
      <RowsSkeleton />
    )
  const deadOf = ({ id }: ListedChannel) =>
    dead.data?.alertDeliveries.nodes.filter(({ channel }) => channel.id === id).length ?? 0
  return (
    <Panel
      title="Where alerts are sent to"
      note={data.alertChannels.length === 0 ? null : formatCount(data.alertChannels.length)}
      actions={
        <Button onClick={() => setOpened({ kind: 'CREATE' })}>
          <Plus aria-hidden="true" className="size-4" />
          New channel
        </Button>
      }
    >
      {data.alertChannels.length === 0 ? (
        <div className="border-t border-line px-4 py-8 text-center">
          <Send aria-hidden="true" className="mx-auto size-5 text-accent" />
          <p className="mt-2 font-medium">No channel yet.</p>
          <p className="mx-auto mt-1 max-w-md text-pretty text-muted">
            Alerts show here in any case. A channel sends them on: by e-mail, or to a program by a webhook.
          </p>
        </div>
      ) : (
        <ul>
          {data.alertChannels.map((channel) => (
            <ChannelItem
              key={channel.id}
              channel={channel}
              dead={deadOf(channel)}
              onRotate={() => setOpened({ kind: 'ROTATE', channel })}
              onDelete={() => setOpened({ kind: 'DELETE', channel })}
            />
          ))}
        </ul>
      )}
      {opened?.kind === 'CREATE' && <CreateChannelDialog onDone={done} onClose={close} />}
      {opened?.kind === 'ROTATE' && (
        <RotateChannelDialog channel={opened.channel} onDone={done} onClose={close} />
      )}
      {opened?.kind === 'DELETE' && (
        <DeleteChannelDialog channel={opened.channel} onDone={done} onClose={close} />
      )}
    </Panel>
  )
}

const deliveryChoices = [
  { id: 'all', label: 'All', states: null },
  { id: 'dead', label: 'Given up', states: ['DEAD'] },
  { id: 'waiting', label: 'Waiting', states: ['QUEUED', 'FAILED'] },
] as const satisfies readonly {
  readonly id: string
  readonly label: string
  readonly states: readonly AlertDeliveryState[] | null
}[]

const nothingWords = {
  all: 'Nothing was sent yet.',
  dead: 'Nothing was given up.',
  waiting: 'Nothing waits.',
} as const satisfies Record<(typeof deliveryChoices)[number]['id'], string>

type RowsProps = {
  readonly deliveries: readonly ListedDelivery[]
  readonly onRetry: (delivery: ListedDelivery) => void
}

const Rows = ({ deliveries, onRetry }: RowsProps) => {
  const { organization } = useViewing()
  const now = useNow()
  return deliveries.map((delivery) => (
    <DeliveryItem
      key={delivery.id}
      delivery={delivery}
      now={now}
      timeZone={organization?.timeZone ?? 'UTC'}
      onRetry={onRetry}
    />
  ))
}

type MoreProps = Pick<RowsProps, 'onRetry'> & {
  readonly states: readonly AlertDeliveryState[] | null
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

const NextDeliveries = ({
  states,
  after,
  onRetry,
}: Omit<MoreProps, 'pageInfo'> & { readonly after: string }) => {
  const { data, error, refetch } = useKeptQuery(AlertDeliveriesMoreDocument, { states, after })
  if (error && !data)
    return (
      <li>
        <ErrorCard title="More could not be loaded" message={errorWords(error)} onRetry={refetch} />
      </li>
    )
  if (!data) return <li className="px-5 py-3 text-muted">Loading more…</li>
  return (
    <>
      <Rows deliveries={data.alertDeliveries.nodes} onRetry={onRetry} />
      <More states={states} pageInfo={data.alertDeliveries.pageInfo} onRetry={onRetry} />
    </>
  )
}

/** The next page, once somebody asks for it. */
const More = ({ pageInfo: { hasNextPage, endCursor }, ...rest }: MoreProps) => {
  const [isWanted, setIsWanted] = useState(false)
  if (!hasNextPage || endCursor === null) return null
  if (isWanted) return <NextDeliveries {...rest} after={endCursor} />
  return (
    <li className="border-t border-line px-4 py-3 sm:px-5">
      <Button onClick={() => setIsWanted(true)}>Show more</Button>
    </li>
  )
}

const Deliveries = ({ pulse }: PulseProps) => {
  const [parameters, setParameters] = useSearchParams()
  const chosen = deliveryChoices.find(({ id }) => id === parameters.get('show')) ?? deliveryChoices[0]
  const { states } = chosen
  const { data, error, refetch } = useKeptQuery(
    AlertDeliveriesDocument,
    { states },
    { requestPolicy: 'cache-and-network' },
  )
  useRenewal(pulse, refetch)
  const isWaiting =
    data?.alertDeliveries.nodes.some(({ state }) => state === 'QUEUED' || state === 'FAILED') === true
  // No event says that something was sent.
  useRenewal(useLook(isWaiting), refetch)
  const send = useSend()
  const tell = useToast()
  const [problem, setProblem] = useState<string | null>(null)
  const retry = async ({ id }: ListedDelivery) => {
    const answer = await send(RetryAlertDeliveryDocument, { delivery: id })
    setProblem(isProblem(answer) ? answer.message : null)
    if (!isProblem(answer)) tell('It is tried again.')
    refetch()
  }
  if (!data)
    return error ? (
      <ErrorCard title="What was sent could not be loaded" message={errorWords(error)} onRetry={refetch} />
    ) : (
      <RowsSkeleton />
    )
  const { nodes, pageInfo, totalCount } = data.alertDeliveries
  return (
    <Panel
      title="What was sent"
      note={totalCount === null ? null : formatCount(totalCount)}
      actions={
        <ChoiceBar
          legend="Which of it"
          choices={deliveryChoices}
          chosen={chosen.id}
          onChoose={(id) =>
            setParameters((before) => withParameters(before, { show: id === 'all' ? null : id }))
          }
        />
      }
    >
      {problem !== null && (
        <Notice tone="act" role="alert" className="mx-4 mb-3 sm:mx-5">
          {problem}
        </Notice>
      )}
      {nodes.length === 0 ? (
        <div className="border-t border-line px-4 py-8 text-center">
          <Inbox aria-hidden="true" className="mx-auto size-5 text-accent" />
          <p className="mt-2 font-medium">{nothingWords[chosen.id]}</p>
        </div>
      ) : (
        <ul>
          <Rows deliveries={nodes} onRetry={(delivery) => void retry(delivery)} />
          <More
            key={chosen.id}
            states={states}
            pageInfo={pageInfo}
            onRetry={(delivery) => void retry(delivery)}
          />
        </ul>
      )}
    </Panel>
  )
}

/** Where alerts are sent to, what was sent, and what could not be. */
export const AlertChannelsPage = ({ live }: { readonly live: Live }) => {
  const { membership, viewer, may } = useViewing()
  const count = useKeptQuery(AlertCountDocument, {})
  const isPaused = useIsPaused(live)
  const pulse = useAlertPulse(live, count.data?.alerts.alertCursor ?? null, isPaused)
  return (
    <PageBody>
      <ProgressLine isActive={count.isFetching} />
      <PageHeading
        title="Channels"
        place={membership.name}
        note="Where alerts are sent to, and whether they arrive."
        actions={<LiveChip socket={live.socket} />}
      />
      <AlertPlaces current="channels" />
      {viewer && !may('alert:manage') ? (
        <p className="text-muted">Your role does not include where alerts are sent to.</p>
      ) : (
        viewer && (
          <>
            <Channels pulse={pulse} />
            <Deliveries pulse={pulse} />
          </>
        )
      )}
    </PageBody>
  )
}
