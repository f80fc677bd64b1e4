/** A list of the rows of one table, page by page. */
import { and, sql, type SQL } from 'drizzle-orm'
import type { AnyPgTable } from 'drizzle-orm/pg-core'
import type { Reader } from '@tidemark/drizzle/transaction.ts'
import { assemblePage, requestPage, type Page, type SortKey } from './connection.ts'

export type ListOf<Row> = {
  readonly table: AnyPgTable
  readonly keys: readonly SortKey<Row>[]
  /** Which rows; that of the organization is among its conditions. */
  readonly where: SQL | undefined
}

export type PageArguments = { readonly first: number; readonly after?: string | null | undefined }

/** Throws BAD_USER_INPUT where `first` or `after` is wrong. Whoever names the table names its rows. */
export async function listRows<Row>(
  reader: Pick<Reader, 'read'>,
  { table, keys, where }: ListOf<Row>,
  args: PageArguments,
): Promise<Page<Row>> {
  const request = requestPage(args, keys)
  const rows = await reader.read((tx) =>
    tx
      .select()
      .from(table)
      .where(and(where, request.after))
      .orderBy(...request.orderBy)
      .limit(request.limit),
  )
  return assemblePage(request, rows as Row[], (limit) =>
    reader.read((tx) =>
      tx.$count(
        tx
          .select({ one: sql`1`.as('one') })
          .from(table)
          .where(where)
          .limit(limit)
          .as('limited'),
      ),
    ),
  )
}
