/** Every other action of the matrix: above authority it changes nothing, and with the approval it is done as it was asked for. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type Actor,
  type ApprovalBooks,
  type Fields,
  limitOf,
  openApprovalBooks,
} from '../support/approvals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { subscribe } from '../support/subscribe.ts'

let server: TestServer
let books: ApprovalBooks
let asker: Actor
let boss: Actor
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const today = () => Temporal.Now.plainDateISO('UTC')
const usd = (amount: string) => ({ amount, currency: 'USD' })

beforeEach(async () => {
  books = await openApprovalBooks(server)
  await books.addCustomers(2)
  asker = await books.addPerson('manager')
  boss = await books.addPerson('admin')
  for (const number of ['B-1', 'B-2'])
    await books.send(asker, 'recordInvoice', {
      customer: { number: 'C-1' },
      number,
      amount: usd('1000.00'),
      issuedOn: today().subtract({ days: 20 }).toString(),
    })
})

const governed = (action: string, bounds: Fields) =>
  books.setMatrix([
    { action, ...bounds, deciders: [{ role: 'MANAGER' }], approvers: [{ role: 'ADMIN' }] },
    { action, approvers: [{ role: 'ADMIN' }] },
  ])

const approve = (as: Actor, request: unknown) =>
  books.send(as, 'approveRequest', { request }, 'state failure')

const balanceOf = async (number: string): Promise<unknown> => {
  const { invoice } = await books.ask<{ invoice: Fields }>(
    asker,
    `{ invoice(by: { number: "${number}" }) { balance { amount } installments { dueOn } } }`,
  )
  return invoice
}

type Case = {
  readonly action: string
  readonly bounds: Fields
  readonly command: string
  /** Done alone. */
  readonly small: Fields
  /** Too much, by itself or with what was done before. */
  readonly large: Fields
  readonly summary: RegExp
}

const CASES: readonly Case[] = [
  {
    action: 'WRITE_OFF',
    bounds: { upTo: '100' },
    command: 'writeOffInvoice',
    small: { invoice: { number: 'B-1' }, amount: usd('60.00'), code: 'BAD_DEBT', reason: 'Gone' },
    large: { invoice: { number: 'B-2' }, amount: usd('41.00'), code: 'BAD_DEBT', reason: 'Gone' },
    summary: /^Write off what is owed on invoice B-2 from 1000\.00 USD to 959\.00 USD$/,
  },
  {
    action: 'ADJUSTMENT',
    bounds: { upTo: '100' },
    command: 'adjustInvoice',
    small: { invoice: { number: 'B-1' }, amount: usd('60.00'), reason: 'Freight' },
    large: { invoice: { number: 'B-2' }, amount: usd('-41.00'), reason: 'Freight' },
    summary: /^Adjust what is owed on invoice B-2 from 1000\.00 USD to 959\.00 USD$/,
  },
  {
    action: 'CREDIT_NOTE',
    bounds: { upTo: '100' },
    command: 'recordCreditNote',
    small: { customer: { number: 'C-1' }, number: 'N-1', amount: usd('60.00'), issuedOn: today().toString() },
    large: { customer: { number: 'C-1' }, number: 'N-2', amount: usd('41.00'), issuedOn: today().toString() },
    summary: /^Record the credit note N-2: 41\.00 USD$/,
  },
  {
    action: 'RE_DATE',
    bounds: { upToDays: 30 },
    command: 'reDateInvoice',
    small: { invoice: { number: 'B-1' }, dueOn: today().add({ days: 30 }).toString(), reason: 'Agreed' },
    // 10 days more, and 41 from the day on which it fell due at first.
    large: { invoice: { number: 'B-1' }, dueOn: today().add({ days: 51 }).toString(), reason: 'Agreed' },
    summary: /^Move the due date of invoice B-1 from \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d$/,
  },
  {
    action: 'TERMS',
    bounds: { upToDays: 15 },
    command: 'updateCustomer',
    small: { customer: { number: 'C-1' }, termsDays: 40 },
    large: { customer: { number: 'C-1' }, termsDays: 50 },
    summary: /^Lengthen the terms from 40 days to 50 days$/,
  },
]

