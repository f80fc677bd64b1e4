/** Customers, invoices and receipts through the API, as a script and a BI tool ask for them. */
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { exchangeRate } from '@tidemark/drizzle/tables/kpi.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const clock = () => Temporal.Instant.from('2026-06-30T12:00:00Z')
let server: TestServer
let token: string

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each test says what it asks for
const ask = <Data>(query: string, variables: Record<string, unknown> = {}) =>
  execute<Data>(server.url, token, query, variables)

beforeAll(async () => {
  server = await startTestServer({ clock })
  const organization = await server.createOrganization()
  token = await server.createToken(organization, 'manager')
  const organizationId = organization.id
  await inTransaction(server.connection, { organizationId, mode: 'write' }, async (tx) => {
    const names = { 'C-1': 'Ardmore Mills', 'C-2': 'Bay 100% Organic', 'C-3': 'Cobalt Works' }
    for (const [number, name] of Object.entries(names)) {
      await tx
        .insert(customer)
        .values({ organizationId, id: crypto.randomUUID(), number, name, termsDays: 30 })
    }
    const validOn = Temporal.PlainDate.from('2026-06-29')
    await tx
      .insert(exchangeRate)
      .values({ organizationId, currency: 'EUR', validOn, rate: '1.10', source: 'test' })
  })
  await bill('C-1', 'A-1', '100.00', '2026-05-01')
  await bill('C-2', 'B-1', '300.00', '2026-04-01')
  await bill('C-2', 'B-2', '50.00', '2026-06-20')
  await bill('C-3', 'C-1', '310.00', '2026-06-10', 'EUR')
  await pay('C-2', '320.00', { 'B-1': null })
})
afterAll(() => server.close())

const bill = (number: string, invoice: string, amount: string, issuedOn: string, currency = 'USD') =>
  ask<{ recordInvoice: { __typename: string } }>(
    `mutation ($input: RecordInvoiceInput!) { recordInvoice(input: $input) { __typename } }`,
    { input: { customer: { number }, number: invoice, amount: { amount, currency }, issuedOn } },
  )

const pay = (number: string, amount: string, invoices: Record<string, string | null>) =>
  ask<{ recordReceipt: Record<string, unknown> }>(
    `mutation ($input: RecordReceiptInput!) { recordReceipt(input: $input) {
      __typename
      ... on RecordReceiptSuccess { receipt { amount { amount } unapplied { amount } customer { number }
        allocations { amount { amount } effectiveOn invoice { number status balance { amount } } } } }
    } }`,
    {
      input: {
        customer: { number },
        amount: { amount, currency: 'USD' },
        receivedOn: '2026-05-20',
        allocations: Object.entries(invoices).map(([invoice, part]) => ({
          invoice: { number: invoice },
          amount: part,
        })),
      },
    },
  )

describe('customers', () => {
  it('are ordered by what they owe in the base currency, each currency shown apart', async () => {
    const { customers } = await ask<{ customers: { totalCount: number; nodes: unknown[] } }>(
      `{ customers(orderBy: [{ field: BALANCE, direction: DESC }]) { totalCount
         nodes { number balance { amount currency } balances { amount currency } unapplied { amount } } } }`,
    )
    expect(customers).toEqual({
      totalCount: 3,
      nodes: [
        {
          number: 'C-3',
          balance: { amount: '341.00', currency: 'USD' },
          balances: [{ amount: '310.00', currency: 'EUR' }],
          unapplied: [],
        },
        {
          number: 'C-1',
          balance: { amount: '100.00', currency: 'USD' },
          balances: [{ amount: '100.00', currency: 'USD' }],
          unapplied: [],
        },
        {
          number: 'C-2',
          balance: { amount: '50.00', currency: 'USD' },
          balances: [{ amount: '50.00', currency: 'USD' }],
          unapplied: [{ amount: '20.00' }],
        },
      ],
    })
  })

  it('are found by a part of the name or the beginning of the number, taken literally', async () => {
    const numbers = async (search: string) => {
      const { customers } = await ask<{ customers: { nodes: { number: string }[] } }>(
        `query ($search: String) { customers(search: $search) { nodes { number } } }`,
        { search },
      )
      return customers.nodes.map((node) => node.number)
    }
    expect(await numbers('mill')).toEqual(['C-1'])
    expect(await numbers('c-')).toEqual(['C-1', 'C-2', 'C-3'])
    expect(await numbers('100%')).toEqual(['C-2'])
    expect(await numbers('%')).toEqual(['C-2'])
    expect(await numbers('nobody')).toEqual([])
  })
})

