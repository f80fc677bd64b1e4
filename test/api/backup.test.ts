/** Backups and their restoration: every row of one moment, while others write; and nothing at all of a damaged file. */
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { backUp, writeBackup } from '@tidemark/drizzle/backup.ts'
import { readTables } from '@tidemark/drizzle/backup/tables.ts'
import { type Connection, connect } from '@tidemark/drizzle/connect.ts'
import { applyMigrations, readMigrations } from '@tidemark/drizzle/migrate.ts'
import { checkBackup, restore, type RestoreOptions } from '@tidemark/drizzle/restore.ts'
import { asOwner } from '@tidemark/drizzle/transaction.ts'
import { verifyAudit } from '@tidemark/server/audit/verify.ts'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  changeManifest,
  changeRows,
  type Contents,
  readMembers,
  readSortedRows,
  rewriteMembers,
} from '../support/backup-file.ts'
import { createDatabase, createEmptyDatabase, type TestDatabase } from '../support/database.ts'
import { execute } from '../support/graphql.ts'
import { join as joinOrganization, signIn } from '../support/people.ts'
import { startProduct } from '../support/product.ts'
import { LEFT_BEHIND, readAllRows, readShape, SUMS, type Rows } from '../support/rows.ts'
import { full } from '../support/scale.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { createTwins, type Twin, type Twins } from '../support/twins.ts'

const EMAIL = 'dora@alpha.example'

let folder: string
let server: TestServer
let twins: Twins
let file: string
/** What the database had at the moment of the backup. */
let rows: Rows
let files = 0
const opened = new AsyncDisposableStack()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-backup-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  server = await startTestServer()
  opened.defer(() => server.close())
  twins = await createTwins(server)
  await joinOrganization(server, twins.ours.organization, EMAIL, 'manager')
  await server.connection.sql`insert into identity.attempt (key, failures, since, last_id)
    values ('somebody', 1, now(), gen_random_uuid())`
  file = newFile()
  rows = await backUpWhileWriting(file)
}, 120_000)
afterAll(() => opened.disposeAsync())

const newFile = () => join(folder, `backup-${++files}.zip`)

const openEmpty = async (): Promise<{ connection: Connection; url: string }> => {
  const database = await createEmptyDatabase()
  opened.defer(() => database.drop())
  const connection = await connect(database.url, { max: 4 })
  opened.defer(() => connection.close())
  return { connection, url: database.url }
}

/** Everything is read, then backed up, in one snapshot; customers of both organizations are billed and pay meanwhile. */
const backUpWhileWriting = async (path: string): Promise<Rows> => {
  let posted = 0
  const over = new AbortController()
  const write = async ({ token, mark }: Twin) => {
    while (!over.signal.aborted) {
      await bill(server.url, token, mark, `W-${mark}-${posted}`)
      posted += 1
    }
  }
  const writing = Promise.all([write(twins.ours), write(twins.theirs)])
  const read = await asOwner(
    server.connection,
    async (tx) => {
      const all = await readAllRows(tx.sql)
      const before = posted
      await vi.waitUntil(() => posted >= before + 2, { timeout: 20_000 })
      await writeBackup(tx, path)
      return all
    },
    'read',
  )
  over.abort()
  await writing
  return read
}

const bill = (url: string, token: string, mark: string, number: string): Promise<unknown> => {
  const day = Temporal.Now.plainDateISO('UTC').toString()
  const input = {
    customer: { number: `${mark}-C-1` },
    number,
    amount: { amount: '10.00', currency: 'USD' },
    issuedOn: day,
    dueOn: day,
  }
  return execute(
    url,
    token,
    `mutation ($input: RecordInvoiceInput!) {
      recordInvoice(input: $input) { __typename ... on Problem { message } }
    }`,
    { input },
  )
}

