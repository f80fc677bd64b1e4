import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { AlertRaisedDocument } from '../documents.generated.ts'
import type { Live } from '../live.ts'
import { throttle } from './throttle.ts'

const everyMs = 1000

/**
 * Grows when something happened to an alert, and after what may have been missed: at most once a second. `cursor` is where
 * the first answer stood among the events; null until it is there.
 */
export const useAlertPulse = (live: Live, cursor: string | null): number => {
  const [pulse, setPulse] = useState(0)
  const since = useRef<string | null>(null)
  const isReady = cursor !== null
  const firstCursor = useEffectEvent(() => cursor)
  useEffect(() => {
    if (!isReady) return
    since.current ??= firstCursor()
    const beat = throttle(async () => setPulse((before) => before + 1), everyMs)
    const subscription = live.client
      .subscription(AlertRaisedDocument, { since: since.current })
      .subscribe(({ data }) => {
        if (!data) return
        since.current = data.alertRaised.cursor
        beat.request()
      })
    const stopMissed = live.onMissed(beat.request)
    return () => {
      subscription.unsubscribe()
      stopMissed()
      beat.cancel()
    }
  }, [live, isReady])
  return pulse
}
