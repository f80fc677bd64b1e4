/** The posting rule over a real PostgreSQL: what commands write, what they refuse, and who waits for whom. */
import { balanceOn, project } from '@tidemark/server/domain/projection.ts'
import { dayOf, formatDay } from '@tidemark/server/domain/day.ts'
import { readItems } from '@tidemark/server/ledger/histories.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBooks, type Books } from '../support/books.ts'

let books: Books
beforeAll(async () => {
  books = await openBooks()
})
afterAll(() => books.close())

/** Runs SQL as the organization. */
const ask = <Row extends object>(statement: string) =>
  inTransaction(books.connection, { organizationId: books.organization.id, mode: 'read' }, (tx) =>
    tx.sql.unsafe<Row[]>(statement),
  )

const state = async () => {
  const [row] = await ask<{ receivable: bigint; unapplied: bigint }>(
    `select receivable, unapplied from customer_state s join customer c on c.id = s.customer_id where c.number = 'C-1' and currency = 'USD'`,
  )
  return row
}

describe('recordInvoice and recordReceipt', () => {
  it('move balances, and keep what is not applied apart', async () => {
    await books.bill('A-1', '100.00', '2026-01-10', '2026-02-09')
    await books.pay('130.00', '2026-02-20', { 'A-1': '60.00' })
    expect(await state()).toEqual({ receivable: 4000n, unapplied: 7000n })
  })

  it('pay the installment that is due first before the next', async () => {
    await books.bill('A-2', '90.00', '2026-01-10', '', {
      installments: ['2026-02-01', '2026-03-01', '2026-04-01'].map((dueOn) => ({
        amount: '30.00',
        dueOn: Temporal.PlainDate.from(dueOn),
      })),
    })
    await books.pay('75.00', '2026-02-01', { 'A-2': '75.00' })
    const parts = await ask(
      `select installment, -sum(amount) as paid from ledger_entry e join invoice i on i.id = e.item_id
       where i.number = 'A-2' and kind = 'PAYMENT_APPLIED' group by 1 order by 1`,
    )
    expect(parts.map((part) => Object.values(part).map(String))).toEqual([
      ['1', '3000'],
      ['2', '3000'],
      ['3', '1500'],
    ])
  })

  it('let money that came before the bill pay it from the day of the bill on', async () => {
    await books.bill('A-3', '10.00', '2026-03-15', '2026-04-14')
    await books.pay('10.00', '2026-03-01', { 'A-3': null })
    const [entry] = await ask(
      `select effective_on, occurred_on from ledger_entry e join invoice i on i.id = e.item_id
       where i.number = 'A-3' and kind = 'PAYMENT_APPLIED'`,
    )
    expect(entry).toEqual({ effective_on: '2026-03-15', occurred_on: '2026-03-01' })
  })

  it('refuse what contradicts the books, name the field, and leave nothing behind', async () => {
    await books.bill('A-4', '50.00', '2026-05-01', '2026-05-31')
    const before = await ask('select count(*) from audit')
    const refusals = [
      [await books.pay('60.00', '2026-05-02', { 'A-4': '50.01' }), 'OVER_ALLOCATION', 'allocations.0.amount'],
      [await books.pay('40.00', '2026-05-02', { 'A-4': null }), 'OVER_ALLOCATION', 'allocations.0.amount'],
      [await books.pay('1.001', '2026-05-02', {}), 'INVALID', 'amount.amount'],
      [await books.pay('0', '2026-05-02', {}), 'INVALID', 'amount.amount'],
      [await books.pay('1.00', '2026-07-01', {}), 'INVALID', 'receivedOn'],
      [await books.pay('1.00', '2026-05-02', { 'A-404': null }), 'NOT_FOUND', 'allocations.0.invoice'],
      [
        await books.pay(
          '1.00',
          '2026-05-02',
          { 'A-4': null },
          { amount: { amount: '1.00', currency: 'EUR' } },
        ),
        'WRONG_CURRENCY',
        'allocations.0.invoice',
      ],
      [
        await books.pay('50.00', '2026-05-02', { 'A-4': null }, { customer: { number: 'C-2' } }),
        'INVALID',
        'allocations.0.invoice',
      ],
      [await books.bill('A-4', '1.00', '2026-05-01', '2026-05-31'), 'CONFLICT', 'number'],
      [await books.bill('A-5', '1.00', '2026-05-01', '2026-04-30'), 'INVALID', 'dueOn'],
      [
        await books.bill('A-5', '1.00', '2026-05-01', '', {
          installments: [{ amount: '0.40', dueOn: Temporal.PlainDate.from('2026-06-01') }],
        }),
        'INVALID',
        'installments',
      ],
    ] as const
    for (const [outcome, code, path] of refusals) {
      expect(outcome).toMatchObject({ code, path: path.split('.') })
    }
    expect(await ask('select count(*) from audit')).toEqual(before)
  })

  it('refuse slips of the pen that would spoil every figure after them', async () => {
    const slips = [
      [await books.bill('S-1', '1.00', '0026-06-30', '2026-07-30'), 'issuedOn'],
      [await books.bill('S-1', '1.00', '2026-06-01', '9999-12-31'), 'dueOn'],
      [
        await books.bill('S-1', '1.00', '2026-06-01', '2026-07-01', {
          deliveredOn: Temporal.PlainDate.from('1066-10-14'),
        }),
        'deliveredOn',
      ],
      [await books.pay('1.00', '0026-06-30', {}), 'receivedOn'],
      [await books.bill(' \t ', '1.00', '2026-06-01', '2026-07-01'), 'number'],
      [await books.bill('S\0', '1.00', '2026-06-01', '2026-07-01'), 'number'],
      [await books.pay('1.00', '2026-06-01', {}, { reference: 'x'.repeat(201) }), 'reference'],
      [await books.bill('S-1', '10000000000000.01', '2026-06-01', '2026-07-01'), 'amount.amount'],
    ] as const
    for (const [outcome, path] of slips)
      expect(outcome).toMatchObject({ code: 'INVALID', path: path.split('.') })
  })

  it('keep one number for one bill, however it is spaced', async () => {
    await books.bill('  S   2 ', '1.00', '2026-06-01', '2026-07-01')
    expect(await books.bill('S 2', '1.00', '2026-06-01', '2026-07-01')).toMatchObject({ code: 'CONFLICT' })
  })

  it('settle the largest amount that is taken, after any time', async () => {
    await books.bill('L-1', '10000000000000.00', '1996-06-01', '1996-07-01')
    expect(await books.pay('10000000000000.00', '2026-06-01', { 'L-1': null })).toHaveProperty('receiptId')
  })

  it('replace only a bill of the same customer', async () => {
    await books.bill('R-1', '1.00', '2026-06-01', '2026-07-01', { customer: { number: 'C-2' } })
    const replacing = { replaces: { number: 'R-1' } }
    expect(await books.bill('R-2', '1.00', '2026-06-02', '2026-07-01', replacing)).toMatchObject({
      code: 'INVALID',
      path: ['replaces'],
    })
  })

  it('try everything and change nothing in a dry run', async () => {
    const before = await state()
    expect(await books.bill('A-6', '5.00', '2026-05-01', '2026-05-31', { dryRun: true })).toHaveProperty(
      'invoiceId',
    )
    expect(await ask(`select from invoice where number = 'A-6'`)).toEqual([])
    expect(await state()).toEqual(before)
  })

  it('are carried out once for a key, also when the requests race, and refuse the key for anything else', async () => {
    await books.bill('A-7', '20.00', '2026-05-01', '2026-05-31')
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () =>
        books.pay('20.00', '2026-05-20', { 'A-7': null }, { idempotencyKey: 'once' }),
      ),
    )
    expect(outcomes[0]).toHaveProperty('receiptId')
    for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0])
    const other = await books.pay('1.00', '2026-05-20', {}, { idempotencyKey: 'once' })
    expect(other).toMatchObject({ code: 'KEY_REUSED', path: ['idempotencyKey'] })
  })

  it('refuse the second of two full payments that come at once', async () => {
    await books.bill('A-8', '75.00', '2026-05-01', '2026-05-31')
    const outcomes = await Promise.all(
      [1, 2, 3, 4].map(() => books.pay('75.00', '2026-05-20', { 'A-8': null })),
    )
    expect(outcomes.filter((outcome) => 'receiptId' in outcome)).toHaveLength(1)
    expect(
      outcomes.filter((outcome) => 'code' in outcome && outcome.code === 'OVER_ALLOCATION'),
    ).toHaveLength(3)
  })

  it('wait for each other instead of locking each other out, whatever the order of the allocations', async () => {
    await books.bill('B-1', '500.00', '2026-05-01', '2026-05-31')
    await books.bill('B-2', '500.00', '2026-05-01', '2026-05-31')
    const both = (first: string, second: string) =>
      books.pay('2.00', '2026-05-20', { [first]: '1.00', [second]: '1.00' })
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? both('B-1', 'B-2') : both('B-2', 'B-1'))),
    )
    expect(outcomes.every((outcome) => 'receiptId' in outcome)).toBe(true)
  })
})

