import type { ApprovalAsked } from '../authority/asked.ts'
import type { CommandContext } from '../command.ts'
import type { InstallmentState } from '../domain/invoice.ts'
import { invalid, type Problem } from '../problem.ts'
import type { VoidInvoiceInput } from '../schema.generated.ts'
import {
  amountProposal,
  changeWithAuthority,
  type Held,
  type InvoiceMoved,
  type Movement,
} from './movement.ts'

/** Takes a wrong bill back. Only where nothing was applied to it: what was paid must have somewhere to be. */
export const voidInvoice = (
  context: CommandContext,
  input: VoidInvoiceInput,
): Promise<InvoiceMoved | ApprovalAsked | Problem> => {
  const occurred = { date: input.occurredOn, path: ['occurredOn'] }
  return changeWithAuthority(
    context,
    { action: 'voidInvoice', input, needsReason: true, occurred },
    (held) => voidings(held, null),
    (held, posted) => ({ action: 'ADJUSTMENT', ...amountProposal(held, posted) }),
  )
}

/** @param replacementId the bill that takes its place, where there is one */
export function voidings({ row, installments }: Held, replacementId: string | null): Movement[] | Problem {
  if (installments.some((part) => !isUntouched(part))) {
    const message = `Something was applied to invoice ${row.number}, or taken off it: take that back first, or issue a credit note`
    return invalid(['invoice'], message)
  }
  return installments.map(({ number, billed }) => ({
    kind: 'VOIDED',
    installment: number,
    amount: -billed,
    counterpartId: replacementId,
  }))
}

/** What was applied and taken back again leaves nothing behind. */
const isUntouched = (part: InstallmentState): boolean =>
  part.balance === part.billed &&
  part.payments.length === 0 &&
  part.credited === 0n &&
  part.adjusted === 0n &&
  part.discountEarned === 0n &&
  part.discountUnearned === 0n &&
  part.writtenOff === 0n &&
  part.recovered === 0n
