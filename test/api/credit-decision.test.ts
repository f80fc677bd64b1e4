/** Exposure, orders and decisions about them, through the API with a clock that is set. */
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const START = '2026-06-30T12:00:00Z'
let now = Temporal.Instant.from(START)
let server: TestServer
let acme: OrganizationRow
let token: string
beforeAll(async () => {
  server = await startTestServer({ clock: () => now })
  acme = await server.createOrganization({ baseCurrency: 'USD', timeZone: 'UTC' })
  token = await server.createToken(acme)
})
afterAll(() => server.close())

let count = 0
let number: string
beforeEach(async () => {
  now = Temporal.Instant.from(START)
  number = await createCustomer()
})

type Answer = Record<string, unknown>

const mutate = async (name: string, input: Answer, fields = 'dryRun', as = token): Promise<Answer> => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const answer = await execute<Record<string, Answer>>(
    server.url,
    as,
    `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename
       ... on ${type}Success { ${fields} } ... on Problem { code path message } } }`,
    { input },
  )
  return answer[name] ?? {}
}

/** Of what has to work. */
const done = async (name: string, input: Answer, fields = 'dryRun'): Promise<Answer> => {
  const answer = await mutate(name, input, fields)
  if (!String(answer['__typename']).endsWith('Success')) throw new Error(JSON.stringify(answer))
  return answer
}

const createCustomer = async (): Promise<string> => {
  const made = `C-${(count += 1)}`
  await done('createCustomer', { number: made, name: made })
  return made
}

const usd = (amount: string) => ({ amount, currency: 'USD' })
const customer = (named = number) => ({ customer: { number: named } })

const limit = (amount: string, named = number) =>
  done('setCreditLimit', { ...customer(named), limit: { amount: usd(amount) }, reason: 'Agreed' })
const bill = (named: string, amount: string, invoice = `I-${(count += 1)}`, issuedOn = '2026-06-30') =>
  done('recordInvoice', { ...customer(named), number: invoice, amount: usd(amount), issuedOn }).then(
    () => invoice,
  )
const order = async (amount: string, named = number): Promise<string> => {
  const made = `O-${(count += 1)}`
  await done('recordOrder', { ...customer(named), number: made, amount: usd(amount) })
  return made
}
const release = (made: string, more: Answer = {}) =>
  mutate('releaseOrder', { order: { number: made }, ...more }, 'order { status version }')
const ship = (made: string, more: Answer = {}) =>
  mutate('shipOrder', { order: { number: made }, ...more }, 'order { status shipped { amount } }')

const DECISION = `decision { id outcome reasons { code outcome customerNumber }
  levels { customerNumber before { amount } after { amount } } reservation { isHeld expiresAt } }`
type Decision = {
  readonly id: string
  readonly outcome: string
  readonly reasons: readonly { readonly code: string; readonly customerNumber: string }[]
  readonly levels: readonly Answer[]
  readonly reservation: { readonly isHeld: boolean } | null
}
const decide = async (amount: string, more: Answer = {}, named = number): Promise<Decision> => {
  const answer = await done(
    'creditDecision',
    { ...customer(named), orderAmount: usd(amount), ...more },
    DECISION,
  )
  return answer['decision'] as Decision
}
const codes = ({ reasons }: Decision) => reasons.map(({ code }) => code)

const PARTS = [
  'receivables',
  'shippedNotInvoiced',
  'openOrders',
  'unclearedReceipts',
  'unapplied',
  'security',
  'gross',
  'insurance',
  'net',
  'reserved',
  'committed',
  'headroom',
] as const
type Shown = Partial<Record<(typeof PARTS)[number] | 'utilisation' | 'state' | 'reason', string | null>>

const exposure = async (named = number): Promise<Shown> => {
  const { customer: found } = await execute<{
    customer: { exposure: Record<string, { amount: string } | string | null> }
  }>(
    server.url,
    token,
    `query ($number: String!) { customer(by: { number: $number }) { exposure {
       ${PARTS.map((part) => `${part} { amount }`).join(' ')} utilisation state reason } } }`,
    { number: named },
  )
  const shown = Object.entries(found.exposure).map(([name, value]) => [
    name,
    value !== null && typeof value === 'object' ? value.amount : value,
  ])
  return Object.fromEntries(shown) as Shown
}

