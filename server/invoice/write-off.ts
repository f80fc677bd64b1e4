import type { ApprovalAsked } from '../authority/asked.ts'
import type { CommandContext } from '../command.ts'
import { formatDay } from '../domain/day.ts'
import type { InstallmentState, WriteOffCode } from '../domain/invoice.ts'
import { invalid, isProblem, type Path, type Problem } from '../problem.ts'
import type { ReverseWriteOffInput, WriteOffInvoiceInput } from '../schema.generated.ts'
import { bringBack, lower, readAmountUpTo } from './amounts.ts'
import {
  amountProposal,
  changeInvoice,
  changeWithAuthority,
  type Held,
  type InvoiceMoved,
  type Movement,
} from './movement.ts'

/** Gives up what is owed, or a part of it. */
export const writeOffInvoice = (
  context: CommandContext,
  input: WriteOffInvoiceInput,
): Promise<InvoiceMoved | ApprovalAsked | Problem> => {
  const occurred = { date: input.occurredOn, path: ['occurredOn'] }
  return changeWithAuthority(
    context,
    { action: 'writeOffInvoice', input, needsReason: false, occurred },
    (held) => {
      const amount = readAmountUpTo(held, input.amount, held.balance, 'that could be written off')
      return isProblem(amount)
        ? amount
        : lower(held.installments, amount, { kind: 'WRITTEN_OFF', code: input.code })
    },
    (held, posted) => ({ action: 'WRITE_OFF', ...amountProposal(held, posted) }),
  )
}

/** Takes a write-off back, or a part of it: the debt is owed again. */
export const reverseWriteOff = (
  context: CommandContext,
  input: ReverseWriteOffInput,
): Promise<InvoiceMoved | Problem> => {
  const occurred = { date: input.occurredOn, path: ['occurredOn'] }
  return changeInvoice(context, { action: 'reverseWriteOff', input, needsReason: true, occurred }, (held) =>
    reversals(held, input, occurred.path),
  )
}

function reversals(held: Held, input: ReverseWriteOffInput, path: Path): Movement[] | Problem {
  const { code } = input
  const early = beforeWriteOff(held, path)
  if (early !== null) return early
  const left = (part: InstallmentState) => leftOf(part, code)
  const amount = readAmountUpTo(held, input.amount, sumOf(held, left), `written off as ${code}`)
  if (isProblem(amount)) return amount
  return bringBack(held.installments, amount, left, { kind: 'WRITTEN_OFF', code })
}

/** Written off and neither taken back nor recovered. */
export const writtenOff = (part: InstallmentState): bigint => part.writtenOff - part.recovered

export const sumOf = (
  { installments }: Pick<Held, 'installments'>,
  amountOf: (part: InstallmentState) => bigint,
): bigint => installments.reduce((sum, part) => sum + amountOf(part), 0n)

/** Of one code; what was recovered may have been of any. */
function leftOf(part: InstallmentState, code: WriteOffCode): bigint {
  const ofCode = {
    BAD_DEBT: part.badDebt,
    TOLERANCE: part.tolerance,
    DISPUTE: part.writtenOff - part.badDebt - part.tolerance,
  }[code]
  const left = writtenOff(part)
  return ofCode < left ? ofCode : left
}

/** Nothing is taken back before it was written off. */
export function beforeWriteOff({ item, effectiveOn }: Held, path: Path): Problem | null {
  const days = item.entries.flatMap((entry) => (entry.kind === 'WRITTEN_OFF' ? [entry.effectiveOn] : []))
  const last = Math.max(...days)
  return effectiveOn < last
    ? invalid(path, `It was written off on ${formatDay(last)}; give that day or a later one`)
    : null
}
