/** Networks as they are: lossy, slow, cut in the middle of a burst, and clients that stop reading. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { type Company, openCompany } from '../support/company.ts'
import { followAll, untilLive } from '../support/follower.ts'
import { type Line, openLine, placeOf, through } from '../support/line.ts'
import { startLoad } from '../support/load.ts'
import { judge } from '../support/oracle.ts'
import { memoryOf } from '../support/process.ts'
import { full } from '../support/scale.ts'
import { tell } from '../support/tell.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const open = async (): Promise<Company> => {
  const company = await openCompany()
  closing.push(() => company.close())
  return company
}

const openTo = async (url: string): Promise<Line> => {
  const line = await openLine(() => [placeOf(url)])
  closing.push(() => line.close())
  return line
}

const TIMEOUT_MS = full(900_000, 150_000)

describe('a network that loses 30 of 100 packets and takes 200 ms', () => {
  const lastMs = full(60_000, 6_000)
  const spoil = (line: Line) => {
    line.setDelay(100)
    line.setLoss(0.3)
  }
  const mend = (line: Line) => {
    line.setDelay(0)
    line.setLoss(0)
  }

  it('before PostgreSQL makes all slow and nothing wrong', { timeout: TIMEOUT_MS }, async (context) => {
    const did = `30 % of the packets lost and 200 ms there and back between server and PostgreSQL, for ${lastMs / 1_000} s`
    tell(context, 'F8', did)
    const company = await open()
    const line = await openTo(company.databaseUrl)
    const server = await company.startServer({ DATABASE_URL: through(line, company.databaseUrl) })
    const url = () => server.url
    const followers = await followAll(20, url, company.token)
    spoil(line)
    const load = startLoad(company, url, { clients: 6, answerMs: 60_000 })
    await sleep(lastMs)
    const stopping = load.stop()
    mend(line)
    await stopping
    const longestCommandMs = load.longestMs()
    const { wrongs, counts } = await judge(company, { followers, loads: [load], url: server.url })
    tell(context, 'F8', did, { ...counts, longestCommandMs })
    expect(wrongs).toEqual([])
    expect(server.process.child.exitCode).toBeNull()
    for (const follower of followers) follower.stop()
  })

  it('before clients makes all slow and nothing wrong', { timeout: TIMEOUT_MS }, async (context) => {
    const did = `30 % of the packets lost and 200 ms there and back between clients and server, for ${lastMs / 1_000} s`
    tell(context, 'F8', did)
    const company = await open()
    const server = await company.startServer()
    const line = await openTo(server.url)
    const url = () => through(line, server.url)
    const followers = await followAll(20, url, company.token)
    spoil(line)
    const load = startLoad(company, url, { clients: 6, answerMs: 60_000 })
    await sleep(lastMs)
    const stopping = load.stop()
    mend(line)
    await stopping
    await untilLive(followers, 60_000)
    const longestCommandMs = load.longestMs()
    const { wrongs, counts } = await judge(company, {
      followers,
      loads: [load],
      url: server.url,
      mayCoalesce: true,
    })
    tell(context, 'F8', did, { ...counts, longestCommandMs })
    expect(wrongs).toEqual([])
    for (const follower of followers) follower.stop()
  })
})

describe('connections that are cut in the middle of a burst', () => {
  it('go on where they were', { timeout: TIMEOUT_MS }, async (context) => {
    const lastMs = full(60_000, 5_000)
    const did = `every connection of subscribers and payers reset 5 times a second under a burst of payments, for ${lastMs / 1_000} s`
    tell(context, 'F8', did)
    const company = await open()
    const server = await company.startServer()
    const line = await openTo(server.url)
    const url = () => through(line, server.url)
    const followers = await followAll(full(100, 20), url, company.token, { backOffMsMax: 100 })
    const load = startLoad(company, url, { clients: 6 })
    let cuts = 0
    for (const until = performance.now() + lastMs; performance.now() < until; cuts++) {
      await sleep(50 + Math.random() * 300)
      line.cut()
    }
    await load.stop()
    await untilLive(followers, 60_000)
    const { wrongs, counts } = await judge(company, { followers, loads: [load], url: server.url })
    tell(context, 'F8', did, { cuts, ...counts })
    expect(wrongs).toEqual([])
    expect(load.broken()).toBeGreaterThan(0)
    for (const follower of followers) follower.stop()
  })
})

describe('clients that stop reading', () => {
  it(
    'cost no memory, keep nobody else waiting, and come to the truth',
    { timeout: TIMEOUT_MS },
    async (context) => {
      const lastMs = full(60_000, 8_000)
      const slow = full(100, 20)
      const did = `${slow} of ${slow + 10} subscribers read nothing for ${lastMs / 1_000} s of payments, then go on`
      tell(context, 'F8', did)
      const company = await open()
      const server = await company.startServer()
      const url = () => server.url
      const reading = await followAll(10, url, company.token)
      const still = await followAll(slow, url, company.token)
      const load = startLoad(company, url, { clients: 6 })
      await sleep(2_000)
      const before = await memoryOf(server.pid)
      for (const follower of still) follower.socket()?.pause()
      await sleep(lastMs)
      const grownMB = (await memoryOf(server.pid)) - before
      for (const follower of still) follower.socket()?.resume()
      await load.stop()
      await untilLive([...reading, ...still], 30_000)
      const { wrongs } = await judge(company, { followers: reading, loads: [load], url: server.url })
      const { wrongs: wrongsOfStill, counts } = await judge(company, {
        followers: still,
        loads: [load],
        url: server.url,
        mayCoalesce: true,
      })
      tell(context, 'F8', did, { ...counts, serverGrewByMB: grownMB })
      expect(wrongs).toEqual([])
      expect(wrongsOfStill).toEqual([])
      expect(grownMB).toBeLessThan(100)
      for (const follower of [...reading, ...still]) follower.stop()
    },
  )
})