describe('invoices', () => {
  const numbers = async (filter: Record<string, unknown>) => {
    const { invoices } = await ask<{ invoices: { nodes: { number: string }[] } }>(
      `query ($filter: InvoiceFilter) {
        invoices(filter: $filter, orderBy: [{ field: NUMBER, direction: ASC }]) { nodes { number } } }`,
      { filter },
    )
    return invoices.nodes.map((node) => node.number)
  }

  it('are filtered by dates, currency, what was open on a day, and any combination', async () => {
    expect(await numbers({ dueOn: { lt: '2026-06-30' } })).toEqual(['A-1', 'B-1'])
    expect(await numbers({ currency: ['EUR'] })).toEqual(['C-1'])
    expect(await numbers({ openOn: '2026-05-19' })).toEqual(['A-1', 'B-1'])
    expect(await numbers({ openOn: '2026-05-20' })).toEqual(['A-1'])
    expect(await numbers({ or: [{ currency: ['EUR'] }, { number: { in: ['B-2'] } }] })).toEqual([
      'B-2',
      'C-1',
    ])
    expect(await numbers({ not: { openOn: '2026-06-30' } })).toEqual(['B-1'])
    expect(await numbers({ or: [] })).toEqual([])
    expect(await numbers({ customerId: ['customer_of_nobody'] })).toEqual([])
  })

  it('come page by page, each once', async () => {
    const seen: string[] = []
    let after: string | null = null
    do {
      const page: { invoices: { nodes: { number: string }[]; pageInfo: { endCursor: string | null } } } =
        await ask(
          `query ($after: String) { invoices(first: 1, after: $after) {
          nodes { number } pageInfo { hasNextPage endCursor } } }`,
          { after },
        )
      seen.push(...page.invoices.nodes.map((node) => node.number))
      after = page.invoices.pageInfo.endCursor
    } while (after !== null)
    expect(seen).toEqual(['B-2', 'C-1', 'A-1', 'B-1'])
  })

  it('say where they stood on any day', async () => {
    const { invoice } = await ask<{ invoice: Record<string, unknown> }>(
      `{ invoice(by: { number: "B-1" }) { status dueOn dueDerived daysPastDue disputed
         before: status(asOf: "2026-03-31") open: status(asOf: "2026-05-01") late: status(asOf: "2026-05-02")
         owed: balance(asOf: "2026-05-19") { amount } balance { amount } customer { number }
         installments { number dueOn amount { amount } balance { amount } } } }`,
    )
    expect(invoice).toEqual({
      status: 'SETTLED',
      dueOn: '2026-05-01',
      dueDerived: true,
      daysPastDue: null,
      disputed: false,
      before: 'NOT_ISSUED',
      open: 'OPEN',
      late: 'PAST_DUE',
      owed: { amount: '300.00' },
      balance: { amount: '0.00' },
      customer: { number: 'C-2' },
      installments: [
        { number: 1, dueOn: '2026-05-01', amount: { amount: '300.00' }, balance: { amount: '0.00' } },
      ],
    })
  })

  it('of other organizations are like invoices that do not exist', async () => {
    const stranger = await server.createToken(await server.createOrganization())
    const { invoice } = await ask<{ invoice: { id: string } }>(`{ invoice(by: { number: "A-1" }) { id } }`)
    const seen = await execute<Record<string, unknown>>(
      server.url,
      stranger,
      `query ($id: ID!) { byId: invoice(by: { id: $id }) { id } byNumber: invoice(by: { number: "A-1" }) { id }
         invoices { totalCount } customers { totalCount } }`,
      { id: invoice.id },
    )
    expect(seen).toEqual({
      byId: null,
      byNumber: null,
      invoices: { totalCount: 0 },
      customers: { totalCount: 0 },
    })
  })
})

