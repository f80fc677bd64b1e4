/** Many who watch the same, over real sockets: told once by the server, each their own, and nobody what is another's. */
import { setTimeout as sleep } from 'node:timers/promises'
import { PassThrough } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { nextFrames } from '@tidemark/server/http/frames.ts'
import { createLine } from '@tidemark/server/http/line.ts'
import type { Payload } from '@tidemark/server/live/hub.ts'
import { openDesk, type Desk } from '../support/goals.ts'
import { openRawSocket, type Frame, type RawSocket } from '../support/raw-socket.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let desk: Desk
beforeAll(async () => {
  server = await startTestServer()
  desk = await openDesk(server, '')
  await createWatched(desk)
})
afterAll(() => server.close())

/** A goal whose first evaluation is over: it moves when it is moved, and not before. */
const createWatched = async (of: Desk): Promise<string> => {
  const { id } = await of.create()
  await of.until(id, ({ progress }) => progress !== null)
  return id
}

const sockets: RawSocket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) await socket.close()
  while ((await vital('subscriptions')) > 0) await sleep(20)
})

/** A number that the server counts of itself. */
const vital = async (name: string): Promise<number> => {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  return Number(new RegExp(`^tidemark_${name} (\\d+)$`, 'm').exec(text)?.[1])
}

const QUERY = `subscription Watch($after: String) {
  goalProgress(since: $after) { kind cursor goal { id name progress { sequence value } } }
}`

const watch = async (
  token: string,
  { id = 'watch', after = null, query = QUERY }: { id?: string; after?: string | null; query?: string } = {},
) => {
  const raw = await openRawSocket(server.url, { token })
  sockets.push(raw)
  raw.send({ id, type: 'subscribe', payload: { query, variables: { after } } })
  return raw
}

type Event = {
  readonly kind: string
  readonly cursor: string
  readonly goal: {
    readonly id: string
    readonly progress: { readonly sequence: string; readonly value: number }
  }
}
type Told = {
  readonly data: { readonly goalProgress: Event }
  readonly extensions?: { readonly cost?: object }
}

const nextsOf = ({ frames }: RawSocket) => frames.filter(({ type }) => type === 'next')
const payloadOf = (frame: Frame | undefined) => frame?.payload as Told
const eventsOf = (raw: RawSocket) => nextsOf(raw).map((frame) => payloadOf(frame).data.goalProgress)

let billed = 0
/** One more invoice, so that the goal moves once. */
const move = () => desk.bill([(billed += 1)])

const soon = { timeout: 10_000, interval: 20 }

describe('an event', () => {
  it('is executed once for all with the same rights, whatever they call it and whoever they are', async () => {
    const [manager, other, viewer] = await Promise.all([
      server.createToken(desk.organization, 'manager'),
      server.createToken(desk.organization, 'manager'),
      server.createToken(desk.organization, 'viewer'),
    ])
    const watching = await Promise.all([
      watch(manager, { id: 'a' }),
      watch(other, { id: 'a' }),
      watch(other, { id: 'of my "own"' }),
      watch(viewer, { id: 'a' }),
    ])
    for (const raw of watching) await expect.poll(() => eventsOf(raw).length, soon).toBe(1)
    expect([await vital('subscriptions'), await vital('distinct_subscriptions')]).toEqual([4, 2])
    const before = await vital('subscription_events_total')
    await move()
    for (const raw of watching) await expect.poll(() => eventsOf(raw).length, soon).toBe(2)
    expect((await vital('subscription_events_total')) - before).toBe(2)
    const last = watching.map((raw) => nextsOf(raw)[1])
    expect(last.map((frame) => frame?.id)).toEqual(['a', 'a', 'of my "own"', 'a'])
    expect(new Set(last.map((frame) => JSON.stringify(frame?.payload))).size).toBe(1)
    expect(payloadOf(last[0]).data.goalProgress.kind).toBe('UPDATE')
  })

  it('is told with its price to each who begins, as theirs', async () => {
    const tokens = await Promise.all([1, 2].map(() => server.createToken(desk.organization)))
    const [one, two] = await Promise.all(tokens.map((token) => watch(token)))
    for (const raw of [one, two]) {
      await expect.poll(() => raw && nextsOf(raw).length, soon).toBe(1)
      expect(payloadOf(raw && nextsOf(raw)[0]).extensions?.cost).toMatchObject({
        requested: expect.any(Number),
        maximum: 100_000,
      })
    }
  })

  it('is none of another organization’s', async () => {
    const foreign = await openDesk(server, '')
    const id = await createWatched(foreign)
    const [ours, theirs] = await Promise.all([watch(desk.token), watch(foreign.token)])
    for (const raw of [ours, theirs]) await expect.poll(() => eventsOf(raw).length, soon).toBe(1)
    await move()
    await expect.poll(() => eventsOf(ours).length, soon).toBe(2)
    await sleep(200)
    expect(new Set(eventsOf(theirs).map(({ goal }) => goal.id))).toEqual(new Set([id]))
    expect(eventsOf(ours).map(({ goal }) => goal.id)).not.toContain(id)
  })
})

