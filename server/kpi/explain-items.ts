/**
 * Reads what explains a KPI out of the ledger's entries, as known at a moment: the quantities of two days, by customer
 * and segment, or item by item.
 *
 * Most items are in one segment and stay there: PostgreSQL adds those up. Those with shares or moves are read with all
 * their entries and projected as the posting function does, so that they are in the segments where the KPI store has
 * them.
 */
import { microseconds } from '@tidemark/drizzle/columns.ts'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { formatDay } from '../domain/day.ts'
import { noQuantities, quantityNames, type Quantities, type Sides } from '../domain/explain-formulas.ts'
import { isNothing, itemQuantities, type DisputeEntry, type Moment } from '../domain/explain-items.ts'
import type { ItemKind } from '../domain/projection.ts'
import { readItems } from '../ledger/histories.ts'

export type Moments = readonly [Moment, Moment]

/** What a customer has in a segment; with `items` asked for, what one item has. */
export type QuantitiesRow = {
  readonly customerId: string
  readonly segmentId: number
  readonly itemId: string | null
  readonly kind: ItemKind | null
  readonly sides: Sides
}

export type QuantitiesQuery = {
  readonly organizationId: string
  readonly moments: Moments
  readonly knownAt: Temporal.Instant
  /** Only of these, and item by item; null for all, added up. */
  readonly customerIds: readonly string[] | null
}

