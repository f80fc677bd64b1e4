/** The pure parts of the pages of credit: forms of rules and scorecards, refusals field by field, limits over time. */
import { limitSteps, spanOn } from '@tidemark/client/components/limit-steps.ts'
import { changedRules, draftOf, newStep, saidClasses } from '@tidemark/client/components/policy-draft.ts'
import { policyDifferences } from '@tidemark/client/components/policy-words.ts'
import {
  scorecardDraft,
  scorecardRules,
  stepsIn,
  stepsText,
} from '@tidemark/client/components/scorecard-draft.ts'
import type {
  PolicyRules_PolicyFragment,
  Scorecard_ScorecardFragment,
} from '@tidemark/client/documents.generated.ts'
import { parseOrganizationPath } from '@tidemark/client/pages/addresses.ts'
import { makeProblem, messageAbove, messageAt } from '@tidemark/client/ui/form-problem.ts'
import { describe, expect, it } from 'vitest'

const usd = (amount: string) => ({ amount, currency: 'USD' }) as const

const policy: PolicyRules_PolicyFragment = {
  version: 1,
  effectiveOn: '2026-05-01',
  countedOrders: 'RELEASED',
  clearingDays: 3,
  insuranceCounts: false,
  tolerancePercent: '5.00',
  overLimit: 'BLOCK',
  pastDueDays: 30,
  pastDueAmount: usd('100.00'),
  pastDue: 'REVIEW',
  overGranted: 'REVIEW',
  escalation: [
    {
      days: 60,
      amount: usd('0.00'),
      outcome: 'BLOCK',
      tell: ['CREDIT_MANAGER'],
    },
  ],
  classLimits: [
    { riskClass: 'HIGH', amount: usd('5000.00') },
    { riskClass: null, amount: usd('1000.00') },
  ],
  ratingLimits: [{ source: 'Agency', grade: 'B', amount: usd('7000.00') }],
  reviewPeriods: [{ riskClass: 'LOW', months: 12 }],
  setAt: null,
  setBy: null,
  reason: null,
}

describe('the rules of credit in a form', () => {
  it('send nothing where nothing differs', () => {
    expect(changedRules(draftOf(policy), policy)).toEqual({})
  })

  it('send a list as a whole as soon as one row of it differs, and nothing else', () => {
    const draft = draftOf(policy)
    const steps = [...draft.escalation, newStep(draft.escalation, draft.pastDueDays)]
    expect(changedRules({ ...draft, escalation: steps }, policy)).toEqual({
      escalation: [
        { days: 60, amount: '0.00', outcome: 'BLOCK', tell: ['CREDIT_MANAGER'] },
        { days: 90, amount: '0', outcome: 'BLOCK', tell: ['CREDIT_MANAGER'] },
      ],
    })
    expect(changedRules({ ...draft, ratingLimits: [] }, policy)).toEqual({ ratingLimits: [] })
  })

  it('leave out the classes of which nothing is said, and know those that nobody has judged', () => {
    const draft = draftOf(policy)
    expect(saidClasses(draft.classLimits)).toEqual(['HIGH', 'NOT_JUDGED'])
    const changed = { ...draft, classLimits: { ...draft.classLimits, HIGH: ' ', LOW: '20000' } }
    expect(changedRules(changed, policy)).toEqual({
      classLimits: [
        { riskClass: 'LOW', amount: '20000' },
        { riskClass: null, amount: '1000.00' },
      ],
    })
  })

  it('tell in words in which rules two versions differ', () => {
    const later = { ...policy, version: 2, tolerancePercent: '7.50', escalation: [] }
    expect(policyDifferences(policy, { ...policy, version: 9 })).toEqual([])
    expect(policyDifferences(policy, later)).toEqual([
      { label: 'Tolerance', before: '5% of the limit', after: '7.5% of the limit' },
      {
        label: 'Steps of being late',
        before: 'over 60 days with more than $0.00 is blocked, and told to credit manager',
        after: 'none',
      },
    ])
  })
})

