/** Conditions that several lists take. */
import {
  and,
  eq,
  exists,
  gt,
  gte,
  inArray,
  isNull,
  lt,
  lte,
  or,
  sql,
  type AnyColumn,
  type SQL,
} from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { segment } from '@tidemark/drizzle/tables/customer.ts'
import { microseconds } from '@tidemark/drizzle/columns.ts'
import { item, ledgerEntry, openSpan } from '@tidemark/drizzle/tables/ledger.ts'
import { formatDay, dayOf } from './domain/day.ts'
import { badUserInput } from './errors.ts'
import { decodeId, type IdType } from './ids.ts'
import type { DateFilter, TextFilter } from './schema.generated.ts'

const VALUES_MAX = 1_000

/** The values, if they are not too many to be looked for. */
export function limited<Value>(values: readonly Value[], name: string): Value[] {
  if (values.length > VALUES_MAX) throw badUserInput(`\`${name}\` takes at most ${VALUES_MAX} values.`)
  return [...values]
}

/** Nothing has what is no id of this type. */
export const isId = (column: AnyColumn, type: IdType, id: string): SQL => {
  const uuid = decodeId(type, id)
  return uuid === null ? sql`false` : eq(column, uuid)
}

export const matchesText = (column: AnyColumn, filter: TextFilter | null | undefined): SQL | undefined =>
  filter
    ? and(
        typeof filter.eq === 'string' ? eq(column, filter.eq) : undefined,
        filter.in ? inArray(column, limited(filter.in, 'in')) : undefined,
      )
    : undefined

export const matchesDate = (column: AnyColumn, filter: DateFilter | null | undefined): SQL | undefined =>
  filter
    ? and(
        filter.eq ? eq(column, filter.eq) : undefined,
        filter.gt ? gt(column, filter.gt) : undefined,
        filter.gte ? gte(column, filter.gte) : undefined,
        filter.lt ? lt(column, filter.lt) : undefined,
        filter.lte ? lte(column, filter.lte) : undefined,
      )
    : undefined

/** The columns by which a row is that of an item. */
export type ItemKey = { readonly organizationId: AnyColumn; readonly id: AnyColumn }

type ItemFilter = {
  readonly customerId?: readonly string[] | null | undefined
  readonly currency?: readonly string[] | null | undefined
}

/** Whose items, and in which currencies. */
export const matchesItem = (key: ItemKey, { customerId, currency }: ItemFilter): SQL | undefined =>
  and(
    customerId ? ofCustomers(key, limited(customerId, 'customerId')) : undefined,
    currency ? inCurrencies(key, limited(currency, 'currency')) : undefined,
  )

/** Under a name of its own, for the list may be one of items itself. */
const same = alias(item, 'same_item')

const sameItem = (key: ItemKey): SQL | undefined =>
  and(eq(same.organizationId, key.organizationId), eq(same.id, key.id))

const ofCustomers = (key: ItemKey, ids: readonly string[]): SQL => {
  const uuids = ids.flatMap((id) => decodeId('customer', id) ?? [])
  return exists(
    sql`(select from ${item} same_item where ${and(sameItem(key), inArray(same.customerId, uuids))})`,
  )
}

const inCurrencies = (key: ItemKey, currencies: readonly string[]): SQL =>
  exists(
    sql`(select from ${item} same_item join ${segment} on ${and(
      eq(segment.organizationId, same.organizationId),
      eq(segment.id, same.segmentId),
    )} where ${and(sameItem(key), inArray(segment.currency, [...currencies]))})`,
  )

/**
 * The same by what was recorded up to a moment. Of most items nothing was recorded since, and spans tell of them; the
 * others are few, and their entries are added up.
 */
export function openOnAsKnown(key: ItemKey, date: Temporal.PlainDate, knownAt: Temporal.Instant): SQL {
  const known = microseconds(knownAt)
  const changed = sql`${key.id} in (
    select later.item_id from ${ledgerEntry} later
    where later.organization_id = ${key.organizationId} and later.recorded_at > ${known}::timestamptz)`
  const balance = sql`(
    select coalesce(sum(entry.amount), 0) from ${ledgerEntry} entry
    where entry.organization_id = ${key.organizationId} and entry.item_id = ${key.id}
      and entry.effective_on <= ${formatDay(dayOf(date))}::date and entry.recorded_at <= ${known}::timestamptz)`
  return sql`case when ${changed} then ${balance} <> 0 else ${openOn(key, date)} end`
}

/** Whether the item has a balance at the end of the day. */
export const openOn = (key: ItemKey, date: Temporal.PlainDate | null | undefined): SQL | undefined => {
  if (!date) return undefined
  const day = formatDay(dayOf(date))
  return exists(
    sql`(select from ${openSpan} where ${and(
      eq(openSpan.organizationId, key.organizationId),
      eq(openSpan.itemId, key.id),
      sql`${openSpan.opensOn} <= ${day}::date`,
      or(isNull(openSpan.closesOn), sql`${openSpan.closesOn} > ${day}::date`),
    )})`,
  )
}
