/** What the page of control tests shows, as it stands in the address. */
import { addDays, type Day } from '../format/day.ts'
import { dayOf } from '../format/period.ts'

/** The periods by their names; each ends today. */
export const controlPeriods = [
  { id: '30d', label: '30 days', days: 30 },
  { id: '90d', label: '90 days', days: 90 },
  { id: '12m', label: '12 months', days: 365 },
] as const

export type ControlPeriodId = (typeof controlPeriods)[number]['id'] | 'days'

export type ControlSearch = {
  readonly period: ControlPeriodId
  readonly from: Day
  readonly to: Day
  /** The test that is looked at; null for all of them. It may be none that there is. */
  readonly test: string | null
  /** What the sample is drawn by; null for the usual. */
  readonly seed: string | null
  /** How many are drawn; null for as many as the population asks for. */
  readonly size: number | null
}

const usual = controlPeriods[1]

/** What cannot be read is as if it were not there. Days given the wrong way round are turned: it is clear what is meant. */
export const parseControlSearch = (search: URLSearchParams, today: Day): ControlSearch => {
  const size = search.get('size') ?? ''
  const rest = {
    test: search.get('test') || null,
    seed: search.get('seed') || null,
    size: /^[1-9]\d{0,3}$/.test(size) ? Number(size) : null,
  }
  const days = [dayOf(search.get('from')), dayOf(search.get('to'))].filter((day) => day !== null)
  const [first, second] = days.toSorted()
  if (first !== undefined && second !== undefined) return { period: 'days', from: first, to: second, ...rest }
  const { id, days: length } = controlPeriods.find(({ id }) => id === search.get('period')) ?? usual
  return { period: id, from: addDays(today, 1 - length), to: today, ...rest }
}
