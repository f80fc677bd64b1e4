import { runCommand, type CommandContext } from '../command.ts'
import { decodeId } from '../ids.ts'
import { applyCredit, unapplyCredit, type CreditChanged, type Named } from '../ledger/apply-credit.ts'
import type { Problem } from '../problem.ts'
import { readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { ApplyReceiptInput, UnapplyReceiptInput } from '../schema.generated.ts'

const named = (id: string): Named => ({
  kind: 'RECEIPT',
  id: decodeId('receipt', id),
  field: 'receipt',
  text: `with id ${id}`,
})

/** Applies unapplied cash to invoices of the customer who paid it. */
export const applyReceipt = (
  context: CommandContext,
  input: ApplyReceiptInput,
): Promise<CreditChanged | Problem> => {
  const action = 'applyReceipt'
  return runCommand(context, { action, input }, (tx) =>
    applyCredit(tx, context, action, named(input.receipt), input),
  )
}

/** Takes an application back: the money is unapplied again. */
export const unapplyReceipt = async (
  context: CommandContext,
  input: UnapplyReceiptInput,
): Promise<CreditChanged | Problem> => {
  const action = 'unapplyReceipt'
  const reason = readText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  return runCommand(context, { action, input }, (tx) =>
    unapplyCredit(tx, context, action, named(input.receipt), { ...input, reason: reason.text }),
  )
}
