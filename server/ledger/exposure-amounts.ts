/** What customers' credit is used for, as the books have it: one statement for any number of customers. */
import { microseconds } from '@tidemark/drizzle/columns.ts'
import { DEFAULT_POLICY, type CreditPolicy } from '../domain/credit-decision.ts'
import { formatDay, type Day } from '../domain/day.ts'
import type { ExposureAmount, ExposureSource } from '../domain/exposure.ts'
import type { Money } from '../domain/money.ts'
import type { Ids } from './hierarchy.ts'
import type { Fragment, Tx } from '@tidemark/drizzle/transaction.ts'

/** When it is asked for. */
export type At = {
  readonly today: Day
  readonly now: Temporal.Instant
}

/** As it comes out of the books: which orders count is up to the policy. */
export type BookedAmount = Money & {
  readonly source: Exclude<ExposureSource, 'orders'> | 'releasedOrders' | 'openOrders'
}

/** What of it counts. */
export const countedAmounts = (
  amounts: readonly BookedAmount[],
  { countedOrders }: Pick<CreditPolicy, 'countedOrders'>,
): ExposureAmount[] =>
  amounts.flatMap(({ source, ...money }): ExposureAmount[] => {
    if (source === 'releasedOrders') return countedOrders === 'NONE' ? [] : [{ source: 'orders', ...money }]
    if (source === 'openOrders') return countedOrders === 'ALL' ? [{ source: 'orders', ...money }] : []
    return [{ source, ...money }]
  })

type AmountRow = { customer_id: string; source: BookedAmount['source']; currency: string; minor: bigint }

/** By customer; those of whom nothing is in the books are left out. */
export async function readExposureAmounts(
  tx: Tx,
  organizationId: string,
  ids: Ids,
  at: At,
): Promise<Map<string, readonly BookedAmount[]>> {
  const customerIds = tx.sql`(select ids from wanted)::uuid[]`
  const rows = await tx.sql<AmountRow[]>`
    with wanted as materialized (select ${ids}::uuid[] as ids)
    select customer_id, source, currency, sum(minor)::bigint as minor from (
      select customer_id, side.source, currency, side.minor from customer_state
      cross join lateral (values ('receivables', receivable), ('unapplied', unapplied)) as side (source, minor)
      where organization_id = ${organizationId} and customer_id = any(${customerIds})
      union all ${ordersOf(tx, organizationId, customerIds)}
      union all ${unclearedOf(tx, organizationId, customerIds, at)}
      union all
      select customer_id, case kind when 'INSURANCE' then 'insurance' else 'security' end, currency, amount
      from credit_security
      where organization_id = ${organizationId} and customer_id = any(${customerIds})
        and effective_on <= ${formatDay(at.today)}::date and (until is null or until >= ${formatDay(at.today)}::date)
      union all
      select customer_id, 'reserved', currency, amount from credit_reservation
      where organization_id = ${organizationId} and customer_id = any(${customerIds}) and released_at is null
        and expires_at > ${microseconds(at.now)}::timestamptz
    ) as amount
    group by customer_id, source, currency having sum(minor) <> 0`
  return Map.groupBy(rows, (row) => row.customer_id)
}

/** `uninvoicedOf` of `domain/order.ts` in SQL. */
const ordersOf = ({ sql }: Tx, organizationId: string, customerIds: Fragment): Fragment => sql`
  select customer_id, part.source, currency, part.minor from sales_order
  cross join lateral (
    select greatest(shipped, invoiced) as delivered, case when cancelled_on is null then amount else shipped end as final
  ) as so_far
  cross join lateral (values
    ('shipped', delivered - invoiced),
    (case when released_on is null then 'openOrders' else 'releasedOrders' end, greatest(final - delivered, 0))
  ) as part (source, minor)
  where organization_id = ${organizationId} and customer_id = any(${customerIds}) and is_open`

/**
 * Of receipts that can still bounce: what they have paid is no less used, and what of them is not applied is nothing to
 * rely on. Neither holds any more where they have bounced.
 */
const unclearedOf = (
  { sql }: Tx,
  organizationId: string,
  customerIds: Fragment,
  { today }: At,
): Fragment => sql`
  select receipt.customer_id, part.source, segment.currency, part.minor
  from item as receipt
  join segment on segment.organization_id = receipt.organization_id and segment.id = receipt.segment_id
  cross join lateral (
    select coalesce(sum(amount) filter (where kind in ('RECEIVED', 'BOUNCED')), 0) as received,
      coalesce(sum(amount), 0) as unapplied
    from ledger_entry as entry
    where entry.organization_id = receipt.organization_id and entry.item_id = receipt.id
  ) as sums
  cross join lateral (values ('uncleared', received - unapplied), ('unapplied', -unapplied)) as part (source, minor)
  where receipt.organization_id = ${organizationId} and receipt.customer_id = any(${customerIds})
    and receipt.kind = 'RECEIPT'
    and receipt.starts_on > ${formatDay(today)}::date - coalesce((
      select clearing_days from credit_policy where organization_id = ${organizationId}
        and effective_on <= ${formatDay(today)}::date order by effective_on desc, version desc limit 1
    ), ${DEFAULT_POLICY.clearingDays}::int)`

/** Of one currency and due day. */
export type PastDueAmount = Money & { readonly dueOn: Day }

/** What of one customer is past due today: which of it matters is up to the policy. */
export async function readPastDue(
  { sql }: Tx,
  organizationId: string,
  customerId: string | Fragment,
  today: Day,
): Promise<readonly PastDueAmount[]> {
  const day = formatDay(today)
  return sql<PastDueAmount[]>`
    select segment.currency, installment.due_on - date '1970-01-01' as "dueOn", sum(installment.balance)::bigint as minor
    from open_span
    join item on item.organization_id = open_span.organization_id and item.id = open_span.item_id and item.kind = 'INVOICE'
    join segment on segment.organization_id = item.organization_id and segment.id = item.segment_id
    cross join lateral (
      select sum(amount) as balance, (array_agg(due_on order by sequence desc) filter (where due_on is not null))[1] as due_on
      from ledger_entry as entry
      where entry.organization_id = item.organization_id and entry.item_id = item.id and effective_on <= ${day}::date
        and kind <> 'MOVED'
      group by entry.installment
    ) as installment
    where open_span.organization_id = ${organizationId} and open_span.customer_id = ${customerId}::uuid and closes_on is null
      and installment.balance > 0 and installment.due_on < ${day}::date
    group by segment.currency, installment.due_on`
}
