/** What conditions say, when messages wait, and what a replay makes of the past. */
import { describe, expect, it } from 'vitest'
import { readTime, sendableAt } from '@tidemark/server/domain/alert-quiet.ts'
import {
  conditionInWords,
  isGoodNews,
  readCondition,
  recoveryFault,
  type AlertCondition,
  type AlertSight,
} from '@tidemark/server/domain/alert-rule.ts'
import {
  isFalseAlarm,
  medianOf,
  replayRule,
  type AlertRuleTerms,
} from '@tidemark/server/domain/alert-replay.ts'
import { Exact } from '@tidemark/server/domain/money.ts'

const sight: AlertSight = {
  value: null,
  words: '',
  status: null,
  probability: null,
  behind: null,
  level: null,
  before: null,
  overdueReviews: null,
}
const days = { name: 'DSO', plural: false, unit: 'DAYS', currency: 'USD' } as const
const of = (value: number, more: Partial<AlertSight> = {}): AlertSight => ({
  ...sight,
  value: new Exact(value),
  ...more,
})
const beyond = { kind: 'FIGURE', isBeyond: true, isWell: false }
const well = { kind: 'FIGURE', isBeyond: false, isWell: true }
const within = { kind: 'FIGURE', isBeyond: false, isWell: false }
const above: AlertCondition = { kind: 'ABOVE', threshold: '40' }
const below: AlertCondition = { kind: 'BELOW', threshold: '40' }

describe('a condition', () => {
  it.each([
    ['above, beyond', above, null, of(40.1), beyond],
    ['above, at it', above, null, of(40), well],
    ['above, in the band', above, '38', of(39), within],
    ['above, at the recovery', above, '38', of(38), well],
    ['below, beyond', below, null, of(39.9), beyond],
    ['below, at it', below, null, of(40), well],
    ['below, in the band', below, '42', of(41), within],
    ['without a value', above, null, sight, { kind: 'NO_DATA' }],
    [
      'a status of the list',
      { kind: 'STATUS', statuses: ['OFF_TRACK'] },
      null,
      { ...sight, status: 'OFF_TRACK' },
      beyond,
    ],
    [
      'another status',
      { kind: 'STATUS', statuses: ['OFF_TRACK'] },
      null,
      { ...sight, status: 'ON_TRACK' },
      well,
    ],
    [
      'a status that says nothing',
      { kind: 'STATUS', statuses: ['OFF_TRACK'] },
      null,
      { ...sight, status: 'STALE' },
      { kind: 'NO_DATA' },
    ],
    [
      'that status, asked for',
      { kind: 'STATUS', statuses: ['STALE'] },
      null,
      { ...sight, status: 'STALE' },
      beyond,
    ],
    [
      'a change up',
      { kind: 'CHANGE_UP', threshold: '2', days: 7 },
      null,
      of(43, { before: new Exact(40) }),
      beyond,
    ],
    [
      'as much as allowed',
      { kind: 'CHANGE_UP', threshold: '3', days: 7 },
      null,
      of(43, { before: new Exact(40) }),
      well,
    ],
    [
      'a change down',
      { kind: 'CHANGE_DOWN', threshold: '2', days: 7 },
      null,
      of(37, { before: new Exact(40) }),
      beyond,
    ],
    [
      'nothing to compare with',
      { kind: 'CHANGE_UP', threshold: '2', days: 7 },
      null,
      of(43),
      { kind: 'NO_DATA' },
    ],
    ['behind', { kind: 'BEHIND_BY', threshold: '1' }, null, of(40, { behind: new Exact(2) }), beyond],
    ['ahead', { kind: 'AHEAD_BY', threshold: '1' }, null, of(40, { behind: new Exact(-2) }), beyond],
    [
      'unlikely',
      { kind: 'PROBABILITY_BELOW', threshold: '40' },
      null,
      of(1, { probability: new Exact(39) }),
      beyond,
    ],
    [
      'unlikely, but reached',
      { kind: 'PROBABILITY_BELOW', threshold: '40' },
      null,
      of(1, { status: 'ACHIEVED' }),
      well,
    ],
    [
      'not begun',
      { kind: 'BEHIND_BY', threshold: '1' },
      null,
      of(1, { behind: new Exact(9), status: 'PENDING_START' }),
      well,
    ],
  ] as const)('%s', (_what, condition, recovery, seen, reading) => {
    expect(readCondition(condition as AlertCondition, recovery, seen)).toEqual(reading)
  })

  it('recovers on the good side of its threshold', () => {
    expect(recoveryFault(above, '40')).toBeNull()
    expect(recoveryFault(above, '41')).toContain('40 or less')
    expect(recoveryFault(below, '39')).toContain('40 or more')
    expect(recoveryFault({ kind: 'MILESTONE' }, '1')).toContain('no threshold')
  })

  it('is told in words, and good news is known as such', () => {
    expect(conditionInWords({ kind: 'CHANGE_UP', threshold: '2', days: 7 }, days)).toBe(
      'DSO went up by more than 2.0 days in 7 days',
    )
    expect(conditionInWords({ kind: 'STATUS', statuses: ['OFF_TRACK', 'MISSED'] }, days)).toBe(
      'The goal is off track or missed',
    )
    expect(isGoodNews({ kind: 'STATUS', statuses: ['ACHIEVED'] })).toBe(true)
    expect(isGoodNews({ kind: 'STATUS', statuses: ['ACHIEVED', 'MISSED'] })).toBe(false)
  })
})

