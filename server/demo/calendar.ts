/** The days on which the demo company works, and how much it sells on them. */
import { dateOf, dayOf, type Day } from '../domain/day.ts'

const GROWTH_PER_MONTH = 0.011
/** January first: the year of a packaging maker. */
const SEASON = [0.95, 0.95, 1.03, 0.99, 1.0, 1.02, 0.96, 0.95, 1.03, 1.05, 1.06, 1.0]

export type Month = { readonly days: readonly Day[]; readonly weight: number }

/** The business days of each month with what is billed in it, the last one up to `today`. */
export function monthsOf(firstDay: Day, today: Day): Month[] {
  const months: Month[] = []
  let start = dateOf(firstDay)
  for (let index = 0; dayOf(start) <= today; index++) {
    const next = start.add({ months: 1 })
    const all = businessDays(dayOf(start), dayOf(next) - 1)
    const days = all.filter((day) => day <= today)
    const season = SEASON[start.month - 1] ?? 1
    const weight = (season * (1 + GROWTH_PER_MONTH) ** index * days.length) / all.length
    if (days.length > 0) months.push({ days, weight })
    start = next
  }
  return months
}

/** 1970-01-01 was a Thursday; 1 is Monday. */
export const weekday = (day: Day): number => ((((day + 3) % 7) + 7) % 7) + 1

export function nextBusinessDay(day: Day): Day {
  const over = weekday(day) - 5
  return over > 0 ? day + 3 - over : day
}

const businessDays = (from: Day, to: Day): Day[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index).filter((day) => weekday(day) <= 5)
