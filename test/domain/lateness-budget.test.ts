/** A lateness budget: how it is spent, when it is gone, and what that makes of the status. */
import { describe, expect, it } from 'vitest'
import { judge } from '@tidemark/server/domain/goal-status.ts'
import type { BudgetGoal } from '@tidemark/server/domain/goal-trajectory.ts'
import { budgetBy, spendingOf } from '@tidemark/server/domain/lateness-budget.ts'
import { Exact } from '@tidemark/server/domain/money.ts'

const day = (text: string) => Temporal.PlainDate.from(text)
const exact = (value: number) => new Exact(value)

/** A thousand a day in April: 30 days. */
const frame = { budget: exact(30_000), startsOn: day('2026-04-01'), deadline: day('2026-04-30') }
const goal: BudgetGoal = {
  baseline: exact(0),
  target: frame.budget,
  startsOn: frame.startsOn,
  deadline: frame.deadline,
  direction: 'BUDGET',
  subject: { name: 'Dollar-days late', plural: true, unit: 'MONEY', currency: 'USD' },
}

const spend = (today: string, spent: number, daily: number | null) =>
  spendingOf(
    frame,
    {
      spent: exact(spent),
      short: daily === null ? null : exact(7 * daily),
      long: daily === null ? null : exact(28 * daily),
    },
    day(today),
  )

describe('a budget', () => {
  it.each([
    ['2026-03-31', 0],
    ['2026-04-01', 1_000],
    ['2026-04-15', 15_000],
    ['2026-04-30', 30_000],
    ['2026-05-20', 30_000],
  ])('allows up to the end of %s to spend %i', (on, allowed) => {
    expect(budgetBy(frame, day(on)).toNumber()).toBe(allowed)
  })

  it('burns at a rate of 1 where it lasts to the deadline, and 2 where it lasts half as long', () => {
    expect(spend('2026-04-10', 10_000, 1_000)).toMatchObject({
      burnShort: exact(1),
      burnLong: exact(1),
      projected: exact(30_000),
      goneOn: day('2026-04-30'),
    })
    // 10,000 are left, for 5 days: up to 15 April.
    expect(spend('2026-04-10', 20_000, 2_000)).toMatchObject({
      burnLong: exact(2),
      goneOn: day('2026-04-15'),
    })
  })

  it('lasts where some is left on the deadline', () => {
    expect(spend('2026-04-10', 5_000, 500)).toMatchObject({ projected: exact(15_000), goneOn: null })
    expect(spend('2026-04-10', 0, 0)).toMatchObject({
      projected: exact(0),
      goneOn: null,
      left: exact(30_000),
    })
  })

  it('is gone where nothing is left', () => {
    expect(spend('2026-04-20', 31_000, 100)).toMatchObject({ left: exact(-1_000), goneOn: day('2026-04-20') })
  })

  it('knows no rate where the books are too young', () => {
    expect(spend('2026-04-10', 5_000, null)).toMatchObject({
      burnShort: null,
      burnLong: null,
      projected: null,
      goneOn: null,
    })
  })
})

describe('its status', () => {
  const at = (today: string, spent: number, daily: number | null) =>
    judge(goal, { value: exact(spent), reason: null, failure: null }, day(today), day(today), {
      spending: today <= '2026-04-30' ? spend(today, spent, daily) : null,
    })

  it.each([
    // On 10 April 10,000 may be spent.
    ['it lasts', 10_000, 1_000, 'ON_TRACK'],
    ['a little too much by the deadline', 11_000, 1_200, 'AT_RISK'],
    ['much too much by the deadline', 15_000, 2_000, 'OFF_TRACK'],
    ['much too much by the deadline, nothing so far', 0, 3_000, 'AT_RISK'],
    ['used up', 30_001, 0, 'OFF_TRACK'],
    ['young books, at pace', 10_000, null, 'ON_TRACK'],
    ['young books, a fifth above', 12_000, null, 'AT_RISK'],
    ['young books, half above', 15_000, null, 'OFF_TRACK'],
  ])('where %s', (_name, spent, daily, status) => {
    expect(at('2026-04-10', spent, daily).status).toBe(status)
  })

  it('says when it is gone, or what will be left', () => {
    expect(at('2026-04-10', 20_000, 2_000).reason).toBe(
      'Dollar-days late are USD 20,000 of a budget of USD 30,000; at this rate the budget is gone on 15 Apr 2026.',
    )
    expect(at('2026-04-10', 5_000, 500).reason).toBe(
      'Dollar-days late are USD 5,000 of a budget of USD 30,000; at this rate USD 15,000 will be left on 30 Apr 2026.',
    )
    expect(at('2026-04-10', 31_000, 500).reason).toBe(
      'Dollar-days late are USD 31,000 of a budget of USD 30,000: it is used up.',
    )
  })

  it('is decided after the deadline', () => {
    expect(at('2026-05-01', 30_000, null).status).toBe('ACHIEVED')
    expect(at('2026-05-01', 30_001, null)).toEqual({
      status: 'MISSED',
      reason: 'Dollar-days late were USD 30,001 on the deadline, 30 Apr 2026; the budget was USD 30,000.',
    })
  })
})
