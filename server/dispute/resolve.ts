import { runCommand, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, formatDay, isPlausible } from '../domain/day.ts'
import { firstDayWithRoom } from '../domain/invoice.ts'
import { formatMinor } from '../domain/money.ts'
import { balanceNow } from '../domain/projection.ts'
import { decodeId } from '../ids.ts'
import { readPart } from '../ledger/allocations.ts'
import { accountingDay, holdClosing } from '../ledger/closing.ts'
import { lockItem } from '../ledger/lock-credit.ts'
import { postAudited } from '../ledger/post.ts'
import { conflict, implausible, invalid, isProblem, notFound, type Problem } from '../problem.ts'
import { readRequiredText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { ResolveDisputeInput } from '../schema.generated.ts'
import type { DisputeChanged } from './open.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Records that a dispute, or a part of it, is settled. Whatever is credited or written off for it is posted apart. */
export async function resolveDispute(
  context: CommandContext,
  input: ResolveDisputeInput,
): Promise<DisputeChanged | Problem> {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const today = todayOf(context)
  const resolvedOn = input.resolvedOn ?? today
  if (!isPlausible(resolvedOn)) return implausible(['resolvedOn'], resolvedOn)
  if (dayOf(resolvedOn) > dayOf(today))
    return invalid(['resolvedOn'], `${resolvedOn.toString()} lies after today`)
  return runCommand(context, { action: 'resolveDispute', input }, (tx) =>
    writeResolution(tx, context, input, { reason: reason.text, resolvedOn: dayOf(resolvedOn) }),
  )
}

async function writeResolution(
  tx: Tx,
  context: CommandContext,
  input: ResolveDisputeInput,
  { reason, resolvedOn }: { readonly reason: string; readonly resolvedOn: number },
): Promise<DisputeChanged | Problem> {
  const { organization } = context
  const closing = await holdClosing(tx, organization.id)
  const from = accountingDay(closing, {
    occurredOn: resolvedOn,
    path: ['resolvedOn'],
    effectiveOn: input.effectiveOn,
    today: dayOf(todayOf(context)),
  })
  if (isProblem(from)) return from
  const found = await lockItem(tx, organization.id, 'DISPUTE', decodeId('dispute', input.dispute))
  if (found === null) return notFound(['dispute'], `There is no dispute with id ${input.dispute}`)
  const { item: dispute, locked } = found
  if (resolvedOn < dispute.startsOn)
    return invalid(['resolvedOn'], `It was opened on ${formatDay(dispute.startsOn)} only`)
  const { currency } = dispute
  const open = balanceNow(dispute)
  if (open <= 0n) return conflict(['dispute'], 'It is resolved already')
  const wanted = readPart(input.amount, currency, ['amount'])
  if (isProblem(wanted)) return wanted
  const amount = wanted ?? open
  if (amount > open) {
    const shown = formatMinor({ minor: open, currency })
    return invalid(['amount'], `Of it ${shown} ${currency} is still open`, 'OVER_ALLOCATION')
  }
  const record = {
    action: 'resolveDispute',
    subject: dispute.id,
    after: { amount: amount.toString(), currency, resolvedOn: formatDay(resolvedOn) },
    reason,
  }
  const audit = await postAudited(tx, context, record, {
    locked,
    entries: [
      {
        itemId: dispute.id,
        kind: 'DISPUTE_RESOLVED',
        installment: 1,
        amount: -amount,
        // Not before it came into the books, nor on days on which an earlier resolution had left less of it.
        effectiveOn: firstDayWithRoom(dispute.entries, 1, amount, from),
        occurredOn: resolvedOn,
        dueOn: null,
        counterpartId: dispute.entries[0]?.counterpartId ?? null,
        reason,
      },
    ],
  })
  return { disputeId: dispute.id, audit }
}
