/** Rights that change while a stream is open, over real WebSockets: what is not allowed any more ends within seconds. */
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { Scope } from '@tidemark/server/access/scopes.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openDesk, type Desk } from '../support/goals.ts'
import { execute } from '../support/graphql.ts'
import { join } from '../support/people.ts'
import { openRawSocket, type RawSocket } from '../support/raw-socket.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { makeToken } from '../support/tokens.ts'

let server: TestServer
let desk: Desk
let organization: OrganizationRow
let now = Temporal.Instant.from('2026-07-01T12:00:00Z')
beforeAll(async () => {
  server = await startTestServer({ clock: () => now })
})
afterAll(() => server.close())
beforeEach(async () => {
  desk = await openDesk(server, '')
  ;({ organization } = desk)
})

const GOALS = 'subscription { goalProgress { goal { name } } }'
const CUSTOMERS = 'subscription { customerChanged { kind customer { number } } }'

const follow = (raw: RawSocket, id: string, query: string) =>
  raw.send({ id, type: 'subscribe', payload: { query } })
const framesOf = (raw: RawSocket, id: string) => raw.frames.filter((frame) => frame.id === id)
const typesOf = (raw: RawSocket, id: string) => framesOf(raw, id).map(({ type }) => type)
/** How often the stream ended with an error, and whether that is the last that was heard of it. */
const errorsOf = (raw: RawSocket, id: string) => {
  const types = typesOf(raw, id)
  return [types.filter((type) => type === 'error').length, types.at(-1)]
}
const soon = { timeout: 5_000, interval: 20 }

const tokenWith = (scopes: readonly Scope[]) => makeToken(server.connection, organization, { scopes })
const setScopes = (tokenId: string, scopes: readonly Scope[]) =>
  server.connection
    .sql`update api_token set scopes = ${[...scopes]} where organization_id = ${organization.id} and id = ${tokenId}`

describe('a token', () => {
  it('that loses a scope loses the streams that need it, and no other; what it gains counts from the next', async () => {
    const all = ['goal:read', 'customer:read', 'schema:read'] as const
    const { id, secret } = await tokenWith(all)
    await desk.create()
    const raw = await openRawSocket(server.url, { token: secret })
    follow(raw, 'goals', GOALS)
    follow(raw, 'customers', CUSTOMERS)
    await expect.poll(() => typesOf(raw, 'goals')[0], soon).toBe('next')
    await expect.poll(() => typesOf(raw, 'customers'), soon).toEqual(['next'])
    await setScopes(id, ['customer:read', 'schema:read'])
    await expect.poll(() => errorsOf(raw, 'goals'), soon).toEqual([1, 'error'])
    expect(framesOf(raw, 'goals').at(-1)?.payload).toMatchObject([
      {
        message: '`Subscription.goalProgress` needs the scope `goal:read`, which this token does not have.',
        extensions: { code: 'FORBIDDEN' },
      },
    ])
    // Its name is free again, and what it is for is refused.
    follow(raw, 'goals', GOALS)
    await expect.poll(() => errorsOf(raw, 'goals'), soon).toEqual([2, 'error'])
    await desk.bill([1])
    await expect.poll(() => typesOf(raw, 'customers'), soon).toEqual(['next', 'next'])
    expect(errorsOf(raw, 'goals')).toEqual([2, 'error'])
    await setScopes(id, all)
    const back = async () => {
      follow(raw, `goals ${raw.frames.length}`, GOALS)
      await new Promise((resolve) => setTimeout(resolve, 100))
      return raw.frames.filter(({ id: name, type }) => name?.startsWith('goals ') && type === 'next').length
    }
    await expect.poll(back, soon).toBeGreaterThan(0)
    expect(raw.socket.readyState).toBe(raw.socket.OPEN)
    await raw.close()
  })

  it('that expires loses its socket then', async () => {
    const { id, secret } = await tokenWith(['goal:read'])
    const ends = now.add({ minutes: 5 })
    await server.connection
      .sql`update api_token set expires_at = ${ends.toString()} where organization_id = ${organization.id} and id = ${id}`
    const raw = await openRawSocket(server.url, { token: secret })
    follow(raw, '1', GOALS)
    now = ends.subtract({ seconds: 1 })
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(raw.socket.readyState).toBe(raw.socket.OPEN)
    now = ends
    expect(await raw.closed).toEqual({ code: 4403, reason: 'Forbidden' })
  })
})

describe('a person', () => {
  it('whose role changes loses the streams that the new one may not have', async () => {
    const visitor = await join(server, organization, 'mia@streams.example', 'manager')
    const raw = await openRawSocket(server.url, {
      person: { cookie: visitor.cookie(), organization: organization.slug },
      headers: { origin: server.url },
    })
    const channels = 'subscription { alertRaised { alert { rule { channels { name } } } } }'
    follow(raw, 'channels', channels)
    follow(raw, 'alerts', 'subscription { alertRaised { kind } }')
    await expect
      .poll(() => [...typesOf(raw, 'channels'), ...typesOf(raw, 'alerts')], soon)
      .toEqual(['next', 'next'])
    const { members } = await desk.ask<{ members: { nodes: { id: string; email: string }[] } }>(
      '{ members { nodes { id email } } }',
    )
    const person = members.nodes.find(({ email }) => email === 'mia@streams.example')?.id
    const began = performance.now()
    await execute(
      server.url,
      desk.token,
      'mutation ($input: ChangeMemberRoleInput!) { changeMemberRole(input: $input) { __typename ... on Problem { message } } }',
      { input: { id: person, role: 'VIEWER' } },
    )
    await expect.poll(() => typesOf(raw, 'channels'), soon).toEqual(['next', 'error'])
    expect(performance.now() - began).toBeLessThan(4_000)
    expect(JSON.stringify(framesOf(raw, 'channels').at(-1)?.payload)).toContain(
      'needs the scope `alert:manage`, which the role viewer does not have.',
    )
    expect(typesOf(raw, 'alerts')).toEqual(['next'])
    await raw.close()
  })
})
