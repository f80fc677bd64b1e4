/** Signing in by an OpenID Connect provider that is run here, with real codes and signatures. */
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { CLIENT, type Provider, startProvider } from '../support/oidc-provider.ts'
import { invite, join, type Reply, visit, type Visitor } from '../support/people.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

// Each password costs what it has to cost an attacker: seconds in all where the machine is busy.
vi.setConfig({ testTimeout: 60_000 })

let provider: Provider
let server: TestServer
let acme: OrganizationRow
beforeAll(async () => {
  provider = await startProvider()
  server = await startTestServer({
    identity: { oidc: { issuer: provider.issuer, ...CLIENT, name: 'Example Login' } },
  })
  acme = await server.createOrganization({ slug: 'acme' })
})
afterAll(async () => {
  await server.close()
  await provider.close()
})
afterEach(async () => {
  for (const name of Object.keys(provider.behaviour))
    delete provider.behaviour[name as keyof Provider['behaviour']]
  await server.connection.sql`delete from identity.attempt`
})

/** The address at the provider to which the browser is sent. */
const wayThere = async (visitor: Visitor, body: object = {}): Promise<string> => {
  const reply = await visitor.post('/auth/sign-in/oidc', body)
  expect(reply).toMatchObject({ status: 200, body: { url: expect.any(String) } })
  return reply.body.url
}
/** A link on a page of another origin, as browsers follow it. */
const wayBack = (visitor: Visitor, address: string): Promise<Reply> =>
  visitor.get(address.replace(server.url, ''), {
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
  })
const goThrough = async (visitor: Visitor, body: object = {}): Promise<Reply> =>
  wayBack(visitor, provider.approve(await wayThere(visitor, body)))

const failure = (error: string) => ({ status: 302, headers: { location: [`/sign-in?error=${error}`] } })
const emailIn = async (visitor: Visitor): Promise<unknown> =>
  (await visitor.get('/session')).body.person?.email ?? null
const usersOf = async (email: string) =>
  (await server.connection.sql`select from identity.user where email = ${email}`).length

describe('signing in by the provider', () => {
  it('is offered', async () => {
    expect((await visit(server).get('/session')).body).toMatchObject({ oidc: { name: 'Example Login' } })
  })

  it('lets in whoever has the e-mail here, and brings them where they wanted to go', async () => {
    await join(server, acme, 'ann@example.com')
    const ann = visit(server)
    const url = new URL(await wayThere(ann, { to: '/acme/audit?x=1' }))
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: CLIENT.clientId,
      code_challenge_method: 'S256',
      redirect_uri: `${server.url}/auth/callback/oidc`,
      scope: 'openid email profile',
      nonce: expect.stringMatching(/.{32}/),
      state: expect.stringMatching(/.{32}/),
    })
    const back = await wayBack(ann, provider.approve(url.href))
    expect(back).toMatchObject({ status: 302, headers: { location: ['/acme/audit?x=1'] } })
    expect(await emailIn(ann)).toBe('ann@example.com')
    expect([...ann.jar.keys()]).toEqual(['tidemark_session'])
    // And again, now that the account is known, whatever e-mail the provider has for it.
    const again = visit(server)
    expect((await goThrough(again)).headers['location']).toEqual(['/'])
    expect(await emailIn(again)).toBe('ann@example.com')
    const rows = await server.connection
      .sql`select after from audit where action = 'signIn' and organization_id = ${acme.id}`
    expect(rows).toEqual([{ after: { by: 'oidc' } }, { after: { by: 'oidc' } }])
  })

  it('keeps nothing of what the provider hands out', async () => {
    const rows = await server.connection.sql`
      select to_jsonb(a) as row from identity.account a union all select to_jsonb(v) from identity.verification v`
    expect(JSON.stringify(rows)).not.toMatch(/access-|refresh-|eyJ/)
    const verifiers = provider.exchanges.map((form) => form.get('code_verifier') ?? '')
    for (const verifier of verifiers) expect(JSON.stringify(rows)).not.toContain(verifier)
  })

  it('takes the e-mail from the user info where the token has none', async () => {
    await join(server, acme, 'bob@example.com')
    Object.assign(provider.behaviour, { email: 'bob@example.com', subject: 'bob', emailInUserInfo: true })
    const bob = visit(server)
    await goThrough(bob)
    expect(await emailIn(bob)).toBe('bob@example.com')
  })

  it('asks for no second factor, which is for passwords only', async () => {
    await server.connection
      .sql`update identity.user set two_factor_enabled = true where email = 'ann@example.com'`
    const ann = visit(server)
    await goThrough(ann)
    expect(await emailIn(ann)).toBe('ann@example.com')
    await server.connection.sql`update identity.user set two_factor_enabled = false`
  })

  it('lets nobody else in, and makes no user', async () => {
    Object.assign(provider.behaviour, { email: 'nobody@example.com', subject: 'nobody' })
    const nobody = visit(server)
    expect(await goThrough(nobody)).toMatchObject(failure('oidc_unknown_person'))
    expect(await emailIn(nobody)).toBeNull()
    expect(await usersOf('nobody@example.com')).toBe(0)
  })

  it('lets nobody in whose e-mail the provider has not verified', async () => {
    await join(server, acme, 'cleo@example.com')
    for (const subject of ['cleo', 'subject-1']) {
      Object.assign(provider.behaviour, { email: 'cleo@example.com', subject, emailVerified: false })
      const cleo = visit(server)
      expect(await goThrough(cleo)).toMatchObject(failure('oidc_email_not_verified'))
      expect(await emailIn(cleo)).toBeNull()
    }
  })
})

