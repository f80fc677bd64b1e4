import type { Day } from './day.ts'

/**
 * What the KPI store counts. Every row of `flow` belongs to one measure; its sums over days are the inputs of
 * every KPI.
 *
 * - A *balance* is what stands at the end of a day: the sum of all rows with day <= D, by anchor. The anchor is the
 *   day from which its age counts.
 * - A *movement* is what happened in a period: the sum of the rows whose day lies in it. Its anchor is the day itself.
 * - A *cohort* is what became of the things of a period: the sum of the rows with day <= D whose anchor lies in it.
 */
export const measures = {
  /** Open installments; anchor: the due date in force. count: installments. */
  OPEN_BY_DUE: 'balance',
  /** Open invoices; anchor: the invoice date. count: invoices. The same amount as OPEN_BY_DUE. */
  OPEN_BY_ISSUE: 'balance',
  /** Receipts not applied; anchor: the receipt date. count: receipts. */
  UNAPPLIED_CASH: 'balance',
  /** Credit notes not applied; anchor: the credit note's date. count: credit notes. */
  UNAPPLIED_CREDIT: 'balance',
  /** Amounts in open disputes; anchor: the day a dispute was opened. count: disputes. */
  DISPUTED: 'balance',
  /** Billed, tax included, on the invoice date; count: invoices. Corrections included. */
  BILLED: 'movement',
  /** Credit notes issued; count: credit notes. */
  CREDITED: 'movement',
  /** Money received less what bounced; count: receipts. */
  RECEIVED: 'movement',
  /** Receipts applied to invoices; count: applications. */
  PAID: 'movement',
  /** Credit notes applied to invoices; count: applications. */
  CREDIT_APPLIED: 'movement',
  /** Written off; count: write-offs. */
  WRITTEN_OFF: 'movement',
  /** Disputes opened: disputed amount; count: disputes. */
  DISPUTE_OPENED: 'movement',
  /** Installments that fell due (anchor: the first due date), less credit notes whenever issued. count: installments. */
  DUE: 'cohort',
  /** What of DUE was paid by the first due date. count: installments then paid in full, credits considered. */
  DUE_ON_TIME: 'cohort',
  /**
   * Invoices settled (balance 0, something paid, nothing written off), on the day that their balance reached 0.
   * amount: what was paid; days: from invoice date to settlement; amountDays: amount x days.
   */
  SETTLED: 'movement',
  /** The same invoices; days: from the first due date (of the last installment) to settlement, early is negative. */
  SETTLED_LATE: 'movement',
  /** The same with early as 0. */
  SETTLED_LATE_FLOORED: 'movement',
  /** Those of SETTLED that were settled by the first due date of their last installment. */
  SETTLED_ON_TIME: 'movement',
} as const satisfies Record<string, 'balance' | 'movement' | 'cohort'>

export type Measure = keyof typeof measures
export type MeasureKind = (typeof measures)[Measure]

/** What a row adds to its measure: minor units, things, days, and minor units x days. */
export type Quantity = {
  readonly amount: bigint
  readonly count: number
  readonly days: bigint
  readonly amountDays: bigint
}

/** One change of one measure on one day. */
export type FlowRow = Quantity & {
  readonly measure: Measure
  readonly anchor: Day
  readonly day: Day
}

/** What an item adds to a measure, summed up to the end of a day. A movement's position has no anchor. */
export type Position = Quantity & { readonly measure: Measure; readonly anchor: Day | null }
