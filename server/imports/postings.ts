/** What the rows of an import are in the ledger. Pure but for the ids it makes. */
import { randomUUIDv7 } from 'node:crypto'
import type { Day } from '../domain/day.ts'
import { firstDayWithRoom, installmentStates } from '../domain/invoice.ts'
import { largestOf, segmentOfShare } from '../domain/shares.ts'
import type { Item } from '../ledger/histories.ts'
import type { NewItem } from '../ledger/new-items.ts'
import type { NewEntry } from '../ledger/post.ts'
import type { DifferingRow } from './differing.ts'
import type { Milestones } from './rows.ts'

/** A posting in the making. */
export type Draft = { readonly items: NewItem[]; readonly entries: NewEntry[] }

export const emptyDraft = (): Draft => ({ items: [], entries: [] })

/** A row whose invoice the books do not have. */
export type NewInvoice = Milestones & {
  readonly number: string
  readonly sourceKey: string | null
  readonly customerId: string
  readonly segmentId: number
  readonly currency: string
  readonly amount: bigint
  readonly tax: bigint | null
  readonly issuedOn: Day
  readonly dueOn: Day
  readonly dueDerived: boolean
  readonly settledOn: Day | null
  readonly disputed: boolean
}

/** Who owes, and where it counts: the same for an invoice, what pays it and what disputes it. */
type Place = Pick<Item, 'customerId' | 'segmentId' | 'currency'>

/** The invoice, the dispute about all of it where it is flagged, and the receipt that settled it. */
export function addNewInvoice(draft: Draft, row: NewInvoice): void {
  const { customerId, segmentId, currency, amount, issuedOn, dueOn, settledOn } = row
  const place = { customerId, segmentId, currency }
  const invoiceId = randomUUIDv7()
  draft.items.push({ ...place, id: invoiceId, kind: 'INVOICE', startsOn: issuedOn, invoice: row })
  draft.entries.push({
    itemId: invoiceId,
    kind: 'INVOICED',
    installment: 1,
    amount,
    effectiveOn: issuedOn,
    occurredOn: issuedOn,
    dueOn,
    counterpartId: null,
  })
  const disputeId = row.disputed ? randomUUIDv7() : null
  if (disputeId !== null) {
    draft.items.push({ ...place, id: disputeId, kind: 'DISPUTE', startsOn: issuedOn })
    draft.entries.push(movement(disputeId, 'DISPUTE_OPENED', amount, issuedOn, issuedOn, invoiceId))
  }
  if (settledOn === null) return
  // Money that came before the bill pays it from the bill's day on.
  const payment = { installment: 1, amount, effectiveOn: Math.max(settledOn, issuedOn) }
  const receiptId = addSettlement(draft, place, invoiceId, settledOn, [payment])
  if (disputeId !== null) addResolution(draft, disputeId, amount, issuedOn, settledOn, receiptId)
}

/**
 * Brings an invoice of the books up to date: first what it is, then when it is due, then that it was paid.
 * @param locked the invoice, and its open dispute, as they are now
 */
export function addChanges(
  draft: Draft,
  row: DifferingRow,
  locked: ReadonlyMap<string, Item>,
  today: Day,
): void {
  const { invoiceId, disputeId, changes, booked } = row
  const invoice = locked.get(invoiceId)
  if (invoice === undefined) throw new Error(`Invoice ${invoiceId} was not locked`)
  const { issuedOn } = booked
  const dispute = disputeId === null ? undefined : locked.get(disputeId)
  let disputed = dispute?.entries.reduce((sum, entry) => sum + entry.amount, 0n) ?? 0n
  const entries: NewEntry[] = []

  if (changes.correctBy !== 0n) {
    entries.push(movement(invoiceId, 'CORRECTED', changes.correctBy, issuedOn, issuedOn, null))
    // A dispute about the whole invoice stays one.
    if (dispute !== undefined && disputed === booked.amount) {
      const { id, startsOn } = dispute
      draft.entries.push(movement(id, 'DISPUTE_OPENED', changes.correctBy, startsOn, startsOn, invoiceId))
      disputed += changes.correctBy
    }
  }
  if (changes.reDateTo !== null) {
    // The old due date held until somebody knew better: what was past due yesterday was so.
    const knownOn = Math.max(issuedOn, today)
    entries.push({ ...movement(invoiceId, 'RE_DATED', 0n, knownOn, knownOn, null), dueOn: changes.reDateTo })
  }
  draft.entries.push(...entries)
  if (changes.settleOn !== null) {
    const history = [...invoice.entries, ...entries]
    const from = Math.max(changes.settleOn, issuedOn)
    const payments = installmentStates(history)
      .filter(({ balance }) => balance > 0n)
      .map(({ number, balance }) => ({
        installment: number,
        amount: balance,
        effectiveOn: firstDayWithRoom(history, number, balance, from),
      }))
    const segmentId = segmentOfShare(largestOf(invoice.shares), history, from)
    const place = { ...invoice, segmentId }
    const receiptId = addSettlement(draft, place, invoiceId, changes.settleOn, payments)
    if (dispute !== undefined)
      addResolution(draft, dispute.id, disputed, dispute.startsOn, changes.settleOn, receiptId)
  }
}

/** The part of a receipt that pays one installment, from the day on which it counts. */
type Payment = { readonly installment: number; readonly amount: bigint; readonly effectiveOn: Day }

/** A receipt of the day that pays all that is open; its id. */
function addSettlement(
  draft: Draft,
  { customerId, segmentId, currency }: Place,
  invoiceId: string,
  settledOn: Day,
  payments: readonly Payment[],
): string {
  const id = randomUUIDv7()
  const place = { customerId, segmentId, currency }
  const received = payments.reduce((sum, { amount }) => sum + amount, 0n)
  draft.items.push({ ...place, id, kind: 'RECEIPT', startsOn: settledOn, reference: null })
  draft.entries.push(movement(id, 'RECEIVED', received, settledOn, settledOn, null))
  for (const { installment, amount, effectiveOn } of payments) {
    draft.entries.push(
      movement(id, 'APPLIED', -amount, effectiveOn, settledOn, invoiceId),
      movement(invoiceId, 'PAYMENT_APPLIED', -amount, effectiveOn, settledOn, id, installment),
    )
  }
  return id
}

/** Whoever pays in full has no dispute any more, unless the receipt bounces. */
function addResolution(
  draft: Draft,
  disputeId: string,
  amount: bigint,
  openedOn: Day,
  settledOn: Day,
  receiptId: string,
): void {
  const effectiveOn = Math.max(settledOn, openedOn)
  draft.entries.push(movement(disputeId, 'DISPUTE_RESOLVED', -amount, effectiveOn, settledOn, receiptId))
}

const movement = (
  itemId: string,
  kind: NewEntry['kind'],
  amount: bigint,
  effectiveOn: Day,
  occurredOn: Day,
  counterpartId: string | null,
  installment = 1,
): NewEntry => ({ itemId, kind, installment, amount, effectiveOn, occurredOn, dueOn: null, counterpartId })
