import { type Tone, toneFill } from '../ui/tone.ts'
import { linear } from './geometry.ts'

type SpanBarProps = {
  /** Where the bar begins and ends, in the units of `range`. */
  readonly from: number
  readonly to: number
  /** What the whole width stands for; the same for all bars that are compared. */
  readonly range: readonly [number, number]
  readonly tone: Tone
  /** Where a thin line stands, such as 0. */
  readonly origin: number | null
}

/** A bar from one value to another on a common scale. The figure beside it says the same; this is for the eye alone. */
export const SpanBar = ({ from, to, range, tone, origin }: SpanBarProps) => {
  const x = linear(range, [0, 100])
  const start = Math.min(x(from), x(to))
  const width = Math.abs(x(to) - x(from))
  return (
    <svg aria-hidden="true" width="100%" height="12" className="block overflow-visible">
      <rect y="5" width="100%" height="2" rx="1" className="fill-sunken" />
      <rect
        x={`${start}%`}
        y="1"
        // However little it is, there is something.
        width={`${Math.max(width, 0.4)}%`}
        height="10"
        rx="2"
        className={toneFill[tone]}
      />
      {origin !== null && (
        <rect
          x={`${x(origin)}%`}
          width="1"
          height="12"
          transform="translate(-0.5 0)"
          className="fill-muted"
        />
      )}
    </svg>
  )
}
