/** Why a KPI changed: an example by hand, and that it adds up whatever the books are. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Driver } from '@tidemark/server/domain/explain-drivers.ts'
import {
  driversOf,
  formulaOf,
  noQuantities,
  quantityNames,
  sumUp,
  type Formula,
  type Quantities,
  type Sides,
  type Sums,
} from '@tidemark/server/domain/explain-formulas.ts'
import { roundToSum, splitChange, splitQuotient, type SplitOptions } from '@tidemark/server/domain/explain.ts'
import type { KpiMetric } from '@tidemark/server/domain/kpi.ts'
import { Exact } from '@tidemark/server/domain/money.ts'

const formula = (metric: KpiMetric, unappliedCash = 'EXCLUDE'): Formula => {
  const found = formulaOf(metric, { dsoMonths: 3, unappliedCash })
  if (found === null) throw new Error(`${metric} has no formula`)
  return found
}

const side = (some: Partial<Quantities>): Quantities => ({ ...noQuantities, ...some })

/** What each driver did, times `times`, to six digits: 71/12 days are 71 twelfths. */
const explain = (of: Formula, options: SplitOptions, times = 1) => {
  const split = splitChange(of, options)
  return Object.fromEntries(
    driversOf(of).map((driver) => [
      driver,
      split.contribution(driver, options.totals).times(times).toDecimalPlaces(6).toNumber(),
    ]),
  )
}

/** One currency whose minor unit is worth 1, and another one whose rate moves from 1 to 1.2. */
const rate: SplitOptions['rate'] = (currency, day) => new Exact(currency === 'EUR' && day === 1 ? '1.2' : 1)

describe('the change of DSO by hand', () => {
  /**
   * 90 days, 1,000 a day. Bills have 29 days to be paid in and so are not due on 30 evenings: evenly spread they would
   * leave G = 30 x 1,000 = 30,000 not due, and so many are. DSO = (30,000 + 15,000) / 1,000 = 45 days.
   */
  const before = side({
    billed: 90_000n,
    billedDays: 29n * 90_000n,
    expected: 30_000n,
    notDue: 30_000n,
    pastDue: 15_000n,
    disputed: 5_000n,
    unapplied: 2_000n,
  })
  /**
   * 89 days, 1,200 a day, 34 days to pay: G = 35 x 1,200 = 42,000. Bills came late, so 48,000 of them are not due; 3,000
   * of these were paid early, and 1,000 more are not due since they were re-dated: 46,000.
   * DSO = (46,000 + 20,000) / 1,200 = 55 days.
   */
  const after = side({
    billed: 106_800n,
    billedDays: 34n * 106_800n,
    expected: 48_000n,
    notDue: 46_000n,
    extended: 1_000n,
    pastDue: 20_000n,
    disputed: 8_000n,
    unapplied: 6_000n,
  })
  const options: SplitOptions = { totals: new Map([['USD', [before, after]]]), rate, days: [90, 89] }

  it('is split at the midpoint: 10 days in twelfths of a day', () => {
    // The mean of 1/1,000 and 1/1,200 is 11/12,000, their difference -1/6,000.
    expect(explain(formula('DSO'), options, 12)).toEqual({
      // The rest of receivables beside G: 8,000 + 5,000 + 2,000 = 15,000, and 6,000 + 1,000 + 3,000 + 8,000 + 6,000
      // = 24,000; its mean 19,500 x -1/6,000 = -3.25.
      SALES_VOLUME: -39,
      // 48,000 - 42,000 against 30,000 - 30,000: 6,000 x 11/12,000.
      SALES_TIMING: 66,
      // 35 - 30 days, and 1,000 x 11/12,000.
      TERMS: 60 + 11,
      // 20,000 - 8,000 - 6,000 past due, less 3,000 paid early, against 15,000 - 5,000 - 2,000: -5,000 x 11/12,000.
      DELINQUENCY: -55,
      // 3,000 x 11/12,000.
      DISPUTES: 33,
      // 4,000 x 11/12,000.
      UNAPPLIED_CASH: 44,
      CURRENCY: 0,
    })
  })

  it('has two parts: best possible DSO, and what is past due', () => {
    // 30,000 / 1,000 = 30 days to 46,000 / 1,200; 15,000 / 1,000 = 15 days to 20,000 / 1,200; in twelfths.
    const best = explain(formula('BEST_POSSIBLE_DSO'), options, 12)
    const late = explain(formula('AVERAGE_DAYS_DELINQUENT'), options, 12)
    expect(best).toEqual({
      // (0 and 6,000 + 1,000 - 3,000 = 4,000): 2,000 x -1/6,000.
      SALES_VOLUME: -4,
      SALES_TIMING: 66,
      TERMS: 71,
      DELINQUENCY: -33,
      CURRENCY: 0,
    })
    expect(late).toEqual({
      // (15,000 and 20,000): 17,500 x -1/6,000.
      SALES_VOLUME: -35,
      DELINQUENCY: -22,
      DISPUTES: 33,
      UNAPPLIED_CASH: 44,
      CURRENCY: 0,
    })
    const total = (parts: Record<string, number>) => Object.values(parts).reduce((sum, part) => sum + part, 0)
    expect([total(best), total(late)]).toEqual([100, 20])
  })

  it('net of unapplied cash does not know whether it was applied', () => {
    // (45,000 - 2,000) / 1,000 = 43 days to (66,000 - 6,000) / 1,200 = 50 days.
    const parts = explain(formula('DSO', 'INCLUDE'), options, 12)
    expect(parts).toEqual({
      // The rest is 13,000 and 18,000: 15,500 x -1/6,000.
      SALES_VOLUME: -31,
      SALES_TIMING: 66,
      TERMS: 71,
      DELINQUENCY: -55,
      DISPUTES: 33,
      CURRENCY: 0,
    })
  })

  it('credit notes are sales that were not made, and no other terms', () => {
    // 90,000 billed for 30 evenings each, then the same with 10,000 credited: 30 x 9/8 days.
    const plain = side({ billed: 90_000n, billedDays: 29n * 90_000n, expected: 30_000n, notDue: 30_000n })
    const credited = { ...plain, credited: 10_000n }
    const totals: Sums = new Map([['USD', [plain, credited]]])
    const parts = explain(formula('DSO'), { totals, rate, days: [90, 90] })
    expect(parts).toEqual({
      SALES_VOLUME: 3.75,
      SALES_TIMING: 0,
      TERMS: 0,
      DELINQUENCY: 0,
      DISPUTES: 0,
      UNAPPLIED_CASH: 0,
      CURRENCY: 0,
    })
  })
})

