/** Who is signed in: the demo, invitations, signing out, and which organization a person acts in. */
import { createHash } from 'node:crypto'
import { WebSocket } from 'ws'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { acceptInvitation, createInvitation } from '@tidemark/server/access/invitations.ts'
import { parseToken } from '@tidemark/server/access/token.ts'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { invite, join, PASSWORD, signIn, visit, type Visitor } from '../support/people.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

// Each password costs what it has to cost an attacker: seconds in all where the machine is busy.
vi.setConfig({ testTimeout: 60_000 })

let server: TestServer
let acme: OrganizationRow
let other: OrganizationRow
beforeAll(async () => {
  server = await startTestServer()
  acme = await server.createOrganization({ slug: 'acme' })
  other = await server.createOrganization({ slug: 'other' })
})
afterAll(() => server.close())

const UNAUTHENTICATED = { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }
const auditOf = ({ id }: OrganizationRow) =>
  server.connection.sql<{ actor: string; action: string; subject: string; after: unknown }[]>`
    select actor, action, subject, after from audit where organization_id = ${id} order by recorded_at, id`

describe('somebody who accepts an invitation', () => {
  it('is told what it is for, and then is a member with the rights of the role', async () => {
    const token = await invite(server, acme, 'Ann@Example.com', 'collector')
    const ann = visit(server)
    expect((await ann.post('/session/invitation/facts', { token })).body).toEqual({
      organization: { slug: 'acme', name: acme.name },
      email: 'ann@example.com',
      role: 'collector',
      expiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
      account: false,
      signedIn: false,
    })
    const accepted = await ann.post('/session/invitation', { token, name: ' Ann  Lee ', password: PASSWORD })
    expect(accepted).toMatchObject({ status: 200, body: { organization: 'acme' } })
    expect((await ann.get('/session')).body).toEqual({
      person: { name: 'Ann Lee', email: 'ann@example.com', twoFactor: false, password: true },
      organizations: [{ slug: 'acme', name: acme.name, role: 'collector' }],
      demo: false,
      oidc: null,
    })
    expect(await ann.graphql('{ organization { slug } }')).toMatchObject({
      data: { organization: { slug: 'acme' } },
    })
    const forbidden = await ann.graphql(
      'mutation { setCreditLimit(input: { customer: { number: "1" }, limit: { unlimited: true }, reason: "x" }) { __typename } }',
    )
    expect(forbidden).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
    expect((await visit(server).post('/session/invitation/facts', { token })).status).toBe(410)
  })

  it('takes over the person that the books know by this e-mail', async () => {
    const organization = await server.createOrganization()
    const id = crypto.randomUUID()
    await server.connection.sql`
      insert into person (organization_id, id, name, email) values (${organization.id}, ${id}, 'B. Old', 'bo@example.com')`
    await join(server, organization, 'bo@example.com')
    const members = await server.connection.sql`
      select person_id from membership where organization_id = ${organization.id}`
    expect(members).toEqual([{ person_id: id }])
  })

  it('may have the name of somebody else', async () => {
    const organization = await server.createOrganization()
    for (const email of ['a@example.org', 'b@example.org']) {
      const token = await invite(server, organization, email)
      const reply = await visit(server).post('/session/invitation', { token, name: 'Jo', password: PASSWORD })
      expect(reply.status).toBe(200)
    }
    const people = await server.connection.sql`
      select name from person where organization_id = ${organization.id} order by name`
    expect(people).toEqual([{ name: 'Jo' }, { name: 'Jo (b@example.org)' }])
  })

  it('who can sign in already has to, and then joins without another password', async () => {
    await join(server, acme, 'cleo@example.com')
    const token = await invite(server, other, 'cleo@example.com', 'admin')
    const stranger = visit(server)
    expect((await stranger.post('/session/invitation/facts', { token })).body).toMatchObject({
      account: true,
    })
    const refused = await stranger.post('/session/invitation', { token, name: 'Cleo', password: PASSWORD })
    expect(refused).toMatchObject({ status: 401, body: { code: 'SIGNED_OUT' } })
    const cleo = await signIn(server, 'cleo@example.com')
    expect((await cleo.post('/session/invitation', { token })).body).toEqual({ organization: 'other' })
    expect((await cleo.get('/session')).body.organizations).toMatchObject([
      { slug: 'acme', role: 'viewer' },
      { slug: 'other', role: 'admin' },
    ])
  })

  it('must be whom it is for', async () => {
    const dan = await join(server, acme, 'dan@example.com')
    const token = await invite(server, other, 'eve@example.com')
    expect(await dan.post('/session/invitation', { token })).toMatchObject({
      status: 403,
      body: { code: 'OTHER_PERSON' },
    })
  })

  it('gives a name and a password that is not guessed at once', async () => {
    const token = await invite(server, acme, 'weak.person@example.com')
    const send = (fields: object) => visit(server).post('/session/invitation', { token, ...fields })
    for (const password of [
      'short',
      'password1234',
      'weak.person@example.com',
      'Weak-Person-2026',
      '123456789012',
      'abcabcabcabc',
    ]) {
      expect(await send({ name: 'Weak Person', password })).toMatchObject({
        status: 400,
        body: { code: 'WEAK_PASSWORD', field: 'password', message: expect.any(String) },
      })
    }
    expect(await send({ name: '\u0007', password: PASSWORD })).toMatchObject({ body: { field: 'name' } })
    expect(await send({ password: PASSWORD })).toMatchObject({ status: 400, body: { field: 'name' } })
    expect(await send({ name: 'W' })).toMatchObject({ status: 400, body: { field: 'password' } })
    expect(await send({ name: 'W', password: 'x'.repeat(257) })).toMatchObject({ status: 400 })
    expect(await send({ name: 'W', password: PASSWORD })).toMatchObject({ status: 200 })
  })
})

