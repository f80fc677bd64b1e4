import type { Day } from './day.ts'

/**
 * What the KPI store counts. Every row of `flow` belongs to one measure; its sums over days are the inputs of
 * every KPI.
 *
 * - A *balance* is what stands at the end of a day: the sum of all rows with day <= D, by anchor. The anchor is the
 *   day from which its age counts.
 * - A *movement* is what happened in a period: the sum of the rows whose day lies in it. Its anchor is the day itself.
 * - A *cohort* is what became of the things of a period: the sum of the rows with day <= D whose anchor lies in it.
 * - A *histogram* is a movement of things that took so many days: its anchor is that number, so that medians and
 *   percentiles are exact.
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
  /**
   * Billed, tax included, on the invoice date; count: invoices. Corrections included; a void takes the amount back on
   * its own day and leaves the count, for the bill was sent. amountDays: amount x days from invoice to first due date.
   */
  BILLED: 'movement',
  /** Of BILLED the tax, where it is known; in proportion where the bill was corrected. count: invoices of which it is. */
  BILLED_TAX: 'movement',
  /** Credit notes issued; count: credit notes. */
  CREDITED: 'movement',
  /** Of CREDITED the tax, where it is known. count: credit notes of which it is. */
  CREDITED_TAX: 'movement',
  /** Money received less what bounced; count: receipts. */
  RECEIVED: 'movement',
  /** Receipts applied to invoices; count: applications; amountDays: applied x days from the invoice date to the payment. */
  PAID: 'movement',
  /** Credit notes applied to invoices; count: applications. */
  CREDIT_APPLIED: 'movement',
  /** Written off for whatever reason; count: write-offs. */
  WRITTEN_OFF: 'movement',
  /** Of WRITTEN_OFF what nobody expects any more. */
  BAD_DEBT: 'movement',
  /** Of WRITTEN_OFF the small differences that are not worth a reminder. */
  TOLERANCE: 'movement',
  /** Paid after all of what had been written off; count: recoveries. */
  RECOVERED: 'movement',
  /** Discounts for early payment, in time or not; count: discounts. */
  DISCOUNTED: 'movement',
  /** Of DISCOUNTED what was taken after the last day for it. */
  DISCOUNT_UNEARNED: 'movement',
  /** Other changes of what is owed, up or down; count: adjustments. */
  ADJUSTED: 'movement',
  /**
   * What was open of installments when their due dates were moved later, by what became of them on one day. count:
   * installments; amountDays: open x days later.
   */
  RE_DATED: 'movement',
  /** Open receivables that came from another segment (less those that went there); count: moves. 0 in total. */
  TRANSFERRED: 'movement',
  /** Payments that came back; count: receipts. Taken off RECEIVED already. */
  BOUNCED: 'movement',
  /** Disputes opened: disputed amount; count: disputes. */
  DISPUTE_OPENED: 'movement',
  /** Disputes that were resolved, by the days from the opening to the last resolution. amount: what had been disputed. */
  DISPUTE_CLOSED: 'histogram',
  /** Invoices by the days from delivery to sending, on the invoice date. amount: billed. Only where both days are known. */
  TIME_TO_INVOICE: 'histogram',
  /** Invoices that turned out wrong: voided or corrected. Anchor: the invoice date. amount: as first billed. */
  BILLED_WRONG: 'cohort',
  /** Still open 90 days after the due date. Anchor: the invoice date. count: installments. */
  AT_RISK: 'cohort',
  /**
   * The same as PAID: what became of the bills of a month. Anchor: the first of the month of the invoice date; by day
   * there would be as many rows as there are pairs of days.
   */
  PAID_BY_MONTH: 'cohort',
  /**
   * Paid within 30 days of the invoice date, counted from the end of those days on. Anchor: the invoice date. count:
   * invoices then paid in full, credits considered.
   */
  PAID_WITHIN_30: 'cohort',
  /** The same with 60 days. */
  PAID_WITHIN_60: 'cohort',
  /**
   * Discounts that were offered for early payment. Anchor: the last day for it. count: invoices. amountDays: what the
   * bill is without the discount x days from that last day to the first due date.
   */
  DISCOUNT_OFFERED: 'cohort',
  /** What of DISCOUNT_OFFERED was taken in time. count: invoices. */
  DISCOUNT_TAKEN: 'cohort',
  /** Installments that fell due (anchor: the first due date), less credit notes whenever issued and discounts. count: installments. */
  DUE: 'cohort',
  /** What of DUE was paid by the first due date. count: installments then paid in full, credits considered. */
  DUE_ON_TIME: 'cohort',
  /**
   * What of DUE was paid after the first due date and yet in time by some grace, for each by which (domain/lateness.ts).
   * Anchor: `lateAnchor` of the first due date and the code. count: installments that were paid in full by it.
   */
  DUE_LATE: 'cohort',
  /**
   * Invoices settled (balance 0, something paid, nothing written off but a tolerance), on the day that their balance reached 0.
   * amount: what was paid; days: from invoice date to settlement; amountDays: amount x days.
   */
  SETTLED: 'movement',
  /** The same invoices; days: from the first due date (of the last installment) to settlement, early is negative. */
  SETTLED_LATE: 'movement',
  /** The same with early as 0. */
  SETTLED_LATE_FLOORED: 'movement',
  /** Those of SETTLED that were settled by the first due date of their last installment. */
  SETTLED_ON_TIME: 'movement',
  /** Those of SETTLED that were settled after it, by the code of the graces by which that was in time. */
  SETTLED_IN_GRACE: 'histogram',
} as const satisfies Record<string, 'balance' | 'movement' | 'cohort' | 'histogram'>

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

/**
 * A row as it is stored. Rows `asIs` are what it takes from as-was to as-is, that is, to the segments that items are in
 * today: they are the difference between the two, so as-is is the sum of all rows and as-was that of the others.
 */
export type SegmentRow = FlowRow & { readonly segmentId: number; readonly asIs: boolean }
