/** By what the folded rows of the KPI store are cut, and of which cuts any set of segments is made. */
import type { Dimensions } from './segments.ts'

/** What the segments of a cut have in common beside their currency. Stored in the folded rows: never renumber. */
export const LEVELS = {
  ORGANIZATION: 0,
  BUSINESS_UNIT: 1,
  REGION: 2,
  CHANNEL: 3,
  PRODUCT_LINE: 4,
  COLLECTOR: 5,
  SEGMENT: 6,
} as const

/**
 * The folded rows of all segments that have the same currency and the same value at the level. `id` is the lowest
 * segment id among them: segments are numbered as they come and never change, so it stays what it is.
 */
export type Cut = { readonly level: number; readonly id: number }

/**
 * Days are kept of so many segments, the first ones. Scopes that are no single cut, such as a region and a channel, are made
 * of them; of thousands they would be a second `flow`.
 */
export const DAYS_OF_SEGMENTS_MAX = 500

type Segment = Dimensions & { readonly id: number }

/** Where a segment has no value there is no cut: most organizations leave some dimension out altogether. */
const valueAt: readonly { readonly level: number; readonly of: (segment: Segment) => string | null }[] = [
  { level: LEVELS.ORGANIZATION, of: () => '' },
  { level: LEVELS.BUSINESS_UNIT, of: (segment) => segment.businessUnit },
  { level: LEVELS.REGION, of: (segment) => segment.region },
  { level: LEVELS.CHANNEL, of: (segment) => segment.channel },
  { level: LEVELS.PRODUCT_LINE, of: (segment) => segment.productLine },
  { level: LEVELS.COLLECTOR, of: (segment) => segment.collectorId },
]

/** Gives few cuts that together have exactly the segments of these ids. `segments` are all of the organization. */
export function cutter(segments: readonly Segment[]): (segmentIds: readonly number[]) => Cut[] {
  const cutsOf = new Map(segments.map((segment): [number, (Whole | undefined)[]] => [segment.id, []]))
  for (const { level, of } of valueAt) {
    const wholes = new Map<string, Whole>()
    for (const segment of segments) {
      const value = of(segment)
      const whole =
        value === null ? undefined : grown(wholes, `${segment.currency} ${value}`, level, segment.id)
      cutsOf.get(segment.id)?.push(whole)
    }
  }
  return (segmentIds) => {
    let best: Cut[] | undefined
    for (const index of valueAt.keys()) {
      const cuts = cover(segmentIds, (id) => cutsOf.get(id)?.[index])
      if (best === undefined || cuts.length < best.length) best = cuts
      // There are none fewer, and of thousands of segments each level takes a while.
      if (best.length <= 1) break
    }
    return best ?? []
  }
}

function grown(wholes: Map<string, Whole>, key: string, level: number, segmentId: number): Whole {
  const whole = wholes.get(key) ?? { level, id: segmentId, size: 0 }
  whole.size += 1
  whole.id = Math.min(whole.id, segmentId)
  wholes.set(key, whole)
  return whole
}

type Whole = { readonly level: number; id: number; size: number }

/** The cuts of one level that lie in the set as a whole; what is left of it segment by segment. */
function cover(segmentIds: readonly number[], wholeOf: (id: number) => Whole | undefined): Cut[] {
  const counts = new Map<Whole, number>()
  for (const id of segmentIds) {
    const whole = wholeOf(id)
    if (whole !== undefined) counts.set(whole, (counts.get(whole) ?? 0) + 1)
  }
  const complete = new Set(
    [...counts].filter(([whole, count]) => count === whole.size).map(([whole]) => whole),
  )
  const rest = segmentIds.filter((id) => {
    const whole = wholeOf(id)
    return whole === undefined || !complete.has(whole)
  })
  return [
    ...[...complete].map(({ level, id }) => ({ level, id })),
    ...rest.map((id) => ({ level: LEVELS.SEGMENT, id })),
  ]
}
