/** `pnpm tidemark backup` and `restore` as processes: beside a server, killed, and as an owner who is no superuser. */
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeBackup } from '@tidemark/drizzle/backup.ts'
import { type Connection, connect } from '@tidemark/drizzle/connect.ts'
import { openEmbedded } from '@tidemark/drizzle/embedded.ts'
import { asOwner } from '@tidemark/drizzle/transaction.ts'
import { backUpEmbedded } from '@tidemark/server/backups.ts'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { createDatabase, createEmptyDatabase } from '../support/database.ts'
import { execute } from '../support/graphql.ts'
import { startProcess } from '../support/process.ts'
import { startProduct, tidemark } from '../support/product.ts'
import { LEFT_BEHIND, readAllRows, type Rows } from '../support/rows.ts'

let folder: string
let files = 0
const opened = new AsyncDisposableStack()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-backup-process-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
})
afterAll(() => opened.disposeAsync())

const newFile = () => join(folder, `backup-${++files}.zip`)

const open = async (url: string): Promise<Connection> => {
  const connection = await connect(url, { max: 2 })
  opened.defer(() => connection.close())
  return connection
}

const company = ['--name', 'Acme', '--currency', 'USD', '--time-zone', 'UTC']
const scopes = ['--scope', 'invoice:write', '--scope', 'invoice:read', '--scope', 'customer:read']

const BOOKS = `customer_number,customer_name,invoice_number,issued_on,due_on,amount,currency,settled_on
C-1,"Customer\\, ""one""",A-0,2026-01-01,2026-01-31,12.34,USD,2026-02-03
`

/** An organization with a customer, and a token for it. */
const openAcme = async (environment: Readonly<Record<string, string>>): Promise<string> => {
  expect(await tidemark(environment, 'organization', 'create', '--slug', 'acme', ...company)).toMatchObject({
    code: 0,
  })
  const books = join(folder, 'books.csv')
  await writeFile(books, BOOKS)
  expect(await tidemark(environment, 'import', 'invoices', books, '--organization', 'acme')).toMatchObject({
    code: 0,
  })
  const { stdout } = await tidemark(environment, 'token', 'create', '--organization', 'acme', ...scopes)
  return stdout.trim()
}

const bill = (url: string, token: string, number: string): Promise<unknown> =>
  execute(
    url,
    token,
    `mutation ($input: RecordInvoiceInput!) {
      recordInvoice(input: $input) { __typename ... on Problem { message } }
    }`,
    {
      input: {
        customer: { number: 'C-1' },
        number,
        amount: { amount: '10.00', currency: 'USD' },
        issuedOn: '2026-01-31',
        dueOn: '2026-02-28',
      },
    },
  )

const BILLED = { recordInvoice: { __typename: 'RecordInvoiceSuccess' } }

/** The audit tells of a restoration: a row of its own, and where it came from. */
const withoutRestoration = (rows: Rows): Rows => {
  const entries = rows['public.audit'] ?? []
  const restorations = entries.filter((row) => row.includes('"restoreBackup"'))
  expect(restorations).toHaveLength(1)
  return { ...rows, 'public.audit': entries.filter((row) => !restorations.includes(row)) }
}

const expectSame = (restored: Rows, original: Rows): void => {
  const left = Object.fromEntries(LEFT_BEHIND.map((table) => [table, []]))
  expect({ ...withoutRestoration(restored), ...left }).toEqual({ ...original, ...left })
}

