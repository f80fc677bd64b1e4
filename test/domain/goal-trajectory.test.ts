/** The shapes of trajectories, bands, and what holds of every goal that stands where it should. */
import * as fc from 'fast-check'
import { Exact } from '@tidemark/server/domain/money.ts'
import { judge } from '@tidemark/server/domain/goal-status.ts'
import {
  equalSteps,
  expectedOf,
  expectedOn,
  monthEndsWithin,
  seasonalPoints,
  trajectoryFault,
  type AimedGoal,
  type BandGoal,
  type Shape,
  type TrajectoryPoint,
} from '@tidemark/server/domain/goal-trajectory.ts'
import { describe, expect, it } from 'vitest'

const day = (text: string) => Temporal.PlainDate.from(text)
const exact = (value: string | number) => new Exact(value)
const point = (on: string, value: number): TrajectoryPoint => ({ on: day(on), value: exact(value) })

/** From 50 to 40 over 100 days. */
const dso: AimedGoal = {
  baseline: exact(50),
  target: exact(40),
  startsOn: day('2026-01-01'),
  deadline: day('2026-04-11'),
  direction: 'DECREASE',
  subject: { name: 'DSO', plural: false, unit: 'DAYS', currency: 'USD' },
}
const shaped = (kind: Shape['kind'], points: readonly TrajectoryPoint[]): AimedGoal => ({
  ...dso,
  shape: { kind, points },
})
const valuesOn = (goal: AimedGoal, days: readonly string[]) =>
  days.map((on) => expectedOn(goal, day(on)).toString())

describe('steps', () => {
  it('are equal at the ends of months, the last on the deadline', () => {
    const steps = equalSteps(dso)
    expect(steps.map(({ on, value }) => [on.toString(), value.toString()])).toEqual([
      ['2026-01-31', '47.5'],
      ['2026-02-28', '45'],
      ['2026-03-31', '42.5'],
    ])
    const days = [
      '2025-12-01',
      '2026-01-30',
      '2026-01-31',
      '2026-02-27',
      '2026-03-31',
      '2026-04-10',
      '2026-04-11',
    ]
    expect(valuesOn(shaped('STEPPED', steps), days)).toEqual([
      '50',
      '50',
      '47.5',
      '47.5',
      '42.5',
      '42.5',
      '40',
    ])
  })

  it('are one, on the deadline, where no month ends before it', () => {
    const short = { ...dso, startsOn: day('2026-03-31'), deadline: day('2026-04-30') }
    expect(equalSteps(short)).toEqual([])
    expect(
      expectedOn({ ...short, shape: { kind: 'STEPPED', points: [] } }, day('2026-04-29')).toString(),
    ).toBe('50')
  })

  it('hold the points that were given until the next', () => {
    const goal = shaped('STEPPED', [point('2026-01-11', 49), point('2026-03-01', 41)])
    expect(valuesOn(goal, ['2026-01-10', '2026-01-11', '2026-02-28', '2026-03-01', '2026-05-01'])).toEqual([
      '50',
      '49',
      '49',
      '41',
      '40',
    ])
  })
})

describe('points', () => {
  it('are gone to in straight lines', () => {
    const goal = shaped('CUSTOM', [point('2026-01-11', 52), point('2026-01-21', 42)])
    expect(valuesOn(goal, ['2026-01-06', '2026-01-11', '2026-01-16', '2026-01-21', '2026-03-02'])).toEqual([
      '51',
      '52',
      '47',
      '42',
      '41',
    ])
  })

  it.each([
    ['on the first day', [point('2026-01-01', 48)]],
    ['on the deadline', [point('2026-04-11', 48)]],
    ['twice on a day', [point('2026-02-01', 48), point('2026-02-01', 47)]],
    ['backwards', [point('2026-02-02', 48), point('2026-02-01', 47)]],
  ])('are refused %s', (_where, points) => {
    expect(trajectoryFault(shaped('CUSTOM', points))?.field).toBe('trajectory')
  })
})

describe('a season', () => {
  it('lays how a year went around its straight line over the goal’s own', () => {
    // A year ago it went from 60 to 60, with a fifth more at the end of February.
    const year = [60, 60, 72, 60, 60].map(exact)
    const points = seasonalPoints(dso, [year])
    expect(points?.map(({ on, value }) => [on.toString(), value.toString()])).toEqual([
      ['2026-01-31', '47'],
      ['2026-02-28', '53.04'],
      ['2026-03-31', '41.1'],
    ])
  })

  it('is the average of its years', () => {
    const points = seasonalPoints(dso, [[60, 60, 72, 60, 60].map(exact), [30, 30, 30, 30, 30].map(exact)])
    expect(points?.[1]?.value.toString()).toBe('48.62')
  })

  it('is none without years, and none of values that are not above 0', () => {
    expect(seasonalPoints(dso, [])).toBeNull()
    expect(seasonalPoints(dso, [[60, 0, 72, 60, 60].map(exact)])).toBeNull()
  })
})

