import { startsOf } from './geometry.ts'

export type StackedPart = {
  readonly id: string
  /** 0 to 100; the parts add up to 100. */
  readonly share: number
  /** Set above the part where there is room for it. */
  readonly label: string
  /** Which of the fills and textures, 0 to 4. */
  readonly style: number
}

const fills = ['fill-age-0', 'fill-age-1', 'fill-age-2', 'fill-age-3', 'fill-age-4'] as const
const styleOf = (style: number) => Math.min(Math.max(style, 0), fills.length - 1)

/** The textures that tell the parts apart without their colours; once on a page that has a `StackedBar`. */
export const Textures = () => (
  <svg aria-hidden="true" width="0" height="0" className="absolute">
    <defs className="stroke-age-texture fill-age-texture">
      <pattern id="texture-0" width="8" height="8" patternUnits="userSpaceOnUse" />
      <pattern
        id="texture-1"
        width="8"
        height="8"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <path d="M0 0v8" strokeWidth="1.5" opacity=".28" />
      </pattern>
      <pattern id="texture-2" width="6" height="6" patternUnits="userSpaceOnUse">
        <circle cx="1.5" cy="1.5" r="1" opacity=".45" stroke="none" />
        <circle cx="4.5" cy="4.5" r="1" opacity=".45" stroke="none" />
      </pattern>
      <pattern
        id="texture-3"
        width="4"
        height="4"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(-45)"
      >
        <path d="M0 0v4" strokeWidth="1.5" opacity=".4" />
      </pattern>
      <pattern
        id="texture-4"
        width="6"
        height="6"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <path d="M0 0v6M0 0h6" strokeWidth="1.5" opacity=".5" />
      </pattern>
    </defs>
  </svg>
)

/** The mark of a part in a table. */
export const TextureSwatch = ({ style }: { readonly style: number }) => (
  <svg aria-hidden="true" width="14" height="14" className="block shrink-0 overflow-hidden rounded-[3px]">
    <rect width="14" height="14" className={fills[styleOf(style)]} />
    <rect width="14" height="14" fill={`url(#texture-${styleOf(style)})`} />
  </svg>
)

const labelShareMin = 7

/** The parts as one thin bar without words, for rows of a table. */
export const ThinStackedBar = ({ parts }: { readonly parts: readonly Omit<StackedPart, 'label'>[] }) => {
  const starts = startsOf(parts.map(({ share }) => share))
  return (
    <svg aria-hidden="true" width="100%" height="14" className="block overflow-hidden rounded-sm">
      <rect width="100%" height="14" className="fill-sunken" />
      {parts.map(({ id, share, style }, index) => (
        <g key={id}>
          <rect x={`${starts[index]}%`} width={`${share}%`} height="14" className={fills[styleOf(style)]} />
          <rect
            x={`${starts[index]}%`}
            width={`${share}%`}
            height="14"
            fill={`url(#texture-${styleOf(style)})`}
          />
          {index > 0 && share > 0 && (
            <rect x={`${starts[index]}%`} width="1" height="14" className="fill-surface" />
          )}
        </g>
      ))}
    </svg>
  )
}

/** Parts of a whole, side by side. A table beside it says the same; this is for the eye alone. */
export const StackedBar = ({ parts }: { readonly parts: readonly StackedPart[] }) => {
  const starts = startsOf(parts.map(({ share }) => share))
  return (
    <div aria-hidden="true" className="figures">
      <div className="relative h-5 text-2xs text-muted">
        {parts.map(({ id, share, label }, index) =>
          share < labelShareMin ? null : (
            <span
              key={id}
              className="absolute truncate"
              style={{ left: `${starts[index]}%`, width: `${share}%` }}
            >
              {label}
            </span>
          ),
        )}
      </div>
      <svg width="100%" height="36" className="block overflow-hidden rounded-md">
        <rect width="100%" height="36" className="fill-sunken" />
        {parts.map(({ id, share, style }, index) => (
          <g key={id}>
            <rect x={`${starts[index]}%`} width={`${share}%`} height="36" className={fills[styleOf(style)]} />
            <rect
              x={`${starts[index]}%`}
              width={`${share}%`}
              height="36"
              fill={`url(#texture-${styleOf(style)})`}
            />
            {index > 0 && share > 0 && (
              <rect x={`${starts[index]}%`} width="2" height="36" className="fill-surface" />
            )}
          </g>
        ))}
      </svg>
    </div>
  )
}
