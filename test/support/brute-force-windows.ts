/**
 * The twin's calendars: every period is written out, day by day, and then looked up. A year of weeks begins on the only
 * one of seven days around the first of its month that is the right weekday.
 */
import type { Conventions } from '@tidemark/server/domain/conventions.ts'
import type { FiscalCalendar } from '@tidemark/server/domain/fiscal.ts'
import { dateOf, dayOf } from './brute-force-books.ts'

type Span = { readonly first: number; readonly last: number }

const WEEKDAYS = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY']
const WEEKS: Readonly<Record<string, string>> = {
  WEEKS_4_4_5: '445445445445',
  WEEKS_4_5_4: '454454454454',
  WEEKS_5_4_4: '544544544544',
  PERIODS_13: '4444444444444',
}
const [FIRST_YEAR, LAST_YEAR] = [2019, 2029]

const yearBegins = (year: number, calendar: FiscalCalendar): number => {
  const first = dayOf(Temporal.PlainDate.from({ year, month: calendar.yearStartMonth, day: 1 }))
  const near = [-3, -2, -1, 0, 1, 2, 3].map((days) => first + days)
  const found = near.find((day) => WEEKDAYS[dateOf(day).dayOfWeek - 1] === calendar.weekStartsOn)
  if (found === undefined) throw new Error('Seven days have every weekday')
  return found
}

function listPeriods(calendar: FiscalCalendar): Span[] {
  const begins: number[] = []
  for (let year = FIRST_YEAR; year <= LAST_YEAR; year++) {
    if (calendar.kind === 'CALENDAR_MONTHS') {
      for (let month = 1; month <= 12; month++)
        begins.push(dayOf(Temporal.PlainDate.from({ year, month, day: 1 })))
      continue
    }
    let day = yearBegins(year, calendar)
    for (const weeks of WEEKS[calendar.kind] ?? '') {
      begins.push(day)
      day += Number(weeks) * 7
    }
  }
  return begins.slice(0, -1).map((first, index) => ({ first, last: (begins[index + 1] ?? NaN) - 1 }))
}

const listed = new Map<string, Span[]>()
const periodsOf = (calendar: FiscalCalendar): Span[] => {
  const key = JSON.stringify(calendar)
  const known = listed.get(key) ?? listPeriods(calendar)
  listed.set(key, known)
  return known
}

const indexOf = (day: number, calendar: FiscalCalendar): number => {
  const index = periodsOf(calendar).findIndex(({ first, last }) => day >= first && day <= last)
  if (index < 0) throw new Error('The twin has too few years')
  return index
}

/** The first day of the window of so many periods that ends on the day. */
export function windowStart(day: number, periods: number, calendar: FiscalCalendar): number {
  if (calendar.kind === 'CALENDAR_MONTHS')
    return dayOf(dateOf(day).add({ days: 1 }).subtract({ months: periods }))
  const index = indexOf(day + 1, calendar)
  const into = day + 1 - (periodsOf(calendar)[index]?.first ?? NaN)
  const earlier = periodsOf(calendar)[index - periods]
  return Math.min((earlier?.first ?? NaN) + into, earlier?.last ?? NaN)
}

/** The first days of the windows of 1, 2, ... periods that end on the day, up to a year. */
export const yearOf = (day: number, calendar: FiscalCalendar): number[] =>
  Array.from({ length: WEEKS[calendar.kind]?.length ?? 12 }, (_, index) =>
    windowStart(day, index + 1, calendar),
  )

/** The part of its period up to the day, and the periods before it; the first of the books is cut there. */
export const periodsBefore = (day: number, booksFrom: number, calendar: FiscalCalendar): Span[] =>
  day < booksFrom
    ? []
    : periodsOf(calendar)
        .slice(0, indexOf(day, calendar) + 1)
        .filter(({ last }) => last >= booksFrom)
        .map(({ first, last }) => ({ first: Math.max(first, booksFrom), last: Math.min(last, day) }))
        .toReversed()

/** Whether what fell due is past due on a day: after the grace, and not before the Monday after a weekend is over. */
export function isLate(dueOn: number, on: number, { graceDays, weekendRoll }: Conventions): boolean {
  let payableUntil = dueOn + graceDays
  while (weekendRoll && dateOf(payableUntil).dayOfWeek > 5) payableUntil++
  return on > payableUntil
}
