/**
 * The posting function: the only writer of items, ledger entries, flow, open spans and customer balances. Whatever
 * changes receivables, an import and the demo data included, comes through here, inside the caller's transaction.
 */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { formatDay, type Day } from '../domain/day.ts'
import { installmentStates, type Entry } from '../domain/invoice.ts'
import type { FlowRow, Measure } from '../domain/measures.ts'
import { openSpans, project, type History, type ItemKind } from '../domain/projection.ts'
import type { Audit } from './audit.ts'
import type { Item } from './histories.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** An item that this posting makes, with the row of its own kind. */
export type NewItem = Omit<Item, 'entries' | 'kind'> &
  (
    | { readonly kind: 'INVOICE'; readonly invoice: InvoiceDetail }
    | { readonly kind: 'RECEIPT'; readonly reference: string | null }
    | { readonly kind: 'CREDIT_NOTE' | 'DISPUTE' }
  )

/** What a bill says beside its amounts; `startsOn` is its invoice date. */
export type InvoiceDetail = {
  readonly number: string
  /** Its key in the system that it was imported from. */
  readonly sourceKey?: string | null
  readonly dueOn: Day
  readonly dueDerived: boolean
  readonly orderedOn?: Day | null
  readonly deliveredOn?: Day | null
  readonly sentOn?: Day | null
  readonly receivedOn?: Day | null
  readonly approvedOn?: Day | null
  readonly replacesId?: string | null
}

export type NewEntry = Entry & { readonly itemId: string; readonly reason?: string | null }

export type Posting = {
  readonly items?: readonly NewItem[]
  /** Existing items that get entries, as `lockItems` gave them. */
  readonly locked?: ReadonlyMap<string, Item>
  /** In the order in which they happen. */
  readonly entries: readonly NewEntry[]
}

/** Appends the entries, and what they change, to the books. The caller holds the locks and has checked the amounts. */
export async function post(tx: Tx, organizationId: string, audit: Audit, posting: Posting): Promise<void> {
  const items = posting.items ?? []
  const changes = changesOf(items, posting.locked ?? new Map(), posting.entries)
  // Sent together, carried out in this order: what a row refers to comes before it.
  await Promise.all([
    insertItems(tx, organizationId, items),
    insertInvoices(tx, organizationId, items),
    insertReceipts(tx, organizationId, items),
    insertEntries(tx, organizationId, audit, changes),
    insertFlow(tx, organizationId, audit, changes),
    replaceOpenSpans(tx, organizationId, changes),
    addToCustomerState(tx, organizationId, changes),
    updateDueDates(tx, organizationId, changes),
  ])
}

/** An item before and after the posting. */
type Change = {
  readonly item: Item
  readonly isNew: boolean
  readonly added: readonly NewEntry[]
  readonly after: History
}

function changesOf(
  items: readonly NewItem[],
  locked: ReadonlyMap<string, Item>,
  entries: readonly NewEntry[],
): Change[] {
  const added = Map.groupBy(entries, (entry) => entry.itemId)
  const fresh = new Map(items.map((item) => [item.id, { ...item, entries: [] }]))
  return [...added].map(([itemId, itemEntries]) => {
    const created = fresh.get(itemId)
    const item = created ?? locked.get(itemId)
    if (item === undefined) throw new Error(`Item ${itemId} is neither new nor locked`)
    const { kind, startsOn } = item
    const after = { kind, startsOn, entries: [...item.entries, ...itemEntries] }
    return { item, isNew: created !== undefined, added: itemEntries, after }
  })
}

const dates = (days: readonly (Day | null | undefined)[]) =>
  arrayOf(days.map((day) => (day === null || day === undefined ? null : formatDay(day))))

async function insertItems(tx: Tx, organizationId: string, items: readonly NewItem[]): Promise<void> {
  if (items.length === 0) return
  await tx.sql`
    insert into item (organization_id, id, kind, customer_id, segment_id, starts_on)
    select ${organizationId}, * from unnest(
      ${arrayOf(items.map((item) => item.id))}::uuid[],
      ${arrayOf(items.map((item) => item.kind))}::item_kind[],
      ${arrayOf(items.map((item) => item.customerId))}::uuid[],
      ${arrayOf(items.map((item) => item.segmentId))}::int[],
      ${dates(items.map((item) => item.startsOn))}::date[])`
}

