/** Kept plans that a migration made useless, while transactions go on: nobody is told of them. */
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { asOwner, inTransaction, openReader, type Tx } from '@tidemark/drizzle/transaction.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/database.ts'

const CONNECTIONS = 3

let database: TestDatabase
let connection: Connection
let types = 0

beforeAll(async () => {
  database = await createDatabase()
  connection = await connect(database.url, { max: CONNECTIONS })
  await asOwner(connection, async ({ sql }) => {
    await sql`create table mark (id int primary key, step text)`
    await sql`insert into mark values (1, 'one'), (2, 'two')`
    await sql`grant all on mark to tidemark_app`
  })
})
afterAll(async () => {
  await connection.close()
  await database.drop()
})

const stepsOf = async ({ sql }: Tx): Promise<string[]> => {
  const rows = await sql<{ step: string }[]>`select * from mark order by id`
  return rows.map(({ step }) => step)
}

/** Every connection keeps the plan of both statements, and none of them is of use any more. */
const makePlansStale = async () => {
  const holding = Promise.withResolvers<void>()
  let held = 0
  await Promise.all(
    Array.from({ length: CONNECTIONS }, () =>
      inTransaction(connection, { organizationId: null, mode: 'write' }, async (tx) => {
        await stepsOf(tx)
        await tx.sql`select step from mark where id = ${1}`
        if (++held === CONNECTIONS) holding.resolve()
        await holding.promise
      }),
    ),
  )
  types += 1
  await connection.sql.unsafe(`alter table mark alter column step type varchar(${100 + types})`)
}

describe('a plan that a migration made useless', () => {
  it('is made anew by a reader, for all who read at the same time', async () => {
    await makePlansStale()
    const reader = openReader(connection, null)
    const answers = await Promise.all([
      reader.read(stepsOf),
      reader.read(async ({ sql }) => [...(await sql`select step from mark where id = ${1}`)]),
      reader.read(stepsOf),
    ])
    expect(answers).toEqual([['one', 'two'], [{ step: 'one' }], ['one', 'two']])
    await reader.close()
  })

  it('is made anew by a command, which does what it does once', async () => {
    await makePlansStale()
    const runs: number[] = []
    await inTransaction(connection, { organizationId: null, mode: 'write' }, async (tx) => {
      const id = 10 + runs.length
      runs.push(id)
      await tx.sql`insert into mark values (${id}, 'new')`
      await stepsOf(tx)
    })
    expect(runs.length).toBeGreaterThan(1)
    const found = await connection.sql<{ id: number }[]>`select id from mark where step = 'new'`
    expect(found.map(({ id }) => id)).toEqual([runs.at(-1)])
    await connection.sql`delete from mark where step = 'new'`
  })

  it('fails a reader that has answered already: it shows one moment to the end', async () => {
    await makePlansStale()
    const reader = openReader(connection, null)
    expect(await reader.read(async ({ sql }) => [...(await sql`select 1 as one`)])).toEqual([{ one: 1 }])
    await expect(reader.read(stepsOf)).rejects.toMatchObject({ code: '0A000' })
    await reader.close()
    expect(connection.sql.options.max).toBe(CONNECTIONS)
  })

  it('is not sought behind another error, which is told at once', async () => {
    let runs = 0
    const failing = inTransaction(connection, { organizationId: null, mode: 'write' }, async ({ sql }) => {
      runs += 1
      await sql`select 1 / 0`
    })
    await expect(failing).rejects.toMatchObject({ code: '22012' })
    expect(runs).toBe(1)
  })
})
