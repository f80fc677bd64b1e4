import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { mayBeUsed, readBlock } from '@tidemark/server/access/token-rules.ts'
import { ROLES, type Role, type Scope, SCOPES } from '@tidemark/server/access/scopes.ts'
import { encodeId, newUuid } from '@tidemark/server/ids.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dump, dumpOfCommands } from '../support/dump.ts'
import { execute, request } from '../support/graphql.ts'
import { startProduct } from '../support/product.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { subscribe } from '../support/subscribe.ts'

let server: TestServer
let now: Temporal.Instant
let organization: OrganizationRow
/** An administrator's. */
let admin: string

beforeAll(async () => {
  now = Temporal.Now.instant().round('millisecond')
  server = await startTestServer({ clock: () => now, trustedProxies: '127.0.0.1' })
})
afterAll(() => server.close())
beforeEach(async () => {
  now = Temporal.Now.instant().round('millisecond')
  organization = await server.createOrganization()
  admin = await server.createToken(organization)
})

const TOKEN = `fragment T on Token {
  id name scopes createdBy createdAt expiresAt lastUsedAt addresses pointsPerMinute isExpired
}`
const PROBLEM = '... on Problem { __typename code message path }'
const CREATE = `mutation ($input: CreateTokenInput!) { createToken(input: $input) {
  __typename ... on CreateTokenSuccess { token { ...T } secret dryRun audit { id hash } } ${PROBLEM} } } ${TOKEN}`
const ROTATE = `mutation ($input: RotateTokenInput!) { rotateToken(input: $input) {
  __typename ... on RotateTokenSuccess { token { ...T } secret replaced { ...T } dryRun audit { id } } ${PROBLEM} } } ${TOKEN}`
const REVOKE = `mutation ($input: RevokeTokenInput!) { revokeToken(input: $input) {
  __typename ... on RevokeTokenSuccess { token { id } dryRun audit { id } } ${PROBLEM} } }`

type Token = {
  readonly id: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly createdBy: string
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly lastUsedAt: string | null
  readonly addresses: readonly string[]
  readonly pointsPerMinute: number | null
  readonly isExpired: boolean
}
type Outcome = {
  readonly __typename: string
  readonly token: Token
  readonly replaced: Token
  readonly secret: string | null
  readonly dryRun: boolean
  readonly audit: { readonly id: string } | null
  readonly code: string
  readonly message: string
  readonly path: readonly string[]
}
type Input = Readonly<Record<string, unknown>>

const create = async (input: Input, by = admin): Promise<Outcome> =>
  (
    await execute<{ createToken: Outcome }>(server.url, by, CREATE, {
      input: { name: 'bot', scopes: ['kpi:read'], ...input },
    })
  ).createToken

const rotate = async (input: Input, by = admin): Promise<Outcome> =>
  (await execute<{ rotateToken: Outcome }>(server.url, by, ROTATE, { input })).rotateToken

const revoke = async (id: string, by = admin, input: Input = {}): Promise<Outcome> =>
  (await execute<{ revokeToken: Outcome }>(server.url, by, REVOKE, { input: { id, ...input } })).revokeToken

const list = async (by = admin): Promise<Token[]> =>
  (await execute<{ tokens: { nodes: Token[] } }>(server.url, by, `{ tokens { nodes { ...T } } } ${TOKEN}`))
    .tokens.nodes

/** A new token's secret. */
const secretOf = async (input: Input, by = admin): Promise<string> => {
  const { secret, message } = await create(input, by)
  if (secret === null || secret === undefined) throw new Error(message)
  return secret
}

