import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROLES } from '@tidemark/server/access/scopes.ts'
import { createOrganization } from '@tidemark/server/organization/commands.ts'
import { execute } from '../support/graphql.ts'
import { startProcess } from '../support/process.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

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
      organization: 'jason',
    })
    const listed = await tidemark('token', 'list', '--organization', 'jason', '--json')
    expect(JSON.parse(listed.stdout)).toMatchObject([
      { name: 'bot', scopes: [...ROLES.manager], lastUsedAt: null },
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
    ['name', { name: ' ' }],
    ['baseCurrency', { baseCurrency: 'USX' }],
    ['timeZone', { timeZone: 'Mars/Base' }],
  ])('refuses an organization whose %s is %o', async (field, changes) => {
    const right = { slug: 'a', name: 'A', baseCurrency: 'USD', timeZone: 'UTC', demo: false }
    const refused = await createOrganization(server.connection, { ...right, ...changes }, 'test')
    expect(refused).toMatchObject({ __typename: 'InvalidInput', path: [field] })
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
