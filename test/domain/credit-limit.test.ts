/** Which limit is in force on which day: by tables, and by days told one by one for random decisions. */
import * as fc from 'fast-check'
import {
  creditLimitOn,
  isReviewOverdue,
  isSameLimit,
  limitOn,
  replacedBy,
  scheduleFrom,
  throughOf,
  type DatedLimit,
} from '@tidemark/server/domain/credit-limit.ts'
import { formatDay, parseDay, type Day } from '@tidemark/server/domain/day.ts'
import { describe, expect, it } from 'vitest'

const day = (text: string): Day => parseDay(`2026-${text}`) ?? Number.NaN

/** An amount of dollars, or a state. */
const decided = (
  version: number,
  limit: number | 'UNLIMITED' | 'NOT_SET',
  from: string,
  until: string | null = null,
): DatedLimit => ({
  version,
  state: typeof limit === 'number' ? 'AMOUNT' : limit,
  amount: typeof limit === 'number' ? { minor: BigInt(limit), currency: 'USD' } : null,
  effectiveOn: day(from),
  until: until === null ? null : day(until),
})

const told = ({ state, amount }: Pick<DatedLimit, 'state' | 'amount'>): string | number =>
  amount === null ? state : Number(amount.minor)

describe('the limit in force', () => {
  const cases: [string, DatedLimit[], Record<string, string | number>][] = [
    ['is not set where nobody decided', [], { '03-01': 'NOT_SET' }],
    ['begins on its day', [decided(2, 100, '03-01')], { '02-28': 'NOT_SET', '03-01': 100, '12-31': 100 }],
    ['of 0 is an amount', [decided(2, 0, '03-01')], { '03-01': 0 }],
    [
      'is that of the last decision of a day',
      [decided(2, 100, '03-01'), decided(3, 'UNLIMITED', '03-01')],
      { '03-01': 'UNLIMITED' },
    ],
    [
      'changes on the day that was planned, whatever was decided meanwhile',
      [decided(2, 100, '03-01'), decided(3, 500, '06-01'), decided(4, 200, '03-10')],
      { '03-09': 100, '03-10': 200, '05-31': 200, '06-01': 500 },
    ],
    [
      'ends by itself where it is temporary, and the one before holds again',
      [decided(2, 100, '03-01'), decided(3, 300, '04-01', '04-30')],
      { '03-31': 100, '04-01': 300, '04-30': 300, '05-01': 100 },
    ],
    [
      'of two temporary ones is the one that began last, then the other, then what was before',
      [decided(2, 100, '03-01'), decided(3, 300, '04-01', '06-30'), decided(4, 700, '05-01', '05-10')],
      { '04-30': 300, '05-01': 700, '05-10': 700, '05-11': 300, '06-30': 300, '07-01': 100 },
    ],
    [
      'for good ends a temporary one that was before',
      [decided(2, 100, '03-01'), decided(3, 300, '04-01', '04-30'), decided(4, 50, '04-10')],
      { '04-09': 300, '04-10': 50, '05-01': 50 },
    ],
    [
      'temporary without one before leaves nothing decided',
      [decided(2, 300, '04-01', '04-30')],
      { '04-30': 300, '05-01': 'NOT_SET' },
    ],
    [
      'is taken back from a day on',
      [decided(2, 100, '03-01'), decided(3, 'NOT_SET', '04-01')],
      { '03-31': 100, '04-01': 'NOT_SET' },
    ],
  ]
  it.each(cases)('%s', (_case, limits, expected) => {
    const found = Object.fromEntries(
      Object.keys(expected).map((text) => [text, told(creditLimitOn(limits, day(text)))]),
    )
    expect(found).toEqual(expected)
    const reversed = Object.keys(expected).map((text) => limitOn(limits.toReversed(), day(text))?.version)
    expect(reversed).toEqual(Object.keys(expected).map((text) => limitOn(limits, day(text))?.version))
  })
})

