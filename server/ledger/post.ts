/**
 * The posting function: the only writer of items, ledger entries, flow, open spans and customer balances. Whatever
 * changes receivables, an import and the demo data included, comes through here, inside the caller's transaction.
 */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { installmentStates, type Entry } from '../domain/invoice.ts'
import { openSpans, type History, type ItemKind } from '../domain/projection.ts'
import type { Audit } from './audit.ts'
import { flowOf, insertRows } from './flow-sums.ts'
import type { Item } from './histories.ts'
import { dates, insertItems, itemOf, type NewItem } from './new-items.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

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
    insertEntries(tx, organizationId, audit, changes),
    insertFlow(tx, organizationId, audit, changes),
    replaceOpenSpans(tx, organizationId, changes),
    addToCustomerState(tx, organizationId, changes),
    updateDueDates(tx, organizationId, changes),
  ])
}

/** An item before and after the posting. */
type Change = {
  /** Without entries where the posting makes it. */
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
  const fresh = new Map(items.map((item) => [item.id, itemOf(item)]))
  return [...added].map(([itemId, itemEntries]) => {
    const created = fresh.get(itemId)
    const item = created ?? locked.get(itemId)
    if (item === undefined) throw new Error(`Item ${itemId} is neither new nor locked`)
    const after = { ...item, entries: [...item.entries, ...itemEntries] }
    return { item, isNew: created !== undefined, added: itemEntries, after }
  })
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
      effective_on, occurred_on, due_on, counterpart_id, code, segment_id, reason)
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
      ${arrayOf(entries.map((entry) => entry.code ?? null))}::text[],
      ${arrayOf(entries.map((entry) => entry.segmentId ?? null))}::int[],
      ${arrayOf(entries.map((entry) => entry.reason ?? null))}::text[])`
}

const insertFlow = (
  tx: Tx,
  organizationId: string,
  audit: Audit,
  changes: readonly Change[],
): Promise<void> =>
  insertRows(
    tx,
    organizationId,
    audit.recordedAt,
    flowOf(
      changes.map(({ item, isNew, after }) => ({ shares: item.shares, before: isNew ? null : item, after })),
    ),
  )

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
    const byDay = change.after.entries.toSorted((a, b) => a.effectiveOn - b.effectiveOn)
    const installments = installmentStates(byDay)
    return Math.max(...installments.map((installment) => installment.dueOn))
  })
  await tx.sql`
    update invoice set due_on = changed.due_on
    from unnest(${arrayOf(reDated.map((change) => change.item.id))}::uuid[], ${dates(dueDays)}::date[]) as changed (id, due_on)
    where invoice.organization_id = ${organizationId} and invoice.id = changed.id`
}
