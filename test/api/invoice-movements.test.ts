/** What happens to an invoice after it was billed, over a real PostgreSQL: what is posted, and what is refused. */
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { formatDay } from '@tidemark/server/domain/day.ts'
import { balanceNow, balanceOn } from '@tidemark/server/domain/projection.ts'
import { adjustInvoice } from '@tidemark/server/invoice/adjust.ts'
import { correctInvoice } from '@tidemark/server/invoice/correct.ts'
import { discountInvoice, reverseDiscount } from '@tidemark/server/invoice/discount.ts'
import type { InvoiceMoved } from '@tidemark/server/invoice/movement.ts'
import { reDateInvoice } from '@tidemark/server/invoice/re-date.ts'
import { recoverInvoice } from '@tidemark/server/invoice/recover.ts'
import { voidInvoice } from '@tidemark/server/invoice/void.ts'
import { reverseWriteOff, writeOffInvoice } from '@tidemark/server/invoice/write-off.ts'
import { isAsked, type ApprovalAsked } from '@tidemark/server/authority/asked.ts'
import { isProblem, type Problem } from '@tidemark/server/problem.ts'
import { openDispute } from '@tidemark/server/dispute/open.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBooks, type Books } from '../support/books.ts'
import { allItems, flowAndProjection } from '../support/flow-check.ts'

let books: Books
beforeAll(async () => {
  books = await openBooks()
})
afterAll(() => books.close())

const date = (text: string) => Temporal.PlainDate.from(text)
const usd = (amount: string) => ({ amount, currency: 'USD' })
const of = (number: string) => ({ invoice: { number }, dryRun: false })

/** Runs SQL as the organization. */
const ask = <Row extends object>(statement: string) =>
  inTransaction(books.connection, { organizationId: books.organization.id, mode: 'read' }, (tx) =>
    tx.sql.unsafe<Row[]>(statement),
  )

/** What was posted, in short: kind, code, installment, amount, accounting date. */
const told = (outcome: InvoiceMoved | ApprovalAsked | Problem) =>
  isAsked(outcome)
    ? outcome.__typename
    : isProblem(outcome)
      ? `${outcome.code} ${outcome.path.join('.')}: ${outcome.message}`
      : outcome.entries.map(({ kind, code, installment, amount, effectiveOn }) =>
          [kind, ...(code === null ? [] : [code]), installment, amount, formatDay(effectiveOn)].join(' '),
        )

const balanceOf = async (number: string) => {
  const [row] = await ask<{ balance: bigint }>(
    `select sum(amount)::bigint as balance from ledger_entry e join invoice i on i.id = e.item_id where i.number = '${number}'`,
  )
  return row?.balance
}

const measured = async (measure: string, until = '2026-06-30') => {
  const [row] = await ask<{ amount: bigint; count: number }>(
    `select coalesce(sum(amount), 0)::bigint as amount, coalesce(sum(count), 0)::int as count
     from flow where measure = '${measure}' and day <= '${until}'`,
  )
  return row
}

/** In two parts, due one and two months after the invoice date. */
const inTwoParts = (first: string, second: string, dueOn: readonly [string, string]) => ({
  installments: [
    { amount: first, dueOn: date(dueOn[0]) },
    { amount: second, dueOn: date(dueOn[1]) },
  ],
})