describe('the schedule', () => {
  it('tells the days without gaps, and equal neighbours once', () => {
    const limits = [
      decided(2, 100, '03-01'),
      decided(3, 300, '04-01', '04-30'),
      decided(4, 100, '05-20'),
      decided(5, 'UNLIMITED', '06-01'),
    ]
    const spans = scheduleFrom(limits, day('03-15')).map(({ from, through, ...limit }) => [
      formatDay(from).slice(5),
      through === null ? null : formatDay(through).slice(5),
      told(limit),
    ])
    expect(spans).toEqual([
      ['03-15', '03-31', 100],
      ['04-01', '04-30', 300],
      ['05-01', '05-31', 100],
      ['06-01', null, 'UNLIMITED'],
    ])
    expect(throughOf(limits, day('03-15'))).toBe(day('03-31'))
    expect(throughOf(limits, day('06-01'))).toBeNull()
  })

  it('agrees with the limit of every day, for any decisions, and reaches as far as it says', () => {
    const decision = fc.record({
      limit: fc.constantFrom(0, 100, 200, 'UNLIMITED' as const, 'NOT_SET' as const),
      from: fc.integer({ min: 0, max: 30 }),
      days: fc.option(fc.integer({ min: 0, max: 15 })),
    })
    fc.assert(
      fc.property(
        fc.array(decision, { maxLength: 8 }),
        fc.integer({ min: 0, max: 20 }),
        (decisions, today) => {
          const limits = decisions.map(({ limit, from, days }, index) => ({
            ...decided(index + 1, limit, '01-01'),
            effectiveOn: from,
            until: days === null ? null : from + days,
          }))
          const spans = scheduleFrom(limits, today)
          const through = throughOf(limits, today)
          const wrong: Day[] = []
          for (let on = today; on <= 60; on++) {
            const inForce = creditLimitOn(limits, on)
            const told = spans.filter((span) => span.from <= on && on <= (span.through ?? on))
            const asNow = isSameLimit(inForce, creditLimitOn(limits, today))
            const isRight = told.length === 1 && told.every((span) => isSameLimit(span, inForce))
            if (!isRight || !(asNow || (through !== null && on > through))) wrong.push(on)
          }
          expect(wrong).toEqual([])
        },
      ),
    )
  })
})

describe('a review', () => {
  it.each([
    [null, '03-01', false],
    ['03-01', '03-01', false],
    ['03-01', '03-02', true],
    ['03-02', '03-01', false],
  ])('due on %s is overdue on %s: %s', (next, today, overdue) => {
    expect(isReviewOverdue(next === null ? null : day(next), day(today))).toBe(overdue)
  })
})

describe('what a decision takes the place of', () => {
  it('is also what would have come while it holds', () => {
    const limits = [decided(2, 10, '01-01'), decided(3, 100, '03-01', '03-31')]
    const replaced = (one: DatedLimit) => replacedBy(limits, one).map(told)
    expect(replaced(decided(4, 100, '03-10', '03-31'))).toEqual([100])
    // For good: from April on it would have been 10.
    expect(replaced(decided(4, 100, '03-10'))).toEqual([100, 10])
    expect(replaced(decided(4, 50, '02-01'))).toEqual([10])
    expect(replaced(decided(4, 50, '02-01', '04-30'))).toEqual([10])
  })

  it('is what every day tells on which it is in force, for any decisions', () => {
    const decision = fc.record({
      limit: fc.constantFrom(0, 100, 200, 'UNLIMITED' as const, 'NOT_SET' as const),
      from: fc.integer({ min: 0, max: 30 }),
      days: fc.option(fc.integer({ min: 0, max: 15 })),
    })
    fc.assert(
      fc.property(fc.array(decision, { minLength: 1, maxLength: 8 }), (decisions) => {
        const all = decisions.map(({ limit, from, days }, index) => ({
          ...decided(index + 1, limit, '01-01'),
          effectiveOn: from,
          until: days === null ? null : from + days,
        }))
        const [limits, last] = [all.slice(0, -1), all.at(-1)]
        if (last === undefined) throw new Error('There is one at least')
        const expected = new Set<string | number>()
        for (let on = 0; on <= 60; on++)
          if (limitOn(all, on) === last) expected.add(told(creditLimitOn(limits, on)))
        expect(new Set(replacedBy(limits, last).map(told))).toEqual(expected)
      }),
    )
  })
})
