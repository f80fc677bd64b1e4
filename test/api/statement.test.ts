/** A customer's statement: opening balance, lines and closing balance, as of any day, as known at any moment. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execute, request } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let token: string
beforeAll(async () => {
  server = await startTestServer({ clock: () => Temporal.Instant.from('2026-06-30T12:00:00Z') })
  token = await server.createToken(await server.createOrganization(), 'manager')
  await fill()
})
afterAll(() => server.close())

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each test says what it asks for
const ask = <Data>(query: string, variables: Record<string, unknown> = {}) =>
  execute<Data>(server.url, token, query, variables)

/** The moments after each step. */
const moments: string[] = []
const receipts: string[] = []

async function fill(): Promise<void> {
  const carryOut = async (name: string, input: Record<string, unknown>) => {
    const type = `${name[0]?.toUpperCase()}${name.slice(1)}`
    const id = name === 'recordReceipt' ? `... on ${type}Success { receipt { id } }` : ''
    const answer = await ask<Record<string, { __typename: string; receipt?: { id: string } }>>(
      `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ${id} ... on Problem { message } } }`,
      { input },
    )
    expect(answer[name]?.__typename).toBe(`${type}Success`)
    if (answer[name]?.receipt) receipts.push(answer[name].receipt.id)
    const [row] = await server.connection.sql<[{ at: string }]>`
      select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`
    moments.push(row.at)
  }
  const customer = { number: 'C-1' }
  const usd = (amount: string) => ({ amount, currency: 'USD' })
  for (const number of ['C-1', 'C-2', 'C-3'])
    await carryOut('createCustomer', { number, name: `Customer ${number}` })
  await carryOut('recordInvoice', { customer, number: 'A-1', amount: usd('100.00'), issuedOn: '2026-03-01' })
  await carryOut('recordInvoice', { customer, number: 'A-2', amount: usd('40.00'), issuedOn: '2026-04-01' })
  await carryOut('recordInvoice', {
    customer,
    number: 'E-1',
    amount: { amount: '7.00', currency: 'EUR' },
    issuedOn: '2026-04-02',
  })
  await carryOut('recordInvoice', {
    customer: { number: 'C-2' },
    number: 'B-1',
    amount: usd('999.00'),
    issuedOn: '2026-04-02',
  })
  await carryOut('recordReceipt', {
    customer,
    amount: usd('130.00'),
    receivedOn: '2026-04-10',
    reference: 'Wire 1',
    allocations: [{ invoice: { number: 'A-1' } }],
  })
  await carryOut('recordCreditNote', {
    customer,
    number: 'G-1',
    amount: usd('15.00'),
    issuedOn: '2026-04-20',
    reason: 'Returned',
    allocations: [{ invoice: { number: 'A-2' }, amount: '10.00' }],
  })
  await carryOut('openDispute', { invoice: { number: 'A-2' }, reason: 'Price', openedOn: '2026-04-21' })
  await carryOut('applyReceipt', {
    receipt: receipts[0],
    allocations: [{ invoice: { number: 'A-2' }, amount: '20.00' }],
    effectiveOn: '2026-05-05',
  })
  // Known later than what came before it, and dated before most of that.
  await carryOut('recordInvoice', { customer, number: 'A-0', amount: usd('1.25'), issuedOn: '2026-03-15' })
  await carryOut('bounceReceipt', { receipt: receipts[0], bouncedOn: '2026-05-20', reason: 'No funds' })
}

type Balance = Record<'balance' | 'receivable' | 'unapplied', { amount: string }>
type Line = {
  effectiveOn: string
  document: string
  documentNumber: string | null
  kind: string
  reason: string | null
  amount: { amount: string }
  balance: { amount: string }
}
type Account = {
  currency: string
  opening: Balance
  closing: Balance
  lines: { nodes: Line[]; totalCount: number; pageInfo: { endCursor: string | null } }
}
type Statement = { knownAt: string; accounts: Account[] }

