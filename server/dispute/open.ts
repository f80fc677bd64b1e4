import { randomUUIDv7 } from 'node:crypto'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, formatDay, isPlausible, type Day } from '../domain/day.ts'
import { formatMinor } from '../domain/money.ts'
import { balanceNow } from '../domain/projection.ts'
import { segmentOfShare } from '../domain/shares.ts'
import { readPart } from '../ledger/allocations.ts'
import { accountingDay, holdClosing } from '../ledger/closing.ts'
import { disputedOf, disputesAbout } from '../ledger/dispute-resolution.ts'
import { findInvoices } from '../ledger/find.ts'
import type { Item } from '../ledger/histories.ts'
import { lockItem } from '../ledger/lock-credit.ts'
import { postAudited, type NewEntry } from '../ledger/post.ts'
import { implausible, invalid, isProblem, type Problem } from '../problem.ts'
import { readRequiredText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { OpenDisputeInput } from '../schema.generated.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type DisputeChanged = Audited & { readonly disputeId: string }

/** Records that a customer disputes an invoice, or a part of it. What is owed stays what it is. */
export async function openDispute(
  context: CommandContext,
  input: OpenDisputeInput,
): Promise<DisputeChanged | Problem> {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const today = todayOf(context)
  const openedOn = input.openedOn ?? today
  if (!isPlausible(openedOn)) return implausible(['openedOn'], openedOn)
  if (dayOf(openedOn) > dayOf(today)) return invalid(['openedOn'], `${openedOn.toString()} lies after today`)
  return runCommand(context, { action: 'openDispute', input }, (tx) =>
    writeDispute(tx, context, input, { reason: reason.text, openedOn: dayOf(openedOn) }),
  )
}

async function writeDispute(
  tx: Tx,
  context: CommandContext,
  input: OpenDisputeInput,
  { reason, openedOn }: { readonly reason: string; readonly openedOn: Day },
): Promise<DisputeChanged | Problem> {
  const { organization } = context
  const closing = await holdClosing(tx, organization.id)
  const effectiveOn = accountingDay(closing, {
    occurredOn: openedOn,
    path: ['openedOn'],
    effectiveOn: input.effectiveOn,
    today: dayOf(todayOf(context)),
  })
  if (isProblem(effectiveOn)) return effectiveOn
  const invoices = await findInvoices(tx, organization.id, [input.invoice], () => ['invoice'])
  if (isProblem(invoices)) return invoices
  const [row] = invoices
  const found = await lockItem(tx, organization.id, 'INVOICE', row?.id ?? null)
  if (row === undefined || found === null) throw new Error('An invoice was found that is no item')
  const { item: invoice, customer, locked } = found
  if (openedOn < invoice.startsOn)
    return invalid(['openedOn'], `Invoice ${row.number} is of ${formatDay(invoice.startsOn)} only`)
  const { currency } = invoice
  const wanted = readPart(input.amount, currency, ['amount'])
  if (isProblem(wanted)) return wanted
  const undisputed = balanceNow(invoice) - disputedOf(disputesAbout(locked).get(invoice.id) ?? [])
  const amount = wanted ?? undisputed
  if (undisputed <= 0n || amount > undisputed) {
    const shown = formatMinor({ minor: undisputed > 0n ? undisputed : 0n, currency })
    const message = `Of invoice ${row.number} ${shown} ${currency} is owed and not disputed yet`
    return invalid(['amount'], message, 'OVER_ALLOCATION')
  }
  const id = randomUUIDv7()
  const place = placeOf(invoice, id, effectiveOn)
  const record = {
    action: 'openDispute',
    subject: id,
    after: { invoice: row.id, amount: amount.toString(), currency, openedOn: formatDay(openedOn) },
    reason,
  }
  const audit = await postAudited(tx, context, record, {
    items: [
      {
        kind: 'DISPUTE',
        id,
        customerId: customer.id,
        segmentId: place.segmentId,
        currency,
        startsOn: openedOn,
      },
    ],
    entries: [
      {
        itemId: id,
        kind: 'DISPUTE_OPENED',
        installment: 1,
        amount,
        effectiveOn,
        occurredOn: openedOn,
        dueOn: null,
        counterpartId: row.id,
        reason,
      },
      ...place.moves,
    ],
  })
  return { disputeId: id, audit }
}

/** The dispute goes where the invoice, of several shares the largest, is and goes. */
function placeOf(
  { shares, segmentId, entries }: Item,
  disputeId: string,
  day: Day,
): { readonly segmentId: number; readonly moves: NewEntry[] } {
  const share = shares.find((one) => one.segmentId === segmentId)
  if (share === undefined) return { segmentId, moves: [] }
  const moves = entries
    .filter(
      ({ kind, installment, effectiveOn }) =>
        kind === 'MOVED' && installment === share.number && effectiveOn > day,
    )
    .map((move): NewEntry => ({ ...move, itemId: disputeId, installment: 1 }))
  return { segmentId: segmentOfShare(share, entries, day), moves }
}
