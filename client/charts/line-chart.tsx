import { useState } from 'react'
import { useChartCursor } from './chart-cursor.ts'
import { linear, rangeOf, ticksOf } from './geometry.ts'
import { smoothPath } from './smooth-path.ts'

export type ChartPoint = {
  readonly value: number | null
  /** Below the axis, where there is room for it. */
  readonly label: string
  /** What the point stands for, such as a month, and its value in words. */
  readonly title: string
  readonly text: string
}

/** A level that holds from one place to another; places are counted in points, 0 is the first of them. */
export type ChartStep = { readonly from: number; readonly to: number; readonly value: number }

type LineChartProps = {
  readonly points: readonly ChartPoint[]
  /** Levels beside the line, dashed. */
  readonly steps?: readonly ChartStep[]
  /** The places of points that something is the matter with. */
  readonly marked?: readonly number[]
  /** Whether it stands among other things. */
  readonly isSmall?: boolean
  /** What the chart shows, for those who cannot see it. */
  readonly label: string
  /** What a value of the axis reads as. */
  readonly formatTick: (value: number) => string
}

const labelCount = 7
const gridCount = 4

/** Which points have a label below the axis: evenly spaced, counted from the last. */
const labelled = (count: number): number[] => {
  const step = Math.max(1, Math.ceil((count - 1) / (labelCount - 1)))
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => count - 1 - index * step)
}

const Tooltip = ({ at, point: { title, text } }: { readonly at: number; readonly point: ChartPoint }) => (
  <div
    className="panel figures pointer-events-none absolute -top-1 z-10 w-max max-w-56 px-3 py-2 text-xs shadow-[0_12px_32px_-12px_rgb(0_0_0/0.35)]"
    style={at > 50 ? { right: `calc(${100 - at}% + 0.75rem)` } : { left: `calc(${at}% + 0.75rem)` }}
  >
    <p className="text-muted">{title}</p>
    <p className="text-sm font-semibold text-ink">{text}</p>
  </div>
)

/** Along each level, and straight up or down to the next where there is no gap between them. */
const stepPath = (
  steps: readonly ChartStep[],
  x: (place: number) => number,
  y: (value: number) => number,
): string =>
  steps
    .map(({ from, to, value }, index) => {
      const isNext = steps[index - 1]?.to === from
      return `${isNext ? 'L' : 'M'}${x(from)},${y(value)}L${x(to)},${y(value)}`
    })
    .join('')

const none: readonly never[] = []

/** A line over time with axes, to be read with the pointer or the arrow keys. */
export const LineChart = ({
  points,
  steps = none,
  marked = none,
  isSmall = false,
  label,
  formatTick,
}: LineChartProps) => {
  const [read, setRead] = useState<number | null>(null)
  const { at, cursorProps } = useChartCursor(
    points.length,
    label,
    (index) => {
      const point = points[index]
      return point ? `${point.title}: ${point.text}` : ''
    },
    setRead,
  )
  const readPoint = read === null ? undefined : points[read]
  const range = rangeOf([...points, ...steps].map(({ value }) => value))
  if (!range) return null
  const ticks = ticksOf(range, isSmall ? 2 : gridCount)
  const height = isSmall ? 'h-32' : 'h-56 sm:h-64'
  const x = linear([0, Math.max(points.length - 1, 1)], [0, 100])
  const y = linear([ticks[0] ?? 0, ticks.at(-1) ?? 1], [100, 0])
  const dotAt = at ?? points.findLastIndex(({ value }) => value !== null)
  const dotValue = points[dotAt]?.value ?? null
  return (
    <div className="figures grid grid-cols-[auto_minmax(0,1fr)] gap-x-2 text-2xs text-muted">
      {/* As wide as the widest of them, without being measured. */}
      <div aria-hidden="true" className={`relative ${height}`}>
        {ticks.map((tick) => (
          <span key={tick} className="block h-0 overflow-hidden whitespace-nowrap">
            {formatTick(tick)}
          </span>
        ))}
        {ticks.map((tick) => (
          <span
            key={tick}
            className="absolute right-0 -translate-y-1/2 whitespace-nowrap"
            style={{ top: `${y(tick)}%` }}
          >
            {formatTick(tick)}
          </span>
        ))}
      </div>
      <div className="relative mr-2">
        <div {...cursorProps} className={`${height} touch-pan-y rounded-sm outline-offset-4`}>
          <svg aria-hidden="true" width="100%" height="100%" overflow="visible" className="block">
            {ticks.map((tick) => (
              <line key={tick} x2="100%" y1={`${y(tick)}%`} y2={`${y(tick)}%`} className="stroke-line" />
            ))}
            <svg
              viewBox="0 0 100 100"
              preserveAspectRatio="none"
              width="100%"
              height="100%"
              overflow="visible"
            >
              <path
                d={stepPath(steps, x, y)}
                fill="none"
                className="stroke-accent-fill"
                strokeWidth="1.5"
                strokeDasharray="5 4"
                vectorEffect="non-scaling-stroke"
              />
              <path
                d={smoothPath(
                  points.map(({ value }, index) => (value === null ? null : [x(index), y(value)])),
                )}
                fill="none"
                className="stroke-muted"
                strokeWidth="2"
                strokeLinejoin="round"
                strokeLinecap="round"
                vectorEffect="non-scaling-stroke"
              />
            </svg>
            {marked.map((index) => (
              <circle
                key={index}
                cx={`${x(index)}%`}
                cy={`${y(points[index]?.value ?? 0)}%`}
                r="3"
                strokeWidth="2"
                className="fill-act-fill stroke-surface"
                paintOrder="stroke"
              />
            ))}
            {at !== null && (
              <line x1={`${x(at)}%`} x2={`${x(at)}%`} y1="0" y2="100%" className="stroke-line-strong" />
            )}
            {dotValue !== null && (
              <circle
                cx={`${x(dotAt)}%`}
                cy={`${y(dotValue)}%`}
                r="4"
                strokeWidth="2"
                className="fill-ink stroke-surface"
                paintOrder="stroke"
              />
            )}
          </svg>
        </div>
        {readPoint && at !== null && <Tooltip at={x(at)} point={readPoint} />}
      </div>
      <div aria-hidden="true" className="relative col-start-2 mt-2 mr-2 h-4">
        {labelled(points.length).map((index, order) => (
          <span
            key={index}
            className={`absolute whitespace-nowrap ${order % 2 === 1 ? 'max-sm:hidden' : ''} ${order === 0 ? '' : '-translate-x-1/2'}`}
            style={order === 0 ? { right: '-0.5rem' } : { left: `${x(index)}%` }}
          >
            {points[index]?.label}
          </span>
        ))}
      </div>
    </div>
  )
}
