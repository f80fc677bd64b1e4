/** What customers' credit adds up to, worked out by hand: the arithmetic stands beside the expectation. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CREDIT_AMOUNTS,
  creditBookOf,
  type CreditAmount,
  type CreditBook,
  type CreditRow,
  type CreditScope,
} from '@tidemark/server/domain/credit-figures.ts'
import { Exact, formatMinor, type Money } from '@tidemark/server/domain/money.ts'
import { ratesOf } from '@tidemark/server/domain/rates.ts'
import { day } from '../support/kpi-books.ts'

const DAY = day('2026-03-31')
const rates = ratesOf('USD', [{ currency: 'EUR', validOn: DAY, rate: '1.25' }])
const usd = (whole: number): Money => ({ minor: BigInt(whole) * 100n, currency: 'USD' })
const eur = (whole: number): Money => ({ minor: BigInt(whole) * 100n, currency: 'EUR' })

const row = (more: Partial<CreditRow> & { readonly limited?: Money }): CreditRow => ({
  day: DAY,
  customerId: null,
  parentId: null,
  businessUnit: null,
  region: null,
  channel: null,
  collectorId: null,
  customers: 1,
  riskClass: null,
  limit: more.limited ? { state: 'AMOUNT', amount: more.limited } : { state: 'NOT_SET', amount: null },
  isLine: more.limited !== undefined && more.limited.minor > 0n,
  review: 'NONE',
  used: [],
  ...more,
})

const amounts = (book: CreditBook, scope: CreditScope = {}, currency = 'USD') =>
  Object.fromEntries(
    CREDIT_AMOUNTS.map((what): [CreditAmount, unknown] => {
      const value = book.amount(what, scope, DAY, { rates, currency })
      return [what, Exact.isDecimal(value) ? value.toFixed(2) : value]
    }),
  )

describe('what credit adds up to', () => {
  it('leaves each customer at 0 or more, and tells headroom from excess', () => {
    const book = creditBookOf(
      [
        row({ used: [usd(600)], limited: usd(1_000), riskClass: 'LOW' }),
        row({ used: [usd(250)], limited: usd(200), riskClass: 'HIGH', review: 'OVERDUE' }),
        // Has paid 40 too much: that is nobody else's, and no more than the limit is free.
        row({ used: [usd(-40)], limited: usd(100), review: 'ON_SCHEDULE' }),
        row({ used: [usd(30)] }),
      ],
      [],
    )
    expect(amounts(book)).toEqual({
      exposure: '880.00', // 600 + 250 + 0 + 30
      highRisk: '250.00',
      used: '850.00', // 600 + 250 + 0
      limits: '1300.00',
      headroom: '500.00', // 400 + 0 + 100
      excess: '50.00',
    })
    const count = (what: Parameters<CreditBook['count']>[0]) => book.count(what, {}, DAY, rates)
    expect([count('classified'), count('limited'), count('overLimit')]).toEqual([2, 3, 1])
    expect([count('lines'), count('scheduled'), count('onSchedule')]).toEqual([3, 2, 1])
  })

  it('counts a group’s exposure against its limit, and the room of its members once', () => {
    const [top, left, right] = ['top', 'left', 'right']
    const book = creditBookOf(
      [
        row({ customerId: top, limited: usd(1_000), used: [usd(100)], region: 'North' }),
        row({ customerId: left, parentId: top, limited: usd(500), used: [usd(600)], region: 'South' }),
        // Owes less than nothing: that frees nothing for the others.
        row({ customerId: right, parentId: left, used: [usd(-50)], region: 'South' }),
      ],
      [],
    )
    // The group uses 100 + 600 + 0 of 1,000; the member is 100 above its own 500.
    expect(amounts(book)).toEqual({
      exposure: '700.00',
      highRisk: '0.00',
      used: '700.00',
      limits: '1000.00',
      headroom: '300.00',
      excess: '100.00',
    })
    expect(amounts(book, { region: ['South'] })).toMatchObject({
      exposure: '600.00',
      limits: '0.00',
      headroom: '0.00',
      excess: '100.00',
    })
  })

  it('compares in the currency of the limit, answers in any, and names a rate that is missing', () => {
    const book = creditBookOf([row({ customerId: 'c', used: [usd(125), eur(20)], limited: eur(200) })], [])
    // 125 / 1.25 + 20 = 120 of 200 EUR; in USD 150 of 250.
    expect(amounts(book)).toMatchObject({ exposure: '150.00', used: '150.00', headroom: '100.00' })
    expect(amounts(book, {}, 'EUR')).toMatchObject({ used: '120.00', limits: '200.00', headroom: '80.00' })
    expect(amounts(book, {}, 'GBP')).toMatchObject({ headroom: { currency: 'GBP', day: DAY } })
    const unknown = creditBookOf([row({ customerId: 'c', used: [{ minor: 1n, currency: 'GBP' }] })], [])
    expect(amounts(unknown)).toMatchObject({ exposure: { currency: 'GBP', day: DAY }, headroom: '0.00' })
  })

  it('holds for any customers: used + headroom = limits + excess where nobody is below another', () => {
    const customers = fc.array(
      fc.record({
        used: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
        limit: fc.option(fc.bigInt({ min: 0n, max: 2n ** 62n })),
        region: fc.constantFrom('North', 'South', null),
      }),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(customers, (all) => {
        const rows = all.map(({ used, limit, region }) => {
          const money = { used: [{ minor: used, currency: 'USD' }], region }
          return row(limit === null ? money : { ...money, limited: { minor: limit, currency: 'USD' } })
        })
        const book = creditBookOf(rows, [])
        const of = (what: CreditAmount, scope: CreditScope = {}) =>
          book.amount(what, scope, DAY, { rates, currency: 'USD' }) as Exact
        const plain = (minor: bigint) => formatMinor({ minor, currency: 'USD' })
        const owed = all.reduce((sum, { used }) => (used > 0n ? sum + used : sum), 0n)
        expect(of('exposure').toFixed(2)).toBe(plain(owed))
        expect(of('used').plus(of('headroom')).toFixed(2)).toBe(of('limits').plus(of('excess')).toFixed(2))
        const regions = ['North', 'South', null].map((region) => of('headroom', { region: [region] }))
        expect(regions.reduce((sum, one) => sum.plus(one)).toFixed(2)).toBe(of('headroom').toFixed(2))
      }),
    )
  })
})
