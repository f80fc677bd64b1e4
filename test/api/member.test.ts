import { once } from 'node:events'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { membership } from '@tidemark/drizzle/tables/access.ts'
import { goal } from '@tidemark/drizzle/tables/goal.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { type Role, ROLES, type Scope, SCOPES } from '@tidemark/server/access/scopes.ts'
import { sourceOf } from '@tidemark/server/ledger/origin.ts'
import { encodeId, newUuid } from '@tidemark/server/ids.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dump, dumpOfCommands } from '../support/dump.ts'
import { WebSocket } from 'ws'
import { execute, request } from '../support/graphql.ts'
import { join, PASSWORD, visit, type Visitor } from '../support/people.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { makeToken } from '../support/tokens.ts'

let server: TestServer
let organization: OrganizationRow
/** Signed in as the only administrator. */
let admin: Visitor

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())
beforeEach(async () => {
  // Links that are tried in vain lock the address that all of these tests come from.
  await server.connection.sql`delete from identity.attempt`
  organization = await server.createOrganization()
  admin = await join(server, organization, emailOf('admin'), 'admin')
})

/** E-mails are those of sign-in, which all organizations of the server share. */
const emailOf = (name: string): string => `${name}@${organization.slug}.example`

const PROBLEM = '... on Problem { code message path }'
const MUTATIONS = {
  inviteMember: `InviteMemberSuccess { invitation { id email role invitedBy createdAt expiresAt } link dryRun audit { id } }`,
  revokeInvitation: `RevokeInvitationSuccess { invitation { id } dryRun audit { id } }`,
  changeMemberRole: `ChangeMemberRoleSuccess { member { id role email since person { name } } previous revokedTokens dryRun audit { id } }`,
  removeMember: `RemoveMemberSuccess { person { id name } revokedTokens dryRun audit { id } }`,
  erasePerson: `ErasePersonSuccess { person { id name } revokedTokens dryRun audit { id } }`,
} as const
type Mutation = keyof typeof MUTATIONS

type Outcome = {
  readonly __typename: string
  readonly code?: string
  readonly message?: string
  readonly path?: readonly string[]
  readonly dryRun: boolean
  readonly audit: { readonly id: string } | null
  readonly invitation: { readonly id: string; readonly email: string; readonly invitedBy: string }
  readonly link: string | null
  readonly member: { readonly id: string; readonly role: string }
  readonly person: { readonly id: string; readonly name: string }
  readonly revokedTokens: number
}
type Input = Readonly<Record<string, unknown>>
type Answer = { readonly data?: Readonly<Record<string, Outcome | null>> | null; readonly errors?: Fault[] }
type Fault = { readonly message: string; readonly extensions: { readonly code: string } }

