import { byTheme, slugOfMetric } from '../components/kpi-themes.ts'
import { KpiCard, KpiCardsSkeleton, kpiGridClass } from '../components/kpi-card.tsx'
import { carriedSearch } from '../components/question.ts'
import {
  KpiCatalogDocument,
  type KpiCatalogQuery,
  KpiOverviewDocument,
  KpiOverviewTrendsDocument,
  type KpiStrip_RowFragment,
} from '../documents.generated.ts'
import { addMonths, firstOfMonth } from '../format/day.ts'
import { formatCount } from '../format/quantity.ts'
import type { Live } from '../live.ts'
import { useAnswer } from '../live/use-answer.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { Button } from '../ui/button.tsx'
import { ErrorCard, ErrorNote } from '../ui/error-card.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { useSeen } from '../ui/use-seen.ts'
import { organizationPath } from './addresses.ts'
import { answerClass } from './answered.tsx'
import { errorWords } from './error-words.ts'
import { type Asked, FiguresHead, useAsked, useFiguresPulse } from './figures-page.tsx'
import { PageBody } from './page-body.tsx'
import { useViewing } from './use-viewer.ts'

type Definition = KpiCatalogQuery['kpiCatalog'][number]

type ThemeProps = {
  readonly id: string
  readonly title: string
  readonly definitions: readonly Definition[]
  readonly asked: Asked
  readonly now: readonly KpiStrip_RowFragment[]
}

/** The KPIs of one theme; their history is asked for once they are looked at. */
const Theme = ({ id, title, definitions, asked, now }: ThemeProps) => {
  const { membership } = useViewing()
  const { ref, isSeen } = useSeen<HTMLElement>()
  const { data, error, refetch } = useAnswer(
    KpiOverviewTrendsDocument,
    {
      metrics: definitions.map(({ metric }) => metric),
      ...asked.cutOffs,
      filter: asked.filter,
      segments: asked.segments,
      from: firstOfMonth(addMonths(asked.day, -12)),
      monthAgo: addMonths(asked.day, -1),
    },
    { pause: !isSeen },
  )
  const path = organizationPath(membership.slug, 'kpis')
  return (
    <section ref={ref} aria-labelledby={id} className="mt-1 grid gap-2.5">
      <header className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <h2 id={id} className="text-base font-semibold">
          {title}
        </h2>
        {error && (
          <p role="alert" className="flex flex-wrap items-center gap-x-3 text-xs text-watch">
            Their history could not be loaded. {errorWords(error)}
            <Button className="h-7 px-2 text-xs" onClick={refetch}>
              Try again
            </Button>
          </p>
        )}
      </header>
      <ul className={kpiGridClass}>
        {definitions.map((definition) => {
          const row = now.find(({ metric }) => metric === definition.metric)
          return (
            row && (
              <KpiCard
                key={definition.metric}
                definition={definition}
                now={row}
                monthAgo={data?.monthAgo.find(({ metric }) => metric === definition.metric) ?? null}
                series={data?.series ?? []}
                href={`${path}/${slugOfMetric(definition.metric)}${carriedSearch(asked.search)}`}
              />
            )
          )
        })}
      </ul>
    </section>
  )
}

type OverviewProps = { readonly live: Live; readonly timeZone: string; readonly catalog: KpiCatalogQuery }

const Overview = ({ live, timeZone, catalog }: OverviewProps) => {
  const asked = useAsked(timeZone)
  const pulse = useFiguresPulse(live, asked, catalog.cursor.progressCursor)
  const metrics = catalog.kpiCatalog.map(({ metric }) => metric)
  const { data, error, isFetching, isOther, refetch } = useAnswer(
    KpiOverviewDocument,
    { metrics, ...asked.cutOffs, filter: asked.filter, segments: asked.segments },
    { pulse: pulse.figures },
  )
  return (
    <>
      <ProgressLine isActive={isFetching} />
      <FiguresHead
        live={live}
        asked={asked}
        title="KPIs"
        note={`${formatCount(metrics.length)} figures of receivables, each with its formula, its source and its history.`}
      />
      {error &&
        (data ? (
          <ErrorNote message={errorWords(error)} onRetry={refetch} />
        ) : (
          <ErrorCard title="The figures could not be loaded" message={errorWords(error)} onRetry={refetch} />
        ))}
      {!data && !error && <KpiCardsSkeleton />}
      {data && (
        <div aria-busy={isOther} className={`grid grid-cols-[minmax(0,1fr)] gap-5 ${answerClass(isOther)}`}>
          {byTheme(catalog.kpiCatalog).map(({ theme, title, definitions }) => (
            <Theme
              key={theme}
              id={theme}
              title={title}
              definitions={definitions}
              asked={asked}
              now={data.kpis}
            />
          ))}
        </div>
      )}
    </>
  )
}

/** All KPIs that there are, by what they are about. */
export const KpisPage = ({ live }: { readonly live: Live }) => {
  const { organization } = useViewing()
  const catalog = useKeptQuery(KpiCatalogDocument, {})
  return (
    <PageBody isWide>
      {catalog.error && !catalog.data && (
        <ErrorCard
          title="The catalog could not be loaded"
          message={errorWords(catalog.error)}
          onRetry={catalog.refetch}
        />
      )}
      {organization && catalog.data ? (
        <Overview live={live} timeZone={organization.timeZone} catalog={catalog.data} />
      ) : (
        !catalog.error && <KpiCardsSkeleton />
      )}
    </PageBody>
  )
}
