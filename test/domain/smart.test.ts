import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultConventions } from '@tidemark/server/domain/conventions.ts'
import { subjectOf } from '@tidemark/server/domain/goal-words.ts'
import { Exact } from '@tidemark/server/domain/money.ts'
import { kpiDefinition } from '@tidemark/server/domain/registry.ts'
import {
  achievableOf,
  limitOf,
  measurableOf,
  smartSentence,
  specificOf,
  timeBoundOf,
  timeOf,
  worstOf,
  type Attainability,
  type SmartGoal,
} from '@tidemark/server/domain/smart.ts'
import { conflictOf, relevantOf, type Aiming } from '@tidemark/server/domain/smart-conflicts.ts'
import { windowsOfChange, windowsWithin } from '@tidemark/server/domain/smart-history.ts'
import type { KpiMetric } from '@tidemark/server/domain/kpi.ts'

const date = (text: string) => Temporal.PlainDate.from(text)
const TODAY = date('2026-11-01')

const goalOf = (metric: KpiMetric, goal: Partial<SmartGoal> = {}): SmartGoal => ({
  direction: 'DECREASE',
  kpi: kpiDefinition(metric),
  subject: subjectOf(kpiDefinition(metric), 'USD'),
  conventions: defaultConventions,
  scope: 'Region EMEA',
  owner: 'Ana',
  baseline: new Exact('46.2'),
  baselineOn: TODAY,
  target: new Exact('38'),
  band: null,
  milestones: 0,
  startsOn: TODAY,
  deadline: date('2027-06-30'),
  ...goal,
})
const dso = (goal: Partial<SmartGoal> = {}) => goalOf('DSO', goal)

describe('the sentence of a goal', () => {
  it.each([
    [
      dso(),
      'Cut DSO (3 months) of Region EMEA from 46.2 days on 1 Nov 2026 to 38.0 days by 30 Jun 2027, owner Ana',
    ],
    [
      dso({ baseline: null, target: null, owner: null, deadline: null, scope: 'All receivables' }),
      'Cut DSO (3 months) of all receivables to a target to be set by a deadline to be set, nobody named as owner',
    ],
    [
      goalOf('PAST_DUE', { baseline: new Exact(120_000), target: new Exact(100_000) }),
      'Cut Past due of Region EMEA from USD 120,000 on 1 Nov 2026 to USD 100,000 by 30 Jun 2027, owner Ana',
    ],
    [
      dso({ direction: 'MAINTAIN_BAND', band: { low: new Exact(40), high: new Exact(44) }, target: null }),
      'Keep DSO (3 months) of Region EMEA between 40.0 days and 44.0 days until 30 Jun 2027, owner Ana',
    ],
    [
      dso({ direction: 'MILESTONES', kpi: null, subject: null, milestones: 4 }),
      'Complete all 4 milestones by 30 Jun 2027, owner Ana',
    ],
  ])('is made of what was chosen', (goal, sentence) => {
    expect(smartSentence(goal)).toBe(sentence)
  })
})

describe('specific', () => {
  it.each([
    [{}, 'PASS'],
    [{ owner: null }, 'WARN'],
    [{ target: null }, 'FAIL'],
    [{ kpi: null, subject: null }, 'FAIL'],
    [{ direction: 'MAINTAIN_BAND' as const }, 'FAIL'],
    [{ direction: 'MILESTONES' as const, milestones: 0 }, 'FAIL'],
  ])('of %o is %s', (goal, verdict) => {
    expect(specificOf(dso(goal)).verdict).toBe(verdict)
  })
})

describe('measurable', () => {
  const known = { value: new Exact('46.2'), reason: null, failure: null, lastPostedOn: TODAY, points: 90 }
  it.each([
    [{}, 'PASS', 'Today it is 46.2 days, from books that are up to date, with 90 weeks of history.'],
    [
      { lastPostedOn: date('2026-10-25') },
      'WARN',
      'Today it is 46.2 days, but nothing was posted since 25 Oct 2026, so it may be old.',
    ],
    [{ points: 11 }, 'WARN', 'Today it is 46.2 days; with a past of 11 weeks nobody can tell what is usual.'],
    [
      { value: null, reason: 'INSUFFICIENT_HISTORY' as const },
      'FAIL',
      'DSO cannot be measured today: the books begin after its window does.',
    ],
  ])('%o', (measured, verdict, sentence) => {
    expect(measurableOf(dso(), { ...known, ...measured }, TODAY)).toEqual({ verdict, sentence })
  })

  it('is fresh until six days after the last posting', () => {
    const { verdict } = measurableOf(dso(), { ...known, lastPostedOn: date('2026-10-26') }, TODAY)
    expect(verdict).toBe('PASS')
  })
})

