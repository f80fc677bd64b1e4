/**
 * What the books would be had something not happened since a day: write-offs, credit notes, discounts, adjustments, or that
 * invoices were re-dated. For KPIs that look at due dates no sum tells that, so the items that it happened to are projected
 * once more without it; the difference is what is to be added to the books.
 */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { bookRow, type BookRow } from '../domain/book.ts'
import { formatDay, type Day } from '../domain/day.ts'
import { project } from '../domain/projection.ts'
import { undo, undoableKinds, type Undoing } from '../domain/undo.ts'
import { readItems, type Item } from '../ledger/histories.ts'
import { readHorizon } from './customer-rows.ts'

export type Wanted = Pick<Undoing, 'guard' | 'since'>

/** A row that undoing adds to the books. */
export type UndoneRow = { readonly row: BookRow; readonly segmentId: number; readonly customerId: string }

/** Null where it happened to so many items that nobody would wait for it. */
export type Undone = (wanted: Wanted) => readonly UndoneRow[] | null

type Query = {
  readonly organizationId: string
  readonly wanted: readonly Wanted[]
  /** The same is asked for each time that something happens. */
  readonly isRepeated: boolean
}

/** It happened to the item on the day. */
type Touch = { readonly itemId: string; readonly kind: string; readonly day: Day }

type Known = {
  /** The first transaction that may have been running, or not begun, when it was read. */
  readonly since: string
  /** All touches of later days are known. */
  readonly after: Day
  readonly touches: readonly Touch[]
  readonly items: Map<string, Item>
}

/** Per database and organization what was known last. */
const knownIn = new WeakMap<object, Map<string, Known>>()
const TOUCHES_MAX = 20_000
/** Of one thing that is undone. */
const ITEMS_MAX = 1_000
/** Organizations, each with some megabytes at most. */
const KNOWN_MAX = 500

export async function readUndone(tx: Tx, { organizationId, wanted, isRepeated }: Query): Promise<Undone> {
  if (wanted.length === 0) return () => null
  const after = Math.min(...wanted.map(({ since }) => since))
  const all = knownIn.get(tx.database) ?? new Map<string, Known>()
  knownIn.set(tx.database, all)
  const keeps = isRepeated && tx.isSnapshot
  const last = keeps ? all.get(organizationId) : undefined
  // Set again by whoever succeeds.
  if (keeps) all.delete(organizationId)
  const isWithin = last !== undefined && last.after <= after
  const known =
    (isWithin ? await readOn(tx, organizationId, last) : null) ?? (await readAnew(tx, organizationId, after))
  const found = new Map<string, readonly UndoneRow[] | null>()
  for (const one of wanted) {
    if (!found.has(nameOf(one))) found.set(nameOf(one), await rowsOf(tx, organizationId, one, known))
  }
  if (keeps) {
    if (all.size >= KNOWN_MAX) all.clear()
    all.set(organizationId, known)
  }
  return (one) => found.get(nameOf(one)) ?? null
}

const nameOf = ({ guard, since }: Wanted): string => `${guard} ${since}`

async function rowsOf(
  tx: Tx,
  organizationId: string,
  { guard, since }: Wanted,
  { after, touches, items }: Known,
): Promise<readonly UndoneRow[] | null> {
  if (since < after) return null
  const kind = undoableKinds[guard]
  const touched = [
    ...new Set(touches.flatMap((one) => (one.kind === kind && one.day > since ? [one.itemId] : []))),
  ]
  if (touched.length > ITEMS_MAX) return null
  await addItems(tx, organizationId, items, touched)
  const credited = guard === 'CREDITED' ? appliedTo(touched, items) : []
  await addItems(tx, organizationId, items, credited)
  const notes = new Set(touched)
  const undoing = { guard, since, isUndone: (id: string) => notes.has(id) }
  return [...new Set([...touched, ...credited])].flatMap((id) => {
    const item = items.get(id)
    return item === undefined ? [] : differenceOf(item, undoing)
  })
}

/** The invoices that credit notes were applied to. */
const appliedTo = (noteIds: readonly string[], items: ReadonlyMap<string, Item>): string[] =>
  noteIds.flatMap(
    (id) =>
      items
        .get(id)
        ?.entries.flatMap(({ kind, counterpartId }) => (kind === 'APPLIED' ? (counterpartId ?? []) : [])) ??
      [],
  )

