/** A PostgreSQL that is killed under payments and hundreds of screens, and one that is there and says nothing. */
import { connect } from '@tidemark/drizzle/connect.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { type Company, openCompany } from '../support/company.ts'
import { followAll, untilLive } from '../support/follower.ts'
import { request } from '../support/graphql.ts'
import { openLine, placeOf, through } from '../support/line.ts'
import { type Load, startLoad } from '../support/load.ts'
import { judge } from '../support/oracle.ts'
import { type OwnPostgres, openOwnPostgres } from '../support/own-postgres.ts'
import { full } from '../support/scale.ts'
import { tell } from '../support/tell.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const openOwn = async (): Promise<{ postgres: OwnPostgres; company: Company }> => {
  const postgres = await openOwnPostgres()
  closing.push(() => postgres.close())
  const company = await openCompany({ databaseUrl: postgres.url })
  closing.push(() => company.close())
  return { postgres, company }
}

const TIMEOUT_MS = full(1_800_000, 180_000)

describe('PostgreSQL that is killed', () => {
  it('and started again loses nothing that was acknowledged', { timeout: TIMEOUT_MS }, async (context) => {
    const kills = full(50, 2)
    const subscribers = full(200, 50)
    const did = `kill -9 of the postmaster and \`pg_ctl stop -m immediate\` in turns, under payments and ${subscribers} subscribers`
    tell(context, 'F3', did)
    const { postgres, company } = await openOwn()
    const server = await company.startServer()
    const url = () => server.url
    const followers = await followAll(subscribers, url, company.token)
    const load = startLoad(company, url, { clients: 6 })
    const servedMs: number[] = []
    const until = performance.now() + full(1_500_000, 60_000)
    let done = 0
    for (; done < kills && performance.now() < until; done++) {
      await moves(load, 12)
      await postgres.end(done % 2 === 0 ? 'SIGKILL' : 'SIGQUIT')
      await sleep(Math.random() * 500)
      await postgres.start()
      const began = performance.now()
      await moves(load, 1)
      servedMs.push(performance.now() - began)
    }
    await load.stop()
    await untilLive(followers, 60_000)
    const { wrongs, counts } = await judge(company, { followers, loads: [load], url: server.url })
    const broken = await brokenPages(company)
    tell(context, 'F3', did, {
      kills: done,
      ...counts,
      brokenPagesAndIndexes: broken.length,
      longestUntilAPaymentWasTakenAgainMs: Math.max(...servedMs),
    })
    expect(wrongs).toEqual([])
    expect(broken).toEqual([])
    expect(server.process.child.exitCode).toBeNull()
    // Within two seconds on a machine that has time; a busy one is not to be red for it.
    expect(servedMs.toSorted((a, b) => a - b)[Math.floor(servedMs.length / 2)]).toBeLessThan(
      full(2_000, 8_000),
    )
    for (const follower of followers) follower.stop()
  })
})

/** Settles when so many more have been acknowledged. */
const moves = async (load: Load, more: number): Promise<void> => {
  const before = load.acknowledged.size
  await expect
    .poll(() => load.acknowledged.size, { timeout: 60_000, interval: 10 })
    .toBeGreaterThanOrEqual(before + more)
}

/** What `pg_amcheck --heapallindexed` would say of the product's tables and their indexes. */
const brokenPages = async ({ databaseUrl }: Company): Promise<string[]> => {
  const connection = await connect(databaseUrl, { max: 1, applicationName: 'outside' })
  try {
    await connection.sql.unsafe('create extension if not exists amcheck')
    const heap = await connection.sql<{ told: string }[]>`
      select c.relname || ': ' || v.msg as told
      from pg_class c, verify_heapam(c.oid) v
      where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace`
    await connection.sql`
      select bt_index_check(i.indexrelid, true) from pg_index i
      join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam
      where a.amname = 'btree' and c.relnamespace = 'public'::regnamespace and i.indisvalid`
    return heap.map(({ told }) => told)
  } catch (error) {
    return [String(error)]
  } finally {
    await connection.close()
  }
}

describe('PostgreSQL that is there and says nothing', () => {
  it(
    'turns health red and fails requests in time; then all goes on',
    { timeout: TIMEOUT_MS },
    async (context) => {
      const silentMs = full(30_000, 8_000)
      const did = `nothing arrives from PostgreSQL, nor at it, for ${silentMs / 1_000} s, and no connection breaks`
      tell(context, 'F7', did)
      const company = await openCompany()
      closing.push(() => company.close())
      const line = await openLine(() => [placeOf(company.databaseUrl)])
      closing.push(() => line.close())
      const server = await company.startServer({ DATABASE_URL: through(line, company.databaseUrl) })
      const url = () => server.url
      const followers = await followAll(20, url, company.token)
      const load = startLoad(company, url, { clients: 4, pauseMs: 20 })
      await moves(load, 10)

      line.setSilent(true)
      const began = performance.now()
      const connectionsBefore = line.opened()
      const redMs = async () => {
        for (;;) {
          const { status } = await fetch(`${server.url}/readyz`)
          if (status === 503) return performance.now() - began
          await sleep(50)
        }
      }
      const query = async () => {
        await sleep(500)
        const asked = performance.now()
        const { errors } = await request(server.url, company.token, '{ customers { totalCount } }')
        return { ms: performance.now() - asked, failed: errors.length > 0 }
      }
      const [health, asked] = await Promise.all([redMs(), query()])
      await sleep(silentMs - (performance.now() - began))
      const opened = line.opened() - connectionsBefore
      line.setSilent(false)
      const spoken = performance.now()
      await moves(load, 1)
      const recoveredMs = performance.now() - spoken
      await load.stop()
      await untilLive(followers, 60_000)
      const { wrongs, counts } = await judge(company, { followers, loads: [load], url: server.url })
      tell(context, 'F7', did, {
        redAfterMs: health,
        queryGaveUpAfterMs: asked.ms,
        connectionsTried: opened,
        takenAgainAfterMs: recoveredMs,
        ...counts,
      })
      expect(wrongs).toEqual([])
      expect(health).toBeLessThan(3_000)
      expect(asked.failed).toBe(true)
      expect(asked.ms).toBeLessThan(7_000)
      expect(recoveredMs).toBeLessThan(5_000)
      // No thundering: at most a few a second, and never more than the pools hold at once.
      expect(opened).toBeLessThan(60)
      for (const follower of followers) follower.stop()
    },
  )
})
