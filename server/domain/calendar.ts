/** Windows, months and buckets of civil days. */
import { dateOf, dayOf, type Day } from './day.ts'

/** A run of days, both included. */
export type Period = { readonly from: Day; readonly to: Day }

export type Granularity = 'DAY' | 'WEEK' | 'MONTH' | 'QUARTER' | 'YEAR'

export const lengthOf = ({ from, to }: Period): number => to - from + 1

/**
 * The window of `months` months that ends on `day`: (day + 1) less the months .. day. At a month's end it is calendar
 * months: that of 28 February over 3 months begins on 1 December.
 */
export function trailingMonths(day: Day, months: number): Period {
  return { from: dayOf(dateOf(day + 1).subtract({ months })), to: day }
}

export const firstOfMonth = (day: Day): Day => dayOf(dateOf(day).with({ day: 1 }))

/** The calendar months from that of `first` to that of `last`, oldest first; the last one ends on `last`. */
export function monthsBetween(first: Day, last: Day): Period[] {
  const months: Period[] = []
  let start = dateOf(first).with({ day: 1 })
  for (let from = dayOf(start); from <= last; from = dayOf(start)) {
    start = start.add({ months: 1 })
    months.push({ from, to: Math.min(dayOf(start) - 1, last) })
  }
  return months
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

/** The civil day that it is in the zone at that moment. */
export const dayAt = (moment: Temporal.Instant, timeZone: string): Day =>
  dayOf(moment.toZonedDateTimeISO(timeZone).toPlainDate())

/** The last millisecond of the day in the zone, however long its clocks made it. */
export const endOfDay = (day: Day, timeZone: string): Temporal.Instant =>
  dateOf(day + 1)
    .toZonedDateTime(timeZone)
    .toInstant()
    .subtract({ milliseconds: 1 })
