import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SCOPES } from '@tidemark/server/access/scopes.ts'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { inTransaction, openReader, type Tx } from '@tidemark/drizzle/transaction.ts'
import { trailingMonths } from '@tidemark/server/domain/calendar.ts'
import { dateOf } from '@tidemark/server/domain/day.ts'
import { noQuantities, quantityNames, type Quantities } from '@tidemark/server/domain/explain-formulas.ts'
import { itemQuantities } from '@tidemark/server/domain/explain-items.ts'
import type { KpiMetric } from '@tidemark/server/domain/kpi.ts'
import { Exact } from '@tidemark/server/domain/money.ts'
import { kpiDefinition, kpiDefinitions } from '@tidemark/server/domain/registry.ts'
import { explainKpi, type ExplainQuery } from '@tidemark/server/kpi/explain.ts'
import { readQuantities, type Moments } from '@tidemark/server/kpi/explain-items.ts'
import type { KpiDimension } from '@tidemark/server/kpi/segments.ts'
import type { KpiOrganization } from '@tidemark/server/kpi/source.ts'
import { readItems } from '@tidemark/server/ledger/histories.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { execute, request } from '../support/graphql.ts'
import { day } from '../support/kpi-books.ts'
import { LAST_POSTING, makeManifoldBooks, recordedAt } from '../support/manifold-books.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { createTwins, tokenWith } from '../support/twins.ts'

let database: TestDatabase
let connection: Connection
let organization: KpiOrganization
beforeAll(async () => {
  database = await createDatabase()
  connection = await connect(database.url, { max: 4 })
  organization = await makeManifoldBooks(connection, 20261122)
}, 90_000)
afterAll(async () => {
  await connection.close()
  await database.drop()
})

const now = Temporal.Instant.from('2026-11-20T12:00:00Z')
const reading = <T>(run: (tx: Tx) => Promise<T>): Promise<T> =>
  inTransaction(connection, { organizationId: organization.id, mode: 'read' }, run)

const days = fc
  .tuple(fc.integer({ min: day('2025-03-05'), max: day('2026-04-10') }), fc.integer({ min: 1, max: 60 }))
  .map(([to, length]) => ({ from: to - length, to }))

describe('what is read of the ledger', () => {
  const questions = fc.record({
    days,
    months: fc.integer({ min: 1, max: 4 }),
    posting: fc.integer({ min: 1, max: LAST_POSTING }),
    grace: fc.constantFrom(0, 5),
  })
  const momentOf = (day: number, months: number, grace: number) => ({
    day,
    window: trailingMonths(day, months),
    pastDueBefore: day - grace,
  })

  it('PostgreSQL adds up what each item says for itself', { timeout: 60_000 }, async () => {
    let seen = 0
    for (const { days, months, posting, grace } of fc.sample(questions, { seed: 11, numRuns: 15 })) {
      const knownAt = recordedAt(posting)
      const moments: Moments = [momentOf(days.from, months, 0), momentOf(days.to, months, grace)]
      const query = { organizationId: organization.id, moments, knownAt }
      const { all, own, expected } = await reading(async (tx) => {
        const customers = await tx.sql<{ id: string }[]>`select id from customer`
        return {
          all: await readQuantities(tx, { ...query, customerIds: null }),
          own: await readQuantities(tx, { ...query, customerIds: customers.map(({ id }) => id) }),
          expected: await itemByItem(tx, moments, knownAt),
        }
      })
      seen += expected.size
      expect(textOf(all)).toEqual(textOf([...expected.values()]))
      expect(textOf(own)).toEqual(textOf(all))
    }
    expect(seen).toBeGreaterThan(300)
  })

  type Row = Pick<Awaited<ReturnType<typeof readQuantities>>[number], 'customerId' | 'segmentId' | 'sides'>

  const textOf = (rows: readonly Row[]): string[] => {
    const sums = new Map<string, bigint[]>()
    for (const { customerId, segmentId, sides } of rows) {
      const values = sides.flatMap((side) => quantityNames.map((name) => side[name]))
      const key = `${customerId} ${segmentId}`
      const old = sums.get(key)
      sums.set(key, old === undefined ? values : old.map((value, index) => value + (values[index] ?? 0n)))
    }
    return [...sums]
      .filter(([, values]) => values.some((value) => value !== 0n))
      .map(([key, values]) => `${key}: ${values.join(' ')}`)
      .sort()
  }

  async function itemByItem(tx: Tx, moments: Moments, knownAt: Temporal.Instant): Promise<Map<string, Row>> {
    const records = await tx.sql<{ item_id: string; known: number }[]>`
      select item_id, count(*)::int as known from ledger_entry
      where recorded_at <= ${knownAt.toString()}::timestamptz group by item_id`
    const known = new Map(records.map((record) => [record.item_id, record.known]))
    const items = [...(await readItems(tx, organization.id, [...known.keys()])).values()].map((item) => ({
      ...item,
      entries: item.entries.slice(0, known.get(item.id)),
    }))
    const disputes = Map.groupBy(
      items.filter((item) => item.kind === 'DISPUTE'),
      (item) => item.entries[0]?.counterpartId ?? null,
    )
    const rows = new Map<string, Row>()
    for (const item of items.filter(({ kind }) => kind !== 'DISPUTE')) {
      const [before, after] = itemQuantities(
        {
          history: item,
          shares: item.shares,
          disputes: disputes.get(item.id)?.flatMap((dispute) => dispute.entries) ?? [],
        },
        moments,
      )
      const none: Quantities = noQuantities
      for (const segmentId of new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])) {
        const sides = [before?.get(segmentId) ?? none, after?.get(segmentId) ?? none] as const
        rows.set(`${item.id} ${segmentId}`, { customerId: item.customerId, segmentId, sides })
      }
    }
    return rows
  }
})

