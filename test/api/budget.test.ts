/** Cost points: one bucket per actor, for all processes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { type Budgets, createBudgets } from '@tidemark/server/access/budget.ts'
import { ROLES } from '@tidemark/server/access/scopes.ts'
import type { Session } from '@tidemark/server/context.ts'
import { createOrganization } from '@tidemark/server/organization/commands.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { full } from '../support/scale.ts'

let database: TestDatabase
let connection: Connection
let organization: Session['organization']
let opened: Budgets[] = []
beforeAll(async () => {
  database = await createDatabase()
  connection = await connect(database.url, { max: 4 })
  const input = { slug: 'acme', name: 'Acme', baseCurrency: 'USD', timeZone: 'UTC', demo: false }
  const created = await createOrganization(connection, input, 'test')
  if (isProblem(created)) throw new Error(created.message)
  organization = created
})
afterEach(async () => {
  await Promise.all(opened.map((budgets) => budgets.close()))
  opened = []
})
afterAll(async () => {
  await connection.close()
  await database.drop()
})

/** As a process has it; `statements` counts what it sends to the database. */
const openProcess = (now?: () => number) => {
  const sent = { transactions: 0 }
  const counted = new Proxy(connection, {
    get: (target, name: keyof Connection) => {
      if (name === 'sql') sent.transactions += 1
      return target[name]
    },
  })
  const budgets = createBudgets(counted, (error) => expect.fail(String(error)), now)
  opened.push(budgets)
  return { budgets, sent }
}

const actorWith = (pointsPerMinute: number | null): Session => ({
  organization,
  actor: {
    kind: 'token',
    id: crypto.randomUUID(),
    name: 'a token',
    role: null,
    scopes: new Set(ROLES.viewer),
    pointsPerMinute,
  },
})

const levelOf = async ({ actor }: Session): Promise<number | null> => {
  const rows = await inTransaction(
    connection,
    { organizationId: organization.id, mode: 'read' },
    ({ sql }) => sql<{ level: number }[]>`select level from budget where actor = ${`token:${actor.id}`}`,
  )
  return rows[0]?.level ?? null
}

describe('cost points', () => {
  it('are spent in memory out of portions: 1,000 operations take a handful of transactions', async () => {
    const { budgets, sent } = openProcess()
    const session = actorWith(null)
    for (let index = 0; index < 1_000; index++) {
      expect(await budgets.open(session).spend(10)).toBeNull()
    }
    expect(sent.transactions).toBeLessThan(12)
    const { available, ...report } = budgets.open(session).report()
    expect(report).toEqual({ requested: 0, limit: 10_000, maximum: 100_000, restorePerSecond: 1_666.67 })
    expect(available).toBeGreaterThan(89_000)
    expect(available).toBeLessThanOrEqual(95_000)
  })

  it('that are not left are refused with the time when they will be, at no transaction each', async () => {
    const { budgets, sent } = openProcess()
    const session = actorWith(600)
    expect(await budgets.open(session).spend(600)).toBeNull()
    expect(await budgets.open(session).spend(50)).toEqual({ retryAfterSeconds: 5 })
    const before = sent.transactions
    for (let index = 0; index < 1_000; index++) {
      expect(await budgets.open(session).spend(300)).not.toBeNull()
    }
    expect(sent.transactions - before).toBeLessThan(10)
    expect(await budgets.open(session).spend(601)).toEqual({ retryAfterSeconds: null })
  })

  it('come back with time, at the rate of the actor and not beyond the maximum', async () => {
    const { budgets } = openProcess()
    const session = actorWith(6_000)
    expect(await budgets.open(session).spend(6_000)).toBeNull()
    expect(await budgets.open(session).spend(20)).toEqual({ retryAfterSeconds: 1 })
    await sleep(400)
    expect(await budgets.open(session).spend(20)).toBeNull()
    expect(await budgets.open(session).spend(200)).not.toBeNull()
    await inTransaction(connection, { organizationId: organization.id, mode: 'write' }, async ({ sql }) => {
      await sql`update budget set refilled_at = refilled_at - interval '1 day'`
    })
    await sleep(300)
    expect(await budgets.open(session).spend(5_900)).toBeNull()
    expect(await budgets.open(session).spend(5_900)).not.toBeNull()
  })

  it('go back when the process closes, and when the actor is idle', async () => {
    let time = performance.now()
    const { budgets } = openProcess(() => time)
    const session = actorWith(1_200)
    expect(await budgets.open(session).spend(100)).toBeNull()
    expect(await levelOf(session)).toBeLessThan(1_100)
    time += 60_000
    await budgets.close()
    expect(await levelOf(session)).toBeCloseTo(1_100, 0)
  })

  it('spent beyond what was known are paid by what comes next', async () => {
    const { budgets } = openProcess()
    const session = actorWith(1_000)
    const spending = budgets.open(session)
    await spending.spend(10, { isBound: false })
    spending.settle(() => 455)
    spending.again(1)
    expect(spending.report()).toMatchObject({ requested: 910 })
    expect(await budgets.open(session).spend(200)).not.toBeNull()
    await budgets.close()
    expect(await levelOf(session)).toBeLessThan(100)
  })

  it('are taken once for all who wait at the same time', async () => {
    const { budgets, sent } = openProcess()
    const session = actorWith(null)
    const spent = Array.from({ length: 50 }, () => budgets.open(session).spend(1_000))
    expect(await Promise.all(spent)).toEqual(Array.from({ length: 50 }, () => null))
    expect(sent.transactions).toBeLessThan(6)
  })

  it(
    'hold across processes: three of them together never spend more than one could',
    { timeout: 120_000 },
    async () => {
      const session = actorWith(6_000)
      const processes = [openProcess(), openProcess(), openProcess()]
      const started = performance.now()
      const lasting = full(30_000, 2_000)
      let spent = 0
      let refused = 0
      const run = async ({ budgets }: { budgets: Budgets }, seed: number) => {
        for (let round = seed; performance.now() - started < lasting; round++) {
          const points = 1 + ((round * 7_919) % 300)
          if ((await budgets.open(session).spend(points)) === null) spent += points
          else refused += 1
          if (round % 10 === 0) await sleep(1)
        }
      }
      await Promise.all(processes.flatMap((one, seed) => [run(one, seed), run(one, seed + 50)]))
      const allowed = 6_000 + ((performance.now() - started) / 1_000) * 100
      expect(refused).toBeGreaterThan(0)
      expect(spent).toBeLessThanOrEqual(allowed)
      expect(spent).toBeGreaterThan(allowed * 0.9)
    },
  )
})
