/** Who may decide what alone, and what waits for approval: through real HTTP, in the books. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type Actor,
  type ApprovalBooks,
  type Fields,
  limitOf,
  openApprovalBooks,
  type Told,
} from '../support/approvals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let now = Temporal.Now.instant()
let server: TestServer
let books: ApprovalBooks
let clerk: Actor
let manager: Actor
beforeAll(async () => {
  server = await startTestServer({ clock: () => now })
})
afterAll(() => server.close())

const role = (name: string) => ({ role: name })
/** Credit managers up to 1,000, managers up to 10,000, beyond that two administrators. */
const LIMITS: readonly Fields[] = [
  {
    action: 'CREDIT_LIMIT',
    upTo: '1000',
    deciders: [role('CREDIT_MANAGER'), role('MANAGER')],
    approvers: [role('MANAGER')],
  },
  { action: 'CREDIT_LIMIT', upTo: '10000', deciders: [role('MANAGER')], approvers: [role('MANAGER')] },
  { action: 'CREDIT_LIMIT', approvers: [role('ADMIN')], approvals: 2 },
]

beforeEach(async () => {
  now = Temporal.Now.instant()
  books = await openApprovalBooks(server)
  await books.addCustomers(5)
  clerk = await books.addPerson('credit_manager')
  manager = await books.addPerson('manager')
})

const set = (as: Actor, number: string, amount: string, more: Fields = {}) =>
  books.send(as, 'setCreditLimit', limitOf(number, amount, more))
const approve = (as: Actor, request: unknown, more: Fields = {}) =>
  books.send(as, 'approveRequest', { request, ...more }, 'state failure request { state version }')

const limitIn = async (number: string): Promise<string | null> => {
  const [row] = await server.connection.sql<{ told: string | null }[]>`
    select credit_limit::text as told from customer where organization_id = ${books.organization.id} and number = ${number}`
  return row?.told ?? null
}

const requested = (answer: Told): string => {
  if (typeof answer['requestId'] !== 'string') throw new Error(JSON.stringify(answer))
  return answer['requestId']
}

describe('the authority matrix', () => {
  it('lets everybody with the right decide while it is empty', async () => {
    expect(await set(clerk, 'C-1', '999999')).toMatchObject({ __typename: 'SetCreditLimitSuccess' })
    const { authorityMatrix } = await books.ask<{ authorityMatrix: Fields }>(
      clerk,
      '{ authorityMatrix { version effectiveOn latestVersion windowDays expiryDays rules { action } } }',
    )
    expect(authorityMatrix).toEqual({
      version: 0,
      effectiveOn: null,
      latestVersion: 0,
      windowDays: 30,
      expiryDays: 14,
      rules: [],
    })
  })

  it('is set by administrators alone, a version at a time, and kept in the audit', async () => {
    await expect(books.send(manager, 'setAuthorityMatrix', { rules: [], reason: 'r' })).rejects.toThrow(
      /authority:write/,
    )
    expect(await books.setMatrix(LIMITS)).toMatchObject({ matrix: { version: 1 } })
    const tomorrow = now.toZonedDateTimeISO('UTC').toPlainDate().add({ days: 1 }).toString()
    expect(await books.setMatrix([], { effectiveOn: tomorrow, expectedVersion: 1 })).toMatchObject({
      matrix: { version: 2 },
    })
    expect(await books.setMatrix([], { expectedVersion: 1 })).toMatchObject({ code: 'CONFLICT' })
    const told = await books.ask<Record<string, Fields>>(
      clerk,
      `{ now: authorityMatrix { version latestVersion rules { upTo { amount currency } approvals } }
         later: authorityMatrix(on: "${tomorrow}") { version } first: authorityMatrix(version: 1) { version }
         none: authorityMatrix(version: 9) { version } }`,
    )
    expect(told).toEqual({
      now: {
        version: 1,
        latestVersion: 2,
        rules: [
          { upTo: { amount: '1000.00', currency: 'USD' }, approvals: 1 },
          { upTo: { amount: '10000.00', currency: 'USD' }, approvals: 1 },
          { upTo: null, approvals: 2 },
        ],
      },
      later: { version: 2 },
      first: { version: 1 },
      none: null,
    })
    const [audits] = await server.connection.sql<{ count: number }[]>`
      select count(*)::int as count from audit where organization_id = ${books.organization.id} and action = 'setAuthorityMatrix'`
    expect(audits).toEqual({ count: 2 })
  })

  it('names the rule that cannot be', async () => {
    const bounded = [{ action: 'WRITE_OFF', upTo: '10', approvers: [role('ADMIN')] }]
    expect(await books.setMatrix(bounded)).toMatchObject({ code: 'INVALID', path: ['rules', '0', 'action'] })
    expect(await books.setMatrix([{ action: 'WRITE_OFF' }])).toMatchObject({
      path: ['rules', '0', 'approvers'],
    })
    const stranger = [{ action: 'WRITE_OFF', approvers: [{ person: `person_${crypto.randomUUID()}` }] }]
    expect(await books.setMatrix(stranger)).toMatchObject({
      code: 'NOT_FOUND',
      path: ['rules', '0', 'approvers', '0', 'person'],
    })
    expect(
      await books.setMatrix([{ action: 'WRITE_OFF', upTo: '1.001', approvers: [role('ADMIN')] }]),
    ).toMatchObject({
      path: ['rules', '0', 'upTo'],
    })
  })
})

