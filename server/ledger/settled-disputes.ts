/** Disputes about invoices that a receipt or credit note settles: what is not owed any more is not disputed any more. */
import type { Day } from '../domain/day.ts'
import { balanceNow } from '../domain/projection.ts'
import { openDisputes, resolveBeyond } from './dispute-resolution.ts'
import type { Item } from './histories.ts'
import type { NewEntry } from './post.ts'

/** A posting that settles invoices: their entries and those of what settles them. */
export type Settling = {
  readonly locked: ReadonlyMap<string, Item>
  readonly entries: readonly NewEntry[]
}

/** The same, with what it resolves of the disputes that were locked with the invoices. */
export function withResolutions({ locked, entries }: Settling, occurredOn: Day): Settling {
  const resolutions = [...openDisputes(locked)].flatMap(([invoiceId, disputes]) => {
    const invoice = locked.get(invoiceId)
    const added = entries.filter(({ itemId }) => itemId === invoiceId)
    if (invoice === undefined || added.length === 0) return []
    const balance = added.reduce((sum, { amount }) => sum + amount, balanceNow(invoice))
    const effectiveOn = Math.max(...added.map((entry) => entry.effectiveOn))
    return resolveBeyond(disputes, invoiceId, balance, { effectiveOn, occurredOn })
  })
  return { locked, entries: [...entries, ...resolutions] }
}
