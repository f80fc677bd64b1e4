/** Checklists: what is due, what is done, and how the goal is judged by both. */
import {
  doneBy,
  dueFault,
  duePoints,
  milestoneInWords,
  milestoneSubject,
} from '@tidemark/server/domain/goal-milestones.ts'
import { judge } from '@tidemark/server/domain/goal-status.ts'
import { expectedOn, type AimedGoal } from '@tidemark/server/domain/goal-trajectory.ts'
import { Exact } from '@tidemark/server/domain/money.ts'
import { describe, expect, it } from 'vitest'

const day = (text: string) => Temporal.PlainDate.from(text)
const milestone = (dueOn: string, doneOn: string | null = null) => ({
  title: 'Policy signed',
  dueOn: day(dueOn),
  doneOn: doneOn === null ? null : day(doneOn),
})
const list = [
  milestone('2026-02-01', '2026-01-20'),
  milestone('2026-02-01', '2026-02-03'),
  milestone('2026-03-01'),
  milestone('2026-04-01'),
]
const span = { startsOn: day('2026-01-01'), deadline: day('2026-04-01') }
const goal: AimedGoal = {
  ...span,
  baseline: new Exact(0),
  target: new Exact(list.length),
  direction: 'INCREASE',
  subject: milestoneSubject,
  shape: { kind: 'STEPPED', points: duePoints(list, span.deadline) },
}

describe('a checklist', () => {
  it('expects what is due, and all of it on the deadline', () => {
    const days = ['2026-01-31', '2026-02-01', '2026-02-28', '2026-03-01', '2026-03-31', '2026-04-01']
    expect(days.map((on) => expectedOn(goal, day(on)).toNumber())).toEqual([0, 2, 2, 3, 3, 4])
  })

  it('counts what was done by the end of a day', () => {
    const days = ['2026-01-19', '2026-01-20', '2026-02-02', '2026-02-03', '2026-12-31']
    expect(days.map((on) => doneBy(list, day(on)))).toEqual([0, 1, 1, 2, 2])
  })

  it.each([
    ['2026-02-28', 2, 'ON_TRACK', 'Milestones done are 2, where they should be today.'],
    ['2026-03-01', 2, 'AT_RISK', 'Milestones done are 2, 1 below where they should be today (3).'],
    ['2026-03-01', 1, 'OFF_TRACK', 'Milestones done are 1, 2 below where they should be today (3).'],
    ['2026-03-15', 4, 'ACHIEVED', 'Milestones done are 4: the target of 4 is reached.'],
    ['2026-04-02', 3, 'MISSED', 'Milestones done were 3 on the deadline, 1 Apr 2026; the target was 4.'],
  ])('is on %s with %d done %s', (on, done, status, reason) => {
    const reading = { value: new Exact(done), reason: null, failure: null }
    expect(judge(goal, reading, day(on), day(on))).toEqual({ status, reason })
  })

  it('has everything due after the first day and by the deadline', () => {
    expect(dueFault(list, span)).toBeNull()
    expect(dueFault([...list, milestone('2026-01-01')], span)?.index).toBe(4)
    expect(dueFault([milestone('2026-04-02')], span)?.index).toBe(0)
  })

  it('is told in words', () => {
    expect(milestoneInWords(milestone('2026-02-01', '2026-01-20'))).toBe(
      'Policy signed, due 1 Feb 2026, done 20 Jan 2026',
    )
    expect(milestoneInWords(milestone('2026-02-01'))).toBe('Policy signed, due 1 Feb 2026')
  })
})