/** Ascending by customer, segment and item. */
export async function readQuantities(tx: Tx, query: QuantitiesQuery): Promise<QuantitiesRow[]> {
  const records = await readRecords(tx, query)
  const [scattered, plain] = [
    records.filter((one) => one.is_scattered),
    records.filter((one) => !one.is_scattered),
  ]
  const rows = [...plain.map(rowOf), ...(await readScattered(tx, query, scattered))]
  return rows.sort(
    (a, b) =>
      compare(a.customerId, b.customerId) ||
      a.segmentId - b.segmentId ||
      compare(a.itemId ?? '', b.itemId ?? ''),
  )
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

type QuantityRecord = {
  item_id: string | null
  kind: ItemKind | null
  customer_id: string
  segment_id: number
  /** In several segments, or moved between them. */
  is_scattered: boolean
} & Record<string, unknown>

/** The names of the columns: a quantity's first letters and the side. */
const column = (name: keyof Quantities, side: 0 | 1): string => `${name.toLowerCase()}_${side}`

function rowOf(record: QuantityRecord): QuantitiesRow {
  const side = (which: 0 | 1): Quantities => {
    const found: { -readonly [Name in keyof Quantities]: bigint } = { ...noQuantities }
    for (const name of quantityNames) {
      // A sum over nothing is null.
      const sum = record[column(name, which)] as string | null
      if (sum !== null) found[name] = BigInt(sum)
    }
    return found
  }
  const { item_id, kind, customer_id, segment_id } = record
  return { customerId: customer_id, segmentId: segment_id, itemId: item_id, kind, sides: [side(0), side(1)] }
}

/**
 * One statement, so that all of it is of one snapshot. What is materialized is what PostgreSQL would compute for each item
 * again where it has no statistics yet. From `line`, an installment each, it goes to the sums in one step: an item
 * between them would add up all columns once more.
 *
 * Items that can have something to say: open at the end of one of the days, billed or credited in one of the windows,
 * or changed after `knownAt`, for what is open now says nothing of them. `open_span` knows of all that is committed.
 */
async function readRecords(
  tx: Tx,
  { organizationId, moments, knownAt, customerIds }: QuantitiesQuery,
): Promise<QuantityRecord[]> {
  const [first, second] = moments
  const known = microseconds(knownAt)
  const [day0, day1] = [formatDay(first.day), formatDay(second.day)]
  const [from0, from1] = [formatDay(first.window.from), formatDay(second.window.from)]
  const [due0, due1] = [formatDay(first.pastDueBefore), formatDay(second.pastDueBefore)]
  const since = formatDay(Math.min(first.window.from, second.window.from))
  const isByItem = customerIds !== null
  return tx.sql<QuantityRecord[]>`
    with candidate as (
      select id from item
      where ${isByItem} and organization_id = ${organizationId} and customer_id = any(${arrayOf(customerIds ?? [])}::uuid[])
      union
      select item_id from open_span
      where not ${isByItem} and organization_id = ${organizationId} and opens_on <= ${day1}::date
        and (closes_on is null or closes_on > ${day0}::date)
      union
      select item_id from ledger_entry
      where not ${isByItem} and organization_id = ${organizationId}
        and effective_on between ${since}::date and ${day1}::date and kind not in ${SETTLING(tx)}
        and kind in ('INVOICED', 'CORRECTED', 'VOIDED', 'CREDITED')
      union
      select item_id from ledger_entry
      where not ${isByItem} and organization_id = ${organizationId} and recorded_at > ${known}::timestamptz
    ), found as materialized (
      select i.id, i.kind, i.customer_id, i.segment_id, i.starts_on
      from candidate join item i on i.organization_id = ${organizationId} and i.id = candidate.id
    ), line as (
      select found.id, e.installment,
        coalesce(sum(e.amount) filter (where e.effective_on <= ${day0}::date), 0)::bigint as open_0,
        sum(e.amount)::bigint as open_1,
        coalesce(sum(e.amount) filter (where e.kind in ('INVOICED', 'CORRECTED', 'VOIDED')
          and e.effective_on between ${from0}::date and ${day0}::date), 0)::bigint as billed_0,
        coalesce(sum(e.amount) filter (where e.kind in ('INVOICED', 'CORRECTED', 'VOIDED')
          and e.effective_on >= ${from1}::date), 0)::bigint as billed_1,
        coalesce(sum(e.amount) filter (where e.kind = 'CREDITED'
          and e.effective_on between ${from0}::date and ${day0}::date), 0)::bigint as credited_0,
        coalesce(sum(e.amount) filter (where e.kind = 'CREDITED' and e.effective_on >= ${from1}::date), 0)::bigint as credited_1,
        max(e.due_on) filter (where e.kind = 'INVOICED') as first_due_on,
        max(${inOrder(tx)}) filter (where e.kind = 'RE_DATED' and e.effective_on <= ${day0}::date) as re_dated_0,
        max(${inOrder(tx)}) filter (where e.kind = 'RE_DATED') as re_dated_1,
        bool_or(e.kind = 'MOVED') as is_moved
      from found join ledger_entry e on e.organization_id = ${organizationId} and e.item_id = found.id
      where found.kind in ('INVOICE', 'RECEIPT', 'CREDIT_NOTE')
        and e.recorded_at <= ${known}::timestamptz and e.effective_on <= ${day1}::date
      group by found.id, e.installment
    ), part as materialized (
      select line.*, i.kind, i.customer_id, i.segment_id, first_due_on - i.starts_on as terms,
        coalesce(right(re_dated_0, 10)::date, first_due_on) as due_0,
        coalesce(right(re_dated_1, 10)::date, first_due_on) as due_1,
        billed_0 <> 0 and first_due_on >= ${due0}::date as is_expected_0,
        billed_1 <> 0 and first_due_on >= ${due1}::date as is_expected_1
      from line join found i using (id)
    ), raised as materialized (
      select id from item
      where organization_id = ${organizationId} and kind = 'DISPUTE'
        and (not ${isByItem} or customer_id = any(${arrayOf(customerIds ?? [])}::uuid[]))
    ), dispute as (
      select opened.counterpart_id as id,
        coalesce(sum(e.amount) filter (where e.effective_on <= ${day0}::date), 0)::bigint as open_0,
        sum(e.amount)::bigint as open_1
      from raised
      join ledger_entry opened on opened.organization_id = ${organizationId} and opened.item_id = raised.id
        and opened.sequence = 1
      join ledger_entry e on e.organization_id = ${organizationId} and e.item_id = raised.id
      where e.recorded_at <= ${known}::timestamptz and e.effective_on <= ${day1}::date
      group by opened.counterpart_id
    ), disputed as materialized (
      -- As much of an invoice as is past due of all its installments; told with the first of them.
      select id, min(installment) as installment,
        greatest(least(d.open_0, coalesce(sum(part.open_0) filter (where due_0 < ${due0}::date), 0)), 0)::bigint as disputed_0,
        greatest(least(d.open_1, coalesce(sum(part.open_1) filter (where due_1 < ${due1}::date), 0)), 0)::bigint as disputed_1
      from dispute d join part using (id) group by id, d.open_0, d.open_1
    ), scattered as materialized (
      select id from part where is_moved
      union
      select s.item_id from found join item_share s on s.organization_id = ${organizationId} and s.item_id = found.id
    ), told as (
      select part.*, disputed_0, disputed_1, scattered.id is not null as is_scattered,
        case when ${isByItem} or scattered.id is not null then part.id end as item_id,
        case when ${isByItem} or scattered.id is not null then part.kind end as item_kind
      from part left join disputed using (id, installment) left join scattered using (id)
    )
    select item_id, item_kind as kind, customer_id, segment_id, is_scattered,
      sum(open_0) filter (where kind = 'INVOICE' and due_0 >= ${due0}::date) as notdue_0,
      sum(open_1) filter (where kind = 'INVOICE' and due_1 >= ${due1}::date) as notdue_1,
      sum(open_0) filter (where kind = 'INVOICE' and due_0 < ${due0}::date) as pastdue_0,
      sum(open_1) filter (where kind = 'INVOICE' and due_1 < ${due1}::date) as pastdue_1,
      sum(disputed_0) as disputed_0, sum(disputed_1) as disputed_1,
      sum(open_0) filter (where due_0 >= ${due0}::date and not is_expected_0) as extended_0,
      sum(open_1) filter (where due_1 >= ${due1}::date and not is_expected_1) as extended_1,
      sum(billed_0) filter (where is_expected_0) as expected_0,
      sum(billed_1) filter (where is_expected_1) as expected_1,
      sum(open_0) filter (where kind = 'RECEIPT') as unapplied_0,
      sum(open_1) filter (where kind = 'RECEIPT') as unapplied_1,
      sum(billed_0) as billed_0, sum(billed_1) as billed_1,
      sum(billed_0::numeric * terms) filter (where billed_0 <> 0) as billeddays_0,
      sum(billed_1::numeric * terms) filter (where billed_1 <> 0) as billeddays_1,
      sum(credited_0) as credited_0, sum(credited_1) as credited_1
    from told group by 1, 2, 3, 4, 5`
}

/** Not how bills are made or changed but how they are paid: most entries. They have no place in `ledger_entry_billed`. */
const SETTLING = (tx: Tx) => tx.sql`('PAYMENT_APPLIED', 'CREDIT_APPLIED', 'RECEIVED', 'APPLIED')`

/** A text that is greater the later the entry counts, and ends with its due date: the greatest one costs no sorting. */
const inOrder = (tx: Tx) => tx.sql`concat(e.effective_on, lpad(e.sequence::text, 10, '0'), e.due_on)`

async function readScattered(
  tx: Tx,
  { organizationId, moments, knownAt, customerIds }: QuantitiesQuery,
  scattered: readonly QuantityRecord[],
): Promise<QuantitiesRow[]> {
  const ids = scattered.flatMap((record) => record.item_id ?? [])
  if (ids.length === 0) return []
  const [items, unknown, disputes] = await Promise.all([
    readItems(tx, organizationId, ids),
    readRecordedLater(tx, organizationId, ids, knownAt),
    readDisputes(tx, organizationId, ids, knownAt),
  ])
  const rows = scattered.flatMap((record): QuantitiesRow[] => {
    const item = items.get(record.item_id ?? '')
    if (item === undefined) throw new Error('An item that has entries is not there')
    // An item's entries are numbered from 1, without gaps.
    const later = unknown.get(item.id)
    const known =
      later === undefined ? item.entries : item.entries.filter((_, index) => !later.has(index + 1))
    const [before, after] = itemQuantities(
      { history: { ...item, entries: known }, shares: item.shares, disputes: disputes.get(item.id) ?? [] },
      moments,
    )
    const segmentIds = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])
    return [...segmentIds].map((segmentId) => ({
      customerId: item.customerId,
      segmentId,
      itemId: item.id,
      kind: item.kind,
      sides: [before?.get(segmentId) ?? noQuantities, after?.get(segmentId) ?? noQuantities],
    }))
  })
  return customerIds === null ? addUp(rows) : rows
}

