import { runCommand, type CommandContext } from '../command.ts'
import { applyCredit, unapplyCredit, type CreditChanged, type Named } from '../ledger/apply-credit.ts'
import type { By } from '../ledger/find.ts'
import type { Problem } from '../problem.ts'
import { readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { ApplyCreditNoteInput, UnapplyCreditNoteInput } from '../schema.generated.ts'
import { selectCreditNote } from './find.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Applies what is left of a credit note to invoices of its customer. */
export const applyCreditNote = (
  context: CommandContext,
  input: ApplyCreditNoteInput,
): Promise<CreditChanged | Problem> => {
  const action = 'applyCreditNote'
  return runCommand(context, { action, input }, async (tx) =>
    applyCredit(tx, context, action, await named(tx, context, input.creditNote), input),
  )
}

/** Takes an application back: the credit is unapplied again. */
export const unapplyCreditNote = async (
  context: CommandContext,
  input: UnapplyCreditNoteInput,
): Promise<CreditChanged | Problem> => {
  const action = 'unapplyCreditNote'
  const reason = readText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  return runCommand(context, { action, input }, async (tx) =>
    unapplyCredit(tx, context, action, await named(tx, context, input.creditNote), {
      ...input,
      reason: reason.text,
    }),
  )
}

/** Numbers do not change, so this needs no lock. */
const named = async (tx: Tx, { organization }: CommandContext, by: By): Promise<Named> => ({
  kind: 'CREDIT_NOTE',
  id: (await selectCreditNote(tx, organization.id, by))?.id ?? null,
  field: 'creditNote',
  text: typeof by.number === 'string' ? `with number ${by.number}` : `with id ${by.id}`,
})
