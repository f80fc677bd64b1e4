/** The audit through the life of an installation: processes that are killed, two at once, older databases, the terminal. */
import { userInfo } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { migrate, readMigrations } from '@tidemark/drizzle/migrate.ts'
import { asOwner, inTransaction } from '@tidemark/drizzle/transaction.ts'
import { verifyAudit } from '@tidemark/server/audit/verify.ts'
import { AUDIT_CONTENT, writeAudit } from '@tidemark/server/ledger/audit.ts'
import { seal } from '@tidemark/server/ledger/seal.ts'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { execute } from '../support/graphql.ts'
import { startProduct, tidemark, type Environment } from '../support/product.ts'
import { startTestServer } from '../support/server.ts'
import { full } from '../support/scale.ts'

const NOTHING_NOTED = { receipts: [], heads: [] }

const until = async (holds: () => Promise<boolean>, timeoutMs = 60_000) => {
  const giveUpAt = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error('It did not come to that')
    await sleep(10)
  }
}

describe('the terminal', { timeout: 240_000 }, () => {
  let database: TestDatabase
  let connection: Connection
  let environment: Environment
  const cli = (...parameters: string[]) => tidemark(environment, ...parameters)
  const audit = (verb: string, ...more: string[]) => cli('audit', verb, '--organization', 'acme', ...more)

  beforeAll(async () => {
    database = await createDatabase()
    connection = await connect(database.url, { max: 2 })
    environment = { DATABASE_URL: database.url, TIDEMARK_DEMO: '0' }
    const company = ['--slug', 'acme', '--name', 'Acme', '--currency', 'USD', '--time-zone', 'UTC']
    for (const parameters of [
      ['organization', 'create', ...company],
      ['token', 'create', '--organization', 'acme', '--role', 'viewer'],
    ]) {
      const { code, stderr } = await cli(...parameters)
      if (code !== 0) throw new Error(stderr)
    }
  }, 120_000)
  afterAll(async () => {
    await connection.close()
    await database.drop()
  })

  it('is nobody by name in the audit; its user stands where it can be erased', async () => {
    const { username } = userInfo()
    const rows = await connection.sql`
      select actor, action, agent, address, request_id from audit left join origin on origin.id = origin_id
      order by recorded_at`
    expect([...rows]).toEqual(
      ['createOrganization', 'createToken'].map((action) => ({
        actor: 'terminal',
        action,
        agent: `tidemark cli, ${username}`,
        address: null,
        request_id: null,
      })),
    )
  })

  it('tells the end of the chain, and verifies it: 0 where it is intact, 1 where it is not', async () => {
    expect(await audit('head')).toMatchObject({ code: 0, stdout: 'Nothing is sealed yet.\n' })
    const [organization] = await connection.sql<{ id: string }[]>`select id from organization`
    await seal(connection, organization?.id ?? '')
    const head = (await audit('head')).stdout.trim()
    expect(head).toMatch(/^2:[\da-f]{64}$/)
    const [row] = await connection.sql<
      { id: string; hash: string }[]
    >`select id, hash from audit order by recorded_at`
    const receipt = `audit_${row?.id}:${row?.hash}`

    const intact = await audit('verify', '--receipt', receipt, '--head', head, '--json')
    expect(intact).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(intact.stdout)).toMatchObject({ isIntact: true, entries: 2, sealed: 2, findings: [] })

    await connection.sql`update audit set reason = 'x' where id = ${row?.id ?? ''}`
    const changed = await audit('verify', '--receipt', receipt, '--head', head)
    expect(changed.code).toBe(1)
    expect(changed.stdout).toContain(
      `CHANGED\taudit_${row?.id}\tThe entry with number 1 is not what was sealed.\n`,
    )
    expect(changed.stdout).toContain(`RECEIPT_UNKNOWN\taudit_${row?.id}`)
    expect(changed.stdout).toMatch(/Not intact: 2 findings\.\n$/)
    await connection.sql`update audit set reason = null where id = ${row?.id ?? ''}`

    const nonsense = await audit('verify', '--head', 'x:y')
    expect(nonsense.code).toBe(1)
    expect(nonsense.stderr).toContain('Expected <number>:<64 hexadecimal digits>')
  })

  it('writes the entries to a file', async () => {
    const { code, stdout } = await audit('export', '--format', 'ndjson', '--action', 'createToken')
    expect(code).toBe(0)
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([
      {
        action: 'createToken',
        actorKind: 'TERMINAL',
        agent: `tidemark cli, ${userInfo().username}`,
        sequence: '2',
      },
    ])
    const csv = await audit('export', '--newest-first')
    expect(csv.stdout.split('\r\n').map((line) => line.split(',')[6])).toEqual([
      'action',
      'createToken',
      'createOrganization',
      undefined,
    ])
    const wrong = await audit('export', '--since', 'yesterday')
    expect(wrong).toMatchObject({ code: 1, stdout: '' })
    expect(wrong.stderr).toContain('--since: Expected a moment')
  })
})

