/** Whether the oracle sees what it is there to see: it is shown streams with every fault. */
import { describe, expect, it } from 'vitest'
import type { Seen } from '../support/follower.ts'
import { wrongsOfStream } from '../support/oracle.ts'

const rows = [1, 2, 3, 4, 5, 6].map((sequence) => ({
  goalId: sequence % 2 === 0 ? 'even' : 'odd',
  sequence,
  value: String(sequence * 10),
}))

/** What a subscriber sees of that row. */
const event = (sequence: number, more: Partial<Seen> = {}): Seen => ({
  kind: 'UPDATE',
  cursor: `cursor ${sequence}`,
  goalId: sequence % 2 === 0 ? 'even' : 'odd',
  sequence,
  value: String(sequence * 10),
  connection: 1,
  ...more,
})
const wrongsOf = (...seen: (number | Seen)[]) =>
  wrongsOfStream(
    seen.map((one) => (typeof one === 'number' ? event(one) : one)),
    rows,
    false,
  )

describe('the oracle', () => {
  it.each([
    ['everything', [1, 2, 3, 4, 5, 6]],
    ['what came after a snapshot', [event(3, { kind: 'SNAPSHOT' }), event(4, { kind: 'SNAPSHOT' }), 5, 6]],
    ['other goals in another order', [2, 1, 4, 3, 6, 5]],
    ['a repeat that is known by its cursor', [1, 2, 3, 2, 3, 4, 5, 6]],
    ['a gap that is told', [1, 2, event(5, { kind: 'GAP' }), event(6, { kind: 'GAP' })]],
    ['a goal that was not evaluated yet', [event(1, { sequence: null, value: null, cursor: '0' }), 1, 2, 3]],
  ])('finds nothing wrong with %s', (_what, seen) => {
    expect(wrongsOf(...seen)).toEqual([])
  })

  it.each([
    ['an event that is missing', [1, 2, 5, 6], ['lost 3 before UPDATE 5', 'lost 4 before UPDATE 6']],
    [
      'an earlier one after a later',
      [1, 5, 3],
      ['lost 3 before UPDATE 5', 'UPDATE 3 came after 5 and is no repeat'],
    ],
    [
      'a repeat under a new cursor',
      [1, event(1, { cursor: 'new' })],
      ['UPDATE 1 came after 1 and is no repeat'],
    ],
    ['another value than the stored', [event(1, { value: '11' })], ['UPDATE 1 says 11, stored is 10']],
    ['a row of another goal', [event(1, { goalId: 'even' })], ['UPDATE 1 says 10, stored is 10']],
    ['a row that there is not', [event(9, { value: '90' })], ['UPDATE 9 says 90, stored is undefined']],
  ])('finds %s', (_what, seen, wrongs) => {
    expect(wrongsOf(...seen)).toEqual(wrongs)
  })

  it('lets those who did not read miss what was in between, and nothing else', () => {
    const seen = [event(1), event(5), event(3)]
    expect(wrongsOfStream(seen, rows, true)).toEqual(['UPDATE 3 came after 5 and is no repeat'])
  })
})
