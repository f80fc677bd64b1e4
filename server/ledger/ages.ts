/**
 * Under which names the KPI store keeps what is folded.
 *
 * Balances of the usual ages are series of their own: what is open for more than k days changes on the day max(day,
 * anchor + k + 1) of a row, once. So they need no anchors: a row per day instead of one per day and anchor, and the
 * usual questions add up thirty rows where by anchor it would be thousands.
 */
import { measures, type Measure, type MeasureKind } from '../domain/measures.ts'

/** What is older than so many days; null: of any age. */
export type Age = number | null

/** A measure's rows in `flow`. */
export type StoredMeasure = {
  readonly measure: Measure
  readonly kind: MeasureKind
  /** In the rows. */
  readonly name: string
  /** What the rows of its own name lack to be as if items had always been where they are today. */
  readonly isMove: boolean
}

export type AgedSeries = {
  readonly measure: Measure
  readonly olderThanDays: Age
  readonly isMove: boolean
  /** Of the rows in `flow` that it is made of. */
  readonly stored: string
  /** Its own among the names of the folded rows. */
  readonly name: string
}

const AGES: readonly Age[] = [null, 0, 30, 60, 90]

const storedMeasures: readonly StoredMeasure[] = Object.entries(measures).flatMap(([measure, kind]) =>
  [false, true].map((isMove) => ({
    measure: measure as Measure,
    kind,
    name: isMove ? `${measure}~` : measure,
    isMove,
  })),
)

/** All names that rows of `flow` can have. */
export const storedNames = storedMeasures.map(({ name }) => name)

/** The names of `flow` whose rows tell what stands at the end of a day. */
export const balanceNames = storedMeasures.filter(({ kind }) => kind === 'balance').map(({ name }) => name)

/** Those whose rows are asked for by anchor; the anchor of a movement is its day. */
export const anchoredNames = storedMeasures.filter(({ kind }) => kind !== 'movement').map(({ name }) => name)

/** Those that tell of a thing, often long before, what is to become of it on a day. */
export const cohortNames = storedMeasures.filter(({ kind }) => kind === 'cohort').map(({ name }) => name)

/**
 * Of cohorts every month has its rows twice: by anchor, and under this name by the last day of the anchor's month. Who asks
 * for whole months, as most series do, reads one row where by anchor there are thirty.
 */
export const byMonthName = (name: string): string => `${name}|`

/** Only of what is owed is the age asked for. */
const hasAge = (measure: Measure) => measure === 'OPEN_BY_DUE' || measure === 'OPEN_BY_ISSUE'

export const agedSeries: readonly AgedSeries[] = storedMeasures
  .filter(({ kind }) => kind === 'balance')
  .flatMap(({ measure, isMove, name }) =>
    (hasAge(measure) ? AGES : [null]).map((olderThanDays) => ({
      measure,
      olderThanDays,
      isMove,
      stored: name,
      name: `${name}>${olderThanDays ?? ''}`,
    })),
  )

/** How `measure` is called in the rows; where all is to be as if items had always been where they are, twice. */
export const namesOf = (measure: Measure, isAsIs: boolean): string[] =>
  storedMeasures
    .filter((stored) => stored.measure === measure && (isAsIs || !stored.isMove))
    .map(({ name }) => name)

/** The series that answer for these measures and ages; null where there is none for one of them. */
export function seriesFor(
  wanted: ReadonlyMap<Measure, ReadonlySet<Age>>,
  isAsIs: boolean,
): AgedSeries[] | null {
  const found = [...wanted].flatMap(([measure, ages]) =>
    [...ages].map((age) =>
      agedSeries.filter(
        (series) => series.measure === measure && series.olderThanDays === age && (isAsIs || !series.isMove),
      ),
    ),
  )
  return found.every((series) => series.length > 0) ? found.flat() : null
}