async function addItems(
  tx: Tx,
  organizationId: string,
  items: Map<string, Item>,
  ids: readonly string[],
): Promise<void> {
  const missing = [...new Set(ids)].filter((id) => !items.has(id))
  for (const [id, item] of await readItems(tx, organizationId, missing)) items.set(id, item)
}

/** By item, which is read anew whenever anything happens to it. */
const differences = new WeakMap<Item, Map<string, readonly UndoneRow[]>>()

function differenceOf(item: Item, undoing: Undoing): readonly UndoneRow[] {
  const own = differences.get(item) ?? new Map<string, readonly UndoneRow[]>()
  differences.set(item, own)
  const name = nameOf(undoing)
  const rows = own.get(name) ?? [...signed(undo(item, undoing), 1), ...signed(item, -1)]
  own.set(name, rows)
  return rows
}

/** Where history was: goals are measured there. */
const signed = (item: Item, sign: 1 | -1): UndoneRow[] =>
  project(item, item.shares).flatMap(({ segmentId, asIs, ...row }) =>
    asIs
      ? []
      : [
          {
            segmentId,
            customerId: item.customerId,
            row: bookRow(
              {
                ...row,
                amount: row.amount * BigInt(sign),
                count: row.count * sign,
                days: row.days * BigInt(sign),
                amountDays: row.amountDays * BigInt(sign),
              },
              item.currency,
            ),
          },
        ],
  )

type TouchRecord = { readonly item_id: string; readonly kind: string; readonly day: Day }

const touchOf = ({ item_id, kind, day }: TouchRecord): Touch => ({ itemId: item_id, kind, day })

const kinds = arrayOf([...new Set(Object.values(undoableKinds))])

/** By the index of what is no billing and no settling; latest first, so that what is left out is the oldest. */
async function readAnew(tx: Tx, organizationId: string, after: Day): Promise<Known> {
  const [since, records] = await Promise.all([
    readHorizon(tx),
    tx.sql<TouchRecord[]>`
      select item_id, kind::text, effective_on - date '1970-01-01' as day from ledger_entry
      where organization_id = ${organizationId} and effective_on > ${formatDay(after)}::date
        and kind not in ('INVOICED', 'PAYMENT_APPLIED', 'CREDIT_APPLIED', 'RECEIVED', 'APPLIED', 'DISPUTE_OPENED', 'DISPUTE_RESOLVED')
        and kind::text = any(${kinds}::text[])
      order by organization_id, effective_on desc limit ${TOUCHES_MAX + 1}`,
  ])
  const isAll = records.length <= TOUCHES_MAX
  const touches = records.map(touchOf)
  return { since, after: isAll ? after : (touches.at(-1)?.day ?? after), touches, items: new Map() }
}

/** What was known, with what was posted since; null where that is too much. */
async function readOn(tx: Tx, organizationId: string, known: Known): Promise<Known | null> {
  const [since, records] = await Promise.all([
    readHorizon(tx),
    tx.sql<TouchRecord[]>`
      select e.item_id, e.kind::text, e.effective_on - date '1970-01-01' as day
      from (
        select distinct recorded_at from flow where organization_id = ${organizationId} and xid >= ${known.since}::xid8
      ) news
      join ledger_entry e on e.organization_id = ${organizationId} and e.recorded_at = news.recorded_at
      limit ${TOUCHES_MAX + 1}`,
  ])
  if (records.length + known.touches.length > 2 * TOUCHES_MAX) return null
  const posted = new Set(records.map(({ item_id }) => item_id))
  const items = new Map([...known.items].filter(([id]) => !posted.has(id)))
  // A posting that was still under way may be seen twice; items are told once.
  const isNew = ({ kind, day }: Touch) => day > known.after && Object.hasOwn(undoableKinds, kind)
  const fresh = records.map(touchOf).filter(isNew)
  return {
    since,
    after: known.after,
    touches: fresh.length === 0 ? known.touches : [...known.touches, ...fresh],
    items,
  }
}
