import type { ApprovalAsked } from '../authority/asked.ts'
import type { CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, formatDay } from '../domain/day.ts'
import { formatMinor } from '../domain/money.ts'
import { findCustomer } from '../ledger/find.ts'
import { encodeId } from '../ids.ts'
import { isProblem, type Problem } from '../problem.ts'
import type { CorrectInvoiceInput } from '../schema.generated.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { duplicate, makeBill } from './bill.ts'
import { checkBill, type CheckedBill } from './bill-input.ts'
import {
  changeWithAuthority,
  type Held,
  type InvoiceMoved,
  type MovementProposal,
  type Posted,
} from './movement.ts'
import { voidings } from './void.ts'

/** Takes a wrong bill back and records the right one of the same customer. The outcome's invoice is the wrong one. */
export async function correctInvoice(
  context: CommandContext,
  input: CorrectInvoiceInput,
): Promise<InvoiceMoved | ApprovalAsked | Problem> {
  const checked = checkBill(input, dayOf(todayOf(context)))
  if (isProblem(checked)) return checked
  const command = {
    action: 'correctInvoice',
    input,
    needsReason: true,
    occurred: { date: input.issuedOn, path: ['issuedOn'] },
    duplicates: { invoice_number: duplicate(checked.number) },
  }
  return changeWithAuthority(
    context,
    command,
    (held, tx) => replace(tx, context, held, checked),
    (held, posted) => differences(held, posted, checked),
  )
}

/** The right bill may ask for more or less than the wrong one, and later: both are decisions of their own. */
function differences(
  { item, balance, installments }: Held,
  { entries = [] }: Posted,
  { minor, currency }: CheckedBill,
): MovementProposal[] {
  const inWords = (amount: bigint, of: string) => `${formatMinor({ minor: amount, currency: of })} ${of}`
  const difference = minor > balance ? minor - balance : balance - minor
  const adjustment: MovementProposal = {
    action: 'ADJUSTMENT',
    before: inWords(balance, item.currency),
    after: inWords(minor, currency),
    from: null,
    // Of two currencies there is no difference: all of the wrong bill counts.
    to: { minor: currency === item.currency ? difference : balance, currency: item.currency },
  }
  const right = entries.flatMap(({ dueOn }) => (dueOn === null ? [] : [dueOn]))
  const isLater = [Math.min, Math.max].some(
    (end) => end(...right) > end(...installments.map(({ dueOn }) => dueOn)),
  )
  if (!isLater) return [adjustment]
  // Parts may be divided otherwise than they were: the first and the last of them are compared.
  const delays = [Math.min, Math.max].map(
    (end) => end(...right) - end(...installments.map(({ firstDueOn }) => firstDueOn)),
  )
  const reDating: MovementProposal = {
    action: 'RE_DATE',
    before: formatDay(Math.max(...installments.map(({ dueOn }) => dueOn))),
    after: formatDay(Math.max(...right)),
    from: null,
    to: { minor, currency },
    days: Math.max(1, ...delays),
  }
  return [adjustment, reDating]
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