/** `null` where the token is let in, else the code and message of the refusal. */
const refusalOf = async (secret: string, headers: Readonly<Record<string, string>> = {}) => {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}`, ...headers },
    body: JSON.stringify({ query: '{ __typename }' }),
  })
  const { errors } = (await response.json()) as {
    errors?: { message: string; extensions: { code: string } }[]
  }
  const [error] = errors ?? []
  return error === undefined ? null : { code: error.extensions.code, message: error.message }
}

describe('making a token', () => {
  it('shows it once, lets it do what was asked for and nothing else, and stores its hash alone', async () => {
    const expiresAt = now.add({ hours: 24 }).toString()
    const made = await create({
      name: ' night  export ',
      scopes: ['schema:read', 'kpi:read', 'organization:read', 'kpi:read'],
      expiresAt,
      addresses: ['127.0.0.0/8', '2001:DB8::/32'],
      pointsPerMinute: 5_000,
    })
    expect(made).toMatchObject({
      __typename: 'CreateTokenSuccess',
      dryRun: false,
      audit: { id: expect.stringMatching(/^audit_/) },
      token: {
        name: 'night export',
        scopes: ['organization:read', 'kpi:read', 'schema:read'],
        createdBy: "a test's admin",
        lastUsedAt: null,
        addresses: ['127.0.0.0/8', '2001:db8::/32'],
        pointsPerMinute: 5_000,
        isExpired: false,
      },
    })
    expect(Temporal.Instant.from(made.token.expiresAt ?? '').equals(expiresAt)).toBe(true)
    const secret = made.secret ?? ''
    expect(secret).toMatch(/^tdm_[\da-zA-Z]{22}_[\da-zA-Z]{49}$/)

    expect(await execute(server.url, secret, '{ viewer { kind name role scopes person { id } } }')).toEqual({
      viewer: {
        kind: 'TOKEN',
        name: 'night export',
        role: null,
        scopes: ['organization:read', 'kpi:read', 'schema:read'],
        person: null,
      },
    })
    const refused = await request(server.url, secret, '{ customers { totalCount } }')
    expect(refused.errors[0]?.extensions?.['code']).toBe('FORBIDDEN')
    expect(await list()).toContainEqual(expect.objectContaining({ id: made.token.id }))

    const stored = await dump(server)
    expect(stored).toContain(createHash('sha256').update(secret).digest('hex'))
    expect(stored).not.toContain(secret)
  })

  it('keeps names, addresses and secrets out of the audit', async () => {
    await create({ name: 'Ann’s laptop', addresses: ['127.0.0.7'] })
    const rows = await server.connection.sql`
      select actor, action, subject, before, after from audit
      where organization_id = ${organization.id} and action = 'createToken' and actor like 'token:%'`
    expect(rows).toEqual([
      {
        actor: expect.stringMatching(/^token:/),
        action: 'createToken',
        subject: expect.stringMatching(/^[\da-f-]{36}$/),
        before: null,
        after: { scopes: ['kpi:read'], expiresAt: null, pointsPerMinute: null, addressBlocks: 1 },
      },
    ])
  })

  it.each<[string, Input, string, RegExp]>([
    ['no name', { name: ' ' }, 'name', /must not be empty/],
    ['a long name', { name: 'x'.repeat(201) }, 'name', /201 characters/],
    ['no scope', { scopes: [] }, 'scopes', /The scopes are organization:read, /],
    ['an unknown scope', { scopes: ['kpi:read', 'kpi:erase'] }, 'scopes.1', /no scope "kpi:erase".*kpi:read/],
    ['an end that has passed', { expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt', /has passed/],
    ['an end too far away', { expiresAt: '2199-01-01T00:00:00Z' }, 'expiresAt', /at most 5 years/],
    ['a name for an address', { addresses: ['localhost'] }, 'addresses.0', /neither an address/],
    ['a block too narrow', { addresses: ['10.0.0.0/33'] }, 'addresses.0', /neither an address/],
    ['a block of blocks', { addresses: ['::1', '::/8/8'] }, 'addresses.1', /neither an address/],
    ['an address with a zone', { addresses: ['fe80::1%eth0'] }, 'addresses.0', /neither an address/],
    ['too many addresses', { addresses: Array(51).fill('::1') }, 'addresses', /At most 50/],
    ['no points', { pointsPerMinute: 0 }, 'pointsPerMinute', /from 1 to 1,000,000/],
    ['too many points', { pointsPerMinute: 1_000_001 }, 'pointsPerMinute', /from 1 to 1,000,000/],
    ['an empty key', { idempotencyKey: '' }, 'idempotencyKey', /1 to 255/],
  ])('refuses %s, and writes nothing', async (_case, input, path, message) => {
    const before = await dumpOfCommands(server)
    const refused = await create(input)
    expect(refused).toMatchObject({
      __typename: 'InvalidInput',
      code: 'INVALID',
      message: expect.stringMatching(message),
    })
    expect(refused.path.join('.')).toBe(path)
    expect(await dumpOfCommands(server)).toBe(before)
  })

  it('in a dry run checks everything, shows no secret and writes nothing', async () => {
    const before = await dumpOfCommands(server)
    const made = await create({ dryRun: true, idempotencyKey: 'once', addresses: ['10.0.0.0/8'] })
    expect(made).toMatchObject({
      dryRun: true,
      secret: null,
      audit: null,
      token: { addresses: ['10.0.0.0/8'] },
    })
    expect(await create({ dryRun: true, scopes: ['x'] })).toMatchObject({ __typename: 'InvalidInput' })
    expect(await dumpOfCommands(server)).toBe(before)
  })

  it('with an idempotency key makes one, and shows its secret to the first alone', async () => {
    const input = { idempotencyKey: 'key', name: 'once' }
    const all = await Promise.all(Array.from({ length: 8 }, () => create(input)))
    expect(new Set(all.map(({ token }) => token.id)).size).toBe(1)
    expect(new Set(all.map(({ audit }) => audit?.id)).size).toBe(1)
    const secrets = all.flatMap(({ secret }) => secret ?? [])
    expect(secrets).toHaveLength(1)
    expect(await create(input)).toMatchObject({ secret: null, token: { id: all[0]?.token.id } })
    expect(await create({ ...input, name: 'other' })).toMatchObject({ code: 'KEY_REUSED' })
    expect(await dump(server)).not.toContain(secrets[0])
  })
})

describe('nobody hands out more than they have', () => {
  it.each(Object.keys(ROLES) as Role[])('as the role %s', async (role) => {
    const secret = await server.createToken(organization, role)
    const { data, errors } = await request<{ createToken: Outcome }>(server.url, secret, CREATE, {
      input: { name: 'x', scopes: ['kpi:read'] },
    })
    const expected = role === 'admin' ? 'CreateTokenSuccess' : 'FORBIDDEN'
    expect(data?.createToken.__typename ?? errors[0]?.extensions?.['code']).toBe(expected)
  })

  it('not a single scope, whatever the token has besides', async () => {
    const own: Scope[] = ['token:read', 'token:write', 'kpi:read']
    const maker = await secretOf({ scopes: own })
    for (const scope of SCOPES) {
      const { __typename, path, message } = await create({ scopes: [scope, 'kpi:read'] }, maker)
      const expected = own.includes(scope)
        ? { __typename: 'CreateTokenSuccess' }
        : {
            __typename: 'InvalidInput',
            path: ['scopes'],
            message: `You cannot hand out what you may not do yourself: ${scope}`,
          }
      expect({ __typename, path, message }).toEqual({ path: undefined, message: undefined, ...expected })
    }
  })

  it('nor frees itself of its end, its addresses and its allowance', async () => {
    const expiresAt = now.add({ hours: 5 }).toString()
    const addresses = ['127.0.0.0/8', '2001:db8::/32']
    const limits = { scopes: ['token:read', 'token:write'], expiresAt, addresses, pointsPerMinute: 50_000 }
    const maker = await secretOf(limits)
    const scopes = ['token:read']
    const within = { scopes, expiresAt, addresses: ['127.0.0.1', '2001:db8:1::/48'], pointsPerMinute: 50_000 }
    expect(await create(within, maker)).toMatchObject({ __typename: 'CreateTokenSuccess' })
    for (const beyond of [
      { expiresAt: null },
      { expiresAt: now.add({ hours: 6 }).toString() },
      { addresses: null },
      { addresses: [] },
      { addresses: ['127.0.0.1', '10.0.0.1'] },
      { addresses: ['126.0.0.0/7'] },
      { addresses: ['0.0.0.0/0'] },
      { pointsPerMinute: null },
      { pointsPerMinute: 50_001 },
    ]) {
      expect(await create({ ...within, ...beyond }, maker)).toMatchObject({
        __typename: 'InvalidInput',
        path: [Object.keys(beyond)[0]],
      })
    }
    // Nor by way of another token that is freer.
    const free = await create({ scopes })
    expect(await rotate({ id: free.token.id }, maker)).toMatchObject({
      __typename: 'InvalidInput',
      path: ['id'],
    })
  })

  it('with a token that was revoked a moment ago, also where the server remembers it', async () => {
    const maker = await create({ scopes: ['token:read', 'token:write'] })
    const secret = maker.secret ?? ''
    expect(await refusalOf(secret)).toBeNull()
    await server.connection.sql`
      update api_token set revoked_at = now() where id = ${maker.token.id.replace('token_', '')}`
    const { errors } = await request(server.url, secret, CREATE, {
      input: { name: 'x', scopes: ['token:read'] },
    })
    expect(errors[0]?.extensions?.['code']).toBe('UNAUTHENTICATED')
  })
})

describe('rotating a token', () => {
  it('gives one like it, as long-lived, while the old one works on for a while', async () => {
    const facts = {
      name: 'exporter',
      scopes: ['kpi:read', 'goal:read'],
      expiresAt: now.add({ hours: 30 * 24 }).toString(),
      addresses: ['127.0.0.1'],
      pointsPerMinute: 777,
    }
    const old = await create(facts)
    const made = await rotate({ id: old.token.id, overlapHours: 2 })
    expect(made).toMatchObject({ __typename: 'RotateTokenSuccess', dryRun: false })
    const { expiresAt, ...rights } = made.token
    expect(rights).toMatchObject({
      ...rights,
      name: 'exporter',
      scopes: facts.scopes,
      addresses: ['127.0.0.1'],
    })
    expect(rights.pointsPerMinute).toBe(777)
    expect(hoursUntil(expiresAt)).toBeCloseTo(30 * 24, 1)
    expect(made.replaced.id).toBe(old.token.id)
    expect(hoursUntil(made.replaced.expiresAt)).toBeCloseTo(2, 2)
    expect(await refusalOf(old.secret ?? '')).toBeNull()
    expect(await refusalOf(made.secret ?? '')).toBeNull()

    now = now.add({ hours: 2, seconds: 1 })
    await expect.poll(() => refusalOf(old.secret ?? ''), { timeout: 3_000 }).not.toBeNull()
    expect(await refusalOf(made.secret ?? '')).toBeNull()
    expect((await list()).find(({ id }) => id === old.token.id)).toMatchObject({ isExpired: true })
    expect(await dump(server)).not.toContain(made.secret)
  })

  it('never lets the old one live longer than it would have, and ends it at once where it is told to', async () => {
    const short = await create({ expiresAt: now.add({ hours: 1 }).toString() })
    const { replaced } = await rotate({ id: short.token.id })
    expect(replaced.expiresAt).toBe(short.token.expiresAt)
    const other = await create({})
    expect(await rotate({ id: other.token.id, overlapHours: 0 })).toMatchObject({
      token: { expiresAt: null },
      replaced: { isExpired: true },
    })
    await expect.poll(() => refusalOf(other.secret ?? ''), { timeout: 3_000 }).not.toBeNull()
  })

  it('happens once, however many do it at the same moment', async () => {
    const old = await create({})
    const all = await Promise.all(Array.from({ length: 6 }, () => rotate({ id: old.token.id })))
    expect(all.map(({ __typename }) => __typename).toSorted()).toEqual([
      ...Array<string>(5).fill('Conflict'),
      'RotateTokenSuccess',
    ])
    const made = all.find(({ secret }) => typeof secret === 'string')
    expect(all.find(({ code }) => code === 'CONFLICT')?.message).toContain(made?.token.id)
    expect(await list()).toHaveLength(3)
    expect(await rotate({ id: made?.token.id ?? '' })).toMatchObject({ __typename: 'RotateTokenSuccess' })
  })

  it('is for those who have all its scopes', async () => {
    const strong = await create({ scopes: ['credit:write', 'kpi:read'] })
    const weak = await secretOf({ scopes: ['token:read', 'token:write', 'kpi:read'] })
    const refused = await rotate({ id: strong.token.id }, weak)
    expect(refused).toMatchObject({ __typename: 'InvalidInput', path: ['id'] })
    expect(refused.message).toContain('credit:write')
    expect(refused.message).not.toContain('kpi:read')
  })

  it('can be done by a token to itself', async () => {
    const scopes = ['token:read', 'token:write']
    const limits = { scopes, expiresAt: now.add({ hours: 9 }).toString(), addresses: ['127.0.0.1'] }
    const self = await create(limits)
    const made = await rotate({ id: self.token.id, overlapHours: 0 }, self.secret ?? '')
    expect(made).toMatchObject({ __typename: 'RotateTokenSuccess', token: { addresses: ['127.0.0.1'] } })
    expect(await refusalOf(made.secret ?? '')).toBeNull()
  })

  it('refuses overlaps beyond a month, tokens that are over, and in a dry run writes nothing', async () => {
    const { token } = await create({ expiresAt: now.add({ hours: 1 }).toString() })
    for (const overlapHours of [-1, 721]) {
      expect(await rotate({ id: token.id, overlapHours })).toMatchObject({ path: ['overlapHours'] })
    }
    const before = await dumpOfCommands(server)
    expect(await rotate({ id: token.id, overlapHours: 0, dryRun: true })).toMatchObject({
      __typename: 'RotateTokenSuccess',
      secret: null,
      audit: null,
      replaced: { id: token.id, isExpired: true },
    })
    expect(await dumpOfCommands(server)).toBe(before)
    now = now.add({ hours: 2 })
    expect(await rotate({ id: token.id })).toMatchObject({ __typename: 'Conflict', path: ['id'] })
  })

  it('with an idempotency key shows the secret once', async () => {
    const { token } = await create({})
    const input = { id: token.id, idempotencyKey: 'rotation' }
    const first = await rotate(input)
    const again = await rotate(input)
    expect(first.secret).toMatch(/^tdm_/)
    expect(again).toEqual({ ...first, secret: null })
  })
})

describe('revoking a token', () => {
  it('refuses it within a second, and closes its sockets', async () => {
    const { token, secret } = await create({ scopes: ['goal:read'] })
    const socket = subscribe(server.url, secret ?? '', 'subscription { goalProgress { kind } }')
    const event = socket.nextResult(10_000)
    event.catch(() => {})
    expect(await refusalOf(secret ?? '')).toBeNull()
    expect(await revoke(token.id, admin, { reason: 'lost' })).toMatchObject({
      __typename: 'RevokeTokenSuccess',
      audit: { id: expect.stringMatching(/^audit_/) },
    })
    const began = performance.now()
    await expect.poll(() => refusalOf(secret ?? ''), { timeout: 3_000 }).not.toBeNull()
    await expect(event).rejects.toMatchObject({ code: 4403 })
    expect(performance.now() - began).toBeLessThan(5_000)
    expect((await list()).map(({ id }) => id)).not.toContain(token.id)
    const [row] = await server.connection.sql`
      select action, reason from audit where subject = ${token.id.replace('token_', '')}
      and action = 'revokeToken'`
    expect(row).toEqual({ action: 'revokeToken', reason: 'lost' })
  })

  it('in a dry run changes nothing, and with an idempotency key answers the same again', async () => {
    const { token, secret } = await create({})
    expect(await revoke(token.id, admin, { dryRun: true })).toMatchObject({ dryRun: true, audit: null })
    expect(await refusalOf(secret ?? '')).toBeNull()
    const first = await revoke(token.id, admin, { idempotencyKey: 'gone' })
    expect(await revoke(token.id, admin, { idempotencyKey: 'gone' })).toEqual(first)
    expect(await revoke(token.id)).toMatchObject({ __typename: 'NotFound' })
  })

  it('lets two that revoke each other not wait for each other', async () => {
    const scopes = ['token:read', 'token:write']
    const [one, other] = [await create({ scopes }), await create({ scopes })]
    const answers = await Promise.all([
      request<{ revokeToken: Outcome }>(server.url, one.secret, REVOKE, { input: { id: other.token.id } }),
      request<{ revokeToken: Outcome }>(server.url, other.secret, REVOKE, { input: { id: one.token.id } }),
    ])
    const done = answers.filter(({ data }) => data?.revokeToken?.__typename === 'RevokeTokenSuccess')
    const refused = answers.filter(({ errors }) => errors[0]?.extensions?.['code'] === 'UNAUTHENTICATED')
    expect([done.length, refused.length]).toEqual([1, 1])
  })
})

describe('tokens of others', () => {
  it('are as unknown as those that there are not', async () => {
    const theirs = await server.createOrganization()
    const strange = await create({ name: 'theirs' }, await server.createToken(theirs))
    const foreign = strange.token.id
    for (const run of [(id: string) => rotate({ id }), (id: string) => revoke(id)]) {
      const unknown = encodeId('token', newUuid())
      const [answer, expected] = [await run(foreign), await run(unknown)]
      expect(answer.__typename).toBe('NotFound')
      expect(JSON.stringify(answer).replaceAll(foreign, unknown)).toBe(JSON.stringify(expected))
      for (const odd of ['', 'token_', 'goal_01990000-0000-7000-8000-000000000000', 'x'.repeat(5_000)]) {
        expect(await run(odd)).toMatchObject({ __typename: 'NotFound', path: ['id'] })
      }
    }
    expect(await refusalOf(strange.secret ?? '')).toBeNull()
    expect((await list()).map(({ name }) => name)).not.toContain('theirs')
  })
})

describe('who may use a token', () => {
  it('depends on the moment and the address, and the refusal does not tell which', async () => {
    const unknown = await refusalOf(`${admin.slice(0, -49)}${'0'.repeat(49)}`)
    expect(unknown?.code).toBe('UNAUTHENTICATED')
    const elsewhere = await secretOf({ addresses: ['10.0.0.0/8', '2001:db8::/32'] })
    const brief = await secretOf({ expiresAt: now.add({ seconds: 30 }).toString() })
    expect(await refusalOf(elsewhere)).toEqual(unknown)
    // Through the proxy of the test, which is believed.
    expect(await refusalOf(elsewhere, { 'x-forwarded-for': '10.1.2.3' })).toBeNull()
    expect(await refusalOf(elsewhere, { 'x-forwarded-for': '2001:db8:ffff::7' })).toBeNull()
    expect(await refusalOf(elsewhere, { 'x-forwarded-for': '11.0.0.1' })).toEqual(unknown)
    expect(await refusalOf(brief)).toBeNull()
    now = now.add({ seconds: 31 })
    await expect.poll(() => refusalOf(brief), { timeout: 3_000 }).toEqual(unknown)
  })

  it('is noted when it was used, not when it was refused', async () => {
    const { token, secret } = await create({ addresses: ['10.0.0.0/8'] })
    const lastUsed = async () => (await list()).find(({ id }) => id === token.id)?.lastUsedAt
    expect(await refusalOf(secret ?? '')).not.toBeNull()
    await sleep(200)
    expect(await lastUsed()).toBeNull()
    expect(await refusalOf(secret ?? '', { 'x-forwarded-for': '10.0.0.1' })).toBeNull()
    await expect.poll(lastUsed).not.toBeNull()
  })

  it('ends an open socket with the token', async () => {
    const secret = await secretOf({ scopes: ['goal:read'], expiresAt: now.add({ seconds: 30 }).toString() })
    const socket = subscribe(server.url, secret, 'subscription { goalProgress { kind } }')
    const event = socket.nextResult(10_000)
    event.catch(() => {})
    await sleep(200)
    now = now.add({ seconds: 31 })
    await expect(event).rejects.toMatchObject({ code: 4403 })
  })

  it('is listed for 30 days after its end', async () => {
    const { token } = await create({ expiresAt: now.add({ hours: 1 }).toString() })
    const ids = async () => (await list()).map(({ id }) => id)
    now = now.add({ hours: 24 * 30 })
    expect(await ids()).toContain(token.id)
    now = now.add({ hours: 2 })
    expect(await ids()).not.toContain(token.id)
  })
})

describe('the log', { timeout: 60_000 }, () => {
  it('has no secret in it, whatever it is told to log', async () => {
    const environment = { DATABASE_URL: server.databaseUrl, TIDEMARK_DEMO: '0', LOG_LEVEL: 'trace' }
    const product = await startProduct(environment, ['--no-dashboard'])
    const ask = (query: string, input: Input) => request(product.url, admin, query, { input })
    const { data } = await request<{ createToken: Outcome }>(product.url, admin, CREATE, {
      input: { name: 'logged', scopes: ['kpi:read'] },
    })
    await ask(ROTATE, { id: data?.createToken.token.id })
    await ask('mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { __typename } }', {
      email: 'logged@example.com',
      role: 'ADMIN',
    })
    await request(product.url, `${admin}x`, '{ __typename }')
    await request(product.url, data?.createToken.secret ?? null, '{ tokens { totalCount } }')
    const { stdout, stderr } = await product.stop()
    expect(stdout + stderr).not.toMatch(/td[mi]_|logged/)
  })
})

describe('the rules of a token', () => {
  const at = Temporal.Instant.from('2026-01-01T00:00:00Z')
  const mayCome = (addresses: string[] | null, address: string | null) =>
    mayBeUsed({ expiresAt: null, addresses }, at, address)

  it('end it at the moment itself', () => {
    const until = (expiresAt: Temporal.Instant) => mayBeUsed({ expiresAt, addresses: null }, at, null)
    expect(until(at.add({ nanoseconds: 1 }))).toBe(true)
    expect(until(at)).toBe(false)
  })

  it.each<[string, string | null, boolean]>([
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['192.0.2.7', '::ffff:192.0.2.7', true],
    ['::ffff:192.0.2.0/120', '192.0.2.7', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['2001:db8::/32', '2001:DB8:0:0::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['::1', null, false],
    ['::1', 'unknown', false],
  ])('let %s in from %s: %s', (block, address, expected) => {
    expect(mayCome([block], address)).toBe(expected)
    expect(mayCome(['198.51.100.1', block], address)).toBe(expected)
  })

  it('let it in from everywhere where no address is stated', () => {
    expect([null, []].map((addresses) => mayCome(addresses, null))).toEqual([true, true])
  })

  it.each(['', 'x', '1.2.3', '1.2.3.4/', '1.2.3.4/-1', '1.2.3.4/08x', '::/129', '::ffff:1.2.3.4/95'])(
    'know "%s" for no address',
    (text) => expect(readBlock(text)).toBeNull(),
  )
})

const hoursUntil = (moment: string | null): number =>
  now.until(Temporal.Instant.from(moment ?? '')).total('hours')