describe('an invitation', () => {
  it('is spent once, also where many accept it at the same moment', async () => {
    const organization = await server.createOrganization()
    const secret = await invite(server, organization, 'crowd@example.com')
    const caller = { requestId: 'r', address: null, agent: null }
    const now = Temporal.Now.instant()
    const accept = () =>
      acceptInvitation(server.connection, {
        secret,
        accepting: { name: 'C', passwordHash: 'x' },
        caller,
        now,
      })
    const answers = await Promise.all(Array.from({ length: 8 }, accept))
    expect(answers.filter((answer) => typeof answer === 'object')).toHaveLength(1)
    expect(new Set(answers.filter((answer) => typeof answer === 'string'))).toEqual(new Set(['GONE']))
    const members = await server.connection.sql`
      select from membership where organization_id = ${organization.id}`
    expect(members).toHaveLength(1)
  })

  it('makes one user of two for the same new e-mail', async () => {
    const organizations = [await server.createOrganization(), await server.createOrganization()]
    const tokens = await Promise.all(organizations.map((one) => invite(server, one, 'twice@example.com')))
    const replies = await Promise.all(
      tokens.map((token) =>
        visit(server).post('/session/invitation', { token, name: 'T', password: PASSWORD }),
      ),
    )
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401])
  })

  it('is over after seven days, when it is revoked, and when there is a later one', async () => {
    const organization = await server.createOrganization()
    const statusOf = async (token: string) =>
      (await visit(server).post('/session/invitation/facts', { token })).status
    const first = await invite(server, organization, 'late@example.com')
    const second = await invite(server, organization, 'late@example.com')
    expect(await statusOf(first)).toBe(410)
    expect(await statusOf(second)).toBe(200)
    await server.connection.sql`
      update invitation set expires_at = now() - interval '1 second' where organization_id = ${organization.id}`
    expect(await statusOf(second)).toBe(410)
    const third = await invite(server, organization, 'late@example.com')
    await server.connection.sql`
      update invitation set revoked_at = now() where organization_id = ${organization.id}`
    expect(await statusOf(third)).toBe(410)
    for (const token of ['tdi_x', third.slice(0, -1), await server.createToken(organization)]) {
      expect(await statusOf(token)).toBe(410)
    }
  })

  it('is not made for what is no e-mail, nor for a member', async () => {
    await join(server, acme, 'fay@example.com')
    const context = { connection: server.connection, organization: acme, actor: 'test' }
    for (const email of [
      '',
      'fay',
      'fay@',
      'f ay@example.com',
      'fäy@example.com',
      'a@b',
      'demo@tidemark.invalid',
      `${'x'.repeat(250)}@example.com`,
    ]) {
      const made = await createInvitation(context, { email, role: 'viewer' })
      expect(made).toMatchObject({ __typename: 'InvalidInput', path: ['email'] })
    }
    const made = await createInvitation(context, { email: 'FAY@example.com', role: 'viewer' })
    expect(made).toMatchObject({ __typename: 'Conflict', path: ['email'] })
  })

  it('is kept as a hash, and is no token of the API', async () => {
    const secret = await invite(server, acme, 'hashed@example.com')
    expect(parseToken(secret)).toEqual({ kind: 'invitation', organizationId: acme.id })
    const [row] = await server.connection.sql`select * from invitation where email = 'hashed@example.com'`
    expect(row?.['secret_hash']).toBe(createHash('sha256').update(secret).digest('hex'))
    expect(JSON.stringify(row)).not.toContain(secret)
    const { body } = await visit(server).post(
      '/graphql',
      { query: '{ __typename }' },
      { authorization: `Bearer ${secret}` },
    )
    expect(body).toMatchObject(UNAUTHENTICATED)
  })
})

