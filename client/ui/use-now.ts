import { useEffect, useState } from 'react'

/** The time in ms, renewed each half minute: for words such as "3 minutes ago". */
export const useNow = (): number => {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000)
    return () => clearInterval(timer)
  }, [])
  return now
}
