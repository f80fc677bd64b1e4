/** What becomes of a template at a time and with the books as they are. */
import { dateOf, dayOf, type Day } from './day.ts'
import { periodOf, yearOf, type FiscalCalendar } from './fiscal.ts'
import type { KpiTemplate } from './goal-templates.ts'
import { Exact } from './money.ts'

/** The last days of the quarters of the fiscal year that the day lies in: every three periods, the rest in the last. */
function quarterEndsOf(day: Day, calendar: FiscalCalendar): Day[] {
  const year = yearOf(day, calendar)
  const ends: Day[] = []
  for (let end = periodOf(year.from, calendar).to; end <= year.to; end = periodOf(end + 1, calendar).to)
    ends.push(end)
  return [ends[2], ends[5], ends[8], ends.at(-1)].flatMap((end) => end ?? [])
}

/** The end of the quarter that is so many after the one of `startsOn`. */
export function deadlineAfter(
  startsOn: Temporal.PlainDate,
  quarters: number,
  calendar: FiscalCalendar,
): Temporal.PlainDate {
  let day = dayOf(startsOn)
  let end = day
  for (let passed = 0; passed <= quarters; passed++) {
    end = quarterEndsOf(day, calendar).find((one) => one >= day) ?? day
    day = end + 1
  }
  return dateOf(end)
}

/** The days of a checklist: evenly from the first day to the deadline, on which the last item is due. */
export const evenly = (
  startsOn: Temporal.PlainDate,
  deadline: Temporal.PlainDate,
  count: number,
): Temporal.PlainDate[] => {
  const days = startsOn.until(deadline).days
  return Array.from({ length: count }, (_, index) =>
    startsOn.add({ days: Math.max(1, Math.round((days * (index + 1)) / count)) }),
  )
}

/** A target to reach or, where it is reached already, the band in which the value is to stay. */
export type TemplateAim =
  | { readonly direction: 'INCREASE' | 'DECREASE'; readonly target: KpiTemplate['target'] }
  | { readonly direction: 'MAINTAIN_BAND'; readonly band: { readonly low: string; readonly high: string } }

/** A band has a width: of what is to be none at all, or all of it, half a thing or half a point. */
function widened(
  { low, high }: { readonly low: string; readonly high: string },
  direction: 'INCREASE' | 'DECREASE',
) {
  if (!new Exact(low).eq(high)) return { low, high }
  return direction === 'INCREASE'
    ? { low: new Exact(low).minus('0.5').toFixed(), high }
    : { low, high: new Exact(high).plus('0.5').toFixed() }
}

/** `value`: the KPI's on the day of the baseline; null where it has none. */
export function aimOfTemplate({ direction, target }: KpiTemplate, value: Exact | null): TemplateAim {
  const bar = new Exact(target.amount)
  if (value === null || target.kind === 'PERCENT') return { direction, target }
  if (target.kind === 'POINTS') {
    // No rate rises above 100 %: where the step is too long, half of what is left.
    const room = new Exact(100).minus(value)
    const isTooFar = direction === 'INCREASE' && bar.gt(room) && room.gt(0)
    return { direction, target: isTooFar ? { kind: 'POINTS', amount: room.div(2).toFixed(1) } : target }
  }
  const isReached = direction === 'INCREASE' ? value.gte(bar) : value.lte(bar)
  if (!isReached) return { direction, target }
  const band =
    direction === 'INCREASE'
      ? { low: target.amount, high: '100' }
      : { low: Exact.min(value, 0).toFixed(), high: target.amount }
  return { direction: 'MAINTAIN_BAND', band: widened(band, direction) }
}
