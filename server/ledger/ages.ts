/**
 * Balances of the usual ages, as series of their own: what is open for more than k days changes on the day max(day,
 * anchor + k + 1) of a row, once. So they need no anchors: a row per day instead of one per day and anchor, and the
 * usual questions add up thirty rows where by anchor it would be thousands. They exist for all cuts but segments.
 */
import { measures, type Measure } from '../domain/measures.ts'

/** What is older than so many days; null: of any age. */
export type Age = number | null

export type AgedSeries = {
  readonly measure: Measure
  readonly olderThanDays: Age
  /** Its name among the measures of the folded rows. */
  readonly name: string
}

const AGES: readonly Age[] = [null, 0, 30, 60, 90]

export const balanceMeasures = Object.entries(measures)
  .filter(([, kind]) => kind === 'balance')
  .map(([measure]) => measure as Measure)

/** Those whose rows are asked for by anchor; the anchor of a movement is its day. */
export const anchoredMeasures = Object.entries(measures)
  .filter(([, kind]) => kind !== 'movement')
  .map(([measure]) => measure as Measure)

/** Only of what is owed is the age asked for. */
const hasAge = (measure: Measure) => measure === 'OPEN_BY_DUE' || measure === 'OPEN_BY_ISSUE'

export const agedSeries: readonly AgedSeries[] = balanceMeasures.flatMap((measure) =>
  (hasAge(measure) ? AGES : [null]).map((olderThanDays) => ({
    measure,
    olderThanDays,
    name: `${measure}>${olderThanDays ?? ''}`,
  })),
)

/** The series that answer for these measures and ages; null where there is none for one of them. */
export function seriesFor(wanted: ReadonlyMap<Measure, ReadonlySet<Age>>): AgedSeries[] | null {
  const found = [...wanted].flatMap(([measure, ages]) =>
    [...ages].map((age) =>
      agedSeries.find((series) => series.measure === measure && series.olderThanDays === age),
    ),
  )
  return found.every((series) => series !== undefined) ? found : null
}