const BALANCE = '{ balance { amount } receivable { amount } unapplied { amount } }'
const read = async (
  from: string,
  to: string,
  more: { knownAt?: string; first?: number; after?: string } = {},
) => {
  const { customerStatement } = await ask<{ customerStatement: Statement }>(
    `query ($from: Date!, $to: Date!, $knownAt: DateTime, $first: Int! = 100, $after: String) {
      customerStatement(customer: { number: "C-1" }, from: $from, to: $to, knownAt: $knownAt) {
        from to knownAt customer { number }
        accounts { currency opening ${BALANCE} closing ${BALANCE}
          lines(first: $first, after: $after) { totalCount pageInfo { endCursor }
            nodes { effectiveOn occurredOn recordedAt document documentId documentNumber kind reason
              amount { amount } balance { amount } } } } } }`,
    { from, to, ...more },
  )
  return customerStatement
}

const flat = ({ balance, receivable, unapplied }: Balance) =>
  [balance, receivable, unapplied].map(({ amount }) => amount)
const cents = (text: string) => BigInt(text.replace('.', ''))
const first = ({ accounts }: Statement): Account => {
  const [account] = accounts
  if (account === undefined) throw new Error('There is no account')
  return account
}

describe('an invoice', () => {
  it('says what was owed of it, as known then', async () => {
    const [, , , , , , , , , , applied, , bounced] = moments
    const { invoice } = await ask<{ invoice: Record<string, unknown> }>(
      `query ($applied: DateTime, $bounced: DateTime, $first: DateTime) { invoice(by: { number: "A-2" }) {
         a: balance(knownAt: $applied) { amount } b: balance(knownAt: $bounced) { amount }
         c: balance(asOf: "2026-04-15", knownAt: $bounced) { amount } d: balance(knownAt: $first) { amount }
         e: status(knownAt: $applied) f: status(knownAt: $first) } }`,
      { applied, bounced, first: moments[0] },
    )
    expect(invoice).toEqual({
      a: { amount: '10.00' },
      b: { amount: '30.00' },
      c: { amount: '40.00' },
      d: { amount: '0.00' },
      e: 'PAST_DUE',
      f: 'NOT_ISSUED',
    })
  })
})

