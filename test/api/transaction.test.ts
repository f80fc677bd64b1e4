import { createServer } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Connection, listen } from '@tidemark/drizzle/connect.ts'
import { organization, person } from '@tidemark/drizzle/tables/organization.ts'
import { asOwner, inSavepoint, inTransaction, openReader, type Tx } from '@tidemark/drizzle/transaction.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { tell } from '../support/tell.ts'

const ours = '0193d1c0-0000-7000-8000-000000000001'
const theirs = '0193d1c0-0000-7000-8000-000000000002'

let database: TestDatabase
let connection: Connection

beforeAll(async () => {
  database = await createDatabase()
  connection = await connect(database.url, { max: 6 })
  await asOwner(connection, async ({ sql }) => {
    await sql`create table mark (id int, step text)`
    await sql`grant all on mark to tidemark_app`
  })
  await inTransaction(connection, { organizationId: null, mode: 'write' }, (tx) =>
    tx
      .insert(organization)
      .values([ours, theirs].map((id) => ({ id, slug: id, name: id, baseCurrency: 'USD', timeZone: 'UTC' }))),
  )
  await write((tx) => tx.insert(person).values({ organizationId: ours, id: ours, name: 'Ada' }))
})

afterAll(async () => {
  await connection.close()
  await database.drop()
})

const write = <T>(run: (tx: Tx) => Promise<T>, timeoutMs?: number | null) =>
  inTransaction(
    connection,
    { organizationId: ours, mode: 'write', ...(timeoutMs === undefined ? {} : { timeoutMs }) },
    run,
  )

const read = <T>(organizationId: string | null, run: (tx: Tx) => Promise<T>) =>
  inTransaction(connection, { organizationId, mode: 'read' }, run)

const marksOf = async (id: number): Promise<string[]> => {
  const rows = await connection.sql<{ step: string }[]>`select step from mark where id = ${id} order by step`
  return rows.map(({ step }) => step)
}

describe('role and tenant', () => {
  test('an organization sees its own rows, another one and nobody see none', async () => {
    const namesSeenBy = (id: string | null) =>
      read(id, async (tx) => (await tx.select().from(person)).map(({ name }) => name))
    expect(await namesSeenBy(ours)).toEqual(['Ada'])
    expect(await namesSeenBy(theirs)).toEqual([])
    expect(await namesSeenBy(null)).toEqual([])
  })

  test('a row of another organization cannot be written', async () => {
    const writing = write((tx) =>
      tx.insert(person).values({ organizationId: theirs, id: theirs, name: 'Mallory' }),
    )
    await expect(writing).rejects.toMatchObject({ cause: { code: '42501' } })
  })

  test('nothing of it is left on the connection afterwards', async () => {
    const lone = await connect(database.url, { max: 1 })
    await inTransaction(lone, { organizationId: ours, mode: 'write' }, async ({ sql }) => {
      const [inside] = await sql`select current_user as role`
      expect(inside).toEqual({ role: 'tidemark_app' })
    })
    const [outside] = await lone.sql`
      select current_user as role, current_setting('tidemark.organization_id') as tenant,
        current_setting('statement_timeout') as limit`
    expect(outside).toEqual({ role: 'tidemark', tenant: '', limit: '0' })
    await lone.close()
  })

  test('what is not an id never reaches the database', async () => {
    await expect(read("' or true --", async () => {})).rejects.toThrow(TypeError)
  })
})

