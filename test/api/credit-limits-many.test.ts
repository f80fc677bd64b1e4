/** Many limits at once, out of a list and out of a file: all or nothing, in part, tried, and sent twice. */
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let acme: OrganizationRow
let token: string
beforeAll(async () => {
  server = await startTestServer({ clock: () => Temporal.Instant.from('2026-06-30T12:00:00Z') })
})
afterAll(() => server.close())

/** Books of their own for each test: C-1 to C-5 without limits. */
beforeEach(async () => {
  acme = await server.createOrganization()
  token = await server.createToken(acme)
  await addCustomers(5)
})

const addCustomers = (count: number) =>
  inTransaction(server.connection, { organizationId: acme.id, mode: 'write' }, (tx) =>
    tx.insert(customer).values(
      Array.from({ length: count }, (_, index) => ({
        organizationId: acme.id,
        id: crypto.randomUUID(),
        number: `C-${index + 1}`,
        name: `Customer ${index + 1}`,
        termsDays: 30,
      })),
    ),
  )

type Row = Record<string, unknown>
type Answer = Row & { readonly __typename: string; readonly rows: readonly Row[] }

const ROWS = `set unchanged refused rows { row customerNumber outcome previous { state amount { amount } }
  limit { state amount { amount currency } } effectiveOn until version problems { path code message } }`

const mutate = async (name: string, input: Row, more = ''): Promise<Answer> => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const answer = await execute<Record<string, Answer>>(
    server.url,
    token,
    `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename
       ... on ${type}Success { ${ROWS} ${more} dryRun audit { id } }
       ... on CreditLimitsRefused { ${ROWS} }
       ... on Problem { code path message } } }`,
    { input },
  )
  const found = answer[name]
  if (found === undefined) throw new Error('No answer')
  return found
}

const set = (rows: readonly Row[], more: Row = {}) =>
  mutate('setCreditLimits', { reason: 'Yearly review', rows, ...more })
const load = (csv: string, more: Row = {}) =>
  mutate('importCreditLimits', { reason: 'Yearly review', csv, ...more }, 'unusedColumns')

const usd = (number: string, amount: string, more: Row = {}): Row => ({
  customer: { number },
  limit: { amount: { amount, currency: 'USD' } },
  ...more,
})

/** Of every customer that was touched: its number, version and limit; and how many limits the audit has. */
const books = async () => {
  const { sql } = server.connection
  const rows = await sql<{ number: string; told: string }[]>`
    select number, concat_ws(' ', credit_limit_state, credit_limit, 'v' || version) as told from customer
    where organization_id = ${acme.id} and version > 1 order by number`
  const [counts] = await sql<{ audits: number; limits: number }[]>`
    select (select count(*)::int from audit where organization_id = ${acme.id} and action = 'setCreditLimit') as audits,
      (select count(*)::int from credit_limit where organization_id = ${acme.id}) as limits`
  return { ...Object.fromEntries(rows.map(({ number, told }) => [number, told])), ...counts }
}

