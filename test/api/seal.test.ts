/** How the audit is chained: each row once, soon, whatever else is under way. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { createLocalEvents } from '@tidemark/server/events.ts'
import { writeAudit } from '@tidemark/server/ledger/audit.ts'
import { firstHash, isUnsealed, linkHash, seal } from '@tidemark/server/ledger/seal.ts'
import { startEvaluator } from '@tidemark/server/live/evaluator.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBooks, type Books } from '../support/books.ts'
import { full } from '../support/scale.ts'

const fail = (error: unknown, message: string) => {
  throw new Error(message, { cause: error })
}

let books: Books
const running: (() => Promise<void>)[] = []

beforeEach(async () => {
  books = await openBooks()
})
afterEach(async () => {
  for (const close of running.splice(0).toReversed()) await close()
  await books.close()
})

const closeLater = <Closable extends { close(): Promise<void> }>(closable: Closable): Closable => {
  running.push(() => closable.close())
  return closable
}

const organizationId = () => books.organization.id
const writing = <T>(run: (tx: Tx) => Promise<T>, connection = books.connection) =>
  inTransaction(connection, { organizationId: organizationId(), mode: 'write', timeoutMs: null }, run)
const note = (subject: string, connection?: Connection) =>
  writing((tx) => writeAudit(tx, books.context, { action: 'note', subject }), connection)
const sealNow = () => seal(books.connection, organizationId())
const isDue = () =>
  inTransaction(books.connection, { organizationId: organizationId(), mode: 'read' }, (tx) =>
    isUnsealed(tx, organizationId()),
  )

type Sealed = {
  sequence: bigint
  subject: string
  audit_id: string
  audit_hash: string
  hash: string
  sealed_at: string
  row_hash: string
}
const sealed = () => books.connection.sql<Sealed[]>`
  select s.sequence, s.audit_id, s.audit_hash, s.hash, a.subject, a.hash as row_hash,
    to_char(s.sealed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as sealed_at
  from audit_seal s join audit a on a.id = s.audit_id order by s.sequence`
const subjects = async () => (await sealed()).map(({ subject }) => subject)

/** Recomputed from the definition, and every row sealed exactly once. */
async function expectSoundChain(): Promise<void> {
  let hash = firstHash(organizationId())
  const links = await sealed()
  for (const [index, link] of links.entries()) {
    hash = linkHash(organizationId(), hash, {
      sequence: BigInt(index + 1),
      auditId: link.audit_id,
      auditHash: link.row_hash,
      sealedAt: link.sealed_at,
    })
    expect(link).toMatchObject({ sequence: BigInt(index + 1), audit_hash: link.row_hash, hash })
  }
  const [rows] = await books.connection.sql<{ rows: number }[]>`select count(*)::int as rows from audit`
  expect(links).toHaveLength(rows?.rows ?? 0)
  const [head] = await books.connection.sql`select sequence, hash from audit_head`
  expect(head).toEqual({ sequence: BigInt(links.length), hash })
}