describe('a limit above authority', () => {
  beforeEach(async () => {
    await books.setMatrix(LIMITS)
  })

  it('changes nothing, waits, and is set with the approval by the same command', async () => {
    expect(await set(clerk, 'C-1', '1000')).toMatchObject({ __typename: 'SetCreditLimitSuccess' })
    const asked = await set(clerk, 'C-2', '1000.01')
    expect(asked).toMatchObject({
      __typename: 'ApprovalRequested',
      stepCount: 1,
      request: {
        state: 'PENDING',
        summary: expect.stringMatching(/^Raise the credit limit from not set to 1000\.01 USD/),
      },
      requirements: [{ action: 'CREDIT_LIMIT', approvals: 1, lacking: 1, approvers: [{ role: 'MANAGER' }] }],
    })
    expect(await limitIn('C-2')).toBeNull()
    expect(await approve(manager, requested(asked), { dryRun: true })).toMatchObject({
      state: 'APPROVED',
      request: { state: 'PENDING' },
    })
    expect(await limitIn('C-2')).toBeNull()
    expect(await approve(manager, requested(asked))).toMatchObject({ state: 'APPROVED', failure: null })
    expect(await limitIn('C-2')).toBe('100001')
    expect(await approve(manager, requested(asked))).toMatchObject({ code: 'CONFLICT' })
    const [row] = await server.connection.sql<{ actor: string; approval: Fields }[]>`
      select actor, after->'approval' as approval from audit
      where organization_id = ${books.organization.id} and action = 'setCreditLimit' and after ? 'approval'`
    expect(row).toEqual({
      actor: `token:${manager.tokenId}`,
      approval: {
        request: requested(asked),
        requestedBy: `token:${clerk.tokenId}`,
        approvedBy: [`token:${manager.tokenId}`],
      },
    })
  })

  it('says in a dry run whose approval it needs, and asks nobody', async () => {
    const asked = await set(clerk, 'C-1', '5000', { dryRun: true })
    expect(asked).toMatchObject({
      __typename: 'ApprovalRequested',
      requestId: null,
      dryRun: true,
      audit: null,
      requirements: [{ approvers: [{ role: 'MANAGER' }] }],
      steps: [{ row: 0, before: 'not set', amount: { amount: '5000.00' } }],
    })
    const { approvalRequests } = await books.ask<{ approvalRequests: Fields }>(
      manager,
      '{ approvalRequests { totalCount } }',
    )
    expect(approvalRequests).toEqual({ totalCount: 0 })
  })

  it('gives the same request for the same key, also once it is approved', async () => {
    const key = { idempotencyKey: 'once' }
    const [first, second] = await Promise.all([
      set(clerk, 'C-1', '5000', key),
      set(clerk, 'C-1', '5000', key),
    ])
    expect(requested(first)).toBe(requested(second))
    await approve(manager, requested(first))
    expect(await set(clerk, 'C-1', '5000', key)).toMatchObject({
      requestId: requested(first),
      request: { state: 'APPROVED' },
    })
    expect(await set(clerk, 'C-1', '5001', key)).toMatchObject({ code: 'KEY_REUSED' })
  })

  it('gives the same request to whoever asks for the same once more, while it waits', async () => {
    const first = requested(await set(clerk, 'C-1', '5000'))
    const again = await set(clerk, 'C-1', '5000')
    expect(requested(again)).toBe(first)
    expect(again).toHaveProperty('audit.id')
    const others = [
      await set(clerk, 'C-1', '5000.01'),
      await set(clerk, 'C-1', '5000', { reason: 'Another' }),
      await set(await books.addPerson('credit_manager'), 'C-1', '5000'),
    ].map(requested)
    expect(new Set([first, ...others]).size).toBe(4)
    await books.send(manager, 'rejectRequest', { request: first, comment: 'No' })
    const anew = requested(await set(clerk, 'C-1', '5000'))
    expect(anew).not.toBe(first)
    // From another limit it is another change.
    await set(manager, 'C-1', '100')
    expect(requested(await set(clerk, 'C-1', '5000'))).not.toBe(anew)
  })

  it('is never approved by whoever asked, neither with another token of theirs', async () => {
    const other = await books.addPerson('manager')
    const asked = requested(await set(manager, 'C-1', '10000.01'))
    const boss = await books.addPerson('admin')
    const second = await books.addPerson('admin')
    expect(await approve(await books.addToken(manager), asked)).toMatchObject({ code: 'BEYOND_AUTHORITY' })
    // A manager decides up to 10,000, and so approves no more than that.
    expect(await approve(other, asked)).toMatchObject({ code: 'BEYOND_AUTHORITY' })
    expect(await approve(boss, asked)).toMatchObject({ state: 'PENDING', request: { version: 2 } })
    expect(await approve(await books.addToken(boss), asked)).toMatchObject({ code: 'CONFLICT' })
    expect(await limitIn('C-1')).toBeNull()
    expect(await approve(second, asked)).toMatchObject({ state: 'APPROVED' })
    expect(await limitIn('C-1')).toBe('1000001')
  })

  it('adds ten small steps up, of one customer and of one person', async () => {
    for (const amount of ['300', '600', '900'])
      expect(await set(clerk, 'C-1', amount)).toMatchObject({ __typename: 'SetCreditLimitSuccess' })
    expect(await set(clerk, 'C-1', '1001')).toMatchObject({ __typename: 'ApprovalRequested' })
    // Another customer, but the same person, through another token.
    expect(await set(await books.addToken(clerk), 'C-2', '101')).toMatchObject({
      __typename: 'ApprovalRequested',
    })
    expect(await set(clerk, 'C-2', '100')).toMatchObject({ __typename: 'SetCreditLimitSuccess' })
    // Another person, but the same customer.
    const colleague = await books.addPerson('credit_manager')
    expect(await set(colleague, 'C-1', '1001')).toMatchObject({ __typename: 'ApprovalRequested' })
    expect(await set(colleague, 'C-3', '1000')).toMatchObject({ __typename: 'SetCreditLimitSuccess' })
    // Lowering is free, and after the window nothing counts any more.
    expect(await set(clerk, 'C-1', '500')).toMatchObject({ __typename: 'SetCreditLimitSuccess' })
    now = now.add({ hours: 24 * 31 })
    expect(await set(clerk, 'C-1', '1500')).toMatchObject({ __typename: 'SetCreditLimitSuccess' })
  })

  it('holds no limit at all for more than any amount', async () => {
    const asked = await books.send(manager, 'setCreditLimit', {
      customer: { number: 'C-1' },
      limit: { unlimited: true },
      reason: 'State owned',
    })
    expect(asked).toMatchObject({
      requirements: [{ action: 'UNLIMITED_CREDIT', approvals: 2, approvers: [{ role: 'ADMIN' }] }],
    })
  })

  it('is also one that goes on where a temporary one would have ended', async () => {
    const inDays = (days: number) => now.toZonedDateTimeISO('UTC').toPlainDate().add({ days }).toString()
    await set(manager, 'C-1', '100')
    expect(await set(manager, 'C-1', '9000', { until: inDays(10) })).toMatchObject({
      __typename: 'SetCreditLimitSuccess',
    })
    // No more than is in force today, and much more than will be in eleven days.
    expect(await set(clerk, 'C-1', '9000', { until: inDays(10) })).toMatchObject({
      __typename: 'SetCreditLimitSuccess',
    })
    expect(await set(clerk, 'C-1', '9000')).toMatchObject({
      __typename: 'ApprovalRequested',
      steps: [{ before: '9000.00 USD, later 100.00 USD', amount: { amount: '8900.00' } }],
    })
  })

  it('begins with its approval where its first day passed meanwhile', async () => {
    const today = now.toZonedDateTimeISO('UTC').toPlainDate()
    const asked = requested(await set(clerk, 'C-1', '5000', { effectiveOn: today.toString() }))
    now = now.add({ hours: 72 })
    expect(await approve(manager, asked)).toMatchObject({ state: 'APPROVED' })
    const { customer } = await books.ask<{ customer: { credit: Fields } }>(
      clerk,
      '{ customer(by: { number: "C-1" }) { credit { schedule { from limit { amount { amount } } } } } }',
    )
    expect(customer.credit).toEqual({
      schedule: [{ from: today.add({ days: 3 }).toString(), limit: { amount: { amount: '5000.00' } } }],
    })
  })

  it('fails, with the reason, where the customer changed meanwhile', async () => {
    const { customer } = await books.ask<{ customer: { version: number } }>(
      clerk,
      '{ customer(by: { number: "C-1" }) { version } }',
    )
    const versioned = requested(await set(clerk, 'C-1', '5000', { expectedVersion: customer.version }))
    const plain = requested(await set(clerk, 'C-2', '6000'))
    await set(manager, 'C-1', '100')
    await set(manager, 'C-2', '700')
    expect(await approve(manager, versioned)).toMatchObject({
      __typename: 'ApproveRequestSuccess',
      state: 'FAILED',
      failure: expect.stringMatching(/C-1 is at version/),
    })
    // From 700 to 6,000 is less than what was asked for.
    expect(await approve(manager, plain)).toMatchObject({ state: 'APPROVED' })
    expect(await limitIn('C-1')).toBe('10000')
    const grown = requested(await set(clerk, 'C-2', '9000'))
    await set(manager, 'C-2', '0')
    expect(await approve(manager, grown)).toMatchObject({
      state: 'FAILED',
      failure: expect.stringMatching(/more by now than what was asked for/),
    })
    expect(await limitIn('C-2')).toBe('0')
  })

  it('expires by the clock, and is then nobody’s to decide', async () => {
    const asked = requested(await set(clerk, 'C-1', '5000'))
    now = now.add({ hours: 24 * 14 })
    expect(await approve(manager, asked)).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/expired/),
    })
    const list = (state: string) =>
      books.ask<{ approvalRequests: { nodes: Fields[] } }>(
        manager,
        `{ approvalRequests(filter: { state: [${state}] }) { nodes { id state mayDecide } } }`,
      )
    expect((await list('EXPIRED')).approvalRequests.nodes).toEqual([
      { id: asked, state: 'EXPIRED', mayDecide: false },
    ])
    expect((await list('PENDING')).approvalRequests.nodes).toEqual([])
  })

  it('is rejected, withdrawn and talked about by whom it concerns', async () => {
    const first = requested(await set(clerk, 'C-1', '5000'))
    const second = requested(await set(clerk, 'C-2', '5000'))
    const comment = (as: Actor, request: string) =>
      books.send(as, 'commentOnRequest', { request, comment: 'Why so much?' })
    expect(await comment(manager, first)).toMatchObject({ __typename: 'CommentOnRequestSuccess' })
    expect(await books.send(manager, 'withdrawRequest', { request: first })).toMatchObject({
      code: 'INVALID',
    })
    expect(await books.send(clerk, 'rejectRequest', { request: first, comment: 'No' })).toMatchObject({
      code: 'BEYOND_AUTHORITY',
    })
    expect(await books.send(manager, 'rejectRequest', { request: first, comment: 'Too much' })).toMatchObject(
      {
        __typename: 'RejectRequestSuccess',
      },
    )
    expect(await books.send(clerk, 'withdrawRequest', { request: second })).toMatchObject({
      __typename: 'WithdrawRequestSuccess',
    })
    expect(await approve(manager, second)).toMatchObject({ code: 'CONFLICT' })
    const { approvalRequest } = await books.ask<{ approvalRequest: Fields }>(
      clerk,
      `{ approvalRequest(id: "${first}") { state isMine events { kind comment } customer { number } } }`,
    )
    expect(approvalRequest).toEqual({
      state: 'REJECTED',
      isMine: true,
      customer: { number: 'C-1' },
      events: [
        { kind: 'REQUESTED', comment: 'Grown' },
        { kind: 'COMMENTED', comment: 'Why so much?' },
        { kind: 'REJECTED', comment: 'Too much' },
      ],
    })
  })

  it('is found by whom it waits for', async () => {
    const asked = requested(await set(clerk, 'C-1', '5000'))
    requested(await set(manager, 'C-2', '20000'))
    const list = async (as: Actor, filter: string) => {
      const found = await books.ask<{ approvalRequests: { nodes: { id: string }[] } }>(
        as,
        `{ approvalRequests(filter: { ${filter} }) { nodes { id } } }`,
      )
      return found.approvalRequests.nodes.map(({ id }) => id)
    }
    expect(await list(manager, 'mineToDecide: true')).toEqual([asked])
    expect(await list(clerk, 'mineToDecide: true')).toEqual([])
    expect(await list(clerk, 'mine: true')).toEqual([asked])
    expect(await list(manager, `requestedBy: "person_${clerk.personId}"`)).toEqual([asked])
    expect(await list(manager, `requestedBy: "token_${clerk.tokenId}", action: [WRITE_OFF]`)).toEqual([])
    const { customer } = await books.ask<{ customer: { id: string; approvalRequests: Fields } }>(
      clerk,
      '{ customer(by: { number: "C-1" }) { id approvalRequests(state: [PENDING]) { nodes { id } } } }',
    )
    expect(customer.approvalRequests).toEqual({ nodes: [{ id: asked }] })
    expect(await list(manager, `customerId: ["${customer.id}"]`)).toEqual([asked])
  })

  it('is applied once, however many approve it at the same moment', async () => {
    const others = await Promise.all([1, 2, 3, 4].map(() => books.addPerson('manager')))
    const asked = requested(await set(clerk, 'C-1', '5000'))
    const answers = await Promise.all([manager, ...others].map((as) => approve(as, asked)))
    expect(answers.filter((answer) => answer['state'] === 'APPROVED')).toHaveLength(1)
    expect(answers.filter((answer) => answer['code'] === 'CONFLICT')).toHaveLength(4)
    const [row] = await server.connection.sql<{ limits: number; uses: number }[]>`
      select (select count(*)::int from credit_limit where organization_id = ${books.organization.id}) as limits,
        (select count(*)::int from authority_use where organization_id = ${books.organization.id}) as uses`
    expect(row).toEqual({ limits: 1, uses: 1 })
  })
})
