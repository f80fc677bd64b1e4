/** Many receipts at once are what the same receipts are one after another; all of them or none. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { recordReceipts } from '@tidemark/server/receipt/record-many.ts'
import { recordReceipt } from '@tidemark/server/receipt/record.ts'
import type { ReceiptInput, RecordReceiptsInput } from '@tidemark/server/schema.generated.ts'
import { openBooks, type Books } from '../support/books.ts'
import { cashOf } from '../support/cash.ts'
import { expectSoundBooks } from '../support/sound-books.ts'

const date = (text: string) => Temporal.PlainDate.from(text)
const receipt = (
  amount: string,
  parts: Readonly<Record<string, string | null>> = {},
  more: Partial<ReceiptInput> = {},
): ReceiptInput => ({
  customer: { number: 'C-1' },
  amount: { amount, currency: 'USD' },
  receivedOn: date('2026-06-10'),
  allocations: Object.entries(parts).map(([number, part]) => ({ invoice: { number }, amount: part })),
  ...more,
})

/** Bills of 1,000.00, of which B-2 is disputed with 400.00, and B-4 owed by another customer. */
const bill = async (books: Books, suffix = ''): Promise<void> => {
  for (const number of ['B-1', 'B-2', 'B-3'])
    await books.bill(`${number}${suffix}`, '1000.00', '2026-05-01', '2026-05-31')
  const other = { customer: { number: 'C-2' } }
  await books.bill(`B-4${suffix}`, '1000.00', '2026-05-01', '2026-05-31', other)
  await cashOf(books).dispute(`B-2${suffix}`, { amount: '400.00' })
}

/** What stands in the books, by the numbers of bills and without ids. */
const readBooks = ({ connection, organization }: Books) =>
  inTransaction(connection, { organizationId: organization.id, mode: 'read' }, async ({ sql }) => ({
    entries: await sql`
      select i.kind as item, v.number, e.sequence, e.kind, e.amount, e.effective_on::text, e.occurred_on::text
      from ledger_entry e
      join item i on i.organization_id = e.organization_id and i.id = e.item_id
      left join invoice v on v.organization_id = e.organization_id and v.id = e.item_id
      order by i.kind, v.number, e.sequence, e.kind, e.amount, e.effective_on, e.occurred_on`,
    flows: await sql`
      select measure, day::text, anchor::text, sum(amount) as amount, sum(count) as count
      from flow group by 1, 2, 3 having sum(amount) <> 0 or sum(count) <> 0 order by 1, 2, 3`,
    spans: await sql`
      select v.number, opens_on::text, closes_on::text from open_span s
      left join invoice v on v.organization_id = s.organization_id and v.id = s.item_id order by 1, 2, 3`,
    customers: await sql`
      select number, receivable, unapplied from customer_state s
      join customer c on c.organization_id = s.organization_id and c.id = s.customer_id order by 1`,
  }))

const countRows = ({ connection, organization }: Books) =>
  inTransaction(connection, { organizationId: organization.id, mode: 'read' }, async ({ sql }) => {
    const [row] = await sql<{ receipts: number; audits: number }[]>`
      select (select count(*) from receipt)::int as receipts, (select count(*) from audit)::int as audits`
    return row
  })

