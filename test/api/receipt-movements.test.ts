/** What happens to a receipt after it came: applied, taken back, bounced. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { closePeriod } from '@tidemark/server/period/commands.ts'
import { openBooks, type Books } from '../support/books.ts'
import { cashOf, taken, type Cash } from '../support/cash.ts'

let books: Books
let cash: Cash
beforeAll(async () => {
  books = await openBooks('2026-06-30')
  cash = cashOf(books)
})
afterAll(() => books.close())

const date = (text: string) => Temporal.PlainDate.from(text)
const refused = (code: string, ...path: string[]) => ({ code, path })
let count = 0
/** The number of an invoice that nobody has billed. */
const next = () => `N-${(count += 1)}`
let invoice: string
beforeEach(() => {
  invoice = next()
})

const disputeOf = async (number: string, amount: string, openedOn: string) =>
  `dispute_${taken(await cash.dispute(number, { amount, openedOn: date(openedOn) })).disputeId}`

describe('applyReceipt', () => {
  it('pays invoices of its customer out of what is left, in parts', async () => {
    const other = next()
    await cash.bill(invoice, '100.00', '2026-03-01', '2026-03-31')
    await cash.bill(other, '50.00', '2026-03-01', '2026-03-31')
    const receipt = await cash.receive('120.00', '2026-04-10', {})
    taken(await cash.apply(receipt, { [invoice]: '70.00' }))
    taken(await cash.apply(receipt, { [invoice]: null, [other]: '15.00' }))
    expect(await cash.owed(invoice, '2026-06-29', '2026-06-30')).toEqual([10_000n, 0n])
    expect(await cash.owed(other, '2026-06-30')).toEqual([3_500n])
    expect(await cash.left(receipt, '2026-04-09', '2026-06-29', '2026-06-30')).toEqual([0n, 12_000n, 500n])
    await cash.expectSound()
  })

  it('counts from the day that it is given, and happened when the money came', async () => {
    await cash.bill(invoice, '100.00', '2026-03-01', '2026-04-10')
    const receipt = await cash.receive('100.00', '2026-04-10', {})
    taken(await cash.apply(receipt, { [invoice]: null }, { effectiveOn: date('2026-05-05') }))
    expect(await cash.owed(invoice, '2026-05-04', '2026-05-05')).toEqual([10_000n, 0n])
    const [onTime] = await cash.ask(
      `select effective_on, occurred_on from ledger_entry e join invoice i on i.id = e.item_id
       where i.number = '${invoice}' and kind = 'PAYMENT_APPLIED'`,
    )
    expect(onTime).toEqual({ effective_on: '2026-05-05', occurred_on: '2026-04-10' })
  })

  it('waits for the bill, and for what an earlier payment left open', async () => {
    await cash.bill(invoice, '100.00', '2026-05-10', '2026-06-10')
    const bounced = await cash.receive('100.00', '2026-05-12', { [invoice]: null })
    taken(await cash.bounce(bounced, '2026-05-20'))
    const receipt = await cash.receive('100.00', '2026-05-01', {})
    taken(await cash.apply(receipt, { [invoice]: null }, { effectiveOn: date('2026-05-02') }))
    expect(await cash.owed(invoice, '2026-05-11', '2026-05-12', '2026-05-19', '2026-05-20')).toEqual([
      10_000n,
      0n,
      0n,
      0n,
    ])
    expect(await cash.left(receipt, '2026-05-19', '2026-05-20')).toEqual([10_000n, 0n])
    await cash.expectSound()
  })

  it('waits for the day on which enough of the receipt is left', async () => {
    const other = next()
    await cash.bill(invoice, '100.00', '2026-03-01', '2026-03-31')
    await cash.bill(other, '100.00', '2026-03-01', '2026-03-31')
    const receipt = await cash.receive('100.00', '2026-04-01', { [invoice]: null })
    taken(await cash.unapply(receipt, invoice, { effectiveOn: date('2026-04-20') }))
    taken(await cash.apply(receipt, { [other]: null }, { effectiveOn: date('2026-04-05') }))
    expect(await cash.owed(other, '2026-04-19', '2026-04-20')).toEqual([10_000n, 0n])
    await cash.expectSound()
  })

  it('pays installments in the order in which they fall due', async () => {
    await cash.bill(invoice, '90.00', '2026-01-10', '', {
      installments: ['2026-02-01', '2026-03-01', '2026-04-01'].map((dueOn) => ({
        amount: '30.00',
        dueOn: date(dueOn),
      })),
    })
    const receipt = await cash.receive('45.00', '2026-02-01', {})
    taken(await cash.apply(receipt, { [invoice]: '45.00' }))
    taken(await cash.unapply(receipt, invoice, { amount: '20.00' }))
    const parts = await cash.ask(
      `select installment, -sum(amount) as paid from ledger_entry e join invoice i on i.id = e.item_id
       where i.number = '${invoice}' and kind = 'PAYMENT_APPLIED' group by 1 order by 1`,
    )
    expect(parts.map((part) => Object.values(part).map(String))).toEqual([
      ['1', '2500'],
      ['2', '0'],
    ])
    await cash.expectSound()
  })

  it('resolves what is disputed beyond what is owed then', async () => {
    await cash.bill(invoice, '100.00', '2026-03-01', '2026-03-31')
    const { disputeId } = taken(
      await cash.dispute(invoice, { amount: '60.00', openedOn: date('2026-04-01') }),
    )
    const receipt = await cash.receive('100.00', '2026-05-01', { [invoice]: '70.00' })
    expect(await cash.left(disputeId, '2026-04-30', '2026-05-01')).toEqual([6_000n, 3_000n])
    taken(await cash.apply(receipt, { [invoice]: null }))
    expect(await cash.left(disputeId, '2026-06-29', '2026-06-30')).toEqual([3_000n, 0n])
    await cash.expectSound()
  })

  it('opens a dispute again with what is owed again, as far as it had resolved it', async () => {
    await cash.bill(invoice, '100.00', '2026-03-01', '2026-03-31')
    const dispute = await disputeOf(invoice, '60.00', '2026-04-01')
    const receipt = await cash.receive('100.00', '2026-05-01', { [invoice]: null })
    expect(await cash.left(dispute, '2026-04-30', '2026-05-01')).toEqual([6_000n, 0n])
    taken(await cash.unapply(receipt, invoice, { amount: '40.00', effectiveOn: date('2026-05-10') }))
    expect(await cash.left(dispute, '2026-05-09', '2026-05-10')).toEqual([0n, 4_000n])
    taken(await cash.unapply(receipt, invoice, { effectiveOn: date('2026-05-20') }))
    expect(await cash.left(dispute, '2026-05-19', '2026-05-20')).toEqual([4_000n, 6_000n])
    taken(await cash.apply(receipt, { [invoice]: null }, { effectiveOn: date('2026-05-25') }))
    expect(await cash.left(dispute, '2026-05-24', '2026-05-25')).toEqual([6_000n, 0n])
    await cash.expectSound()
  })

  it('refuses what contradicts the books, names the field, and leaves nothing behind', async () => {
    const [euros, strange] = [next(), next()]
    await cash.bill(invoice, '50.00', '2026-05-01', '2026-05-31')
    await cash.bill(euros, '50.00', '2026-05-01', '2026-05-31', {
      amount: { amount: '50.00', currency: 'EUR' },
    })
    await cash.bill(strange, '50.00', '2026-05-01', '2026-05-31', { customer: { number: 'C-2' } })
    const receipt = await cash.receive('40.00', '2026-05-02', {})
    const before = await cash.ask('select count(*) from audit')
    const at = (...path: string[]) => ['allocations', '0', ...path]
    expect(await cash.apply(receipt, { [invoice]: '50.01' })).toMatchObject(
      refused('OVER_ALLOCATION', ...at('amount')),
    )
    expect(await cash.apply(receipt, { [invoice]: null })).toMatchObject(
      refused('OVER_ALLOCATION', ...at('amount')),
    )
    expect(await cash.apply(receipt, { [invoice]: '0' })).toMatchObject(refused('INVALID', ...at('amount')))
    expect(await cash.apply(receipt, { [invoice]: '1.001' })).toMatchObject(
      refused('INVALID', ...at('amount')),
    )
    expect(await cash.apply(receipt, { 'N-404': null })).toMatchObject(refused('NOT_FOUND', ...at('invoice')))
    expect(await cash.apply(receipt, { [euros]: '1' })).toMatchObject(
      refused('WRONG_CURRENCY', ...at('invoice')),
    )
    expect(await cash.apply(receipt, { [strange]: '1' })).toMatchObject(refused('INVALID', ...at('invoice')))
    expect(await cash.apply(receipt, {})).toMatchObject(refused('INVALID', 'allocations'))
    const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`M-${index}`, '1']))
    expect(await cash.apply(receipt, many)).toMatchObject(refused('INVALID', 'allocations'))
    expect(await cash.apply('receipt_0', { [invoice]: '1' })).toMatchObject(refused('NOT_FOUND', 'receipt'))
    const asReceipt = `receipt_${(await cash.ask<{ id: string }>(`select id from invoice limit 1`))[0]?.id}`
    expect(await cash.apply(asReceipt, { [invoice]: '1' })).toMatchObject(refused('NOT_FOUND', 'receipt'))
    for (const effectiveOn of ['2026-05-01', '2026-07-01', '0026-05-01'])
      expect(await cash.apply(receipt, { [invoice]: '1' }, { effectiveOn: date(effectiveOn) })).toMatchObject(
        refused('INVALID', 'effectiveOn'),
      )
    const twice = { allocations: [1, 2].map(() => ({ invoice: { number: invoice }, amount: '1' })) }
    expect(await cash.apply(receipt, {}, twice)).toMatchObject(
      refused('INVALID', 'allocations', '1', 'invoice'),
    )
    expect(await cash.ask('select count(*) from audit')).toEqual(before)
  })

  it('is carried out once for a key, and not at all in a dry run', async () => {
    await cash.bill(invoice, '50.00', '2026-05-01', '2026-05-31')
    const receipt = await cash.receive('40.00', '2026-05-02', {})
    expect(await cash.apply(receipt, { [invoice]: '10.00' }, { dryRun: true })).toMatchObject({ audit: null })
    const key = { idempotencyKey: `apply ${invoice}` }
    const outcomes = await Promise.all([1, 2, 3].map(() => cash.apply(receipt, { [invoice]: '10.00' }, key)))
    for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0])
    expect(await cash.left(receipt, '2026-06-30')).toEqual([3_000n])
    expect(await cash.apply(receipt, { [invoice]: '1.00' }, key)).toMatchObject(
      refused('KEY_REUSED', 'idempotencyKey'),
    )
  })

  it('refuses the second of two that apply all of one receipt, or pay all of one invoice, at once', async () => {
    const [first, second] = [next(), next()]
    await cash.bill(first, '50.00', '2026-05-01', '2026-05-31')
    await cash.bill(second, '50.00', '2026-05-01', '2026-05-31')
    const receipt = await cash.receive('50.00', '2026-05-02', {})
    const applied = await Promise.all(
      [first, second].map((number) => cash.apply(receipt, { [number]: null })),
    )
    expect(applied.filter((outcome) => 'creditId' in outcome)).toHaveLength(1)
    expect(applied.filter((outcome) => 'code' in outcome)).toMatchObject([{ code: 'OVER_ALLOCATION' }])
    await cash.bill(invoice, '50.00', '2026-05-01', '2026-05-31')
    const receipts = await Promise.all([1, 2, 3].map(() => cash.receive('50.00', '2026-05-02', {})))
    const paid = await Promise.all(receipts.map((id) => cash.apply(id, { [invoice]: null })))
    expect(paid.filter((outcome) => 'creditId' in outcome)).toHaveLength(1)
    await cash.expectSound()
  })
})

