import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lengthOf, trailingMonths } from '@tidemark/server/domain/calendar.ts'
import { dateOf, formatDay } from '@tidemark/server/domain/day.ts'
import {
  calendarMonths,
  periodOf,
  periodsBack,
  periodsPerYear,
  trailingPeriods,
  weekdays,
  yearOf,
  type FiscalCalendar,
} from '@tidemark/server/domain/fiscal.ts'
import { day } from '../support/kpi-books.ts'
import { randomCalendar } from '../support/random-conventions.ts'

const text = ({ from, to }: { from: number; to: number }) => `${formatDay(from)}..${formatDay(to)}`
const anyDay = fc.integer({ min: day('1960-01-01'), max: day('2190-12-31') })

/** The 4-5-4 year of American retail, whose years the National Retail Federation publishes. */
const retail: FiscalCalendar = { kind: 'WEEKS_4_5_4', yearStartMonth: 2, weekStartsOn: 'SUNDAY' }
/** Years of the weeks of ISO 8601, in quarters of 4, 4 and 5. */
const iso: FiscalCalendar = { kind: 'WEEKS_4_4_5', yearStartMonth: 1, weekStartsOn: 'MONDAY' }
const thirteen: FiscalCalendar = { kind: 'PERIODS_13', yearStartMonth: 4, weekStartsOn: 'SATURDAY' }

describe('years of weeks', () => {
  it.each([
    ['2022-06-01', '2022-01-30..2023-01-28'],
    // 53 weeks, as in 2012 and 2017.
    ['2023-06-01', '2023-01-29..2024-02-03'],
    ['2024-06-01', '2024-02-04..2025-02-01'],
    ['2017-06-01', '2017-01-29..2018-02-03'],
  ])('of retail: that of %s is %s', (on, year) => {
    expect(text(yearOf(day(on), retail))).toBe(year)
  })

  it('of ISO 8601 are what Temporal says of each week', () => {
    fc.assert(
      fc.property(anyDay, (on) => {
        const { from } = yearOf(on, iso)
        const { yearOfWeek, weekOfYear } = dateOf(on)
        expect([dateOf(from).yearOfWeek, Math.floor((on - from) / 7) + 1]).toEqual([yearOfWeek, weekOfYear])
      }),
    )
  })

  it('have 52 weeks or 53, and the last period has the 53rd', () => {
    fc.assert(
      fc.property(anyDay, randomCalendar, (on, calendar) => {
        const year = yearOf(on, calendar)
        if (calendar.kind === 'CALENDAR_MONTHS') {
          expect(dateOf(year.from).toString().slice(5)).toBe(
            `${String(calendar.yearStartMonth).padStart(2, '0')}-01`,
          )
          return
        }
        expect([52, 53]).toContain(lengthOf(year) / 7)
        expect(weekdays[dateOf(year.from).dayOfWeek - 1]).toBe(calendar.weekStartsOn)
        const isLong = lengthOf(year) === 53 * 7
        const usual = { WEEKS_4_4_5: 5, WEEKS_4_5_4: 4, WEEKS_5_4_4: 4, PERIODS_13: 4 }[calendar.kind]
        expect(lengthOf(periodOf(year.to, calendar)) / 7).toBe(usual + (isLong ? 1 : 0))
      }),
    )
  })
})

describe('periods', () => {
  it('of 4-4-5 weeks are printed', () => {
    const first = periodOf(day('2026-01-15'), iso)
    expect(text(first)).toBe('2025-12-29..2026-01-25')
    expect(text(periodOf(first.to + 1, iso))).toBe('2026-01-26..2026-02-22')
    expect(text(periodOf(day('2026-03-01'), iso))).toBe('2026-02-23..2026-03-29')
    // 2026 has 53 weeks.
    expect(text(periodOf(day('2026-12-31'), iso))).toBe('2026-11-23..2027-01-03')
  })

  it('tile the line: each day lies in one, and the next begins when it ends', () => {
    fc.assert(
      fc.property(anyDay, randomCalendar, (on, calendar) => {
        const period = periodOf(on, calendar)
        expect(on >= period.from && on <= period.to).toBe(true)
        expect(periodOf(period.to, calendar)).toEqual(period)
        expect(periodOf(period.from, calendar)).toEqual(period)
        expect(periodOf(period.to + 1, calendar).from).toBe(period.to + 1)
        expect(periodOf(period.from - 1, calendar).to).toBe(period.from - 1)
      }),
    )
  })

  it('make up their year: twelve of them or thirteen, without a gap', () => {
    fc.assert(
      fc.property(anyDay, randomCalendar, (on, calendar) => {
        const year = yearOf(on, calendar)
        const periods = [...periodsBack(year.to, year.from, calendar)]
        expect(periods).toHaveLength(periodsPerYear(calendar))
        expect(periods.reduce((days, period) => days + lengthOf(period), 0)).toBe(lengthOf(year))
        expect(text(yearOf(year.to + 1, calendar)).slice(0, 10)).toBe(formatDay(year.to + 1))
      }),
    )
  })

  it('back from a day begin with the part of its own up to it, and are cut where the books begin', () => {
    expect([...periodsBack(day('2026-03-05'), day('2026-01-10'), iso)].map(text)).toEqual([
      '2026-02-23..2026-03-05',
      '2026-01-26..2026-02-22',
      '2026-01-10..2026-01-25',
    ])
  })
})

describe('trailing periods', () => {
  it('at the end of a period are whole periods', () => {
    expect(text(trailingPeriods(day('2026-03-29'), 3, iso))).toBe('2025-12-29..2026-03-29')
    expect(text(trailingPeriods(day('2026-02-22'), 1, iso))).toBe('2026-01-26..2026-02-22')
    // From March's 29th on the year begins that is nearest to 1 April.
    expect(text(trailingPeriods(day('2026-04-03'), 13, thirteen))).toBe('2025-03-29..2026-04-03')
  })

  it('elsewhere begin as far into a period as the day after them lies in its own', () => {
    // The 11th day of the second period after them is 6 March; so far into the first it is 8 January.
    expect(text(trailingPeriods(day('2026-03-04'), 2, iso))).toBe('2026-01-08..2026-03-04')
    // The 30th day of a period of 5 weeks: the period before has but 28.
    expect(text(trailingPeriods(day('2026-03-23'), 1, iso))).toBe('2026-02-22..2026-03-23')
  })

  it('of calendar months are the trailing months', () => {
    fc.assert(
      fc.property(anyDay, fc.integer({ min: 1, max: 24 }), (on, months) => {
        expect(trailingPeriods(on, months, calendarMonths)).toEqual(trailingMonths(on, months))
      }),
    )
  })

  it('are the same wherever one stops on the way, at the ends of periods', () => {
    const periods = fc.integer({ min: 1, max: 12 })
    fc.assert(
      fc.property(anyDay, periods, periods, randomCalendar, (on, first, second, calendar) => {
        const end = periodOf(on, calendar).to
        const near = trailingPeriods(end, first, calendar)
        const far = trailingPeriods(near.from - 1, second, calendar)
        expect(far.from).toBe(trailingPeriods(end, first + second, calendar).from)
      }),
    )
  })
})