describe('windows of the past', () => {
  it('are all that have both ends; the best is told with its place', () => {
    const series = [50, 48, null, 45, 47, 49, 46]
    const asked = { baseline: 46, target: 43, unit: 'DAYS' as const, weeks: 3 }
    // 50-45, 48-47, (null-49), 45-46.
    expect(windowsOfChange(series, asked)).toEqual({
      weeks: 3,
      windows: 3,
      reached: 1,
      needed: -3,
      isRelative: false,
      best: { change: -5, from: 0, to: 3 },
    })
  })

  it('of money count in percent, and not from next to nothing', () => {
    const asked = { baseline: 100, target: 150, unit: 'MONEY' as const, weeks: 1 }
    expect(windowsOfChange([1, 20, 40, 70, 100], asked)).toMatchObject({
      windows: 2,
      reached: 1,
      needed: 50,
      isRelative: true,
      best: { change: 75, from: 2, to: 3 },
    })
  })

  it('of a band are those that begin within', () => {
    const told = windowsWithin([9, 5, 6, 9, 6, 5], { low: 4, high: 6, weeks: 1 })
    expect(told).toMatchObject({ windows: 3, reached: 2, needed: null })
  })

  it('never reach more often what is harder', () => {
    const values = fc.array(fc.option(fc.double({ min: 1, max: 100, noNaN: true }), { nil: null }), {
      maxLength: 40,
    })
    const run = fc.property(
      values,
      fc.integer({ min: 1, max: 9 }),
      fc.double({ min: 0.1, max: 30, noNaN: true }),
      (series, weeks, way) => {
        const reached = (size: number) =>
          windowsOfChange(series, { baseline: 60, target: 60 - size, unit: 'DAYS', weeks }).reached
        return reached(way * 1.5) <= reached(way)
      },
    )
    expect(fc.check(run).failed).toBe(false)
  })
})

describe('achievable', () => {
  const past = (reached: number, windows = 100) => ({
    weeks: 34,
    windows,
    reached,
    needed: -8.2,
    isRelative: false,
    best: { change: -9.1, from: 0, to: 34 },
  })
  const known: Attainability = {
    current: new Exact('46.2'),
    limit: null,
    history: past(3),
    dayAt: (place) => date('2024-01-01').add({ weeks: place }),
    probability: 45,
  }
  it.each([
    [
      {},
      'PASS',
      'If it goes on as it did, it is 45 % likely to be reached by the deadline. In 3 of 100 spans of 34 weeks in the past it fell by 8.2 days or more. At best it fell by 9.1 days, from 1 Jan 2024 to 26 Aug 2024.',
    ],
    [
      { probability: 19, history: null },
      'WARN',
      'If it goes on as it did, it is 19 % likely to be reached by the deadline. Something must change.',
    ],
    [
      { probability: null, history: null },
      'WARN',
      'The books are too young for so long a time: nobody can tell.',
    ],
    [
      { limit: { value: new Exact('38.3'), kind: 'BEST_POSSIBLE_DSO' as const } },
      'FAIL',
      'Even with nothing past due DSO would be 38.3 days today, so 38.0 days takes shorter terms, not better collection.',
    ],
  ])('%o', (change, verdict, sentence) => {
    expect(achievableOf(dso(), { ...known, ...change })).toEqual({ verdict, sentence })
  })

  it.each([
    ['never happened in a dozen windows', { history: past(0, 12) }, 'WARN'],
    ['never happened, in too few windows to tell', { history: past(0, 11) }, 'PASS'],
    ['no forecast, and it happened', { probability: null }, 'PASS'],
    ['no forecast, and too few windows', { probability: null, history: past(2, 5) }, 'WARN'],
    ['won already', { current: new Exact(38) }, 'WARN'],
    ['at the limit', { limit: { value: new Exact(38), kind: 'ZERO' as const } }, 'PASS'],
  ])('%s', (_what, change, verdict) => {
    expect(achievableOf(dso(), { ...known, ...change }).verdict).toBe(verdict)
  })

  it.each([
    ['DSO', 'DECREASE', { kind: 'BEST_POSSIBLE_DSO' }],
    ['DSO', 'INCREASE', null],
    ['PAST_DUE', 'DECREASE', { kind: 'ZERO' }],
    ['AVERAGE_DAYS_LATE', 'DECREASE', null],
    ['CURRENT_SHARE', 'INCREASE', { kind: 'WHOLE' }],
    ['CASH_COLLECTED', 'INCREASE', null],
  ] as const)('%s to %s has the limit %o', (metric, direction, limit) => {
    const told = limitOf(goalOf(metric, { direction }), new Exact(30))
    expect(told && { kind: told.kind }).toEqual(limit)
  })
})

