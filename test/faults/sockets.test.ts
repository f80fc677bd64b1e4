/** What sockets may not do for long: have thousands of subscriptions, or read nothing. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CONNECTION_LIMITS } from '@tidemark/server/config.ts'
import { LIMITS } from '@tidemark/server/limits.ts'
import { request } from '../support/graphql.ts'
import { openRawSocket, type RawSocket } from '../support/raw-socket.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { createTwins, type Twins } from '../support/twins.ts'

let server: TestServer
let twins: Twins
beforeAll(async () => {
  server = await startTestServer()
  twins = await createTwins(server)
})
afterAll(() => server.close())

const opened: RawSocket[] = []
afterEach(async () => {
  for (const raw of opened.splice(0)) await raw.close()
})
const open = async (): Promise<RawSocket> => {
  const raw = await openRawSocket(server.url, { token: twins.ours.token })
  opened.push(raw)
  return raw
}

const subscribe = (raw: RawSocket, id: string) =>
  raw.send({ id, type: 'subscribe', payload: { query: 'subscription { goalProgress { cursor } }' } })

describe('one token', () => {
  it('has 2,000 subscriptions over all its sockets, and is told so at the next; its sockets live', async () => {
    const { subscriptionsPerActor } = CONNECTION_LIMITS
    const perSocket = LIMITS.subscriptionsPerSocket
    const sockets: RawSocket[] = []
    const count = (type: string) =>
      sockets.flatMap((raw) => [
        ...new Set(raw.frames.filter((frame) => frame.type === type).map(({ id }) => id)),
      ]).length
    const refused = () => sockets.flatMap((raw) => raw.frames).filter(({ type }) => type === 'error')
    while (sockets.length < subscriptionsPerActor / perSocket + 1) {
      const raw = await open()
      sockets.push(raw)
      for (let id = 0; id < perSocket; id++) subscribe(raw, `${id}`)
      const answered = () => count('next') + count('error')
      await expect.poll(answered, { timeout: 60_000 }).toBe(sockets.length * perSocket)
    }
    expect([count('next'), count('error')]).toEqual([subscriptionsPerActor, perSocket])
    expect(JSON.stringify(refused()[0])).toContain('2000 subscriptions')
    expect(sockets.every(({ socket }) => socket.readyState === socket.OPEN)).toBe(true)
    const { errors } = await request(server.url, twins.theirs.token, '{ customers { totalCount } }')
    expect(errors).toEqual([])
  })
})

describe('a socket', () => {
  it('that reads nothing, and so answers no ping, is cut off, and its subscriptions end', async () => {
    const { feed } = server.services
    const follow = feed.follow.bind(feed)
    let followers = 0
    Object.assign(feed, {
      follow: async (...args: Parameters<typeof follow>) => {
        const stop = await follow(...args)
        followers += 1
        return () => {
          followers -= 1
          stop()
        }
      },
    })
    const raw = await open()
    subscribe(raw, '1')
    await expect.poll(() => followers).toBe(1)
    raw.socket.pause()
    await sleep(30_000)
    await expect.poll(() => followers, { timeout: 10_000 }).toBe(0)
  })
})