describe('recordInvoice', () => {
  it('splits a bill over its product lines; deductions are shared by them', async () => {
    const outcome = await books.bill('L-1', '90.00', '2026-01-05', '2026-02-04', {
      productLine: 'Paper',
      lines: [
        { description: 'Reams', amount: '70.00' },
        { productLine: 'Ink', amount: '30.00' },
        { productLine: 'Rebate', amount: '-10.00' },
      ],
    })
    expect(isProblem(outcome)).toBe(false)
    const lines = await ask(
      `select l.number, l.description, l.product_line, l.amount::text from invoice_line l join invoice i on i.id = l.invoice_id
       where i.number = 'L-1' order by 1`,
    )
    expect(lines.map((line) => Object.values(line))).toEqual([
      [1, 'Reams', 'Paper', '7000'],
      [2, null, 'Ink', '3000'],
      [3, null, 'Rebate', '-1000'],
    ])
    const shares = await ask(
      `select s.product_line, sum(f.amount)::text as amount from flow f join segment s on s.id = f.segment_id
       where f.measure = 'BILLED' and f.day = '2026-01-05' group by 1 order by 1`,
    )
    expect(shares.map((share) => Object.values(share))).toEqual([
      ['Ink', '2700'],
      ['Paper', '6300'],
    ])
  })

  it('keeps a discount for early payment, by amount or by percentage', async () => {
    await books.bill('D-1', '100.00', '2026-01-05', '2026-02-04', {
      discount: { percent: '2.5', until: date('2026-01-15') },
    })
    await books.bill('D-2', '100.00', '2026-01-05', '2026-02-04', {
      discount: { amount: '3', until: date('2026-01-15') },
    })
    const offers = await ask(
      `select number, discount::text, discount_until from invoice where number in ('D-1', 'D-2') order by 1`,
    )
    expect(offers.map((offer) => Object.values(offer))).toEqual([
      ['D-1', '250', '2026-01-15'],
      ['D-2', '300', '2026-01-15'],
    ])
  })

  it('refuses lines and discounts that do not fit the bill', async () => {
    const until = date('2026-01-15')
    const refusals = [
      [{ lines: [{ amount: '99.99' }] }, 'lines'],
      [{ lines: [] }, 'lines'],
      [{ lines: [{ amount: 'ten' }] }, 'lines.0.amount'],
      [{ discount: { until } }, 'discount'],
      [{ discount: { until, amount: '1', percent: '1' } }, 'discount.percent'],
      [{ discount: { until, amount: '100.00' } }, 'discount.amount'],
      [{ discount: { until, percent: '100' } }, 'discount.percent'],
      [{ discount: { until: date('2026-01-04'), amount: '1' } }, 'discount.until'],
    ] as const
    for (const [more, path] of refusals) {
      expect(await books.bill('L-2', '100.00', '2026-01-05', '2026-02-04', more)).toMatchObject({
        code: 'INVALID',
        path: path.split('.'),
      })
    }
  })
})

describe('voidInvoice', () => {
  it('takes every installment back on its day, and counts the bill among the wrong ones', async () => {
    await books.bill(
      'V-1',
      '100.00',
      '2026-02-01',
      '',
      inTwoParts('60.00', '40.00', ['2026-03-01', '2026-04-01']),
    )
    const outcome = await voidInvoice(books.context, {
      ...of('V-1'),
      occurredOn: date('2026-02-10'),
      reason: 'Wrong price',
    })
    expect(told(outcome)).toEqual(['VOIDED 1 -6000 2026-02-10', 'VOIDED 2 -4000 2026-02-10'])
    expect(await measured('BILLED_WRONG')).toEqual({ amount: 10000n, count: 1 })
  })

  it('is refused where something was applied, and lets nothing happen to a void bill', async () => {
    await books.bill('V-2', '50.00', '2026-02-01', '2026-03-01')
    await books.pay('20.00', '2026-02-20', { 'V-2': '20.00' })
    expect(told(await voidInvoice(books.context, { ...of('V-2'), reason: 'x' }))).toContain('INVALID invoice')
    const again = await voidInvoice(books.context, { ...of('V-1'), reason: 'x' })
    expect(again).toMatchObject({ code: 'INVALID', path: ['invoice'] })
    expect(await books.pay('1.00', '2026-02-20', { 'V-1': '1.00' })).toMatchObject({
      code: 'OVER_ALLOCATION',
    })
    expect(await voidInvoice(books.context, { ...of('V-404'), reason: 'x' })).toMatchObject({
      code: 'NOT_FOUND',
    })
    expect(await voidInvoice(books.context, { ...of('V-2'), reason: ' ' })).toMatchObject({
      path: ['reason'],
    })
  })

  it('is refused before the bill and after today', async () => {
    await books.bill('V-3', '50.00', '2026-02-01', '2026-03-01')
    for (const occurredOn of ['2026-01-31', '2026-07-01', '0026-02-10']) {
      const input = { ...of('V-3'), occurredOn: date(occurredOn), reason: 'x' }
      expect(await voidInvoice(books.context, input)).toMatchObject({ code: 'INVALID', path: ['occurredOn'] })
    }
  })
})

