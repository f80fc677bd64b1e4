/** What of an item is an exception, who stands behind an actor, and how many are drawn. */
import { describe, expect, it } from 'vitest'
import {
  CONTROL_TESTS,
  controlTestTexts,
  faultOfReason,
  faultOfReview,
  isBeyond,
  sampleSizeOf,
} from '@tidemark/server/domain/control-test.ts'
import { parseDay } from '@tidemark/server/domain/day.ts'

const day = (text: string) => parseDay(text) ?? 0

describe('a reason', () => {
  it.each([
    [null, 'No reason was given.'],
    ['', 'No reason was given.'],
    ['   ', 'No reason was given.'],
    ['-', '"-" is no reason.'],
    ['x', '"x" is no reason.'],
    ['1234', '"1234" is no reason.'],
    ['ok', null],
    ['Insolvency', null],
    ['破産', null],
  ])('%j: %j', (reason, fault) => {
    expect(faultOfReason(reason)).toBe(fault)
  })
})

describe('how many are drawn', () => {
  it.each([
    [0, 0],
    [1, 1],
    [2, 2],
    [4, 2],
    [5, 3],
    [12, 3],
    [13, 8],
    [52, 8],
    [53, 25],
    [250, 25],
    [251, 40],
    [1_000_000, 40],
  ])('of %i: %i', (population, size) => {
    expect(sampleSizeOf(population)).toBe(size)
  })
})

describe('a review that was due', () => {
  const until = day('2026-06-30')
  it.each([
    ['done before its day', '2026-06-10', '2026-06-09', null],
    ['done on its day', '2026-06-10', '2026-06-10', null],
    ['done late', '2026-06-10', '2026-06-11', 'It was due on 2026-06-10 and done on 2026-06-11.'],
    [
      'done after the period',
      '2026-06-10',
      '2026-07-01',
      'It was due on 2026-06-10 and not done by 2026-06-30.',
    ],
    ['never done', '2026-06-10', null, 'It was due on 2026-06-10 and not done by 2026-06-30.'],
    ['due on the last day', '2026-06-30', null, null],
  ])('%s', (_name, dueOn, done, fault) => {
    expect(faultOfReview({ dueOn: day(dueOn), done: done === null ? null : day(done), until })).toBe(fault)
  })
})

describe('a ceiling', () => {
  it.each([
    ['AMOUNT', 100n, 100n, false],
    ['AMOUNT', 101n, 100n, true],
    ['AMOUNT', null, 100n, true],
    ['UNLIMITED', null, 100n, true],
    ['NOT_SET', null, 100n, false],
    ['UNLIMITED', null, null, false],
  ] as const)('%s %s within %s: beyond is %s', (state, amount, ceiling, beyond) => {
    expect(isBeyond({ state, amount }, ceiling)).toBe(beyond)
  })
})

it('tells of each test what it is for', () => {
  expect(Object.keys(controlTestTexts)).toEqual([...CONTROL_TESTS])
})
