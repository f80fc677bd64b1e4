/**
 * What is not owed any more is not disputed any more; and what is owed again is disputed again, as far as nothing but
 * the settlement that was taken back had resolved it.
 */
import type { Day } from '../domain/day.ts'
import type { Entry, EntryCode } from '../domain/invoice.ts'
import { balanceNow } from '../domain/projection.ts'
import type { Item } from './histories.ts'
import type { NewEntry } from './post.ts'

/** What resolves without anybody saying so: a receipt or credit note, or what of the invoice was given up by `code`. */
export type Cause = { readonly counterpartId: string; readonly code: EntryCode | null }

type Dates = { readonly effectiveOn: Day; readonly occurredOn: Day }

/** All disputes among what was locked, by their invoices, the earliest first. */
export const disputesAbout = (locked: ReadonlyMap<string, Item>): ReadonlyMap<string, readonly Item[]> =>
  Map.groupBy(
    [...locked.values()]
      .filter((item) => item.kind === 'DISPUTE')
      .sort((a, b) => a.startsOn - b.startsOn || (a.id < b.id ? -1 : 1)),
    (dispute) => dispute.entries[0]?.counterpartId ?? '',
  )

/** What is still disputed of an invoice. */
export const disputedOf = (disputes: readonly Item[]): bigint =>
  disputes.reduce((sum, dispute) => sum + balanceNow(dispute), 0n)

/** Resolves disputes, the latest first, until no more is disputed than `balance`, which is what is left of the invoice. */
export function resolveBeyond(
  disputes: readonly Item[],
  cause: Cause,
  balance: bigint,
  dates: Dates,
): NewEntry[] {
  const entries: NewEntry[] = []
  let excess = disputedOf(disputes) - balance
  for (const dispute of disputes.toReversed()) {
    const open = balanceNow(dispute)
    const part = open < excess ? open : excess
    if (part <= 0n) continue
    excess -= part
    entries.push(resolution(dispute, -part, cause, dates))
  }
  return entries
}

/**
 * Opens again what `isCause` had resolved, the earliest dispute first as it was resolved last, and never more than is
 * owed: `balance` is that of the invoice after the settlement was taken back.
 */
export function reopenSettled(
  disputes: readonly Item[],
  isCause: (entry: Entry) => boolean,
  balance: bigint,
  dates: Dates & { readonly reason: string | null },
): NewEntry[] {
  const entries: NewEntry[] = []
  let room = balance - disputedOf(disputes)
  for (const dispute of disputes) {
    const causes = dispute.entries.filter((entry) => entry.kind === 'DISPUTE_RESOLVED' && isCause(entry))
    const resolved = causes.reduce((sum, { amount }) => sum - amount, 0n)
    const part = resolved < room ? resolved : room
    const last = causes.at(-1)
    if (part <= 0n || last === undefined) continue
    room -= part
    const cause = { counterpartId: last.counterpartId ?? '', code: last.code ?? null }
    entries.push({ ...resolution(dispute, part, cause, dates), reason: dates.reason })
  }
  return entries
}

/** `amount` below 0 resolves, above 0 opens again; never before what happened to the dispute last. */
function resolution(
  dispute: Item,
  amount: bigint,
  cause: Cause,
  { effectiveOn, occurredOn }: Dates,
): NewEntry {
  const lastOn = Math.max(...dispute.entries.map((entry) => entry.effectiveOn))
  return {
    itemId: dispute.id,
    kind: 'DISPUTE_RESOLVED',
    installment: 1,
    amount,
    effectiveOn: Math.max(effectiveOn, lastOn),
    occurredOn: Math.max(occurredOn, dispute.startsOn),
    dueOn: null,
    ...cause,
  }
}