describe('unapplyReceipt', () => {
  it('makes money unapplied and the invoice owed again, from a day on', async () => {
    await cash.bill(invoice, '100.00', '2026-03-01', '2026-03-31')
    const receipt = await cash.receive('80.00', '2026-04-01', { [invoice]: '80.00' })
    taken(
      await cash.unapply(receipt, invoice, {
        amount: '30.00',
        effectiveOn: date('2026-05-01'),
        reason: 'Meant for another',
      }),
    )
    expect(await cash.owed(invoice, '2026-04-30', '2026-05-01')).toEqual([2_000n, 5_000n])
    expect(await cash.left(receipt, '2026-04-30', '2026-05-01')).toEqual([0n, 3_000n])
    taken(await cash.unapply(receipt, invoice))
    expect(await cash.owed(invoice, '2026-06-29', '2026-06-30')).toEqual([5_000n, 10_000n])
    expect(
      await cash.ask(
        `select count(*)::int as n from ledger_entry where reason = 'Meant for another' and amount > 0`,
      ),
    ).toEqual([{ n: 2 }])
    await cash.expectSound()
  })

  it('never reaches before the application', async () => {
    await cash.bill(invoice, '100.00', '2026-03-01', '2026-03-31')
    const receipt = await cash.receive('80.00', '2026-04-01', {})
    taken(await cash.apply(receipt, { [invoice]: '80.00' }, { effectiveOn: date('2026-05-10') }))
    taken(await cash.unapply(receipt, invoice, { effectiveOn: date('2026-04-15') }))
    expect(await cash.owed(invoice, '2026-04-15', '2026-05-10')).toEqual([10_000n, 10_000n])
    await cash.expectSound()
  })

  it('refuses what was not applied', async () => {
    const other = next()
    await cash.bill(invoice, '100.00', '2026-03-01', '2026-03-31')
    await cash.bill(other, '100.00', '2026-03-01', '2026-03-31')
    const receipt = await cash.receive('80.00', '2026-04-01', { [invoice]: '80.00' })
    expect(await cash.unapply(receipt, other)).toMatchObject(refused('INVALID', 'invoice'))
    expect(await cash.unapply(receipt, 'N-404')).toMatchObject(refused('NOT_FOUND', 'invoice'))
    expect(await cash.unapply('receipt_0', invoice)).toMatchObject(refused('NOT_FOUND', 'receipt'))
    expect(await cash.unapply(receipt, invoice, { amount: '80.01' })).toMatchObject(
      refused('OVER_ALLOCATION', 'amount'),
    )
    expect(await cash.unapply(receipt, invoice, { amount: '-1' })).toMatchObject(refused('INVALID', 'amount'))
    expect(await cash.unapply(receipt, invoice, { reason: 'x'.repeat(2_001) })).toMatchObject(
      refused('INVALID', 'reason'),
    )
  })
})

