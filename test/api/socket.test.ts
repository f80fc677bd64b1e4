/** What sockets do that their makers did not mean: reset, stay, leave early, use a name twice. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WebSocket as ServerSocket } from 'ws'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROLES } from '@tidemark/server/access/scopes.ts'
import type { Authenticate } from '@tidemark/server/access/authenticate.ts'
import type { Services, Session } from '@tidemark/server/context.ts'
import { createLocalEvents } from '@tidemark/server/events.ts'
import type { Budgets } from '@tidemark/server/access/budget.ts'
import { CONNECTION_LIMITS } from '@tidemark/server/config.ts'
import { createProtocol, type Extra } from '@tidemark/server/http/socket-protocol.ts'
import { createTurnstile } from '@tidemark/server/http/turnstile.ts'
import { createSchema } from '@tidemark/server/schema.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const upgradeOf = (path: string, protocol: string) =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: a',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Sec-WebSocket-Protocol: ${protocol}`,
    '',
    '',
  ].join('\r\n')

describe('a connection that is cut off', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server.close())

  const open = async (): Promise<Socket> => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }
  const sendAndReset = async (text: string) => {
    const socket = await open()
    await new Promise((resolve) => socket.write(text, resolve))
    socket.resetAndDestroy()
  }

  it.each([
    ['a refused upgrade', upgradeOf('/nothing', 'graphql-transport-ws')],
    ['an upgrade of an unknown protocol', upgradeOf('/graphql', 'soap')],
    ['an accepted upgrade', upgradeOf('/graphql', 'graphql-transport-ws')],
    ['an upgrade with bytes after it', `${upgradeOf('/nothing', 'graphql-transport-ws')}${'x'.repeat(100)}`],
    ['what is no HTTP', 'hello\r\n\r\n'],
    ['half a request', 'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{'],
  ])('does not concern the server: %s', async (_case, text) => {
    const uncaught: unknown[] = []
    const note = (error: unknown) => void uncaught.push(error)
    process.prependListener('uncaughtException', note)
    try {
      for (let index = 0; index < 100; index++) await sendAndReset(text)
      await sleep(100)
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
      expect(uncaught).toEqual([])
    } finally {
      process.off('uncaughtException', note)
    }
  })

  it('does not stay when it was refused and its other end does not close', async () => {
    const socket = connect({ port: Number(new URL(server.url).port), host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => {})
    socket.write(upgradeOf('/nothing', 'graphql-transport-ws'))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 404 /)
    await once(socket, 'end')
    // What arrives at a closed end is answered with a reset.
    const closed = new Promise((resolve) => socket.once('close', resolve))
    const writing = setInterval(() => socket.write('x'), 10)
    await closed
    clearInterval(writing)
  })
})

type Frame = { readonly id?: string; readonly type: string; readonly payload?: unknown }

const session: Session = {
  actor: {
    kind: 'token',
    id: 't',
    name: 'test',
    role: null,
    scopes: new Set(ROLES.viewer),
    pointsPerMinute: null,
  },
  organization: { id: '01990000-0000-7000-8000-000000000000', timeZone: 'UTC' } as Session['organization'],
}

const freeOfCharge: Budgets = {
  open: () => ({
    spend: () => Promise.resolve(null),
    settle: () => {},
    again: () => {},
    report: () => ({ requested: 0, limit: 0, available: 0, maximum: 0, restorePerSecond: 0 }),
  }),
  close: () => Promise.resolve(),
}

/** A subscription whose sources are opened by hand and fed by hand. */
const createSources = () => {
  type Source = {
    push(value: string): void
    isReturned(): boolean
    readonly iterator: AsyncIterableIterator<unknown>
  }
  const opening: ((source: unknown) => void)[] = []
  const createSource = (): Source => {
    const values: unknown[] = []
    let wake = (): void => {}
    let returned = false
    const iterator: AsyncIterableIterator<unknown> = {
      async next() {
        if (values.length === 0 && !returned) await new Promise<void>((resolve) => (wake = resolve))
        return returned ? { done: true, value: undefined } : { done: false, value: values.shift() }
      },
      return() {
        returned = true
        wake()
        return Promise.resolve({ done: true, value: undefined })
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    const push = (cursor: string) => {
      values.push({ cursor })
      wake()
    }
    return { iterator, push, isReturned: () => returned }
  }
  return {
    subscribe: () => new Promise((resolve) => opening.push(resolve)),
    opening,
    /** Opens the source that was asked for first. */
    async open(): Promise<Source> {
      await expect.poll(() => opening.length).toBeGreaterThan(0)
      const source = createSource()
      opening.shift()?.(source.iterator)
      await sleep(5)
      return source
    },
  }
}

const createPeer = (options: { authenticate?: Authenticate } = {}) => {
  const sources = createSources()
  const resolving: (() => void)[] = []
  const schema = createSchema({
    Subscription: {
      goalProgress: {
        subscribe: sources.subscribe,
        resolve: (event: { cursor: string }) =>
          event.cursor === 'slow' ? new Promise((resolve) => resolving.push(() => resolve(event))) : event,
      },
    },
  })
  const services = {
    events: createLocalEvents(() => {}),
    clock: () => Temporal.Now.instant(),
  } as unknown as Services
  const protocol = createProtocol({
    services,
    schema,
    entrance: {
      authenticate: options.authenticate ?? (() => Promise.resolve(session)),
      sessionCookie: 'tidemark_session',
      isTrusted: () => false,
    },
    budgets: freeOfCharge,
    trusted: null,
    turnstile: createTurnstile(CONNECTION_LIMITS),
    logCause: () => {},
    logError: () => {},
    sessionCookieOf: () => undefined,
  })
  const sent: Frame[] = []
  const closedWith: number[] = []
  const socket = {
    OPEN: 1,
    readyState: 1,
    close(code: number) {
      closedWith.push(code)
      socket.readyState = 3
    },
  }
  let receive: (text: string) => Promise<void> = () => Promise.resolve()
  const extra: Extra = {
    socket: socket as unknown as ServerSocket,
    request: { socket: {}, headers: {} } as Extra['request'],
    outlet: {
      isOpen: () => socket.readyState === socket.OPEN,
      isFree: () => true,
      write: () => {},
      whenFree: () => {},
      closeAsSlow: () => {},
    },
    place: '127.0.0.1',
    actor: null,
    credentials: null,
    answersPings: true,
    running: new Set(),
    operations: new Set(),
  }
  const closed = protocol.server.opened(
    {
      protocol: 'graphql-transport-ws',
      send: (data) => void sent.push(JSON.parse(data) as Frame),
      close: (code) => socket.close(code ?? 1000),
      onMessage: (handle) => {
        receive = handle
      },
    },
    extra,
  )
  const say = (frame: Frame) => receive(JSON.stringify(frame))
  return {
    protocol,
    sources,
    resolving,
    extra,
    sent,
    closedWith,
    say,
    subscribe: (id: string) =>
      void say({ id, type: 'subscribe', payload: { query: 'subscription { goalProgress { cursor } }' } }),
    complete: (id: string) => say({ id, type: 'complete' }),
    async close() {
      socket.readyState = 3
      await closed(1006, '')
    },
    /** What was sent for an operation: cursors, and the types of other frames. */
    framesOf: (id: string) =>
      sent
        .filter((frame) => frame.id === id)
        .map(({ type, payload }) =>
          type === 'next'
            ? (payload as { data: { goalProgress: { cursor: string } } }).data.goalProgress.cursor
            : type,
        ),
  }
}

describe('a socket', () => {
  it('that closes while its token is looked up is not kept', async () => {
    const lookUp = Promise.withResolvers<Session | null>()
    const peer = createPeer({ authenticate: () => lookUp.promise })
    const initialised = peer.say({ type: 'connection_init', payload: { token: 'x' } })
    await peer.close()
    lookUp.resolve(session)
    await initialised
    expect(peer.protocol.connected.size).toBe(0)
  })

  const connectPeer = async () => {
    const peer = createPeer()
    await peer.say({ type: 'connection_init', payload: { token: 'x' } })
    expect(peer.protocol.connected.size).toBe(1)
    return peer
  }

  it('may use a name again while the source of the first is being opened', async () => {
    const peer = await connectPeer()
    peer.subscribe('A')
    await expect.poll(() => peer.sources.opening.length).toBe(1)
    await peer.complete('A')
    peer.subscribe('A')
    const first = await peer.sources.open()
    const second = await peer.sources.open()
    first.push('of the first')
    second.push('of the second')
    await expect.poll(() => peer.framesOf('A')).toEqual(['of the second'])
    expect(first.isReturned()).toBe(true)
    await peer.complete('A')
    expect(second.isReturned()).toBe(true)
    await expect.poll(() => peer.extra.operations.size).toBe(0)
  })

  it('may use a name again while an event of the first is being resolved', async () => {
    const peer = await connectPeer()
    peer.subscribe('A')
    const first = await peer.sources.open()
    first.push('slow')
    await expect.poll(() => peer.resolving.length).toBe(1)
    await peer.complete('A')
    peer.subscribe('A')
    const second = await peer.sources.open()
    peer.resolving[0]?.()
    await sleep(5)
    second.push('of the second')
    await expect.poll(() => peer.framesOf('A')).toEqual(['of the second'])
    await peer.close()
    expect([first.isReturned(), second.isReturned()]).toEqual([true, true])
    await expect.poll(() => peer.extra.operations.size).toBe(0)
  })

  it('leaves no source open when it closes, also none that is opened later', async () => {
    const peer = await connectPeer()
    for (const id of ['A', 'B']) peer.subscribe(id)
    const first = await peer.sources.open()
    await peer.close()
    const second = await peer.sources.open()
    expect([first.isReturned(), second.isReturned()]).toEqual([true, true])
    await expect.poll(() => peer.extra.operations.size).toBe(0)
  })

  it('counts as an operation what was ended while it is still on its way', async () => {
    const peer = await connectPeer()
    for (let index = 0; index < 101; index++) {
      peer.subscribe(`${index}`)
      await peer.complete(`${index}`)
    }
    peer.subscribe('last')
    await expect
      .poll(() => peer.sent.at(-1))
      .toMatchObject({ id: 'last', type: 'error', payload: [{ extensions: { code: 'LIMIT_EXCEEDED' } }] })
  })
})

describe('the feed', () => {
  it('has no follower left of subscriptions that used one name', async () => {
    const server = await startTestServer()
    const token = await server.createToken(await server.createOrganization())
    let followers = 0
    const { feed } = server.services
    const follow = feed.follow.bind(feed)
    Object.assign(feed, {
      follow: async (...args: Parameters<typeof follow>) => {
        const stop = await follow(...args)
        followers += 1
        let stopped = false
        return () => {
          if (!stopped) followers -= 1
          stopped = true
          stop()
        }
      },
    })
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'connection_init', payload: { token } }))
    await once(socket, 'message')
    const payload = { query: 'subscription { goalProgress { cursor } }' }
    for (let index = 0; index < 20; index++) {
      socket.send(JSON.stringify({ id: 'A', type: 'subscribe', payload }))
      if (index % 2 === 0) await sleep(index)
      if (index < 19) socket.send(JSON.stringify({ id: 'A', type: 'complete' }))
    }
    await expect.poll(() => followers).toBe(1)
    socket.send(JSON.stringify({ id: 'A', type: 'complete' }))
    await expect.poll(() => followers).toBe(0)
    expect(socket.readyState).toBe(WebSocket.OPEN)
    socket.terminate()
    await server.close()
  })
})