describe('exchange rates', () => {
  it('take their part of an amount, at the mean of both days', () => {
    // 100 at 1 is 100, 150 at 1.2 is 180: 50 x 1.1 by the amount, 125 x 0.2 by the rate.
    const totals: Sums = new Map([['EUR', [side({ notDue: 100n }), side({ notDue: 150n })]]])
    expect(explain(formula('TOTAL_RECEIVABLES'), { totals, rate, days: [1, 1] })).toEqual({
      AMOUNT: 55,
      CURRENCY: 25,
    })
  })

  it('do not move the days of books in one currency', () => {
    const same = side({
      billed: 90_000n,
      billedDays: 29n * 90_000n,
      expected: 30_000n,
      notDue: 30_000n,
      pastDue: 7n,
    })
    const totals: Sums = new Map([['EUR', [same, same]]])
    expect(new Set(Object.values(explain(formula('DSO'), { totals, rate, days: [90, 90] })))).toEqual(
      new Set([0]),
    )
  })
})

it('a share changes by its numerator and its denominator', () => {
  // 20 of 100 to 30 of 120: 10 x (1/100 + 1/120)/2 and -25 x 20/12,000.
  const totals: Sums = new Map([
    ['USD', [side({ notDue: 80n, pastDue: 20n }), side({ notDue: 90n, pastDue: 30n })]],
  ])
  const quotient = (numerator: number, denominator: number) => ({
    numerator: new Exact(numerator),
    denominator: new Exact(denominator),
  })
  const whole = [quotient(20, 100), quotient(30, 120)] as const
  const { numerator, denominator } = splitQuotient(100, whole, whole)
  expect(explain(formula('PAST_DUE_SHARE'), { totals, rate, days: [1, 1] })).toEqual({
    NUMERATOR: 9.166667,
    DENOMINATOR: -4.166667,
    CURRENCY: 0,
  })
  expect([numerator, denominator].map((value) => value.toDecimalPlaces(6).toNumber())).toEqual([
    9.166667, -4.166667,
  ])
})