describe('an explanation of random books', { timeout: 120_000 }, () => {
  const explained = [
    'DSO',
    'BEST_POSSIBLE_DSO',
    'AVERAGE_DAYS_DELINQUENT',
    'PAST_DUE',
    'PAST_DUE_SHARE',
  ] as const
  const questions = fc.record({
    days,
    metric: fc.constantFrom(...explained, 'DSO' as const, 'DSO' as const),
    dsoMonths: fc.integer({ min: 1, max: 4 }),
    posting: fc.integer({ min: 3, max: LAST_POSTING }),
    currency: fc.constantFrom('USD', 'EUR', 'JPY'),
    region: fc.constantFrom(null, null, 'EMEA', 'Nordics'),
    conventions: fc.record({
      unappliedCash: fc.constantFrom('INCLUDE' as const, 'EXCLUDE' as const),
      graceDays: fc.constantFrom(0, 0, 5),
    }),
  })
  const explain = async (query: Omit<ExplainQuery, 'now' | 'settledAt'>) => {
    const reader = openReader(connection, organization.id, { timeoutMs: 30_000 })
    const explanation = await explainKpi(reader, organization, { now, settledAt: now, ...query })
    return { explanation, close: () => reader.close() }
  }
  const sum = (texts: readonly string[]) =>
    texts.reduce((total, text) => total.plus(text), new Exact(0)).toFixed()
  const same = (text: string | null) => new Exact(text ?? 'NaN').toFixed()
  /** Half of the last digit. */
  const half = (currency: string, metric: KpiMetric) => {
    if (kpiDefinition(metric).unit !== 'MONEY') return 0.5e-10
    return currency === 'JPY' ? 0.5 : 0.005
  }
  const dimensions: KpiDimension[] = ['CURRENCY', 'REGION', 'PRODUCT_LINE']

  it('adds up: drivers to the change, segments, customers and invoices to their driver', async () => {
    const drivers = new Set<string>()
    const withoutValue: unknown[][] = []
    for (const one of fc.sample(questions, { seed: 5, numRuns: 25 })) {
      const { metric, posting, currency, dsoMonths, region } = one
      const { explanation, close } = await explain({
        metric,
        from: dateOf(one.days.from),
        to: dateOf(one.days.to),
        knownAt: recordedAt(posting),
        currency,
        conventions: { dsoMonths, ...one.conventions },
        filter: region === null ? null : { region: [region] },
      })
      const { parts, change, from, to } = explanation
      if (from.valueExact === null || to.valueExact === null) {
        withoutValue.push([explanation.reason, change, parts.length])
        await close()
        continue
      }
      const difference = new Exact(to.valueExact).minus(from.valueExact).toFixed()
      expect([same(change), sum(parts.map((part) => part.change))]).toEqual([difference, difference])
      expect(parts.map((part) => part.driver)).toContain('CURRENCY')
      for (const part of parts) {
        if (!/^[-0.]*$/.test(part.change)) drivers.add(part.driver)
        for (const dimension of dimensions) {
          const segments = await part.segments(dimension)
          expect(sum(segments.map((segment) => segment.change))).toBe(same(part.change))
        }
        const { list, rest } = part.customers(3, {})
        expect(sum([...list.map((customer) => customer.change), rest])).toBe(same(part.change))
        const every = part.customers(100, {})
        // Each customer's amount is rounded for itself, so what is left of all of them is at most that.
        expect(new Exact(every.rest).abs().toNumber()).toBeLessThanOrEqual(
          (every.list.length + 8) * half(currency, metric),
        )
        for (const customer of list) {
          const invoices = await customer.invoices(2)
          expect(sum([...invoices.list.map((invoice) => invoice.change), invoices.rest])).toBe(
            same(customer.change),
          )
        }
        const inside = part.customers(2, { region: ['APAC'] })
        const apac = (await part.segments('REGION')).filter((segment) => segment.region === 'APAC')
        const total = new Exact(sum([...inside.list.map((customer) => customer.change), inside.rest]))
        const difference = total.minus(sum(apac.map((segment) => segment.change)))
        expect(difference.abs().toNumber()).toBeLessThanOrEqual(10 * half(currency, metric))
      }
      await close()
    }
    expect(withoutValue).toContainEqual(['INSUFFICIENT_HISTORY', null, 0])
    expect(new Set(withoutValue.map((one) => String(one.slice(1))))).toEqual(new Set([',0']))
    expect([...drivers].sort()).toEqual([
      'AMOUNT',
      'CURRENCY',
      'DELINQUENCY',
      'DENOMINATOR',
      'DISPUTES',
      'NUMERATOR',
      'SALES_TIMING',
      'SALES_VOLUME',
      'TERMS',
      'UNAPPLIED_CASH',
    ])
  })

  it('every KPI is explained, whatever it is made of', async () => {
    const refused: KpiMetric[] = []
    const sums: [string, string][] = []
    for (const { metric } of kpiDefinitions) {
      const { explanation, close } = await explain({
        metric,
        from: dateOf(day('2025-10-31')),
        to: dateOf(day('2025-12-31')),
      })
      const { parts, change } = explanation
      expect(sum(parts.map((part) => part.change))).toBe(change === null ? '0' : same(change))
      const bySegment = await Promise.allSettled(parts.map((part) => part.segments('REGION')))
      const told = bySegment.map((outcome) =>
        outcome.status === 'fulfilled'
          ? sum(outcome.value.map((segment) => segment.change))
          : (outcome.reason as Error).message,
      )
      const refusal = `${metric} cannot be told by segment: the values of segments do not add up to that of all.`
      const refusals = told.filter((words) => words.startsWith(refusal))
      for (const words of refusals)
        expect(words.slice(refusal.length)).toBe(
          kpiDefinition(metric).theme === 'CREDIT'
            ? ' Credit counts where customers are today, and only the whole has those without a region of their own: give them one (moveCustomer).'
            : '',
        )
      if (refusals.length > 0) refused.push(metric)
      else told.forEach((total, index) => sums.push([total, same(parts[index]?.change ?? null)]))
      await close()
    }
    expect(sums.map(([total]) => total)).toEqual(sums.map(([, change]) => change))
    expect(refused.length).toBeGreaterThan(0)
    // Credit counts where customers are; these have no region of their own, only their bills have.
    const isOfBills = (metric: KpiMetric) =>
      kpiDefinition(metric).unit === 'MONEY' && kpiDefinition(metric).theme !== 'CREDIT'
    expect(refused.filter(isOfBills)).toEqual([])
  })
})

