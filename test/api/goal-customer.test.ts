/** Goals on one customer over real HTTP: set, measured live, checked, explained, and written as code. */
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { encodeId, newUuid } from '@tidemark/server/ids.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openDesk, openInvoices, type Desk } from '../support/goals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const NOW = Temporal.Instant.from('2026-07-01T12:00:00Z')

let server: TestServer
let desk: Desk
/** The customer C-2; C-1 is the desk's own. */
let other: string
beforeAll(async () => {
  server = await startTestServer({ clock: () => NOW })
}, 60_000)
afterAll(() => server.close())
beforeEach(async () => {
  desk = await openDesk(server, 'key name scope')
  const id = newUuid()
  other = encodeId('customer', id)
  const organizationId = desk.organization.id
  await inTransaction(server.connection, { organizationId, mode: 'write' }, (tx) =>
    tx
      .insert(customer)
      .values({ organizationId, id, number: '2', name: 'Two', termsDays: 30, region: 'APAC' }),
  )
  await desk.bill([1, 2, 3])
  await desk.bill([4, 5], { customer: { number: '2' } })
}, 60_000)

const onOther = { filter: { customer: { number: '2' } } }

describe('a goal on one customer', () => {
  it('counts what is owed by that customer alone, and follows what is posted', async () => {
    const goal = await desk.create(onOther)
    expect(goal.scope).toBe('Customer Two (2)')
    await desk.until(goal.id, ({ progress }) => progress?.value === 2)
    await desk.bill([6])
    await desk.bill([7], { customer: { number: '2' } })
    const after = await desk.until(goal.id, ({ progress }) => progress?.value === 3)
    expect(after.progress).toMatchObject({ value: 3 })
  })

  it('follows a payment too, beside goals on others and on all', async () => {
    const goals = [
      await desk.create(onOther),
      await desk.create({ filter: { customer: { number: 'C-1' } } }),
      await desk.create(),
    ]
    await desk.until(goals[0]?.id ?? '', ({ progress }) => progress?.value === 2)
    const { recordReceipt } = await desk.ask<{ recordReceipt: { __typename: string } }>(
      `mutation ($input: RecordReceiptInput!) { recordReceipt(input: $input) { __typename ... on Problem { message } } }`,
      {
        input: {
          customer: { id: other },
          amount: { amount: '1000', currency: 'USD' },
          receivedOn: '2026-06-30',
          allocations: [{ invoice: { number: 'I-4' }, amount: '1000' }],
        },
      },
    )
    expect(recordReceipt).toEqual({ __typename: 'RecordReceiptSuccess' })
    const values = await Promise.all(
      goals.map(({ id }, index) =>
        desk
          .until(id, ({ progress }) => progress?.value === [1, 3, 4][index])
          .then((one) => one.progress?.value),
      ),
    )
    expect(values).toEqual([1, 3, 4])
  })

  it('is refused where there is no such customer, or the KPI is of the organization as a whole', async () => {
    const stranger = await desk.command('createGoal', {
      ...openInvoices,
      filter: { customer: { number: 'nobody' } },
    })
    expect(stranger).toMatchObject({ __typename: 'NotFound', path: ['filter', 'customer'] })
    const whole = await desk.command('createGoal', { ...openInvoices, ...onOther, metric: 'COLLECTION_COST' })
    expect(whole).toMatchObject({
      __typename: 'InvalidInput',
      path: ['filter', 'customer'],
      message: 'COLLECTION_COST is known for the organization as a whole only, not for one customer',
    })
  })

  it('is checked for SMART on its own history, and drafted from a template', async () => {
    const { smartCheck, goalTemplate } = await desk.ask<{
      smartCheck: { sentence: string; specific: { scope: string }; measurable: { value: number } }
      goalTemplate: { draft: { baseline: string } }
    }>(
      `query ($draft: GoalDraftInput!, $filter: KpiFilter) {
        smartCheck(draft: $draft) { sentence specific { scope } measurable { value } problems { message } }
        goalTemplate(id: "cut-past-due-count") { draft(filter: $filter) { baseline } }
      }`,
      {
        draft: { metric: 'TOTAL_RECEIVABLES', target: '1000', deadline: '2026-12-31', ...onOther },
        ...onOther,
      },
    )
    expect(smartCheck).toMatchObject({
      specific: { scope: 'Customer Two (2)' },
      measurable: { value: 2000 },
      problems: [],
    })
    expect(goalTemplate.draft.baseline).toBe('0')
  })

  it('stands in a file by its number, and applying what was exported changes nothing', async () => {
    await desk.create(onOther)
    const { goalDocument } = await desk.ask<{ goalDocument: string }>('{ goalDocument }')
    expect(goalDocument).toContain('scope:\n      customer: "2"\n')
    const apply = (document: string) =>
      desk.ask<{ applyGoals: Readonly<Record<string, unknown>> }>(
        `mutation ($input: ApplyGoalsInput!) { applyGoals(input: $input) { __typename
          ... on ApplyGoalsSuccess { changes { kind key } } ... on Problem { message } } }`,
        { input: { document } },
      )
    expect((await apply(goalDocument)).applyGoals).toMatchObject({ changes: [] })
    const fresh = `version: 1
goals:
  - key: two
    name: Nothing open at Two
    metric: OPEN_INVOICE_COUNT
    scope: { customer: 2 }
    target: 0
    deadline: 2026-12-31
rules:
  - key: much
    name: Two owes much
    metric: TOTAL_RECEIVABLES
    scope: { customer: 9 }
    condition: { above: 5000 }
`
    expect((await apply(fresh)).applyGoals).toMatchObject({
      __typename: 'InvalidInput',
      message: 'Line 13, column 14: there is no customer with the number 9',
    })
    expect((await apply(fresh.replace('customer: 9', 'customer: 2'))).applyGoals).toMatchObject({
      changes: [
        { kind: 'CREATE', key: 'two' },
        { kind: 'CREATE', key: 'much' },
      ],
    })
  })
})

