/**
 * A5: what a page of another origin, or a client that plays tricks with the transport, can make a browser or the
 * server do: nothing. Each trick carries a real change with real credentials; not one row may differ afterwards.
 */
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { join, visit, type Visitor } from '../support/people.ts'
import { openRawSocket } from '../support/raw-socket.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { fingerprintOf } from '../support/twins.ts'

let server: TestServer
let organization: OrganizationRow
let token: string
let person: Visitor
let before: string
const fingerprint = () => fingerprintOf(server, { organization })

beforeAll(async () => {
  server = await startTestServer()
  organization = await server.createOrganization()
  token = await server.createToken(organization)
  person = await join(server, organization, 'ada@example.com', 'admin')
  const values = {
    organizationId: organization.id,
    id: crypto.randomUUID(),
    number: '1',
    name: 'One',
    termsDays: 1,
  }
  await inTransaction(server.connection, { organizationId: organization.id, mode: 'write' }, (tx) =>
    tx.insert(customer).values(values),
  )
  // Whoever has used their token for the first time has left that in the database.
  await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: json(),
    body: JSON.stringify({ query: '{ organization { id } }' }),
  })
  before = await fingerprint()
})
afterAll(() => server.close())

const json = () => ({ 'content-type': 'application/json', authorization: `Bearer ${token}` })

const mutation =
  'mutation { setCreditLimit(input: {customer: {number: "1"}, limit: {unlimited: true}, reason: "because"}) { __typename } }'
const asJson = JSON.stringify({ query: mutation })
const inUrl = `/graphql?query=${encodeURIComponent(mutation)}`
const form = `query=${encodeURIComponent(mutation)}`
const multipart =
  '--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n' +
  `${asJson}\r\n--x\r\nContent-Disposition: form-data; name="map"\r\n\r\n{}\r\n--x--\r\n`

