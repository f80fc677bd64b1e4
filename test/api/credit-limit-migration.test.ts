/** Limits that were set before they had days: migrated as an owner who is no superuser, and bound by row-level security. */
import { connect } from '@tidemark/drizzle/connect.ts'
import { readMigrations } from '@tidemark/drizzle/migrate.ts'
import { expect, inject, it } from 'vitest'
import { createEmptyDatabase } from '../support/database.ts'

it('hold from the day on which they were set, where the organization is', { timeout: 60_000 }, async () => {
  const role = `owner_${crypto.randomUUID().slice(0, 8)}`
  await using opened = new AsyncDisposableStack()
  const cluster = await connect(inject('clusterUrl'), { max: 1 })
  opened.defer(() => cluster.close())
  await cluster.sql.unsafe(`create role ${role}; grant tidemark_app, tidemark_identity to ${role}`)
  opened.defer(async () => void (await cluster.sql.unsafe(`drop role ${role}`)))
  const database = await createEmptyDatabase(role)
  opened.defer(() => database.drop())
  const connection = await connect(database.url, { max: 1 })
  opened.defer(() => connection.close())
  const { sql } = connection
  await sql.unsafe(`set role ${role}`)
  const migrations = await readMigrations()
  const index = migrations.findIndex(({ tag }) => tag.endsWith('_credit'))
  const apply = async (from: number, to?: number) => {
    for (const { statements } of migrations.slice(from, to))
      for (const statement of statements) await sql.unsafe(statement)
  }
  await apply(0, index)
  const id = crypto.randomUUID()
  const newId = () => crypto.randomUUID()
  const [set, unlimited, never, lifted] = [newId(), newId(), newId(), newId()]
  await sql`select set_config('tidemark.organization_id', ${id}, false)`
  await sql`
    insert into organization (id, slug, name, base_currency, time_zone) values (${id}, 'o', 'O', 'USD', 'Asia/Tokyo')`
  await sql`
    insert into customer (organization_id, id, number, name, terms_days, credit_limit_state, credit_limit,
      credit_limit_currency, version, created_at)
    values
      (${id}, ${set}, '1', 'A', 30, 'AMOUNT', 150000, 'EUR', 7, '2026-01-01T00:00:00Z'),
      (${id}, ${unlimited}, '2', 'B', 30, 'UNLIMITED', null, null, 1, '2026-01-01T20:00:00Z'),
      (${id}, ${never}, '3', 'C', 30, 'NOT_SET', null, null, 3, '2026-01-01T00:00:00Z'),
      (${id}, ${lifted}, '4', 'D', 30, 'NOT_SET', null, null, 3, '2026-01-01T00:00:00Z')`
  for (const [subject, at] of [
    [set, '2026-03-01T10:00:00Z'],
    [set, '2026-05-31T20:00:00Z'],
    [lifted, '2026-04-01T10:00:00Z'],
  ] as const) {
    await sql`
      insert into audit (organization_id, id, actor, action, subject, recorded_at, hash)
      values (${id}, ${crypto.randomUUID()}, 'terminal', 'setCreditLimit', ${subject}, ${at}, 'h')`
  }
  await sql`select set_config('tidemark.organization_id', '', false)`
  await apply(index, index + 1)
  await sql`select set_config('tidemark.organization_id', ${id}, false)`
  const rows = await sql`
    select number, l.version, state, amount::int as amount, currency, effective_on::text as "effectiveOn", audit_id is not null as audited
    from credit_limit l join customer c on c.organization_id = l.organization_id and c.id = l.customer_id order by number`
  // The last day of May in London is the first of June in Tokyo.
  expect([...rows]).toEqual([
    {
      number: '1',
      version: 7,
      state: 'AMOUNT',
      amount: 150_000,
      currency: 'EUR',
      effectiveOn: '2026-06-01',
      audited: true,
    },
    {
      number: '2',
      version: 1,
      state: 'UNLIMITED',
      amount: null,
      currency: null,
      effectiveOn: '2026-01-02',
      audited: false,
    },
    {
      number: '4',
      version: 3,
      state: 'NOT_SET',
      amount: null,
      currency: null,
      effectiveOn: '2026-04-01',
      audited: true,
    },
  ])
  const forced = await sql`
    select relname from pg_class where relname in ('customer', 'audit', 'credit_limit') and not relforcerowsecurity`
  expect([...forced]).toEqual([])
  await sql`reset role`
})