describe('correctInvoice', () => {
  const right = { number: 'K-2', amount: usd('80.00'), issuedOn: date('2026-02-05'), reason: 'Wrong price' }

  it('takes the wrong bill back and puts the right one in its place', async () => {
    await books.bill('K-1', '100.00', '2026-02-01', '2026-03-03')
    const outcome = await correctInvoice(books.context, { ...of('K-1'), ...right })
    expect(told(outcome)).toEqual(['VOIDED 1 -10000 2026-02-05'])
    const [row] = await ask(
      `select new.number, new.due_on, old.number as replaces, v.counterpart_id = new.id as linked
       from invoice new join invoice old on old.id = new.replaces_id
       join ledger_entry v on v.item_id = old.id and v.kind = 'VOIDED' where new.number = 'K-2'`,
    )
    expect(row).toEqual({ number: 'K-2', due_on: '2026-03-07', replaces: 'K-1', linked: true })
    expect([await balanceOf('K-1'), await balanceOf('K-2')]).toEqual([0n, 8000n])
  })

  it('does both or neither', async () => {
    await books.bill('K-3', '100.00', '2026-02-01', '2026-03-03')
    const taken = await correctInvoice(books.context, { ...of('K-3'), ...right })
    expect(taken).toMatchObject({ code: 'CONFLICT', path: ['number'] })
    await books.pay('1.00', '2026-02-03', { 'K-3': '1.00' })
    const paid = await correctInvoice(books.context, { ...of('K-3'), ...right, number: 'K-4' })
    expect(paid).toMatchObject({ code: 'INVALID', path: ['invoice'] })
    expect(await balanceOf('K-3')).toBe(9900n)
    expect(await ask(`select from invoice where number = 'K-4'`)).toEqual([])
  })
})

describe('reDateInvoice', () => {
  it('holds from its day on: what was past due before was so', async () => {
    await books.bill('R-1', '10.00', '2026-01-10', '2026-02-09')
    const outcome = await reDateInvoice(books.context, {
      ...of('R-1'),
      dueOn: date('2026-05-09'),
      occurredOn: date('2026-03-01'),
      reason: 'Agreed by telephone',
    })
    expect(told(outcome)).toEqual(['RE_DATED 1 0 2026-03-01'])
    const anchors = await ask(
      `select anchor, sum(amount) filter (where day <= '2026-02-28')::text as before, sum(amount)::text as after from flow
       where measure = 'OPEN_BY_DUE' and anchor in ('2026-02-09', '2026-05-09') group by 1 order by 1`,
    )
    expect(anchors.map((anchor) => Object.values(anchor))).toEqual([
      ['2026-02-09', '1000', '0'],
      ['2026-05-09', null, '1000'],
    ])
    expect(await ask(`select due_on from invoice where number = 'R-1'`)).toEqual([{ due_on: '2026-05-09' }])
  })

  it('asks which of several installments, and refuses one that is settled', async () => {
    await books.bill(
      'R-2',
      '30.00',
      '2026-01-10',
      '',
      inTwoParts('10.00', '20.00', ['2026-02-09', '2026-03-09']),
    )
    const input = { ...of('R-2'), dueOn: date('2026-04-01'), occurredOn: date('2026-03-01'), reason: 'x' }
    expect(told(await reDateInvoice(books.context, input))).toContain('INVALID installment')
    await books.pay('10.00', '2026-02-09', { 'R-2': '10.00' })
    expect(await reDateInvoice(books.context, { ...input, installment: 1 })).toMatchObject({
      path: ['installment'],
    })
    expect(told(await reDateInvoice(books.context, input))).toEqual(['RE_DATED 2 0 2026-03-01'])
    expect(await reDateInvoice(books.context, input)).toMatchObject({ path: ['dueOn'] })
    const early = { ...input, dueOn: date('2026-01-09') }
    expect(await reDateInvoice(books.context, early)).toMatchObject({ path: ['dueOn'] })
  })
})

