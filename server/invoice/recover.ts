import { randomUUIDv7 } from 'node:crypto'
import type { CommandContext } from '../command.ts'
import { findCustomer } from '../ledger/find.ts'
import type { NewEntry } from '../ledger/post.ts'
import { dimensionsOfCredit, segmentFor } from '../ledger/segments.ts'
import { encodeId } from '../ids.ts'
import { isProblem, type Problem } from '../problem.ts'
import type { RecoverInvoiceInput } from '../schema.generated.ts'
import { NAME_LENGTH_MAX, readText } from '../text.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { bringBack, readAmountUpTo } from './amounts.ts'
import { changeInvoice, type Held, type InvoiceMoved, type Movement, type Posted } from './movement.ts'
import { beforeWriteOff, sumOf, writtenOff } from './write-off.ts'

/** Records money for what had been written off: a receipt, the debt that it brings back, and its payment. */
export async function recoverInvoice(
  context: CommandContext,
  input: RecoverInvoiceInput,
): Promise<InvoiceMoved | Problem> {
  const reference = readText(input.reference, ['reference'], NAME_LENGTH_MAX)
  if ('code' in reference) return reference
  const occurred = { date: input.receivedOn, path: ['receivedOn'] }
  return changeInvoice(
    context,
    { action: 'recoverInvoice', input, needsReason: false, occurred },
    (held, tx) => recovery(tx, context, held, input, reference.text),
  )
}

async function recovery(
  tx: Tx,
  { organization }: CommandContext,
  held: Held,
  input: RecoverInvoiceInput,
  reference: string | null,
): Promise<Posted | Problem> {
  const { item, installments, occurredOn, effectiveOn } = held
  const early = beforeWriteOff(held, ['receivedOn'])
  if (early !== null) return early
  const amount = readAmountUpTo(held, input.amount, sumOf(held, writtenOff), 'written off')
  if (isProblem(amount)) return amount
  const payer = await findCustomer(tx, organization.id, { id: encodeId('customer', item.customerId) }, [
    'invoice',
  ])
  if (isProblem(payer)) return payer
  const { currency } = item
  const receiptId = randomUUIDv7()
  const receipt = {
    kind: 'RECEIPT' as const,
    id: receiptId,
    customerId: payer.id,
    segmentId: await segmentFor(tx, organization.id, dimensionsOfCredit(payer, currency)),
    currency,
    startsOn: occurredOn,
    reference,
  }
  const recovered = bringBack(installments, amount, writtenOff, { kind: 'RECOVERED' })
  const ofReceipt = { itemId: receiptId, installment: 1, effectiveOn, occurredOn, dueOn: null }
  const entries: NewEntry[] = [
    { ...ofReceipt, kind: 'RECEIVED', amount, counterpartId: null },
    ...recovered.map((part): NewEntry => ({
      ...ofReceipt,
      kind: 'APPLIED',
      amount: -part.amount,
      counterpartId: item.id,
    })),
  ]
  const payments = recovered.map((part): Movement => ({
    kind: 'PAYMENT_APPLIED',
    installment: part.installment,
    amount: -part.amount,
    counterpartId: receiptId,
  }))
  return { movements: [...recovered, ...payments], items: [receipt], entries }
}