describe('bounceReceipt', () => {
  it('makes everything that it paid owed again, from its day on', async () => {
    const other = next()
    await cash.bill(invoice, '100.00', '2026-03-01', '2026-03-31')
    await cash.bill(other, '50.00', '2026-03-01', '2026-03-31')
    const receipt = await cash.receive('130.00', '2026-04-01', { [invoice]: null, [other]: '20.00' })
    taken(await cash.bounce(receipt, '2026-04-08', { reason: 'Insufficient funds' }))
    expect(await cash.owed(invoice, '2026-04-07', '2026-04-08')).toEqual([0n, 10_000n])
    expect(await cash.owed(other, '2026-04-07', '2026-04-08')).toEqual([3_000n, 5_000n])
    expect(await cash.left(receipt, '2026-04-07', '2026-04-08', '2026-06-30')).toEqual([1_000n, 0n, 0n])
    await cash.expectSound()
  })

  it('takes back what was applied later on the day of that application', async () => {
    await cash.bill(invoice, '100.00', '2026-03-01', '2026-03-31')
    const receipt = await cash.receive('100.00', '2026-04-01', { [invoice]: '40.00' })
    taken(await cash.apply(receipt, { [invoice]: '60.00' }, { effectiveOn: date('2026-05-01') }))
    taken(await cash.bounce(receipt, '2026-04-08'))
    expect(await cash.owed(invoice, '2026-04-07', '2026-04-08', '2026-05-01')).toEqual([
      6_000n,
      10_000n,
      10_000n,
    ])
    await cash.expectSound()
  })

  it('leaves alone what stood meanwhile and was applied anew', async () => {
    const other = next()
    await cash.bill(invoice, '100.00', '2026-03-01', '2026-03-31')
    await cash.bill(other, '100.00', '2026-03-01', '2026-03-31')
    const receipt = await cash.receive('100.00', '2026-04-01', { [invoice]: null })
    taken(await cash.unapply(receipt, invoice, { effectiveOn: date('2026-05-10') }))
    taken(await cash.apply(receipt, { [other]: null }, { effectiveOn: date('2026-05-10') }))
    taken(await cash.bounce(receipt, '2026-04-08'))
    expect(await cash.owed(invoice, '2026-04-08', '2026-05-09', '2026-05-10')).toEqual([0n, 0n, 10_000n])
    expect(await cash.owed(other, '2026-05-09', '2026-05-10')).toEqual([10_000n, 10_000n])
    expect(await cash.left(receipt, '2026-05-10')).toEqual([0n])
    await cash.expectSound()
  })

  it('opens what it alone had resolved of disputes, on all bills that it paid', async () => {
    const other = next()
    await cash.bill(invoice, '100.00', '2026-03-01', '2026-03-31')
    await cash.bill(other, '50.00', '2026-03-01', '2026-03-31')
    const first = await disputeOf(invoice, '60.00', '2026-04-01')
    const second = await disputeOf(other, '50.00', '2026-04-02')
    taken(await cash.resolve(second, { amount: '20.00', resolvedOn: date('2026-04-10') }))
    await cash.receive('70.00', '2026-05-01', { [invoice]: '70.00' })
    const receipt = await cash.receive('80.00', '2026-05-02', { [invoice]: '30.00', [other]: null })
    expect(await cash.left(first, '2026-05-01', '2026-05-02')).toEqual([3_000n, 0n])
    expect(await cash.left(second, '2026-05-01', '2026-05-02')).toEqual([3_000n, 0n])
    taken(await cash.bounce(receipt, '2026-05-20', { reason: 'No funds' }))
    // What the payment that stands had resolved, and what was agreed on, is over.
    expect(await cash.left(first, '2026-05-19', '2026-05-20')).toEqual([0n, 3_000n])
    expect(await cash.left(second, '2026-05-19', '2026-05-20')).toEqual([0n, 3_000n])
    await cash.expectSound()
    taken(await cash.resolve(second, { resolvedOn: date('2026-05-31') }))
    const closed = await cash.ask(
      `select day::text, sum(count)::int as count from flow where measure = 'DISPUTE_CLOSED' and day in ('2026-05-02', '2026-05-20', '2026-05-31')
         and segment_id = (select segment_id from item where id = '${second.slice('dispute_'.length)}')
       group by day having sum(count) <> 0 order by day`,
    )
    // Closed by the payment and open again with it; the one that was agreed on counts on its last day.
    expect(closed).toEqual([
      { day: '2026-05-02', count: 2 },
      { day: '2026-05-20', count: -2 },
      { day: '2026-05-31', count: 1 },
    ])
    await cash.expectSound()
  })

  it('happens once, and not before the money came', async () => {
    const receipt = await cash.receive('10.00', '2026-04-10', {})
    expect(await cash.bounce(receipt, '2026-04-09')).toMatchObject(refused('INVALID', 'bouncedOn'))
    expect(await cash.bounce(receipt, '2026-07-01')).toMatchObject(refused('INVALID', 'bouncedOn'))
    expect(await cash.bounce(receipt, '0026-07-01')).toMatchObject(refused('INVALID', 'bouncedOn'))
    expect(await cash.bounce('receipt_0', '2026-04-12')).toMatchObject(refused('NOT_FOUND', 'receipt'))
    expect(await cash.bounce(receipt, '2026-04-12', { effectiveOn: date('2026-04-11') })).toMatchObject(
      refused('INVALID', 'effectiveOn'),
    )
    const outcomes = await Promise.all([1, 2].map(() => cash.bounce(receipt, '2026-04-12')))
    expect(outcomes.filter((outcome) => 'code' in outcome)).toMatchObject([refused('CONFLICT', 'receipt')])
    await cash.bill(invoice, '10.00', '2026-03-01', '2026-03-31')
    expect(await cash.apply(receipt, { [invoice]: '1.00' })).toMatchObject({ code: 'OVER_ALLOCATION' })
  })
})

