/** Windows and months of civil days. */
import { dateOf, dayFromParts, dayOf, daysInMonth, formatDay, type Day } from './day.ts'

/** A run of days, both included. */
export type Period = { readonly from: Day; readonly to: Day }

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

/** The calendar months that end in a period, as one; no day at all where none does. */
export function monthsEndingIn({ from, to }: Period): Period {
  const last = endOfMonth(to) === to ? to : firstOfMonth(to) - 1
  return { from: endOfMonth(from) <= last ? firstOfMonth(from) : last + 1, to: last }
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
  const [year, month] = [Math.floor(monthsSinceYear0 / 12), (monthsSinceYear0 % 12) + 1]
  // The window of a day of 1950 may begin before it.
  return dayFromParts(year, month, 1) ?? dayOf(new Temporal.PlainDate(year, month, 1))
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
