import { type ReactNode, useState } from 'react'
import { type Tone, toneFill, toneStroke } from '../ui/tone.ts'
import { useChartCursor } from './chart-cursor.ts'
import { linear, rangeOf, ticksOf } from './geometry.ts'
import { smoothPath } from './smooth-path.ts'

/** One day of a goal: where it was and where it should be; null where there is no such value. */
export type GoalDay = { readonly value: number | null; readonly expected: number | null }

type Range = { readonly low: number; readonly high: number }

/** What is expected at the deadline: the value, and the ranges of half and of most of the outcomes. */
export type GoalCone = { readonly value: number; readonly half: Range; readonly mostly: Range }

type GoalChartProps = {
  /** Each day from the first to the last. */
  readonly days: readonly GoalDay[]
  /** Which of them is today; null where today is beyond them. */
  readonly today: number | null
  readonly deadline: number
  /** Where it is to be. */
  readonly aim: Range
  readonly cone: GoalCone | null
  readonly tone: Tone
  /** What the chart shows, for those who cannot see it. */
  readonly label: string
  /** A day, its value and what else there is to say of it. */
  readonly wordsAt: (index: number) => readonly string[]
  readonly formatTick: (value: number) => string
  readonly formatDay: (index: number) => string
}

const gridCount = 4
const coneSteps = 12

/**
 * The outline of a range that opens from today's value to the deadline. Only its end is forecast: on the way there it
 * widens as errors of independent weeks add up, with the square root of the time.
 */
const coneOutline = (
  from: number,
  centre: number,
  { low, high }: Range,
): readonly (readonly [number, number])[] => {
  const parts = Array.from({ length: coneSteps + 1 }, (_, step) => step / coneSteps)
  const edge = (end: number) =>
    parts.map((part) => [part, from + (centre - from) * part + (end - centre) * Math.sqrt(part)] as const)
  return [...edge(high), ...edge(low).toReversed()]
}

const valuesOf = ({ days, aim, cone }: Pick<GoalChartProps, 'days' | 'aim' | 'cone'>) => [
  ...days.flatMap(({ value, expected }) => [value, expected]),
  aim.low,
  aim.high,
  ...(cone ? [cone.mostly.low, cone.mostly.high] : []),
]

const round = (value: number): number => Math.round(value * 1000) / 1000

/** Straight from day to day, so that steps stay steps. */
const straightPath = (points: readonly (readonly [number, number] | null)[]): string =>
  points
    .map((point, index) =>
      point ? `${index === 0 || !points[index - 1] ? 'M' : 'L'}${round(point[0])},${round(point[1])}` : '',
    )
    .join('')

type Scales = { readonly x: (index: number) => number; readonly y: (value: number) => number }