describe('many receipts at once', () => {
  let books: Books
  beforeAll(async () => {
    books = await openBooks()
    await bill(books)
  })
  afterAll(() => books.close())

  const record = (receipts: ReceiptInput[], more: Partial<RecordReceiptsInput> = {}) =>
    recordReceipts(books.context, { receipts, dryRun: false, ...more })

  it.each<[string, ReceiptInput[], string[], RegExp]>([
    ['no receipt', [], ['receipts'], /1 to 1000 receipts .* not 0/],
    [
      'an unknown customer',
      [receipt('1'), receipt('1', {}, { customer: { number: 'X' } })],
      ['receipts', '1', 'customer'],
      /no customer with number X/,
    ],
    [
      'an unknown invoice of a later receipt',
      [receipt('1', { 'B-1': '1' }), receipt('2', { 'B-1': '1', Z: '1' })],
      ['receipts', '1', 'allocations', '1', 'invoice'],
      /no invoice with number Z/,
    ],
    [
      'more than an earlier one has left of an invoice',
      [receipt('700', { 'B-1': '700' }), receipt('400', { 'B-1': '400' })],
      ['receipts', '1', 'allocations', '0', 'amount'],
      /B-1 has a balance of 300.00 USD/,
    ],
    [
      'the invoice of another customer',
      [receipt('5', { 'B-4': '5' })],
      ['receipts', '0', 'allocations', '0', 'invoice'],
      /B-4 is not owed by customer C-1/,
    ],
    [
      'more decimals than the currency has',
      [receipt('1'), receipt('1.005')],
      ['receipts', '1', 'amount', 'amount'],
      /1.005 is no amount of USD/,
    ],
  ])('names what is wrong with %s, and records none', async (_what, receipts, path, message) => {
    const before = await countRows(books)
    const outcome = await record(receipts)
    expect(isProblem(outcome) ? outcome.path : outcome).toEqual(path)
    expect(isProblem(outcome) ? outcome.message : '').toMatch(message)
    expect(await countRows(books)).toEqual(before)
  })

  it('changes nothing in a dry run, and is carried out once with a key', async () => {
    const before = await countRows(books)
    const two = [receipt('10', { 'B-3': '10' }), receipt('20')]
    expect(await record(two, { dryRun: true })).toMatchObject({ audit: null })
    expect(await countRows(books)).toEqual(before)
    const once = await record(two, { idempotencyKey: 'statement 7' })
    expect(await record(two, { idempotencyKey: 'statement 7' })).toEqual(once)
    // An audit row for each, and one for both.
    expect(await countRows(books)).toEqual({
      receipts: (before?.receipts ?? 0) + 2,
      audits: (before?.audits ?? 0) + 3,
    })
    await expectSoundBooks(books.connection, books.organization.id)
  })

  it('gives each receipt the audit row that its entries name', async () => {
    const outcome = await record([receipt('1', { 'B-3': '1' }), receipt('2', { 'B-3': '2' })])
    const ids = isProblem(outcome) ? [] : outcome.receiptIds
    const { connection, organization } = books
    const rows = await inTransaction(
      connection,
      { organizationId: organization.id, mode: 'read' },
      ({ sql }) => sql`
        select a.subject, a.action, count(*)::int as entries, bool_and(e.recorded_at = a.recorded_at) as same
        from audit a join ledger_entry e on e.organization_id = a.organization_id and e.audit_id = a.id
        where a.subject = any(${[...ids]}) group by 1, 2`,
    )
    expect(ids.map((id) => rows.find(({ subject }) => subject === id))).toEqual(
      ids.map((subject) => ({ subject, action: 'recordReceipt', entries: 3, same: true })),
    )
  })
})

describe('receipts drawn at random', () => {
  it('leave the same books at once as one after another', { timeout: 120_000 }, async () => {
    const cents = fc.integer({ min: 1, max: 60_000 }).map((minor) => (minor / 100).toFixed(2))
    const part = fc.record({ number: fc.constantFrom('B-1', 'B-2', 'B-3'), amount: fc.option(cents) })
    const drawn = fc.array(
      fc.record({
        amount: cents,
        parts: fc.uniqueArray(part, { maxLength: 3, selector: ({ number }) => number }),
        day: fc.integer({ min: 1, max: 30 }),
      }),
      { minLength: 1, maxLength: 6 },
    )
    const [single, together] = await Promise.all([openBooks(), openBooks()])
    let round = 0
    const property = fc.asyncProperty(drawn, async (script) => {
      round += 1
      const suffix = ` of ${round}`
      await Promise.all([bill(single, suffix), bill(together, suffix)])
      const receipts: ReceiptInput[] = []
      for (const { amount, parts, day } of script) {
        const paid = Object.fromEntries(parts.map((one) => [`${one.number}${suffix}`, one.amount]))
        const receivedOn = date('2026-06-01').add({ days: day - 1 })
        const input = receipt(amount, paid, { receivedOn })
        // What is refused alone would refuse all.
        if (!isProblem(await recordReceipt(single.context, { ...input, dryRun: false }))) receipts.push(input)
      }
      if (receipts.length === 0) return
      const outcome = await recordReceipts(together.context, { receipts, dryRun: false })
      expect(isProblem(outcome) ? outcome : outcome.receiptIds.length).toBe(receipts.length)
      expect(await readBooks(together)).toEqual(await readBooks(single))
      await expectSoundBooks(together.connection, together.organization.id)
    })
    try {
      await fc.assert(property, { numRuns: 25 })
    } finally {
      await Promise.all([single.close(), together.close()])
    }
  })
})