describe('what is restored', () => {
  let restored: { connection: Connection; url: string }

  beforeAll(async () => {
    restored = await openEmpty()
    await restore(restored.connection, file)
  }, 60_000)

  it('is every row of every table, of one moment, but for what stays behind', async () => {
    const found = await readAllRows(restored.connection.sql)
    const left = Object.fromEntries(LEFT_BEHIND.map((table) => [table, []]))
    expect(found).toEqual({ ...rows, ...left })
    // Of all that a real organization has there was something to lose.
    const empty = Object.keys(rows).filter((table) => rows[table]?.length === 0 && !SUMS.includes(table))
    expect(empty).toEqual(['identity.two_factor', 'identity.verification'])
  })

  it('lies in tables that are like any others', async () => {
    expect(await readShape(restored.connection.sql)).toEqual(await readShape(server.connection.sql))
  })

  it('is looked at anew: what was posted just before the backup is evaluated and sealed', async () => {
    const [{ unseen }] = await restored.connection.sql<[{ unseen: number }]>`
      select count(*)::int as unseen from audit join evaluation using (organization_id)
        join audit_head using (organization_id)
      where not pg_visible_in_snapshot(audit.xid, evaluation.seen)
        and not pg_visible_in_snapshot(audit.xid, audit_head.seen)`
    expect(unseen).toBe(rows['public.audit']?.length)
  })

  it('serves: people sign in, tokens post, goals move, the audit holds', { timeout: 60_000 }, async () => {
    const { ours } = twins
    const { connection, url } = restored
    // Not yet sealed, as if the backup had come at once after the posting.
    await connection.sql`delete from audit_seal where sequence = (select max(sequence) from audit_seal)
      and organization_id = ${ours.organization.id}`
    await connection.sql`update audit_head set sequence = last.sequence, hash = last.hash
      from (select * from audit_seal where organization_id = ${ours.organization.id} order by sequence desc limit 1) as last
      where audit_head.organization_id = last.organization_id`
    const product = await startProduct({ DATABASE_URL: url, TIDEMARK_DEMO: '0' }, ['--no-dashboard'])
    const visitor = await signIn(product, EMAIL)
    expect(await visitor.graphql('{ organization { slug } }')).toMatchObject({
      data: { organization: { slug: 'alpha' } },
    })
    await expect(bill(product.url, ours.token, ours.mark, 'NEW-1')).resolves.toEqual({
      recordInvoice: { __typename: 'RecordInvoiceSuccess' },
    })
    const unseen = async () => {
      const found = await connection.sql`
        select from audit join evaluation using (organization_id) join audit_head using (organization_id)
        where organization_id = ${ours.organization.id}
          and not (pg_visible_in_snapshot(xid, evaluation.seen) and pg_visible_in_snapshot(xid, audit_head.seen))`
      return found.length
    }
    await vi.waitUntil(async () => (await unseen()) === 0, { timeout: 10_000 })
    for (const twin of [ours, twins.theirs]) {
      const verification = () =>
        verifyAudit(connection, twin.organization.id, { receipts: [], heads: [] }, { patienceMs: 0 })
      await vi.waitUntil(async () => (await verification()).unsealed === 0, { timeout: 10_000 })
      expect(await verification()).toMatchObject({ isIntact: true, findings: [] })
    }
    expect((await product.stop()).code).toBe(0)
  })

  it('can be backed up again, with the same rows', async () => {
    const again = newFile()
    const from = await openEmpty()
    await restore(from.connection, file)
    await backUp(from.connection, again)
    // Their snapshots are of this cluster now.
    const changed = ['public.evaluation', 'public.audit_head', 'public.credit_watch']
    expect(await readSortedRows(again, changed)).toEqual(await readSortedRows(file, changed))
  })
})

