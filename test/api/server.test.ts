import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { execute, request } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const WHO = '{ organization { id slug baseCurrency today currencies demo } }'

let server: TestServer
let token: string
beforeAll(async () => {
  server = await startTestServer()
  token = await server.createToken(await server.createOrganization({ slug: 'acme', timeZone: 'Asia/Tokyo' }))
})
afterAll(() => server.close())

describe('GraphQL over HTTP', () => {
  it('answers whoever has a token, of the organization that the token belongs to', async () => {
    const { organization } = await execute<{ organization: Record<string, unknown> }>(server.url, token, WHO)
    expect(organization).toEqual({
      id: expect.stringMatching(/^organization_[\da-f-]{36}$/),
      slug: 'acme',
      baseCurrency: 'USD',
      today: Temporal.Now.plainDateISO('Asia/Tokyo').toString(),
      currencies: ['USD'],
      demo: false,
    })
  })

  it('takes the token as x-api-key too, and lets a tool read with GET where it sends that header', async () => {
    const address = `${server.url}/graphql?query=${encodeURIComponent('{ organization { slug } }')}`
    const answer = await fetch(address, { headers: { 'x-api-key': token } })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ data: { organization: { slug: 'acme' } } })
  })

  it('refuses a plain GET, which any page could send, and a mutation by GET', async () => {
    const address = `${server.url}/graphql?query=${encodeURIComponent('{ organization { slug } }')}`
    expect((await fetch(address, { headers: { authorization: `Bearer ${token}` } })).status).toBe(400)
    const mutation = encodeURIComponent('mutation { __typename }')
    const byGet = await fetch(`${server.url}/graphql?query=${mutation}`, { headers: { 'x-api-key': token } })
    expect(byGet.status).toBe(405)
    expect(byGet.headers.get('allow')).toBe('POST')
  })

  it.each([
    ['without a token', null],
    ['with a mistyped token', 'tdm_0000000000000000000000_nonsense'],
    ['with a token of nobody', `tdm_${'0'.repeat(22)}_${'0'.repeat(49)}`],
  ])('answers 401 %s', async (_case, wrong) => {
    const { status, data, errors } = await request(server.url, wrong, WHO)
    expect(status).toBe(401)
    expect(data).toBeNull()
    expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  })

  it('shows the schema to whoever has a token, and to nobody else', async () => {
    const { __schema: schema } = await execute<{ __schema: { queryType: { name: string } } }>(
      server.url,
      token,
      '{ __schema { queryType { name } } }',
    )
    expect(schema.queryType.name).toBe('Query')
    expect((await request(server.url, null, '{ __schema { queryType { name } } }')).status).toBe(401)
    expect((await fetch(`${server.url}/schema.graphql`)).status).toBe(401)
    const text = await fetch(`${server.url}/schema.graphql`, { headers: { 'x-api-key': token } })
    expect(await text.text()).toContain('type Query {')
  })

  it('guesses no names for those who guess', async () => {
    const { errors } = await request(server.url, token, '{ organizatio { slug } }')
    expect(errors[0]?.message).toBe('Cannot query field "organizatio" on type "Query".')
  })

  it('does not take batches, forms or text, and reads no more than 256 kB', async () => {
    const post = (body: string, type: string) =>
      fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': type, authorization: `Bearer ${token}` },
        body,
      })
    const json = 'application/json'
    expect((await post(`[${JSON.stringify({ query: WHO })}]`, json)).status).toBe(400)
    expect((await post(`query=${encodeURIComponent(WHO)}`, 'application/x-www-form-urlencoded')).status).toBe(
      415,
    )
    expect((await post(JSON.stringify({ query: WHO }), 'text/plain')).status).toBe(400)
    expect((await post('{', json)).status).toBe(400)
    expect((await post(JSON.stringify({ query: `#${'x'.repeat(300_000)}` }), json)).status).toBe(413)
  })

  it('compresses long answers', async () => {
    const headers = { 'x-api-key': token, 'accept-encoding': 'br, gzip' }
    const answer = await fetch(`${server.url}/schema.graphql`, { headers })
    expect(answer.headers.get('content-encoding')).toBe('br')
    expect(await answer.text()).toContain('type Query {')
  })
})

