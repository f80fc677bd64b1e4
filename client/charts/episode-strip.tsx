import { type Tone, toneFill } from '../ui/tone.ts'
import { linear } from './geometry.ts'

export type EpisodeLane = {
  readonly name: string
  readonly tone: Tone
  /** From and to, in the units of `range`. */
  readonly spans: readonly (readonly [number, number])[]
}

type EpisodeStripProps = {
  readonly range: readonly [number, number]
  readonly lanes: readonly EpisodeLane[]
  /** Where thin lines stand, such as the beginnings of quarters. */
  readonly marks: readonly number[]
}

/** When something was the matter, a lane for each kind. What is told beside it as text says the same. */
export const EpisodeStrip = ({ range, lanes, marks }: EpisodeStripProps) => {
  const x = linear(range, [0, 100])
  return (
    <div className="grid gap-1.5">
      {lanes.map(({ name, tone, spans }) => (
        <div key={name} className="grid grid-cols-[5.5rem_minmax(0,1fr)] items-center gap-2">
          <span className="text-2xs text-muted">
            {name} <span className="figures">{spans.length}</span>
          </span>
          <svg aria-hidden="true" width="100%" height="16" className="block">
            <rect y="7" width="100%" height="2" rx="1" className="fill-sunken" />
            {marks.map((mark) => (
              <rect key={mark} x={`${x(mark)}%`} y="4" width="1" height="8" className="fill-line-strong" />
            ))}
            {spans.map(([from, to]) => (
              <rect
                key={`${from} ${to}`}
                x={`${x(from)}%`}
                y="2"
                // However short it was, it is seen.
                width={`${Math.max(x(to) - x(from), 0.5)}%`}
                height="12"
                rx="1.5"
                fillOpacity="0.75"
                className={toneFill[tone]}
              />
            ))}
          </svg>
        </div>
      ))}
    </div>
  )
}