describe('what is backed up', () => {
  it('is every table, but for a short list', async () => {
    const carried = new Set((await readTables(server.connection.sql)).map(({ name }) => name))
    expect(Object.keys(rows).filter((name) => !carried.has(name))).toEqual(LEFT_BEHIND)
  })

  it('needs no sequences: there are none', async () => {
    expect(
      await server.connection.sql`
        select relname from pg_class where relkind = 'S' and relnamespace in ('public'::regnamespace, 'identity'::regnamespace)`,
    ).toEqual([])
  })

  it('is for its owner’s eyes only, and says what it is', async () => {
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const manifest = await checkBackup(file)
    expect(manifest).toMatchObject({ format: 1, organizations: 2, product: expect.any(String) })
    expect(manifest.migrations.map(({ tag }) => tag)).toEqual((await readMigrations()).map(({ tag }) => tag))
  })

  it('replaces no file unless it is told to, and needs a folder', async () => {
    const path = newFile()
    await writeFile(path, 'mine')
    await expect(backUp(server.connection, path)).rejects.toThrow(`${path} exists already.`)
    expect(String(await readFile(path))).toBe('mine')
    await backUp(server.connection, path, { overwrite: true })
    await checkBackup(path)
    const nowhere = join(folder, 'nowhere', 'backup.zip')
    await expect(backUp(server.connection, nowhere)).rejects.toThrow(
      `There is no folder ${join(folder, 'nowhere')}.`,
    )
  })

  it.runIf(process.getuid?.() === 0)('says so where there is no room for it', async ({ skip }) => {
    const small = join(folder, 'small')
    await mkdir(small)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', small], { stdio: 'ignore' })
    } catch {
      skip('this machine does not let us mount a small disk')
    }
    try {
      const path = join(small, 'backup.zip')
      await expect(backUp(server.connection, path)).rejects.toThrow(`There is no room for ${path}.`)
      expect(await readdir(small)).toEqual([])
    } finally {
      execFileSync('umount', [small])
    }
    await expect(backUp(server.connection, newFile())).resolves.toMatchObject({ bytes: expect.any(Number) })
  })

  it('is nothing where there are no tables', async () => {
    const { connection } = await openEmpty()
    await expect(backUp(connection, newFile())).rejects.toThrow('There is nothing to back up')
  })

  it('stops when it is told to, leaves nothing, and frees its connection', async () => {
    const path = newFile()
    const stop = new AbortController()
    const onProgress = () => stop.abort()
    await expect(backUp(server.connection, path, { onProgress, signal: stop.signal })).rejects.toThrow(
      'abort',
    )
    await expect(stat(path)).rejects.toThrow('ENOENT')
    await expect(stat(`${path}.partial`)).rejects.toThrow('ENOENT')
    expect(
      await server.connection.sql`select from pg_stat_activity where query like 'copy (%' and state <> 'idle'
      and datname = current_database()`,
    ).toHaveLength(0)
  })

  it('may be of an older version, whose tables are brought up to date', async () => {
    const old = await openEmpty()
    const migrations = await readMigrations()
    const first = migrations.filter(({ tag }) => tag < '0002')
    await asOwner(old.connection, ({ sql }) => applyMigrations(sql, first))
    const [id, tokenId] = [crypto.randomUUID(), crypto.randomUUID()]
    await old.connection.sql`insert into organization (id, slug, name, base_currency, time_zone)
      values (${id}, 'old', 'Old "\\ \t\n Ltd', 'USD', 'UTC')`
    await old.connection.sql`insert into api_token (organization_id, id, name, scope, secret_hash)
      values (${id}, ${tokenId}, 'bot', 'read', 'x')`
    const path = newFile()
    await backUp(old.connection, path)
    const { connection } = await openEmpty()
    await restore(connection, path)
    expect(
      await connection.sql`select organization.name, scopes, created_by from api_token join organization on true`,
    ).toMatchObject([
      { name: 'Old "\\ \t\n Ltd', scopes: expect.arrayContaining(['kpi:read']), created_by: 'terminal' },
    ])
    expect(await readShape(connection.sql)).toEqual(await readShape(server.connection.sql))
    // Into tables that are newer than the rows it cannot go.
    const newer = await createDatabase()
    opened.defer(() => newer.drop())
    const other = await connect(newer.url, { max: 1 })
    opened.defer(() => other.close())
    await expect(restore(other, path)).rejects.toThrow(
      /has newer tables \(migration 0002_.*Restore into a new one/,
    )
  })
})

