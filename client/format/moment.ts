import { dateFormat } from './intl.ts'

/** The time of an instant (ISO text or ms) on a clock of `timeZone`, or of the viewer where it is left out. */
export const formatTime = (instant: string | number, timeZone?: string, locale?: string): string =>
  dateFormat(
    { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...(timeZone ? { timeZone } : {}) },
    locale,
  ).format(typeof instant === 'string' ? Date.parse(instant) : instant)

/** "22 Nov, 14:03" on a clock of `timeZone`. */
export const formatMoment = (instant: string, timeZone: string, locale?: string): string =>
  dateFormat(
    { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone },
    locale,
  ).format(Date.parse(instant))

/** The last part of an IANA zone in plain words: "America/New_York" is "New York". */
export const formatZone = (timeZone: string): string =>
  (timeZone.split('/').at(-1) ?? timeZone).replaceAll('_', ' ')
