import { useEffect, useEffectEvent, useRef } from 'react'

/** Asks again whenever `pulse` grows. */
export const useRenewal = (pulse: number, refetch: () => void): void => {
  const heard = useRef(pulse)
  const renew = useEffectEvent(refetch)
  useEffect(() => {
    if (heard.current === pulse) return
    heard.current = pulse
    renew()
  }, [pulse])
}