/** Without what is 0 or not said. */
const used = async (named = number): Promise<Shown> =>
  Object.fromEntries(
    Object.entries(await exposure(named)).filter(([, value]) => value !== '0.00' && value !== null),
  ) as Shown

describe('exposure', () => {
  it('adds up what is owed, shipped, ordered and can bounce, less what covers it', async () => {
    await limit('1000')
    const first = await bill(number, '300')
    await done('recordReceipt', {
      ...customer(),
      amount: usd('120'),
      receivedOn: '2026-06-29',
      allocations: [{ invoice: { number: first }, amount: '100' }],
    })
    const made = await order('200')
    await release(made)
    await ship(made, { amount: '50' })
    await done('recordSecurity', { ...customer(), kind: 'DEPOSIT', amount: usd('40'), reason: 'Paid in' })
    await done('recordSecurity', { ...customer(), kind: 'INSURANCE', amount: usd('30'), reason: 'Insured' })
    // 200 owed, 100 of it paid by what can bounce, 50 shipped, 150 ordered, 40 deposited.
    expect(await exposure()).toEqual({
      receivables: '200.00',
      shippedNotInvoiced: '50.00',
      openOrders: '150.00',
      unclearedReceipts: '100.00',
      unapplied: '0.00',
      security: '40.00',
      gross: '460.00',
      insurance: '30.00',
      net: '430.00',
      reserved: '0.00',
      committed: '460.00',
      headroom: '540.00',
      utilisation: '46.00',
      state: 'WITHIN_LIMIT',
      reason: null,
    })
    // Three days after it came the receipt is good.
    now = Temporal.Instant.from('2026-07-02T00:00:00Z')
    expect(await exposure()).toMatchObject({ unclearedReceipts: '0.00', unapplied: '20.00', gross: '340.00' })
  })

  it('is not known where a rate is missing, and the decision is a review', async () => {
    await limit('1000')
    await done('recordInvoice', {
      ...customer(),
      number: `I-${(count += 1)}`,
      amount: { amount: '100', currency: 'EUR' },
      issuedOn: '2026-06-30',
    })
    expect(await exposure()).toMatchObject({ gross: null, committed: null, headroom: null, state: 'UNKNOWN' })
    expect(await decide('1')).toMatchObject({ outcome: 'REVIEW', reasons: [{ code: 'RATE_MISSING' }] })
    await done('recordRates', {
      source: 'bank',
      rates: [{ currency: 'EUR', date: '2026-06-23', rate: '1.10' }],
    })
    expect(await exposure()).toMatchObject({ gross: '110.00', headroom: '890.00', state: 'WITHIN_LIMIT' })
    // A day later that rate is too old to say anything.
    now = now.add({ hours: 24 })
    const { reason, state } = await exposure()
    expect(state).toBe('UNKNOWN')
    expect(reason).toContain('EUR')
    await done('recordRates', {
      source: 'bank',
      rates: [{ currency: 'EUR', date: '2026-07-01', rate: '11' }],
    })
    expect(await exposure()).toMatchObject({ committed: '1100.00', state: 'OVER_LIMIT', headroom: '-100.00' })
    // Not of the other tests.
    now = now.add({ hours: 24 * 30 })
  })

  it('says why there is no utilisation', async () => {
    expect(await exposure()).toMatchObject({ utilisation: null, state: 'NOT_SET', headroom: null })
    await limit('0')
    expect(await exposure()).toMatchObject({ utilisation: null, state: 'WITHIN_LIMIT', headroom: '0.00' })
    await bill(number, '1')
    expect(await exposure()).toMatchObject({ state: 'OVER_LIMIT', headroom: '-1.00' })
  })
})

