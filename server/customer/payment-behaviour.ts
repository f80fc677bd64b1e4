/** How customers paid in the last twelve months: by the same projection as the KPIs, over the invoices that matter alone. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { trailingMonths, type Period } from '../domain/calendar.ts'
import { dateOf, formatDay, type Day } from '../domain/day.ts'
import type { Measure } from '../domain/measures.ts'
import { Exact } from '../domain/money.ts'
import { project } from '../domain/projection.ts'
import { readItems } from '../ledger/histories.ts'

/** Counted by invoices; rates in percent, averages in days, as text. */
export type PaymentBehaviour = {
  readonly from: Temporal.PlainDate
  readonly to: Temporal.PlainDate
  readonly settled: number
  readonly settledOnTime: number
  readonly onTimeRate: string | null
  readonly averageDaysLate: string | null
  readonly averageDaysToPay: string | null
}

type Sums = { settled: number; onTime: number; days: bigint; daysLate: bigint }

const MONTHS = 12
/** Between parts of many invoices others get their turn. */
const ITEMS_AT_ONCE = 2_000

/** By customer, of each that is asked for. */
export async function readPaymentBehaviour(
  tx: Tx,
  organizationId: string,
  customerIds: readonly string[],
  today: Day,
): Promise<Map<string, PaymentBehaviour>> {
  const period = trailingMonths(today, MONTHS)
  const sums = new Map(customerIds.map((id): [string, Sums] => [id, nothing()]))
  const itemIds = await settledSince(tx, organizationId, customerIds, period.from)
  for (let start = 0; start < itemIds.length; start += ITEMS_AT_ONCE) {
    const items = await readItems(tx, organizationId, itemIds.slice(start, start + ITEMS_AT_ONCE))
    for (const item of items.values()) {
      const sum = sums.get(item.customerId)
      if (sum === undefined) continue
      for (const row of project(item, item.shares))
        if (!row.asIs && row.day >= period.from && row.day <= period.to) add(sum, row)
    }
  }
  return new Map([...sums].map(([id, sum]) => [id, behaviourOf(sum, period)]))
}

const nothing = (): Sums => ({ settled: 0, onTime: 0, days: 0n, daysLate: 0n })

/** Also those that were settled before and are open again: what a bounce takes back counts on its day. */
async function settledSince(
  { sql }: Tx,
  organizationId: string,
  customerIds: readonly string[],
  from: Day,
): Promise<readonly string[]> {
  const rows = await sql<{ id: string }[]>`
    select item.id from item
    where item.organization_id = ${organizationId} and item.customer_id = any(${arrayOf(customerIds)}::uuid[])
      and item.kind = 'INVOICE' and exists (
        select from open_span
        where open_span.organization_id = item.organization_id and open_span.item_id = item.id
          and closes_on >= ${formatDay(from)}::date
      )`
  return rows.map(({ id }) => id)
}

type Row = { readonly measure: Measure; readonly count: number; readonly days: bigint }

function add(sum: Sums, { measure, count, days }: Row): void {
  if (measure === 'SETTLED') {
    sum.settled += count
    sum.days += days
  }
  if (measure === 'SETTLED_LATE') sum.daysLate += days
  if (measure === 'SETTLED_ON_TIME') sum.onTime += count
}

function behaviourOf({ settled, onTime, days, daysLate }: Sums, { from, to }: Period): PaymentBehaviour {
  const per = (sum: bigint | number, digits: number): string | null =>
    settled > 0 ? new Exact(sum.toString()).div(settled).toFixed(digits) : null
  return {
    from: dateOf(from),
    to: dateOf(to),
    settled,
    settledOnTime: onTime,
    onTimeRate: per(onTime * 100, 2),
    averageDaysLate: per(daysLate, 2),
    averageDaysToPay: per(days, 2),
  }
}
