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

type Rate = { readonly currency: string; readonly date: string; readonly rate: string }

const record = async (rates: readonly Rate[], more: Record<string, unknown> = {}) => {
  const { recordRates } = await execute<{ recordRates: Record<string, unknown> }>(
    server.url,
    token,
    `mutation ($input: RecordRatesInput!) { recordRates(input: $input) {
      __typename ... on RecordRatesSuccess { recorded unchanged dryRun audit { hash } }
      ... on Problem { message code path } } }`,
    { input: { rates, ...more } },
  )
  return recordRates
}

type Page = {
  readonly nodes: (Rate & { readonly source: string; readonly recordedAt: string })[]
  readonly totalCount: number
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

const read = async (args = ''): Promise<Page> => {
  const { exchangeRates } = await execute<{ exchangeRates: Page }>(
    server.url,
    token,
    `{ exchangeRates${args} { nodes { currency date rate source recordedAt } totalCount pageInfo { hasNextPage endCursor } } }`,
  )
  return exchangeRates
}
const brief = ({ nodes }: Page) => nodes.map(({ currency, date, rate }) => `${currency} ${date} ${rate}`)

describe('recordRates', () => {
  it('records, tells what was known already, and keeps what was known before', async () => {
    const rates = [
      { currency: 'EUR', date: '2026-06-01', rate: '1.08' },
      { currency: 'EUR', date: '2026-06-02', rate: '1.09' },
      { currency: 'JPY', date: '2026-06-01', rate: '0.0067' },
    ]
    expect(await record(rates, { source: 'ECB' })).toMatchObject({ recorded: 3, unchanged: 0 })
    const first = await read()
    expect(brief(first)).toEqual(['EUR 2026-06-01 1.08', 'EUR 2026-06-02 1.09', 'JPY 2026-06-01 0.0067'])
    expect(first.nodes[0]?.source).toBe('ECB')
    const corrected = [{ currency: 'EUR', date: '2026-06-02', rate: '1.10' }, ...rates.slice(2)]
    expect(await record(corrected)).toMatchObject({ recorded: 1, unchanged: 1 })
    expect(brief(await read('(currencies: ["EUR"], from: "2026-06-02")'))).toEqual(['EUR 2026-06-02 1.10'])
    const then = first.nodes[0]?.recordedAt
    expect(first.nodes.map(({ recordedAt }) => recordedAt)).toEqual([then, then, then])
    expect(brief(await read(`(knownAt: "${then}")`))).toEqual(brief(first))
    expect((await read()).totalCount).toBe(3)
  })

  it('is read page by page', async () => {
    await record(
      ['2026-06-01', '2026-06-02', '2026-06-03'].map((date) => ({ currency: 'EUR', date, rate: '1.1' })),
    )
    const first = await read('(first: 2)')
    expect(brief(first)).toEqual(['EUR 2026-06-01 1.1', 'EUR 2026-06-02 1.1'])
    const second = await read(`(first: 2, after: "${first.pageInfo.endCursor}")`)
    expect([brief(second), second.pageInfo.hasNextPage]).toEqual([['EUR 2026-06-03 1.1'], false])
  })

  it('does nothing where it is tried out', async () => {
    const rates = [{ currency: 'EUR', date: '2026-06-01', rate: '1.08' }]
    expect(await record(rates, { dryRun: true })).toMatchObject({ recorded: 1, dryRun: true, audit: null })
    expect((await read()).nodes).toEqual([])
  })

  it.each<[string, Partial<Rate>, string, string]>([
    ['the base currency', { currency: 'USD' }, 'currency', 'USD is the base currency'],
    ['tomorrow', { date: '2026-07-02' }, 'date', 'lies after today, 2026-07-01'],
    ['another age', { date: '1949-12-31' }, 'date', 'does not lie between 1950 and 2199'],
    ['nothing', { rate: '0' }, 'rate', 'no number above 0'],
    ['less than nothing', { rate: '-1.1' }, 'rate', 'no number above 0'],
    ['a day twice', { date: '2026-06-01' }, 'date', 'already at index 0'],
  ])('refuses %s by its index, and all with it', async (_name, fault, field, message) => {
    const good = { currency: 'EUR', date: '2026-06-01', rate: '1.08' }
    const problem = await record([good, { ...good, date: '2026-06-02', ...fault }])
    expect(problem).toMatchObject({
      __typename: 'InvalidInput',
      code: 'INVALID',
      path: ['rates', '1', field],
    })
    expect(problem['message']).toContain(message)
    expect((await read()).nodes).toEqual([])
  })

  it('is not for viewers', async () => {
    const viewer = await server.createToken(organization, 'viewer')
    const { errors } = await request(
      server.url,
      viewer,
      `mutation { recordRates(input: { rates: [{ currency: "EUR", date: "2026-06-01", rate: "1" }] }) { __typename } }`,
    )
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  })
})

describe('a missing rate', () => {
  it('takes the values that need it, and no other', async () => {
    await customerOf(server, organization, 'C-1')
    for (const [number, currency] of [
      ['I-1', 'USD'],
      ['I-2', 'EUR'],
    ]) {
      await execute(
        server.url,
        token,
        `mutation { recordInvoice(input: { customer: { number: "C-1" }, number: "${number}",
          amount: { amount: "100", currency: "${currency}" }, issuedOn: "2026-06-05" }) { __typename } }`,
      )
    }
    const ask = async () => {
      const { kpis } = await execute<{ kpis: Record<string, unknown>[] }>(
        server.url,
        token,
        `{ kpis(metrics: [TOTAL_RECEIVABLES, OPEN_INVOICE_COUNT], groupBy: [CURRENCY], asOf: "2026-06-30") {
          metric documentCurrency valueExact reason message } }`,
      )
      return kpis.map((row) => [row['metric'], row['documentCurrency'], row['valueExact'] ?? row['message']])
    }
    expect(await ask()).toEqual([
      [
        'TOTAL_RECEIVABLES',
        'EUR',
        'There is no exchange rate of EUR for 2026-06-30, nor for any of the seven days before it.',
      ],
      ['TOTAL_RECEIVABLES', 'USD', '100.00'],
      ['OPEN_INVOICE_COUNT', 'EUR', '1'],
      ['OPEN_INVOICE_COUNT', 'USD', '1'],
    ])
    await record([{ currency: 'EUR', date: '2026-06-24', rate: '1.25' }])
    expect((await ask())[0]).toEqual(['TOTAL_RECEIVABLES', 'EUR', '125.00'])
  })
})
