/**
 * A12 to A15: too many sockets, too many subscriptions, frames that are too large, and clients that take for ever to
 * speak or to listen. They are turned away or cut off, and everybody else is served meanwhile.
 */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { request } from '../support/graphql.ts'
import { type Process, startProcess } from '../support/process.ts'
import { openRawSocket, type RawSocket } from '../support/raw-socket.ts'
import { full } from '../support/scale.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { createTwins, type Twins } from '../support/twins.ts'

let server: TestServer
let twins: Twins
/** The one that is attacked: a process of its own, so that its time and memory are not those of its attackers. */
let product: Process
let url: string
beforeAll(async () => {
  server = await startTestServer()
  twins = await createTwins(server)
  product = startProcess('server/main.ts', ['--no-dashboard'], {
    PORT: '0',
    DATABASE_URL: server.databaseUrl,
    TIDEMARK_DEMO: '0',
  })
  url = (await product.line(/^ready /)).slice('ready '.length)
})
afterAll(async () => {
  product.child.kill()
  await product.ended
  await server.close()
})

const sockets = new Set<Socket | RawSocket>()
afterEach(async () => {
  for (const socket of sockets) {
    if ('frames' in socket) await socket.close()
    else socket.destroy()
  }
  sockets.clear()
  // What was opened fast has to be made up for, or the next test is turned away.
  await sleep(500)
})
const keep = <Opened extends Socket | RawSocket>(socket: Opened): Opened => {
  sockets.add(socket)
  return socket
}

const WORST_ANSWER_MS = 30_000

/** What somebody else is refused of some queries, one after the other, and how long the slowest took beyond bounds. */
const othersAreRefused = async (): Promise<unknown[]> => {
  const refused: unknown[] = []
  for (let index = 0; index < 10; index++) {
    const began = performance.now()
    const { errors } = await request(url, twins.theirs.token, '{ customers { totalCount } }')
    refused.push(...errors)
    if (performance.now() - began > WORST_ANSWER_MS) refused.push(performance.now() - began)
  }
  return refused
}

/** The memory of the attacked process, in MB. */
const memory = async (): Promise<number> => {
  const status = await readFile(`/proc/${product.child.pid}/status`, 'utf8').catch(() => '')
  // Elsewhere than on Linux it is not measured.
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1_024
}

describe('A12: a socket that does not say who it is', () => {
  it('is closed with 4408', async () => {
    const raw = keep(await openRawSocket(url))
    expect((await raw.closed).code).toBe(4408)
  })

  it('has few beside it, from one address: the others wait outside, and nobody else does', async () => {
    const before = await memory()
    let inside = 0
    let outside = 0
    const attempts = full(10_000, 400)
    const knock = async () => {
      const raw = await openRawSocket(url).catch((error: Error) => error)
      if (raw instanceof Error) outside += 1
      else {
        inside += 1
        keep(raw)
      }
    }
    for (let sent = 0; sent < attempts; sent += 50) await Promise.all(Array.from({ length: 50 }, knock))
    expect(await othersAreRefused()).toEqual([])
    expect(inside + outside).toBe(attempts)
    // 200 at once, and as many again as were closed meanwhile.
    expect(outside).toBeGreaterThan(0)
    expect((await memory()) - before).toBeLessThan(100)
  })
})

describe('A13: subscriptions without end', () => {
  const subscription = { query: 'subscription { goalProgress { cursor } }' }
  const begin = (raw: RawSocket, count: number) => {
    for (let index = 0; index < count; index++) {
      raw.send({ id: `${index}`, type: 'subscribe', payload: subscription })
    }
  }
  const refusalsOf = ({ frames }: RawSocket) => frames.filter(({ type }) => type === 'error')
  const begunOf = ({ frames }: RawSocket) =>
    new Set(frames.filter(({ type }) => type === 'next').map(({ id }) => id)).size

  it('end at the hundredth of a socket with a message, and the socket lives', async () => {
    const raw = keep(await openRawSocket(url, { token: twins.ours.token }))
    begin(raw, 105)
    await expect.poll(() => refusalsOf(raw).length, { timeout: WORST_ANSWER_MS }).toBe(5)
    await expect.poll(() => begunOf(raw), { timeout: WORST_ANSWER_MS }).toBe(100)
    expect(refusalsOf(raw)[0]?.payload).toMatchObject([
      { message: expect.stringMatching(/at most 100/), extensions: { code: 'LIMIT_EXCEEDED' } },
    ])
    raw.send({ type: 'ping' })
    await expect.poll(() => raw.frames.some(({ type }) => type === 'pong')).toBe(true)
  })
})