describe('whoever comes back', () => {
  it('is told what they missed, once and in order, and then what all are told', async () => {
    const stays = await watch(desk.token)
    const leaves = await watch(desk.token)
    for (const raw of [stays, leaves]) await expect.poll(() => eventsOf(raw).length, soon).toBe(1)
    await move()
    await expect.poll(() => eventsOf(leaves).length, soon).toBe(2)
    await leaves.close()
    const after = eventsOf(leaves).at(-1)?.cursor ?? null
    for (let index = 3; index < 6; index++) {
      await move()
      await expect.poll(() => eventsOf(stays).length, soon).toBe(index)
    }
    const before = await vital('subscription_replays_total')
    const back = await Promise.all(Array.from({ length: 20 }, () => watch(desk.token, { after })))
    await move()
    await expect.poll(() => eventsOf(stays).length, soon).toBe(6)
    for (const raw of back) {
      await expect.poll(() => eventsOf(raw).length, soon).toBe(4)
      expect(eventsOf(raw)).toEqual(eventsOf(stays).slice(2))
    }
    // Many of them asked while others were being told.
    expect((await vital('subscription_replays_total')) - before).toBeLessThan(20)
  })

  it('with a text that is no place is told so, and everybody else goes on', async () => {
    const [right, wrong] = [await watch(desk.token), await watch(desk.token, { after: 'nowhere' })]
    await expect
      .poll(() => nextsOf(wrong)[0]?.payload, soon)
      .toMatchObject({
        errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
      })
    await expect.poll(() => wrong.frames.at(-1)?.type, soon).toBe('complete')
    await expect.poll(() => eventsOf(right).length, soon).toBe(1)
    await move()
    await expect.poll(() => eventsOf(right).length, soon).toBe(2)
    expect(wrong.socket.readyState).toBe(wrong.socket.OPEN)
  })
})

/** The feed's followers, to be told what never happened; `end` puts all back. */
const tapFeed = () => {
  const { feed } = server.services
  const follow = feed.follow.bind(feed)
  type OnRow = Parameters<typeof follow>[1]
  const followers: OnRow[] = []
  const tapped: typeof follow = (organizationId, onRow) => {
    followers.push(onRow)
    return follow(organizationId, onRow)
  }
  Object.assign(feed, { follow: tapped })
  return {
    tell: (row: unknown) => {
      for (const onRow of followers) onRow(row as Parameters<OnRow>[0])
    },
    end: () => void Object.assign(feed, { follow }),
  }
}

