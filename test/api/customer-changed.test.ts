/** `customerChanged`: from a command to whoever follows the customer, over real HTTP and WebSocket. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { connect } from '@tidemark/drizzle/connect.ts'
import { encodeId } from '@tidemark/server/ids.ts'
import { importInvoices } from '@tidemark/server/imports/commands.ts'
import { loadMapping } from '@tidemark/server/imports/mapping.ts'
import { recordInvoice } from '@tidemark/server/invoice/record.ts'
import { readCustomerChangesAfter } from '@tidemark/server/live/customer-changes.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openDesk, type Desk } from '../support/goals.ts'
import { customerOf } from '../support/one-customer.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { subscribe } from '../support/subscribe.ts'

type Event = {
  readonly cursor: string
  readonly kind: string
  readonly customer: { readonly number: string; readonly balances: readonly { amount: string }[] } | null
}

let server: TestServer
let other: TestServer
let desk: Desk
beforeAll(async () => {
  server = await startTestServer()
  other = await startTestServer({ beside: server })
})
afterAll(async () => {
  await other.close()
  await server.close()
})
beforeEach(async () => {
  desk = await openDesk(server, '')
})

const DOCUMENT = `subscription ($ids: [ID!], $since: String) {
  customerChanged(ids: $ids, since: $since) { cursor kind customer { number balances { amount } } } }`

type Args = { readonly ids?: readonly string[]; readonly since?: string }

const follow = (args: Args = {}, at: TestServer = server) => {
  const events = subscribe<{ customerChanged: Event }, Args>(at.url, desk.token, DOCUMENT, args)
  return {
    next: async (timeoutMs?: number) => (await events.next(timeoutMs)).customerChanged,
    nextResult: () => events.nextResult(),
    return: () => events.return(),
  }
}

const told = ({ kind, customer }: Event) => [
  kind,
  customer?.number ?? null,
  ...(customer?.balances.map(({ amount }) => Number(amount)) ?? []),
]

const newCustomer = async (number: string) =>
  encodeId('customer', await customerOf(server, desk.organization, number))

const billTo = (customer: string, number: number) => desk.bill([number], { customer: { number: customer } })

const idOf = async (number: string): Promise<string> =>
  (
    await desk.ask<{ customer: { id: string } }>(
      `query ($number: String!) { customer(by: { number: $number }) { id } }`,
      { number },
    )
  ).customer.id

describe('who follows some customers', () => {
  it('is told how they stand, then of each change of theirs and of no other', async () => {
    const [one, two] = [await idOf('C-1'), await newCustomer('C-2')]
    await newCustomer('C-3')
    const events = follow({ ids: [one, two] })
    const first = [await events.next(), await events.next()]
    expect(first.map(told)).toEqual([
      ['SNAPSHOT', 'C-1'],
      ['SNAPSHOT', 'C-2'],
    ])
    await billTo('C-3', 1)
    await billTo('C-2', 2)
    expect(told(await events.next())).toEqual(['UPDATE', 'C-2', 1000])
    await desk.ask(
      `mutation ($input: SetCreditLimitInput!) { setCreditLimit(input: $input) { __typename } }`,
      {
        input: {
          customer: { number: 'C-1' },
          limit: { amount: { amount: '5', currency: 'USD' } },
          reason: 'small',
        },
      },
    )
    expect(told(await events.next())).toEqual(['UPDATE', 'C-1'])
    await events.return()
  })

  it('is told what came meanwhile when coming back, at another process too, each customer once', async () => {
    const [one, two] = [await idOf('C-1'), await newCustomer('C-2')]
    const before = follow({ ids: [one, two] })
    await before.next()
    const { cursor } = await before.next()
    await before.return()
    for (const number of [1, 2, 3]) await billTo('C-1', number)
    await billTo('C-2', 4)
    await billTo('C-1', 5)
    await expect.poll(sealed).toBe(5)
    const after = follow({ ids: [one, two], since: cursor }, other)
    const missed = [await after.next(), await after.next()]
    expect(missed.map(told)).toEqual([
      ['UPDATE', 'C-2', 1000],
      ['UPDATE', 'C-1', 4000],
    ])
    await after.return()
    const last = follow({ ids: [one, two], since: missed[0]?.cursor ?? '' })
    expect(told(await last.next())).toEqual(['UPDATE', 'C-1', 4000])
    await expect(last.next(300)).rejects.toThrow('No event within 300 ms')
    await last.return()
  })

  it('begins anew where it left before all were told', async () => {
    const ids = [await idOf('C-1'), await newCustomer('C-2')]
    const before = follow({ ids })
    const { cursor } = await before.next()
    await before.return()
    const after = follow({ ids, since: cursor })
    expect([await after.next(), await after.next()].map(({ kind }) => kind)).toEqual(['SNAPSHOT', 'SNAPSHOT'])
    await after.return()
  })
})

describe('who follows all', () => {
  it('is told of customers that come, and of a command that changes two at once, each with a cursor', async () => {
    const events = follow()
    expect(told(await events.next())).toEqual(['LISTENING', null])
    const made = await desk.ask<{ createCustomer: { customer: { id: string } } }>(
      `mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) {
        ... on CreateCustomerSuccess { customer { id } } } }`,
      { input: { number: 'C-9', name: 'Nine', termsDays: 30 } },
    )
    expect(told(await events.next())).toEqual(['UPDATE', 'C-9'])
    expect(made.createCustomer.customer.id).toMatch(/^customer_/)
    await importInvoicesOf(['C-1', 'C-9'])
    const [a, b] = [await events.next(), await events.next()]
    expect(new Set([a, b].map(told).map(([, number]) => number))).toEqual(new Set(['C-1', 'C-9']))
    await events.return()
    // Between the two there is a place to come back to.
    const after = follow({ since: a.cursor })
    expect(told(await after.next())).toEqual(told(b))
    await after.return()
  })

  it('reads anew after a gap: a cursor of another organization, and more than is told one by one', async () => {
    const there = await openDesk(server, '')
    const foreign = subscribe<{ customerChanged: Event }>(server.url, there.token, DOCUMENT, {})
    const { cursor } = (await foreign.next()).customerChanged
    await foreign.return()
    const events = follow({ since: cursor })
    expect(told(await events.next())).toEqual(['GAP', null])
    await importInvoicesOf(Array.from({ length: 1_001 }, (_, index) => `N-${index}`))
    expect(told(await events.next(15_000))).toEqual(['GAP', null])
    await events.return()
  })
})

describe('what is wrong', () => {
  it('is named: no cursor, no customer, too many', async () => {
    const message = async (args: Args) => {
      const events = follow(args)
      const { errors } = await events.nextResult().catch((error: unknown) => ({ errors: error }))
      await events.return()
      return JSON.stringify(errors)
    }
    expect(await message({ since: 'yesterday' })).toContain('`since` is no cursor')
    const nobody = encodeId('customer', crypto.randomUUID())
    expect(await message({ ids: [nobody] })).toContain(`There is no customer with id ${nobody}.`)
    expect(await message({ ids: Array.from({ length: 201 }, () => nobody) })).toContain(
      'at most 200 customers',
    )
  })
})

describe('commits out of order', () => {
  it('24 writers with transactions of different length, none is lost', { timeout: 60_000 }, async () => {
    const writers = 24
    const each = 4
    for (let writer = 0; writer < writers; writer++) await newCustomer(`W-${writer}`)
    const events = follow()
    await events.next()
    const pool = await connect(server.databaseUrl, { max: writers })
    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        for (let turn = 0; turn < each; turn++) await slowBill(pool, `W-${writer}`, `${writer}-${turn}`)
      }),
    )
    await pool.close()
    const balances = new Map<string, number>()
    const isComplete = () =>
      balances.size === writers && [...balances.values()].every((sum) => sum === each * 10)
    while (!isComplete()) {
      const { customer, kind } = await events.next(10_000)
      if (kind === 'UPDATE' && customer !== null)
        balances.set(customer.number, Number(customer.balances[0]?.amount ?? 0))
    }
    expect(balances.size).toBe(writers)
    await events.return()
    await expect.poll(sealed).toBe(writers * each)
  })
})

/** Billed by another process, which tells nobody; the transaction stays open for a while after all is written. */
async function slowBill(pool: Awaited<ReturnType<typeof connect>>, customer: string, number: string) {
  const { organization } = desk
  const date = Temporal.PlainDate.from('2026-06-20')
  const slow = {
    ...pool,
    sql: new Proxy(pool.sql, {
      get: (sql, name) =>
        name !== 'begin'
          ? (Reflect.get(sql, name) as unknown)
          : (how: string, run: (tx: never) => Promise<unknown>) =>
              sql.begin(how, async (tx) => {
                const result = await run(tx as never)
                await sleep(Math.random() * 60)
                return result
              }),
    }),
  } as typeof pool
  const outcome = await recordInvoice(
    { connection: slow, organization, actor: 'test', now: Temporal.Now.instant(), posted: () => {} },
    {
      customer: { number: customer },
      number,
      amount: { amount: '10', currency: 'USD' },
      issuedOn: date,
      dueOn: date,
      dryRun: false,
    },
  )
  if (isProblem(outcome)) throw new Error(outcome.message)
}

/** In one command, an invoice for each of these customers. */
async function importInvoicesOf(customers: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-changes-'))
  const path = join(folder, 'invoices.csv')
  const lines = customers.map((customer) => `F-${customer},${customer},2026-06-01,2026-07-01,10.00,USD`)
  await writeFile(
    path,
    ['invoice_number,customer_number,issued_on,due_on,amount,currency', ...lines].join('\n'),
  )
  const context = { ...server, organization: desk.organization, actor: 'test', now: Temporal.Now.instant() }
  const report = await importInvoices({ ...context, posted: () => {} }, path, {
    mapping: await loadMapping('generic'),
    partial: false,
    dryRun: false,
  })
  await rm(folder, { recursive: true })
  if (report.problems.length > 0) throw new Error(JSON.stringify(report.problems))
}

/** How many commands that changed customers have their place in the audit. */
async function sealed(): Promise<number> {
  const { id: organizationId } = desk.organization
  const rows = await inTransaction(server.connection, { organizationId, mode: 'read' }, (tx) =>
    readCustomerChangesAfter(tx, organizationId, { sequence: 0n, limit: 10_000 }),
  )
  return rows.filter(({ customerIds }) => customerIds.length > 0).length
}
