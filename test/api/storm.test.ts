/**
 * The faults of the driver, through the whole server: backends that are killed at any moment, and commits whose answer
 * is lost. Clients send again with the same idempotency key until they are answered; then everything was done exactly
 * once, every subscriber heard everything in order, and the books are sound.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { openCompany } from '../support/company.ts'
import { followAll, untilLive } from '../support/follower.ts'
import { startLoad } from '../support/load.ts'
import { judge } from '../support/oracle.ts'
import { full } from '../support/scale.ts'
import { openLossyWire } from '../support/swallow.ts'
import { tell } from '../support/tell.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const TIMEOUT_MS = full(900_000, 90_000)

describe('backends that are killed at any moment', () => {
  it(
    'lose nothing, do nothing twice, and do not end the server',
    { timeout: TIMEOUT_MS },
    async (context) => {
      const did = `a random backend killed every ${full(5, 20)} ms for ${full(60, 6)} s under 8 clients`
      tell(context, 'F4', did)
      const company = await openCompany()
      closing.push(() => company.close())
      const server = await company.startServer()
      const url = () => server.url
      const followers = await followAll(5, url, company.token)
      const load = startLoad(company, url, { clients: 8 })
      let killed = 0
      for (const until = performance.now() + full(60_000, 6_000); performance.now() < until;) {
        const rows = await company.connection.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where application_name <> 'outside' and pid <> pg_backend_pid() and backend_type = 'client backend'
          and datname = current_database() order by random() limit 1`
        killed += rows.length
        await sleep(full(5, 20))
      }
      await load.stop()
      await untilLive(followers, 20_000)
      const { wrongs, counts } = await judge(company, { followers, loads: [load], url: server.url })
      tell(context, 'F4', did, { killed, ...counts })
      expect(wrongs).toEqual([])
      expect(server.process.child.exitCode).toBeNull()
      // Fewer of either would prove little.
      expect(killed).toBeGreaterThan(10)
      expect(counts.acknowledged).toBeGreaterThan(10)
      expect(counts.sentAgain).toBeGreaterThan(0)
      for (const follower of followers) follower.stop()
    },
  )
})

describe('commits whose answer is lost', () => {
  it('are found done when they are asked for again', { timeout: TIMEOUT_MS }, async (context) => {
    const commands = full(1_000, 60)
    const did =
      'three of ten answers to COMMIT are swallowed on their way; clients ask again with the same key'
    tell(context, 'F6', did)
    const company = await openCompany()
    closing.push(() => company.close())
    const wire = await openLossyWire(company.databaseUrl)
    closing.push(() => wire.close())
    const server = await company.startServer({ DATABASE_URL: wire.url })
    const load = startLoad(company, () => server.url, { clients: 6 })
    wire.setShare(0.3)
    // As many as that, or as many as a busy machine comes to.
    const until = performance.now() + full(180_000, 30_000)
    while (load.acknowledged.size < commands && performance.now() < until) await sleep(50)
    await load.stop()
    wire.setShare(0)
    const { wrongs, counts } = await judge(company, { followers: [], loads: [load], url: server.url })
    tell(context, 'F6', did, { swallowed: wire.swallowed(), ...counts })
    expect(wrongs).toEqual([])
    expect(wire.swallowed()).toBeGreaterThan(counts.acknowledged / 10)
    expect(counts.sentAgain).toBeGreaterThan(counts.acknowledged / 20)
    expect(server.process.child.exitCode).toBeNull()
  })
})