const documentOf = (name: Mutation): string => {
  const input = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input!`
  return `mutation ($input: ${input}) { ${name}(input: $input) { __typename ... on ${MUTATIONS[name]} ${PROBLEM} } }`
}

/** What a mutation answers to somebody who is signed in: its outcome, or the code of the error. */
const ask = async (name: Mutation, input: Input, by = admin): Promise<Outcome> => {
  const { body } = await by.post('/graphql', { query: documentOf(name), variables: { input } })
  const { data, errors } = body as Answer
  const outcome = data?.[name]
  if (outcome != null) return outcome
  throw Object.assign(new Error(errors?.[0]?.message), { code: errors?.[0]?.extensions.code })
}

/** The same for a token. */
const askAs = async (token: string, name: Mutation, input: Input): Promise<Outcome | string> => {
  const { data, errors } = await request<Record<string, Outcome>>(server.url, token, documentOf(name), {
    input,
  })
  return data?.[name] ?? String(errors[0]?.extensions?.['code'])
}

type People = {
  readonly members: {
    readonly nodes: readonly { readonly id: string; readonly role: string; readonly email: string }[]
  }
  readonly invitations: { readonly nodes: readonly { readonly id: string; readonly email: string }[] }
}
const people = async (by = admin): Promise<People> => {
  const answer = (await by.graphql(
    '{ members { nodes { id role email person { name } since } } invitations { nodes { id email role invitedBy } } }',
  )) as { data: People }
  return answer.data
}

const idOf = async (email: string): Promise<string> =>
  (await people()).members.nodes.find((member) => member.email === email)?.id ?? 'nobody'

const viewerOf = (by: Visitor) => by.graphql('{ viewer { kind name role scopes person { name } } }')
const isOut = async (by: Visitor) => JSON.stringify(await viewerOf(by)).includes('UNAUTHENTICATED')

const accept = (link: string | null, name = 'New Member', as = visit(server)) =>
  as.post('/session/invitation', { token: link?.split('#')[1], name, password: PASSWORD })

/** A token as somebody made it who is named so in the audit. */
const tokenBy = (actor: string, scopes: readonly Scope[] = SCOPES) =>
  makeToken(server.connection, organization, { actor, scopes })

describe('inviting somebody', () => {
  it('makes a link that is shown once, and makes whoever has it a member, once', async () => {
    const invited = await ask('inviteMember', {
      email: ` Bob@${organization.slug}.EXAMPLE `,
      role: 'COLLECTOR',
    })
    expect(invited).toMatchObject({
      __typename: 'InviteMemberSuccess',
      dryRun: false,
      audit: { id: expect.stringMatching(/^audit_/) },
      invitation: { email: emailOf('bob'), role: 'COLLECTOR', invitedBy: `Person ${emailOf('admin')}` },
    })
    expect(invited.link).toMatch(new RegExp(`^${server.url}/invitation#tdi_\\w+$`))
    expect((await people()).invitations.nodes).toMatchObject([{ id: invited.invitation.id }])
    const secret = invited.link?.split('#')[1] ?? 'none'
    expect(await dump(server)).not.toContain(secret)

    const bob = visit(server)
    expect(await accept(invited.link, 'Bob Ray', bob)).toMatchObject({ status: 200 })
    expect((await accept(invited.link)).status).toBe(410)
    expect(await viewerOf(bob)).toMatchObject({
      data: {
        viewer: {
          kind: 'MEMBER',
          name: 'Bob Ray',
          role: 'COLLECTOR',
          scopes: ROLES.collector,
          person: { name: 'Bob Ray' },
        },
      },
    })
    const { members, invitations } = await people()
    expect(members.nodes).toMatchObject([
      { email: emailOf('bob'), role: 'COLLECTOR', person: { name: 'Bob Ray' } },
      { email: emailOf('admin'), role: 'ADMIN' },
    ])
    expect(invitations.nodes).toEqual([])
    expect(await ask('revokeInvitation', { id: invited.invitation.id })).toMatchObject({
      __typename: 'Conflict',
      message: expect.stringContaining('accepted'),
    })
    expect(await ask('inviteMember', { email: emailOf('bob'), role: 'VIEWER' })).toMatchObject({
      __typename: 'Conflict',
      path: ['email'],
    })
  })

  it('leaves one open invitation to an e-mail, the last, however many are made at the same moment', async () => {
    const first = await ask('inviteMember', { email: emailOf('eve'), role: 'VIEWER' })
    const more = await Promise.all(
      Array.from({ length: 5 }, () => ask('inviteMember', { email: emailOf('eve'), role: 'SALES' })),
    )
    const { invitations } = await people()
    expect(invitations.nodes).toHaveLength(1)
    const last = more.find(({ invitation }) => invitation.id === invitations.nodes[0]?.id)
    for (const { link } of [first, ...more.filter((one) => one !== last)]) {
      expect((await accept(link)).status).toBe(410)
    }
    expect((await accept(last?.link ?? null)).status).toBe(200)
  })

  it('in a dry run, or for no e-mail, writes nothing', async () => {
    const before = await dumpOfCommands(server)
    expect(await ask('inviteMember', { email: emailOf('dry'), role: 'VIEWER', dryRun: true })).toMatchObject({
      __typename: 'InviteMemberSuccess',
      link: null,
      audit: null,
      dryRun: true,
      invitation: { email: emailOf('dry') },
    })
    for (const email of [
      '',
      'nobody',
      'a@b',
      `${'x'.repeat(300)}@a.example`,
      'a b@c.example',
      '"a@b.example',
    ]) {
      expect(await ask('inviteMember', { email, role: 'VIEWER' })).toMatchObject({
        __typename: 'InvalidInput',
        path: ['email'],
      })
    }
    expect(await dumpOfCommands(server)).toBe(before)
  })

  it('with an idempotency key makes one link, and keeps neither it nor the e-mail with the key', async () => {
    const input = { email: emailOf('key'), role: 'VIEWER', idempotencyKey: 'invitation' }
    const all = await Promise.all(Array.from({ length: 5 }, () => ask('inviteMember', input)))
    expect(new Set(all.map(({ invitation }) => invitation.id)).size).toBe(1)
    expect(all.filter(({ link }) => link !== null)).toHaveLength(1)
    expect(await ask('inviteMember', input)).toMatchObject({ link: null, invitation: all[0]?.invitation })
    const kept = await server.connection.sql`
      select outcome::text from idempotency_key where organization_id = ${organization.id}`
    expect(JSON.stringify(kept)).not.toMatch(/tdi_|@/)
  })

  it('can be undone, but not at the same moment as it is accepted', async () => {
    for (let round = 0; round < 6; round++) {
      const email = emailOf(`round-${round}`)
      const { invitation, link } = await ask('inviteMember', { email, role: 'VIEWER' })
      const [accepted, revoked] = await Promise.all([
        accept(link, `Round ${round}`),
        ask('revokeInvitation', { id: invitation.id }),
      ])
      const outcome = [accepted.status, revoked.__typename].join(' ')
      expect(['200 Conflict', '410 RevokeInvitationSuccess']).toContain(outcome)
      expect((await idOf(email)) !== 'nobody').toBe(accepted.status === 200)
    }
    const { invitation, link } = await ask('inviteMember', { email: emailOf('late'), role: 'VIEWER' })
    expect(await ask('revokeInvitation', { id: invitation.id, dryRun: true })).toMatchObject({ audit: null })
    expect(await ask('revokeInvitation', { id: invitation.id })).toMatchObject({ dryRun: false })
    expect(await ask('revokeInvitation', { id: invitation.id })).toMatchObject({ __typename: 'NotFound' })
    expect((await accept(link)).status).toBe(410)
  })
})

