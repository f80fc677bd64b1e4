import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, isPlausible, type Day } from '../domain/day.ts'
import { isCurrency, parseMinor } from '../domain/money.ts'
import { readAllocations } from '../ledger/allocations.ts'
import { recordCredit, type NewCredit } from '../ledger/record-credit.ts'
import { implausible, invalid, isProblem, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readText } from '../text.ts'
import type { ReceiptInput, RecordReceiptInput } from '../schema.generated.ts'

export type ReceiptRecorded = Audited & { readonly receiptId: string }

/** Records money received and applies it to invoices of the same customer; the rest is unapplied cash. */
export async function recordReceipt(
  context: CommandContext,
  input: RecordReceiptInput,
): Promise<ReceiptRecorded | Problem> {
  const checked = checkReceipt(input, dayOf(todayOf(context)))
  if (isProblem(checked)) return checked
  return runCommand(context, { action: 'recordReceipt', input }, async (tx) => {
    const recorded = await recordCredit(tx, context, checked, input)
    return isProblem(recorded) ? recorded : { receiptId: recorded.creditId, audit: recorded.audit }
  })
}

/** What can be said of the input without the books. */
export function checkReceipt(input: ReceiptInput, today: Day): NewCredit | Problem {
  const { amount, currency } = input.amount
  if (!isCurrency(currency))
    return invalid(['amount', 'currency'], `${currency} is no ISO 4217 currency code`)
  const minor = parseMinor(amount, currency)
  if (minor === null || minor <= 0n) {
    return invalid(['amount', 'amount'], `${amount} is no amount of ${currency} greater than 0`)
  }
  if (!isPlausible(input.receivedOn)) return implausible(['receivedOn'], input.receivedOn)
  const receivedOn = dayOf(input.receivedOn)
  if (receivedOn > today) return invalid(['receivedOn'], `${input.receivedOn.toString()} lies after today`)
  const amounts = readAllocations(input.allocations, currency)
  if (isProblem(amounts)) return amounts
  const reference = readText(input.reference, ['reference'], NAME_LENGTH_MAX)
  if ('code' in reference) return reference
  const after = { amount: minor.toString(), currency, receivedOn: input.receivedOn.toString() }
  return {
    record: { action: 'recordReceipt', after },
    detail: { kind: 'RECEIPT', reference: reference.text },
    currency,
    minor,
    occurredOn: receivedOn,
    path: ['receivedOn'],
    amounts,
  }
}