describe('orders', () => {
  it('count once on their way from the release to the bill, and again when it is void', async () => {
    await limit('1000')
    const made = await order('300')
    expect(await used()).toMatchObject({ headroom: '1000.00' })
    expect(await release(made)).toMatchObject({ order: { status: 'RELEASED', version: 2 } })
    expect(await used()).toMatchObject({ openOrders: '300.00', headroom: '700.00' })
    expect(await ship(made, { amount: '100' })).toMatchObject({ order: { status: 'PARTLY_SHIPPED' } })
    expect(await used()).toMatchObject({
      openOrders: '200.00',
      shippedNotInvoiced: '100.00',
      gross: '300.00',
    })
    const invoice = await bill(number, '100')
    expect(await used()).toMatchObject({ gross: '400.00' })
    await done('invoiceOrder', { order: { number: made }, invoice: { number: invoice } })
    expect(await used()).toMatchObject({ openOrders: '200.00', receivables: '100.00', gross: '300.00' })
    expect(await ship(made)).toMatchObject({ order: { status: 'SHIPPED', shipped: { amount: '300.00' } } })
    const rest = await bill(number, '200')
    await done('invoiceOrder', { order: { number: made }, invoice: { number: rest } })
    expect(await used()).toMatchObject({ receivables: '300.00', gross: '300.00' })
    await done('voidInvoice', { invoice: { number: rest }, reason: 'Wrong address' })
    expect(await used()).toMatchObject({
      receivables: '100.00',
      shippedNotInvoiced: '200.00',
      gross: '300.00',
    })
    await done('correctInvoice', {
      invoice: { number: invoice },
      number: `${invoice}-b`,
      amount: usd('100'),
      issuedOn: '2026-06-30',
      reason: 'Wrong address',
    })
    expect(await used()).toMatchObject({
      receivables: '100.00',
      shippedNotInvoiced: '200.00',
      gross: '300.00',
    })
    const { order: found } = await execute<{ order: { history: { kind: string }[] } }>(
      server.url,
      token,
      `query ($number: String!) { order(by: { number: $number }) { history { kind amount { amount } invoice { number } } } }`,
      { number: made },
    )
    expect(found.history.map(({ kind }) => kind)).toEqual([
      'RECORDED',
      'RELEASED',
      'SHIPPED',
      'INVOICED',
      'SHIPPED',
      'INVOICED',
      'UNINVOICED',
      'UNINVOICED',
      'INVOICED',
    ])
  })

  it('are not released beyond the limit, unless somebody who may says so with a reason', async () => {
    await limit('100')
    const made = await order('100.01')
    expect(await release(made)).toMatchObject({ __typename: 'Conflict', code: 'CREDIT_REFUSED' })
    expect(await release(made, { override: true })).toMatchObject({ code: 'INVALID', path: ['reason'] })
    const seller = await server.createToken(acme, 'sales')
    const asked = { order: { number: made }, override: true, reason: 'A good customer' }
    expect(await mutate('releaseOrder', asked, 'dryRun', seller)).toMatchObject({ path: ['override'] })
    expect(await mutate('releaseOrder', { ...asked, dryRun: true }, 'order { status }')).toMatchObject({
      order: { status: 'RELEASED' },
    })
    expect(
      await mutate('releaseOrder', asked, 'order { status history { kind isOverride reason } }'),
    ).toMatchObject({
      order: { history: [{ kind: 'RECORDED' }, { isOverride: true, reason: 'A good customer' }] },
    })
    expect(await exposure()).toMatchObject({ state: 'OVER_LIMIT', headroom: '-0.01' })
    expect(await ship(made)).toMatchObject({ code: 'CREDIT_REFUSED' })
  })

  it('are looked at again when they are shipped: a lowered limit and a hold stop them', async () => {
    await limit('100')
    const made = await order('100')
    expect(await release(made)).toMatchObject({ order: { status: 'RELEASED' } })
    await limit('99')
    expect(await exposure()).toMatchObject({ state: 'OVER_LIMIT' })
    expect(await ship(made, { amount: '10' })).toMatchObject({ code: 'CREDIT_REFUSED' })
    await limit('100')
    await done('placeCreditHold', { ...customer(), reason: 'Cheque bounced' })
    expect(await ship(made)).toMatchObject({ code: 'CREDIT_REFUSED' })
    await done('releaseCreditHold', { ...customer(), reason: 'Paid' })
    expect(await ship(made)).toMatchObject({ order: { status: 'SHIPPED' } })
  })

  it('give what is cancelled back, and refuse what makes no sense', async () => {
    await limit('500')
    const made = await order('300')
    expect(await ship(made)).toMatchObject({ code: 'CONFLICT', path: ['order'] })
    await release(made)
    expect(await ship(made, { amount: '300.01' })).toMatchObject({ code: 'INVALID', path: ['amount'] })
    await ship(made, { amount: '120' })
    const input = { order: { number: made }, reason: 'Not wanted', expectedVersion: 3 }
    const cancelled = await mutate('cancelOrder', { ...input, dryRun: true }, 'order { status version }')
    expect(await mutate('cancelOrder', input, 'order { status version }')).toEqual(cancelled)
    expect(cancelled).toMatchObject({ order: { status: 'SHIPPED', version: 4 } })
    expect(await used()).toMatchObject({ shippedNotInvoiced: '120.00', gross: '120.00' })
    expect(await mutate('cancelOrder', input)).toMatchObject({ path: ['expectedVersion'] })
    const again = await mutate('recordOrder', { ...customer(), number: made, amount: usd('1') })
    expect(again).toMatchObject({ __typename: 'Conflict', path: ['number'] })
    const other = await createCustomer()
    const foreign = await bill(other, '10')
    const wrong = { order: { number: made }, invoice: { number: foreign } }
    expect(await mutate('invoiceOrder', wrong)).toMatchObject({ code: 'CONFLICT', path: ['invoice'] })
  })

  it('are listed by status', async () => {
    await limit('1000')
    const [open, released] = [await order('10'), await order('10')]
    await release(released)
    const list = async (status: string) => {
      const { customer: found } = await execute<{
        customer: { orders: { nodes: { number: string; status: string }[] } }
      }>(
        server.url,
        token,
        `query ($number: String!, $status: [OrderStatus!]) { customer(by: { number: $number }) {
           orders(filter: { status: $status }) { totalCount nodes { number status } } } }`,
        { number, status: [status] },
      )
      return found.orders.nodes
    }
    expect(await list('OPEN')).toEqual([{ number: open, status: 'OPEN' }])
    expect(await list('RELEASED')).toEqual([{ number: released, status: 'RELEASED' }])
    expect(await list('SHIPPED')).toEqual([])
  })
})

