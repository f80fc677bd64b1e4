/** Which months of the plan of sales are shown, as it stands in the address. */
import { addMonths, type Day, firstOfMonth } from '../format/day.ts'
import { dayOf } from '../format/period.ts'

export const planSpans = [
  { id: '3', label: '3 months', months: 3 },
  { id: '6', label: '6 months', months: 6 },
  { id: '12', label: '12 months', months: 12 },
] as const

export type PlanSpanId = (typeof planSpans)[number]['id']

export type PlanSearch = {
  readonly span: PlanSpanId
  readonly months: number
  /** The first day of the first month. */
  readonly from: Day
  /** The first day of the month that is looked into; null where none was chosen. */
  readonly month: Day | null
  /** Whether the product lines of each segment are shown. */
  readonly hasLines: boolean
}

const monthOf = (text: string | null): Day | null => (text === null ? null : dayOf(`${text}-01`))

/** "2026-11" for any day of November 2026. */
export const monthParameter = (day: Day): string => day.slice(0, 7)

/** What cannot be read is as if it were not there. */
export const parsePlanSearch = (search: URLSearchParams, today: Day): PlanSearch => {
  const { id, months } = planSpans.find(({ id }) => id === search.get('months')) ?? planSpans[0]
  const from = monthOf(search.get('from')) ?? firstOfMonth(today)
  const month = monthOf(search.get('month'))
  const isShown = month !== null && month >= from && month < addMonths(from, months)
  return { span: id, months, from, month: isShown ? month : null, hasLines: search.get('lines') === '1' }
}
