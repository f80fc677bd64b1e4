import { addDays, type Day } from './day.ts'
import { startOfDay } from './moment.ts'

/** The periods of the address bar by their names, and how many days each has, today included. */
export const periods = [
  { id: 'today', label: 'Today', days: 1 },
  { id: '7d', label: '7 days', days: 7 },
  { id: '30d', label: '30 days', days: 30 },
  { id: '90d', label: '90 days', days: 90 },
  { id: 'all', label: 'All', days: null },
] as const

export type PeriodId = (typeof periods)[number]['id'] | 'days'

/** A span of civil days, both included; null where that end is open. */
export type Period = { readonly id: PeriodId; readonly from: Day | null; readonly to: Day | null }

/** A day that an address or a field names; null where it is none. */
export const dayOf = (text: string | null): Day | null => {
  if (text === null || !/^\d{4}-\d\d-\d\d$/.test(text)) return null
  const ms = Date.parse(`${text}T00:00:00Z`)
  // A day that the month does not have would roll over into the next.
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text ? null : text
}

/**
 * From the query of an address: `period=30d`, or `from` and `to` of which either may be missing. What cannot be read is
 * as if it were not there; without any it is `fallback`.
 */
export const parsePeriod = (search: URLSearchParams, today: Day, fallback: PeriodId): Period => {
  const from = dayOf(search.get('from'))
  const to = dayOf(search.get('to'))
  if (from !== null || to !== null) {
    // Given the wrong way round it is clear what is meant.
    return from !== null && to !== null && from > to
      ? { id: 'days', from: to, to: from }
      : { id: 'days', from, to }
  }
  const asked = search.get('period') ?? fallback
  const found = periods.find(({ id }) => id === asked) ?? periods.find(({ id }) => id === fallback)
  if (!found || found.days === null) return { id: 'all', from: null, to: null }
  return { id: found.id, from: addDays(today, 1 - found.days), to: null }
}

/** The instants of a period on the clock of `timeZone`: from `gte` on, and before `lt`; null where that end is open. */
export const instantsOf = (
  { from, to }: Pick<Period, 'from' | 'to'>,
  timeZone: string,
): { readonly gte: string | null; readonly lt: string | null } => ({
  gte: from === null ? null : startOfDay(from, timeZone),
  lt: to === null ? null : startOfDay(addDays(to, 1), timeZone),
})
