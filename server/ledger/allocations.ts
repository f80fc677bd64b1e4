/** What stands to a customer's credit, a receipt or a credit note, and the invoices that it settles. */
import { lotsOf, type Lot } from '../domain/applications.ts'
import type { Day } from '../domain/day.ts'
import {
  firstDayWithRoom,
  installmentStates,
  payInstallments,
  type Entry,
  type EntryKind,
} from '../domain/invoice.ts'
import { formatMinor, parseMinor } from '../domain/money.ts'
import { balanceNow } from '../domain/projection.ts'
import { invalid, type Path, type Problem } from '../problem.ts'
import type { By, Debtor, NamedInvoice } from './find.ts'
import type { Item } from './histories.ts'
import type { NewEntry } from './post.ts'

export type CreditKind = 'RECEIPT' | 'CREDIT_NOTE'

/** A receipt or credit note as it is now; a new one with the entry that it begins with. */
export type Credit = {
  readonly id: string
  readonly kind: CreditKind
  readonly currency: string
  readonly entries: readonly Entry[]
}

const ALLOCATIONS_MAX = 1_000

export type AllocationInput = { readonly invoice: By; readonly amount?: string | null | undefined }

/** Null where there are not too many. */
export const checkNumber = ({ length }: readonly AllocationInput[]): Problem | null =>
  length > ALLOCATIONS_MAX
    ? invalid(['allocations'], `${length} allocations are more than ${ALLOCATIONS_MAX}`)
    : null

/** The amounts of the allocations; null is an invoice's whole balance. */
export function readAllocations(
  allocations: readonly AllocationInput[],
  currency: string,
): readonly (bigint | null)[] | Problem {
  const tooMany = checkNumber(allocations)
  if (tooMany !== null) return tooMany
  const amounts: (bigint | null)[] = []
  for (const [index, { amount }] of allocations.entries()) {
    const part = readPart(amount, currency, ['allocations', String(index), 'amount'])
    if (typeof part === 'object' && part !== null) return part
    amounts.push(part)
  }
  return amounts
}

/** An amount greater than 0; null where it was left out. */
export function readPart(
  text: string | null | undefined,
  currency: string,
  path: Path,
): bigint | null | Problem {
  if (text === null || text === undefined) return null
  const part = parseMinor(text, currency)
  return part === null || part <= 0n
    ? invalid(path, `${text} is no amount of ${currency} greater than 0`)
    : part
}

export type Allocating = {
  readonly credit: Credit
  readonly customer: Pick<Debtor, 'id' | 'number'>
  /** The invoices, as they were found and as `lockItems` gave them, and how much of each; null is its whole balance. */
  readonly invoices: readonly NamedInvoice[]
  readonly locked: ReadonlyMap<string, Item>
  readonly amounts: readonly (bigint | null)[]
  /** From which day on it counts at the earliest, and when it happened. */
  readonly from: Day
  readonly occurredOn: Day
}

const WORDS = {
  RECEIPT: { name: 'receipt', settles: 'PAYMENT_APPLIED' },
  CREDIT_NOTE: { name: 'credit note', settles: 'CREDIT_APPLIED' },
} as const satisfies Record<CreditKind, { name: string; settles: EntryKind }>

/** The entries of both sides, or why the invoices cannot be settled so. */
export function allocate(allocating: Allocating): NewEntry[] | Problem {
  const { credit, customer, invoices, locked, amounts } = allocating
  const { currency, kind } = credit
  const entries: NewEntry[] = []
  const own: Entry[] = [...credit.entries]
  const seen = new Set<string>()
  let left = balanceNow({ kind, startsOn: allocating.from, entries: own })
  const shown = (minor: bigint) => `${formatMinor({ minor, currency })} ${currency}`
  for (const [index, row] of invoices.entries()) {
    const path = ['allocations', String(index)]
    const item = locked.get(row.id)
    if (item === undefined) throw new Error(`Invoice ${row.id} was not locked`)
    if (seen.has(row.id)) return invalid([...path, 'invoice'], `Invoice ${row.number} is named twice`)
    seen.add(row.id)
    if (item.customerId !== customer.id) {
      return invalid([...path, 'invoice'], `Invoice ${row.number} is not owed by customer ${customer.number}`)
    }
    if (item.currency !== currency) {
      const message = `Invoice ${row.number} is in ${item.currency}, the ${WORDS[kind].name} in ${currency}`
      return invalid([...path, 'invoice'], message, 'WRONG_CURRENCY')
    }
    const balance = balanceNow(item)
    const amount = amounts[index] ?? balance
    if (amount > balance || balance <= 0n) {
      const message = `Invoice ${row.number} has a balance of ${shown(balance)}`
      return invalid([...path, 'amount'], message, 'OVER_ALLOCATION')
    }
    left -= amount
    if (left < 0n) {
      const message = `The allocations up to here are ${shown(-left)} more than the ${WORDS[kind].name} has left`
      return invalid([...path, 'amount'], message, 'OVER_ALLOCATION')
    }
    const applied = settle(item, amount, { ...allocating, entries: own })
    own.push(...applied.filter(({ itemId }) => itemId === credit.id))
    entries.push(...applied)
  }
  return entries
}

