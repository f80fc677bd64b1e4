/** Signing in with a password: over HTTP, against PostgreSQL. */
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { createPasswordLink } from '@tidemark/server/identity/reset.ts'
import { eraseUser } from '@tidemark/server/identity/users.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { join, PASSWORD, signIn, visit } from '../support/people.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

// Each password costs what it has to cost an attacker: seconds in all where the machine is busy.
vi.setConfig({ testTimeout: 60_000 })

let server: TestServer
let acme: OrganizationRow
beforeAll(async () => {
  server = await startTestServer()
  acme = await server.createOrganization({ slug: 'acme' })
})
afterAll(() => server.close())

const NEW_PASSWORD = 'another four random words'
const SIGNED_OUT = { status: 401, body: { code: 'SIGNED_OUT' } }
const WRONG = {
  status: 401,
  body: { code: 'WRONG_CREDENTIALS', message: 'The e-mail or the password is wrong.' },
}
/** The limits on guessing have tests of their own; here nobody is to run into them. */
const forgetAttempts = () => server.connection.sql`delete from identity.attempt`

const passwordLink = async (email: string, now = Temporal.Now.instant()): Promise<string> => {
  const made = await createPasswordLink(server.connection, email, now)
  if (isProblem(made)) throw new Error(made.message)
  return made.secret
}

describe('signing in', () => {
  it('gives a cookie that no script can read, and nothing else that would sign in', async () => {
    await join(server, acme, 'ann@example.com')
    const ann = visit(server)
    const reply = await ann.post('/auth/sign-in/email', {
      email: ' ANN@example.com'.trim(),
      password: PASSWORD,
    })
    expect(reply).toMatchObject({ status: 200, body: { twoFactor: false } })
    expect(reply.body).toEqual({ twoFactor: false })
    expect(reply.headers['cache-control']).toEqual(['no-store'])
    expect(reply.cookies).toHaveLength(1)
    const [name, ...attributes] = reply.cookies[0]?.split('; ') ?? []
    expect(name).toMatch(/^tidemark_session=[\w%.-]{60,}$/)
    expect(attributes.toSorted()).toEqual(['HttpOnly', 'Max-Age=2592000', 'Path=/', 'SameSite=Lax'])
    expect((await ann.get('/session')).body).toMatchObject({ person: { email: 'ann@example.com' } })
  })

  it('marks the cookie as secure behind TLS', async () => {
    await join(server, acme, 'sec@example.com')
    const reply = await visit(server).post(
      '/auth/sign-in/email',
      { email: 'sec@example.com', password: PASSWORD },
      { 'x-forwarded-proto': 'https' },
    )
    expect(reply.cookies[0]).toMatch(/; Secure$/)
  })

  it('answers alike for a wrong password, an unknown e-mail, one without a password, and what is none', async () => {
    await join(server, acme, 'bob@example.com')
    const demo = await startTestServer({ beside: server })
    await demo.createOrganization({ slug: 'demo', demo: true })
    await visit(demo).post('/session/demo', {})
    await demo.close()
    const replies = []
    for (const email of [
      'bob@example.com',
      'nobody@example.com',
      'demo@tidemark.invalid',
      'no e-mail',
      "' or 1=1 --",
    ]) {
      const reply = await visit(server).post('/auth/sign-in/email', {
        email,
        password: 'not the right password',
      })
      expect(reply).toMatchObject(WRONG)
      expect(reply.cookies).toEqual([])
      replies.push(reply.body)
    }
    expect(new Set(replies.map((body) => JSON.stringify(body))).size).toBe(1)
  })

  it('takes as long for an unknown e-mail as for a wrong password', { timeout: 60_000 }, async () => {
    await join(server, acme, 'slow@example.com')
    const timeOf = async (email: string) => {
      await forgetAttempts()
      const began = performance.now()
      await visit(server).post('/auth/sign-in/email', { email, password: 'not the right password' })
      return performance.now() - began
    }
    const times = { known: [] as number[], unknown: [] as number[] }
    // In turn, so that whatever else the machine does hits both.
    for (let round = 0; round < 12; round++) {
      times.known.push(await timeOf('slow@example.com'))
      times.unknown.push(await timeOf(`nobody${round}@example.com`))
    }
    // Whatever else the machine does can only add to the time.
    expect(Math.abs(Math.min(...times.known) - Math.min(...times.unknown))).toBeLessThan(60)
    expect(Math.min(...times.known, ...times.unknown)).toBeGreaterThan(240)
    await forgetAttempts()
  })

  it('refuses what is no JSON, too much, or of the wrong shape', async () => {
    const post = (body: unknown, headers = {}) => visit(server).post('/auth/sign-in/email', body, headers)
    for (const body of [
      null,
      [],
      'text',
      '{',
      { email: 1, password: 'x' },
      { email: 'a@example.com' },
      { email: '', password: '' },
    ]) {
      expect(await post(body)).toMatchObject({ status: 400, body: { code: 'INVALID' } })
    }
    const right = { email: 'bob@example.com', password: PASSWORD }
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      expect((await post(right, { 'content-type': type })).status).toBe(415)
    }
    expect((await post({ ...right, more: 'x'.repeat(5_000) })).status).toBe(413)
    expect((await post({ ...right, password: 'x'.repeat(257) })).status).toBe(400)
    expect((await post({ ...right, password: 'nul \0 byte and more' })).status).toBe(400)
  })

  it('ends the session that the browser had', async () => {
    const cleo = await join(server, acme, 'cleo@example.com')
    const before = cleo.cookie()
    await cleo.post('/auth/sign-in/email', { email: 'cleo@example.com', password: PASSWORD })
    expect(cleo.cookie()).not.toBe(before)
    expect((await visit(server).get('/session', { cookie: before })).body.person).toBeNull()
  })

  it('takes no cookie that it has not made', async () => {
    const dan = await join(server, acme, 'dan@example.com')
    const value = dan.jar.get('tidemark_session') ?? ''
    const [token = '', mac = ''] = decodeURIComponent(value).split('.')
    const forged = [
      `${token}.${mac.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A'))}`,
      token,
      `x${token}.${mac}`,
      `.${mac}`,
      '',
    ]
    for (const cookie of forged) {
      const reply = await visit(server).get('/session', {
        cookie: `tidemark_session=${encodeURIComponent(cookie)}`,
      })
      expect(reply.body.person).toBeNull()
    }
    // What somebody else has put into the browser before is not what the session has afterwards.
    const fixed = visit(server)
    fixed.jar.set('tidemark_session', value)
    await fixed.post('/auth/sign-in/email', { email: 'cleo@example.com', password: PASSWORD })
    expect(fixed.jar.get('tidemark_session')).not.toBe(value)
  })
})

