import { linear, percentOfWay, rangeOf, startsOf, wayScale } from '@tidemark/client/charts/geometry.ts'
import { balancedColumns } from '@tidemark/client/components/goal-columns.ts'
import { changeOver, withProgress } from '@tidemark/client/components/goal-history.ts'
import { trendOf } from '@tidemark/client/components/kpi-trend.ts'
import { smoothPath } from '@tidemark/client/charts/smooth-path.ts'
import { describe, expect, it } from 'vitest'

describe('a range', () => {
  it('has a little air around what is known, and room around a flat line', () => {
    expect(rangeOf([10, null, 20])).toEqual([9.4, 20.6])
    expect(rangeOf([100, 100])).toEqual([95, 105])
    expect(rangeOf([0])).toEqual([-1, 1])
    expect(rangeOf([null, null])).toBeNull()
    expect(rangeOf([])).toBeNull()
  })
})

describe('a straight mapping', () => {
  it('maps both ends and never divides by nothing', () => {
    const y = linear([10, 20], [100, 0])
    expect([y(10), y(15), y(20)]).toEqual([100, 50, 0])
    expect(linear([5, 5], [0, 100])(5)).toBe(0)
  })
})

describe('the way of a goal', () => {
  it('is measured from baseline to target in both directions', () => {
    expect(percentOfWay(46.5, 52, 41)).toBe(50)
    expect(percentOfWay(84, 80, 88)).toBe(50)
    expect(percentOfWay(53.1, 52, 41)).toBeCloseTo(-10)
    expect(percentOfWay(41, 41, 41)).toBe(100)
  })

  it('fills its bar between baseline and target, and shows what went beyond, up to a limit', () => {
    const inside = wayScale([60, 80])
    expect([inside(0), inside(60), inside(100)]).toEqual([0, 60, 100])
    const beyond = wayScale([125, 80])
    expect([beyond(0), beyond(100), beyond(125)]).toEqual([0, 80, 100])
    const behind = wayScale([-25, 0])
    expect([behind(-25), behind(0), behind(100)]).toEqual([0, 20, 100])
    const far = wayScale([900, -900])
    expect([far(-900), far(900)]).toEqual([0, 100])
    expect(far(0)).toBeCloseTo((30 / 160) * 100)
  })
})

describe('parts of a bar', () => {
  it('begin where the one before ends', () => {
    expect(startsOf([20, 30, 50])).toEqual([0, 20, 50])
    expect(startsOf([])).toEqual([])
  })
})

describe('the history of a goal', () => {
  const history = [
    { date: '2026-11-20', value: 46, expected: 45 },
    { date: '2026-11-21', value: 45, expected: 44.9 },
    { date: '2026-11-22', value: 45, expected: 44.8 },
  ]

  it('ends with the progress of its last day', () => {
    expect(withProgress(history, { asOf: '2026-11-22', value: 44, expected: 44.7 }).at(-1)).toEqual({
      date: '2026-11-22',
      value: 44,
      expected: 44.8,
    })
    expect(withProgress(history, { asOf: '2026-11-23', value: 44, expected: 44.7 })).toHaveLength(4)
  })

  it('is not cut by a progress that is older than it, nor by none', () => {
    expect(withProgress(history, { asOf: '2026-11-21', value: 44, expected: 44.7 })).toBe(history)
    expect(withProgress(history, null)).toBe(history)
    expect(withProgress([], { asOf: '2026-11-21', value: 44, expected: 44.7 })).toHaveLength(1)
  })

  it('tells how much the value changed, and nothing where an end is unknown', () => {
    expect(changeOver(history, 2)).toBe(-1)
    expect(changeOver(history, 7)).toBeNull()
    expect(changeOver(withProgress(history, { asOf: '2026-11-22', value: null, expected: 1 }), 1)).toBeNull()
    expect(changeOver([], 7)).toBeNull()
  })
})

describe('the columns of goals', () => {
  it.each([
    [6, 4, 3],
    [7, 4, 4],
    [5, 4, 3],
    [8, 5, 4],
    [2, 6, 2],
    [1, 4, 1],
    [13, 6, 5],
    [0, 4, 1],
  ])('%i goals in at most %i columns are %i wide', (count, columnsMax, columns) => {
    expect(balancedColumns(count, columnsMax)).toBe(columns)
  })
})

describe('the trend of a headline figure', () => {
  const rowOn = (date: string, value: number, metric: 'DSO' | 'SALES' = 'DSO') =>
    ({ metric, date, value, unit: 'DAYS', currency: 'USD', reason: null, message: null }) as const

  it('ends with the figure itself instead of the unfinished month', () => {
    const series = [
      rowOn('2026-09-30', 46),
      rowOn('2026-10-31', 45),
      rowOn('2026-11-22', 12),
      rowOn('2026-10-31', 9, 'SALES'),
    ]
    expect(trendOf(series, rowOn('2026-11-22', 44)).map(({ value }) => value)).toEqual([46, 45, 44])
  })

  it('is empty until the series is known', () => {
    expect(trendOf([], rowOn('2026-11-22', 44))).toEqual([])
  })
})

describe('a smooth line', () => {
  const points = [
    [0, 10],
    [1, 10],
    [2, 40],
    [3, 35],
    [4, 90],
  ] as const
  const numbersOf = (path: string) => [...path.matchAll(/-?\d+(?:\.\d+)?/g)].map(Number)

  it('goes through every point', () => {
    const ends = smoothPath(points)
      .split('C')
      .map((piece) => numbersOf(piece).slice(-2))
    expect(ends).toEqual(points.map((point) => [...point]))
  })

  it('never leaves the range between two neighbours: a level stretch stays level, a high is a point', () => {
    const curves = smoothPath(points).split('C').slice(1).map(numbersOf)
    for (const [index, [, near = 0, , far = 0]] of curves.entries()) {
      const [low = 0, high = 0] = [points[index]?.[1] ?? 0, points[index + 1]?.[1] ?? 0].toSorted(
        (a, b) => a - b,
      )
      for (const y of [near, far]) {
        expect(y).toBeGreaterThanOrEqual(low)
        expect(y).toBeLessThanOrEqual(high)
      }
    }
    expect(curves[0]).toEqual([0.333, 10, 0.667, 10, 1, 10])
  })

  it('is straight between two points, a dot at one, interrupted by what is not known, and nothing without points', () => {
    expect(smoothPath([null, [2, 3], [5, 9], null, [7, 1]])).toBe('M2,3C3,5,4,7,5,9M7,1h0')
    expect(smoothPath([null])).toBe('')
    expect(smoothPath([])).toBe('')
  })
})
