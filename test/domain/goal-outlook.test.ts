/** What a forecast says of a goal, and what it makes of its status. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fit, type Fit } from '@tidemark/server/domain/forecast.ts'
import {
  isTrusted,
  looksAlike,
  outlookOf,
  stepsTo,
  type Outlook,
} from '@tidemark/server/domain/goal-outlook.ts'
import { judge, type Reading } from '@tidemark/server/domain/goal-status.ts'
import type { Told } from '@tidemark/server/domain/goal-steady.ts'
import { expectedOn, type AimedGoal, type BandGoal } from '@tidemark/server/domain/goal-trajectory.ts'
import { Exact } from '@tidemark/server/domain/money.ts'

const day = (text: string) => Temporal.PlainDate.from(text)
const exact = (value: number | string) => new Exact(value)
const reads = (value: number): Reading => ({ value: exact(value), reason: null, failure: null })

const subject = { name: 'DSO', plural: false, unit: 'DAYS', currency: 'USD' } as const
/** From 50 to 40 days over 100 days. */
const dso: AimedGoal = {
  baseline: exact(50),
  target: exact(40),
  startsOn: day('2026-01-01'),
  deadline: day('2026-04-11'),
  direction: 'DECREASE',
  subject,
}
const band: BandGoal = {
  baseline: exact(40),
  startsOn: dso.startsOn,
  deadline: dso.deadline,
  direction: 'MAINTAIN_BAND',
  band: { low: exact(36), high: exact(40) },
  subject,
}
/** Half way: 45 is expected. */
const TODAY = day('2026-02-20')

const outlook = (probability: number, more: Partial<Outlook> = {}): Outlook => ({
  method: 'TREND',
  value: 39.4,
  half: { low: 38, high: 41 },
  mostly: { low: 36, high: 43 },
  probability,
  projectedOn: null,
  isTrusted: true,
  ...more,
})
const at = (value: number, told: Outlook | null, before: Told | null = null) =>
  judge(dso, reads(value), TODAY, TODAY, { outlook: told, before })

describe('the status by the forecast', () => {
  it.each([
    [0.95, 'ON_TRACK'],
    [0.7, 'ON_TRACK'],
    [0.69, 'AT_RISK'],
    [0.4, 'AT_RISK'],
    [0.39, 'OFF_TRACK'],
  ])('at a probability of %f is %s', (probability, status) => {
    expect(at(47, outlook(probability)).status).toBe(status)
  })

  it('says what decided', () => {
    expect(at(47, outlook(0.62))).toEqual({
      status: 'AT_RISK',
      reason: 'At this rate DSO will be 39.4 days on 11 Apr 2026; 62 % likely to be 40.0 days or less.',
    })
    expect(at(47, outlook(0.999)).reason).toContain('; 99 % likely')
    expect(at(47, outlook(0.001)).reason).toContain('; 1 % likely')
  })

  it('is that of the distance where the forecast has not proved itself', () => {
    expect(at(46, outlook(0.1, { isTrusted: false }))).toEqual({
      status: 'ON_TRACK',
      reason: 'DSO is 46.0 days, 1.0 day above where it should be today (45.0 days).',
    })
  })

  it('is ACHIEVED where the target is reached, whatever is foreseen', () => {
    expect(at(40, outlook(0.01)).status).toBe('ACHIEVED')
  })

  it('changes for what lasts, and says so', () => {
    const before = { status: 'ON_TRACK', leaning: null }
    const near = at(47, outlook(0.66), before)
    expect(near.status).toBe('ON_TRACK')
    expect(near.reason).toMatch(/ That is too close to the line to change the status\.$/)
    const beyond = at(47, outlook(0.6), before)
    expect(beyond).toMatchObject({ status: 'ON_TRACK', leaning: { status: 'AT_RISK', since: TODAY } })
    expect(beyond.reason).toMatch(/ If it stays so, the status is at risk\.$/)
    const since = TODAY.subtract({ days: 1 })
    const lasting = { ...before, leaning: { status: 'AT_RISK', since } as const }
    expect(at(47, outlook(0.6), lasting).status).toBe('AT_RISK')
    expect(at(47, outlook(0.5), before).status).toBe('AT_RISK')
  })

  it('of a value on its trajectory or better is never OFF_TRACK', () => {
    const statuses = ['ON_TRACK', 'AT_RISK', 'OFF_TRACK', 'STALE'] as const
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 9.9, noNaN: true }),
        fc.integer({ min: 0, max: 99 }),
        fc.option(fc.double({ min: 0.001, max: 0.999, noNaN: true })),
        fc.constantFrom(...statuses),
        fc.option(fc.constantFrom('AT_RISK', 'OFF_TRACK')),
        (better, passed, probability, told, leans) => {
          const today = dso.startsOn.add({ days: passed })
          const value = expectedOn(dso, today).minus(better)
          const leaning =
            leans === null ? null : ({ status: leans, since: today.subtract({ days: 2 }) } as const)
          const { status } = judge(dso, { value, reason: null, failure: null }, today, today, {
            outlook: probability === null ? null : outlook(probability),
            before: { status: told, leaning },
          })
          expect(status).not.toBe('OFF_TRACK')
        },
      ),
    )
    expect(at(45, outlook(0.1)).reason).toMatch(/ It is no worse than it should be today\.$/)
  })

  it('of a band is told by the forecast inside, by the distance outside', () => {
    const inBand = (value: number, probability: number) =>
      judge(band, reads(value), TODAY, TODAY, { outlook: outlook(probability) })
    expect(inBand(38, 0.8).status).toBe('ON_TRACK')
    expect(inBand(38, 0.5)).toEqual({
      status: 'AT_RISK',
      reason:
        'At this rate DSO will be 39.4 days on 11 Apr 2026; 50 % likely to be within the band of 36.0 days to 40.0 days.',
    })
    expect(inBand(38, 0.05).status).toBe('AT_RISK')
    expect(inBand(40.5, 0.95)).toEqual({
      status: 'AT_RISK',
      reason: 'DSO is 40.5 days, 0.5 days above the band of 36.0 days to 40.0 days.',
    })
  })
})

