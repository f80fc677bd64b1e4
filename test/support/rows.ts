/** Every row of every table, as whoever may see all of them reads it: to compare one database with another. */
import type { Sql, TransactionSql } from '@tidemark/drizzle/connect.ts'

/** By table: its rows as JSON, sorted. Ids and snapshots of transactions are left out, which mean nothing elsewhere. */
export type Rows = Readonly<Record<string, readonly string[]>>

export const readAllRows = async (sql: Sql | TransactionSql): Promise<Rows> => {
  const tables = await sql<{ name: string; columns: string[] }[]>`
    select format('%I.%I', table_schema, table_name) as name,
      array_agg(quote_ident(column_name) order by ordinal_position)
        filter (where udt_name not in ('xid8', 'pg_snapshot')) as columns
    from information_schema.columns join information_schema.tables using (table_schema, table_name)
    where table_schema in ('public', 'identity') and table_type = 'BASE TABLE'
    group by 1 order by 1`
  const entries: [string, string[]][] = []
  for (const { name, columns } of tables) {
    const rows = await sql.unsafe<{ row: string }[]>(
      `select to_jsonb(chosen)::text as row from (select ${columns.join(', ')} from ${name}) as chosen order by 1`,
    )
    entries.push([name, rows.map(({ row }) => row)])
  }
  return Object.fromEntries(entries)
}

/** The sums of the KPI store, which a server makes anew. */
export const SUMS = [
  'public.kpi_beginning',
  'public.kpi_checkpoint',
  'public.kpi_day',
  'public.kpi_day_recorded',
  'public.kpi_fold',
  'public.kpi_late',
  'public.kpi_month',
]

/** What is not of this moment or this place: it stays behind. */
export const LEFT_BEHIND = [
  'identity.attempt',
  'identity.session',
  'identity.verification',
  'public.budget',
  'public.goal_forecast',
  ...SUMS,
]

/** What the tables are made of: columns, defaults, keys, indexes, policies, rights and who must heed them. */
export const readShape = async (sql: Sql): Promise<readonly string[]> => {
  const rows = await sql<{ line: string }[]>`
    with relation as (
      select oid as id, oid::regclass::text as name, relacl, relrowsecurity, relforcerowsecurity from pg_class
      where relnamespace in ('public'::regnamespace, 'identity'::regnamespace) and relkind in ('r', 'p')
    )
    select format('table %s %s %s %s', name, relrowsecurity, relforcerowsecurity,
      (select string_agg(entry::text, ' ' order by entry::text) from unnest(relacl) as entry)) as line from relation
    union all
    select format('column %s.%s %s %s %s', relation.name, attname, atttypid::regtype, attnotnull,
      pg_get_expr(adbin, adrelid))
    from relation join pg_attribute on attrelid = id and attnum > 0 and not attisdropped
      left join pg_attrdef on adrelid = attrelid and adnum = attnum
    union all
    select format('constraint %s %s %s %s', relation.name, conname, pg_get_constraintdef(pg_constraint.oid), convalidated)
    from relation join pg_constraint on conrelid = id
    union all
    select format('index %s %s', pg_get_indexdef(indexrelid), indisvalid)
    from relation join pg_index on indrelid = id
    union all
    select format('policy %s %s %s %s', relation.name, polname, polcmd, pg_get_expr(polqual, polrelid))
    from relation join pg_policy on polrelid = id
    order by 1`
  return rows.map(({ line }) => line)
}
