import { createClient, type FormattedExecutionResult } from 'graphql-ws'
import { WebSocket } from 'ws'
import { type Document, textOf } from './graphql.ts'

export type Subscription<Data> = {
  /** The next event; rejects when there is none within `timeoutMs` (5 s) or when it has errors. */
  next(timeoutMs?: number): Promise<Data>
  /** The next event with its errors, as the protocol has it. */
  nextResult(timeoutMs?: number): Promise<FormattedExecutionResult<Data, unknown>>
  /** Ends the subscription and closes the socket. */
  return(): Promise<void>
}

/** A subscription over a WebSocket of its own. */
export const subscribe = <Data, Variables extends Record<string, unknown> = Record<string, unknown>>(
  url: string,
  token: string,
  document: Document<Data, Variables>,
  variables?: Variables,
): Subscription<Data> => {
  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { token },
    retryAttempts: 0,
  })
  const events = client.iterate<Data>({
    query: textOf(document),
    ...(variables === undefined ? {} : { variables }),
  })
  const nextResult = async (timeoutMs = 5_000) => {
    const step = await within(events.next(), timeoutMs)
    if (step.done === true) throw new Error('The subscription has ended')
    return step.value
  }
  return {
    nextResult,
    async next(timeoutMs) {
      const { data, errors } = await nextResult(timeoutMs)
      if (data == null || errors !== undefined)
        throw new Error(`Event with errors: ${JSON.stringify(errors)}`)
      return data
    },
    async return() {
      await events.return?.()
      await client.dispose()
    },
  }
}

const within = async <T>(promise: Promise<T>, timeoutMs: number): Promise<T> => {
  const timeout = Promise.withResolvers<never>()
  const timer = setTimeout(() => timeout.reject(new Error(`No event within ${timeoutMs} ms`)), timeoutMs)
  try {
    return await Promise.race([promise, timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}
