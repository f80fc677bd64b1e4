/** Replayed policies: a small book worked out by hand, and random ones against adding everything up anew. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_POLICY, type CreditPolicy } from '@tidemark/server/domain/credit-decision.ts'
import {
  replayPolicy,
  type Bill,
  type BillEntry,
  type PastBook,
  type PastCustomer,
} from '@tidemark/server/domain/credit-simulation.ts'
import { createTally, fateOf, monthsOf } from '@tidemark/server/domain/credit-simulation-sums.ts'
import { formatDay, parseDay, type Day } from '@tidemark/server/domain/day.ts'
import { isMissing, ratesOf } from '@tidemark/server/domain/rates.ts'
import { judgeSlowly } from '../support/brute-force-credit.ts'

const day = (text: string): Day => parseDay(text) ?? Number.NaN
const rates = ratesOf('USD', [])

const customer = (more: Partial<PastCustomer> = {}): PastCustomer => ({
  id: 'a',
  number: 'C-1',
  limits: [],
  reviews: [],
  ratings: [],
  assumed: null,
  bills: [],
  changes: [],
  receipts: [],
  ...more,
})
const limit = (minor: bigint, effectiveOn: Day, version = 1) => ({
  state: 'AMOUNT' as const,
  amount: { minor, currency: 'USD' },
  version,
  effectiveOn,
  until: null,
})
const entry = (on: Day, kind: BillEntry['kind'], amount: bigint, dueOn: Day | null = null): BillEntry => ({
  day: on,
  installment: 1,
  amount,
  dueOn,
  kind,
})

const replay = (book: PastBook, policy: Partial<CreditPolicy> = {}) =>
  [...replayPolicy(book, { ...DEFAULT_POLICY, ...policy })].flat()

describe('a replay', () => {
  const [january, march, june] = [day('2026-01-10'), day('2026-03-10'), day('2026-06-30')]
  // 60 in January, paid in June; 50 in March: together more than the limit of 100.
  const bills: Bill[] = [
    {
      id: '1',
      currency: 'USD',
      entries: [entry(january, 'BILLED', 60n, day('2026-02-09')), entry(day('2026-06-01'), 'PAID', -60n)],
    },
    { id: '2', currency: 'USD', entries: [entry(march, 'BILLED', 50n, day('2026-04-09'))] },
    { id: '3', currency: 'USD', entries: [entry(march, 'BILLED', 5n), entry(march + 1, 'VOIDED', -5n)] },
  ]
  const book = (more: Partial<PastCustomer> = {}): PastBook => ({
    baseCurrency: 'USD',
    rates,
    from: day('2026-01-01'),
    to: june,
    customers: [customer({ limits: [limit(100n, day('2026-01-01'))], bills, ...more })],
    parents: [],
  })
  const said = (of: PastBook, policy: Partial<CreditPolicy> = {}) =>
    replay(of, policy).map(({ bill, day: on, outcome, findings }) =>
      [bill.id, formatDay(on), outcome, ...findings.map(({ code }) => code)].join(' '),
    )

  it('judges each bill on its day, by what was owed and late on it', () => {
    expect(said(book())).toEqual(['1 2026-01-10 ALLOW', '2 2026-03-10 BLOCK OVER_LIMIT'])
    // On 10 March the first is 29 days late.
    expect(said(book(), { toleranceBasisPoints: 1_000, pastDueDays: 28 })).toEqual([
      '1 2026-01-10 ALLOW',
      '2 2026-03-10 REVIEW WITHIN_TOLERANCE PAST_DUE',
    ])
    expect(said(book(), { toleranceBasisPoints: 1_000, pastDueDays: 29 })).toEqual([
      '1 2026-01-10 ALLOW',
      '2 2026-03-10 ALLOW WITHIN_TOLERANCE',
    ])
  })

  it('knows no limit before it was set, unless it is told to take one', () => {
    const later = { limits: [limit(100n, day('2026-02-01'))] }
    expect(said(book(later))[0]).toBe('1 2026-01-10 REVIEW LIMIT_NOT_SET')
    const assumed = { limit: limit(10n, 0), riskClass: null }
    expect(said(book({ ...later, assumed }))).toEqual([
      '1 2026-01-10 BLOCK OVER_LIMIT',
      '2 2026-03-10 BLOCK OVER_LIMIT',
    ])
  })

  it('takes the class that was known on the day, and the step that leads to the worst', () => {
    const reviews = [{ day: day('2026-03-01'), riskClass: 'HIGH' as const, nextReviewOn: null }]
    const policy = { classLimits: { HIGH: 20n }, toleranceBasisPoints: 10_000 }
    expect(said(book({ reviews }), policy)).toEqual([
      '1 2026-01-10 ALLOW',
      '2 2026-03-10 REVIEW WITHIN_TOLERANCE OVER_POLICY_LIMIT',
    ])
    const escalation = [{ days: 20, amount: 0n, outcome: 'BLOCK' as const, tell: [] }]
    expect(said(book(), { toleranceBasisPoints: 1_000, pastDueDays: 10, escalation })[1]).toBe(
      '2 2026-03-10 BLOCK WITHIN_TOLERANCE PAST_DUE',
    )
    // A review by the first limit's day and one month.
    expect(said(book(), { toleranceBasisPoints: 1_000, reviewMonths: { UNRATED: 1 } })[1]).toBe(
      '2 2026-03-10 REVIEW REVIEW_OVERDUE WITHIN_TOLERANCE',
    )
  })

  it('tells what was paid, written off and is late now, by month', () => {
    const of = book()
    const tally = createTally(of)
    for (const bill of replay(of)) tally.add(bill)
    const { total, months, customers, reasons } = tally.sums()
    expect(total.blocked).toEqual({ customers: 1, bills: 1, amount: 50n, paid: 0n, writtenOff: 0n, late: 0n })
    expect(total.allowed).toMatchObject({ bills: 1, amount: 60n, paid: 60n })
    expect(months.map(({ outcomes }) => outcomes.blocked.bills)).toEqual([0, 0, 1, 0, 0, 0])
    expect(customers).toHaveLength(1)
    expect(reasons).toEqual([{ code: 'OVER_LIMIT', outcome: 'BLOCK', bills: 1, amount: 50n }])
    const [, second] = bills
    if (second === undefined) throw new Error('There are three')
    // Due on 9 April: 90 days later is 8 July.
    expect(fateOf(second, day('2026-07-08')).late).toBe(0n)
    expect(fateOf(second, day('2026-07-09')).late).toBe(50n)
    const off = {
      ...second,
      entries: [...second.entries, entry(june, 'WRITTEN_OFF', -30n), entry(june, 'OTHER', -20n)],
    }
    expect(fateOf(off, day('2026-12-31'))).toEqual({ paid: 0n, writtenOff: 30n, late: 0n })
  })
})

const FIRST = day('2024-01-01')
const LAST = FIRST + 200
const anyDay = fc.integer({ min: FIRST, max: LAST })
const anyCurrency = fc.constantFrom('USD', 'USD', 'EUR')
const anyMinor = fc.bigInt({ min: -300n, max: 1_000n })
const anyClass = fc.constantFrom(null, 'LOW' as const, 'MEDIUM' as const, 'HIGH' as const)

const anyEntry = fc.record({
  after: fc.integer({ min: 0, max: 120 }),
  installment: fc.integer({ min: 1, max: 2 }),
  amount: anyMinor,
  kind: fc.constantFrom(
    'PAID' as const,
    'PAID' as const,
    'WRITTEN_OFF' as const,
    'OTHER' as const,
    'VOIDED' as const,
  ),
  terms: fc.option(fc.integer({ min: -10, max: 60 }), { freq: 3 }),
})
const anyBill = fc
  .record({
    on: anyDay,
    currency: anyCurrency,
    parts: fc.array(
      fc.record({ amount: fc.bigInt({ min: 0n, max: 1_000n }), terms: fc.integer({ min: 0, max: 60 }) }),
      { minLength: 1, maxLength: 2 },
    ),
    entries: fc.array(anyEntry, { maxLength: 4 }),
  })
  .map(({ on, currency, parts, entries }) => ({
    currency,
    entries: [
      ...parts.map(({ amount, terms }, index): BillEntry => ({
        day: on,
        installment: index + 1,
        amount,
        dueOn: on + terms,
        kind: 'BILLED',
      })),
      ...entries
        .toSorted((a, b) => a.after - b.after)
        .map(({ after, terms, ...rest }): BillEntry => ({
          ...rest,
          day: on + after,
          dueOn: terms === null ? null : on + after + terms,
        })),
    ],
  }))
const anyLimit = fc.record({
  state: fc.constant('AMOUNT' as const),
  amount: fc.record({ minor: fc.bigInt({ min: 0n, max: 3_000n }), currency: anyCurrency }),
  version: fc.integer({ min: 1, max: 9 }),
  effectiveOn: anyDay,
  until: fc.constant(null),
})
const anyCustomer = fc.record({
  limits: fc.array(anyLimit, { maxLength: 3 }),
  reviews: fc
    .array(fc.record({ day: anyDay, riskClass: anyClass, nextReviewOn: fc.option(anyDay) }), { maxLength: 2 })
    .map((reviews) => reviews.toSorted((a, b) => a.day - b.day)),
  ratings: fc.array(
    fc.record({
      source: fc.constantFrom('Agency', 'agency', 'Other'),
      grade: fc.constantFrom('A', 'B'),
      ratedOn: anyDay,
      until: fc.option(fc.constant(LAST)),
      version: fc.integer({ min: 1, max: 99 }),
    }),
    { maxLength: 2 },
  ),
  assumed: fc.option(fc.record({ limit: anyLimit, riskClass: anyClass }), { freq: 1 }),
  bills: fc.array(anyBill, { maxLength: 5 }),
  changes: fc.array(
    fc.record({
      day: anyDay,
      source: fc.constantFrom(
        'shipped' as const,
        'releasedOrders' as const,
        'openOrders' as const,
        'unapplied' as const,
        'security' as const,
        'insurance' as const,
      ),
      minor: anyMinor,
      currency: anyCurrency,
    }),
    { maxLength: 4 },
  ),
  receipts: fc.array(fc.record({ day: anyDay, startsOn: anyDay, minor: anyMinor, currency: anyCurrency }), {
    maxLength: 2,
  }),
})
const anyBook = fc
  .record({
    customers: fc.array(anyCustomer, { minLength: 1, maxLength: 4 }),
    parents: fc.array(fc.record({ child: fc.nat(3), from: anyDay, isOver: fc.boolean() }), { maxLength: 3 }),
    from: anyDay,
    quoted: fc.array(anyDay, { maxLength: 30 }),
  })
  .map(({ customers, parents, from, quoted }): PastBook => ({
    baseCurrency: 'USD',
    rates: ratesOf(
      'USD',
      quoted.map((validOn, index) => ({ currency: 'EUR', validOn, rate: `1.${index + 1}` })),
    ),
    from,
    to: LAST,
    customers: customers.map(({ bills, ...rest }, index) => ({
      ...rest,
      id: `c${index}`,
      number: `C-${index}`,
      bills: bills.map((bill, at) => ({ ...bill, id: `${at}-${index}` })),
    })),
    // Only to those before them, so that nobody stands above itself.
    parents: parents.map(({ child, from: since, isOver }, version) => ({
      customerId: `c${child}`,
      parentId: isOver || child === 0 ? null : `c${child - 1}`,
      version,
      from: since,
      until: null,
    })),
  }))
const anyOutcome = fc.constantFrom('ALLOW' as const, 'REVIEW' as const, 'BLOCK' as const)
const anyPolicy: fc.Arbitrary<Partial<CreditPolicy>> = fc.record({
  countedOrders: fc.constantFrom('NONE' as const, 'RELEASED' as const, 'ALL' as const),
  clearingDays: fc.integer({ min: 0, max: 60 }),
  insuranceCounts: fc.boolean(),
  toleranceBasisPoints: fc.integer({ min: 0, max: 5_000 }),
  overLimit: anyOutcome,
  pastDueDays: fc.integer({ min: 0, max: 20 }),
  pastDueAmount: fc.bigInt({ min: 0n, max: 500n }),
  pastDue: anyOutcome,
  overGranted: anyOutcome,
  classLimits: fc.constantFrom({}, { HIGH: 100n, UNRATED: 700n }, { LOW: 2_000n }),
  ratingLimits: fc.constantFrom([], [{ source: 'AGENCY', grade: 'a', amount: 300n }]),
  reviewMonths: fc.constantFrom({}, { HIGH: 1, UNRATED: 3 }),
  escalation: fc
    .array(fc.record({ amount: fc.bigInt({ min: 0n, max: 500n }), outcome: anyOutcome }), { maxLength: 2 })
    .map((steps) => steps.map((step, index) => ({ ...step, days: 21 + index * 30, tell: [] }))),
})

describe('a replay of any books by any policy', () => {
  it('says of every bill what adding everything up anew says', () => {
    fc.assert(
      fc.property(anyBook, anyPolicy, (book, policy) => {
        const quick = replay(book, policy).map(({ bill, day: on, outcome, findings }) => ({
          bill: bill.id,
          day: on,
          outcome,
          reasons: findings.map(({ message, ...reason }) => ({ ...reason, message: message() })),
        }))
        expect(quick).toEqual(judgeSlowly(book, { ...DEFAULT_POLICY, ...policy }))
      }),
      { numRuns: 1_000 },
    )
  })

  it('adds up: months to the whole, outcomes to all bills', () => {
    fc.assert(
      fc.property(anyBook, anyPolicy, (book, policy) => {
        const judged = replay(book, policy)
        const tally = createTally(book)
        for (const bill of judged) tally.add(bill)
        const { total, months, billsWithoutRate } = tally.sums()
        const fields = ['bills', 'amount', 'paid', 'writtenOff', 'late'] as const
        for (const outcome of ['allowed', 'reviewed', 'blocked'] as const) {
          for (const field of fields) {
            const sum = months.reduce((all, { outcomes }) => all + BigInt(outcomes[outcome][field]), 0n)
            expect(sum).toBe(BigInt(total[outcome][field]))
          }
        }
        expect(total.allowed.bills + total.reviewed.bills + total.blocked.bills).toBe(judged.length)
        expect(months.map(({ month }) => month)).toEqual(monthsOf(book.from, book.to))
        const unvalued = judged.filter(({ bill, day: on }) =>
          isMissing(book.rates.perMinorUnit(bill.currency, 'USD', on)),
        )
        expect(billsWithoutRate).toBe(unvalued.length)
      }),
      { numRuns: 300 },
    )
  })
})
