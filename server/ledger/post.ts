/**
 * The posting function: the only writer of items, ledger entries, flow, open spans and customer balances. Whatever
 * changes receivables, an import and the demo data included, comes through here, inside the caller's transaction.
 */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { installmentStates, type Entry } from '../domain/invoice.ts'
import { openSpans, type History, type ItemKind, type OpenSpan } from '../domain/projection.ts'
import { asWritten, newAudit, newAudits, type Audit, type AuditRecord, type Author } from './audit.ts'
import { flowOf, insertRows } from './flow-sums.ts'
import type { Item } from './histories.ts'
import { dates, insertItems, itemOf, type NewItem } from './new-items.ts'
import type { Fragment, Tx } from '@tidemark/drizzle/transaction.ts'

export type NewEntry = Entry & {
  readonly itemId: string
  readonly reason?: string | null
  /** Of several audit rows of one posting: the one that it belongs to. */
  readonly auditId?: string
}

export type Posting = {
  readonly items?: readonly NewItem[]
  /** Existing items that get entries, as `lockItems` gave them. */
  readonly locked?: ReadonlyMap<string, Item>
  /** In the order in which they happen. */
  readonly entries: readonly NewEntry[]
}

/** Appends the entries, and what they change, to the books. The caller holds the locks and has checked the amounts. */
export async function post(tx: Tx, organizationId: string, audit: Audit, posting: Posting): Promise<void> {
  const { before, writes } = writesOf(tx, organizationId, audit, posting)
  await Promise.all([...before, together(tx, writes, 'select')])
}

/** As `post`, for a command that posts once: its audit row is written by the same statement. */
export async function postAudited(
  tx: Tx,
  author: Author,
  record: AuditRecord,
  posting: Posting,
): Promise<Audit> {
  const audit = newAudit(tx, author, record)
  const stamp = { id: audit.id, recordedAt: tx.sql`(select recorded_at from written0)` }
  const { before, writes } = writesOf(tx, author.organization.id, stamp, posting)
  const written = together(tx, [audit.write, ...writes], 'select recorded_at, hash from written0')
  const [rows] = await Promise.all([written, ...before])
  return asWritten(audit, rows)
}

/** As `postAudited`, for many changes at once, each with an audit row of its own, which its entries name. */
export async function postManyAudited(
  tx: Tx,
  author: Author,
  action: string,
  records: readonly (Omit<AuditRecord, 'action'> & { readonly id: string })[],
  posting: Omit<Posting, 'entries'> & { readonly entries: readonly (NewEntry & { auditId: string })[] },
): Promise<void> {
  const audits = newAudits(tx, author, action, records)
  const stamp = { id: null, recordedAt: tx.sql`(select recorded_at from written0 limit 1)` }
  const { before, writes } = writesOf(tx, author.organization.id, stamp, posting)
  await Promise.all([together(tx, [audits, ...writes], 'select'), ...before])
}

/** Which audit row entries belong to that name none, and when all are recorded: given, or selected. */
type Stamp = { readonly id: string | null; readonly recordedAt: string | Fragment }

/** `writes` make one statement, at the end of which whatever they refer to is there; `before` must come before it. */
function writesOf(
  tx: Tx,
  organizationId: string,
  stamp: Stamp,
  posting: Posting,
): { readonly before: readonly Promise<unknown>[]; readonly writes: readonly Fragment[] } {
  const items = posting.items ?? []
  const changes = changesOf(items, posting.locked ?? new Map(), posting.entries)
  const spans = changedSpans(changes)
  const writes = [
    ...insertItems(tx, organizationId, items),
    insertEntries(tx, organizationId, stamp, changes),
    insertFlow(tx, organizationId, stamp, changes),
    insertOpenSpans(tx, organizationId, spans),
    addToCustomerState(tx, organizationId, changes),
    updateDueDates(tx, organizationId, changes),
  ]
  return {
    before: deleteOpenSpans(tx, organizationId, spans),
    writes: writes.filter((write) => write !== null),
  }
}

/** The texts around so many writes, and what is selected then: a driver's fragment for each would cost more than they. */
const texts = new Map<string, TemplateStringsArray>()

