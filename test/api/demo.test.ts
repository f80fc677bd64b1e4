/** The demo company: loaded once for all tests of this file. */
import { type Connection, connect } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { controlPaper } from '@tidemark/drizzle/tables/control.ts'
import { creditApplication } from '@tidemark/drizzle/tables/credit-application.ts'
import { goalProgress } from '@tidemark/drizzle/tables/goal.ts'
import { organization as organizations } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { readChoice, runControlTest } from '@tidemark/server/control/find.ts'
import { digestOf, foundOf, marksOf, missingOf } from '@tidemark/server/control/papers.ts'
import { demoCustomers } from '@tidemark/server/demo/company.ts'
import { playPayments } from '@tidemark/server/demo/live.ts'
import { loadDemo } from '@tidemark/server/demo/load.ts'
import { inventTrade } from '@tidemark/server/demo/trade.ts'
import type { ControlTestId } from '@tidemark/server/domain/control-test.ts'
import { dayOf } from '@tidemark/server/domain/day.ts'
import { createLocalEvents } from '@tidemark/server/events.ts'
import { readAging } from '@tidemark/server/kpi/aging.ts'
import { readKpis } from '@tidemark/server/kpi/queries.ts'
import { fold } from '@tidemark/server/ledger/fold.ts'
import { startEvaluator } from '@tidemark/server/live/evaluator.ts'
import type { KpiMetric } from '@tidemark/server/domain/kpi.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { readCreditLinePlan } from '@tidemark/server/sales-plan/queries.ts'
import { watchCredit } from '@tidemark/server/live/credit-watch.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/database.ts'

const NOW = Temporal.Instant.from('2026-11-20T21:00:00Z')
const at = { now: NOW, settledAt: NOW }
const LOAD_MS_MAX = 120_000

let database: TestDatabase
let connection: Connection
let demo: OrganizationRow

beforeAll(async () => {
  database = await createDatabase()
  connection = await connect(database.url, { max: 6 })
  await loadDemo(connection, { now: NOW, besideOthers: false })
  demo = await theDemo()
}, LOAD_MS_MAX)
afterAll(async () => {
  await connection.close()
  await database.drop()
})

const theDemo = async (): Promise<OrganizationRow> => {
  const rows = await inTransaction(connection, { organizationId: null, mode: 'read' }, (tx) =>
    tx.select().from(organizations),
  )
  expect(rows).toHaveLength(1)
  const [row] = rows
  if (row === undefined) throw new Error('There is no demo')
  return row
}

const read = <Value>(run: (tx: Tx) => Promise<Value>): Promise<Value> =>
  inTransaction(connection, { organizationId: demo.id, mode: 'read' }, run)

const count = async (table: string): Promise<number> => {
  const [row] = await read(
    (tx) => tx.sql<{ count: number }[]>`select count(*)::int as count from ${tx.sql(table)}`,
  )
  return row?.count ?? 0
}

const monthly = async (metric: KpiMetric): Promise<number[]> => {
  const query = { metrics: [metric], from: Temporal.PlainDate.from('2025-11-01'), ...at }
  const rows = await read((tx) => readKpis(tx, demo, query))
  return rows.map(({ value }) => value ?? Number.NaN)
}

describe('the demo trade', () => {
  it('is the same for the same day', () => {
    const today = dayOf(Temporal.PlainDate.from('2026-11-20'))
    expect(inventTrade(demoCustomers(), today)).toEqual(inventTrade(demoCustomers(), today))
  })
})

