/** What is known of the socket. Times are in ms. */
export type ConnectionFacts = {
  readonly isOpen: boolean
  readonly isPaused: boolean
  /** When the server was last heard of: any message, a pong included; null before the first. */
  readonly heardAt: number | null
}

/** What the live chip says. */
export type Connection =
  | { readonly kind: 'CONNECTING' | 'LIVE' | 'RECONNECTING' | 'PAUSED' }
  | { readonly kind: 'STALE'; readonly since: number }

/** A client that has heard nothing for this long says so, also of a socket that seems to be open. */
export const staleAfterMs = 20_000
export const pingEveryMs = 10_000
export const pongWithinMs = 5_000

export const describeConnection = (facts: ConnectionFacts, now: number): Connection => {
  if (facts.isPaused) return { kind: 'PAUSED' }
  if (facts.heardAt === null) return { kind: facts.isOpen ? 'LIVE' : 'CONNECTING' }
  if (now - facts.heardAt >= staleAfterMs) return { kind: 'STALE', since: facts.heardAt }
  return { kind: facts.isOpen ? 'LIVE' : 'RECONNECTING' }
}

/** Whether so long between two looks a second apart means that the machine, or the tab, slept. */
export const hasSlept = (lastLook: number, now: number): boolean => now - lastLook > pingEveryMs

const retryFirstMs = 500
const retryMaxMs = 15_000

/**
 * How long to wait before the next attempt, in ms. `chance` is 0 to 1: without it all viewers of a restarted server
 * would come back at the same moment.
 */
export const retryDelayMs = (attempt: number, chance: number): number => {
  const ceiling = Math.min(retryMaxMs, retryFirstMs * 2 ** attempt)
  return Math.round(ceiling * (0.5 + chance / 2))
}

/** Going away, restarting, try again later: the server said so itself, to all of its viewers. */
const toldCodes = new Set<number | null>([1001, 1012, 1013])
const toldSpreadMs = 2000

/**
 * How long to wait after a socket was closed by `event`, in ms. Where the server sent its viewers away, all of them come
 * back at once: they spread wider than after a line that broke for one.
 */
export const comeBackDelayMs = (event: unknown, attempt: number, chance: number): number =>
  retryDelayMs(attempt, chance) + (toldCodes.has(codeOf(event)) ? Math.round(toldSpreadMs * chance) : 0)

const codeOf = (event: unknown): number | null =>
  typeof event === 'object' && event !== null && 'code' in event ? Number(event.code) : null

const signedOutCodes = new Set<number | null>([4401, 4403])

/** Whether a socket was closed because the session is over. */
export const isSignedOutClose = (event: unknown): boolean => signedOutCodes.has(codeOf(event))

/** Whether a socket was closed from here, because nobody subscribed any more. */
export const isIdleClose = (event: unknown): boolean => codeOf(event) === 1000
