import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { agingOf, bucketBounds, problemWithEdges, type AgingBasis } from '@tidemark/server/domain/aging.ts'
import { bookOf } from '@tidemark/server/domain/book.ts'
import { formatMinor } from '@tidemark/server/domain/money.ts'
import { ratesOf } from '@tidemark/server/domain/rates.ts'
import type { History } from '@tidemark/server/domain/projection.ts'
import { day, entry, kpiBooks, rowsOf } from '../support/kpi-books.ts'
import { anyDay, quotations, randomItems } from '../support/random-books.ts'
import { expectedBooks, hasRealBooks, ibmHistories, xeroHistories } from '../support/real-books.ts'

const standard = [30, 60, 90]

function age(histories: readonly History[], currency: string, on: string, by: AgingBasis, edges = standard) {
  const aging = agingOf(kpiBooks(rowsOf(histories, currency), currency).view, day(on), by, edges)
  if ('day' in aging) throw new Error('No rate is needed')
  return aging
}

describe('bounds', () => {
  const labels = (by: AgingBasis, edges: number[]) => bucketBounds(by, edges).map((bucket) => bucket.label)

  it('are the usual ones by due date, and by invoice date', () => {
    expect(labels('DUE_DATE', standard)).toEqual(['Current', '1-30', '31-60', '61-90', '91+'])
    expect(labels('INVOICE_DATE', standard)).toEqual(['0-30', '31-60', '61-90', '91+'])
  })

  it('follow any edges', () => {
    expect(labels('DUE_DATE', [])).toEqual(['Current', '1+'])
    expect(labels('DUE_DATE', [1, 14])).toEqual(['Current', '1', '2-14', '15+'])
    expect(labels('INVOICE_DATE', [0])).toEqual(['0', '1+'])
    expect(bucketBounds('DUE_DATE', [30])).toEqual([
      { label: 'Current', fromDays: null, toDays: 0 },
      { label: '1-30', fromDays: 1, toDays: 30 },
      { label: '31+', fromDays: 31, toDays: null },
    ])
  })

  it('are refused in words where they make no sense', () => {
    expect(problemWithEdges('DUE_DATE', [60, 30])).toBe('edges must ascend, but 30 follows 60.')
    expect(problemWithEdges('DUE_DATE', [0, 30])).toContain('from 1 to 36500, not 0')
    expect(problemWithEdges('INVOICE_DATE', [0, 30])).toBeNull()
    expect(
      problemWithEdges(
        'DUE_DATE',
        Array.from({ length: 25 }, (_, index) => index + 1),
      ),
    ).toContain('at most 24')
    expect(problemWithEdges('DUE_DATE', [30, 30])).toContain('ascend')
  })
})

