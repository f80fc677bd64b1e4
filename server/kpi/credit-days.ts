/**
 * Customers' credit at the end of some days, out of what is dated: entries of items, events of orders, securities, limits,
 * parents and reviews. One statement for any number of days and customers. Balances are made of the entries of items that
 * were open on one of the days, each read once; so what it costs follows open items, decisions and orders, not the books.
 */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { microseconds } from '@tidemark/drizzle/columns.ts'
import type { Fragment, Tx } from '@tidemark/drizzle/transaction.ts'
import { DEFAULT_POLICY } from '../domain/credit-decision.ts'
import type { CreditRow } from '../domain/credit-figures.ts'
import { formatDay, type Day } from '../domain/day.ts'

export type CreditDaysQuery = {
  readonly organizationId: string
  /** At least one. */
  readonly days: readonly Day[]
  /** Null for all that is committed. */
  readonly knownAt: Temporal.Instant | null
  /** Who is told one by one. */
  readonly customerIds: readonly string[]
}

type Record = {
  readonly day: Day
  readonly customer_id: string | null
  readonly parent_id: string | null
  readonly business_unit: string | null
  readonly region: string | null
  readonly channel: string | null
  readonly owner_id: string | null
  readonly risk_class: CreditRow['riskClass']
  readonly state: CreditRow['limit']['state']
  readonly limit_currency: string | null
  readonly limited: string | null
  readonly is_line: boolean
  readonly review: CreditRow['review']
  readonly customers: number
  readonly used: readonly { readonly currency: string; readonly minor: string }[]
}

export async function readCreditDays(tx: Tx, query: CreditDaysQuery): Promise<CreditRow[]> {
  const rows = await tx.sql<Record[]>`
    with days as (select day from unnest(${arrayOf(ascending(query).map(formatDay))}::date[]) as given (day)),
    policy as (${policies(tx, query)}),
    moved as materialized (${moves(tx, query)}),
    exposure as materialized (
      select day, customer_id, currency, sum(minor) as minor from (
        ${balances(tx, query)}
        union all ${uncleared(tx, query)}
        union all ${orders(tx, query)}
        union all ${securities(tx, query)}
      ) as part
      group by 1, 2, 3 having sum(minor) <> 0
    ),
    limited as materialized (${limits(tx, query)}),
    reviewed as materialized (${reviews(tx, query)}),
    above as materialized (${parents(tx, query)}),
    used as (
      select day, customer_id, count(*) as currencies, min(currency) as currency, sum(minor) as minor,
        jsonb_agg(jsonb_build_object('currency', currency, 'minor', minor::text)) as amounts
      from exposure group by 1, 2
    ),
    -- Put below each other and not joined: nobody has statistics of what was just computed.
    fact as (
      select day, customer_id, null::uuid as parent_id, false as is_grouped, null::text as risk_class,
        null::date as next_review_on, null::text as state, null::text as limit_currency, null::bigint as limited,
        currency, minor, currencies, amounts
      from used
      union all
      select day, customer_id, null, false, null, null, state, currency, amount, null, null, null, null from limited
      union all
      select day, customer_id, null, false, risk_class::text, next_review_on, null, null, null, null, null, null, null
      from reviewed
      union all
      select day, customer_id, parent_id, true, null, null, null, null, null, null, null, null, null from above
    ),
    known as (
      select day, customer_id, max(parent_id::text)::uuid as parent_id, bool_or(is_grouped) as is_grouped,
        max(risk_class) as risk_class, max(next_review_on) as next_review_on, coalesce(max(state), 'NOT_SET') as state,
        max(limit_currency) as limit_currency, max(limited) as limited, max(currency) as currency, max(minor) as minor,
        coalesce(max(currencies), 0) as currencies, (array_agg(amounts) filter (where amounts is not null))[1] as amounts
      from fact group by 1, 2
    ),
    one as (
      select known.*, state = 'UNLIMITED' or coalesce(limited > 0, false) as is_line,
        case when next_review_on is null then 'NONE' when next_review_on < day then 'OVERDUE' else 'ON_SCHEDULE' end
          as review,
        is_grouped or currencies > 1 or coalesce(currency <> limit_currency, false)
          or customer_id = any(${arrayOf(query.customerIds)}::uuid[]) as is_apart
      from known
    )
    select one.day - date '1970-01-01' as day, case when is_apart then customer_id end as customer_id,
      case when is_apart then parent_id end as parent_id, business_unit, region, channel, owner_id, one.risk_class, state,
      limit_currency, sum(limited)::text as limited, is_line, review, count(*)::int as customers,
      -- Those who are told apart are alone in their group.
      coalesce(case when bool_or(is_apart) then (array_agg(amounts))[1]
        when sum(minor) is not null
        then jsonb_build_array(jsonb_build_object('currency', currency, 'minor', sum(minor)::text)) end, '[]') as used
    from one
    join customer on customer.organization_id = ${query.organizationId} and customer.id = one.customer_id
    group by one.day, case when is_apart then customer_id end, case when is_apart then parent_id end, business_unit,
      region, channel, owner_id, one.risk_class, state, limit_currency, is_line, review, one.currency,
      case when minor < 0 then 'CREDIT' when minor > limited then 'OVER' else 'WITHIN' end`
  return rows.map(rowOf)
}

