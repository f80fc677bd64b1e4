/** Exposure and decisions, as tables worked out by hand. */
import { describe, expect, it } from 'vitest'
import {
  decideCredit,
  DEFAULT_POLICY,
  toleratedOf,
  type CreditPolicy,
  type Level,
} from '@tidemark/server/domain/credit-decision.ts'
import {
  exposureIn,
  groupCommitted,
  utilisation,
  type ExposureAmount,
} from '@tidemark/server/domain/exposure.ts'
import { faultOfParent, parentOn, type DatedParent } from '@tidemark/server/domain/hierarchy.ts'
import { ratesOf } from '@tidemark/server/domain/rates.ts'

const TODAY = 20_000
const rates = ratesOf('USD', [
  { currency: 'EUR', validOn: TODAY, rate: '1.105' },
  { currency: 'JPY', validOn: TODAY - 7, rate: '0.0065' },
  { currency: 'GBP', validOn: TODAY - 8, rate: '1.3' },
])

const amount = (source: ExposureAmount['source'], minor: bigint, currency = 'USD'): ExposureAmount => ({
  source,
  minor,
  currency,
})

describe('exposure', () => {
  const all = [
    amount('receivables', 1000n),
    amount('shipped', 200n),
    amount('orders', 30n),
    amount('uncleared', 4n),
    amount('unapplied', 100n),
    amount('security', 50n),
    amount('insurance', 500n),
    amount('reserved', 7n),
  ]

  it('is each part with its sign; insurance only where it counts', () => {
    const counted = (insuranceCounts: boolean) => exposureIn('USD', all, rates, TODAY, { insuranceCounts })
    expect(counted(false)).toMatchObject({ gross: 1084n, net: 584n, committed: 1091n })
    expect(counted(true)).toMatchObject({ gross: 1084n, net: 584n, committed: 591n })
  })

  it('is in the currency asked for, its rounded parts add up, and a stale rate makes no figure', () => {
    const mixed = [
      amount('receivables', 1n, 'EUR'),
      amount('receivables', 1n, 'EUR'),
      amount('shipped', 100n, 'JPY'),
    ]
    const rules = { insuranceCounts: false }
    // 2 cents at 1.105 are 2.21, 100 yen at 0.0065 are 65 cents.
    expect(exposureIn('USD', mixed, rates, TODAY, rules)).toMatchObject({
      receivables: 2n,
      shipped: 65n,
      gross: 67n,
    })
    expect(exposureIn('USD', [amount('orders', 1n, 'GBP')], rates, TODAY, rules)).toEqual({
      currency: 'GBP',
      day: TODAY,
    })
    // What is 0 needs no rate.
    expect(exposureIn('USD', [amount('orders', 0n, 'GBP')], rates, TODAY, rules)).toMatchObject({ gross: 0n })
  })

  it('of a group floors each member at 0, and of one alone nothing', () => {
    expect(groupCommitted([-5n])).toBe(-5n)
    expect(groupCommitted([-5n, 3n, 4n])).toBe(7n)
    expect(groupCommitted([-5n, -3n])).toBe(0n)
  })

  it('is told in percent of the limit, and not of a limit of 0', () => {
    expect(utilisation(50n, 200n)).toBe('25.00')
    expect(utilisation(-1n, 3n)).toBe('-33.33')
    expect(utilisation(1n, 0n)).toBeNull()
  })
})

const level = (more: Partial<Level> = {}): Level => ({
  number: 'C',
  isOwn: true,
  limit: { state: 'AMOUNT', amount: { minor: 100n, currency: 'USD' } },
  holdReason: null,
  isHeld: false,
  nextReviewOn: null,
  use: { own: 40n, others: [], order: 60n },
  ...more,
})
const NOTHING_DUE = { amount: { minor: 0n, currency: 'USD' } }
const decide = (levels: readonly Level[], policy: Partial<CreditPolicy> = {}, pastDue = NOTHING_DUE) => {
  const { outcome, reasons } = decideCredit({
    levels,
    pastDue: [pastDue],
    policy: { ...DEFAULT_POLICY, ...policy },
    today: TODAY,
  })
  return [outcome, ...reasons.map(({ code }) => code)]
}
const using = (own: bigint, order: bigint, others: readonly bigint[] = []) =>
  level({ use: { own, others, order } })