describe('the KPI store', () => {
  it('is what the histories project, measure by measure and day by day', async () => {
    const ids = (await ask<{ id: string }>('select id from item')).map((row) => row.id)
    const items = await inTransaction(
      books.connection,
      { organizationId: books.organization.id, mode: 'read' },
      (tx) => readItems(tx, books.organization.id, ids),
    )
    const expected = new Map<string, bigint[]>()
    for (const item of items.values()) {
      for (const row of project(item, item.shares)) {
        const key = `${row.measure} ${formatDay(row.anchor)} ${formatDay(row.day)}`
        const [amount = 0n, count = 0n, days = 0n, amountDays = 0n] = expected.get(key) ?? []
        expected.set(key, [
          amount + row.amount,
          count + BigInt(row.count),
          days + row.days,
          amountDays + row.amountDays,
        ])
      }
    }
    const stored = await ask<{ key: string; sums: string[] }>(
      `select measure || ' ' || anchor || ' ' || day as key,
         array[sum(amount), sum(count), sum(days), sum(amount_days)]::text[] as sums from flow group by 1`,
    )
    const nonZero = (entries: readonly (readonly [string, readonly bigint[]])[]) =>
      entries.filter(([, sums]) => sums.some((sum) => sum !== 0n)).sort(([a], [b]) => (a < b ? -1 : 1))
    expect(nonZero(stored.map(({ key, sums }) => [key, sums.map(BigInt)] as const))).toEqual(
      nonZero([...expected]),
    )
  })

  it('agrees with the ledger, the open spans and the customers’ balances', async () => {
    const ids = (await ask<{ id: string }>('select id from item')).map((row) => row.id)
    const items = await inTransaction(
      books.connection,
      { organizationId: books.organization.id, mode: 'read' },
      (tx) => readItems(tx, books.organization.id, ids),
    )
    for (const date of ['2026-01-15', '2026-02-01', '2026-03-10', '2026-05-25', '2026-06-30']) {
      const day = dayOf(Temporal.PlainDate.from(date))
      const invoices = [...items.values()].filter((item) => item.kind === 'INVOICE')
      const balance = invoices.reduce((sum, item) => sum + balanceOn(item, day), 0n)
      const [flow] = await ask<{ sum: string | null }>(
        `select sum(amount)::text as sum from flow where measure = 'OPEN_BY_DUE' and day <= '${date}'`,
      )
      expect(BigInt(flow?.sum ?? '0')).toBe(balance)
      const open = await ask<{ item_id: string }>(
        `select item_id from open_span s join invoice i on i.id = s.item_id
         where opens_on <= '${date}' and (closes_on is null or closes_on > '${date}') order by 1`,
      )
      const expected = invoices.filter((item) => balanceOn(item, day) !== 0n).map((item) => item.id)
      expect(open.map((row) => row.item_id)).toEqual(expected.sort())
    }
  })
})
