/** Orders that the credit does not allow, and bills that are taken back, corrected or discounted: above authority they wait. */
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

let server: TestServer
let books: ApprovalBooks
let asker: Actor
let boss: Actor
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const today = () => Temporal.Now.plainDateISO('UTC')
const ago = (days: number) => today().subtract({ days }).toString()
const usd = (amount: string) => ({ amount, currency: 'USD' })

beforeEach(async () => {
  books = await openApprovalBooks(server)
  await books.addCustomers(2)
  asker = await books.addPerson('manager')
  boss = await books.addPerson('admin')
})

const governed = (action: string, bounds: Fields) =>
  books.setMatrix([
    { action, ...bounds, deciders: [{ role: 'MANAGER' }], approvers: [{ role: 'ADMIN' }] },
    { action, approvers: [{ role: 'ADMIN' }] },
  ])

const approve = (as: Actor, { requestId }: Told) =>
  books.send(as, 'approveRequest', { request: requestId }, 'state failure')

describe('an order that the credit does not allow', () => {
  beforeEach(async () => {
    for (const number of ['C-1', 'C-2']) await books.send(boss, 'setCreditLimit', limitOf(number, '0'))
  })

  const order = async (number: string, amount: string, customer = 'C-1') => {
    await books.send(asker, 'recordOrder', { customer: { number: customer }, number, amount: usd(amount) })
    return number
  }
  const release = (number: string, more: Fields = {}, as = asker) =>
    books.send(
      as,
      'releaseOrder',
      { order: { number }, override: true, reason: 'A good customer', ...more },
      'order { status }',
    )
  const ship = (number: string, more: Fields = {}, as = asker) =>
    books.send(
      as,
      'shipOrder',
      { order: { number }, override: true, reason: 'A good customer', ...more },
      'order { status shipped { amount } }',
    )
  const statusOf = async (number: string) => {
    const { order: found } = await books.ask<{ order: Fields }>(
      asker,
      `{ order(by: { number: "${number}" }) { status history { kind isOverride } } }`,
    )
    return found
  }

  it('is let go as before where the matrix has no rules for it', async () => {
    await governed('CREDIT_LIMIT', { upTo: '0' })
    expect(await release(await order('O-1', '1000000.00'))).toMatchObject({
      __typename: 'ReleaseOrderSuccess',
      order: { status: 'RELEASED' },
    })
  })

  it('waits above authority, and is released with the approval', async () => {
    await governed('ORDER_OVERRIDE', { upTo: '100' })
    expect(await release(await order('O-1', '60.00'))).toMatchObject({ order: { status: 'RELEASED' } })
    const second = await order('O-2', '40.01')
    expect(await release(second, { dryRun: true })).toMatchObject({
      __typename: 'ApprovalRequested',
      requestId: null,
    })
    // 60.00 of the same customer count with it.
    const asked = await release(second)
    expect(asked).toMatchObject({
      __typename: 'ApprovalRequested',
      request: {
        state: 'PENDING',
        summary: 'Override the credit for order O-2: release 40.01 USD (PREPAYMENT_ONLY)',
      },
      requirements: [{ action: 'ORDER_OVERRIDE', approvers: [{ role: 'ADMIN' }] }],
    })
    expect(await statusOf(second)).toEqual({
      status: 'OPEN',
      history: [{ kind: 'RECORDED', isOverride: false }],
    })
    expect(await approve(asker, asked)).toMatchObject({ code: 'BEYOND_AUTHORITY' })
    expect(await approve(boss, asked)).toMatchObject({ state: 'APPROVED', failure: null })
    expect(await statusOf(second)).toMatchObject({
      status: 'RELEASED',
      history: [{ kind: 'RECORDED' }, { kind: 'RELEASED', isOverride: true }],
    })
  })

  it('counts with all that the same person let go, of other customers too', async () => {
    await governed('ORDER_OVERRIDE', { upTo: '100', upToByActor: '150' })
    expect(await release(await order('O-1', '90.00'))).toMatchObject({ order: { status: 'RELEASED' } })
    const other = await order('O-2', '60.01', 'C-2')
    expect(await release(other)).toMatchObject({ __typename: 'ApprovalRequested' })
    expect(await release(await order('O-3', '60.00', 'C-2'))).toMatchObject({ order: { status: 'RELEASED' } })
  })

  it('is asked for again when it is shipped, part by part', async () => {
    await books.setMatrix([])
    const made = await order('O-1', '100.00')
    await release(made)
    await governed('ORDER_OVERRIDE', { upTo: '50' })
    expect(await ship(made, { amount: '50.00' })).toMatchObject({ order: { shipped: { amount: '50.00' } } })
    const asked = await ship(made)
    expect(asked).toMatchObject({
      request: { summary: 'Override the credit for order O-1: ship 50.00 USD (PREPAYMENT_ONLY)' },
    })
    expect(await approve(boss, asked)).toMatchObject({ state: 'APPROVED' })
    expect(await statusOf(made)).toMatchObject({ status: 'SHIPPED' })
  })

  it('needs nobody where the credit allows it after all', async () => {
    await governed('ORDER_OVERRIDE', { upTo: '0' })
    await books.send(boss, 'setCreditLimit', limitOf('C-1', '500'))
    expect(await release(await order('O-1', '500.00'))).toMatchObject({ order: { status: 'RELEASED' } })
  })

  it('keeps the headroom that was taken for it while it waits', async () => {
    await governed('ORDER_OVERRIDE', { upTo: '0' })
    await books.send(boss, 'setCreditLimit', limitOf('C-1', '500'))
    const { creditDecision } = await books.ask<{ creditDecision: Fields }>(
      boss,
      `mutation { creditDecision(input: { customer: { number: "C-1" }, orderAmount: { amount: "100.00", currency: "USD" }, reserve: true }) {
        ... on CreditDecisionSuccess { decision { id } } } }`,
    )
    const { id } = creditDecision['decision'] as { id: string }
    await books.send(boss, 'placeCreditHold', { customer: { number: 'C-1' }, reason: 'Late' })
    const made = await order('O-1', '100.00')
    const held = async () => {
      const rows = await server.connection.sql<Fields[]>`
        select released_at is null as held from credit_reservation where organization_id = ${books.organization.id}`
      return rows.map((row) => row['held'])
    }
    const asked = await release(made, { decision: id })
    expect(asked).toMatchObject({ __typename: 'ApprovalRequested' })
    expect(await held()).toEqual([true])
    expect(await approve(boss, asked)).toMatchObject({ state: 'APPROVED' })
    expect(await held()).toEqual([false])
  })

  it('fails where it was cancelled meanwhile', async () => {
    await governed('ORDER_OVERRIDE', { upTo: '0' })
    const made = await order('O-1', '10.00')
    const asked = await release(made)
    await books.send(asker, 'cancelOrder', { order: { number: made }, reason: 'Not wanted' })
    expect(await approve(boss, asked)).toMatchObject({
      state: 'FAILED',
      failure: expect.stringMatching(/O-1/),
    })
  })
})

