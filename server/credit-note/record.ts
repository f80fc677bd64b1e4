import { randomUUIDv7 } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import { runCommand, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, isPlausible, type Day } from '../domain/day.ts'
import { isCurrency, parseMinor } from '../domain/money.ts'
import { allocate, readAllocations } from '../ledger/allocations.ts'
import type { CreditChanged } from '../ledger/apply-credit.ts'
import { writeAudit } from '../ledger/audit.ts'
import { accountingDay, holdClosing } from '../ledger/closing.ts'
import { findCustomer, findInvoices } from '../ledger/find.ts'
import { lockItems } from '../ledger/histories.ts'
import { post, type NewEntry } from '../ledger/post.ts'
import { segmentFor } from '../ledger/segments.ts'
import { findDisputes, withResolutions } from '../ledger/settled-disputes.ts'
import { conflict, implausible, invalid, isProblem, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readRequiredText, readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { RecordCreditNoteInput } from '../schema.generated.ts'
import { creditNote } from '@tidemark/drizzle/tables.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Records a credit note and applies it to invoices of the same customer; the rest stands to the customer's credit. */
export async function recordCreditNote(
  context: CommandContext,
  input: RecordCreditNoteInput,
): Promise<CreditChanged | Problem> {
  const checked = checkCreditNote(input, dayOf(todayOf(context)))
  if (isProblem(checked)) return checked
  const duplicates = { credit_note_number: duplicate(checked.number) }
  return runCommand(context, { action: 'recordCreditNote', input, duplicates }, (tx) =>
    writeCreditNote(tx, context, input, checked),
  )
}

const duplicate = (number: string) =>
  conflict(['number'], `There is a credit note with number ${number} already`)

type CheckedCreditNote = {
  readonly number: string
  readonly minor: bigint
  readonly issuedOn: Day
  readonly reason: string | null
  readonly amounts: readonly (bigint | null)[]
}

/** What can be said of the input without the books. */
function checkCreditNote(input: RecordCreditNoteInput, today: Day): CheckedCreditNote | Problem {
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
  if (!isPlausible(input.issuedOn)) return implausible(['issuedOn'], input.issuedOn)
  const issuedOn = dayOf(input.issuedOn)
  if (issuedOn > today) return invalid(['issuedOn'], `${input.issuedOn.toString()} lies after today`)
  const amounts = readAllocations(input.allocations, currency)
  if (isProblem(amounts)) return amounts
  return { number: number.text, minor, issuedOn, reason: reason.text, amounts }
}

async function writeCreditNote(
  tx: Tx,
  context: CommandContext,
  input: RecordCreditNoteInput,
  { number, minor, issuedOn, reason, amounts }: CheckedCreditNote,
): Promise<CreditChanged | Problem> {
  const { organization } = context
  const { currency } = input.amount
  // Sent together, carried out in this order: whoever posts holds the closing before anything is locked.
  const [closing, named, invoices] = await Promise.all([
    holdClosing(tx, organization.id),
    findCustomer(tx, organization.id, input.customer, ['customer']),
    findInvoices(
      tx,
      organization.id,
      input.allocations.map((allocation) => allocation.invoice),
      (index) => ['allocations', String(index), 'invoice'],
    ),
  ])
  const effectiveOn = accountingDay(closing, {
    occurredOn: issuedOn,
    path: ['issuedOn'],
    effectiveOn: input.effectiveOn,
    today: dayOf(todayOf(context)),
  })
  if (isProblem(effectiveOn)) return effectiveOn
  if (isProblem(named)) return named
  if (isProblem(invoices)) return invoices

  const invoiceIds = invoices.map((row) => row.id)
  // The customer is read again under its lock: it may have moved to another region while this waited.
  const [locked, disputes, customer] = await Promise.all([
    lockItems(tx, organization.id, [named.id], invoiceIds),
    findDisputes(tx, organization.id, named.id, invoiceIds),
    findCustomer(tx, organization.id, { number: named.number }, ['customer']),
  ])
  if (isProblem(customer)) return customer
  if (await isTaken(tx, organization.id, number)) return duplicate(number)
  const id = randomUUIDv7()
  const credited: NewEntry = {
    itemId: id,
    kind: 'CREDITED',
    installment: 1,
    amount: minor,
    effectiveOn,
    occurredOn: issuedOn,
    dueOn: null,
    counterpartId: null,
    reason,
  }
  const applied = allocate({
    credit: { id, kind: 'CREDIT_NOTE', currency, entries: [credited] },
    customer,
    invoices,
    locked,
    amounts,
    from: effectiveOn,
    occurredOn: issuedOn,
  })
  if (isProblem(applied)) return applied

  const entries = [credited, ...applied]
  const settling = await withResolutions(tx, organization.id, disputes, { locked, entries }, issuedOn)
  const { businessUnit, region, channel, ownerId } = customer
  const dimensions = { currency, businessUnit, region, channel, productLine: null, collectorId: ownerId }
  const item = {
    kind: 'CREDIT_NOTE' as const,
    id,
    customerId: customer.id,
    segmentId: await segmentFor(tx, organization.id, dimensions),
    currency,
    startsOn: issuedOn,
    number,
  }
  const audit = await writeAudit(tx, context, {
    action: 'recordCreditNote',
    subject: id,
    after: { number, amount: minor.toString(), currency, issuedOn: input.issuedOn.toString() },
    reason,
  })
  await post(tx, organization.id, audit, { ...settling, items: [item] })
  return { creditId: id, audit }
}

/** Two at once are caught by the unique constraint. */
async function isTaken(tx: Tx, organizationId: string, number: string): Promise<boolean> {
  const existing = await tx
    .select({ id: creditNote.id })
    .from(creditNote)
    .where(and(eq(creditNote.organizationId, organizationId), eq(creditNote.number, number)))
  return existing.length > 0
}
