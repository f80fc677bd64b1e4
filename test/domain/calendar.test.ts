import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bucketsOf, type Granularity } from '@tidemark/server/domain/buckets.ts'
import { dayAt, endOfDay, firstOfMonth, lengthOf, trailingMonths } from '@tidemark/server/domain/calendar.ts'
import { dateOf, dayOf, formatDay } from '@tidemark/server/domain/day.ts'
import { calendarMonths, periodsBack } from '@tidemark/server/domain/fiscal.ts'
import { day } from '../support/kpi-books.ts'
import { randomCalendar } from '../support/random-conventions.ts'

const text = ({ from, to }: { from: number; to: number }) => `${formatDay(from)}..${formatDay(to)}`
const anyDay = fc.integer({ min: day('1960-01-01'), max: day('2190-12-31') })

describe('trailing months', () => {
  it.each([
    ['2026-02-28', 3, '2025-12-01..2026-02-28'],
    ['2024-02-29', 1, '2024-02-01..2024-02-29'],
    ['2026-12-31', 12, '2026-01-01..2026-12-31'],
    ['2026-06-30', 3, '2026-04-01..2026-06-30'],
    ['2026-06-15', 1, '2026-05-16..2026-06-15'],
    // The day after is 31 May, and February has no 31st.
    ['2026-05-30', 3, '2026-02-28..2026-05-30'],
    ['2026-01-31', 24, '2024-02-01..2026-01-31'],
  ])('of %s over %i are %s', (last, months, window) => {
    expect(text(trailingMonths(day(last), months))).toBe(window)
  })

  it('are what Temporal says: the day after less the months', () => {
    fc.assert(
      fc.property(anyDay, fc.integer({ min: 1, max: 24 }), (last, months) => {
        const from = dateOf(last).add({ days: 1 }).subtract({ months })
        expect(text(trailingMonths(last, months))).toBe(`${from.toString()}..${formatDay(last)}`)
      }),
    )
  })

  it('are 90 days in a February that is not a leap year, the quarter then being 31 + 31 + 28', () => {
    expect(lengthOf(trailingMonths(day('2026-02-28'), 3))).toBe(90)
    expect(lengthOf(trailingMonths(day('2024-02-29'), 3))).toBe(91)
  })
})

describe('months back', () => {
  it('begin with the part of the month up to the day, and end with the first day', () => {
    const months = [...periodsBack(day('2026-03-10'), day('2026-01-01'), calendarMonths)]
    expect(months.map(text)).toEqual([
      '2026-03-01..2026-03-10',
      '2026-02-01..2026-02-28',
      '2026-01-01..2026-01-31',
    ])
  })

  it('are none where the day lies before the books', () => {
    expect([...periodsBack(day('2025-12-31'), day('2026-01-01'), calendarMonths)]).toEqual([])
  })

  it('know the first of every month', () => {
    fc.assert(
      fc.property(anyDay, (one) => {
        expect(firstOfMonth(one)).toBe(dayOf(dateOf(one).with({ day: 1 })))
      }),
    )
  })
})

describe('buckets', () => {
  const buckets = (from: string, to: string, granularity: Granularity) =>
    bucketsOf({ from: day(from), to: day(to) }, granularity, 1_000, calendarMonths).map(text)

  it('are cut at the ends of the series', () => {
    expect(buckets('2026-01-20', '2026-03-05', 'MONTH')).toEqual([
      '2026-01-20..2026-01-31',
      '2026-02-01..2026-02-28',
      '2026-03-01..2026-03-05',
    ])
  })

  it('of weeks end on Sunday', () => {
    expect(buckets('2026-11-20', '2026-12-01', 'WEEK')).toEqual([
      '2026-11-20..2026-11-22',
      '2026-11-23..2026-11-29',
      '2026-11-30..2026-12-01',
    ])
  })

  it('of quarters and years follow the calendar', () => {
    expect(buckets('2025-11-01', '2026-07-01', 'QUARTER')).toEqual([
      '2025-11-01..2025-12-31',
      '2026-01-01..2026-03-31',
      '2026-04-01..2026-06-30',
      '2026-07-01..2026-07-01',
    ])
    expect(buckets('2023-12-31', '2025-01-01', 'YEAR')).toEqual([
      '2023-12-31..2023-12-31',
      '2024-01-01..2024-12-31',
      '2025-01-01..2025-01-01',
    ])
  })

  it('stop at the most that are wanted', () => {
    const centuries = { from: day('1950-01-01'), to: day('2199-12-31') }
    expect(bucketsOf(centuries, 'DAY', 801, calendarMonths)).toHaveLength(801)
  })

  it('cover every day of the series once', () => {
    const granularity = fc.constantFrom<Granularity>(
      'DAY',
      'WEEK',
      'MONTH',
      'QUARTER',
      'YEAR',
      'PERIOD',
      'FISCAL_YEAR',
    )
    fc.assert(
      fc.property(anyDay, fc.nat({ max: 400 }), granularity, randomCalendar, (from, length, by, calendar) => {
        const all = bucketsOf({ from, to: from + length }, by, 1_000, calendar)
        expect(all[0]?.from).toBe(from)
        expect(all.at(-1)?.to).toBe(from + length)
        expect(all.slice(1).map((bucket) => bucket.from)).toEqual(
          all.slice(0, -1).map((bucket) => bucket.to + 1),
        )
      }),
    )
  })
})

describe('days of a zone', () => {
  it('end a millisecond before the next begins, however long the clocks make them', () => {
    expect(endOfDay(day('2026-03-29'), 'Europe/Berlin').toString()).toBe('2026-03-29T21:59:59.999Z')
    expect(endOfDay(day('2026-10-25'), 'Europe/Berlin').toString()).toBe('2026-10-25T22:59:59.999Z')
    // In Santiago midnight itself does not exist on the day on which the clocks go forward.
    expect(endOfDay(day('2026-09-05'), 'America/Santiago').toString()).toBe('2026-09-06T03:59:59.999Z')
  })

  it('are not those of Greenwich', () => {
    const moment = Temporal.Instant.from('2026-06-30T22:30:00Z')
    expect(formatDay(dayAt(moment, 'Europe/Berlin'))).toBe('2026-07-01')
    expect(formatDay(dayAt(moment, 'America/New_York'))).toBe('2026-06-30')
  })
})
