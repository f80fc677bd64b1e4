import { formatExact, formatPart } from '@tidemark/server/domain/exact.ts'
import { Exact } from '@tidemark/server/domain/money.ts'
import { judge, type Reading } from '@tidemark/server/domain/goal-status.ts'
import {
  evaluationDay,
  expectedOn,
  percentToTarget,
  trajectoryFault,
  type AimedGoal,
} from '@tidemark/server/domain/goal-trajectory.ts'
import { formatValue, scopeInWords, subjectOf } from '@tidemark/server/domain/goal-words.ts'
import { describe, expect, it } from 'vitest'

const day = (text: string) => Temporal.PlainDate.from(text)
const exact = (text: string) => new Exact(text)

/** DSO from 50 to 40 days over 100 days: 0.1 days a day, so 1 day behind is 10 % of the way. */
const dso: AimedGoal = {
  baseline: exact('50'),
  target: exact('40'),
  startsOn: day('2026-01-01'),
  deadline: day('2026-04-11'),
  direction: 'DECREASE',
  subject: subjectOf({ metric: 'DSO', name: 'Days sales outstanding', unit: 'DAYS' }, 'USD'),
}
/** Effectiveness from 70 to 90 % over the same days. */
const cei: AimedGoal = {
  ...dso,
  baseline: exact('70'),
  target: exact('90'),
  direction: 'INCREASE',
  subject: { name: 'Collection effectiveness', plural: false, unit: 'PERCENT', currency: 'USD' },
}

const reads = (value: string): Reading => ({ value: exact(value), reason: null, failure: null })
const statusOn = (date: string, value: string, goal = dso) => judge(goal, reads(value), day(date), day(date))

describe('the trajectory', () => {
  it.each([
    ['2025-12-01', '50'],
    ['2026-01-01', '50'],
    ['2026-01-02', '49.9'],
    ['2026-02-20', '45'],
    ['2026-04-10', '40.1'],
    ['2026-04-11', '40'],
    ['2027-01-01', '40'],
  ])('expects on %s the value %s', (date, value) => {
    expect(expectedOn(dso, day(date)).toString()).toBe(value)
  })

  it('passes through 29 February like through any other day', () => {
    const leap = { ...dso, startsOn: day('2028-02-28'), deadline: day('2028-03-01') }
    expect(expectedOn(leap, day('2028-02-29')).toString()).toBe('45')
  })

  it.each([
    ['50', '0'],
    ['45', '50'],
    ['40', '100'],
    ['38', '120'],
    ['53', '-30'],
  ])('is at value %s by %s percent on its way', (value, percent) => {
    expect(percentToTarget(dso, exact(value))?.toString()).toBe(percent)
  })

  it('has no percentage without a value', () => {
    expect(percentToTarget(dso, null)).toBeNull()
  })

  it('counts the value of the deadline once it has passed', () => {
    expect(evaluationDay(dso, day('2026-04-11')).toString()).toBe('2026-04-11')
    expect(evaluationDay(dso, day('2026-04-12')).toString()).toBe('2026-04-11')
    expect(evaluationDay(dso, day('2026-04-10')).toString()).toBe('2026-04-10')
  })
})

describe('the status', () => {
  // On 20 February the value should be 45; the whole way is 10 days.
  it.each([
    ['44', 'ON_TRACK'],
    ['45', 'ON_TRACK'],
    ['46', 'ON_TRACK'],
    ['46.0000000001', 'AT_RISK'],
    ['47.5', 'AT_RISK'],
    ['47.5000000001', 'OFF_TRACK'],
    ['60', 'OFF_TRACK'],
    ['40', 'ACHIEVED'],
    ['12', 'ACHIEVED'],
  ])('of a goal to decrease at %s is %s', (value, status) => {
    expect(statusOn('2026-02-20', value).status).toBe(status)
  })

  // On 20 February the value should be 80; the whole way is 20 points.
  it.each([
    ['81', 'ON_TRACK'],
    ['78', 'ON_TRACK'],
    ['77.9', 'AT_RISK'],
    ['75', 'AT_RISK'],
    ['74.9', 'OFF_TRACK'],
    ['90', 'ACHIEVED'],
  ])('of a goal to increase at %s is %s', (value, status) => {
    expect(statusOn('2026-02-20', value, cei).status).toBe(status)
  })

  it('waits for the first day', () => {
    expect(statusOn('2025-12-31', '39')).toEqual({
      status: 'PENDING_START',
      reason: 'It starts on 1 Jan 2026.',
    })
    expect(statusOn('2026-01-01', '50').status).toBe('ON_TRACK')
  })

  it('is decided after the deadline', () => {
    expect(statusOn('2026-04-11', '40.1').status).toBe('ON_TRACK')
    expect(statusOn('2026-04-12', '40.1')).toEqual({
      status: 'MISSED',
      reason: 'DSO was 40.1 days on the deadline, 11 Apr 2026; the target was 40.0 days.',
    })
    expect(statusOn('2026-04-12', '39.94')).toEqual({
      status: 'ACHIEVED',
      reason: 'DSO was 39.9 days on the deadline, 11 Apr 2026: the target of 40.0 days was reached.',
    })
  })

  it('is stale on the seventh day without a posting', () => {
    const verdict = (today: string) => judge(dso, reads('45'), day(today), day('2026-02-13'))
    expect(verdict('2026-02-19').status).toBe('ON_TRACK')
    expect(verdict('2026-02-20')).toEqual({
      status: 'STALE',
      reason: 'Nothing was posted since 13 Feb 2026, so the value of 45.0 days may be old.',
    })
    expect(judge(dso, reads('45'), day('2026-02-20'), null).reason).toMatch(/^Nothing was posted yet/)
  })

  it.each([
    ['NO_SALES', 'NO_DATA', 'DSO has no value: nothing was sold in its window.'],
    ['INSUFFICIENT_HISTORY', 'INSUFFICIENT_DATA', 'DSO has no value: the books begin after its window does.'],
  ] as const)('without a value because of %s is %s', (reason, status, sentence) => {
    const verdict = judge(dso, { value: null, reason, failure: null }, day('2026-02-20'), day('2026-02-20'))
    expect(verdict).toEqual({ status, reason: sentence })
  })

  it('says what failed', () => {
    const failed: Reading = { value: null, reason: null, failure: 'there is no rate of EUR for 2026-02-20' }
    expect(judge(dso, failed, day('2026-02-20'), day('2026-02-20'))).toEqual({
      status: 'NO_DATA',
      reason: 'DSO has no value: there is no rate of EUR for 2026-02-20.',
    })
  })

  it('gives numbers and units, and they add up', () => {
    expect(statusOn('2026-02-20', '45.84').reason).toBe(
      'DSO is 45.8 days, 0.8 days above where it should be today (45.0 days).',
    )
    expect(statusOn('2026-02-21', '43.9').reason).toBe(
      'DSO is 43.9 days, 1.0 day below where it should be today (44.9 days).',
    )
    expect(statusOn('2026-02-20', '45.01').reason).toBe('DSO is 45.0 days, where it should be today.')
    expect(statusOn('2026-02-20', '76.8', cei).reason).toBe(
      'Collection effectiveness is 76.8 %, 3.2 points below where it should be today (80.0 %).',
    )
  })
})

