/** Disputes: opened, resolved in parts, and found again. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closePeriod } from '@tidemark/server/period/commands.ts'
import { moveCustomer } from '@tidemark/server/segment/move-customer.ts'
import { openBooks, type Books } from '../support/books.ts'
import { cashOf, taken, type Cash } from '../support/cash.ts'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const date = (text: string) => Temporal.PlainDate.from(text)
const refused = (code: string, ...path: string[]) => ({ code, path })

describe('disputes', () => {
  let books: Books
  let cash: Cash
  beforeAll(async () => {
    books = await openBooks('2026-06-30')
    cash = cashOf(books)
  })
  afterAll(() => books.close())
  const idOf = ({ disputeId }: { readonly disputeId: string }) => `dispute_${disputeId}`

  it('are about the whole balance unless said otherwise, and leave what is owed', async () => {
    await cash.bill('A-1', '100.00', '2026-03-01', '2026-03-31')
    await books.pay('30.00', '2026-03-15', { 'A-1': '30.00' })
    const dispute = idOf(taken(await cash.dispute('A-1', { openedOn: date('2026-04-01') })))
    expect(await cash.left(dispute, '2026-03-31', '2026-04-01')).toEqual([0n, 7_000n])
    expect(await cash.owed('A-1', '2026-04-01')).toEqual([7_000n])
    await cash.expectSound()
  })

  it('never dispute more than is owed, all together', async () => {
    await cash.bill('A-2', '100.00', '2026-03-01', '2026-03-31')
    taken(await cash.dispute('A-2', { amount: '60.00' }))
    expect(await cash.dispute('A-2', { amount: '40.01' })).toMatchObject(refused('OVER_ALLOCATION', 'amount'))
    const outcomes = await Promise.all([1, 2].map(() => cash.dispute('A-2')))
    expect(outcomes.filter((outcome) => 'disputeId' in outcome)).toHaveLength(1)
    expect(outcomes.filter((outcome) => 'code' in outcome)).toMatchObject([
      refused('OVER_ALLOCATION', 'amount'),
    ])
  })

  it('are resolved in parts, and closed by the last of them', async () => {
    await cash.bill('A-3', '100.00', '2026-03-01', '2026-03-31')
    const dispute = idOf(taken(await cash.dispute('A-3', { openedOn: date('2026-04-01') })))
    taken(await cash.resolve(dispute, { amount: '40.00', resolvedOn: date('2026-04-20') }))
    expect(await cash.left(dispute, '2026-04-19', '2026-04-20')).toEqual([10_000n, 6_000n])
    // Dated before the other one, yet from its own day on there is room for both.
    taken(await cash.resolve(dispute, { amount: '10.00', resolvedOn: date('2026-04-10') }))
    expect(await cash.left(dispute, '2026-04-10', '2026-04-20')).toEqual([9_000n, 5_000n])
    taken(await cash.resolve(dispute, { resolvedOn: date('2026-05-01') }))
    expect(await cash.left(dispute, '2026-04-30', '2026-05-01')).toEqual([5_000n, 0n])
    expect(await cash.resolve(dispute)).toMatchObject(refused('CONFLICT', 'dispute'))
    const [closed] = await cash.ask(
      `select anchor - date '1970-01-01' as days, amount, count from flow where measure = 'DISPUTE_CLOSED'
       and day = '2026-05-01'`,
    )
    expect(closed).toMatchObject({ days: 30, amount: 10_000n, count: 1 })
    await cash.expectSound()
  })

  it('refuse what contradicts the books, and name the field', async () => {
    await cash.bill('A-4', '50.00', '2026-05-01', '2026-05-31')
    const dispute = idOf(taken(await cash.dispute('A-4', { amount: '20.00', openedOn: date('2026-05-10') })))
    await cash.bill('A-5', '50.00', '2026-05-01', '2026-05-31')
    await books.pay('50.00', '2026-05-02', { 'A-5': null })
    const refusals = [
      [await cash.dispute('A-404'), 'NOT_FOUND', 'invoice'],
      [await cash.dispute('A-5'), 'OVER_ALLOCATION', 'amount'],
      [await cash.dispute('A-4', { amount: '0' }), 'INVALID', 'amount'],
      [await cash.dispute('A-4', { reason: ' ' }), 'INVALID', 'reason'],
      [await cash.dispute('A-4', { openedOn: date('2026-04-30') }), 'INVALID', 'openedOn'],
      [await cash.dispute('A-4', { openedOn: date('2026-07-01') }), 'INVALID', 'openedOn'],
      [await cash.dispute('A-4', { openedOn: date('0026-05-01') }), 'INVALID', 'openedOn'],
      [await cash.resolve('dispute_0'), 'NOT_FOUND', 'dispute'],
      [await cash.resolve(dispute, { amount: '20.01' }), 'OVER_ALLOCATION', 'amount'],
      [await cash.resolve(dispute, { amount: '1.001' }), 'INVALID', 'amount'],
      [await cash.resolve(dispute, { reason: '' }), 'INVALID', 'reason'],
      [await cash.resolve(dispute, { resolvedOn: date('2026-05-09') }), 'INVALID', 'resolvedOn'],
      [await cash.resolve(dispute, { resolvedOn: date('2026-07-01') }), 'INVALID', 'resolvedOn'],
      [await cash.resolve(dispute, { effectiveOn: date('2026-07-01') }), 'INVALID', 'effectiveOn'],
    ] as const
    for (const [outcome, code, path] of refusals) expect(outcome).toMatchObject(refused(code, path))
  })

  it('are opened once for a key, and not at all in a dry run', async () => {
    await cash.bill('A-6', '50.00', '2026-05-01', '2026-05-31')
    expect(await cash.dispute('A-6', { dryRun: true })).toMatchObject({ audit: null })
    const once = { idempotencyKey: 'A-6', amount: '10.00' }
    const [first, ...rest] = await Promise.all([1, 2, 3].map(() => cash.dispute('A-6', once)))
    expect(first).toHaveProperty('disputeId')
    for (const outcome of rest) expect(outcome).toEqual(first)
  })

  it('count where their invoice is, and go with it', async () => {
    await cash.bill('A-8', '50.00', '2026-05-01', '2026-05-31')
    taken(
      await moveCustomer(books.context, {
        customer: { number: 'C-1' },
        from: date('2026-05-20'),
        region: 'South',
        reason: 'New office',
        dryRun: false,
      }),
    )
    const regionsOf = async (openedOn: string) => {
      const { disputeId } = taken(await cash.dispute('A-8', { amount: '1.00', openedOn: date(openedOn) }))
      const rows = await cash.ask<{ region: string | null }>(
        `select s.region from item i
         cross join lateral (select i.segment_id union all select segment_id from ledger_entry
           where item_id = i.id and kind = 'MOVED') place
         join segment s on s.id = place.segment_id where i.id = '${disputeId}'`,
      )
      return rows.map(({ region }) => region)
    }
    expect(await regionsOf('2026-05-19')).toEqual([null, 'South'])
    expect(await regionsOf('2026-05-20')).toEqual(['South'])
    await cash.expectSound()
  })

  it('are posted to a closed month by nobody', async () => {
    await cash.bill('A-7', '50.00', '2026-01-05', '2026-02-04')
    const dispute = idOf(taken(await cash.dispute('A-7', { amount: '5.00', openedOn: date('2026-01-10') })))
    taken(await closePeriod(books.context, { through: date('2026-01-31'), dryRun: false }))
    expect(await cash.dispute('A-7', { openedOn: date('2026-01-20') })).toMatchObject(
      refused('CLOSED_PERIOD', 'openedOn'),
    )
    expect(await cash.resolve(dispute, { resolvedOn: date('2026-01-20') })).toMatchObject(
      refused('CLOSED_PERIOD', 'resolvedOn'),
    )
    const effectiveOn = date('2026-02-01')
    const late = idOf(taken(await cash.dispute('A-7', { openedOn: date('2026-01-20'), effectiveOn })))
    taken(await cash.resolve(late, { resolvedOn: date('2026-01-25'), effectiveOn }))
    expect(await cash.left(late, '2026-01-31', '2026-02-01')).toEqual([0n, 0n])
    await cash.expectSound()
  })
})

describe('through the API', () => {
  let server: TestServer
  let token: string
  beforeAll(async () => {
    server = await startTestServer({ clock: () => Temporal.Instant.from('2026-06-30T12:00:00Z') })
    token = await server.createToken(await server.createOrganization(), 'manager')
  })
  afterAll(() => server.close())
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each test says what it asks for
  const ask = <Data>(query: string, variables: Record<string, unknown> = {}) =>
    execute<Data>(server.url, token, query, variables)

  it('are listed by invoice, customer, day and what is open', async () => {
    const bill = (number: string, customer: string, currency: string) =>
      `recordInvoice(input: { customer: { number: "${customer}" }, number: "${number}", issuedOn: "2026-05-01",
        amount: { amount: "100.00", currency: "${currency}" } }) { ... on RecordInvoiceSuccess { invoice { id customer { id } } } }`
    const made = await ask<
      Record<'a' | 'b', { invoice: { id: string; customer: { id: string } } }>
    >(`mutation {
      c: createCustomer(input: { number: "C-1", name: "Ardmore Mills" }) { __typename }
      d: createCustomer(input: { number: "C-2", name: "Bay Organic" }) { __typename }
      a: ${bill('A-1', 'C-1', 'USD')} b: ${bill('B-1', 'C-2', 'EUR')} }`)
    const opened = await ask<Record<'a' | 'b' | 'c', { dispute: { id: string } }>>(`mutation {
      a: openDispute(input: { invoice: { number: "A-1" }, amount: "40", reason: "Broken", openedOn: "2026-05-10" }) {
        ... on OpenDisputeSuccess { dispute { id } } }
      b: openDispute(input: { invoice: { number: "B-1" }, reason: "Late", openedOn: "2026-05-20" }) {
        ... on OpenDisputeSuccess { dispute { id } } }
      c: openDispute(input: { invoice: { number: "A-1" }, amount: "5", reason: "Price", openedOn: "2026-06-01" }) {
        ... on OpenDisputeSuccess { dispute { id } } } }`)
    const resolved = await ask(
      `mutation ($id: ID!) { resolveDispute(input: { dispute: $id, reason: "Replaced", resolvedOn: "2026-06-10" }) {
         ... on ResolveDisputeSuccess { dispute { open { amount } resolvedOn } } } }`,
      { id: opened.a.dispute.id },
    )
    expect(resolved).toEqual({
      resolveDispute: { dispute: { open: { amount: '0.00' }, resolvedOn: '2026-06-10' } },
    })
    const reasons = async (filter: Record<string, unknown>) => {
      const { disputes } = await ask<{ disputes: { nodes: { reason: string }[] } }>(
        `query ($filter: DisputeFilter) { disputes(filter: $filter) { nodes { reason } } }`,
        { filter },
      )
      return disputes.nodes.map(({ reason }) => reason)
    }
    expect(await reasons({})).toEqual(['Price', 'Late', 'Broken'])
    expect(await reasons({ invoiceId: [made.a.invoice.id] })).toEqual(['Price', 'Broken'])
    expect(await reasons({ invoiceId: ['invoice_0'] })).toEqual([])
    expect(await reasons({ customerId: [made.b.invoice.customer.id] })).toEqual(['Late'])
    expect(await reasons({ currency: ['EUR'] })).toEqual(['Late'])
    expect(await reasons({ openedOn: { gt: '2026-05-10' } })).toEqual(['Price', 'Late'])
    expect(await reasons({ openOn: '2026-06-09' })).toEqual(['Price', 'Late', 'Broken'])
    expect(await reasons({ openOn: '2026-06-10' })).toEqual(['Price', 'Late'])
    const page = await ask<{ disputes: { totalCount: number; pageInfo: { endCursor: string } } }>(
      `{ disputes(first: 2, orderBy: [{ field: RECORDED, direction: ASC }]) { totalCount pageInfo { endCursor } } }`,
    )
    expect(page.disputes.totalCount).toBe(3)
    expect(
      await ask(
        `query ($after: String) { disputes(first: 2, after: $after, orderBy: [{ field: RECORDED, direction: ASC }]) {
           nodes { reason } } }`,
        { after: page.disputes.pageInfo.endCursor },
      ),
    ).toEqual({ disputes: { nodes: [{ reason: 'Price' }] } })
  })

  it('stand with their invoice, and say how they ended', async () => {
    expect(
      await ask(
        `{ invoice(by: { number: "A-1" }) { disputed disputes { openedOn reason resolvedOn customer { number }
           invoice { number } amount { amount } open { amount } in_may: open(asOf: "2026-05-31") { amount }
           resolutions { amount { amount } resolvedOn reason } } } }`,
      ),
    ).toEqual({
      invoice: {
        disputed: true,
        disputes: [
          {
            openedOn: '2026-05-10',
            reason: 'Broken',
            resolvedOn: '2026-06-10',
            customer: { number: 'C-1' },
            invoice: { number: 'A-1' },
            amount: { amount: '40.00' },
            open: { amount: '0.00' },
            in_may: { amount: '40.00' },
            resolutions: [{ amount: { amount: '40.00' }, resolvedOn: '2026-06-10', reason: 'Replaced' }],
          },
          {
            openedOn: '2026-06-01',
            reason: 'Price',
            resolvedOn: null,
            customer: { number: 'C-1' },
            invoice: { number: 'A-1' },
            amount: { amount: '5.00' },
            open: { amount: '5.00' },
            in_may: { amount: '0.00' },
            resolutions: [],
          },
        ],
      },
    })
    expect(await ask(`{ dispute(id: "dispute_0") { id } }`)).toEqual({ dispute: null })
  })

  it('say what of them came back with what is owed', async () => {
    await ask(`mutation {
      w: writeOffInvoice(input: { invoice: { number: "B-1" }, code: DISPUTE, occurredOn: "2026-06-11" }) { __typename }
      r: reverseWriteOff(input: { invoice: { number: "B-1" }, code: DISPUTE, occurredOn: "2026-06-12",
        amount: { amount: "30", currency: "EUR" }, reason: "By mistake" }) { __typename } }`)
    expect(
      await ask(
        `{ invoice(by: { number: "B-1" }) { disputes { resolvedOn open { amount }
           resolutions { amount { amount } resolvedOn } reopenings { amount { amount } reopenedOn reason } } } }`,
      ),
    ).toEqual({
      invoice: {
        disputes: [
          {
            resolvedOn: null,
            open: { amount: '30.00' },
            resolutions: [{ amount: { amount: '100.00' }, resolvedOn: '2026-06-11' }],
            reopenings: [{ amount: { amount: '30.00' }, reopenedOn: '2026-06-12', reason: 'By mistake' }],
          },
        ],
      },
    })
  })
})