describe('creditDecision', () => {
  it('allows exactly the limit, and no more than the tolerance', async () => {
    await limit('100')
    expect(await decide('100')).toMatchObject({
      outcome: 'ALLOW',
      reasons: [],
      levels: [{ customerNumber: number, before: { amount: '0.00' }, after: { amount: '100.00' } }],
    })
    expect(await decide('100.01')).toMatchObject({ outcome: 'BLOCK', reasons: [{ code: 'OVER_LIMIT' }] })
    const set = (tolerancePercent: string) =>
      done('setCreditPolicy', { tolerancePercent, reason: 'Agreed' }, 'policy { tolerancePercent }')
    expect(await set('2.5')).toMatchObject({ policy: { tolerancePercent: '2.50' } })
    expect(await decide('102.50')).toMatchObject({
      outcome: 'ALLOW',
      reasons: [{ code: 'WITHIN_TOLERANCE' }],
    })
    expect(await decide('102.51')).toMatchObject({ outcome: 'BLOCK' })
    await set('0')
  })

  it('reviews where nothing is decided, or a review is overdue; blocks who is on hold or pays in advance', async () => {
    expect(codes(await decide('1'))).toEqual(['LIMIT_NOT_SET'])
    await done('setCreditLimit', { ...customer(), limit: { unlimited: true }, reason: 'Own company' })
    expect(await decide('1000000')).toMatchObject({ outcome: 'ALLOW' })
    await done('reviewCredit', { ...customer(), nextReviewOn: '2026-07-01', reason: 'Looked at it' })
    now = Temporal.Instant.from('2026-07-02T00:00:00Z')
    expect(await decide('1')).toMatchObject({ outcome: 'REVIEW', reasons: [{ code: 'REVIEW_OVERDUE' }] })
    await done('placeCreditHold', { ...customer(), reason: 'Insolvent' })
    expect(await decide('1')).toMatchObject({
      outcome: 'BLOCK',
      reasons: [{ code: 'ON_HOLD' }, { code: 'REVIEW_OVERDUE' }],
    })
    number = await createCustomer()
    await limit('0')
    expect(await decide('1')).toMatchObject({ outcome: 'BLOCK', reasons: [{ code: 'PREPAYMENT_ONLY' }] })
    await done('recordReceipt', { ...customer(), amount: usd('1'), receivedOn: '2026-06-01' })
    expect(await decide('1')).toMatchObject({ outcome: 'ALLOW' })
  })

  it('does with what is past due what the policy says', async () => {
    await limit('1000')
    // Due on 2026-05-31: 30 days past due today.
    await bill(number, '10', undefined, '2026-05-01')
    expect(await decide('1')).toMatchObject({ outcome: 'ALLOW' })
    now = now.add({ hours: 24 })
    expect(await decide('1')).toMatchObject({ outcome: 'REVIEW', reasons: [{ code: 'PAST_DUE' }] })
    await done('setCreditPolicy', { pastDue: 'BLOCK', pastDueAmount: '9.99', reason: 'Stricter' })
    expect(await decide('1')).toMatchObject({ outcome: 'BLOCK' })
    await done('setCreditPolicy', { pastDueAmount: '10', reason: 'Residues' })
    expect(await decide('1')).toMatchObject({ outcome: 'ALLOW' })
    await done('setCreditPolicy', { pastDue: 'REVIEW', pastDueAmount: '0', reason: 'As before' })
  })

  it('takes headroom until it is released, used or over', async () => {
    await limit('100')
    const taken = await decide('60', { reserve: true, reserveMinutes: 10 })
    expect(taken).toMatchObject({ outcome: 'ALLOW', reservation: { isHeld: true } })
    expect(await used()).toMatchObject({ reserved: '60.00', headroom: '40.00' })
    expect(await decide('41')).toMatchObject({ outcome: 'BLOCK' })
    now = now.add({ minutes: 10 })
    expect(await used()).toMatchObject({ headroom: '100.00' })
    const second = await decide('100', { reserve: true })
    expect(await decide('0.01')).toMatchObject({ outcome: 'BLOCK' })
    const back = { decision: second.id }
    expect(await mutate('releaseReservation', back, DECISION)).toMatchObject({
      decision: { reservation: { isHeld: false } },
    })
    expect(await mutate('releaseReservation', back)).toMatchObject({ code: 'CONFLICT' })
    const third = await decide('100', { reserve: true })
    const made = await order('100')
    expect(await release(made)).toMatchObject({ code: 'CREDIT_REFUSED' })
    expect(await release(made, { decision: third.id })).toMatchObject({ order: { status: 'RELEASED' } })
    expect(await exposure()).toMatchObject({ openOrders: '100.00', reserved: '0.00', headroom: '0.00' })
  })

  it('lets of many orders at once only those through that fit', async () => {
    await limit('100')
    const made = await Promise.all(Array.from({ length: 8 }, () => decide('30', { reserve: true })))
    expect(made.filter(({ outcome }) => outcome === 'ALLOW')).toHaveLength(3)
    expect(await used()).toMatchObject({ reserved: '90.00', headroom: '10.00' })
  })

  it('keeps what it was decided by, once per key, and nothing of a dry run', async () => {
    await limit('100')
    const input = { ...customer(), orderAmount: usd('70'), reserve: true }
    expect(await mutate('creditDecision', { ...input, dryRun: true }, DECISION)).toMatchObject({
      decision: { outcome: 'ALLOW', reservation: { isHeld: true } },
    })
    const once = { ...input, idempotencyKey: `key ${number}` }
    const first = await mutate('creditDecision', once, DECISION)
    expect(await mutate('creditDecision', once, DECISION)).toEqual(first)
    await limit('10')
    const { creditDecisions } = await execute<{ creditDecisions: { totalCount: number; nodes: Answer[] } }>(
      server.url,
      token,
      `query ($by: CustomerBy) { creditDecisions(customer: $by) { totalCount nodes { id outcome
         levels { limit { amount { amount } } after { amount } } reservation { isHeld } } } }`,
      { by: { number } },
    )
    expect(creditDecisions).toMatchObject({
      totalCount: 1,
      nodes: [
        {
          outcome: 'ALLOW',
          levels: [{ limit: { amount: { amount: '100.00' } }, after: { amount: '70.00' } }],
          reservation: { isHeld: true },
        },
      ],
    })
  })

  it('says what is wrong with what is asked', async () => {
    const wrong: [Answer, string[]][] = [
      [{ orderAmount: usd('0') }, ['orderAmount', 'amount']],
      [{ orderAmount: usd('1.001') }, ['orderAmount', 'amount']],
      [{ orderAmount: usd('1'), reserveMinutes: 0 }, ['reserveMinutes']],
      [{ orderAmount: usd('1'), customer: { number: 'nobody' } }, ['customer']],
    ]
    for (const [input, path] of wrong)
      expect(await mutate('creditDecision', { ...customer(), ...input })).toMatchObject({ path })
  })
})

