import { dateFormat, relativeFormat } from './intl.ts'

const zoneOf = (timeZone: string | undefined) => (timeZone === undefined ? {} : { timeZone })

/** The time of an instant (ISO text or ms) on a clock of `timeZone`, or of the viewer where it is left out. */
export const formatTime = (instant: string | number, timeZone?: string, locale?: string): string =>
  dateFormat({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...zoneOf(timeZone) }, locale).format(
    typeof instant === 'string' ? Date.parse(instant) : instant,
  )

/** "22 Nov, 14:03" on a clock of `timeZone`, or of the viewer where it is left out. */
export const formatMoment = (instant: string, timeZone?: string, locale?: string): string =>
  dateFormat(
    {
      day: 'numeric',
      month: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      ...zoneOf(timeZone),
    },
    locale,
  ).format(Date.parse(instant))

/** "22 Nov 2026" where the clock of `timeZone` shows that day. */
export const formatDayOf = (instant: string, timeZone?: string, locale?: string): string =>
  dateFormat({ day: 'numeric', month: 'short', year: 'numeric', ...zoneOf(timeZone) }, locale).format(
    Date.parse(instant),
  )

/** "22 Nov 2026, 14:03:22", for what has to be told apart to the second. */
export const formatSecond = (instant: string, timeZone?: string, locale?: string): string =>
  dateFormat(
    {
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      ...zoneOf(timeZone),
    },
    locale,
  ).format(Date.parse(instant))

const steps = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/** "3 minutes ago", "in 7 days", "just now": how far `instant` lies from `now`, an instant in ms. */
export const formatAgo = (instant: string, now: number, locale?: string): string => {
  const seconds = (Date.parse(instant) - now) / 1000
  const step = steps.find(([, length]) => Math.abs(seconds) >= length)
  if (!step) return seconds > 0 ? 'in a moment' : 'just now'
  return relativeFormat(locale).format(Math.trunc(seconds / step[1]), step[0])
}

/** The last part of an IANA zone in plain words: "America/New_York" is "New York". */
export const formatZone = (timeZone: string): string =>
  (timeZone.split('/').at(-1) ?? timeZone).replaceAll('_', ' ')
