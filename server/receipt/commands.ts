import { randomUUIDv7 } from 'node:crypto'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, isPlausible, type Day } from '../domain/day.ts'
import { firstDayWithRoom, installmentStates, payInstallments } from '../domain/invoice.ts'
import { formatMinor, isCurrency, parseMinor } from '../domain/money.ts'
import { balanceNow } from '../domain/projection.ts'
import { writeAudit } from '../ledger/audit.ts'
import { findCustomer, findInvoices } from '../ledger/find.ts'
import { lockItems, type Item } from '../ledger/histories.ts'
import { post, type NewEntry } from '../ledger/post.ts'
import { segmentFor } from '../ledger/segments.ts'
import { implausible, invalid, isProblem, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readText } from '../text.ts'
import type { RecordReceiptInput } from '../schema.generated.ts'
import type { CustomerRow, InvoiceRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type ReceiptRecorded = Audited & { readonly receiptId: string }

const ALLOCATIONS_MAX = 1_000

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
  readonly allocations: readonly (bigint | null)[]
}

/** What can be said of the input without the books. A null allocation is the invoice's whole balance. */
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
  if (input.allocations.length > ALLOCATIONS_MAX) {
    return invalid(
      ['allocations'],
      `${input.allocations.length} allocations are more than ${ALLOCATIONS_MAX}`,
    )
  }
  const allocations: (bigint | null)[] = []
  for (const [index, allocation] of input.allocations.entries()) {
    const text = allocation.amount ?? null
    const part = text === null ? null : parseMinor(text, currency)
    if (text !== null && (part === null || part <= 0n)) {
      const path = ['allocations', String(index), 'amount']
      return invalid(path, `${text} is no amount of ${currency} greater than 0`)
    }
    allocations.push(part)
  }
  const reference = readText(input.reference, ['reference'], NAME_LENGTH_MAX)
  if ('code' in reference) return reference
  return { minor, receivedOn, reference: reference.text, allocations }
}

async function writeReceipt(
  tx: Tx,
  context: CommandContext,
  input: RecordReceiptInput,
  { minor, receivedOn, reference, allocations }: CheckedReceipt,
): Promise<ReceiptRecorded | Problem> {
  const { organization } = context
  const { currency } = input.amount
  const payer = await findCustomer(tx, organization.id, input.customer, ['customer'])
  if (isProblem(payer)) return payer
  const invoices = await findInvoices(
    tx,
    organization.id,
    input.allocations.map((allocation) => allocation.invoice),
    (index) => ['allocations', String(index), 'invoice'],
  )
  if (isProblem(invoices)) return invoices

  const locked = await lockItems(
    tx,
    organization.id,
    [payer.id],
    invoices.map((row) => row.id),
  )
  const receiptId = randomUUIDv7()
  const entries = allocate({ minor, currency, receivedOn, receiptId, payer, invoices, locked, allocations })
  if (isProblem(entries)) return entries

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
  await post(tx, organization.id, audit, { items: [receipt], locked, entries })
  return { receiptId, audit }
}

type Allocating = Omit<CheckedReceipt, 'reference'> & {
  readonly currency: string
  readonly receiptId: string
  readonly payer: CustomerRow
  readonly invoices: readonly InvoiceRow[]
  readonly locked: ReadonlyMap<string, Item>
}

/** The receipt's entries and those of the invoices it pays, or why it cannot pay them. */
function allocate(receipt: Allocating): NewEntry[] | Problem {
  const { minor, currency, receivedOn, receiptId, payer, invoices, locked, allocations } = receipt
  const movement = { effectiveOn: receivedOn, occurredOn: receivedOn, dueOn: null, installment: 1 }
  const entries: NewEntry[] = [
    { ...movement, itemId: receiptId, kind: 'RECEIVED', amount: minor, counterpartId: null },
  ]
  const seen = new Set<string>()
  let left = minor
  for (const [index, row] of invoices.entries()) {
    const path = ['allocations', String(index)]
    const item = locked.get(row.id)
    if (item === undefined) throw new Error(`Invoice ${row.id} was not locked`)
    if (seen.has(row.id)) return invalid([...path, 'invoice'], `Invoice ${row.number} is named twice`)
    seen.add(row.id)
    if (item.customerId !== payer.id) {
      return invalid([...path, 'invoice'], `Invoice ${row.number} is not owed by customer ${payer.number}`)
    }
    if (item.currency !== currency) {
      const message = `Invoice ${row.number} is in ${item.currency}, the receipt in ${currency}`
      return invalid([...path, 'invoice'], message, 'WRONG_CURRENCY')
    }
    const balance = balanceNow(item)
    const amount = allocations[index] ?? balance
    if (amount > balance || balance <= 0n) {
      const message = `Invoice ${row.number} has a balance of ${formatMinor({ minor: balance, currency })} ${currency}`
      return invalid([...path, 'amount'], message, 'OVER_ALLOCATION')
    }
    left -= amount
    if (left < 0n) {
      const message = `The allocations up to here are ${formatMinor({ minor: -left, currency })} ${currency} more than was received`
      return invalid([...path, 'amount'], message, 'OVER_ALLOCATION')
    }
    // Money received before the bill pays it from the day of the bill on, yet it happened when it came in.
    const from = Math.max(receivedOn, item.startsOn)
    for (const part of payInstallments(installmentStates(item.entries), amount)) {
      const effectiveOn = firstDayWithRoom(item.entries, part.number, part.amount, from)
      const applied = { ...movement, effectiveOn, amount: -part.amount }
      entries.push(
        { ...applied, itemId: receiptId, kind: 'APPLIED', counterpartId: row.id },
        {
          ...applied,
          itemId: row.id,
          kind: 'PAYMENT_APPLIED',
          counterpartId: receiptId,
          installment: part.number,
        },
      )
    }
  }
  return entries
}