describe('setCreditLimits', () => {
  it('sets each row, tells old and new, and leaves what is so already', async () => {
    await set([usd('C-1', '100'), usd('C-2', '200')])
    const answer = await set([
      usd('C-1', '150.5', { expectedVersion: 2, reason: 'Asked for it' }),
      usd('C-2', '200'),
      { customer: { number: 'C-3' }, limit: { unlimited: true }, until: '2026-07-31' },
      { customer: { number: 'C-4' }, limit: { notSet: true } },
      usd('C-5', '0', { effectiveOn: '2026-07-15' }),
    ])
    expect(answer).toMatchObject({
      __typename: 'SetCreditLimitsSuccess',
      set: 3,
      unchanged: 2,
      refused: 0,
      rows: [
        {
          row: 0,
          customerNumber: 'C-1',
          outcome: 'SET',
          previous: { amount: { amount: '100.00' } },
          limit: { amount: { amount: '150.50', currency: 'USD' } },
          version: 3,
          problems: [],
        },
        { row: 1, outcome: 'UNCHANGED', version: 2 },
        {
          row: 2,
          outcome: 'SET',
          previous: { state: 'NOT_SET' },
          limit: { state: 'UNLIMITED' },
          until: '2026-07-31',
        },
        { row: 3, outcome: 'UNCHANGED', version: 1 },
        { row: 4, outcome: 'SET', effectiveOn: '2026-07-15', until: null },
      ],
    })
    expect(await books()).toEqual({
      'C-1': 'AMOUNT 15050 v3',
      'C-2': 'AMOUNT 20000 v2',
      'C-3': 'UNLIMITED v2',
      'C-5': 'NOT_SET v2',
      audits: 5,
      limits: 5,
    })
    const { changes } = await execute<{ changes: { creditLimitChanges: unknown } }>(
      server.url,
      token,
      '{ changes: customer(by: { number: "C-1" }) { creditLimitChanges { nodes { reason } } } }',
    )
    expect(changes.creditLimitChanges).toEqual({
      nodes: [{ reason: 'Asked for it' }, { reason: 'Yearly review' }],
    })
  })

  it('sets nothing where a row is refused, and says of every row why', async () => {
    const rows = [
      usd('C-1', '100'),
      usd('C-404', '100'),
      usd('C-2', '1.001'),
      usd('C-1', '200'),
      usd('C-3', '5', { expectedVersion: 4 }),
      usd('C-4', '5', { effectiveOn: '2026-06-29' }),
      usd('C-5', '-1', { until: '2026-06-01' }),
    ]
    const answer = await set(rows)
    expect(answer).toMatchObject({
      __typename: 'CreditLimitsRefused',
      path: ['rows'],
      set: 1,
      refused: 6,
      message: expect.stringMatching(/^6 of 7 rows .* row 1: There is no customer with number C-404$/),
    })
    const faults = answer.rows.map(({ problems }) =>
      (problems as Row[]).map(({ path, code }) => [(path as string[]).join('.'), code]),
    )
    expect(faults).toEqual([
      [],
      [['customer', 'NOT_FOUND']],
      [['limit.amount.amount', 'INVALID']],
      [['customer', 'INVALID']],
      [['expectedVersion', 'CONFLICT']],
      [['effectiveOn', 'INVALID']],
      [
        ['limit.amount.amount', 'INVALID'],
        ['until', 'INVALID'],
      ],
    ])
    expect(await books()).toEqual({ audits: 0, limits: 0 })
    const partly = await set(rows, { partial: true })
    expect(partly).toMatchObject({ __typename: 'SetCreditLimitsSuccess', set: 1, refused: 6 })
    expect(partly.rows).toEqual(answer.rows)
    expect(await books()).toEqual({ 'C-1': 'AMOUNT 10000 v2', audits: 1, limits: 1 })
  })

  it('answers a dry run row by row as the real one, and leaves nothing', async () => {
    await set([usd('C-1', '100')])
    const before = await books()
    const rows = [
      usd('C-1', '100'),
      usd('C-2', '1'),
      usd('C-404', '2'),
      usd('C-3', '3', { until: '2026-07-01' }),
    ]
    const tried = await set(rows, { partial: true, dryRun: true })
    expect(await books()).toEqual(before)
    const done = await set(rows, { partial: true })
    expect(tried).toEqual({ ...done, dryRun: true, audit: null })
    expect(done.rows.map(({ outcome }) => outcome)).toEqual(['UNCHANGED', 'SET', 'REFUSED', 'SET'])
    const refused = await set(rows, { dryRun: true })
    expect(refused).toEqual(await set(rows))
  })

  it('is carried out once for a key, whose rows count with it', async () => {
    const rows = [usd('C-1', '100'), usd('C-2', '200')]
    const first = await set(rows, { idempotencyKey: 'batch-1' })
    expect(await set(rows, { idempotencyKey: 'batch-1' })).toEqual(first)
    expect(await set([...rows, usd('C-3', '1')], { idempotencyKey: 'batch-1' })).toMatchObject({
      code: 'KEY_REUSED',
    })
    expect(await books()).toMatchObject({ 'C-1': 'AMOUNT 10000 v2', audits: 2 })
    // What is refused was not done: the key is free for the batch as it was corrected.
    expect(await set([usd('C-404', '1')], { idempotencyKey: 'batch-2' })).toMatchObject({ refused: 1 })
    expect(await set([usd('C-4', '1')], { idempotencyKey: 'batch-2' })).toMatchObject({ set: 1 })
  })

  it('takes 10,000 rows, no more, and none is none', async () => {
    acme = await server.createOrganization()
    token = await server.createToken(acme)
    for (let from = 0; from < 10_000; from += 2_000) {
      await inTransaction(server.connection, { organizationId: acme.id, mode: 'write' }, (tx) =>
        tx.insert(customer).values(
          Array.from({ length: 2_000 }, (_, index) => ({
            organizationId: acme.id,
            id: crypto.randomUUID(),
            number: `C-${from + index}`,
            name: 'Customer',
            termsDays: 30,
          })),
        ),
      )
    }
    const rows = Array.from({ length: 10_000 }, (_, index) => usd(`C-${index}`, `${index}.25`))
    const answer = await mutateCounts(rows)
    expect(answer).toEqual({ set: 10_000, unchanged: 0, refused: 0, rows: [] })
    expect(await mutateCounts(rows)).toEqual({ set: 0, unchanged: 10_000, refused: 0, rows: [] })
    expect(await books()).toMatchObject({ audits: 10_000, limits: 10_000, 'C-9999': 'AMOUNT 999925 v2' })
    expect(await set([])).toMatchObject({ code: 'INVALID', path: ['rows'] })
  })

  it('refuses nobody’s long bodies, and long ones of anything else', async () => {
    const post = (body: unknown, headers: Record<string, string>) =>
      fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      })
    const bulk = 'mutation ($input: SetCreditLimitsInput!) { setCreditLimits(input: $input) { __typename } }'
    const long = 'x'.repeat(300_000)
    const mine = { 'x-api-key': token }
    const viewer = { 'x-api-key': await server.createToken(acme, 'viewer') }
    const statuses = [
      await post({ query: bulk, variables: { input: { rows: [], reason: long } } }, mine),
      await post({ query: bulk, variables: { input: { rows: [], reason: long } } }, viewer),
      await post({ query: bulk, variables: { input: { rows: [], reason: long } } }, {}),
      await post({ query: '{ organization { slug } }', variables: { long } }, mine),
      await post({ query: `${bulk} #${long}` }, mine),
      await post({ query: bulk, variables: { input: { rows: [], reason: long.repeat(20) } } }, mine),
    ].map(({ status }) => status)
    expect(statuses).toEqual([200, 413, 413, 413, 413, 413])
    const streamed = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...mine },
      body: new Blob([JSON.stringify({ query: bulk, variables: { long } })]).stream(),
      duplex: 'half',
    } as RequestInit)
    expect(streamed.status).toBe(413)
  })
})