describe('a band', () => {
  const band: BandGoal = {
    baseline: exact(45),
    startsOn: dso.startsOn,
    deadline: dso.deadline,
    subject: dso.subject,
    direction: 'MAINTAIN_BAND',
    band: { low: exact(40), high: exact(50) },
  }
  const on = (date: string, value: string | number) =>
    judge(band, { value: exact(value), reason: null, failure: null }, day(date), day(date))

  it.each([
    [40, 'ON_TRACK'],
    [45, 'ON_TRACK'],
    [50, 'ON_TRACK'],
    ['50.0000000001', 'AT_RISK'],
    [52.5, 'AT_RISK'],
    [37.5, 'AT_RISK'],
    ['52.5000000001', 'OFF_TRACK'],
    ['37.4999999999', 'OFF_TRACK'],
    [90, 'OFF_TRACK'],
  ])('from 40 to 50 is at %s %s', (value, status) => {
    expect(on('2026-02-20', value).status).toBe(status)
  })

  it.each([
    ['2026-02-20', 45, 'DSO is 45.0 days, within the band of 40.0 days to 50.0 days.'],
    ['2026-02-20', 52, 'DSO is 52.0 days, 2.0 days above the band of 40.0 days to 50.0 days.'],
    ['2026-02-20', 37, 'DSO is 37.0 days, 3.0 days below the band of 40.0 days to 50.0 days.'],
    [
      '2026-04-12',
      45,
      'DSO was 45.0 days on the deadline, 11 Apr 2026, within the band of 40.0 days to 50.0 days.',
    ],
    [
      '2026-04-12',
      51,
      'DSO was 51.0 days on the deadline, 11 Apr 2026, outside the band of 40.0 days to 50.0 days.',
    ],
  ])('says on %s at %s: %s', (date, value, reason) => {
    expect(on(date, value).reason).toBe(reason)
  })

  it('is decided after the deadline, and expects no value in particular', () => {
    expect([on('2026-04-12', 45).status, on('2026-04-12', 51).status]).toEqual(['ACHIEVED', 'MISSED'])
    expect(expectedOf(band, day('2026-02-20'))).toBeNull()
  })

  it('must have its low below its high', () => {
    expect(trajectoryFault(band)).toBeNull()
    expect(trajectoryFault({ ...band, band: { low: exact(50), high: exact(50) } })?.field).toBe('band')
    expect(trajectoryFault({ ...band, band: { low: exact(51), high: exact(50) } })?.field).toBe('band')
  })
})

const amounts = fc.integer({ min: 1, max: 1_000_000 }).map((cents) => exact(cents).div(100))

/** Goals of every shape, between 2 and 400 days long. */
const goals = fc
  .record({
    baseline: amounts,
    target: amounts,
    start: fc.integer({ min: 0, max: 800 }),
    length: fc.integer({ min: 2, max: 400 }),
    kind: fc.constantFrom('LINEAR' as const, 'STEPPED' as const, 'CUSTOM' as const, 'SEASONAL' as const),
    values: fc.array(amounts, { minLength: 20, maxLength: 20 }),
    gaps: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 20 }),
  })
  .filter(({ baseline, target }) => !baseline.eq(target))
  .map(({ baseline, target, start, length, kind, values, gaps }): AimedGoal => {
    const startsOn = day('2026-01-01').add({ days: start })
    const direction = target.gt(baseline) ? ('INCREASE' as const) : ('DECREASE' as const)
    const goal = { ...dso, baseline, target, direction, startsOn, deadline: startsOn.add({ days: length }) }
    if (kind === 'LINEAR') return goal
    if (kind === 'SEASONAL') {
      const year = values.slice(0, monthEndsWithin(goal).length + 2)
      return { ...goal, shape: { kind, points: seasonalPoints(goal, [year]) ?? [] } }
    }
    let after = 0
    const points = gaps.flatMap((gap, index) => {
      after += gap
      const value = values[index]
      return after < length && value !== undefined ? [{ on: startsOn.add({ days: after }), value }] : []
    })
    return { ...goal, shape: { kind, points } }
  })

describe('every trajectory', () => {
  it('begins at the baseline, ends at the target and passes its points', () => {
    fc.assert(
      fc.property(goals, (goal) => {
        expect(trajectoryFault(goal)).toBeNull()
        expect(expectedOn(goal, goal.startsOn)).toEqual(goal.baseline)
        expect(expectedOn(goal, goal.deadline)).toEqual(goal.target)
        for (const { on, value } of goal.shape?.points ?? [])
          expect(expectedOn(goal, on).eq(value)).toBe(true)
      }),
    )
  })

  it('is never OFF_TRACK for who stands on it', () => {
    fc.assert(
      fc.property(goals, fc.integer({ min: -5, max: 410 }), (goal, after) => {
        const today = goal.startsOn.add({ days: after })
        const value = expectedOn(goal, today)
        const { status } = judge(goal, { value, reason: null, failure: null }, today, today)
        expect(['PENDING_START', 'ON_TRACK', 'ACHIEVED']).toContain(status)
      }),
    )
  })
})
