import { ArrowLeft } from 'lucide-react'
import { Link, useLocation } from 'wouter'
import { ConventionSwitches } from '../components/convention-switches.tsx'
import { parseConventions } from '../components/conventions.ts'
import { KpiBreakdown } from '../components/kpi-breakdown.tsx'
import { KpiFacts } from '../components/kpi-facts.tsx'
import { SegmentActions, SegmentViewHelp } from '../components/segment-view.tsx'
import { KpiSeries, seriesChoices, seriesOf } from '../components/kpi-series.tsx'
import { slugOfMetric } from '../components/kpi-themes.ts'
import { carriedSearch, dimensionOf, withValues } from '../components/question.ts'
import {
  KpiBreakdownDocument,
  KpiCatalogDocument,
  KpiDocument,
  type KpiQuery,
  type KpiFacts_DefinitionFragment,
  KpiSeriesDocument,
} from '../documents.generated.ts'
import { addMonths } from '../format/day.ts'
import type { Live } from '../live.ts'
import { type Answer, useAnswer } from '../live/use-answer.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { ErrorCard } from '../ui/error-card.tsx'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton, Skeleton } from '../ui/skeleton.tsx'
import { alertPath, organizationPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { errorWords } from './error-words.ts'
import { type Asked, FiguresHead, useAsked, useFiguresPulse } from './figures-page.tsx'
import { KpiExplanationPanel } from './kpi-explanation.tsx'
import { KpiRestatementsPanel } from './kpi-restatements.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { useViewing } from './use-viewer.ts'

type Definition = KpiFacts_DefinitionFragment

type PartProps = {
  readonly asked: Asked
  readonly definition: Definition
  readonly pulse: number
}

const questionOf = ({ asked, definition }: PartProps) => ({
  metric: definition.metric,
  ...asked.cutOffs,
  filter: asked.filter,
  conventions: parseConventions(asked.search),
})

type FactsProps = PartProps & { readonly answer: Answer<KpiQuery> }

const Facts = ({ asked, definition, answer }: FactsProps) => (
  <>
    <ProgressLine isActive={answer.isFetching} />
    <Answered
      of={answer}
      title="The figure could not be loaded"
      skeleton={<Skeleton className="h-56 w-full rounded-lg" />}
    >
      {({ now: [now], before: [before] }) =>
        now && (
          <>
            <ConventionSwitches
              names={definition.conventions}
              used={now.conventions}
              isChosen={parseConventions(asked.search) !== null}
              onChange={asked.change}
            />
            <KpiFacts definition={definition} now={now} before={before ?? null} timeZone={asked.timeZone} />
          </>
        )
      }
    </Answered>
  </>
)

const Series = (props: PartProps) => {
  const { asked, definition, pulse } = props
  const choice = seriesOf(asked.search.get('series'))
  const answer = useAnswer(
    KpiSeriesDocument,
    {
      ...questionOf(props),
      segments: asked.segments,
      from: choice.from(asked.day),
      granularity: choice.id,
    },
    { pulse },
  )
  return (
    <Panel
      title="Over time"
      actions={
        <ChoiceBar
          legend="Points of the series"
          choices={seriesChoices}
          chosen={choice.id}
          onChoose={(id) => asked.change({ series: id })}
        />
      }
    >
      <div className="px-4 pt-3 pb-4 sm:px-5">
        <Answered
          of={answer}
          title="The series could not be loaded"
          skeleton={<Skeleton className="h-72 w-full" />}
        >
          {({ kpis }) => <KpiSeries name={definition.name} rows={kpis} choice={choice} />}
        </Answered>
      </div>
    </Panel>
  )
}

const Breakdown = (props: PartProps) => {
  const { asked, pulse } = props
  const [path] = useLocation()
  const dimension = dimensionOf(asked.search.get('by'))
  const answer = useAnswer(
    KpiBreakdownDocument,
    { ...questionOf(props), segments: asked.segments, dimension: dimension.dimension },
    { pulse },
  )
  return (
    <Panel
      title="By segment"
      actions={
        <SegmentActions
          view={asked.segments}
          onChange={(segments) => asked.change({ segments })}
          dimension={dimension}
          onDimension={(by) => asked.change({ by })}
        />
      }
    >
      <SegmentViewHelp view={asked.segments} />
      <Answered
        of={answer}
        title="The segments could not be loaded"
        skeleton={<Skeleton className="m-5 h-40" />}
      >
        {({ kpis }) => (
          <KpiBreakdown
            key={dimension.dimension}
            rows={kpis}
            dimension={dimension}
            hrefOf={(value) => `${path}?${withValues(asked.search, { [dimension.field]: value }).toString()}`}
          />
        )}
      </Answered>
    </Panel>
  )
}

type ShownProps = {
  readonly live: Live
  readonly timeZone: string
  readonly definition: Definition
  readonly cursor: string
}

const Shown = ({ live, timeZone, definition, cursor }: ShownProps) => {
  const { membership, may } = useViewing()
  const asked = useAsked(timeZone)
  const pulse = useFiguresPulse(live, asked, cursor)
  const part = { asked, definition, pulse: pulse.figures }
  const question = questionOf(part)
  const facts = useAnswer(
    KpiDocument,
    { ...question, segments: asked.segments, before: addMonths(asked.day, -1) },
    { pulse: pulse.figures },
  )
  // What takes longer than all else together comes after what is known sooner, or is not to be known.
  const isWaiting = facts.data === null && facts.error === null
  return (
    <>
      <Link
        href={`${organizationPath(membership.slug, 'kpis')}${carriedSearch(asked.search)}`}
        className="-mb-3 inline-flex w-fit items-center gap-1.5 rounded-sm text-xs font-medium text-muted hover:text-ink"
      >
        <ArrowLeft aria-hidden="true" className="size-3.5" />
        All KPIs
      </Link>
      <FiguresHead
        live={live}
        asked={asked}
        title={definition.name}
        note={
          may('alert:manage') ? (
            <Link
              href={`${alertPath(membership.slug, 'new')}?metric=${slugOfMetric(definition.metric)}`}
              className="rounded-sm font-medium text-accent hover:underline print:hidden"
            >
              Watch it by an alert rule
            </Link>
          ) : undefined
        }
      />
      <Facts {...part} answer={facts} />
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <Series {...part} />
        <Breakdown {...part} />
      </div>
      <KpiExplanationPanel asked={asked} definition={definition} question={question} isWaiting={isWaiting} />
      <KpiRestatementsPanel asked={asked} definition={definition} question={question} isWaiting={isWaiting} />
    </>
  )
}

type KpiPageProps = {
  readonly live: Live
  /** As the address has it, such as "best-possible-dso". */
  readonly name: string
}

/** One KPI: what it is, where it comes from, how it went, and who makes it. */
export const KpiPage = ({ live, name }: KpiPageProps) => {
  const { organization, membership } = useViewing()
  const catalog = useKeptQuery(KpiCatalogDocument, {})
  const definition = catalog.data?.kpiCatalog.find(
    ({ metric }) => slugOfMetric(metric) === name.toLowerCase().replaceAll('_', '-'),
  )
  return (
    <PageBody isWide>
      {catalog.error && !catalog.data && (
        <ErrorCard
          title="The catalog could not be loaded"
          message={errorWords(catalog.error)}
          onRetry={catalog.refetch}
        />
      )}
      {organization && catalog.data && definition && (
        <Shown
          live={live}
          timeZone={organization.timeZone}
          definition={definition}
          cursor={catalog.data.cursor.progressCursor}
        />
      )}
      {catalog.data && !definition && (
        <PageHeading
          title="There is no such KPI"
          place={membership.name}
          note={
            <Link
              href={organizationPath(membership.slug, 'kpis')}
              className="font-medium text-accent underline"
            >
              All KPIs that there are
            </Link>
          }
        />
      )}
      {!catalog.data && !catalog.error && <RowsSkeleton />}
    </PageBody>
  )
}
