/** What the API tells of an invoice's life: lines, shares, discount, history, and what became of a wrong bill. */
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const clock = () => Temporal.Instant.from('2026-06-30T12:00:00Z')
let server: TestServer
let token: string

beforeAll(async () => {
  server = await startTestServer({ clock })
  const organization = await server.createOrganization()
  token = await server.createToken(organization, 'manager')
  const organizationId = organization.id
  await inTransaction(server.connection, { organizationId, mode: 'write' }, (tx) =>
    tx.insert(customer).values({
      organizationId,
      id: crypto.randomUUID(),
      number: 'C-1',
      name: 'Ardmore Mills',
      termsDays: 30,
      region: 'North',
    }),
  )
  await change('recordInvoice', {
    customer: { number: 'C-1' },
    number: 'A-1',
    amount: usd('100.00'),
    issuedOn: '2026-05-01',
    lines: [
      { description: 'Reams', productLine: 'Paper', amount: '66.67' },
      { productLine: 'Ink', amount: '33.33' },
    ],
    discount: { percent: '2', until: '2026-05-11' },
  })
})
afterAll(() => server.close())

const usd = (amount: string) => ({ amount, currency: 'USD' })

/** What a mutation answers; `selection` is of its success. */
const change = async (name: string, input: Record<string, unknown>, selection = 'dryRun') => {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}`
  const query = `mutation ($input: ${type}Input!) { ${name}(input: $input) {
    __typename ... on ${type}Success { ${selection} } ... on Problem { code message path } } }`
  return (await execute<Record<string, unknown>>(server.url, token, query, { input }))[name]
}

const invoice = async (number: string, selection: string) =>
  (
    await execute<{ invoice: Record<string, unknown> }>(
      server.url,
      token,
      `{ invoice(by: { number: "${number}" }) { ${selection} } }`,
    )
  ).invoice

describe('an invoice', () => {
  it('has its lines, its discount and a share in the segment of each product line', async () => {
    const told = await invoice(
      'A-1',
      `lines { number description productLine amount { amount } } discount {
         amount { amount currency } until annualRate
         of360: annualRate(basis: DAYS_360) compounded: annualRate(basis: COMPOUNDED)
       }
       shares { number amount { amount } segment { region productLine collector { name } } }`,
    )
    expect(told).toEqual({
      lines: [
        { number: 1, description: 'Reams', productLine: 'Paper', amount: { amount: '66.67' } },
        { number: 2, description: null, productLine: 'Ink', amount: { amount: '33.33' } },
      ],
      // 2/10 net 30.
      discount: {
        amount: usd('2.00'),
        until: '2026-05-11',
        annualRate: '37.2448979592',
        of360: '36.7346938776',
        compounded: '44.5852927312',
      },
      shares: [
        {
          number: 1,
          amount: { amount: '66.67' },
          segment: { region: 'North', productLine: 'Paper', collector: null },
        },
        {
          number: 2,
          amount: { amount: '33.33' },
          segment: { region: 'North', productLine: 'Ink', collector: null },
        },
      ],
    })
  })

  it('answers a movement with what was posted, and a dry run with what would be', async () => {
    const input = { invoice: { number: 'A-1' }, occurredOn: '2026-05-10' }
    const selection =
      'invoice { balance { amount } } entries { number kind code amount { amount } recordedAt } audit { id }'
    expect(await change('discountInvoice', { ...input, dryRun: true }, selection)).toEqual({
      __typename: 'DiscountInvoiceSuccess',
      invoice: { balance: { amount: '100.00' } },
      entries: [
        { number: 2, kind: 'DISCOUNTED', code: 'EARNED', amount: { amount: '-2.00' }, recordedAt: null },
      ],
      audit: null,
    })
    expect(await change('discountInvoice', input, selection)).toMatchObject({
      invoice: { balance: { amount: '98.00' } },
      entries: [{ number: 2, recordedAt: expect.stringContaining('T') as unknown }],
    })
  })

  it('tells its history, and where it moved', async () => {
    await change('writeOffInvoice', {
      invoice: { number: 'A-1' },
      code: 'BAD_DEBT',
      occurredOn: '2026-06-01',
      reason: 'Insolvent',
    })
    const recovered = await change(
      'recoverInvoice',
      { invoice: { number: 'A-1' }, amount: usd('8.00'), receivedOn: '2026-06-10', reference: 'Court' },
      'receipt { reference amount { amount } unapplied { amount } allocations { invoice { number } } }',
    )
    expect(recovered).toMatchObject({
      receipt: {
        reference: 'Court',
        amount: { amount: '8.00' },
        unapplied: { amount: '0.00' },
        allocations: [{ invoice: { number: 'A-1' } }],
      },
    })
    const moved = await change(
      'moveCustomer',
      { customer: { number: 'C-1' }, from: '2026-06-15', region: 'South', reason: 'New territories' },
      'itemsMoved customer { region }',
    )
    expect(moved).toMatchObject({ itemsMoved: 2, customer: { region: 'South' } })
    const { history } = (await invoice(
      'A-1',
      'history { number kind installment amount { amount } effectiveOn code reason receipt { reference } segment { region productLine } }',
    )) as { history: Record<string, unknown>[] }
    expect(history.map(({ number, kind, effectiveOn }) => [number, kind, effectiveOn].join(' '))).toEqual([
      '1 INVOICED 2026-05-01',
      '2 DISCOUNTED 2026-05-10',
      '3 WRITTEN_OFF 2026-06-01',
      '4 RECOVERED 2026-06-10',
      '5 PAYMENT_APPLIED 2026-06-10',
      '6 MOVED 2026-06-15',
      '7 MOVED 2026-06-15',
    ])
    expect(history[2]).toMatchObject({ code: 'BAD_DEBT', reason: 'Insolvent', amount: { amount: '-98.00' } })
    expect(history[4]).toMatchObject({ receipt: { reference: 'Court' }, segment: null })
    expect(history[5]).toMatchObject({ installment: 1, segment: { region: 'South', productLine: 'Paper' } })
  })

  it('that was wrong is void, and the right one stands in its place', async () => {
    const bill = { customer: { number: 'C-1' }, amount: usd('50.00'), issuedOn: '2026-06-01' }
    await change('recordInvoice', { ...bill, number: 'W-1' })
    await change('openDispute', { invoice: { number: 'W-1' }, openedOn: '2026-06-02', reason: 'Wrong price' })
    const corrected = await change(
      'correctInvoice',
      {
        invoice: { number: 'W-1' },
        number: 'W-2',
        amount: usd('45.00'),
        issuedOn: '2026-06-05',
        reason: 'Wrong price',
      },
      `invoice { number replaces { number } balance { amount } }
       replaced { number voided status disputed amount { amount } replacedBy { number } }
       entries { kind amount { amount } }`,
    )
    expect(corrected).toEqual({
      __typename: 'CorrectInvoiceSuccess',
      invoice: { number: 'W-2', replaces: { number: 'W-1' }, balance: { amount: '45.00' } },
      replaced: {
        number: 'W-1',
        voided: true,
        status: 'VOID',
        disputed: false,
        amount: { amount: '0.00' },
        replacedBy: { number: 'W-2' },
      },
      entries: [{ kind: 'VOIDED', amount: { amount: '-50.00' } }],
    })
    const before = await invoice('W-1', 'status(asOf: "2026-06-04") balance(asOf: "2026-06-04") { amount }')
    expect(before).toEqual({ status: 'OPEN', balance: { amount: '50.00' } })
  })

  it('whose balance is lowered below what is disputed is disputed no further', async () => {
    const bill = { customer: { number: 'C-1' }, amount: usd('50.00'), issuedOn: '2026-06-01' }
    await change('recordInvoice', { ...bill, number: 'D-1' })
    await change('openDispute', {
      invoice: { number: 'D-1' },
      amount: '40.00',
      openedOn: '2026-06-02',
      reason: 'x',
    })
    await change('writeOffInvoice', { invoice: { number: 'D-1' }, amount: usd('30.00'), code: 'DISPUTE' })
    const { disputes } = await execute<{ disputes: unknown }>(
      server.url,
      token,
      '{ disputes(filter: { openOn: "2026-06-30" }) { nodes { invoice { number } open { amount } } } }',
    )
    expect(disputes).toEqual({ nodes: [{ invoice: { number: 'D-1' }, open: { amount: '20.00' } }] })
  })

  it('answers with the field at fault', async () => {
    expect(await change('voidInvoice', { invoice: { number: 'A-1' }, reason: 'x' })).toMatchObject({
      __typename: 'InvalidInput',
      path: ['invoice'],
    })
    expect(
      await change('moveInvoice', {
        invoice: { number: 'A-9' },
        from: '2026-06-01',
        region: 'x',
        reason: 'x',
      }),
    ).toMatchObject({
      __typename: 'NotFound',
      path: ['invoice'],
    })
  })
})
