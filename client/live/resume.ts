import type { Client, FormattedExecutionResult } from 'graphql-ws'
import type { SubscriptionForwarder } from 'urql'
import type {
  AlertRaisedSubscription,
  CustomerNewsSubscription,
  DashboardGoalProgressSubscription,
} from '../documents.generated.ts'
import { retryDelayMs } from './connection.ts'

export type Request = Parameters<SubscriptionForwarder>[0]

/** What comes: one of the subscriptions that can be resumed. */
export type Resumed = Partial<
  DashboardGoalProgressSubscription & AlertRaisedSubscription & CustomerNewsSubscription
>

const lostCodes = new Set<unknown>(['FORBIDDEN', 'UNAUTHENTICATED'])

/** Whether the server ended a subscription because whoever asks may not follow it any more, others perhaps still. */
export const isForbidden = (error: unknown): boolean =>
  Array.isArray(error) &&
  error.some((one: { readonly extensions?: { readonly code?: unknown } }) =>
    lostCodes.has(one.extensions?.code),
  )

/**
 * Keeps a subscription that can be resumed for as long as it is wanted: `take` gets what came and gives its cursor, and
 * a reconnected or restarted subscription continues after the last one. A right that was lost does not come back by
 * asking again: `onForbidden` finds out who is there by now.
 */
export const resume = (
  socket: Client,
  request: Request,
  onForbidden: () => void,
  take: (data: Resumed) => string | null,
): (() => void) => {
  const asked = (request.variables ?? {}) as { readonly since?: string | null }
  let cursor = asked.since ?? null
  let failures = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let isDone = false
  let stop = () => {}

  const next = ({ data }: FormattedExecutionResult<Resumed, unknown>) => {
    if (!data) return
    failures = 0
    cursor = take(data)
  }
  const start = () => {
    // graphql-ws sends this very object again after a reconnect, so `since` is read at the moment of sending.
    const variables = {
      ...asked,
      get since() {
        return cursor
      },
    }
    stop = socket.subscribe<Resumed>(
      { query: request.query ?? '', operationName: request.operationName ?? null, variables },
      { next, error: restart, complete: () => restart(null) },
    )
  }
  const restart = (error: unknown) => {
    if (isDone) return
    if (isForbidden(error)) return onForbidden()
    // The server refused the subscription itself: perhaps it no longer takes this cursor. Begin anew.
    if (Array.isArray(error)) cursor = null
    timer = setTimeout(start, retryDelayMs(failures++, Math.random()))
  }

  start()
  return () => {
    isDone = true
    clearTimeout(timer)
    stop()
  }
}
