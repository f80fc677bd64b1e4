/** A batch above authority: one request for all of it, or in part, carried out once, whatever happens in between. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Actor, type ApprovalBooks, type Fields, openApprovalBooks } from '../support/approvals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let books: ApprovalBooks
let clerk: Actor
let manager: Actor
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const role = (name: string) => ({ role: name })
/** A clerk decides up to 100 for a customer, and up to 100,000 over all. */
const RULES: readonly Fields[] = [
  {
    action: 'CREDIT_LIMIT',
    upTo: '100',
    upToByActor: '100000',
    deciders: [role('CREDIT_MANAGER')],
    approvers: [role('MANAGER')],
  },
  { action: 'CREDIT_LIMIT', approvers: [role('MANAGER')] },
]

beforeEach(async () => {
  books = await openApprovalBooks(server)
  clerk = await books.addPerson('credit_manager')
  manager = await books.addPerson('manager')
  await books.setMatrix(RULES)
})

const row = (number: number, amount: string, more: Fields = {}): Fields => ({
  customer: { number: `C-${number}` },
  limit: { amount: { amount, currency: 'USD' } },
  ...more,
})
const COUNTS = `set unchanged refused awaitingApproval requirements { approvals } approvalRequest { id state stepCount }
  rows { row outcome version problems { message } } dryRun`
const set = (as: Actor, rows: readonly Fields[], more: Fields = {}) =>
  books.send(as, 'setCreditLimits', { rows, reason: 'Yearly review', ...more }, COUNTS)
const approve = (request: unknown) => books.send(manager, 'approveRequest', { request }, 'state failure')

const inBooks = async () => {
  const [row] = await server.connection.sql<Fields[]>`
    select (select count(*)::int from customer where organization_id = ${books.organization.id} and credit_limit is not null) as limits,
      (select count(*)::int from audit where organization_id = ${books.organization.id} and action = 'setCreditLimit') as audits,
      (select count(*)::int from approval_request where organization_id = ${books.organization.id}) as requests,
      (select count(*)::int from authority_use where organization_id = ${books.organization.id}) as uses`
  return row
}

