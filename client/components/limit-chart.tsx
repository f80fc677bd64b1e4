import { LineChart } from '../charts/line-chart.tsx'
import type { CustomerLimitChartQuery, LimitSchedule_SpanFragment } from '../documents.generated.ts'
import { limitText } from '../format/credit-words.ts'
import { formatDay } from '../format/day.ts'
import { formatFigure, formatQuantity } from '../format/quantity.ts'
import { withoutPrehistory } from './kpi-series.tsx'
import { limitSteps, spanOn } from './limit-steps.ts'

type Row = CustomerLimitChartQuery['kpis'][number]

type LimitChartProps = {
  /** Which limits were in force. */
  readonly spans: readonly LimitSchedule_SpanFragment[]
  /** What was used of them at the end of each month, in one currency. */
  readonly rows: readonly Row[]
}

const Sample = ({ isLimit }: { readonly isLimit: boolean }) => (
  <svg aria-hidden="true" viewBox="0 0 18 4" className="inline-block h-1 w-4.5 align-middle">
    <line
      x2="18"
      y1="2"
      y2="2"
      strokeWidth="2"
      {...(isLimit
        ? { strokeDasharray: '5 4', className: 'stroke-accent-fill' }
        : { className: 'stroke-muted' })}
    />
  </svg>
)

/** The limit as it was in force, and what was used of it, over two years. Nothing where there is nothing to draw. */
export const LimitChart = ({ spans, rows }: LimitChartProps) => {
  const known = withoutPrehistory(rows)
  const [first] = known
  if (!first || known.length < 2) return null
  const { currency } = first
  const money = { unit: 'MONEY', currency } as const
  const steps = limitSteps(
    spans,
    known.map(({ date }) => date),
    currency,
  )
  const points = known.map(({ date, value }) => {
    const limit = spanOn(spans, date)?.limit
    const isOver =
      limit?.amount != null &&
      limit.amount.currency === currency &&
      value !== null &&
      value > Number(limit.amount.amount)
    const used = value === null ? 'not known' : formatQuantity(value, money, 'whole')
    const of = limit ? limitText(limit, 'whole') : 'Not set'
    return {
      value,
      label: formatDay(date, 'month'),
      title: formatDay(date, 'medium'),
      text: `${used} used; limit: ${of}${isOver ? '; over it' : ''}`,
      isOver,
    }
  })
  const marked = points.flatMap(({ isOver }, index) => (isOver ? [index] : []))
  return (
    <div className="px-4 pt-2 pb-3 sm:px-5">
      <LineChart
        points={points}
        steps={steps}
        marked={marked}
        isSmall
        label="Credit limit and what was used of it, by months"
        formatTick={(value) => formatFigure(value, money, 'compact').figure}
      />
      <p className="mt-1 flex flex-wrap gap-x-4 gap-y-1 text-2xs text-muted">
        <span>
          <Sample isLimit /> Limit in force
        </span>
        <span>
          <Sample isLimit={false} /> Used at the end of each month
        </span>
        {marked.length > 0 && (
          <span>
            <span
              aria-hidden="true"
              className="mr-1 inline-block size-1.5 rounded-full bg-act-fill align-middle"
            />
            Over the limit
          </span>
        )}
      </p>
    </div>
  )
}