const Lines = ({ days, today, deadline, cone, tone, x, y }: GoalChartProps & Scales) => {
  const from = today === null ? null : (days[today]?.value ?? null)
  const outline = (range: Range) =>
    coneOutline(from ?? 0, cone?.value ?? 0, range)
      .map(
        ([part, value]) => `${round(x((today ?? 0) + (deadline - (today ?? 0)) * part))},${round(y(value))}`,
      )
      .join(' ')
  return (
    <svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%" overflow="visible">
      {cone && from !== null && today !== null && (
        <>
          <polygon points={outline(cone.mostly)} className={`${toneFill.idle} opacity-20`} />
          <polygon points={outline(cone.half)} className={`${toneFill.idle} opacity-30`} />
          <path
            d={`M${round(x(today))},${round(y(from))}L${round(x(deadline))},${round(y(cone.value))}`}
            fill="none"
            className="stroke-muted"
            strokeWidth="1.5"
            strokeDasharray="1 4"
            strokeLinecap="round"
            vectorEffect="non-scaling-stroke"
          />
        </>
      )}
      <path
        d={straightPath(
          days.map(({ expected }, index) => (expected === null ? null : [x(index), y(expected)])),
        )}
        fill="none"
        className="stroke-muted"
        strokeWidth="1.25"
        strokeDasharray="5 4"
        vectorEffect="non-scaling-stroke"
      />
      <path
        d={smoothPath(days.map(({ value }, index) => (value === null ? null : [x(index), y(value)])))}
        fill="none"
        className={toneStroke[tone]}
        strokeWidth="2.25"
        strokeLinejoin="round"
        strokeLinecap="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  )
}

const Dot = ({
  at,
  value,
  tone,
  x,
  y,
}: Scales & { readonly at: number; readonly value: number; readonly tone: Tone }) => (
  <circle
    cx={`${x(at)}%`}
    cy={`${y(value)}%`}
    r="4"
    strokeWidth="2"
    className={`stroke-surface ${toneFill[tone]}`}
    paintOrder="stroke"
  />
)

/** A word at an upright line, on the side where there is room. */
const LineWord = ({
  at,
  top,
  children,
}: {
  readonly at: number
  readonly top: string
  readonly children: ReactNode
}) => (
  <span
    aria-hidden="true"
    className={`pointer-events-none absolute bg-surface/80 px-1 whitespace-nowrap ${top}`}
    style={at > 50 ? { right: `${100 - at}%` } : { left: `${at}%` }}
  >
    {children}
  </span>
)

const Tooltip = ({ at, words }: { readonly at: number; readonly words: readonly string[] }) => {
  const [title, main = 'no value', ...more] = words
  return (
    <div
      className="panel pointer-events-none absolute -top-1 z-10 w-max max-w-56 px-3 py-2 text-xs shadow-[0_12px_32px_-12px_rgb(0_0_0/0.35)]"
      style={at > 50 ? { right: `calc(${100 - at}% + 0.75rem)` } : { left: `calc(${at}% + 0.75rem)` }}
    >
      <p>{title}</p>
      <p className="text-sm font-semibold text-ink">{main}</p>
      {more.map((text) => (
        <p key={text}>{text}</p>
      ))}
    </div>
  )
}

/** Evenly spread days for the axis, the last one among them. */
const labelled = (count: number): number[] => {
  const parts = [0, 0.25, 0.5, 0.75, 1]
  return [...new Set(parts.map((part) => Math.round((count - 1) * part)))]
}

/**
 * A goal from day to day: where it was, where it should be, where it will be, between today's line and the deadline's.
 * To be read with the pointer or the arrow keys.
 */
export const GoalChart = (props: GoalChartProps) => {
  const { days, today, deadline, aim, tone, label, wordsAt, formatTick, formatDay } = props
  const [, setRead] = useState<number | null>(null)
  const { at, cursorProps } = useChartCursor(
    days.length,
    label,
    (index) => wordsAt(index).join(', '),
    setRead,
  )
  const range = rangeOf(valuesOf(props))
  if (!range) return null
  const ticks = ticksOf(range, gridCount)
  const x = linear([0, Math.max(days.length - 1, 1)], [0, 100])
  const y = linear([ticks[0] ?? 0, ticks.at(-1) ?? 1], [100, 0])
  const lastKnown = days.findLastIndex(({ value }) => value !== null)
  const dotAt = at ?? lastKnown
  const dot = days[dotAt]?.value ?? null
  const aimHeight = y(aim.low) - y(aim.high)
  return (
    <div className="figures grid grid-cols-[auto_minmax(0,1fr)] gap-x-2 text-2xs text-muted">
      <div aria-hidden="true" className="relative h-64 sm:h-80">
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
        <div {...cursorProps} className="h-64 touch-pan-y rounded-sm outline-offset-4 sm:h-80">
          <svg aria-hidden="true" width="100%" height="100%" overflow="visible" className="block">
            {ticks.map((tick) => (
              <line key={tick} x2="100%" y1={`${y(tick)}%`} y2={`${y(tick)}%`} className="stroke-line" />
            ))}
            {aimHeight > 0 ? (
              <rect
                y={`${y(aim.high)}%`}
                width="100%"
                height={`${aimHeight}%`}
                className="fill-accent-tint"
              />
            ) : (
              <line
                x2="100%"
                y1={`${y(aim.low)}%`}
                y2={`${y(aim.low)}%`}
                strokeWidth="1.5"
                className="stroke-ink"
              />
            )}
            <line
              x1={`${x(deadline)}%`}
              x2={`${x(deadline)}%`}
              y1="0"
              y2="100%"
              className="stroke-line-strong"
            />
            {today !== null && (
              <line
                x1={`${x(today)}%`}
                x2={`${x(today)}%`}
                y1="0"
                y2="100%"
                strokeDasharray="2 3"
                className="stroke-ink"
              />
            )}
            <Lines {...props} x={x} y={y} />
            {at !== null && (
              <line x1={`${x(at)}%`} x2={`${x(at)}%`} y1="0" y2="100%" className="stroke-line-strong" />
            )}
            {dot !== null && <Dot at={dotAt} value={dot} tone={tone} x={x} y={y} />}
          </svg>
        </div>
        <span
          aria-hidden="true"
          className="pointer-events-none absolute left-0 -translate-y-full bg-surface/80 px-1 whitespace-nowrap text-ink"
          style={{ top: `${y(aim.high)}%` }}
        >
          {aimHeight > 0 ? 'band' : 'target'}
        </span>
        {today !== null && (
          <LineWord at={x(today)} top="top-0">
            today
          </LineWord>
        )}
        {deadline !== today && (
          <LineWord at={x(deadline)} top="bottom-0">
            deadline
          </LineWord>
        )}
        {at !== null && <Tooltip at={x(at)} words={wordsAt(at)} />}
      </div>
      <div aria-hidden="true" className="relative col-start-2 mt-2 mr-2 h-4">
        {labelled(days.length).map((index, order, { length }) => (
          <span
            key={index}
            className={`absolute whitespace-nowrap ${order % 2 === 1 ? 'max-sm:hidden' : ''} ${order === 0 || order === length - 1 ? '' : '-translate-x-1/2'}`}
            style={order === length - 1 ? { right: '-0.5rem' } : { left: `${x(index)}%` }}
          >
            {formatDay(index)}
          </span>
        ))}
      </div>
    </div>
  )
}