describe('a page of another origin', () => {
  it('can call nothing that people do', async () => {
    const eve = await join(server, acme, 'eve@example.com')
    const paths = [
      ['POST', '/auth/sign-in/email'],
      ['POST', '/auth/sign-in/oidc'],
      ['POST', '/auth/change-password'],
      ['POST', '/auth/reset-password'],
      ['POST', '/auth/two-factor/enable'],
      ['POST', '/auth/two-factor/disable'],
      ['POST', '/auth/two-factor/verify-totp'],
      ['POST', '/auth/two-factor/verify-backup-code'],
      ['POST', '/auth/two-factor/backup-codes'],
      ['GET', '/auth/sessions'],
      ['POST', '/auth/sessions/revoke'],
      ['POST', '/auth/sessions/revoke-others'],
      ['GET', '/session'],
      ['DELETE', '/session'],
      ['POST', '/session/demo'],
      ['POST', '/session/invitation'],
      ['POST', '/session/invitation/facts'],
    ] as const
    for (const [method, path] of paths) {
      for (const headers of [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { origin: `${server.url}.evil.example` },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
      ]) {
        const reply = await eve.send(method, path, '{}', { 'content-type': 'application/json', ...headers })
        expect({ path, headers, status: reply.status, body: reply.body }).toMatchObject({
          status: 403,
          body: { code: 'FORBIDDEN' },
        })
        expect(reply.headers['access-control-allow-origin']).toBeUndefined()
      }
    }
    expect((await eve.get('/session', { origin: server.url, 'sec-fetch-site': 'same-origin' })).status).toBe(
      200,
    )
  })

  it('finds none of the other routes of the library', async () => {
    for (const path of [
      'sign-up/email',
      'sign-in/social',
      'sign-out',
      'get-session',
      'list-sessions',
      'update-user',
      'change-email',
      'delete-user',
      'forget-password',
      'request-password-reset',
      'link-social',
      'list-accounts',
      'get-access-token',
      'refresh-token',
      'ok',
      'error',
      'callback/google',
      'two-factor/get-totp-uri',
      'two-factor/send-otp',
      'two-factor/verify-otp',
      'verify-email',
      'set-password',
    ]) {
      for (const method of ['GET', 'POST']) {
        const reply = await visit(server).send(
          method,
          `/auth/${path}`,
          method === 'POST' ? '{}' : undefined,
          {
            'content-type': 'application/json',
          },
        )
        expect({ path, method, status: reply.status }).toEqual({ path, method, status: 404 })
      }
    }
  })
})

