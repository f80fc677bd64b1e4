/** How customers stand, through the API with a clock that is set: ages, payment behaviour, filters of lists, timelines. */
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { tokenWith } from '../support/twins.ts'

let server: TestServer
let acme: OrganizationRow
let token: string
let now = Temporal.Instant.from('2026-01-05T12:00:00Z')

type Answer = Record<string, unknown>

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each test says what it asks for
const ask = <Data>(query: string, variables: Answer = {}) =>
  execute<Data>(server.url, token, query, variables)

const done = async (name: string, input: Answer, fields = 'dryRun'): Promise<Answer> => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const answer = await ask<Record<string, Answer>>(
    `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename
       ... on ${type}Success { ${fields} } ... on Problem { code path message } } }`,
    { input },
  )
  const result = answer[name] ?? {}
  if (!String(result['__typename']).endsWith('Success')) throw new Error(JSON.stringify(result))
  return result
}

const usd = (amount: string) => ({ amount, currency: 'USD' })
const of = (number: string) => ({ customer: { number } })
const bill = (customer: string, number: string, amount: string, issuedOn: string, dueOn: string) =>
  done('recordInvoice', { ...of(customer), number, amount: usd(amount), issuedOn, dueOn })
const pay = (customer: string, invoice: string, amount: string, receivedOn: string) =>
  done('recordReceipt', {
    ...of(customer),
    amount: usd(amount),
    receivedOn,
    reference: `R-${invoice}`,
    allocations: [{ invoice: { number: invoice }, amount }],
  })

const numbersOf = async (filter: Answer, orderBy: Answer[] = [{ field: 'NUMBER' }]) => {
  const { customers } = await ask<{ customers: { nodes: { number: string }[] } }>(
    'query ($filter: CustomerFilter, $orderBy: [CustomerOrder!]) { customers(filter: $filter, orderBy: $orderBy) { nodes { number } } }',
    { filter, orderBy },
  )
  return customers.nodes.map(({ number }) => number)
}

beforeAll(async () => {
  server = await startTestServer({ clock: () => now })
  acme = await server.createOrganization({ baseCurrency: 'USD', timeZone: 'UTC' })
  token = await server.createToken(acme)
  for (const number of ['A', 'B', 'C', 'D'])
    await done('createCustomer', { number, name: `Customer ${number}` })
  now = Temporal.Instant.from('2026-06-30T12:00:00Z')
  await bill('A', 'I-1', '100', '2026-01-10', '2026-02-10')
  await pay('A', 'I-1', '100', '2026-02-20')
  await bill('A', 'I-2', '200', '2026-03-01', '2026-04-01')
  await pay('A', 'I-2', '200', '2026-03-28')
  await bill('A', 'I-3', '300', '2026-06-01', '2026-07-01')
  await bill('A', 'I-4', '40', '2026-05-01', '2026-06-29')
  await bill('A', 'I-5', '5', '2026-02-01', '2026-03-01')
  await done('setCreditLimit', { ...of('A'), limit: { amount: usd('300') }, reason: 'Agreed' })
  await done('setCreditLimit', { ...of('B'), limit: { amount: usd('300') }, reason: 'Agreed' })
  await done('setCreditLimit', {
    ...of('C'),
    limit: { unlimited: true },
    until: '2026-06-30',
    reason: 'The fair',
  })
  await done('placeCreditHold', { ...of('B'), reason: 'Bounced' })
  await done('reviewCredit', { ...of('B'), nextReviewOn: '2026-07-10', riskClass: 'HIGH', reason: 'Yearly' })
  await done('reviewCredit', { ...of('A'), nextReviewOn: '2026-07-05', reason: 'Yearly' })
})
afterAll(() => server.close())

describe('a customer', () => {
  it('owes by age, and what is past due', async () => {
    const { customers } = await ask<{ customers: { nodes: Answer[] } }>(
      '{ customers { nodes { number balance { amount } overdue { amount } ages { label amount { amount } count } } } }',
    )
    expect(customers.nodes[0]).toEqual({
      number: 'A',
      balance: { amount: '345.00' },
      overdue: { amount: '45.00' },
      ages: [
        ['Current', '300.00', 1],
        ['1-30', '40.00', 1],
        ['31-60', '0.00', 0],
        ['61-90', '0.00', 0],
        ['91+', '5.00', 1],
      ].map(([label, amount, count]) => ({ label, amount: { amount }, count })),
    })
    expect(customers.nodes[1]).toMatchObject({ number: 'B', overdue: { amount: '0.00' } })
  })

  it('pays as the KPIs of it alone have it', async () => {
    const { customer, kpis } = await ask<{
      customer: Answer
      kpis: { metric: string; valueExact: string }[]
    }>(
      `{ customer(by: { number: "A" }) { paymentBehaviour { from to settled settledOnTime onTimeRate averageDaysLate averageDaysToPay } }
         kpis(metrics: [ON_TIME_RATE_SETTLED, AVERAGE_DAYS_LATE, AVERAGE_DAYS_TO_PAY], from: "2026-01-01", to: "2026-06-30",
           granularity: YEAR, filter: { customer: { number: "A" } }, conventions: { rateBasis: COUNT }) { metric valueExact } }`,
    )
    expect(customer['paymentBehaviour']).toEqual({
      from: '2025-07-01',
      to: '2026-06-30',
      settled: 2,
      settledOnTime: 1,
      onTimeRate: '50.00',
      averageDaysLate: '3.00',
      averageDaysToPay: '34.00',
    })
    expect(kpis.map(({ metric, valueExact }) => [metric, Number(valueExact)])).toEqual([
      ['ON_TIME_RATE_SETTLED', 50],
      ['AVERAGE_DAYS_LATE', 3],
      ['AVERAGE_DAYS_TO_PAY', 34],
    ])
  })

  it('that settled nothing has no behaviour', async () => {
    const { customer } = await ask<{ customer: Answer }>(
      '{ customer(by: { number: "B" }) { paymentBehaviour { settled onTimeRate averageDaysLate } } }',
    )
    expect(customer['paymentBehaviour']).toEqual({ settled: 0, onTimeRate: null, averageDaysLate: null })
  })
})

