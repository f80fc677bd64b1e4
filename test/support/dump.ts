/** All that a database has, as text: to search it for what must not be in it, and to see that nothing was written. */
import type { TestServer } from './server.ts'

const TABLES = ['public', 'identity']

/** A line for each table. When a token was last used is left out: it is noted in its own time. */
export const dump = async ({ connection: { sql } }: TestServer): Promise<string> => {
  const tables = await sql<{ name: string }[]>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = any(${TABLES})`
  const lines = await Promise.all(
    tables.map(async ({ name }) => {
      const rows = await sql.unsafe(
        `select to_jsonb(t) - 'last_used_at' as row from ${name} t order by to_jsonb(t)::text`,
      )
      return `${name} ${JSON.stringify(rows)}`
    }),
  )
  return lines.join('\n')
}

/** Written beside commands, in transactions of their own: where requests come from and cost, seals, evaluations, sums. */
const BESIDE =
  /^public\.(origin|budget|audit_head|audit_seal|evaluation|kpi_(beginning|checkpoint|day|fold|late|month)) /

/** The part of it that commands write. */
export const dumpOfCommands = async (server: TestServer): Promise<string> => {
  const lines = (await dump(server)).split('\n')
  return lines.filter((line) => !BESIDE.test(line)).join('\n')
}
