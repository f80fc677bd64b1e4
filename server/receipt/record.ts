import { randomUUIDv7 } from 'node:crypto'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, isPlausible, type Day } from '../domain/day.ts'
import { isCurrency, parseMinor } from '../domain/money.ts'
import { allocate, readAllocations } from '../ledger/allocations.ts'
import { writeAudit } from '../ledger/audit.ts'
import { accountingDay, holdClosing } from '../ledger/closing.ts'
import { findCustomer, findInvoices } from '../ledger/find.ts'
import { lockItems } from '../ledger/histories.ts'
import { post, type NewEntry } from '../ledger/post.ts'
import { findDisputes, withResolutions } from '../ledger/settled-disputes.ts'
import { segmentFor } from '../ledger/segments.ts'
import { implausible, invalid, isProblem, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readText } from '../text.ts'
import type { RecordReceiptInput } from '../schema.generated.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type ReceiptRecorded = Audited & { readonly receiptId: string }

/** Records money received and applies it to invoices of the same customer; the rest is unapplied cash. */
export async function recordReceipt(
  context: CommandContext,
  input: RecordReceiptInput,
): Promise<ReceiptRecorded | Problem> {
  const checked = checkReceipt(input, dayOf(todayOf(context)))
  if (isProblem(checked)) return checked
  return runCommand(context, { action: 'recordReceipt', input }, (tx) =>
    writeReceipt(tx, context, input, checked),
  )
}

type CheckedReceipt = {
  readonly minor: bigint
  readonly receivedOn: Day
  readonly reference: string | null
  readonly amounts: readonly (bigint | null)[]
}

/** What can be said of the input without the books. */
function checkReceipt(input: RecordReceiptInput, today: Day): CheckedReceipt | Problem {
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
  return { minor, receivedOn, reference: reference.text, amounts }
}

async function writeReceipt(
  tx: Tx,
  context: CommandContext,
  input: RecordReceiptInput,
  { minor, receivedOn, reference, amounts }: CheckedReceipt,
): Promise<ReceiptRecorded | Problem> {
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
    occurredOn: receivedOn,
    path: ['receivedOn'],
    effectiveOn: input.effectiveOn,
    today: dayOf(todayOf(context)),
  })
  if (isProblem(effectiveOn)) return effectiveOn
  if (isProblem(named)) return named
  if (isProblem(invoices)) return invoices

  const invoiceIds = invoices.map((row) => row.id)
  // The customer is read again under its lock: it may have moved to another region while this waited.
  const [locked, disputes, payer] = await Promise.all([
    lockItems(tx, organization.id, [named.id], invoiceIds),
    findDisputes(tx, organization.id, named.id, invoiceIds),
    findCustomer(tx, organization.id, { number: named.number }, ['customer']),
  ])
  if (isProblem(payer)) return payer
  const receiptId = randomUUIDv7()
  const received: NewEntry = {
    itemId: receiptId,
    kind: 'RECEIVED',
    installment: 1,
    amount: minor,
    effectiveOn,
    occurredOn: receivedOn,
    dueOn: null,
    counterpartId: null,
  }
  const applied = allocate({
    credit: { id: receiptId, kind: 'RECEIPT', currency, entries: [received] },
    customer: payer,
    invoices,
    locked,
    amounts,
    from: effectiveOn,
    occurredOn: receivedOn,
  })
  if (isProblem(applied)) return applied

  const entries = [received, ...applied]
  const settling = await withResolutions(tx, organization.id, disputes, { locked, entries }, receivedOn)
  const { businessUnit, region, channel, ownerId } = payer
  const dimensions = { currency, businessUnit, region, channel, productLine: null, collectorId: ownerId }
  const receipt = {
    kind: 'RECEIPT' as const,
    id: receiptId,
    customerId: payer.id,
    segmentId: await segmentFor(tx, organization.id, dimensions),
    currency,
    startsOn: receivedOn,
    reference,
  }
  const audit = await writeAudit(tx, context, {
    action: 'recordReceipt',
    subject: receiptId,
    after: { amount: minor.toString(), currency, receivedOn: input.receivedOn.toString() },
  })
  await post(tx, organization.id, audit, { ...settling, items: [receipt] })
  return { receiptId, audit }
}