const mutateCounts = async (rows: readonly Row[]) => {
  const { setCreditLimits } = await execute<{ setCreditLimits: Row }>(
    server.url,
    token,
    `mutation ($input: SetCreditLimitsInput!) { setCreditLimits(input: $input) {
       ... on SetCreditLimitsSuccess { set unchanged refused rows(outcome: [REFUSED]) { row } }
       ... on Problem { message } } }`,
    { input: { rows, reason: 'Review' } },
  )
  return setCreditLimits
}

describe('importCreditLimits', () => {
  it('sets what the lines say, whatever the order of the columns', async () => {
    const csv = [
      '\uFEFFLimit;Customer;currency;effective_on;until;reason;notes',
      '1500.50;C-1;;;;;x',
      'Unlimited;C-2;;2026-07-01;2026-07-31;"Insured; in full";',
      'not set;C-3;;;;;',
      '0;C-4;jpy;;;;',
      '',
    ].join('\r\n')
    const answer = await load(csv)
    expect(answer).toMatchObject({
      __typename: 'ImportCreditLimitsSuccess',
      set: 3,
      unchanged: 1,
      unusedColumns: ['notes'],
      rows: [
        { row: 2, customerNumber: 'C-1', limit: { amount: { amount: '1500.50', currency: 'USD' } } },
        { row: 3, limit: { state: 'UNLIMITED' }, effectiveOn: '2026-07-01', until: '2026-07-31' },
        { row: 4, outcome: 'UNCHANGED' },
        { row: 5, limit: { amount: { amount: '0', currency: 'JPY' } } },
      ],
    })
    const audits = await server.connection.sql<{ reason: string }[]>`
      select reason from audit where organization_id = ${acme.id} and action = 'setCreditLimit' order by reason`
    expect(audits.map(({ reason }) => reason)).toEqual(['Insured; in full', 'Yearly review', 'Yearly review'])
  })

  const BAD = [
    'customer,limit,currency,effective_on,until,expected_version',
    'C-1,"1,500.00",,,,',
    'C-2,1.005,USD,,,',
    'C-3,5,XXQ,,,',
    'C-4,5,USD,30.06.2026,,one',
    ',5,USD,,,',
    'C-404,5,USD,,,',
    'C-5,5,USD,2026-07-02,2026-07-01,',
    'C-5,5,USD,,,7',
    '"C-1"x,5,USD,,,',
  ].join('\n')

  it('tells every fault by its line and column, and dry runs, refusals and partial runs alike', async () => {
    const answer = await load(BAD)
    const faults = answer.rows.map(({ row, problems }) =>
      (problems as Row[]).map(({ path }) => `${String(row)} ${(path as string[]).join('.')}`),
    )
    expect(faults).toEqual([
      ['2 limit'],
      ['3 limit'],
      ['4 currency'],
      ['5 effective_on', '5 expected_version'],
      ['6 customer'],
      ['7 customer'],
      ['8 until'],
      ['9 customer', '9 expected_version'],
      expect.arrayContaining(['10 ']),
    ])
    expect(answer).toMatchObject({ __typename: 'CreditLimitsRefused', path: ['csv'] })
    expect((await load(BAD, { dryRun: true })).rows).toEqual(answer.rows)
    expect((await load(BAD, { partial: true })).rows).toEqual(answer.rows)
    expect(await books()).toEqual({ audits: 0, limits: 0 })
  })

  it.each([
    ['nothing', '', /empty/],
    ['only a header', 'customer,limit\n', /no line below/],
    ['another header', 'number,amount\nC-1,5\n', /lacks customer and limit/],
    ['a column twice', 'customer,limit,Limit\nC-1,5,6\n', /limit twice/],
    ['a quote that never ends', 'customer,limit\n"C-1,5\n', /line 2: a quote/],
  ])('refuses a file with %s', async (_case, csv, told) => {
    expect(await load(csv)).toMatchObject({
      code: 'INVALID',
      path: ['csv'],
      message: expect.stringMatching(told),
    })
  })
})

