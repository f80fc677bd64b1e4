import type { KpiStrip_RowFragment } from '../documents.generated.ts'

/**
 * The monthly points of a figure, none before they are known. The last is the figure itself: the unfinished month of
 * the series would end the line somewhere else.
 */
export const trendOf = (
  series: readonly KpiStrip_RowFragment[],
  now: KpiStrip_RowFragment,
): readonly KpiStrip_RowFragment[] => {
  const before = series.filter(({ metric, date }) => metric === now.metric && date < now.date)
  return before.length === 0 ? [] : [...before, now]
}
