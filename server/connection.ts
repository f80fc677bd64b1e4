/**
 * Pages of lists: keyset cursors, so that a page neither skips nor repeats a row when others come and go, and the
 * parts of a GraphQL connection. A list states its order once, as sort keys; everything here follows from them.
 */
import { isUuid } from '@tidemark/drizzle/uuid.ts'
import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { parseDay } from './domain/day.ts'
import { badUserInput } from './errors.ts'

export const PAGE_SIZE_MAX = 1_000
/** Beyond this a total is not counted out. */
const TOTAL_EXACT_MAX = 100_000
const CURSOR_VERSION = 1
const CURSOR_LENGTH_MAX = 2_000

/** Stands for no date in an order in which those come after all others: a key is never null. */
export const LAST_DAY = '9999-12-31'

const VALUES = {
  text: (text: string) => !text.includes('\0'),
  uuid: isUuid,
  timestamptz: (text: string) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/.test(text),
  date: (text: string) => parseDay(text) !== null,
  bigint: (text: string) => /^-?\d{1,18}$/.test(text),
  numeric: (text: string) => /^-?\d{1,60}(\.\d{1,60})?$/.test(text),
} as const

/** One rule of a list's order. The last key of a list must tell any two rows apart, and no key may be null. */
export type SortKey<Row> = {
  /** Part of the cursor: one that was made for another order is refused. */
  readonly name: string
  readonly column: SQLWrapper
  readonly direction: 'ASC' | 'DESC'
  /** The column's type in PostgreSQL. */
  readonly type: keyof typeof VALUES
  /** True where rows may have no date: `LAST_DAY` stands for it. */
  readonly hasLast?: boolean
  /** The row's value as PostgreSQL reads it. */
  readonly valueOf: (row: Row) => string
}

/** What a query needs: `.where(and(..., page.after)).orderBy(...page.orderBy).limit(page.limit)`. */
export type PageRequest<Row> = {
  /** Undefined for the first page. */
  readonly after: SQL | undefined
  /** Of each key what the last row of the page before had: for what finds the rows by itself. */
  readonly afterValues: readonly string[] | undefined
  readonly orderBy: SQL[]
  /** One more than the page holds: whether it comes tells whether there is a next page. */
  readonly limit: number
  readonly keys: readonly SortKey<Row>[]
}

export type Total = {
  /** Null beyond 100,000. */
  readonly exact: number | null
  readonly atLeast: number
}

/** A page of a list: the parent of every `...Connection` type. */
export type Page<Row> = {
  readonly edges: readonly { readonly cursor: string; readonly node: Row }[]
  readonly nodes: readonly Row[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  /** Counts when it is first asked for. */
  readonly total: () => Promise<Total>
}

/** Checks `first` and `after`. Throws BAD_USER_INPUT, saying what would be right. */
export const requestPage = <Row>(
  args: { readonly first: number; readonly after?: string | null | undefined },
  keys: readonly SortKey<Row>[],
): PageRequest<Row> => {
  const { first, after } = args
  if (!Number.isInteger(first) || first < 1 || first > PAGE_SIZE_MAX) {
    throw badUserInput(`\`first\` must be from 1 to ${PAGE_SIZE_MAX}, not ${first}.`)
  }
  const afterValues = after == null ? undefined : decodeCursor(keys, after)
  return {
    after: afterValues === undefined ? undefined : isAfter(keys, afterValues),
    afterValues,
    orderBy: keys.map(({ column, direction }) => sql`${column} ${sql.raw(direction.toLowerCase())}`),
    limit: first + 1,
    keys,
  }
}

/**
 * The page of the rows that a query with `request` found. `count(limit)` counts the whole list, ending at `limit`
 * (`select count(*) from (select ... limit ...)`); it is called only when a total is asked for.
 */
export const assemblePage = <Row>(
  request: Pick<PageRequest<Row>, 'keys' | 'limit'>,
  rows: readonly Row[],
  count: (limit: number) => Promise<number>,
): Page<Row> => {
  const nodes = rows.slice(0, request.limit - 1)
  const hasNextPage = rows.length >= request.limit
  const edges = nodes.map((node) => ({ cursor: encodeCursor(request.keys, node), node }))
  let total: Promise<Total> | undefined
  return {
    edges,
    nodes,
    pageInfo: { hasNextPage, endCursor: hasNextPage ? (edges.at(-1)?.cursor ?? null) : null },
    total: () => (total ??= count(TOTAL_EXACT_MAX + 1).then(asTotal)),
  }
}

/** The resolvers that every `...Connection` type has. */
export const connectionResolvers = {
  totalCount: async (page: Pick<Page<unknown>, 'total'>) => (await page.total()).exact,
  totalCountAtLeast: async (page: Pick<Page<unknown>, 'total'>) => (await page.total()).atLeast,
}

const asTotal = (counted: number): Total => ({
  exact: counted > TOTAL_EXACT_MAX ? null : counted,
  atLeast: counted,
})

const orderName = <Row>(keys: readonly SortKey<Row>[]): string =>
  keys.map(({ name, direction }) => `${name} ${direction}`).join()

const encodeCursor = <Row>(keys: readonly SortKey<Row>[], row: Row): string =>
  Buffer.from(
    JSON.stringify([CURSOR_VERSION, orderName(keys), ...keys.map(({ valueOf }) => valueOf(row))]),
  ).toString('base64url')

const decodeCursor = <Row>(keys: readonly SortKey<Row>[], cursor: string): readonly string[] => {
  const [version, order, ...values] = parseCursor(cursor)
  const fits =
    version === CURSOR_VERSION &&
    order === orderName(keys) &&
    values.length === keys.length &&
    keys.every((key, index) => isValue(key, values[index]))
  if (!fits) {
    throw badUserInput(
      '`after` is not a cursor of this list: pass the `endCursor` of the page before, and ask for the same order.',
    )
  }
  return values as string[]
}

const parseCursor = (cursor: string): readonly unknown[] => {
  if (cursor.length > CURSOR_LENGTH_MAX || !/^[\w-]+$/.test(cursor)) return []
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(parsed) ? parsed : []
  } catch {
    // Not ours: answered like any other text that is no cursor.
    return []
  }
}

const isValue = <Row>({ type, hasLast = false }: SortKey<Row>, value: unknown): boolean =>
  typeof value === 'string' && (VALUES[type](value) || (hasLast && value === LAST_DAY))

/** `(a, b) > (x, y)` where all keys go the same way, for an index serves it; else spelled out. */
const isAfter = <Row>(keys: readonly SortKey<Row>[], values: readonly string[]): SQL => {
  const places = keys.map((key, index) => ({
    column: sql`${key.column}`,
    value: sql`${values[index]}::${sql.raw(key.type)}`,
    beyond: sql.raw(key.direction === 'ASC' ? '>' : '<'),
    direction: key.direction,
  }))
  const [first] = places
  if (first !== undefined && places.every(({ direction }) => direction === first.direction)) {
    const columns = sql.join(
      places.map(({ column }) => column),
      sql`, `,
    )
    const bounds = sql.join(
      places.map(({ value }) => value),
      sql`, `,
    )
    return sql`(${columns}) ${first.beyond} (${bounds})`
  }
  const alternatives = places.map(({ column, beyond, value }, index) =>
    sql.join(
      [
        ...places.slice(0, index).map((before) => sql`${before.column} = ${before.value}`),
        sql`${column} ${beyond} ${value}`,
      ],
      sql` and `,
    ),
  )
  return sql`(${sql.join(alternatives, sql` or `)})`
}
