import { byTheme, slugOfMetric } from '../components/kpi-themes.ts'
import { KpiCard, KpiCardsSkeleton, kpiGridClass } from '../components/kpi-card.tsx'
import { carriedSearch } from '../components/question.ts'
import {
  KpiCatalogDocument,
  type KpiCatalogQuery,
  KpiOverviewDocument,
  KpiOverviewTrendsDocument,
} from '../documents.generated.ts'
import { addMonths, firstOfMonth } from '../format/day.ts'
import { formatCount } from '../format/quantity.ts'
import type { Live } from '../live.ts'
import { useAnswer } from '../live/use-answer.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { ErrorCard, ErrorNote } from '../ui/error-card.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { organizationPath } from './addresses.ts'
import { errorWords } from './error-words.ts'
import { FiguresHead, useAsked, useFiguresPulse } from './figures-page.tsx'
import { PageBody } from './page-body.tsx'
import { useViewing } from './use-viewer.ts'

type OverviewProps = { readonly live: Live; readonly timeZone: string; readonly catalog: KpiCatalogQuery }

const Overview = ({ live, timeZone, catalog }: OverviewProps) => {
  const { membership } = useViewing()
  const asked = useAsked(timeZone)
  const pulse = useFiguresPulse(live, asked, catalog.cursor.progressCursor)
  const metrics = catalog.kpiCatalog.map(({ metric }) => metric)
  const variables = { metrics, ...asked.cutOffs, filter: asked.filter }
  const figures = useAnswer(KpiOverviewDocument, variables, { pulse: pulse.figures })
  const trends = useAnswer(KpiOverviewTrendsDocument, {
    ...variables,
    from: firstOfMonth(addMonths(asked.day, -12)),
    monthAgo: addMonths(asked.day, -1),
  })
  const now = figures.data?.kpis ?? []
  const { series, monthAgo } = trends.data ?? { series: [], monthAgo: [] }
  const path = organizationPath(membership.slug, 'kpis')
  const failed = [figures, trends].find(({ error }) => error)
  const retry = () => {
    for (const { error, refetch } of [figures, trends]) if (error) refetch()
  }
  return (
    <>
      <ProgressLine isActive={figures.isFetching || trends.isFetching} />
      <FiguresHead
        live={live}
        asked={asked}
        title="KPIs"
        note={`${formatCount(metrics.length)} figures of receivables, each with its formula, its source and its history.`}
      />
      {failed &&
        (figures.data ? (
          <ErrorNote message={errorWords(failed.error)} onRetry={retry} />
        ) : (
          <ErrorCard
            title="The figures could not be loaded"
            message={errorWords(failed.error)}
            onRetry={retry}
          />
        ))}
      {!figures.data && !failed && <KpiCardsSkeleton />}
      {figures.data &&
        byTheme(catalog.kpiCatalog).map(({ theme, title, definitions }) => (
          <section key={theme} aria-labelledby={theme} className="mt-1 grid gap-2.5">
            <h2 id={theme} className="text-base font-semibold">
              {title}
            </h2>
            <ul className={kpiGridClass}>
              {definitions.map((definition) => {
                const row = now.find(({ metric }) => metric === definition.metric)
                return (
                  row && (
                    <KpiCard
                      key={definition.metric}
                      definition={definition}
                      now={row}
                      monthAgo={monthAgo.find(({ metric }) => metric === definition.metric) ?? null}
                      series={series}
                      href={`${path}/${slugOfMetric(definition.metric)}${carriedSearch(asked.search)}`}
                    />
                  )
                )
              })}
            </ul>
          </section>
        ))}
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
