import { useEffect, useSyncExternalStore } from 'react'
import type { Live } from '../live.ts'

/** Held still by the chip; whoever comes back to the page finds it live again. */
export const useIsPaused = ({ socket }: Live): boolean => {
  useEffect(() => () => socket.setPaused(false), [socket])
  return useSyncExternalStore(socket.subscribeToConnection, () => socket.readConnection().kind === 'PAUSED')
}