describe('changing the password', () => {
  it('needs the old one, ends all other sessions, and keeps this one under another cookie', async () => {
    const fay = await join(server, acme, 'fay@example.com')
    const elsewhere = await signIn(server, 'fay@example.com')
    const before = fay.cookie()
    const send = (currentPassword: string, newPassword: string) =>
      fay.post('/auth/change-password', { currentPassword, newPassword })
    expect(await send('not the old password', NEW_PASSWORD)).toMatchObject({
      status: 401,
      body: { code: 'WRONG_CREDENTIALS', field: 'currentPassword' },
    })
    expect(await send(PASSWORD, 'short')).toMatchObject({
      body: { code: 'WEAK_PASSWORD', field: 'newPassword' },
    })
    expect((await send(PASSWORD, NEW_PASSWORD)).status).toBe(204)
    expect(fay.cookie()).not.toBe(before)
    expect((await fay.get('/session')).body.person).not.toBeNull()
    expect((await elsewhere.get('/session')).body.person).toBeNull()
    expect((await visit(server).get('/session', { cookie: before })).body.person).toBeNull()
    await expect(signIn(server, 'fay@example.com')).rejects.toThrow('WRONG_CREDENTIALS')
    await signIn(server, 'fay@example.com', NEW_PASSWORD)
    expect(
      await visit(server).post('/auth/change-password', { currentPassword: 'x', newPassword: 'y' }),
    ).toMatchObject(SIGNED_OUT)
  })
})

describe('a link to a new password', () => {
  it('sets it once, ends all sessions, and tells nobody whose it is', async () => {
    const gil = await join(server, acme, 'gil@example.com')
    const token = await passwordLink('GIL@example.com')
    const use = (password: string, secret = token) =>
      visit(server).post('/auth/reset-password', { token: secret, password })
    const weak = await use('gil@example.com')
    expect(weak).toMatchObject({ status: 400, body: { code: 'WEAK_PASSWORD', field: 'password' } })
    const replies = await Promise.all([use(NEW_PASSWORD), use(NEW_PASSWORD), use(NEW_PASSWORD)])
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 410, 410])
    expect((await gil.get('/session')).body.person).toBeNull()
    await signIn(server, 'gil@example.com', NEW_PASSWORD)
    expect(await use(NEW_PASSWORD)).toMatchObject({ status: 410, body: { code: 'GONE' } })
    expect(await use(NEW_PASSWORD, 'tdp_nonsense')).toMatchObject({ status: 410, body: { code: 'GONE' } })
  })

  it('is void after an hour, and once there is another', async () => {
    await join(server, acme, 'hal@example.com')
    const statusOf = async (token: string) =>
      (await visit(server).post('/auth/reset-password', { token, password: NEW_PASSWORD })).status
    const old = await passwordLink('hal@example.com', Temporal.Now.instant().subtract({ minutes: 61 }))
    expect(await statusOf(old)).toBe(410)
    const first = await passwordLink('hal@example.com')
    const second = await passwordLink('hal@example.com')
    expect(await statusOf(first)).toBe(410)
    expect(await statusOf(second)).toBe(204)
    expect(
      await createPasswordLink(server.connection, 'nobody@example.com', Temporal.Now.instant()),
    ).toMatchObject({
      __typename: 'NotFound',
    })
    await forgetAttempts()
  })
})

