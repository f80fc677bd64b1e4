/** Entries that put items into other segments from a day on. */
import { dayOf, formatDay, isPlausible, type Day } from '../domain/day.ts'
import { segmentOfShare } from '../domain/shares.ts'
import { openDay, type Closing } from '../ledger/closing.ts'
import type { Item } from '../ledger/histories.ts'
import type { NewEntry } from '../ledger/post.ts'
import { readSegmentRows, segmentFor } from '../ledger/segments.ts'
import { implausible, invalid, type Problem } from '../problem.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { Changes } from './changes.ts'

export type Move = {
  readonly from: Day
  readonly changes: Changes
  readonly reason: string
  /** The segments that were met so far, and where from there. */
  readonly targets: Map<number, number>
}

/** The first day in the other segments: neither after today nor in a closed month. */
export function readFrom(from: Temporal.PlainDate, today: Day, closing: Closing): Day | Problem {
  if (!isPlausible(from)) return implausible(['from'], from)
  const day = dayOf(from)
  if (day > today) return invalid(['from'], `${from.toString()} lies after today`)
  return openDay(closing, day, ['from'])
}

/** A move before an earlier one would have to say what becomes of that. */
export const tooEarly = (lastMove: Day): Problem =>
  invalid(['from'], `There is a move of ${formatDay(lastMove)}; give that day or a later one`)

/** A share that is there already gets no entry. */
export async function movesOf(
  tx: Tx,
  organizationId: string,
  items: readonly Item[],
  { from, changes, reason, targets }: Move,
): Promise<NewEntry[]> {
  const places = items.flatMap((item) =>
    item.shares.map((share) => ({ item, share, segmentId: segmentOfShare(share, item.entries, from) })),
  )
  const unknown = [...new Set(places.map(({ segmentId }) => segmentId))].filter((id) => !targets.has(id))
  const rows = unknown.length === 0 ? [] : await readSegmentRows(tx, organizationId, unknown.map(String))
  for (const { organizationId: _, id, ...dimensions } of rows.values()) {
    targets.set(id, await segmentFor(tx, organizationId, { ...dimensions, ...changes }))
  }
  return places.flatMap(({ item, share, segmentId }): NewEntry[] => {
    const target = targets.get(segmentId)
    if (target === undefined) throw new Error(`There is no segment ${segmentId}`)
    if (target === segmentId) return []
    return [
      {
        itemId: item.id,
        kind: 'MOVED',
        installment: share.number,
        amount: 0n,
        effectiveOn: from,
        occurredOn: from,
        dueOn: null,
        counterpartId: null,
        segmentId: target,
        reason,
      },
    ]
  })
}