/** Item by item is of no use where nobody asked for items. */
function addUp(rows: readonly QuantitiesRow[]): QuantitiesRow[] {
  const sums = Map.groupBy(rows, (row) => `${row.customerId} ${row.segmentId}`)
  return [...sums.values()].flatMap((same) => {
    const [one] = same
    if (one === undefined) return []
    const side = (which: 0 | 1): Quantities => {
      const sum: { -readonly [Name in keyof Quantities]: bigint } = { ...noQuantities }
      for (const { sides } of same) for (const name of quantityNames) sum[name] += sides[which][name]
      return sum
    }
    return [{ ...one, itemId: null, kind: null, sides: [side(0), side(1)] }]
  })
}

/** By item: the numbers of its entries that were recorded after `knownAt`. */
async function readRecordedLater(
  tx: Tx,
  organizationId: string,
  itemIds: readonly string[],
  knownAt: Temporal.Instant,
): Promise<Map<string, Set<number>>> {
  const records = await tx.sql<{ item_id: string; sequence: number }[]>`
    select item_id, sequence from ledger_entry
    where organization_id = ${organizationId} and item_id = any(${arrayOf(itemIds)}::uuid[])
      and recorded_at > ${microseconds(knownAt)}::timestamptz`
  const byItem = Map.groupBy(records, (record) => record.item_id)
  return new Map([...byItem].map(([id, later]) => [id, new Set(later.map(({ sequence }) => sequence))]))
}

/** By invoice: the entries of the disputes over it. */
async function readDisputes(
  tx: Tx,
  organizationId: string,
  invoiceIds: readonly string[],
  knownAt: Temporal.Instant,
): Promise<Map<string, DisputeEntry[]>> {
  const records = await tx.sql<{ invoice_id: string; amount: bigint; effective_day: number }[]>`
    select opened.counterpart_id as invoice_id, e.amount, e.effective_on - date '1970-01-01' as effective_day
    from item d
    join ledger_entry opened on opened.organization_id = d.organization_id and opened.item_id = d.id
      and opened.sequence = 1
    join ledger_entry e on e.organization_id = d.organization_id and e.item_id = d.id
    where d.organization_id = ${organizationId} and d.kind = 'DISPUTE'
      and opened.counterpart_id = any(${arrayOf(invoiceIds)}::uuid[])
      and e.recorded_at <= ${microseconds(knownAt)}::timestamptz`
  const entries = new Map<string, DisputeEntry[]>()
  for (const { invoice_id, amount, effective_day } of records) {
    const known = entries.get(invoice_id) ?? []
    entries.set(invoice_id, known)
    known.push({ amount, effectiveOn: effective_day })
  }
  return entries
}

export const saysNothing = ({ sides }: QuantitiesRow): boolean => isNothing(sides[0]) && isNothing(sides[1])