describe('over the API', { timeout: 60_000 }, () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer({ demo: false })
  }, 60_000)
  afterAll(() => server.close())

  it('the query that GraphiQL opens with explains last month down to invoices', async () => {
    const { ours } = await createTwins(server)
    const page = await (await fetch(`${server.url}/graphiql`)).text()
    const [, options = ''] = /querySelector\('#root'\),\s*(\{.*\}),/.exec(page) ?? []
    const { defaultQuery } = JSON.parse(options) as { defaultQuery: string }
    type Told = { explainKpi: { from: { date: string }; to: { date: string }; reason: string | null } }
    const { explainKpi } = await execute<Told>(
      server.url,
      ours.token,
      defaultQuery.replace('change\n', 'change reason\n'),
    )
    const thisMonth = Temporal.Now.plainDateISO('UTC').with({ day: 1 })
    expect([explainKpi.from.date, explainKpi.to.date]).toEqual([
      thisMonth.subtract({ months: 1 }).subtract({ days: 1 }).toString(),
      thisMonth.subtract({ days: 1 }).toString(),
    ])
  })

  it('tells each customer with its invoices, each once, and refuses what makes no sense', async () => {
    const organization = await server.createOrganization({ slug: 'explained' })
    const token = await tokenWith(server, organization, SCOPES)
    const bill = (number: string, customer: string, amount: string, issuedOn: string) =>
      execute(
        server.url,
        token,
        `mutation ($input: RecordInvoiceInput!) { recordInvoice(input: $input) { __typename ... on Problem { message } } }`,
        {
          input: {
            customer: { number: customer },
            number,
            amount: { amount, currency: 'USD' },
            issuedOn,
            dueOn: issuedOn,
          },
        },
      )
    await inTransaction(server.connection, { organizationId: organization.id, mode: 'write' }, (tx) =>
      tx.insert(customer).values(
        ['A', 'B'].map((number) => ({
          organizationId: organization.id,
          id: crypto.randomUUID(),
          number,
          name: `Customer ${number}`,
          termsDays: 30,
        })),
      ),
    )
    await bill('I-1', 'A', '100.00', '2026-07-10')
    await bill('I-2', 'B', '40.00', '2026-08-10')
    await bill('I-3', 'B', '7.50', '2026-08-11')
    const ask = (from: string, to: string) =>
      request<{ explainKpi: unknown }>(
        server.url,
        token,
        `query ($from: Date!, $to: Date!) { explainKpi(metric: PAST_DUE, from: $from, to: $to) {
          change parts { driver name change otherCustomers customers(first: 1) { customer { number } change
            otherItems(first: 1) invoices(first: 1) { invoice { number } change } } } } }`,
        { from, to },
      )
    const told = await ask('2026-07-31', '2026-08-31')
    expect(told.errors).toEqual([])
    expect(told.data?.explainKpi).toEqual({
      change: '47.50',
      parts: [
        { driver: 'CURRENCY', name: 'Exchange rates', change: '0.00', otherCustomers: '0.00', customers: [] },
        {
          driver: 'AMOUNT',
          name: 'Amount',
          change: '47.50',
          otherCustomers: '0.00',
          customers: [
            {
              customer: { number: 'B' },
              change: '47.50',
              otherItems: '7.50',
              invoices: [{ invoice: { number: 'I-2' }, change: '40.00' }],
            },
          ],
        },
      ],
    })
    const backwards = await ask('2026-08-31', '2026-07-31')
    const tomorrow = await ask('2026-08-31', Temporal.Now.plainDateISO('UTC').add({ days: 3 }).toString())
    expect([backwards, tomorrow].map(({ errors }) => errors[0]?.message)).toEqual([
      'to (2026-07-31) must lie after from (2026-08-31).',
      expect.stringContaining('to must not lie after today'),
    ])
  })
})
