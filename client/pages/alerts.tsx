import { BellRing } from 'lucide-react'
import { useState } from 'react'
import { useSearchParams } from 'wouter'
import { alertChoices, alertFilterOf, parseAlertSearch, severityWords } from '../components/alert-words.ts'
import { withParameters } from '../components/audit-filter.ts'
import { LiveChip } from '../components/live-chip.tsx'
import {
  type AlertFilter,
  AlertsDocument,
  AlertsMoreDocument,
  type AlertsQuery,
} from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import type { Live } from '../live.ts'
import { useAlertPulse } from '../live/use-alert-pulse.ts'
import { useIsPaused } from '../live/use-is-paused.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { Button } from '../ui/button.tsx'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { ErrorCard } from '../ui/error-card.tsx'
import { controlClass } from '../ui/field.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { AlertPlaces } from './alert-places.tsx'
import { errorWords } from './error-words.ts'
import { PageBody, Panel } from './page-body.tsx'
import { useRenewal } from './use-renewal.ts'
import { useViewing } from './use-viewer.ts'
import { AlertRows, type AlertRowsProps } from './alert-rows.tsx'

type MoreProps = Omit<AlertRowsProps, 'alerts'> & {
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
      <AlertRows alerts={data.alerts.nodes} timeZone={timeZone} pulse={pulse} />
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
  const isPaused = useIsPaused(live)
  const pulse = useAlertPulse(live, data?.alerts.alertCursor ?? null, isPaused)
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
      <AlertPlaces current="feed" />
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
            <AlertRows alerts={data.alerts.nodes} timeZone={timeZone} pulse={pulse} />
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