describe('refused, with nothing written:', () => {
  let target: { connection: Connection; url: string }
  beforeAll(async () => {
    target = await openEmpty()
  })

  const refusal = async (path: string, options: RestoreOptions = {}): Promise<string> => {
    const error = await restore(target.connection, path, options).then(
      () => null,
      (error: unknown) => error,
    )
    expect(error).toMatchObject({ name: 'OperatorError' })
    const tables = await target.connection.sql`
      select from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`
    expect(tables).toHaveLength(0)
    return (error as Error).message
  }
  const rewritten = (change: (members: Contents) => void) => rewriteMembers(file, newFile(), change)
  const copied = async (change: (bytes: Buffer) => void): Promise<string> => {
    const path = newFile()
    const bytes = await readFile(file)
    change(bytes)
    await writeFile(path, bytes)
    return path
  }

  it('a byte that is another in any member', async () => {
    const bytes = await readFile(file)
    const members = await readMembers(file)
    const { tables } = await checkBackup(file)
    for (const name of [
      ...tables.filter(({ rows }) => rows > 0).map(({ member }) => member),
      'manifest.json',
    ]) {
      const content = members.get(name) ?? Buffer.alloc(0)
      const at = bytes.indexOf(content) + Math.floor(content.length / 2)
      const path = await copied((copy) => copy.writeUInt8((copy[at] ?? 0) ^ 0x10, at))
      expect(await refusal(path)).toContain(`is damaged at ${name}`)
    }
  })

  it('a byte that is another anywhere, unless it means nothing', { timeout: 120_000 }, async () => {
    const { length } = await readFile(file)
    const original = await checkBackup(file)
    const anywhere = fc.tuple(
      fc.oneof(fc.nat(length - 1), fc.integer({ min: length - 3_000, max: length - 1 })),
      fc.integer({ min: 1, max: 255 }),
    )
    await fc.assert(
      fc.asyncProperty(anywhere, async ([at, difference]) => {
        const path = await copied((copy) => copy.writeUInt8((copy[at] ?? 0) ^ difference, at))
        // The manifest, or the name of the error.
        const outcome = await checkBackup(path).catch((error: Error) => error.name)
        expect([original, 'OperatorError']).toContainEqual(outcome)
        await rm(path)
      }),
      { numRuns: full(3_000, 100) },
    )
  })

  it.each([
    ['half of a file', (length: number) => Math.floor(length / 2)],
    ['a file without its last byte', (length: number) => length - 1],
    ['an empty file', () => 0],
  ])('%s', async (_case, left) => {
    const path = await copied(() => {})
    await truncate(path, left((await stat(path)).size))
    expect(await refusal(path)).toContain('is not a whole backup')
  })

  it('a file that is something else, or is not there', async () => {
    const path = newFile()
    await writeFile(path, 'customer_number,amount\n'.repeat(100))
    expect(await refusal(path)).toContain('is not a whole backup')
    expect(await refusal(await rewritten((members) => members.delete('manifest.json')))).toContain(
      'is no backup of Tidemark',
    )
    expect(await refusal(join(folder, 'nothing'))).toBe(`There is no file ${join(folder, 'nothing')}.`)
    expect(await refusal(folder)).toContain('cannot be read')
  })

  it('a member that is missing', async () => {
    const path = await rewritten((members) => members.delete('public.flow.copy.zst'))
    expect(await refusal(path)).toContain('is damaged at public.flow.copy.zst: it is missing')
  })

  it('a member that is another file’s', async () => {
    const path = await rewritten((members) =>
      members.set('public.person.copy.zst', members.get('public.goal.copy.zst') ?? Buffer.alloc(0)),
    )
    expect(await refusal(path)).toContain('is damaged at public.person.copy.zst: its')
  })

  it('what a newer Tidemark made', async () => {
    const format = await rewritten((members) =>
      changeManifest(members, (manifest) => ({ ...manifest, format: 2 })),
    )
    expect(await refusal(format)).toContain('was made by a newer Tidemark (format 2; this one reads 1)')
    const migration = { tag: '9999_tide', when: 99_999_999_999_999, hash: 'x' }
    const tables = await rewritten((members) =>
      changeManifest(members, (manifest) => ({
        ...manifest,
        product: '9.0.0',
        migrations: [...manifest.migrations, migration],
      })),
    )
    expect(await refusal(tables)).toContain(
      'by a newer Tidemark (9.0.0, with migration 9999_tide). Update Tidemark.',
    )
  })

  it('a manifest that does not say what a manifest says', async () => {
    const path = await rewritten((members) => changeManifest(members, () => ({ format: 1 })))
    expect(await refusal(path)).toContain('is damaged at manifest.json')
  })

  it('a table more or less than its migrations make', async () => {
    const less = await rewritten((members) =>
      changeManifest(members, (manifest) => ({ ...manifest, tables: manifest.tables.slice(1) })),
    )
    expect(await refusal(less)).toMatch(/does not have the table .* as its migrations make it/)
    const more = await rewritten((members) =>
      changeManifest(members, (manifest) => ({
        ...manifest,
        tables: [...manifest.tables, { ...manifest.tables[0], table: 'public.other' }],
      })),
    )
    expect(await refusal(more)).toContain('has 1 more tables than its migrations make')
  })

  it('books that do not add up, unless they are taken as they are', async () => {
    const path = await rewritten((members) =>
      changeRows(members, 'public.customer_state', (lines) =>
        lines.replace(/\t(\d+)\t(\d+)\t([ft])\n/, '\t$11\t$2\t$3\n'),
      ),
    )
    expect(await refusal(path)).toMatch(/do not add up: for 1 customers .*--despite-differences/)
    const { connection } = await openEmpty()
    await restore(connection, path, { despiteDifferences: true })
  })

  it('rows that point to nothing', async () => {
    const path = await rewritten((members) =>
      changeRows(members, 'public.person', (lines) => lines.slice(lines.indexOf('\n') + 1)),
    )
    expect(await refusal(path)).toMatch(/do not fit together: .* violates foreign key constraint/)
  })

  it('an interruption', async () => {
    const stop = new AbortController()
    const onProgress: RestoreOptions['onProgress'] = ({ phase }) => {
      if (phase === 'LOADING') stop.abort()
    }
    await expect(restore(target.connection, file, { onProgress, signal: stop.signal })).rejects.toThrow(
      'abort',
    )
    expect(await target.connection.sql`select from pg_tables where schemaname = 'public'`).toHaveLength(0)
  })

  it('a database that is not empty', async () => {
    const before = await readAllRows(server.connection.sql)
    await expect(restore(server.connection, file)).rejects.toThrow(
      /is not empty: there are rows in .*set DATA_DIR to an empty folder/,
    )
    const after = await readAllRows(server.connection.sql)
    expect(after['public.organization']).toEqual(before['public.organization'])
  })
})

describe('a database that a server has started on', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createDatabase()
  })
  afterAll(() => database.drop())

  it('takes the secret of the backup for its own', async () => {
    const connection = await connect(database.url, { max: 2 })
    await connection.sql`insert into identity.instance (secret) values ('its own')`
    await restore(connection, file)
    const found = await readAllRows(connection.sql)
    expect(found['identity.instance']).toEqual(rows['identity.instance'])
    await connection.close()
  })
})