describe('customerStatement', () => {
  it('leads from the opening to the closing balance, one account for each currency', async () => {
    const statement = await read('2026-04-01', '2026-04-30')
    expect(statement.accounts.map(({ currency }) => currency)).toEqual(['USD', 'EUR'])
    const { opening, closing, lines } = first(statement)
    expect(flat(opening)).toEqual(['101.25', '101.25', '0.00'])
    expect(flat(closing)).toEqual(['-3.75', '31.25', '35.00'])
    expect(
      lines.nodes.map((line) => [
        line.effectiveOn,
        line.documentNumber,
        line.kind,
        line.amount.amount,
        line.balance.amount,
      ]),
    ).toEqual([
      ['2026-04-01', 'A-2', 'INVOICED', '40.00', '141.25'],
      ['2026-04-10', 'A-1', 'PAYMENT_APPLIED', '-100.00', '41.25'],
      ['2026-04-10', 'Wire 1', 'RECEIVED', '-130.00', '-88.75'],
      ['2026-04-10', 'Wire 1', 'APPLIED', '100.00', '11.25'],
      ['2026-04-20', 'A-2', 'CREDIT_APPLIED', '-10.00', '1.25'],
      ['2026-04-20', 'G-1', 'CREDITED', '-15.00', '-13.75'],
      ['2026-04-20', 'G-1', 'APPLIED', '10.00', '-3.75'],
    ])
    expect(lines.nodes.find(({ kind }) => kind === 'CREDITED')?.reason).toBe('Returned')
  })

  it('shows a bounce as the debt that it brings back', async () => {
    const { opening, closing, lines } = first(await read('2026-05-20', '2026-06-30'))
    expect(flat(opening)).toEqual(['-3.75', '11.25', '15.00'])
    expect(flat(closing)).toEqual(['126.25', '131.25', '5.00'])
    expect(lines.nodes.map(({ kind, amount }) => `${kind} ${amount.amount}`).toSorted()).toEqual([
      'APPLIED -100.00',
      'APPLIED -20.00',
      'BOUNCED 130.00',
      'PAYMENT_APPLIED 100.00',
      'PAYMENT_APPLIED 20.00',
    ])
  })

  it('tells what was known then', async () => {
    const [, , , , , , , , , , applied, late] = moments
    const before = await read('2026-03-01', '2026-06-30', { knownAt: applied ?? '' })
    expect(Temporal.Instant.from(before.knownAt).equals(applied ?? '')).toBe(true)
    expect(flat(first(before).closing)).toEqual(['-5.00', '10.00', '15.00'])
    expect(first(before).lines.nodes.map(({ documentNumber }) => documentNumber)).not.toContain('A-0')
    const after = await read('2026-03-01', '2026-06-30', { knownAt: late ?? '' })
    expect(flat(first(after).closing)).toEqual(['-3.75', '11.25', '15.00'])
    expect((await read('2026-03-01', '2026-06-30', { knownAt: moments[2] ?? '' })).accounts).toEqual([])
  })

  it('sums up: opening balance and lines make the closing balance, for any days and moments', async () => {
    const day = fc
      .integer({ min: 0, max: 125 })
      .map((days) => Temporal.PlainDate.from('2026-02-26').add({ days }))
    const knownAt = fc.option(
      fc.nat(moments.length - 1).map((index) => moments[index] ?? ''),
      { nil: undefined },
    )
    await fc.assert(
      fc.asyncProperty(day, day, knownAt, async (a, b, known) => {
        const [from, to] = Temporal.PlainDate.compare(a, b) <= 0 ? [a, b] : [b, a]
        const more = known === undefined ? {} : { knownAt: known }
        const { accounts } = await read(from.toString(), to.toString(), more)
        for (const { opening, closing, lines } of accounts) {
          for (const { balance, receivable, unapplied } of [opening, closing])
            expect(cents(balance.amount)).toBe(cents(receivable.amount) - cents(unapplied.amount))
          let balance = cents(opening.balance.amount)
          for (const line of lines.nodes) {
            balance += cents(line.amount.amount)
            expect(cents(line.balance.amount)).toBe(balance)
          }
          expect(balance).toBe(cents(closing.balance.amount))
          expect(lines.totalCount).toBe(lines.nodes.length)
        }
        // The end of one statement is the beginning of the next.
        const next = await read(to.add({ days: 1 }).toString(), '2026-07-31', more)
        for (const { currency, closing } of accounts)
          expect(next.accounts.find((one) => one.currency === currency)?.opening).toEqual(closing)
      }),
      { numRuns: 25 },
    )
  })

  it('comes page by page, each line once, with the same running balance', async () => {
    const whole = first(await read('2026-03-01', '2026-06-30'))
    const seen: Line[] = []
    let after: string | null = null
    do {
      const page: Account = first(
        await read('2026-03-01', '2026-06-30', { first: 4, ...(after === null ? {} : { after }) }),
      )
      seen.push(...page.lines.nodes)
      after = page.lines.pageInfo.endCursor
    } while (after !== null)
    expect(seen).toEqual(whole.lines.nodes)
    expect(whole.lines.totalCount).toBe(seen.length)
  })

  it('is null for nobody, empty for who never bought, and says what is wrong with its days', async () => {
    const statement = (by: string, days: string) =>
      request<{ customerStatement: unknown }>(
        server.url,
        token,
        `{ customerStatement(customer: { ${by} }, ${days}) { accounts { currency } } }`,
      )
    const march = 'from: "2026-03-01", to: "2026-03-31"'
    expect((await statement('number: "C-404"', march)).data).toEqual({ customerStatement: null })
    expect((await statement('number: "C-3"', march)).data).toEqual({ customerStatement: { accounts: [] } })
    const turned = await statement('number: "C-1"', 'from: "2026-03-02", to: "2026-03-01"')
    expect(turned.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
  })
})
