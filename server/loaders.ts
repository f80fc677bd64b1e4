/**
 * The loaders, one line each: they gather the ids that a page asks for one by one into one query. A set belongs to
 * one view of the data (context.ts), so nothing in it can be stale.
 */
import { person } from '@tidemark/drizzle/tables.ts'
import type { PersonRow } from '@tidemark/drizzle/rows.ts'
import type { Reader, Tx } from '@tidemark/drizzle/transaction.ts'
import DataLoader from 'dataloader'
import { and, eq, inArray } from 'drizzle-orm'

export type Loaders = {
  readonly person: DataLoader<string, PersonRow | null>
}

export const createLoaders = (reader: Reader, organizationId: string): Loaders => ({
  person: byId(reader, (tx, ids) =>
    tx
      .select()
      .from(person)
      .where(and(eq(person.organizationId, organizationId), inArray(person.id, ids))),
  ),
})

/** Loads rows by their id; null where there is none. */
export const byId = <Row extends { readonly id: string }>(
  reader: Reader,
  select: (tx: Tx, ids: string[]) => PromiseLike<readonly Row[]>,
): DataLoader<string, Row | null> =>
  byKey(reader, async (tx, ids) => new Map((await select(tx, ids)).map((row) => [row.id, row])), null)

/** Loads whatever belongs to a key; `missing` where `select` gives nothing for it. */
export const byKey = <Value, Missing>(
  reader: Reader,
  select: (tx: Tx, keys: string[]) => Promise<ReadonlyMap<string, Value>>,
  missing: Missing,
): DataLoader<string, Value | Missing> =>
  new DataLoader(async (keys) => {
    const found = await reader.read((tx) => select(tx, [...keys]))
    return keys.map((key) => found.get(key) ?? missing)
  })
