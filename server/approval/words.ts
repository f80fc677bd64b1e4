/** Requests in words. */
import type { ApprovalRequestRow } from '@tidemark/drizzle/rows.ts'
import type { FirstStep } from '../authority/read.ts'
import type { AuthorityAction } from '../domain/authority.ts'
import { Exact } from '../domain/money.ts'

const ONE: Readonly<Record<AuthorityAction, string>> = {
  CREDIT_LIMIT: 'Raise the credit limit',
  UNLIMITED_CREDIT: 'Lift the credit limit',
  RELEASE_HOLD: 'Release the credit hold',
  WRITE_OFF: 'Write off what is owed on invoice',
  CREDIT_NOTE: 'Record the credit note',
  RE_DATE: 'Move the due date of invoice',
  TERMS: 'Lengthen the terms',
  ADJUSTMENT: 'Adjust what is owed on invoice',
  ORDER_OVERRIDE: 'Override the credit for order',
}

const BATCHES: ReadonlySet<string> = new Set(['setCreditLimits', 'importCreditLimits'])

/** "Raise the credit limit from 1000.00 USD to 5000.00 USD, from 2026-05-01". */
export function summaryOf(
  { command, stepCount }: Pick<ApprovalRequestRow, 'command' | 'stepCount'>,
  step: FirstStep | null,
): string {
  if (step === null) return 'Nothing'
  if (stepCount > 1 && BATCHES.has(command)) return `Set ${stepCount.toLocaleString('en')} credit limits`
  return `${stepInWords(step)}${stepCount === 1 ? '' : `, and ${stepCount - 1} more`}`
}

function stepInWords({ action, subject, before, after }: FirstStep): string {
  const what = subject === null ? ONE[action] : `${ONE[action]} ${subject}`
  if (action === 'RELEASE_HOLD') return `${what}: ${before}`
  return before === null ? `${what}: ${after}` : `${what} from ${before} to ${after}`
}

/** "12.50" for 1250. */
export const percentInWords = (basisPoints: number): string => new Exact(basisPoints).div(100).toFixed(2)
