import { useEffect, useRef, useState } from 'react'
import { CustomerNewsDocument } from '../documents.generated.ts'
import type { Live } from '../live.ts'
import { throttle } from './throttle.ts'

// A list of customers takes the server longer than an alert.
const everyMs = 2000

/**
 * Grows when something of these customers changed, or of any where `id` is null, and after what may have been missed: at
 * most every two seconds. Its first event tells that it follows from here on, so that what came between the first answer
 * and it is asked for too. A page that is held still follows nothing.
 */
export const useCustomerPulse = (live: Live, id: string | null, isPaused = false): number => {
  const [pulse, setPulse] = useState(0)
  const since = useRef<string | null>(null)
  useEffect(() => {
    if (isPaused) return
    const beat = throttle(async () => setPulse((before) => before + 1), everyMs)
    const ids = id === null ? null : [id]
    const subscription = live.client
      .subscription(CustomerNewsDocument, { ids, since: since.current })
      .subscribe(({ data }) => {
        if (!data) return
        since.current = data.customerChanged.cursor
        beat.request()
      })
    const stopMissed = live.onMissed(beat.request)
    return () => {
      subscription.unsubscribe()
      stopMissed()
      beat.cancel()
    }
  }, [live, id, isPaused])
  return pulse
}
