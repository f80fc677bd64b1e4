import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { execute, request } from '../support/graphql.ts'
import { customerOf } from '../support/one-customer.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const NOW = Temporal.Instant.from('2026-07-01T12:00:00Z')

let server: TestServer
let organization: OrganizationRow
let token: string

beforeAll(async () => {
  server = await startTestServer({ clock: () => NOW })
})
afterAll(() => server.close())
beforeEach(async () => {
  organization = await server.createOrganization()
  token = await server.createToken(organization)
})

type Value = {
  readonly metric: string
  readonly date: string
  readonly value?: string | null
  readonly currency?: string
}

const record = async (values: readonly Value[], more: Record<string, unknown> = {}) => {
  const { recordMetricValues } = await execute<{ recordMetricValues: Record<string, unknown> }>(
    server.url,
    token,
    `mutation ($input: RecordMetricValuesInput!) { recordMetricValues(input: $input) {
      __typename ... on RecordMetricValuesSuccess { recorded unchanged dryRun audit { id hash } }
      ... on Problem { message code path } } }`,
    { input: { values, ...more } },
  )
  return recordMetricValues
}

type Kept = {
  readonly metric: string
  readonly date: string
  readonly value: string
  readonly recordedAt: string
}

const read = async (args = ''): Promise<Kept[]> => {
  const { metricValues } = await execute<{ metricValues: { nodes: Kept[] } }>(
    server.url,
    token,
    `{ metricValues${args} { nodes { metric date value currency source recordedAt } totalCount } }`,
  )
  return metricValues.nodes
}
const brief = (values: readonly Kept[]) =>
  values.map(({ metric, date, value }) => `${metric} ${date} ${value}`)

type Row = { readonly valueExact: string | null; readonly reason: string | null }
const kpis = async (metrics: string, args = 'asOf: "2026-06-30"'): Promise<Row[]> =>
  (
    await execute<{ kpis: Row[] }>(
      server.url,
      token,
      `{ kpis(metrics: [${metrics}], ${args}) { valueExact reason } }`,
    )
  ).kpis
const shown = (rows: readonly Row[]) => rows.map(({ valueExact, reason }) => valueExact ?? reason)

describe('recordMetricValues', () => {
  it('records, tells what was known already, and keeps what was known before', async () => {
    const june = { metric: 'COLLECTION_COST', date: '2026-06-30', value: '1200.50' }
    const staff = { metric: 'COLLECTION_STAFF', date: '2026-01-31', value: '2.5' }
    expect(await record([june, staff], { source: 'payroll' })).toMatchObject({
      __typename: 'RecordMetricValuesSuccess',
      recorded: 2,
      unchanged: 0,
      dryRun: false,
      audit: { hash: expect.any(String) },
    })
    expect(await read()).toMatchObject([
      { ...june, currency: 'USD', source: 'payroll' },
      { ...staff, currency: null, source: 'payroll' },
    ])
    const [before] = await read()
    expect(await record([{ ...june, value: '1300' }, staff])).toMatchObject({ recorded: 1, unchanged: 1 })
    expect(brief(await read('(metrics: [COLLECTION_COST])'))).toEqual(['COLLECTION_COST 2026-06-30 1300'])
    const then = `knownAt: "${before?.recordedAt}"`
    expect(brief(await read(`(${then}, to: "2026-12-31", from: "2026-06-01")`))).toEqual([
      'COLLECTION_COST 2026-06-30 1200.50',
    ])
    expect(shown(await kpis('COLLECTION_COST'))).toEqual(['1300.00'])
    expect(shown(await kpis('COLLECTION_COST', `asOf: "2026-06-30", ${then}`))).toEqual(['1200.50'])
  })

  it('takes back what was recorded', async () => {
    const value = { metric: 'SALES_PLAN', date: '2026-12-31', value: '90000' }
    await record([value])
    expect(await record([{ ...value, value: null }])).toMatchObject({ recorded: 1 })
    expect(await read()).toEqual([])
    // There is nothing to take back.
    expect(await record([{ ...value, value: null }])).toMatchObject({ recorded: 0, unchanged: 1 })
  })

  it('does nothing where it is tried out, and once for one key', async () => {
    const values = [{ metric: 'CASH_PLAN', date: '2026-06-30', value: '5' }]
    expect(await record(values, { dryRun: true })).toMatchObject({ recorded: 1, dryRun: true, audit: null })
    expect(await read()).toEqual([])
    const first = await record(values, { idempotencyKey: 'k' })
    expect(await record(values, { idempotencyKey: 'k' })).toEqual(first)
    expect(first).toMatchObject({ recorded: 1 })
  })

  it.each<[string, Value[], readonly string[], string]>([
    ['no values', [], ['values'], '1 to 1000 values'],
    [
      'a value that is no number',
      [
        { metric: 'CASH_PLAN', date: '2026-06-30', value: '1' },
        { metric: 'CASH_PLAN', date: '2026-07-31', value: '1234567890123456' },
      ],
      ['values', '1', 'value'],
      'no decimal',
    ],
    [
      'more than all',
      [{ metric: 'CUSTOMER_SATISFACTION', date: '2026-06-30', value: '100.5' }],
      ['values', '0', 'value'],
      'between 0 and 100',
    ],
    [
      'people in euro',
      [{ metric: 'COLLECTION_STAFF', date: '2026-06-30', value: '2', currency: 'EUR' }],
      ['values', '0', 'currency'],
      'no money',
    ],
    [
      'a day twice',
      [
        { metric: 'CASH_PLAN', date: '2026-06-30', value: '1' },
        { metric: 'CASH_PLAN', date: '2026-06-30', value: '2' },
      ],
      ['values', '1', 'date'],
      'already at index 0',
    ],
    [
      'another age',
      [{ metric: 'CASH_PLAN', date: '1949-12-31', value: '1' }],
      ['values', '0', 'date'],
      'does not lie between 1950 and 2199',
    ],
  ])('refuses %s, and all with it', async (_name, values, path, message) => {
    const problem = await record(values)
    expect(problem).toMatchObject({ __typename: 'InvalidInput', path })
    expect(problem['message']).toContain(message)
    expect(await read()).toEqual([])
  })

  it('is not for viewers', async () => {
    const viewer = await server.createToken(organization, 'viewer')
    const { errors } = await request(
      server.url,
      viewer,
      `mutation { recordMetricValues(input: { values: [{ metric: CASH_PLAN, date: "2026-06-30", value: "1" }] }) { __typename } }`,
    )
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  })
})