describe('the embedded database', { timeout: 180_000 }, () => {
  it('is backed up while a server serves it, and restored into another folder', async () => {
    const first = { DATA_DIR: join(folder, 'first'), TIDEMARK_DEMO: '0' }
    const server = await startProduct(first, ['--no-dashboard'])
    const token = await openAcme(first)
    let posted = 0
    const over = new AbortController()
    const writing = (async () => {
      for (; !over.signal.aborted; posted++)
        expect(await bill(server.url, token, `B-${posted}`)).toEqual(BILLED)
    })()
    writing.catch(() => over.abort())

    // By the command line, then to the row.
    const file = newFile()
    const known = posted
    const told = await tidemark(first, 'backup', file, '--json')
    expect(told).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(told.stdout)).toMatchObject({ file, organizations: 1, bytes: (await stat(file)).size })
    const rowsOf = (table: string) =>
      (JSON.parse(told.stdout) as { tables: { table: string; rows: number }[] }).tables.find(
        (one) => one.table === table,
      )?.rows ?? 0
    expect(rowsOf('public.invoice')).toBeGreaterThanOrEqual(known)
    expect(rowsOf('public.invoice')).toBeLessThanOrEqual(posted + 2)

    const database = await openEmbedded(first.DATA_DIR)
    const connection = await connect(database.url, { max: 1 })
    const exact = newFile()
    const rows = await asOwner(
      connection,
      async (tx) => {
        const read = await readAllRows(tx.sql)
        const before = posted
        await vi.waitUntil(() => posted > before + 1 || over.signal.aborted, { timeout: 20_000 })
        await writeBackup(tx, exact)
        return read
      },
      'read',
    )
    over.abort()
    await writing
    await connection.close()
    await database.close()

    // By the clock, into a folder of its own.
    const scheduled = newFile()
    await backUpEmbedded(first.DATA_DIR)(scheduled, new AbortController().signal)
    expect(await tidemark({}, 'restore', scheduled, '--check')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${scheduled} is whole: 1 organization, `),
    })
    expect(await tidemark(first, 'restore', exact)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Another Tidemark server already uses'),
    })
    expect((await server.stop()).code).toBe(0)

    const second = { DATA_DIR: join(folder, 'second'), TIDEMARK_DEMO: '0' }
    const restored = await tidemark(second, 'restore', exact)
    expect(restored).toMatchObject({ code: 0, stderr: '' })
    expect(restored.stdout).toMatch(/^Restored 1 organization, [\d,]+ rows, of .*\n.*revoke and erase again/)
    const copy = await openEmbedded(second.DATA_DIR)
    const reading = await connect(copy.url, { max: 1 })
    expectSame(await readAllRows(reading.sql), rows)
    await reading.close()
    await copy.close()

    const again = await startProduct(second, ['--no-dashboard'])
    expect(await bill(again.url, token, 'C-1')).toEqual(BILLED)
    expect((await again.stop()).code).toBe(0)
    expect(await tidemark(second, 'restore', exact)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The database is not empty'),
    })
  })
})

describe('an external database of an owner who is no superuser', { timeout: 180_000 }, () => {
  const role = `keeper_${crypto.randomUUID().slice(0, 8)}`
  let cluster: Connection
  beforeAll(async () => {
    cluster = await connect(inject('clusterUrl'), { max: 1 })
    await cluster.sql.unsafe(`create role ${role} login password 'x' createrole`)
    // As an administrator does where another database of the cluster has made the roles.
    await cluster.sql.unsafe(`grant tidemark_app, tidemark_identity to ${role}`)
    // Settings of the role's own that a copy must not be bent by.
    await cluster.sql.unsafe(`alter role ${role} set statement_timeout = '2s'`)
    await cluster.sql.unsafe(`alter role ${role} set extra_float_digits = -10`)
  })
  afterAll(async () => {
    await cluster.sql.unsafe(`drop role ${role}`)
    await cluster.close()
  })

  const createOwn = async () => {
    const database = await createEmptyDatabase(role)
    const url = new URL(database.url)
    url.username = role
    url.password = 'x'
    return { environment: { DATABASE_URL: url.href, TIDEMARK_DEMO: '0' }, ...database }
  }

  it('is backed up and restored, every row', async () => {
    const [source, target] = [await createOwn(), await createOwn()]
    const token = await openAcme(source.environment)
    const server = await startProduct(source.environment, ['--no-dashboard'])
    for (const number of ['A-1', 'A-2']) expect(await bill(server.url, token, number)).toEqual(BILLED)
    await server.stop()
    const file = newFile()
    expect(await tidemark(source.environment, 'backup', file)).toMatchObject({ code: 0, stderr: '' })
    expect(await tidemark(target.environment, 'restore', file)).toMatchObject({ code: 0, stderr: '' })

    const [original, restored] = [await open(source.url), await open(target.url)]
    const rows = await readAllRows(original.sql)
    expect(rows['public.invoice']).toHaveLength(3)
    expectSame(await readAllRows(restored.sql), rows)
    // The second wall stands again, before the owner too.
    const loose = await restored.sql`
      select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
        and relname <> 'organization' and not (relrowsecurity and relforcerowsecurity)`
    expect(loose).toEqual([])
    const again = await startProduct(target.environment, ['--no-dashboard'])
    expect(await bill(again.url, token, 'C-1')).toEqual(BILLED)
    await again.stop()
    await Promise.all([original.close(), restored.close()])
    await Promise.all([source.drop(), target.drop()])
  })
})

describe('kill -9', { timeout: 180_000 }, () => {
  let source: Connection
  let environment: { readonly DATABASE_URL: string }

  /** Enough to be in the midst of it when it is killed. */
  beforeAll(async () => {
    const database = await createDatabase()
    opened.defer(() => database.drop())
    source = await open(database.url)
    environment = { DATABASE_URL: database.url }
    await openAcme(environment)
    await source.sql`
      insert into idempotency_key (organization_id, actor, key, input_hash, outcome)
      select id, 'test', n::text, md5(n::text), jsonb_build_object('text', repeat(md5(n::text), 20))
      from organization, generate_series(1, 200000) as n`
  }, 60_000)

  const backUp = (file: string) => startProcess('server/cli/main.ts', ['backup', file], environment)
  const hasWritten = (file: string, bytes: number) =>
    vi.waitUntil(async () => existsSync(file) && (await stat(file)).size > bytes, {
      timeout: 60_000,
      interval: 5,
    })

  it('during a backup leaves no file, and the next one is whole', async () => {
    const file = newFile()
    const killed = backUp(file)
    await hasWritten(`${file}.partial`, 1_000_000)
    killed.child.kill('SIGKILL')
    await killed.ended
    expect(existsSync(file)).toBe(false)
    expect(existsSync(`${file}.partial`)).toBe(true)
    expect(await backUp(file).ended).toMatchObject({ code: 0 })
    expect(existsSync(`${file}.partial`)).toBe(false)
    expect(await tidemark({}, 'restore', file, '--check')).toMatchObject({ code: 0 })
  })

  it('is not needed: Ctrl-C leaves nothing at all', async () => {
    const file = newFile()
    const interrupted = backUp(file)
    await hasWritten(`${file}.partial`, 1_000_000)
    interrupted.child.kill('SIGINT')
    expect(await interrupted.ended).toMatchObject({
      code: 130,
      stderr: 'Interrupted: nothing was written.\n',
    })
    expect((await readdir(folder)).filter((name) => name.startsWith(file.slice(folder.length + 1)))).toEqual(
      [],
    )
  })

  it('during a restoration leaves an empty database, which can be restored into', async () => {
    const file = newFile()
    expect(await backUp(file).ended).toMatchObject({ code: 0 })
    const target = await createEmptyDatabase()
    opened.defer(() => target.drop())
    const connection = await open(target.url)
    const others = () => connection.sql<{ query: string }[]>`
      select query from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
        and backend_type = 'client backend'`
    const restoring = startProcess('server/cli/main.ts', ['restore', file], { DATABASE_URL: target.url })
    await vi.waitUntil(
      async () => (await others()).some(({ query }) => query.startsWith('copy public.idempotency_key')),
      { timeout: 60_000, interval: 5 },
    )
    restoring.child.kill('SIGKILL')
    await restoring.ended
    await vi.waitUntil(async () => (await others()).length === 0, { timeout: 60_000 })
    const left = await connection.sql`
      select from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where nspname in ('public', 'identity', 'drizzle')`
    expect(left).toHaveLength(0)
    expect(await tidemark({ DATABASE_URL: target.url }, 'restore', file)).toMatchObject({ code: 0 })
    const count = await connection.sql`select count(*)::int as count from idempotency_key`
    expect(count).toEqual([{ count: 200_000 }])
  })

  it('leaves a server that backs up by the clock no process behind when it stops', async () => {
    const stop = new AbortController()
    const file = newFile()
    const dataDir = join(folder, 'stopped')
    await (await openEmbedded(dataDir, { durable: false })).close()
    const running = backUpEmbedded(dataDir)(file, stop.signal)
    await sleep(300)
    stop.abort()
    await expect(running).rejects.toThrow('abort')
    expect(existsSync(file)).toBe(false)
  })
})
