/** Values that the types allow and the books cannot hold: refused with words, over both transports. */
import { createClient } from 'graphql-ws'
import type { GraphQLFormattedError } from 'graphql'
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

/** The errors over HTTP and over WebSocket. */
const errorsOf = async (query: string, variables: Record<string, unknown> = {}) => {
  const { errors } = await request(server.url, token, query, variables)
  return { http: errors, socket: await errorsOverSocket(query, variables) }
}

const errorsOverSocket = async (query: string, variables: Record<string, unknown>) => {
  const client = createClient({
    url: `${server.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { token },
    retryAttempts: 0,
  })
  try {
    for await (const { errors } of client.iterate({ query, variables })) return errors ?? []
    return []
  } catch (errors) {
    return errors as readonly GraphQLFormattedError[]
  } finally {
    await client.dispose()
  }
}

const customers =
  'query ($search: String, $filter: CustomerFilter) { customers(search: $search, filter: $filter) { nodes { number } } }'
const setLimit = `mutation ($input: SetCreditLimitInput!) { setCreditLimit(input: $input) { __typename } }`
const limitOf = (changes: object) => ({
  input: { customer: { number: '1' }, limit: { unlimited: true }, reason: 'trusted', ...changes },
})

describe('a text that the books cannot hold', () => {
  it.each([
    ['NUL in a variable', customers, { search: 'a\0b' }, 'Variable "$search" has a text'],
    ['NUL in a list', customers, { filter: { region: { in: ['a', '\0'] } } }, '"filter.region.in.1"'],
    ['half a character', setLimit, limitOf({ reason: 'a\uD800' }), '"input.reason"'],
    ['NUL in an inner object', setLimit, limitOf({ customer: { number: '\0' } }), '"input.customer.number"'],
    [
      'NUL in an id',
      'query ($id: ID!) { goal(id: $id) { name } }',
      { id: 'goal_\0' },
      'Variable "$id" has a text that cannot be kept',
    ],
    [
      'NUL in the document',
      String.raw`{ customers(search: "a\u0000b") { nodes { number } } }`,
      {},
      'Argument "search" has a text that cannot be kept',
    ],
    [
      'NUL as it is in the document',
      '{ customers(filter: { region: { in: ["x", "a\0b"] } }) { nodes { number } } }',
      {},
      'Argument "filter" has a text that cannot be kept at "filter.region.in"',
    ],
    [
      'NUL in a default',
      String.raw`query ($s: String = "\u0000") { customers(search: $s) { nodes { number } } }`,
      {},
      'Variable "$s" has a text that cannot be kept',
    ],
  ])('is refused by its name: %s', async (_case, query, variables, expected) => {
    const { http, socket } = await errorsOf(query, variables)
    expect(http).toMatchObject([
      { message: expect.stringContaining(expected), extensions: { code: 'BAD_USER_INPUT' } },
    ])
    expect(socket).toEqual(http)
  })

  it('is none that is only unusual', async () => {
    const { http, socket } = await errorsOf(customers, { search: 'Ünï 🌊 \u{10FFFF} \t' })
    expect([http, socket]).toEqual([[], []])
    const query = String.raw`{ customers(search: "🌊 \u00e9 \u{1F30A}") { nodes { number } } }`
    expect((await errorsOf(query)).http).toEqual([])
  })
})

describe('variables', () => {
  it('nested without end are refused, not a fault', async () => {
    let filter: unknown = 'x'
    for (let depth = 0; depth < 100; depth++) filter = [filter]
    const { http, socket } = await errorsOf(customers, { filter })
    expect(http).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED' } }])
    expect(socket).toEqual(http)
    const body = `{"query":"{ __typename }","variables":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    const answer = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body })
    expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'LIMIT_EXCEEDED' } }] })
  })
})

describe('a date beyond the calendar of the books', () => {
  it.each(['0000-01-01', '0026-06-30', '1899-12-31', '3000-01-01', '9999-12-31'])(
    '%s is refused',
    async (day) => {
      const query = 'query ($on: Date!) { aging(asOf: $on) { asOf } }'
      const { http, socket } = await errorsOf(query, { on: day })
      expect(http).toMatchObject([
        {
          message: expect.stringContaining(
            `Expected a date from 1900 to 2999, such as "2026-06-30", not "${day}"`,
          ),
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ])
      expect(socket).toEqual(http)
    },
  )

  it.each([
    '0000-01-01T00:00:00Z',
    '1899-12-31T23:59:59Z',
    '3000-01-01T00:00:00Z',
    '9999-12-31T23:59:59-12:00',
  ])('%s is refused', async (moment) => {
    const query = `{ aging(knownAt: "${moment}") { asOf } }`
    const { errors } = await request(server.url, token, query)
    expect(errors[0]?.message).toContain('Expected a moment from 1900 to 2999')
  })
})

describe('what the database gives up', () => {
  it('for its time is told as that, with a code to try again by', async () => {
    const { connection } = server
    const locked = Promise.withResolvers<void>()
    const answered = Promise.withResolvers<void>()
    const holding = connection.sql.begin(async (sql) => {
      await sql`lock table customer in access exclusive mode`
      locked.resolve()
      await answered.promise
    })
    await locked.promise
    const { errors } = await request(server.url, token, setLimit, limitOf({}))
    answered.resolve()
    await holding
    expect(errors).toMatchObject([
      { message: expect.stringMatching(/^This took too long/), extensions: { code: 'TIMEOUT' } },
    ])
  })
})
