/**
 * Fiscal calendars. A year of months begins with any month; a year of weeks has 52 of them or 53 and begins on the
 * weekday that is nearest to the first of a month: Monday and January make the weeks of ISO 8601, Sunday and February
 * the year of American retail (National Retail Federation, 4-5-4). The 53rd week belongs to the year's last period.
 */
import { endOfMonth, firstOfMonth, trailingMonths, type Period } from './calendar.ts'
import { dateOf, dayOf, type Day } from './day.ts'

export type FiscalCalendarKind =
  | 'CALENDAR_MONTHS'
  | 'WEEKS_4_4_5'
  | 'WEEKS_4_5_4'
  | 'WEEKS_5_4_4'
  | 'PERIODS_13'

export const weekdays = [
  'MONDAY',
  'TUESDAY',
  'WEDNESDAY',
  'THURSDAY',
  'FRIDAY',
  'SATURDAY',
  'SUNDAY',
] as const
export type Weekday = (typeof weekdays)[number]

export type FiscalCalendar = {
  readonly kind: FiscalCalendarKind
  /** 1 for January: the month that the year begins with, or close to. */
  readonly yearStartMonth: number
  /** The first day of a week; months do not ask for it. */
  readonly weekStartsOn: Weekday
}

export const calendarMonths: FiscalCalendar = {
  kind: 'CALENDAR_MONTHS',
  yearStartMonth: 1,
  weekStartsOn: 'MONDAY',
}

/** The weeks of each period; the last has one more in a year of 53 weeks. */
const weeksOfPeriods: { readonly [Kind in FiscalCalendarKind]: readonly number[] | null } = {
  CALENDAR_MONTHS: null,
  WEEKS_4_4_5: [4, 4, 5, 4, 4, 5, 4, 4, 5, 4, 4, 5],
  WEEKS_4_5_4: [4, 5, 4, 4, 5, 4, 4, 5, 4, 4, 5, 4],
  WEEKS_5_4_4: [5, 4, 4, 5, 4, 4, 5, 4, 4, 5, 4, 4],
  PERIODS_13: Array.from({ length: 13 }, () => 4),
}

export const periodsPerYear = ({ kind }: FiscalCalendar): number => weeksOfPeriods[kind]?.length ?? 12

/**
 * The window of `periods` periods that ends on `day`: as many back from the day after it, which lies as far into its
 * period as the window's first day into its own (on that one's last day where it is too short). At the end of a
 * period these are whole periods.
 */
export function trailingPeriods(day: Day, periods: number, calendar: FiscalCalendar): Period {
  const weeks = weeksOfPeriods[calendar.kind]
  if (weeks === null) return trailingMonths(day, periods)
  const { year, index, period } = placeOf(day + 1, calendar, weeks)
  const number = year * weeks.length + index - periods
  const earlier = periodAt(Math.floor(number / weeks.length), number % weeks.length, calendar, weeks)
  return { from: Math.min(earlier.from + (day + 1 - period.from), earlier.to), to: day }
}

/** The period that the day lies in. */
export function periodOf(day: Day, calendar: FiscalCalendar): Period {
  const weeks = weeksOfPeriods[calendar.kind]
  if (weeks === null) return { from: firstOfMonth(day), to: endOfMonth(day) }
  return placeOf(day, calendar, weeks).period
}

/** The fiscal year that the day lies in. */
export function yearOf(day: Day, calendar: FiscalCalendar): Period {
  const year = yearNumberOf(day, calendar)
  return { from: yearStart(year, calendar), to: yearStart(year + 1, calendar) - 1 }
}

/** The period of `last` up to that day, then the periods before it, back to `first`, where the last one is cut. */
export function* periodsBack(last: Day, first: Day, calendar: FiscalCalendar): Iterable<Period> {
  for (let to = last; to >= first;) {
    const from = Math.max(periodOf(to, calendar).from, first)
    yield { from, to }
    to = from - 1
  }
}

type Place = { readonly year: number; readonly index: number; readonly period: Period }

function placeOf(day: Day, calendar: FiscalCalendar, weeks: readonly number[]): Place {
  const year = yearNumberOf(day, calendar)
  let index = 0
  let period = periodAt(year, index, calendar, weeks)
  while (day > period.to) {
    index++
    period = periodAt(year, index, calendar, weeks)
  }
  return { year, index, period }
}

function periodAt(year: number, index: number, calendar: FiscalCalendar, weeks: readonly number[]): Period {
  const weeksBefore = weeks.slice(0, index).reduce((sum, one) => sum + one, 0)
  const from = yearStart(year, calendar) + weeksBefore * 7
  const isLast = index === weeks.length - 1
  const to = isLast ? yearStart(year + 1, calendar) - 1 : from + (weeks[index] ?? 0) * 7 - 1
  return { from, to }
}

/** The civil year in or near whose `yearStartMonth` the fiscal year of the day begins. */
function yearNumberOf(day: Day, calendar: FiscalCalendar): number {
  let year = dateOf(day).year + 1
  while (yearStart(year, calendar) > day) year--
  return year
}

function yearStart(year: number, calendar: FiscalCalendar): Day {
  const key = `${calendar.kind} ${calendar.yearStartMonth} ${calendar.weekStartsOn} ${year}`
  const known = yearStarts.get(key)
  if (known !== undefined) return known
  const start = findYearStart(year, calendar)
  yearStarts.set(key, start)
  return start
}
// A few hundred years of a few calendars, asked for by every window of every series.
const yearStarts = new Map<string, Day>()

function findYearStart(year: number, { kind, yearStartMonth, weekStartsOn }: FiscalCalendar): Day {
  const date = new Temporal.PlainDate(year, yearStartMonth, 1)
  const first = dayOf(date)
  if (kind === 'CALENDAR_MONTHS') return first
  const daysToNext = (weekdays.indexOf(weekStartsOn) + 1 - date.dayOfWeek + 7) % 7
  return first + (daysToNext <= 3 ? daysToNext : daysToNext - 7)
}