describe('two servers', () => {
  it('seal what both write, each entry once', { timeout: 120_000 }, async () => {
    const first = await startTestServer()
    const second = await startTestServer({ beside: first })
    try {
      const organization = await first.createOrganization()
      const token = await first.createToken(organization)
      const goals = full(500, 25)
      const write = async (url: string) => {
        for (let index = 0; index < goals; index++) {
          await execute(
            url,
            token,
            `mutation ($input: CreateGoalInput!) { createGoal(input: $input) { __typename } }`,
            {
              input: {
                name: 'A goal',
                metric: 'OPEN_INVOICE_COUNT',
                direction: 'DECREASE',
                baseline: '10',
                target: '0',
                deadline: Temporal.Now.plainDateISO('UTC').add({ years: 1 }).toString(),
              },
            },
          )
        }
      }
      await Promise.all([first.url, second.url, first.url, second.url].map(write))
      const ask = '{ verifyAuditLog { isIntact entries sealed unsealed findings { message } } }'
      let verifyAuditLog: Record<string, unknown> = {}
      await until(async () => {
        ;({ verifyAuditLog } = await execute<{ verifyAuditLog: Record<string, unknown> }>(
          second.url,
          token,
          ask,
        ))
        return verifyAuditLog['unsealed'] === 0
      })
      const entries = 4 * goals + 2
      expect(verifyAuditLog).toEqual({ isIntact: true, entries, sealed: entries, unsealed: 0, findings: [] })
    } finally {
      await second.close()
      await first.close()
    }
  })
})

describe('a server that is killed while it seals', () => {
  it('leaves a chain that the next one goes on with', { timeout: 240_000 }, async () => {
    const database = await createDatabase()
    const connection = await connect(database.url, { max: 2 })
    const organizationId = crypto.randomUUID()
    const write = (rows: number) =>
      asOwner(
        connection,
        ({ sql }) => sql`
          with written as (
            select ${organizationId}::uuid as organization_id, gen_random_uuid() as id, 'demo' as actor, 'note' as action,
              'x' as subject, null::jsonb as before, null::jsonb as after, null::text as reason,
              null::uuid as origin_id, null::text as request_id, clock_timestamp() as recorded_at
            from generate_series(1, ${rows}::int))
          insert into audit (organization_id, id, actor, action, subject, before, after, reason, origin_id, request_id,
            recorded_at, hash)
          select *, encode(sha256(convert_to(${sql.unsafe(AUDIT_CONTENT)}, 'UTF8')), 'hex') from written`,
      )
    const sealed = async () => {
      const [row] = await connection.sql<{ count: number }[]>`select count(*)::int as count from audit_seal`
      return row?.count ?? 0
    }
    await connection.sql`insert into organization (id, slug, name, base_currency, time_zone)
      values (${organizationId}, 'acme', 'Acme', 'USD', 'UTC')`
    const environment = { DATABASE_URL: database.url, TIDEMARK_DEMO: '0' }
    let rows = 0
    for (let round = 0; round < full(20, 3); round++) {
      await write(12_000)
      rows += 12_000
      const before = await sealed()
      const server = await startProduct(environment, ['--no-dashboard'])
      await until(async () => (await sealed()) > before)
      await server.stop('SIGKILL')
    }
    const last = await startProduct(environment, ['--no-dashboard'])
    await until(async () => (await sealed()) === rows)
    await last.stop()
    expect(await verifyAudit(connection, organizationId, NOTHING_NOTED)).toMatchObject({
      isIntact: true,
      entries: rows,
      sealed: rows,
      findings: [],
    })
    await connection.close()
    await database.drop()
  })
})

