/** F19: everybody comes back at the same moment. */
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { openCompany } from '../support/company.ts'
import { follow, type Follower, untilLive } from '../support/follower.ts'
import { startLoad } from '../support/load.ts'
import { judge } from '../support/oracle.ts'
import { memoryOf } from '../support/process.ts'
import { full } from '../support/scale.ts'
import { tell } from '../support/tell.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** As many as an office has screens come from one address. */
const PER_ADDRESS = 150

describe('thousands of subscribers', () => {
  it(
    'that are cut off at once are all back soon, and have missed nothing',
    { timeout: full(900_000, 120_000) },
    async (context) => {
      const count = full(10_000, 300)
      const did = `${count.toLocaleString('en')} subscribers are cut off at once while payments come, and come back at once (aim: all live within 10 s)`
      tell(context, 'F19', did)
      const company = await openCompany()
      closing.push(() => company.close())
      const limits = { SOCKETS_PER_ACTOR: '20000', SUBSCRIPTIONS_PER_ACTOR: '20000' }
      const server = await company.startServer(limits)
      const url = () => server.url
      const followers: Follower[] = []
      closing.push(async () => {
        for (const follower of followers) follower.stop()
      })
      // They come one after the other at first, as they would on a morning.
      while (followers.length < count) {
        const localAddress = addressOf(Math.floor(followers.length / PER_ADDRESS))
        const more = Array.from({ length: 50 }, () => follow(url, company.token, { localAddress }))
        followers.push(...more)
        await untilLive(more, 60_000)
      }
      const load = startLoad(company, url, { clients: 2, pauseMs: 200 })
      await sleep(2_000)
      const before = await memoryOf(server.pid)
      for (const follower of followers) follower.drop(0)
      const backMs = await untilLive(followers, full(300_000, 60_000))
      await sleep(2_000)
      await load.stop()
      const { wrongs, counts } = await judge(company, { followers, loads: [load], url: server.url })
      const grownMB = (await memoryOf(server.pid)) - before
      tell(context, 'F19', did, {
        allLiveAfterMs: backMs,
        ...counts,
        serverMB: before,
        serverGrewByMB: grownMB,
      })
      expect(wrongs).toEqual([])
      expect(server.process.child.exitCode).toBeNull()
      expect(grownMB).toBeLessThan(full(600, 150))
    },
  )
})

/** All of 127.0.0.0/8 is this machine, on Linux. */
const addressOf = (index: number): string =>
  process.platform === 'linux' ? `127.0.${1 + Math.floor(index / 200)}.${1 + (index % 200)}` : '127.0.0.1'