describe('an invitation', () => {
  it('is accepted by way of the provider, which makes the user', async () => {
    Object.assign(provider.behaviour, {
      email: 'Dan@Example.com',
      subject: 'dan',
      name: ` Dan\u0007\n${'x'.repeat(300)}`,
    })
    const invitation = await invite(server, acme, 'dan@example.com', 'manager')
    const dan = visit(server)
    expect(await goThrough(dan, { invitation, to: '/acme' })).toMatchObject({
      headers: { location: ['/acme'] },
    })
    expect((await dan.get('/session')).body).toMatchObject({
      person: { name: `Dan ${'x'.repeat(196)}`, email: 'dan@example.com', password: false },
      organizations: [{ slug: 'acme', role: 'manager' }],
    })
    const gone = await visit(server).post('/auth/sign-in/oidc', { invitation })
    expect(gone).toMatchObject({ status: 410, body: { code: 'GONE' } })
    const conflict = await dan.post('/auth/two-factor/enable', { password: 'none of them' })
    expect(conflict).toMatchObject({ status: 409, body: { code: 'CONFLICT' } })
  })

  it('is accepted by somebody who can sign in already', async () => {
    const other = await server.createOrganization({ slug: 'other' })
    const invitation = await invite(server, other, 'dan@example.com')
    Object.assign(provider.behaviour, { email: 'dan@example.com', subject: 'dan' })
    const dan = visit(server)
    await goThrough(dan, { invitation })
    expect((await dan.get('/session')).body.organizations).toMatchObject([
      { slug: 'acme' },
      { slug: 'other' },
    ])
  })

  it('brings in nobody but whom it is for', async () => {
    const invitation = await invite(server, acme, 'eve@example.com')
    Object.assign(provider.behaviour, { email: 'mallory@example.com', subject: 'mallory' })
    const mallory = visit(server)
    expect(await goThrough(mallory, { invitation })).toMatchObject(failure('oidc_unknown_person'))
    expect(await usersOf('mallory@example.com')).toBe(0)
    Object.assign(provider.behaviour, { email: 'ann@example.com', subject: 'subject-1' })
    const ann = visit(server)
    expect(await goThrough(ann, { invitation })).toMatchObject(failure('invitation_for_another'))
    expect(await emailIn(ann)).toBeNull()
  })

  it('that is spent on the way brings in nobody', async () => {
    const invitation = await invite(server, acme, 'fay@example.com')
    Object.assign(provider.behaviour, { email: 'fay@example.com', subject: 'fay' })
    const fay = visit(server)
    const url = await wayThere(fay, { invitation })
    await server.connection.sql`update invitation set revoked_at = now() where email = 'fay@example.com'`
    expect(await wayBack(fay, provider.approve(url))).toMatchObject(failure('oidc_unknown_person'))
    expect(await usersOf('fay@example.com')).toBe(0)
  })
})

describe('a page elsewhere', () => {
  it('is no place to be brought to', async () => {
    for (const to of [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '\\\\evil.example',
      'evil',
      '/a\\b',
      '/a\r\nb',
      'javascript:alert(1)',
    ]) {
      const reply = await visit(server).post('/auth/sign-in/oidc', { to })
      expect(reply).toMatchObject({ status: 400, body: { code: 'INVALID', field: 'to' } })
    }
    for (const field of [
      'callbackURL',
      'errorCallbackURL',
      'newUserCallbackURL',
      'additionalData',
      'requestSignUp',
    ]) {
      const ann = visit(server)
      const back = await goThrough(ann, { [field]: 'https://evil.example' })
      expect(back.headers['location']).toEqual(['/'])
    }
  })
})

