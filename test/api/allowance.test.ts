/** What a token or member may spend, as they meet it over HTTP and WebSocket, on two servers of one database. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { SCOPES } from '@tidemark/server/access/scopes.ts'
import { join } from '../support/people.ts'
import { openRawSocket } from '../support/raw-socket.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { makeToken } from '../support/tokens.ts'

let server: TestServer
let beside: TestServer
let organization: OrganizationRow
const TRUSTED = 'query Who { organization { slug } }'
beforeAll(async () => {
  server = await startTestServer()
  const trustedDocuments = new Set([createHash('sha256').update(TRUSTED).digest('hex')])
  beside = await startTestServer({ beside: server, trustedDocuments })
  organization = await server.createOrganization()
})
afterAll(async () => {
  await beside.close()
  await server.close()
})

const tokenOf = async (pointsPerMinute: number): Promise<string> => {
  const { id, secret } = await makeToken(server.connection, organization, { scopes: SCOPES })
  await server.connection.sql`update api_token set points_per_minute = ${pointsPerMinute} where id = ${id}`
  return secret
}

const post = async ({ url }: TestServer, token: string, query: string) => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': token },
    body: JSON.stringify({ query }),
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

/** 101 points. */
const PAGE = '{ customers(first: 100) { nodes { number } } }'

describe('what a token may spend in a minute', () => {
  it('is refused beyond it over HTTP with 429, when to ask again, and how to ask for less', async () => {
    const token = await tokenOf(120)
    const first = await post(server, token, PAGE)
    expect(first.status).toBe(200)
    expect(first.body.extensions.cost).toEqual({
      requested: 101,
      limit: 10_000,
      available: expect.toSatisfy((left: number) => left >= 18 && left <= 21),
      maximum: 120,
      restorePerSecond: 2,
    })
    const { status, headers, body } = await post(server, token, PAGE)
    expect(status).toBe(429)
    const seconds = Number(headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(36)
    expect(seconds).toBeLessThan(43)
    expect(body.data).toBeUndefined()
    expect(body.errors).toMatchObject([
      {
        message: expect.stringMatching(
          /^This operation costs 101 points, and \d+ of the 120 points that you have in a minute are left\. Ask again in \d+ seconds\. Ask for less: a smaller `first`/,
        ),
        extensions: { code: 'RATE_LIMITED', retryAfterSeconds: seconds, cost: { requested: 101 } },
      },
    ])
    expect(body.extensions.cost).toMatchObject({ requested: 101, maximum: 120 })
  })

  it('is refused over WebSocket with a message, and the socket goes on', async () => {
    const token = await tokenOf(120)
    const socket = await openRawSocket(server.url, { token })
    const ask = async (id: string, query: string) => {
      socket.send({ id, type: 'subscribe', payload: { query } })
      await expect.poll(() => socket.frames.some((frame) => frame.id === id)).toBe(true)
      return socket.frames.find((frame) => frame.id === id)
    }
    expect(await ask('1', PAGE)).toMatchObject({ type: 'next' })
    expect(await ask('2', PAGE)).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'RATE_LIMITED', cost: { requested: 101 } } }],
    })
    expect(await ask('3', '{ organization { slug } }')).toMatchObject({ type: 'next' })
    await socket.close()
  })

  it('is refused for good where one operation costs more than that', async () => {
    const { status, headers, body } = await post(server, await tokenOf(50), PAGE)
    expect(status).toBe(400)
    expect(headers.get('retry-after')).toBeNull()
    expect(body.errors[0]).toMatchObject({
      message: expect.stringMatching(/^This operation costs 101 points, more than the 50 points/),
      extensions: { code: 'LIMIT_EXCEEDED' },
    })
  })

  it('goes down with what is wrong too, so that nobody guesses for free', async () => {
    const token = await tokenOf(60)
    const statuses: number[] = []
    for (let index = 0; index < 70; index++)
      statuses.push((await post(server, token, `{ a${index} }`)).status)
    expect(statuses.slice(0, 50).every((status) => status === 400 || status === 200)).toBe(true)
    expect(statuses.at(-1)).toBe(429)
  })

  it('is one for all servers: what one has spent, the other lacks', { timeout: 60_000 }, async () => {
    const token = await tokenOf(600)
    const started = performance.now()
    let spent = 0
    let refused = 0
    const spendOn = async (one: TestServer) => {
      // On a slow machine it takes a while to spend it all.
      while (performance.now() - started < 3_000 || (refused < 10 && performance.now() - started < 40_000)) {
        const { status } = await post(one, token, '{ customers(first: 39) { nodes { number } } }')
        if (status === 200) spent += 40
        else refused += 1
      }
    }
    await Promise.all([server, server, beside, beside].map(spendOn))
    const allowed = 600 + ((performance.now() - started) / 1_000) * 10
    expect(refused).toBeGreaterThan(0)
    expect(spent).toBeLessThanOrEqual(allowed)
    expect(spent).toBeGreaterThan(allowed * 0.7)
  })
})

