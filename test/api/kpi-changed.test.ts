/** `kpiChanged`: KPI values of today to whoever watches them, over real HTTP and WebSocket. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '@tidemark/drizzle/connect.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { createLocalEvents } from '@tidemark/server/events.ts'
import { openKpiWatch, type KpiState, type KpiWatch } from '@tidemark/server/live/kpi-watch.ts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openDesk, type Desk } from '../support/goals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { subscribe } from '../support/subscribe.ts'

const NOW = Temporal.Instant.from('2026-07-01T12:00:00Z')

type Row = { readonly metric: string; readonly value: number | null; readonly date: string }

let server: TestServer
let other: TestServer
let desk: Desk
let now = NOW
beforeAll(async () => {
  server = await startTestServer({ clock: () => now })
  other = await startTestServer({ clock: () => now, beside: server })
})
afterAll(async () => {
  await other.close()
  await server.close()
})
beforeEach(async () => {
  now = NOW
  desk = await openDesk(server, '')
})

const DOCUMENT = `subscription ($metrics: [KpiMetric!]!, $filter: KpiFilter, $conventions: KpiConventionsInput, $currency: CurrencyCode) {
  kpiChanged(metrics: $metrics, filter: $filter, conventions: $conventions, currency: $currency) {
    kpis { metric value date } } }`

const watch = (variables: Record<string, unknown>, at: TestServer = server) => {
  const events = subscribe<{ kpiChanged: { kpis: Row[] } }>(at.url, desk.token, DOCUMENT, variables)
  return {
    next: async (timeoutMs?: number) => (await events.next(timeoutMs)).kpiChanged.kpis,
    nextResult: () => events.nextResult(),
    return: () => events.return(),
  }
}

const valuesOf = (rows: readonly Row[]) => rows.map(({ metric, value }) => [metric, value])
const metrics = ['TOTAL_RECEIVABLES', 'OPEN_INVOICE_COUNT']

describe('who watches KPIs', () => {
  it('is told how they are, then all of them when a posting changes one, here and at another process', async () => {
    await desk.bill([1])
    const [here, there] = [watch({ metrics }), watch({ metrics }, other)]
    const first = [
      ['TOTAL_RECEIVABLES', 1000],
      ['OPEN_INVOICE_COUNT', 1],
    ]
    expect([await here.next(), await there.next()].map(valuesOf)).toEqual([first, first])
    await desk.bill([2])
    const second = [
      ['TOTAL_RECEIVABLES', 2000],
      ['OPEN_INVOICE_COUNT', 2],
    ]
    expect([await here.next(), await there.next()].map(valuesOf)).toEqual([second, second])
    await here.return()
    await there.return()
  })

  it('hears nothing of what changes none of its KPIs, such as another region', async () => {
    await desk.bill([1])
    const events = watch({ metrics: ['TOTAL_RECEIVABLES'], filter: { region: ['APAC'] } })
    await events.next()
    await desk.bill([2])
    await expect(events.next(700)).rejects.toThrow('No event within 700 ms')
    await events.return()
  })

  it('is told at midnight where the organization is', async () => {
    await desk.bill([1], { dueOn: '2026-07-01' })
    const events = watch({ metrics: ['PAST_DUE'] })
    expect(await events.next()).toEqual([{ metric: 'PAST_DUE', value: 0, date: '2026-07-01' }])
    now = Temporal.Instant.from('2026-07-02T04:00:00Z')
    expect(await events.next()).toEqual([{ metric: 'PAST_DUE', value: 1000, date: '2026-07-02' }])
    await events.return()
  })

  it('is told when the organization chooses other conventions', async () => {
    await desk.bill([1], { issuedOn: '2026-04-01' })
    await desk.bill([2])
    const events = watch({ metrics: ['DSO'] })
    const [before] = await events.next()
    await desk.ask(
      `mutation ($input: SetKpiConventionsInput!) { setKpiConventions(input: $input) { __typename ... on Problem { message } } }`,
      { input: { conventions: { dsoMonths: 1 } } },
    )
    const [after] = await events.next()
    expect(after?.value).not.toBe(before?.value)
    await events.return()
  })

  it('is told what is wrong as `kpis` tells it', async () => {
    const events = watch({ metrics: [] })
    const { errors } = await events.nextResult().catch((error: unknown) => ({ errors: error }))
    expect(JSON.stringify(errors)).toContain('metrics must name at least one KPI.')
    await events.return()
  })
})

describe('the watch of a process', () => {
  let kpiWatch: KpiWatch
  const events = createLocalEvents(() => {})
  const logged: string[] = []
  const open = async (options: { pollMs?: number; everyMs?: number } = {}) => {
    const log = (_error: unknown, message: string) => void logged.push(message)
    const services = { connection: server.connection, events, clock: () => now, logError: log }
    kpiWatch = openKpiWatch(services, options)
  }
  afterEach(() => kpiWatch.close())
  const ask = { metrics: ['OPEN_INVOICE_COUNT'] } as const
  const countOf = (state: KpiState | undefined) => state?.kpis[0]?.value

  it('computes what a hundred ask for once, and tells all the same', async () => {
    await open({ pollMs: 60_000 })
    const told: KpiState[][] = Array.from({ length: 100 }, () => [])
    await Promise.all(
      told.map((states) =>
        kpiWatch.follow(desk.organization, { ...ask }, (state) => void states.push(state)),
      ),
    )
    expect(new Set(told.map((states) => states.at(-1))).size).toBe(1)
  })

  it('takes a storm of postings together, and ends with the last', async () => {
    await open({ pollMs: 60_000, everyMs: 100 })
    const states: KpiState[] = []
    await kpiWatch.follow(desk.organization, ask, (state) => void states.push(state))
    const began = performance.now()
    for (let number = 0; number < 20; number++) {
      await desk.bill([number])
      for (let word = 0; word < 50; word++) events.publish('posted', { organizationId: desk.organization.id })
    }
    await expect.poll(() => countOf(states.at(-1))).toBe(20)
    const looks = (performance.now() - began) / 100
    expect(states.length).toBeLessThanOrEqual(Math.ceil(looks) + 2)
    const values = states.map((state) => Number(countOf(state)))
    expect(values).toEqual(values.toSorted((a, b) => a - b))
  })

  it('finds what nobody told it, and what a posting still under way held back', async () => {
    await open({ pollMs: 50, everyMs: 20 })
    await desk.bill([1])
    const states: KpiState[] = []
    await kpiWatch.follow(desk.organization, ask, (state) => void states.push(state))
    const pool = await connect(server.databaseUrl, { max: 1 })
    const reached = Promise.withResolvers<void>()
    const over = Promise.withResolvers<void>()
    // It announces itself as postings do, and is undone in the end: nothing of it will ever be told.
    const posting = inTransaction(
      pool,
      { organizationId: desk.organization.id, mode: 'write', timeoutMs: 10_000 },
      async (tx) => {
        await tx.sql`select set_config('application_name', ${`posting ${desk.organization.id} ${Date.now()}000`}, true)`
        reached.resolve()
        await over.promise
        throw new Error('undone')
      },
    ).catch(() => {})
    await reached.promise
    await desk.bill([2])
    await sleep(300)
    expect(countOf(states.at(-1))).toBe(1)
    over.resolve()
    await posting
    await pool.close()
    await expect.poll(() => countOf(states.at(-1))).toBe(2)
  })

  it('watches at most a hundred different choices of an organization', async () => {
    await open({ pollMs: 60_000 })
    const follow = (region: string) =>
      kpiWatch.follow(desk.organization, { ...ask, filter: { region: [region] } }, () => {})
    const stops = await Promise.all(Array.from({ length: 100 }, (_, index) => follow(`R${index}`)))
    await expect(follow('one more')).rejects.toThrow('At most 100 different choices')
    stops[0]?.()
    await expect(follow('one more')).resolves.toBeTypeOf('function')
    expect(logged).toEqual([])
  })
})
