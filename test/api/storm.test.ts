/**
 * The faults of the driver, through the whole server: backends that are killed at any moment, and commits whose answer
 * is lost. Clients send again with the same idempotency key until they are answered; then everything was done exactly
 * once, every subscriber heard everything once and in order, and the books are sound.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { SCOPES } from '@tidemark/server/access/scopes.ts'
import { createOrganization } from '@tidemark/server/organization/commands.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { createClient } from 'graphql-ws'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createDatabase } from '../support/database.ts'
import { request } from '../support/graphql.ts'
import { type Process, startProcess } from '../support/process.ts'
import { full } from '../support/scale.ts'
import { expectSoundBooks } from '../support/sound-books.ts'
import { openLossyWire } from '../support/swallow.ts'
import { tokenWith } from '../support/twins.ts'

type Company = {
  readonly connection: Connection
  readonly organization: OrganizationRow
  readonly token: string
  readonly product: Process
  readonly url: string
}

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** A server in a process of its own, whose way to its database `wire` may lay. */
const openCompany = async (wire: (url: string) => Promise<string>): Promise<Company> => {
  const database = await createDatabase()
  closing.push(() => database.drop())
  const connection = await connect(database.url, { max: 4, applicationName: 'outside' })
  closing.push(() => connection.close())
  const input = { slug: 'storm', name: 'Storm', baseCurrency: 'USD', timeZone: 'UTC', demo: false }
  const organization = await createOrganization(connection, input, 'terminal')
  if (isProblem(organization)) throw new Error(organization.message)
  const { id: organizationId } = organization
  await inTransaction(connection, { organizationId, mode: 'write' }, (tx) =>
    tx.insert(customer).values(
      ['C-1', 'C-2', 'C-3', 'C-4'].map((number) => ({
        organizationId,
        id: crypto.randomUUID(),
        number,
        name: number,
        termsDays: 30,
      })),
    ),
  )
  const token = await tokenWith({ connection }, organization, SCOPES)
  const product = startProcess('server/main.ts', ['--no-dashboard'], {
    PORT: '0',
    DATABASE_URL: await wire(database.url),
    TIDEMARK_DEMO: '0',
    LOG_LEVEL: 'silent',
  })
  closing.push(() => {
    product.child.kill('SIGKILL')
    return product.ended
  })
  const url = (await product.line(/^ready /)).slice('ready '.length)
  return { connection, organization, token, product, url }
}

const RECORD = `mutation ($input: RecordReceiptInput!) {
  recordReceipt(input: $input) { __typename ... on RecordReceiptSuccess { receipt { id } audit { id hash } } }
}`

type Answer = {
  recordReceipt: { __typename: string; receipt: { id: string }; audit: { id: string; hash: string } }
}

const today = () => Temporal.Now.plainDateISO('UTC')

/** Sends it until it is answered with success; counts the times. */
const pay = async ({ url, token }: Company, key: string): Promise<{ answer: Answer; sent: number }> => {
  const input = {
    customer: { number: `C-${1 + (key.length % 4)}` },
    amount: { amount: '10.00', currency: 'USD' },
    receivedOn: today().toString(),
    reference: key,
    idempotencyKey: key,
  }
  for (let sent = 1; ; sent++) {
    try {
      const { data, errors } = await request<Answer>(url, token, RECORD, { input })
      if (data !== null && errors.length === 0) return { answer: data, sent }
    } catch {
      // The connection broke, or what came was no answer.
    }
    if (sent > 500) throw new Error(`${key} is not answered`)
    await sleep(5 + Math.random() * 20)
  }
}

const setGoal = async ({ url, token }: Company): Promise<void> => {
  const input = {
    name: 'Cash',
    metric: 'CASH_COLLECTED',
    direction: 'INCREASE',
    baseline: '0',
    target: '1000000',
    deadline: today().add({ days: 200 }).toString(),
  }
  const query = 'mutation ($input: CreateGoalInput!) { createGoal(input: $input) { __typename } }'
  const { data } = await request<{ createGoal: { __typename: string } }>(url, token, query, { input })
  if (data?.createGoal.__typename !== 'CreateGoalSuccess') throw new Error('No goal')
}

type Event = {
  goalProgress: { cursor: string; goal: { progress: { sequence: string } | null } }
}

/** Follows the goals through every loss of its connection, from the cursor of the last event that came. */
const follow = ({ url, token }: Company) => {
  const sequences: number[] = []
  const state: { cursor?: string; stopped: boolean } = { stopped: false }
  const query = `subscription ($since: String) {
    goalProgress(since: $since) { cursor goal { progress { sequence } } }
  }`
  const followOnce = async () => {
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { token },
      retryAttempts: 0,
    })
    try {
      const variables = state.cursor === undefined ? {} : { since: state.cursor }
      for await (const { data } of client.iterate<Event>({ query, variables })) {
        // An event that could not be read was not seen: it comes again after the last cursor.
        if (data?.goalProgress == null) break
        state.cursor = data.goalProgress.cursor
        const { progress } = data.goalProgress.goal
        if (progress !== null) sequences.push(Number(progress.sequence))
      }
    } catch {
      // Again, from the cursor.
    }
    await client.dispose()
  }
  void (async () => {
    while (!state.stopped) {
      await followOnce()
      await sleep(10)
    }
  })()
  return {
    sequences,
    stop() {
      state.stopped = true
    },
  }
}

