/** A10 and F13 once more, with a pooler in transaction mode in between: the same sessions serve many clients. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '@tidemark/drizzle/connect.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCompany } from '../support/company.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { followAll } from '../support/follower.ts'
import { startLoad } from '../support/load.ts'
import { judge } from '../support/oracle.ts'
import { findPgbouncer, openPooler } from '../support/pgbouncer.ts'
import { full, isFull } from '../support/scale.ts'
import { takeTurns } from '../support/tenants.ts'
import { tell } from '../support/tell.ts'

const program = findPgbouncer()
if (program === null) console.warn('SKIPPED: PgBouncer. Install it to try a pooler in between.')

let database: TestDatabase
beforeAll(async () => {
  database = await createDatabase()
})
afterAll(() => database.drop())

describe.skipIf(program === null)('a pooler in transaction mode', () => {
  it(
    'stands between a server and its database, and is not noticed',
    { timeout: full(300_000, 90_000) },
    async (context) => {
      const lastMs = full(60_000, 5_000)
      const did = `PgBouncer in transaction mode with 6 connections before PostgreSQL, whose backends are killed, for ${lastMs / 1_000} s`
      tell(context, 'F13', did)
      const company = await openCompany()
      const pooler = await openPooler(program ?? '', company.databaseUrl, 6)
      const server = await company.startServer({
        DATABASE_URL: `${pooler.url}?prepare=false`,
        DATABASE_LISTEN_URL: company.databaseUrl,
      })
      const url = () => server.url
      const followers = await followAll(40, url, company.token)
      const load = startLoad(company, url, { clients: 8 })
      // First in peace: with fewer connections than readers, none may wait for another for ever.
      await sleep(lastMs)
      expect(load.broken()).toBe(0)
      let killed = 0
      for (const until = performance.now() + lastMs; performance.now() < until;) {
        await sleep(200)
        const rows = await company.connection.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend' and application_name <> 'outside'
        order by random() limit 1`
        killed += rows.length
      }
      await load.stop()
      const { wrongs, counts } = await judge(company, { followers, loads: [load], url: server.url })
      tell(context, 'F13', did, { killed, ...counts })
      expect(wrongs).toEqual([])
      expect(server.process.child.exitCode).toBeNull()
      for (const follower of followers) follower.stop()
      await company.close()
      await pooler.close()
    },
  )

  it.skipIf(!isFull)('lets nothing of one organization reach another', async () => {
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
