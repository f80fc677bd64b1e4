import { todayOf, type Context } from '../context.ts'
import { dayOf, type Day } from '../domain/day.ts'
import { balanceOn } from '../domain/projection.ts'
import type { Item } from '../ledger/histories.ts'

/** What a receipt paid of one invoice, from one day on. */
export type AllocationRow = {
  readonly invoiceId: string
  readonly minor: bigint
  readonly currency: string
  readonly effectiveOn: Day
}

/** What came in; what bounced later is a further movement and does not change it. */
export const received = (item: Item): bigint =>
  item.entries.reduce((sum, entry) => (entry.kind === 'RECEIVED' ? sum + entry.amount : sum), 0n)

export const unappliedToday = (context: Context, item: Item): bigint =>
  balanceOn(item, dayOf(todayOf(context)))

/** What is applied to each invoice, less what was taken back; in the order of the first application. */
export function allocationsOf(item: Item): AllocationRow[] {
  const sums = new Map<string, AllocationRow>()
  for (const { kind, counterpartId, amount, effectiveOn } of item.entries) {
    if (kind !== 'APPLIED' || counterpartId === null) continue
    const sum = sums.get(counterpartId) ?? {
      invoiceId: counterpartId,
      minor: 0n,
      currency: item.currency,
      effectiveOn,
    }
    sums.set(counterpartId, { ...sum, minor: sum.minor - amount })
  }
  return [...sums.values()].filter((allocation) => allocation.minor !== 0n)
}