/** Each key was carried out once, whoever asked how often, and the same answer is given for it again. */
const expectExactlyOnce = async (company: Company, answers: ReadonlyMap<string, Answer>): Promise<void> => {
  const { connection, organization } = company
  const rows = await connection.sql<{ reference: string; id: string }[]>`
    select reference, id from receipt where organization_id = ${organization.id}`
  const done = rows.map(({ reference, id }) => `${reference} receipt_${id}`)
  const acknowledged = [...answers].map(([key, { recordReceipt }]) => `${key} ${recordReceipt.receipt.id}`)
  expect(done.toSorted()).toEqual(acknowledged.toSorted())
  for (const [key, before] of [...answers].slice(0, 25)) {
    expect((await pay(company, key)).answer).toEqual(before)
  }
  const audited = await connection.sql`
    select from audit where organization_id = ${organization.id} and action = 'recordReceipt'`
  expect(audited.length).toBe(answers.size)
  await expectSoundBooks(connection, organization.id)
}

/** The subscriber heard every row that was recorded, once and in order. */
const expectHeardAll = async (
  { connection, organization }: Company,
  sequences: readonly number[],
): Promise<void> => {
  const rows = await connection.sql<{ sequence: number }[]>`
    select sequence::int as sequence from goal_progress where organization_id = ${organization.id} order by 1`
  const recorded = rows.map(({ sequence }) => sequence)
  await expect.poll(() => sequences.at(-1), { timeout: 20_000 }).toBe(recorded.at(-1))
  expect(sequences).toEqual(recorded.filter((sequence) => sequence >= (sequences[0] ?? 0)))
}

const TIMEOUT_MS = full(600_000, 90_000)

describe('backends that are killed at any moment', () => {
  it('lose nothing, do nothing twice, and do not end the server', { timeout: TIMEOUT_MS }, async () => {
    const company = await openCompany((url) => Promise.resolve(url))
    await setGoal(company)
    const follower = follow(company)
    await expect.poll(() => follower.sequences.length, { timeout: 10_000 }).toBeGreaterThan(0)

    const until = performance.now() + full(60_000, 6_000)
    const answers = new Map<string, Answer>()
    let again = 0
    let killed = 0
    const client = async (name: number) => {
      for (let count = 0; performance.now() < until; count++) {
        const key = `${name}-${'x'.repeat(name % 4)}${count}`
        const { answer, sent } = await pay(company, key)
        answers.set(key, answer)
        again += sent - 1
      }
    }
    const killer = async () => {
      while (performance.now() < until) {
        const rows = await company.connection.sql`
          select pg_terminate_backend(pid) from pg_stat_activity
          where application_name like 'tidemark%' and datname = current_database() order by random() limit 1`
        killed += rows.length
        await sleep(full(5, 20))
      }
    }
    await Promise.all([killer(), ...Array.from({ length: 8 }, (_, index) => client(index))])

    expect(company.product.child.exitCode).toBeNull()
    // Fewer of either would prove little.
    expect(killed).toBeGreaterThan(10)
    expect(answers.size).toBeGreaterThan(10)
    expect(again).toBeGreaterThan(0)
    await expectExactlyOnce(company, answers)
    // What was recorded last is evaluated within a second.
    await sleep(2_000)
    await expectHeardAll(company, follower.sequences)
    follower.stop()
  })
})

describe('commits whose answer is lost', () => {
  it('are found done when they are asked for again', { timeout: TIMEOUT_MS }, async () => {
    const laid = Promise.withResolvers<Awaited<ReturnType<typeof openLossyWire>>>()
    const company = await openCompany(async (url) => {
      const wire = await openLossyWire(url)
      laid.resolve(wire)
      return wire.url
    })
    const wire = await laid.promise
    closing.unshift(() => wire.close())
    wire.setShare(0.3)
    const answers = new Map<string, Answer>()
    const keys = Array.from({ length: full(1_000, 60) }, (_, index) => `swallowed-${index}`)
    let again = 0
    const client = async () => {
      for (let key = keys.pop(); key !== undefined; key = keys.pop()) {
        const { answer, sent } = await pay(company, key)
        answers.set(key, answer)
        again += sent - 1
      }
    }
    await Promise.all(Array.from({ length: 6 }, client))
    wire.setShare(0)
    expect(wire.swallowed()).toBeGreaterThan(answers.size / 10)
    expect(again).toBeGreaterThan(answers.size / 20)
    expect(company.product.child.exitCode).toBeNull()
    await expectExactlyOnce(company, answers)
  })
})
