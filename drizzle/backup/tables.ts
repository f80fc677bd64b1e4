/** Which tables a backup carries, read from the catalogue: a table that a migration adds is in it by itself. */
import type { Sql, TransactionSql } from '../connect.ts'

/** What is of no use elsewhere or later: whoever was signed in signs in anew, and every allowance begins full. */
const LEFT_OUT = new Set([
  'public.budget',
  'identity.session',
  'identity.verification',
  'identity.attempt',
  // Sums of `flow` up to a transaction of its cluster: a server makes them anew.
  'public.kpi_fold',
  'public.kpi_beginning',
  'public.kpi_day',
  'public.kpi_day_recorded',
  'public.kpi_late',
  'public.kpi_month',
  'public.kpi_checkpoint',
  // Found anew by the evaluator.
  'public.goal_forecast',
])

/** What a server makes at its first start, before there is anything that depends on it. */
export const MADE_AT_START = 'identity.instance'

export type Table = {
  /** As SQL takes it, such as `public.customer` or `identity."user"`. */
  readonly name: string
  /**
   * All but those that PostgreSQL computes, and transaction ids, which mean nothing in another cluster. As SQL takes
   * them.
   */
  readonly columns: readonly string[]
  /** Of these, those that hold a snapshot, which means as little elsewhere. */
  readonly snapshots: readonly string[]
  /** Whether its rows are an organization's, behind row-level security. */
  readonly isTenant: boolean
  readonly isForced: boolean
}

/** In the order of their names. Tables of `public` that are not the product's are none of them. */
export const readTables = async (sql: Sql | TransactionSql): Promise<Table[]> => {
  const rows = await sql<Table[]>`
    select concat(quote_ident(n.nspname), '.', quote_ident(c.relname)) as name,
      c.relrowsecurity as "isTenant", c.relforcerowsecurity as "isForced",
      array(
        select quote_ident(a.attname) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
          and a.atttypid <> 'xid8'::regtype
        order by a.attnum
      ) as columns,
      array(
        select quote_ident(a.attname) from pg_attribute a
        where a.attrelid = c.oid and not a.attisdropped and a.atttypid = 'pg_snapshot'::regtype
        order by a.attnum
      ) as snapshots
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition
      and (n.nspname = 'identity' or n.nspname = 'public' and (c.relrowsecurity or c.relname = 'organization'))
    order by 1`
  return rows.filter(({ name }) => !LEFT_OUT.has(name))
}

/** A constraint or an index: the statements that take it away and that put back what was there. */
export type Fixture = { readonly drop: string; readonly create: string }

/**
 * Keys, indexes and foreign keys of the tables, in an order in which they can be made; they are dropped from its end.
 * Made over all rows at once they cost a fraction of what they cost row by row.
 */
export const readFixtures = (sql: TransactionSql, tables: readonly Table[]): Promise<Fixture[]> => {
  const names = tables.map(({ name }) => name)
  return sql<Fixture[]>`
    with fixture as (
      select case contype when 'f' then 3 else 1 end as turn, conrelid::regclass::text as place, conname::text as name,
        format('alter table %s drop constraint %I', conrelid::regclass, conname) as "drop",
        format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as "create"
      from pg_constraint
      where contype in ('p', 'u', 'f') and conparentid = 0
        and (conrelid = any(${names}::regclass[]) or confrelid = any(${names}::regclass[]))
      union all
      select 2, indrelid::regclass::text, indexrelid::regclass::text,
        format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
      from pg_index
      where indrelid = any(${names}::regclass[])
        and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u', 'x'))
    )
    select "drop", "create" from fixture order by turn, place, name`
}
