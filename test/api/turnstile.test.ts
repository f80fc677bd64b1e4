/** How many sockets and subscriptions one network address, token or member may have. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONNECTION_LIMITS } from '@tidemark/server/config.ts'
import { createTurnstile, type Visitor } from '@tidemark/server/http/turnstile.ts'
import { openRawSocket, type RawSocket } from '../support/raw-socket.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const visitorAt = (place: string, operations = 0): Visitor => ({
  place,
  actor: null,
  operations: { size: operations },
})

describe('a turnstile', () => {
  it('lets in what an address may have at once, then as fast as it may, whatever another one does', () => {
    let time = 0
    const turnstile = createTurnstile({ ...CONNECTION_LIMITS, socketsPerAddress: 300 }, () => time)
    const arrive = (place: string) => {
      const refusal = turnstile.refusalAt(place)
      if (refusal !== null) return refusal
      const visitor = visitorAt(place)
      turnstile.enter(visitor)
      turnstile.refusalOf(visitor, crypto.randomUUID())
      turnstile.leave(visitor)
      return null
    }
    for (let index = 0; index < 300; index++) expect(arrive('here')).toBeNull()
    expect(arrive('here')).toMatch(/opened too fast/)
    expect(arrive('there')).toBeNull()
    time += 1_000
    for (let index = 0; index < 100; index++) expect(arrive('here')).toBeNull()
    expect(arrive('here')).toMatch(/opened too fast/)
  })

  it('holds back those who do not say who they are, and only of their address', () => {
    const turnstile = createTurnstile(CONNECTION_LIMITS)
    const unknown = Array.from({ length: 200 }, () => visitorAt('here'))
    for (const visitor of unknown) {
      expect(turnstile.refusalAt('here')).toBeNull()
      turnstile.enter(visitor)
    }
    expect(turnstile.refusalAt('here')).toMatch(/have not said who they are/)
    expect(turnstile.refusalAt('there')).toBeNull()
    const [first] = unknown
    if (first !== undefined) turnstile.refusalOf(first, 'somebody')
    expect(turnstile.refusalAt('here')).toBeNull()
  })

  it('counts the sockets and subscriptions of whoever they speak for, over all addresses', () => {
    const limits = { socketsPerAddress: 10, socketsPerActor: 2, subscriptionsPerActor: 5 }
    const turnstile = createTurnstile(limits)
    const [first, second, third] = [visitorAt('a', 3), visitorAt('b', 2), visitorAt('c')]
    for (const visitor of [first, second, third]) turnstile.enter(visitor)
    expect(turnstile.refusalOf(first, 'one')).toBeNull()
    expect(turnstile.refusalOf(second, 'one')).toBeNull()
    expect(turnstile.refusalOf(third, 'one')).toBe('At most 2 sockets at once')
    expect(turnstile.refusalOf(third, 'another')).toBeNull()
    expect(turnstile.subscriptionRefusal(first)).toBeNull()
    Object.assign(second, { operations: { size: 3 } })
    expect(turnstile.subscriptionRefusal(first)).toMatch(/You have 5 subscriptions/)
    expect(turnstile.subscriptionRefusal(third)).toBeNull()
    turnstile.leave(second)
    expect(turnstile.subscriptionRefusal(first)).toBeNull()
    expect(turnstile.refusalOf(visitorAt('d'), 'one')).toBeNull()
  })

  it('forgets addresses that nobody is at, so that ever new ones do not fill the memory', () => {
    const turnstile = createTurnstile(CONNECTION_LIMITS)
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < 100_000; index++) turnstile.refusalAt(`2001:db8:0:${index.toString(16)}::/64`)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50 * 2 ** 20)
  })
})

describe('a server', () => {
  let server: TestServer
  let token: string
  let another: string
  const sockets: RawSocket[] = []
  beforeAll(async () => {
    server = await startTestServer({
      trustedProxies: '127.0.0.1',
      connections: { socketsPerAddress: 6, socketsPerActor: 3, subscriptionsPerActor: 4 },
    })
    const organization = await server.createOrganization()
    token = await server.createToken(organization)
    another = await server.createToken(organization)
  })
  afterAll(async () => {
    await Promise.all(sockets.map((socket) => socket.close()))
    await server.close()
  })

  const open = async (from: string, key: string | null) => {
    const socket = await openRawSocket(server.url, { token: key, headers: { 'x-forwarded-for': from } })
    sockets.push(socket)
    return socket
  }

  it('answers 429 to the upgrade where an address has sockets enough, and others come in', async () => {
    const mine = [await open('198.51.100.1', token), await open('198.51.100.1', another)]
    for (let index = 0; index < 4; index++) await open('198.51.100.1', null)
    await expect(open('198.51.100.1', token)).rejects.toThrow('429')
    // The address is whom the proxy was asked by, not what was written before.
    await expect(open('203.0.113.1, 198.51.100.1', token)).rejects.toThrow('429')
    const other = await open('198.51.100.2', token)
    for (const socket of [...mine, other]) {
      socket.send({ type: 'ping' })
      await expect.poll(() => socket.frames.some(({ type }) => type === 'pong')).toBe(true)
    }
  })

  it('counts the networks of IPv6, where one has addresses without end', async () => {
    for (let index = 0; index < 6; index++) await open(`2001:db8:1:2::${index}`, null)
    await expect(open('2001:db8:1:2:ffff::1', null)).rejects.toThrow('429')
    await open('2001:db8:1:3::1', null)
  })

  it('closes with 1013, which clients come back from, where a token has sockets enough', async () => {
    const opened = await Promise.all([1, 2].map((index) => open(`192.0.2.${index}`, another)))
    const socket = await open('192.0.2.3', null)
    socket.send({ type: 'connection_init', payload: { token: another } })
    expect(await socket.closed).toEqual({ code: 1013, reason: 'At most 3 sockets at once' })
    await opened[0]?.close()
    await expect.poll(() => open('192.0.2.3', another).then(() => 'let in', String)).toBe('let in')
  })

  it('refuses a subscription with a message where a token has enough, and the socket lives', async () => {
    const key = await server.createToken(await server.createOrganization())
    const [first, second] = [await open('192.0.2.5', key), await open('192.0.2.6', key)]
    const query = 'subscription { goalProgress { cursor } }'
    const subscribe = (socket: RawSocket, id: string) =>
      socket.send({ id, type: 'subscribe', payload: { query } })
    for (const id of ['a', 'b', 'c']) subscribe(first, id)
    subscribe(second, 'd')
    await expect.poll(() => [first.frames.length, second.frames.length]).toEqual([1, 1])
    subscribe(second, 'e')
    await expect
      .poll(() => second.frames.at(-1))
      .toMatchObject({
        id: 'e',
        type: 'error',
        payload: [{ message: expect.stringMatching(/^You have 4/), extensions: { code: 'LIMIT_EXCEEDED' } }],
      })
    first.send({ id: 'a', type: 'complete' })
    second.send({ id: 'f', type: 'subscribe', payload: { query: '{ organization { slug } }' } })
    await expect.poll(() => second.frames.at(-1)).toEqual({ id: 'f', type: 'complete' })
    subscribe(second, 'g')
    second.send({ type: 'ping' })
    await expect.poll(() => second.frames.at(-1)?.type).toBe('pong')
    expect(second.frames.filter(({ id }) => id === 'g')).toEqual([])
  })
})
