/** What is not owed any more is not disputed any more. */
import type { Day } from '../domain/day.ts'
import { balanceNow } from '../domain/projection.ts'
import type { Item } from './histories.ts'
import type { NewEntry } from './post.ts'

/** The open disputes among what was locked, by their invoices, the earliest first. */
export const openDisputes = (locked: ReadonlyMap<string, Item>): ReadonlyMap<string, readonly Item[]> =>
  Map.groupBy(
    [...locked.values()]
      .filter((item) => item.kind === 'DISPUTE' && balanceNow(item) > 0n)
      .sort((a, b) => a.startsOn - b.startsOn),
    (dispute) => dispute.entries[0]?.counterpartId ?? '',
  )

/** Resolves disputes, the latest first, until no more is disputed than `balance`, which is what is left of the invoice. */
export function resolveBeyond(
  disputes: readonly Item[],
  invoiceId: string,
  balance: bigint,
  { effectiveOn, occurredOn }: { readonly effectiveOn: Day; readonly occurredOn: Day },
): NewEntry[] {
  const entries: NewEntry[] = []
  let excess = disputes.reduce((sum, dispute) => sum + balanceNow(dispute), -balance)
  for (const dispute of disputes.toReversed()) {
    const open = balanceNow(dispute)
    const part = open < excess ? open : excess
    if (part <= 0n) continue
    excess -= part
    const lastOn = Math.max(...dispute.entries.map((entry) => entry.effectiveOn))
    entries.push({
      itemId: dispute.id,
      kind: 'DISPUTE_RESOLVED',
      installment: 1,
      amount: -part,
      effectiveOn: Math.max(effectiveOn, lastOn),
      occurredOn: Math.max(occurredOn, dispute.startsOn),
      dueOn: null,
      counterpartId: invoiceId,
    })
  }
  return entries
}
