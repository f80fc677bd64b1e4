import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { migrate, readMigrations } from '@tidemark/drizzle/migrate.ts'
import { organization } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/database.ts'

describe('a database', () => {
  let database: TestDatabase
  let connection: Connection

  beforeAll(async () => {
    database = await createDatabase()
    connection = await connect(database.url, { max: 3 })
  })
  afterAll(async () => {
    await connection.close()
    await database.drop()
  })

  test('that is up to date stays as it is', async () => {
    const applied = () => connection.sql`select * from drizzle.__drizzle_migrations order by id`
    const before = await applied()
    expect(before.length).toBeGreaterThan(0)
    await migrate(connection)
    expect(await applied()).toEqual(before)
  })

  test('that is newer than this build is left alone', async () => {
    await connection.sql`
      insert into drizzle.__drizzle_migrations (hash, created_at, tag) values ('x', 99999999999999, '9999_tide')`
    await expect(migrate(connection)).rejects.toMatchObject({
      name: 'OperatorError',
      message: expect.stringContaining('newer than this Tidemark (it has migration 9999_tide)'),
    })
    await connection.sql`delete from drizzle.__drizzle_migrations where tag = '9999_tide'`
  })

  test('whose migration was edited since is left alone', async () => {
    await connection.sql`update drizzle.__drizzle_migrations set hash = 'x' where id = 1`
    await expect(migrate(connection)).rejects.toThrow('has been edited since it was applied')
  })
})

describe('an owner who is no superuser', () => {
  const suffix = crypto.randomUUID().slice(0, 8)
  const roles = [`maker_${suffix}`, `plain_${suffix}`]
  let cluster: Connection

  beforeAll(async () => {
    cluster = await connect(inject('clusterUrl'), { max: 1 })
    for (const role of roles) {
      const right = role.startsWith('maker') ? 'createrole' : 'nocreaterole'
      await cluster.sql.unsafe(`create role ${role} login password 'x' ${right}`)
      await cluster.sql.unsafe(`create database ${role} owner ${role}`)
    }
  })
  afterAll(async () => {
    for (const role of roles) {
      await cluster.sql.unsafe(`drop database ${role} with (force)`)
      await cluster.sql.unsafe(`drop role ${role}`)
    }
    await cluster.close()
  })

  const connectAs = (role = '') => {
    const url = new URL(inject('clusterUrl'))
    url.username = role
    url.password = 'x'
    url.pathname = `/${role}`
    return connect(url.href, { max: 3 })
  }

  test('may do it when the role was granted, and servers that start together take turns', async () => {
    const [maker] = roles
    await cluster.sql.unsafe(`grant tidemark_app, tidemark_identity to ${maker}`)
    const connections = await Promise.all([connectAs(maker), connectAs(maker)])
    await Promise.all(connections.map(migrate))
    const [connection] = connections
    const rows = await inTransaction(connection, { organizationId: null, mode: 'read' }, (tx) =>
      tx.select().from(organization),
    )
    expect(rows).toEqual([])
    await Promise.all(connections.map((one) => one.close()))
  })

  test('is told what to ask for when it was not', async () => {
    const connection = await connectAs(roles[1])
    await expect(migrate(connection)).rejects.toMatchObject({
      name: 'OperatorError',
      message: expect.stringMatching(/may not apply migration .*Let an administrator/),
    })
    const left = await connection.sql`select 1 from pg_tables where schemaname in ('public', 'drizzle')`
    expect(left).toHaveLength(0)
    await connection.close()
  })
})

describe('the folder of migrations', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-migrations-'))
    await mkdir(join(folder, 'meta'))
    for (const tag of ['0000_a', '0001_b']) await writeFile(join(folder, `${tag}.sql`), 'select 1;')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const readWith = async (entries: { tag: string; when: number }[]) => {
    await writeFile(join(folder, 'meta/_journal.json'), JSON.stringify({ entries }))
    return readMigrations(folder)
  }

  test('must have just the files of its journal, in the order of their times', async () => {
    await expect(readWith([{ tag: '0000_a', when: 1 }])).rejects.toThrow('but the folder has')
    const merged = [
      { tag: '0000_a', when: 2 },
      { tag: '0001_b', when: 1 },
    ]
    await expect(readWith(merged)).rejects.toThrow('0001_b is not younger')
    merged[1] = { tag: '0001_b', when: 3 }
    expect(await readWith(merged)).toMatchObject([{ statements: ['select 1;'] }, { when: 3 }])
  })
})