describe('KPIs of numbers from outside', () => {
  beforeEach(async () => {
    await customerOf(server, organization, 'C-1')
    const bill = `mutation { recordInvoice(input: { customer: { number: "C-1" }, number: "I-1",
      amount: { amount: "10000", currency: "USD" }, issuedOn: "2026-06-05" }) { __typename } }`
    const pay = (amount: string) => `mutation { recordReceipt(input: { customer: { number: "C-1" },
      amount: { amount: "${amount}", currency: "USD" }, receivedOn: "2026-06-20",
      allocations: [{ invoice: { number: "I-1" }, amount: "${amount}" }] }) { __typename } }`
    await execute(server.url, token, bill)
    await execute(server.url, token, pay('1500'))
    await execute(server.url, token, pay('2500'))
  })

  it('set what was recorded against the books', async () => {
    await record([
      { metric: 'COLLECTION_COST', date: '2026-06-30', value: '100' },
      { metric: 'COLLECTION_STAFF', date: '2026-01-01', value: '2.5' },
      { metric: 'SALES_PLAN', date: '2026-06-30', value: '8000' },
      { metric: 'CASH_PLAN', date: '2026-06-15', value: '3000' },
      { metric: 'CASH_PLAN', date: '2026-06-30', value: '2000' },
      { metric: 'DEBT_SERVICE', date: '2026-06-30', value: '1600' },
    ])
    expect(
      shown(
        await kpis(
          'COST_TO_COLLECT, COST_PER_RECEIPT, COLLECTIONS_PER_COLLECTOR, SALES_PLAN_ATTAINMENT, CASH_PLAN_ATTAINMENT, DEBT_SERVICE_COVERAGE, COLLECTION_STAFF',
        ),
      ),
    ).toEqual(['0.025', '50.00', '1600.00', '125', '80', '2.5', '2.5'])
  })

  it('have no value where nothing was recorded, and none by segment', async () => {
    await record([{ metric: 'COLLECTION_COST', date: '2026-05-31', value: '100' }])
    expect(shown(await kpis('COLLECTION_COST, COST_TO_COLLECT, COLLECTION_STAFF'))).toEqual([
      'NOT_RECORDED',
      'NOT_RECORDED',
      'NOT_RECORDED',
    ])
    const may = 'asOf: "2026-05-31"'
    expect(shown(await kpis('COLLECTION_COST, COST_TO_COLLECT', may))).toEqual([
      '100.00',
      'INSUFFICIENT_HISTORY',
    ])
    expect(shown(await kpis('COLLECTION_COST', `${may}, groupBy: [REGION]`))).toEqual(['NOT_BY_SEGMENT'])
    expect(shown(await kpis('COLLECTION_COST', `${may}, filter: { currency: ["USD"] }`))).toEqual([
      'NOT_BY_SEGMENT',
    ])
  })

  it('take other currencies at the rate of their day, and name the rate that is missing', async () => {
    await record([{ metric: 'COLLECTION_COST', date: '2026-06-10', value: '100', currency: 'EUR' }])
    const missing = await execute<{ kpis: { message: string }[] }>(
      server.url,
      token,
      '{ kpis(metrics: [COLLECTION_COST], asOf: "2026-06-30") { message } }',
    )
    expect(missing.kpis[0]?.message).toContain('no exchange rate of EUR for 2026-06-10')
    await execute(
      server.url,
      token,
      `mutation { recordRates(input: { rates: [{ currency: "EUR", date: "2026-06-10", rate: "1.25" }] }) { __typename } }`,
    )
    expect(shown(await kpis('COLLECTION_COST'))).toEqual(['125.00'])
  })

  it('come as a series, each value in the bucket of its day', async () => {
    await record([
      { metric: 'SALES_PLAN', date: '2026-04-30', value: '10' },
      { metric: 'SALES_PLAN', date: '2026-06-01', value: '20' },
      { metric: 'COLLECTION_STAFF', date: '2026-05-15', value: '3' },
    ])
    const series = 'from: "2026-04-01", to: "2026-06-30"'
    expect(shown(await kpis('SALES_PLAN', series))).toEqual(['10.00', 'NOT_RECORDED', '20.00'])
    expect(shown(await kpis('COLLECTION_STAFF', series))).toEqual(['NOT_RECORDED', '3', '3'])
  })

  it('carry goals', async () => {
    await record([{ metric: 'CUSTOMER_SATISFACTION', date: '2026-06-30', value: '80' }])
    const { createGoal } = await execute<{ createGoal: unknown }>(
      server.url,
      token,
      `mutation { createGoal(input: { name: "Happier", metric: CUSTOMER_SATISFACTION, direction: INCREASE,
        target: "90", startsOn: "2026-06-30", deadline: "2026-12-31" }) {
        __typename ... on CreateGoalSuccess { goal { baselineExact } } ... on Problem { message } } }`,
    )
    expect(createGoal).toEqual({ __typename: 'CreateGoalSuccess', goal: { baselineExact: '80' } })
  })
})

