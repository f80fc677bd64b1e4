/**
 * A17: an operation has 5 s, and as long as somebody waits for it. Then nothing of it is left in the database. Over
 * HTTP and WebSocket alike.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { LIMITS } from '@tidemark/server/limits.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openWays, type Ways } from '../support/attack.ts'
import { openRawSocket, type RawSocket } from '../support/raw-socket.ts'
import { untilCreditWatched } from '../support/credit-watched.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let outside: Connection
let organization: OrganizationRow
let token: string
let ways: Ways
beforeAll(async () => {
  server = await startTestServer()
  outside = await connect(server.databaseUrl, { max: 3 })
  organization = await server.createOrganization()
  token = await server.createToken(organization)
  ways = await openWays(server.url, token)
  const { id } = organization
  await inTransaction(outside, { organizationId: id, mode: 'write' }, (tx) =>
    tx
      .insert(customer)
      .values({ organizationId: id, id: crypto.randomUUID(), number: 'C-1', name: 'One', termsDays: 30 }),
  )
})
afterAll(async () => {
  await ways.close()
  await outside.close()
  await server.close()
})

/** Whoever reads customers meanwhile waits until it is over. */
const whileLocked = async (run: () => Promise<void>): Promise<void> => {
  await untilCreditWatched(outside)
  await outside.sql.begin(async (sql) => {
    await sql`lock table customer in access exclusive mode`
    await run()
  })
}

/** Whoever sets the customer's limit meanwhile waits; whoever reads, as the look for exceeded limits, does not. */
const whileHeld = (run: () => Promise<void>): Promise<unknown> =>
  outside.sql.begin(async (sql) => {
    await sql`select from customer where organization_id = ${organization.id} for update`
    await run()
  })

const waiting = async (): Promise<number> => {
  const [row] = await outside.sql<[{ count: number }]>`
    select count(*)::int as count from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`
  return row.count
}

const QUERY = '{ customers { nodes { number } } }'
const TIMEOUT = { message: expect.stringMatching(/^This took too long/), extensions: { code: 'TIMEOUT' } }

const post = (query: string, variables?: object, signal?: AbortSignal) =>
  fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': token },
    body: JSON.stringify({ query, variables }),
    ...(signal === undefined ? {} : { signal }),
  })

const within = async (socket: RawSocket, query: string, variables?: object) => {
  socket.send({ id: '1', type: 'subscribe', payload: { query, variables } })
  await expect.poll(waiting).toBe(1)
}

describe('an operation', () => {
  it('is given up after 5 s, and its statement with it', { timeout: 20_000 }, async () => {
    await whileLocked(async () => {
      const started = performance.now()
      const answers = await Promise.all([ways.http({ query: QUERY }), ways.socket({ query: QUERY })])
      const elapsed = performance.now() - started
      expect(elapsed).toBeGreaterThan(4_900)
      // A machine with much else to do answers late.
      expect(elapsed).toBeLessThan(9_000)
      expect(answers).toMatchObject([
        { data: null, errors: [TIMEOUT] },
        { data: null, errors: [TIMEOUT] },
      ])
      await expect.poll(waiting, { timeout: 1_000 }).toBe(0)
    })
  })

  it('ends within a second when the connection is closed before its answer', async () => {
    await whileLocked(async () => {
      const leaving = new AbortController()
      const answer = post(QUERY, {}, leaving.signal)
      await expect.poll(waiting).toBe(1)
      leaving.abort()
      await expect(answer).rejects.toThrow('aborted')
      await expect.poll(waiting, { timeout: 1_000 }).toBe(0)
    })
  })

  it('ends within a second when its socket says `complete`, which goes on to answer others', async () => {
    const socket = await openRawSocket(server.url, { token })
    await whileLocked(async () => {
      await within(socket, QUERY)
      socket.send({ id: '1', type: 'complete' })
      await expect.poll(waiting, { timeout: 1_000 }).toBe(0)
    })
    socket.send({ id: '2', type: 'subscribe', payload: { query: QUERY } })
    await expect.poll(() => socket.frames.at(-1)).toEqual({ id: '2', type: 'complete' })
    expect(socket.frames.filter(({ id }) => id === '1')).toEqual([])
    await socket.close()
  })

  it('ends within a second when its socket is cut off', async () => {
    await whileLocked(async () => {
      const socket = await openRawSocket(server.url, { token })
      await within(socket, QUERY)
      socket.socket.terminate()
      await expect.poll(waiting, { timeout: 1_000 }).toBe(0)
    })
  })

  it('leaves the server as it was, also where many leave at once', async () => {
    await whileLocked(async () => {
      const leaving = new AbortController()
      const answers = Array.from({ length: 60 }, () => post(QUERY, {}, leaving.signal))
      await expect.poll(waiting).toBeGreaterThan(3)
      leaving.abort()
      await Promise.allSettled(answers)
      await expect.poll(waiting, { timeout: 2_000 }).toBe(0)
    })
    expect((await ways.http({ query: QUERY })).data).toEqual({ customers: { nodes: [{ number: 'C-1' }] } })
  })
})

