import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf } from '../domain/day.ts'
import { writeAudit } from '../ledger/audit.ts'
import { accountingDay, holdClosing } from '../ledger/closing.ts'
import { findCustomer, findInvoices } from '../ledger/find.ts'
import { lockItems } from '../ledger/histories.ts'
import { post } from '../ledger/post.ts'
import { invalid, isProblem, type Problem } from '../problem.ts'
import type { RecordInvoiceInput } from '../schema.generated.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { duplicate, makeBill } from './bill.ts'
import { checkBill, type CheckedBill } from './bill-input.ts'

export type InvoiceRecorded = Audited & { readonly invoiceId: string }

/** Records a bill. Its due date is the one given, else the invoice date plus the customer's terms. */
export async function recordInvoice(
  context: CommandContext,
  input: RecordInvoiceInput,
): Promise<InvoiceRecorded | Problem> {
  const checked = checkBill(input, dayOf(todayOf(context)))
  if (isProblem(checked)) return checked
  const command = {
    action: 'recordInvoice',
    input,
    duplicates: { invoice_number: duplicate(checked.number) },
  }
  return runCommand(context, command, (tx) => writeInvoice(tx, context, input, checked))
}

async function writeInvoice(
  tx: Tx,
  context: CommandContext,
  input: RecordInvoiceInput,
  checked: CheckedBill,
): Promise<InvoiceRecorded | Problem> {
  const { organization } = context
  const closing = await holdClosing(tx, organization.id)
  const effectiveOn = accountingDay(closing, {
    occurredOn: checked.issuedOn,
    path: ['issuedOn'],
    effectiveOn: input.effectiveOn,
    today: dayOf(todayOf(context)),
  })
  if (isProblem(effectiveOn)) return effectiveOn
  const named = await findCustomer(tx, organization.id, input.customer, ['customer'])
  if (isProblem(named)) return named
  const replaced = await findInvoices(tx, organization.id, input.replaces ? [input.replaces] : [], () => [
    'replaces',
  ])
  if (isProblem(replaced)) return replaced
  const replacedIds = replaced.map((row) => row.id)
  const locked = await lockItems(tx, organization.id, [named.id], replacedIds)
  if ([...locked.values()].some((bill) => bill.customerId !== named.id)) {
    return invalid(['replaces'], `It is a bill of another customer than ${named.number}`)
  }
  // Read again under the lock: it may have moved to another region while this waited.
  const debtor = await findCustomer(tx, organization.id, { number: named.number }, ['customer'])
  if (isProblem(debtor)) return debtor
  const bill = await makeBill(tx, organization.id, debtor, checked, effectiveOn, replacedIds[0] ?? null)
  if (isProblem(bill)) return bill
  const { id } = bill.item
  const audit = await writeAudit(tx, context, {
    action: 'recordInvoice',
    subject: id,
    after: {
      number: checked.number,
      amount: checked.minor.toString(),
      currency: checked.currency,
      issuedOn: input.issuedOn.toString(),
    },
  })
  await post(tx, organization.id, audit, { items: [bill.item], entries: bill.entries })
  return { invoiceId: id, audit }
}