describe('a database of an older version', () => {
  const role = `plain_${crypto.randomUUID().slice(0, 8)}`
  let cluster: Connection
  beforeAll(async () => {
    cluster = await connect(inject('clusterUrl'), { max: 1 })
    await cluster.sql.unsafe(`create role ${role} login password 'x' nosuperuser`)
    await cluster.sql.unsafe(`grant tidemark_app, tidemark_identity to ${role}`)
    await cluster.sql.unsafe(`create database ${role} owner ${role}`)
  })
  afterAll(async () => {
    await cluster.sql.unsafe(`drop database ${role} with (force)`)
    await cluster.sql.unsafe(`drop role ${role}`)
    await cluster.close()
  })

  it('gets hashes and seals for its rows, by an owner who is no superuser', { timeout: 60_000 }, async () => {
    const url = new URL(inject('clusterUrl'))
    url.username = role
    url.password = 'x'
    url.pathname = `/${role}`
    const connection = await connect(url.href, { max: 3 })
    const organizationId = crypto.randomUUID()
    const of = { organizationId, mode: 'write' } as const
    await asOwner(connection, async ({ sql }) => {
      await sql`create schema drizzle`
      await sql`create table drizzle.__drizzle_migrations
        (id serial primary key, hash text not null, created_at bigint, tag text)`
      for (const { tag, when, hash, statements } of (await readMigrations()).slice(0, 2)) {
        for (const statement of statements) await sql.unsafe(statement)
        await sql`insert into drizzle.__drizzle_migrations (hash, created_at, tag) values (${hash}, ${when}, ${tag})`
      }
      await sql`insert into organization (id, slug, name, base_currency, time_zone)
        values (${organizationId}, 'acme', 'Acme', 'USD', 'UTC')`
    })
    await inTransaction(connection, of, async ({ sql }) => {
      for (const [index, actor] of ['cli:ann', 'token:1', 'cli:bob', 'cli:ann', 'demo'].entries()) {
        await sql`insert into audit (organization_id, id, actor, action, subject, after, reason, recorded_at)
          values (${organizationId}, ${crypto.randomUUID()}, ${actor}, 'note', ${String(index)}, '{"ü": [1, 2.50]}', 'why',
            timestamptz '2025-01-01 00:00:00.123456+00' + ${index} * interval '1 day')`
      }
    })

    await migrate(connection)
    const author = { organization: { id: organizationId }, actor: 'terminal' }
    await inTransaction(connection, of, (tx) => writeAudit(tx, author, { action: 'note', subject: 'new' }))
    expect(await seal(connection, organizationId)).toEqual({ outcome: 'DONE', sealed: 6 })
    expect(await verifyAudit(connection, organizationId, NOTHING_NOTED)).toMatchObject({
      isIntact: true,
      entries: 6,
      sealed: 6,
      findings: [],
    })
    const rows = await inTransaction(
      connection,
      { ...of, mode: 'read' },
      ({ sql }) =>
        sql<{ actor: string; agent: string | null }[]>`
        select actor, agent from audit left join origin on origin.id = origin_id order by recorded_at`,
    )
    expect(rows.map(({ actor, agent }) => `${actor} ${agent}`)).toEqual([
      'terminal tidemark cli, ann',
      'token:1 null',
      'terminal tidemark cli, bob',
      'terminal tidemark cli, ann',
      'demo null',
      'terminal null',
    ])
    await connection.close()
  })
})