describe('the header Idempotency-Key', () => {
  const send = async (query: string, key: string, variables: Row = {}) => {
    const answer = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': token, 'idempotency-key': key },
      body: JSON.stringify({ query, variables }),
    })
    // Not the points it cost: how many are left grows with time.
    const { data, errors } = (await answer.json()) as {
      data?: Record<string, Row>
      errors?: { message: string }[]
    }
    return { data, errors }
  }
  const one = (amount: string, more = '') => `setCreditLimit(input: { customer: { number: "C-1" }, reason: "r"
    limit: { amount: { amount: "${amount}", currency: "USD" } } ${more} }) {
    ... on SetCreditLimitSuccess { audit { id } } ... on Problem { code } }`

  it('is the key of the one command that is sent', async () => {
    const first = await send(`mutation { ${one('10')} }`, 'k1')
    expect(first.data?.['setCreditLimit']).toHaveProperty('audit.id')
    expect(await send(`mutation { ${one('10')} }`, '"k1"')).toEqual(first)
    expect(await send(`mutation { ${one('10', 'idempotencyKey: "k1"')} }`, 'k1')).toEqual(first)
    expect(await send(`mutation { ${one('11')} }`, 'k1')).toMatchObject({
      data: { setCreditLimit: { code: 'KEY_REUSED' } },
    })
    expect(await books()).toEqual({ 'C-1': 'AMOUNT 1000 v2', audits: 1, limits: 1 })
  })

  it('does not stand for several commands, nor beside another key', async () => {
    const several = await send(`mutation { a: ${one('10')} b: ${one('10')} }`, 'k2')
    expect(several.errors?.[0]?.message).toContain('for one mutation')
    const other = await send(`mutation { ${one('10', 'idempotencyKey: "k3"')} }`, 'k2')
    expect(other.errors?.[0]?.message).toContain('differ')
    expect(await books()).toEqual({ audits: 0, limits: 0 })
    expect((await send('{ organization { slug } }', 'k2')).errors).toBeUndefined()
  })
})