describe('sessions', () => {
  it('are listed with where they come from, and ended by the person, one or all others', async () => {
    const ida = await join(server, acme, 'ida@example.com')
    const phone = visit(server)
    const agent = { 'user-agent': `Phone/1 ${'x'.repeat(500)}` }
    await phone.post('/auth/sign-in/email', { email: 'ida@example.com', password: PASSWORD }, agent)
    await signIn(server, 'ida@example.com')
    const list = async () => (await ida.get('/auth/sessions')).body.sessions as Record<string, unknown>[]
    const sessions = await list()
    expect(sessions).toHaveLength(3)
    expect(sessions.map(({ current }) => current)).toEqual([false, false, true])
    expect(sessions[1]).toEqual({
      id: expect.any(String),
      current: false,
      createdAt: expect.stringMatching(/Z$/),
      renewedAt: expect.stringMatching(/Z$/),
      expiresAt: expect.stringMatching(/Z$/),
      address: '127.0.0.1',
      agent: agent['user-agent'].slice(0, 200),
    })
    expect((await ida.post('/auth/sessions/revoke', { id: sessions[1]?.['id'] })).status).toBe(204)
    expect((await phone.get('/session')).body.person).toBeNull()
    expect((await ida.post('/auth/sessions/revoke', { id: sessions[1]?.['id'] })).status).toBe(404)
    expect((await ida.post('/auth/sessions/revoke-others', {})).body).toEqual({ revoked: 1 })
    expect(await list()).toHaveLength(1)
    expect(await visit(server).get('/auth/sessions')).toMatchObject(SIGNED_OUT)
  })

  it('are fifty at most: the oldest end', async () => {
    const many = await join(server, acme, 'many@example.com')
    const [{ id } = { id: '' }] = await server.connection.sql<{ id: string }[]>`
      select id from identity.user where email = 'many@example.com'`
    await server.connection.sql`
      insert into identity.session (id, user_id, token, created_at, updated_at, expires_at)
      select 's' || n, ${id}, 't' || n, now() - make_interval(mins => n), now(), now() + interval '1 day'
      from generate_series(1, 60) n`
    const last = await signIn(server, 'many@example.com')
    const sessions = (await last.get('/auth/sessions')).body.sessions as { id: string }[]
    expect(sessions).toHaveLength(50)
    expect(sessions.map((session) => session.id)).not.toContain('s49')
    expect((await many.get('/session')).body.person).not.toBeNull()
  })

  it('of others cannot be ended', async () => {
    const jo = await join(server, acme, 'jo@example.com')
    const kim = await join(server, acme, 'kim@example.com')
    const [session] = (await jo.get('/auth/sessions')).body.sessions as { id: string }[]
    expect((await kim.post('/auth/sessions/revoke', { id: session?.id })).status).toBe(404)
    expect((await jo.get('/session')).body.person).not.toBeNull()
  })

  it('end after 30 days without a visit, and are put off by one', async () => {
    let now = Temporal.Now.instant()
    const later = await startTestServer({ clock: () => now, beside: server })
    await join(server, acme, 'lee@example.com')
    const lee = await signIn(later, 'lee@example.com')
    expect((await lee.get('/session')).cookies).toEqual([])
    for (let visits = 0; visits < 3; visits++) {
      now = now.add({ hours: 24 * 29 })
      const reply = await lee.get('/session')
      expect(reply.body.person).not.toBeNull()
      expect(reply.cookies).toEqual([expect.stringMatching(/^tidemark_session=.*; Max-Age=2592000;/)])
    }
    expect(await lee.graphql('{ __typename }')).toHaveProperty('data')
    now = now.add({ hours: 24 * 31 })
    expect((await lee.get('/session')).body.person).toBeNull()
    await later.close()
  })

  it('go with the user who is erased, like everything else of theirs', async () => {
    const max = await join(server, acme, 'max@example.com')
    await passwordLink('max@example.com')
    const [user] = await server.connection.sql<{ id: string }[]>`
      select id from identity.user where email = 'max@example.com'`
    await server.connection.sql`delete from membership where user_id = ${user?.id ?? ''}`
    await eraseUser(server.connection, user?.id ?? '')
    expect((await max.get('/session')).body.person).toBeNull()
    for (const table of ['user', 'session', 'account', 'verification', 'two_factor']) {
      const left = await server.connection.sql.unsafe(
        `select from identity."${table}" t where t::text like '%${user?.id}%' or t::text like '%max@%'`,
      )
      expect(left).toHaveLength(0)
    }
    await join(server, acme, 'max@example.com')
  })
})
