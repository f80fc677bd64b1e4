import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { DashboardGoalProgressDocument } from '../documents.generated.ts'
import { dayIn } from '../format/day.ts'
import type { Live } from '../live.ts'
import { throttle } from './throttle.ts'

const figuresEveryMs = 1000
const detailsEveryMs = 5000
const checkDayEveryMs = 30_000

/** Numbers that grow when it is time to ask again: figures at most once a second, what takes many questions less often. */
export type Pulse = {
  readonly figures: number
  readonly details: number
}

type PulseOptions = {
  /** False where the page shows the past, or is held still: nothing is followed then. */
  readonly isLive: boolean
  /** Where the page's first answer stood among the events; null until it is there. */
  readonly cursor: string | null
  readonly timeZone: string
}

/**
 * Says when figures have to be asked for again: after progress of a goal, which every posting that matters makes; after
 * what may have been missed; and when a new day begins where the organization is.
 */
export const useLivePulse = (live: Live, { isLive, cursor, timeZone }: PulseOptions): Pulse => {
  const [figures, setFigures] = useState(0)
  const [details, setDetails] = useState(0)
  const since = useRef<string | null>(null)
  const wasStopped = useRef(false)
  const isReady = cursor !== null
  const firstCursor = useEffectEvent(() => cursor)

  useEffect(() => {
    if (!isReady || !isLive) return
    since.current ??= firstCursor()
    const figuresBeat = throttle(async () => setFigures((before) => before + 1), figuresEveryMs)
    const detailsBeat = throttle(async () => setDetails((before) => before + 1), detailsEveryMs)
    const beat = () => {
      figuresBeat.request()
      detailsBeat.request()
    }
    let today = dayIn(timeZone, Date.now())
    const subscription = live.client
      .subscription(DashboardGoalProgressDocument, { since: since.current })
      .subscribe(({ data }) => {
        if (!data) return
        since.current = data.goalProgress.cursor
        beat()
      })
    // Figures that were held still are as old as that was long.
    if (wasStopped.current) beat()
    const stopMissed = live.onMissed(beat)
    const dayTimer = setInterval(() => {
      const now = dayIn(timeZone, Date.now())
      if (now !== today) beat()
      today = now
    }, checkDayEveryMs)
    return () => {
      wasStopped.current = true
      subscription.unsubscribe()
      stopMissed()
      clearInterval(dayTimer)
      figuresBeat.cancel()
      detailsBeat.cancel()
    }
  }, [live, isReady, isLive, timeZone])

  return { figures, details }
}
