/** Scores worked out by hand, and what holds for any scorecard. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  businessDaysBetween,
  DEFAULT_SCORECARD,
  faultOfScorecard,
  scoreApplication,
  type ApplicationFacts,
  type Criterion,
  type Scorecard,
} from '@tidemark/server/domain/scorecard.ts'
import { day } from '../support/kpi-books.ts'

const facts: ApplicationFacts = {
  requested: 50_000_00n,
  requestedTermsDays: 45,
  annualRevenue: 1_000_000_00n,
  yearsInBusiness: 4,
  references: [
    { kind: 'BANK', experience: 'POSITIVE' },
    { kind: 'TRADE', experience: 'POSITIVE' },
    { kind: 'TRADE', experience: 'MIXED' },
    { kind: 'TRADE', experience: null },
  ],
  figures: new Map(),
}

/** Tables of tests hold no bigint. */
type Change = Partial<Omit<ApplicationFacts, 'requested' | 'annualRevenue'>> & {
  readonly requested?: number | bigint
  readonly annualRevenue?: number | bigint
}

describe('a score', () => {
  it('is the sum of what each criterion contributes, and is told point by point', () => {
    // 4 years: 60 x 30 %. 5 % of revenue: 60 x 30 %. One of two suppliers who answered: 50 x 25 %. The bank: 100 x 15 %.
    const score = scoreApplication(DEFAULT_SCORECARD, facts)
    expect(
      score.lines.map(({ key, value, points, contribution }) => [key, value, points, contribution]),
    ).toEqual([
      ['YEARS_IN_BUSINESS', '4', 60, '18.00'],
      ['REQUEST_TO_REVENUE', '5', 60, '18.00'],
      ['POSITIVE_TRADE_REFERENCES', '50', 50, '12.50'],
      ['POSITIVE_BANK_REFERENCES', '100', 100, '15.00'],
    ])
    // 63.5 is in the band from 40: half of what is asked for, at most 5 % of revenue, terms of 30 days at most.
    expect(score).toMatchObject({
      score: '63.50',
      riskClass: 'MEDIUM',
      recommendation: 'REVIEW',
      proposedLimit: 25_000_00n,
      proposedTermsDays: 30,
    })
  })

  it.each([
    // Twelve years instead of four: 100 x 30 %, in all 75.5.
    [{ yearsInBusiness: 12 }, '75.50', 'APPROVE', 5_000_000],
    // Twice as much of revenue: 10 % gets 30 points; 5 % of revenue is less than half of it.
    [{ requested: 10_000_000 }, '54.50', 'REVIEW', 5_000_000],
    // Nobody has answered: 30 points for both, 18 + 18 + 7.5 + 4.5.
    [{ references: [] }, '48.00', 'REVIEW', 2_500_000],
    // New, and no revenue at all: only the references count.
    [{ yearsInBusiness: 0, annualRevenue: 0 }, '27.50', 'DECLINE', 0],
  ])('of %j is %s, %s', (change, score, recommendation, proposedLimit) => {
    const { requested = facts.requested, annualRevenue = facts.annualRevenue, ...rest }: Change = change
    const money = { requested: BigInt(requested), annualRevenue: BigInt(annualRevenue) }
    expect(scoreApplication(DEFAULT_SCORECARD, { ...facts, ...rest, ...money })).toMatchObject({
      score,
      recommendation,
      proposedLimit: BigInt(proposedLimit),
    })
  })

  it('takes figures of the organization’s own, negative ones too, and what it gives for those it lacks', () => {
    const own: Criterion = {
      key: 'equity_ratio',
      name: 'Equity ratio',
      weight: 10,
      steps: [
        { from: '20', points: 100 },
        { from: '-5.5', points: 40 },
      ],
      unknownPoints: 7,
    }
    const card = { ...DEFAULT_SCORECARD, criteria: [own] }
    const scored = (figure: string | null) => {
      const figures = new Map(figure === null ? [] : [['equity_ratio', figure]])
      return scoreApplication(card, { ...facts, figures }).score
    }
    expect([scored('20'), scored('19.99'), scored('-5.5'), scored('-5.51'), scored(null)]).toEqual([
      '100.00',
      '40.00',
      '40.00',
      '0.00',
      '7.00',
    ])
  })

  it('lies between 0 and 100 for any scorecard, within a band of it, and proposes no more than is asked for', () => {
    const points = fc.integer({ min: 0, max: 100 })
    const criterion = fc.record({
      key: fc.constantFrom(
        'YEARS_IN_BUSINESS',
        'REQUEST_TO_REVENUE',
        'POSITIVE_TRADE_REFERENCES',
        'own_figure',
      ),
      name: fc.constant('Name'),
      weight: fc.integer({ min: 1, max: 100 }),
      steps: fc.uniqueArray(fc.record({ from: fc.integer({ min: -9, max: 99 }).map(String), points }), {
        selector: ({ from }) => from,
        minLength: 1,
        maxLength: 5,
      }),
      unknownPoints: points,
    })
    const band = fc.record({
      from: fc.integer({ min: 1, max: 100 }),
      riskClass: fc.constantFrom('LOW', 'MEDIUM', 'HIGH'),
      recommendation: fc.constantFrom('APPROVE', 'REVIEW', 'DECLINE'),
      requestPercent: points,
      revenuePercent: fc.option(points),
      termsDaysMax: fc.integer({ min: 0, max: 365 }),
    })
    const cards = fc.record({
      version: fc.constant(1),
      criteria: fc.uniqueArray(criterion, { selector: ({ key }) => key, minLength: 1 }),
      bands: fc
        .uniqueArray(band, { selector: ({ from }) => from, maxLength: 5 })
        .chain((rest) => band.map((first) => [{ ...first, from: 0 }, ...rest])),
      bankReferencesMin: fc.nat(10),
      tradeReferencesMin: fc.nat(10),
    })
    const asked = fc.record({
      requested: fc.bigInt({ min: 1n, max: 2n ** 62n }),
      annualRevenue: fc.bigInt({ min: 0n, max: 2n ** 62n }),
      yearsInBusiness: fc.nat(200),
    })
    fc.assert(
      fc.property(cards, asked, (card: Scorecard, change) => {
        expect(faultOfScorecard(card)).toBe(null)
        const score = scoreApplication(card, { ...facts, ...change })
        expect(Number(score.score)).toBeGreaterThanOrEqual(0)
        expect(Number(score.score)).toBeLessThanOrEqual(100)
        expect(score.proposedLimit <= change.requested && score.proposedLimit >= 0n).toBe(true)
        const parts = score.lines.reduce((sum, { contribution }) => sum + Number(contribution), 0)
        expect(Math.abs(parts - Number(score.score))).toBeLessThan(0.005 * (score.lines.length + 1))
      }),
    )
  })
})

