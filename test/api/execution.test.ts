import { buildSchema, type ExecutionResult, type GraphQLObjectType, parse } from 'graphql'
import { describe, expect, it, vi } from 'vitest'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { ROLES } from '@tidemark/server/access/scopes.ts'
import {
  type Bounds,
  type Context,
  createContext,
  renewView,
  type Services,
} from '@tidemark/server/context.ts'
import { NO_DELIVERY } from '@tidemark/server/delivery/config.ts'
import { executeOperation, subscribeOperation } from '@tidemark/server/execution.ts'
import { createLocalEvents } from '@tidemark/server/events.ts'
import { createMetrics } from '@tidemark/server/metrics.ts'

const schema = buildSchema('type Query { value: Int } type Subscription { value: Int }')
const fields = (schema.getType('Subscription') as GraphQLObjectType).getFields()

let ticks = 0
const services: Services = {
  // Nothing is read here, so nothing is opened either.
  connection: {} as Connection,
  events: createLocalEvents(() => {}),
  feed: { follow: () => Promise.resolve(() => {}), close: () => Promise.resolve() },
  alertFeed: { follow: () => Promise.resolve(() => {}), close: () => Promise.resolve() },
  customerFeed: { follow: () => Promise.resolve(() => {}), close: () => Promise.resolve() },
  kpiWatch: { follow: () => Promise.resolve(() => {}), close: () => Promise.resolve() },
  delivery: NO_DELIVERY,
  metrics: createMetrics(),
  clock: () => Temporal.Instant.fromEpochMilliseconds((ticks += 1)),
  publicUrl: () => 'http://tidemark.test',
}
const session = {
  actor: {
    kind: 'token',
    id: 't',
    name: 'test',
    role: null,
    scopes: new Set(ROLES.viewer),
    pointsPerMinute: null,
  },
  organization: { id: '01990000-0000-7000-8000-000000000000', timeZone: 'UTC' } as OrganizationRow,
} as const

/** A source that is fed by hand. */
const createSource = () => {
  const waiting: ((step: IteratorResult<number>) => void)[] = []
  let returned = false
  const source: AsyncIterableIterator<number> = {
    next: () => new Promise((resolve) => waiting.push(resolve)),
    return: () => {
      returned = true
      for (const resolve of waiting.splice(0)) resolve({ done: true, value: undefined })
      return Promise.resolve({ done: true, value: undefined })
    },
    [Symbol.asyncIterator]: () => source,
  }
  return {
    source,
    push: (value: number) => waiting.shift()?.({ done: false, value }),
    isReturned: () => returned,
  }
}

const subscribeTo = async (
  source: unknown,
  resolve: (event: number, args: object, context: Context) => unknown,
  bounds?: Bounds,
) => {
  Object.assign(fields['value'] ?? {}, { subscribe: () => source, resolve })
  const contextValue = createContext(services, session, caller, bounds)
  const events = await subscribeOperation({ schema, document: parse('subscription { value }'), contextValue })
  if (!('next' in events)) throw new Error(JSON.stringify(events))
  return { events, contextValue }
}

const caller = { requestId: 'r', address: null, agent: null }

describe('a subscription', () => {
  it('gets a context of its own for each event, and lets go of it', async () => {
    const { source, push } = createSource()
    const seen: Context[] = []
    const { events, contextValue } = await subscribeTo(source, (event, _args, context) => {
      seen.push(context)
      return event
    })
    for (const value of [1, 2]) {
      const step = events.next()
      push(value)
      expect((await step).value).toEqual({ data: { value } })
    }
    expect(new Set([contextValue, ...seen]).size).toBe(3)
    expect(new Set([contextValue, ...seen].map(({ loaders }) => loaders)).size).toBe(3)
    expect(seen[1]?.now.epochMilliseconds).toBeGreaterThan(seen[0]?.now.epochMilliseconds ?? 0)
    for (const { reader } of seen) {
      await expect(reader.read(() => Promise.resolve())).rejects.toThrow('This reader is closed')
    }
  })

  it('is left at once, also while it waits for an event', async () => {
    const { source, isReturned } = createSource()
    const { events } = await subscribeTo(source, (event) => event)
    const waiting = events.next()
    await events.return?.()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(isReturned()).toBe(true)
  })

  it('gives up an event that takes longer than 5 s, and goes on with the next', async () => {
    const { source, push } = createSource()
    const readers: Context['reader'][] = []
    const { events } = await subscribeTo(source, (event, _args, { reader }) => {
      readers.push(reader)
      return event === 1 ? new Promise(() => {}) : event
    })
    vi.useFakeTimers()
    try {
      const slow = events.next()
      push(1)
      await vi.advanceTimersByTimeAsync(5_001)
      const { value } = (await slow) as { readonly value: ExecutionResult }
      expect(value).toEqual({
        data: null,
        errors: [expect.objectContaining({ message: expect.any(String) })],
      })
      expect(value.errors?.[0]?.originalError).toMatchObject({ code: '57014' })
    } finally {
      vi.useRealTimers()
    }
    const next = events.next()
    push(2)
    expect((await next).value).toEqual({ data: { value: 2 } })
    for (const reader of readers) {
      await expect(reader.read(() => Promise.resolve())).rejects.toThrow('This reader is closed')
    }
  })

  it('runs nothing for whoever has left', async () => {
    const { source, push } = createSource()
    const left = new AbortController()
    const seen: number[] = []
    const { events } = await subscribeTo(
      source,
      (event) => {
        seen.push(event)
        return event
      },
      { left: left.signal, spending: null },
    )
    const step = events.next()
    left.abort()
    push(1)
    expect((await step).value).toMatchObject({ errors: [{ extensions: { code: 'ABORTED' } }] })
    expect(seen).toEqual([])
  })

  it('hands on what its source throws, for the protocol to mask', async () => {
    const broken = { next: () => Promise.reject(new Error('lost')), [Symbol.asyncIterator]: () => broken }
    const { events } = await subscribeTo(broken, (event) => event)
    await expect(events.next()).rejects.toThrow('lost')
  })
})

describe('a mutation', () => {
  it('reads its answer in a view that is newer than its command', async () => {
    const views: unknown[] = []
    const contextValue = createContext(services, session, caller)
    Object.assign((schema.getType('Query') as GraphQLObjectType).getFields()['value'] ?? {}, {
      resolve: (_root: unknown, _args: unknown, context: Context) => {
        views.push(context.reader, context.loaders, context.now)
        renewView(context)
        views.push(context.reader, context.loaders, context.now)
        return 1
      },
    })
    await executeOperation({ schema, document: parse('{ value }'), contextValue })
    expect(new Set(views).size).toBe(6)
    await expect(contextValue.reader.read(() => Promise.resolve())).rejects.toThrow('This reader is closed')
  })
})
