/** What is asked of the figures of a page: as of when, as known at when, of which segments. All of it in the address. */
import type { KpiDimension, KpiFilter, SegmentView } from '../documents.generated.ts'
import type { Day } from '../format/day.ts'
import { dayOf } from '../format/period.ts'

/** The two cut-offs; both null is live. */
export type CutOffs = {
  /** The day at whose end figures are taken; null for today, whichever day that is. */
  readonly asOf: Day | null
  /** The moment after which nothing is known, as ISO text; null for now. */
  readonly knownAt: string | null
}

export const isLive = ({ asOf, knownAt }: CutOffs): boolean => asOf === null && knownAt === null

const momentOf = (text: string | null): string | null => {
  const ms = text === null || !/^\d{4}-\d\d-\d\dT/.test(text) ? Number.NaN : Date.parse(text)
  return Number.isNaN(ms) ? null : new Date(ms).toISOString()
}

/** What cannot be read, and a day that has not come, is as if it were not there. */
export const parseCutOffs = (search: URLSearchParams, today: Day): CutOffs => {
  const asOf = dayOf(search.get('asOf'))
  return { asOf: asOf !== null && asOf <= today ? asOf : null, knownAt: momentOf(search.get('knownAt')) }
}

/** The dimensions, the field of a filter that each is, which is its parameter in the address too, and its name. */
export const dimensions = [
  { dimension: 'REGION', field: 'region', label: 'Region' },
  { dimension: 'BUSINESS_UNIT', field: 'businessUnit', label: 'Business unit' },
  { dimension: 'CHANNEL', field: 'channel', label: 'Channel' },
  { dimension: 'PRODUCT_LINE', field: 'productLine', label: 'Product line' },
  { dimension: 'COLLECTOR', field: 'collectorId', label: 'Collector' },
  { dimension: 'CURRENCY', field: 'currency', label: 'Currency' },
] as const satisfies readonly { dimension: KpiDimension; field: keyof KpiFilter; label: string }[]

export type Dimension = (typeof dimensions)[number]

export const dimensionOf = (name: string | null): Dimension =>
  dimensions.find(({ dimension }) => dimension === name) ?? dimensions[0]

/** As the API takes it; null where nothing is filtered. */
export const parseFilter = (search: URLSearchParams): KpiFilter | null => {
  const chosen = dimensions.flatMap(({ field }) => {
    const values = search.getAll(field).filter((value) => value !== '')
    return values.length === 0 ? [] : [[field, values] as const]
  })
  return chosen.length === 0 ? null : Object.fromEntries(chosen)
}

/** Where history counts what moved to another segment; where the address does not say, where it was. */
export const parseView = (search: URLSearchParams): SegmentView =>
  search.get('segments') === 'AS_IS' ? 'AS_IS' : 'AS_WAS'

/** The parameters that stay when one goes from one page of figures to another. */
const carried = new Set<string>(['asOf', 'knownAt', 'segments', ...dimensions.map(({ field }) => field)])

/** The query of another page of figures that asks as this one does: "?asOf=2026-10-31", or nothing. */
export const carriedSearch = (search: URLSearchParams): string => {
  const kept = new URLSearchParams([...search].filter(([name]) => carried.has(name)))
  return kept.size === 0 ? '' : `?${kept.toString()}`
}

/** As `withParameters`, with several values of one parameter; an empty list takes it away. */
export const withValues = (
  search: URLSearchParams,
  changes: Readonly<Record<string, string | null | readonly string[]>>,
): URLSearchParams => {
  const next = new URLSearchParams(search)
  for (const [name, change] of Object.entries(changes)) {
    next.delete(name)
    const values = typeof change === 'string' ? [change] : (change ?? [])
    for (const value of values) if (value !== '') next.append(name, value)
  }
  return next
}
