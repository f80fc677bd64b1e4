/** What alert rules see of a goal. */
import { describe, expect, it } from 'vitest'
import { readCondition } from '@tidemark/server/domain/alert-rule.ts'
import { sightOfGoal, type SeenProgress } from '@tidemark/server/live/alert-sight.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'

const goal = {
  metric: 'DSO',
  currency: 'EUR',
  direction: 'DECREASE',
  baseline: '50',
  target: '40',
  trajectory: 'LINEAR',
  trajectoryPoints: null,
  startsOn: Temporal.PlainDate.from('2026-01-01'),
  deadline: Temporal.PlainDate.from('2026-12-31'),
} as GoalRow
const seen = (more: Partial<SeenProgress>): SeenProgress => ({
  asOf: Temporal.PlainDate.from('2026-01-01'),
  value: '50',
  status: 'ON_TRACK',
  statusReason: 'It is.',
  ...more,
})

describe('a probability', () => {
  it('is stored as a share, and held against a threshold in percent', () => {
    const isBelow = (threshold: string, probability: number) =>
      readCondition({ kind: 'PROBABILITY_BELOW', threshold }, null, sightOfGoal(goal, seen({ probability })))
    expect(isBelow('50', 0.49)).toMatchObject({ isBeyond: true })
    expect(isBelow('50', 0.5)).toMatchObject({ isBeyond: false })
    expect(isBelow('50', 0.9)).toMatchObject({ isBeyond: false })
    expect(isBelow('0.5', 0.004)).toMatchObject({ isBeyond: true })
  })
})

describe('overdue reviews', () => {
  it.each([
    [null, { kind: 'NO_DATA' }],
    [0, { kind: 'FIGURE', isBeyond: false, isWell: true }],
    [2, { kind: 'FIGURE', isBeyond: true, isWell: false }],
  ])('%s of them', (overdueReviews, expected) => {
    const sight = sightOfGoal(goal, seen({ overdueReviews }))
    expect(readCondition({ kind: 'REVIEW_OVERDUE' }, null, sight)).toEqual(expected)
  })
})
