import type { LedgerEntryKind } from '../documents.generated.ts'

const entryWords = {
  INVOICED: 'Billed',
  CORRECTED: 'Bill corrected',
  VOIDED: 'Bill taken back',
  RE_DATED: 'Due date changed',
  PAYMENT_APPLIED: 'Paid',
  CREDIT_APPLIED: 'Settled by a credit note',
  DISCOUNTED: 'Discount taken',
  ADJUSTED: 'Adjusted',
  WRITTEN_OFF: 'Written off',
  RECOVERED: 'Owed again after a write-off',
  RECEIVED: 'Money received',
  BOUNCED: 'Payment bounced',
  CREDITED: 'Credit note issued',
  APPLIED: 'Applied to an invoice',
  DISPUTE_OPENED: 'Dispute opened',
  DISPUTE_RESOLVED: 'Dispute resolved',
  MOVED: 'Moved to another segment',
} as const satisfies Record<LedgerEntryKind, string>

/** Those that settle, where they add: an earlier one was undone. */
const undoneWords: Partial<Record<LedgerEntryKind, string>> = {
  PAYMENT_APPLIED: 'Payment taken back',
  CREDIT_APPLIED: 'Credit taken back',
  DISCOUNTED: 'Discount taken back',
  WRITTEN_OFF: 'Write-off taken back',
  APPLIED: 'Unapplied again',
}

/** What an entry of the ledger says happened; `amount` is signed as the ledger has it. */
export const entryWord = (kind: LedgerEntryKind, amount: string): string =>
  (Number(amount) > 0 ? undoneWords[kind] : undefined) ?? entryWords[kind]