describe('time-bound', () => {
  const rate = (deadline: string) => goalOf('ON_TIME_RATE', { deadline: date(deadline) })
  it.each([
    [dso(), 'PASS', { daysLeft: 241, weeklyPoints: 34, periodEnds: 8, isPeriodEnd: true }],
    [dso({ deadline: null }), 'FAIL', { daysLeft: null, weeklyPoints: null }],
    [dso({ deadline: date('2026-10-31'), startsOn: date('2026-01-01') }), 'FAIL', { daysLeft: -1 }],
    [dso({ deadline: date('2026-11-28') }), 'WARN', { weeklyPoints: 3 }],
    [dso({ deadline: date('2026-11-29') }), 'PASS', { weeklyPoints: 4 }],
    [rate('2026-12-30'), 'WARN', { periodEnds: 1, isPeriodEnd: false, nearestPeriodEnd: date('2026-12-31') }],
    [rate('2026-12-31'), 'PASS', { periodEnds: 2, isPeriodEnd: true }],
    [rate('2027-01-10'), 'WARN', { periodEnds: 2, isPeriodEnd: false, nearestPeriodEnd: date('2026-12-31') }],
  ])('%#', (goal, verdict, time) => {
    const told = timeOf(goal, TODAY)
    expect(timeBoundOf(goal, told).verdict).toBe(verdict)
    expect(told).toMatchObject(time)
  })

  it('goes by the fiscal calendar', () => {
    const calendar = { kind: 'WEEKS_4_4_5', yearStartMonth: 1, weekStartsOn: 'MONDAY' } as const
    const conventions = { ...defaultConventions, calendar }
    // The fiscal year of 2026 ends on Sunday 3 January 2027.
    const told = timeOf(dso({ conventions, deadline: date('2027-01-03') }), TODAY)
    expect(told).toMatchObject({ periodEnds: 2, isPeriodEnd: true })
  })
})

describe('goals that are in each other’s way', () => {
  const aiming = (metric: KpiMetric, aim: Partial<Aiming> = {}): Aiming => ({
    kpi: kpiDefinition(metric),
    measuredIn: 'same',
    filter: {},
    direction: 'DECREASE',
    target: new Exact(38),
    band: null,
    startsOn: TODAY,
    deadline: date('2027-06-30'),
    ...aim,
  })
  const later = { deadline: date('2027-12-31') }
  it.each([
    ['the same goal twice', aiming('DSO'), aiming('DSO'), 'DUPLICATE'],
    [
      'another target on the day',
      aiming('DSO'),
      aiming('DSO', { target: new Exact(40) }),
      'DIFFERENT_TARGET',
    ],
    ['a further step', aiming('DSO'), aiming('DSO', { target: new Exact(36), ...later }), null],
    ['a step back', aiming('DSO'), aiming('DSO', { target: new Exact(40), ...later }), 'DIFFERENT_TARGET'],
    ['up and down', aiming('DSO'), aiming('DSO', { direction: 'INCREASE' }), 'OPPOSITE_DIRECTION'],
    [
      'up in a part',
      aiming('DSO'),
      aiming('DSO', { direction: 'INCREASE', filter: { region: ['EMEA'] } }),
      'OPPOSITE_DIRECTION',
    ],
    [
      'elsewhere',
      aiming('DSO', { filter: { region: ['APAC'] } }),
      aiming('DSO', { direction: 'INCREASE', filter: { region: ['EMEA'] } }),
      null,
    ],
    [
      'a part of its own',
      aiming('DSO'),
      aiming('DSO', { target: new Exact(50), filter: { region: ['EMEA'] } }),
      null,
    ],
    [
      'another window',
      aiming('DSO'),
      aiming('DSO', { target: new Exact(40), measuredIn: '12 months' }),
      null,
    ],
    [
      'out of a band',
      aiming('DSO'),
      aiming('DSO', {
        direction: 'MAINTAIN_BAND',
        target: null,
        band: { low: new Exact(40), high: new Exact(44) },
      }),
      'OPPOSITE_DIRECTION',
    ],
    ['growth', aiming('DSO'), aiming('SALES', { direction: 'INCREASE' }), 'PULLS_AGAINST'],
    ['what goes together', aiming('DSO'), aiming('PAST_DUE'), null],
    ['another time', aiming('DSO'), aiming('DSO', { startsOn: date('2027-07-01'), ...later }), null],
  ])('%s', (_what, one, other, kind) => {
    expect(conflictOf(one, other, 'Other')?.kind ?? null).toBe(kind)
    expect(conflictOf(other, one, 'Other')?.kind ?? null).toBe(kind)
  })

  it('make it less relevant, as does to serve nothing', () => {
    const conflicts = [conflictOf(aiming('DSO'), aiming('SALES', { direction: 'INCREASE' }), 'Grow')].flatMap(
      (one) => one ?? [],
    )
    expect(relevantOf({ why: 'Cash', parent: null, conflicts: [] }).verdict).toBe('PASS')
    expect(relevantOf({ why: null, parent: null, conflicts: [] }).verdict).toBe('WARN')
    expect(relevantOf({ why: null, parent: 'Less tied up', conflicts })).toEqual({
      verdict: 'WARN',
      sentence:
        'It serves "Less tied up". It pulls against "Grow": more is sold on credit before it is collected, so growth raises what is owed.',
    })
  })
})

it('is as good as its worst letter', () => {
  expect(worstOf(['PASS', 'WARN', 'PASS'])).toBe('WARN')
  expect(worstOf(['WARN', 'FAIL', 'PASS'])).toBe('FAIL')
})
