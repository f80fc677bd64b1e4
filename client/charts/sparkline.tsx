import { type Tone, toneFill, toneStroke } from '../ui/tone.ts'
import { useChartCursor } from './chart-cursor.ts'
import { linear, rangeOf } from './geometry.ts'
import { smoothPath } from './smooth-path.ts'

export type SparkPoint = { readonly value: number | null; readonly expected: number | null }

type SparklineProps = {
  readonly points: readonly SparkPoint[]
  readonly tone: Tone
  /** What the chart shows, for those who cannot see it. */
  readonly label: string
  /** One point in words. */
  readonly describe: (index: number) => string
  /** The point that is being read; null while none is. */
  readonly onRead: (index: number | null) => void
  readonly className: string
}

// Lines are drawn in a square of 100 that is stretched to the place there is, dots beside it in percent: nothing has
// to be measured, so the first paint is the final one.
const makeScales = (points: readonly SparkPoint[]) => {
  const range = rangeOf(points.flatMap(({ value, expected }) => [value, expected]))
  if (!range) return null
  return {
    x: linear([0, Math.max(points.length - 1, 1)], [0, 100]),
    y: linear(range, [100, 0]),
  }
}

const makePath = (
  points: readonly SparkPoint[],
  { x, y }: NonNullable<ReturnType<typeof makeScales>>,
  read: (point: SparkPoint) => number | null,
): string =>
  smoothPath(
    points.map((point, index) => {
      const value = read(point)
      return value === null ? null : [x(index), y(value)]
    }),
  )

/** The same line as a picture: not to be read point by point, since what it belongs to leads to a chart that can. */
export const StillSparkline = ({
  values,
  tone,
  className,
}: {
  readonly values: readonly (number | null)[]
  readonly tone: Tone
  readonly className: string
}) => {
  const points = values.map((value) => ({ value, expected: null }))
  const scales = makeScales(points)
  const last = points.findLastIndex(({ value }) => value !== null)
  const lastValue = points[last]?.value ?? null
  return (
    <svg aria-hidden="true" overflow="visible" className={`block w-full ${className}`}>
      {scales && (
        <>
          <svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%" overflow="visible">
            <path
              d={makePath(points, scales, ({ value }) => value)}
              fill="none"
              className={toneStroke[tone]}
              strokeWidth="1.75"
              strokeLinejoin="round"
              strokeLinecap="round"
              vectorEffect="non-scaling-stroke"
            />
          </svg>
          {lastValue !== null && (
            <circle
              cx={`${scales.x(last)}%`}
              cy={`${scales.y(lastValue)}%`}
              r="3"
              strokeWidth="2"
              className={`stroke-surface ${toneFill[tone]}`}
              paintOrder="stroke"
            />
          )}
        </>
      )}
    </svg>
  )
}

/** A line without axes; where there is an expected path, it is dashed. */
export const Sparkline = ({ points, tone, label, describe, onRead, className }: SparklineProps) => {
  const { at, cursorProps } = useChartCursor(points.length, label, describe, onRead)
  const scales = makeScales(points)
  const lastKnown = points.findLastIndex(({ value }) => value !== null)
  const dotAt = at ?? lastKnown
  const dotValue = points[dotAt]?.value ?? null
  return (
    <div {...cursorProps} className={`touch-pan-y rounded-sm outline-offset-4 ${className}`}>
      <svg aria-hidden="true" width="100%" height="100%" overflow="visible" className="block">
        {scales && (
          <>
            <svg
              viewBox="0 0 100 100"
              preserveAspectRatio="none"
              width="100%"
              height="100%"
              overflow="visible"
            >
              <path
                d={makePath(points, scales, ({ expected }) => expected)}
                fill="none"
                className="stroke-faint"
                strokeWidth="1"
                strokeDasharray="3 3"
                vectorEffect="non-scaling-stroke"
              />
              <path
                d={makePath(points, scales, ({ value }) => value)}
                fill="none"
                className={toneStroke[tone]}
                strokeWidth="1.75"
                strokeLinejoin="round"
                strokeLinecap="round"
                vectorEffect="non-scaling-stroke"
              />
            </svg>
            {at !== null && (
              <line
                x1={`${scales.x(at)}%`}
                x2={`${scales.x(at)}%`}
                y1="0"
                y2="100%"
                className="stroke-line-strong"
              />
            )}
            {dotValue !== null && (
              <circle
                cx={`${scales.x(dotAt)}%`}
                cy={`${scales.y(dotValue)}%`}
                r="3"
                strokeWidth="2"
                className={`stroke-surface ${toneFill[tone]}`}
                paintOrder="stroke"
              />
            )}
          </>
        )}
      </svg>
    </div>
  )
}