describe('any order of movements', () => {
  it('leaves nothing below 0 on any day, and the store as the ledger says', async () => {
    const days = ['2026-03-05', '2026-03-20', '2026-04-02', '2026-04-30', '2026-05-15', '2026-06-01']
    const step = fc.record({
      what: fc.constantFrom('APPLY', 'APPLY', 'UNAPPLY', 'BOUNCE', 'CREDIT', 'UNCREDIT', 'DISPUTE'),
      receipt: fc.nat(2),
      invoice: fc.nat(2),
      day: fc.constantFrom(...days),
      tenths: fc.integer({ min: 1, max: 10 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
        const numbers = [next(), next(), next()]
        for (const [index, number] of numbers.entries())
          await cash.bill(number, '100.00', days[index] ?? '', '2026-06-15')
        const receipts = await Promise.all(
          ['60.00', '100.00', '150.00'].map((amount, index) => cash.receive(amount, days[index] ?? '', {})),
        )
        const note = next()
        taken(await cash.credit(note, '70.00', '2026-03-10'))
        for (const { what, day, tenths, ...one } of steps) {
          const [receipt, number] = [receipts[one.receipt] ?? '', numbers[one.invoice] ?? '']
          const effectiveOn = date(day)
          const amount = `${tenths * 10}.00`
          if (what === 'APPLY') await cash.apply(receipt, { [number]: amount }, { effectiveOn })
          if (what === 'UNAPPLY') await cash.unapply(receipt, number, { effectiveOn, amount })
          if (what === 'BOUNCE') await cash.bounce(receipt, day)
          if (what === 'CREDIT') await cash.applyCredit(note, { [number]: amount }, { effectiveOn })
          if (what === 'UNCREDIT') await cash.unapplyCredit(note, number, { effectiveOn })
          if (what === 'DISPUTE') await cash.dispute(number, { amount, openedOn: effectiveOn })
        }
        expect(await cash.belowZero()).toEqual([])
        expect(await cash.disputedBeyondOwed()).toEqual([])
      }),
      { numRuns: 12 },
    )
    await cash.expectSound()
  }, 60_000)
})

describe('a closed month', () => {
  it('takes no receipt, application or bounce, and says which day does', async () => {
    await cash.bill(invoice, '100.00', '2026-01-10', '2026-02-09')
    const receipt = await cash.receive('100.00', '2026-01-20', {})
    taken(await closePeriod(books.context, { through: date('2026-01-31'), dryRun: false }))
    const effectiveOn = { effectiveOn: date('2026-02-01') }
    expect(await books.pay('1.00', '2026-01-25', {})).toMatchObject(refused('CLOSED_PERIOD', 'receivedOn'))
    const late = await cash.receive('1.00', '2026-01-25', {}, effectiveOn)
    expect(await cash.left(late, '2026-01-31', '2026-02-01')).toEqual([0n, 100n])
    expect(await cash.apply(receipt, { [invoice]: null }, { effectiveOn: date('2026-01-25') })).toMatchObject(
      refused('CLOSED_PERIOD', 'effectiveOn'),
    )
    taken(await cash.apply(receipt, { [invoice]: '10.00' }, effectiveOn))
    expect(await cash.unapply(receipt, invoice, { effectiveOn: date('2026-01-25') })).toMatchObject(
      refused('CLOSED_PERIOD', 'effectiveOn'),
    )
    expect(await cash.bounce(receipt, '2026-01-28')).toMatchObject(refused('CLOSED_PERIOD', 'bouncedOn'))
    taken(await cash.bounce(receipt, '2026-01-28', effectiveOn))
    expect(await cash.left(receipt, '2026-01-31', '2026-02-01')).toEqual([10_000n, 0n])
    await cash.expectSound()
  })
})