describe('the way back', () => {
  const back = async (change: (address: URL) => void, visitor = visit(server)) => {
    const address = new URL(provider.approve(await wayThere(visitor)))
    change(address)
    return { reply: await wayBack(visitor, address.href), visitor }
  }

  it('ends at the sign-in page where its state is missing, of another browser, made up or used', async () => {
    const changes: ((address: URL) => void)[] = [
      (address) => address.searchParams.delete('state'),
      (address) => address.searchParams.set('state', 'x'.repeat(32)),
      (address) => address.searchParams.append('state', 'twice'),
    ]
    for (const change of changes) {
      const { reply, visitor } = await back(change)
      expect(reply).toMatchObject(failure('oidc_failed'))
      expect(await emailIn(visitor)).toBeNull()
    }
    // A link that somebody else has begun signs nobody in: neither a browser without a state nor one with its own.
    const mallory = visit(server)
    const link = provider.approve(await wayThere(mallory))
    const victim = visit(server)
    expect(await wayBack(victim, link)).toMatchObject(failure('oidc_failed'))
    await wayThere(victim)
    expect(await wayBack(victim, link)).toMatchObject(failure('oidc_failed'))
    expect(await emailIn(victim)).toBeNull()
    // Used.
    const ann = visit(server)
    const url = provider.approve(await wayThere(ann))
    const state = ann.cookie()
    await wayBack(ann, url)
    const thief = visit(server)
    expect(await wayBack(thief, url)).toMatchObject(failure('oidc_failed'))
    const copied = await thief.get(url.replace(server.url, ''), { cookie: state })
    expect(copied).toMatchObject(failure('oidc_failed'))
  })

  it('takes no code but its own, and tells nobody what the provider said', async () => {
    const other = visit(server)
    const stolen = new URL(provider.approve(await wayThere(other))).searchParams.get('code') ?? ''
    // The code of another browser: its verifier is not this one's.
    const { reply } = await back((address) => address.searchParams.set('code', stolen))
    expect(reply).toMatchObject(failure('oidc_failed'))
    const denied = await back((address) => {
      address.searchParams.delete('code')
      address.searchParams.set('error', 'access_denied')
      address.searchParams.set('error_description', '<script>alert(1)</script>')
    })
    expect(denied.reply).toMatchObject(failure('oidc_denied'))
    const strange = await back((address) => address.searchParams.set('error', '<script>'))
    expect(strange.reply).toMatchObject(failure('oidc_failed'))
    const issuer = await back((address) => address.searchParams.set('iss', 'https://other.example'))
    expect(issuer.reply).toMatchObject(failure('oidc_failed'))
  })

  it('believes no token that is not of this provider, for this client, for this question, at this time', async () => {
    const lies: Provider['behaviour'][] = [
      { foreignKey: true },
      { noIdToken: true },
      { claims: { aud: 'another-client' } },
      { claims: { iss: 'https://other.example' } },
      { claims: { nonce: 'another' } },
      { claims: { nonce: undefined } },
      { claims: { exp: Math.floor(Date.now() / 1_000) - 3_600 } },
      { claims: { sub: undefined } },
      { emailInUserInfo: true, claims: { sub: 'another-subject' } },
    ]
    for (const lie of lies) {
      Object.assign(provider.behaviour, lie)
      const visitor = visit(server)
      const reply = await goThrough(visitor)
      expect({ lie, location: reply.headers['location'], email: await emailIn(visitor) }).toMatchObject({
        location: [expect.stringContaining('/sign-in?error=oidc_')],
        email: null,
      })
      for (const name of Object.keys(lie)) delete provider.behaviour[name as keyof Provider['behaviour']]
    }
  })
})

describe('a provider', () => {
  const signInAt = async (issuer: string) => {
    const one = await startTestServer({ identity: { oidc: { issuer, ...CLIENT, name: 'Other' } } })
    const reply = await visit(one).post('/auth/sign-in/oidc', {})
    await one.close()
    return reply
  }

  it('that cannot be reached, or calls itself by another name, is told as that', async () => {
    const unreachable = { status: 503, body: { code: 'PROVIDER_UNREACHABLE' } }
    expect(await signInAt('http://127.0.0.1:1')).toMatchObject(unreachable)
    expect(await signInAt(`${provider.issuer}/tenant`)).toMatchObject(unreachable)
    provider.behaviour.issuer = 'https://other.example'
    expect(await signInAt(provider.issuer)).toMatchObject(unreachable)
  })

  it('that is not set up is not there', async () => {
    const without = await startTestServer()
    expect(await visit(without).post('/auth/sign-in/oidc', {})).toMatchObject({
      status: 404,
      body: { code: 'NOT_FOUND' },
    })
    expect((await visit(without).get('/auth/callback/oidc?code=x&state=y')).status).toBe(404)
    await without.close()
  })
})
