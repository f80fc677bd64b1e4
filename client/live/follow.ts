import type { Client, FormattedExecutionResult } from 'graphql-ws'
import type { SubscriptionForwarder } from 'urql'
import { retryDelayMs } from './connection.ts'
import type { DashboardGoalProgressSubscription } from '../documents.generated.ts'
import { admitEvent, type KnownProgress, lastOfEachGoal, type ProgressEvent } from './order.ts'

type Answer = FormattedExecutionResult<DashboardGoalProgressSubscription, unknown>

/**
 * Follows `goalProgress` for as long as it is wanted. It remembers the cursor of the last event, so that a
 * reconnected or a restarted subscription continues after it; lets events through in order and once; and hands them
 * on once per animation frame, the last of each goal.
 */
export const followGoalProgress = (
  socket: Client,
  known: KnownProgress,
  request: Parameters<SubscriptionForwarder>[0],
  onEvents: (events: readonly ProgressEvent[]) => void,
): (() => void) => {
  const asked = (request.variables ?? {}) as { readonly since?: string | null }
  let cursor = asked.since ?? null
  let waiting: readonly ProgressEvent[] = []
  let frame: number | null = null
  let failures = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let isDone = false
  let stop = () => {}

  const flush = () => {
    frame = null
    const events = waiting
    waiting = []
    onEvents(events)
  }
  const take = ({ data }: Answer) => {
    if (!data) return
    failures = 0
    cursor = data.goalProgress.cursor
    if (!admitEvent(known, data.goalProgress)) return
    // A hidden tab has no frames for hours, so what waits for one is kept to one event a goal.
    waiting = lastOfEachGoal([...waiting, data.goalProgress])
    frame ??= requestAnimationFrame(flush)
  }
  const start = () => {
    // graphql-ws sends this very object again after a reconnect, so `since` is read at the moment of sending.
    const variables = {
      get since() {
        return cursor
      },
    }
    stop = socket.subscribe<DashboardGoalProgressSubscription>(
      { query: request.query ?? '', operationName: request.operationName ?? null, variables },
      { next: take, error: restart, complete: () => restart(null) },
    )
  }
  const restart = (error: unknown) => {
    if (isDone) return
    // The server refused the subscription itself: perhaps it no longer takes this cursor. Begin with a snapshot.
    if (Array.isArray(error)) cursor = null
    timer = setTimeout(start, retryDelayMs(failures++, Math.random()))
  }

  start()
  return () => {
    isDone = true
    clearTimeout(timer)
    if (frame !== null) cancelAnimationFrame(frame)
    stop()
  }
}
