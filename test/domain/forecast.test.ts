/** Forecasts of what comes, from what came: known processes, and what holds for any. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { forecast, probabilityOf, type Forecast, type Series } from '@tidemark/server/domain/forecast.ts'

const WEEKS = { stepsPerYear: 52 }
const told = (series: Series, ahead: number): Forecast => {
  const found = forecast(series, { ...WEEKS, ahead })
  if (typeof found === 'string') throw new Error(found)
  return found
}
const weeks = (count: number, valueOf: (week: number) => number): number[] =>
  Array.from({ length: count }, (_, week) => valueOf(week))

/** Noise that is the same every time: a linear congruential generator, summed up to something like a normal. */
function noise(seed: number): () => number {
  let state = seed
  const uniform = () => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32
  return () => Array.from({ length: 12 }, uniform).reduce((sum, one) => sum + one, -6)
}

describe('a forecast', () => {
  it('of what never changes is that it does not', () => {
    const { method, value, half, mostly, path, backTest } = told(
      weeks(60, () => 41),
      8,
    )
    expect({ method, value, half, mostly }).toEqual({
      method: 'NO_CHANGE',
      value: 41,
      half: { low: 41, high: 41 },
      mostly: { low: 41, high: 41 },
    })
    expect(path).toEqual(weeks(8, () => 41))
    expect(backTest).toMatchObject({ tries: 52, error: 0, noChangeError: 0, insideHalf: 1, insideMostly: 1 })
  })

  it('goes on with a trend, but slower: 0.95 + 0.95 ^ 2 + ... of it', () => {
    const { method, value } = told(
      weeks(66, (week) => 100 - week),
      4,
    )
    expect(method).toBe('TREND')
    expect(value).toBeCloseTo(35 - (0.95 + 0.95 ** 2 + 0.95 ** 3 + 0.95 ** 4), 10)
  })

  it('follows the season of the year before', () => {
    const season = (week: number) => 40 + 6 * Math.sin((2 * Math.PI * week) / 52)
    const { method, value, path, backTest } = told(weeks(156, season), 10)
    expect(method).toBe('SEASONAL')
    expect(value).toBeCloseTo(season(165), 10)
    expect(path[3]).toBeCloseTo(season(159), 10)
    expect(backTest.error).toBeLessThan(1e-9)
    expect(backTest.noChangeError).toBeGreaterThan(1)
  })

  it('goes back to the level of what only swings around it', () => {
    const swing = noise(3)
    const series = weeks(156, () => 40 + 3 * swing())
    const { method, value, backTest } = told([...series, 49], 8)
    expect(method).toBe('LEVEL')
    expect(Math.abs(value - 40)).toBeLessThan(2)
    expect(backTest.error).toBeLessThan(0.9 * backTest.noChangeError)
  })

  it('is none of what is unknown today, or of a dozen weeks', () => {
    expect(forecast([], { ...WEEKS, ahead: 1 })).toBe('NO_VALUE')
    expect(forecast([...weeks(60, () => 1), null], { ...WEEKS, ahead: 1 })).toBe('NO_VALUE')
    expect(forecast(weeks(15, Number), { ...WEEKS, ahead: 4 })).toBe('TOO_SHORT')
    expect(typeof forecast(weeks(16, Number), { ...WEEKS, ahead: 4 })).toBe('object')
  })

  it('has bands that hold what they promise, on random walks', () => {
    const step = noise(11)
    const inside = { half: 0, mostly: 0 }
    const walks = 300
    for (let walk = 0; walk < walks; walk++) {
      let at = 100
      const series = weeks(112, () => (at += step()))
      const came = series[111] ?? NaN
      const { half, mostly } = told(series.slice(0, 104), 8)
      if (came >= half.low && came <= half.high) inside.half += 1
      if (came >= mostly.low && came <= mostly.high) inside.mostly += 1
    }
    expect(inside.half / walks).toBeGreaterThan(0.45)
    expect(inside.half / walks).toBeLessThan(0.7)
    expect(inside.mostly / walks).toBeGreaterThan(0.75)
    expect(inside.mostly / walks).toBeLessThan(0.95)
  })
})

describe('the probability of reaching a target', () => {
  it('is a share of outcomes, drawn towards one half by how few of them are independent', () => {
    const outcomes = [1, 2, 3, 4]
    expect(probabilityOf({ outcomes, independent: 2 }, (value) => value >= 2)).toBe((0.75 * 2 + 1) / 4)
    expect(probabilityOf({ outcomes, independent: 2 }, () => true)).toBe(0.75)
    expect(probabilityOf({ outcomes, independent: 98 }, () => false)).toBe(0.01)
  })
})

describe('any forecast', () => {
  const value = fc.integer({ min: -1_000, max: 1_000 }).map((tenth) => tenth / 10)
  const series = fc
    .tuple(
      fc.array(fc.option(value, { freq: 8, nil: null }), { minLength: 40, maxLength: 150 }),
      value,
      fc.integer({ min: 1, max: 20 }),
    )
    .map(([values, last, ahead]) => ({ series: [...values, last], ahead }))

  it('has one band within the other and moves and stretches with its values', () => {
    fc.assert(
      fc.property(series, fc.integer({ min: 1, max: 9 }), ({ series: values, ahead }, by) => {
        const found = forecast(values, { ...WEEKS, ahead })
        if (typeof found === 'string') return
        expect(found.mostly.low).toBeLessThanOrEqual(found.half.low)
        expect(found.half.low).toBeLessThanOrEqual(found.half.high)
        expect(found.half.high).toBeLessThanOrEqual(found.mostly.high)
        expect(found.path).toHaveLength(ahead)
        expect(found.path.at(-1)).toBe(found.value)
        const moved = told(
          values.map((one) => (one === null ? null : by * one + by)),
          ahead,
        )
        expect(moved.method).toBe(found.method)
        expect(moved.value).toBeCloseTo(by * found.value + by, 6)
        expect(moved.mostly.low).toBeCloseTo(by * found.mostly.low + by, 6)
        const probability = probabilityOf(found, (one) => one <= found.value)
        expect(probability).toBeGreaterThan(0)
        expect(probability).toBeLessThan(1)
      }),
      { numRuns: 100 },
    )
  })
})