describe('quiet hours', () => {
  const night = { from: '20:00', to: '07:00', weekends: false }
  const at = (text: string) => Temporal.ZonedDateTime.from(text).toInstant()
  const BERLIN = '[Europe/Berlin]'

  it.each([
    ['by day', night, '2026-07-01T12:00', '2026-07-01T12:00'],
    ['in the evening', night, '2026-07-01T22:00', '2026-07-02T07:00'],
    ['in the morning', night, '2026-07-02T06:59', '2026-07-02T07:00'],
    ['at their beginning', night, '2026-07-01T20:00', '2026-07-02T07:00'],
    ['at their end', night, '2026-07-02T07:00', '2026-07-02T07:00'],
    ['within a day', { from: '12:00', to: '13:00', weekends: false }, '2026-07-01T12:30', '2026-07-01T13:00'],
    // Friday evening to Monday morning.
    ['over a weekend', { ...night, weekends: true }, '2026-07-03T22:00', '2026-07-06T07:00'],
    ['on a Saturday', { ...night, weekends: true }, '2026-07-04T12:00', '2026-07-06T07:00'],
    // Clocks go from 02:00 to 03:00 in the night to 29 March: it has an hour less.
    ['when clocks go on', night, '2026-03-28T23:00', '2026-03-29T07:00'],
    // They go from 03:00 to 02:00 in the night to 25 October: it has an hour more.
    ['when clocks go back', night, '2026-10-24T23:00', '2026-10-25T07:00'],
  ])('%s', (_what, quiet, from, until) => {
    const sent = sendableAt(quiet, at(`${from}${BERLIN}`), 'Europe/Berlin')
    expect(sent.toString()).toBe(at(`${until}${BERLIN}`).toString())
  })

  it('last as long as the night does', () => {
    const hours = (from: string) => {
      const begins = at(`${from}${BERLIN}`)
      return begins.until(sendableAt(night, begins, 'Europe/Berlin')).total('hours')
    }
    expect([hours('2026-03-28T20:00'), hours('2026-07-01T20:00'), hours('2026-10-24T20:00')]).toEqual([
      10, 11, 12,
    ])
  })

  it('end when clocks go on, where their end is skipped', () => {
    const quiet = { from: '20:00', to: '02:30', weekends: false }
    const sent = sendableAt(quiet, at(`2026-03-29T00:30${BERLIN}`), 'Europe/Berlin')
    expect(sent.toString()).toBe('2026-03-29T01:30:00Z')
  })

  it('are times of a clock', () => {
    expect([readTime('7:30'), readTime('24:00'), readTime('noon'), readTime('20:60')]).toEqual([
      '07:30',
      null,
      null,
      null,
    ])
  })
})

describe('a replay', () => {
  const rule: AlertRuleTerms = {
    version: 1,
    condition: above,
    recovery: '38',
    forDays: 1,
    forEvaluations: 1,
    keepFiringDays: 0,
    noData: 'KEEP_LAST',
    repeatDays: null,
  }
  const first = Temporal.PlainDate.from('2026-01-01')
  const seen = (values: readonly number[]) =>
    values.map((value, index) => ({ day: first.add({ days: index }), sight: of(value) }))

  it('gives the alerts that would have been, with how long they lasted', () => {
    const episodes = replayRule(rule, seen([39, 41, 42, 39, 37, 45, 46, 47]))
    expect(
      episodes.map(({ raisedOn, endedOn, days: length }) => [
        raisedOn.toString(),
        endedOn?.toString() ?? null,
        length,
      ]),
    ).toEqual([
      ['2026-01-03', '2026-01-05', 2],
      ['2026-01-07', null, 1],
    ])
  })

  it('knows 30 days later whether one was for nothing', () => {
    const raised = { raisedOn: first, raised: of(42), endedOn: first.add({ days: 5 }), days: 5 }
    expect(isFalseAlarm(above, raised, () => of(42))).toBe(true)
    expect(isFalseAlarm(above, raised, () => of(43))).toBe(false)
    expect(isFalseAlarm(above, { ...raised, days: 31 }, () => of(1))).toBe(false)
    expect(isFalseAlarm(above, { ...raised, endedOn: null }, () => of(1))).toBe(false)
    expect(isFalseAlarm(above, raised, () => null)).toBeNull()
    expect(isFalseAlarm(below, raised, () => of(41))).toBe(false)
  })

  it('has a middle', () => {
    expect([medianOf([]), medianOf([3]), medianOf([4, 1]), medianOf([9, 1, 2])]).toEqual([null, 3, 2.5, 2])
  })
})
