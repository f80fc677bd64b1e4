/** What SIGTERM does to a server: it says that it leaves, ends what it began, and closes sockets so that they go elsewhere. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProcess } from '../support/process.ts'
import { openRawSocket, type RawSocket } from '../support/raw-socket.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

describe('a server that is told to stop', () => {
  it('is not ready any more, answers a moment longer, and closes its sockets one after the other', async () => {
    const token = await server.createToken(await server.createOrganization())
    const product = startProcess('server/main.ts', ['--no-dashboard'], {
      PORT: '0',
      DATABASE_URL: server.databaseUrl,
      TIDEMARK_DEMO: '0',
    })
    const url = (await product.line(/^ready /)).slice('ready '.length)
    const sockets: RawSocket[] = []
    for (let index = 0; index < 100; index++) {
      const raw = await openRawSocket(url, { token })
      raw.send({ id: 'a', type: 'subscribe', payload: { query: 'subscription { goalProgress { cursor } }' } })
      sockets.push(raw)
    }
    // The statement of it waits for the lock, so it runs when the server is told to stop.
    const busy = await openRawSocket(url, { token })
    const held = Promise.withResolvers<void>()
    const locked = Promise.withResolvers<void>()
    const holding = server.connection.sql.begin(async (sql) => {
      await sql`lock table customer in access exclusive mode`
      locked.resolve()
      await held.promise
    })
    await locked.promise
    busy.send({ id: 'q', type: 'subscribe', payload: { query: '{ customers { totalCount } }' } })
    await sleep(300)

    const began = performance.now()
    const closedAfter = sockets.map((raw) =>
      raw.closed.then(({ code, reason }) => ({ code, reason, ms: performance.now() - began })),
    )
    product.child.kill('SIGTERM')
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { interval: 10 }).toBe(503)
    const lateAnswer = await fetch(`${url}/healthz`)
    expect([lateAnswer.status, lateAnswer.headers.get('connection')]).toEqual([200, 'close'])
    await expect(openRawSocket(url, { token })).rejects.toThrow('503')

    const closed = await Promise.all(closedAfter)
    expect(new Set(closed.map(({ code, reason }) => `${code} ${reason}`))).toEqual(
      new Set(['1001 Going away']),
    )
    const times = closed.map(({ ms }) => ms).toSorted((one, other) => one - other)
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(50)
    expect(busy.socket.readyState).toBe(busy.socket.OPEN)
    held.resolve()
    await holding
    expect(await busy.closed).toMatchObject({ code: 1001 })
    expect(busy.frames.find(({ id, type }) => id === 'q' && type === 'next')?.payload).toMatchObject({
      data: { customers: { totalCount: 0 } },
    })
    expect((await product.ended).code).toBe(0)
    expect(performance.now() - began).toBeLessThan(10_000)
  })
})