describe('nobody hands out more than they have', () => {
  const roles = Object.keys(ROLES) as Role[]

  it.each(roles.filter((role) => role !== 'admin'))('nor anything at all as the role %s', async (role) => {
    const email = emailOf(role)
    const weak = await join(server, organization, email, role)
    const id = await idOf(email)
    const inputs: Record<Mutation, Input> = {
      inviteMember: { email: emailOf('friend'), role: 'VIEWER' },
      revokeInvitation: { id: 'invitation_01990000-0000-7000-8000-000000000000' },
      changeMemberRole: { id, role: 'ADMIN' },
      removeMember: { id: await idOf(emailOf('admin')) },
      erasePerson: { id, reason: 'x' },
    }
    for (const [name, input] of Object.entries(inputs) as [Mutation, Input][]) {
      await expect(ask(name, input, weak)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    }
    expect(await idOf(email)).toBe(id)
  })

  it.each(roles)('as a token that may write members and what a %s may', async (own) => {
    const scopes: readonly Scope[] = [...new Set<Scope>([...ROLES[own], 'member:read', 'member:write'])]
    const { secret } = await tokenBy('terminal', scopes)
    const other = await join(server, organization, emailOf('other'), 'viewer')
    const id = await idOf(emailOf('other'))
    for (const role of roles) {
      await setRole(id, 'viewer')
      const isWithin = ROLES[role].every((scope) => scopes.includes(scope))
      const expected = (success: string) =>
        isWithin ? { __typename: success } : { __typename: 'InvalidInput', path: ['role'] }
      const wanted = { role: role.toUpperCase(), dryRun: true }
      expect(await askAs(secret, 'inviteMember', { ...wanted, email: emailOf('x') })).toMatchObject(
        expected('InviteMemberSuccess'),
      )
      expect(await askAs(secret, 'changeMemberRole', { ...wanted, id })).toMatchObject(
        expected('ChangeMemberRoleSuccess'),
      )
      // Nor does it take from somebody what it has not itself.
      await setRole(id, role)
      const taken = isWithin
        ? { __typename: 'RemoveMemberSuccess' }
        : { __typename: 'InvalidInput', path: ['id'] }
      expect(await askAs(secret, 'removeMember', { id, dryRun: true })).toMatchObject(taken)
    }
    expect(await isOut(other)).toBe(false)
  })

  it('to themselves', async () => {
    await join(server, organization, emailOf('second'), 'admin')
    const id = await idOf(emailOf('admin'))
    for (const role of ['VIEWER', 'ADMIN']) {
      expect(await ask('changeMemberRole', { id, role })).toMatchObject({
        __typename: 'InvalidInput',
        path: ['id'],
      })
    }
  })
})

describe('changing a role', () => {
  it('holds within a second, and says what the role was', async () => {
    const ann = await join(server, organization, emailOf('ann'), 'viewer')
    const id = await idOf(emailOf('ann'))
    const input = { id, role: 'CREDIT_MANAGER', reason: 'promoted', idempotencyKey: 'promotion' }
    expect(await ask('changeMemberRole', { ...input, dryRun: true })).toMatchObject({
      member: { id, role: 'CREDIT_MANAGER' },
      audit: null,
    })
    expect((await people()).members.nodes).toContainEqual(expect.objectContaining({ id, role: 'VIEWER' }))
    const changed = await ask('changeMemberRole', input)
    expect(changed).toMatchObject({ member: { id, role: 'CREDIT_MANAGER' }, previous: 'VIEWER' })
    expect(await ask('changeMemberRole', input)).toEqual(changed)
    await expect
      .poll(() => viewerOf(ann), { timeout: 3_000 })
      .toMatchObject({ data: { viewer: { role: 'CREDIT_MANAGER', scopes: ROLES.credit_manager } } })
    const rows = await server.connection.sql`
      select subject, before, after, reason from audit
      where organization_id = ${organization.id} and action = 'changeMemberRole'`
    expect(rows).toEqual([
      {
        subject: id.replace('person_', ''),
        before: { role: 'viewer' },
        after: { role: 'credit_manager', revokedTokens: [], revokedInvitations: [] },
        reason: 'promoted',
      },
    ])
  })

  it('takes what the member made that may do more than they may now, unless it is to be kept', async () => {
    const dev = await join(server, organization, emailOf('dev'), 'admin')
    const id = await idOf(emailOf('dev'))
    const actor = `member:${id.replace('person_', '')}`
    const strong = await tokenBy(actor)
    const ofStrong = await tokenBy(`token:${strong.id}`, ['kpi:read', 'credit:write'])
    const weak = await tokenBy(`token:${strong.id}`, ['kpi:read'])
    const tempting = await ask('inviteMember', { email: emailOf('alias'), role: 'ADMIN' }, dev)
    const harmless = await ask('inviteMember', { email: emailOf('guest'), role: 'VIEWER' }, dev)
    const input = { id, role: 'SALES' }
    const isIn = async ({ secret }: { secret: string }) =>
      (await request(server.url, secret, '{ __typename }')).errors.length === 0
    const ins = async () => [await isIn(strong), await isIn(ofStrong), await isIn(weak)]

    expect(await ask('changeMemberRole', { ...input, keepTokens: true, dryRun: true })).toMatchObject({
      revokedTokens: 0,
    })
    expect(await ask('changeMemberRole', input)).toMatchObject({ revokedTokens: 2 })
    await expect.poll(ins, { timeout: 3_000 }).toEqual([false, false, true])
    expect((await accept(tempting.link)).status).toBe(410)
    expect((await accept(harmless.link)).status).toBe(200)
  })

  it('leaves an administrator', async () => {
    const admins = [admin, await join(server, organization, emailOf('second'), 'admin')]
    const ids = [await idOf(emailOf('second')), await idOf(emailOf('admin'))]
    const { secret } = await tokenBy('terminal')
    const answers = await Promise.allSettled(
      admins.map((by, index) => ask('changeMemberRole', { id: ids[index], role: 'VIEWER' }, by)),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    const last = (await membersOf()).find(({ role }) => role === 'admin')
    const id = encodeId('person', last?.personId ?? '')
    for (const [name, input] of [
      ['changeMemberRole', { id, role: 'MANAGER' }],
      ['removeMember', { id }],
      ['erasePerson', { id, reason: 'x' }],
    ] as const) {
      expect(await askAs(secret, name, input)).toMatchObject({ __typename: 'Conflict', path: ['id'] })
    }
    expect(await askAs(secret, 'changeMemberRole', { id, role: 'ADMIN' })).toMatchObject({
      previous: 'ADMIN',
    })
  })
})

describe('removing a member', () => {
  it('ends their sessions, tokens and invitations, with what those had made', async () => {
    const bob = await join(server, organization, emailOf('bob'), 'admin')
    const id = await idOf(emailOf('bob'))
    const actor = `member:${id.replace('person_', '')}`
    const own = await tokenBy(actor)
    const second = await tokenBy(`token:${own.id}`)
    const third = await tokenBy(`token:${second.id}`)
    const others = await tokenBy('terminal')
    const byBob = await ask('inviteMember', { email: emailOf('friend'), role: 'ADMIN' }, bob)
    const byToken = await askAs(third.secret, 'inviteMember', { email: emailOf('pal'), role: 'ADMIN' })
    await ask('inviteMember', { email: emailOf('kept'), role: 'VIEWER' })
    const closed = await socketOf(bob)

    const before = await dumpOfCommands(server)
    expect(await ask('removeMember', { id, dryRun: true })).toMatchObject({ revokedTokens: 3, audit: null })
    expect(await dumpOfCommands(server)).toBe(before)

    expect(await ask('removeMember', { id, reason: 'left', idempotencyKey: 'leave' })).toMatchObject({
      __typename: 'RemoveMemberSuccess',
      revokedTokens: 3,
      person: { id },
    })
    await expect.poll(() => isOut(bob), { timeout: 3_000 }).toBe(true)
    expect(await closed()).toBe(4403)
    for (const { secret } of [own, second, third]) {
      await expect
        .poll(() => askAs(secret, 'removeMember', { id }), { timeout: 3_000 })
        .toBe('UNAUTHENTICATED')
    }
    expect(await askAs(others.secret, 'removeMember', { id })).toMatchObject({ __typename: 'NotFound' })
    expect(await ask('removeMember', { id, reason: 'left', idempotencyKey: 'leave' })).toMatchObject({
      revokedTokens: 3,
    })
    expect((await people()).invitations.nodes.map(({ email }) => email)).toEqual([emailOf('kept')])
    for (const { link } of [byBob, byToken as Outcome]) expect((await accept(link)).status).toBe(410)
  })

  it('keeps the tokens where it is told to', async () => {
    await join(server, organization, emailOf('dev'), 'admin')
    const id = await idOf(emailOf('dev'))
    const { secret } = await tokenBy(`member:${id.replace('person_', '')}`)
    expect(await ask('removeMember', { id, keepTokens: true })).toMatchObject({ revokedTokens: 0 })
    expect(await execute(server.url, secret, '{ tokens { nodes { createdBy } } }')).toMatchObject({
      tokens: { nodes: [{ createdBy: `Person ${emailOf('dev')}` }] },
    })
  })

  it('happens to one of two who remove each other, and to nobody who acts no more', async () => {
    const second = await join(server, organization, emailOf('second'), 'admin')
    await join(server, organization, emailOf('third'), 'admin')
    const ids = [await idOf(emailOf('second')), await idOf(emailOf('admin'))]
    const answers = await Promise.allSettled([
      ask('removeMember', { id: ids[0] }, admin),
      ask('removeMember', { id: ids[1] }, second),
    ])
    expect(answers.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(answers.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'UNAUTHENTICATED' },
    })
    expect(await membersOf()).toHaveLength(2)
  })
})

describe('erasing a person', () => {
  /** Where a person's name, e-mail, address or program stands. */
  const traces = async (texts: readonly string[]): Promise<string[]> => {
    const lines = (await dump(server)).split('\n')
    return lines
      .filter((line) => texts.some((text) => line.includes(text)))
      .map((line) => line.split(' ')[0] ?? '')
  }

  it('leaves nothing that tells who it was, and all that they did', async () => {
    const email = emailOf('eva.lind')
    const link = (await ask('inviteMember', { email, role: 'ADMIN' })).link
    const eva = visit(server)
    await accept(link, 'Eva Lindqvist', eva)
    const id = await idOf(email)
    const personId = id.replace('person_', '')
    // From two programs, so that two origins of hers must be told apart once they are empty.
    for (const agent of ['Evas-Browser/1', 'Evas-Browser/2']) {
      const query = documentOf('inviteMember')
      const variables = { input: { email: emailOf(agent.toLowerCase().replace('/', '-')), role: 'VIEWER' } }
      await eva.post('/graphql', { query, variables }, { 'user-agent': agent })
    }
    const token = await tokenBy(`member:${personId}`)
    await giveGoal(personId)
    await ask('inviteMember', { email: emailOf('kept'), role: 'VIEWER' })
    const marks = ['Eva Lindqvist', 'eva.lind', 'Evas-Browser']
    expect((await traces(marks)).toSorted()).toEqual([
      'identity."user"',
      'public.invitation',
      'public.origin',
      'public.person',
    ])
    const auditBefore = await auditOf()

    const input = { id, reason: 'asked for it', idempotencyKey: 'erasure' }
    expect(await ask('erasePerson', { ...input, dryRun: true })).toMatchObject({ dryRun: true, audit: null })
    expect(await viewerOf(eva)).toMatchObject({ data: { viewer: { name: 'Eva Lindqvist' } } })
    const erased = await ask('erasePerson', input)
    const name = `Erased person ${personId.slice(-4)}`
    expect(erased).toMatchObject({ __typename: 'ErasePersonSuccess', person: { id, name }, revokedTokens: 1 })
    expect(await ask('erasePerson', input)).toEqual(erased)
    expect(await ask('erasePerson', { id, reason: 'again' })).toMatchObject({ __typename: 'Conflict' })

    await expect.poll(() => isOut(eva), { timeout: 3_000 }).toBe(true)
    expect(await traces(marks)).toEqual([])
    expect((await auditOf()).slice(0, auditBefore.length)).toEqual(auditBefore)
    expect(await askAs(token.secret, 'removeMember', { id })).toBe('UNAUTHENTICATED')
    expect(await admin.graphql('{ goals { nodes { owner { id name } } } }')).toMatchObject({
      data: { goals: { nodes: [{ owner: { id, name } }] } },
    })
    const origins = await server.connection.sql`
      select address, agent from origin where organization_id = ${organization.id} and person_id = ${personId}`
    expect(origins.length).toBeGreaterThanOrEqual(2)
    for (const row of origins)
      expect(row).toEqual({ address: null, agent: expect.stringMatching(/^erased /) })
    expect((await accept(link)).status).toBe(410)

    const { data } = (await admin.graphql(`{ verifyAuditLog { isIntact } auditEntries(first: 1000) {
      nodes { action actor { name } origin { address agent } } } }`)) as {
      data: {
        verifyAuditLog: unknown
        auditEntries: { nodes: { actor: { name: string }; origin: unknown }[] }
      }
    }
    expect(data.verifyAuditLog).toEqual({ isIntact: true })
    const hers = data.auditEntries.nodes.filter(({ actor }) => actor.name === name)
    expect(hers.length).toBeGreaterThanOrEqual(3)
    expect(hers.filter(({ origin }) => origin !== null)).toEqual([])
  })

  it('keeps no address of theirs that is noted down at the same moment, or later', async () => {
    await join(server, organization, emailOf('quick'), 'viewer')
    const id = await idOf(emailOf('quick'))
    const actor = { kind: 'member', id: id.replace('person_', '') } as const
    const noteFrom = (address: string) =>
      sourceOf(server.connection, organization.id, actor, { requestId: null, address, agent: 'Browser' })
    const notes = Array.from({ length: 10 }, (_, index) => noteFrom(`192.0.2.${index}`))
    await Promise.all([...notes, ask('erasePerson', { id, reason: 'gone' })])
    await noteFrom('192.0.2.99')
    const kept = await server.connection.sql`
      select address, agent from origin where person_id = ${actor.id} and (address is not null or agent = 'Browser')`
    expect(kept).toEqual([])
  })

  it('leaves their sign-in to the other organizations that have them', async () => {
    const email = emailOf('multi')
    const multi = await join(server, organization, email, 'viewer')
    const other = await server.createOrganization()
    const { link } = await inviteTo(other, email)
    expect(await accept(link, 'Multi', multi)).toMatchObject({ status: 200 })
    expect(await ask('erasePerson', { id: await idOf(email), reason: 'left' })).toMatchObject({
      __typename: 'ErasePersonSuccess',
    })
    await expect
      .poll(() => multi.graphql('{ organization { slug } }'))
      .toMatchObject({
        data: { organization: { slug: other.slug } },
      })
  })

  it('takes the sign-in of somebody who was removed before', async () => {
    await join(server, organization, emailOf('former'), 'viewer')
    const id = await idOf(emailOf('former'))
    await ask('removeMember', { id })
    expect(await traces([emailOf('former')])).toContain('identity."user"')
    expect(await ask('erasePerson', { id, reason: 'asked for it' })).toMatchObject({ revokedTokens: 0 })
    expect(await traces([emailOf('former')])).toEqual([])
  })

  it('works for people who never signed in, and gives each a name of their own', async () => {
    const ids = ['01990000-0000-7000-8000-00000000abcd', '01990000-0000-7000-8000-11110000abcd']
    await inTransaction(server.connection, { organizationId: organization.id, mode: 'write' }, async (tx) => {
      for (const [index, id] of ids.entries())
        await tx.insert(person).values({ organizationId: organization.id, id, name: `Owner ${index}` })
    })
    const names: string[] = []
    for (const id of ids) {
      const erased = await ask('erasePerson', { id: encodeId('person', id), reason: 'gone' })
      names.push(erased.person.name)
    }
    expect(names).toEqual(['Erased person abcd', 'Erased person 0000abcd'])
    expect(await ask('erasePerson', { id: encodeId('person', ids[0] ?? ''), reason: ' ' })).toMatchObject({
      __typename: 'InvalidInput',
      path: ['reason'],
    })
  })
})

describe('members of others', () => {
  it('are as unknown as those that there are not', async () => {
    const theirs = await server.createOrganization()
    await join(server, theirs, `them@${theirs.slug}.example`, 'viewer')
    const { invitationId } = await inviteTo(theirs, `more@${theirs.slug}.example`)
    const [row] = await server.connection.sql<{ id: string }[]>`
      select person_id as id from membership where organization_id = ${theirs.id}`
    const before = await dumpOfCommands(server)
    for (const [name, type, foreign, input] of [
      ['revokeInvitation', 'invitation', invitationId, {}],
      ['changeMemberRole', 'person', row?.id, { role: 'VIEWER' }],
      ['removeMember', 'person', row?.id, {}],
      ['erasePerson', 'person', row?.id, { reason: 'x' }],
    ] as const) {
      const [strange, unknown] = [encodeId(type, foreign ?? ''), encodeId(type, newUuid())]
      const answer = await ask(name, { id: strange, ...input })
      expect(answer).toMatchObject({ __typename: 'NotFound', path: ['id'] })
      const expected = await ask(name, { id: unknown, ...input })
      expect(JSON.stringify(answer).replaceAll(strange, unknown)).toBe(JSON.stringify(expected))
      for (const odd of ['', foreign ?? '', `${type}_`, `x${strange}`]) {
        expect(await ask(name, { id: odd, ...input })).toMatchObject({ __typename: 'NotFound' })
      }
    }
    expect(await dumpOfCommands(server)).toBe(before)
    expect(JSON.stringify(await people())).not.toContain(theirs.slug)
  })
})

describe('the audit', () => {
  it('knows no e-mail, no name and no secret', async () => {
    const { link, invitation } = await ask('inviteMember', { email: emailOf('quiet'), role: 'VIEWER' })
    await ask('revokeInvitation', { id: invitation.id })
    const again = await ask('inviteMember', { email: emailOf('quiet'), role: 'VIEWER' })
    await accept(again.link, 'Quiet Person')
    const id = await idOf(emailOf('quiet'))
    await ask('changeMemberRole', { id, role: 'SALES' })
    await ask('removeMember', { id })
    const text = JSON.stringify(await auditOf())
    expect(text).toContain('removeMember')
    expect(text).not.toMatch(/quiet|@|tdi_|tdm_/i)
    expect(text).not.toContain(link?.split('#')[1] ?? 'none')
  })
})

/** An open socket of somebody who is signed in; gives the code that it is closed with. */
const socketOf = async (by: Visitor): Promise<() => Promise<number>> => {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
    headers: { cookie: by.cookie(), origin: server.url },
  })
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  socket.once('open', () => socket.send(JSON.stringify({ type: 'connection_init' })))
  const [acknowledged] = (await once(socket, 'message')) as [Buffer]
  expect(JSON.parse(acknowledged.toString())).toMatchObject({ type: 'connection_ack' })
  return () => closed
}

