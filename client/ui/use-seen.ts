import { type RefObject, useEffect, useRef, useState } from 'react'

/** Whether an element is, or has been, on the screen or close to it: what nobody looks at need not be asked for. */
export const useSeen = <Seen extends Element>(): {
  readonly ref: RefObject<Seen | null>
  readonly isSeen: boolean
} => {
  const ref = useRef<Seen>(null)
  const [isSeen, setIsSeen] = useState(false)
  useEffect(() => {
    const element = ref.current
    if (!element || isSeen) return
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) setIsSeen(true)
      },
      { rootMargin: '25% 0%' },
    )
    observer.observe(element)
    return () => observer.disconnect()
  }, [isSeen])
  return { ref, isSeen }
}
