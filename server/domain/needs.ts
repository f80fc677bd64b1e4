/** What KPIs need of the books, put together before anything is fetched. */
import type { Period } from './calendar.ts'
import type { BooksFrom } from './book.ts'
import type { Conventions } from './conventions.ts'
import type { Day } from './day.ts'
import { periodsBack } from './fiscal.ts'
import type { Input, KpiDefinition, Point } from './kpi.ts'
import { lateAnchors } from './lateness.ts'
import type { Measure } from './measures.ts'

/**
 * What has to be fetched for some inputs: the days between which nothing is asked, so that rows can be summed up
 * there. One for all points of all metrics: that is what keeps the number of statements fixed.
 */
export type Needs = {
  readonly balances: Standing
  readonly cohorts: Standing
  readonly movements: Moving & {
    /** Measures whose foreign money is valued day by day. */
    readonly daily: Set<Measure>
  }
  /** Their anchors are numbers of days, and each of them is asked for. */
  readonly histograms: Moving
}

/** What happened between some days. */
export type Moving = {
  /** For each measure the day after which its rows matter. */
  readonly after: Map<Measure, Day>
  readonly days: Set<Day>
}

/** What stood at the end of some days, by anchor. */
type Standing = {
  readonly measures: Set<Measure>
  readonly days: Set<Day>
  /** Something is asked of what is anchored up to each of these days. */
  readonly anchors: Set<Day>
  /** The measures whose anchors matter. */
  readonly anchored: Set<Measure>
  /** The measures whose mean age matters. */
  readonly aged: Set<Measure>
  /** Of balances: more than how many days old what is asked for must be; null is of any age. */
  readonly ages: Map<Measure, Set<number | null>>
}

const standing = (): Standing => ({
  measures: new Set(),
  days: new Set(),
  anchors: new Set(),
  anchored: new Set(),
  aged: new Set(),
  ages: new Map(),
})

export const noNeeds = (): Needs => ({
  balances: standing(),
  cohorts: standing(),
  movements: { after: new Map(), days: new Set(), daily: new Set() },
  histograms: { after: new Map(), days: new Set() },
})

/** Adds to `needs` what the KPI reads at the point. Points that have no value anyway need nothing. */
export function addNeeds(
  needs: Needs,
  definition: KpiDefinition,
  point: Point,
  conventions: Conventions,
  booksFrom: BooksFrom,
): void {
  if (typeof booksFrom === 'string' || point.day > point.asOf) return
  if (definition.reachesBackTo(point, conventions) < booksFrom) return
  for (const input of Object.values(definition.inputs(point, conventions)).flat())
    addInput(needs, input, booksFrom)
}

/** Adds one input. */
export function addInput(needs: Needs, input: Input, booksFrom: Day): void {
  switch (input.read) {
    case 'balance': {
      const { balances } = needs
      balances.measures.add(input.measure)
      balances.days.add(input.day)
      const ages = balances.ages.get(input.measure) ?? new Set()
      balances.ages.set(input.measure, ages.add(input.olderThanDays))
      if (input.part === 'ageAmount') balances.aged.add(input.measure)
      if (input.olderThanDays === null) return
      balances.anchored.add(input.measure)
      balances.anchors.add(input.day - input.olderThanDays - 1)
      return
    }
    case 'cohort': {
      const { cohorts } = needs
      cohorts.measures.add(input.measure)
      cohorts.anchored.add(input.measure)
      cohorts.days.add(input.asOf)
      // Nothing is told of a thing before the day that its anchor is about.
      cohorts.anchors.add(input.period.from - 1)
      for (const { from, to } of anchorsOf(input)) {
        cohorts.anchors.add(from - 1)
        cohorts.anchors.add(to)
      }
      return
    }
    case 'movement':
      addMovement(needs.movements, input, input.period)
      if (input.rate === 'OWN_DAY')
        for (const measure of measuresOf(input)) needs.movements.daily.add(measure)
      return
    case 'periods':
      for (const period of periodsBack(input.day, booksFrom, input.calendar))
        addMovement(needs.movements, input, period)
      return
    case 'histogram':
      addMovement(needs.histograms, input, input.period)
      return
    // Not of the books.
    case 'external':
    case 'credit':
    case 'released':
    case 'decided':
    case 'plan':
  }
}

/** Between which anchors the things of a cohort are. */
export const anchorsOf = ({ period, latenesses }: Extract<Input, { read: 'cohort' }>): readonly Period[] =>
  latenesses === undefined ? [period] : latenesses.map((code) => lateAnchors(period, code))

/** A measure less another one. */
export type Net = { readonly measure: Measure; readonly less?: Measure }

export const measuresOf = ({ measure, less }: Net): Measure[] =>
  less === undefined ? [measure] : [measure, less]

function addMovement(movements: Moving, input: Net, { from, to }: Period): void {
  for (const measure of measuresOf(input))
    movements.after.set(measure, Math.min(movements.after.get(measure) ?? Infinity, from - 1))
  movements.days.add(from - 1)
  movements.days.add(to)
}

/**
 * Both in one; null where that would be more to read than one after the other: each measure is read for all days, so the
 * days of one must be among those of the other.
 */
export function joinNeeds(a: Needs, b: Needs): Needs | null {
  const balances = joinStanding(a.balances, b.balances)
  const cohorts = joinStanding(a.cohorts, b.cohorts)
  const movements = joinMoving(a.movements, b.movements)
  const histograms = joinMoving(a.histograms, b.histograms)
  if (balances === null || cohorts === null || movements === null || histograms === null) return null
  const daily = a.movements.daily.union(b.movements.daily)
  return { balances, cohorts, movements: { ...movements, daily }, histograms }
}

const isWithinOther = (a: ReadonlySet<unknown>, b: ReadonlySet<unknown>): boolean =>
  a.isSubsetOf(b) || b.isSubsetOf(a)

function joinStanding(a: Standing, b: Standing): Standing | null {
  if (!isWithinOther(a.days, b.days) || !isWithinOther(a.anchors, b.anchors)) return null
  const measures = new Set([...a.ages.keys(), ...b.ages.keys()])
  return {
    measures: a.measures.union(b.measures),
    days: a.days.union(b.days),
    anchors: a.anchors.union(b.anchors),
    anchored: a.anchored.union(b.anchored),
    aged: a.aged.union(b.aged),
    ages: new Map(
      [...measures].map((measure) => [
        measure,
        new Set([...(a.ages.get(measure) ?? []), ...(b.ages.get(measure) ?? [])]),
      ]),
    ),
  }
}

function joinMoving(a: Moving, b: Moving): Moving | null {
  if (!isWithinOther(a.days, b.days)) return null
  const after = new Map(a.after)
  for (const [measure, from] of b.after) after.set(measure, Math.min(after.get(measure) ?? Infinity, from))
  return { after, days: a.days.union(b.days) }
}