describe('reading', () => {
  test('a read transaction cannot write', async () => {
    const writing = read(ours, ({ sql }) => sql`insert into mark values (1, 'a')`)
    await expect(writing).rejects.toMatchObject({ code: '25006' })
  })

  test('reads of one reader share one snapshot, also those at the same time', async () => {
    const reader = openReader(connection, ours)
    const count = () =>
      reader.read(async ({ sql }) => {
        const [row] = await sql`select count(*), pg_backend_pid() as pid from mark where id = 2`
        return row
      })
    const [first, second] = await Promise.all([count(), count()])
    await write(({ sql }) => sql`insert into mark values (2, 'a')`)
    expect([second, await count()]).toEqual([first, first])
    await reader.close()
    await expect(count()).rejects.toThrow('closed')
  })

  test('closing waits for a running read, twice does no harm, and without a read costs nothing', async () => {
    const reader = openReader(connection, ours)
    const reading = reader.read(({ sql }) => sql`select pg_sleep(0.05)`)
    await reader.close()
    await expect(reading).resolves.toHaveLength(1)
    await reader.close()
    await openReader(connection, ours).close()
  })

  test('a reader whose backend dies fails its reads, and closes quietly', async () => {
    const reader = openReader(connection, ours)
    const pid = await reader.read(backendOf)
    await connection.sql`select pg_terminate_backend(${pid})`
    await expect(reader.read(({ sql }) => sql`select 1`)).rejects.toThrow(LOST)
    await reader.close()
  })

  test('a reader whose wait is never answered lets go of its connection', async () => {
    const lone = await connect(database.url, { max: 1, applicationName: 'tidemark waiting' })
    const never = new Promise<never>(() => {})
    const reader = openReader(lone, ours, { before: () => never, timeoutMs: 300 })
    const reading = reader.read(async () => {})
    reading.catch(() => {})
    const seen = () => connection.sql`
      select state from pg_stat_activity where application_name = 'tidemark waiting'`
    await expect.poll(async () => [...(await seen())]).toEqual([{ state: 'idle in transaction' }])
    // Also for who cancels it meanwhile: the one connection is free again.
    await reader.cancel()
    await expect(reading).rejects.toThrow('not answered in 300 ms')
    expect([...(await seen())]).toEqual([{ state: 'idle' }])
    expect([...(await lone.sql`select 1 as one`)]).toEqual([{ one: 1 }])
    await lone.close()
  })

  test('PostgreSQL ends the session where a process that waits does not', async () => {
    const lone = await connect(database.url, { max: 1 })
    const reader = openReader(lone, ours, {
      before: async () => {
        // The transaction has begun by then, and its limit is set; then this process hears nothing.
        await sleep(150)
        block(1_400)
        return new Promise<never>(() => {})
      },
      timeoutMs: 200,
    })
    await expect(reader.read(async () => {})).rejects.toThrow(LOST)
    await reader.close()
    await lone.close()
  })

  test('a reader that cannot be opened says why at every read', async () => {
    const other = await connect(database.url, { max: 1 })
    await other.close()
    const reader = openReader(other, ours)
    await expect(reader.read(async () => {})).rejects.toMatchObject({ code: 'CONNECTION_ENDED' })
    await reader.close()
  })
})

describe('writing', () => {
  test('a failed statement undoes everything, even when its error was swallowed or not awaited', async () => {
    const swallowed = write(async ({ sql }) => {
      await sql`insert into mark values (3, 'a')`
      await sql`select 1 / 0`.catch(() => {})
    })
    await expect(swallowed).rejects.toMatchObject({ code: '22012' })
    const notAwaited = write(async ({ sql }) => {
      await sql`insert into mark values (3, 'b')`
      sql`select 1 / 0 from pg_sleep(0.05)`.execute().catch(() => {})
    })
    await expect(notAwaited).rejects.toMatchObject({ code: '22012' })
    expect(await marksOf(3)).toEqual([])
  })

  test('a statement after the end is refused, not run outside the transaction', async () => {
    const late = await write(async (tx) => tx)
    await expect(late.sql`insert into mark values (4, 'late')`).rejects.toMatchObject({
      code: 'TRANSACTION_ENDED',
    })
    expect(await marksOf(4)).toEqual([])
  })

  test('a savepoint undoes only itself', async () => {
    await write(async (tx) => {
      await tx.sql`insert into mark values (5, 'kept')`
      const inner = inSavepoint(tx, async ({ sql }) => {
        await sql`insert into mark values (5, 'undone')`
        throw new Error('no')
      })
      await expect(inner).rejects.toThrow('no')
    })
    expect(await marksOf(5)).toEqual(['kept'])
  })

  test('time is limited, unless it is not', async () => {
    const sleeping = ({ sql }: Tx) => sql`select pg_sleep(0.1)`
    await expect(write(sleeping, 20)).rejects.toMatchObject({ code: '57014' })
    await expect(write(sleeping, null)).resolves.toHaveLength(1)
  })

  test('a statement that cannot even be sent does not get the answer of another', async () => {
    await expect(
      write(async ({ sql }) => {
        const broken = sql`select ${undefined as never} as n`.catch((error: unknown) => error)
        const numbers = await Promise.all([1, 2, 3].map((n) => sql`select ${n}::int as n`))
        expect(numbers.flat()).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
        expect(await broken).toMatchObject({ code: 'UNDEFINED_VALUE' })
      }),
    ).rejects.toMatchObject({ code: 'UNDEFINED_VALUE' })
  })
})

