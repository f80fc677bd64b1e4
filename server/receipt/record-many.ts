import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf } from '../domain/day.ts'
import { recordCredits, within, type CreditRow } from '../ledger/record-credits.ts'
import { invalid, isProblem, type Problem } from '../problem.ts'
import type { RecordReceiptsInput } from '../schema.generated.ts'
import { checkReceipt } from './record.ts'

const RECEIPTS_MAX = 1_000
/** Of all receipts together: each is a history to be read. */
const ALLOCATIONS_MAX = 5_000
/** A thousand take a second; who waits for locks takes longer. */
const TIMEOUT_MS = 30_000

export type ReceiptsRecorded = Audited & { readonly receiptIds: readonly string[] }

/** Records receipts in their order, as `recordReceipt` does each: all of them or none. */
export async function recordReceipts(
  context: CommandContext,
  input: RecordReceiptsInput,
): Promise<ReceiptsRecorded | Problem> {
  const { receipts } = input
  const { length } = receipts
  if (length < 1 || length > RECEIPTS_MAX) {
    return invalid(['receipts'], `1 to ${RECEIPTS_MAX} receipts are taken at once, not ${length}`)
  }
  const allocations = receipts.reduce((sum, receipt) => sum + receipt.allocations.length, 0)
  if (allocations > ALLOCATIONS_MAX) {
    return invalid(['receipts'], `${allocations} allocations in all are more than ${ALLOCATIONS_MAX}`)
  }
  const today = dayOf(todayOf(context))
  const rows: CreditRow[] = []
  for (const [index, receipt] of receipts.entries()) {
    const credit = checkReceipt(receipt, today)
    if (isProblem(credit)) return within(credit, ['receipts', String(index)])
    rows.push({ credit, input: receipt })
  }
  const action = 'recordReceipts'
  const command = { action, input, timeoutMs: TIMEOUT_MS, rows: length + allocations }
  return runCommand(context, command, async (tx) => {
    const whole = { action, subject: context.organization.id, after: { receipts: length } }
    const recorded = await recordCredits(tx, context, rows, 'receipts', whole)
    return isProblem(recorded) ? recorded : { receiptIds: recorded.creditIds, audit: recorded.audit }
  })
}