describe('a decision', () => {
  it.each([
    ['exactly the limit', using(40n, 60n), {}, ['ALLOW']],
    ['a cent more', using(40n, 61n), {}, ['BLOCK', 'OVER_LIMIT']],
    ['a cent more, as the policy has it', using(40n, 61n), { overLimit: 'REVIEW' }, ['REVIEW', 'OVER_LIMIT']],
    ['all of the tolerance', using(40n, 65n), { toleranceBasisPoints: 500 }, ['ALLOW', 'WITHIN_TOLERANCE']],
    ['more than it', using(40n, 66n), { toleranceBasisPoints: 500 }, ['BLOCK', 'OVER_LIMIT']],
    ['what was paid in advance', using(-60n, 160n), {}, ['ALLOW']],
    ['others below 0', using(40n, 60n, [-500n]), {}, ['ALLOW']],
    ['others above 0', using(40n, 60n, [1n, -500n]), {}, ['BLOCK', 'OVER_LIMIT']],
    ['what it paid too much, in a group', using(-60n, 160n, [-1n]), {}, ['ALLOW']],
    ['a hold', level({ isHeld: true, holdReason: 'late' }), {}, ['BLOCK', 'ON_HOLD']],
    ['a review of today', level({ nextReviewOn: TODAY }), {}, ['ALLOW']],
    ['a review of yesterday', level({ nextReviewOn: TODAY - 1 }), {}, ['REVIEW', 'REVIEW_OVERDUE']],
    [
      'no limit set',
      level({ limit: { state: 'NOT_SET', amount: null }, use: null }),
      {},
      ['REVIEW', 'LIMIT_NOT_SET'],
    ],
    [
      'no limit above',
      level({ isOwn: false, limit: { state: 'NOT_SET', amount: null }, use: null }),
      {},
      ['ALLOW'],
    ],
    [
      'no limit by decision',
      level({ limit: { state: 'UNLIMITED', amount: null }, use: null }),
      {},
      ['ALLOW'],
    ],
    [
      'a limit of 0',
      level({ limit: { state: 'AMOUNT', amount: { minor: 0n, currency: 'USD' } } }),
      { overLimit: 'REVIEW' },
      ['BLOCK', 'PREPAYMENT_ONLY'],
    ],
    ['a missing rate', level({ use: { currency: 'GBP', day: TODAY } }), {}, ['REVIEW', 'RATE_MISSING']],
  ] as const)('on %s', (_name, one, policy, expected) => {
    expect(decide([one], policy)).toEqual(expected)
  })

  it('is the worst of all levels', () => {
    const above = level({ isOwn: false, number: 'P', isHeld: true })
    expect(decide([level({ nextReviewOn: TODAY - 1 }), above])).toEqual([
      'BLOCK',
      'REVIEW_OVERDUE',
      'ON_HOLD',
    ])
  })

  it('looks at what is past due beyond what is tolerated', () => {
    const due = (minor: bigint) => ({ amount: { minor, currency: 'USD' } })
    const policy = { pastDueAmount: 10n, pastDue: 'BLOCK' } as const
    expect(decide([level()], policy, due(10n))).toEqual(['ALLOW'])
    expect(decide([level()], policy, due(11n))).toEqual(['BLOCK', 'PAST_DUE'])
  })

  it('rounds what is tolerated down', () => {
    expect(toleratedOf(999n, 333)).toBe(1032n)
    expect(toleratedOf(10n ** 15n, 10_000)).toBe(2n * 10n ** 15n)
  })
})

describe('a hierarchy', () => {
  const said = (
    customerId: string,
    parentId: string | null,
    from: number,
    until: number | null = null,
    version = 1,
  ): DatedParent => ({ customerId, parentId, version, from, until })

  it('has on a day the parent that began last, and that was said last', () => {
    const all = [said('a', 'p', 1), said('a', 'q', 5, 7), said('a', null, 10), said('a', 'r', 5, 6, 2)]
    const days = [0, 1, 4, 5, 6, 7, 8, 10]
    expect(days.map((day) => parentOn(all, 'a', day))).toEqual([null, 'p', 'p', 'r', 'r', 'q', 'p', null])
  })

  it.each([
    ['a circle of two', [said('a', 'b', 1), said('b', 'a', 3)], 10, { day: 3, isLoop: true }],
    ['a circle on other days', [said('a', 'b', 1, 2), said('b', 'a', 3)], 10, null],
    ['a circle that begins later', [said('a', 'b', 9), said('b', 'a', 3)], 10, { day: 9, isLoop: true }],
    [
      'a circle that comes back when another ends',
      [said('a', 'b', 1), said('a', null, 2, 6, 2), said('b', 'a', 3)],
      10,
      { day: 7, isLoop: true },
    ],
    [
      'a circle of three',
      [said('a', 'b', 1), said('b', 'c', 1), said('c', 'a', 2)],
      10,
      { day: 2, isLoop: true },
    ],
    [
      'too many levels',
      [said('a', 'b', 1), said('b', 'c', 1), said('c', 'd', 2)],
      3,
      { day: 2, isLoop: false },
    ],
    ['as many as may be', [said('a', 'b', 1), said('b', 'c', 2)], 3, null],
  ] as const)('finds %s', (_name, all, most, expected) => {
    const added = all.at(-1)
    expect(added && faultOfParent([...all], added, most)).toEqual(expected)
  })
})
