/** The points of a series: a period split where the calendar does. */
import type { Period } from './calendar.ts'
import { dateOf, dayOf, type Day } from './day.ts'
import { periodOf, yearOf, type FiscalCalendar } from './fiscal.ts'

/** PERIOD and FISCAL_YEAR are those of the fiscal calendar. */
export type Granularity = 'DAY' | 'WEEK' | 'MONTH' | 'QUARTER' | 'YEAR' | 'PERIOD' | 'FISCAL_YEAR'

/** Splits `period` at the calendar's boundaries; the first and the last bucket are cut where the period is. */
export function bucketsOf(
  period: Period,
  granularity: Granularity,
  bucketsMax: number,
  calendar: FiscalCalendar,
): Period[] {
  const buckets: Period[] = []
  for (let from = period.from; from <= period.to && buckets.length < bucketsMax;) {
    const to = Math.min(endOfBucket(from, granularity, calendar), period.to)
    buckets.push({ from, to })
    from = to + 1
  }
  return buckets
}

/** The last day of the calendar's bucket that `day` lies in. */
function endOfBucket(day: Day, granularity: Granularity, calendar: FiscalCalendar): Day {
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
    case 'PERIOD':
      return periodOf(day, calendar).to
    case 'FISCAL_YEAR':
      return yearOf(day, calendar).to
  }
}