describe('a scorecard', () => {
  const [first] = DEFAULT_SCORECARD.criteria
  const [low, ...others] = DEFAULT_SCORECARD.bands
  it.each([
    ['the default', {}, null],
    ['no criteria', { criteria: [] }, 'criteria'],
    ['one criterion twice', { criteria: [first, first] }, 'criteria.1.key'],
    ['a key of capitals', { criteria: [{ ...first, key: 'REVENUE' }] }, 'criteria.0.key'],
    ['no weight', { criteria: [{ ...first, weight: 0 }] }, 'criteria.0.weight'],
    ['no steps', { criteria: [{ ...first, steps: [] }] }, 'criteria.0.steps'],
    [
      'too many points',
      { criteria: [{ ...first, steps: [{ from: '1', points: 101 }] }] },
      'criteria.0.steps.0.points',
    ],
    [
      'a step that is no number',
      { criteria: [{ ...first, steps: [{ from: '1e5', points: 1 }] }] },
      'criteria.0.steps.0.from',
    ],
    [
      'one step twice',
      {
        criteria: [
          {
            ...first,
            steps: [
              { from: '1', points: 1 },
              { from: '1.0', points: 2 },
            ],
          },
        ],
      },
      'criteria.0.steps.1.from',
    ],
    ['no band from 0', { bands: others }, 'bands'],
    ['one band twice', { bands: [low, low] }, 'bands.1.from'],
    ['more than what is asked for', { bands: [{ ...low, requestPercent: 101 }] }, 'bands.0.requestPercent'],
    ['a year and a day', { bands: [{ ...low, termsDaysMax: 366 }] }, 'bands.0.termsDaysMax'],
    ['too many banks', { bankReferencesMin: 11 }, 'bankReferencesMin'],
  ])('of %s is told as such', (_name, change, path) => {
    const fault = faultOfScorecard({ ...DEFAULT_SCORECARD, ...change } as Scorecard)
    expect(fault?.path.join('.') ?? null).toBe(path)
  })
})

describe('business days', () => {
  it.each([
    // 1 June 2026 is a Monday.
    ['2026-06-01', '2026-06-01', 0],
    ['2026-06-01', '2026-06-02', 1],
    ['2026-06-05', '2026-06-08', 1],
    ['2026-06-05', '2026-06-07', 0],
    ['2026-06-06', '2026-06-08', 1],
    ['2026-06-01', '2026-06-30', 21],
    ['2025-12-31', '2026-01-02', 2],
  ])('from %s to %s are %i', (first, last, days) => {
    expect(businessDaysBetween(day(first), day(last))).toBe(days)
  })
})
