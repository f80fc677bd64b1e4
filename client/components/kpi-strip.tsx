import { useState } from 'react'
import { Sparkline } from '../charts/sparkline.tsx'
import type {
  BetterDirection,
  KpiMetric,
  KpiStrip_DefinitionFragment,
  KpiStrip_RowFragment,
} from '../documents.generated.ts'
import { type Day, formatDay } from '../format/day.ts'
import { formatChange, formatFigure, formatQuantity, unknown } from '../format/quantity.ts'
import { ChangeText } from '../ui/change.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { trendOf } from './kpi-trend.ts'
import { nullWords } from './null-words.ts'

/** The figures of the strip, in its order; `kpis` is asked for these and no others. */
export const headlineMetrics = [
  'TOTAL_RECEIVABLES',
  'PAST_DUE',
  'DSO',
  'BEST_POSSIBLE_DSO',
  'AVERAGE_DAYS_DELINQUENT',
  'COLLECTION_EFFECTIVENESS_INDEX',
  'ON_TIME_RATE',
  'CASH_COLLECTED',
] as const satisfies readonly KpiMetric[]

const isMoreBetter = { HIGHER: true, LOWER: false, NEUTRAL: null } as const satisfies Record<
  BetterDirection,
  boolean | null
>

const Definition = ({ definition }: { readonly definition: KpiStrip_DefinitionFragment }) => {
  const { metric, name, description, formula, source } = definition
  const anchor = `--definition-${metric}`
  return (
    <>
      <button
        type="button"
        popoverTarget={`definition-${metric}`}
        style={{ anchorName: anchor }}
        className="block rounded-sm text-left text-xs font-medium text-balance text-muted decoration-faint decoration-dotted underline-offset-4 hover:text-ink hover:underline"
      >
        {name}
      </button>
      <div
        id={`definition-${metric}`}
        popover="auto"
        style={{ positionAnchor: anchor }}
        className="panel anchored w-80 max-w-[calc(100vw-2rem)] p-4 text-sm text-ink"
      >
        <p className="font-semibold">{name}</p>
        <p className="mt-1 text-pretty text-muted">{description}</p>
        <dl className="mt-3 grid gap-2 border-t border-line pt-3 text-xs">
          <div>
            <dt className="text-faint">Formula</dt>
            <dd className="text-pretty">{formula}</dd>
          </div>
          <div>
            <dt className="text-faint">Source</dt>
            <dd className="text-pretty">{source}</dd>
          </div>
        </dl>
      </div>
    </>
  )
}

type KpiTileProps = {
  readonly definition: KpiStrip_DefinitionFragment
  readonly now: KpiStrip_RowFragment
  /** The value a month before; null until it is known. */
  readonly monthAgo: KpiStrip_RowFragment | null
  readonly trend: readonly KpiStrip_RowFragment[]
}

const MonthChange = ({ definition, now, monthAgo }: Omit<KpiTileProps, 'trend'>) => {
  if (!monthAgo || monthAgo.value === null || now.value === null) return null
  return (
    <>
      <ChangeText
        change={formatChange(now.value - monthAgo.value, now, 'compact')}
        isMoreBetter={isMoreBetter[definition.better]}
      />{' '}
      <span className="whitespace-nowrap text-faint">since {formatDay(monthAgo.date, 'short')}</span>
    </>
  )
}

const KpiTile = ({ definition, now, monthAgo, trend }: KpiTileProps) => {
  const [read, setRead] = useState<number | null>(null)
  const say = (row: KpiStrip_RowFragment) =>
    row.value === null ? nullWords(row) : formatQuantity(row.value, now, 'compact')
  const point = read === null ? undefined : trend[read]
  const { figure, unit } =
    now.value === null ? { figure: unknown, unit: '' } : formatFigure(now.value, now, 'compact')
  return (
    <div className="row-span-4 grid grid-rows-subgrid gap-y-0 bg-surface px-4 pt-3.5 pb-3">
      <dt>
        <Definition definition={definition} />
      </dt>
      <dd className="contents">
        <p className="figures mt-1 self-end whitespace-nowrap">
          <span className={`text-figure font-semibold ${now.value === null ? 'text-faint' : ''}`}>
            {figure}
          </span>
          {unit !== '' && <span className="ml-1 text-sm text-muted">{unit}</span>}
        </p>
        <Sparkline
          points={trend.map(({ value }) => ({ value, expected: null }))}
          tone="idle"
          label={`${definition.name}, monthly`}
          describe={(index) => {
            const at = trend[index]
            return at ? `${formatDay(at.date, 'medium')}: ${say(at)}` : ''
          }}
          onRead={setRead}
          className="mt-2.5 h-6 pr-1"
        />
        <p className="figures mt-2 min-h-4.5 text-2xs text-pretty">
          {point ? (
            <span className="text-muted">
              {formatDay(point.date, 'medium')} · {say(point)}
            </span>
          ) : now.value === null ? (
            <span className="text-muted">{say(now)}</span>
          ) : (
            <MonthChange definition={definition} now={now} monthAgo={monthAgo} />
          )}
        </p>
      </dd>
    </div>
  )
}

const stripLayout = 'panel grid grid-cols-2 gap-px overflow-hidden bg-line sm:grid-cols-4 xl:grid-cols-8'

type KpiStripProps = {
  readonly definitions: readonly KpiStrip_DefinitionFragment[]
  readonly now: readonly KpiStrip_RowFragment[]
  readonly series: readonly KpiStrip_RowFragment[]
  readonly monthAgo: readonly KpiStrip_RowFragment[]
  readonly asOf: Day
}

/** The headline figures of the day with the year behind them. */
export const KpiStrip = ({ definitions, now, series, monthAgo, asOf }: KpiStripProps) => (
  <section aria-label={`Headline figures as of ${formatDay(asOf, 'medium')}`}>
    <dl className={stripLayout}>
      {headlineMetrics.map((metric) => {
        const definition = definitions.find((other) => other.metric === metric)
        const row = now.find((other) => other.metric === metric)
        if (!definition || !row) return null
        return (
          <KpiTile
            key={metric}
            definition={definition}
            now={row}
            monthAgo={monthAgo.find((other) => other.metric === metric) ?? null}
            trend={trendOf(series, row)}
          />
        )
      })}
    </dl>
  </section>
)

export const KpiStripSkeleton = () => (
  <div className={stripLayout}>
    {headlineMetrics.map((metric) => (
      <div key={metric} className="h-[9.625rem] bg-surface px-4 pt-4">
        <Skeleton className="h-3 w-24" />
        <Skeleton className="mt-4 h-6 w-20" />
        <Skeleton className="mt-4 h-5 w-full" />
      </div>
    ))}
  </div>
)