describe('groups', () => {
  const under = (child: string, parent: string, more: Answer = {}) =>
    mutate('setParentCustomer', { ...customer(child), parent: { number: parent }, reason: 'Bought', ...more })

  it('check every level, and one’s credit frees no room for another', async () => {
    const [top, left, right] = [number, await createCustomer(), await createCustomer()]
    await limit('150', top)
    await limit('100', left)
    await limit('100', right)
    await under(left, top)
    await under(right, top)
    await bill(left, '90')
    expect(await decide('61', {}, right)).toMatchObject({
      outcome: 'BLOCK',
      reasons: [{ code: 'OVER_LIMIT', customerNumber: top }],
      levels: [
        { customerNumber: right, after: { amount: '61.00' } },
        { customerNumber: top, before: { amount: '90.00' }, after: { amount: '151.00' } },
      ],
    })
    expect(await decide('60', {}, right)).toMatchObject({ outcome: 'ALLOW' })
    // Money that right has paid too much is right's own.
    await done('recordReceipt', { ...customer(right), amount: usd('500'), receivedOn: '2026-06-01' })
    expect(await exposure(top)).toMatchObject({ committed: '90.00', headroom: '60.00' })
    expect(await decide('560', {}, right)).toMatchObject({ outcome: 'ALLOW' })
    expect(await decide('561', {}, right)).toMatchObject({ outcome: 'BLOCK' })
    expect(await decide('11', {}, left)).toMatchObject({ reasons: [{ customerNumber: left }] })
    await done('placeCreditHold', { ...customer(top), reason: 'Group is insolvent' })
    expect(await decide('1', {}, left)).toMatchObject({ reasons: [{ code: 'ON_HOLD', customerNumber: top }] })
  })

  it('share one headroom: of two members’ orders at once one gets it', async () => {
    const [top, left, right] = [number, await createCustomer(), await createCustomer()]
    await limit('100', top)
    await limit('100', left)
    await limit('100', right)
    await under(left, top)
    await under(right, top)
    const made = await Promise.all(
      [left, right, left, right].map((named) => decide('60', { reserve: true }, named)),
    )
    expect(made.filter(({ outcome }) => outcome === 'ALLOW')).toHaveLength(1)
  })

  it('hold on their days, and have no circle on any of them', async () => {
    const [a, b, c] = [number, await createCustomer(), await createCustomer()]
    await limit('10', a)
    expect(await under(b, a, { from: '2026-07-10', until: '2026-07-20' })).toMatchObject({ dryRun: false })
    expect(await under(c, b)).toMatchObject({ dryRun: false })
    expect(await under(a, c, { from: '2026-07-05', until: '2026-07-09' })).toMatchObject({ dryRun: false })
    expect(await under(a, c, { from: '2026-07-05', until: '2026-07-10' })).toMatchObject({
      __typename: 'Conflict',
      path: ['parent'],
    })
    expect(await under(a, a)).toMatchObject({ __typename: 'Conflict' })
    const parents = async (named: string) => {
      const { customer: found } = await execute<{ customer: Answer }>(
        server.url,
        token,
        `query ($number: String!) { customer(by: { number: $number }) { parent { number } group { number } } }`,
        { number: named },
      )
      return found
    }
    expect(await parents(b)).toEqual({ parent: null, group: [{ number: c }] })
    now = Temporal.Instant.from('2026-07-12T00:00:00Z')
    expect(await parents(b)).toEqual({ parent: { number: a }, group: [{ number: c }] })
    expect(await parents(a)).toEqual({ parent: null, group: [{ number: b }, { number: c }] })
    await limit('100', b)
    await limit('100', c)
    expect(await decide('11', {}, c)).toMatchObject({ reasons: [{ customerNumber: a }] })
    now = Temporal.Instant.from('2026-07-21T00:00:00Z')
    expect(await decide('11', {}, c)).toMatchObject({ outcome: 'ALLOW' })
  })

  it('of two who would close a circle together, at once, one is refused', async () => {
    const [a, b] = [number, await createCustomer()]
    const both = await Promise.all([under(a, b), under(b, a)])
    expect(both.map(({ __typename }) => String(__typename)).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'Conflict',
      'SetParentCustomerSuccess',
    ])
  })
})

describe('what is kept', () => {
  it('cannot be changed: events, decisions, rules and parents', async () => {
    const tables = ['order_event', 'credit_decision', 'credit_policy', 'customer_parent']
    for (const table of tables) {
      const changing = inTransaction(
        server.connection,
        { organizationId: acme.id, mode: 'write' },
        (tx) => tx.sql`delete from ${tx.sql(table)}`,
      )
      await expect(changing).rejects.toMatchObject({ code: '42501' })
    }
  })
})
