/** F20: for long, mixed load and a random fault every few seconds; nothing may grow, and nothing may go missing. */
import { readdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { type Company, type CompanyServer, openCompany } from '../support/company.ts'
import { type Follower, followAll, untilLive } from '../support/follower.ts'
import { request } from '../support/graphql.ts'
import { type Line, openLine, placeOf, through } from '../support/line.ts'
import { startLoad } from '../support/load.ts'
import { CONNECTIONS_PER_SERVER, judge } from '../support/oracle.ts'
import { type OwnPostgres, openOwnPostgres } from '../support/own-postgres.ts'
import { memoryOf } from '../support/process.ts'
import { full } from '../support/scale.ts'
import { tell } from '../support/tell.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const LAST_MS = full(1_800_000, 20_000)
const FAULT_EVERY_MS = full(20_000, 2_000)
/** Until then a process loads and compiles what it needs. */
const WARM_AFTER_MS = full(300_000, 0)

type Scene = {
  readonly company: Company
  readonly postgres: OwnPostgres
  readonly line: Line
  readonly followers: readonly Follower[]
  /** Lives throughout: its memory is looked at. */
  readonly steady: CompanyServer
  readonly replace: () => Promise<void>
}

type Fault = (scene: Scene) => Promise<unknown>

const FAULTS: Readonly<Record<string, Fault>> = {
  'every backend killed': ({ company }) => killBackends(company, 'tidemark%'),
  'every listener killed': ({ company }) => killBackends(company, 'tidemark listener'),
  'every client cut off': async ({ line }) => line.cut(),
  'a storm of words': ({ company }) => company.connection.sql`
    select pg_notify('tidemark', ${JSON.stringify({ from: 'a test', events: [['posted', company.organization.id]] })} || repeat(' ', n))
    from generate_series(1, 2000) as n`,
  'viewers leave for a while': async ({ followers }) => {
    for (const follower of followers.slice(0, followers.length / 2))
      follower.drop(Math.random() * FAULT_EVERY_MS)
  },
  'PostgreSQL stopped at once': async ({ postgres }) => {
    await postgres.end('SIGQUIT')
    await postgres.start()
  },
  'kill -9 of PostgreSQL': async ({ postgres }) => {
    await postgres.end('SIGKILL')
    await sleep(500)
    await postgres.start()
  },
  'a server stands still': async ({ steady }) => {
    steady.signal('SIGSTOP')
    await sleep(2_000)
    steady.signal('SIGCONT')
  },
  'a slow and lossy network': async ({ line }) => {
    line.setDelay(100)
    line.setLoss(0.2)
    await sleep(FAULT_EVERY_MS / 4)
    line.setDelay(0)
    line.setLoss(0)
  },
  'kill -9 of a server': ({ replace }) => replace(),
}

const killBackends = ({ connection }: Company, name: string): Promise<unknown> => connection.sql`
  select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and application_name like ${name}`

describe('a long time', () => {
  it('of load and faults leaves nothing behind', { timeout: LAST_MS + 600_000 }, async (context) => {
    const did = `${LAST_MS / 60_000 >= 1 ? `${LAST_MS / 60_000} min` : `${LAST_MS / 1_000} s`} of payments, queries and 50 subscribers at two servers, a fault drawn at random each ${FAULT_EVERY_MS / 1_000} s`
    tell(context, 'F20', did)
    const postgres = await openOwnPostgres()
    closing.push(() => postgres.close())
    const company = await openCompany({ databaseUrl: postgres.url })
    closing.push(() => company.close())
    const steady = await company.startServer()
    const state = { other: await company.startServer() }
    const line = await openLine(() => [placeOf(steady.url), placeOf(state.other.url)])
    closing.push(() => line.close())
    const url = () => through(line, 'http://127.0.0.1')
    const filesBefore = await openFilesOf(steady)
    const followers = await followAll(50, url, company.token)
    const load = startLoad(company, url, { clients: 4, pauseMs: 200 })
    const queries = startQueries(company, url)
    const replace = async () => {
      await state.other.kill()
      state.other = await company.startServer()
    }
    const scene: Scene = { company, postgres, line, followers, steady, replace }

    const memory: { readonly minute: number; readonly mb: number }[] = []
    const drawn = new Map<string, number>()
    const began = performance.now()
    const names = Object.keys(FAULTS)
    for (let next = 0; performance.now() - began < LAST_MS; next++) {
      // Each once first; then as it comes.
      const name = names[next < names.length ? next : Math.floor(Math.random() * names.length)] ?? ''
      await FAULTS[name]?.(scene)
      drawn.set(name, (drawn.get(name) ?? 0) + 1)
      await sleep(FAULT_EVERY_MS)
      const minute = (performance.now() - began) / 60_000
      if (performance.now() - began > WARM_AFTER_MS) memory.push({ minute, mb: await memoryOf(steady.pid) })
    }
    await queries.stop()
    await load.stop()
    await untilLive(followers, 60_000)
    const evidence = { followers, loads: [load], url: steady.url, connectionsMax: 2 * CONNECTIONS_PER_SERVER }
    const { wrongs, counts } = await judge(company, evidence)
    for (const follower of followers) follower.stop()
    const growth = slopeOf(memory)
    const told = {
      faults: [...drawn.values()].reduce((sum, count) => sum + count, 0),
      ...counts,
      memoryGrewByMBAMinute: growth.toFixed(2),
      lastMB: memory.at(-1)?.mb ?? 0,
    }
    tell(context, 'F20', did, told)
    expect(wrongs).toEqual([])
    expect(steady.process.child.exitCode).toBeNull()
    expect(drawn.size).toBeGreaterThanOrEqual(full(names.length, 2))
    // Sockets of the pool come and go; those of viewers have all to be gone.
    await expect.poll(() => openFilesOf(steady), { timeout: 30_000 }).toBeLessThan(filesBefore + 45)
    expect(growth).toBeLessThan(full(1, 1_000))
  })
})

const QUERIES = [
  '{ customers(first: 50) { nodes { number name } totalCount } }',
  '{ goals(first: 10) { nodes { name progress { value status } } } }',
  '{ kpis(metrics: [TOTAL_RECEIVABLES, DSO, CASH_COLLECTED]) { metric value reason } }',
]

/** Their answers do not matter here, that they end does. */
const startQueries = ({ token }: Company, url: () => string) => {
  const state = { stopping: false }
  const client = async (name: number) => {
    for (let count = name; !state.stopping; count++) {
      const signal = AbortSignal.timeout(10_000)
      await request(url(), token, QUERIES[count % QUERIES.length] ?? '', {}, {}, signal).catch(() => null)
      await sleep(100)
    }
  }
  const running = Promise.all([0, 1].map(client))
  return {
    async stop() {
      state.stopping = true
      await running
    },
  }
}

/** The slope of the straight line with the least squares, in MB a minute. */
const slopeOf = (points: readonly { readonly minute: number; readonly mb: number }[]): number => {
  const mean = (of: (point: (typeof points)[number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const [x, y] = [mean(({ minute }) => minute), mean(({ mb }) => mb)]
  const along = points.reduce((sum, { minute, mb }) => sum + (minute - x) * (mb - y), 0)
  const spread = points.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0)
  return spread === 0 ? 0 : along / spread
}

const openFilesOf = async ({ pid }: CompanyServer): Promise<number> =>
  (await readdir(`/proc/${pid}/fd`).catch(() => [])).length
