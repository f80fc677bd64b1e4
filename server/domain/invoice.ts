/** What an invoice's entries say of it at the end of a day. */
import type { Day } from './day.ts'
import type { Measure, Position } from './measures.ts'

export type EntryKind =
  | 'INVOICED'
  | 'CORRECTED'
  | 'RE_DATED'
  | 'PAYMENT_APPLIED'
  | 'CREDIT_APPLIED'
  | 'WRITTEN_OFF'
  | 'RECEIVED'
  | 'BOUNCED'
  | 'CREDITED'
  | 'APPLIED'
  | 'DISPUTE_OPENED'
  | 'DISPUTE_RESOLVED'

/** One immutable movement of one item. `amount` is signed from the item's point of view. */
export type Entry = {
  readonly kind: EntryKind
  /** Of an invoice: 1 for the first. */
  readonly installment: number
  readonly amount: bigint
  readonly effectiveOn: Day
  readonly occurredOn: Day
  /** INVOICED, RE_DATED: the installment's due date from here on. */
  readonly dueOn: Day | null
  /** The receipt or credit note of an application, the invoice it was applied to. */
  readonly counterpartId: string | null
}

/** A part of an invoice, as its entries so far leave it. Amounts are minor units. */
export type InstallmentState = {
  readonly number: number
  readonly firstDueOn: Day
  readonly dueOn: Day
  readonly billed: bigint
  readonly credited: bigint
  readonly writtenOff: bigint
  readonly balance: bigint
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
    let draft = drafts.get(entry.installment)
    if (draft === undefined) {
      // Only INVOICED opens an installment; a back-dated entry before it waits for its due date.
      const dueOn = entry.dueOn ?? entry.effectiveOn
      draft = {
        number: entry.installment,
        firstDueOn: dueOn,
        dueOn,
        billed: 0n,
        credited: 0n,
        writtenOff: 0n,
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
      if (entry.dueOn !== null) {
        draft.firstDueOn = entry.dueOn
        draft.dueOn = entry.dueOn
      }
      break
    case 'CORRECTED':
      draft.billed += entry.amount
      break
    case 'RE_DATED':
      if (entry.dueOn !== null) draft.dueOn = entry.dueOn
      break
    case 'PAYMENT_APPLIED':
      applyPayment(draft.payments, entry)
      break
    case 'CREDIT_APPLIED':
      draft.credited -= entry.amount
      break
    case 'WRITTEN_OFF':
      draft.writtenOff -= entry.amount
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

/** What an invoice adds to each measure, summed up to the end of `day`; `entries` are those effective by then. */
export function invoicePositions(issuedOn: Day, entries: readonly Entry[], day: Day): Position[] {
  const installments = installmentStates(entries)
  const found: Position[] = []
  const add = (
    measure: Measure,
    anchor: Day | null,
    amount: bigint,
    count: number,
    days = 0n,
    amountDays = 0n,
  ) => {
    if (amount === 0n && count === 0 && days === 0n && amountDays === 0n) return
    const same = found.findIndex((position) => position.measure === measure && position.anchor === anchor)
    const old = found[same]
    if (old === undefined) found.push({ measure, anchor, amount, count, days, amountDays })
    else found[same] = { ...old, amount: old.amount + amount, count: old.count + count }
  }

  let balance = 0n
  for (const part of installments) {
    balance += part.balance
    const paid = part.payments.reduce((sum, payment) => sum + payment.amount, 0n)
    add('OPEN_BY_DUE', part.dueOn, part.balance, part.balance === 0n ? 0 : 1)
    add('BILLED', null, part.billed, part.number === 1 ? 1 : 0)
    add('PAID', null, paid, part.payments.length)
    add('CREDIT_APPLIED', null, part.credited, part.credited === 0n ? 0 : 1)
    add('WRITTEN_OFF', null, part.writtenOff, part.writtenOff === 0n ? 0 : 1)
    if (day >= part.firstDueOn) addCohort(add, part)
  }
  add('OPEN_BY_ISSUE', issuedOn, balance, balance === 0n ? 0 : 1)
  if (balance === 0n) addSettlement(add, issuedOn, installments)
  return found
}

type Add = (
  measure: Measure,
  anchor: Day | null,
  amount: bigint,
  count: number,
  days?: bigint,
  amountDays?: bigint,
) => void

/** On time means by the first due date: re-dating an invoice makes nobody punctual. */
function addCohort(add: Add, part: InstallmentState): void {
  const due = part.billed - part.credited
  const paidInTime = part.payments.reduce(
    (sum, payment) => (payment.occurredOn <= part.firstDueOn ? sum + payment.amount : sum),
    0n,
  )
  if (due <= 0n) return
  const onTime = paidInTime < due ? paidInTime : due
  add('DUE', part.firstDueOn, due, 1)
  add('DUE_ON_TIME', part.firstDueOn, onTime, onTime === due ? 1 : 0)
}

function addSettlement(add: Add, issuedOn: Day, installments: readonly InstallmentState[]): void {
  if (installments.some((part) => part.writtenOff !== 0n)) return
  let paid = 0n
  let settledOn: Day = -Infinity
  let firstDueOn: Day = -Infinity
  for (const part of installments) {
    firstDueOn = Math.max(firstDueOn, part.firstDueOn)
    for (const payment of part.payments) {
      paid += payment.amount
      settledOn = Math.max(settledOn, payment.occurredOn)
    }
  }
  if (paid <= 0n) return
  const age = BigInt(settledOn - issuedOn)
  const late = BigInt(settledOn - firstDueOn)
  const floored = late < 0n ? 0n : late
  add('SETTLED', null, paid, 1, age, paid * age)
  add('SETTLED_LATE', null, paid, 1, late, paid * late)
  add('SETTLED_LATE_FLOORED', null, paid, 1, floored, paid * floored)
  if (late <= 0n) add('SETTLED_ON_TIME', null, paid, 1)
}

/** The parts of `amount` that each open installment takes: what is due first is paid first. */
export function payInstallments(
  installments: readonly InstallmentState[],
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
  const days = [...new Set([from, ...own.map((entry) => entry.effectiveOn).filter((day) => day > from)])]
  let first = from
  for (const [index, day] of days.entries()) {
    const balance = own.reduce((sum, entry) => (entry.effectiveOn <= day ? sum + entry.amount : sum), 0n)
    if (balance < amount) first = days[index + 1] ?? first
  }
  return first
}
