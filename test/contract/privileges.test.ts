/** What the application's role may do to each table, read from the catalogue and tried on the rows of another. */
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fold } from '@tidemark/server/ledger/fold.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { createTwins, type Twins } from '../support/twins.ts'

let server: TestServer
let twins: Twins
let tables: readonly string[]
beforeAll(async () => {
  server = await startTestServer()
  twins = await createTwins(server)
  // Else the sums would be made some time later.
  const today = Temporal.Now.plainDateISO('UTC')
  for (const { organization } of [twins.ours, twins.theirs])
    await fold(server.connection, organization.id, { today })
  const rows = await server.connection.sql<{ name: string }[]>`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1`
  tables = rows.map(({ name }) => name)
})
afterAll(() => server.close())

const NO_TENANT = 'organization'

/** Beyond SELECT and INSERT, which every table allows. Whoever adds a right adds it here, and says why. */
const CHANGEABLE: Readonly<Record<string, readonly string[]>> = {
  organization: ['UPDATE'],
  alert: ['UPDATE'],
  alert_channel: ['UPDATE'],
  alert_delivery: ['UPDATE'],
  alert_head: ['UPDATE'],
  alert_rule: ['UPDATE'],
  // Where a rule is sent to no longer leaves no row.
  alert_rule_channel: ['DELETE'],
  alert_standing: ['UPDATE'],
  api_token: ['UPDATE'],
  approval_request: ['UPDATE'],
  audit_head: ['UPDATE'],
  book_closing: ['UPDATE'],
  budget: ['UPDATE', 'DELETE'],
  credit_application: ['UPDATE'],
  credit_reservation: ['UPDATE'],
  credit_security: ['UPDATE'],
  customer: ['UPDATE'],
  customer_state: ['UPDATE'],
  evaluation: ['UPDATE'],
  kpi_beginning: ['UPDATE', 'DELETE'],
  kpi_checkpoint: ['UPDATE', 'DELETE'],
  kpi_day: ['UPDATE', 'DELETE'],
  kpi_day_recorded: ['UPDATE', 'DELETE'],
  kpi_fold: ['UPDATE', 'DELETE'],
  kpi_late: ['UPDATE', 'DELETE'],
  kpi_month: ['UPDATE', 'DELETE'],
  goal: ['UPDATE'],
  // Who follows a goal no longer leaves no row.
  goal_follower: ['DELETE'],
  goal_action: ['UPDATE'],
  goal_forecast: ['UPDATE'],
  goal_milestone: ['UPDATE'],
  goal_note: ['UPDATE'],
  control_paper: ['UPDATE'],
  policy_text: ['UPDATE'],
  policy_text_mailing: ['UPDATE'],
  credit_crossing: ['UPDATE'],
  credit_watch: ['UPDATE'],
  goal_review: ['UPDATE'],
  // Taken back until all have signed.
  goal_review_signature: ['DELETE'],
  idempotency_key: ['UPDATE', 'DELETE'],
  // Forgotten when they are long over.
  invitation: ['UPDATE', 'DELETE'],
  invoice: ['UPDATE'],
  item: ['UPDATE'],
  kpi_setting: ['UPDATE'],
  membership: ['UPDATE', 'DELETE'],
  open_span: ['UPDATE', 'DELETE'],
  origin: ['UPDATE'],
  person: ['UPDATE'],
  sales_order: ['UPDATE'],
}

