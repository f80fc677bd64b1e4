/** What an invoice's entries say of it. */
import type { Day } from './day.ts'

export type EntryKind =
  | 'INVOICED'
  | 'CORRECTED'
  | 'VOIDED'
  | 'RE_DATED'
  | 'PAYMENT_APPLIED'
  | 'CREDIT_APPLIED'
  | 'DISCOUNTED'
  | 'ADJUSTED'
  | 'WRITTEN_OFF'
  | 'RECOVERED'
  | 'RECEIVED'
  | 'BOUNCED'
  | 'CREDITED'
  | 'APPLIED'
  | 'DISPUTE_OPENED'
  | 'DISPUTE_RESOLVED'
  | 'MOVED'

/** Why something was written off, and whether a discount was taken in time. */
export type EntryCode = WriteOffCode | 'EARNED' | 'UNEARNED'
export type WriteOffCode = 'BAD_DEBT' | 'TOLERANCE' | 'DISPUTE'

/** One immutable movement of one item. `amount` is signed from the item's point of view. */
export type Entry = {
  readonly kind: EntryKind
  /** Of an invoice: 1 for the first. Of MOVED: the number of the share. */
  readonly installment: number
  readonly amount: bigint
  readonly effectiveOn: Day
  readonly occurredOn: Day
  /** INVOICED, RE_DATED: the installment's due date from here on. */
  readonly dueOn: Day | null
  /** The receipt or credit note of an application, the invoice it was applied to. */
  readonly counterpartId: string | null
  /** WRITTEN_OFF and DISCOUNTED. */
  readonly code?: EntryCode | null
  /** MOVED: the segment that it is in from `effectiveOn` on. */
  readonly segmentId?: number | null
}

/** What of a bill, or of a credit note, beside its entries decides how it is counted. */
export type InvoiceFacts = {
  readonly deliveredOn: Day | null
  readonly sentOn: Day | null
  /** What may be deducted where it is paid by `discountUntil`; 0 where nothing may. */
  readonly discount: bigint
  readonly discountUntil: Day | null
  /** What of it is tax, as first billed or credited; null where nobody knows. */
  readonly tax: bigint | null
}

export const noFacts: InvoiceFacts = {
  deliveredOn: null,
  sentOn: null,
  discount: 0n,
  discountUntil: null,
  tax: null,
}

/** A part of an invoice, as its entries so far leave it. Amounts are minor units. */
export type InstallmentState = {
  readonly number: number
  readonly firstDueOn: Day
  readonly dueOn: Day
  /** With corrections; 0 where it was voided. */
  readonly billed: bigint
  readonly firstBilled: bigint
  /** Voided or corrected. */
  readonly isWrong: boolean
  readonly credited: bigint
  /** Taken in time. */
  readonly discountEarned: bigint
  readonly discountUnearned: bigint
  readonly adjusted: bigint
  readonly badDebt: bigint
  readonly tolerance: bigint
  /** For any reason, those two included. */
  readonly writtenOff: bigint
  readonly recovered: bigint
  readonly balance: bigint
  /** Receipts applied, less what bounced. */
  readonly paid: bigint
  /** Payments in force: what bounced is taken out of the payment that it undoes. */
  readonly payments: readonly Payment[]
}

type Payment = { readonly counterpartId: string | null; readonly occurredOn: Day; readonly amount: bigint }

type Draft = { -readonly [Field in keyof InstallmentState]: InstallmentState[Field] } & {
  payments: Payment[]
}

/** The installments in order of their numbers. */
export function installmentStates(entries: readonly Entry[]): InstallmentState[] {
  const drafts = new Map<number, Draft>()
  for (const entry of entries) {
    if (entry.kind === 'MOVED') continue
    let draft = drafts.get(entry.installment)
    if (draft === undefined) {
      // Only INVOICED opens an installment; a back-dated entry before it waits for its due date.
      const dueOn = entry.dueOn ?? entry.effectiveOn
      draft = {
        number: entry.installment,
        firstDueOn: dueOn,
        dueOn,
        billed: 0n,
        firstBilled: 0n,
        isWrong: false,
        credited: 0n,
        discountEarned: 0n,
        discountUnearned: 0n,
        adjusted: 0n,
        badDebt: 0n,
        tolerance: 0n,
        writtenOff: 0n,
        recovered: 0n,
        paid: 0n,
        balance: 0n,
        payments: [],
      }
      drafts.set(entry.installment, draft)
    }
    apply(draft, entry)
  }
  return [...drafts.values()].sort((a, b) => a.number - b.number)
}

