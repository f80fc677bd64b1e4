/**
 * A server of `pnpm bench fanout`, in a process of its own: `bare` (ws, which sends the same bytes to all), `stock`
 * (graphql-ws' own server over our schema) or `ours`. All of them tell events out of the same source, without a database.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { subscribe as follow } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { ROLES } from '@tidemark/server/access/scopes.ts'
import type { Budgets } from '@tidemark/server/access/budget.ts'
import type { Services, Session } from '@tidemark/server/context.ts'
import { createLocalEvents } from '@tidemark/server/events.ts'
import { attachSockets } from '@tidemark/server/http/socket.ts'
import { createTurnstile } from '@tidemark/server/http/turnstile.ts'
import { createQueue } from '@tidemark/server/live/queue.ts'
import { createMetrics } from '@tidemark/server/metrics.ts'
import { createSchema } from '@tidemark/server/schema.ts'

export type ServerKind = 'bare' | 'stock' | 'ours'
/** What the bench says. */
export type ToServer = 'tell' | 'weigh'
/** What the server says. */
export type FromServer = { readonly port: number } | { readonly rss: number }

type Event = { readonly sequence: bigint; readonly cursor: string; readonly goal: object }

const PAST = { kind: 'UPDATE', cursor: '0', sequence: 0n }

/** What a tile of the dashboard shows: about 1 kB as JSON. */
const GOAL = {
  id: 'goal_01990000-0000-7000-8000-000000000000',
  name: 'Days sales outstanding of the region North, by the end of the year',
  direction: 'DECREASE',
  scope: 'Region North',
  currency: 'EUR',
  baseline: 52.4,
  target: 42,
  deadline: '2026-12-31',
  daysLeft: 39,
  state: 'ACTIVE',
  owner: { __typename: 'Member', id: 'member_01990000-0000-7000-8000-000000000001', name: 'Ann Miller' },
  metric: { metric: 'DSO', name: 'Days sales outstanding', unit: 'DAYS' },
  progress: {
    sequence: '4711',
    asOf: '2026-11-22',
    value: 47.31,
    valueReason: null,
    expected: 46.9,
    percentToTarget: 48.9,
    status: 'ON_TRACK',
    statusReason:
      'It is 0.4 days behind its trajectory, and the forecast reaches the target by the deadline.',
    recordedAt: '2026-11-22T10:11:12.123456Z',
  },
}

const followers = new Set<(event: Event) => void>()
let sequence = 0n

const followAll = () => {
  const queue = createQueue<Event>([], {
    itemsMax: 256,
    keyOf: () => 'goal',
    onEnd: () => followers.delete(follower),
    order: { position: sequence, sequenceOf: (event) => event.sequence },
  })
  const follower = (event: Event) => queue.push(event)
  followers.add(follower)
  return queue
}

/** With the moment at which it happened, in microseconds, for the clients to subtract. */
const nextEvent = (): Event => {
  sequence += 1n
  const now = Math.round((performance.timeOrigin + performance.now()) * 1_000)
  return { ...PAST, sequence, cursor: String(now), goal: GOAL }
}

const schema = createSchema({
  Subscription: { goalProgress: { subscribe: followAll, resolve: (event: object) => event } },
})

const freeOfCharge: Budgets = {
  open: () => ({
    spend: () => Promise.resolve(null),
    settle: () => {},
    again: () => {},
    report: () => ({ requested: 0, limit: 0, available: 0, maximum: 0, restorePerSecond: 0 }),
  }),
  close: () => Promise.resolve(),
}

const sessions = new Map<string, Session>()
const sessionOf = (token: string): Session => {
  const known = sessions.get(token)
  if (known !== undefined) return known
  const session: Session = {
    actor: {
      kind: 'token',
      id: token,
      name: token,
      role: null,
      scopes: new Set(ROLES.viewer),
      pointsPerMinute: null,
    },
    organization: { id: '01990000-0000-7000-8000-000000000000', timeZone: 'UTC' } as Session['organization'],
  }
  sessions.set(token, session)
  return session
}

const limits = { socketsPerAddress: 100_000, socketsPerActor: 100_000, subscriptionsPerActor: 100_000 }

/** Attaches a server of the kind, and gives what tells all who follow. */
const START: Readonly<Record<ServerKind, (server: ReturnType<typeof createServer>) => () => void>> = {
  bare: (server) => {
    const sockets = new WebSocketServer({ server, path: '/graphql' })
    sockets.on('connection', (socket) => {
      socket.on('message', (data) => {
        const { type } = JSON.parse((data as Buffer).toString()) as { readonly type: string }
        if (type === 'connection_init') socket.send('{"type":"connection_ack"}')
      })
    })
    return () => {
      const { cursor, goal } = nextEvent()
      const data = { goalProgress: { cursor, kind: 'UPDATE', goal } }
      const bytes = Buffer.from(
        JSON.stringify({ id: 'DashboardGoalProgress', type: 'next', payload: { data } }),
      )
      for (const socket of sockets.clients) socket.send(bytes, { binary: false })
    }
  },
  stock: (server) => {
    useServer({ schema, subscribe: follow }, new WebSocketServer({ server, path: '/graphql' }))
    return tellFollowers
  },
  ours: (server) => {
    const services = {
      events: createLocalEvents(() => {}),
      clock: () => Temporal.Now.instant(),
      metrics: createMetrics(),
    } as unknown as Services
    attachSockets(server, {
      services,
      schema,
      path: '/graphql',
      entrance: {
        authenticate: (credentials) =>
          Promise.resolve(credentials.kind === 'token' ? sessionOf(credentials.token) : null),
        sessionCookie: 'session',
        isTrusted: () => false,
      },
      budgets: freeOfCharge,
      trusted: null,
      turnstile: createTurnstile(limits),
      sessionCookieOf: () => undefined,
      logCause: (cause) => console.error(cause),
      logError: (error) => console.error(error),
    })
    return tellFollowers
  },
}

const tellFollowers = () => {
  const event = nextEvent()
  for (const push of followers) push(event)
}

const server = createServer()
const tell = START[process.argv[2] as ServerKind](server)
const say = (message: FromServer) => process.send?.(message)
process.on('message', (message: ToServer) => {
  if (message === 'tell') tell()
  else {
    globalThis.gc?.()
    globalThis.gc?.()
    say({ rss: process.memoryUsage.rss() })
  }
})
server.listen({ port: 0, host: '0.0.0.0', backlog: 4_096 }, () =>
  say({ port: (server.address() as AddressInfo).port }),
)