describe('the demo company', () => {
  it('plans half a year, for which credit lines are missing where it wants to grow', async () => {
    const plan = await read((tx) =>
      readCreditLinePlan(tx, demo, { months: 7, from: Temporal.PlainDate.from('2026-11-01'), now: NOW }),
    )
    expect(plan.map(({ planned }) => planned.minor > 0n)).toEqual([true, true, true, true, true, true, false])
    const segments = plan.flatMap((month) => month.segments)
    expect(segments.some(({ region, shortfall }) => region === 'APAC' && shortfall.minor > 0n)).toBe(true)
    expect(segments.some(({ shortfall }) => shortfall.minor === 0n)).toBe(true)
  })

  it('has the size of a real one', async () => {
    expect(demo).toMatchObject({ slug: 'demo', demo: true, baseCurrency: 'USD' })
    expect(await count('customer')).toBe(204)
    const invoices = await count('invoice')
    expect(invoices).toBeGreaterThan(7_500)
    expect(invoices).toBeLessThan(8_600)
    const kinds = await read(
      (tx) => tx.sql<{ kind: string }[]>`select distinct kind::text from ledger_entry order by 1`,
    )
    const happened = 'CREDITED DISPUTE_OPENED DISPUTE_RESOLVED RE_DATED WRITTEN_OFF BOUNCED PAYMENT_APPLIED'
    expect(kinds.map(({ kind }) => kind)).toEqual(expect.arrayContaining(happened.split(' ')))
    const currencies = await read(
      (tx) => tx.sql<{ currency: string }[]>`select distinct currency from segment order by 1`,
    )
    expect(currencies.map(({ currency }) => currency)).toEqual(['EUR', 'GBP', 'USD'])
  })

  it.each([
    ['DSO', 33, 45],
    ['PAST_DUE_SHARE', 10, 30],
    ['COLLECTION_EFFECTIVENESS_INDEX', 70, 92],
    ['ON_TIME_RATE', 50, 78],
    ['DISPUTE_RATE', 1, 9],
  ] as const)('has a credible %s in every month of the last year', async (metric, least, most) => {
    for (const value of await monthly(metric)) {
      expect(value).toBeGreaterThan(least)
      expect(value).toBeLessThan(most)
    }
  })

  it('has books that add up, with a small tail of old debts and some cash on account', async () => {
    const { aging, unexplained } = await read(async (tx) => {
      const aging = await readAging(tx, demo, at)
      return { aging, unexplained: await aging.unexplained(tx) }
    })
    expect(unexplained.minor).toBe(0n)
    expect(aging.unappliedCash.minor).toBeGreaterThan(0n)
    const shares = aging.buckets.map(({ share }) => share ?? 0)
    expect(shares[0]).toBeGreaterThan(70)
    expect(shares.at(-1)).toBeGreaterThan(0.1)
    expect(shares.at(-1)).toBeLessThan(5)
  })

  it('knew less in the past than it knows now', async () => {
    const asOf = Temporal.PlainDate.from('2026-10-30')
    const knownAt = Temporal.Instant.from('2026-10-30T23:00:00Z')
    const value = async (moment: Temporal.Instant | null) => {
      const query = { metrics: ['TOTAL_RECEIVABLES'] as const, asOf, knownAt: moment, ...at }
      return (await read((tx) => readKpis(tx, demo, query)))[0]?.value ?? 0
    }
    const [then, now] = [await value(knownAt), await value(null)]
    expect(then).toBeGreaterThan(now)
    expect(then).toBeLessThan(now * 1.1)
  })

  it('has credit to look at: reviews, limits with days, holds, groups, securities, orders, and some over their limit', async () => {
    for (let more = true; more;) {
      const watched = await watchCredit(connection, demo, NOW)
      more = watched.outcome === 'DONE' && watched.more
    }
    const [facts] = await read(
      (tx) => tx.sql<Record<string, number>[]>`
        select (select count(*) from credit_crossing where ended_at is null)::int as over,
          (select count(*) from alert where customer_id is not null)::int as alerts,
          (select count(*) from customer where credit_hold_since is not null)::int as held,
          (select count(*) from customer where next_credit_review_on < '2026-11-20')::int as overdue,
          (select count(*) from customer where credit_limit_through is not null)::int as dated,
          (select count(distinct parent_id) from customer_parent)::int as groups,
          (select count(*) from credit_security)::int as secured,
          (select count(*) from sales_order where is_open)::int as open,
          (select count(*) from order_event where is_override)::int as overridden`,
    )
    expect(facts).toMatchObject({ held: 4, groups: 3, secured: 6, alerts: facts?.['over'] })
    expect(facts?.['over']).toBeGreaterThan(4)
    expect(facts?.['over']).toBeLessThan(40)
    expect(facts?.['overdue']).toBeGreaterThan(4)
    expect(facts?.['dated']).toBeGreaterThan(2)
    expect(facts?.['open']).toBeGreaterThan(60)
    expect(facts?.['overridden']).toBeGreaterThan(1)
  })

  it('has applications for credit in every state, each scored, and limits that came of those that were granted', async () => {
    const rows = await read((tx) => tx.select().from(creditApplication).orderBy(creditApplication.id))
    expect(rows.map(({ status }) => status)).toEqual([
      'APPROVED',
      'DECLINED',
      'APPROVED_IN_PART',
      'APPROVED',
      'DECLINED',
      'WITHDRAWN',
      'SUBMITTED',
      'SUBMITTED',
    ])
    const days = rows.map(({ submittedOn }) => dayOf(submittedOn))
    expect(days).toEqual(days.toSorted((a, b) => a - b))
    expect(rows.filter(({ customerId }) => customerId === null)).toHaveLength(3)
    const advice = rows.map(({ score }) => (score as { recommendation: string }).recommendation)
    expect(new Set(advice)).toEqual(new Set(['APPROVE', 'REVIEW', 'DECLINE']))
    const declined = rows.filter(({ status }) => status === 'DECLINED')
    for (const { reasons } of declined) expect(reasons).toHaveLength(3)
    const granted = rows.filter((row) => row.granted !== null)
    expect(granted).toHaveLength(3)
    for (const row of granted) {
      const [limited] = await read(
        (tx) => tx.sql<{ creditLimit: string; reviewedOn: string; set: number }[]>`
        select credit_limit::text as "creditLimit", credit_reviewed_on::text as "reviewedOn",
          (select count(*) from credit_limit where customer_id = customer.id and audit_id is not null)::int as set
        from customer where id = ${row.customerId}`,
      )
      const reviewedOn = row.decidedOn?.toString()
      expect(limited).toEqual({ creditLimit: row.granted?.toString(), reviewedOn, set: 1 })
    }
  })

  it('tells how long decisions on credit took', async () => {
    const query = {
      metrics: ['CREDIT_DECISION_TIME'] as const,
      from: Temporal.PlainDate.from('2026-07-01'),
      ...at,
    }
    const rows = await read((tx) => readKpis(tx, demo, query))
    const values = rows.flatMap(({ value }) => value ?? [])
    expect(values.length).toBeGreaterThan(2)
    for (const value of values) expect(value).toBeLessThan(10)
  })

  it('has a control test that was signed, and one with findings that is worked on', async () => {
    const [signed, open, ...others] = await read((tx) =>
      tx.select().from(controlPaper).orderBy(controlPaper.id),
    )
    expect(others).toEqual([])
    if (signed === undefined || open === undefined) throw new Error('There are no working papers')
    expect(signed).toMatchObject({ test: 'LIMITS_WITHOUT_REASON', conclusion: 'EFFECTIVE' })
    expect(signed.digest).toBe(digestOf(signed))
    expect(signed.signedAt).toEqual(Temporal.Instant.from('2026-10-16T21:30:00Z'))
    expect(foundOf(signed)).toMatchObject({ exceptionCount: 0, exceptions: [] })
    expect(marksOf(signed)).toHaveLength(foundOf(signed).sample.length)
    expect(marksOf(signed).length).toBeGreaterThan(2)
    expect(open).toMatchObject({ test: 'RELEASES_OVER_LIMIT', signedAt: null, conclusion: null })
    expect(foundOf(open).sample).toHaveLength(25)
    expect(foundOf(open).exceptions.length).toBeGreaterThan(1)
    expect(foundOf(open).exceptions.length).toBeLessThan(8)
    expect(new Set(marksOf(open).map(({ outcome }) => outcome))).toEqual(new Set(['PASSED', 'FAILED']))
    expect(missingOf(open)).not.toBeNull()
  })

  it('finds again what its working papers found', async () => {
    const papers = await read((tx) => tx.select().from(controlPaper))
    for (const paper of papers) {
      const { test, periodFrom: from, periodTo: to, found } = paper
      const choice = readChoice(
        { test: test as ControlTestId, from, to },
        Temporal.PlainDate.from('2026-11-20'),
      )
      if (isProblem(choice)) throw new Error(choice.message)
      expect(await read((tx) => runControlTest(tx, demo, choice))).toEqual(found)
    }
  })

  it('has goals in different states, each with a daily past', async () => {
    const rows = await read((tx) => tx.select().from(goalProgress).orderBy(goalProgress.sequence))
    expect(rows.map(({ sequence }) => sequence)).toEqual(rows.map((_, index) => BigInt(index + 1)))
    const latest = new Map(rows.map((row) => [row.goalId, row]))
    expect(latest.size).toBe(6)
    const statuses = [...latest.values()].map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set(['ON_TRACK', 'AT_RISK', 'OFF_TRACK', 'ACHIEVED']))
    expect(rows.length).toBeGreaterThan(150)
  })

  it('is not loaded twice; a later start only adds exchange rates', async () => {
    const before = [await count('invoice'), await count('exchange_rate'), await count('goal')]
    await loadDemo(connection, { now: NOW.add({ hours: 24 * 10 }), besideOthers: false })
    const [invoices, rates, goals] = [
      await count('invoice'),
      await count('exchange_rate'),
      await count('goal'),
    ]
    expect([invoices, rates, goals]).toEqual([before[0], (before[1] ?? 0) + 20, before[2]])
    await theDemo()
  })
})