function apply(draft: Draft, entry: Entry): void {
  draft.balance += entry.amount
  switch (entry.kind) {
    case 'INVOICED':
      draft.billed += entry.amount
      draft.firstBilled += entry.amount
      if (entry.dueOn !== null) {
        draft.firstDueOn = entry.dueOn
        draft.dueOn = entry.dueOn
      }
      break
    case 'CORRECTED':
    case 'VOIDED':
      draft.billed += entry.amount
      draft.isWrong = true
      break
    case 'RE_DATED':
      if (entry.dueOn !== null) draft.dueOn = entry.dueOn
      break
    case 'PAYMENT_APPLIED':
      draft.paid -= entry.amount
      applyPayment(draft.payments, entry)
      break
    case 'CREDIT_APPLIED':
      draft.credited -= entry.amount
      break
    case 'DISCOUNTED':
      if (entry.code === 'UNEARNED') draft.discountUnearned -= entry.amount
      else draft.discountEarned -= entry.amount
      break
    case 'ADJUSTED':
      draft.adjusted += entry.amount
      break
    case 'WRITTEN_OFF':
      draft.writtenOff -= entry.amount
      if (entry.code === 'TOLERANCE') draft.tolerance -= entry.amount
      else if (entry.code !== 'DISPUTE') draft.badDebt -= entry.amount
      break
    case 'RECOVERED':
      draft.recovered += entry.amount
      break
    default:
      throw new Error(`An invoice has no ${entry.kind} entry`)
  }
}

function applyPayment(payments: Payment[], { counterpartId, occurredOn, amount }: Entry): void {
  if (amount < 0n) {
    payments.push({ counterpartId, occurredOn, amount: -amount })
    return
  }
  // A reversal undoes the receipt's latest payments first, on the days on which those had counted.
  let undo = amount
  for (let i = payments.length - 1; i >= 0 && undo > 0n; i--) {
    const payment = payments[i]
    if (payment === undefined || payment.counterpartId !== counterpartId) continue
    const part = payment.amount < undo ? payment.amount : undo
    undo -= part
    if (part === payment.amount) payments.splice(i, 1)
    else payments[i] = { ...payment, amount: payment.amount - part }
  }
}

/** The tax of what was billed: a correction changes it as it changes the bill, cut towards 0; a void takes it back. */
export function taxOf(
  tax: bigint,
  installments: readonly Pick<InstallmentState, 'billed'>[],
  firstBilled: bigint,
): bigint {
  const billed = installments.reduce((sum, part) => sum + part.billed, 0n)
  return firstBilled === 0n ? 0n : (tax * billed) / firstBilled
}

/** The parts of `amount` that each open installment takes: what is due first is paid first. */
export function payInstallments(
  installments: readonly Pick<InstallmentState, 'number' | 'dueOn' | 'balance'>[],
  amount: bigint,
): { readonly number: number; readonly amount: bigint }[] {
  const parts: { number: number; amount: bigint }[] = []
  let left = amount
  for (const { number, balance } of installments.toSorted(
    (a, b) => a.dueOn - b.dueOn || a.number - b.number,
  )) {
    const part = balance < left ? balance : left
    if (part <= 0n) continue
    parts.push({ number, amount: part })
    left -= part
  }
  return parts
}

/**
 * The first day, not before `from`, on and after which the installment always has room for `amount`: money that came
 * while an earlier payment stood, which bounced later, pays from the bounce on.
 */
export function firstDayWithRoom(
  entries: readonly Entry[],
  installment: number,
  amount: bigint,
  from: Day,
): Day {
  const own = entries
    .filter((entry) => entry.installment === installment)
    .toSorted((a, b) => a.effectiveOn - b.effectiveOn)
  let first = from
  const [earliest] = own
  if (earliest !== undefined && earliest.effectiveOn > from && amount > 0n) first = earliest.effectiveOn
  let balance = 0n
  for (const [index, entry] of own.entries()) {
    balance += entry.amount
    const next = own[index + 1]?.effectiveOn
    const isOver = next !== undefined && next !== entry.effectiveOn
    if (isOver && next > from && balance < amount) first = next
  }
  return first
}
