/** The pure parts of the pages of goals: their filters in the address, their order, the days of a chart, an edit. */
import { alertFilterOf, parseAlertSearch } from '@tidemark/client/components/alert-words.ts'
import { chartDays, historyDaysOf } from '@tidemark/client/components/goal-days.ts'
import { checkInput, checklistInput, emptyDraft, goalInput } from '@tidemark/client/components/goal-draft.ts'
import { decimalOf, editInput, type GoalEdit } from '@tidemark/client/components/goal-edit.ts'
import { usualGuards } from '@tidemark/client/components/guards-field.tsx'
import { type ListedGoal, parseGoalSearch, placeGoals } from '@tidemark/client/components/goal-search.ts'
import { goalSentence } from '@tidemark/client/components/goal-words.ts'
import type { GoalDetail_GoalFragment } from '@tidemark/client/documents.generated.ts'
import { formatDistance } from '@tidemark/client/format/quantity.ts'
import { describe, expect, it } from 'vitest'

const progress = {
  sequence: '1',
  asOf: '2026-11-22',
  value: 44,
  valueReason: null,
  expected: 43,
  percentToTarget: 50,
  status: 'ON_TRACK',
  statusReason: 'On its way.',
  recordedAt: '2026-11-22T10:00:00Z',
} as const

const goalOf = (id: string, more: Partial<ListedGoal> = {}): ListedGoal => ({
  id,
  name: `Goal ${id}`,
  direction: 'DECREASE',
  scope: 'All receivables',
  currency: 'USD',
  baseline: 52,
  target: 41,
  deadline: '2026-12-31',
  daysLeft: 39,
  state: 'ACTIVE',
  outcome: null,
  band: null,
  parent: null,
  owner: { id: 'person_1', name: 'Ana Brandt' },
  metric: { metric: 'DSO', name: 'Days sales outstanding', unit: 'DAYS' },
  progress,
  ...more,
})

const goals: readonly ListedGoal[] = [
  goalOf('a'),
  goalOf('b', { progress: { ...progress, status: 'OFF_TRACK', percentToTarget: -20 }, owner: null }),
  goalOf('c', {
    parent: { id: 'a', name: 'Goal a' },
    scope: 'Region EMEA',
    deadline: '2027-06-30',
    daysLeft: 220,
  }),
  goalOf('d', { state: 'DRAFT', progress: null, metric: null, direction: 'MILESTONES' }),
  goalOf('e', {
    state: 'CLOSED',
    outcome: 'MISSED',
    daysLeft: -40,
    progress: { ...progress, status: 'MISSED' },
  }),
]

const listed = (query: string) =>
  placeGoals(goals, parseGoalSearch(new URLSearchParams(query))).map(
    ({ goal, depth }) => `${goal.id}${depth}`,
  )

describe('the list of goals', () => {
  it.each([
    ['', ['b0', 'a0', 'c1', 'd0']],
    ['state=all', ['b0', 'a0', 'c1', 'd0', 'e0']],
    ['state=closed', ['e0']],
    ['state=nonsense&sort=name', ['a0', 'c1', 'b0', 'd0']],
    ['status=off_track', ['b0']],
    ['owner=none', ['b0']],
    ['metric=checklist', ['d0']],
    ['metric=dso&sort=way', ['b0', 'a0', 'c1']],
    ['deadline=later', ['c0']],
    ['deadline=90d', ['b0', 'a0', 'd0']],
    ['state=all&deadline=past', ['e0']],
    ['q=EMEA', ['c0']],
    ['q=days+ana', ['a0', 'c1']],
    ['q=nothing+of+the+kind', []],
  ])('"%s" shows %j', (query, expected) => {
    expect(listed(query)).toEqual(expected)
  })

  it('says what a part belongs to where that is not in the list', () => {
    const [only] = placeGoals(goals, parseGoalSearch(new URLSearchParams('q=EMEA')))
    expect(only?.partOf).toEqual({ id: 'a', name: 'Goal a' })
  })
})

const detail = (more: Partial<GoalDetail_GoalFragment> = {}): GoalDetail_GoalFragment => ({
  ...goalOf('a'),
  why: null,
  version: 1,
  guards: ['WRITTEN_OFF', 'CREDITED'],
  stateReason: null,
  reviews: [],
  startsOn: '2026-11-20',
  deadline: '2026-11-26',
  baselineOn: '2026-11-20',
  baselineEvidence: {
    numerator: null,
    denominator: null,
    yearBeforeOn: '2025-11-20',
    yearBefore: null,
    yearBeforeReason: null,
  },
  baseline: 10,
  target: 4,
  targetGiven: null,
  trajectory: { kind: 'LINEAR', points: [] },
  reviewer: null,
  followers: [],
  parentShare: null,
  children: [],
  childrenTotal: { value: null, baseline: null, target: null, reason: 'NO_CHILDREN' },
  milestones: [],
  actions: [],
  notes: [],
  changes: [],
  ...more,
})

