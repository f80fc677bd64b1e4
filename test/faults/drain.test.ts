/** F2: a server that is told to stop, as at every new version. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { CompanyServer } from '../support/company.ts'
import { followAll, untilLive } from '../support/follower.ts'
import { startLoad } from '../support/load.ts'
import { CONNECTIONS_PER_SERVER, judge } from '../support/oracle.ts'
import { full } from '../support/scale.ts'
import { firstOf, openSite, type Site } from '../support/site.ts'
import { tell } from '../support/tell.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const TIMEOUT_MS = full(900_000, 120_000)
const LOOK_EVERY_MS = 100

describe('SIGTERM under load', () => {
  it('fails nothing that is under way, and viewers move', { timeout: TIMEOUT_MS }, async (context) => {
    const stops = full(20, 1)
    const subscribers = full(200, 40)
    const did = `SIGTERM to one of two servers under payments and ${subscribers} subscribers, behind a balancer that asks /readyz 10 times a second, ${stops} times`
    tell(context, 'F2', did)
    const site = await openSite()
    closing.push(() => site.close())
    const { company, servers, url, add } = site
    await add()
    const followers = await followAll(subscribers, url, company.token)
    const load = startLoad(company, url, { clients: 6 })
    const exitMs: number[] = []
    const codes = new Set<number | null>()
    for (let count = 0; count < stops; count++) {
      await add()
      await sleep(500)
      const server = firstOf(servers)
      const began = performance.now()
      const watching = removeOnceRed(site, server)
      const { code } = await server.stop('SIGTERM')
      exitMs.push(performance.now() - began)
      codes.add(code)
      await watching
      await untilLive(followers, 60_000)
    }
    await load.stop()
    const { wrongs, counts } = await judge(company, {
      followers,
      loads: [load],
      url: url(),
      connectionsMax: 2 * CONNECTIONS_PER_SERVER,
    })
    const brokenRequests = load.broken()
    tell(context, 'F2', did, { brokenRequests, ...counts, longestExitMs: Math.max(...exitMs) })
    expect(wrongs).toEqual([])
    // Told to go elsewhere before anything began is no failure, and the client knows it.
    expect([...load.refusals.keys()].filter((code) => code !== 'HTTP 503')).toEqual([])
    expect(brokenRequests).toBe(0)
    expect([...codes]).toEqual([0])
    expect(Math.max(...exitMs)).toBeLessThan(10_000)
    expect(followers.flatMap(({ closes }) => closes).filter((code) => code === 1006)).toEqual([])
    for (const follower of followers) follower.stop()
  })
})

/** As a balancer does: it sends nothing new to whoever says that it is not ready, or does not answer. */
const removeOnceRed = async ({ remove }: Site, server: CompanyServer): Promise<void> => {
  for (;;) {
    const status = await fetch(`${server.url}/readyz`).then(
      (answer) => answer.status,
      () => 0,
    )
    if (status !== 200) {
      remove(server)
      return
    }
    await sleep(LOOK_EVERY_MS)
  }
}