describe.each(CASES)('$command', ({ action, bounds, command, small, large, summary }) => {
  it('is done alone within authority, and waits above it', async () => {
    await governed(action, bounds)
    expect(await books.send(asker, command, small)).toMatchObject({
      __typename: expect.stringMatching(/Success$/),
    })
    const before = await server.connection.sql<Fields[]>`
      select count(*)::int as entries, (select terms_days from customer where number = 'C-1' and organization_id = ${books.organization.id}) as terms
      from ledger_entry where organization_id = ${books.organization.id}`
    const asked = await books.send(asker, command, large)
    expect(asked).toMatchObject({
      __typename: 'ApprovalRequested',
      request: { state: 'PENDING', summary: expect.stringMatching(summary) },
      requirements: [{ action, approvers: [{ role: 'ADMIN' }] }],
    })
    const after = await server.connection.sql<Fields[]>`
      select count(*)::int as entries, (select terms_days from customer where number = 'C-1' and organization_id = ${books.organization.id}) as terms
      from ledger_entry where organization_id = ${books.organization.id}`
    expect(after).toEqual(before)
    expect(await approve(asker, asked['requestId'])).toMatchObject({ code: 'BEYOND_AUTHORITY' })
    expect(await approve(boss, asked['requestId'])).toMatchObject({ state: 'APPROVED', failure: null })
    const [done] = await server.connection.sql<{ approval: Fields }[]>`
      select after->'approval' as approval from audit
      where organization_id = ${books.organization.id} and action = ${command} and after ? 'approval'`
    expect(done?.approval).toEqual({
      request: asked['requestId'],
      requestedBy: `token:${asker.tokenId}`,
      approvedBy: [`token:${boss.tokenId}`],
    })
  })
})

describe('what was approved', () => {
  it('is what the books then have', async () => {
    await governed('WRITE_OFF', { upTo: '0' })
    const asked = await books.send(asker, 'writeOffInvoice', { invoice: { number: 'B-2' }, code: 'BAD_DEBT' })
    // Paid in part meanwhile: less is left to write off than was asked for.
    await books.send(asker, 'recordReceipt', {
      customer: { number: 'C-1' },
      amount: usd('300.00'),
      receivedOn: today().toString(),
      allocations: [{ invoice: { number: 'B-2' }, amount: '300.00' }],
    })
    expect(await approve(boss, asked['requestId'])).toMatchObject({ state: 'APPROVED' })
    expect(await balanceOf('B-2')).toMatchObject({ balance: { amount: '0.00' } })
    const again = await books.send(asker, 'writeOffInvoice', { invoice: { number: 'B-1' }, code: 'BAD_DEBT' })
    await books.send(asker, 'adjustInvoice', {
      invoice: { number: 'B-1' },
      amount: usd('500.00'),
      reason: 'Freight',
    })
    expect(await approve(boss, again['requestId'])).toMatchObject({
      state: 'FAILED',
      failure: expect.stringMatching(/more by now than what was asked for/),
    })
    expect(await balanceOf('B-1')).toMatchObject({ balance: { amount: '1500.00' } })
  })

  it('fails with the command’s own words, and leaves nothing of it', async () => {
    await governed('CREDIT_NOTE', { upTo: '0' })
    const note = { customer: { number: 'C-1' }, number: 'N-1', issuedOn: today().toString() }
    const first = await books.send(asker, 'recordCreditNote', { ...note, amount: usd('10.00') })
    const second = await books.send(asker, 'recordCreditNote', { ...note, amount: usd('20.00') })
    expect(await approve(boss, first['requestId'])).toMatchObject({ state: 'APPROVED' })
    expect(await approve(boss, second['requestId'])).toMatchObject({
      state: 'FAILED',
      failure: 'There is a credit note with number N-1 already',
    })
    const [row] = await server.connection.sql<Fields[]>`
      select count(*)::int as count from credit_note where organization_id = ${books.organization.id}`
    expect(row).toEqual({ count: 1 })
  })
})

describe('who follows a customer', () => {
  it('is told of what waits for approval, and of the approval', async () => {
    await governed('CREDIT_LIMIT', { upTo: '0' })
    const { customer } = await books.ask<{ customer: { id: string } }>(
      asker,
      '{ customer(by: { number: "C-2" }) { id } }',
    )
    const events = subscribe<{ customerChanged: { kind: string; customer: Fields } }, Fields>(
      server.url,
      boss.secret,
      `subscription ($ids: [ID!]) { customerChanged(ids: $ids) { kind customer { approvalRequests { nodes { state } } } } }`,
      { ids: [customer.id] },
    )
    const states = async () => (await events.next()).customerChanged.customer
    expect(await states()).toEqual({ approvalRequests: { nodes: [] } })
    const asked = await books.send(asker, 'setCreditLimit', limitOf('C-2', '400'))
    expect(await states()).toEqual({ approvalRequests: { nodes: [{ state: 'PENDING' }] } })
    await approve(boss, asked['requestId'])
    expect(await states()).toEqual({ approvalRequests: { nodes: [{ state: 'APPROVED' }] } })
    await events.return()
  })
})

