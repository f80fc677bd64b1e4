/**
 * Writes `flow` anew out of the ledger, posting by posting as it was recorded: after the posting rule has learned to
 * count more, what it had written before would not fit what it writes now.
 */
import { asOwner, type Tx } from '@tidemark/drizzle/transaction.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { isFlowStale } from '@tidemark/drizzle/migrate.ts'
import { flowOf, insertRows, type HistoryChange } from './flow-sums.ts'
import { readItems, type Item } from './histories.ts'

/** Items whose rows are computed and sent at once. */
const ITEMS_AT_ONCE = 2_000

/** Does it for all organizations, where a migration left word that it is needed; nobody posts meanwhile. */
export async function replayStale(connection: Connection): Promise<void> {
  await asOwner(connection, async (tx) => {
    await tx.sql`select set_config('statement_timeout', '0', true)`
    await tx.sql`lock table flow in share row exclusive mode`
    // Another process may have done it while this one waited.
    if (!(await isFlowStale(tx.sql))) return
    for (const { id } of await tx.sql<{ id: string }[]>`select id from organization order by id`)
      await replay(tx, id)
    await tx.sql`comment on table flow is null`
  })
}

/** In the caller's transaction of the owner: rows of `flow` are only ever appended otherwise. */
export async function replay(tx: Tx, organizationId: string): Promise<void> {
  await tx.sql`select set_config('tidemark.organization_id', ${organizationId}, true)`
  await tx.sql`delete from flow where organization_id = ${organizationId}`
  for (const table of [
    'kpi_fold',
    'kpi_beginning',
    'kpi_day',
    'kpi_day_recorded',
    'kpi_late',
    'kpi_month',
    'kpi_checkpoint',
  ])
    await tx.sql`delete from ${tx.sql(table)} where organization_id = ${organizationId}`
  let last = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const ids = await tx.sql<{ id: string }[]>`
      select id from item where organization_id = ${organizationId} and id > ${last}
      order by id limit ${ITEMS_AT_ONCE}`
    const end = ids.at(-1)
    if (end === undefined) return
    await replayItems(
      tx,
      organizationId,
      ids.map(({ id }) => id),
    )
    last = end.id
  }
}

async function replayItems(tx: Tx, organizationId: string, ids: readonly string[]): Promise<void> {
  const [items, recorded] = await Promise.all([
    readItems(tx, organizationId, ids),
    tx.sql<{ item_id: string; recorded_at: string }[]>`
      select item_id, recorded_at::text from ledger_entry
      where organization_id = ${organizationId} and item_id = any(${ids})
      order by item_id, sequence`,
  ])
  const moments = Map.groupBy(recorded, (row) => row.item_id)
  const changes = [...items.values()].flatMap((item) =>
    changesOf(
      item,
      (moments.get(item.id) ?? []).map((row) => row.recorded_at),
    ),
  )
  const byMoment = Map.groupBy(changes, ({ recordedAt }) => recordedAt)
  await Promise.all(
    [...byMoment].map(async ([recordedAt, of]) => insertRows(tx, organizationId, recordedAt, flowOf(of))),
  )
}

/** One for each time that something was posted to the item; `recordedAt` has the moments of its entries. */
function changesOf(
  item: Item,
  recordedAt: readonly string[],
): (HistoryChange & { readonly recordedAt: string })[] {
  const changes: (HistoryChange & { readonly recordedAt: string })[] = []
  let before: Item | null = null
  for (const [index, moment] of recordedAt.entries()) {
    if (recordedAt[index + 1] === moment) continue
    const after: Item = { ...item, entries: item.entries.slice(0, index + 1) }
    changes.push({ shares: item.shares, before, after, recordedAt: moment })
    before = after
  }
  return changes
}