describe('on random books', { timeout: 60_000 }, () => {
  const amount = fc.bigInt({ min: 0n, max: 10n ** 12n })
  /** Any amounts whose net sales are above 0. */
  const quantities: fc.Arbitrary<Quantities> = fc
    .record(
      Object.fromEntries(quantityNames.map((name) => [name, amount])) as Record<
        keyof Quantities,
        typeof amount
      >,
    )
    .map((drawn) => ({ ...drawn, billed: drawn.billed + drawn.credited + 1n }))
  const sides: fc.Arbitrary<Sides> = fc.tuple(quantities, quantities)
  const book = fc.record({
    members: fc.array(fc.record({ currency: fc.constantFrom('USD', 'EUR', 'JPY'), sides }), {
      minLength: 1,
      maxLength: 6,
    }),
    rates: fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 6, maxLength: 6 }),
    days: fc.tuple(fc.integer({ min: 28, max: 92 }), fc.integer({ min: 28, max: 92 })),
    metric: fc.constantFrom<KpiMetric>(
      'DSO',
      'BEST_POSSIBLE_DSO',
      'AVERAGE_DAYS_DELINQUENT',
      'TOTAL_RECEIVABLES',
      'PAST_DUE_SHARE',
    ),
  })
  type Book = typeof book extends fc.Arbitrary<infer B> ? B : never

  const optionsOf = ({ members, rates, days }: Book): SplitOptions => ({
    totals: sumUp(members),
    rate: (currency, day) =>
      new Exact(rates[['USD', 'EUR', 'JPY'].indexOf(currency) * 2 + day] ?? NaN).div(1000),
    days,
  })

  /** The KPI by its own definition. */
  function valueOf({ metric, members, days }: Book, { rate }: SplitOptions, at: 0 | 1): Exact {
    const total = (name: keyof Quantities) =>
      members.reduce(
        (sum, { currency, sides }) => sum.plus(rate(currency, at).times(sides[at][name].toString())),
        new Exact(0),
      )
    const owed = total('notDue').plus(total('pastDue'))
    const sales = total('billed').minus(total('credited'))
    switch (metric) {
      case 'DSO':
        return owed.times(days[at]).div(sales)
      case 'BEST_POSSIBLE_DSO':
        return total('notDue').times(days[at]).div(sales)
      case 'AVERAGE_DAYS_DELINQUENT':
        return total('pastDue').times(days[at]).div(sales)
      case 'PAST_DUE_SHARE':
        return total('pastDue').times(100).div(owed)
      default:
        return owed
    }
  }

  /** Whether credits take all but a trifle off what was billed. */
  const isCancelled = ({ members }: Book, { rate }: SplitOptions): boolean =>
    ([0, 1] as const).some((at) => {
      const [billed, credited] = (['billed', 'credited'] as const).map((name) =>
        members.reduce(
          (sum, { currency, sides }) => sum.plus(rate(currency, at).times(sides[at][name].toString())),
          new Exact(0),
        ),
      )
      return (
        billed === undefined || credited === undefined || billed.minus(credited).abs().lt(billed.div(1000))
      )
    })

  it('the drivers add up to the change, members to their driver, to 25 digits', () => {
    fc.assert(
      fc.property(book, (drawn) => {
        const options = optionsOf(drawn)
        const of = formula(drawn.metric)
        const split = splitChange(of, options)
        const parts = driversOf(of).map((driver) => split.contribution(driver, options.totals))
        const change = valueOf(drawn, options, 1).minus(valueOf(drawn, options, 0))
        const scale = parts.reduce((largest, part) => Exact.max(largest, part.abs()), new Exact(1))
        const near = (a: Exact, b: Exact) => a.minus(b).abs().lte(scale.times('1e-25'))
        const total = (values: readonly Exact[]) =>
          values.reduce((sum, value) => sum.plus(value), new Exact(0))
        expect(near(total(parts), change)).toBe(true)
        for (const [index, driver] of driversOf(of).entries()) {
          const members = drawn.members.map((member) => split.contribution(driver, sumUp([member])))
          expect(near(total(members), parts[index] ?? new Exact(NaN))).toBe(true)
          const about = drawn.members.map(({ currency, sides }) => split.estimate(driver, currency, sides))
          const apart = members.map((member, at) => member.minus(about[at] ?? NaN).abs())
          // Floating-point numbers lose what two large ones leave of each other.
          const lost = isCancelled(drawn, options) ? Infinity : scale.times('1e-6')
          expect(apart.every((difference) => difference.lte(lost))).toBe(true)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('from one day to the other and back, every driver undoes what it did', () => {
    fc.assert(
      fc.property(book, (drawn) => {
        const options = optionsOf(drawn)
        const back: SplitOptions = {
          totals: sumUp(
            drawn.members.map(({ currency, sides: [a, b] }) => ({ currency, sides: [b, a] as const })),
          ),
          rate: (currency, day) => options.rate(currency, day === 0 ? 1 : 0),
          days: [drawn.days[1], drawn.days[0]],
        }
        const of = formula(drawn.metric)
        const told = (driver: Driver, { totals, ...rest }: SplitOptions) =>
          splitChange(of, { totals, ...rest }).contribution(driver, totals)
        for (const driver of driversOf(of)) {
          const there = told(driver, options)
          const sum = there.plus(told(driver, back))
          expect(sum.abs().lte(there.abs().plus(1).times('1e-20'))).toBe(true)
        }
      }),
      { numRuns: 25 },
    )
  })

  it('rounded values add up to the rounded total, and the largest takes the rest', () => {
    const value = fc.integer({ min: -(10 ** 9), max: 10 ** 9 }).map((units) => new Exact(units).div(7_000))
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 0, max: 4 }),
        (values, digits) => {
          const total = values.reduce((sum, one) => sum.plus(one), new Exact(0)).toDecimalPlaces(digits)
          const rounded = roundToSum(values, total, digits)
          expect(rounded.reduce((sum, one) => sum.plus(one), new Exact(0)).toFixed()).toBe(total.toFixed())
          const moved = rounded.filter((one, index) => !one.eq(values[index]?.toDecimalPlaces(digits) ?? NaN))
          expect(moved.length).toBeLessThanOrEqual(1)
        },
      ),
    )
  })
})
