/** What the bench compares with: KPIs in plain SQL over the ledger, and the posting rule applied item by item. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { formatDay } from '@tidemark/server/domain/day.ts'
import { project } from '@tidemark/server/domain/projection.ts'
import { readItems } from '@tidemark/server/ledger/histories.ts'

/** Receivables, past due, aging, sales, cash and counts of a day, as one would write them without a KPI store. */
export const naiveHeadline = (tx: Tx, organizationId: string, day: Temporal.PlainDate) => tx.sql`
  with invoice_balance as (
    select e.item_id, sum(e.amount) as open, max(e.due_on) as due
    from ledger_entry e join item i on i.organization_id = e.organization_id and i.id = e.item_id
    where e.organization_id = ${organizationId} and i.kind = 'INVOICE' and e.effective_on <= ${day.toString()}::date
    group by e.item_id
  ), aged as (
    select open, ${day.toString()}::date - due as age from invoice_balance where open <> 0
  ), moved as (
    select
      sum(amount) filter (where kind = 'INVOICED') as sales,
      sum(amount) filter (where kind = 'RECEIVED') as cash
    from ledger_entry
    where organization_id = ${organizationId} and kind in ('INVOICED', 'RECEIVED')
      and effective_on > ${day.toString()}::date - 92 and effective_on <= ${day.toString()}::date
  )
  select sum(open), count(*), sum(open) filter (where age > 0), sum(open) filter (where age between 1 and 30),
    sum(open) filter (where age between 31 and 60), sum(open) filter (where age between 61 and 90),
    sum(open) filter (where age > 90), (select sales from moved), (select cash from moved)
  from aged`

/** The same of one scope: what a goal's evaluation would take without a KPI store. */
export const naiveOfSegments = (
  tx: Tx,
  organizationId: string,
  day: Temporal.PlainDate,
  segmentIds: readonly number[],
) => tx.sql`
  with entry as materialized (
    select e.item_id, e.kind, i.kind as item_kind, e.amount, e.due_on, e.effective_on
    from ledger_entry e join item i on i.organization_id = e.organization_id and i.id = e.item_id
    where e.organization_id = ${organizationId} and i.segment_id = any(${arrayOf(segmentIds)}::int[])
      and i.kind in ('INVOICE', 'RECEIPT') and e.effective_on <= ${day.toString()}::date
  ), invoice_balance as (
    select sum(amount) as open, ${day.toString()}::date - max(due_on) as age from entry where item_kind = 'INVOICE' group by item_id
  )
  select sum(open), count(*) filter (where open <> 0), sum(open) filter (where age > 0),
    (select sum(amount) from entry where kind = 'INVOICED' and effective_on > ${day.toString()}::date - 92),
    (select sum(amount) from entry where kind = 'RECEIVED' and effective_on > ${day.toString()}::date - 92)
  from invoice_balance`

/** The sums of a day as known at a moment, with nothing but flow and its index on the recording. */
export const naiveKnown = (
  tx: Tx,
  organizationId: string,
  day: Temporal.PlainDate,
  knownAt: Temporal.Instant,
) => tx.sql`
  select measure, sum(amount), sum(count), sum(amount) filter (where anchor < ${day.toString()}::date)
  from flow
  where organization_id = ${organizationId} and recorded_at <= ${knownAt.toString()}::timestamptz
    and day <= ${day.toString()}::date
  group by measure`

/** Sums of flow that differ from what the items' histories project to; empty where the generator is right. */
export async function findDifferences(tx: Tx, organizationId: string): Promise<string[]> {
  const ids = await tx.sql<{ id: string }[]>`select id from item where organization_id = ${organizationId}`
  const items = await readItems(
    tx,
    organizationId,
    ids.map(({ id }) => id),
  )
  const sums = new Map<string, bigint[]>()
  const add = (key: string, values: readonly bigint[], sign: bigint) =>
    sums.set(
      key,
      values.map((value, index) => sign * value + (sums.get(key)?.[index] ?? 0n)),
    )
  for (const item of items.values()) {
    for (const row of project(item, item.shares)) {
      const key = [
        row.segmentId,
        row.asIs ? `${row.measure}~` : row.measure,
        formatDay(row.anchor),
        formatDay(row.day),
      ].join(' ')
      add(key, [row.amount, BigInt(row.count), row.days, row.amountDays], 1n)
    }
  }
  const stored = await tx.sql<{ key: string; sums: string[] }[]>`
    select concat_ws(' ', segment_id, measure, anchor, day) as key,
      array[sum(amount), sum(count), sum(days), sum(amount_days)]::text[] as sums
    from flow where organization_id = ${organizationId} group by segment_id, measure, anchor, day`
  for (const row of stored) add(row.key, row.sums.map(BigInt), -1n)
  return [...sums].filter(([, values]) => values.some((value) => value !== 0n)).map(([key]) => key)
}