describe('credit utilisation', () => {
  it('is what customers use of their limits, on any day', async () => {
    await customerOf(server, organization, 'C-1')
    await customerOf(server, organization, 'C-2')
    for (const [number, customer, amount] of [
      ['I-1', 'C-1', '600'],
      ['I-2', 'C-2', '5000'],
    ]) {
      await execute(
        server.url,
        token,
        `mutation { recordInvoice(input: { customer: { number: "${customer}" }, number: "${number}",
          amount: { amount: "${amount}", currency: "USD" }, issuedOn: "2026-06-05" }) { __typename } }`,
      )
    }
    await execute(
      server.url,
      token,
      `mutation { recordReceipt(input: { customer: { number: "C-1" }, amount: { amount: "100", currency: "USD" },
        receivedOn: "2026-06-20" }) { __typename } }`,
    )
    const used = async (args: string) => shown(await kpis('CREDIT_UTILISATION', args))
    expect(await used('asOf: "2026-07-01"')).toEqual(['NOT_CONFIGURED'])
    await execute(
      server.url,
      token,
      `mutation { setCreditLimit(input: { customer: { number: "C-1" }, reason: "new",
        limit: { amount: { amount: "2000", currency: "USD" } } }) { __typename } }`,
    )
    // 600 - 100 of 2,000; the other customer has no limit.
    expect(await used('asOf: "2026-07-01"')).toEqual(['25'])
    expect(await used('asOf: "2026-06-30"')).toEqual(['NOT_CONFIGURED'])
    expect(await used('asOf: "2026-07-01", knownAt: "2999-01-01T00:00:00Z"')).toEqual(['25'])
    expect(await used('asOf: "2026-07-01", filter: { currency: ["USD"] }')).toEqual(['NOT_BY_SEGMENT'])
  })
})
