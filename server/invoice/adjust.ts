import type { ApprovalAsked } from '../authority/asked.ts'
import type { CommandContext } from '../command.ts'
import { invalid, isProblem, type Problem } from '../problem.ts'
import type { AdjustInvoiceInput } from '../schema.generated.ts'
import { lower, readAmount, readAmountUpTo } from './amounts.ts'
import {
  amountProposal,
  changeWithAuthority,
  type Held,
  type InvoiceMoved,
  type Movement,
} from './movement.ts'

/** Changes what is owed, up or down; the balance never falls below 0. */
export const adjustInvoice = (
  context: CommandContext,
  input: AdjustInvoiceInput,
): Promise<InvoiceMoved | ApprovalAsked | Problem> => {
  const occurred = { date: input.occurredOn, path: ['occurredOn'] }
  return changeWithAuthority(
    context,
    { action: 'adjustInvoice', input, needsReason: true, occurred },
    (held) => adjustments(held, input),
    (held, posted) => ({ action: 'ADJUSTMENT', ...amountProposal(held, posted) }),
  )
}

function adjustments(held: Held, input: AdjustInvoiceInput): Movement[] | Problem {
  const { row, installments } = held
  const number = input.installment ?? null
  const parts = installments.filter((part) => number === null || part.number === number)
  const last = parts.toSorted((a, b) => a.dueOn - b.dueOn || a.number - b.number).at(-1)
  if (last === undefined)
    return invalid(['installment'], `Invoice ${row.number} has no installment ${number}`)
  const amount = readAmount(held, input.amount)
  if (isProblem(amount)) return amount
  if (amount > 0n) return [{ kind: 'ADJUSTED', installment: last.number, amount }]
  const balance = parts.reduce((sum, part) => sum + part.balance, 0n)
  const lowered = { ...input.amount, amount: input.amount.amount.replace('-', '') }
  const checked = readAmountUpTo(held, lowered, balance, 'that could be lowered')
  return isProblem(checked) ? checked : lower(parts, checked, { kind: 'ADJUSTED' })
}