/** `entries` are those of the receipt or credit note, what it settled before included. */
function settle(
  item: Item,
  amount: bigint,
  { credit, from, occurredOn, entries }: Allocating & { readonly entries: readonly Entry[] },
): NewEntry[] {
  // What came before the bill settles it from the day of the bill on, yet it happened when it came.
  const earliest = Math.max(from, item.startsOn)
  return payInstallments(installmentStates(item.entries), amount).flatMap((part) => {
    const effectiveOn = Math.max(
      firstDayWithRoom(item.entries, part.number, part.amount, earliest),
      firstDayWithRoom(entries, 1, amount, earliest),
    )
    return bothSides(credit, item.id, part.number, -part.amount, { effectiveOn, occurredOn })
  })
}

/** The entries that take lots back from `from` on, what was applied later on its own day. */
export const takeBack = (
  credit: Pick<Credit, 'id' | 'kind'>,
  invoiceId: string,
  lots: readonly Lot[],
  dates: { readonly from: Day; readonly occurredOn: Day; readonly reason?: string | null },
): NewEntry[] =>
  lots.flatMap(({ installment, amount, effectiveOn }) =>
    bothSides(credit, invoiceId, installment, amount, {
      effectiveOn: Math.max(dates.from, effectiveOn),
      occurredOn: dates.occurredOn,
      reason: dates.reason ?? null,
    }),
  )

/** `amount` below 0 applies, above 0 takes back. */
function bothSides(
  { id, kind }: Pick<Credit, 'id' | 'kind'>,
  invoiceId: string,
  installment: number,
  amount: bigint,
  dates: Pick<NewEntry, 'effectiveOn' | 'occurredOn' | 'reason'>,
): NewEntry[] {
  const movement = { ...dates, amount, dueOn: null }
  return [
    { ...movement, itemId: id, kind: 'APPLIED', installment: 1, counterpartId: invoiceId },
    { ...movement, itemId: invoiceId, kind: WORDS[kind].settles, installment, counterpartId: id },
  ]
}

/** What stands applied to an invoice, from one day on. */
export type AllocationRow = {
  readonly invoiceId: string
  readonly minor: bigint
  readonly currency: string
  readonly effectiveOn: Day
}

/** What is applied to each invoice, less what was taken back; in the order of the first application. */
export function allocationsOf(item: Item): AllocationRow[] {
  const sums = new Map<string, AllocationRow>()
  for (const { kind, counterpartId, amount, effectiveOn } of item.entries) {
    if (kind !== 'APPLIED' || counterpartId === null) continue
    const sum = sums.get(counterpartId)
    // What was taken back in full and is applied again counts from then on.
    if (sum === undefined || sum.minor === 0n) {
      const { currency } = item
      sums.set(counterpartId, { invoiceId: counterpartId, minor: -amount, currency, effectiveOn })
    } else sums.set(counterpartId, { ...sum, minor: sum.minor - amount })
  }
  return [...sums.values()].filter((allocation) => allocation.minor !== 0n)
}

/** The ids of the invoices that it stands applied to. */
export const settledBy = (item: Item): string[] => allocationsOf(item).map(({ invoiceId }) => invoiceId)

/** What of the item stands applied to the invoice. */
export const appliedTo = (credit: Pick<Credit, 'id'>, invoice: Item): Lot[] =>
  lotsOf(invoice.entries, credit.id)