describe('adjustInvoice', () => {
  it('goes up and down, and never below 0', async () => {
    await books.bill(
      'J-1',
      '30.00',
      '2026-01-10',
      '',
      inTwoParts('10.00', '20.00', ['2026-02-09', '2026-03-09']),
    )
    const adjust = (amount: string, more = {}) =>
      adjustInvoice(books.context, {
        ...of('J-1'),
        amount: usd(amount),
        occurredOn: date('2026-02-01'),
        reason: 'Freight',
        ...more,
      })
    expect(told(await adjust('5.00'))).toEqual(['ADJUSTED 2 500 2026-02-01'])
    expect(told(await adjust('-12.00'))).toEqual([
      'ADJUSTED 1 -1000 2026-02-01',
      'ADJUSTED 2 -200 2026-02-01',
    ])
    expect(told(await adjust('-23.01'))).toContain('OVER_ALLOCATION amount')
    expect(await adjust('0')).toMatchObject({ path: ['amount', 'amount'] })
    expect(await adjust('1.00', { installment: 3 })).toMatchObject({ path: ['installment'] })
    const euros = { amount: { amount: '1.00', currency: 'EUR' } }
    expect(await adjust('1.00', euros)).toMatchObject({
      code: 'WRONG_CURRENCY',
      path: ['amount', 'currency'],
    })
    expect(await balanceOf('J-1')).toBe(2300n)
  })

  it('is refused on a day on which there was less, and says from when on there is enough', async () => {
    await books.bill('J-2', '50.00', '2026-01-10', '2026-02-09')
    await adjustInvoice(books.context, {
      ...of('J-2'),
      amount: usd('40.00'),
      occurredOn: date('2026-03-01'),
      reason: 'x',
    })
    const lowered = { ...of('J-2'), amount: usd('-80.00'), occurredOn: date('2026-02-01'), reason: 'x' }
    const outcome = await adjustInvoice(books.context, lowered)
    expect(told(outcome)).toContain('OVER_ALLOCATION')
    expect(told(outcome)).toContain('2026-03-01')
  })
})

describe('writeOffInvoice and reverseWriteOff', () => {
  it('give up the whole balance or a part of it, each reason apart', async () => {
    await books.bill('W-1', '100.00', '2026-01-10', '2026-02-09')
    const give = (code: 'BAD_DEBT' | 'TOLERANCE' | 'DISPUTE', amount?: string) =>
      writeOffInvoice(books.context, {
        ...of('W-1'),
        code,
        occurredOn: date('2026-05-01'),
        ...(amount === undefined ? {} : { amount: usd(amount) }),
      })
    expect(told(await give('TOLERANCE', '0.50'))).toEqual(['WRITTEN_OFF TOLERANCE 1 -50 2026-05-01'])
    expect(told(await give('BAD_DEBT', '99.51'))).toContain('OVER_ALLOCATION amount')
    expect(told(await give('BAD_DEBT'))).toEqual(['WRITTEN_OFF BAD_DEBT 1 -9950 2026-05-01'])
    expect(told(await give('BAD_DEBT'))).toContain('OVER_ALLOCATION amount')
    expect(await measured('BAD_DEBT')).toEqual({ amount: 9950n, count: 1 })
    expect(await measured('TOLERANCE')).toEqual({ amount: 50n, count: 1 })
  })

  it('bring back what was given up by that reason, not before it was', async () => {
    const back = (occurredOn: string, amount?: string) =>
      reverseWriteOff(books.context, {
        ...of('W-1'),
        code: 'BAD_DEBT',
        occurredOn: date(occurredOn),
        reason: 'Promised to pay',
        ...(amount === undefined ? {} : { amount: usd(amount) }),
      })
    expect(told(await back('2026-04-30'))).toContain('INVALID occurredOn')
    expect(told(await back('2026-05-10', '99.51'))).toContain('OVER_ALLOCATION amount')
    expect(told(await back('2026-05-10', '9.50'))).toEqual(['WRITTEN_OFF BAD_DEBT 1 950 2026-05-10'])
    expect(told(await back('2026-05-11'))).toEqual(['WRITTEN_OFF BAD_DEBT 1 9000 2026-05-11'])
    expect(told(await back('2026-05-12'))).toContain('OVER_ALLOCATION amount')
    expect(await balanceOf('W-1')).toBe(9950n)
  })
})

