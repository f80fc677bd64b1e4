import { type Tone, toneFill } from '../ui/tone.ts'
import { wayScale } from './geometry.ts'

type BulletBarProps = {
  /** How much of the way from baseline to target is gone, in percent, not clamped; null where nobody knows. */
  readonly percent: number | null
  /** Where it should be today, in the same percent; null where there is no such place. */
  readonly expectedPercent: number | null
  readonly tone: Tone
  readonly baselineLabel: string
  readonly targetLabel: string
  readonly expectedLabel: string
  /** The whole bar in one sentence. */
  readonly description: string
}

/** Under or over its place, in percent of the width; near an end it keeps to the inside. */
const Label = ({ at, children }: { readonly at: number; readonly children: string }) => {
  const isRight = at > 72
  const shift = at < 28 ? '' : isRight ? '' : '-translate-x-1/2'
  return (
    <span
      className={`absolute bottom-0 whitespace-nowrap ${shift}`}
      style={isRight ? { right: `${100 - at}%` } : { left: `${at}%` }}
    >
      {children}
    </span>
  )
}

/** One measure on its way from baseline to target: a bar, a tall tick at the target, a short one at today's expectation. */
export const BulletBar = (props: BulletBarProps) => {
  const { percent, expectedPercent, tone } = props
  const x = wayScale([percent ?? 0, expectedPercent ?? 0])
  const start = Math.min(x(0), x(percent ?? 0))
  const width = Math.abs(x(percent ?? 0) - x(0))
  return (
    <figure className="figures text-2xs text-muted">
      <figcaption className="sr-only">{props.description}</figcaption>
      <div aria-hidden="true">
        <div className="relative h-4">
          {expectedPercent !== null && <Label at={x(expectedPercent)}>{props.expectedLabel}</Label>}
        </div>
        <svg width="100%" height="20" className="block overflow-visible">
          <rect x="0" y="6" width="100%" height="8" rx="2" className="fill-sunken" />
          {percent !== null && (
            <rect x={`${start}%`} y="6" width={`${width}%`} height="8" rx="2" className={toneFill[tone]} />
          )}
          {x(0) > 0 && <rect x={`${x(0)}%`} y="4" width="1" height="12" className="fill-muted" />}
          {expectedPercent !== null && (
            <rect
              x={`${x(expectedPercent)}%`}
              y="2"
              width="2"
              height="12"
              transform="translate(-1 0)"
              className="fill-ink stroke-surface"
              strokeWidth="2"
              paintOrder="stroke"
            />
          )}
          <rect
            x={`${x(100)}%`}
            y="2"
            width="3"
            height="16"
            rx="1"
            transform="translate(-3 0)"
            className="fill-ink stroke-surface"
            strokeWidth="2"
            paintOrder="stroke"
          />
        </svg>
        <div className="relative h-4">
          <Label at={x(0)}>{props.baselineLabel}</Label>
          <Label at={x(100)}>{props.targetLabel}</Label>
        </div>
      </div>
    </figure>
  )
}