describe('the raw transaction', () => {
  const copyInto = (lines: string[]) => async (tx: Tx) => {
    await tx.sql`create temporary table line (day date, amount bigint) on commit drop`
    await pipeline(Readable.from(lines), await tx.sql`copy line from stdin`.writable())
    return tx.sql`select * from line`
  }

  test('COPY fills a temporary table; bigint and date come back exactly', async () => {
    const rows = await write(copyInto(['2026-02-28\t9007199254740993\n']))
    expect([...rows]).toEqual([{ day: '2026-02-28', amount: 9007199254740993n }])
  })

  test('COPY of a broken line fails, it does not hang', async () => {
    await expect(write(copyInto(['2026-02-30\t1\n']))).rejects.toMatchObject({ code: '22008' })
  })

  test('instants are ISO text, Temporal values can be parameters', async () => {
    const rows = await write(
      ({ sql }) => sql`
        select ${'2026-11-22 01:02:03.000004+02'}::timestamptz as moment,
          ${Temporal.PlainDate.from('2026-01-31') as never}::date + 1 as day`,
    )
    expect([...rows]).toEqual([{ moment: '2026-11-21T23:02:03.000004Z', day: '2026-02-01' }])
  })

  test('a cursor reads in portions', async () => {
    const sizes = await read(ours, async ({ sql }) => {
      const found: number[] = []
      for await (const rows of sql`select generate_series(1, 25)`.cursor(10)) found.push(rows.length)
      return found
    })
    expect(sizes).toEqual([10, 10, 5])
  })
})

describe('when backends die', () => {
  test('hundreds of kills at any moment: no crash, no hang, no half commit, no unknown commit', async (context) => {
    const did = 'backends killed at any moment, at the driver itself: no half and no unknown commit'
    tell(context, 'F4', did)
    const name = 'tidemark victim'
    const victims = await connect(database.url, { max: 6, applicationName: name })
    const committed = new Map<number, boolean>()
    const deadline = performance.now() + 8_000
    let kills = 0
    let successes = 0
    const goesOn = () => performance.now() < deadline && (kills < 300 || successes < 100)
    let id = 1_000

    const worker = async () => {
      while (goesOn()) {
        const mine = id++
        committed.set(mine, false)
        try {
          await inTransaction(victims, { organizationId: ours, mode: 'write' }, (tx) => work(tx, mine))
          committed.set(mine, true)
          successes++
        } catch {
          // Which error it is depends on the moment of the kill; what counts is what is in the table.
        }
      }
    }
    const killer = async () => {
      while (goesOn()) {
        const killed = await connection.sql`
          select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = ${name} order by random() limit 1`
        kills += killed.length
        await sleep(Math.random() * 20)
      }
    }
    await Promise.all([killer(), ...Array.from({ length: 8 }, worker)])

    const rows = await connection.sql<{ id: number; steps: string }[]>`
      select id, string_agg(step, '' order by step) as steps from mark where id >= 1000 group by id`
    const reported = [...committed].filter(([, success]) => success).map(([mine]) => mine)
    expect(rows.map((row) => row.id).sort((a, b) => a - b)).toEqual(reported)
    expect(rows.filter(({ steps }) => steps !== 'abc')).toEqual([])
    // Fewer of either would prove little.
    expect(kills).toBeGreaterThan(100)
    expect(successes).toBeGreaterThan(30)
    tell(context, 'F4', did, { kills, committed: successes })

    // The whole pool is back: six can sleep at the same time.
    const started = performance.now()
    await Promise.all(
      Array.from({ length: 6 }, () => asOwner(victims, ({ sql }) => sql`select pg_sleep(0.2)`)),
    )
    expect(performance.now() - started).toBeLessThan(1_000)
    await victims.close()
  })

  test('after an idle transaction was killed none of its statements is committed', async (context) => {
    tell(
      context,
      'F5',
      'transactions killed for idling, 12 times: none of their statements runs outside of them',
    )
    const attempt = (pause: () => Promise<void> | void) =>
      write(async ({ sql }) => {
        await sql`insert into mark values (6, 'before')`
        // The limit of 20 ms ends the session meanwhile.
        await pause()
        await sql`insert into mark values (6, 'after')`.catch(() => {})
        await sql`insert into mark values (6, 'later')`
      }, 20)
    for (let ms = 25; ms <= 50; ms += 5) {
      await expect(attempt(() => sleep(ms))).rejects.toThrow(LOST)
      await expect(attempt(() => block(ms))).rejects.toThrow(LOST)
    }
    // Whatever was left of them in the driver would be sent with the next statements of the same connections.
    await Promise.all(Array.from({ length: 6 }, () => write(({ sql }) => sql`select pg_sleep(0.05)`, null)))
    expect(await marksOf(6)).toEqual([])
  })

  test('a listener hears again, and says that it may have missed something', async () => {
    const heard: string[] = []
    const reconnected = Promise.withResolvers<void>()
    const listener = await listen(
      database.url,
      'tide',
      (payload) => heard.push(payload),
      () => reconnected.resolve(),
    )
    await connection.sql.notify('tide', 'one')
    await connection.sql`
      select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tidemark listener'
        and datname = current_database()`
    await reconnected.promise
    await connection.sql.notify('tide', 'two')
    await expect.poll(() => heard).toEqual(['one', 'two'])
    await listener.close()
  })
})

