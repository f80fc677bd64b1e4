import type { ApprovalAsked } from '../authority/asked.ts'
import type { CommandContext } from '../command.ts'
import { formatDay } from '../domain/day.ts'
import type { InstallmentState } from '../domain/invoice.ts'
import { invalid, isProblem, type Problem } from '../problem.ts'
import type { DiscountInvoiceInput, ReverseDiscountInput } from '../schema.generated.ts'
import { bringBack, lower, readAmountUpTo } from './amounts.ts'
import {
  amountProposal,
  changeInvoice,
  changeWithAuthority,
  type Held,
  type InvoiceMoved,
  type Movement,
  type MovementProposal,
  type Posted,
} from './movement.ts'
import { sumOf } from './write-off.ts'

/** Lowers what is owed by a discount for early payment. What was offered, and in time, is earned; all else is not. */
export const discountInvoice = (
  context: CommandContext,
  input: DiscountInvoiceInput,
): Promise<InvoiceMoved | ApprovalAsked | Problem> => {
  const occurred = { date: input.occurredOn, path: ['occurredOn'] }
  return changeWithAuthority(
    context,
    { action: 'discountInvoice', input, needsReason: false, occurred },
    (held) => discounts(held, input),
    beyondOffer,
  )
}

/** What was offered, and in time, was decided with the bill, whatever code the discount is given. */
function beyondOffer(held: Held, posted: Posted): MovementProposal {
  const proposal = amountProposal(held, posted)
  const { currency } = held.item
  const taken = posted.movements.reduce((sum, { amount }) => sum - amount, 0n)
  const minor = taken - least(taken, offerInTime(held))
  return { ...proposal, action: 'ADJUSTMENT', to: { minor, currency } }
}

/** What is left of the discount that was offered. */
function offerOf(held: Held): bigint {
  const { discount = 0n } = held.item.facts ?? {}
  const taken = sumOf(held, (part) => part.discountEarned + part.discountUnearned)
  return discount > taken ? discount - taken : 0n
}

function offerInTime(held: Held): bigint {
  const { discountUntil = null } = held.item.facts ?? {}
  return discountUntil !== null && held.occurredOn <= discountUntil ? offerOf(held) : 0n
}

function discounts(held: Held, input: DiscountInvoiceInput): Movement[] | Problem {
  const { row, item, installments, balance } = held
  const { discount = 0n } = item.facts ?? {}
  const offered = offerOf(held)
  if (!input.amount && offered === 0n) {
    const message = discount === 0n ? 'offers no discount' : 'has its whole discount already'
    return invalid(['amount'], `Invoice ${row.number} ${message}; say how much was deducted`)
  }
  const most = input.amount || balance < offered ? balance : offered
  const amount = readAmountUpTo(held, input.amount, most, 'that a discount could be taken off')
  if (isProblem(amount)) return amount
  const inTime = least(amount, offerInTime(held))
  const earned = input.code ? (input.code === 'EARNED' ? amount : 0n) : inTime
  const first = lower(installments, earned, { kind: 'DISCOUNTED', code: 'EARNED' })
  const left = installments.map((part) => ({
    ...part,
    balance: first.reduce(
      (sum, movement) => (movement.installment === part.number ? sum + movement.amount : sum),
      part.balance,
    ),
  }))
  return [...first, ...lower(left, amount - earned, { kind: 'DISCOUNTED', code: 'UNEARNED' })]
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)

/** Takes a discount back, such as one whose payment bounced. */
export const reverseDiscount = (
  context: CommandContext,
  input: ReverseDiscountInput,
): Promise<InvoiceMoved | Problem> => {
  const occurred = { date: input.occurredOn, path: ['occurredOn'] }
  return changeInvoice(context, { action: 'reverseDiscount', input, needsReason: true, occurred }, (held) =>
    reversals(held, input),
  )
}

function reversals(held: Held, input: ReverseDiscountInput): Movement[] | Problem {
  const { item, installments, effectiveOn } = held
  const { code } = input
  const ofCode = (part: InstallmentState) => (code === 'EARNED' ? part.discountEarned : part.discountUnearned)
  const days = item.entries.flatMap((entry) => (entry.kind === 'DISCOUNTED' ? [entry.effectiveOn] : []))
  const last = Math.max(...days)
  if (effectiveOn < last) {
    const message = `It was taken on ${formatDay(last)}; give that day or a later one`
    return invalid(['occurredOn'], message)
  }
  const amount = readAmountUpTo(held, input.amount, sumOf(held, ofCode), `of discounts that are ${code}`)
  if (isProblem(amount)) return amount
  return bringBack(installments, amount, ofCode, { kind: 'DISCOUNTED', code })
}
