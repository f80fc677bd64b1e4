/** Signing in where several processes serve one database: what they share, what they keep, what they log. */
import { createHash } from 'node:crypto'
import { WebSocket } from 'ws'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { createPasswordLink } from '@tidemark/server/identity/reset.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { invite, join, PASSWORD, type Reply, signIn, totpOf, visit, type Visitor } from '../support/people.ts'
import { startProduct } from '../support/product.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

// Each password costs what it has to cost an attacker: seconds in all where the machine is busy.
vi.setConfig({ testTimeout: 60_000 })

let one: TestServer
let two: TestServer
let acme: OrganizationRow
beforeAll(async () => {
  one = await startTestServer()
  two = await startTestServer({ beside: one })
  acme = await one.createOrganization({ slug: 'acme' })
})
afterAll(async () => {
  await two.close()
  await one.close()
})
afterEach(() => one.connection.sql`delete from identity.attempt`.then(() => {}))

const UNAUTHENTICATED = { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }
const at = (server: Pick<TestServer, 'url'>, visitor: Visitor): Visitor => {
  const elsewhere = visit(server)
  for (const [name, value] of visitor.jar) elsewhere.jar.set(name, value)
  return elsewhere
}
const tryPassword = (server: Pick<TestServer, 'url'>, email: string, password = 'not the right password') =>
  visit(server).post('/auth/sign-in/email', { email, password })
const statuses = (replies: readonly Reply[]) => {
  const counted = new Map<number, number>()
  for (const { status } of replies) counted.set(status, (counted.get(status) ?? 0) + 1)
  return Object.fromEntries(counted)
}

