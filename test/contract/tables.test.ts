/** The two walls between organizations, read from PostgreSQL's own catalogue and tried out. */
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { organization, person } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let connection: Connection

beforeAll(async () => {
  database = await createDatabase()
  connection = await connect(database.url, { max: 2 })
})

afterAll(async () => {
  await connection.close()
  await database.drop()
})

describe('every table that holds an organization’s data', () => {
  it('forces row-level security, also on its owner', async () => {
    const open = await connection.sql`
      select c.relname from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'organization'
        and not (c.relrowsecurity and c.relforcerowsecurity
          and exists (select from pg_policy p where p.polrelid = c.oid))`
    expect(open).toEqual([])
  })

  it('starts its primary key with the organization, and carries it in every foreign key', async () => {
    const keys = await connection.sql<{ name: string }[]>`
      select c.conname as name from pg_constraint c
      join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
      where c.connamespace = 'public'::regnamespace and c.conrelid <> 'organization'::regclass
        and c.contype in ('p', 'f', 'u') and a.attname <> 'organization_id'`
    expect(keys).toEqual([])
  })

  it('lets the application neither change nor remove the ledger, its flow, the audit and the progress of goals', async () => {
    const loose = await connection.sql`
      select relation, privilege
      from unnest(array['ledger_entry', 'flow', 'audit', 'goal_progress', 'goal_change',
        'alert_transition', 'alert_rule_change', 'credit_limit', 'credit_review', 'sales_plan', 'credit_scorecard', 'order_event', 'customer_parent', 'credit_decision', 'credit_policy', 'credit_rating', 'policy_text_approval', 'policy_text_acknowledgement']) as relation,
        unnest(array['UPDATE', 'DELETE', 'TRUNCATE']) as privilege
      where has_table_privilege('tidemark_app', relation, privilege)`
    expect(loose).toEqual([])
  })

  it('shows nothing and takes nothing of another organization, even where a statement forgot it', async () => {
    const [mine, theirs] = [crypto.randomUUID(), crypto.randomUUID()]
    for (const [index, id] of [mine, theirs].entries()) {
      await inTransaction(connection, { organizationId: id, mode: 'write' }, async (tx) => {
        await tx
          .insert(organization)
          .values({ id, slug: `o${index}`, name: 'O', baseCurrency: 'USD', timeZone: 'UTC' })
        await tx
          .insert(person)
          .values({ organizationId: id, id: crypto.randomUUID(), name: `Person ${index}` })
      })
    }
    const seen = (organizationId: string | null) =>
      inTransaction(connection, { organizationId, mode: 'read' }, (tx) => tx.select().from(person))
    expect((await seen(mine)).map((row) => row.name)).toEqual(['Person 0'])
    expect(await seen(null)).toEqual([])
    await expect(
      inTransaction(connection, { organizationId: mine, mode: 'write' }, (tx) =>
        tx.insert(person).values({ organizationId: theirs, id: crypto.randomUUID(), name: 'Intruder' }),
      ),
    ).rejects.toMatchObject({ cause: { code: '42501' } })
  })
})