describe('a subscription', () => {
  it('that is left while it begins leaves neither a transaction nor a follower', async () => {
    const open = async (): Promise<number> => {
      const [row] = await outside.sql<[{ count: number }]>`
        select count(*)::int as count from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'`
      return row.count
    }
    for (let round = 0; round < 3; round++) {
      const socket = await openRawSocket(server.url, { token })
      for (let index = 0; index < 90; index++) {
        const payload = { query: 'subscription { goalProgress { cursor goal { name } } }' }
        socket.send({ id: `${index}`, type: 'subscribe', payload })
        if (index % 3 === round) socket.send({ id: `${index}`, type: 'complete' })
      }
      await sleep(10 * round)
      await socket.close()
    }
    // The evaluator and the use of tokens have transactions of their own, each for a moment.
    await expect.poll(open, { timeout: 2_000, interval: 20 }).toBe(0)
    expect((await ways.http({ query: QUERY })).errors).toEqual([])
  })
})

describe('a mutation', () => {
  const MUTATION = `mutation ($amount: Decimal!) {
    setCreditLimit(
      input: { customer: { number: "C-1" }, limit: { amount: { amount: $amount, currency: "USD" } }, reason: "a test" }
    ) {
      __typename
    }
  }`
  const limitsSet = async (): Promise<number> => {
    const rows = await outside.sql`
      select from audit where organization_id = ${organization.id} and action = 'setCreditLimit'`
    return rows.length
  }

  it('is never given up half way: it commits though nobody waits for it any more', async () => {
    const before = await limitsSet()
    const socket = await openRawSocket(server.url, { token })
    const leaving = new AbortController()
    await whileHeld(async () => {
      const answer = post(MUTATION, { amount: '1000' }, leaving.signal)
      answer.catch(() => {})
      socket.send({
        id: '1',
        type: 'subscribe',
        payload: { query: MUTATION, variables: { amount: '2000' } },
      })
      await expect.poll(waiting).toBe(2)
      leaving.abort()
      socket.socket.terminate()
      await sleep(300)
      expect(await waiting()).toBe(2)
    })
    await expect.poll(limitsSet).toBe(before + 2)
  })

  it('has 5 s of its own, and then nothing of it is written', { timeout: 20_000 }, async () => {
    const before = await limitsSet()
    await whileHeld(async () => {
      const { data, errors } = await ways.http({ query: MUTATION, variables: { amount: '3000' } })
      expect([data, errors]).toMatchObject([null, [TIMEOUT]])
      await expect.poll(waiting).toBe(0)
    })
    expect(await limitsSet()).toBe(before)
  })

  it('of which nobody hears for long is told as unknown, and known by its key', async () => {
    const before = await limitsSet()
    const { mutationMs } = LIMITS
    Object.assign(LIMITS, { mutationMs: 200 })
    const query = `mutation {
      setCreditLimit(
        input: { customer: { number: "C-1" }, limit: { amount: { amount: "4000", currency: "USD" } }, reason: "a test",
          idempotencyKey: "unknown" }
      ) {
        __typename
      }
    }`
    await whileHeld(async () => {
      for (const way of [ways.http, ways.socket]) {
        const { data, errors } = await way({ query })
        expect(data).toBeNull()
        expect(errors).toMatchObject([
          {
            message: expect.stringContaining('same idempotencyKey'),
            extensions: { code: 'OUTCOME_UNKNOWN' },
          },
        ])
      }
    })
    Object.assign(LIMITS, { mutationMs })
    expect(await ways.http({ query })).toMatchObject({
      data: { setCreditLimit: { __typename: 'SetCreditLimitSuccess' } },
    })
    expect(await limitsSet()).toBe(before + 1)
  })
})