describe('two servers', () => {
  it('take each other’s sessions', async () => {
    const ann = await join(one, acme, 'ann@example.com')
    const there = at(two, ann)
    expect((await there.get('/session')).body.person).toMatchObject({ email: 'ann@example.com' })
    expect(await there.graphql('{ organization { slug } }')).toHaveProperty('data.organization.slug', 'acme')
  })

  it('refuse a session that ended at the other within a second, and close its sockets', async () => {
    await join(one, acme, 'bob@example.com')
    const bob = await signIn(one, 'bob@example.com')
    const there = at(two, bob)
    expect(await there.graphql('{ organization { slug } }')).toHaveProperty('data')
    const socket = new WebSocket(`${two.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      headers: { cookie: bob.cookie(), origin: two.url },
    })
    const closed = new Promise<number>((resolve) => {
      socket.once('close', (code) => resolve(code))
    })
    const acknowledged = new Promise((resolve) => {
      socket.once('message', resolve)
    })
    socket.once('open', () => socket.send('{"type":"connection_init"}'))
    await acknowledged
    await there.graphql('{ organization { slug } }')
    const began = performance.now()
    expect((await bob.send('DELETE', '/session')).status).toBe(204)
    expect(await bob.graphql('{ organization { slug } }')).toMatchObject(UNAUTHENTICATED)
    await expect
      .poll(() => there.graphql('{ organization { slug } }'), { timeout: 5_000, interval: 20 })
      .toMatchObject(UNAUTHENTICATED)
    // A second, and what the requests themselves take where the machine is busy.
    expect(performance.now() - began).toBeLessThan(2_500)
    expect(await closed).toBe(4403)
    expect(performance.now() - began).toBeLessThan(5_000)
  })

  it('count wrong passwords together, for an e-mail that somebody has as for one that nobody has', async () => {
    await join(one, acme, 'cleo@example.com')
    const answers: unknown[] = []
    for (const email of ['cleo@example.com', 'nobody@example.com']) {
      await one.connection.sql`delete from identity.attempt`
      const replies = await Promise.all(
        Array.from({ length: 16 }, (_, index) => tryPassword(index % 2 === 0 ? one : two, email)),
      )
      expect(statuses(replies)).toEqual({ 401: 10, 429: 6 })
      const refused = await tryPassword(two, email, PASSWORD)
      expect(refused).toMatchObject({
        status: 429,
        body: { code: 'TOO_MANY_TRIES', message: 'Too many tries failed. Try again in 15 minutes.' },
        cookies: [],
      })
      expect(Number(refused.headers['retry-after']?.[0])).toBeGreaterThan(880)
      answers.push({ ...refused.body, retryAfterSeconds: null })
      const upperCase = await tryPassword(one, email.toUpperCase())
      expect(upperCase.status).toBe(429)
    }
    expect(answers[0]).toEqual(answers[1])
    const rows = await one.connection.sql`
      select actor, after from audit where action = 'lockedOut' and organization_id = ${acme.id}`
    expect(rows).toEqual([{ actor: 'system', after: null }])
  })

  it('count what comes from one address together, whatever it tries', async () => {
    const replies = await Promise.all(
      Array.from({ length: 36 }, (_, index) =>
        tryPassword(index % 2 === 0 ? one : two, `a${index}@example.com`),
      ),
    )
    expect(statuses(replies)).toEqual({ 401: 30, 429: 6 })
    const { status } = await visit(two).post('/session/invitation/facts', { token: 'tdi_x' })
    expect(status).toBe(429)
  })

  it('let nobody try out links', async () => {
    const send = (index: number) =>
      index % 2 === 0
        ? visit(one).post('/session/invitation/facts', { token: `tdi_${index}` })
        : visit(two).post('/auth/reset-password', { token: `tdp_${index}`, password: PASSWORD })
    const replies = await Promise.all(Array.from({ length: 14 }, (_, index) => send(index)))
    expect(statuses(replies)).toEqual({ 410: 10, 429: 4 })
  })

  it('believe only trusted proxies about the address', async () => {
    const behind = await startTestServer({ beside: one, trustedProxies: '127.0.0.1' })
    const from = (server: TestServer, address: string) =>
      visit(server).post(
        '/session/invitation/facts',
        { token: 'tdi_x' },
        { 'x-forwarded-for': `203.0.113.99, ${address}` },
      )
    await Promise.all(Array.from({ length: 10 }, () => from(behind, '198.51.100.1')))
    expect((await from(behind, '198.51.100.1')).status).toBe(429)
    expect((await from(behind, '198.51.100.2')).status).toBe(410)
    // A network of IPv6 is one place.
    await Promise.all(Array.from({ length: 10 }, (_, index) => from(behind, `2001:db8::${index}`)))
    expect((await from(behind, '2001:db8::ffff')).status).toBe(429)
    await Promise.all(Array.from({ length: 10 }, (_, index) => from(one, `198.51.100.${index + 10}`)))
    expect((await from(one, '198.51.100.77')).status).toBe(429)
    await behind.close()
  })
})

describe('an https address', () => {
  it('has cookies that no other host of the domain can set', async () => {
    const secure = await startTestServer({ beside: one, identity: { publicUrl: 'https://tidemark.example' } })
    await join(one, acme, 'dan@example.com')
    const dan = visit(secure)
    const { cookies } = await dan.post('/auth/sign-in/email', {
      email: 'dan@example.com',
      password: PASSWORD,
    })
    const [name, ...attributes] = cookies[0]?.split('; ') ?? []
    expect(name).toMatch(/^__Host-tidemark_session=/)
    expect(attributes.toSorted()).toEqual(['HttpOnly', 'Max-Age=2592000', 'Path=/', 'SameSite=Lax', 'Secure'])
    expect((await dan.get('/session')).body.person).toMatchObject({ email: 'dan@example.com' })
    const planted = visit(secure)
    planted.jar.set('tidemark_session', dan.jar.get('__Host-tidemark_session') ?? '')
    expect((await planted.get('/session')).body.person).toBeNull()
    const out = await dan.send('DELETE', '/session')
    expect(out.cookies).toEqual([expect.stringMatching(/^__Host-tidemark_session=;.*Path=\/.*Secure/)])
    await secure.close()
  })
})

describe('the tables', () => {
  it('have nothing with which anybody could sign in', async () => {
    const eve = await join(one, acme, 'eve@example.com')
    const { body } = await eve.post('/auth/two-factor/enable', { password: PASSWORD })
    await eve.post('/auth/two-factor/verify-totp', { code: totpOf(body.secret) })
    const waiting = visit(one)
    await waiting.post('/auth/sign-in/email', { email: 'eve@example.com', password: PASSWORD })
    const link = await createPasswordLink(one.connection, 'eve@example.com', Temporal.Now.instant())
    if (isProblem(link)) throw new Error(link.message)
    const invitation = await invite(one, acme, 'later@example.com')
    const tokenOf = (cookie = '') =>
      decodeURIComponent(cookie).slice(0, decodeURIComponent(cookie).lastIndexOf('.'))
    const session = tokenOf(eve.jar.get('tidemark_session'))
    const challenge = tokenOf(waiting.jar.get('tidemark.two_factor'))
    const secrets = [PASSWORD, session, challenge, link.secret, invitation, body.secret, ...body.backupCodes]
    for (const secret of secrets) expect(secret.length).toBeGreaterThan(9)

    const tables = await one.connection.sql<{ name: string }[]>`
      select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('identity', 'public') and c.relkind = 'r'`
    expect(tables.map(({ name }) => name)).toContain('identity.session')
    const rows = await Promise.all(
      tables.map(({ name }) => one.connection.sql.unsafe(`select t::text as text from ${name} t`)),
    )
    const text = JSON.stringify(rows)
    for (const secret of secrets) expect(text).not.toContain(secret)
    expect(text).toContain(createHash('sha256').update(session).digest('hex'))
    expect(text).toContain('$argon2id$v=19$m=19456,t=2,p=1$')
    // The hash is not taken for what it was made of.
    const thief = visit(one)
    const hash = createHash('sha256').update(challenge).digest('hex')
    thief.jar.set('tidemark.two_factor', encodeURIComponent(await signed(hash)))
    expect(await thief.post('/auth/two-factor/verify-totp', { code: '123456' })).toMatchObject({
      status: 401,
      body: { code: 'CHALLENGE_GONE' },
    })
  })

  it('are out of reach for the application’s role, as its own are for that of sign-in', async () => {
    const readable = await one.connection.sql`
      select r.rolname, n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
      cross join pg_roles r
      where c.relkind = 'r' and r.rolname in ('tidemark_app', 'tidemark_identity')
        and n.nspname = case r.rolname when 'tidemark_app' then 'identity' else 'public' end
        and has_schema_privilege(r.rolname, n.nspname, 'usage')
        and has_table_privilege(r.rolname, c.oid, 'select, insert, update, delete, truncate')`
    expect(readable).toEqual([])
    const [role] = await one.connection.sql`
      select rolsuper, rolcanlogin, rolcreaterole, rolbypassrls from pg_roles where rolname = 'tidemark_identity'`
    expect(Object.values(role ?? {})).toEqual([false, false, false, false])
  })
})

/** As whoever has stolen the database with the secret of the instance would sign. */
const signed = async (token: string): Promise<string> => {
  const [row] = await one.connection.sql<{ secret: string }[]>`select secret from identity.instance`
  const { signCookie } = await import('@tidemark/server/identity/cookies.ts')
  return signCookie(row?.secret ?? '', token)
}

// Each process takes seconds where the machine is busy.
describe('processes', { timeout: 120_000 }, () => {
  const environment = () => ({ DATABASE_URL: one.databaseUrl, TIDEMARK_DEMO: '0', LOG_LEVEL: 'trace' })

  it('keep the sessions when they start anew, and log nothing secret', async () => {
    const fay = await join(one, acme, 'fay@example.com')
    const invitation = await invite(one, acme, 'gil@example.com')
    const first = await startProduct(environment(), ['--no-dashboard'])
    const there = at(first, fay)
    expect((await there.get('/session')).body.person).toMatchObject({ email: 'fay@example.com' })
    await tryPassword(first, 'fay@example.com', 'wrong-password-in-the-log')
    await tryPassword(first, 'wrong-e-mail-in-the-log', 'x')
    const again = await signIn(first, 'fay@example.com')
    await visit(first).post('/session/invitation/facts', { token: invitation })
    await visit(first).post('/auth/reset-password', { token: 'link-in-the-log', password: PASSWORD })
    await visit(first).post(
      '/auth/two-factor/verify-totp',
      { code: '314159' },
      { cookie: 'tidemark.two_factor=challenge-in-the-log.x' },
    )
    await visit(first).get('/auth/callback/oidc?code=code-in-the-log&state=x')
    // A fault in the middle of it: the log has to tell of it without the statement's values.
    await one.connection.sql`alter table identity.account rename to account_away`
    const failed = await tryPassword(first, 'fay@example.com', 'another-password-in-the-log')
    await one.connection.sql`alter table identity.account_away rename to account`
    expect(failed).toMatchObject({
      status: 500,
      body: { message: expect.stringMatching(/^Internal error [\da-f-]+$/) },
    })
    expect(Object.keys(failed.body)).toEqual(['code', 'message'])
    const ended = await first.stop()
    const written = ended.stdout + ended.stderr
    expect(ended.stderr).toContain('Internal error')
    for (const secret of [PASSWORD, invitation, again.jar.get('tidemark_session') ?? '']) {
      expect(written).not.toContain(secret)
    }
    expect(written).not.toMatch(/in-the-log|fay@example|314159/)

    const second = await startProduct(environment(), ['--no-dashboard'])
    expect((await at(second, fay).get('/session')).body.person).toMatchObject({ email: 'fay@example.com' })
    await second.stop()
    const foreign = await startProduct(
      { ...environment(), TIDEMARK_SECRET: 'another secret of more than 32 characters' },
      ['--no-dashboard'],
    )
    expect((await at(foreign, fay).get('/session')).body.person).toBeNull()
    await foreign.stop()
  })
})
