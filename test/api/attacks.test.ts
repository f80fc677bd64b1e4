/**
 * Operations that ask too much, or for what is none of their business: refused before they run, over HTTP and
 * WebSocket alike.
 */
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPrepare } from '@tidemark/server/execution.ts'
import { resolvers } from '@tidemark/server/resolvers.ts'
import { createSchema } from '@tidemark/server/schema.ts'
import { type Attack, askBoth, openWays, refusalOf, refused, type Ways } from '../support/attack.ts'
import { full } from '../support/scale.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let ways: Ways
beforeAll(async () => {
  server = await startTestServer()
  ways = await openWays(server.url, await server.createToken(await server.createOrganization()))
})
afterAll(async () => {
  await ways.close()
  await server.close()
})

const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ')

const invalid = 'GRAPHQL_VALIDATION_FAILED'

/** Each fragment spreads the next one twice: 2^n fields. */
const doubling = (levels: number, leaf = 'organization { slug }') =>
  `{ ...F0 } ${times(levels, (level) => `fragment F${level} on Query { ...F${level + 1} ...F${level + 1} }`)} ` +
  `fragment F${levels} on Query { ${leaf} }`

/** `customer { invoices { nodes { customer ...`: three levels a round. */
const nested = (rounds: number): string =>
  rounds === 0 ? 'number' : `invoices(first: 1) { nodes { customer { ${nested(rounds - 1)} } } }`

describe('A1: fragments that double', () => {
  const levels = Array.from({ length: 31 }, (_, index) => index + 10)

  it.each([12, 13, 14, 20, 40])('are refused where they spread 2^%i fields', async (level) => {
    const message = /fields, fragments counted as often as they are spread/
    const attack = { name: 'doubling', query: doubling(level), message, code: invalid }
    expect(await refusalOf(ways, attack)).toEqual(refused(attack))
  })

  it('cost no more processor time for being refused than their text does, however often they double', () => {
    const prepare = createPrepare(createSchema(resolvers))
    const millisecondsOf = (query: (attempt: number) => string) => {
      const spent = Array.from({ length: full(51, 15) }, (_, attempt) => {
        const text = query(attempt)
        const before = process.cpuUsage()
        prepare(text)
        const { user, system } = process.cpuUsage(before)
        return (user + system) / 1_000
      })
      return spent.toSorted((a, b) => a - b)[Math.floor(spent.length / 2)] ?? 0
    }
    for (const level of levels) {
      const variant = (attempt: number) => doubling(level, `a${attempt}: organization { slug }`)
      expect(millisecondsOf(variant), `${level} levels`).toBeLessThan(20)
    }
  })
})

