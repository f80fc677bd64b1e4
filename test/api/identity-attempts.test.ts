/** The limits on guessing, as they stand in PostgreSQL. */
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { beginAttempt, forgive, type Tried } from '@tidemark/server/identity/attempts.ts'
import { sweepIdentity } from '@tidemark/server/identity/sweep.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let connection: Connection
beforeAll(async () => {
  database = await createDatabase()
  connection = await connect(database.url, { max: 20 })
})
afterAll(async () => {
  await connection.close()
  await database.drop()
})

const attempt = (tried: Tried) => beginAttempt(connection, tried)
const times = async (count: number, tried: Tried) => {
  for (let index = 0; index < count; index++) expect((await attempt(tried)).refused).toBeNull()
}
const letTimePass = (interval: string) =>
  connection.sql`
    update identity.attempt set since = since - ${interval}::interval, locked_until = locked_until - ${interval}::interval`

describe('an e-mail', () => {
  it('is locked with the tenth failure, for a quarter of an hour', async () => {
    await times(9, { email: 'ten@example.com' })
    const tenth = await attempt({ email: 'ten@example.com' })
    expect(tenth).toMatchObject({ refused: null, locked: ['email'] })
    const { refused } = await attempt({ email: 'ten@example.com' })
    expect(refused?.by).toBe('email')
    expect(refused?.retryAfterSeconds).toBeGreaterThan(890)
    expect(refused?.retryAfterSeconds).toBeLessThanOrEqual(900)
    expect((await attempt({ email: 'other@example.com' })).refused).toBeNull()
  })

  it('is locked for twice as long each time, and for four hours at most', async () => {
    const tried = { email: 'again@example.com' }
    for (const seconds of [900, 1_800, 3_600, 7_200, 14_400, 14_400]) {
      await times(10, tried)
      const { refused } = await attempt(tried)
      expect(refused?.retryAfterSeconds).toBeGreaterThan(seconds - 10)
      expect(refused?.retryAfterSeconds).toBeLessThanOrEqual(seconds)
      await letTimePass(`${seconds} seconds`)
    }
    await letTimePass('25 hours')
    await times(10, tried)
    expect((await attempt(tried)).refused?.retryAfterSeconds).toBeLessThanOrEqual(900)
  })

  it('is let through again after a success, and after a pause', async () => {
    const tried = { email: 'right@example.com' }
    await times(9, tried)
    await forgive(connection, await attempt(tried))
    await times(9, tried)
    await letTimePass('16 minutes')
    await times(8, tried)
    expect(await attempt(tried)).toMatchObject({ refused: null, locked: [] })
  })

  it('lets ten through of a hundred at the same moment', async () => {
    const tried = { email: 'crowd@example.com', address: '192.0.2.9' }
    const all = await Promise.all(Array.from({ length: 100 }, () => attempt(tried)))
    expect(all.filter(({ refused }) => refused === null)).toHaveLength(10)
    const waits = all.flatMap(({ refused }) => refused?.retryAfterSeconds ?? [])
    expect(Math.min(...waits)).toBeGreaterThan(0)
  })
})

describe('a network address', () => {
  it('is locked with the thirtieth failure, and then locks no e-mail', async () => {
    const address = '192.0.2.1'
    for (let index = 0; index < 30; index++) {
      expect((await attempt({ address, email: `${index}@example.com` })).refused).toBeNull()
    }
    const before = await connection.sql`select from identity.attempt`
    const { refused } = await attempt({ address, email: 'new@example.com' })
    expect(refused?.by).toBe('address')
    expect(refused?.retryAfterSeconds).toBeLessThanOrEqual(300)
    expect(await connection.sql`select from identity.attempt`).toHaveLength(before.length)
  })

  it('is not locked by those who succeed', async () => {
    const address = '192.0.2.2'
    for (let index = 0; index < 40; index++) {
      await forgive(connection, await attempt({ address, email: 'busy@example.com' }))
    }
    await times(29, { address })
    const last = await attempt({ address })
    expect(last.locked).toEqual(['address'])
    await forgive(connection, last)
    expect((await attempt({ address })).refused).toBeNull()
  })
})

describe('a code', () => {
  it('is taken once, and five wrong ones lock the second factor', async () => {
    const tried = { secondFactor: 'user', code: 'user 123456' }
    await forgive(connection, await attempt(tried))
    expect((await attempt(tried)).refused?.by).toBe('code')
    for (const code of ['a', 'b', 'c', 'd']) await times(1, { ...tried, code })
    expect((await attempt({ ...tried, code: 'e' })).refused?.by).toBe('secondFactor')
  })
})

it('keeps nothing that was typed, and nothing that limits nobody any more', async () => {
  await attempt({ email: 'plain@example.com', address: '198.51.100.7' })
  const rows = await connection.sql`select * from identity.attempt`
  expect(JSON.stringify(rows)).not.toMatch(/plain|198\.51/)
  await letTimePass('2 days')
  await sweepIdentity(connection, Temporal.Now.instant())
  expect(await connection.sql`select from identity.attempt`).toHaveLength(0)
})
