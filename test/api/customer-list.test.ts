/**
 * The list of customers beside the same computed here, of so many that it is walked along its indexes: each order, each
 * filter, page by page.
 */
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let acme: OrganizationRow
let token: string

/** More than the list finds one by one, in each half that a filter leaves. */
const COUNT = 7_000
const RATES = { USD: 1n, EUR: 3n, GBP: 2n } as const

type Made = {
  readonly number: string
  readonly id: string
  /** Minor units, by currency; every third owes nothing, and every seventh is owed to. */
  readonly owes: Readonly<Partial<Record<keyof typeof RATES, bigint>>>
  readonly risk: 'HIGH' | 'LOW' | null
  readonly reviewOn: string | null
  readonly state: 'NOT_SET' | 'UNLIMITED'
}

const idOf = (n: number): string =>
  `00000000-0000-4000-8000-${((n * 48_271) % 2_147_483_647).toString(16).padStart(12, '0')}`

const owesOf = (n: number): Made['owes'] => {
  const amount = BigInt((n * 7_919) % 400) * (n % 7 === 1 ? -1n : 1n)
  if (n % 3 === 0) return {}
  if (n % 11 === 0) return { USD: amount, EUR: amount * -2n, GBP: 7n }
  return n % 5 === 0 ? { EUR: amount } : { USD: amount }
}

const made: readonly Made[] = Array.from({ length: COUNT }, (_, n) => ({
  number: String(n).padStart(5, '0'),
  id: idOf(n),
  owes: owesOf(n),
  risk: n % 2 === 0 ? 'HIGH' : n % 100 === 1 ? 'LOW' : null,
  reviewOn: n % 4 === 0 ? null : `2027-0${1 + (n % 9)}-15`,
  state: n % 500 === 0 ? 'UNLIMITED' : 'NOT_SET',
}))

const balanceOf = ({ owes }: Made): bigint =>
  Object.entries(owes).reduce(
    (sum, [currency, minor]) => sum + minor * RATES[currency as keyof typeof RATES],
    0n,
  )
const owesAny = ({ owes }: Made): boolean => Object.values(owes).some((minor) => minor !== 0n)

