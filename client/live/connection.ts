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

/** A client that has heard nothing for this long while reconnecting says so. */
export const staleAfterMs = 20_000
export const pingEveryMs = 10_000
export const pongWithinMs = 5_000

export const describeConnection = (facts: ConnectionFacts, now: number): Connection => {
  if (facts.isPaused) return { kind: 'PAUSED' }
  if (facts.isOpen) return { kind: 'LIVE' }
  if (facts.heardAt === null) return { kind: 'CONNECTING' }
  return now - facts.heardAt < staleAfterMs
    ? { kind: 'RECONNECTING' }
    : { kind: 'STALE', since: facts.heardAt }
}

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

const codeOf = (event: unknown): number | null =>
  typeof event === 'object' && event !== null && 'code' in event ? Number(event.code) : null

const signedOutCodes = new Set<number | null>([4401, 4403])

/** Whether a socket was closed because the session is over. */
export const isSignedOutClose = (event: unknown): boolean => signedOutCodes.has(codeOf(event))

/** Whether a socket was closed from here, because nobody subscribed any more. */
export const isIdleClose = (event: unknown): boolean => codeOf(event) === 1000
