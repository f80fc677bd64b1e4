/** Credit notes: recorded, applied, taken back; their lists through the API. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { closePeriod } from '@tidemark/server/period/commands.ts'
import { openBooks, type Books } from '../support/books.ts'
import { cashOf, taken, type Cash } from '../support/cash.ts'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const date = (text: string) => Temporal.PlainDate.from(text)
const refused = (code: string, ...path: string[]) => ({ code, path })

describe('credit notes', () => {
  let books: Books
  let cash: Cash
  beforeAll(async () => {
    books = await openBooks('2026-06-30')
    cash = cashOf(books)
  })
  afterAll(() => books.close())

  let count = 0
  const next = () => `N-${(count += 1)}`
  let invoice: string
  let note: string
  beforeEach(() => {
    invoice = next()
    note = next()
  })
  const noteId = async (number: string) => {
    const [row] = await cash.ask<{ id: string }>(`select id from credit_note where number = '${number}'`)
    return `creditNote_${row?.id}`
  }

  it('settle invoices, and stand to the customer’s credit for the rest', async () => {
    await cash.bill(invoice, '100.00', '2026-03-01', '2026-03-31')
    taken(
      await cash.credit(note, '120.00', '2026-03-10', { [invoice]: '40.00' }, { reason: 'Returned goods' }),
    )
    expect(await cash.owed(invoice, '2026-03-09', '2026-03-10')).toEqual([10_000n, 6_000n])
    expect(await cash.left(await noteId(note), '2026-03-10')).toEqual([8_000n])
    taken(await cash.applyCredit(note, { [invoice]: null }, { effectiveOn: date('2026-04-01') }))
    expect(await cash.owed(invoice, '2026-03-31', '2026-04-01')).toEqual([6_000n, 0n])
    expect(await cash.left(await noteId(note), '2026-04-01')).toEqual([2_000n])
    await cash.expectSound()
  })

  it('are taken back in part, the latest application first', async () => {
    await cash.bill(invoice, '100.00', '2026-03-01', '2026-03-31')
    taken(await cash.credit(note, '80.00', '2026-03-10', { [invoice]: '30.00' }))
    taken(await cash.applyCredit(note, { [invoice]: '50.00' }, { effectiveOn: date('2026-05-01') }))
    taken(await cash.unapplyCredit(note, invoice, { amount: '60.00', effectiveOn: date('2026-04-01') }))
    expect(await cash.owed(invoice, '2026-03-31', '2026-04-01', '2026-05-01')).toEqual([
      7_000n,
      8_000n,
      8_000n,
    ])
    await cash.expectSound()
  })

  it('dated before the bill settle it from its day on', async () => {
    await cash.bill(invoice, '100.00', '2026-05-01', '2026-05-31')
    taken(await cash.credit(note, '100.00', '2026-04-10', { [invoice]: null }))
    expect(await cash.owed(invoice, '2026-05-01')).toEqual([0n])
    expect(await cash.left(await noteId(note), '2026-04-30', '2026-05-01')).toEqual([10_000n, 0n])
    await cash.expectSound()
  })

  it('resolve what is disputed beyond what is owed then', async () => {
    await cash.bill(invoice, '100.00', '2026-03-01', '2026-03-31')
    const { disputeId } = taken(await cash.dispute(invoice, { openedOn: date('2026-04-01') }))
    taken(await cash.credit(note, '25.00', '2026-04-15', { [invoice]: '25.00' }))
    expect(await cash.left(disputeId, '2026-04-14', '2026-04-15')).toEqual([10_000n, 7_500n])
    taken(await cash.unapplyCredit(note, invoice, { effectiveOn: date('2026-05-02') }))
    expect(await cash.left(disputeId, '2026-05-01', '2026-05-02')).toEqual([7_500n, 10_000n])
    await cash.expectSound()
  })

  it('have one number each, also when two come at once', async () => {
    const outcomes = await Promise.all([1, 2, 3].map(() => cash.credit(` ${note}  `, '1.00', '2026-03-10')))
    expect(outcomes.filter((outcome) => 'creditId' in outcome)).toHaveLength(1)
    for (const outcome of outcomes.filter((one) => 'code' in one))
      expect(outcome).toMatchObject(refused('CONFLICT', 'number'))
  })

  it('are carried out once for a key, and not at all in a dry run', async () => {
    expect(await cash.credit(note, '1.00', '2026-03-10', {}, { dryRun: true })).toMatchObject({ audit: null })
    const key = { idempotencyKey: note }
    const first = await cash.credit(note, '1.00', '2026-03-10', {}, key)
    expect(first).toHaveProperty('creditId')
    expect(await cash.credit(note, '1.00', '2026-03-10', {}, key)).toEqual(first)
  })

  it('refuse what contradicts the books, and name the field', async () => {
    await cash.bill(invoice, '50.00', '2026-05-01', '2026-05-31')
    const at = (...path: string[]) => ['allocations', '0', ...path]
    const before = await cash.ask('select count(*) from audit')
    const euros = { amount: { amount: '10.00', currency: 'EUR' } }
    const refusals = [
      [
        await cash.credit(note, '60.00', '2026-05-02', { [invoice]: '50.01' }),
        'OVER_ALLOCATION',
        at('amount'),
      ],
      [await cash.credit(note, '40.00', '2026-05-02', { [invoice]: null }), 'OVER_ALLOCATION', at('amount')],
      [await cash.credit(note, '40.00', '2026-05-02', { 'N-404': null }), 'NOT_FOUND', at('invoice')],
      [
        await cash.credit(note, '1', '2026-05-02', { [invoice]: '1' }, euros),
        'WRONG_CURRENCY',
        at('invoice'),
      ],
      [
        await cash.credit(note, '1', '2026-05-02', { [invoice]: '1' }, { customer: { number: 'C-2' } }),
        'INVALID',
        at('invoice'),
      ],
      [await cash.credit(note, '0', '2026-05-02'), 'INVALID', ['amount', 'amount']],
      [await cash.credit(note, '1.001', '2026-05-02'), 'INVALID', ['amount', 'amount']],
      [await cash.credit(note, '1', '2026-07-01'), 'INVALID', ['issuedOn']],
      [await cash.credit(note, '1', '0026-05-01'), 'INVALID', ['issuedOn']],
      [await cash.credit('  ', '1', '2026-05-01'), 'INVALID', ['number']],
      [
        await cash.credit(note, '1', '2026-05-01', {}, { customer: { number: 'C-404' } }),
        'NOT_FOUND',
        ['customer'],
      ],
      [
        await cash.credit(note, '1', '2026-05-01', {}, { amount: { amount: '1', currency: 'XXA' } }),
        'INVALID',
        ['amount', 'currency'],
      ],
      [await cash.applyCredit('N-404', { [invoice]: '1' }), 'NOT_FOUND', ['creditNote']],
      [await cash.unapplyCredit('N-404', invoice), 'NOT_FOUND', ['creditNote']],
    ] as const
    for (const [outcome, code, path] of refusals) expect(outcome).toMatchObject({ code, path })
    expect(await cash.ask('select count(*) from audit')).toEqual(before)
  })

  it('are refused in a closed month, and say which day takes them', async () => {
    taken(await closePeriod(books.context, { through: date('2026-01-31'), dryRun: false }))
    expect(await cash.credit(note, '1.00', '2026-01-20')).toMatchObject(refused('CLOSED_PERIOD', 'issuedOn'))
    const effectiveOn = date('2026-02-01')
    taken(await cash.credit(note, '1.00', '2026-01-20', {}, { effectiveOn }))
    expect(await cash.left(await noteId(note), '2026-01-31', '2026-02-01')).toEqual([0n, 100n])
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

  it('are listed page by page, found by id and number, and filtered by what is left of them', async () => {
    await ask(`mutation {
      createCustomer(input: { number: "C-1", name: "Ardmore Mills" }) { __typename }
      recordInvoice(input: { customer: { number: "C-1" }, number: "A-1", issuedOn: "2026-05-01",
        amount: { amount: "100.00", currency: "USD" } }) { __typename }
      a: recordCreditNote(input: { customer: { number: "C-1" }, number: "G-1", issuedOn: "2026-05-10",
        amount: { amount: "30.00", currency: "USD" }, reason: "Returned",
        allocations: [{ invoice: { number: "A-1" }, amount: "30.00" }] }) { __typename }
      b: recordCreditNote(input: { customer: { number: "C-1" }, number: "G-2", issuedOn: "2026-05-20",
        amount: { amount: "7.50", currency: "EUR" } }) { __typename }
    }`)
    const numbers = async (args: string) => {
      const { creditNotes } = await ask<{ creditNotes: { nodes: { number: string }[] } }>(
        `{ creditNotes(${args}) { nodes { number } } }`,
      )
      return creditNotes.nodes.map(({ number }) => number)
    }
    expect(await numbers('first: 10')).toEqual(['G-2', 'G-1'])
    expect(await numbers('orderBy: [{ field: RECORDED, direction: ASC }]')).toEqual(['G-1', 'G-2'])
    expect(await numbers('filter: { unappliedOn: "2026-06-30" }')).toEqual(['G-2'])
    expect(await numbers('filter: { issuedOn: { lt: "2026-05-20" } }')).toEqual(['G-1'])
    expect(await numbers('filter: { currency: ["EUR"] }')).toEqual(['G-2'])
    expect(await numbers('filter: { number: { in: ["G-1"] } }')).toEqual(['G-1'])
    expect(await numbers('filter: { customerId: ["customer_0"] }')).toEqual([])
    const page = await ask<{ creditNotes: { totalCount: number; pageInfo: { endCursor: string } } }>(
      `{ creditNotes(first: 1) { totalCount pageInfo { endCursor } } }`,
    )
    expect(page.creditNotes.totalCount).toBe(2)
    expect(await numbers(`first: 1, after: "${page.creditNotes.pageInfo.endCursor}"`)).toEqual(['G-1'])
    const { creditNote } = await ask<{ creditNote: { id: string } }>(
      `{ creditNote(by: { number: "G-1" }) { id reason issuedOn customer { number } amount { amount } unapplied { amount }
         before: unapplied(asOf: "2026-05-09") { amount }
         allocations { amount { amount } effectiveOn invoice { number balance { amount } } } } }`,
    )
    expect(creditNote).toEqual({
      id: expect.stringMatching(/^creditNote_/),
      reason: 'Returned',
      issuedOn: '2026-05-10',
      customer: { number: 'C-1' },
      amount: { amount: '30.00' },
      unapplied: { amount: '0.00' },
      before: { amount: '0.00' },
      allocations: [
        {
          amount: { amount: '30.00' },
          effectiveOn: '2026-05-10',
          invoice: { number: 'A-1', balance: { amount: '70.00' } },
        },
      ],
    })
    const byId = await ask<{ creditNote: { number: string } | null }>(
      `query ($id: ID!) { creditNote(by: { id: $id }) { number } }`,
      { id: creditNote.id },
    )
    expect(byId).toEqual({ creditNote: { number: 'G-1' } })
    expect(await ask(`{ creditNote(by: { id: "customer_0" }) { number } }`)).toEqual({ creditNote: null })
  })

  it('answer a mutation with what is there after it', async () => {
    const { unapplyCreditNote } = await ask<{ unapplyCreditNote: unknown }>(
      `mutation { unapplyCreditNote(input: { creditNote: { number: "G-1" }, invoice: { number: "A-1" }, amount: "10" }) {
         ... on UnapplyCreditNoteSuccess { dryRun audit { id } creditNote { unapplied { amount } } } } }`,
    )
    expect(unapplyCreditNote).toEqual({
      dryRun: false,
      audit: { id: expect.stringMatching(/^audit_/) },
      creditNote: { unapplied: { amount: '10.00' } },
    })
  })

  it('show receipts in the same way', async () => {
    const { recordReceipt } = await ask<{ recordReceipt: { receipt: { id: string } } }>(
      `mutation { recordReceipt(input: { customer: { number: "C-1" }, amount: { amount: "20.00", currency: "USD" },
         receivedOn: "2026-06-01", reference: "Wire 7", allocations: [{ invoice: { number: "A-1" }, amount: "5" }] }) {
         ... on RecordReceiptSuccess { receipt { id } } } }`,
    )
    const { id } = recordReceipt.receipt
    expect(
      await ask(
        `mutation ($id: ID!) {
          applyReceipt(input: { receipt: $id, allocations: [{ invoice: { number: "A-1" }, amount: "10" }] }) {
            ... on ApplyReceiptSuccess { receipt { unapplied { amount } } } }
          unapplyReceipt(input: { receipt: $id, invoice: { number: "A-1" }, amount: "3" }) {
            ... on UnapplyReceiptSuccess { receipt { unapplied { amount } } } }
          bounceReceipt(input: { receipt: $id, bouncedOn: "2026-06-10", dryRun: true }) {
            ... on BounceReceiptSuccess { receipt { id } dryRun audit { id } } } }`,
        { id },
      ),
    ).toEqual({
      applyReceipt: { receipt: { unapplied: { amount: '5.00' } } },
      unapplyReceipt: { receipt: { unapplied: { amount: '8.00' } } },
      bounceReceipt: { receipt: null, dryRun: true, audit: null },
    })
    await ask(
      `mutation ($id: ID!) { bounceReceipt(input: { receipt: $id, bouncedOn: "2026-06-10" }) { __typename } }`,
      { id },
    )
    expect(
      await ask(
        `query ($id: ID!) {
          receipt(id: $id) { reference bouncedOn unapplied { amount } before: unapplied(asOf: "2026-06-09") { amount }
            amount { amount } allocations { amount { amount } } }
          none: receipt(id: "receipt_0") { id }
          receipts(filter: { receivedOn: { gte: "2026-06-01" }, reference: { eq: "Wire 7" }, unappliedOn: "2026-06-05" }) {
            totalCount nodes { reference } } }`,
        { id },
      ),
    ).toEqual({
      receipt: {
        reference: 'Wire 7',
        bouncedOn: '2026-06-10',
        unapplied: { amount: '0.00' },
        before: { amount: '15.00' },
        amount: { amount: '20.00' },
        allocations: [],
      },
      none: null,
      receipts: { totalCount: 1, nodes: [{ reference: 'Wire 7' }] },
    })
  })
})