beforeAll(async () => {
  server = await startTestServer()
  acme = await server.createOrganization({ baseCurrency: 'USD', timeZone: 'UTC' })
  token = await server.createToken(acme)
  await server.connection.sql`update api_token set points_per_minute = 1000000000`
  const { id } = acme
  const states = made.flatMap((one) =>
    Object.entries(one.owes).map(([currency, minor], index) => ({ id: one.id, currency, minor, index })),
  )
  const json = (rows: readonly object[]) =>
    JSON.stringify(rows, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  const write = { organizationId: id, mode: 'write' } as const
  await inTransaction(server.connection, write, async ({ sql }) => {
    await sql`insert into segment (organization_id, id, currency)
      values (${id}, 1, 'USD'), (${id}, 2, 'EUR'), (${id}, 3, 'GBP')`
    await sql`insert into exchange_rate (organization_id, currency, valid_on, rate, source)
      values (${id}, 'EUR', current_date, 3, 'test'), (${id}, 'GBP', current_date, 2, 'test')`
    await sql`
      insert into customer (organization_id, id, number, name, terms_days, risk_class, next_credit_review_on, credit_limit_state)
      select ${id}, id, number, concat('Name ', number), 30, risk::risk_class, "reviewOn", state::credit_limit_state
      from jsonb_to_recordset(${json(made)}::text::jsonb)
        as given (id uuid, number text, risk text, "reviewOn" date, state text)`
    await sql`
      insert into customer_state (organization_id, customer_id, currency, receivable, unapplied, is_further)
      select ${id}, id, currency, minor, 0, index > 0
      from jsonb_to_recordset(${json(states)}::text::jsonb) as given (id uuid, currency text, minor bigint, index int)`
  })
})

afterAll(() => server.close())

type Page = {
  readonly nodes: readonly { readonly number: string }[]
  readonly totalCount: number
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

async function all(filter: object, orderBy: object): Promise<{ numbers: string[]; total: number }> {
  const numbers: string[] = []
  for (let after: string | null = null; ;) {
    const { customers }: { customers: Page } = await execute(
      server.url,
      token,
      `query ($filter: CustomerFilter, $orderBy: [CustomerOrder!], $after: String) {
        customers(first: 700, filter: $filter, orderBy: $orderBy, after: $after) {
          nodes { number } totalCount pageInfo { hasNextPage endCursor } } }`,
      { filter, orderBy: [orderBy], after },
    )
    numbers.push(...customers.nodes.map(({ number }) => number))
    if (!customers.pageInfo.hasNextPage) return { numbers, total: customers.totalCount }
    after = customers.pageInfo.endCursor
  }
}

const KEYS = {
  BALANCE: (a: Made, b: Made) => Number(balanceOf(a) - balanceOf(b)),
  NUMBER: (a: Made, b: Made) => (a.number < b.number ? -1 : 1),
  NAME: (a: Made, b: Made) => (a.number < b.number ? -1 : 1),
  NEXT_REVIEW_ON: (a: Made, b: Made) => {
    const [one, other] = [a.reviewOn ?? '9999', b.reviewOn ?? '9999']
    return one === other ? 0 : one < other ? -1 : 1
  },
} as const

const FILTERS: readonly [object, (one: Made) => boolean][] = [
  [{}, () => true],
  [{ hasBalance: true }, owesAny],
  [{ hasBalance: false }, (one) => !owesAny(one)],
  [{ riskClass: ['HIGH'] }, ({ risk }) => risk === 'HIGH'],
  [{ riskClass: ['HIGH'], hasBalance: true }, (one) => one.risk === 'HIGH' && owesAny(one)],
  [{ riskClass: ['HIGH', 'LOW'] }, ({ risk }) => risk !== null],
  [{ riskClass: ['LOW'] }, ({ risk }) => risk === 'LOW'],
  [{ limitState: ['UNLIMITED'] }, ({ state }) => state === 'UNLIMITED'],
  [{ limitState: ['NOT_SET'] }, ({ state }) => state === 'NOT_SET'],
  [{ nextReviewOn: { lte: '2027-05-15' } }, ({ reviewOn }) => (reviewOn ?? '9999') <= '2027-05-15'],
  [{ nextReviewOn: { gt: '2027-05-15' } }, ({ reviewOn }) => reviewOn !== null && reviewOn > '2027-05-15'],
]

describe('customers, of thousands', () => {
  it.each(
    FILTERS.flatMap(([filter, fits]) =>
      (Object.keys(KEYS) as (keyof typeof KEYS)[]).map((field) => ({ filter, fits, field })),
    ),
  )('are those that fit $filter, in the order of $field, on pages', async ({ filter, fits, field }) => {
    const direction = field === 'NAME' ? 'ASC' : 'DESC'
    const sign = direction === 'ASC' ? 1 : -1
    const expected = made
      .filter(fits)
      .toSorted((a, b) => sign * (KEYS[field](a, b) || (a.id < b.id ? -1 : 1)))
      .map(({ number }) => number)
    const found = await all(filter, { field, direction })
    expect(found.numbers).toEqual(expected)
    expect(found.total).toBe(expected.length)
  })

  it('are also ordered by balance upwards, from those who are owed to', async () => {
    const expected = made
      .toSorted((a, b) => KEYS.BALANCE(a, b) || (a.id < b.id ? -1 : 1))
      .map(({ number }) => number)
    const found = await all({}, { field: 'BALANCE', direction: 'ASC' })
    expect(found.numbers).toEqual(expected)
  })
})

describe('what a customer owes', () => {
  it('is marked where it has another currency already, in whichever order bills come', async () => {
    const bill = (number: string, amount: string, currency: string) =>
      execute(
        server.url,
        token,
        `mutation ($input: RecordInvoiceInput!) { recordInvoice(input: $input) { __typename } }`,
        {
          input: {
            customer: { number: '00003' },
            number,
            amount: { amount, currency },
            issuedOn: Temporal.Now.plainDateISO('UTC').toString(),
          },
        },
      )
    await bill('B-1', '10', 'GBP')
    await bill('B-2', '20', 'EUR')
    await bill('B-3', '30', 'GBP')
    const rows = await inTransaction(
      server.connection,
      { organizationId: acme.id, mode: 'read' },
      ({ sql }) => sql<{ currency: string; is_further: boolean }[]>`
        select currency, is_further from customer_state where customer_id = ${idOf(3)} order by currency`,
    )
    expect([...rows]).toEqual([
      { currency: 'EUR', is_further: true },
      { currency: 'GBP', is_further: false },
    ])
  })
})
