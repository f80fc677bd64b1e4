/** Whether what is stored beside the ledger is what the ledger says. */
import { expect } from 'vitest'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { formatDay } from '@tidemark/server/domain/day.ts'
import { openSpans, project } from '@tidemark/server/domain/projection.ts'
import { readItems } from '@tidemark/server/ledger/histories.ts'

/** Fails where flow, open spans or customer balances differ from what every item's history projects to. */
export async function expectSoundBooks(connection: Connection, organizationId: string): Promise<void> {
  await inTransaction(connection, { organizationId, mode: 'read' }, async (tx) => {
    const ids = await tx.sql<{ id: string }[]>`select id from item`
    const items = [
      ...(
        await readItems(
          tx,
          organizationId,
          ids.map(({ id }) => id),
        )
      ).values(),
    ]

    const flow = new Map<string, bigint[]>()
    for (const item of items) {
      for (const row of project(item, item.shares)) {
        const key = [
          row.segmentId,
          row.asIs ? `${row.measure}~` : row.measure,
          formatDay(row.anchor),
          formatDay(row.day),
        ].join(' ')
        const added = [row.amount, BigInt(row.count), row.days, row.amountDays]
        flow.set(
          key,
          added.map((value, index) => value + (flow.get(key)?.[index] ?? 0n)),
        )
      }
    }
    const stored = await tx.sql<{ key: string; sums: string[] }[]>`
      select concat_ws(' ', segment_id, measure, anchor, day) as key,
        array[sum(amount), sum(count), sum(days), sum(amount_days)]::text[] as sums
      from flow group by segment_id, measure, anchor, day`
    const nonZero = (rows: readonly (readonly [string, readonly string[]])[]) =>
      Object.fromEntries(rows.filter(([, sums]) => sums.some((sum) => sum !== '0')))
    expect(nonZero(stored.map(({ key, sums }) => [key, sums]))).toEqual(
      nonZero([...flow].map(([key, sums]) => [key, sums.map(String)])),
    )

    const spans = await tx.sql<{ span: string }[]>`
      select concat_ws(' ', item_id, opens_on, coalesce(closes_on::text, '-'), customer_id) as span from open_span`
    const expectedSpans = items
      .filter((item) => item.kind !== 'DISPUTE')
      .flatMap((item) =>
        openSpans(item).map(({ opensOn, closesOn }) =>
          [item.id, formatDay(opensOn), closesOn === null ? '-' : formatDay(closesOn), item.customerId].join(
            ' ',
          ),
        ),
      )
    expect(spans.map(({ span }) => span).sort()).toEqual(expectedSpans.sort())

    const wrongBalances = await tx.sql`
      select s.* from customer_state s
      cross join lateral (
        select coalesce(sum(e.amount) filter (where i.kind = 'INVOICE'), 0) as receivable,
          coalesce(sum(e.amount) filter (where i.kind in ('RECEIPT', 'CREDIT_NOTE')), 0) as unapplied
        from item i join ledger_entry e on e.item_id = i.id
        join segment g on g.id = i.segment_id
        where i.customer_id = s.customer_id and g.currency = s.currency
      ) told
      where s.receivable <> told.receivable or s.unapplied <> told.unapplied`
    expect(wrongBalances).toHaveLength(0)
  })
}
