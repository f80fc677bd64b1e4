/** A10 and F13 once more, with a pooler in transaction mode in between: the same sessions serve many clients. */
import { connect } from '@tidemark/drizzle/connect.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { findPgbouncer, openPooler } from '../support/pgbouncer.ts'
import { takeTurns } from '../support/tenants.ts'

const program = findPgbouncer()
if (program === null) console.warn('SKIPPED: PgBouncer. Install it to try a pooler in between.')

let database: TestDatabase
beforeAll(async () => {
  database = await createDatabase()
})
afterAll(() => database.drop())

describe.skipIf(program === null)('a pooler in transaction mode', () => {
  it('lets nothing of one organization reach another', async () => {
    const pooler = await openPooler(program ?? '', database.url, 10)
    const outside = await connect(database.url, { max: 2 })
    // Before its version 1.21 it takes no prepared statements.
    const pool = await connect(`${pooler.url}?prepare=false`, { max: 40, applicationName: 'tidemark pooled' })
    const turns = { count: 10_000, atOnce: 40, killEveryMs: 50 }
    const { leaks, done, killed } = await takeTurns(pool, outside, 'tidemark pooled', turns)
    expect(leaks).toEqual([])
    expect(done).toBeGreaterThan(turns.count / 4)
    expect(killed).toBeGreaterThan(20)
    await pool.close()
    await outside.close()
    await pooler.close()
  })
})
