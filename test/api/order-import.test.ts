/** Orders out of a CSV, over real HTTP: all of them or none, each once. */
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const now = Temporal.Instant.from('2026-06-30T12:00:00Z')
let server: TestServer
let acme: OrganizationRow
let token: string
beforeAll(async () => {
  server = await startTestServer({ clock: () => now })
})
afterAll(() => server.close())

type Answer = Record<string, unknown>

const mutate = async (name: string, input: Answer, fields = 'dryRun'): Promise<Answer> => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const answer = await execute<Record<string, Answer>>(
    server.url,
    token,
    `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename
       ... on ${type}Success { ${fields} } ${name === 'importOrders' ? `... on OrdersRefused { ${LINES} }` : ''} ... on Problem { code path message } } }`,
    { input },
  )
  return answer[name] ?? {}
}

const LINES = `recorded unchanged refused lines { line number outcome order { number amount { amount currency } orderedOn status }
  problems { path code message } }`

const load = (
  lines: readonly string[],
  more: Answer = {},
  header = 'number,customer,amount,currency,ordered_on',
) =>
  mutate(
    'importOrders',
    { csv: [header, ...lines].join('\n'), ...more },
    `dryRun unusedColumns ${LINES} audit { id }`,
  )

const orders = async (): Promise<string[]> => {
  const { orders: page } = await execute<{ orders: { nodes: { number: string; version: number }[] } }>(
    server.url,
    token,
    '{ orders(orderBy: [{ field: NUMBER }]) { nodes { number version history { kind } } } }',
  )
  return page.nodes.map((one) => JSON.stringify(one))
}

beforeEach(async () => {
  acme = await server.createOrganization({ baseCurrency: 'USD', timeZone: 'UTC' })
  token = await server.createToken(acme)
  for (const number of ['A', 'B']) await mutate('createCustomer', { number, name: number })
})

const GOOD = ['O-1,A,10.50,,', 'O-2,B,7,eur,2026-06-01']

describe('importOrders', () => {
  it('records each line once, with its audit, however often the file comes', async () => {
    expect(await load(GOOD)).toMatchObject({
      recorded: 2,
      unchanged: 0,
      refused: 0,
      lines: [
        {
          line: 2,
          outcome: 'RECORDED',
          order: { amount: { amount: '10.50', currency: 'USD' }, orderedOn: '2026-06-30', status: 'OPEN' },
        },
        {
          line: 3,
          order: { number: 'O-2', amount: { amount: '7.00', currency: 'EUR' }, orderedOn: '2026-06-01' },
        },
      ],
    })
    expect(await load(GOOD)).toMatchObject({ recorded: 0, unchanged: 2, audit: null })
    expect(await orders()).toEqual(
      ['O-1', 'O-2'].map((number) => JSON.stringify({ number, version: 1, history: [{ kind: 'RECORDED' }] })),
    )
    const { auditEntries } = await execute<{ auditEntries: { nodes: { action: string }[] } }>(
      server.url,
      token,
      '{ auditEntries(first: 100) { nodes { action } } }',
    )
    const actions = auditEntries.nodes.map(({ action }) => action)
    expect(actions.filter((action) => action === 'recordOrder')).toHaveLength(2)
    expect(actions.filter((action) => action === 'importOrders')).toHaveLength(1)
  })

  it('tells by a dry run what the real one does, and writes nothing', async () => {
    const dry = await load(GOOD, { dryRun: true })
    expect(await orders()).toEqual([])
    const real = await load(GOOD)
    const bare = ({ lines }: Answer) =>
      (lines as Answer[]).map(({ line, number, outcome, problems }) => ({ line, number, outcome, problems }))
    expect(bare(dry)).toEqual(bare(real))
    expect(dry).toMatchObject({ dryRun: true, audit: null, lines: [{ order: null }, { order: null }] })
  })

  it.each([
    [',A,1,,', 'number', /no number/],
    ['O-9,,1,,', 'customer', /no customer/],
    ['O-9,Z,1,,', 'customer', /There is no customer Z/],
    ['O-9,A,0,,', 'amount', /above 0/],
    ['O-9,A,-1,,', 'amount', /above 0/],
    ['O-9,A,1.001,,', 'amount', /at most 2 decimals/],
    ['O-9,A,NaN,,', 'amount', /"NaN" is no amount/],
    ['O-9,A,1,XXQ,', 'currency', /no ISO 4217/],
    ['O-9,A,1,,2026-02-30', 'ordered_on', /no date like/],
    ['O-9,A,1,,2026-07-01', 'ordered_on', /after today/],
    ['O-1,A,99,,', 'number', /on line 2 already/],
  ])(
    'refuses %j by its column, and then records nothing, or the others where asked',
    async (line, column, why) => {
      const refused = await load([...GOOD, line])
      expect(refused).toMatchObject({
        __typename: 'OrdersRefused',
        code: 'INVALID',
        path: ['csv'],
        recorded: 2,
        refused: 1,
        lines: [
          {},
          {},
          {
            line: 4,
            outcome: 'REFUSED',
            problems: [{ path: [column], message: expect.stringMatching(why) }],
          },
        ],
      })
      expect(await orders()).toEqual([])
      expect(await load([...GOOD, line], { partial: true })).toMatchObject({ recorded: 2, refused: 1 })
      expect(await orders()).toHaveLength(2)
    },
  )

  it('changes no order that is there', async () => {
    await load(GOOD)
    for (const [line, column] of [
      ['O-1,B,10.50,,', 'customer'],
      ['O-1,A,10.51,,', 'amount'],
      ['O-1,A,10.50,EUR,', 'currency'],
      ['O-1,A,10.50,,2026-06-29', 'ordered_on'],
    ] as const) {
      const { lines } = await load([line])
      expect(lines).toMatchObject([{ outcome: 'REFUSED', problems: [{ code: 'CONFLICT', path: [column] }] }])
    }
  })

  it('refuses a file that is none, and tells of columns that it does not know', async () => {
    expect(await load(['1,2'], {}, 'number,amount')).toMatchObject({
      path: ['csv'],
      message: expect.stringMatching(/lacks customer/),
    })
    expect(await load([])).toMatchObject({ message: expect.stringMatching(/no line below/) })
    expect(await load(['O-1,A,1,x'], {}, 'number,customer,amount,colour')).toMatchObject({
      unusedColumns: ['colour'],
    })
  })

  it('records every order once where two import the same file at once', { timeout: 30_000 }, async () => {
    const lines = Array.from({ length: 200 }, (_, index) => `O-${index},A,1,,`)
    const answers = await Promise.all([load(lines), load(lines), load(lines)])
    expect(answers.map(({ recorded }) => Number(recorded)).toSorted((a, b) => a - b)).toEqual([0, 0, 200])
    const { orders: page } = await execute<{ orders: { totalCount: number } }>(
      server.url,
      token,
      '{ orders(first: 1) { totalCount } }',
    )
    expect(page.totalCount).toBe(200)
  })

  it('takes ten thousand lines in one call', { timeout: 60_000 }, async () => {
    const lines = Array.from(
      { length: 10_000 },
      (_, index) => `O-${index},${index % 2 ? 'A' : 'B'},${index + 1},,`,
    )
    const csv = ['number,customer,amount,currency,ordered_on', ...lines].join('\n')
    const answer = await mutate('importOrders', { csv }, 'recorded lines(outcome: [REFUSED]) { line }')
    expect(answer).toMatchObject({ recorded: 10_000, lines: [] })
  })
})