describe('a seal', () => {
  it('chains what is new, the oldest first, and nothing twice', async () => {
    expect(await isDue()).toBe(false)
    for (const subject of ['a', 'b', 'c']) await note(subject)
    expect(await isDue()).toBe(true)
    expect(await sealNow()).toEqual({ outcome: 'DONE', sealed: 3 })
    expect(await sealNow()).toEqual({ outcome: 'DONE', sealed: 0 })
    expect(await isDue()).toBe(false)
    await note('d')
    expect(await sealNow()).toEqual({ outcome: 'DONE', sealed: 1 })
    expect(await subjects()).toEqual(['a', 'b', 'c', 'd'])
    await expectSoundChain()
  })

  it('waits for no transaction that is under way, and finds what it wrote when it ends', async () => {
    const transactions = ['slow', 'slower', 'undone'].map((subject) => {
      const [written, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const done = writing(async (tx) => {
        await writeAudit(tx, books.context, { action: 'note', subject })
        written.resolve()
        await end.promise
      }).catch(() => {})
      return { written: written.promise, end, done }
    })
    await Promise.all(transactions.map(({ written }) => written))
    const [slow, slower, undone] = transactions
    await note('quick')
    expect(await sealNow()).toEqual({ outcome: 'DONE', sealed: 1 })
    expect(await isDue()).toBe(false)
    await note('quicker')
    expect(await sealNow()).toEqual({ outcome: 'DONE', sealed: 1 })
    slow?.end.resolve()
    await slow?.done
    expect(await isDue()).toBe(true)
    expect(await sealNow()).toEqual({ outcome: 'DONE', sealed: 1 })
    undone?.end.reject(new Error('changed its mind'))
    await undone?.done
    expect(await isDue()).toBe(false)
    slower?.end.resolve()
    await slower?.done
    expect(await sealNow()).toEqual({ outcome: 'DONE', sealed: 1 })
    expect(await subjects()).toEqual(['quick', 'quicker', 'slow', 'slower'])
    await expectSoundChain()
  })

  it('takes many rows in batches, also where others write meanwhile', { timeout: 60_000 }, async () => {
    // Just so many that the last batch is empty but for what comes meanwhile.
    await books.connection.sql`
      insert into audit (organization_id, id, actor, action, subject, recorded_at, hash)
      select ${organizationId()}, gen_random_uuid(), 'system', 'note', n::text,
        timestamptz '2026-01-01' + n * interval '1 ms', md5(n::text)
      from generate_series(1, 10000) as n`
    const sealing = sealNow()
    for (let index = 0; index < 20; index++) await note(`meanwhile ${index}`)
    await sealing
    await sealNow()
    const found = await subjects()
    expect(found.slice(0, 10_000)).toEqual(Array.from({ length: 10_000 }, (_, index) => String(index + 1)))
    expect(found).toHaveLength(10_020)
    await expectSoundChain()
    expect(await isDue()).toBe(false)
  })

  it('goes on with rows and a head that were restored out of another cluster', async () => {
    await note('a')
    await sealNow()
    await note('b')
    await books.connection.sql`update audit set xid = (xid::text::bigint + 1000000000)::text::xid8`
    await books.connection.sql`update audit_head set seen = '999999999:999999999:'`
    expect(await isDue()).toBe(true)
    expect(await sealNow()).toEqual({ outcome: 'DONE', sealed: 1 })
    expect(await isDue()).toBe(false)
    await note('c')
    expect(await sealNow()).toEqual({ outcome: 'DONE', sealed: 1 })
    expect(await subjects()).toEqual(['a', 'b', 'c'])
    await expectSoundChain()
  })
})

describe('the evaluator', () => {
  const start = async (pollMs = 60_000) => {
    const connection = closeLater(await connect(urlOf(books), { max: 6 }))
    const events = createLocalEvents(fail)
    const clock = () => Temporal.Instant.from('2026-06-30T12:00:00Z')
    const evaluator = closeLater(startEvaluator({ connection, events, clock, logError: fail }, { pollMs }))
    return { events, evaluator }
  }

  const until = async (holds: () => Promise<boolean>) => {
    const giveUpAt = performance.now() + 8_000
    while (!(await holds())) {
      if (performance.now() > giveUpAt) throw new Error('It did not come to that')
      await sleep(10)
    }
  }
  const untilSealed = (count: number) => until(async () => (await sealed()).length === count)

  it('seals at once what it is told of, within its next look what it is not, though nothing is to be evaluated', async () => {
    const { events, evaluator } = await start()
    await evaluator.poll()
    await note('told')
    events.publish('posted', { organizationId: organizationId() })
    await untilSealed(1)
    await note('not told')
    await evaluator.poll()
    expect(await subjects()).toEqual(['told', 'not told'])
  })

  it('seals while an evaluation is stuck or fails', async () => {
    const { connection } = books
    // An evaluation reads the last posting; its own connection waits, or is refused, there.
    await connection.sql.unsafe(`
      create function be_slow() returns boolean language plpgsql as $$ begin perform pg_sleep(3); return true; end $$;
      create policy held on evaluation as restrictive for insert with check (be_slow())`)
    const { events } = await start()
    await note('a')
    const began = performance.now()
    events.publish('posted', { organizationId: organizationId() })
    await untilSealed(1)
    expect(performance.now() - began).toBeLessThan(2_000)
    await connection.sql.unsafe('drop policy held on evaluation; revoke select on goal from tidemark_app')
  })

  it('of several processes share the work: every row once, in one chain', { timeout: 120_000 }, async () => {
    const evaluators = await Promise.all([start(15), start(15), start(15)])
    const connections = await Promise.all(
      Array.from({ length: 4 }, async () => closeLater(await connect(urlOf(books), { max: 1 }))),
    )
    const each = full(1_000, 60)
    await Promise.all(
      connections.map(async (connection, writer) => {
        for (let index = 0; index < each; index++) {
          await note(`${writer}.${index}`, connection)
          if (index % 3 === 0)
            evaluators[index % 2]?.events.publish('posted', { organizationId: organizationId() })
        }
      }),
    )
    await Promise.all(evaluators.map(({ evaluator }) => evaluator.poll()))
    await untilSealed(4 * each)
    await expectSoundChain()
    expect(new Set(await subjects()).size).toBe(4 * each)
  })
})

function urlOf({ connection }: Books): string {
  const { host, port, user, pass, database } = connection.sql.options
  return `postgres://${user}:${String(pass)}@${host[0]}:${port[0]}/${database}`
}
