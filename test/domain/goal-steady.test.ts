/** When a status changes, and when it is left alone. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainStatus, steady, type Scale, type Told } from '@tidemark/server/domain/goal-steady.ts'
import { Exact } from '@tidemark/server/domain/money.ts'

/** Lines at 30 and 60, a band of 5 around each. */
const at = (badness: number): Scale => ({
  badness: new Exact(badness),
  lines: [new Exact(30), new Exact(60)],
  band: new Exact(5),
})
const day = (number: number) => Temporal.PlainDate.from('2026-03-01').add({ days: number })

/** What is told, evaluation by evaluation, as [day, badness]. */
function follow(evaluations: readonly (readonly [number, number])[]): string[] {
  let told: Told | null = null
  return evaluations.map(([on, badness]) => {
    const found: ReturnType<typeof steady> = steady(at(badness), told, day(on))
    told = found
    return found.leaning === null ? found.status : `${found.status} to ${found.leaning.status}`
  })
}

describe('the status', () => {
  it.each([
    ['begins as the lines have it', [[1, 30]], ['ON_TRACK']],
    ['begins as the lines have it, above', [[1, 30.1]], ['AT_RISK']],
    ['begins as the lines have it, far above', [[1, 60.1]], ['OFF_TRACK']],
    [
      'stays within the band of a line',
      [
        [1, 30],
        [2, 35],
        [3, 35],
      ],
      ['ON_TRACK', 'ON_TRACK', 'ON_TRACK'],
    ],
    [
      'gets worse on the second day beyond',
      [
        [1, 20],
        [2, 36],
        [2, 37],
        [3, 36],
      ],
      ['ON_TRACK', 'ON_TRACK to AT_RISK', 'ON_TRACK to AT_RISK', 'AT_RISK'],
    ],
    [
      'gets better on the second day beyond',
      [
        [1, 40],
        [2, 24],
        [4, 24],
      ],
      ['AT_RISK', 'AT_RISK to ON_TRACK', 'ON_TRACK'],
    ],
    [
      'forgets what did not last',
      [
        [1, 20],
        [2, 36],
        [3, 34],
        [4, 36],
        [5, 36],
      ],
      ['ON_TRACK', 'ON_TRACK to AT_RISK', 'ON_TRACK', 'ON_TRACK to AT_RISK', 'AT_RISK'],
    ],
    [
      'changes at once for what is far beyond',
      [
        [1, 20],
        [1, 46],
        [1, 76],
        [1, 14],
      ],
      ['ON_TRACK', 'AT_RISK', 'OFF_TRACK', 'ON_TRACK'],
    ],
    [
      'goes to the nearer line at once, and to the farther one when it lasts',
      [
        [1, 20],
        [2, 66],
        [3, 66],
      ],
      ['ON_TRACK', 'AT_RISK to OFF_TRACK', 'OFF_TRACK'],
    ],
    [
      'goes only as far as two days said',
      [
        [1, 20],
        [2, 40],
        [3, 66],
      ],
      ['ON_TRACK', 'ON_TRACK to AT_RISK', 'AT_RISK to OFF_TRACK'],
    ],
  ] as const)('%s', (_name, evaluations, expected) => {
    expect(follow(evaluations)).toEqual(expected)
  })

  it('begins anew after what is no such status', () => {
    const before = { status: 'STALE', leaning: null }
    expect(steady(at(40), before, day(1))).toEqual({ status: 'AT_RISK', leaning: null })
  })

  it('never flaps on noise within the band of a line', () => {
    const noise = fc.array(fc.double({ min: -4.99, max: 4.99, noNaN: true }), { minLength: 2, maxLength: 40 })
    fc.assert(
      fc.property(fc.constantFrom(30, 60), noise, (line, values) => {
        const told = follow(values.map((value, index) => [index, line + value] as const))
        expect(new Set(told).size).toBe(1)
      }),
    )
  })

  it('is that of the lines once the value has stayed well away from them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { maxLength: 20 }),
        fc.constantFrom(10, 24, 36, 45, 54, 66, 90),
        (past, value) => {
          const days = [...past, value, value, value].map((badness, index) => [index, badness] as const)
          expect(follow(days).at(-1)).toBe(plainStatus(at(value)))
        },
      ),
    )
  })

  it('changes at most once a day unless the value moves by more than twice the band', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 90, noNaN: true }),
        fc.array(fc.double({ min: 0, max: 9.9, noNaN: true }), { minLength: 2, maxLength: 30 }),
        (from, steps) => {
          const told = follow(steps.map((step) => [1, from + step] as const)).map((one) => one.split(' ')[0])
          const changes = told.filter((one, index) => index > 0 && one !== told[index - 1])
          expect(changes.length).toBeLessThanOrEqual(1)
        },
      ),
    )
  })
})