async function insertInvoices(tx: Tx, organizationId: string, items: readonly NewItem[]): Promise<void> {
  const bills = items.filter((item) => item.kind === 'INVOICE')
  const invoices = bills.map((item) => item.invoice)
  if (bills.length === 0) return
  await tx.sql`
    insert into invoice (organization_id, id, number, source_key, issued_on, due_on, due_derived,
      ordered_on, delivered_on, sent_on, received_on, approved_on, replaces_id)
    select ${organizationId}, * from unnest(
      ${arrayOf(bills.map((item) => item.id))}::uuid[],
      ${arrayOf(invoices.map((invoice) => invoice.number))}::text[],
      ${arrayOf(invoices.map((invoice) => invoice.sourceKey ?? null))}::text[],
      ${dates(bills.map((item) => item.startsOn))}::date[],
      ${dates(invoices.map((invoice) => invoice.dueOn))}::date[],
      ${arrayOf(invoices.map((invoice) => invoice.dueDerived))}::bool[],
      ${dates(invoices.map((invoice) => invoice.orderedOn))}::date[],
      ${dates(invoices.map((invoice) => invoice.deliveredOn))}::date[],
      ${dates(invoices.map((invoice) => invoice.sentOn))}::date[],
      ${dates(invoices.map((invoice) => invoice.receivedOn))}::date[],
      ${dates(invoices.map((invoice) => invoice.approvedOn))}::date[],
      ${arrayOf(invoices.map((invoice) => invoice.replacesId ?? null))}::uuid[])`
}

async function insertReceipts(tx: Tx, organizationId: string, items: readonly NewItem[]): Promise<void> {
  const receipts = items.filter((item) => item.kind === 'RECEIPT')
  if (receipts.length === 0) return
  await tx.sql`
    insert into receipt (organization_id, id, reference, received_on)
    select ${organizationId}, * from unnest(
      ${arrayOf(receipts.map((receipt) => receipt.id))}::uuid[],
      ${arrayOf(receipts.map((receipt) => receipt.reference))}::text[],
      ${dates(receipts.map((receipt) => receipt.startsOn))}::date[])`
}

async function insertEntries(
  tx: Tx,
  organizationId: string,
  audit: Audit,
  changes: readonly Change[],
): Promise<void> {
  const entries = changes.flatMap(({ added }) => added)
  const sequences = changes.flatMap(({ item, added }) =>
    added.map((_, index) => item.entries.length + index + 1),
  )
  await tx.sql`
    insert into ledger_entry (organization_id, audit_id, recorded_at, item_id, sequence, kind, installment, amount,
      effective_on, occurred_on, due_on, counterpart_id, reason)
    select ${organizationId}, ${audit.id}, ${audit.recordedAt}, * from unnest(
      ${arrayOf(entries.map((entry) => entry.itemId))}::uuid[],
      ${arrayOf(sequences)}::int[],
      ${arrayOf(entries.map((entry) => entry.kind))}::entry_kind[],
      ${arrayOf(entries.map((entry) => entry.installment))}::smallint[],
      ${arrayOf(entries.map((entry) => entry.amount))}::bigint[],
      ${dates(entries.map((entry) => entry.effectiveOn))}::date[],
      ${dates(entries.map((entry) => entry.occurredOn))}::date[],
      ${dates(entries.map((entry) => entry.dueOn))}::date[],
      ${arrayOf(entries.map((entry) => entry.counterpartId))}::uuid[],
      ${arrayOf(entries.map((entry) => entry.reason ?? null))}::text[])`
}

async function insertFlow(
  tx: Tx,
  organizationId: string,
  audit: Audit,
  changes: readonly Change[],
): Promise<void> {
  const rows = flowOf(changes)
  if (rows.length === 0) return
  await tx.sql`
    insert into flow (organization_id, recorded_at, measure, day, anchor, segment_id, amount, count, days, amount_days)
    select ${organizationId}, ${audit.recordedAt}, * from unnest(
      ${arrayOf(rows.map((row) => row.measure))}::text[],
      ${dates(rows.map((row) => row.day))}::date[],
      ${dates(rows.map((row) => row.anchor))}::date[],
      ${arrayOf(rows.map((row) => row.segmentId))}::int[],
      ${arrayOf(rows.map((row) => row.amount))}::bigint[],
      ${arrayOf(rows.map((row) => row.count))}::int[],
      ${arrayOf(rows.map((row) => row.days))}::bigint[],
      ${arrayOf(rows.map((row) => row.amountDays))}::numeric[])`
}

type SegmentFlow = { -readonly [Field in keyof FlowRow]: FlowRow[Field] } & { segmentId: number }

/**
 * project(after) - project(before), summed up per segment, measure, anchor and day: a posting of many items, such as
 * an import, writes a fraction of the rows that its items have.
 */
function flowOf(changes: readonly Change[]): SegmentFlow[] {
  const sums: FlowSums = new Map()
  for (const { item, isNew, after } of changes) {
    if (!isNew) {
      for (const row of project(item)) {
        const sum = sumFor(sums, item.segmentId, row)
        sum.amount -= row.amount
        sum.count -= row.count
        sum.days -= row.days
        sum.amountDays -= row.amountDays
      }
    }
    for (const row of project(after)) {
      const sum = sumFor(sums, item.segmentId, row)
      sum.amount += row.amount
      sum.count += row.count
      sum.days += row.days
      sum.amountDays += row.amountDays
    }
  }
  const rows = [...sums.values()].flatMap((measures) =>
    [...measures.values()].flatMap((days) => [...days.values()]),
  )
  return rows.filter(
    (sum) => sum.amount !== 0n || sum.count !== 0 || sum.days !== 0n || sum.amountDays !== 0n,
  )
}