describe('what is given up', () => {
  const disputed = async (number: string, on: string) => {
    const [row] = await ask<{ left: bigint }>(
      `select sum(e.amount)::bigint as left from ledger_entry e where e.effective_on <= '${on}' and e.item_id in (
         select o.item_id from ledger_entry o join invoice i on i.id = o.counterpart_id
         where i.number = '${number}' and o.kind = 'DISPUTE_OPENED')`,
    )
    return row?.left
  }

  it('ends disputes about it, and taken back opens those that it ended', async () => {
    await books.bill('W-2', '100.00', '2026-01-10', '2026-02-09')
    const common = { ...of('W-2'), reason: 'Wet boxes' }
    await openDispute(books.context, { ...common, amount: '80.00', openedOn: date('2026-02-01') })
    await writeOffInvoice(books.context, {
      ...common,
      code: 'DISPUTE',
      amount: usd('50.00'),
      occurredOn: date('2026-03-01'),
    })
    await discountInvoice(books.context, { ...common, amount: usd('30.00'), occurredOn: date('2026-03-02') })
    expect([await disputed('W-2', '2026-02-28'), await disputed('W-2', '2026-03-01')]).toEqual([8000n, 5000n])
    expect(await disputed('W-2', '2026-03-02')).toBe(2000n)
    await reverseWriteOff(books.context, {
      ...common,
      code: 'DISPUTE',
      amount: usd('10.00'),
      occurredOn: date('2026-04-01'),
    })
    expect([await disputed('W-2', '2026-03-31'), await disputed('W-2', '2026-04-01')]).toEqual([2000n, 3000n])
    await reverseWriteOff(books.context, { ...common, code: 'DISPUTE', occurredOn: date('2026-04-02') })
    expect(await disputed('W-2', '2026-04-02')).toBe(5000n)
    await reverseDiscount(books.context, { ...common, code: 'UNEARNED', occurredOn: date('2026-04-03') })
    expect(await disputed('W-2', '2026-04-03')).toBe(8000n)
    const { stored, projected } = await flowAndProjection(books)
    expect(stored).toEqual(projected)
  })
})

describe('recoverInvoice', () => {
  it('records the money, the debt that it brings back and the payment', async () => {
    await books.bill('C-1', '70.00', '2026-01-10', '2026-02-09')
    await writeOffInvoice(books.context, { ...of('C-1'), code: 'BAD_DEBT', occurredOn: date('2026-05-01') })
    const recover = (amount: string, receivedOn: string) =>
      recoverInvoice(books.context, {
        ...of('C-1'),
        amount: usd(amount),
        receivedOn: date(receivedOn),
        reference: 'Court',
      })
    expect(told(await recover('30.00', '2026-04-30'))).toContain('INVALID receivedOn')
    expect(told(await recover('70.01', '2026-06-01'))).toContain('OVER_ALLOCATION amount')
    expect(told(await recover('30.00', '2026-06-01'))).toEqual([
      'RECOVERED 1 3000 2026-06-01',
      'PAYMENT_APPLIED 1 -3000 2026-06-01',
    ])
    expect(told(await recover('40.01', '2026-06-02'))).toContain('OVER_ALLOCATION amount')
    const [receipt] = await ask(
      `select r.reference, sum(e.amount)::text as left from receipt r join ledger_entry e on e.item_id = r.id
       where reference = 'Court' group by 1`,
    )
    expect(receipt).toEqual({ reference: 'Court', left: '0' })
    expect(await measured('RECOVERED')).toEqual({ amount: 3000n, count: 1 })
    expect(await balanceOf('C-1')).toBe(0n)
  })

  it('and a write-off that is taken back share what was given up', async () => {
    const input = { ...of('C-1'), code: 'BAD_DEBT' as const, occurredOn: date('2026-06-03'), reason: 'x' }
    const more = await reverseWriteOff(books.context, { ...input, amount: usd('40.01') })
    expect(told(more)).toContain('OVER_ALLOCATION amount')
    expect(told(await reverseWriteOff(books.context, input))).toEqual([
      'WRITTEN_OFF BAD_DEBT 1 4000 2026-06-03',
    ])
  })
})