type Trick = {
  readonly name: string
  readonly method?: string
  readonly path?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

const ofType = (type: string, body = asJson): Trick => ({
  name: type,
  body,
  headers: { 'content-type': type },
})

const tricks: Trick[] = [
  { name: 'a batch of one', body: `[${asJson}]`, headers: { 'content-type': 'application/json' } },
  {
    name: 'a batch of fifty',
    body: `[${Array.from({ length: 50 }, () => asJson).join()}]`,
    headers: { 'content-type': 'application/json' },
  },
  {
    name: 'a batch as an object',
    body: `{"0":${asJson},"1":${asJson},"length":2}`,
    headers: { 'content-type': 'application/json' },
  },
  {
    name: 'the same key twice in the JSON',
    body: `{"query":"${mutation.replaceAll('"', '\\"')}","query":"{ a }"}`,
    headers: { 'content-type': 'application/json' },
  },
  { name: 'GET', method: 'GET', path: inUrl },
  {
    name: 'GET that says it was preflighted',
    method: 'GET',
    path: inUrl,
    headers: { 'apollo-require-preflight': '1' },
  },
  {
    name: 'GET as JSON',
    method: 'GET',
    path: inUrl,
    headers: { 'content-type': 'application/json', 'x-apollo-operation-name': 'x' },
  },
  {
    name: 'GET that overrides its method',
    method: 'GET',
    path: inUrl,
    headers: { 'x-http-method-override': 'POST', 'content-type': 'application/json' },
  },
  { name: 'HEAD', method: 'HEAD', path: inUrl, headers: { 'apollo-require-preflight': '1' } },
  { name: 'OPTIONS', method: 'OPTIONS', path: inUrl, headers: { 'apollo-require-preflight': '1' } },
  ...['PUT', 'PATCH', 'DELETE'].map((method) => ({
    name: method,
    method,
    body: asJson,
    headers: { 'content-type': 'application/json' },
  })),
  {
    name: 'POST with the query in the address',
    path: inUrl,
    body: '',
    headers: { 'content-type': 'text/plain' },
  },
  {
    name: 'POST with the query in the address and an empty object',
    path: inUrl,
    body: '{}',
    headers: { 'content-type': 'application/json' },
  },
  ofType('text/plain'),
  ofType('text/plain; charset=application/json'),
  ofType('text/plain;application/json'),
  ofType('application/x-www-form-urlencoded', form),
  ofType('application/x-www-form-urlencoded', asJson),
  ofType('multipart/form-data; boundary=x', multipart),
  ofType('application/graphql', mutation),
  ofType('application/xml'),
  ofType('application/jsonp'),
  ofType(''),
  { name: 'no content type at all', body: asJson },
  {
    name: 'another address',
    path: '/graphql/',
    body: asJson,
    headers: { 'content-type': 'application/json' },
  },
  {
    name: 'an address in capitals',
    path: '/GRAPHQL',
    body: asJson,
    headers: { 'content-type': 'application/json' },
  },
]

const send = (
  { method = 'POST', path = '/graphql', body, headers = {} }: Trick,
  own: Readonly<Record<string, string>>,
) =>
  visit(server).send(method, path, body, {
    // Node leaves it out of a DELETE.
    ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    ...headers,
    ...own,
  })

describe('tricks with HTTP', () => {
  it.each(tricks.map((trick) => [`${trick.name} ${trick.body?.slice(0, 12) ?? ''}`, trick] as const))(
    'change nothing, and are refused: %s',
    async (_name, trick) => {
      const withToken = await send(trick, { authorization: `Bearer ${token}` })
      const withCookie = await send(trick, { cookie: person.cookie(), origin: 'https://evil.example' })
      for (const { status, headers } of [withToken, withCookie]) {
        expect(status).toBeGreaterThanOrEqual(trick.method === 'OPTIONS' ? 200 : 400)
        expect(status).toBeLessThan(500)
        expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
      }
      expect(await fingerprint()).toBe(before)
    },
  )

  it('are told what is right: a change by GET may only be a POST', async () => {
    const { status, headers } = await send(
      { name: '', method: 'GET', path: inUrl, headers: { 'apollo-require-preflight': '1' } },
      { authorization: `Bearer ${token}` },
    )
    expect([status, headers['allow']]).toEqual([405, ['POST']])
  })

  it('include no answer to a preflight of another origin', async () => {
    const { headers } = await send(
      {
        name: '',
        method: 'OPTIONS',
        headers: {
          origin: 'https://evil.example',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
      },
      {},
    )
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
  })
})

describe('tricks with upgrades', () => {
  const statusOf = (attempt: Promise<unknown>) =>
    attempt.then(
      () => 101,
      (error: Error) => Number(/(\d{3})$/.exec(error.message)?.[1]),
    )

  it.each([
    ['https://evil.example', 403],
    ['null', 403],
    ['http://127.0.0.1:1', 403],
    ['http://localhost', 403],
    ['not an origin', 403],
    ['', 403],
  ])(
    'of the origin %s are refused with the cookie of a person, and before anything is sent',
    async (origin, status) => {
      const headers = { origin, cookie: person.cookie() }
      expect(await statusOf(openRawSocket(server.url, { headers }))).toBe(status)
    },
  )

  it.each(['graphql-ws', 'soap', 'graphql-transport-ws2', 'Graphql-Transport-WS'])(
    'of the subprotocol %s are refused',
    async (protocol) => {
      expect(await statusOf(openRawSocket(server.url, { protocol }))).toBe(400)
    },
  )

  it('of both subprotocols speak the new one', async () => {
    const raw = await openRawSocket(server.url, { protocol: ['graphql-ws', 'graphql-transport-ws'] })
    expect(raw.socket.protocol).toBe('graphql-transport-ws')
    await raw.close()
  })

  it('in the words of the legacy protocol are closed', async () => {
    const raw = await openRawSocket(server.url, { token })
    raw.send({ id: '1', type: 'start', payload: { query: mutation } })
    expect((await raw.closed).code).toBe(4400)
    expect(await fingerprint()).toBe(before)
  })

  it('send nothing before they are let in', async () => {
    const raw = await openRawSocket(server.url)
    raw.send({ id: '1', type: 'subscribe', payload: { query: mutation } })
    raw.send({ type: 'connection_init', payload: { token } })
    expect((await raw.closed).code).toBe(4401)
    expect(await fingerprint()).toBe(before)
  })

  it('with a batch are closed', async () => {
    const raw = await openRawSocket(server.url, { token })
    raw.send(`[{"id":"1","type":"subscribe","payload":${asJson}}]`)
    expect((await raw.closed).code).toBe(4400)
    expect(await fingerprint()).toBe(before)
  })
})

describe('the same change', () => {
  it('is made where it comes as it should, so the tricks were real', async () => {
    const { body } = await send({ name: '', body: asJson }, json())
    expect(body).toMatchObject({ data: { setCreditLimit: { __typename: 'SetCreditLimitSuccess' } } })
    expect(await fingerprint()).not.toBe(before)
  })
})