describe('a person', () => {
  it('acts in the organization that is asked for, over HTTP and WebSocket, and in no other', async () => {
    const gil = await join(server, acme, 'gil@example.com')
    await gil.post('/session/invitation', { token: await invite(server, other, 'gil@example.com') })
    const third = await server.createOrganization({ slug: 'third' })
    const slugIn = async (slug?: string) => gil.graphql('{ organization { slug } }', slug)
    expect(await slugIn('acme')).toMatchObject({ data: { organization: { slug: 'acme' } } })
    expect(await slugIn('other')).toMatchObject({ data: { organization: { slug: 'other' } } })
    expect(await slugIn()).toMatchObject({ data: { organization: { slug: 'acme' } } })
    const foreign = await slugIn(third.slug)
    expect(foreign).toMatchObject(UNAUTHENTICATED)
    expect(foreign).toEqual(await slugIn('no-such-place'))
    expect(await socketOpens(gil, { organization: 'other' })).toBe(true)
    expect(await socketOpens(gil, {})).toBe(true)
    expect(await socketOpens(gil, { organization: 'third' })).toBe(false)
    expect(await socketOpens(visit(server), {})).toBe(false)
  })

  it('loses the rights of a membership that ends, within a second', async () => {
    const hal = await join(server, acme, 'hal@example.com')
    expect(await hal.graphql('{ organization { slug } }')).toHaveProperty('data.organization.slug')
    await server.connection.sql`
      delete from membership where user_id = (select id from identity.user where email = 'hal@example.com')`
    await expect
      .poll(() => hal.graphql('{ organization { slug } }'), { timeout: 5_000, interval: 100 })
      .toMatchObject(UNAUTHENTICATED)
    expect((await hal.get('/session')).body).toMatchObject({
      person: { name: expect.any(String) },
      organizations: [],
    })
  })
})

