/** A reader that is cancelled: nothing of it is left in the database, and nobody else's statement is hit. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction, openReader, type Reader } from '@tidemark/drizzle/transaction.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { full } from '../support/scale.ts'

const ours = '0193d1c0-0000-7000-8000-000000000001'
const POOL = 4

let database: TestDatabase
let connection: Connection
let watcher: Connection
beforeAll(async () => {
  database = await createDatabase()
  connection = await connect(database.url, { max: POOL })
  watcher = await connect(database.url, { max: 1 })
})
afterAll(async () => {
  await connection.close()
  await watcher.close()
  await database.drop()
})

const sleeping = async (): Promise<number> => {
  const [row] = await watcher.sql<[{ count: number }]>`
    select count(*)::int as count from pg_stat_activity
    where state = 'active' and query like 'select pg_sleep%' and datname = current_database()`
  return row.count
}

const sleepIn = (reader: Reader, seconds: number) =>
  reader.read(({ sql }) => sql.unsafe(`select pg_sleep(${seconds})`))

describe('a reader that is cancelled', () => {
  it('ends its statement in the database at once, and rejects whoever waits for it', async () => {
    const reader = openReader(connection, ours)
    const reading = sleepIn(reader, 30)
    await expect.poll(sleeping).toBe(1)
    const started = performance.now()
    const cancelled = reader.cancel()
    await expect(reading).rejects.toMatchObject({ code: '57014' })
    await cancelled
    expect(performance.now() - started).toBeLessThan(1_000)
    expect(await sleeping()).toBe(0)
    await expect(reader.read(() => Promise.resolve())).rejects.toThrow('This reader is closed')
  })

  it('is ended also between its statements, and where they follow each other', async () => {
    const reader = openReader(connection, ours)
    const reading = reader.read(async ({ sql }) => {
      for (let round = 0; round < 1_000; round++) {
        await sql.unsafe('select pg_sleep(0.01)')
        await sleep(round % 5)
      }
    })
    reading.catch(() => {})
    await sleep(30)
    await reader.cancel()
    await expect(reading).rejects.toMatchObject({ code: expect.stringMatching(/^(57014|25P02)$/) })
  })

  it('runs nothing any more where it still waited for a connection, or for what comes before', async () => {
    const busy = Array.from({ length: POOL }, () => openReader(connection, ours))
    const holding = busy.map((reader) => sleepIn(reader, 0.1).finally(() => void reader.close()))
    const waiting = openReader(connection, ours)
    let ran = false
    const reading = waiting.read(() => Promise.resolve((ran = true)))
    const cancelled = waiting.cancel()
    await expect(reading).rejects.toThrow('This reader was cancelled')
    await cancelled
    await Promise.all(holding)
    expect(ran).toBe(false)
  })

  it('does nothing where nothing was read, or all was', async () => {
    await openReader(connection, ours).cancel()
    const reader = openReader(connection, ours)
    await reader.read(({ sql }) => sql`select 1`)
    await reader.cancel()
    expect(await reader.cancel()).toBeUndefined()
  })

  it('ends by its time limit where the cancelling itself fails', async () => {
    const lost: Connection = { ...connection, cancel: () => Promise.reject(new Error('no connection')) }
    const reader = openReader(lost, ours, { timeoutMs: 200 })
    const reading = sleepIn(reader, 30)
    reading.catch(() => {})
    await sleep(20)
    await reader.cancel()
    await expect(reading).rejects.toMatchObject({ code: '57014' })
  })

  it(
    'never hits a statement of somebody else on the same connections, however often and whenever',
    {
      timeout: full(600_000, 30_000),
    },
    async () => {
      const rounds = full(20_000, 400)
      const over = new AbortController()
      let strangers = 0
      const stranger = async () => {
        while (!over.signal.aborted) {
          await inTransaction(connection, { organizationId: ours, mode: 'write' }, async ({ sql }) => {
            await sql.unsafe('select pg_sleep(0.001)')
            await sql`select 1`
          })
          strangers += 1
        }
      }
      const victim = async (index: number) => {
        for (let round = index; round < rounds; round += POOL) {
          const reader = openReader(connection, ours)
          const reading = reader.read(async ({ sql }) => {
            await sql.unsafe(`select pg_sleep(${(round % 4) / 1_000})`)
            await sql`select 1`
          })
          reading.catch(() => {})
          // Before it begins, while it runs, at its very end, and when it is over.
          if (round % 7 > 0) await sleep(round % 7)
          // Its own end and the cancelling at the same moment.
          if (round % 2 === 0) void reader.close()
          await reader.cancel()
        }
      }
      const running = Promise.all([stranger(), stranger(), stranger()])
      await Promise.all(Array.from({ length: POOL }, (_, index) => victim(index)))
      over.abort()
      await running
      expect(strangers).toBeGreaterThan(50)
      expect(await sleeping()).toBe(0)
    },
  )
})