const history = [
  { date: '2026-11-19', value: null, expected: null },
  { date: '2026-11-20', value: 10, expected: 10 },
  { date: '2026-11-21', value: 9.5, expected: 9 },
]
const expectedAhead = (goal: GoalDetail_GoalFragment) =>
  chartDays(goal, history)
    .slice(2)
    .map(({ expected }) => expected)

describe('the days of a chart', () => {
  it('begin with the goal or with the first value, and end with the deadline', () => {
    const days = chartDays(detail(), history).map(({ date }) => date)
    expect(days).toEqual(['20', '21', '22', '23', '24', '25', '26'].map((day) => `2026-11-${day}`))
  })

  it('go straight to the target, by points, or in steps that hold until the next', () => {
    const points = [{ on: '2026-11-24', value: 5 }]
    expect(expectedAhead(detail())).toEqual([8, 7, 6, 5, 4])
    expect(expectedAhead(detail({ trajectory: { kind: 'CUSTOM', points } }))).toEqual([7.5, 6.25, 5, 4.5, 4])
    expect(expectedAhead(detail({ trajectory: { kind: 'STEPPED', points } }))).toEqual([10, 10, 5, 5, 4])
  })

  it('expect nothing of a band', () => {
    const band = detail({
      direction: 'MAINTAIN_BAND',
      target: null,
      trajectory: null,
      band: { low: 3, high: 5 },
    })
    expect(expectedAhead(band)).toEqual([null, null, null, null, null])
  })

  it('end with today where the deadline has passed', () => {
    expect(chartDays(detail({ deadline: '2026-11-20' }), history).at(-1)?.date).toBe('2026-11-21')
  })

  it('go back as far as the API does', () => {
    expect(historyDaysOf({ startsOn: '2026-11-01' }, '2026-11-22')).toBe(90)
    expect(historyDaysOf({ startsOn: '2026-05-06' }, '2026-11-22')).toBe(230)
    expect(historyDaysOf({ startsOn: '2020-01-01' }, '2026-11-22')).toBe(400)
  })
})

const edit: GoalEdit = {
  name: 'Goal a',
  why: '',
  targetKind: 'value',
  target: '4',
  low: '',
  high: '',
  deadline: '2026-11-26',
  way: 'keep',
  ownerId: 'person_1',
  reviewerId: '',
  followerIds: [],
  guards: ['CREDITED', 'WRITTEN_OFF'],
  parentId: '',
  reason: '',
}

describe('an edit', () => {
  it('sends nothing of what stayed as it was', () => {
    expect(editInput(detail(), edit)).toEqual({ goal: 'a' })
  })

  it('sends what differs, and takes away what was emptied', () => {
    const changed = { ...edit, target: '1 200.5', ownerId: '', way: 'stepped', reason: 'The plan moved.' }
    expect(editInput(detail(), changed)).toEqual({
      goal: 'a',
      target: '1200.5',
      ownerId: null,
      trajectory: { stepped: [] },
      reason: 'The plan moved.',
    })
  })

  it('sends the guards where they are others, and an empty list for none', () => {
    expect(editInput(detail(), { ...edit, guards: ['RE_BILLED', 'CREDITED'] })).toEqual({
      goal: 'a',
      guards: ['RE_BILLED', 'CREDITED'],
    })
    expect(editInput(detail(), { ...edit, guards: [] })).toEqual({ goal: 'a', guards: [] })
  })

  it('takes a target in percent or as a distance', () => {
    expect(editInput(detail(), { ...edit, targetKind: 'percent', target: '−10' })).toEqual({
      goal: 'a',
      targetBy: { percent: '-10' },
    })
    expect(editInput(detail(), { ...edit, targetKind: 'points', target: '-5' })).toEqual({
      goal: 'a',
      targetBy: { points: '-5' },
    })
  })

  it('keeps the edges of a band together', () => {
    const band = detail({ target: null, band: { low: 3, high: 5 } })
    expect(editInput(band, { ...edit, low: '3', high: '5' })).toEqual({ goal: 'a' })
    expect(editInput(band, { ...edit, low: '2', high: '5' })).toEqual({
      goal: 'a',
      band: { low: '2', high: '5' },
    })
  })

  it('reads numbers as people write them', () => {
    expect(['1,234.5', '−3', ' 1\u00a0000 '].map(decimalOf)).toEqual(['1234.5', '-3', '1000'])
    expect(['1200,5', '1,5', '12,00'].map(decimalOf)).toEqual(['1200,5', '1,5', '12,00'])
  })
})

