/**
 * A civil date as the number of whole days since 1970-01-01. Only the ledger's arithmetic uses it: comparing and
 * subtracting Temporal.PlainDate costs microseconds, and an import of a million invoices does it fifty million times.
 */
export type Day = number

export const dayOf = (date: Temporal.PlainDate): Day => dayOfParts(date.year, date.month, date.day)

export const dateOf = (day: Day): Temporal.PlainDate => Temporal.PlainDate.from(formatDay(day))

/** The days that books may hold: what lies outside is a slip of the pen, such as the year 0026. */
export const EARLIEST_YEAR = 1950
export const LATEST_YEAR = 2199

export const isPlausible = (date: Temporal.PlainDate): boolean =>
  date.year >= EARLIEST_YEAR && date.year <= LATEST_YEAR

/** Null where the parts are no date of the calendar, such as 2026-02-30, or outside of 1950 to 2199. */
export function dayFromParts(year: number, month: number, day: number): Day | null {
  if (!(year >= EARLIEST_YEAR && year <= LATEST_YEAR && month >= 1 && month <= 12 && day >= 1)) return null
  if (day > daysInMonth(year, month)) return null
  return dayOfParts(year, month, day)
}

/** "2026-01-31" -> its day; null for every other form. */
export function parseDay(text: string): Day | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)
  return match === null ? null : dayFromParts(Number(match[1]), Number(match[2]), Number(match[3]))
}

/** The day as ISO text. */
export function formatDay(day: Day): string {
  const known = isoByDay.get(day)
  if (known !== undefined) return known
  const text = isoOf(day)
  isoByDay.set(day, text)
  return text
}
// A book touches a few thousand days; the texts are worth keeping.
const isoByDay = new Map<Day, string>()

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Howard Hinnant's days_from_civil: the year is taken to begin in March, so that leap days come last. */
function dayOfParts(year: number, month: number, day: number): Day {
  const shiftedYear = month <= 2 ? year - 1 : year
  const era = Math.floor(shiftedYear / 400)
  const yearOfEra = shiftedYear - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** Its inverse, civil_from_days. */
function isoOf(day: Day): string {
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const dayOfMonth = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(dayOfMonth)}`
}
