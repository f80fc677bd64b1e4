/** The second factor: turned on, asked for, used up, guessed at, lost. */
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { join, PASSWORD, signIn, totpOf, visit, type Visitor } from '../support/people.ts'
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
afterEach(() => server.connection.sql`delete from identity.attempt`.then(() => {}))

const WRONG_CODE = { status: 401, body: { code: 'WRONG_CODE' } }
const GONE = { status: 401, body: { code: 'CHALLENGE_GONE' } }

type Enabled = { readonly visitor: Visitor; readonly secret: string; readonly backupCodes: readonly string[] }

/** Somebody with a second factor. A code works once, so that of the last half minute turns it on. */
const withSecondFactor = async (email: string): Promise<Enabled> => {
  const visitor = await join(server, acme, email)
  const { body } = await visitor.post('/auth/two-factor/enable', { password: PASSWORD })
  const { secret, backupCodes } = body as Enabled
  const reply = await visitor.post('/auth/two-factor/verify-totp', {
    code: totpOf(secret, Date.now() - 30_000),
  })
  if (reply.status !== 204) throw new Error(JSON.stringify(reply.body))
  return { visitor, secret, backupCodes }
}

/** A browser in which the password was right. */
const challenge = async (email: string): Promise<Visitor> => {
  const visitor = visit(server)
  const { body } = await visitor.post('/auth/sign-in/email', { email, password: PASSWORD })
  expect(body).toEqual({ twoFactor: true })
  return visitor
}

const isSignedIn = async (visitor: Visitor): Promise<boolean> =>
  (await visitor.get('/session')).body.person !== null
const totp = (visitor: Visitor, code: string) => visitor.post('/auth/two-factor/verify-totp', { code })
const backup = (visitor: Visitor, code: string) =>
  visitor.post('/auth/two-factor/verify-backup-code', { code })
const actionsOf = async (action: string) =>
  (await server.connection.sql`select from audit where action = ${action}`).length

describe('turning it on', () => {
  it('needs the password and a first code, and then another cookie', async () => {
    const ann = await join(server, acme, 'ann@example.com')
    const before = ann.cookie()
    expect(await ann.post('/auth/two-factor/enable', { password: 'wrong' })).toMatchObject({
      status: 401,
      body: { code: 'WRONG_CREDENTIALS', field: 'password' },
    })
    expect(await totp(ann, '123456')).toMatchObject({ status: 409, body: { code: 'CONFLICT' } })
    const { body } = await ann.post('/auth/two-factor/enable', { password: PASSWORD })
    expect(body).toEqual({
      uri: expect.stringMatching(/^otpauth:\/\/totp\/Tidemark:ann%40example\.com\?secret=/),
      secret: expect.stringMatching(/^[A-Z2-7]{20,}$/),
      backupCodes: expect.any(Array),
    })
    expect(new Set(body.backupCodes).size).toBe(10)
    expect((await ann.get('/session')).body.person).toMatchObject({ twoFactor: false })
    expect(await totp(ann, '000000')).toMatchObject(WRONG_CODE)
    expect((await totp(ann, ` ${totpOf(body.secret)} `)).status).toBe(204)
    expect((await ann.get('/session')).body.person).toMatchObject({ twoFactor: true })
    expect(ann.cookie()).not.toBe(before)
    expect((await visit(server).get('/session', { cookie: before })).body.person).toBeNull()
    expect(await ann.post('/auth/two-factor/enable', { password: PASSWORD })).toMatchObject({ status: 409 })
    expect(await backup(ann, body.backupCodes[0])).toMatchObject({ status: 409 })
    expect(await actionsOf('twoFactorEnabled')).toBe(1)
  })
})

