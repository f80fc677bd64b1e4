import type { ReactNode } from 'react'
import type { Tone } from './tone.ts'

const looks = {
  well: 'bg-accent-tint text-accent',
  watch: 'bg-watch-tint text-watch',
  act: 'bg-act-tint text-act',
  idle: 'bg-sunken text-muted',
} as const satisfies Record<Tone, string>

/** A word about something, beside its name. */
export const Badge = ({
  tone = 'idle',
  children,
}: {
  readonly tone?: Tone
  readonly children: ReactNode
}) => (
  <span
    className={`inline-block rounded-sm px-1.5 py-0.5 text-2xs font-semibold whitespace-nowrap ${looks[tone]}`}
  >
    {children}
  </span>
)
