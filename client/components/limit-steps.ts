/** Limits that were in force, as a chart draws them beside what was used of them. */
import type { ChartStep } from '../charts/line-chart.tsx'
import type { LimitSchedule_SpanFragment } from '../documents.generated.ts'
import { addDays, type Day, daysBetween } from '../format/day.ts'

type Span = LimitSchedule_SpanFragment

/** What was in force at the end of a day; null where nothing was decided. */
export const spanOn = (spans: readonly Span[], day: Day): Span | null =>
  spans.find(({ from, through }) => from <= day && (through === null || day <= through)) ?? null

/** Where the end of a day lies among days that ascend: 1.5 is half way from the second of them to the third. */
const placeOf = (day: Day, days: readonly Day[]): number => {
  const after = days.findIndex((one) => day <= one)
  if (after === -1) return Math.max(days.length - 1, 0)
  const [before, next] = [days[after - 1], days[after]]
  if (before === undefined || next === undefined) return 0
  return after - 1 + daysBetween(before, day) / daysBetween(before, next)
}

/** The limits that are amounts of a currency, between the first and the last of the days. Each begins with its first day. */
export const limitSteps = (
  spans: readonly Span[],
  days: readonly Day[],
  currency: string,
): readonly ChartStep[] =>
  spans.flatMap(({ from, through, limit: { state, amount } }) => {
    if (state !== 'AMOUNT' || amount?.currency !== currency) return []
    const start = placeOf(addDays(from, -1), days)
    const end = through === null ? Math.max(days.length - 1, 0) : placeOf(through, days)
    return end > start ? [{ from: start, to: end, value: Number(amount.amount) }] : []
  })
