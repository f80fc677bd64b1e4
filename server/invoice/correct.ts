import type { CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf } from '../domain/day.ts'
import { findCustomer } from '../ledger/find.ts'
import { encodeId } from '../ids.ts'
import { isProblem, type Problem } from '../problem.ts'
import type { CorrectInvoiceInput } from '../schema.generated.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { duplicate, makeBill } from './bill.ts'
import { checkBill, type CheckedBill } from './bill-input.ts'
import { changeInvoice, type Held, type InvoiceMoved, type Posted } from './movement.ts'
import { voidings } from './void.ts'

/** Takes a wrong bill back and records the right one of the same customer. The outcome's invoice is the wrong one. */
export async function correctInvoice(
  context: CommandContext,
  input: CorrectInvoiceInput,
): Promise<InvoiceMoved | Problem> {
  const checked = checkBill(input, dayOf(todayOf(context)))
  if (isProblem(checked)) return checked
  const command = {
    action: 'correctInvoice',
    input,
    needsReason: true,
    occurred: { date: input.issuedOn, path: ['issuedOn'] },
    duplicates: { invoice_number: duplicate(checked.number) },
  }
  return changeInvoice(context, command, (held, tx) => replace(tx, context, held, checked))
}

async function replace(
  tx: Tx,
  { organization }: CommandContext,
  held: Held,
  checked: CheckedBill,
): Promise<Posted | Problem> {
  const by = { id: encodeId('customer', held.item.customerId) }
  const debtor = await findCustomer(tx, organization.id, by, ['invoice'])
  if (isProblem(debtor)) return debtor
  const bill = await makeBill(tx, organization.id, debtor, checked, held.effectiveOn, held.row.id)
  if (isProblem(bill)) return bill
  const movements = voidings(held, bill.item.id)
  if (isProblem(movements)) return movements
  return { movements, items: [bill.item], entries: bill.entries }
}