describe('GraphQL over WebSocket', () => {
  it('answers queries of an accepted socket', async () => {
    const socket = await open(server, { token })
    socket.send({ id: '1', type: 'subscribe', payload: { query: '{ organization { slug } }' } })
    expect(await socket.receive()).toMatchObject({
      id: '1',
      type: 'next',
      payload: { data: { organization: { slug: 'acme' } } },
    })
    expect(await socket.receive()).toEqual({ id: '1', type: 'complete' })
    socket.close()
  })

  it('closes with 4401 without a token and with 4403 with a wrong one', async () => {
    expect(await (await open(server, {})).closed).toBe(4401)
    expect(await (await open(server, { token: `${token}x` })).closed).toBe(4403)
  })

  it('closes with 4403 once the token is revoked', { timeout: 20_000 }, async () => {
    const organization = await server.createOrganization()
    const revoked = await server.createToken(organization)
    const socket = await open(server, { token: revoked })
    await server.connection
      .sql`update api_token set revoked_at = now() where organization_id = ${organization.id}`
    expect(await socket.closed).toBe(4403)
    expect((await request(server.url, revoked, WHO)).status).toBe(401)
  })

  it('closes with 4408 who says nothing for 3 s', async () => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    expect(await new Promise((resolve) => socket.once('close', resolve))).toBe(4408)
  })

  it('keeps the socket when an operation is no GraphQL, and tells no more than HTTP does', async () => {
    const socket = await open(server, { token })
    const queries = ['{', '{ organizatio { slug } }', 'query A { __typename } query B { __typename }']
    const codes: unknown[] = []
    for (const [id, query] of queries.entries()) {
      socket.send({ id: String(id), type: 'subscribe', payload: { query } })
      const { payload } = await socket.receive()
      codes.push((payload as { extensions: { code: string } }[])[0]?.extensions.code)
      expect(JSON.stringify(payload)).not.toMatch(/Did you mean|at .*\.ts/)
    }
    expect(codes).toEqual([
      'GRAPHQL_PARSE_FAILED',
      'GRAPHQL_VALIDATION_FAILED',
      'OPERATION_RESOLUTION_FAILURE',
    ])
    expect(socket.readyState()).toBe(WebSocket.OPEN)
    socket.close()
  })

  it('refuses other addresses, other origins and the legacy protocol', async () => {
    expect(await upgradeStatus(server, '/other', 'graphql-transport-ws')).toBe(404)
    expect(await upgradeStatus(server, '/graphql', 'graphql-ws')).toBe(400)
    expect(await upgradeStatus(server, '/graphql', 'graphql-transport-ws', 'https://evil.example')).toBe(403)
    expect(await upgradeStatus(server, '/graphql', 'graphql-transport-ws', server.url)).toBe(101)
  })

  it('closes a socket that sends more than 256 kB', async () => {
    const socket = await open(server, { token })
    socket.send({ id: '1', type: 'subscribe', payload: { query: `#${'x'.repeat(300_000)}` } })
    expect(await socket.closed).toBe(1009)
  })
})

describe('what nobody foresaw', () => {
  it('is masked alike over both transports, with an id that the log has', async () => {
    const broken = await startTestServer()
    const key = await broken.createToken(await broken.createOrganization())
    await broken.connection.sql`alter table segment rename to segment_gone`
    const { status, errors } = await request(broken.url, key, '{ organization { currencies } }')
    const masked = {
      message: expect.stringMatching(/^Internal error [\da-f-]{36}$/),
      path: ['organization', 'currencies'],
      extensions: { code: 'INTERNAL_SERVER_ERROR', errorId: expect.any(String) },
    }
    expect(status).toBe(200)
    expect(errors).toMatchObject([masked])
    expect(JSON.stringify(errors)).not.toContain('segment')

    const socket = await open(broken, { token: key })
    socket.send({ id: '1', type: 'subscribe', payload: { query: '{ organization { currencies } }' } })
    expect((await socket.receive()).payload).toMatchObject({ errors: [masked] })
    socket.close()
    await broken.close()
  })
})

