/**
 * In which segments an item's rows are. An invoice over several product lines has a share in the segment of each;
 * a share moves to another segment on a day. What happened before a move stays where it was: what was billed and
 * collected there was billed and collected there. The open balance moves, as transferred.
 */
import type { Day } from './day.ts'
import type { Entry } from './invoice.ts'
import { measures, type FlowRow, type Position, type Quantity, type SegmentRow } from './measures.ts'

/** A part of an item; `weight` is what it has of the sum of all weights. `segmentId` is where it began. */
export type Share = { readonly number: number; readonly segmentId: number; readonly weight: bigint }

/** The share of what has but one. */
export const wholeIn = (segmentId: number): readonly Share[] => [{ number: 1, segmentId, weight: 1n }]

/** `steps` gives the rows of the part that it is handed the splitting of. */
export function inSegments(
  entries: readonly Entry[],
  shares: readonly Share[],
  steps: (split: (position: Position) => Position) => FlowRow[],
): SegmentRow[] {
  const [first] = shares
  const moves = entries.filter(({ kind }) => kind === 'MOVED')
  if (first !== undefined && shares.length === 1 && moves.length === 0)
    return steps(whole).map((row) => ({ ...row, segmentId: first.segmentId, asIs: false }))
  const largest = shares.reduce((a, b) => (b.weight > a.weight ? b : a))
  const total = shares.reduce((sum, { weight }) => sum + weight, 0n)
  return shares.flatMap((share) => {
    const stays = staysOf(
      share,
      moves.filter(({ installment }) => installment === share.number),
    )
    const split = share === largest ? restOf(shares, share, total) : partOf(share, total)
    return placed(steps(split), stays)
  })
}

const whole = (position: Position): Position => position

/** Cut towards 0, so that the largest share, which takes the rest, never has less than its part. */
const portion = (amount: bigint, { weight }: Share, total: bigint): bigint => (amount * weight) / total

/** Things are counted where most of them is: half an invoice is none. */
const partOf =
  (share: Share, total: bigint) =>
  (position: Position): Position => ({
    ...position,
    amount: portion(position.amount, share, total),
    amountDays: portion(position.amountDays, share, total),
    count: 0,
    days: 0n,
  })

const restOf = (shares: readonly Share[], largest: Share, total: bigint) => {
  const others = shares.filter((share) => share !== largest)
  const rest = (amount: bigint) =>
    others.reduce((left, share) => left - portion(amount, share, total), amount)
  return (position: Position): Position => ({
    ...position,
    amount: rest(position.amount),
    amountDays: rest(position.amountDays),
  })
}

/** In a segment from a day on, until the next stay begins. */
type Stay = { readonly from: Day; readonly segmentId: number }

/** Of several moves to one day the last recorded counts. */
function staysOf({ segmentId }: Share, moves: readonly Entry[]): readonly Stay[] {
  const byDay = new Map<Day, number>()
  for (const move of moves) if (move.segmentId != null) byDay.set(move.effectiveOn, move.segmentId)
  return [
    { from: -Infinity, segmentId },
    ...[...byDay].map(([from, to]) => ({ from, segmentId: to })).sort((a, b) => a.from - b.from),
  ]
}

const segmentOn = (stays: readonly Stay[], day: Day): number =>
  stays.findLast(({ from }) => from <= day)?.segmentId ?? 0

/** Puts the rows of a share where they belong, moves its balances, and adds what would be otherwise as-is. */
function placed(rows: readonly FlowRow[], stays: readonly Stay[]): SegmentRow[] {
  const asWas = rows.map((row): SegmentRow => ({
    ...row,
    // A cohort stays together: what became of a thing is told where it matured.
    segmentId: segmentOn(stays, measures[row.measure] === 'cohort' ? row.anchor : row.day),
    asIs: false,
  }))
  const found = new Rows()
  for (const row of asWas) found.add(row, 1n)
  for (const [index, { from, segmentId }] of stays.entries()) {
    const left = stays[index - 1]?.segmentId
    if (left === undefined || left === segmentId) continue
    for (const row of transfers(rows, from)) {
      found.add({ ...row, segmentId: left, asIs: false }, -1n)
      found.add({ ...row, segmentId, asIs: false }, 1n)
    }
  }
  const last = stays.at(-1)?.segmentId ?? 0
  const was = found.list()
  const asIs = new Rows()
  for (const row of rows) asIs.add({ ...row, segmentId: last, asIs: true }, 1n)
  for (const row of was) asIs.add({ ...row, asIs: true }, -1n)
  return [...was, ...asIs.list()]
}

/** What stands at the end of the day before the move, by measure and anchor, and the receivables among it. */
function transfers(rows: readonly FlowRow[], day: Day): FlowRow[] {
  const standing = new Rows()
  for (const row of rows) {
    if (measures[row.measure] !== 'balance' || row.day >= day) continue
    standing.add({ ...row, day, segmentId: 0, asIs: false }, 1n)
    if (row.measure === 'OPEN_BY_ISSUE')
      standing.add({ ...row, measure: 'TRANSFERRED', day, anchor: day, segmentId: 0, asIs: false }, 1n)
  }
  return standing.list()
}

/** Rows summed up by all that tells them apart. */
class Rows {
  readonly #sums = new Map<string, SegmentRow>()

  add(row: SegmentRow, sign: 1n | -1n): void {
    const key = `${row.measure} ${row.anchor} ${row.day} ${row.segmentId} ${row.asIs}`
    const old = this.#sums.get(key) ?? nothing
    this.#sums.set(key, {
      ...row,
      amount: old.amount + sign * row.amount,
      count: old.count + Number(sign) * row.count,
      days: old.days + sign * row.days,
      amountDays: old.amountDays + sign * row.amountDays,
    })
  }

  list(): SegmentRow[] {
    return [...this.#sums.values()].filter(
      (row) => row.amount !== 0n || row.count !== 0 || row.days !== 0n || row.amountDays !== 0n,
    )
  }
}

const nothing: Quantity = { amount: 0n, count: 0, days: 0n, amountDays: 0n }
