/** Loss rates out of the books' own history: the published example, and what is a loss and what is none. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let token: string

beforeAll(async () => {
  server = await startTestServer({ clock: () => Temporal.Instant.from('2026-06-30T12:00:00Z') })
  const organization = await server.createOrganization()
  token = await server.createToken(organization, 'manager')
  const organizationId = organization.id
  await inTransaction(server.connection, { organizationId, mode: 'write' }, (tx) =>
    tx.insert(customer).values({
      organizationId,
      id: crypto.randomUUID(),
      number: 'C-1',
      name: 'Ardmore Mills',
      termsDays: 30,
    }),
  )
})
afterAll(() => server.close())

const change = async (name: string, input: Record<string, unknown>) => {
  const query = `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) {
    ${name}(input: $input) { __typename ... on Problem { message } } }`
  const answer = await execute<Record<string, { __typename: string }>>(server.url, token, query, { input })
  if (!answer[name]?.__typename.endsWith('Success')) throw new Error(JSON.stringify(answer))
}
const bill = (number: string, amount: string, issuedOn: string, dueOn: string) =>
  change('recordInvoice', {
    customer: { number: 'C-1' },
    number,
    amount: { amount, currency: 'USD' },
    issuedOn,
    dueOn,
  })
const pay = (number: string, amount: string, receivedOn: string) =>
  change('recordReceipt', {
    customer: { number: 'C-1' },
    amount: { amount, currency: 'USD' },
    receivedOn,
    allocations: [{ invoice: { number }, amount }],
  })
const writeOff = (number: string, amount: string, occurredOn: string, code: string) =>
  change('writeOffInvoice', {
    invoice: { number },
    amount: { amount, currency: 'USD' },
    occurredOn,
    code,
  })

type Answer = {
  buckets: { label: string; reached: { amount: string }; rollRate: string | null; lossRate: string | null }[]
  lost: { amount: string }
  rates: string[] | null
  tooYoung: number
}
const lossRates = async (from: string, to: string): Promise<Answer> => {
  const query = `query ($from: Date!, $to: Date!) { lossRates(from: $from, to: $to) {
    buckets { label reached { amount } rollRate lossRate } lost { amount } rates tooYoung } }`
  return (await execute<{ lossRates: Answer }>(server.url, token, query, { from, to })).lossRates
}

describe('roll rates of ifrscommunity', () => {
  beforeAll(async () => {
    // Of sales of 100,000 there are unpaid: 50,000 past due, 23,000 after 30 days, 8,000 after 60, 2,000 after 90.
    await bill('R-1', '100000', '2025-10-01', '2025-10-31')
    for (const [amount, on] of [
      ['50000', '2025-10-31'],
      ['27000', '2025-11-20'],
      ['15000', '2025-12-20'],
      ['6000', '2026-01-20'],
    ] as const)
      await pay('R-1', amount, on)
  })

  it('become loss rates, and these the loss to be expected: 27,567', async () => {
    const found = await lossRates('2025-10-01', '2025-10-31')
    expect(found.buckets.map((one) => [one.label, one.reached.amount, one.rollRate, one.lossRate])).toEqual([
      ['Current', '100000.00', '50', '2'],
      ['1-30', '50000.00', '46', '4'],
      ['31-60', '23000.00', '34.7826086957', '8.6956521739'],
      ['61-90', '8000.00', '25', '25'],
      ['91+', '2000.00', '100', '100'],
    ])
    expect([found.lost.amount, found.tooYoung]).toEqual(['2000.00', 0])

    // Open today: 300,000 / 140,000 / 60,000 / 23,000 / 5,000, the 2,000 of before among these.
    await bill('N-1', '300000', '2026-06-20', '2026-07-20')
    await bill('N-2', '140000', '2026-05-16', '2026-06-15')
    await bill('N-3', '60000', '2026-04-15', '2026-05-15')
    await bill('N-4', '23000', '2026-03-16', '2026-04-15')
    await bill('N-5', '3000', '2026-02-01', '2026-03-01')
    const query = `query ($rates: [Decimal!]) {
      kpis(metrics: EXPECTED_CREDIT_LOSS, conventions: { lossRates: $rates }) { valueExact } }`
    const { kpis } = await execute<{ kpis: unknown }>(server.url, token, query, { rates: found.rates })
    expect(kpis).toEqual([{ valueExact: '27567.39' }])
    // Nobody knows yet what becomes of four of them.
    expect((await lossRates('2026-02-01', '2026-06-30')).tooYoung).toBe(4)
  })
})

describe('a loss', () => {
  it('is what is given up, and not what is credited to the customer for a dispute', async () => {
    await bill('L-1', '1000', '2025-08-01', '2025-08-31')
    await pay('L-1', '600', '2025-08-15')
    await writeOff('L-1', '100', '2025-09-10', 'DISPUTE')
    await writeOff('L-1', '300', '2025-10-15', 'BAD_DEBT')
    const found = await lossRates('2025-08-01', '2025-08-31')
    expect(found.buckets.map((one) => one.reached.amount)).toEqual([
      '1000.00',
      '400.00',
      '300.00',
      '300.00',
      '300.00',
    ])
    expect([found.lost.amount, found.rates]).toEqual(['300.00', ['30', '75', '100', '100', '100']])
  })

  it('is not known of bills that are too young, even where there are no others', async () => {
    await bill('Y-1', '100', '2026-06-29', '2026-06-30')
    const found = await lossRates('2026-06-29', '2026-06-30')
    expect([found.rates, found.lost.amount, found.tooYoung]).toEqual([null, '0.00', 1])
  })

  it('has no rate where nothing came so far', async () => {
    const found = await lossRates('2025-07-01', '2025-07-31')
    expect(found.rates).toBeNull()
    expect(found.buckets.map(({ lossRate }) => lossRate)).toEqual([null, null, null, null, null])
  })
})