describe('a bill', () => {
  const bill = async (number: string, more: Fields = {}) => {
    await books.send(asker, 'recordInvoice', {
      customer: { number: 'C-1' },
      number,
      amount: usd('1000.00'),
      issuedOn: ago(20),
      ...more,
    })
    return { invoice: { number } }
  }

  it('is voided by whoever may adjust as much', async () => {
    const [small, large] = [
      await bill('B-1', { amount: usd('60.00') }),
      await bill('B-2', { amount: usd('41.00') }),
    ]
    await governed('ADJUSTMENT', { upTo: '100' })
    const reason = 'Never delivered'
    expect(await books.send(asker, 'voidInvoice', { ...small, reason })).toMatchObject({
      __typename: 'VoidInvoiceSuccess',
    })
    const asked = await books.send(asker, 'voidInvoice', { ...large, reason })
    expect(asked).toMatchObject({
      request: { summary: 'Adjust what is owed on invoice B-2 from 41.00 USD to 0.00 USD' },
      steps: [{ amount: { amount: '41.00' } }],
    })
    expect(await approve(boss, asked)).toMatchObject({ state: 'APPROVED' })
  })

  it('is corrected by the difference, and asked for a later due date as one', async () => {
    await bill('B-1')
    await governed('ADJUSTMENT', { upTo: '100' })
    const right = { issuedOn: ago(20), reason: 'Wrong price' }
    const correct = (number: string, by: string, amount: string, more: Fields = {}) =>
      books.send(asker, 'correctInvoice', {
        invoice: { number },
        number: by,
        amount: usd(amount),
        ...right,
        ...more,
      })
    expect(await correct('B-1', 'B-2', '1060.00')).toMatchObject({ __typename: 'CorrectInvoiceSuccess' })
    const asked = await correct('B-2', 'B-3', '1019.00')
    expect(asked).toMatchObject({
      request: { summary: 'Adjust what is owed on invoice B-2 from 1060.00 USD to 1019.00 USD' },
      steps: [{ amount: { amount: '41.00' } }],
    })
    expect(await approve(boss, asked)).toMatchObject({ state: 'APPROVED' })
    await governed('RE_DATE', { upToDays: 5 })
    const dueOn = today().add({ days: 30 }).toString()
    expect(await correct('B-3', 'B-4', '1019.00', { dueOn })).toMatchObject({
      __typename: 'ApprovalRequested',
      request: {
        summary: `Move the due date of invoice B-3 from ${today().add({ days: 10 }).toString()} to ${dueOn}`,
      },
      steps: [{ days: 20 }],
    })
    expect(await correct('B-3', 'B-4', '1019.00')).toMatchObject({ __typename: 'CorrectInvoiceSuccess' })
  })

  it('has the discount that it offered in time for nothing, and any other as an adjustment', async () => {
    const offered = { discount: { amount: '20.00', until: today().toString() } }
    const [inTime, late] = [
      await bill('B-1', offered),
      await bill('B-2', { discount: { amount: '20.00', until: ago(1) } }),
    ]
    await governed('ADJUSTMENT', { upTo: '5' })
    expect(await books.send(asker, 'discountInvoice', { ...inTime })).toMatchObject({
      __typename: 'DiscountInvoiceSuccess',
    })
    // Whatever it is called.
    const asked = await books.send(asker, 'discountInvoice', { ...late, code: 'EARNED' })
    expect(asked).toMatchObject({
      request: { summary: 'Adjust what is owed on invoice B-2 from 1000.00 USD to 980.00 USD' },
      steps: [{ amount: { amount: '20.00' } }],
    })
    const more = await books.send(asker, 'discountInvoice', { ...inTime, amount: usd('5.01') })
    expect(more).toMatchObject({ steps: [{ amount: { amount: '5.01' } }] })
    expect(await books.send(asker, 'discountInvoice', { ...inTime, amount: usd('5.00') })).toMatchObject({
      __typename: 'DiscountInvoiceSuccess',
    })
    expect(await approve(boss, asked)).toMatchObject({ state: 'APPROVED' })
  })
})
