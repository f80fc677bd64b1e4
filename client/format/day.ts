import { dateFormat } from './intl.ts'

/**
 * A civil date, `YYYY-MM-DD`, in the organization's calendar. Safari has no Temporal yet, so the arithmetic runs on
 * midnight UTC, and every formatter here is fixed to UTC: no viewer's zone can move a day.
 */
export type Day = string

const dayMs = 86_400_000
const toMs = (day: Day): number => Date.parse(`${day}T00:00:00Z`)
const toDay = (ms: number): Day => new Date(ms).toISOString().slice(0, 10)

export const addDays = (day: Day, days: number): Day => toDay(toMs(day) + days * dayMs)

/** Days from `from` to `to`; negative where `to` is the earlier one. */
export const daysBetween = (from: Day, to: Day): number => Math.round((toMs(to) - toMs(from)) / dayMs)

/** The same day of another month, or that month's last day where it is shorter. */
export const addMonths = (day: Day, months: number): Day => {
  const date = new Date(toMs(day))
  const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1)
  const daysInMonth = new Date(
    Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months + 1, 0),
  ).getUTCDate()
  return toDay(first + (Math.min(date.getUTCDate(), daysInMonth) - 1) * dayMs)
}

export const firstOfMonth = (day: Day): Day => `${day.slice(0, 7)}-01`

const styles = {
  /** Sunday, 22 November 2026 */
  full: { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' },
  /** 22 Nov 2026 */
  medium: { day: 'numeric', month: 'short', year: 'numeric' },
  /** 22 Nov */
  short: { day: 'numeric', month: 'short' },
  /** Nov 2026 */
  month: { month: 'short', year: 'numeric' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>

export const formatDay = (day: Day, style: keyof typeof styles, locale?: string): string =>
  dateFormat({ ...styles[style], timeZone: 'UTC' }, locale).format(toMs(day))

/** The civil date that it is at `now` (an instant in ms) in an IANA time zone. */
export const dayIn = (timeZone: string, now: number): Day => {
  // Swedish writes dates as YYYY-MM-DD.
  return dateFormat({ timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }, 'sv').format(now)
}

/** "39 days left", "1 day left", "last day today", "ended 12 days ago". */
export const formatDaysLeft = (daysLeft: number): string => {
  const days = Math.abs(daysLeft)
  const word = days === 1 ? 'day' : 'days'
  if (daysLeft === 0) return 'last day today'
  return daysLeft > 0 ? `${days}\u00a0${word} left` : `ended ${days}\u00a0${word} ago`
}
