import { runCommand, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, formatDay, isPlausible } from '../domain/day.ts'
import { firstDayWithRoom } from '../domain/invoice.ts'
import { decodeId } from '../ids.ts'
import { appliedTo, settledBy, takeBack } from '../ledger/allocations.ts'
import type { CreditChanged } from '../ledger/apply-credit.ts'
import { accountingDay, holdClosing } from '../ledger/closing.ts'
import type { Item } from '../ledger/histories.ts'
import { lockWithSettled } from '../ledger/lock-credit.ts'
import { postAudited, type NewEntry } from '../ledger/post.ts'
import { withReopenings } from '../ledger/settled-disputes.ts'
import { conflict, implausible, invalid, isProblem, notFound, type Problem } from '../problem.ts'
import { readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { BounceReceiptInput } from '../schema.generated.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Records that the bank took a receipt back: the invoices that it paid are owed again. */
export async function bounceReceipt(
  context: CommandContext,
  input: BounceReceiptInput,
): Promise<CreditChanged | Problem> {
  const reason = readText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  if (!isPlausible(input.bouncedOn)) return implausible(['bouncedOn'], input.bouncedOn)
  if (dayOf(input.bouncedOn) > dayOf(todayOf(context)))
    return invalid(['bouncedOn'], `${input.bouncedOn.toString()} lies after today`)
  return runCommand(context, { action: 'bounceReceipt', input }, (tx) =>
    writeBounce(tx, context, input, reason.text),
  )
}

async function writeBounce(
  tx: Tx,
  context: CommandContext,
  input: BounceReceiptInput,
  reason: string | null,
): Promise<CreditChanged | Problem> {
  const { organization } = context
  const closing = await holdClosing(tx, organization.id)
  const id = decodeId('receipt', input.receipt)
  const found = await lockWithSettled(tx, organization.id, 'RECEIPT', id, settledBy)
  if (found === null) return notFound(['receipt'], `There is no receipt with id ${input.receipt}`)
  const { item: receipt, locked } = found
  const bounced = receipt.entries.find(({ kind }) => kind === 'BOUNCED')
  if (bounced !== undefined)
    return conflict(['receipt'], `It bounced on ${formatDay(bounced.occurredOn)} already`)
  const bouncedOn = dayOf(input.bouncedOn)
  const [first] = receipt.entries
  if (first === undefined) throw new Error(`Receipt ${receipt.id} has no entries`)
  if (bouncedOn < first.occurredOn)
    return invalid(['bouncedOn'], `It was received on ${formatDay(first.occurredOn)} only`)
  const from = accountingDay(closing, {
    // It cannot leave the books before it came into them.
    occurredOn: input.effectiveOn ? bouncedOn : Math.max(bouncedOn, first.effectiveOn),
    path: ['bouncedOn'],
    effectiveOn: input.effectiveOn,
    today: dayOf(todayOf(context)),
  })
  if (isProblem(from)) return from
  const entries = bounceEntries(receipt, locked, { from, occurredOn: bouncedOn, reason })
  const record = {
    action: 'bounceReceipt',
    subject: receipt.id,
    after: { bouncedOn: formatDay(bouncedOn), effectiveOn: formatDay(from) },
    reason,
  }
  const reopening = { occurredOn: bouncedOn, reason }
  const audit = await postAudited(
    tx,
    context,
    record,
    withReopenings({ locked, entries }, receipt.id, reopening),
  )
  return { creditId: receipt.id, audit }
}

/** Everything that it stands applied to is taken back, then all of it leaves. */
function bounceEntries(
  receipt: Item,
  locked: ReadonlyMap<string, Item>,
  dates: Parameters<typeof takeBack>[3],
): NewEntry[] {
  const takenBack = settledBy(receipt).flatMap((invoiceId) => {
    const invoice = locked.get(invoiceId)
    if (invoice === undefined) throw new Error(`Invoice ${invoiceId} was not locked`)
    return takeBack({ id: receipt.id, kind: 'RECEIPT' }, invoiceId, appliedTo(receipt, invoice), dates)
  })
  const own = [...receipt.entries, ...takenBack.filter(({ itemId }) => itemId === receipt.id)]
  const amount = own.reduce((sum, entry) => sum + entry.amount, 0n)
  const bounced: NewEntry = {
    itemId: receipt.id,
    kind: 'BOUNCED',
    installment: 1,
    amount: -amount,
    // What had been applied and was taken back later stood until then: it leaves from the day on that it is there.
    effectiveOn: firstDayWithRoom(own, 1, amount, dates.from),
    occurredOn: dates.occurredOn,
    dueOn: null,
    counterpartId: null,
    reason: dates.reason ?? null,
  }
  return [...takenBack, bounced]
}