describe('signing out', () => {
  it('ends the session, also for whoever kept the cookie, and whatever it says of the body it does not have', async () => {
    await join(server, acme, 'ida@example.com')
    for (const type of ['application/json', 'text/plain', 'application/json; charset=utf-8']) {
      const ida = await signIn(server, 'ida@example.com')
      const kept = { cookie: ida.cookie() }
      const reply = await ida.send('DELETE', '/session', undefined, { 'content-type': type })
      expect(reply.status).toBe(204)
      expect(reply.cookies).toEqual([expect.stringMatching(/^tidemark_session=;.*Path=\//)])
      expect((await ida.post('/graphql', { query: '{ __typename }' }, kept)).body).toMatchObject(
        UNAUTHENTICATED,
      )
    }
    expect((await visit(server).send('DELETE', '/session')).status).toBe(204)
  })
})

describe('the audit', () => {
  it('has who came in and went out, in each of their organizations, by id alone', async () => {
    const [one, two] = [await server.createOrganization(), await server.createOrganization()]
    const kim = await join(server, one, 'kim@example.com')
    await kim.post('/session/invitation', { token: await invite(server, two, 'kim@example.com') })
    const again = await signIn(server, 'kim@example.com')
    await again.send('DELETE', '/session')
    for (const organization of [one, two]) {
      const rows = await auditOf(organization)
      expect(rows.map(({ action }) => action)).toEqual([
        'createOrganization',
        'inviteMember',
        'acceptInvitation',
        'signIn',
        'signOut',
      ])
      const [person] = await server.connection
        .sql`select id from person where organization_id = ${organization.id}`
      for (const row of rows.slice(2)) expect(row.actor).toBe(`member:${person?.['id']}`)
      expect(JSON.stringify(rows)).not.toMatch(/kim|Person|tdi_/)
    }
    const origins = await server.connection.sql`
      select distinct o.address from audit a join origin o on o.id = a.origin_id where a.action = 'signIn'`
    expect(origins).toEqual([{ address: '127.0.0.1' }])
  })
})

describe('the demo sign-in', () => {
  it('is not there without a demo organization', async () => {
    expect((await visit(server).get('/session')).body).toMatchObject({ person: null, demo: false })
    expect((await visit(server).post('/session/demo', {})).status).toBe(403)
  })

  it('signs in on the own machine, and there alone', async () => {
    const demo = await startTestServer()
    await demo.createOrganization({ slug: 'tidal', demo: true })
    await demo.createOrganization({ slug: 'real' })
    const here = (headers: Record<string, string> = {}) => visit(demo).post('/session/demo', {}, headers)

    const guest = visit(demo)
    expect((await guest.get('/session')).body).toMatchObject({ demo: true })
    expect((await guest.post('/session/demo', {})).status).toBe(204)
    expect(await guest.graphql('{ organization { slug } }')).toMatchObject({
      data: { organization: { slug: 'tidal' } },
    })
    expect((await guest.get('/session')).body).toMatchObject({
      person: { name: 'Demo', password: false },
      organizations: [{ slug: 'tidal', role: 'admin' }],
    })
    expect(await guest.graphql('{ organization { slug } }', 'real')).toMatchObject(UNAUTHENTICATED)

    const crowd = await Promise.all(Array.from({ length: 5 }, () => here()))
    expect(crowd.map(({ status }) => status)).toEqual([204, 204, 204, 204, 204])
    for (const local of ['127.0.0.1:4000', 'localhost', '[::1]:4000']) {
      expect((await here({ host: local })).status).toBe(204)
    }
    for (const strange of ['tidemark.example', '127.0.0.1.evil.example', '192.168.1.2']) {
      expect((await here({ host: strange })).status).not.toBe(204)
    }
    for (const forwarding of ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'via', 'x-real-ip']) {
      expect((await here({ [forwarding]: '127.0.0.1' })).status).toBe(403)
    }
    await demo.close()
  })

  it('is off where TIDEMARK_DEMO is 0 or the server listens to the world', async () => {
    for (const options of [{ demo: false }, { host: '0.0.0.0' }]) {
      const closed = await startTestServer(options)
      await closed.createOrganization({ demo: true })
      expect((await visit(closed).get('/session')).body).toMatchObject({ demo: false })
      expect((await visit(closed).post('/session/demo', {})).status).toBe(403)
      await closed.close()
    }
  })
})

describe('a token', () => {
  it('is stored as a hash, and its use is noted', async () => {
    const organization = await server.createOrganization()
    const key = await server.createToken(organization)
    await visit(server).post('/graphql', { query: '{ __typename }' }, { authorization: `Bearer ${key}` })
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

  it('that was mistyped is known without the database', async () => {
    const token = await server.createToken(acme)
    expect(parseToken(token)).toEqual({ kind: 'token', organizationId: acme.id })
    for (const index of [0, 5, 30, token.length - 1]) {
      const wrong = token[index] === 'a' ? 'b' : 'a'
      expect(parseToken(token.slice(0, index) + wrong + token.slice(index + 1))).toBeNull()
    }
  })

  it('signs nobody in, neither by the cookie nor in place of a password', async () => {
    const token = await server.createToken(acme)
    const thief = visit(server)
    thief.jar.set('tidemark_session', token)
    expect(await thief.graphql('{ __typename }')).toMatchObject(UNAUTHENTICATED)
    expect((await thief.get('/session')).body).toMatchObject({ person: null })
    expect((await visit(server).post('/session', { token })).status).toBe(404)
  })
})

const socketOpens = async (visitor: Visitor, payload: Record<string, string>): Promise<boolean> => {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
    headers: { cookie: visitor.cookie(), origin: server.url },
  })
  const { promise, resolve } = Promise.withResolvers<boolean>()
  socket.once('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload })))
  socket.once('message', () => resolve(true))
  socket.once('close', () => resolve(false))
  const opened = await promise
  socket.close()
  return opened
}