describe('queries about one customer', () => {
  it('are told by KPIs, aging, reconciliation, explanations and restatements', async () => {
    const found = await desk.ask<Readonly<Record<string, unknown>>>(
      `query ($filter: KpiFilter) {
        kpis(metrics: [TOTAL_RECEIVABLES, COLLECTION_COST], filter: $filter) { metric value reason }
        aging(filter: $filter) { total { amount } unexplained { amount } }
        agingByCustomer(filter: $filter) { totalCount nodes { customer { number } } }
        reconciliation(filter: $filter) { lines { kind amount { amount } } unexplained { amount } }
        explainKpi(metric: TOTAL_RECEIVABLES, from: "2026-06-01", to: "2026-07-01", filter: $filter) { change }
        restatements(metrics: [TOTAL_RECEIVABLES], from: "2026-06-01", to: "2026-06-30", filter: $filter) {
          now { value } entries { customer { number } }
        }
      }`,
      onOther,
    )
    expect(found).toMatchObject({
      kpis: [
        { metric: 'TOTAL_RECEIVABLES', value: 2000, reason: null },
        { metric: 'COLLECTION_COST', value: null, reason: 'NOT_BY_SEGMENT' },
      ],
      aging: { total: { amount: '2000.00' }, unexplained: { amount: '0.00' } },
      agingByCustomer: { totalCount: 1, nodes: [{ customer: { number: '2' } }] },
      reconciliation: { unexplained: { amount: '0.00' } },
      explainKpi: { change: '2000.00' },
      restatements: [
        { now: { value: 2000 }, entries: [{ customer: { number: '2' } }, { customer: { number: '2' } }] },
      ],
    })
  })

  it('are refused where there is no such customer', async () => {
    await expect(
      desk.ask('{ kpis(metrics: [DSO], filter: { customer: { number: "nobody" } }) { value } }'),
    ).rejects.toThrow('filter.customer: There is no customer')
  })
})
