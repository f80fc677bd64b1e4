/** Disputes about invoices that a receipt or credit note settles: what is not owed any more is not disputed any more. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { Day } from '../domain/day.ts'
import { balanceNow } from '../domain/projection.ts'
import { resolveBeyond } from './dispute-resolution.ts'
import { lockItems, type Item } from './histories.ts'
import type { NewEntry } from './post.ts'

/** The disputes of a customer about any of these invoices, by their ids. */
export async function findDisputes(
  tx: Tx,
  organizationId: string,
  customerId: string,
  invoiceIds: readonly string[],
): Promise<readonly string[]> {
  if (invoiceIds.length === 0) return []
  const rows = await tx.sql<{ id: string }[]>`
    select dispute.id from item dispute
    join ledger_entry opened
      on opened.organization_id = dispute.organization_id and opened.item_id = dispute.id and opened.sequence = 1
    where dispute.organization_id = ${organizationId} and dispute.kind = 'DISPUTE'
      and dispute.customer_id = ${customerId} and opened.counterpart_id = any(${[...invoiceIds]})`
  return rows.map(({ id }) => id)
}

/** A posting that settles invoices: their entries and those of what settles them. */
export type Settling = {
  readonly locked: ReadonlyMap<string, Item>
  readonly entries: readonly NewEntry[]
}

/** The same, with what it resolves of the disputes; the caller holds the locks of the customer and the invoices. */
export async function withResolutions(
  tx: Tx,
  organizationId: string,
  disputeIds: readonly string[],
  { locked, entries }: Settling,
  occurredOn: Day,
): Promise<Settling> {
  if (disputeIds.length === 0) return { locked, entries }
  const disputes = await lockItems(tx, organizationId, [], disputeIds)
  const open = [...disputes.values()]
    .filter((dispute) => balanceNow(dispute) > 0n)
    .sort((a, b) => a.startsOn - b.startsOn)
  const resolutions = [...Map.groupBy(open, (dispute) => dispute.entries[0]?.counterpartId ?? '')].flatMap(
    ([invoiceId, about]) => {
      const invoice = locked.get(invoiceId)
      const added = entries.filter(({ itemId }) => itemId === invoiceId)
      if (invoice === undefined || added.length === 0) return []
      const balance = added.reduce((sum, { amount }) => sum + amount, balanceNow(invoice))
      const effectiveOn = Math.max(...added.map((entry) => entry.effectiveOn))
      return resolveBeyond(about, invoiceId, balance, { effectiveOn, occurredOn })
    },
  )
  return { locked: new Map([...locked, ...disputes]), entries: [...entries, ...resolutions] }
}