describe('whoever reads nothing', () => {
  it('is closed so that they come back, and nobody waits for them', { timeout: 90_000 }, async () => {
    const feed = tapFeed()
    try {
      const names = Array.from({ length: 25 }, (_, index) => `n${index}: name`).join(' ')
      const query = QUERY.replace('name progress', `${names} progress`)
      const [slow, reader] = [await watch(desk.token, { query }), await watch(desk.token, { query })]
      for (const raw of [slow, reader]) await expect.poll(() => eventsOf(raw).length, soon).toBe(1)
      const [row] = await server.connection.sql`
        select * from goal_progress where organization_id = ${desk.organization.id} order by sequence desc limit 1`
      const goalId = eventsOf(reader)[0]?.goal.id.slice('goal_'.length)
      slow.socket.pause()
      let sequence = 1_000_000n
      const isOver = async () => (await vital('slow_closes_total')) > 0
      for (const until = Date.now() + 60_000; Date.now() < until && !(await isOver());) {
        for (let index = 0; index < 200; index++) feed.tell({ ...row, goalId, sequence: (sequence += 1n) })
        await sleep(20)
      }
      expect(await vital('subscription_skips_total')).toBeGreaterThan(0)
      slow.socket.resume()
      expect(await slow.closed).toMatchObject({ code: 1013, reason: expect.stringContaining('resume') })
      const sequencesOf = (raw: RawSocket) => eventsOf(raw).map(({ goal }) => Number(goal.progress.sequence))
      await expect.poll(() => sequencesOf(reader).at(-1), soon).toBe(Number(sequence))
      for (const raw of [slow, reader]) {
        const told = sequencesOf(raw)
        expect(told.toSorted((one, other) => one - other)).toEqual(told)
        expect(new Set(told).size).toBe(told.length)
      }
      expect(sequencesOf(slow).at(-1)).toBeLessThan(Number(sequence))
    } finally {
      feed.end()
    }
  })
})

/** As RFC 6455 (5.2) has them; null for what is no whole text. */
const textsOf = (bytes: Buffer): (string | null)[] => {
  if (bytes.length === 0) return []
  if (bytes[0] !== 0x81) return [null]
  const short = bytes[1] ?? 0
  const header = short === 127 ? 10 : short === 126 ? 4 : 2
  const length =
    short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short
  const text = bytes.toString('utf8', header, header + length)
  return [text, ...textsOf(bytes.subarray(header + length))]
}

describe('frames', () => {
  const payloadWith = (text: string): Payload => ({
    json: Buffer.from(JSON.stringify({ data: text })),
    sequence: 1n,
    key: 'k',
  })

  it('are whole texts of any length, not masked, one or many at once', () => {
    const texts = ['', 'ä'.repeat(30), 'x'.repeat(200), 'y'.repeat(9_000), 'z'.repeat(70_000), '€']
    const pieces = [nextFrames('i"d', texts.map(payloadWith)), nextFrames('1', [payloadWith('end')])].flat()
    expect(textsOf(Buffer.concat(pieces))).toEqual([
      ...texts.map((data) => JSON.stringify({ id: 'i"d', type: 'next', payload: { data } })),
      JSON.stringify({ id: '1', type: 'next', payload: { data: 'end' } }),
    ])
  })

  it('share the bytes of a large payload, whatever the names', () => {
    const large = payloadWith('x'.repeat(20_000))
    expect(nextFrames('a', [large])).toContain(large.json)
    expect(nextFrames('bb', [large])).toContain(large.json)
    expect(nextFrames('a', [payloadWith('small'), payloadWith('smaller')])).toHaveLength(1)
  })
})

describe('the line to a client', () => {
  const openLine = (slowMs: number) => {
    const stream = new PassThrough({ highWaterMark: 100 })
    const closed: [number, string][] = []
    const socket = {
      OPEN: 1 as const,
      readyState: 1 as 0 | 1 | 2 | 3,
      close(code: number, reason: string) {
        socket.readyState = 2
        closed.push([code, reason])
      },
      terminate: () => {},
    }
    let slow = 0
    const line = createLine(socket, stream, {
      onSlow: () => (slow += 1),
      slowMs,
    })
    return { stream, line, closed, slowCloses: () => slow }
  }

  it('is not free while nobody reads, and calls back once somebody has', async () => {
    const { stream, line, closed } = openLine(5_000)
    line.write([Buffer.alloc(300)])
    expect(line.isFree()).toBe(false)
    let called = 0
    line.whenFree(() => (called += 1))
    line.whenFree(() => (called += 1))
    stream.resume()
    await expect.poll(() => called).toBe(2)
    expect([line.isFree(), closed]).toEqual([true, []])
  })

  it('is closed with a reason, once, where nobody reads for too long', async () => {
    const { line, closed, slowCloses } = openLine(30)
    line.write([Buffer.alloc(300)])
    let called = 0
    line.whenFree(() => (called += 1))
    await expect.poll(() => closed).toEqual([[1013, expect.stringContaining('resume after the last cursor')]])
    line.closeAsSlow()
    expect([called, slowCloses(), line.isOpen(), line.isFree()]).toEqual([0, 1, false, false])
  })
})
