/** Compares what is stored with what the histories say, for tests that posted through commands. */
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { formatDay } from '@tidemark/server/domain/day.ts'
import { project } from '@tidemark/server/domain/projection.ts'
import { readItems, type Item } from '@tidemark/server/ledger/histories.ts'
import type { Books } from './books.ts'

type Sums = readonly (readonly [key: string, sums: readonly bigint[]])[]

/** By measure, anchor, day and segment: what `flow` holds, and what the histories project. Sums of 0 are left out. */
export async function flowAndProjection(
  books: Pick<Books, 'connection' | 'organization'>,
): Promise<{ stored: Sums; projected: Sums }> {
  const projected = new Map<string, bigint[]>()
  for (const item of await allItems(books)) {
    for (const row of project(item, item.shares)) {
      const measure = row.asIs ? `${row.measure}~` : row.measure
      const key = `${measure} ${formatDay(row.anchor)} ${formatDay(row.day)} ${row.segmentId}`
      const [amount = 0n, count = 0n, days = 0n, amountDays = 0n] = projected.get(key) ?? []
      projected.set(key, [
        amount + row.amount,
        count + BigInt(row.count),
        days + row.days,
        amountDays + row.amountDays,
      ])
    }
  }
  const stored = await inTransaction(
    books.connection,
    { organizationId: books.organization.id, mode: 'read' },
    (tx) => tx.sql<{ key: string; sums: string[] }[]>`
      select concat_ws(' ', measure, anchor, day, segment_id) as key,
        array[sum(amount), sum(count), sum(days), sum(amount_days)]::text[] as sums
      from flow group by 1`,
  )
  const sorted = (sums: Sums) =>
    sums.filter(([, parts]) => parts.some((part) => part !== 0n)).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    stored: sorted(stored.map(({ key, sums }) => [key, sums.map(BigInt)] as const)),
    projected: sorted([...projected]),
  }
}

/** Every item of the books with its history. */
export const allItems = async ({
  connection,
  organization,
}: Pick<Books, 'connection' | 'organization'>): Promise<readonly Item[]> =>
  inTransaction(connection, { organizationId: organization.id, mode: 'read' }, async (tx) => {
    const rows = await tx.sql<{ id: string }[]>`select id from item order by kind, id`
    const items = await readItems(
      tx,
      organization.id,
      rows.map(({ id }) => id),
    )
    return [...items.values()]
  })