describe('releaseCreditHold', () => {
  beforeEach(async () => {
    for (const number of ['C-1', 'C-2'])
      await books.send(boss, 'placeCreditHold', { customer: { number }, reason: 'Late' })
  })

  it('is as large as what the customer uses', async () => {
    await governed('RELEASE_HOLD', { upTo: '1999.99' })
    const release = (number: string) =>
      books.send(asker, 'releaseCreditHold', { customer: { number }, reason: 'Paid' })
    expect(await release('C-2')).toMatchObject({ __typename: 'ReleaseCreditHoldSuccess' })
    const asked = await release('C-1')
    expect(asked).toMatchObject({
      __typename: 'ApprovalRequested',
      steps: [{ after: 'not held', amount: { amount: '2000.00' } }],
    })
    expect(await approve(boss, asked['requestId'])).toMatchObject({ state: 'APPROVED' })
    const again = await books.send(boss, 'placeCreditHold', {
      customer: { number: 'C-1' },
      reason: 'Late again',
    })
    expect(again).toMatchObject({ __typename: 'PlaceCreditHoldSuccess' })
  })

  it('of another hold than the one that was asked about is not approved', async () => {
    await governed('RELEASE_HOLD', { upTo: '0' })
    const asked = await books.send(asker, 'releaseCreditHold', {
      customer: { number: 'C-1' },
      reason: 'Paid',
    })
    await books.setMatrix([])
    await books.send(boss, 'releaseCreditHold', { customer: { number: 'C-1' }, reason: 'Mistake' })
    await books.send(boss, 'placeCreditHold', { customer: { number: 'C-1' }, reason: 'Insolvent' })
    await governed('RELEASE_HOLD', { upTo: '0' })
    expect(await approve(boss, asked['requestId'])).toMatchObject({ state: 'FAILED' })
  })
})

describe('rights', () => {
  it('a token with a ceiling approves no limit, and asks for none above it', async () => {
    await governed('CREDIT_LIMIT', { upTo: '100' })
    const capped = await books.addToken(boss)
    await server.connection.sql`update api_token set credit_limit_max = 50000 where id = ${capped.tokenId}`
    const asked = await books.send(asker, 'setCreditLimit', limitOf('C-1', '400'))
    expect(await approve(capped, asked['requestId'])).toMatchObject({ code: 'BEYOND_AUTHORITY' })
    expect(await books.send(capped, 'setCreditLimit', limitOf('C-1', '501'))).toMatchObject({
      code: 'INVALID',
    })
    expect(await books.send(capped, 'setCreditLimit', limitOf('C-2', '500'))).toMatchObject({
      __typename: 'ApprovalRequested',
    })
    expect(await approve(boss, asked['requestId'])).toMatchObject({ state: 'APPROVED' })
  })

  it('whoever left approves nothing any more, also where they approved before', async () => {
    await books.setMatrix([{ action: 'CREDIT_LIMIT', approvers: [{ role: 'ADMIN' }], approvals: 2 }])
    const [second, third] = [await books.addPerson('admin'), await books.addPerson('admin')]
    const asked = (await books.send(asker, 'setCreditLimit', limitOf('C-1', '400')))['requestId']
    expect(await approve(boss, asked)).toMatchObject({ state: 'PENDING' })
    await server.connection.sql`delete from membership where person_id = ${boss.personId}`
    expect(await approve(second, asked)).toMatchObject({ state: 'PENDING' })
    expect(await approve(third, asked)).toMatchObject({ state: 'APPROVED' })
  })

  it('keeps one organization’s requests from another', async () => {
    await governed('CREDIT_LIMIT', { upTo: '100' })
    const asked = (await books.send(asker, 'setCreditLimit', limitOf('C-1', '400')))['requestId']
    const theirs = await openApprovalBooks(server)
    const stranger = await theirs.addPerson('admin')
    expect(await theirs.send(stranger, 'approveRequest', { request: asked })).toMatchObject({
      code: 'NOT_FOUND',
    })
    const told = await theirs.ask<Fields>(
      stranger,
      `{ approvalRequest(id: "${String(asked)}") { id } approvalRequests { totalCount } }`,
    )
    expect(told).toEqual({ approvalRequest: null, approvalRequests: { totalCount: 0 } })
  })
})
