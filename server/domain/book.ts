/**
 * The books in memory: flow rows of some segments, answering what stood at the end of a day, what happened in a
 * period and what became of the things of a period. A question costs a binary search; its running sums are made when
 * it is first asked, in one pass over the rows, so a series costs what its rows cost and not points x rows.
 */
import type { Day } from './day.ts'
import type { Period } from './calendar.ts'
import type { FlowRow, Measure, Quantity } from './measures.ts'

/**
 * A flow row, or the sum of many: its day may stand for the days before it, back to the last day that anything is
 * asked for, and its anchor likewise.
 */
export type BookRow = FlowRow & {
  readonly currency: string
  /** Sum of amount x anchor: from it comes the amount's mean age, however coarse the anchor is. */
  readonly anchorAmount: bigint
  /**
   * Set where the row belongs to one question alone: to balances older than so many days (null: of any age), and its
   * day is the one from which it belongs to them. Rows of a balance are either such rows of all that is asked or plain.
   */
  readonly olderThanDays?: number | null
}

/** Since when there are books, as known at the query's moment: their first day, or why there is none. */
export type BooksFrom = Day | 'EMPTY' | 'NOT_KNOWN_THEN'

export type Sum = Quantity & { readonly anchorAmount: bigint }

export type Book = {
  /** The currencies that rows are in. */
  readonly currencies: readonly string[]
  /** What stands at the end of `day`; with `olderThanDays` only what has day - anchor > olderThanDays. */
  readonly balance: (measure: Measure, currency: string, day: Day, olderThanDays: number | null) => Sum
  readonly movement: (measure: Measure, currency: string, period: Period) => Sum
  /** The same, row by row. */
  readonly movementsOf: (measure: Measure, currency: string, period: Period) => readonly BookRow[]
  /** What was known at the end of `asOf` about the things whose anchor lies in the period. */
  readonly cohort: (measure: Measure, currency: string, period: Period, asOf: Day) => Sum
}

export const bookRow = (row: FlowRow, currency: string): BookRow => ({
  ...row,
  currency,
  anchorAmount: row.amount * BigInt(row.anchor),
})

export function bookOf(rows: readonly BookRow[]): Book {
  const ledgers = Map.groupBy(rows, (row) => `${row.measure} ${row.currency}`)
  const rowsOf = (measure: Measure, currency: string) => ledgers.get(`${measure} ${currency}`) ?? []
  const known = new Map<string, Steps>()
  const steps = (key: string, make: () => Steps): Steps => {
    let made = known.get(key)
    if (made === undefined) {
      made = make()
      known.set(key, made)
    }
    return made
  }

  const byDay = (measure: Measure, currency: string) =>
    steps(`day ${measure} ${currency}`, () => stepsOf(rowsOf(measure, currency), (row) => row.day))

  return {
    currencies: [...new Set(rows.map((row) => row.currency))].sort(),
    balance: (measure, currency, day, olderThanDays) => {
      const older = steps(`older ${olderThanDays} ${measure} ${currency}`, () =>
        stepsOf(
          rowsOf(measure, currency).filter(
            (row) => row.olderThanDays === undefined || row.olderThanDays === olderThanDays,
          ),
          // A row is in the balance that is older than k from the day on which it both happened and is older than k.
          (row) =>
            olderThanDays === null || row.olderThanDays !== undefined
              ? row.day
              : Math.max(row.day, row.anchor + olderThanDays + 1),
        ),
      )
      return sumAt(older, day)
    },
    movement: (measure, currency, period) => between(byDay(measure, currency), period),
    movementsOf: (measure, currency, { from, to }) =>
      rowsOf(measure, currency).filter((row) => row.day >= from && row.day <= to),
    cohort: (measure, currency, period, asOf) => {
      const byAnchor = steps(`as of ${asOf} ${measure} ${currency}`, () =>
        stepsOf(
          rowsOf(measure, currency).filter((row) => row.day <= asOf),
          (row) => row.anchor,
        ),
      )
      return between(byAnchor, period)
    },
  }
}

const nothing: Sum = { amount: 0n, count: 0, days: 0n, amountDays: 0n, anchorAmount: 0n }

/** Running sums: `sums[i]` is the sum of all rows up to `positions[i]`. Positions ascend. */
type Steps = { readonly positions: readonly number[]; readonly sums: readonly Sum[] }

function stepsOf(rows: readonly BookRow[], positionOf: (row: BookRow) => number): Steps {
  const placed = rows.map((row) => ({ position: positionOf(row), row }))
  placed.sort((a, b) => a.position - b.position)
  const positions: number[] = []
  const sums: Sum[] = []
  let running = nothing
  for (const { position, row } of placed) {
    running = add(running, row)
    if (positions.at(-1) === position) sums[sums.length - 1] = running
    else {
      positions.push(position)
      sums.push(running)
    }
  }
  return { positions, sums }
}

function sumAt({ positions, sums }: Steps, position: number): Sum {
  let low = 0
  let high = positions.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((positions[middle] ?? Infinity) <= position) low = middle + 1
    else high = middle
  }
  return sums[low - 1] ?? nothing
}

function between(steps: Steps, { from, to }: Period): Sum {
  const before = sumAt(steps, from - 1)
  const until = sumAt(steps, to)
  return {
    amount: until.amount - before.amount,
    count: until.count - before.count,
    days: until.days - before.days,
    amountDays: until.amountDays - before.amountDays,
    anchorAmount: until.anchorAmount - before.anchorAmount,
  }
}

const add = (a: Sum, b: Sum): Sum => ({
  amount: a.amount + b.amount,
  count: a.count + b.count,
  days: a.days + b.days,
  amountDays: a.amountDays + b.amountDays,
  anchorAmount: a.anchorAmount + b.anchorAmount,
})
