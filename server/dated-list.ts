/** Pages of what is recorded by day and only ever appended, such as exchange rates: of each day what was known last. */
import { and, eq, gt, gte, lte, type AnyColumn, sql, type SQL } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { assemblePage, requestPage, type Page, type SortKey } from './connection.ts'
import type { Context } from './context.ts'

type DatedColumns = {
  readonly organizationId: AnyColumn
  /** What the rows are of, such as a currency. */
  readonly subject: AnyColumn
  readonly day: AnyColumn
  readonly recordedAt: AnyColumn
}

/** A table in which a subject has one row for each day and moment of recording. */
export type DatedTable<Row> = {
  readonly table: PgTable
  readonly columns: DatedColumns
  /** Those of the table under the name `later`, in which a row looks for one that took its place. */
  readonly later: DatedColumns
  /** What the order by subject is called in a cursor. */
  readonly name: string
  readonly subjectOf: (row: Row) => string
  readonly dayOf: (row: Row) => Temporal.PlainDate
}

type DatedArguments = {
  readonly first: number
  readonly after?: string | null | undefined
  readonly from?: Temporal.PlainDate | null | undefined
  readonly to?: Temporal.PlainDate | null | undefined
  readonly knownAt?: Temporal.Instant | null | undefined
}

const keysOf = <Row>({ columns, name, subjectOf, dayOf }: DatedTable<Row>): SortKey<Row>[] => [
  { name, column: columns.subject, direction: 'ASC', type: 'text', valueOf: subjectOf },
  {
    name: 'DATE',
    column: columns.day,
    direction: 'ASC',
    type: 'date',
    valueOf: (row) => dayOf(row).toString(),
  },
]

/** By subject, then day: of each day the row that was recorded last by `knownAt`, where it fulfils `condition`. */
export async function listDated<Row>(
  { reader, organization }: Pick<Context, 'reader' | 'organization'>,
  dated: DatedTable<Row>,
  { from, to, knownAt, ...args }: DatedArguments,
  condition: SQL | undefined,
): Promise<Page<Row>> {
  const { table, columns, later } = dated
  const request = requestPage(args, keysOf(dated))
  const replacing = and(
    eq(later.organizationId, columns.organizationId),
    eq(later.subject, columns.subject),
    eq(later.day, columns.day),
    gt(later.recordedAt, columns.recordedAt),
    knownAt ? lte(later.recordedAt, knownAt) : undefined,
  )
  const where = and(
    eq(columns.organizationId, organization.id),
    from ? gte(columns.day, from) : undefined,
    to ? lte(columns.day, to) : undefined,
    knownAt ? lte(columns.recordedAt, knownAt) : undefined,
    sql`not exists (select from ${table} later where ${replacing})`,
    condition,
  )
  const rows = await reader.read((tx) =>
    tx
      .select()
      .from(table)
      .where(and(where, request.after))
      .orderBy(...request.orderBy)
      .limit(request.limit),
  )
  // Whoever names the table names its rows.
  return assemblePage(request, rows as Row[], (limit) =>
    reader.read(async (tx) => {
      const limited = tx
        .select({ day: sql`${columns.day}`.as('day') })
        .from(table)
        .where(where)
        .limit(limit)
      return tx.$count(limited.as('limited'))
    }),
  )
}