const ascending = ({ days }: CreditDaysQuery): readonly Day[] => [...new Set(days)].toSorted((a, b) => a - b)

const rowOf = (row: Record): CreditRow => ({
  day: row.day,
  customerId: row.customer_id,
  parentId: row.parent_id,
  businessUnit: row.business_unit,
  region: row.region,
  channel: row.channel,
  collectorId: row.owner_id,
  customers: row.customers,
  riskClass: row.risk_class,
  limit: {
    state: row.state,
    amount:
      row.limited === null || row.limit_currency === null
        ? null
        : { minor: BigInt(row.limited), currency: row.limit_currency },
  },
  isLine: row.is_line,
  review: row.review,
  used: row.used.map(({ currency, minor }) => ({ currency, minor: BigInt(minor) })),
})

type Part = (tx: Tx, query: CreditDaysQuery) => Fragment

const known = ({ sql }: Tx, { knownAt }: CreditDaysQuery): Fragment =>
  sql`coalesce(${knownAt === null ? null : microseconds(knownAt)}::timestamptz, 'infinity')`

/** `(day, counted_orders, clearing_days, insurance_counts)`: what was in force when the day ended. */
const policies: Part = (tx, query) => tx.sql`
  select day, coalesce(set.counted_orders, ${DEFAULT_POLICY.countedOrders}) as counted_orders,
    coalesce(set.clearing_days, ${DEFAULT_POLICY.clearingDays}::int) as clearing_days,
    coalesce(set.insurance_counts, ${DEFAULT_POLICY.insuranceCounts}::boolean) as insurance_counts
  from days
  join organization on organization.id = ${query.organizationId}
  left join lateral (
    select counted_orders, clearing_days, insurance_counts from credit_policy
    where organization_id = organization.id and recorded_at <= ${known(tx, query)}
      and effective_on <= day
    order by effective_on desc, version desc limit 1
  ) as set on true`

/** `(customer_id, currency, day, minor)`: what was added to open invoices less what is not applied, on the first of the days that knows it. */
const moves: Part = (tx, query) => {
  const days = ascending(query)
  const [first, last] = [formatDay(days[0] ?? 0), formatDay(days.at(-1) ?? 0)]
  const { organizationId } = query
  return tx.sql`
    select item.customer_id, segment.currency,
      (${arrayOf(days)}::int[])[
        width_bucket(entry.effective_on - date '1970-01-01' - 1, ${arrayOf(days)}::int[]) + 1
      ] as day,
      sum(case item.kind when 'INVOICE' then entry.amount else -entry.amount end) as minor
    from (
      select item_id from open_span
      where organization_id = ${organizationId} and opens_on <= ${last}::date
        and (closes_on is null or closes_on > ${first}::date)
      union
      -- What was open as far as was known then, whatever came after.
      select item_id from ledger_entry
      where organization_id = ${organizationId} and recorded_at > ${known(tx, query)}
    ) as candidate
    join item on item.organization_id = ${organizationId} and item.id = candidate.item_id
      and item.kind in ('INVOICE', 'RECEIPT', 'CREDIT_NOTE')
    join segment on segment.organization_id = item.organization_id and segment.id = item.segment_id
    join ledger_entry as entry on entry.organization_id = item.organization_id and entry.item_id = item.id
      and entry.effective_on <= ${last}::date and entry.recorded_at <= ${known(tx, query)}
    group by 1, 2, 3`
}

/** Open invoices less what is not applied: the sum of what moved up to the day. */
const balances: Part = ({ sql }) => sql`
  select day, customer_id, currency,
    sum(sum(minor)) over (partition by customer_id, currency order by day) as minor
  from (
    select date '1970-01-01' + day as day, customer_id, currency, minor from moved
    union all
    select days.day, customer_id, currency, 0 from (select distinct customer_id, currency from moved) as everyone
    cross join days
  ) as step
  group by 1, 2, 3`