describe('A14: a socket', () => {
  it('that sends a frame beyond the limit is closed, in one piece or in many', async () => {
    const whole = keep(await openRawSocket(url, { token: twins.ours.token }))
    whole.send('x'.repeat(300 * 1024))
    expect((await whole.closed).code).toBe(1009)

    const parts = keep(await openRawSocket(url, { token: twins.ours.token }))
    for (let index = 0; index < 300; index++) parts.socket.send('x'.repeat(1024), { fin: index === 299 })
    expect((await parts.closed).code).toBe(1009)
  })

  it('that compresses a bomb is not understood', async () => {
    const raw = keep(await openRawSocket(url))
    expect(raw.socket.extensions).toBe('')
  })

  it('that does not read does not fill the memory, however much happens', { timeout: 120_000 }, async () => {
    const { feed } = server.services
    const follow = feed.follow.bind(feed)
    const listeners: Parameters<typeof follow>[1][] = []
    Object.assign(feed, {
      follow: (organizationId: string, onRow: Parameters<typeof follow>[1]) => {
        listeners.push(onRow)
        return follow(organizationId, onRow)
      },
    })
    try {
      const raw = keep(await openRawSocket(server.url, { token: twins.ours.token }))
      raw.send({
        id: 'slow',
        type: 'subscribe',
        payload: {
          query: 'subscription { goalProgress { cursor goal { name progress { statusReason } } } }',
        },
      })
      await expect.poll(() => raw.frames.length, { timeout: WORST_ANSWER_MS }).toBeGreaterThan(2)
      raw.socket.pause()
      const goalIds = (twins.ours.ids['goal'] ?? []).map((id) => id.slice('goal_'.length))
      const rows = await server.connection.sql`
        select * from goal_progress where organization_id = ${twins.ours.organization.id} limit 1`
      const before = process.memoryUsage().rss
      let sequence = 1_000_000n
      for (let round = 0; round < full(1_200, 100); round++) {
        for (let index = 0; index < 1_000; index++) {
          sequence += 1n
          const row = { ...rows[0], sequence, goalId: goalIds[index % goalIds.length], status: 'ON_TRACK' }
          for (const listener of listeners) listener(row as unknown as Parameters<typeof listener>[0])
        }
        await sleep(1)
      }
      expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20)
      expect(await othersAreRefused()).toEqual([])
    } finally {
      Object.assign(feed, { follow })
    }
  })
})

describe('A15: clients that take for ever', () => {
  const connections = full(1_000, 100)
  const open = async (): Promise<Socket> => {
    const socket = keep(connect(Number(new URL(url).port), '127.0.0.1'))
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }
  /** Half a megabyte in twenty answers, and no work for the database. */
  const schemaHead = () => `GET /schema.graphql HTTP/1.1\r\nHost: a\r\nx-api-key: ${twins.ours.token}\r\n`
  const head = (length: number) =>
    `POST /graphql HTTP/1.1\r\nHost: a\r\nx-api-key: ${twins.ours.token}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n`

  type Slow = {
    readonly name: string
    readonly begin: (socket: Socket) => void
    readonly piece: string
    /** Where each is work enough to be a flood as well. */
    readonly connectionsMax?: number
  }
  const kinds: Slow[] = [
    {
      name: 'to send their headers',
      begin: (socket) => socket.write('POST /graphql HTTP/1.1\r\n'),
      piece: 'x-a: b\r\n',
    },
    { name: 'to send their body', begin: (socket) => socket.write(`${head(10_000)}\r\n`), piece: ' ' },
    {
      name: 'to read their answers',
      begin: (socket) => {
        socket.pause()
        for (let index = 0; index < 20; index++) socket.write(`${schemaHead()}\r\n`)
      },
      piece: '',
      connectionsMax: 200,
    },
    {
      name: 'to upgrade',
      begin: (socket) => socket.write('GET /graphql HTTP/1.1\r\nUpgrade: websocket\r\n'),
      piece: 'x-a: b\r\n',
    },
    { name: 'to say anything', begin: () => {}, piece: '' },
  ]

  it.each(kinds.map((kind) => [kind.name, kind] as const))(
    'leave room for all others: %s',
    { timeout: full(300_000, 60_000) },
    async (_name, { begin, piece, connectionsMax = connections }) => {
      const count = Math.min(connections, connectionsMax)
      const slow = await Promise.all(Array.from({ length: count }, open))
      for (const socket of slow) begin(socket)
      const dripping = setInterval(() => {
        for (const socket of slow) if (socket.writable && piece !== '') socket.write(piece)
      }, 500)
      try {
        expect(await othersAreRefused()).toEqual([])
        await sleep(full(5_000, 500))
        expect(await othersAreRefused()).toEqual([])
        // Read, so that the end of the connection is seen here.
        const closed = () => slow.filter((socket) => socket.resume().closed || socket.readableEnded).length
        await expect
          .poll(closed, { timeout: 150_000, interval: 1_000 })
          .toBeGreaterThanOrEqual(full(count, 0))
      } finally {
        clearInterval(dripping)
      }
    },
  )
})