describe('a batch above authority', () => {
  it('of a thousand rows makes one request, applies nothing until then, and then all', async () => {
    await books.addCustomers(1_000)
    const rows = Array.from({ length: 1_000 }, (_, index) => row(index + 1, index === 500 ? '101' : '50'))
    const dry = await set(clerk, rows, { dryRun: true })
    expect(dry).toMatchObject({ __typename: 'ApprovalRequested', requestId: null, stepCount: 1_000 })
    const asked = await set(clerk, rows, { idempotencyKey: 'all' })
    expect(asked).toMatchObject({
      __typename: 'ApprovalRequested',
      stepCount: 1_000,
      request: { summary: 'Set 1,000 credit limits' },
      requirements: [{ approvals: 1 }],
    })
    expect(await inBooks()).toEqual({ limits: 0, audits: 0, requests: 1, uses: 0 })
    expect(await set(clerk, rows, { idempotencyKey: 'all' })).toMatchObject({ requestId: asked['requestId'] })
    const { approvalRequest } = await books.ask<{ approvalRequest: { steps: Fields[] } }>(
      manager,
      `{ approvalRequest(id: "${String(asked['requestId'])}") { steps(first: 1, skip: 500) { row amount { amount } customer { number } } } }`,
    )
    expect(approvalRequest.steps).toEqual([
      { row: 500, amount: { amount: '101.00' }, customer: { number: 'C-501' } },
    ])
    expect(await approve(asked['requestId'])).toMatchObject({ state: 'APPROVED' })
    expect(await inBooks()).toEqual({ limits: 1_000, audits: 1_000, requests: 1, uses: 1_000 })
  })

  it('sets with `partial` what is within authority, and holds the rest', async () => {
    await books.addCustomers(5)
    const rows = [
      row(1, '100'),
      row(2, '100.01'),
      row(9, '1'),
      row(3, '50', { effectiveOn: null }),
      row(4, '700'),
    ]
    const expected = {
      __typename: 'SetCreditLimitsSuccess',
      set: 2,
      refused: 1,
      awaitingApproval: 2,
      requirements: [{ approvals: 1 }],
      rows: [
        { row: 0, outcome: 'SET', version: 2 },
        { row: 1, outcome: 'AWAITING_APPROVAL', version: 1 },
        { row: 2, outcome: 'REFUSED' },
        { row: 3, outcome: 'SET' },
        { row: 4, outcome: 'AWAITING_APPROVAL' },
      ],
    }
    expect(await set(clerk, rows, { partial: true, dryRun: true })).toMatchObject({
      ...expected,
      approvalRequest: null,
    })
    const answer = await set(clerk, rows, { partial: true })
    expect(answer).toMatchObject({ ...expected, approvalRequest: { state: 'PENDING', stepCount: 2 } })
    expect(await inBooks()).toEqual({ limits: 2, audits: 2, requests: 1, uses: 2 })
    expect(await approve((answer['approvalRequest'] as Fields)['id'])).toMatchObject({ state: 'APPROVED' })
    expect(await inBooks()).toEqual({ limits: 4, audits: 4, requests: 1, uses: 4 })
  })

  it('refuses what is wrong before it asks for anything', async () => {
    await books.addCustomers(2)
    expect(await set(clerk, [row(1, '500'), row(9, '1')])).toMatchObject({
      __typename: 'CreditLimitsRefused',
    })
    expect(await inBooks()).toMatchObject({ requests: 0 })
  })

  it('fails whole where one row changed meanwhile', async () => {
    await books.addCustomers(3)
    const asked = await set(clerk, [row(1, '500', { expectedVersion: 1 }), row(2, '600')])
    await books.send(manager, 'updateCustomer', { customer: { number: 'C-1' }, name: 'Renamed' })
    expect(await approve(asked['requestId'])).toMatchObject({
      state: 'FAILED',
      failure: expect.stringMatching(/1 of 2 rows cannot be set.*row 0: Customer C-1 is at version 2/),
    })
    expect(await inBooks()).toMatchObject({ limits: 0, audits: 0, uses: 0 })
  })

  it('is the same out of a file, in part too, by its lines', async () => {
    await books.addCustomers(3)
    const csv = 'customer,limit\nC-1,100\nC-2,5000\nC-3,7000\n'
    const load = (more: Fields) =>
      books.send(clerk, 'importCreditLimits', { csv, reason: 'Yearly review', ...more }, COUNTS)
    const all = await load({})
    expect(all).toMatchObject({ __typename: 'ApprovalRequested', stepCount: 3 })
    const part = await load({ partial: true })
    expect(part).toMatchObject({ set: 1, awaitingApproval: 2 })
    const { approvalRequest } = await books.ask<{ approvalRequest: { steps: Fields[] } }>(
      manager,
      `{ approvalRequest(id: "${String((part['approvalRequest'] as Fields)['id'])}") { steps { row before after } } }`,
    )
    expect(approvalRequest.steps).toMatchObject([
      { row: 3, before: 'not set' },
      { row: 4, before: 'not set' },
    ])
    expect(await approve((part['approvalRequest'] as Fields)['id'])).toMatchObject({ state: 'APPROVED' })
    // What is so by now is left as it is.
    expect(await approve(all['requestId'])).toMatchObject({ state: 'APPROVED' })
    expect(await inBooks()).toMatchObject({ limits: 3, audits: 3 })
  })

  it('counts its rows together: a thousand small ones are one large one', async () => {
    await books.addCustomers(3)
    await books.setMatrix([{ ...RULES[0], upToByActor: '100' }, ...RULES.slice(1)])
    expect(await set(clerk, [row(1, '60'), row(2, '40')], { dryRun: true })).toMatchObject({ set: 2 })
    expect(await set(clerk, [row(1, '60'), row(2, '41')])).toMatchObject({ __typename: 'ApprovalRequested' })
    const part = await set(clerk, [row(1, '60'), row(2, '41'), row(3, '40')], { partial: true })
    expect(part).toMatchObject({
      rows: [{ outcome: 'SET' }, { outcome: 'AWAITING_APPROVAL' }, { outcome: 'SET' }],
    })
  })

  it('does not let two commands at the same time pass for what is too much together', async () => {
    await books.addCustomers(10)
    await books.setMatrix([{ ...RULES[0], upToByActor: '100' }, ...RULES.slice(1)])
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        books.send(clerk, 'setCreditLimit', { ...row(index + 1, '50'), reason: 'Race' }),
      ),
    )
    expect(answers.filter(({ __typename }) => __typename === 'SetCreditLimitSuccess')).toHaveLength(2)
    expect(answers.filter(({ __typename }) => __typename === 'ApprovalRequested')).toHaveLength(8)
  })

  it('is not approved where the backend dies, and is approved once when it is tried again', async () => {
    await books.addCustomers(3)
    const asked = await set(clerk, [row(1, '500'), row(2, '600')])
    const { sql } = server.connection
    // The approval waits for a customer that somebody else holds, and is killed there: its vote is written, the rest not.
    const held = Promise.withResolvers<void>()
    const free = Promise.withResolvers<void>()
    const holding = sql.begin(async (other) => {
      await other`select from customer where organization_id = ${books.organization.id} for update`
      held.resolve()
      await free.promise
    })
    await held.promise
    const killed = approve(asked['requestId']).catch((error: unknown) => error)
    const waiting = async () => {
      const rows = await sql<{ pid: number }[]>`
        select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
          and query ilike '%for no key update%'`
      return rows[0]?.pid
    }
    let pid: number | undefined
    while (pid === undefined) pid = await waiting()
    await sql`select pg_terminate_backend(${pid})`
    expect(await killed).toBeInstanceOf(Error)
    free.resolve()
    await holding
    expect(await inBooks()).toMatchObject({ limits: 0, uses: 0 })
    const [votes] = await sql<Fields[]>`
      select count(*)::int as count from approval_event where organization_id = ${books.organization.id} and kind = 'APPROVED'`
    expect(votes).toEqual({ count: 0 })
    expect(await approve(asked['requestId'])).toMatchObject({ state: 'APPROVED' })
    expect(await inBooks()).toMatchObject({ limits: 2, audits: 2, uses: 2 })
  })
})
