/** What is not owed any more is not disputed any more. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { Day } from '../domain/day.ts'
import { balanceNow } from '../domain/projection.ts'
import { lockItems, type Item } from './histories.ts'
import type { NewEntry } from './post.ts'

/** The open disputes about an invoice, under their locks. The caller holds those of the customer and the invoice. */
export async function lockDisputes(tx: Tx, organizationId: string, invoice: Item): Promise<readonly Item[]> {
  const rows = await tx.sql<{ id: string }[]>`
    select dispute.id from item dispute
    join ledger_entry opened
      on opened.organization_id = dispute.organization_id and opened.item_id = dispute.id and opened.sequence = 1
    where dispute.organization_id = ${organizationId} and dispute.kind = 'DISPUTE'
      and dispute.customer_id = ${invoice.customerId} and opened.counterpart_id = ${invoice.id}`
  if (rows.length === 0) return []
  const disputes = await lockItems(
    tx,
    organizationId,
    [],
    rows.map(({ id }) => id),
  )
  return [...disputes.values()]
    .filter((dispute) => balanceNow(dispute) > 0n)
    .sort((a, b) => a.startsOn - b.startsOn)
}

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
