/** A10: nothing of one organization is left on a connection that serves another next. */
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { full } from '../support/scale.ts'
import { takeTurns } from '../support/tenants.ts'

const NAME = 'tidemark tenants'

let database: TestDatabase
let outside: Connection
beforeAll(async () => {
  database = await createDatabase()
  outside = await connect(database.url, { max: 2 })
})
afterAll(async () => {
  await outside.close()
  await database.drop()
})

describe('connections that two organizations use in turn', () => {
  it(
    'leak nothing, among errors, cancellations, pauses and killed backends',
    { timeout: full(600_000, 60_000) },
    async () => {
      const pool = await connect(database.url, { max: full(20, 6), applicationName: NAME })
      const turns = { count: full(10_000, 600), atOnce: full(20, 8), killEveryMs: 15 }
      const { leaks, done, killed } = await takeTurns(pool, outside, NAME, turns)
      expect(leaks).toEqual([])
      // Fewer of either would prove little.
      expect(done).toBeGreaterThan(turns.count / 4)
      expect(killed).toBeGreaterThan(10)
      await pool.close()
    },
  )
})
