/** The plan of sales as it is kept: appended, never changed. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { microseconds } from '@tidemark/drizzle/columns.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { formatDay, type Day } from '../domain/day.ts'
import type { PlanRow } from '../domain/sales-plan.ts'

type Record = {
  readonly month: Day
  readonly channel: string
  readonly region: string
  readonly product_line: string
  readonly planned: bigint
  readonly currency: string
  readonly terms_days: number
}

/** What is planned for the months that begin on these days, as known last at `knownAt` (null: now); without what was taken back. */
export async function readSalesPlan(
  tx: Tx,
  organizationId: string,
  months: readonly Day[],
  knownAt: Temporal.Instant | null,
): Promise<PlanRow[]> {
  const rows = await tx.sql<Record[]>`
    select distinct on (month, channel, region, product_line)
      month - date '1970-01-01' as month, channel, region, product_line, planned, currency, terms_days
    from sales_plan
    where organization_id = ${organizationId} and month = any(${arrayOf(months.map(formatDay))}::date[])
      and recorded_at <= coalesce(${knownAt === null ? null : microseconds(knownAt)}::timestamptz, 'infinity')
    order by month, channel, region, product_line, recorded_at desc`
  return rows.flatMap((row) => (row.planned === 0n ? [] : [planRowOf(row)]))
}

const planRowOf = (row: Record): PlanRow => ({
  month: row.month,
  channel: row.channel || null,
  region: row.region || null,
  productLine: row.product_line || null,
  planned: { minor: row.planned, currency: row.currency },
  termsDays: row.terms_days,
})

export type PlanWritten = { readonly recorded: number; readonly unchanged: number }

/** Appends what differs from what is planned. The caller has seen to it that no two rows are of one segment and month. */
export async function appendSalesPlan(
  tx: Tx,
  organizationId: string,
  rows: readonly PlanRow[],
  auditId: string,
): Promise<PlanWritten> {
  const column = (valueOf: (row: PlanRow) => string | number | bigint) => arrayOf(rows.map(valueOf))
  const written = await tx.sql<{ recorded: number }[]>`
    with given as (
      select * from unnest(
        ${column(({ month }) => formatDay(month))}::date[], ${column(({ channel }) => channel ?? '')}::text[],
        ${column(({ region }) => region ?? '')}::text[], ${column(({ productLine }) => productLine ?? '')}::text[],
        ${column(({ planned }) => planned.minor)}::bigint[], ${column(({ planned }) => planned.currency)}::text[],
        ${column(({ termsDays }) => termsDays)}::int[]
      ) as given (month, channel, region, product_line, planned, currency, terms_days)
    ), written as (
      insert into sales_plan (organization_id, month, channel, region, product_line, planned, currency, terms_days, audit_id)
      select ${organizationId}::uuid, given.*, ${auditId}::uuid
      from given
      left join lateral (
        select planned, currency, terms_days from sales_plan as before
        where before.organization_id = ${organizationId} and before.month = given.month
          and before.channel = given.channel and before.region = given.region
          and before.product_line = given.product_line
        order by recorded_at desc limit 1
      ) as before on true
      where (before.planned, before.currency, before.terms_days)
          is distinct from (given.planned, given.currency, given.terms_days)
        and not (before.planned is null and given.planned = 0)
      returning 1
    )
    select count(*)::int as recorded from written`
  const recorded = written[0]?.recorded ?? 0
  return { recorded, unchanged: rows.length - recorded }
}