describe('recordReceipt', () => {
  it('answers with what was paid and what is left, read after the commit', async () => {
    const { recordReceipt } = await pay('C-1', '70.00', { 'A-1': '60.00' })
    expect(recordReceipt).toEqual({
      __typename: 'RecordReceiptSuccess',
      receipt: {
        amount: { amount: '70.00' },
        unapplied: { amount: '10.00' },
        customer: { number: 'C-1' },
        allocations: [
          {
            amount: { amount: '60.00' },
            effectiveOn: '2026-05-20',
            invoice: { number: 'A-1', status: 'PAST_DUE', balance: { amount: '40.00' } },
          },
        ],
      },
    })
  })

  it('does not wait for itself, however many mutations of several fields come at once', async () => {
    const field = (name: string) => `${name}: recordReceipt(input: { customer: { number: "C-1" },
      amount: { amount: "1.00", currency: "USD" }, receivedOn: "2026-06-01" }) {
      ... on RecordReceiptSuccess { receipt { amount { amount } } } }`
    const answers = await Promise.all(
      Array.from({ length: 30 }, () =>
        ask<Record<string, unknown>>(`mutation { ${field('a')} ${field('b')} }`),
      ),
    )
    expect(answers.every((answer) => 'a' in answer && 'b' in answer)).toBe(true)
  })
})

describe('setCreditLimit', () => {
  const set = async (input: Record<string, unknown>) => {
    const { setCreditLimit } = await ask<{ setCreditLimit: Record<string, unknown> }>(
      `mutation ($input: SetCreditLimitInput!) { setCreditLimit(input: $input) { __typename
         ... on SetCreditLimitSuccess { previous { state } customer { version creditLimit { state amount { amount } } } }
         ... on Problem { code path } } }`,
      { input: { customer: { number: 'C-3' }, reason: 'Yearly review', ...input } },
    )
    return setCreditLimit
  }
  const amount = (text: string) => ({ limit: { amount: { amount: text, currency: 'EUR' } } })

  it('sets an amount once for a key, and refuses a version that is gone', async () => {
    const first = await set({ ...amount('5000'), expectedVersion: 1, idempotencyKey: 'review-2026' })
    expect(first).toEqual({
      __typename: 'SetCreditLimitSuccess',
      previous: { state: 'NOT_SET' },
      customer: { version: 2, creditLimit: { state: 'AMOUNT', amount: { amount: '5000.00' } } },
    })
    expect(await set({ ...amount('5000'), expectedVersion: 1, idempotencyKey: 'review-2026' })).toEqual(first)
    expect(await set({ ...amount('6000'), expectedVersion: 1 })).toEqual({
      __typename: 'Conflict',
      code: 'CONFLICT',
      path: ['expectedVersion'],
    })
  })

  it('shows in a dry run what would be, and leaves what is', async () => {
    const tried = await set({ limit: { unlimited: true }, dryRun: true })
    expect(tried).toMatchObject({
      customer: { version: 3, creditLimit: { state: 'UNLIMITED', amount: null } },
    })
    expect(await set({ ...amount('0'), expectedVersion: 2 })).toMatchObject({
      previous: { state: 'AMOUNT' },
      customer: { version: 3, creditLimit: { amount: { amount: '0.00' } } },
    })
  })

  it('names the field at fault', async () => {
    expect(await set(amount('-1'))).toMatchObject({ code: 'INVALID', path: ['limit', 'amount', 'amount'] })
    expect(await set({ ...amount('1'), reason: ' ' })).toMatchObject({ code: 'INVALID', path: ['reason'] })
    expect(await set({ ...amount('1'), customer: { number: 'C-404' } })).toMatchObject({
      code: 'NOT_FOUND',
      path: ['customer'],
    })
  })

  it('tells each change with who and why, the latest first', async () => {
    await set({ limit: { unlimited: true }, reason: 'Insured' })
    await set({ ...amount('7000'), reason: 'Insurance ended' })
    await set({ ...amount('5000'), reason: 'As before' })
    const change = `nodes { changedBy reason previous { state amount { amount } } limit { state amount { amount } } }`
    const page = (after: string | null) =>
      ask<{ customer: { creditLimitChanges: { nodes: unknown[]; pageInfo: { endCursor: string } } } }>(
        `query ($after: String) { customer(by: { number: "C-3" }) {
           creditLimitChanges(first: 3, after: $after) { ${change} pageInfo { endCursor } totalCount } } }`,
        { after },
      )
    const of = (text: string) => ({ state: 'AMOUNT', amount: { amount: text } })
    const unlimited = { state: 'UNLIMITED', amount: null }
    const { creditLimitChanges } = (await page(null)).customer
    expect(creditLimitChanges).toMatchObject({
      nodes: [
        { reason: 'As before', previous: of('7000.00'), limit: of('5000.00') },
        { reason: 'Insurance ended', previous: unlimited, limit: of('7000.00') },
        { reason: 'Insured', previous: of('0.00'), limit: unlimited },
      ],
      totalCount: 5,
    })
    const rest = (await page(creditLimitChanges.pageInfo.endCursor)).customer.creditLimitChanges.nodes
    expect(rest).toMatchObject([
      { reason: 'Yearly review', previous: of('5000.00'), limit: of('0.00') },
      { reason: 'Yearly review', previous: { state: 'NOT_SET', amount: null }, limit: of('5000.00') },
    ])
    const who = expect.objectContaining({ changedBy: expect.stringMatching(/\w/) })
    expect(rest).toEqual([who, who])
  })
})

