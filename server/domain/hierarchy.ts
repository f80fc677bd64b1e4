/** Customers above each other, on each day. */
import type { Day } from './day.ts'

/** From a day on a customer is another's subsidiary, or nobody's. */
export type DatedParent = {
  readonly customerId: string
  readonly parentId: string | null
  /** Of the customer; what is said later has a greater one. */
  readonly version: number
  readonly from: Day
  /** The last day; null where it holds until another begins. */
  readonly until: Day | null
}

/** On the day: of what holds, the one that began last; of several that began on one day, the latest. */
export function parentOn(said: readonly DatedParent[], customerId: string, day: Day): string | null {
  let found: DatedParent | null = null
  for (const one of said) {
    if (one.customerId !== customerId || one.from > day || (one.until !== null && one.until < day)) continue
    if (found === null || one.from > found.from || (one.from === found.from && one.version > found.version))
      found = one
  }
  return found?.parentId ?? null
}

/**
 * The first day on which what was `added` puts a customer above itself, or more than `levelsMax` above each other; null
 * where there is none. `said` has it too.
 */
export function faultOfParent(
  said: readonly DatedParent[],
  added: DatedParent,
  levelsMax: number,
): { readonly day: Day; readonly isLoop: boolean } | null {
  const edges = said.flatMap(({ from, until }) => (until === null ? [from] : [from, until + 1]))
  const days = [...new Set([added.from, ...edges])]
    .filter((day) => day >= added.from)
    .toSorted((a, b) => a - b)
  const members = [...new Set(said.map(({ customerId }) => customerId))]
  for (const day of days) {
    for (const member of members) {
      const levels = levelsAbove(said, member, day, levelsMax)
      if (levels === null) return { day, isLoop: isLooped(said, members, day) }
    }
  }
  return null
}

/** How many stand above the customer; null where there are `levelsMax` or more, as there are without end in a circle. */
function levelsAbove(
  said: readonly DatedParent[],
  customerId: string,
  day: Day,
  levelsMax: number,
): number | null {
  let levels = 0
  for (let id = parentOn(said, customerId, day); id !== null; id = parentOn(said, id, day)) {
    levels += 1
    if (levels >= levelsMax) return null
  }
  return levels
}

const isLooped = (said: readonly DatedParent[], members: readonly string[], day: Day): boolean =>
  members.some((member) => levelsAbove(said, member, day, members.length + 2) === null)
