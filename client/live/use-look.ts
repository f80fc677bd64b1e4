import { useEffect, useState } from 'react'

const lookEveryMs = 5000

/** A pulse for what no event tells of: it grows every five seconds while the page is seen and `isOn`. */
export const useLook = (isOn = true): number => {
  const [looks, setLooks] = useState(0)
  useEffect(() => {
    if (!isOn) return
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setLooks((count) => count + 1)
    }, lookEveryMs)
    return () => clearInterval(timer)
  }, [isOn])
  return looks
}
