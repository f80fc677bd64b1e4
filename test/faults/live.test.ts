/** The way from a commit to the screens: listeners that are cut off, storms of words, writers that dawdle, viewers who were away. */
import { setTimeout as sleep } from 'node:timers/promises'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { afterEach, describe, expect, it } from 'vitest'
import { type Company, openCompany } from '../support/company.ts'
import { follow, followAll, untilLive } from '../support/follower.ts'
import { openLine, placeOf, through } from '../support/line.ts'
import { startLoad } from '../support/load.ts'
import { CONNECTIONS_PER_SERVER, judge } from '../support/oracle.ts'
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

const TIMEOUT_MS = full(600_000, 120_000)
const BOTH = 2 * CONNECTIONS_PER_SERVER

describe('two servers', () => {
  it(
    'whose listening connections are killed all the time lose nothing',
    { timeout: TIMEOUT_MS },
    async (context) => {
      const lastMs = full(60_000, 5_000)
      const did = `payments through one server, subscribers at another, every listening connection killed each 100 ms for ${lastMs / 1_000} s`
      tell(context, 'F9', did)
      const company = await open()
      const [near, far] = [await company.startServer(), await company.startServer()]
      const followers = await followAll(full(100, 20), () => far.url, company.token)
      const load = startLoad(company, () => near.url, { clients: 4, pauseMs: 10 })
      let killed = 0
      for (const until = performance.now() + lastMs; performance.now() < until;) {
        const rows = await company.connection.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'tidemark listener'`
        killed += rows.length
        await sleep(100)
      }
      await load.stop()
      const evidence = { followers, loads: [load], url: far.url, connectionsMax: BOTH }
      const { wrongs, counts } = await judge(company, evidence)
      tell(context, 'F9', did, { killed, ...counts })
      expect(wrongs).toEqual([])
      expect(killed).toBeGreaterThan(lastMs / 500)
      for (const follower of followers) follower.stop()
    },
  )

  it(
    'that both evaluate at every word, in a storm of words, count one sequence',
    { timeout: TIMEOUT_MS },
    async (context) => {
      const lastMs = full(60_000, 5_000)
      const did = `two servers that both hear thousands of words a second that something was posted, true and false ones, for ${lastMs / 1_000} s`
      tell(context, 'F9', did)
      const company = await open()
      const [one, two] = [await company.startServer(), await company.startServer()]
      const followers = [
        ...(await followAll(10, () => one.url, company.token)),
        ...(await followAll(10, () => two.url, company.token)),
      ]
      const load = startLoad(company, () => (Math.random() < 0.5 ? one.url : two.url), {
        clients: 4,
        pauseMs: 10,
      })
      const said = { words: 0 }
      const known = JSON.stringify({ from: 'a test', events: [['posted', company.organization.id]] })
      const unknown = JSON.stringify({ from: 'a test', events: [['posted', crypto.randomUUID()]] })
      const storm = async () => {
        for (const until = performance.now() + lastMs; performance.now() < until;) {
          // PostgreSQL folds equal words of one transaction into one, so each has a number.
          await company.connection.sql`
          select pg_notify('tidemark', case n % 4 when 0 then ${known} || repeat(' ', n) when 1 then ${unknown} || repeat(' ', n)
            when 2 then 'no JSON ' || n else '{"from":1,"events":[[' || n || ']]}' end)
          from generate_series(1, 100) as n`
          said.words += 100
          await sleep(20)
        }
      }
      await Promise.all([storm(), storm()])
      const longestMs = load.longestMs()
      await load.stop()
      const evidence = { followers, loads: [load], url: two.url, connectionsMax: BOTH }
      const { wrongs, counts } = await judge(company, evidence)
      tell(context, 'F9', did, { ...said, ...counts, longestCommandMs: longestMs })
      expect(wrongs).toEqual([])
      expect(counts.acknowledged).toBeGreaterThan(10)
      for (const follower of followers) follower.stop()
    },
  )
})

describe('24 writers', () => {
  it(
    'whose transactions dawdle and commit out of order lose nothing',
    { timeout: TIMEOUT_MS },
    async (context) => {
      const lastMs = full(60_000, 6_000)
      const did = `24 writers for ${lastMs / 1_000} s, half of them over a wire that makes transactions last 20 to 400 ms, so that commits come in another order than their moments`
      tell(context, 'F11', did)
      const company = await open()
      const line = await openLine(() => [placeOf(company.databaseUrl)])
      closing.push(() => line.close())
      const quick = await company.startServer()
      const slow = await company.startServer({ DATABASE_URL: through(line, company.databaseUrl) })
      const followers = await followAll(20, () => quick.url, company.token)
      line.setDelay(10)
      line.setLoss(0.03)
      const loads = [quick, slow].map(({ url }) => startLoad(company, () => url, { clients: 12 }))
      await sleep(lastMs)
      for (const load of loads) await load.stop()
      line.setDelay(0)
      line.setLoss(0)
      const { wrongs, counts } = await judge(company, {
        followers,
        loads,
        url: quick.url,
        connectionsMax: BOTH,
      })
      tell(context, 'F11', did, counts)
      expect(wrongs).toEqual([])
      for (const { acknowledged } of loads) expect(acknowledged.size).toBeGreaterThan(12)
      for (const follower of followers) follower.stop()
    },
  )
})

describe('a subscriber who was away', () => {
  it('goes on after its cursor, however often and long it was', { timeout: TIMEOUT_MS }, async (context) => {
    const lastMs = full(120_000, 6_000)
    const awayMsMax = full(30_000, 2_000)
    const did = `subscribers that are cut off at any moment and come back after 0 to ${awayMsMax / 1_000} s, for ${lastMs / 1_000} s`
    tell(context, 'F10', did)
    const company = await open()
    const server = await company.startServer()
    const followers = await followAll(20, () => server.url, company.token)
    const load = startLoad(company, () => server.url, { clients: 4, pauseMs: 10 })
    for (const until = performance.now() + lastMs; performance.now() < until;) {
      const follower = followers[Math.floor(Math.random() * followers.length)]
      if (follower?.isLive() === true) follower.drop(Math.random() ** 3 * awayMsMax)
      await sleep(50)
    }
    await load.stop()
    await untilLive(followers, awayMsMax + 10_000)
    const { wrongs, counts } = await judge(company, { followers, loads: [load], url: server.url })
    tell(context, 'F10', did, counts)
    expect(wrongs).toEqual([])
    expect(counts.gaps).toBe(0)
    for (const follower of followers) follower.stop()
  })

  it(
    'for more than what is kept for it is told of the gap, and none is told less',
    { timeout: TIMEOUT_MS },
    async (context) => {
      const did = 'subscribers that were away for nearly 5,000 changes, and for one more than are told again'
      tell(context, 'F10', did)
      const company = await open()
      const server = await company.startServer()
      const load = startLoad(company, () => server.url, { clients: 2 })
      await sleep(1_000)
      await load.stop()
      const away = follow(() => server.url, company.token)
      await untilLive([away], 10_000)
      const { wrongs } = await judge(company, { followers: [away], loads: [load], url: server.url })
      expect(wrongs).toEqual([])
      away.drop(full(10_000, 4_000))
      await repeatProgress(company, 5_001)
      await untilLive([away], 60_000)
      const later = await judge(company, { followers: [away], loads: [load], url: server.url })
      tell(context, 'F10', did, later.counts)
      expect(later.wrongs).toEqual([])
      expect(later.counts.gaps).toBeGreaterThan(0)

      const seenBefore = away.seen.length
      away.drop(full(10_000, 4_000))
      // Room for what the evaluator may add meanwhile, such as a forecast.
      await repeatProgress(company, 4_990)
      await untilLive([away], 60_000)
      const last = await judge(company, { followers: [away], loads: [load], url: server.url })
      tell(context, 'F10', did, last.counts)
      expect(last.wrongs).toEqual([])
      expect(last.counts.gaps).toBe(later.counts.gaps)
      expect(away.seen.length - seenBefore).toBeGreaterThanOrEqual(4_990)
      away.stop()
    },
  )
})

/** So many rows of progress that say again what the last of each goal says, as an evaluator would have written them. */
const repeatProgress = ({ connection, organization }: Company, count: number): Promise<unknown> =>
  inTransaction(connection, { organizationId: organization.id, mode: 'write' }, async ({ sql }) => {
    const columns = await sql<{ name: string }[]>`
      select column_name as name from information_schema.columns
      where table_name = 'goal_progress' and column_name <> 'sequence'`
    const names = columns.map(({ name }) => name).join(', ')
    // The lock of whoever evaluates.
    await sql`select pg_advisory_xact_lock(hashtextextended(${`evaluation ${organization.id}`}, 0))`
    await sql.unsafe(`
      insert into goal_progress (sequence, ${names})
      select (select sequence from evaluation) + n, ${names}
      from generate_series(1, ${count}) as n
      join (
        select row_number() over (order by goal_id) as place, count(*) over () as goals, * from (
          select distinct on (goal_id) * from goal_progress order by goal_id, sequence desc
        ) as last
      ) as last on n % goals = place - 1`)
    await sql`update evaluation set sequence = sequence + ${count}`
  })
