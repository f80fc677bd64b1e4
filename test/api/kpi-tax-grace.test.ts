/** Sales net of tax, and what came within the days of grace: by what is billed and paid through the API. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ clock: () => Temporal.Instant.from('2026-06-30T12:00:00Z') })
})
afterAll(() => server.close())

/** An organization of its own with one customer. */
async function newBooks() {
  const token = await server.createToken(await server.createOrganization(), 'admin')
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each test says what it asks for
  const ask = <Data>(query: string, variables: Record<string, unknown> = {}) =>
    execute<Data>(server.url, token, query, variables)
  await ask('mutation { createCustomer(input: { number: "C-1", name: "Ardmore Mills" }) { __typename } }')
  const usd = (amount: string) => ({ amount, currency: 'USD' })
  return {
    ask,
    async bill(number: string, amount: string, more: Record<string, unknown> = {}) {
      const { recordInvoice } = await ask<{ recordInvoice: unknown }>(
        `mutation ($input: RecordInvoiceInput!) { recordInvoice(input: $input) {
           ... on RecordInvoiceSuccess { invoice { amount { amount } amountNet { amount currency } } }
           ... on Problem { code path message } } }`,
        {
          input: {
            customer: { number: 'C-1' },
            number,
            amount: usd(amount),
            issuedOn: '2026-06-01',
            dueOn: '2026-07-01',
            ...more,
          },
        },
      )
      return recordInvoice
    },
    async credit(number: string, amount: string, more: Record<string, unknown> = {}) {
      const { recordCreditNote } = await ask<{ recordCreditNote: unknown }>(
        `mutation ($input: RecordCreditNoteInput!) { recordCreditNote(input: $input) {
           ... on RecordCreditNoteSuccess { creditNote { amountNet { amount } } }
           ... on Problem { code path } } }`,
        {
          input: {
            customer: { number: 'C-1' },
            number,
            amount: usd(amount),
            issuedOn: '2026-06-02',
            ...more,
          },
        },
      )
      return recordCreditNote
    },
    async pay(invoice: string, amount: string, receivedOn: string) {
      await ask(`mutation ($input: RecordReceiptInput!) { recordReceipt(input: $input) { __typename } }`, {
        input: {
          customer: { number: 'C-1' },
          amount: usd(amount),
          receivedOn,
          allocations: [{ invoice: { number: invoice } }],
        },
      })
    },
    async kpi(metric: string, conventions: Record<string, unknown> | null = null) {
      const { kpis } = await ask<{
        kpis: { value: number | null; reason: string | null; conventions: Record<string, unknown> }[]
      }>(
        `query ($metrics: [KpiMetric!]!, $conventions: KpiConventionsInput) {
           kpis(metrics: $metrics, conventions: $conventions) { value reason conventions { taxBasis graceDays weekendRoll } } }`,
        { metrics: [metric], conventions },
      )
      return kpis[0]
    },
  }
}

describe('the tax basis', () => {
  const month = { dsoMonths: 1 }

  it('takes the tax off sales where it is known of all of them', async () => {
    const books = await newBooks()
    expect(await books.bill('A-1', '120.00', { amountNet: '100.00' })).toEqual({
      invoice: { amount: { amount: '120.00' }, amountNet: { amount: '100.00', currency: 'USD' } },
    })
    expect(await books.credit('G-1', '24.00', { amountNet: '20' })).toEqual({
      creditNote: { amountNet: { amount: '20.00' } },
    })
    expect(await books.kpi('SALES')).toMatchObject({ value: 96 })
    expect(await books.kpi('SALES', { taxBasis: 'NET' })).toMatchObject({
      value: 80,
      conventions: { taxBasis: 'NET' },
    })
    expect(await books.kpi('DSO', month)).toMatchObject({ value: 37.5, conventions: { taxBasis: 'GROSS' } })
    expect(await books.kpi('DSO', { ...month, taxBasis: 'NET' })).toMatchObject({ value: 45 })

    expect(await books.bill('A-2', '50.00')).toMatchObject({ invoice: { amountNet: null } })
    expect(await books.kpi('DSO', { ...month, taxBasis: 'NET' })).toMatchObject({
      value: null,
      reason: 'TAX_BASIS_MIXED',
    })
  })

  it('follows a void, and the bill that takes its place', async () => {
    const books = await newBooks()
    await books.bill('A-1', '120.00', { amountNet: '100.00' })
    await books.ask(`mutation { correctInvoice(input: { invoice: { number: "A-1" }, number: "A-1b", reason: "Price",
      amount: { amount: "60.00", currency: "USD" }, amountNet: "50.00", issuedOn: "2026-06-03" }) { __typename } }`)
    expect(await books.kpi('SALES', { taxBasis: 'NET' })).toMatchObject({ value: 50 })
    expect(
      await books.ask(
        '{ old: invoice(by: { number: "A-1" }) { amountNet { amount } } new: invoice(by: { number: "A-1b" }) { amountNet { amount } } }',
      ),
    ).toEqual({ old: { amountNet: { amount: '0.00' } }, new: { amountNet: { amount: '50.00' } } })
  })

  it('refuses a net amount that is none, and names it', async () => {
    const books = await newBooks()
    const refused = { code: 'INVALID', path: ['amountNet'] }
    for (const amountNet of ['120.01', '0', '-1', '1.001']) {
      expect(await books.bill('A-1', '120.00', { amountNet })).toMatchObject(refused)
      expect(await books.credit('G-1', '120.00', { amountNet })).toMatchObject(refused)
    }
  })
})

describe('days of grace', () => {
  it('make on-time rates of the query and of the organization', async () => {
    const books = await newBooks()
    const due = { issuedOn: '2026-05-01', dueOn: '2026-06-05' }
    for (const [number, paidOn] of [
      ['A-1', '2026-06-05'],
      ['A-2', '2026-06-07'],
      ['A-3', '2026-06-11'],
      ['A-4', null],
    ] as const) {
      await books.bill(number, '100.00', due)
      if (paidOn !== null) await books.pay(number, '100.00', paidOn)
    }
    expect(await books.kpi('ON_TIME_RATE')).toMatchObject({
      value: 25,
      conventions: { graceDays: 0, weekendRoll: false },
    })
    expect(await books.kpi('ON_TIME_RATE', { graceDays: 1 })).toMatchObject({ value: 25 })
    expect(await books.kpi('ON_TIME_RATE', { graceDays: 1, weekendRoll: true })).toMatchObject({
      value: 50,
      conventions: { graceDays: 1, weekendRoll: true },
    })
    expect(await books.kpi('ON_TIME_RATE_SETTLED', { graceDays: 2 })).toMatchObject({ value: 66.6666666667 })
    await books.ask('mutation { setKpiConventions(input: { conventions: { graceDays: 6 } }) { __typename } }')
    expect(await books.kpi('ON_TIME_RATE')).toMatchObject({ value: 75, conventions: { graceDays: 6 } })
    expect(await books.kpi('ON_TIME_RATE', { graceDays: 0 })).toMatchObject({ value: 25 })
  })
})