describe('A2, A3: too wide, too deep, too often, without end', () => {
  const attacks: Attack[] = [
    {
      name: '31 aliases',
      query: `{ organization { ${times(31, (i) => `a${i}: slug`)} } }`,
      message: /31 aliases/,
    },
    {
      name: '31 aliases in fragments',
      query: `{ organization { ...A ...B } } fragment A on Organization { ${times(16, (i) => `a${i}: slug`)} } fragment B on Organization { ${times(15, (i) => `b${i}: slug`)} }`,
      message: /31 aliases/,
    },
    {
      name: '21 root fields',
      query: `{ ${times(21, () => `organization { slug }`)} }`,
      message: /21 root fields/,
    },
    {
      name: '21 mutations',
      query: `mutation { ${times(21, () => 'setCreditLimit(input: {customer: {number: "1"}, limit: {notSet: true}, reason: "x"}) { __typename }')} }`,
      message: /21 root fields/,
    },
    {
      name: '21 root fields in a fragment',
      query: `{ ...A } fragment A on Query { ${times(21, () => '__typename')} }`,
      message: /21 root fields/,
    },
    {
      name: '13 levels',
      query: `{ customers { nodes { ${nested(4)} } } }`,
      message: /\d+ levels deep; at most 12/,
    },
    {
      name: '13 levels in fragments',
      query: `{ customers { nodes { ...A } } } fragment A on Customer { ${nested(2)} ...B } fragment B on Customer { ${nested(4)} }`,
      message: /\d+ levels deep; at most 12/,
    },
    {
      name: '26 directives',
      query: `{ organization { ${times(26, () => 'slug @include(if: true)')} } }`,
      message: /26 directives/,
    },
    {
      name: 'the same directive over and over',
      query: `{ organization { slug ${times(26, () => '@include(if: true)')} } }`,
      message: /directive/,
    },
    {
      name: '10,000 fields that collide',
      query: `{ organization { ${times(900, () => 'slug')} } }`.replace('slug }', 'slug: name }'),
      message: /conflict|Validation aborted/,
    },
    {
      name: 'a fragment within itself',
      query: '{ ...A } fragment A on Query { ...A }',
      message: /Cannot spread fragment "A" within itself/,
    },
    {
      name: 'two fragments within each other',
      query:
        '{ customers { nodes { ...A } } } fragment A on Customer { invoices { nodes { ...B } } } fragment B on Invoice { customer { ...A } }',
      message: /Cannot spread fragment "A" within itself/,
    },
    {
      name: 'introspection in circles',
      query: `{ __schema { types { ${'fields { type { '.repeat(7)} name ${'} } '.repeat(7)} } } }`,
      message: /Maximum introspection depth exceeded/,
    },
  ].map((attack) => ({ code: invalid, ...attack }))
  const unreadable: Attack[] = [
    {
      name: '2,001 tokens',
      query: `{ organization { ${times(2_001, () => 'slug')} } }`,
      message: /2000 tokens/,
    },
    {
      name: '10,000 aliases',
      query: `{ ${times(10_000, (i) => `a${i}: __typename`)} }`,
      message: /2000 tokens/,
    },
    {
      name: '5,000 levels',
      query: `${'{ organization '.repeat(5_000)}${'}'.repeat(5_000)}`,
      message: /2000 tokens/,
    },
    {
      name: '5,000 brackets',
      query: `{ a(b: ${'['.repeat(5_000)}`,
      message: /2000 tokens|nested too deeply/,
    },
  ].map((attack) => ({ code: 'GRAPHQL_PARSE_FAILED', ...attack }))

  it.each([...attacks, ...unreadable].map((attack) => [attack.name, attack] as const))(
    'are refused: %s',
    async (_name, attack) => {
      expect(await refusalOf(ways, attack)).toEqual(refused(attack))
    },
  )

  it.each([
    ['a selection', `${'{ organization '.repeat(600)}${'}'.repeat(600)}`],
    ['a list', `{ kpis(metrics: ${'['.repeat(980)}${']'.repeat(980)}) { value } }`],
    ['an object', `{ customers(filter: ${'{ a: '.repeat(490)} 1 ${'}'.repeat(490)}) { totalCount } }`],
    ['a filter', `{ invoices(filter: ${'{ not: '.repeat(490)} {} ${'}'.repeat(490)}) { totalCount } }`],
    ['a type', `query ($a: ${'['.repeat(980)}Int${']'.repeat(980)}) { organization { slug } }`],
    ['a default', `query ($a: Int = ${'['.repeat(980)}${']'.repeat(980)}) { organization { slug } }`],
  ])('are told as what they are, not as a fault: hundreds of levels of %s', async (_what, query) => {
    const { data, errors } = await askBoth(ways, { query })
    expect(data).toBeNull()
    expect(errors.map(({ extensions }) => extensions?.['code'])).not.toContain('INTERNAL_SERVER_ERROR')
    expect(JSON.stringify(errors)).not.toMatch(/call stack/)
  })

  it('let the process live', async () => {
    expect(await askBoth(ways, { query: '{ organization { baseCurrency } }' })).toEqual({
      data: { organization: { baseCurrency: 'USD' } },
      errors: [],
    })
  })
})

describe('A4: what costs more than may be asked for at once', () => {
  const attacks: Attack[] = [
    {
      name: 'a million objects',
      query: '{ customers(first: 1000) { nodes { invoices(first: 1000) { nodes { number } } } } }',
      message: /costs 1,02\d,\d{3} points/,
    },
    {
      name: 'the same by fragments and aliases',
      query:
        '{ a: customers(first: 900) { ...A } b: customers(first: 900) { ...A } } fragment A on CustomerConnection { edges { node { ...B } } } fragment B on Customer { x: invoices(first: 5) { nodes { number } } }',
      message: /costs [\d,]+ points/,
    },
    {
      name: 'lists within lists within lists',
      query:
        '{ customers(first: 100) { nodes { invoices(first: 100) { nodes { customer { invoices(first: 100) { nodes { number } } } } } } } }',
      message: /costs [\d,]+ points/,
    },
    {
      name: 'a page size out of range',
      query:
        '{ customers(first: 2147483647) { nodes { invoices(first: 2147483647) { nodes { number } } } } }',
      message: /costs [\d,]+ points/,
    },
  ].map((attack) => ({ code: 'LIMIT_EXCEEDED', ...attack }))

  it.each(attacks.map((attack) => [attack.name, attack] as const))(
    'is refused: %s',
    async (_name, attack) => {
      expect(await refusalOf(ways, attack)).toEqual(refused(attack))
    },
  )

  it.each([0, -1, 1_001, 2_147_483_647])('a page of %i is refused', async (first) => {
    const { data, errors } = await askBoth(ways, {
      query: `{ customers(first: ${first}) { nodes { number } } }`,
    })
    expect(data).toBeNull()
    expect(errors[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } })
  })
})