describe('the application’s role', () => {
  it('is no superuser, bypasses nothing, signs in nowhere, and belongs to no other', async () => {
    const { sql } = server.connection
    expect([
      ...(await sql`
        select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,
          exists (select from pg_auth_members m where m.member = r.oid) as member
        from pg_roles r where rolname in ('tidemark_app', 'tidemark_identity') order by rolname`),
    ]).toEqual(
      ['tidemark_app', 'tidemark_identity'].map((rolname) => ({
        rolname,
        rolsuper: false,
        rolbypassrls: false,
        rolcreaterole: false,
        rolcreatedb: false,
        rolcanlogin: false,
        rolreplication: false,
        member: false,
      })),
    )
  })

  it('owns nothing and can make nothing', async () => {
    const { sql } = server.connection
    const owned = await sql`
      select c.oid::regclass::text as name from pg_class c join pg_roles r on r.oid = c.relowner
      where r.rolname like 'tidemark\\_%'`
    expect([...owned]).toEqual([])
    const [may] = await sql`
      select has_schema_privilege('tidemark_app', 'public', 'CREATE') as public,
        has_schema_privilege('tidemark_app', 'identity', 'USAGE') as identity,
        has_schema_privilege('tidemark_identity', 'public', 'CREATE') as identity_public,
        has_database_privilege('tidemark_app', current_database(), 'CREATE') as schemas`
    expect(may).toEqual({ public: false, identity: false, identity_public: false, schemas: false })
  })

  it('has the rights that are listed, and no others, neither on tables nor on columns', async () => {
    const rows = await server.connection.sql<{ name: string; rights: string[] }[]>`
      select c.relname as name, array(
        select privilege from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
          as privilege
        where has_table_privilege('tidemark_app', c.oid, privilege)
          or privilege not in ('DELETE', 'TRUNCATE', 'TRIGGER') and has_any_column_privilege('tidemark_app', c.oid, privilege)
      ) as rights
      from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1`
    const expected = tables.map((name) => ({
      name,
      rights: ['SELECT', 'INSERT', ...(CHANGEABLE[name] ?? [])],
    }))
    expect([...rows]).toEqual(expected)
  })

  it('has none on the tables of sign-in, and their role none on these', async () => {
    const { sql } = server.connection
    const reachable = await sql`
      select c.oid::regclass::text as name, role
      from pg_class c, unnest(array['tidemark_app', 'tidemark_identity']) as role,
        unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) as privilege
      where c.relkind in ('r', 'p', 'v', 'm')
        and c.relnamespace = case role when 'tidemark_app' then 'identity'::regnamespace else 'public'::regnamespace end
        and has_table_privilege(role, c.oid, privilege)`
    expect([...reachable]).toEqual([])
    const reading = inTransaction(
      server.connection,
      { organizationId: null, mode: 'read' },
      (tx) => tx.sql`select * from identity."user"`,
    )
    await expect(reading).rejects.toMatchObject({ code: '42501' })
  })

  it('meets neither views nor functions that run with the rights of others, nor rules, nor triggers', async () => {
    const { sql } = server.connection
    const found = await sql`
      select oid::regclass::text as name from pg_class
        where relkind in ('v', 'm') and relnamespace in ('public'::regnamespace, 'identity'::regnamespace)
      union all select oid::regprocedure::text from pg_proc
        where prosecdef or oid <> 'organizations_with_news(pg_snapshot)'::regprocedure and pronamespace in ('public'::regnamespace, 'identity'::regnamespace)
          and prolang <> (select oid from pg_language where lanname = 'internal')
          and not exists (select from pg_depend d where d.objid = pg_proc.oid and d.deptype = 'e')
      union all select tgname from pg_trigger where not tgisinternal`
    expect([...found]).toEqual([])
  })
})

