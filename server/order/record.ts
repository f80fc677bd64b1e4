import { and, eq } from 'drizzle-orm'
import { readPositiveMoney } from '../amount.ts'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { isPlausible } from '../domain/day.ts'
import { formatMinor } from '../domain/money.ts'
import { newUuid } from '../ids.ts'
import { writeAudit } from '../ledger/audit.ts'
import { findCustomer } from '../ledger/find.ts'
import { conflict, implausible, invalid, isProblem, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readRequiredText } from '../text.ts'
import type { RecordOrderInput } from '../schema.generated.ts'
import { orderEvent, salesOrder } from '@tidemark/drizzle/tables/order.ts'

export type OrderRecorded = Audited & { readonly orderId: string }

/** Records an order. It counts for the exposure when it is released, unless the policy says otherwise. */
export async function recordOrder(
  context: CommandContext,
  input: RecordOrderInput,
): Promise<OrderRecorded | Problem> {
  const number = readRequiredText(input.number, ['number'], NAME_LENGTH_MAX)
  if ('code' in number) return number
  const amount = readPositiveMoney(input.amount, ['amount'])
  if (isProblem(amount)) return amount
  const today = todayOf(context)
  const orderedOn = input.orderedOn ?? today
  if (!isPlausible(orderedOn)) return implausible(['orderedOn'], orderedOn)
  if (Temporal.PlainDate.compare(orderedOn, today) > 0)
    return invalid(['orderedOn'], `${orderedOn.toString()} lies after today`)
  const duplicate = conflict(['number'], `There is an order with number ${number.text} already`)
  const command = { action: 'recordOrder', input, duplicates: { sales_order_number: duplicate } }
  return runCommand(context, command, async (tx) => {
    const organizationId = context.organization.id
    const found = await findCustomer(tx, organizationId, input.customer, ['customer'])
    if (isProblem(found)) return found
    // Two at once are caught by the unique constraint.
    const existing = await tx
      .select({ id: salesOrder.id })
      .from(salesOrder)
      .where(and(eq(salesOrder.organizationId, organizationId), eq(salesOrder.number, number.text)))
    if (existing.length > 0) return duplicate
    const id = newUuid()
    const audit = await writeAudit(tx, context, {
      action: 'recordOrder',
      subject: id,
      after: {
        number: number.text,
        customer: found.number,
        amount: formatMinor(amount),
        currency: amount.currency,
        orderedOn: orderedOn.toString(),
      },
    })
    await tx.insert(salesOrder).values({
      organizationId,
      id,
      customerId: found.id,
      number: number.text,
      amount: amount.minor,
      currency: amount.currency,
      orderedOn,
    })
    await tx.insert(orderEvent).values({
      organizationId,
      orderId: id,
      version: 1,
      kind: 'RECORDED',
      amount: amount.minor,
      occurredOn: orderedOn,
      auditId: audit.id,
    })
    return { orderId: id, audit }
  })
}