describe('aging', () => {
  const issuedOn = day('2026-01-01')
  const dueOn = day('2026-01-31')
  const invoice: History = {
    kind: 'INVOICE',
    startsOn: issuedOn,
    entries: [
      entry('INVOICED', 600n, issuedOn, { dueOn }),
      entry('INVOICED', 400n, issuedOn, { installment: 2, dueOn: dueOn + 30 }),
      entry('PAYMENT_APPLIED', -100n, day('2026-02-10'), { counterpartId: 'r' }),
    ],
  }
  const receipt: History = {
    kind: 'RECEIPT',
    startsOn: day('2026-02-10'),
    entries: [entry('RECEIVED', 150n, day('2026-02-10')), entry('APPLIED', -100n, day('2026-02-10'))],
  }

  it('ages the balance of each installment, and shows what is unapplied apart', () => {
    const aging = age([invoice, receipt], 'USD', '2026-03-02', 'DUE_DATE')
    expect(aging.buckets.map(({ label, amount, count }) => [label, formatMinor(amount), count])).toEqual([
      ['Current', '4.00', 1],
      ['1-30', '5.00', 1],
      ['31-60', '0.00', 0],
      ['61-90', '0.00', 0],
      ['91+', '0.00', 0],
    ])
    expect(
      [aging.total, aging.unappliedCash, aging.unappliedCredits, aging.ledgerBalance].map(formatMinor),
    ).toEqual(['9.00', '0.50', '0.00', '8.50'])
    expect(aging.buckets[1]?.share).toBeCloseTo(55.5555, 3)
  })

  it('knows nothing of what happens after the day', () => {
    const before = age([invoice, receipt], 'USD', '2026-02-09', 'DUE_DATE')
    expect(formatMinor(before.total)).toBe('10.00')
    expect(before.buckets.map(({ amount }) => formatMinor(amount))).toEqual([
      '4.00',
      '6.00',
      '0.00',
      '0.00',
      '0.00',
    ])
  })

  it('moves an installment on the very day: due on the day is current, a day later it is 1 day late', () => {
    const late = (on: string) => age([invoice], 'USD', on, 'DUE_DATE').buckets[1]?.amount.minor
    expect([late('2026-01-31'), late('2026-02-01')]).toEqual([0n, 600n])
    const old = (on: string) =>
      age([invoice], 'USD', on, 'INVOICE_DATE').buckets.findIndex(({ count }) => count === 1)
    expect([old('2026-01-31'), old('2026-02-01'), old('2026-04-01'), old('2026-04-02')]).toEqual([0, 1, 2, 3])
  })

  it('has no shares where nothing is open', () => {
    expect(age([], 'USD', '2026-03-02', 'DUE_DATE').buckets.map(({ share }) => share)).toEqual(
      Array(5).fill(null),
    )
  })

  it('adds up to the total in any currency, to the last cent', () => {
    const rates = ratesOf(
      'USD',
      quotations.map((one) => ({ ...one, validOn: one.day })),
    )
    fc.assert(
      fc.property(
        randomItems({ maxLength: 10 }),
        anyDay,
        fc.constantFrom('USD', 'EUR', 'JPY'),
        fc.constantFrom<AgingBasis>('DUE_DATE', 'INVOICE_DATE'),
        (items, on, currency, by) => {
          const rows = items.flatMap((item) => rowsOf([item], item.currency))
          const aging = agingOf({ book: bookOf(rows), rates, currency }, on, by, [7, 30, 90])
          if ('day' in aging) throw new Error('There is a rate for every day')
          const sum = aging.buckets.reduce((total, bucket) => total + bucket.amount.minor, 0n)
          expect(sum).toBe(aging.total.minor)
          expect(aging.ledgerBalance.minor).toBe(
            sum - aging.unappliedCash.minor - aging.unappliedCredits.minor,
          )
        },
      ),
    )
  })
})

describe.skipIf(!hasRealBooks)('aging of real books, against an independent program', () => {
  const cases: [string, () => [History[], ReturnType<typeof expectedBooks>['ibm_ar']]][] = [
    ['IBM', () => [ibmHistories(), expectedBooks().ibm_ar]],
    ...['GBP', 'USD'].map((currency): (typeof cases)[number] => [
      `Xero ${currency}`,
      () => {
        const expected = expectedBooks().xero[currency]
        if (expected === undefined) throw new Error(`No ${currency} is expected`)
        return [xeroHistories(currency), expected]
      },
    ]),
  ]

  it.each(cases)('%s: every bucket of every day asked for, amounts and counts', (_name, load) => {
    const [histories, expected] = load()
    const { view } = kpiBooks(rowsOf(histories, 'USD'), 'USD')
    for (const [date, figures] of Object.entries(expected.as_of)) {
      for (const [by, wanted] of [
        ['DUE_DATE', figures.aging],
        ['INVOICE_DATE', figures.aging_by_invoice_age],
      ] as const) {
        const aging = agingOf(view, day(date), by, standard)
        if ('day' in aging) throw new Error('No rate is needed')
        const found = aging.buckets.map(({ label, amount, count }) => [
          label === 'Current' ? 'current' : label,
          { amount: Number(formatMinor(amount)), count },
        ])
        expect({ date, by, ...Object.fromEntries(found) }).toEqual({ date, by, ...wanted })
      }
    }
  })
})
