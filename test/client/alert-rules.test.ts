/** The pure parts of the pages of alert rules: a rule as it is written, what of it is sent, what a trial says. */
import { verdictOf } from '@tidemark/client/components/rule-backtest.tsx'
import {
  conditionKinds,
  draftOfRule,
  emptyRule,
  ruleChanges,
  type RuleDraft,
  ruleInput,
  triedChange,
  triedRule,
  watching,
} from '@tidemark/client/components/rule-draft.ts'
import { groupRules, parseRuleSearch, rulesThatFit } from '@tidemark/client/components/rule-search.ts'
import { ruleChangeWords, termsInWords, thresholdHint } from '@tidemark/client/components/rule-words.ts'
import type { RuleList_RuleFragment } from '@tidemark/client/documents.generated.ts'
import { describe, expect, it } from 'vitest'

const onGoal: RuleDraft = { ...emptyRule, name: ' Behind ', goalId: 'goal_1' }
const onKpi: RuleDraft = { ...watching(emptyRule, 'kpi'), name: 'High', metric: 'DSO', threshold: '45' }

const rule: RuleList_RuleFragment = {
  id: 'alertRule_1',
  name: 'High',
  version: 3,
  goal: null,
  metric: { metric: 'DSO', name: 'Days sales outstanding', unit: 'DAYS' },
  scope: 'Region EMEA',
  currency: 'USD',
  condition: {
    kind: 'CHANGE_UP',
    statuses: null,
    threshold: '1.50',
    days: 14,
    roles: null,
    sentence: 'DSO went up by more than 1.5 days in 14 days.',
  },
  forDays: 2,
  forEvaluations: 1,
  recovery: '0.5',
  keepFiringDays: 1,
  noData: 'ALERT',
  repeatDays: 7,
  severity: 'CRITICAL',
  quietHours: { from: '20:00', to: '07:00', weekends: true },
  enabled: true,
  isGoodNews: false,
  state: 'OK',
}

describe('a rule that is written', () => {
  it.each([
    ['STATUS', { statusIn: ['OFF_TRACK'] }],
    ['PROBABILITY_BELOW', { probabilityBelow: '1200.5' }],
    ['BEHIND_BY', { behindBy: '1200.5' }],
    ['AHEAD_BY', { aheadBy: '1200.5' }],
    ['MILESTONE', { milestone: true }],
    ['REVIEW_OVERDUE', { reviewOverdue: true }],
    ['ABOVE', { above: '1200.5' }],
    ['BELOW', { below: '1200.5' }],
    ['CHANGE_UP', { up: { by: '1200.5', days: 7 } }],
    ['CHANGE_DOWN', { down: { by: '1200.5', days: 7 } }],
    ['OVER_LIMIT', { overLimit: true }],
    ['ESCALATION', { escalation: ['CREDIT_MANAGER'] }],
  ] as const)('has one condition: %s', (kind, condition) => {
    expect(ruleInput({ ...onGoal, kind, threshold: '1,200.5' }, true).condition).toEqual(condition)
  })

  it('offers every condition for what has it', () => {
    const of = (watches: RuleDraft['watches']) =>
      conditionKinds.filter(({ on }) => on.includes(watches)).map(({ id }) => id)
    expect(of('kpi')).toEqual(['ABOVE', 'BELOW', 'CHANGE_UP', 'CHANGE_DOWN'])
    expect(of('goal')).toHaveLength(8)
    expect(watching({ ...emptyRule, kind: 'BELOW' }, 'kpi').kind).toBe('BELOW')
    expect(watching({ ...emptyRule, kind: 'MILESTONE' }, 'kpi').kind).toBe('ABOVE')
  })

  it('is sent with what it watches and nothing else', () => {
    expect(ruleInput(onGoal, false)).toMatchObject({ goalId: 'goal_1', name: 'Behind', enabled: false })
    expect(ruleInput(onGoal, false)).not.toHaveProperty('kpi')
    const kpi = { ...onKpi, goalId: 'goal_1', currency: ' eur', filter: { region: ['EMEA'] } }
    expect(ruleInput(kpi, true)).toMatchObject({
      kpi: { metric: 'DSO', currency: 'EUR', filter: { region: ['EMEA'] } },
      condition: { above: '45' },
    })
    expect(ruleInput(kpi, true)).not.toHaveProperty('goalId')
  })

  it('says of a milestone neither how long it lasts nor when it is over', () => {
    const draft = { ...onGoal, kind: 'MILESTONE', forDays: '3', keepFiringDays: '2', recovery: '1' } as const
    expect(ruleInput(draft, true)).toMatchObject({ forDays: 0, keepFiringDays: 0, recovery: null })
  })

  it('is tried once it says enough, without what does not matter', () => {
    expect(triedRule(emptyRule)).toBeNull()
    expect(triedRule({ ...onKpi, threshold: '' })).toBeNull()
    expect(triedRule({ ...onKpi, threshold: '4x' })).toBeNull()
    expect(triedRule({ ...onKpi, forDays: '1.5' })).toBeNull()
    expect(triedRule({ ...onKpi, recovery: '-' })).toBeNull()
    expect(triedRule({ ...onGoal, statuses: [] })).toBeNull()
    const tried = triedRule({ ...onKpi, name: '', isQuiet: true, channelIds: ['alertChannel_1'] })
    expect(tried).toMatchObject({ kpi: { metric: 'DSO' }, condition: { above: '45' } })
    expect(tried).not.toHaveProperty('quietHours')
    expect(tried).not.toHaveProperty('channelIds')
  })
})