describe('the live demo', () => {
  const EVENTS = 60

  it('moves goals without using up the book, and stops when it is told', { timeout: 60_000 }, async () => {
    const failures: unknown[] = []
    const services = {
      connection,
      events: createLocalEvents((error) => failures.push(error)),
      clock: () => NOW,
      logError: (error: unknown) => failures.push(error),
    }
    // As a server has done by then: without it each evaluation would read three years.
    await fold(connection, demo.id, { today: Temporal.PlainDate.from('2026-11-20') })
    const evaluator = startEvaluator(services)
    await evaluator.poll()
    const standing = async () => {
      const metrics = ['TOTAL_RECEIVABLES', 'PAST_DUE', 'OPEN_INVOICE_COUNT', 'DSO'] as const
      const rows = await read((tx) =>
        readKpis(tx, demo, { metrics, now: NOW, settledAt: Temporal.Now.instant() }),
      )
      return rows.map(({ value }) => value ?? Number.NaN)
    }
    const [receipts, progress, before] = [
      await count('receipt'),
      await count('goal_progress'),
      await standing(),
    ]
    let posted = 0
    const enough = new Promise<void>((resolve) => {
      services.events.on('posted', () => {
        posted += 1
        if (posted === EVENTS) resolve()
      })
    })
    const playing = playPayments(services, { pauseMs: [0, 1], seed: 1 })
    await enough
    await playing.close()
    await evaluator.poll()
    await evaluator.close()
    expect(failures).toEqual([])
    expect(await count('receipt')).toBeGreaterThan(receipts + EVENTS / 2)
    const after = await count('goal_progress')
    expect(after).toBeGreaterThan(progress + EVENTS / 4)
    for (const [index, value] of (await standing()).entries()) {
      expect(Math.abs(value / (before[index] ?? 0) - 1)).toBeLessThan(0.03)
    }
    const latest = await read(
      (tx) => tx.sql<{ status: string }[]>`
        select distinct on (goal_id) status::text from goal_progress order by goal_id, sequence desc`,
    )
    expect(new Set(latest.map(({ status }) => status))).toEqual(
      new Set(['ON_TRACK', 'AT_RISK', 'OFF_TRACK', 'ACHIEVED']),
    )
    // Nothing happens any more.
    expect(await count('goal_progress')).toBe(after)
  })
})
