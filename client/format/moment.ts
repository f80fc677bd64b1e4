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
  return relativeFormat(locale).format(Math.round(seconds / step[1]), step[0])
}

/** The same of what has happened: it lies never in the future, however the clocks of server and viewer differ. */
export const formatSince = (instant: string, now: number, locale?: string): string =>
  formatAgo(instant, Math.max(now, Date.parse(instant)), locale)

/** The last part of an IANA zone in plain words: "America/New_York" is "New York". */
export const formatZone = (timeZone: string): string =>
  (timeZone.split('/').at(-1) ?? timeZone).replaceAll('_', ' ')

const dayMs = 86_400_000

/** How far the clock of `timeZone` is ahead of UTC at an instant in ms, in ms. */
const offsetAt = (ms: number, timeZone: string): number => {
  // Swedish writes "2026-11-22 14:03:22".
  const text = dateFormat(
    {
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZone,
    },
    'sv',
  ).format(ms)
  return Date.parse(`${text.replace(' ', 'T')}Z`) - Math.floor(ms / 1000) * 1000
}

/** The instant at which a clock of `timeZone` shows `clock`, such as "2026-11-22T14:03", as ISO text. */
export const instantAt = (clock: string, timeZone: string): string => {
  const shown = Date.parse(`${clock}Z`)
  const before = offsetAt(shown - dayMs, timeZone)
  const after = offsetAt(shown + dayMs, timeZone)
  // What a clock that is put back shows twice is the first of the two; what it skips is the jump itself, which the clock
  // from before tells.
  const instants = [shown - before, shown - after].filter(
    (instant) => instant + offsetAt(instant, timeZone) === shown,
  )
  return new Date(instants.length === 0 ? shown - before : Math.min(...instants)).toISOString()
}

/** The instant at which a civil day begins on the clock of `timeZone`, as ISO text. */
export const startOfDay = (day: string, timeZone: string): string => instantAt(`${day}T00:00:00`, timeZone)

/** What a clock of `timeZone` shows at an instant, to the minute, such as "2026-11-22T14:03". */
export const clockAt = (instant: string, timeZone: string): string => {
  const ms = Date.parse(instant)
  return new Date(ms + offsetAt(ms, timeZone)).toISOString().slice(0, 16)
}