describe('what was known to be open', () => {
  const now = async () => {
    const { kpis } = await ask<{ kpis: { knownAt: string }[] }>(
      '{ kpis(metrics: [TOTAL_RECEIVABLES]) { knownAt } }',
    )
    return kpis[0]?.knownAt ?? ''
  }
  const list = async (filter: Record<string, unknown>) => {
    const { invoices } = await ask<{ invoices: { nodes: { number: string }[]; totalCount: number } }>(
      `query ($filter: InvoiceFilter) {
        invoices(filter: $filter, orderBy: [{ field: NUMBER, direction: ASC }]) { nodes { number } totalCount } }`,
      { filter: { number: { in: ['K-1', 'K-2'] }, ...filter } },
    )
    expect(invoices.totalCount).toBe(invoices.nodes.length)
    return invoices.nodes.map(({ number }) => number)
  }

  it('on a day leaves out what was recorded later, though it is dated before', async () => {
    await bill('C-3', 'K-1', '10.00', '2026-05-15')
    const first = await now()
    await bill('C-3', 'K-2', '20.00', '2026-05-15')
    const second = await now()
    await pay('C-3', '10.00', { 'K-1': null })
    const third = await now()
    const open = (openOn: string, openKnownAt: string) => list({ openOn, openKnownAt })
    expect(await open('2026-05-19', first)).toEqual(['K-1'])
    expect(await open('2026-05-19', second)).toEqual(['K-1', 'K-2'])
    expect(await open('2026-05-19', third)).toEqual(['K-1', 'K-2'])
    expect(await open('2026-05-20', first)).toEqual(['K-1'])
    expect(await open('2026-05-20', second)).toEqual(['K-1', 'K-2'])
    expect(await open('2026-05-20', third)).toEqual(['K-2'])
    expect(await open('2026-05-14', third)).toEqual([])
    expect(await open('2026-05-20', '2000-01-01T00:00:00Z')).toEqual([])
    expect(await list({ not: { openOn: '2026-05-20', openKnownAt: first } })).toEqual(['K-2'])
  })

  it('asks for a day', async () => {
    await expect(list({ openKnownAt: '2026-06-01T00:00:00Z' })).rejects.toThrow(/openOn/)
  })
})