/** One statement of all of them; `then` may select from the first, `written0`. */
function together({ sql }: Tx, writes: readonly Fragment[], then: string): Fragment {
  const key = `${writes.length} ${then}`
  let text = texts.get(key)
  if (text === undefined) {
    const parts = [
      ...writes.map((_, index) => `${index === 0 ? 'with' : '),'} written${index} as (`),
      `) ${then}`,
    ]
    texts.set(key, (text = Object.assign(parts, { raw: parts })))
  }
  return sql(text, ...writes)
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

function insertEntries(tx: Tx, organizationId: string, stamp: Stamp, changes: readonly Change[]): Fragment {
  const entries = changes.flatMap(({ added }) => added)
  const sequences = changes.flatMap(({ item, added }) =>
    added.map((_, index) => item.entries.length + index + 1),
  )
  return tx.sql`
    insert into ledger_entry (organization_id, recorded_at, audit_id, item_id, sequence, kind, installment, amount,
      effective_on, occurred_on, due_on, counterpart_id, code, segment_id, reason)
    select ${organizationId}, ${stamp.recordedAt}, * from unnest(
      ${arrayOf(entries.map((entry) => entry.auditId ?? stamp.id))}::uuid[],
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
  stamp: Stamp,
  changes: readonly Change[],
): Fragment | null =>
  insertRows(
    tx,
    organizationId,
    stamp.recordedAt,
    flowOf(
      changes.map(({ item, isNew, after }) => ({ shares: item.shares, before: isNew ? null : item, after })),
    ),
  )

type ChangedSpans = { readonly item: Item; readonly isNew: boolean; readonly spans: readonly OpenSpan[] }

/** Most postings leave an invoice as open as it was. */
const changedSpans = (changes: readonly Change[]): readonly ChangedSpans[] =>
  changes.flatMap(({ item, isNew, after }) => {
    if (item.kind === 'DISPUTE') return []
    const spans = openSpans(after)
    return !isNew && isSame(openSpans(item), spans) ? [] : [{ item, isNew, spans }]
  })

const isSame = (some: readonly OpenSpan[], others: readonly OpenSpan[]): boolean =>
  some.length === others.length &&
  some.every(
    ({ opensOn, closesOn }, index) =>
      opensOn === others[index]?.opensOn && closesOn === others[index]?.closesOn,
  )

function deleteOpenSpans(
  tx: Tx,
  organizationId: string,
  changed: readonly ChangedSpans[],
): readonly Promise<unknown>[] {
  const existing = changed.filter(({ isNew }) => !isNew).map(({ item }) => item.id)
  if (existing.length === 0) return []
  return [
    tx.sql`delete from open_span where organization_id = ${organizationId} and item_id = any(${existing})`.execute(),
  ]
}

function insertOpenSpans(tx: Tx, organizationId: string, changed: readonly ChangedSpans[]): Fragment | null {
  const rows = changed.flatMap(({ item, spans }) => spans.map((span) => ({ ...span, item })))
  if (rows.length === 0) return null
  return tx.sql`
    insert into open_span (organization_id, item_id, opens_on, closes_on, customer_id)
    select ${organizationId}, * from unnest(
      ${arrayOf(rows.map(({ item }) => item.id))}::uuid[],
      ${dates(rows.map(({ opensOn }) => opensOn))}::date[],
      ${dates(rows.map(({ closesOn }) => closesOn))}::date[],
      ${arrayOf(rows.map(({ item }) => item.customerId))}::uuid[])`
}

function addToCustomerState(tx: Tx, organizationId: string, changes: readonly Change[]): Fragment | null {
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
  if (rows.length === 0) return null
  const seen = new Set<string>()
  const isSecond = rows.map(({ customerId }) => seen.size === seen.add(customerId).size)
  // Whoever makes new items holds the customer: no two make its first row.
  return tx.sql`
    insert into customer_state (organization_id, customer_id, currency, receivable, unapplied, is_further)
    select ${organizationId}, customer_id, currency, receivable, unapplied, is_second or exists (
      select from customer_state as known
      where known.organization_id = ${organizationId} and known.customer_id = given.customer_id
        and known.currency <> given.currency
    )
    from unnest(
      ${arrayOf(rows.map((row) => row.customerId))}::uuid[],
      ${arrayOf(rows.map((row) => row.currency))}::text[],
      ${arrayOf(rows.map((row) => row.receivable))}::bigint[],
      ${arrayOf(rows.map((row) => row.unapplied))}::bigint[],
      ${arrayOf(isSecond)}::bool[]) as given (customer_id, currency, receivable, unapplied, is_second)
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
function updateDueDates(tx: Tx, organizationId: string, changes: readonly Change[]): Fragment | null {
  const reDated = changes.filter(({ added }) => added.some((entry) => entry.kind === 'RE_DATED'))
  if (reDated.length === 0) return null
  const dueDays = reDated.map((change) => {
    const byDay = change.after.entries.toSorted((a, b) => a.effectiveOn - b.effectiveOn)
    const installments = installmentStates(byDay)
    return Math.max(...installments.map((installment) => installment.dueOn))
  })
  return tx.sql`
    update invoice set due_on = changed.due_on
    from unnest(${arrayOf(reDated.map((change) => change.item.id))}::uuid[], ${dates(dueDays)}::date[]) as changed (id, due_on)
    where invoice.organization_id = ${organizationId} and invoice.id = changed.id`
}
