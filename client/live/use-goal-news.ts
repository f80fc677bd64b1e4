import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { DashboardGoalProgressDocument, type GoalTile_GoalFragment } from '../documents.generated.ts'
import { dayIn } from '../format/day.ts'
import type { Live } from '../live.ts'
import { announceChanges } from './announce.ts'
import { type Seen, see } from './news.ts'
import { lastOfEachGoal, type ProgressEvent } from './order.ts'
import { throttle } from './throttle.ts'

const newsEveryMs = 2000
const anythingEveryMs = 30_000
const announceEveryMs = 10_000
const checkDayEveryMs = 30_000

export type GoalNews = {
  /** Grows when the list has to be asked for again. */
  readonly pulse: number
  /** The sentence that a screen reader is to say. */
  readonly announcement: string
}

type NewsOptions = {
  readonly goals: readonly Pick<GoalTile_GoalFragment, 'id' | 'state' | 'progress'>[]
  /** Where the list stood among the events; null until it is there. */
  readonly cursor: string | null
  readonly isPaused: boolean
  readonly timeZone: string
}

/**
 * Follows the progress of goals for a list of them. Figures come with the events; the list itself is asked for again
 * after what they do not carry: a goal, a state or a day that is new, what may have been missed, and, seldom, anything.
 */
export const useGoalNews = (live: Live, { goals, cursor, isPaused, timeZone }: NewsOptions): GoalNews => {
  const [pulse, setPulse] = useState(0)
  const [announcement, setAnnouncement] = useState('')
  const since = useRef<string | null>(null)
  const seen = useRef<Seen>(new Set())
  const wasPaused = useRef(false)
  const isReady = cursor !== null
  const firstCursor = useEffectEvent(() => cursor)

  useEffect(() => void see(seen.current, goals), [goals])

  useEffect(() => {
    if (!isReady || isPaused) return
    since.current ??= firstCursor()
    let unspoken: readonly ProgressEvent[] = []
    const renew = async () => setPulse((before) => before + 1)
    const news = throttle(renew, newsEveryMs)
    const anything = throttle(renew, anythingEveryMs)
    const speech = throttle(async () => {
      setAnnouncement(announceChanges(unspoken.map(({ goal }) => goal)))
      unspoken = []
    }, announceEveryMs)
    let today = dayIn(timeZone, Date.now())
    const subscription = live.client
      .subscription(DashboardGoalProgressDocument, { since: since.current })
      .subscribe(({ data }) => {
        if (!data) return
        const event = data.goalProgress
        since.current = event.cursor
        if (see(seen.current, [event.goal]) || event.kind === 'GAP') news.request()
        if (event.kind !== 'UPDATE') return
        anything.request()
        unspoken = lastOfEachGoal([...unspoken, event])
        speech.request()
      })
    if (wasPaused.current) news.request()
    const stopMissed = live.onMissed(news.request)
    const dayTimer = setInterval(() => {
      const now = dayIn(timeZone, Date.now())
      if (now !== today) news.request()
      today = now
    }, checkDayEveryMs)
    return () => {
      wasPaused.current = true
      subscription.unsubscribe()
      stopMissed()
      clearInterval(dayTimer)
      for (const { cancel } of [news, anything, speech]) cancel()
    }
  }, [live, isReady, isPaused, timeZone])

  return { pulse, announcement }
}
