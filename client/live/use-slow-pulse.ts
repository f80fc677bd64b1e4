import { useEffect, useRef, useState } from 'react'
import { throttle, type Throttled } from './throttle.ts'

const everyMs = 10_000

/** The same pulse for what takes the server long: it grows at once, and then at most every ten seconds. */
export const useSlowPulse = (pulse: number): number => {
  const [slow, setSlow] = useState(0)
  const beat = useRef<Throttled | null>(null)
  const heard = useRef(pulse)
  useEffect(() => {
    const started = throttle(async () => setSlow((count) => count + 1), everyMs)
    beat.current = started
    return () => started.cancel()
  }, [])
  useEffect(() => {
    if (heard.current === pulse) return
    heard.current = pulse
    beat.current?.request()
  }, [pulse])
  return slow
}
