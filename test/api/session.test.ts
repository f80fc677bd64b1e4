import { createHash } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { ROLES } from '@tidemark/server/access/scopes.ts'
import { parseToken } from '@tidemark/server/access/token.ts'
import { createSession, createToken, revokeToken } from '@tidemark/server/access/commands.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let acme: OrganizationRow
let token: string
beforeAll(async () => {
  server = await startTestServer()
  acme = await server.createOrganization({ slug: 'acme' })
  token = await server.createToken(acme)
})
afterAll(() => server.close())

describe('signing in', () => {
  it('takes a token and gives a cookie that no script can read', async () => {
    const answer = await post('/session', { token })
    expect(answer.status).toBe(204)
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      /^tidemark_session=tds_\w+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Strict$/,
    )
  })

  it('marks the cookie as secure behind TLS', async () => {
    const answer = await post('/session', { token }, { 'x-forwarded-proto': 'https' })
    expect(answer.headers['set-cookie']?.[0]).toContain('; Secure')
  })

  it('opens the API with the cookie, over HTTP and WebSocket, with the rights of the token', async () => {
    const cookie = await signIn(await server.createToken(acme, 'viewer'))
    expect(await whoAmI(cookie)).toEqual({ data: { organization: { slug: 'acme' } } })
    expect(await graphql(cookie, mutation)).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
    expect(await socketOpens(cookie)).toBe(true)
    expect(await socketOpens('')).toBe(false)
  })

  it('answers 401 with a message for a wrong token, and 400 for no token', async () => {
    expect(await post('/session', { token: 'tdm_nonsense' })).toMatchObject({
      status: 401,
      body: { message: expect.stringContaining('not valid') },
    })
    expect((await post('/session', {})).status).toBe(400)
    expect((await post('/session', { token }, { 'content-type': 'text/plain' })).status).toBe(400)
  })

  it('does not take a token that was revoked a moment ago, also where the server remembers it', async () => {
    const lost = await createToken(server.connection, acme.id, {
      name: 'lost',
      scopes: ROLES.manager,
      actor: 'test',
    })
    expect((await post('/session', { token: lost.token })).status).toBe(204)
    await revokeToken(server.connection, acme.id, lost.id, 'test')
    expect((await post('/session', { token: lost.token })).status).toBe(401)
  })

  it('leaves no session behind where the token is revoked at the same moment', async () => {
    const { connection } = server
    for (let round = 0; round < 10; round++) {
      const lost = await createToken(connection, acme.id, {
        name: 'lost',
        scopes: ROLES.manager,
        actor: 'test',
      })
      const session = { parentId: lost.id, scopes: ROLES.manager, actor: 'test' } as const
      const signingIn = Array.from({ length: 6 }, () => createSession(connection, acme.id, session))
      await Promise.all([...signingIn, revokeToken(connection, acme.id, lost.id, 'test')])
      const left = await connection.sql`
        select from api_token where name = ${`session of ${lost.id}`} and revoked_at is null`
      expect(left).toHaveLength(0)
    }
  })

  it('is in the audit, like tokens that are made and revoked, and without any secret', async () => {
    const organization = await server.createOrganization({ slug: 'audited' })
    const made = await createToken(server.connection, organization.id, {
      name: 'bot',
      scopes: ROLES.viewer,
      actor: 'cli:ann',
    })
    const cookie = await signIn(made.token)
    await send('DELETE', '/session', undefined, { cookie })
    await revokeToken(server.connection, organization.id, made.id, 'cli:ann')
    const rows = await server.connection.sql<Record<string, unknown>[]>`
      select actor, action, subject, after from audit
      where organization_id = ${organization.id} order by recorded_at`
    const [session] = await server.connection.sql<{ id: string }[]>`
      select id from api_token where name = ${`session of ${made.id}`}`
    expect(rows).toEqual([
      {
        actor: 'test',
        action: 'createOrganization',
        subject: organization.id,
        after: expect.objectContaining({ slug: 'audited', baseCurrency: 'USD' }),
      },
      {
        actor: 'cli:ann',
        action: 'createToken',
        subject: made.id,
        after: { name: 'bot', scopes: ROLES.viewer },
      },
      {
        actor: `token:${made.id}`,
        action: 'createSession',
        subject: session?.id,
        after: { scopes: ROLES.viewer },
      },
      { actor: `token:${session?.id}`, action: 'revokeToken', subject: session?.id, after: { revoked: 1 } },
      { actor: 'cli:ann', action: 'revokeToken', subject: made.id, after: { revoked: 1 } },
    ])
    expect(JSON.stringify(rows)).not.toMatch(/td[ms]_/)
  })

  it('does not take a session for a token, nor a token for a session', async () => {
    const cookie = await signIn(token)
    const session = cookie.replace('tidemark_session=', '')
    expect((await post('/session', { token: session })).status).toBe(401)
    expect(await whoAmI(`tidemark_session=${token}`)).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    })
  })

  it('lets no page of another origin sign in or out', async () => {
    const foreign = { origin: 'https://evil.example' }
    expect((await post('/session', { token }, foreign)).status).toBe(403)
    expect((await post('/session', { token }, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await post('/session/demo', {}, foreign)).status).toBe(403)
    expect((await send('DELETE', '/session', undefined, foreign)).status).toBe(403)
    expect((await post('/session', { token }, { origin: server.url })).status).toBe(204)
  })
})

