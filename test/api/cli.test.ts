import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROLES, SCOPES } from '@tidemark/server/access/scopes.ts'
import { createOrganization } from '@tidemark/server/organization/commands.ts'
import { execute } from '../support/graphql.ts'
import { join as joinAs, PASSWORD, totpOf, visit } from '../support/people.ts'
import { startProcess } from '../support/process.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

/** Accepts an invitation by its link. */
const join = async ({ url }: TestServer, name: string, link: string) => {
  const [, token = ''] = link.trim().split('#')
  const response = await fetch(`${url}/session/invitation`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, name, password: PASSWORD }),
  })
  expect(response.status).toBe(200)
}

/** `pnpm tidemark ...` beside the running server. */
const tidemark = (...parameters: string[]) =>
  startProcess('server/cli/main.ts', parameters, { DATABASE_URL: server.databaseUrl }).ended

const company = ['--name', 'Acme Inc', '--currency', 'USD', '--time-zone', 'Europe/Berlin']

// Each command is a process of its own: seconds each where the machine is busy.
describe('the command line', { timeout: 90_000 }, () => {
  it('makes an organization and a token that opens its books', async () => {
    const created = await tidemark('organization', 'create', '--slug', 'acme', ...company)
    expect(created).toMatchObject({ code: 0, stderr: '' })
    expect(created.stdout).toContain('Created organization acme (USD, Europe/Berlin).')

    const { code, stdout } = await tidemark('token', 'create', '--organization', 'acme', '--role', 'viewer')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^tdm_[\da-zA-Z]{22}_[\da-zA-Z]{49}\n$/)
    const answer = await execute(server.url, stdout.trim(), '{ organization { slug timeZone } }')
    expect(answer).toEqual({ organization: { slug: 'acme', timeZone: 'Europe/Berlin' } })

    const again = await tidemark('organization', 'create', '--slug', 'acme', ...company)
    expect(again).toMatchObject({
      code: 1,
      stdout: '',
      stderr: '--slug: There is an organization acme already\n',
    })
  })

  it('answers with JSON where it is asked to, wherever it is asked', async () => {
    await tidemark('organization', 'create', '--slug', 'jason', ...company)
    const { stdout } = await tidemark(
      'token',
      'create',
      '--json',
      '--organization',
      'jason',
      '--role',
      'manager',
      '--name',
      'bot',
    )
    expect(JSON.parse(stdout)).toEqual({
      id: expect.stringMatching(/^token_/),
      token: expect.stringMatching(/^tdm_/),
      name: 'bot',
      scopes: [...ROLES.manager],
      expiresAt: null,
      addresses: [],
      pointsPerMinute: null,
      creditLimitMax: null,
      organization: 'jason',
      dryRun: false,
    })
    const listed = await tidemark('token', 'list', '--organization', 'jason', '--json')
    const managers = SCOPES.filter((scope) => new Set<string>(ROLES.manager).has(scope))
    expect(JSON.parse(listed.stdout)).toMatchObject([
      { name: 'bot', scopes: managers, createdBy: 'command line', lastUsedAt: null },
    ])
    expect(listed.stdout).not.toContain('tdm_')
  })

  it('revokes a token', async () => {
    await tidemark('organization', 'create', '--slug', 'lost', ...company)
    const { stdout } = await tidemark(
      'token',
      'create',
      '--json',
      '--organization',
      'lost',
      '--role',
      'manager',
    )
    const { id } = JSON.parse(stdout) as { id: string }
    expect(await tidemark('token', 'revoke', id, '--organization', 'lost')).toMatchObject({ code: 0 })
    expect(await tidemark('token', 'revoke', id, '--organization', 'lost')).toMatchObject({ code: 1 })
    expect((await tidemark('token', 'list', '--organization', 'lost')).stdout).toBe('\n')
  })

  it('makes a token with an end and addresses, and another that follows it', async () => {
    await tidemark('organization', 'create', '--slug', 'bound', ...company)
    const bound = ['--organization', 'bound']
    const create = (...options: string[]) =>
      tidemark('token', 'create', ...bound, '--scope', 'kpi:read', 'goal:read', ...options)
    const addresses = ['--address', '127.0.0.0/8', '::1', '--points-per-minute', '500']
    const dry = await create(...addresses, '--expires-in', '90d', '--dry-run')
    expect(dry).toMatchObject({ code: 0, stdout: 'Dry run, nothing was written.\n' })
    const lastDay = Temporal.Now.plainDateISO('Europe/Berlin').add({ days: 30 })
    const bounds = ['--credit-limit-max', '1500', '--expires-on', lastDay.toString()]
    const made = await create(...addresses, ...bounds, '--json')
    const { id } = JSON.parse(made.stdout) as { id: string }
    const rotated = await tidemark('token', 'rotate', id, ...bound, '--overlap-hours', '1')
    expect(rotated).toMatchObject({ code: 0, stdout: expect.stringMatching(/^tdm_\w+\n$/) })
    expect(rotated.stderr).toContain(`${id} works until `)
    const listed = await tidemark('token', 'list', ...bound, '--json')
    const [next, old, ...others] = JSON.parse(listed.stdout) as { expiresAt: string }[]
    const shared = {
      scopes: ['kpi:read', 'goal:read'],
      addresses: ['127.0.0.0/8', '::1'],
      pointsPerMinute: 500,
      creditLimitMax: { amount: '1500.00', currency: expect.any(String) },
    }
    expect([next, old]).toMatchObject([shared, { ...shared, id }])
    expect(others).toEqual([])
    const end = Temporal.Instant.from(next?.expiresAt ?? '').toZonedDateTimeISO('Europe/Berlin')
    expect(end.toPlainDate().until(lastDay).days).toBeLessThanOrEqual(1)

    for (const [options, message] of [
      [['--address', 'nowhere'], '--address: "nowhere" is neither'],
      [['--expires-on', '2020-01-01'], '--expires-on or --expires-in: '],
      [['--expires-in', 'soon'], 'Write a time such as 90d'],
      [['--expires-in', '6y'], '--expires-on or --expires-in: A token lasts at most 5 years'],
      [['--points-per-minute', '0'], '--points-per-minute: '],
    ] as const) {
      const refused = await create(...options)
      expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(message) })
    }
  })

  it('invites people, changes what they may do, removes and erases them', async () => {
    await tidemark('organization', 'create', '--slug', 'people', ...company)
    const of = ['--organization', 'people']
    const invite = (email: string, role: string) =>
      tidemark('member', 'invite', ...of, '--email', email, '--role', role)
    const first = await invite('Ann@people.example', 'admin')
    expect(first).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^http:\/\/127\.0\.0\.1:4000\/invitation#tdi_\w+\n$/),
    })
    await join(server, 'Ann Lee', first.stdout)
    await join(server, 'Bob Ray', (await invite('bob@people.example', 'viewer')).stdout)
    await invite('eve@people.example', 'auditor')

    const bob = 'bob@people.example'
    expect(await tidemark('member', 'role', bob, ...of, '--role', 'collector')).toMatchObject({
      code: 0,
      stdout: 'bob@people.example is collector now, and was viewer before; tokens revoked: 0.\n',
    })
    expect((await tidemark('member', 'list', ...of)).stdout).toMatch(
      /^admin\tann@people\.example\tAnn Lee\tsince .+\ncollector\t.+\nauditor\teve@people\.example\tinvited\tuntil .+\n$/,
    )
    expect(await tidemark('member', 'remove', 'ann@people.example', ...of)).toMatchObject({
      code: 1,
      stderr: 'This is the last administrator: make somebody else one first\n',
    })
    expect(await tidemark('member', 'remove', bob, ...of)).toMatchObject({ code: 0 })
    expect(await tidemark('member', 'erase', bob, ...of, '--reason', 'asked for it')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Erased\. What is left is called "Erased person [\da-f]{4}"\.\n$/),
    })
    expect(await tidemark('member', 'erase', bob, ...of, '--reason', 'again')).toMatchObject({ code: 1 })
    expect(await invite('no e-mail', 'viewer')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^--email: /),
    })
  })

  it.each([
    [
      'an offset for a zone',
      ['--slug', 'a', ...company, '--time-zone', '+02:00'],
      '--time-zone: "+02:00" is no IANA',
    ],
    [
      'no name',
      ['--slug', 'a', '--currency', 'USD', '--time-zone', 'UTC'],
      "required option '--name <name>'",
    ],
  ])('names the option at fault: %s', async (_case, options, expected) => {
    const { code, stdout, stderr } = await tidemark('organization', 'create', ...options)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(expected)
    expect(stderr).not.toMatch(/ at .*:\d+:\d+/)
  })

  it.each([
    ['slug', { slug: 'Acme' }],
    ['slug', { slug: 'a'.repeat(61) }],
    ['slug', { slug: 'sign-in' }],
    ['slug', { slug: 'graphql' }],
    ['name', { name: ' ' }],
    ['baseCurrency', { baseCurrency: 'USX' }],
    ['timeZone', { timeZone: 'Mars/Base' }],
  ])('refuses an organization whose %s is %o', async (field, changes) => {
    const right = { slug: 'a', name: 'A', baseCurrency: 'USD', timeZone: 'UTC', demo: false }
    const refused = await createOrganization(server.connection, { ...right, ...changes }, 'test')
    expect(refused).toMatchObject({ __typename: 'InvalidInput', path: [field] })
  })

  it('makes an organization with its first administrator, who comes by the link that it prints', async () => {
    const options = ['--slug', 'founded', ...company, '--admin']
    const wrong = await tidemark('organization', 'create', ...options, 'nobody')
    expect(wrong).toMatchObject({ code: 1, stdout: '', stderr: '--admin: "nobody" is no e-mail address\n' })
    const { code, stdout } = await tidemark('organization', 'create', ...options, 'founder@example.com')
    expect(code).toBe(0)
    const link = stdout.trim().split('\n').at(-1) ?? ''
    expect(link).toMatch(/^http:\/\/127\.0\.0\.1:4000\/invitation#tdi_\w+$/)
    await join(server, 'Founder', link)
    const roles = await server.connection.sql`
      select role from membership m join organization o on o.id = m.organization_id where o.slug = 'founded'`
    expect(roles).toEqual([{ role: 'admin' }])
  })

  it('makes a link to a new password, and turns off a second factor that was lost', async () => {
    const organization = await server.createOrganization({ slug: 'forgetful' })
    const ann = await joinAs(server, organization, 'forgetful@example.com')
    const { body } = await ann.post('/auth/two-factor/enable', { password: PASSWORD })
    await ann.post('/auth/two-factor/verify-totp', { code: totpOf(body.secret) })

    const { stdout } = await tidemark('person', 'password-link', '--email', 'Forgetful@example.com')
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:4000\/password#tdp_[\w-]+\n$/)
    const [, token] = stdout.trim().split('#')
    const password = 'remembered from now on'
    expect((await visit(server).post('/auth/reset-password', { token, password })).status).toBe(204)
    const waiting = visit(server)
    const signedIn = await waiting.post('/auth/sign-in/email', { email: 'forgetful@example.com', password })
    expect(signedIn.body).toEqual({ twoFactor: true })

    const removed = await tidemark('person', 'remove-second-factor', '--email', 'forgetful@example.com')
    expect(removed).toMatchObject({ code: 0, stderr: '' })
    const again = await waiting.post('/auth/sign-in/email', { email: 'forgetful@example.com', password })
    expect(again.body).toEqual({ twoFactor: false })
    for (const verb of ['password-link', 'remove-second-factor']) {
      const { code, stderr } = await tidemark('person', verb, '--email', 'nobody@example.com')
      expect(code).toBe(1)
      expect(stderr).toMatch(/^--email: [Nn]obody with the e-mail nobody@example.com .*\n$/)
    }
    const rows = await server.connection.sql`
      select actor, action from audit where organization_id = ${organization.id} and actor = 'terminal'`
    expect(rows.map(({ action }) => action)).toEqual(['passwordLinkMade', 'twoFactorDisabled'])
  })

  it('names the organizations there are for one that there is not', async () => {
    const { code, stderr } = await tidemark('token', 'create', '--organization', 'nobody', '--role', 'viewer')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^--organization: there is no organization "nobody"\. There is .*\n$/)
  })

  it('helps without a database', async () => {
    const { code, stdout } = await startProcess('server/cli/main.ts', ['token', 'create', '--help'], {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
    }).ended
    expect(code).toBe(0)
    expect(stdout).toContain('--scope <scope...>')
  })

  it('says in one line that the database cannot be reached', async () => {
    const { code, stderr } = await startProcess('server/cli/main.ts', ['organization', 'list'], {
      DATABASE_URL: 'postgres://nobody:secret@127.0.0.1:1/nothing',
    }).ended
    expect(code).toBe(1)
    expect(stderr).toMatch(/^Cannot reach the database at postgres:\/\/nobody@127.0.0.1:1\/nothing .*\n$/)
  })
})
