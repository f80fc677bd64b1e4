/** What one item adds to the quantities that explain a KPI, in each of the segments that it is in. */
import type { Period } from './calendar.ts'
import type { Day } from './day.ts'
import { noQuantities, quantityNames, type Quantities, type QuantityName } from './explain-formulas.ts'
import { installmentStates, type Entry } from './invoice.ts'
import { project, type History } from './projection.ts'
import type { SegmentRow } from './measures.ts'
import type { Share } from './shares.ts'

export type Moment = {
  /** At its end. */
  readonly day: Day
  /** Sales are those of this window, which ends on the day. */
  readonly window: Period
  /** What fell due before it is past due: the day itself, or so many days of grace earlier. */
  readonly pastDueBefore: Day
}

export type ExplainedItem = {
  readonly history: History
  readonly shares: readonly Share[]
  /** The entries of the disputes over it. */
  readonly disputes: readonly DisputeEntry[]
}

/** `amount` is + where a dispute was opened, - where it was resolved. */
export type DisputeEntry = Pick<Entry, 'amount' | 'effectiveOn'>

/** By segment, for each of the moments. Segments with nothing are left out. */
export function itemQuantities(
  { history, shares, disputes }: ExplainedItem,
  moments: readonly Moment[],
): Map<number, Quantities>[] {
  const rows = project(history, shares).filter((row) => !row.asIs)
  return moments.map((moment) => {
    const found = new Found(shares[0]?.segmentId ?? 0)
    for (const row of rows) addRow(found, row, moment)
    if (history.kind === 'INVOICE') addParts(found, history, disputes, moment)
    return found.bySegment
  })
}

class Found {
  readonly bySegment = new Map<number, { -readonly [Name in QuantityName]: bigint }>()
  readonly #home: number

  constructor(home: number) {
    this.#home = home
  }

  add(segmentId: number, name: QuantityName, amount: bigint): void {
    if (amount === 0n) return
    let quantities = this.bySegment.get(segmentId)
    if (quantities === undefined) {
      quantities = { ...noQuantities }
      this.bySegment.set(segmentId, quantities)
    }
    quantities[name] += amount
  }

  sum(name: QuantityName): bigint {
    return this.bySegment.values().reduce((sum, quantities) => sum + quantities[name], 0n)
  }

  /** Splits `amount` as `like` is split; cut towards 0, and the largest takes the rest. */
  spread(name: QuantityName, amount: bigint, like: QuantityName): void {
    const total = this.sum(like)
    if (total === 0n) {
      this.add(this.#home, name, amount)
      return
    }
    let rest = amount
    let largest: { segmentId: number; weight: bigint } | null = null
    for (const [segmentId, quantities] of this.bySegment) {
      const weight = quantities[like]
      const part = (amount * weight) / total
      rest -= part
      this.add(segmentId, name, part)
      if (largest === null || weight > largest.weight) largest = { segmentId, weight }
    }
    if (largest !== null) this.add(largest.segmentId, name, rest)
  }
}

/** What the KPI store has of it. */
function addRow(found: Found, row: SegmentRow, { day, window, pastDueBefore }: Moment): void {
  if (row.day > day) return
  const isInWindow = row.day >= window.from
  switch (row.measure) {
    case 'OPEN_BY_DUE':
      found.add(row.segmentId, row.anchor < pastDueBefore ? 'pastDue' : 'notDue', row.amount)
      break
    case 'UNAPPLIED_CASH':
      found.add(row.segmentId, 'unapplied', row.amount)
      break
    case 'BILLED':
      if (!isInWindow) break
      found.add(row.segmentId, 'billed', row.amount)
      found.add(row.segmentId, 'billedDays', row.amountDays)
      break
    case 'CREDITED':
      if (isInWindow) found.add(row.segmentId, 'credited', row.amount)
      break
    default:
  }
}

/** What only its installments can tell. */
function addParts(
  found: Found,
  { entries }: History,
  disputes: readonly DisputeEntry[],
  { day, window, pastDueBefore }: Moment,
): void {
  const known = entries
    .filter((entry) => entry.effectiveOn <= day)
    .sort((a, b) => a.effectiveOn - b.effectiveOn)
  let expected = 0n
  let extended = 0n
  for (const { number, firstDueOn, dueOn, balance } of installmentStates(known)) {
    const billed = known.reduce(
      (sum, entry) =>
        entry.installment === number && isBilling(entry) && entry.effectiveOn >= window.from
          ? sum + entry.amount
          : sum,
      0n,
    )
    const isExpected = billed !== 0n && firstDueOn >= pastDueBefore
    if (isExpected) expected += billed
    else if (dueOn >= pastDueBefore) extended += balance
  }
  found.spread('expected', expected, 'billed')
  found.spread('extended', extended, 'notDue')
  const disputed = disputes.reduce((sum, entry) => (entry.effectiveOn <= day ? sum + entry.amount : sum), 0n)
  const pastDue = found.sum('pastDue')
  found.spread('disputed', between0And(pastDue, disputed), 'pastDue')
}

const between0And = (most: bigint, amount: bigint): bigint => {
  const least = amount < most ? amount : most
  return least > 0n ? least : 0n
}

const isBilling = ({ kind }: Entry): boolean =>
  kind === 'INVOICED' || kind === 'CORRECTED' || kind === 'VOIDED'

export const isNothing = (quantities: Quantities): boolean =>
  quantityNames.every((name) => quantities[name] === 0n)
