import { Download, RefreshCw } from 'lucide-react'
import { useLocation, useSearchParams } from 'wouter'
import { AuditFilterBar, type NamedActor } from '../components/audit-filter-bar.tsx'
import {
  actorKindWords,
  auditFilterOf,
  type AuditSearch,
  exportPath,
  parseAuditSearch,
  withParameters,
} from '../components/audit-filter.ts'
import { AuditHead, AuditRows } from '../components/audit-list.tsx'
import {
  AuditDocument,
  AuditMembersDocument,
  AuditMoreDocument,
  type AuditQuery,
  AuditTokensDocument,
} from '../documents.generated.ts'
import { dayIn } from '../format/day.ts'
import { formatZone } from '../format/moment.ts'
import { formatCount } from '../format/quantity.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { buttonClass, IconButton } from '../ui/button.tsx'
import { ErrorCard } from '../ui/error-card.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useNow } from '../ui/use-now.ts'
import { AuditPlaces } from './audit-places.tsx'
import { AuditProofPanel } from './audit-proof-panel.tsx'
import { errorWords } from './error-words.ts'
import { MoreRows } from './more-rows.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { useViewing } from './use-viewer.ts'

const none: readonly NamedActor[] = []

/** Whose deeds can be asked for: those that the viewer may see. */
const useActors = () => {
  const { may } = useViewing()
  const members = useKeptQuery(AuditMembersDocument, {}, { pause: !may('member:read') })
  const tokens = useKeptQuery(AuditTokensDocument, {}, { pause: !may('token:read') })
  return {
    people: members.data?.members.nodes.map(({ person }) => person) ?? none,
    tokens: tokens.data?.tokens.nodes ?? none,
  }
}

/** Somebody who is asked for and in no list: as the entries name them. */
const otherActor = (
  { actor }: AuditSearch,
  known: readonly NamedActor[],
  data: AuditQuery | null,
): NamedActor | null => {
  if (actor === null || Object.hasOwn(actorKindWords, actor) || known.some(({ id }) => id === actor))
    return null
  const entry = data?.auditEntries.nodes.find((entry) => entry.actor.actorId === actor)
  return { id: actor, name: entry?.actor.name ?? 'Somebody else' }
}

type EntriesProps = {
  readonly data: AuditQuery
  readonly filter: ReturnType<typeof auditFilterOf>
  readonly timeZone: string
  readonly hrefWith: (parameter: 'actor' | 'subject', value: string) => string
}

const Entries = ({ data, filter, timeZone, hrefWith }: EntriesProps) => {
  const { nodes, pageInfo } = data.auditEntries
  if (nodes.length === 0)
    return (
      <p className="border-t border-line px-4 py-8 text-center text-muted">Nothing that fits was changed.</p>
    )
  return (
    <table className="rows">
      <caption className="sr-only">Changes, the newest first</caption>
      <AuditHead />
      <tbody>
        <AuditRows entries={nodes} timeZone={timeZone} hrefWith={hrefWith} />
      </tbody>
      <MoreRows
        query={AuditMoreDocument}
        rest={{ filter }}
        pageInfo={pageInfo}
        columns={3}
        pick={({ auditEntries }) => auditEntries}
      >
        {(entries) => <AuditRows entries={entries} timeZone={timeZone} hrefWith={hrefWith} />}
      </MoreRows>
    </table>
  )
}

const countWords = ({ totalCount, totalCountAtLeast }: AuditQuery['auditEntries']): string =>
  totalCount === null ? `more than ${formatCount(totalCountAtLeast)}` : formatCount(totalCount)

const Log = ({ timeZone }: { readonly timeZone: string }) => {
  const { membership } = useViewing()
  const [path] = useLocation()
  const [parameters, setParameters] = useSearchParams()
  const today = dayIn(timeZone, useNow())
  const search = parseAuditSearch(parameters, today)
  const filter = auditFilterOf(search, timeZone)
  const { data, error, isFetching, refetch } = useKeptQuery(
    AuditDocument,
    { filter },
    {
      requestPolicy: 'cache-and-network',
    },
  )
  const { people, tokens } = useActors()
  const hrefWith = (parameter: 'actor' | 'subject', value: string) =>
    `${path}?${withParameters(parameters, { [parameter]: value }).toString()}`
  return (
    <>
      <ProgressLine isActive={isFetching} />
      <PageHeading
        title="Audit log"
        place={membership.name}
        note={`Every change: who, from where, before and after. Times of ${formatZone(timeZone)}.`}
        actions={
          <>
            <AuditPlaces current="log" />
            <a href={exportPath(search, timeZone, membership.slug)} download className={buttonClass('plain')}>
              <Download aria-hidden="true" className="size-4" />
              Export CSV
            </a>
          </>
        }
      />
      {data && <AuditProofPanel head={data.auditHead} timeZone={timeZone} />}
      <AuditFilterBar
        search={search}
        today={today}
        people={people}
        tokens={tokens}
        other={otherActor(search, [...people, ...tokens], data)}
        onChange={(changes) => setParameters(withParameters(parameters, changes))}
      />
      {error && (
        <ErrorCard title="The log could not be loaded" message={errorWords(error)} onRetry={refetch} />
      )}
      {data ? (
        <Panel
          title="Entries"
          note={countWords(data.auditEntries)}
          actions={
            <IconButton label="Look for newer entries" onClick={refetch}>
              <RefreshCw aria-hidden="true" className="size-4" />
            </IconButton>
          }
        >
          <Entries
            key={JSON.stringify(filter)}
            data={data}
            filter={filter}
            timeZone={timeZone}
            hrefWith={hrefWith}
          />
        </Panel>
      ) : (
        !error && <RowsSkeleton />
      )}
    </>
  )
}

/** What was changed, by whom, and the proof that the record of it is whole. */
export const AuditPage = () => {
  const { organization } = useViewing()
  return (
    <PageBody isWide>{organization ? <Log timeZone={organization.timeZone} /> : <RowsSkeleton />}</PageBody>
  )
}
