/** How often a change of some size happened in some time, in an organization's own past. */
import type { KpiUnit } from './kpi.ts'

/** Values at the ends of weeks, oldest first; null where there was none. */
export type WeeklySeries = readonly (number | null)[]

export type PastWindows = {
  /** As long as the goal's time. */
  readonly weeks: number
  /** How many have a value at both ends. */
  readonly windows: number
  /** How many of them reached what is asked for. */
  readonly reached: number
  /** In the KPI's unit, or in percent where `isRelative`; null for a band. Signed: below 0 is down. */
  readonly needed: number | null
  readonly isRelative: boolean
  /** The largest change in the goal's direction; null for a band, and where there is no window. */
  readonly best: { readonly change: number; readonly from: number; readonly to: number } | null
}

/** Of money and counts, windows that began lower than this share of the baseline say nothing: from little, all is much. */
const COMPARABLE_MIN = 0.25
/** A difference as small as that is one of how decimals are kept. */
const EPSILON = 1e-9

/**
 * Changes of money and counts are compared in percent of where they began, for a company that grew: of days, rates and
 * ratios the difference is the change. Null where nothing can be compared.
 */
export const isRelativeChange = (unit: KpiUnit, baseline: number): boolean =>
  (unit === 'MONEY' || unit === 'COUNT') && baseline > 0

export type ChangeAsked = {
  readonly baseline: number
  readonly target: number
  readonly unit: KpiUnit
  /** The goal's time; at least 1. */
  readonly weeks: number
}

/** All windows of so many weeks in the series, each a week after the one before; `from` and `to` are places in it. */
export function windowsOfChange(
  series: WeeklySeries,
  { baseline, target, unit, weeks }: ChangeAsked,
): PastWindows {
  const isRelative = isRelativeChange(unit, baseline)
  const changeOf = (from: number, to: number): number | null => {
    if (!isRelative) return to - from
    return from > 0 && from >= COMPARABLE_MIN * baseline ? (100 * (to - from)) / from : null
  }
  const needed = changeOf(baseline, target) ?? target - baseline
  const goesUp = needed > 0
  let windows = 0
  let reached = 0
  let best: PastWindows['best'] = null
  for (let from = 0; from + weeks < series.length; from++) {
    const [before, after] = [series[from] ?? null, series[from + weeks] ?? null]
    const change = before === null || after === null ? null : changeOf(before, after)
    if (change === null) continue
    windows++
    if (goesUp ? change >= needed - EPSILON : change <= needed + EPSILON) reached++
    if (best === null || (goesUp ? change > best.change : change < best.change))
      best = { change, from, to: from + weeks }
  }
  return { weeks, windows, reached, needed, isRelative, best }
}

/** Of a band: how often the value lay within so many weeks after it lay within. */
export function windowsWithin(
  series: WeeklySeries,
  { low, high, weeks }: { readonly low: number; readonly high: number; readonly weeks: number },
): PastWindows {
  const isWithin = (value: number) => value >= low && value <= high
  const ends = series.flatMap((before, from) => {
    const after = series[from + weeks] ?? null
    return before === null || after === null || !isWithin(before) ? [] : [after]
  })
  return {
    weeks,
    windows: ends.length,
    reached: ends.filter(isWithin).length,
    needed: null,
    isRelative: false,
    best: null,
  }
}