describe('customers', () => {
  it.each([
    [{ isOverLimit: true }, ['A']],
    [{ isOverLimit: false }, ['B', 'C', 'D']],
    [{ isOnHold: true }, ['B']],
    [{ isOnHold: false }, ['A', 'C', 'D']],
    [{ riskClass: ['HIGH', 'LOW'] }, ['B']],
    [{ limitState: ['UNLIMITED'] }, ['C']],
    [{ limitState: ['NOT_SET', 'AMOUNT'] }, ['A', 'B', 'D']],
    [{ nextReviewOn: { lte: '2026-07-05' } }, ['A']],
    [{ nextReviewOn: { gt: '2026-07-05' }, isOverLimit: true }, []],
  ])('are found by %j', async (filter, found) => {
    expect(await numbersOf(filter)).toEqual(found)
  })

  it('come by the day of their next review, those without one last', async () => {
    expect(await numbersOf({}, [{ field: 'NEXT_REVIEW_ON' }])).toEqual(
      expect.arrayContaining(['A', 'B', 'C', 'D']),
    )
    expect((await numbersOf({}, [{ field: 'NEXT_REVIEW_ON' }])).slice(0, 2)).toEqual(['A', 'B'])
  })

  it('have the limit of the day, also after a temporary one', async () => {
    const before = now
    now = Temporal.Instant.from('2026-07-01T12:00:00Z')
    expect(await numbersOf({ limitState: ['UNLIMITED'] })).toEqual([])
    now = before
  })
})

describe('a timeline', () => {
  const FIELDS = `theme occurredOn entryKind orderEventKind action subject subjectName amount { amount } dueOn
    previousLimit { state } limit { state amount { amount } } reason by`
  const page = async (args: string, number = 'A') => {
    const { customer } = await ask<{
      customer: { timeline: { nodes: Answer[]; totalCount: number; pageInfo: { endCursor: string | null } } }
    }>(
      `{ customer(by: { number: "${number}" }) { timeline(${args}) { totalCount nodes { ${FIELDS} } pageInfo { endCursor } } } }`,
    )
    return customer.timeline
  }

  it('tells what was billed, paid and decided, the latest first', async () => {
    const { nodes, totalCount } = await page('first: 100')
    expect(totalCount).toBe(nodes.length)
    expect(nodes.map((node) => String(node['occurredOn']))).toEqual(
      nodes.map((node) => String(node['occurredOn'])).toSorted((a, b) => b.localeCompare(a)),
    )
    expect(nodes.find(({ action }) => action === 'setCreditLimit')).toMatchObject({
      theme: 'CREDIT',
      previousLimit: { state: 'NOT_SET' },
      limit: { state: 'AMOUNT', amount: { amount: '300.00' } },
      reason: 'Agreed',
      entryKind: null,
    })
    expect(
      nodes.find(({ entryKind, subjectName }) => entryKind === 'INVOICED' && subjectName === 'I-3'),
    ).toMatchObject({
      theme: 'INVOICE',
      occurredOn: '2026-06-01',
      dueOn: '2026-07-01',
      amount: { amount: '300.00' },
    })
    expect(nodes.find(({ entryKind }) => entryKind === 'PAYMENT_APPLIED')).toMatchObject({
      theme: 'PAYMENT',
      subjectName: 'I-2',
      amount: { amount: '-200.00' },
    })
    expect(nodes.find(({ entryKind }) => entryKind === 'RECEIVED')).toMatchObject({ subjectName: 'R-I-2' })
    expect(nodes.find(({ action }) => action === 'createCustomer')).toMatchObject({ theme: 'CUSTOMER' })
  })

  it('comes page by page, each event once, and by theme', async () => {
    const all = (await page('first: 100')).nodes
    const pages: Answer[] = []
    let after = ''
    for (let turn = 0; turn < 20; turn++) {
      const { nodes, pageInfo } = await page(`first: 3${after}`)
      pages.push(...nodes)
      if (pageInfo.endCursor === null) break
      after = `, after: "${pageInfo.endCursor}"`
    }
    expect(pages).toEqual(all)
    const { nodes } = await page('themes: [PAYMENT]')
    expect(nodes.map(({ theme }) => theme)).toEqual(Array.from({ length: 4 }, () => 'PAYMENT'))
  })

  it('holds orders, disputes and goals of the customer alone', async () => {
    await done('recordOrder', { ...of('D'), number: 'O-1', amount: usd('10') })
    await bill('D', 'I-9', '10', '2026-06-01', '2026-07-01')
    await done('openDispute', { invoice: { number: 'I-9' }, reason: 'PRICING', openedOn: '2026-06-02' })
    const themes = (await page('first: 100', 'D')).nodes.map(({ theme, subjectName }) => [theme, subjectName])
    expect(themes).toEqual(
      expect.arrayContaining([
        ['ORDER', 'O-1'],
        ['INVOICE', 'I-9'],
        ['DISPUTE', 'I-9'],
      ]),
    )
    expect(themes.flat()).not.toContain('I-3')
  })

  it('is kept from whoever may not see all that it tells', async () => {
    const narrow = await tokenWith(server, acme, ['customer:read', 'invoice:read', 'credit:read'])
    await expect(
      execute(server.url, narrow, '{ customer(by: { number: "A" }) { timeline { totalCount } } }'),
    ).rejects.toThrow(/may not ask for/)
  })
})