describe('a forecast', () => {
  it('has proved itself by better errors and by bands that held', () => {
    const backTest = { insideMostly: 0.65 }
    expect(isTrusted('DECREASE', 'TREND', backTest)).toBe(true)
    expect(isTrusted('DECREASE', 'NO_CHANGE', backTest)).toBe(false)
    expect(isTrusted('MAINTAIN_BAND', 'NO_CHANGE', backTest)).toBe(true)
    expect(isTrusted('DECREASE', 'TREND', { insideMostly: 0.64 })).toBe(false)
    expect(isTrusted('DECREASE', 'TREND', { insideMostly: null })).toBe(false)
  })

  it('counts weeks to the deadline, the last one begun', () => {
    expect([8, 7, 1].map((days) => stepsTo(TODAY.add({ days }), TODAY))).toEqual([2, 1, 1])
  })

  it('begins with the value of the moment, and says when the target is reached', () => {
    // A tenth of a day less each week.
    const series = Array.from({ length: 100 }, (_, week) => 55 - week / 10)
    const found = fit(series, { ahead: stepsTo(dso.deadline, TODAY), stepsPerYear: 52 }) as Fit
    const told = (value: number) => outlookOf(dso, found, { value: exact(value), today: TODAY })
    expect(told(45.1).value).toBeLessThan(45.1)
    expect(told(42).value).toBeLessThan(told(45.1).value)
    expect(told(45.1)).toMatchObject({ projectedOn: null })
    expect(told(40.15).projectedOn?.toString()).toBe('2026-03-06')
    expect(told(40.15).probability).toBeGreaterThan(told(45.1).probability)
    // As it is kept.
    const kept = JSON.parse(JSON.stringify(found)) as Fit
    expect(outlookOf(dso, kept, { value: exact(41), today: TODAY })).toEqual(told(41))
  })
})

describe('a forecast looks like another', () => {
  const kept = (forecastValue: number | null, probability: number | null) => ({ forecastValue, probability })
  it.each([
    [kept(41.24, 0.624), kept(41.16, 0.616), true],
    [kept(41.24, 0.624), kept(41.26, 0.624), false],
    [kept(41.24, 0.624), kept(41.24, 0.626), false],
    [kept(41.24, 0.624), kept(null, null), false],
    [kept(null, null), kept(null, null), true],
  ])('%j %j: %s', (one, other, isAlike) => {
    expect(looksAlike(one, other, subject)).toBe(isAlike)
    expect(looksAlike(other, one, subject)).toBe(isAlike)
  })

  it('where money is told in whole units', () => {
    const money = { ...subject, unit: 'MONEY' } as const
    expect(looksAlike(kept(1_000.2, 0.5), kept(999.8, 0.5), money)).toBe(true)
    expect(looksAlike(kept(1_000.2, 0.5), kept(1_000.6, 0.5), money)).toBe(false)
  })
})
