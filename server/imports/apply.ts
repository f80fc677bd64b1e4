/** Posts what the rows say: the last step, and the only one that writes the books. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { Day } from '../domain/day.ts'
import { readItems } from '../ledger/histories.ts'
import type { Audit } from '../ledger/audit.ts'
import { post } from '../ledger/post.ts'
import { inBatches } from './cursor.ts'
import { changedRows, type Books } from './differing.ts'
import { addChanges, addNewInvoice, emptyDraft } from './postings.ts'
import type { Combination } from './rows.ts'

/** Told after each posting, with the number of rows in it. */
export type OnPosted = (rows: number) => void

/** Enough for one posting to sum up its flow well; its arrays take some 30 MB. */
const ROWS_PER_POSTING = 2_500

/** Posts the invoices that the books do not have. The next rows are made ready while PostgreSQL writes the last. */
export async function postNewInvoices(
  tx: Tx,
  organizationId: string,
  audit: Audit,
  combinations: readonly Combination[],
  segmentIds: ReadonlyMap<number, number>,
  onPosted: OnPosted,
): Promise<void> {
  // By segment and invoice date: the rows of a posting then share their days and their customers, so that it sums up
  // to a fraction of their flow.
  const query = tx.sql`
    select r.number, r.source_key, c.id as customer_id, r.combination, r.amount, r.tax, r.disputed, r.due_derived,
      r.issued_on - date '1970-01-01' as issued_on, r.due_on - date '1970-01-01' as due_on,
      r.settled_on - date '1970-01-01' as settled_on, r.ordered_on - date '1970-01-01' as ordered_on,
      r.delivered_on - date '1970-01-01' as delivered_on, r.sent_on - date '1970-01-01' as sent_on,
      r.received_on - date '1970-01-01' as received_on, r.approved_on - date '1970-01-01' as approved_on
    from import_row r join import_customer c on c.key = r.customer_key
    where not exists (select from import_match m where m.line = r.line)
    order by r.combination, r.issued_on, r.line`
  let posted = Promise.resolve()
  for await (const rows of inBatches<NewRecord>(tx, 'import_new', query, ROWS_PER_POSTING)) {
    const draft = emptyDraft()
    for (const row of rows) {
      const segmentId = segmentIds.get(row.combination)
      const currency = combinations[row.combination]?.currency
      if (segmentId === undefined || currency === undefined) throw new Error('A row has no segment')
      addNewInvoice(draft, newInvoiceOf(row, segmentId, currency))
    }
    const posting = post(tx, organizationId, audit, draft)
    // Awaited in the next turn, or below: until then a failure is nobody's.
    posting.catch(() => {})
    await posted
    posted = posting.then(() => onPosted(rows.length))
    posted.catch(() => {})
  }
  await posted
}

/** Posts what became of the invoices that the books have. */
export async function postChanges(
  tx: Tx,
  audit: Audit,
  books: Books,
  today: Day,
  onPosted: OnPosted,
): Promise<void> {
  const { organizationId } = books
  for await (const rows of changedRows(tx, books)) {
    const ids = rows.flatMap(({ invoiceId, disputeId }) =>
      disputeId === null ? [invoiceId] : [invoiceId, disputeId],
    )
    // They were locked when they were compared.
    const locked = await readItems(tx, organizationId, ids)
    const draft = emptyDraft()
    for (const row of rows) addChanges(draft, row, locked, today)
    if (rows.length > 0) await post(tx, organizationId, audit, { ...draft, locked })
    onPosted(rows.length)
  }
}

type NewRecord = {
  readonly number: string
  readonly source_key: string | null
  readonly customer_id: string
  readonly combination: number
  readonly amount: bigint
  readonly tax: bigint | null
  readonly disputed: boolean
  readonly due_derived: boolean
  readonly issued_on: Day
  readonly due_on: Day
  readonly settled_on: Day | null
  readonly ordered_on: Day | null
  readonly delivered_on: Day | null
  readonly sent_on: Day | null
  readonly received_on: Day | null
  readonly approved_on: Day | null
}

const newInvoiceOf = (row: NewRecord, segmentId: number, currency: string) => ({
  number: row.number,
  sourceKey: row.source_key,
  customerId: row.customer_id,
  segmentId,
  currency,
  amount: row.amount,
  tax: row.tax,
  issuedOn: row.issued_on,
  dueOn: row.due_on,
  dueDerived: row.due_derived,
  settledOn: row.settled_on,
  disputed: row.disputed,
  orderedOn: row.ordered_on,
  deliveredOn: row.delivered_on,
  sentOn: row.sent_on,
  receivedOn: row.received_on,
  approvedOn: row.approved_on,
})