/** By segment, by measure, by anchor and day. A key of text would be most of the garbage of an import. */
type FlowSums = Map<number, Map<Measure, Map<number, SegmentFlow>>>

/** More than the last day that books may hold, so that anchor and day make one number. */
const DAYS_MAX = 2 ** 20

function sumFor(sums: FlowSums, segmentId: number, { measure, anchor, day }: FlowRow): SegmentFlow {
  let ofSegment = sums.get(segmentId)
  if (ofSegment === undefined) sums.set(segmentId, (ofSegment = new Map()))
  let ofMeasure = ofSegment.get(measure)
  if (ofMeasure === undefined) ofSegment.set(measure, (ofMeasure = new Map()))
  const key = anchor * DAYS_MAX + day
  let sum = ofMeasure.get(key)
  if (sum === undefined) {
    sum = { segmentId, measure, anchor, day, amount: 0n, count: 0, days: 0n, amountDays: 0n }
    ofMeasure.set(key, sum)
  }
  return sum
}

async function replaceOpenSpans(tx: Tx, organizationId: string, changes: readonly Change[]): Promise<void> {
  const changed = changes.filter((change) => change.item.kind !== 'DISPUTE')
  const existing = changed.filter((change) => !change.isNew).map((change) => change.item.id)
  const spans = changed.flatMap((change) =>
    openSpans(change.after).map((span) => ({
      ...span,
      itemId: change.item.id,
      customerId: change.item.customerId,
    })),
  )
  const deleted =
    existing.length === 0
      ? null
      : tx.sql`delete from open_span where organization_id = ${organizationId} and item_id = any(${existing})`
  await Promise.all([
    deleted,
    spans.length === 0
      ? null
      : tx.sql`
    insert into open_span (organization_id, item_id, opens_on, closes_on, customer_id)
    select ${organizationId}, * from unnest(
      ${arrayOf(spans.map((span) => span.itemId))}::uuid[],
      ${dates(spans.map((span) => span.opensOn))}::date[],
      ${dates(spans.map((span) => span.closesOn))}::date[],
      ${arrayOf(spans.map((span) => span.customerId))}::uuid[])`,
  ])
}

async function addToCustomerState(tx: Tx, organizationId: string, changes: readonly Change[]): Promise<void> {
  const sums = new Map<
    string,
    { customerId: string; currency: string; receivable: bigint; unapplied: bigint }
  >()
  for (const { item, added } of changes) {
    const side = sideOf(item.kind)
    if (side === null) continue
    const { customerId, currency } = item
    const key = `${customerId} ${currency}`
    const sum = sums.get(key) ?? { customerId, currency, receivable: 0n, unapplied: 0n }
    for (const entry of added) sum[side] += entry.amount
    sums.set(key, sum)
  }
  const rows = [...sums.values()]
  if (rows.length === 0) return
  await tx.sql`
    insert into customer_state (organization_id, customer_id, currency, receivable, unapplied)
    select ${organizationId}, * from unnest(
      ${arrayOf(rows.map((row) => row.customerId))}::uuid[],
      ${arrayOf(rows.map((row) => row.currency))}::text[],
      ${arrayOf(rows.map((row) => row.receivable))}::bigint[],
      ${arrayOf(rows.map((row) => row.unapplied))}::bigint[])
    on conflict (organization_id, customer_id, currency) do update set
      receivable = customer_state.receivable + excluded.receivable,
      unapplied = customer_state.unapplied + excluded.unapplied`
}

function sideOf(kind: ItemKind): 'receivable' | 'unapplied' | null {
  switch (kind) {
    case 'INVOICE':
      return 'receivable'
    case 'RECEIPT':
    case 'CREDIT_NOTE':
      return 'unapplied'
    case 'DISPUTE':
      return null
  }
}

/** A re-dated invoice's due date for lists: the last over its installments. */
async function updateDueDates(tx: Tx, organizationId: string, changes: readonly Change[]): Promise<void> {
  const reDated = changes.filter(({ added }) => added.some((entry) => entry.kind === 'RE_DATED'))
  if (reDated.length === 0) return
  const dueDays = reDated.map((change) => {
    const installments = installmentStates(change.after.entries)
    return Math.max(...installments.map((installment) => installment.dueOn))
  })
  await tx.sql`
    update invoice set due_on = changed.due_on
    from unnest(${arrayOf(reDated.map((change) => change.item.id))}::uuid[], ${dates(dueDays)}::date[]) as changed (id, due_on)
    where invoice.organization_id = ${organizationId} and invoice.id = changed.id`
}