describe('where only the dashboard’s documents are trusted', () => {
  it('people who signed in are refused any other, over HTTP and WebSocket, before it is read', async () => {
    const person = await join(beside, organization, 'ada@acme.example', 'admin')
    expect(await person.graphql(TRUSTED)).toMatchObject({
      data: { organization: { slug: organization.slug } },
    })
    const refused = { errors: [{ extensions: { code: 'DOCUMENT_NOT_TRUSTED' } }] }
    for (const query of [`${TRUSTED} `, '{ organization { slug } }', '{', '{ nothing }']) {
      expect(await person.graphql(query)).toMatchObject(refused)
    }
    expect((await person.post('/graphql', { query: '{ a }' })).status).toBe(403)
    const byGet = await person.get(`/graphql?query=${encodeURIComponent('{ organization { slug } }')}`, {
      'x-tidemark-client': 'dashboard',
    })
    expect([byGet.status, byGet.body]).toMatchObject([403, refused])

    const socket = await openRawSocket(beside.url, { headers: { cookie: person.cookie() } })
    socket.send({ type: 'connection_init', payload: {} })
    await expect.poll(() => socket.frames.at(-1)?.type).toBe('connection_ack')
    socket.send({
      id: '1',
      type: 'subscribe',
      payload: { query: 'subscription { goalProgress { cursor } }' },
    })
    await expect
      .poll(() => socket.frames.at(-1))
      .toMatchObject({ id: '1', type: 'error', payload: refused.errors })
    socket.send({ id: '2', type: 'subscribe', payload: { query: TRUSTED } })
    await expect.poll(() => socket.frames.at(-1)).toEqual({ id: '2', type: 'complete' })
    await socket.close()
  })

  it('tokens ask as they like, and GraphiQL is for them', async () => {
    const token = await tokenOf(1_000)
    expect((await post(beside, token, '{ organization { name } }')).status).toBe(200)
    expect((await fetch(`${beside.url}/graphiql`)).status).toBe(200)
    const person = await join(beside, organization, 'grace@acme.example')
    expect((await person.get('/graphiql')).status).toBe(403)
    expect((await person.get('/schema.graphql')).status).toBe(200)
  })
})

describe('a server', () => {
  it('answers preflights without a word of CORS, and says nothing of HTTPS where it has none', async () => {
    for (const path of ['/graphql', '/session', '/schema.graphql', '/nothing']) {
      const { status, headers } = await fetch(server.url + path, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://evil.example',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,x-api-key',
        },
      })
      expect(status).toBe(204)
      expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
      expect(headers.get('strict-transport-security')).toBeNull()
    }
  })

  it('is asked by HTTPS alone once it was reached by it', async () => {
    const secure = await startTestServer({ identity: { publicUrl: 'https://tidemark.example' } })
    const { headers } = await fetch(`${secure.url}/healthz`)
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000')
    await secure.close()
  })

  it('takes no headers without end', async () => {
    const many = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`x-${index}`, 'a']))
    expect((await fetch(`${server.url}/healthz`, { headers: many })).status).toBe(431)
  })
})
