/**
 * In which segments an item's rows are. An invoice over several product lines has a share in the segment of each;
 * a share moves to another segment on a day. What happened before a move stays where it was: what was billed and
 * collected there was billed and collected there. The open balance moves, as transferred.
 */
import type { Day } from './day.ts'
import type { Entry } from './invoice.ts'
import { dayOfAnchor } from './lateness.ts'
import { measures, type FlowRow, type Quantity, type SegmentRow } from './measures.ts'
import type { History } from './projection.ts'

/** A part of an item; `weight` is what it has of the sum of all weights. `segmentId` is where it began. */
export type Share = { readonly number: number; readonly segmentId: number; readonly weight: bigint }

/** The share of what has but one. */
export const wholeIn = (segmentId: number): readonly Share[] => [{ number: 1, segmentId, weight: 1n }]

/** `steps` gives the rows of an item that is one whole in one place. */
export function inSegments(
  history: History,
  shares: readonly Share[],
  steps: (history: History) => FlowRow[],
): SegmentRow[] {
  const [first] = shares
  const moves = history.entries.filter(({ kind }) => kind === 'MOVED')
  const rows = steps(history)
  if (first !== undefined && shares.length === 1 && moves.length === 0)
    return rows.map((row) => ({ ...row, segmentId: first.segmentId, asIs: false }))
  const staysOfShare = (share: Share) =>
    staysOf(
      share,
      moves.filter(({ installment }) => installment === share.number),
    )
  const largest = largestOf(shares)
  const total = shares.reduce((sum, { weight }) => sum + weight, 0n)
  // The largest share takes what the others leave: so shares add up, and what adds up in the item does in each of them.
  const rest = new Rows()
  for (const row of rows) rest.add({ ...row, segmentId: 0, asIs: false }, 1n)
  const others = shares
    .filter((share) => share !== largest)
    .flatMap((share) => {
      const own = steps(partOf(history, share, total)).map(uncounted)
      for (const row of own) rest.add({ ...row, segmentId: 0, asIs: false }, -1n)
      return placed(own, staysOfShare(share))
    })
  return [...placed(rest.list(), staysOfShare(largest)), ...others]
}

/** Things are counted where most of them is: half an invoice is none. */
const uncounted = (row: FlowRow): FlowRow => ({ ...row, count: 0, days: 0n })

/** Cut towards 0, so that the largest share, which takes the rest, never has less than its part. */
const portion = (amount: bigint, { weight }: Share, total: bigint): bigint => (amount * weight) / total

/** The item as if it were this share of it. */
function partOf(history: History, share: Share, total: bigint): History {
  const { facts } = history
  return {
    ...history,
    ...(facts === undefined
      ? {}
      : {
          facts: {
            ...facts,
            discount: portion(facts.discount, share, total),
            tax: facts.tax === null ? null : portion(facts.tax, share, total),
          },
        }),
    entries: partsOf(history.entries, share, total),
  }
}

/**
 * Not each amount is split but each balance: an entry is what it changes the share's balance by. Else the shares of
 * several payments would leave a cent where the item is paid.
 */
function partsOf(entries: readonly Entry[], share: Share, total: bigint): Entry[] {
  const amounts = new Map<Entry, bigint>()
  const balances = new Map<number, bigint>()
  for (const entry of entries.toSorted((a, b) => a.effectiveOn - b.effectiveOn)) {
    const before = balances.get(entry.installment) ?? 0n
    const after = before + entry.amount
    amounts.set(entry, portion(after, share, total) - portion(before, share, total))
    balances.set(entry.installment, after)
  }
  return entries.map((entry) => ({ ...entry, amount: amounts.get(entry) ?? 0n }))
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

/** The segment that a share is in at the end of a day. */
export const segmentOfShare = (share: Share, entries: readonly Entry[], day: Day): number =>
  segmentOn(
    staysOf(
      share,
      entries.filter(({ kind, installment }) => kind === 'MOVED' && installment === share.number),
    ),
    day,
  )

/** What each share has of an amount: the largest takes what the others leave. */
export function amountsOfShares(shares: readonly Share[], amount: bigint): bigint[] {
  const total = shares.reduce((sum, { weight }) => sum + weight, 0n)
  const largest = largestOf(shares)
  const amounts = shares.map((share) => (share === largest ? 0n : portion(amount, share, total)))
  const rest = amounts.reduce((left, part) => left - part, amount)
  return shares.map((share, index) => (share === largest ? rest : (amounts[index] ?? 0n)))
}

export const largestOf = (shares: readonly Share[]): Share =>
  shares.reduce((a, b) => (b.weight > a.weight ? b : a))

const segmentOn = (stays: readonly Stay[], day: Day): number =>
  stays.findLast(({ from }) => from <= day)?.segmentId ?? 0

/** Puts the rows of a share where they belong, moves its balances, and adds what would be otherwise as-is. */
function placed(rows: readonly FlowRow[], stays: readonly Stay[]): SegmentRow[] {
  const asWas = rows.map((row): SegmentRow => ({
    ...row,
    // A cohort stays together: what became of a thing is told where it matured.
    segmentId: segmentOn(stays, measures[row.measure] === 'cohort' ? dayOfAnchor(row.anchor) : row.day),
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
