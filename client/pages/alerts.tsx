import { BellRing } from 'lucide-react'
import { useState } from 'react'
import { useSearchParams } from 'wouter'
import { AlertHistory, AlertItem, type ListedAlert } from '../components/alert-list.tsx'
import { alertChoices, alertFilterOf, parseAlertSearch, severityWords } from '../components/alert-words.ts'
import { withParameters } from '../components/audit-filter.ts'
import { LiveChip } from '../components/live-chip.tsx'
import {
  AcknowledgeAlertDocument,
  AlertHistoryDocument,
  type AlertFilter,
  AlertsDocument,
  AlertsMoreDocument,
  type AlertsQuery,
  SnoozeAlertDocument,
} from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import type { Live } from '../live.ts'
import { useAlertPulse } from '../live/use-alert-pulse.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { Disclosure } from '../ui/disclosure.tsx'
import { ErrorCard } from '../ui/error-card.tsx'
import { controlClass, TextAreaField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { useNow } from '../ui/use-now.ts'
import { goalPath } from './addresses.ts'
import { errorWords } from './error-words.ts'
import { PageBody, Panel } from './page-body.tsx'
import { useRenewal } from './use-renewal.ts'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

const hourMs = 3_600_000

const AcknowledgeDialog = ({
  alert,
  onClose,
}: {
  readonly alert: ListedAlert
  readonly onClose: () => void
}) => {
  const send = useSend()
  const sending = useSending()
  const tell = useToast()
  const acknowledge = async (values: FormData) => {
    const note = textOf(values, 'note') || null
    const answer = await send(AcknowledgeAlertDocument, { alert: alert.id, note })
    if (isProblem(answer)) return answer
    onClose()
    tell('You look after it.')
    return null
  }
  return (
    <Dialog title="Look after it" onClose={onClose}>
      <Form sending={sending} fields={['note']} onSend={acknowledge}>
        <p className="text-pretty text-muted">{alert.latest}</p>
        <TextAreaField
          name="note"
          label="What is done about it (optional)"
          rows={3}
          maxLength={2000}
          error={messageAt(sending.problem, 'note')}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Acknowledge</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

type HistoryProps = { readonly id: string; readonly timeZone: string; readonly pulse: number }

const History = ({ id, timeZone, pulse }: HistoryProps) => {
  const [isOpen, setIsOpen] = useState(false)
  const { data, error, refetch } = useKeptQuery(AlertHistoryDocument, { id }, { pause: !isOpen })
  useRenewal(isOpen ? pulse : 0, refetch)
  return (
    <Disclosure
      label="What happened to it"
      labelClassName="w-fit py-0.5 text-xs font-medium text-muted hover:text-ink"
      onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}
    >
      {error && !data && <p className="text-xs text-muted">{errorWords(error)}</p>}
      {data?.alert && <AlertHistory transitions={data.alert.transitions} timeZone={timeZone} />}
    </Disclosure>
  )
}

type ListProps = {
  readonly alerts: readonly ListedAlert[]
  readonly timeZone: string
  readonly pulse: number
}

const List = ({ alerts, timeZone, pulse }: ListProps) => {
  const { membership, may } = useViewing()
  const now = useNow()
  const send = useSend()
  const tell = useToast()
  const [taken, setTaken] = useState<ListedAlert | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const snooze = async ({ id }: ListedAlert, hours: number) => {
    const until = new Date(Date.now() + hours * hourMs).toISOString()
    const answer = await send(SnoozeAlertDocument, { alert: id, until })
    setProblem(isProblem(answer) ? answer.message : null)
    if (!isProblem(answer)) tell('It is silent.')
  }
  const deeds = may('alert:write')
    ? {
        onAcknowledge: setTaken,
        onSnooze: (alert: ListedAlert, hours: number) => void snooze(alert, hours),
      }
    : null
  return (
    <>
      {problem !== null && (
        <Notice tone="act" role="alert" className="mx-4 mb-3 sm:mx-5">
          {problem}
        </Notice>
      )}
      <ul>
        {alerts.map((alert) => (
          <AlertItem
            key={alert.id}
            alert={alert}
            now={now}
            timeZone={timeZone}
            goalHref={(id) => goalPath(membership.slug, id)}
            deeds={deeds}
          >
            <History id={alert.id} timeZone={timeZone} pulse={pulse} />
          </AlertItem>
        ))}
      </ul>
      {taken && <AcknowledgeDialog alert={taken} onClose={() => setTaken(null)} />}
    </>
  )
}

type MoreProps = Omit<ListProps, 'alerts'> & {
  readonly filter: AlertFilter
  readonly pageInfo: AlertsQuery['alerts']['pageInfo']
}

const NextAlerts = ({
  filter,
  after,
  timeZone,
  pulse,
}: Omit<MoreProps, 'pageInfo'> & { readonly after: string }) => {
  const { data, error, refetch } = useKeptQuery(AlertsMoreDocument, { filter, after })
  if (error && !data)
    return <ErrorCard title="More alerts could not be loaded" message={errorWords(error)} onRetry={refetch} />
  if (!data) return <output className="block px-5 py-3 text-muted">Loading more…</output>
  return (
    <>
      <List alerts={data.alerts.nodes} timeZone={timeZone} pulse={pulse} />
      <More filter={filter} pageInfo={data.alerts.pageInfo} timeZone={timeZone} pulse={pulse} />
    </>
  )
}

/** The next page, once somebody asks for it. */
const More = ({ pageInfo: { hasNextPage, endCursor }, ...rest }: MoreProps) => {
  const [isWanted, setIsWanted] = useState(false)
  if (!hasNextPage || endCursor === null) return null
  if (isWanted) return <NextAlerts {...rest} after={endCursor} />
  return (
    <p className="border-t border-line px-4 py-3 sm:px-5">
      <Button onClick={() => setIsWanted(true)}>Show more</Button>
    </p>
  )
}

const NoAlerts = ({ isFiltered }: { readonly isFiltered: boolean }) => (
  <div className="border-t border-line px-4 py-10 text-center">
    <BellRing aria-hidden="true" className="mx-auto size-5 text-accent" />
    <p className="mt-2 font-medium">{isFiltered ? 'No alert fits.' : 'Nothing is the matter.'}</p>
    <p className="mx-auto mt-1 max-w-md text-pretty text-muted">
      Alerts are raised by rules on goals and KPIs. They come up here by themselves.
    </p>
  </div>
)

const Feed = ({ live, timeZone }: { readonly live: Live; readonly timeZone: string }) => {
  const { membership } = useViewing()
  const [parameters, setParameters] = useSearchParams()
  const search = parseAlertSearch(parameters)
  const filter = alertFilterOf(search)
  const { data, error, isFetching, refetch } = useKeptQuery(
    AlertsDocument,
    { filter },
    { requestPolicy: 'cache-and-network' },
  )
  const pulse = useAlertPulse(live, data?.alerts.alertCursor ?? null)
  useRenewal(pulse, refetch)
  const change = (changes: Readonly<Record<string, string | null>>) =>
    setParameters((before) => withParameters(before, changes))
  return (
    <>
      <ProgressLine isActive={isFetching} />
      <PageHeading
        title="Alerts"
        place={membership.name}
        note="What somebody should know or look after, the newest first."
        actions={<LiveChip socket={live.socket} />}
      />
      {error && (
        <ErrorCard title="The alerts could not be loaded" message={errorWords(error)} onRetry={refetch} />
      )}
      {data ? (
        <Panel
          title={`${search.choice.label} alerts`.replace('To look after alerts', 'To look after')}
          note={data.alerts.totalCount === null ? null : formatCount(data.alerts.totalCount)}
          actions={
            <div className="flex flex-wrap items-center gap-2">
              <ChoiceBar
                legend="Which alerts"
                choices={alertChoices}
                chosen={search.choice.id}
                onChoose={(id) => change({ show: id === 'open' ? null : id })}
              />
              <select
                aria-label="Severity"
                value={search.severity ?? ''}
                onChange={({ target }) => change({ severity: target.value.toLowerCase() })}
                className={`${controlClass} select h-9 w-auto!`}
              >
                <option value="">Any severity</option>
                {Object.entries(severityWords).map(([id, words]) => (
                  <option key={id} value={id}>
                    {words}
                  </option>
                ))}
              </select>
            </div>
          }
        >
          {data.alerts.nodes.length === 0 ? (
            <NoAlerts isFiltered={parameters.size > 0} />
          ) : (
            <List alerts={data.alerts.nodes} timeZone={timeZone} pulse={pulse} />
          )}
          <More
            key={JSON.stringify(filter)}
            filter={filter}
            pageInfo={data.alerts.pageInfo}
            timeZone={timeZone}
            pulse={pulse}
          />
        </Panel>
      ) : (
        !error && <RowsSkeleton />
      )}
    </>
  )
}

/** The alerts of the organization, live: who looks after them, and for how long they are kept silent. */
export const AlertsPage = ({ live }: { readonly live: Live }) => {
  const { organization } = useViewing()
  return (
    <PageBody isWide>
      {organization ? <Feed live={live} timeZone={organization.timeZone} /> : <RowsSkeleton />}
    </PageBody>
  )
}
