/** Over which periods goals are reviewed, by when, and who signs. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dateOf, dayOf } from '@tidemark/server/domain/day.ts'
import { calendarMonths, yearOf, type FiscalCalendar } from '@tidemark/server/domain/fiscal.ts'
import {
  dueOnOf,
  periodOfReview,
  quarterOf,
  reviewsDue,
  signersOf,
  type ReviewKind,
} from '@tidemark/server/domain/review.ts'

const day = (text: string) => Temporal.PlainDate.from(text)
const weeks = (kind: FiscalCalendar['kind']): FiscalCalendar => ({ ...calendarMonths, kind })
const spanOf = (kind: ReviewKind, on: string, calendar = calendarMonths) => {
  const { from, to } = periodOfReview(kind, day(on), calendar)
  return `${from.toString()} ${to.toString()}`
}

describe('a period', () => {
  it('is a month or a quarter of months', () => {
    expect(spanOf('MONTHLY_ANALYSIS', '2026-02-14')).toBe('2026-02-01 2026-02-28')
    expect(spanOf('QUARTERLY_REVIEW', '2026-02-14')).toBe('2026-01-01 2026-03-31')
    expect(spanOf('QUARTERLY_REVIEW', '2026-12-31')).toBe('2026-10-01 2026-12-31')
    expect(spanOf('QUARTERLY_REVIEW', '2026-07-01', { ...calendarMonths, yearStartMonth: 2 })).toBe(
      '2026-05-01 2026-07-31',
    )
  })

  // ISO 8601: 2026 begins on Monday 29 December 2025 and has 53 weeks.
  it('is one of 4, 4 and 5 weeks, and a quarter 13 of them; the last one has the 53rd week', () => {
    expect(spanOf('MONTHLY_ANALYSIS', '2026-01-26', weeks('WEEKS_4_4_5'))).toBe('2026-01-26 2026-02-22')
    expect(spanOf('QUARTERLY_REVIEW', '2026-01-26', weeks('WEEKS_4_4_5'))).toBe('2025-12-29 2026-03-29')
    expect(spanOf('QUARTERLY_REVIEW', '2026-12-31', weeks('WEEKS_4_4_5'))).toBe('2026-09-28 2027-01-03')
  })

  it('is one of 13 of four weeks: three make a quarter, four the last', () => {
    expect(spanOf('QUARTERLY_REVIEW', '2026-01-01', weeks('PERIODS_13'))).toBe('2025-12-29 2026-03-22')
    expect(spanOf('QUARTERLY_REVIEW', '2026-12-01', weeks('PERIODS_13'))).toBe('2026-09-07 2027-01-03')
  })

  it('of a quarter follows the one before, and four make the year', () => {
    const kinds = ['CALENDAR_MONTHS', 'WEEKS_4_4_5', 'WEEKS_4_5_4', 'WEEKS_5_4_4', 'PERIODS_13'] as const
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(20_000),
        (kind, month, ago) => {
          const calendar: FiscalCalendar = { kind, yearStartMonth: month, weekStartsOn: 'MONDAY' }
          const on = dayOf(day('2026-01-01')) + 5_000 - ago
          const year = yearOf(on, calendar)
          const quarters = []
          for (let from = year.from; from <= year.to; from = (quarters.at(-1)?.to ?? from) + 1) {
            quarters.push(quarterOf(from, calendar))
          }
          expect(quarters.map(({ from }) => from)).toEqual([
            year.from,
            ...quarters.slice(0, 3).map(({ to }) => to + 1),
          ])
          expect(quarters.at(-1)?.to).toBe(year.to)
          const own = quarterOf(on, calendar)
          expect(own.from <= on && on <= own.to).toBe(true)
          expect(dateOf(own.from).toString()).toBe(
            periodOfReview('QUARTERLY_REVIEW', dateOf(on), calendar).from.toString(),
          )
        },
      ),
    )
  })

  it('is to be signed within 7 days, a quarter within 14', () => {
    const period = { from: day('2026-01-01'), to: day('2026-03-31') }
    expect(dueOnOf('MONTHLY_ANALYSIS', period).toString()).toBe('2026-04-07')
    expect(dueOnOf('QUARTERLY_REVIEW', period).toString()).toBe('2026-04-14')
  })
})

describe('what is due', () => {
  const goal = {
    startsOn: day('2026-02-10'),
    deadline: day('2026-08-31'),
    reviews: ['MONTHLY_ANALYSIS', 'QUARTERLY_REVIEW'],
  }
  const dueOn = (today: string, changes: Partial<typeof goal> = {}, since = '2026-02-10') =>
    reviewsDue({ ...goal, ...changes }, calendarMonths, { today: day(today), since: day(since) }).map(
      ({ kind, period }) => `${kind} ${period.to.toString()}`,
    )

  it.each([
    ['2026-02-28', []],
    ['2026-03-01', ['MONTHLY_ANALYSIS 2026-02-28']],
    ['2026-03-31', ['MONTHLY_ANALYSIS 2026-02-28']],
    ['2026-04-01', ['MONTHLY_ANALYSIS 2026-03-31', 'QUARTERLY_REVIEW 2026-03-31']],
    ['2026-05-01', ['MONTHLY_ANALYSIS 2026-04-30', 'QUARTERLY_REVIEW 2026-03-31']],
    ['2026-10-01', ['QUARTERLY_REVIEW 2026-09-30']],
    ['2027-01-01', []],
  ])('on %s is %j', (today, expected) => {
    expect(dueOn(today)).toEqual(expected)
  })

  it('is nothing that ended before the goal was there', () => {
    expect(dueOn('2026-04-01', { startsOn: day('2025-01-01') }, '2026-04-01')).toEqual([])
    expect(dueOn('2026-04-01', { startsOn: day('2025-01-01') }, '2026-03-31')).toHaveLength(2)
  })

  it('is only what the goal has', () => {
    expect(dueOn('2026-04-01', { reviews: ['QUARTERLY_REVIEW'] })).toEqual(['QUARTERLY_REVIEW 2026-03-31'])
    expect(dueOn('2026-04-01', { reviews: [] })).toEqual([])
  })
})

describe('who signs', () => {
  it('is the owner and the reviewer, once where they are one person; where nobody is named, anybody', () => {
    const [owner, reviewer] = ['a', 'b']
    const places = (ownerId: string | null, reviewerId: string | null) => signersOf({ ownerId, reviewerId })
    expect(places(owner, reviewer)).toEqual([
      { role: 'OWNER', personId: 'a' },
      { role: 'REVIEWER', personId: 'b' },
    ])
    expect(places(owner, owner)).toEqual([{ role: 'OWNER', personId: 'a' }])
    expect(places(owner, null)).toEqual([{ role: 'OWNER', personId: 'a' }])
    expect(places(null, reviewer)).toEqual([{ role: 'REVIEWER', personId: 'b' }])
    expect(places(null, null)).toEqual([{ role: 'REVIEWER', personId: null }])
  })
})