describe('the words', () => {
  it('speaks of several things in the plural', () => {
    const subject = subjectOf({ metric: 'OPEN_INVOICE_COUNT', name: 'Open invoices', unit: 'COUNT' }, 'USD')
    const open: AimedGoal = { ...dso, baseline: exact('2000'), target: exact('1000'), subject }
    expect(statusOn('2026-02-20', '1600', open).reason).toBe(
      'Open invoices are 1,600, 100 above where they should be today (1,500).',
    )
    expect(statusOn('2026-05-01', '1600', open).reason).toBe(
      'Open invoices were 1,600 on the deadline, 11 Apr 2026; the target was 1,000.',
    )
  })

  it.each([
    ['1234567.5', 'MONEY', 'USD 1,234,568'],
    ['-950', 'MONEY', 'USD -950'],
    ['82.35', 'PERCENT', '82.4 %'],
    ['1234', 'COUNT', '1,234'],
    ['8.314', 'RATIO', '8.31'],
    ['100000', 'DAYS', '100,000.0 days'],
  ] as const)('%s %s reads %s', (value, unit, text) => {
    expect(formatValue(exact(value), { name: '', plural: false, unit, currency: 'USD' })).toBe(text)
  })

  it('gives books money with its digits and the rest to ten', () => {
    expect(formatExact(exact('12.345'), 'MONEY', 'USD')).toBe('12.34')
    expect(formatExact(exact('12.5'), 'MONEY', 'JPY')).toBe('12')
    expect(formatExact(exact('1').div(3), 'DAYS', 'USD')).toBe('0.3333333333')
    expect(formatExact(exact('40'), 'DAYS', 'USD')).toBe('40')
  })

  it('gives no sign to what is rounded to nothing', () => {
    expect(formatExact(exact('-0.004'), 'MONEY', 'USD')).toBe('0.00')
    expect(formatExact(exact('-0.004'), 'DAYS', 'USD')).toBe('-0.004')
    expect(formatPart(exact('-1e-12'))).toBe('0')
    expect(formatValue(exact('-0.04'), { name: '', plural: false, unit: 'DAYS', currency: 'USD' })).toBe(
      '0.0 days',
    )
  })

  it('names the scope', () => {
    expect(scopeInWords({})).toBe('All receivables')
    expect(scopeInWords({ region: [] })).toBe('All receivables')
    expect(scopeInWords({ currency: ['EUR'], region: ['EMEA', 'APAC'] })).toBe(
      'Region EMEA or APAC, currency EUR',
    )
    expect(scopeInWords({ collector: ['Ann Lee'] })).toBe('Collector Ann Lee')
  })
})

describe('a goal that makes no sense', () => {
  it('is told why', () => {
    expect(trajectoryFault(dso)).toBeNull()
    expect(trajectoryFault(cei)).toBeNull()
    expect(trajectoryFault({ ...dso, target: exact('50.0') })).toEqual({
      field: 'target',
      message: 'The target equals the baseline of 50.0 days: there is nothing to reach',
    })
    expect(trajectoryFault({ ...dso, direction: 'INCREASE' })).toEqual({
      field: 'direction',
      message: 'From 50.0 days to 40.0 days is a DECREASE, not an INCREASE',
    })
    expect(trajectoryFault({ ...dso, deadline: dso.startsOn })).toMatchObject({ field: 'deadline' })
  })
})