const SCRIPT = ['credit:write', 'credit:read', 'customer:read', 'token:read', 'token:write', 'schema:read']

describe('a token with a ceiling', () => {
  const make = async (input: Row, by = token) => {
    const { createToken } = await execute<{ createToken: Row & { secret?: string } }>(
      server.url,
      by,
      `mutation ($input: CreateTokenInput!) { createToken(input: $input) {
         ... on CreateTokenSuccess { secret token { creditLimitMax { amount currency } } } ... on Problem { path message } } }`,
      {
        input: {
          name: 'script',
          scopes: SCRIPT,
          ...input,
        },
      },
    )
    return createToken
  }

  it('sets no limit above it, in any currency, one by one or many at once, and makes no token that does', async () => {
    await server.connection.sql`
      insert into exchange_rate (organization_id, currency, valid_on, rate, source)
      values (${acme.id}, 'EUR', '2026-06-30', '1.25', 'test')`
    expect(await make({ creditLimitMax: '10.005' })).toMatchObject({ path: ['creditLimitMax'] })
    const made = await make({ creditLimitMax: '1000' })
    expect(made).toMatchObject({ token: { creditLimitMax: { amount: '1000.00', currency: 'USD' } } })
    const all = token
    token = made.secret ?? ''
    const limits: [Row, string][] = [
      [{ amount: { amount: '1000.00', currency: 'USD' } }, 'SET'],
      [{ amount: { amount: '1000.01', currency: 'USD' } }, 'INVALID'],
      [{ amount: { amount: '800.00', currency: 'EUR' } }, 'SET'],
      [{ amount: { amount: '800.01', currency: 'EUR' } }, 'INVALID'],
      [{ amount: { amount: '1', currency: 'GBP' } }, 'MISSING_RATE'],
      [{ unlimited: true }, 'INVALID'],
      [{ notSet: true }, 'SET'],
    ]
    const single = async (limit: Row) => {
      const { setCreditLimit } = await execute<{ setCreditLimit: Row }>(
        server.url,
        token,
        `mutation ($input: SetCreditLimitInput!) { setCreditLimit(input: $input) { __typename ... on Problem { code } } }`,
        { input: { customer: { number: 'C-1' }, limit, reason: 'r', dryRun: true } },
      )
      return setCreditLimit['code'] ?? 'SET'
    }
    expect(await Promise.all(limits.map(([limit]) => single(limit)))).toEqual(limits.map(([, told]) => told))
    const rows = [
      usd('C-1', '1000'),
      usd('C-2', '1000.01'),
      { customer: { number: 'C-3' }, limit: { unlimited: true } },
    ]
    expect(await set(rows, { partial: true })).toMatchObject({
      set: 1,
      refused: 2,
      rows: [{}, { problems: [{ path: ['limit'] }] }, { problems: [{ path: ['limit'] }] }],
    })
    expect(await load('customer,limit\nC-4,1000.01\n')).toMatchObject({ __typename: 'CreditLimitsRefused' })
    expect(await make({})).toMatchObject({ path: ['creditLimitMax'] })
    expect(await make({ creditLimitMax: '1000.01' })).toMatchObject({ path: ['creditLimitMax'] })
    expect(await make({ creditLimitMax: '999' })).toHaveProperty('secret')
    token = all
    expect(await set([usd('C-2', '1000.01')])).toMatchObject({ set: 1 })
  })
})