describe('discountInvoice and reverseDiscount', () => {
  const bill = (number: string) =>
    books.bill(number, '100.00', '2026-01-05', '2026-02-04', {
      discount: { amount: '2.00', until: date('2026-01-15') },
    })
  const take = (number: string, occurredOn: string, more = {}) =>
    discountInvoice(books.context, { ...of(number), occurredOn: date(occurredOn), ...more })

  it('count as earned up to what was offered and up to its last day', async () => {
    await bill('E-1')
    expect(told(await take('E-1', '2026-01-15'))).toEqual(['DISCOUNTED EARNED 1 -200 2026-01-15'])
    expect(told(await take('E-1', '2026-01-15'))).toContain('INVALID amount')
    await bill('E-2')
    expect(told(await take('E-2', '2026-01-16'))).toEqual(['DISCOUNTED UNEARNED 1 -200 2026-01-16'])
    await bill('E-3')
    expect(told(await take('E-3', '2026-01-10', { amount: usd('3.00') }))).toEqual([
      'DISCOUNTED EARNED 1 -200 2026-01-10',
      'DISCOUNTED UNEARNED 1 -100 2026-01-10',
    ])
    await bill('E-4')
    expect(told(await take('E-4', '2026-03-01', { code: 'EARNED' }))).toEqual([
      'DISCOUNTED EARNED 1 -200 2026-03-01',
    ])
    expect(told(await take('V-2', '2026-03-01'))).toContain('INVALID amount')
    expect(told(await take('E-4', '2026-03-01', { amount: usd('98.01') }))).toContain('OVER_ALLOCATION')
  })

  it('are taken back where the payment bounced', async () => {
    const back = (code: 'EARNED' | 'UNEARNED', occurredOn: string) =>
      reverseDiscount(books.context, {
        ...of('E-3'),
        code,
        occurredOn: date(occurredOn),
        reason: 'Bounced',
      })
    expect(told(await back('EARNED', '2026-01-09'))).toContain('INVALID occurredOn')
    expect(told(await back('EARNED', '2026-02-01'))).toEqual(['DISCOUNTED EARNED 1 200 2026-02-01'])
    expect(told(await back('EARNED', '2026-02-01'))).toContain('OVER_ALLOCATION')
    expect(await balanceOf('E-3')).toBe(9900n)
  })
})

describe('every movement', () => {
  it('is tried in a dry run, and changes nothing', async () => {
    await books.bill('X-1', '10.00', '2026-01-10', '2026-02-09')
    const input = { ...of('X-1'), code: 'BAD_DEBT' as const, dryRun: true }
    const outcome = await writeOffInvoice(books.context, input)
    expect(told(outcome)).toEqual(['WRITTEN_OFF BAD_DEBT 1 -1000 2026-06-30'])
    expect(outcome).toMatchObject({ audit: null, entries: [{ recordedAt: null }] })
    expect(await balanceOf('X-1')).toBe(1000n)
  })

  it('is carried out once for a key, and answers the same again', async () => {
    const input = { ...of('X-1'), code: 'BAD_DEBT' as const, amount: usd('4.00'), idempotencyKey: 'once' }
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => writeOffInvoice(books.context, input)))
    for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0])
    expect(await balanceOf('X-1')).toBe(600n)
    const other = await writeOffInvoice(books.context, { ...input, amount: usd('5.00') })
    expect(other).toMatchObject({ code: 'KEY_REUSED' })
  })

  it('waits for the one before: of two that take the same balance the second is refused', async () => {
    await books.bill('X-2', '10.00', '2026-01-10', '2026-02-09')
    const outcomes = await Promise.all([
      voidInvoice(books.context, { ...of('X-2'), reason: 'x' }),
      writeOffInvoice(books.context, { ...of('X-2'), code: 'BAD_DEBT' }),
      books.pay('10.00', '2026-02-01', { 'X-2': null }),
    ])
    expect(outcomes.filter((outcome) => !isProblem(outcome))).toHaveLength(1)
    expect(await balanceOf('X-2')).toBe(0n)
  })

  it('leaves an audit row that says what it left', async () => {
    const [row] = await ask(
      `select a.action, a.before, a.after, a.reason from audit a join invoice i on i.id::text = a.subject
       where i.number = 'E-3' and a.action = 'reverseDiscount'`,
    )
    expect(row).toMatchObject({ action: 'reverseDiscount', reason: 'Bounced' })
  })

  it('leaves the KPI store at what the histories project, and no balance below 0 on any day', async () => {
    const { stored, projected } = await flowAndProjection(books)
    expect(stored).toEqual(projected)
    const below = (await allItems(books)).flatMap((item) =>
      item.entries
        .filter(({ effectiveOn }) => balanceOn(item, effectiveOn) < 0n)
        .map(({ kind, effectiveOn }) => `${kind} ${formatDay(effectiveOn)}`),
    )
    expect(below).toEqual([])
  })

  it('leaves the customers’ balances at what the ledger says', async () => {
    const open = (await allItems(books)).filter(({ kind }) => kind === 'INVOICE')
    const [state] = await ask<{ receivable: bigint }>(
      `select sum(receivable)::bigint as receivable from customer_state where currency = 'USD'`,
    )
    expect(state?.receivable).toBe(open.reduce((sum, item) => sum + balanceNow(item), 0n))
  })
})
