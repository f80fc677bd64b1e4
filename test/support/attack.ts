/**
 * One attack on the API, tried over HTTP and over WebSocket: both must answer the same, as both have the same rules.
 * Server-sent events do not apply: there are none.
 */
import type { GraphQLFormattedError } from 'graphql'
import { expect } from 'vitest'
import { request } from './graphql.ts'
import { type Frame, openRawSocket } from './raw-socket.ts'

export type Operation = {
  readonly query: string
  readonly variables?: Readonly<Record<string, unknown>>
  readonly operationName?: string
}

export type Answered = {
  readonly data: unknown
  readonly errors: readonly GraphQLFormattedError[]
}

export type Attack = Operation & {
  readonly name: string
  /** What the first error must say, and its code. */
  readonly message: RegExp
  readonly code: string
}

export type Ask = (operation: Operation) => Promise<Answered>

/** One caller with both ways in, each kept open. */
export type Ways = {
  readonly http: Ask
  /** A query, a mutation, or the first event of a subscription. */
  readonly socket: Ask
  close(): Promise<void>
}

const ANSWER_MS_MAX = 20_000

/** The cookies of a person who signed in, and the organization that they want to act in. */
export type Person = { readonly cookie: string; readonly organization?: string }

/** Both ways to the server at `url` for whoever has this token, or for a person. */
export const openWays = async (url: string, who: string | Person): Promise<Ways> => {
  const socket = await openRawSocket(url, typeof who === 'string' ? { token: who } : { person: who })
  const waiting = new Map<string, (frame: Frame) => void>()
  socket.onFrame((frame) => waiting.get(frame.id ?? '')?.(frame))
  let asked = 0
  return {
    async http({ query, variables = {} }) {
      const token = typeof who === 'string' ? who : null
      const headers = typeof who === 'string' ? {} : headersOf(who)
      const { data, errors } = await request(url, token, query, { ...variables }, headers)
      return { data, errors }
    },
    async socket(operation) {
      const id = `${(asked += 1)}`
      const { promise, resolve, reject } = Promise.withResolvers<Frame>()
      const timer = setTimeout(
        () => reject(new Error(`No answer to ${operation.query.slice(0, 200)}`)),
        ANSWER_MS_MAX,
      )
      void socket.closed.then(({ code }) => reject(new Error(`The socket was closed with ${code}`)))
      waiting.set(id, resolve)
      try {
        socket.send({ id, type: 'subscribe', payload: operation })
        return answerOf(await promise)
      } finally {
        clearTimeout(timer)
        waiting.delete(id)
        socket.send({ id, type: 'complete' })
      }
    },
    close: () => socket.close(),
  }
}

export const headersOf = ({ cookie, organization }: Person): Readonly<Record<string, string>> => ({
  cookie,
  ...(organization === undefined ? {} : { 'x-tidemark-organization': organization }),
})

const answerOf = ({ type, payload }: Frame): Answered => {
  if (type === 'next') {
    const { data, errors } = payload as { data?: unknown; errors?: readonly GraphQLFormattedError[] }
    return { data: data ?? null, errors: errors ?? [] }
  }
  if (type === 'error') return { data: null, errors: payload as readonly GraphQLFormattedError[] }
  // A source that ends before its first event.
  return { data: null, errors: [] }
}

/** The answers over both ways, which must be the same but for the ids of masked errors and the points that are left. */
export const askBoth = async (ways: Ways, operation: Operation): Promise<Answered> => {
  const [http, socket] = [await ways.http(operation), await ways.socket(operation)]
  expect(withoutIds(socket)).toEqual(withoutIds(http))
  return http
}

export type Refusal = { readonly data: unknown; readonly message: string; readonly code: unknown }

/** What it is answered with, both ways: `data` is null where nothing ran. */
export const refusalOf = async (ways: Ways, { query, variables = {} }: Operation): Promise<Refusal> => {
  const { data, errors } = await askBoth(ways, { query, variables })
  const [first] = errors
  return { data, message: first?.message ?? '', code: first?.extensions?.['code'] }
}

/** How an attack must be answered. */
export const refused = ({ message, code }: Attack) => ({
  data: null,
  message: expect.stringMatching(message),
  code,
})

/** What differs between two answers to the same: the id that an error is logged by, and the points that are left. */
const OF_ONE_ANSWER = new Set(['errorId', 'available'])

const withoutIds = (answer: Answered): unknown =>
  JSON.parse(
    JSON.stringify(answer, (key, value: unknown) => (OF_ONE_ANSWER.has(key) ? undefined : value)).replaceAll(
      /Internal error [\da-f-]{36}/g,
      'Internal error',
    ),
  )
