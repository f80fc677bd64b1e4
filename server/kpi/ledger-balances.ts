/** What the ledger's entries say is owed in some segments, without any use of the KPI store. */
import { microseconds } from '@tidemark/drizzle/columns.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { formatDay, type Day } from '../domain/day.ts'
import type { Money } from '../domain/money.ts'
import { readLedgerBalances, type Where } from './flow.ts'
import { readScattered } from './scattered.ts'
import type { Group, Segment } from './segments.ts'
import type { SegmentView } from './source.ts'

/** By currency: invoices less what is unapplied of receipts and credit notes. Reads the whole ledger. */
export async function readBalancesOfEntries(
  tx: Tx,
  organizationId: string,
  all: readonly Segment[],
  { segments: chosen, customerIds }: Pick<Group, 'segments' | 'customerIds'>,
  day: Day,
  knownAt: Temporal.Instant,
  view: SegmentView = 'AS_WAS',
): Promise<Money[]> {
  const segmentIds = chosen.map((segment) => segment.id)
  const own = await readLedgerBalances(tx, organizationId, { segmentIds, customerIds }, day, knownAt)
  // Nothing is in two currencies: of a whole currency it does not matter in which segments items are.
  const currencies = new Set(chosen.map((segment) => segment.currency))
  const ofCurrencies = all.filter((segment) => currencies.has(segment.currency))
  if (ofCurrencies.length === chosen.length) return own

  const began = await readBegunHere(tx, organizationId, { segmentIds, customerIds }, day, knownAt)
  const everybodys = await readScattered(tx, {
    organizationId,
    day,
    knownAt,
    by: 'DUE_DATE',
    segmentIds,
    view,
  })
  const are = everybodys.filter(({ customerId }) => customerIds?.includes(customerId) ?? true)
  const elsewhere = began.map(({ currency, minor }) => ({ currency, minor: -minor }))
  const here = are.map(({ currency, minor, anchor }) => ({
    currency,
    minor: anchor === null ? -minor : minor,
  }))
  return [...own, ...elsewhere, ...here]
}

/** The same of items with shares or moves alone, whose entries all count where they began. */
async function readBegunHere(
  tx: Tx,
  organizationId: string,
  { segmentIds, customerIds }: Where,
  day: Day,
  knownAt: Temporal.Instant,
): Promise<Money[]> {
  const known = microseconds(knownAt)
  const records = await tx.sql<{ currency: string; balance: string }[]>`
    with scattered as (
      select item_id from item_share where organization_id = ${organizationId}
      union select item_id from ledger_entry where organization_id = ${organizationId} and kind = 'MOVED'
    )
    select s.currency, sum(case i.kind when 'INVOICE' then e.amount else -e.amount end) as balance
    from scattered
    join item i on i.organization_id = ${organizationId} and i.id = scattered.item_id
    join segment s on s.organization_id = i.organization_id and s.id = i.segment_id
    join ledger_entry e on e.organization_id = i.organization_id and e.item_id = i.id
    where i.kind in ('INVOICE', 'RECEIPT', 'CREDIT_NOTE') and i.segment_id = any(${arrayOf(segmentIds)}::int[])
      and e.effective_on <= ${formatDay(day)}::date and e.recorded_at <= ${known}::timestamptz
      and (${customerIds === null} or i.customer_id = any(${arrayOf(customerIds ?? [])}::uuid[]))
    group by s.currency`
  return records.map(({ currency, balance }) => ({ currency, minor: BigInt(balance) }))
}
