/** How something is doing, as a colour; always beside a word or an icon that says the same. */
export type Tone = 'well' | 'watch' | 'act' | 'idle'

export const toneText = {
  well: 'text-accent',
  watch: 'text-watch',
  act: 'text-act',
  idle: 'text-muted',
} as const satisfies Record<Tone, string>

export const toneFill = {
  well: 'fill-accent-fill',
  watch: 'fill-watch-fill',
  act: 'fill-act-fill',
  idle: 'fill-idle-fill',
} as const satisfies Record<Tone, string>

export const toneStroke = {
  well: 'stroke-accent-fill',
  watch: 'stroke-watch-fill',
  act: 'stroke-act-fill',
  idle: 'stroke-idle-fill',
} as const satisfies Record<Tone, string>
