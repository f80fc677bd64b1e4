/** Windows, months and buckets of civil days. */
import { dateOf, dayFromParts, dayOf, daysInMonth, formatDay, type Day } from './day.ts'

/** A run of days, both included. */
export type Period = { readonly from: Day; readonly to: Day }

export type Granularity = 'DAY' | 'WEEK' | 'MONTH' | 'QUARTER' | 'YEAR'

export const lengthOf = ({ from, to }: Period): number => to - from + 1

/**
 * The window of `months` months that ends on `day`: (day + 1) less the months .. day. At a month's end it is calendar
 * months: that of 28 February over 3 months begins on 1 December. Where the earlier month is too short, it begins on
 * that month's last day.
 */
export function trailingMonths(day: Day, months: number): Period {
  const { year, month, dayOfMonth } = partsOf(day + 1)
  const monthsSinceYear0 = year * 12 + (month - 1) - months
  const first = firstOf(monthsSinceYear0)
  const length = firstOf(monthsSinceYear0 + 1) - first
  return { from: first + Math.min(dayOfMonth, length) - 1, to: day }
}

export const firstOfMonth = (day: Day): Day => day - partsOf(day).dayOfMonth + 1

export function endOfMonth(day: Day): Day {
  const { year, month, dayOfMonth } = partsOf(day)
  return day - dayOfMonth + daysInMonth(year, month)
}

/** The calendar month of `last` up to that day, then the months before it, back to that of `first`. */
export function* monthsBack(last: Day, first: Day): Iterable<Period> {
  for (let to = last; to >= first;) {
    const from = firstOfMonth(to)
    yield { from, to }
    to = from - 1
  }
}

// Temporal would do the same ten times slower, and a long series asks for a hundred thousand windows.
function partsOf(day: Day): { year: number; month: number; dayOfMonth: number } {
  const text = formatDay(day)
  return {
    year: Number(text.slice(0, 4)),
    month: Number(text.slice(5, 7)),
    dayOfMonth: Number(text.slice(8)),
  }
}

function firstOf(monthsSinceYear0: number): Day {
  const first = dayFromParts(Math.floor(monthsSinceYear0 / 12), (monthsSinceYear0 % 12) + 1, 1)
  if (first === null) throw new RangeError('The window begins before 1900')
  return first
}

/** Splits `period` at the calendar's boundaries; the first and the last bucket are cut where the period is. */
export function bucketsOf(period: Period, granularity: Granularity, bucketsMax: number): Period[] {
  const buckets: Period[] = []
  for (let from = period.from; from <= period.to && buckets.length < bucketsMax;) {
    const to = Math.min(endOfBucket(from, granularity), period.to)
    buckets.push({ from, to })
    from = to + 1
  }
  return buckets
}

/** The last day of the calendar's bucket that `day` lies in. */
function endOfBucket(day: Day, granularity: Granularity): Day {
  const date = dateOf(day)
  switch (granularity) {
    case 'DAY':
      return day
    case 'WEEK':
      return day + 7 - date.dayOfWeek
    case 'MONTH':
      return day + date.daysInMonth - date.day
    case 'QUARTER': {
      const lastMonth = Math.ceil(date.month / 3) * 3
      const last = date.with({ day: 1, month: lastMonth })
      return dayOf(last) + last.daysInMonth - 1
    }
    case 'YEAR':
      return dayOf(date.with({ month: 12, day: 31 }))
  }
}

/** The civil date that it is in the zone at that moment. */
export const dateAt = (moment: Temporal.Instant, timeZone: string): Temporal.PlainDate =>
  moment.toZonedDateTimeISO(timeZone).toPlainDate()

/** The same as a day. */
export const dayAt = (moment: Temporal.Instant, timeZone: string): Day => dayOf(dateAt(moment, timeZone))

export const isBefore = (a: Temporal.PlainDate, b: Temporal.PlainDate): boolean =>
  Temporal.PlainDate.compare(a, b) < 0

/** The last millisecond of the day in the zone, however long its clocks made it. */
export const endOfDay = (day: Day, timeZone: string): Temporal.Instant =>
  dateOf(day + 1)
    .toZonedDateTime(timeZone)
    .toInstant()
    .subtract({ milliseconds: 1 })