describe('signing in with it', () => {
  it('is done with the code alone, not with the password alone', async () => {
    const { secret } = await withSecondFactor('bob@example.com')
    const bob = await challenge('bob@example.com')
    expect(bob.jar.has('tidemark_session')).toBe(false)
    expect(await isSignedIn(bob)).toBe(false)
    expect(await bob.graphql('{ __typename }')).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    })
    const left = await server.connection.sql`
      select from identity.session where user_id = (select id from identity.user where email = 'bob@example.com')`
    expect(left).toHaveLength(1)
    const reply = await totp(bob, totpOf(secret))
    expect(reply.status).toBe(204)
    expect(reply.body).toBe('')
    expect(await isSignedIn(bob)).toBe(true)
    expect([...bob.jar.keys()]).toEqual(['tidemark_session'])
  })

  it('takes no code twice, neither by the same browser nor by another', async () => {
    const { secret } = await withSecondFactor('cleo@example.com')
    const code = totpOf(secret)
    const [first, second] = [await challenge('cleo@example.com'), await challenge('cleo@example.com')]
    expect((await totp(first, code)).status).toBe(204)
    expect(await totp(second, code)).toMatchObject(WRONG_CODE)
    expect(await isSignedIn(second)).toBe(false)
  })

  it('takes a backup code once', async () => {
    const { backupCodes } = await withSecondFactor('dan@example.com')
    const [code = ''] = backupCodes
    const [first, second] = [await challenge('dan@example.com'), await challenge('dan@example.com')]
    expect((await backup(first, code)).status).toBe(204)
    await server.connection.sql`delete from identity.attempt`
    expect(await backup(second, code)).toMatchObject(WRONG_CODE)
    expect((await backup(second, backupCodes[1] ?? '')).status).toBe(204)
  })

  it('takes nothing without the password before it, nor for somebody else', async () => {
    const { secret, backupCodes } = await withSecondFactor('eve@example.com')
    const fay = await withSecondFactor('fay@example.com')
    expect(await totp(visit(server), totpOf(secret))).toMatchObject(GONE)
    expect(await backup(visit(server), backupCodes[0] ?? '')).toMatchObject(GONE)
    const other = await challenge('fay@example.com')
    expect(await totp(other, totpOf(secret))).toMatchObject(WRONG_CODE)
    expect(await backup(other, backupCodes[0] ?? '')).toMatchObject(WRONG_CODE)
    expect((await totp(other, totpOf(fay.secret))).status).toBe(204)
    const forged = visit(server)
    forged.jar.set('tidemark.two_factor', '2fa-abc.def')
    expect(await totp(forged, totpOf(secret))).toMatchObject(GONE)
  })

  it('waits ten minutes for the code', async () => {
    const { secret } = await withSecondFactor('gil@example.com')
    const gil = await challenge('gil@example.com')
    await server.connection.sql`update identity.verification set expires_at = now() - interval '1 second'`
    expect(await totp(gil, totpOf(secret))).toMatchObject(GONE)
  })
})

describe('guessing', () => {
  it('ends with the fifth wrong code, in however many browsers, and is in the audit', async () => {
    const { secret, backupCodes } = await withSecondFactor('hal@example.com')
    const before = await actionsOf('lockedOut')
    const browsers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => challenge('hal@example.com')))
    const replies = await Promise.all(browsers.map((browser, index) => totp(browser, `00000${index}`)))
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      401, 401, 401, 401, 401, 429,
    ])
    const last = await challenge('hal@example.com')
    const refused = await totp(last, totpOf(secret))
    expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_TRIES' } })
    expect(Number(refused.headers['retry-after']?.[0])).toBe(refused.body.retryAfterSeconds)
    expect(await backup(last, backupCodes[0] ?? '')).toMatchObject({ status: 429 })
    expect(await actionsOf('lockedOut')).toBe(before + 1)
  })
})

describe('turning it off, and new backup codes', () => {
  it('needs the password', async () => {
    const { visitor, backupCodes } = await withSecondFactor('ida@example.com')
    for (const path of ['disable', 'backup-codes']) {
      expect(await visitor.post(`/auth/two-factor/${path}`, { password: 'wrong' })).toMatchObject({
        status: 401,
      })
      expect(await visit(server).post(`/auth/two-factor/${path}`, { password: PASSWORD })).toMatchObject({
        status: 401,
        body: { code: 'SIGNED_OUT' },
      })
    }
    const renewed = await visitor.post('/auth/two-factor/backup-codes', { password: PASSWORD })
    expect(renewed.body.backupCodes).toHaveLength(10)
    expect(await backup(await challenge('ida@example.com'), backupCodes[0] ?? '')).toMatchObject(WRONG_CODE)
    expect((await backup(await challenge('ida@example.com'), renewed.body.backupCodes[0])).status).toBe(204)

    expect((await visitor.post('/auth/two-factor/disable', { password: PASSWORD })).status).toBe(204)
    expect((await visitor.get('/session')).body.person).toMatchObject({ twoFactor: false })
    expect(await isSignedIn(await signIn(server, 'ida@example.com'))).toBe(true)
    expect(await visitor.post('/auth/two-factor/backup-codes', { password: PASSWORD })).toMatchObject({
      status: 409,
    })
    expect(await actionsOf('twoFactorDisabled')).toBe(1)
  })
})