describe('what the operator is told', () => {
  const refusal = async (url: string): Promise<string> => {
    const error = await connect(url, { max: 1 }).then(
      () => null,
      (error: unknown) => error,
    )
    expect(error).toMatchObject({ name: 'OperatorError' })
    return (error as Error).message
  }

  test('a wrong password is not repeated', async () => {
    const url = new URL(database.url)
    url.password = 'not-the-password'
    const message = await refusal(url.href)
    expect(message).toContain('refused the sign-in')
    expect(message).not.toContain('not-the-password')
  })

  test('a database that is not there, a host that is not there, an address that is none', async () => {
    const url = new URL(database.url)
    url.pathname = '/nowhere'
    expect(await refusal(url.href)).toContain('no such database')
    expect(await refusal('postgres://tidemark@127.0.0.1:1/x')).toContain('Is PostgreSQL running there?')
    expect(await refusal('not an address')).toContain('must look like postgres://')
  })

  test.each([
    ['closes at once', ''],
    ['speaks another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ])('a server that %s', async (_, answer) => {
    const server = createServer((socket) => socket.on('error', () => {}).end(answer)).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    expect(await refusal(`postgres://tidemark@127.0.0.1:${port}/x`)).toContain(`127.0.0.1:${port}`)
    server.close()
  })
})

/** How the loss of a backend shows itself; which of these it is depends on the moment. */
const LOST = /terminating connection|ECONNRESET|EPIPE|CONNECTION_CLOSED/

/** Keeps the process from hearing what PostgreSQL says for a while, as a long computation does. */
const block = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

const backendOf = async ({ sql }: Tx): Promise<number> => {
  const [row] = await sql<[{ pid: number }]>`select pg_backend_pid() as pid`
  return row.pid
}

/** Three rows in one of several ways, so that the kill finds the driver in each of its states. */
const work = async (tx: Tx, id: number): Promise<void> => {
  const { sql } = tx
  const insert = (step: string) => sql`insert into mark values (${id}, ${step})`
  await insert('a')
  switch (id % 4) {
    case 0:
      await Promise.all([insert('b'), sql`select pg_sleep(0.001)`])
      break
    case 1:
      await inSavepoint(tx, (inner) => inner.sql`insert into mark values (${id}, 'b')`)
      break
    case 2:
      for await (const rows of sql`select generate_series(1, 20)`.cursor(5)) await sleep(rows.length / 10)
      await insert('b')
      break
    default:
      await pipeline(Readable.from([`${id}\tb\n`]), await sql`copy mark from stdin`.writable())
  }
  await sleep(Math.random() * 4)
  // What is sent after a failure must not arrive anywhere.
  await insert('c').catch(async (error: unknown) => {
    await insert('late').catch(() => {})
    throw error
  })
}