describe('a token', () => {
  it('is stored as a hash, and its use is noted', async () => {
    const organization = await server.createOrganization()
    const key = await server.createToken(organization)
    await post('/graphql', { query: '{ __typename }' }, { authorization: `Bearer ${key}` })
    const read = async () => {
      const [row] = await server.connection.sql`
        select secret_hash, last_used_at from api_token where organization_id = ${organization.id}`
      return row
    }
    await expect.poll(read).toEqual({
      secret_hash: createHash('sha256').update(key).digest('hex'),
      last_used_at: expect.any(String),
    })
  })

  it('that was mistyped is known without the database', () => {
    expect(parseToken(token)).toEqual({ kind: 'token', organizationId: acme.id })
    for (const index of [0, 5, 30, token.length - 1]) {
      const wrong = token[index] === 'a' ? 'b' : 'a'
      expect(parseToken(token.slice(0, index) + wrong + token.slice(index + 1))).toBeNull()
    }
  })
})

describe('being signed in', () => {
  it('is told', async () => {
    const cookie = await signIn(token)
    expect((await send('GET', '/session', undefined, { cookie })).body).toMatchObject({ signedIn: true })
    expect((await send('GET', '/session')).body).toMatchObject({ signedIn: false })
    expect((await send('GET', '/session', undefined, { cookie: 'tidemark_session=x' })).body).toMatchObject({
      signedIn: false,
    })
  })

  it('ends with signing out, also for whoever kept the cookie', async () => {
    const cookie = await signIn(token)
    const answer = await send('DELETE', '/session', undefined, { cookie })
    expect(answer.status).toBe(204)
    expect(answer.headers['set-cookie']?.[0]).toMatch(/^tidemark_session=;/)
    expect(await whoAmI(cookie)).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
  })

  it('ends whatever the request says of the body that it does not have', async () => {
    for (const type of ['application/json', 'text/plain', 'application/json; charset=utf-8']) {
      const cookie = await signIn(token)
      const { status } = await send('DELETE', '/session', undefined, { cookie, 'content-type': type })
      expect(status).toBe(204)
      expect(await whoAmI(cookie)).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
    }
  })

  it('ends with the token that signed in', async () => {
    const parent = await createToken(server.connection, acme.id, {
      name: 'lost laptop',
      scopes: ROLES.manager,
      actor: 'test',
    })
    const cookie = await signIn(parent.token)
    await revokeToken(server.connection, acme.id, parent.id, 'test')
    expect(await whoAmI(cookie)).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
  })

  it('ends after 30 days', async () => {
    let now = Temporal.Now.instant()
    const later = await startTestServer({ clock: () => now })
    const cookie = await signIn(await later.createToken(await later.createOrganization()), later)
    expect((await send('GET', '/session', undefined, { cookie }, later)).body).toMatchObject({
      signedIn: true,
    })
    now = now.add({ hours: 24 * 31 })
    await expect
      .poll(async () => (await send('GET', '/session', undefined, { cookie }, later)).body, {
        timeout: 5_000,
      })
      .toMatchObject({ signedIn: false })
    await later.close()
  })
})

