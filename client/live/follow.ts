import type { Client } from 'graphql-ws'
import { admitEvent, type KnownProgress, lastOfEachGoal, type ProgressEvent } from './order.ts'
import { type Request, resume } from './resume.ts'

/**
 * Follows `goalProgress` for as long as it is wanted: it continues after the last event, lets events through in order
 * and once, and hands them on once per animation frame, the last of each goal.
 */
export const followGoalProgress = (
  socket: Client,
  known: KnownProgress,
  request: Request,
  onForbidden: () => void,
  onEvents: (events: readonly ProgressEvent[]) => void,
): (() => void) => {
  let waiting: readonly ProgressEvent[] = []
  let frame: number | null = null

  const flush = () => {
    frame = null
    const events = waiting
    waiting = []
    onEvents(events)
  }
  const stop = resume(socket, request, onForbidden, ({ goalProgress: event }) => {
    if (!event) return null
    if (admitEvent(known, event)) {
      // A hidden tab has no frames for hours, so what waits for one is kept to one event a goal.
      waiting = lastOfEachGoal([...waiting, event])
      frame ??= requestAnimationFrame(flush)
    }
    return event.cursor
  })
  return () => {
    if (frame !== null) cancelAnimationFrame(frame)
    stop()
  }
}
