/** Credit lines against a plan of sales, worked out by hand. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { creditBookOf, type CreditRow } from '@tidemark/server/domain/credit-figures.ts'
import { Exact } from '@tidemark/server/domain/money.ts'
import { ratesOf } from '@tidemark/server/domain/rates.ts'
import {
  lineNeeded,
  planFigure,
  planSegments,
  shortfallOf,
  type PlanRow,
  type PlanSegment,
} from '@tidemark/server/domain/sales-plan.ts'
import { day } from '../support/kpi-books.ts'

const MONTH = day('2026-04-01')
const DAY = day('2026-04-10')
const rates = ratesOf('USD', [{ currency: 'EUR', validOn: DAY, rate: '2' }])
const usd = (whole: number) => ({ minor: BigInt(whole) * 100n, currency: 'USD' })

const row = (more: Partial<PlanRow>): PlanRow => ({
  month: MONTH,
  channel: null,
  region: null,
  productLine: null,
  planned: usd(0),
  termsDays: 30,
  ...more,
})

const customer = (channel: string, region: string, used: number, limit: number | null): CreditRow => ({
  day: DAY,
  customerId: null,
  parentId: null,
  businessUnit: null,
  region,
  channel,
  collectorId: null,
  customers: 1,
  riskClass: null,
  limit: limit === null ? { state: 'NOT_SET', amount: null } : { state: 'AMOUNT', amount: usd(limit) },
  isLine: true,
  review: 'NONE',
  used: [usd(used)],
})

const segmentsOf = (rows: readonly PlanRow[], customers: readonly CreditRow[] = []): PlanSegment[] => {
  const asked = { month: MONTH, day: DAY, currency: 'USD', rates, credit: creditBookOf(customers, []) }
  const segments = planSegments(rows, asked)
  if (!Array.isArray(segments)) throw new Error(`No rate of ${segments.currency}`)
  return segments
}
const shown = ({ channel, region, needed, exposure, headroom, shortfall }: PlanSegment) => [
  channel,
  region,
  ...[needed, exposure, headroom, shortfall].map((amount) => amount.toNumber()),
]

describe('the credit line that a plan needs', () => {
  it.each([
    // April has 30 days: 3,000 a month is 100 a day, so 45 days are 4,500.
    [3_000, 45, '2026-04-01', 4_500],
    [3_100, 30, '2026-05-01', 3_000],
    [2_800, 14, '2026-02-01', 1_400],
    [2_900, 14, '2028-02-01', 1_400],
    [3_000, 0, '2026-04-01', 0],
  ])('%i at %i days in the month of %s is %i', (planned, terms, month, needed) => {
    expect(lineNeeded(new Exact(planned), terms, day(month)).toNumber()).toBe(needed)
  })

  it.each([
    // Needed, in use, free: what is in use is part of it.
    [1_000, 400, 500, 100],
    [1_000, 400, 600, 0],
    [1_000, 1_200, 0, 0],
    [1_000, 0, 0, 1_000],
  ])('%i with %i in use and %i free lacks %i', (needed, exposure, headroom, shortfall) => {
    const exact = (value: number) => new Exact(value)
    expect(shortfallOf(exact(needed), exact(exposure), exact(headroom)).toNumber()).toBe(shortfall)
  })
})

describe('a month of the plan', () => {
  const customers = [
    customer('Direct', 'North', 500, 1_000),
    customer('Direct', 'South', 100, 200),
    customer('Partner', 'North', 50, null),
  ]

  it('lets no segment use the headroom of another', () => {
    const rows = [
      row({ channel: 'Direct', region: 'North', planned: usd(900) }),
      row({ channel: 'Direct', region: 'South', planned: usd(400), productLine: 'Tools' }),
      row({ channel: 'Direct', region: 'South', planned: usd(100), productLine: 'Parts' }),
    ]
    const segments = segmentsOf(rows, customers)
    // North: 900 - 500 in use = 400 of 500 free. South: 500 - 100 = 400, 100 free: 300 short, by 4 to 1.
    expect(segments.map(shown)).toEqual([
      ['Direct', 'North', 900, 500, 500, 0],
      ['Direct', 'South', 500, 100, 100, 300],
    ])
    expect(planFigure(segments, 'shortfall', {})?.toNumber()).toBe(300)
    expect(planFigure(segments, 'shortfall', { productLine: ['Tools'] })?.toNumber()).toBe(240)
    expect(planFigure(segments, 'needed', { region: ['South'], productLine: ['Parts'] })?.toNumber()).toBe(
      100,
    )
    expect(planFigure(segments, 'planned', { region: ['West'] })).toBe(null)
  })

  it('takes customers of all regions to the channel where no row names a region', () => {
    const segments = segmentsOf([row({ channel: 'Direct', planned: usd(2_000) })], customers)
    expect(segments.map(shown)).toEqual([['Direct', null, 2_000, 600, 600, 800]])
    expect(segmentsOf([row({ planned: usd(2_000) })], customers).map(shown)).toEqual([
      [null, null, 2_000, 650, 600, 750],
    ])
  })

  it('values what is planned in other currencies at the rates of the day, and knows no other month', () => {
    const rows = [
      row({ planned: { minor: 100_00n, currency: 'EUR' } }),
      row({ month: day('2026-05-01'), planned: usd(7) }),
    ]
    expect(segmentsOf(rows).map(({ planned }) => planned.toNumber())).toEqual([200])
    const gbp = [row({ planned: { minor: 1n, currency: 'GBP' } })]
    expect(() => segmentsOf(gbp)).toThrow('No rate of GBP')
  })

  it('adds up for any plan: lines are their segment, and segments the whole', () => {
    const names = fc.constantFrom(null, 'A', 'B')
    const plans = fc.uniqueArray(
      fc.record({
        channel: names,
        region: names,
        productLine: names,
        planned: fc.nat(1_000_000).map(usd),
        termsDays: fc.nat(120),
      }),
      {
        selector: ({ channel, region, productLine }) => `${channel} ${region} ${productLine}`,
        maxLength: 20,
      },
    )
    fc.assert(
      fc.property(plans, fc.nat(50_000), (all, limit) => {
        const segments = segmentsOf(all.map(row), [customer('A', 'B', 100, limit), customer('B', 'A', 7, 9)])
        const sum = (figure: 'needed' | 'shortfall', productLine: string | null) =>
          planFigure(segments, figure, { productLine: [productLine] }) ?? new Exact(0)
        for (const figure of ['needed', 'shortfall'] as const) {
          const parts = sum(figure, null).plus(sum(figure, 'A')).plus(sum(figure, 'B'))
          const whole = segments.reduce((total, one) => total.plus(one[figure]), new Exact(0))
          expect(parts.minus(whole).abs().toNumber()).toBeLessThan(1e-9)
        }
        expect(segments.every(({ shortfall, needed }) => shortfall.gte(0) && shortfall.lte(needed))).toBe(
          true,
        )
      }),
    )
  })
})
