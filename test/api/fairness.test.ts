/** However many operations one actor has under way, the others are answered meanwhile. */
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answered, openWays, type Ways } from '../support/attack.ts'
import { untilCreditWatched } from '../support/credit-watched.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { createTwins, type Twins } from '../support/twins.ts'

let server: TestServer
let twins: Twins
let outside: Connection
let greedy: Ways
let others: Ways
beforeAll(async () => {
  server = await startTestServer()
  twins = await createTwins(server)
  outside = await connect(server.databaseUrl, { max: 2 })
  greedy = await openWays(server.url, twins.ours.token)
  others = await openWays(server.url, twins.theirs.token)
})
afterAll(async () => {
  await greedy.close()
  await others.close()
  await outside.close()
  await server.close()
})

describe('one actor with many operations under way', () => {
  it.each(['http', 'socket'] as const)('leaves connections to others, over %s', async (way) => {
    const query = '{ customers { totalCount } }'
    let burst: Promise<Answered[]> = Promise.resolve([])
    await untilCreditWatched(outside)
    await outside.sql.begin(async (sql) => {
      await sql`lock table customer in access exclusive mode`
      burst = Promise.all(Array.from({ length: 60 }, () => greedy[way]({ query })))
      const waiting = async () => {
        const rows = await outside.sql`
          select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
        return rows.length
      }
      await expect.poll(waiting).toBe(8)
      const answer = await others[way]({ query: '{ goals { totalCount } }' })
      const totalCount = twins.theirs.ids['goal']?.length
      expect(answer).toEqual({ data: { goals: { totalCount } }, errors: [] })
      expect(await waiting()).toBe(8)
    })
    const answers = await burst
    expect(answers.map(({ errors }) => errors)).toEqual(answers.map(() => []))
  })

  it('runs nothing any more of what was given up while it waited', { timeout: 30_000 }, async () => {
    const leaving = new AbortController()
    const post = () =>
      fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': twins.ours.token },
        body: '{"query":"{ customers { totalCount } }"}',
        signal: leaving.signal,
      })
    await untilCreditWatched(outside)
    await outside.sql.begin(async (sql) => {
      await sql`lock table customer in access exclusive mode`
      const burst = Promise.allSettled(Array.from({ length: 60 }, post))
      const waiting = async () => {
        const rows = await outside.sql`
          select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
        return rows.length
      }
      await expect.poll(waiting).toBe(8)
      leaving.abort()
      await burst
      await expect.poll(waiting, { timeout: 2_000 }).toBe(0)
    })
    expect((await greedy.http({ query: '{ goals { totalCount } }' })).errors).toEqual([])
  })
})
