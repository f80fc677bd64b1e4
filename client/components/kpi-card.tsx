import { Link } from 'wouter'
import { StillSparkline } from '../charts/sparkline.tsx'
import type { KpiStrip_DefinitionFragment, KpiStrip_RowFragment } from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatChange, formatFigure, unknown } from '../format/quantity.ts'
import { ChangeText } from '../ui/change.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { BetterWords, isMoreBetter } from './better-words.tsx'
import { trendOf } from './kpi-trend.ts'
import { nullWords } from './null-words.ts'

type KpiCardProps = {
  readonly definition: KpiStrip_DefinitionFragment
  readonly now: KpiStrip_RowFragment
  readonly monthAgo: KpiStrip_RowFragment | null
  readonly series: readonly KpiStrip_RowFragment[]
  readonly href: string
}

/** A figure as people read it: the number, its unit smaller beside it; a dash where there is none. */
export const FigureText = ({
  row,
  className,
}: {
  readonly row: Pick<KpiStrip_RowFragment, 'value' | 'unit' | 'currency'>
  readonly className: string
}) => {
  if (row.value === null) return <span className={`font-semibold text-faint ${className}`}>{unknown}</span>
  const { figure, unit } = formatFigure(row.value, row, 'compact')
  return (
    <>
      <span className={`font-semibold ${className}`}>{figure}</span>
      {unit !== '' && <span className="ml-1 text-sm text-muted">{unit}</span>}
    </>
  )
}

const Since = ({ definition, now, monthAgo }: Pick<KpiCardProps, 'definition' | 'now' | 'monthAgo'>) => {
  if (now.value === null) return <span className="text-muted">{nullWords(now)}</span>
  if (!monthAgo || monthAgo.value === null) return null
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

/** One KPI among others: what it is now, where it comes from, and the way to all that is known of it. */
export const KpiCard = ({ definition, now, monthAgo, series, href }: KpiCardProps) => (
  <li className="panel relative row-span-4 grid grid-rows-subgrid gap-y-0 px-4 pt-3 pb-3 hover:border-line-strong has-[a:focus-visible]:border-accent">
    <h3 className="text-sm font-medium text-balance">
      <Link href={href} className="rounded-sm after:absolute after:inset-0">
        {definition.name}
      </Link>
    </h3>
    <p className="mt-0.5 text-2xs">
      <BetterWords better={definition.better} />
    </p>
    <div className="mt-2 flex items-end gap-4">
      <p className="figures whitespace-nowrap">
        <FigureText row={now} className="text-figure" />
      </p>
      <StillSparkline
        values={trendOf(series, now).map(({ value }) => value)}
        tone="idle"
        className="mb-1.5 h-6 min-w-0 flex-1 pr-1"
      />
    </div>
    <p className="figures mt-1.5 min-h-4.5 text-2xs text-pretty">
      <Since definition={definition} now={now} monthAgo={monthAgo} />
    </p>
  </li>
)

export const kpiGridClass = 'grid grid-cols-[repeat(auto-fill,minmax(min(100%,16.5rem),1fr))] gap-3'

export const KpiCardsSkeleton = () => (
  <div aria-hidden="true" className="grid gap-3">
    <Skeleton className="h-4 w-32" />
    <div className={kpiGridClass}>
      {['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'].map((card) => (
        <div key={card} className="panel h-[8.25rem] px-4 pt-4">
          <Skeleton className="h-3 w-24" />
          <Skeleton className="mt-8 h-6 w-20" />
        </div>
      ))}
    </div>
  </div>
)
