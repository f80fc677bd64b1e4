import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { request } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let token: string
beforeAll(async () => {
  server = await startTestServer()
  token = await server.createToken(await server.createOrganization())
})
afterAll(() => server.close())

const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ')

/** Each fragment spreads the next one twice: 2^n fields of 40 characters a level. */
const doubling = (levels: number) =>
  `{ ...F0 } ${times(levels, (level) => `fragment F${level} on Query { ...F${level + 1} ...F${level + 1} }`)} ` +
  `fragment F${levels} on Query { organization { slug } }`

/** `customer { invoices { nodes { customer ...`: three levels a round. */
const nested = (rounds: number): string =>
  rounds === 0 ? 'number' : `invoices(first: 1) { nodes { customer { ${nested(rounds - 1)} } } }`

const attacks: [string, string, RegExp][] = [
  ['fragments that double 12 times', doubling(12), /fields, fragments counted/],
  ['fragments that double 40 times', doubling(40), /more than 10,000 fields/],
  ['31 aliases', `{ organization { ${times(31, (i) => `a${i}: slug`)} } }`, /31 aliases; at most 30/],
  ['10,000 aliases', `{ organization { ${times(10_000, (i) => `a${i}: slug`)} } }`, /more that 2000 tokens/],
  ['21 root fields', `{ ${times(21, () => 'organization { slug }')} }`, /21 root fields; at most 20/],
  ['14 levels', `{ customer(by: {number: "1"}) { ${nested(4)} } }`, /14 levels deep; at most 12/],
  [
    '26 directives',
    `{ organization { ${times(26, () => 'slug @include(if: true)')} } }`,
    /26 directives; at most 25/,
  ],
  ['2,001 tokens', `{ organization { ${times(2_001, () => 'slug')} } }`, /more that 2000 tokens/],
  ['5,000 levels', `${'{ organization '.repeat(5_000)}${'}'.repeat(5_000)}`, /more that 2000 tokens/],
  [
    'a fragment within itself',
    '{ ...A } fragment A on Query { ...A }',
    /Cannot spread fragment "A" within itself/,
  ],
  [
    'a million objects',
    '{ customers(first: 1000) { nodes { invoices(first: 1000) { nodes { number } } } } }',
    /costs 1,02\d,\d{3} points; at most 10,000.*smaller `first`/,
  ],
  [
    'a long list by edges',
    '{ customers(first: 1000) { edges { node { invoices(first: 10) { edges { node { number } } } } } } }',
    /costs 42,001 points/,
  ],
  [
    'a statement for each of 1,000 customers',
    '{ customers(first: 1000) { nodes { invoices(first: 1) { totalCount } } } }',
    /costs 21,001 points/,
  ],
  [
    'a series of 800 days for 40 metrics',
    `{ kpis(metrics: [${times(40, () => 'DSO')}], from: "2020-01-01", to: "2026-01-01", granularity: DAY) { value } }`,
    /costs 32,000 points/,
  ],
]

describe('what is asked too much', () => {
  it.each(attacks)(
    'is refused over HTTP and WebSocket before it runs: %s',
    async (_name, query, expected) => {
      const { data, errors } = await request(server.url, token, query)
      expect(data).toBeNull()
      expect(errors[0]?.message).toMatch(expected)
      expect(await errorsOverSocket(query)).toEqual(errors.map(({ message }) => message))
    },
  )

  it('refuses lists of more than 1,000 items in the variables', async () => {
    const query = 'query ($filter: CustomerFilter) { customers(filter: $filter) { nodes { number } } }'
    const region = { in: Array.from({ length: 1_001 }, String) }
    const { errors } = await request(server.url, token, query, { filter: { region } })
    expect(errors[0]?.message).toBe('A list in the variables may have at most 1000 items.')
  })

  it('counts `first` where it comes as a variable or by default', async () => {
    const query = `query ($first: Int = 900) {
      customers(first: $first) { nodes { invoices(first: 20) { nodes { number } } } }
    }`
    expect((await request(server.url, token, query)).errors[0]?.message).toContain('costs 36,901 points')
    expect((await request(server.url, token, query, { first: 100 })).errors).toEqual([])
  })

  it('lets the usual through: introspection, a page of 1,000, a dashboard', async () => {
    const { getIntrospectionQuery } = await import('graphql')
    for (const query of [
      getIntrospectionQuery(),
      '{ customers(first: 1000) { totalCount nodes { number name balance { amount } owner { name } } } }',
      '{ goals { nodes { name metric { name } progress { value status } history(days: 90) { value } } } }',
    ]) {
      expect((await request(server.url, token, query)).errors).toEqual([])
    }
  })

  it('refuses the 101st operation of a socket, and the others live on', async () => {
    const client = connectSocket()
    const query = 'subscription { goalProgress { cursor } }'
    const errors: unknown[] = []
    const ended = Promise.withResolvers<void>()
    for (let index = 0; index < 101; index++) {
      client.subscribe(
        { query },
        { next: () => {}, error: (error) => ended.resolve(void errors.push(error)), complete: () => {} },
      )
    }
    await ended.promise
    expect(errors).toMatchObject([[{ message: 'A socket may have at most 100 operations at once.' }]])
    await client.dispose()
  })
})

const connectSocket = () =>
  createClient({
    url: `${server.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { token },
    retryAttempts: 0,
  })

const errorsOverSocket = async (query: string): Promise<string[]> => {
  const client = connectSocket()
  try {
    for await (const { errors } of client.iterate({ query }))
      return (errors ?? []).map(({ message }) => message)
    return []
  } catch (errors) {
    return (errors as readonly { message: string }[]).map(({ message }) => message)
  } finally {
    await client.dispose()
  }
}
