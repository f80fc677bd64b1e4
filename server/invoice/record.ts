import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf } from '../domain/day.ts'
import { accountingDay } from '../ledger/closing.ts'
import { findInvoices, holdCustomer } from '../ledger/find.ts'
import { readItems } from '../ledger/histories.ts'
import { postAudited } from '../ledger/post.ts'
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
  const [held, replaced] = await Promise.all([
    holdCustomer(tx, organization.id, input.customer, ['customer']),
    findInvoices(tx, organization.id, input.replaces ? [input.replaces] : [], () => ['replaces']),
  ])
  if (isProblem(held)) return held
  const { customer: debtor, closing } = held
  const effectiveOn = accountingDay(closing, {
    occurredOn: checked.issuedOn,
    path: ['issuedOn'],
    effectiveOn: input.effectiveOn,
    today: dayOf(todayOf(context)),
  })
  if (isProblem(effectiveOn)) return effectiveOn
  if (isProblem(replaced)) return replaced
  const replacedIds = replaced.map((row) => row.id)
  const bills = await readItems(tx, organization.id, replacedIds)
  if ([...bills.values()].some((item) => item.customerId !== debtor.id)) {
    return invalid(['replaces'], `It is a bill of another customer than ${debtor.number}`)
  }
  const bill = await makeBill(tx, organization.id, debtor, checked, effectiveOn, replacedIds[0] ?? null)
  if (isProblem(bill)) return bill
  const { id } = bill.item
  const record = {
    action: 'recordInvoice',
    subject: id,
    after: {
      number: checked.number,
      amount: checked.minor.toString(),
      currency: checked.currency,
      issuedOn: input.issuedOn.toString(),
    },
  }
  const audit = await postAudited(tx, context, record, { items: [bill.item], entries: bill.entries })
  return { invoiceId: id, audit }
}