const auditOf = async () => {
  const rows = await server.connection.sql`
    select actor, action, subject, before, after, reason, hash from audit
    where organization_id = ${organization.id} order by recorded_at, id`
  return [...rows]
}

const membersOf = () =>
  inTransaction(server.connection, { organizationId: organization.id, mode: 'read' }, (tx) =>
    tx.select({ personId: membership.personId, role: membership.role }).from(membership),
  )

const setRole = (id: string, role: Role) =>
  server.connection.sql`update membership set role = ${role} where person_id = ${id.replace('person_', '')}`

/** An invitation of another organization. */
const inviteTo = async (other: OrganizationRow, email: string) => {
  const secret = await server.createToken(other)
  const { inviteMember } = await execute<{ inviteMember: Outcome }>(
    server.url,
    secret,
    documentOf('inviteMember'),
    { input: { email, role: 'VIEWER' } },
  )
  return { link: inviteMember.link, invitationId: inviteMember.invitation.id.replace('invitation_', '') }
}

const giveGoal = (ownerId: string) =>
  inTransaction(server.connection, { organizationId: organization.id, mode: 'write' }, async (tx) => {
    const day = Temporal.PlainDate.from('2026-01-01')
    await tx.insert(goal).values({
      organizationId: organization.id,
      id: newUuid(),
      name: 'Collect',
      metric: 'OPEN_INVOICE_COUNT',
      direction: 'DECREASE',
      filter: {},
      conventions: {},
      currency: 'USD',
      baseline: '1',
      baselineOn: day,
      target: '0',
      startsOn: day,
      deadline: day.add({ years: 1 }),
      ownerId,
      state: 'CLOSED',
    })
  })
