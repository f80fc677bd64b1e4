/** What of a receipt or credit note stands applied to an invoice, as the invoice's entries say. */
import type { Day } from './day.ts'
import type { Entry } from './invoice.ts'

/** A part of an installment that was applied from a day on and not taken back. */
export type Lot = { readonly installment: number; readonly amount: bigint; readonly effectiveOn: Day }

/** What `counterpartId` stands applied to the invoice with these entries, in the order of the days. */
export function lotsOf(entries: readonly Entry[], counterpartId: string): Lot[] {
  const lots: Lot[] = []
  const own = entries.filter(
    (entry) =>
      (entry.kind === 'PAYMENT_APPLIED' || entry.kind === 'CREDIT_APPLIED') &&
      entry.counterpartId === counterpartId,
  )
  for (const { installment, amount, effectiveOn } of own.toSorted((a, b) => a.effectiveOn - b.effectiveOn)) {
    if (amount < 0n) lots.push({ installment, amount: -amount, effectiveOn })
    else undo(lots, installment, amount)
  }
  return lots
}

/** As in a posting, what is taken back is taken from the latest lots of the installment. */
function undo(lots: Lot[], installment: number, amount: bigint): void {
  let left = amount
  for (let i = lots.length - 1; i >= 0 && left > 0n; i--) {
    const lot = lots[i]
    if (lot === undefined || lot.installment !== installment) continue
    const part = lot.amount < left ? lot.amount : left
    left -= part
    if (part === lot.amount) lots.splice(i, 1)
    else lots[i] = { ...lot, amount: lot.amount - part }
  }
}

export const sumOf = (lots: readonly Lot[]): bigint => lots.reduce((sum, { amount }) => sum + amount, 0n)

/** The parts of the lots that make up `amount`, the latest first; all of them where there is less. */
export function latestOf(lots: readonly Lot[], amount: bigint): Lot[] {
  const parts: Lot[] = []
  let left = amount
  for (const lot of lots.toReversed()) {
    const part = lot.amount < left ? lot.amount : left
    if (part <= 0n) break
    parts.push({ ...lot, amount: part })
    left -= part
  }
  return parts
}