/** Receipts that can still bounce: neither has what they paid become free, nor is what is left of them to be relied on. */
const uncleared: Part = (tx, query) => tx.sql`
  select policy.day, item.customer_id, segment.currency, entry.amount
  from policy
  join receipt on receipt.organization_id = ${query.organizationId}
    and receipt.received_on <= policy.day and receipt.received_on > policy.day - clearing_days
  join item on item.organization_id = receipt.organization_id and item.id = receipt.id
  join segment on segment.organization_id = item.organization_id and segment.id = item.segment_id
  join ledger_entry as entry on entry.organization_id = item.organization_id and entry.item_id = item.id
    and entry.kind in ('RECEIVED', 'BOUNCED') and entry.effective_on <= policy.day
    and entry.recorded_at <= ${known(tx, query)}`

/** `uninvoicedOf` of `domain/order.ts` in SQL, of what had happened to the order by the day. */
const orders: Part = (tx, query) => {
  const first = formatDay(ascending(query)[0] ?? 0)
  return tx.sql`
    select day, customer_id, currency,
      delivered - invoiced + case
        when counted_orders = 'ALL' or (counted_orders = 'RELEASED' and is_released)
        then greatest(case when is_cancelled then shipped else amount end - delivered, 0) else 0 end
    from (
      select *, greatest(shipped, invoiced) as delivered from (
        select policy.day, counted_orders, sales_order.customer_id, sales_order.currency, sales_order.amount,
          bool_or(event.kind = 'RELEASED') as is_released, bool_or(event.kind = 'CANCELLED') as is_cancelled,
          coalesce(sum(event.amount) filter (where event.kind = 'SHIPPED'), 0) as shipped,
          coalesce(sum(case event.kind when 'INVOICED' then event.amount when 'UNINVOICED' then -event.amount end), 0)
            as invoiced
        from policy
        join sales_order on sales_order.organization_id = ${query.organizationId} and (sales_order.is_open or sales_order.id in (
          select order_id from order_event
          where organization_id = ${query.organizationId}
            and (occurred_on > ${first}::date or recorded_at > ${known(tx, query)})
        ))
        join order_event as event on event.organization_id = sales_order.organization_id
          and event.order_id = sales_order.id and event.occurred_on <= policy.day
          and event.recorded_at <= ${known(tx, query)}
        group by policy.day, counted_orders, sales_order.customer_id, sales_order.currency, sales_order.amount,
          sales_order.id
        having bool_or(event.kind = 'RECORDED')
      ) as happened
    ) as stand`
}

const securities: Part = (tx, query) => tx.sql`
  select policy.day, customer_id, currency, -amount from policy
  join credit_security on credit_security.organization_id = ${query.organizationId} and effective_on <= policy.day
    and (until is null or until >= policy.day) and recorded_at <= ${known(tx, query)}
  where kind <> 'INSURANCE' or insurance_counts`

/** `limitOn` of `domain/credit-limit.ts` in SQL. */
const limits: Part = (tx, query) => tx.sql`
  select distinct on (days.day, customer_id) days.day, customer_id, state::text as state, amount, currency
  from days
  join credit_limit on credit_limit.organization_id = ${query.organizationId} and effective_on <= days.day
    and (until is null or until >= days.day) and recorded_at <= ${known(tx, query)}
  order by days.day, customer_id, effective_on desc, version desc`

const reviews: Part = (tx, query) => tx.sql`
  select distinct on (days.day, customer_id) days.day, customer_id, risk_class, next_review_on
  from days
  join credit_review on credit_review.organization_id = ${query.organizationId} and reviewed_on <= days.day
    and recorded_at <= ${known(tx, query)}
  order by days.day, customer_id, reviewed_on desc, version desc`

/** Everybody who has somebody above or below on the day; `parent_id` null for those at the top. */
const parents: Part = (tx, query) => tx.sql`
  select said.day, member as customer_id, max(above::text)::uuid as parent_id
  from (
    select distinct on (days.day, customer_id) days.day, customer_id, parent_id
    from days
    join customer_parent on customer_parent.organization_id = ${query.organizationId} and effective_on <= days.day
      and (until is null or until >= days.day) and recorded_at <= ${known(tx, query)}
    order by days.day, customer_id, effective_on desc, version desc
  ) as said
  cross join lateral (values (customer_id, parent_id), (said.parent_id, null)) as side (member, above)
  where said.parent_id is not null
  group by 1, 2`