describe('a scorecard in a form', () => {
  const scorecard: Scorecard_ScorecardFragment = {
    version: 4,
    criteria: [
      {
        key: 'equity_ratio',
        name: 'Equity ratio',
        weight: 40,
        steps: [
          { from: '-5.5', points: 0 },
          { from: '20', points: 100 },
        ],
        unknownPoints: 10,
      },
    ],
    bands: [
      {
        from: 0,
        riskClass: 'HIGH',
        recommendation: 'DECLINE',
        requestPercent: 0,
        revenuePercent: null,
        termsDaysMax: 0,
      },
    ],
    bankReferencesMin: 1,
    tradeReferencesMin: 2,
  }

  it('comes back as it was', () => {
    const rules = scorecardRules(scorecardDraft(scorecard))
    expect(rules).toEqual({
      criteria: [
        {
          key: 'equity_ratio',
          name: 'Equity ratio',
          weight: 40,
          steps: [
            { from: '-5.5', points: 0 },
            { from: '20', points: 100 },
          ],
          unknownPoints: 10,
        },
      ],
      bands: [
        {
          from: 0,
          riskClass: 'HIGH',
          recommendation: 'DECLINE',
          requestPercent: 0,
          revenuePercent: null,
          termsDaysMax: 0,
        },
      ],
      bankReferencesMin: 1,
      tradeReferencesMin: 2,
    })
  })

  it.each(['', '1', '1:', '1: x', '1: 30,', '1: 30; 3: 60', 'a: 1', '1: 1.5'])('cannot read %j', (text) => {
    expect(stepsIn(text)).toBeNull()
  })

  it('reads points by value however they are spaced, and says which criterion cannot be read', () => {
    expect(stepsIn(' 1 :30,3.5: 60 ')).toEqual([
      { from: '1', points: 30 },
      { from: '3.5', points: 60 },
    ])
    expect(stepsText([{ from: '0', points: 5 }])).toBe('0: 5')
    const draft = scorecardDraft(scorecard)
    const wrong = draft.criteria.map((one) => ({ ...one, steps: 'soon' }))
    expect(scorecardRules({ ...draft, criteria: wrong })).toEqual({ unreadable: 0 })
  })
})

describe('a refusal field by field', () => {
  const problem = makeProblem('2 fields are missing or wrong', null, false, [
    { field: 'legalName', message: 'It is missing' },
    { field: 'references.1.name', message: 'It is missing' },
    { field: 'references', message: 'It names 0 of at least 1 banks (BANK)' },
  ])

  it('is said at each of the fields, and above only where no field shows it', () => {
    expect(messageAt(problem, 'legalName')).toBe('It is missing')
    expect(messageAt(problem, 'references.1.name')).toBe('It is missing')
    expect(messageAt(problem, 'references.0')).toBeNull()
    expect(messageAt(problem, 'references')).toBe('It is missing. It names 0 of at least 1 banks (BANK)')
    expect(messageAbove(problem, ['legalName', 'references'])).toBeNull()
    expect(messageAbove(problem, ['references'])).toBe('legalName: It is missing')
  })
})

describe('limits over time', () => {
  const amount = (text: string, currency = 'EUR') =>
    ({
      state: 'AMOUNT',
      amount: { amount: text, currency },
    }) as const
  const span = (from: string, through: string | null, limit: ReturnType<typeof amount>) =>
    ({ from, through, limit }) as const
  const days = ['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-10']

  it('begin with their first day, end with their last and lie between the days that are shown', () => {
    const spans = [
      span('2025-01-01', '2026-02-14', amount('100')),
      span('2026-02-15', '2026-03-31', amount('250.50')),
      span('2026-04-06', null, amount('400')),
    ]
    expect(limitSteps(spans, days, 'EUR')).toEqual([
      { from: 0, to: 0.5, value: 100 },
      { from: 0.5, to: 2, value: 250.5 },
      { from: 2.5, to: 3, value: 400 },
    ])
  })

  it('leave out what is over before, other currencies and limits that are no amounts', () => {
    const unlimited = { state: 'UNLIMITED', amount: null } as const
    const spans = [
      span('2025-01-01', '2026-01-31', amount('100')),
      span('2026-02-01', '2026-02-28', amount('100', 'USD')),
      { from: '2026-03-01', through: null, limit: unlimited } as const,
    ]
    expect(limitSteps(spans, days, 'EUR')).toEqual([])
    expect(spanOn(spans, '2026-02-28')?.limit.amount?.currency).toBe('USD')
    expect(spanOn(spans, '2024-12-31')).toBeNull()
  })
})

describe('the addresses of credit', () => {
  it('have a word more for what they list, and no other page has', () => {
    expect(parseOrganizationPath('/acme/credit/applications')).toMatchObject({ detail: 'applications' })
    expect(parseOrganizationPath('/acme/credit/applications/new/')).toMatchObject({
      page: 'credit',
      detail: 'applications/new',
    })
    expect(parseOrganizationPath('/acme/customers/a/b')).toBeNull()
    expect(parseOrganizationPath('/acme/credit/a/b/c')).toBeNull()
  })
})
