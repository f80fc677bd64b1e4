/** Server processes that are killed or stand still, while clients pay and screens watch. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { Company } from '../support/company.ts'
import { followAll, untilLive } from '../support/follower.ts'
import { startLoad } from '../support/load.ts'
import { CONNECTIONS_PER_SERVER, judge } from '../support/oracle.ts'
import { full } from '../support/scale.ts'
import { firstOf, openSite as openBalanced, type Site } from '../support/site.ts'
import { tell } from '../support/tell.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const openSite = async (): Promise<Site> => {
  const site = await openBalanced()
  closing.push(() => site.close())
  return site
}

const TIMEOUT_MS = full(1_800_000, 120_000)

describe('kill -9', () => {
  it('of the only server, in the middle of mutations', { timeout: TIMEOUT_MS }, async (context) => {
    const kills = full(200, 2)
    const did = 'kill -9 of the only server, again and again, in the middle of the mutations of 8 clients'
    tell(context, 'F1', did)
    const { company, servers, url, add, remove } = await openSite()
    await add()
    const followers = await followAll(20, url, company.token)
    const load = startLoad(company, url, { clients: 8 })
    const until = performance.now() + full(1_500_000, 60_000)
    let done = 0
    for (; done < kills && performance.now() < until; done++) {
      const before = load.acknowledged.size
      await expect.poll(() => load.acknowledged.size, { timeout: 30_000 }).toBeGreaterThan(before + 8)
      await sleep(Math.random() * 200)
      const server = firstOf(servers)
      remove(server)
      await server.kill()
      await add()
    }
    await load.stop()
    expect(load.broken()).toBeGreaterThan(done)
    const { wrongs, counts } = await judge(company, { followers, loads: [load], url: url() })
    tell(context, 'F1', did, { kills: done, brokenRequests: load.broken(), ...counts })
    expect(wrongs).toEqual([])
    for (const follower of followers) follower.stop()
  })

  it(
    'of one of two, of which each may be the one that evaluates',
    { timeout: TIMEOUT_MS },
    async (context) => {
      const kills = full(20, 2)
      const subscribers = full(200, 50)
      const did = `two servers, kill -9 of each in turn, ${kills} times: its subscribers move to the other`
      tell(context, 'F12', did)
      const { company, servers, url, add, remove } = await openSite()
      await add()
      await add()
      const followers = await followAll(subscribers, url, company.token)
      const load = startLoad(company, url, { clients: 4, pauseMs: 20 })
      const handOverMs: number[] = []
      const backMs: number[] = []
      for (let count = 0; count < kills; count++) {
        await sleep(1_000)
        const server = firstOf(servers)
        remove(server)
        const killed = server.kill()
        const began = performance.now()
        const before = await lastSequence(company)
        await killed
        backMs.push(await untilLive(followers, 60_000))
        await expect
          .poll(() => lastSequence(company), { timeout: 60_000, interval: 20 })
          .toBeGreaterThan(before)
        handOverMs.push(performance.now() - began)
        await add()
      }
      await load.stop()
      const { wrongs, counts } = await judge(company, {
        followers,
        loads: [load],
        url: url(),
        connectionsMax: 2 * CONNECTIONS_PER_SERVER,
      })
      tell(context, 'F12', did, {
        ...counts,
        longestUntilEvaluatedByTheOtherMs: Math.max(...handOverMs),
        longestUntilAllWereLiveMs: Math.max(...backMs),
      })
      expect(wrongs).toEqual([])
      expect(counts.reconnected).toBeGreaterThan(subscribers / 4)
      for (const follower of followers) follower.stop()
    },
  )
})

const lastSequence = async ({ connection, organization }: Company): Promise<number> => {
  const [row] = await connection.sql<{ last: number }[]>`
    select coalesce(max(sequence), 0)::int as last from goal_progress where organization_id = ${organization.id}`
  return row?.last ?? 0
}

describe('a server that stands still', () => {
  it('for 5 s goes on as if nothing had been', { timeout: TIMEOUT_MS }, async (context) => {
    const stalls = full(10, 1)
    const did = `the server's process stands still for 5 s (SIGSTOP), ${stalls} times`
    tell(context, 'F18', did)
    const { company, url, add } = await openSite()
    const server = await add()
    const followers = await followAll(20, url, company.token)
    const load = startLoad(company, url, { clients: 6, pauseMs: 10 })
    const recoveredMs: number[] = []
    for (let count = 0; count < stalls; count++) {
      await sleep(1_000)
      server.signal('SIGSTOP')
      await sleep(5_000)
      const before = load.acknowledged.size
      server.signal('SIGCONT')
      const began = performance.now()
      await expect
        .poll(() => load.acknowledged.size, { timeout: 10_000, interval: 10 })
        .toBeGreaterThan(before + 6)
      recoveredMs.push(performance.now() - began)
    }
    await load.stop()
    await untilLive(followers, 60_000)
    const { wrongs, counts } = await judge(company, { followers, loads: [load], url: url() })
    tell(context, 'F18', did, { ...counts, longestUntilServedAgainMs: Math.max(...recoveredMs) })
    expect(wrongs).toEqual([])
    expect(server.process.child.exitCode).toBeNull()
    for (const follower of followers) follower.stop()
  })
})
