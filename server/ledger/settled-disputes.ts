/** Disputes about invoices that a receipt or credit note settles, or settles no more. */
import type { Day } from '../domain/day.ts'
import { balanceNow } from '../domain/projection.ts'
import { disputesAbout, reopenSettled, resolveBeyond } from './dispute-resolution.ts'
import type { Item } from './histories.ts'
import type { NewEntry } from './post.ts'

/** A posting that changes what one receipt or credit note settles: entries of both sides, disputes locked with them. */
export type Settling = {
  readonly locked: ReadonlyMap<string, Item>
  readonly entries: readonly NewEntry[]
}

/** The same, with what it resolves of the disputes that were locked with the invoices. */
export const withResolutions = (settling: Settling, creditId: string, occurredOn: Day): Settling =>
  withDisputes(settling, ({ disputes, balance, effectiveOn }) =>
    resolveBeyond(disputes, { counterpartId: creditId, code: null }, balance, { effectiveOn, occurredOn }),
  )

/** The same, with what of the disputes is open again, since nothing but that receipt or credit note had resolved it. */
export const withReopenings = (
  settling: Settling,
  creditId: string,
  dates: { readonly occurredOn: Day; readonly reason: string | null },
): Settling =>
  withDisputes(settling, ({ disputes, balance, effectiveOn }) =>
    reopenSettled(disputes, ({ counterpartId }) => counterpartId === creditId, balance, {
      effectiveOn,
      ...dates,
    }),
  )

type Disputed = {
  readonly disputes: readonly Item[]
  /** What is owed of the invoice after the posting. */
  readonly balance: bigint
  readonly effectiveOn: Day
}

function withDisputes(
  { locked, entries }: Settling,
  entriesOf: (disputed: Disputed) => NewEntry[],
): Settling {
  const further = [...disputesAbout(locked)].flatMap(([invoiceId, disputes]) => {
    const invoice = locked.get(invoiceId)
    const added = entries.filter(({ itemId }) => itemId === invoiceId)
    if (invoice === undefined || added.length === 0) return []
    const balance = added.reduce((sum, { amount }) => sum + amount, balanceNow(invoice))
    const effectiveOn = Math.max(...added.map((entry) => entry.effectiveOn))
    return entriesOf({ disputes, balance, effectiveOn })
  })
  return { locked, entries: [...entries, ...further] }
}
