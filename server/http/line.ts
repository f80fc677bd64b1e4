/**
 * The line to one client, to which whole frames are written beside those of ws: that sends what it is given at once and
 * keeps nothing back, as long as it does not compress. What nobody reads is bound: one buffer of the stream waits to be
 * read, and whatever else there is waits with whom it comes from.
 */
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Outlet } from '../live/hub.ts'

/** Less than what a client has to answer a ping: it should hear why it is closed. */
export const SLOW_MS_MAX = 10_000
const GRACE_MS = 3_000
/** Clients come back after it, unlike after the codes of graphql-ws. */
const TRY_AGAIN_LATER = 1013
const SLOW = 'Too slow a reader: come back and resume after the last cursor'

export type Line = Outlet

export type LineOptions = {
  readonly onSlow: () => void
  readonly slowMs?: number
}

export function createLine(
  socket: Pick<WebSocket, 'OPEN' | 'readyState' | 'close' | 'terminate'>,
  stream: Duplex,
  { onSlow, slowMs = SLOW_MS_MAX }: LineOptions,
): Line {
  let waiting: (() => void)[] = []
  let timer: NodeJS.Timeout | undefined
  let isClosedAsSlow = false

  const isOpen = () => socket.readyState === socket.OPEN
  const closeAsSlow = () => {
    waiting = []
    clearTimeout(timer)
    if (isClosedAsSlow || !isOpen()) return
    isClosedAsSlow = true
    onSlow()
    socket.close(TRY_AGAIN_LATER, SLOW)
    setTimeout(() => socket.terminate(), GRACE_MS).unref()
  }
  const release = () => {
    clearTimeout(timer)
    timer = undefined
    const going = waiting
    waiting = []
    for (const go of going) go()
  }

  return {
    isOpen,
    isFree: () => isOpen() && !stream.writableNeedDrain,
    write(bytes) {
      const [first] = bytes
      if (bytes.length === 1 && first !== undefined) {
        stream.write(first)
        return
      }
      stream.cork()
      for (const piece of bytes) stream.write(piece)
      stream.uncork()
    },
    whenFree(go) {
      waiting.push(go)
      if (timer !== undefined || !isOpen()) return
      timer = setTimeout(closeAsSlow, slowMs)
      timer.unref()
      stream.once('drain', release)
      stream.once('close', () => clearTimeout(timer))
    },
    closeAsSlow,
  }
}
