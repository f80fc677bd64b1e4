import { useEffect, useState } from 'react'

/** A value once it has stayed the same for a moment: what is being typed need not be asked at each key. */
export const useSettled = <Value>(value: Value, pauseMs: number): Value => {
  const [settled, setSettled] = useState(value)
  const text = JSON.stringify(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(JSON.parse(text) as Value), pauseMs)
    return () => clearTimeout(timer)
  }, [text, pauseMs])
  return settled
}
