/** Credit limits as they were decided, and what of them is in force, for whoever asks about many customers. */
import type { DatedLimit } from '../domain/credit-limit.ts'
import { formatDay, type Day } from '../domain/day.ts'
import type { Fragment, Tx } from '@tidemark/drizzle/transaction.ts'

type LimitRow = {
  readonly customer_id: string
  readonly version: number
  readonly state: DatedLimit['state']
  readonly amount: bigint | null
  readonly currency: string | null
  readonly effective_on: Day
  readonly until: Day | null
}

/** Of each of these customers, all that was ever decided, in its order. Who was never decided upon is missing. */
export const readLimits = (
  tx: Tx,
  organizationId: string,
  customerIds: readonly string[],
): Promise<Map<string, DatedLimit[]>> =>
  selectLimits(
    tx,
    organizationId,
    tx.sql`select unnest(${customerIds}::uuid[]) as id`,
    tx.sql`'-infinity'::date`,
  )

/**
 * The same, of the customers whose `id` is selected by `whose`, without what can hold neither on the day nor later: a
 * limit for good ends all that began before it.
 */
export const readLimitsFrom = (
  tx: Tx,
  organizationId: string,
  whose: Fragment,
  day: Day,
): Promise<Map<string, DatedLimit[]>> =>
  selectLimits(tx, organizationId, whose, tx.sql`${formatDay(day)}::date`)

async function selectLimits(
  { sql }: Tx,
  organizationId: string,
  whose: Fragment,
  day: Fragment,
): Promise<Map<string, DatedLimit[]>> {
  const rows = await sql<LimitRow[]>`
    select customer_id, one.version, state, amount, currency, one.effective_on - date '1970-01-01' as effective_on,
      until - date '1970-01-01' as until
    from (${whose}) as wanted
    left join lateral (
      select effective_on, version from credit_limit
      where organization_id = ${organizationId} and customer_id = wanted.id and effective_on <= ${day} and until is null
      order by effective_on desc, version desc limit 1
    ) as base on true
    join credit_limit as one on one.organization_id = ${organizationId} and one.customer_id = wanted.id
      and one.effective_on >= coalesce(base.effective_on, '-infinity')
      and (one.effective_on > base.effective_on or one.version >= coalesce(base.version, 0))
      and coalesce(until >= ${day}, true)
    order by customer_id, one.version`
  const limits = new Map<string, DatedLimit[]>()
  for (const row of rows) {
    const known = limits.get(row.customer_id)
    if (known === undefined) limits.set(row.customer_id, [limitOf(row)])
    else known.push(limitOf(row))
  }
  return limits
}

const limitOf = (row: LimitRow): DatedLimit => ({
  state: row.state,
  amount: row.amount === null || row.currency === null ? null : { minor: row.amount, currency: row.currency },
  version: row.version,
  effectiveOn: row.effective_on,
  until: row.until,
})

/**
 * `(id, state, amount, currency)` of every customer of the organization, as in force today, for a FROM: by the columns of
 * `customer` as far as they reach, else by `domain/credit-limit.ts` in SQL.
 */
export const limitsInForce = ({ sql }: Tx, organizationId: string, today: Day): Fragment => {
  const day = formatDay(today)
  return sql`(
    select customer.id, (case when later.is_over then coalesce(dated.state, 'NOT_SET') else credit_limit_state end) as state,
      case when later.is_over then dated.amount else credit_limit end as amount,
      case when later.is_over then dated.currency else credit_limit_currency end as currency
    from customer
    cross join lateral (select coalesce(credit_limit_through < ${day}::date, false) as is_over) as later
    left join lateral (
      select state, amount, currency from credit_limit
      where later.is_over and credit_limit.organization_id = ${organizationId} and customer_id = customer.id
        and effective_on <= ${day}::date and (until is null or until >= ${day}::date)
      order by effective_on desc, version desc limit 1
    ) as dated on true
    where customer.organization_id = ${organizationId}
  )`
}
