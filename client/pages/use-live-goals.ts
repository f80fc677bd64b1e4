import { useEffect, useEffectEvent, useRef, useState } from 'react'
import {
  DashboardCustomersDocument,
  DashboardDocument,
  DashboardFiguresDocument,
  type DashboardFiguresQueryVariables,
  DashboardGoalProgressDocument,
  type DashboardQuery,
} from '../documents.generated.ts'
import { dayIn } from '../format/day.ts'
import type { Live } from '../live.ts'
import { announceChanges } from '../live/announce.ts'
import { type Seen, see } from '../live/news.ts'
import { lastOfEachGoal, type ProgressEvent } from '../live/order.ts'
import { throttle } from '../live/throttle.ts'

const figuresEveryMs = 1000
const customersEveryMs = 5000
const pageEveryMs = 2000
const announceEveryMs = 10_000
const checkDayEveryMs = 30_000

/** What has to be asked for again, each as seldom as it may. */
const makeRefresh = ({ client }: Live, figuresVariables: DashboardFiguresQueryVariables) => {
  const again = { requestPolicy: 'network-only' } as const
  const figures = throttle(
    () => client.query(DashboardFiguresDocument, figuresVariables, again).toPromise(),
    figuresEveryMs,
  )
  const customers = throttle(
    () => client.query(DashboardCustomersDocument, {}, again).toPromise(),
    customersEveryMs,
  )
  const page = throttle(() => client.query(DashboardDocument, {}, again).toPromise(), pageEveryMs)
  return { figures, customers, page }
}

/**
 * Keeps the page live: follows the progress of goals from where the page's query stood, asks again for what events do
 * not carry, and gives the sentence that a screen reader is to say.
 */
export const useLiveGoals = (
  live: Live,
  page: DashboardQuery | null,
  figuresVariables: DashboardFiguresQueryVariables,
  isPaused: boolean,
): string => {
  const [announcement, setAnnouncement] = useState('')
  const cursor = useRef<string | null>(null)
  const seen = useRef<Seen>(new Set())
  const wasPaused = useRef(false)
  const isReady = page !== null

  useEffect(() => {
    if (!page) return
    cursor.current ??= page.goals.progressCursor
    seen.current.add(page.organization.today)
    see(seen.current, [...page.goals.nodes, ...page.closedGoals.nodes])
  }, [page])

  const hasNewDay = useEffectEvent(
    () => page !== null && dayIn(page.organization.timeZone, Date.now()) > page.organization.today,
  )

  useEffect(() => {
    if (!isReady || isPaused) return
    const refresh = makeRefresh(live, figuresVariables)
    let unspoken: readonly ProgressEvent[] = []
    const speech = throttle(async () => {
      setAnnouncement(announceChanges(unspoken.map(({ goal }) => goal)))
      unspoken = []
    }, announceEveryMs)
    const refreshAll = () => {
      refresh.figures.request()
      refresh.customers.request()
      if (hasNewDay()) refresh.page.request()
    }
    const take = (event: ProgressEvent) => {
      cursor.current = event.cursor
      if (see(seen.current, [event.goal]) || event.kind === 'GAP') refresh.page.request()
      refresh.figures.request()
      refresh.customers.request()
      if (event.kind !== 'UPDATE') return
      unspoken = lastOfEachGoal([...unspoken, event])
      speech.request()
    }

    const subscription = live.client
      .subscription(DashboardGoalProgressDocument, { since: cursor.current })
      .subscribe(({ data }) => {
        if (data) take(data.goalProgress)
      })
    // After a pause the figures are as old as the pause is long.
    if (wasPaused.current) refreshAll()
    const stopMissed = live.onMissed(refreshAll)
    const dayTimer = setInterval(() => {
      if (hasNewDay()) refreshAll()
    }, checkDayEveryMs)
    return () => {
      wasPaused.current = true
      subscription.unsubscribe()
      stopMissed()
      clearInterval(dayTimer)
      for (const { cancel } of [...Object.values(refresh), speech]) cancel()
    }
  }, [live, figuresVariables, isReady, isPaused])

  return announcement
}