describe('the demo sign-in', () => {
  it('is not there without a demo organization', async () => {
    expect((await send('GET', '/session')).body).toEqual({ signedIn: false, demo: false })
    expect((await post('/session/demo', {})).status).toBe(401)
  })

  it('signs in on the own machine, and there alone', async () => {
    const demo = await startTestServer()
    await demo.createOrganization({ slug: 'tidal', demo: true })
    const here = (headers: Record<string, string> = {}) => post('/session/demo', {}, headers, demo)

    expect((await send('GET', '/session', undefined, {}, demo)).body).toEqual({ signedIn: false, demo: true })
    const { headers, status } = await here()
    expect(status).toBe(204)
    expect(await whoAmI(cookieOf(headers['set-cookie']), demo)).toEqual({
      data: { organization: { slug: 'tidal' } },
    })

    for (const local of ['127.0.0.1:4000', 'localhost', '[::1]:4000']) {
      expect((await here({ host: local })).status).toBe(204)
    }
    for (const strange of ['tidemark.example', '127.0.0.1.evil.example', '192.168.1.2']) {
      expect((await here({ host: strange })).status).not.toBe(204)
    }
    for (const forwarding of ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'via', 'x-real-ip']) {
      expect((await here({ [forwarding]: '127.0.0.1' })).status).toBe(401)
    }
    await demo.close()
  })

  it('is off where TIDEMARK_DEMO is 0 or the server listens to the world', async () => {
    for (const options of [{ demo: false }, { host: '0.0.0.0' }]) {
      const closed = await startTestServer(options)
      await closed.createOrganization({ demo: true })
      expect((await send('GET', '/session', undefined, {}, closed)).body).toMatchObject({ demo: false })
      expect((await post('/session/demo', {}, {}, closed)).status).toBe(401)
      await closed.close()
    }
  })
})

const mutation = `mutation { setCreditLimit(input: {
  customer: { number: "1" }, limit: { unlimited: true }, reason: "trusted" }) { __typename } }`

type Reply = {
  readonly status: number
  readonly headers: NodeJS.Dict<string[]> & { 'set-cookie'?: string[] }
  readonly body: unknown
}

/** With node:http, since fetch sets Host and Sec-Fetch-Site by itself. */
const send = (
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
  { url }: Pick<TestServer, 'url'> = server,
): Promise<Reply> => {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const sent = httpRequest(url + path, { method, headers }, (response) => {
    let text = ''
    response.on('data', (chunk: Buffer) => (text += chunk.toString()))
    response.on('end', () => {
      const { statusCode: status = 0, headersDistinct } = response
      resolve({ status, headers: headersDistinct, body: text === '' ? null : JSON.parse(text) })
    })
  })
  sent.once('error', reject)
  sent.end(body === undefined ? undefined : JSON.stringify(body))
  return promise
}

const post = (path: string, body: unknown, headers: Record<string, string> = {}, to: TestServer = server) =>
  send('POST', path, body, { 'content-type': 'application/json', ...headers }, to)

const cookieOf = (header: string[] | undefined): string => header?.[0]?.split(';')[0] ?? ''

const signIn = async (key: string, to: TestServer = server): Promise<string> =>
  cookieOf((await post('/session', { token: key }, {}, to)).headers['set-cookie'])

const graphql = async (cookie: string, query: string, to: TestServer = server): Promise<unknown> =>
  (await post('/graphql', { query }, { cookie }, to)).body

const whoAmI = (cookie: string, to: TestServer = server) => graphql(cookie, '{ organization { slug } }', to)

const socketOpens = async (cookie: string): Promise<boolean> => {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
    headers: { cookie, origin: server.url },
  })
  const { promise, resolve } = Promise.withResolvers<boolean>()
  socket.once('open', () => socket.send(JSON.stringify({ type: 'connection_init' })))
  socket.once('message', () => resolve(true))
  socket.once('close', () => resolve(false))
  const opened = await promise
  socket.close()
  return opened
}
