import { and, eq } from 'drizzle-orm'
import type { ApprovalAsked } from '../authority/asked.ts'
import { gate } from '../authority/gate.ts'
import { runCommand, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, isPlausible, type Day } from '../domain/day.ts'
import { formatMinor, isCurrency, parseMinor, type Money } from '../domain/money.ts'
import { readAllocations } from '../ledger/allocations.ts'
import type { CreditChanged } from '../ledger/apply-credit.ts'
import { recordCredit, type NewCredit } from '../ledger/record-credit.ts'
import { readTax } from '../ledger/tax.ts'
import { conflict, implausible, invalid, isProblem, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readRequiredText, readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { RecordCreditNoteInput } from '../schema.generated.ts'
import { creditNote } from '@tidemark/drizzle/tables/ledger.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Records a credit note and applies it to invoices of the same customer; the rest stands to the customer's credit. */
export async function recordCreditNote(
  context: CommandContext,
  input: RecordCreditNoteInput,
): Promise<CreditChanged | ApprovalAsked | Problem> {
  const checked = checkCreditNote(input, dayOf(todayOf(context)))
  if (isProblem(checked)) return checked
  const taken = duplicate(checked.number)
  const command = { action: 'recordCreditNote', input, duplicates: { credit_note_number: taken } }
  return runCommand<CreditChanged | ApprovalAsked>(context, command, async (tx) =>
    (await isTaken(tx, context.organization.id, checked.number))
      ? taken
      : recordCredit(tx, context, checked, input, (customerId) =>
          gateCreditNote(tx, context, input, { ...checked, customerId }),
        ),
  )
}

const gateCreditNote = (
  tx: Tx,
  context: CommandContext,
  input: RecordCreditNoteInput,
  { number, minor, currency, customerId }: Money & { readonly number: string; readonly customerId: string },
) => {
  const to = { minor, currency }
  return gate(tx, context, {
    command: { action: 'recordCreditNote', input },
    dryRun: input.dryRun,
    proposals: [
      {
        row: 0,
        action: 'CREDIT_NOTE',
        customerId,
        subject: number,
        before: null,
        after: `${formatMinor(to)} ${currency}`,
        from: null,
        to,
      },
    ],
  })
}

const duplicate = (number: string) =>
  conflict(['number'], `There is a credit note with number ${number} already`)

/** What can be said of the input without the books. */
function checkCreditNote(
  input: RecordCreditNoteInput,
  today: Day,
): (NewCredit & { readonly number: string }) | Problem {
  const { amount, currency } = input.amount
  const number = readRequiredText(input.number, ['number'], NAME_LENGTH_MAX)
  if ('code' in number) return number
  const reason = readText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  if (!isCurrency(currency))
    return invalid(['amount', 'currency'], `${currency} is no ISO 4217 currency code`)
  const minor = parseMinor(amount, currency)
  if (minor === null || minor <= 0n) {
    return invalid(['amount', 'amount'], `${amount} is no amount of ${currency} greater than 0`)
  }
  const tax = readTax(input.amountNet, { minor, currency })
  if (typeof tax === 'object' && tax !== null) return tax
  if (!isPlausible(input.issuedOn)) return implausible(['issuedOn'], input.issuedOn)
  const issuedOn = dayOf(input.issuedOn)
  if (issuedOn > today) return invalid(['issuedOn'], `${input.issuedOn.toString()} lies after today`)
  const amounts = readAllocations(input.allocations, currency)
  if (isProblem(amounts)) return amounts
  const after = {
    number: number.text,
    amount: minor.toString(),
    currency,
    issuedOn: input.issuedOn.toString(),
  }
  return {
    number: number.text,
    record: { action: 'recordCreditNote', after, reason: reason.text },
    detail: { kind: 'CREDIT_NOTE', number: number.text, tax },
    currency,
    minor,
    occurredOn: issuedOn,
    path: ['issuedOn'],
    amounts,
  }
}

/** Two at once are caught by the unique constraint. */
async function isTaken(tx: Tx, organizationId: string, number: string): Promise<boolean> {
  const existing = await tx
    .select({ id: creditNote.id })
    .from(creditNote)
    .where(and(eq(creditNote.organizationId, organizationId), eq(creditNote.number, number)))
  return existing.length > 0
}