describe('row-level security', () => {
  it('is forced on every table but the one of the organizations, by one policy for all commands, and by what narrows it', async () => {
    const { sql } = server.connection
    const states = await sql<{ name: string; forced: boolean; policies: string[] }[]>`
      select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as forced, array(
        select format('%s %s %s %s %s', p.policyname, p.permissive, p.roles, p.cmd, p.with_check is null)
        from pg_policies p where p.schemaname = 'public' and p.tablename = c.relname order by p.policyname
      ) as policies
      from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1`
    const tenant = 'tenant PERMISSIVE {public} ALL t'
    const own = 'own PERMISSIVE {public} SELECT t'
    const others: Readonly<Record<string, readonly string[]>> = {
      [NO_TENANT]: [],
      membership: [own, tenant],
      control_paper: [tenant, 'unsigned RESTRICTIVE {public} UPDATE f'],
      policy_text: ['draft RESTRICTIVE {public} UPDATE f', tenant],
      goal_review: [tenant, 'unsigned RESTRICTIVE {public} UPDATE f'],
      goal_review_signature: [
        tenant,
        'unsigned_delete RESTRICTIVE {public} DELETE t',
        'unsigned_insert RESTRICTIVE {public} INSERT f',
      ],
    }
    expect([...states]).toEqual(
      tables.map((name) => ({ name, forced: name !== NO_TENANT, policies: others[name] ?? [tenant] })),
    )
    const conditions = await sql<{ condition: string }[]>`
      select distinct qual as condition from pg_policies where schemaname = 'public' and policyname = 'tenant'`
    expect(conditions.map(({ condition }) => condition)).toEqual([
      "(organization_id = (NULLIF(current_setting('tidemark.organization_id'::text, true), ''::text))::uuid)",
    ])
  })

  const asOurs = <T>(run: (tx: Tx) => Promise<T>): Promise<T> =>
    inTransaction(server.connection, { organizationId: twins.ours.organization.id, mode: 'write' }, run)
  const codeOf = async (attempt: Promise<unknown>): Promise<unknown> =>
    attempt.then(
      (result) => (Array.isArray(result) ? result.length : result),
      (error: unknown) => (error as { code?: unknown }).code,
    )
  const REFUSED = '42501'

  it('hides, on every table, the rows of others; without an organization it hides all', async () => {
    const theirs = twins.theirs.organization.id
    for (const name of tables.filter((table) => table !== NO_TENANT)) {
      const { sql } = server.connection
      const count = await sql`select from ${sql(name)} where organization_id = ${theirs}`
      expect([name, count.length > 0]).toEqual([name, true])
      const seen = await asOurs((tx) => tx.sql`select from ${tx.sql(name)} where organization_id = ${theirs}`)
      const own = await asOurs((tx) => tx.sql`select from ${tx.sql(name)}`)
      expect([name, seen.length, own.length > 0]).toEqual([name, 0, true])
      const open = await inTransaction(
        server.connection,
        { organizationId: null, mode: 'read' },
        (tx) => tx.sql`select from ${tx.sql(name)}`,
      )
      expect([name, open.length]).toEqual([name, 0])
    }
  })

  it('refuses, on every table, to write, move, change, lock or remove rows of others', async () => {
    const theirs = twins.theirs.organization.id
    const expected: unknown[] = []
    const attempts: unknown[] = []
    for (const name of tables.filter((table) => table !== NO_TENANT)) {
      const { sql } = server.connection
      const [row] = await sql<{ row: string }[]>`
        select to_jsonb(t)::text as row from ${sql(name)} t where organization_id = ${theirs} limit 1`
      const rights = CHANGEABLE[name] ?? []
      const mayUpdate = rights.includes('UPDATE')
      attempts.push([
        name,
        await codeOf(
          asOurs(
            (tx) =>
              tx.sql`insert into ${tx.sql(name)} select (jsonb_populate_record(null::${tx.sql(name)}, ${row?.row ?? ''}::text::jsonb)).*`,
          ),
        ),
        await codeOf(
          asOurs((tx) => tx.sql`update ${tx.sql(name)} set organization_id = ${theirs} returning 1`),
        ),
        await codeOf(
          asOurs(
            (tx) =>
              tx.sql`update ${tx.sql(name)} set organization_id = organization_id where organization_id = ${theirs} returning 1`,
          ),
        ),
        await codeOf(
          asOurs((tx) => tx.sql`select 1 from ${tx.sql(name)} where organization_id = ${theirs} for update`),
        ),
        await codeOf(
          asOurs((tx) => tx.sql`delete from ${tx.sql(name)} where organization_id = ${theirs} returning 1`),
        ),
        await codeOf(asOurs((tx) => tx.sql`truncate ${tx.sql(name)}`)),
      ])
      const changing = mayUpdate ? 0 : REFUSED
      expected.push([
        name,
        REFUSED,
        REFUSED,
        changing,
        changing,
        rights.includes('DELETE') ? 0 : REFUSED,
        REFUSED,
      ])
    }
    expect(attempts).toEqual(expected)
  })

  it('lets a person’s memberships be read before an organization is chosen, and nobody else’s', async () => {
    const { sql } = server.connection
    const [someone] = await sql<{ user: string }[]>`
      select user_id as user from membership where organization_id = ${twins.theirs.organization.id} limit 1`
    const userId = someone?.user ?? ''
    const seen = await inTransaction(
      server.connection,
      { organizationId: null, userId, mode: 'read' },
      (tx) => tx.sql<{ user: string }[]>`select user_id as user from membership`,
    )
    expect(seen.map(({ user }) => user)).toEqual([userId])
    const changed = inTransaction(
      server.connection,
      { organizationId: null, userId, mode: 'write' },
      (tx) => tx.sql`update membership set role = 'viewer' returning 1`,
    )
    expect(await codeOf(changed)).toBe(0)
  })
})