describe('around the API', () => {
  it('says whether it lives and whether it has its database', async () => {
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  })

  it('tells whoever sits at the machine what it counts, and nobody else', async () => {
    const told = await fetch(`${server.url}/metrics`)
    expect(told.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const text = await told.text()
    expect(text).toMatch(/^tidemark_evaluation_lag_seconds_bucket{le="\+Inf"} \d+$/m)
    expect(text).toMatch(/^# TYPE tidemark_failing gauge\ntidemark_failing 0$/m)
    const { status } = await fetch(`${server.url}/metrics`, { headers: { 'x-forwarded-for': '192.0.2.1' } })
    expect(status).toBe(404)
  })

  it('has GraphiQL without any other server', async () => {
    const page = await fetch(`${server.url}/graphiql`)
    const html = await page.text()
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(html).toContain('YogaGraphiQL')
    expect(html).not.toMatch(/<(script|link)[^>]+(src|href)="https?:/)
  })

  it('sets security headers on everything and allows no other origin', async () => {
    for (const path of ['/healthz', '/nothing', '/graphiql', '/graphql']) {
      const { headers } = await fetch(server.url + path, { headers: { origin: 'https://evil.example' } })
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('access-control-allow-origin')).toBeNull()
    }
  })

  it('serves the dashboard: hashed files for a year, pages anew, and every address of a page', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-dashboard-'))
    await mkdir(join(folder, 'assets'))
    await writeFile(join(folder, 'index.html'), '<!doctype html><title>Tidemark</title>')
    await writeFile(join(folder, 'assets', 'app-1a2b.js'), 'console.log(1)')
    const served = await startTestServer({ dashboard: folder })
    const get = (path: string) => fetch(served.url + path)

    for (const path of ['/', '/goals/goal_1?range=90', '/customers/a.b/c']) {
      const page = await get(path)
      expect(await page.text()).toContain('<title>Tidemark</title>')
      expect(page.headers.get('cache-control')).toBe('no-cache')
      expect(page.headers.get('content-security-policy')).toContain("script-src 'self';")
    }
    const asset = await get('/assets/app-1a2b.js')
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    for (const path of ['/assets/gone.js', '/favicon.ico', '/..%2f..%2fpackage.json', '/graphql/x']) {
      expect((await get(path)).status).toBe(404)
    }
    await served.close()
    await rm(folder, { recursive: true })
  })

  it('closes sockets with 1001 and then accepts nothing', async () => {
    const leaving = await startTestServer()
    const key = await leaving.createToken(await leaving.createOrganization())
    const socket = await open(leaving, { token: key })
    await leaving.close()
    expect(await socket.closed).toBe(1001)
    await expect(fetch(`${leaving.url}/healthz`)).rejects.toThrow('fetch failed')
  })
})

type Message = { readonly id?: string; readonly type: string; readonly payload?: unknown }

/** A socket that has sent its connection_init; after its answer, where it has one. */
const open = async ({ url }: TestServer, payload: object) => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
  const received: Message[] = []
  const waiting: ((message: Message) => void)[] = []
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Message
    const next = waiting.shift()
    if (next === undefined) received.push(message)
    else next(message)
  })
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  const receive = () =>
    new Promise<Message>((resolve) => {
      const message = received.shift()
      if (message === undefined) waiting.push(resolve)
      else resolve(message)
    })
  const send = (message: Message) => socket.send(JSON.stringify(message))
  await new Promise((resolve) => socket.once('open', resolve))
  send({ type: 'connection_init', payload })
  await Promise.race([receive(), closed])
  return { send, receive, closed, close: () => socket.close(), readyState: () => socket.readyState }
}

const upgradeStatus = (
  { url }: TestServer,
  path: string,
  protocol: string,
  origin?: string,
): Promise<number | undefined> => {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.alloc(16).toString('base64'),
    'sec-websocket-protocol': protocol,
    ...(origin === undefined ? {} : { origin }),
  }
  const upgrade = httpRequest(url + path, { headers })
  upgrade.once('upgrade', ({ statusCode }, socket) => {
    socket.destroy()
    resolve(statusCode)
  })
  upgrade.once('response', ({ statusCode }) => resolve(statusCode))
  upgrade.once('error', reject)
  upgrade.end()
  return promise
}