describe('the words of a goal', () => {
  it('are one sentence of what, from where, to where, by when', () => {
    expect(goalSentence(detail())).toMatch(
      /^Days sales outstanding of All receivables: from 10\.0.days on .*2026.* down to 4\.0.days by .*2026\.$/,
    )
    expect(goalSentence(detail({ direction: 'MILESTONES', metric: null }))).toContain(
      'A checklist of 0 milestones',
    )
  })

  it('have distances without a sign, in points where values are percent', () => {
    expect(formatDistance(-1.23, { unit: 'PERCENT', currency: 'USD' }, 'whole', 'en')).toBe('1.2\u00a0pts')
    expect(formatDistance(2, { unit: 'DAYS', currency: 'USD' }, 'whole', 'en')).toBe('2.0\u00a0days')
  })
})

describe('a goal that is being written', () => {
  const draft = { ...emptyDraft('2026-11-22', 'person_1'), name: ' DSO down ', metric: 'DSO' as const }

  it('is checked without what is half typed', () => {
    expect(checkInput({ ...draft, target: '-' })).toEqual({
      name: 'DSO down',
      metric: 'DSO',
      direction: 'DECREASE',
      deadline: '2027-05-23',
      ownerId: 'person_1',
    })
    expect(checkInput({ ...draft, target: '41.5' })).toMatchObject({ target: '41.5' })
    expect(checkInput({ ...draft, direction: 'MAINTAIN_BAND', low: '3' })).not.toHaveProperty('band')
  })

  it('is created with what its target is given as', () => {
    const input = goalInput(
      { ...draft, targetKind: 'percent', target: '-10', guards: ['WRITTEN_OFF'] },
      'DSO',
      'DRAFT',
    )
    expect(input).toMatchObject({ targetBy: { percent: '-10' }, guards: ['WRITTEN_OFF'], state: 'DRAFT' })
  })

  it('begins with alert rules as it says, and says nothing of them where none may be made', () => {
    const rules = { template: 'cut-dso', hasRules: false }
    expect(goalInput({ ...draft, ...rules }, 'DSO', 'ACTIVE')).toMatchObject({
      template: 'cut-dso',
      defaultAlertRules: false,
    })
    expect(checklistInput({ ...draft, hasRules: true }, 'ACTIVE')).toMatchObject({ defaultAlertRules: true })
    expect(goalInput(draft, 'DSO', 'ACTIVE')).not.toHaveProperty('defaultAlertRules')
  })

  it('is a checklist of what has a name', () => {
    const milestones = [
      { key: '1', title: ' Letters ', dueOn: '2027-01-01' },
      { key: '2', title: ' ', dueOn: '' },
    ]
    const input = checklistInput({ ...draft, direction: 'MILESTONES', milestones }, 'ACTIVE')
    expect(input.milestones).toEqual([{ title: 'Letters', dueOn: '2027-01-01' }])
    expect(input).not.toHaveProperty('metric')
  })
})

describe('the guards of a KPI', () => {
  it('are those of its templates that can be watched, each once, in the order of the contract', () => {
    const templates = [
      {
        metric: { metric: 'DSO' },
        guards: [{ metric: 'UNAPPLIED_CASH' }, { metric: 'PAST_DUE_SHARE' }, { metric: 'CREDITED' }],
      },
      { metric: { metric: 'DSO' }, guards: [{ metric: 'CREDITED' }, { metric: 'WRITTEN_OFF' }] },
      { metric: { metric: 'PAST_DUE' }, guards: [{ metric: 'DISCOUNTED' }] },
      { metric: null, guards: [{ metric: 'ADJUSTED' }] },
    ] as const
    expect(usualGuards('DSO', templates)).toEqual(['WRITTEN_OFF', 'CREDITED', 'UNAPPLIED_CASH'])
    expect(usualGuards('CASH_COLLECTED', templates)).toEqual([])
  })
})

describe('the alerts of an address', () => {
  it.each([
    ['', { open: true }],
    ['show=new', { open: true, acknowledged: false }],
    ['show=over&severity=critical', { open: false, severities: ['CRITICAL'] }],
    ['show=all', {}],
    ['show=nonsense&severity=nonsense', { open: true }],
  ])('"%s" are %j', (query, filter) => {
    expect(alertFilterOf(parseAlertSearch(new URLSearchParams(query)))).toEqual(filter)
  })
})