describe('a rule that is changed', () => {
  const opened = { ...draftOfRule(rule), channelIds: ['b', 'a'] }

  it('is sent as far as it differs from what the form was opened with', () => {
    expect(ruleChanges(opened, opened)).toEqual({})
    expect(ruleChanges(opened, { ...opened, channelIds: ['a', 'b'] })).toEqual({})
    expect(ruleChanges(opened, { ...opened, days: '30', repeatDays: '', recovery: ' ' })).toEqual({
      condition: { up: { by: '1.50', days: 30 } },
      recovery: null,
      repeatDays: null,
    })
    expect(ruleChanges(opened, { ...opened, isQuiet: false, channelIds: ['a'] })).toEqual({
      quietHours: null,
      channelIds: ['a'],
    })
  })

  it('is tried with its changes, by its id', () => {
    expect(triedChange(rule, opened, { ...opened, forDays: '5', name: 'Other', isQuiet: false })).toEqual({
      rule: 'alertRule_1',
      expectedVersion: 3,
      forDays: 5,
    })
    expect(triedChange(rule, opened, { ...opened, threshold: '' })).toBeNull()
  })
})

describe('a rule in words', () => {
  it('says all that it does beside its condition', () => {
    expect(termsInWords(rule)).toEqual([
      'for 2 days',
      'over at 0.5 or better',
      'over once well for 1 day',
      'told again each 7 days',
      'fires without data',
      'silent 20:00 to 07:00 and on weekends',
    ])
  })

  it('says what a threshold is typed in', () => {
    expect(thresholdHint('ABOVE', 'MONEY', 'EUR')).toBe('In EUR.')
    expect(thresholdHint('BEHIND_BY', 'PERCENT', 'EUR')).toBe('In percentage points.')
    expect(thresholdHint('PROBABILITY_BELOW', null, 'EUR')).toBe('In percent, 0 to 100.')
    expect(thresholdHint('ABOVE', 'COUNT', 'EUR')).toBe('')
  })
})

describe('a change of a rule in words', () => {
  it.each([
    [{ field: 'enabled', from: 'true', to: 'false' }, 'Switched off'],
    [{ field: 'forDays', from: '0', to: '3' }, 'Days that it holds: 0, now 3'],
    [{ field: 'recovery', from: '1.5', to: null }, 'Recovery: 1.5, now none'],
    [{ field: 'condition', from: '{"kind":"ABOVE"}', to: '{"kind":"BELOW"}' }, 'Condition'],
    [{ field: 'quietHours', from: null, to: '{"from":"20:00"}' }, 'Quiet hours'],
    [{ field: 'somethingNew', from: 'a', to: 'b' }, 'somethingNew: a, now b'],
  ])('%j', (change, words) => {
    expect(ruleChangeWords(change)).toBe(words)
  })
})

describe('the list of rules', () => {
  const goal = { id: 'goal_1', name: 'Bring DSO down', state: 'ACTIVE' } as const
  const rules: readonly RuleList_RuleFragment[] = [
    { ...rule, id: 'a', goal, name: 'Missed', state: 'FIRING' },
    { ...rule, id: 'b', enabled: false, state: 'FIRING' },
    { ...rule, id: 'c', goal: { ...goal, id: 'goal_2', name: 'Another' } },
  ]
  const shown = (query: string) =>
    rulesThatFit(rules, parseRuleSearch(new URLSearchParams(query))).map(({ id }) => id)

  it.each([
    ['', ['a', 'b', 'c']],
    ['show=nonsense', ['a', 'b', 'c']],
    ['show=on', ['a', 'c']],
    ['show=off', ['b']],
    ['show=firing', ['a']],
    ['q=dso+MISSED', ['a']],
    ['q=emea', ['a', 'b', 'c']],
    ['q=zzz', []],
  ])('shows of ?%s', (query, ids) => {
    expect(shown(query)).toEqual(ids)
  })

  it('groups by what is watched, KPIs first', () => {
    expect(groupRules(rules).map((group) => group.goal?.name ?? null)).toEqual([
      null,
      'Another',
      'Bring DSO down',
    ])
  })
})

describe('what a trial is judged as', () => {
  const counts = {
    from: '2024-11-22',
    to: '2026-11-22',
    fired: 4,
    falseAlarms: 0,
    missedGoals: null,
    missedSilently: null,
  }
  it.each([
    [{}, 0, 'well', /Seldom/],
    [{ fired: 0 }, 0, 'idle', /would not have fired/],
    [{ falseAlarms: 3 }, 0, 'watch', /^Most of it for nothing/],
    [{ falseAlarms: 2 }, 0, 'watch', /^Much of it for nothing/],
    [{ fired: 25, falseAlarms: null }, 0, 'watch', /once a month/],
    [{ fired: 25, missedGoals: 3, missedSilently: 0 }, 5, 'well', /Seldom/],
    [{ fired: 31, missedGoals: 3, missedSilently: 0 }, 5, 'watch', /6 times a goal/],
    [{ missedGoals: 3, missedSilently: 1 }, 5, 'watch', /^A goal like it was missed/],
  ] as const)('%j on %d goals is %s', (changes, goals, tone, words) => {
    const verdict = verdictOf({ ...counts, ...changes }, goals)
    expect(verdict).toEqual({ tone, words: expect.stringMatching(words) })
  })
})
