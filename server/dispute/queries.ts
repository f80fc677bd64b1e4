import { and, eq, exists, inArray, sql, type SQL } from 'drizzle-orm'
import type { Page, SortKey } from '../connection.ts'
import { todayOf, type Context } from '../context.ts'
import { dayOf, formatDay, type Day } from '../domain/day.ts'
import { balanceNow, balanceOn } from '../domain/projection.ts'
import { limited, matchesDate, matchesItem } from '../filter.ts'
import { decodeId } from '../ids.ts'
import type { PostedEntry } from '../ledger/entries.ts'
import type { Item } from '../ledger/histories.ts'
import type { DisputeFilter, DisputeOrder } from '../schema.generated.ts'
import { listRows } from '../list.ts'
import type { ItemRow } from '@tidemark/drizzle/rows.ts'
import { item, ledgerEntry } from '@tidemark/drizzle/tables/ledger.ts'

type DisputesArguments = {
  readonly first: number
  readonly after?: string | null | undefined
  readonly filter?: DisputeFilter | null | undefined
  readonly orderBy?: readonly DisputeOrder[] | null | undefined
}

export async function listDisputes(context: Context, args: DisputesArguments): Promise<Page<ItemRow>> {
  const { reader, organization } = context
  const [order] = args.orderBy ?? []
  const keys = sortKeys(order ?? { field: 'OPENED_ON', direction: 'DESC' })
  const where = and(
    eq(item.organizationId, organization.id),
    eq(item.kind, 'DISPUTE'),
    args.filter ? matches(args.filter) : undefined,
  )
  return listRows(reader, { table: item, keys, where }, args)
}

/** What is no id of a dispute is answered like one that does not exist. */
export async function findDispute({ loaders }: Context, id: string): Promise<ItemRow | null> {
  const uuid = decodeId('dispute', id)
  return uuid === null ? null : loaders.dispute.load(uuid)
}

/** The invoice that it is about, as its first entry says. */
export function invoiceOf(dispute: Item): string {
  const invoiceId = dispute.entries[0]?.counterpartId
  if (invoiceId === null || invoiceId === undefined) throw new Error(`Dispute ${dispute.id} names no invoice`)
  return invoiceId
}

/** All that was ever disputed of it. */
export const disputed = (dispute: Item): bigint =>
  dispute.entries.reduce((sum, { kind, amount }) => (kind === 'DISPUTE_OPENED' ? sum + amount : sum), 0n)

export const openAsOf = (
  context: Context,
  dispute: Item,
  asOf: Temporal.PlainDate | null | undefined,
): bigint => balanceOn(dispute, dayOf(asOf ?? todayOf(context)))

/** Null while something is open. */
export function resolvedOn(dispute: Item): Day | null {
  const days = dispute.entries.flatMap((entry) =>
    entry.kind === 'DISPUTE_RESOLVED' && entry.amount < 0n ? [entry.occurredOn] : [],
  )
  return days.length === 0 || balanceNow(dispute) !== 0n ? null : Math.max(...days)
}

/** A dispute or a part of it that was resolved. */
export type ResolutionRow = {
  readonly minor: bigint
  readonly currency: string
  readonly resolvedOn: Day
  readonly reason: string | null
}

export const resolutionsOf = (entries: readonly PostedEntry[]): ResolutionRow[] =>
  entries.flatMap(({ kind, amount, currency, occurredOn, reason }) =>
    kind === 'DISPUTE_RESOLVED' && amount < 0n
      ? [{ minor: -amount, currency, resolvedOn: occurredOn, reason }]
      : [],
  )

/** What was resolved by a settlement that was taken back, and is disputed again. */
export type ReopeningRow = {
  readonly minor: bigint
  readonly currency: string
  readonly reopenedOn: Day
  readonly reason: string | null
}

export const reopeningsOf = (entries: readonly PostedEntry[]): ReopeningRow[] =>
  entries.flatMap(({ kind, amount, currency, occurredOn, reason }) =>
    kind === 'DISPUTE_RESOLVED' && amount > 0n
      ? [{ minor: amount, currency, reopenedOn: occurredOn, reason }]
      : [],
  )

function sortKeys({ field, direction }: DisputeOrder): SortKey<ItemRow>[] {
  const recorded: SortKey<ItemRow> = {
    // Ids ascend with time.
    name: 'ID',
    column: item.id,
    direction,
    type: 'uuid',
    valueOf: (row) => row.id,
  }
  if (field === 'RECORDED') return [recorded]
  const openedOn: SortKey<ItemRow> = {
    name: field,
    column: item.startsOn,
    direction,
    type: 'date',
    valueOf: (row) => row.startsOn.toString(),
  }
  return [openedOn, recorded]
}

const matches = (filter: DisputeFilter): SQL | undefined =>
  and(
    matchesDate(item.startsOn, filter.openedOn),
    filter.invoiceId ? aboutInvoices(limited(filter.invoiceId, 'invoiceId')) : undefined,
    filter.customerId ? ofCustomers(limited(filter.customerId, 'customerId')) : undefined,
    matchesItem(item, { currency: filter.currency }),
    filter.openOn ? stillOpen(formatDay(dayOf(filter.openOn))) : undefined,
  )

/** By the column itself, of which there is an index. */
const ofCustomers = (ids: readonly string[]): SQL =>
  inArray(
    item.customerId,
    ids.flatMap((id) => decodeId('customer', id) ?? []),
  )

/** Through the invoices' customers: there is no index of entries by invoice. */
const aboutInvoices = (ids: readonly string[]): SQL | undefined => {
  const uuids = ids.flatMap((id) => decodeId('invoice', id) ?? [])
  if (uuids.length === 0) return sql`false`
  const list = sql.join(
    uuids.map((uuid) => sql`${uuid}::uuid`),
    sql`, `,
  )
  return and(
    sql`${item.customerId} in (
      select bill.customer_id from item bill
      where bill.organization_id = ${item.organizationId} and bill.id in (${list}))`,
    exists(
      sql`(select from ${ledgerEntry} where ${and(
        eq(ledgerEntry.organizationId, item.organizationId),
        eq(ledgerEntry.itemId, item.id),
        eq(ledgerEntry.sequence, 1),
        inArray(ledgerEntry.counterpartId, uuids),
      )})`,
    ),
  )
}

const stillOpen = (day: string): SQL => sql`(
  select coalesce(sum(entry.amount), 0) from ledger_entry entry
  where entry.organization_id = ${item.organizationId} and entry.item_id = ${item.id}
    and entry.effective_on <= ${day}::date) <> 0`
