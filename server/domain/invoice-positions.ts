/** What an invoice adds to each measure, summed up to the end of a day. */
import { firstOfMonth } from './calendar.ts'
import type { Day } from './day.ts'
import { installmentStates, taxOf, type Entry, type InstallmentState, type InvoiceFacts } from './invoice.ts'
import { lateAnchor, latenessOf } from './lateness.ts'
import type { Measure, Position } from './measures.ts'

/** Within how many days of the invoice date what was paid is counted. */
export const PAID_WITHIN = [
  ['PAID_WITHIN_30', 30],
  ['PAID_WITHIN_60', 60],
] as const satisfies readonly (readonly [Measure, number])[]

/** Who still owes so long after the due date is at risk (Upflow's at-risk rate). */
export const AT_RISK_DAYS = 90

/** `entries` are those effective by the end of `day`. */
export function invoicePositions(
  issuedOn: Day,
  facts: InvoiceFacts,
  entries: readonly Entry[],
  day: Day,
): Position[] {
  const installments = installmentStates(entries)
  const found: Position[] = []
  const add: Add = (measure, anchor, amount, count, days = 0n, amountDays = 0n) => {
    if (amount === 0n && count === 0 && days === 0n && amountDays === 0n) return
    const same = found.findIndex((position) => position.measure === measure && position.anchor === anchor)
    const old = found[same]
    if (old === undefined) found.push({ measure, anchor, amount, count, days, amountDays })
    else
      found[same] = {
        measure,
        anchor,
        amount: old.amount + amount,
        count: old.count + count,
        days: old.days + days,
        amountDays: old.amountDays + amountDays,
      }
  }

  let balance = 0n
  let firstBilled = 0n
  let isWrong = false
  for (const part of installments) {
    balance += part.balance
    firstBilled += part.firstBilled
    isWrong ||= part.isWrong
    const terms = BigInt(part.firstDueOn - issuedOn)
    add('OPEN_BY_DUE', part.dueOn, part.balance, part.balance === 0n ? 0 : 1)
    add('BILLED', null, part.billed, part.number === 1 ? 1 : 0, 0n, part.billed * terms)
    addReductions(add, part)
    addReDated(add, part, entries)
    addPayments(add, issuedOn, part)
    if (day >= part.firstDueOn) addCohort(add, part)
    if (day >= part.firstDueOn + AT_RISK_DAYS) {
      const open = balanceOfInstallment(entries, part.number, part.firstDueOn + AT_RISK_DAYS)
      add('AT_RISK', issuedOn, open, open === 0n ? 0 : 1)
    }
  }
  add('OPEN_BY_ISSUE', issuedOn, balance, balance === 0n ? 0 : 1)
  addTax(add, facts, installments, firstBilled)
  if (isWrong) add('BILLED_WRONG', issuedOn, firstBilled, 1)
  addFacts(add, facts, installments, firstBilled, day)
  addPaidWithin(add, issuedOn, installments, day)
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

function addTax(
  add: Add,
  { tax }: InvoiceFacts,
  installments: readonly InstallmentState[],
  firstBilled: bigint,
): void {
  if (tax === null || firstBilled === 0n) return
  add('BILLED_TAX', null, taxOf(tax, installments, firstBilled), 1)
}

function addReductions(add: Add, part: InstallmentState): void {
  const once = (amount: bigint) => (amount === 0n ? 0 : 1)
  const discounted = part.discountEarned + part.discountUnearned
  add('CREDIT_APPLIED', null, part.credited, once(part.credited))
  add('WRITTEN_OFF', null, part.writtenOff, once(part.writtenOff))
  add('BAD_DEBT', null, part.badDebt, once(part.badDebt))
  add('TOLERANCE', null, part.tolerance, once(part.tolerance))
  add('RECOVERED', null, part.recovered, once(part.recovered))
  add('DISCOUNTED', null, discounted, once(discounted))
  add('DISCOUNT_UNEARNED', null, part.discountUnearned, once(part.discountUnearned))
  add('ADJUSTED', null, part.adjusted, once(part.adjusted))
}

/** By what a day's moves come to: moved and moved back on one day is not moved. What is paid by then moves nothing. */
function addReDated(add: Add, { number, firstDueOn }: InstallmentState, entries: readonly Entry[]): void {
  const moves = entries.filter(({ kind, installment }) => kind === 'RE_DATED' && installment === number)
  let before = firstDueOn
  for (const [index, { effectiveOn, dueOn }] of moves.entries()) {
    if (moves[index + 1]?.effectiveOn === effectiveOn || dueOn === null) continue
    const open = dueOn > before ? balanceOfInstallment(entries, number, effectiveOn) : 0n
    if (open > 0n) add('RE_DATED', null, open, 1, 0n, open * BigInt(dueOn - before))
    before = dueOn
  }
}

function addPayments(add: Add, issuedOn: Day, { paid, payments }: InstallmentState): void {
  const amountDays = payments.reduce(
    (sum, { amount, occurredOn }) => sum + amount * BigInt(occurredOn - issuedOn),
    0n,
  )
  add('PAID', null, paid, payments.length, 0n, amountDays)
  add('PAID_BY_MONTH', firstOfMonth(issuedOn), paid, payments.length, 0n, amountDays)
}

/** What of a bill is to be paid in money, as far as is known. */
const dueOf = (part: InstallmentState): bigint =>
  part.billed + part.adjusted - part.credited - part.discountEarned - part.discountUnearned

const paidBy = ({ payments }: InstallmentState, day: Day): bigint =>
  payments.reduce((sum, { amount, occurredOn }) => (occurredOn <= day ? sum + amount : sum), 0n)

/** On time means by the first due date: re-dating an invoice makes nobody punctual. */
function addCohort(add: Add, part: InstallmentState): void {
  const due = dueOf(part)
  const paidInTime = paidBy(part, part.firstDueOn)
  if (due <= 0n) return
  const onTime = paidInTime < due ? paidInTime : due
  add('DUE', part.firstDueOn, due, 1)
  add('DUE_ON_TIME', part.firstDueOn, onTime, onTime === due ? 1 : 0)
  addLate(add, part, due, onTime)
}

/** What came after the due date, each by the graces by which that was early enough, as far as something was due then. */
function addLate(add: Add, part: InstallmentState, due: bigint, onTime: bigint): void {
  const { firstDueOn } = part
  let paid = onTime
  const late = part.payments.filter(({ occurredOn }) => occurredOn > firstDueOn)
  for (const { occurredOn, amount } of late.toSorted((a, b) => a.occurredOn - b.occurredOn)) {
    const code = latenessOf(firstDueOn, occurredOn)
    const left = due - paid
    if (code === null || left <= 0n) return
    const taken = amount < left ? amount : left
    paid += taken
    add('DUE_LATE', lateAnchor(firstDueOn, code), taken, paid === due ? 1 : 0)
  }
}

function addPaidWithin(add: Add, issuedOn: Day, installments: readonly InstallmentState[], day: Day): void {
  for (const [measure, days] of PAID_WITHIN) {
    if (day < issuedOn + days) continue
    const due = installments.reduce((sum, part) => sum + dueOf(part), 0n)
    const paid = installments.reduce((sum, part) => sum + paidBy(part, issuedOn + days), 0n)
    if (due > 0n) add(measure, issuedOn, paid < due ? paid : due, paid < due ? 0 : 1)
  }
}

export const balanceOfInstallment = (entries: readonly Entry[], installment: number, day: Day): bigint =>
  entries.reduce(
    (sum, entry) =>
      entry.installment === installment && entry.effectiveOn <= day ? sum + entry.amount : sum,
    0n,
  )

function addFacts(
  add: Add,
  { deliveredOn, sentOn, discount, discountUntil }: InvoiceFacts,
  installments: readonly InstallmentState[],
  firstBilled: bigint,
  day: Day,
): void {
  if (installments.length === 0) return
  if (deliveredOn !== null && sentOn !== null) add('TIME_TO_INVOICE', sentOn - deliveredOn, firstBilled, 1)
  const isVoid = installments.every((part) => part.isWrong && part.billed === 0n)
  if (discountUntil === null || discount === 0n || day < discountUntil || isVoid) return
  const earned = installments.reduce((sum, part) => sum + part.discountEarned, 0n)
  add('DISCOUNT_OFFERED', discountUntil, discount, 1, 0n, earlierBy(installments, discount, discountUntil))
  add('DISCOUNT_TAKEN', discountUntil, earned, earned === 0n ? 0 : 1)
}

/**
 * By how much the bill without its discount comes earlier where the discount is taken: minor units x days. The discount
 * comes off what is due last.
 */
export function earlierBy(installments: readonly InstallmentState[], discount: bigint, until: Day): bigint {
  const days = (dueOn: Day): bigint => BigInt(Math.max(0, dueOn - until))
  const lastDueOn = Math.max(...installments.map((part) => part.firstDueOn))
  const whole = installments.reduce((sum, part) => sum + part.billed * days(part.firstDueOn), 0n)
  const gained = whole - discount * days(lastDueOn)
  return gained > 0n ? gained : 0n
}

function addSettlement(add: Add, issuedOn: Day, installments: readonly InstallmentState[]): void {
  if (installments.some((part) => part.writtenOff !== part.tolerance)) return
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
  const code = latenessOf(firstDueOn, settledOn)
  if (code !== null) add('SETTLED_IN_GRACE', code, paid, 1)
}
