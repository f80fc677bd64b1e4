import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { AlertRaisedDocument } from '../documents.generated.ts'
import type { Live } from '../live.ts'
import { throttle } from './throttle.ts'

const everyMs = 1000

/**
 * Grows when something happened to an alert, and after what may have been missed: at most once a second. `cursor` is where
 * the first answer stood among the events; null until it is there. A page that is held still follows nothing.
 */
export const useAlertPulse = (live: Live, cursor: string | null, isPaused = false): number => {
  const [pulse, setPulse] = useState(0)
  const since = useRef<string | null>(null)
  const wasPaused = useRef(false)
  const isReady = cursor !== null
  const firstCursor = useEffectEvent(() => cursor)
  useEffect(() => {
    if (!isReady || isPaused) return
    since.current ??= firstCursor()
    const beat = throttle(async () => setPulse((before) => before + 1), everyMs)
    const subscription = live.client
      .subscription(AlertRaisedDocument, { since: since.current })
      .subscribe(({ data }) => {
        if (!data) return
        since.current = data.alertRaised.cursor
        beat.request()
      })
    // What was held still is as old as that was long.
    if (wasPaused.current) beat.request()
    const stopMissed = live.onMissed(beat.request)
    return () => {
      wasPaused.current = true
      subscription.unsubscribe()
      stopMissed()
      beat.cancel()
    }
  }, [live, isReady, isPaused])
  return pulse
}
