import { setTimeout as sleep } from 'node:timers/promises'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { encodeProgressCursor } from '@tidemark/server/live/cursor.ts'
import { encodeId, newUuid } from '@tidemark/server/ids.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { execute, request } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { subscribe } from '../support/subscribe.ts'

/** 1 July 2026, 8 in the morning in New York. */
const NOW = Temporal.Instant.from('2026-07-01T12:00:00Z')

let server: TestServer
let organization: OrganizationRow
let token: string
let owner: string

beforeAll(async () => {
  server = await startTestServer({ clock: () => NOW })
})
afterAll(() => server.close())
beforeEach(async () => {
  organization = await server.createOrganization({ timeZone: 'America/New_York' })
  token = await server.createToken(organization)
  const id = newUuid()
  owner = encodeId('person', id)
  await inTransaction(server.connection, { organizationId: organization.id, mode: 'write' }, async (tx) => {
    await tx.insert(person).values({ organizationId: organization.id, id, name: 'Ann Lee' })
    await tx.insert(customer).values({
      organizationId: organization.id,
      id: newUuid(),
      number: 'C-1',
      name: 'One',
      termsDays: 30,
      region: 'EMEA',
    })
  })
})

const GOAL = `fragment G on Goal {
  id name why metric { metric unit } direction scope currency conventions { dsoMonths periodMonths }
  baseline baselineExact baselineOn target targetExact startsOn deadline daysLeft owner { name } state
  progress { sequence asOf value valueExact valueReason expected expectedExact percentToTarget status statusReason }
}`
const CREATE = `mutation ($input: CreateGoalInput!) {
  createGoal(input: $input) {
    __typename
    ... on CreateGoalSuccess { dryRun goal { ...G } }
    ... on Problem { message code path }
  }
} ${GOAL}`

type Goal = {
  readonly id: string
  readonly name: string
  readonly progress: {
    readonly sequence: string
    readonly value: number | null
    readonly status: string
    readonly statusReason: string
  } | null
  readonly [field: string]: unknown
}
type Created = {
  readonly __typename: string
  readonly goal: Goal
  readonly message: string
  readonly path: string[]
  readonly code: string
  readonly dryRun: boolean
}

const openInvoices = {
  name: 'Close every invoice',
  metric: 'OPEN_INVOICE_COUNT',
  direction: 'DECREASE',
  baseline: '100',
  target: '0',
  startsOn: '2026-06-01',
  deadline: '2026-12-31',
}

async function create(input: Record<string, unknown> = {}): Promise<Created> {
  const { createGoal } = await execute<{ createGoal: Created }>(server.url, token, CREATE, {
    input: { ...openInvoices, ...input },
  })
  return createGoal
}

async function bill(number: number, more: Record<string, unknown> = {}): Promise<void> {
  const mutation = `mutation ($input: RecordInvoiceInput!) { recordInvoice(input: $input) { __typename ... on Problem { message } } }`
  const { recordInvoice } = await execute<{ recordInvoice: { __typename: string } }>(
    server.url,
    token,
    mutation,
    {
      input: {
        customer: { number: 'C-1' },
        number: `I-${number}`,
        amount: { amount: '1000', currency: 'USD' },
        issuedOn: '2026-06-20',
        ...more,
      },
    },
  )
  expect(recordInvoice).toEqual({ __typename: 'RecordInvoiceSuccess' })
}

const goalOf = async (id: string): Promise<Goal | null> =>
  (
    await execute<{ goal: Goal | null }>(
      server.url,
      token,
      `query ($id: ID!) { goal(id: $id) { ...G } } ${GOAL}`,
      { id },
    )
  ).goal

async function untilValue(id: string, value: number): Promise<Goal> {
  for (let tries = 0; tries < 200; tries++) {
    const goal = await goalOf(id)
    if (goal?.progress?.value === value) return goal
    await sleep(25)
  }
  throw new Error(`The goal ${id} never came to ${value}`)
}

describe('createGoal', () => {
  it('creates a goal that is evaluated at once', async () => {
    await bill(1)
    const created = await create({
      why: ' Old paper costs money. ',
      filter: { region: ['EMEA'], currency: ['USD'] },
      ownerId: owner,
      conventions: { dsoMonths: 1 },
    })
    expect(created).toMatchObject({ __typename: 'CreateGoalSuccess', dryRun: false })
    const goal = await untilValue(created.goal.id, 1)
    expect(goal).toEqual({
      id: expect.stringMatching(/^goal_[\da-f-]{36}$/),
      name: 'Close every invoice',
      why: 'Old paper costs money.',
      metric: { metric: 'OPEN_INVOICE_COUNT', unit: 'COUNT' },
      direction: 'DECREASE',
      scope: 'Region EMEA, currency USD',
      currency: 'USD',
      conventions: { dsoMonths: 1, periodMonths: 1 },
      baseline: 100,
      baselineExact: '100',
      baselineOn: '2026-06-01',
      target: 0,
      targetExact: '0',
      startsOn: '2026-06-01',
      deadline: '2026-12-31',
      daysLeft: 183,
      owner: { name: 'Ann Lee' },
      state: 'ACTIVE',
      progress: {
        sequence: expect.stringMatching(/^[1-9]\d*$/),
        asOf: '2026-07-01',
        value: 1,
        valueExact: '1',
        valueReason: null,
        expected: 85.9154929577,
        expectedExact: '85.9154929577',
        percentToTarget: 99,
        status: 'ON_TRACK',
        statusReason: 'Open invoices are 1, 85 below where they should be today (86).',
      },
    })
  })

  it('takes the baseline from the books: of the first day, of today where that is still to come', async () => {
    await bill(1)
    await bill(2, { issuedOn: '2026-07-01' })
    const past = await create({ baseline: null, startsOn: '2026-06-25' })
    expect(past.goal).toMatchObject({ baselineExact: '1', baselineOn: '2026-06-25' })
    const future = await create({ baseline: null, startsOn: '2026-08-01' })
    expect(future.goal).toMatchObject({
      baselineExact: '2',
      baselineOn: '2026-07-01',
      startsOn: '2026-08-01',
    })
    const pending = await untilValue(future.goal.id, 2)
    expect(pending.progress).toMatchObject({
      status: 'PENDING_START',
      statusReason: 'It starts on 1 Aug 2026.',
    })
  })

  it.each([
    ['an empty name', { name: '  ' }, ['name']],
    ['a name that is too long', { name: 'n'.repeat(201) }, ['name']],
    ['a baseline that is the target', { baseline: '0' }, ['target']],
    ['a direction that leads away from the target', { direction: 'INCREASE' }, ['direction']],
    ['a deadline on the first day', { deadline: '2026-06-01' }, ['deadline']],
    ['a deadline that has passed', { deadline: '2026-06-30' }, ['deadline']],
    ['a deadline in another century', { deadline: '2126-06-30' }, ['deadline']],
    ['a first day in another century', { startsOn: '1926-06-30' }, ['startsOn']],
    ['a share above 100 %', { metric: 'PAST_DUE_SHARE', target: '120', direction: 'INCREASE' }, ['target']],
    ['more digits than numbers have', { target: '1.12345678901' }, ['target']],
    ['a window of 99 months', { conventions: { dsoMonths: 99 } }, ['conventions']],
    ['an empty list in the filter, which matches nothing', { filter: { region: [] } }, ['filter', 'region']],
    ['an empty value in the filter', { filter: { region: [''] } }, ['filter', 'region', '0']],
    ['a baseline that the books do not have', { metric: 'DSO', baseline: null, target: '30' }, ['baseline']],
  ])('refuses %s', async (_what, input, path) => {
    const problem = await create(input)
    expect(problem).toMatchObject({ __typename: 'InvalidInput', code: 'INVALID', path })
    expect(problem.message.length).toBeGreaterThan(20)
  })

  it('refuses a currency without exchange rates, for it could never be evaluated', async () => {
    await bill(1)
    const input = { metric: 'TOTAL_RECEIVABLES', baseline: '5000', currency: 'EUR' }
    expect(await create(input)).toMatchObject({ code: 'MISSING_RATE', path: ['currency'] })
  })

  it('names people whom the organization does not have', async () => {
    const other = await server.createOrganization()
    const stranger = newUuid()
    await inTransaction(server.connection, { organizationId: other.id, mode: 'write' }, (tx) =>
      tx.insert(person).values({ organizationId: other.id, id: stranger, name: 'Stranger' }),
    )
    for (const id of [encodeId('person', stranger), encodeId('person', newUuid()), 'nonsense']) {
      expect(await create({ ownerId: id })).toMatchObject({ __typename: 'NotFound', path: ['ownerId'] })
      const filter = { collectorId: [owner, id] }
      expect(await create({ filter })).toMatchObject({
        __typename: 'NotFound',
        path: ['filter', 'collectorId', '1'],
      })
    }
  })

  it('changes nothing in a dry run, and once with a key', async () => {
    expect(await create({ dryRun: true })).toMatchObject({ dryRun: true, goal: null })
    const [one, again] = [await create({ idempotencyKey: 'k' }), await create({ idempotencyKey: 'k' })]
    expect(again.goal.id).toBe(one.goal.id)
    expect(await create({ idempotencyKey: 'k', target: '1' })).toMatchObject({
      __typename: 'Conflict',
      code: 'KEY_REUSED',
    })
    const { goals } = await execute<{ goals: { totalCount: number } }>(
      server.url,
      token,
      '{ goals { totalCount } }',
    )
    expect(goals.totalCount).toBe(1)
  })

  it('needs a token that may write', async () => {
    const reader = await server.createToken(organization, 'viewer')
    const { errors } = await request(server.url, reader, CREATE, { input: openInvoices })
    expect(errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' })
  })
})

describe('goals', () => {
  const PAGE = `query ($first: Int! = 50, $after: String, $state: GoalState) {
    goals(first: $first, after: $after, state: $state) {
      nodes { id name deadline progress { sequence } } pageInfo { hasNextPage endCursor } totalCount progressCursor
    }
  }`
  type Page = {
    readonly goals: {
      readonly nodes: readonly Goal[]
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
      readonly totalCount: number
      readonly progressCursor: string
    }
  }

  it('come with the nearest deadline first, page by page', async () => {
    for (const [name, deadline] of [
      ['b', '2026-10-31'],
      ['a', '2026-09-30'],
      ['c', '2026-12-31'],
      ['d', '2026-12-31'],
    ]) {
      await create({ name, deadline })
    }
    const first = (await execute<Page>(server.url, token, PAGE, { first: 3 })).goals
    expect(first.nodes.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    expect(first).toMatchObject({ totalCount: 4, pageInfo: { hasNextPage: true } })
    const rest = (await execute<Page>(server.url, token, PAGE, { first: 3, after: first.pageInfo.endCursor }))
      .goals
    expect(rest.nodes.map(({ name }) => name)).toEqual(['d'])
    const closed = (await execute<Page>(server.url, token, PAGE, { state: 'CLOSED' })).goals
    expect(closed.nodes).toEqual([])
  })

  it('are nothing to another organization', async () => {
    const { goal } = await create()
    token = await server.createToken(await server.createOrganization())
    expect(await goalOf(goal.id)).toBeNull()
    expect(await goalOf('goal_nonsense')).toBeNull()
    expect((await execute<Page>(server.url, token, PAGE)).goals.nodes).toEqual([])
  })

  it('have a history for sparklines, with the trajectory since its start', async () => {
    await bill(1)
    await bill(2, { issuedOn: '2026-06-29' })
    const { goal } = await create({ startsOn: '2026-06-28', deadline: '2026-07-08', baseline: '10' })
    const query = `query ($id: ID!, $days: Int! = 5) { goal(id: $id) { history(days: $days) { date value expected } } }`
    const answer = await execute<{ goal: { history: unknown[] } }>(server.url, token, query, { id: goal.id })
    expect(answer.goal.history).toEqual([
      { date: '2026-06-27', value: 1, expected: null },
      { date: '2026-06-28', value: 1, expected: 10 },
      { date: '2026-06-29', value: 2, expected: 9 },
      { date: '2026-06-30', value: 2, expected: 8 },
      { date: '2026-07-01', value: 2, expected: 7 },
    ])
    const { errors } = await request(server.url, token, query, { id: goal.id, days: 401 })
    expect(errors[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } })
  })
})

describe('goalProgress', () => {
  const FOLLOW = `subscription ($goalIds: [ID!], $since: String) {
    goalProgress(goalIds: $goalIds, since: $since) { cursor kind goal { id name progress { sequence value status } } }
  }`
  type Event = {
    readonly goalProgress: { readonly cursor: string; readonly kind: string; readonly goal: Goal }
  }
  const follow = (variables: Record<string, unknown> = {}) =>
    subscribe<Event>(server.url, token, FOLLOW, variables)
  /** A goal of one open invoice, evaluated. */
  const begin = async (input: Record<string, unknown> = {}): Promise<Goal> => {
    await bill(1)
    const { goal } = await create(input)
    return untilValue(goal.id, 1)
  }
  const brief = ({ goalProgress: { kind, goal } }: Event) => [kind, goal.progress?.value]

  it('begins with where things stand, then follows every change', async () => {
    const goal = await begin()
    const events = follow()
    const first = await events.next()
    expect(first.goalProgress).toMatchObject({
      kind: 'SNAPSHOT',
      goal: { id: goal.id, progress: { value: 1, status: 'ON_TRACK' } },
    })
    await bill(2)
    expect(brief(await events.next())).toEqual(['UPDATE', 2])
    await bill(3)
    const last = await events.next()
    expect(brief(last)).toEqual(['UPDATE', 3])
    expect((await goalOf(goal.id))?.progress).toMatchObject({
      value: 3,
      sequence: last.goalProgress.goal.progress?.sequence,
    })
    await events.return()
  })

  it('continues right after the cursor: nothing missed, nothing twice, the same as was seen live', async () => {
    const goal = await begin()
    const witness = follow()
    const live = [await witness.next()]
    const cut = follow()
    const resumed = [await cut.next()]
    await bill(2)
    const last = await cut.next()
    resumed.push(last)
    await cut.return()
    for (let number = 3; number <= 5; number++) {
      await bill(number)
      await untilValue(goal.id, number)
    }
    const again = follow({ since: last.goalProgress.cursor })
    for (let number = 3; number <= 5; number++) resumed.push(await again.next())
    await bill(6)
    resumed.push(await again.next())
    while (live.length < 6) live.push(await witness.next())
    expect(resumed).toEqual(live)
    expect(live.slice(1).map(brief)).toEqual([2, 3, 4, 5, 6].map((value) => ['UPDATE', value]))
    await Promise.all([witness.return(), again.return()])
  })

  it('continues after the page that it was asked with', async () => {
    const goal = await begin()
    const query = '{ goals { progressCursor } }'
    const { goals } = await execute<{ goals: { progressCursor: string } }>(server.url, token, query)
    const events = follow({ since: goals.progressCursor })
    await expect(events.next(300)).rejects.toThrow('No event')
    await events.return()
    await bill(2)
    await untilValue(goal.id, 2)
    const later = follow({ since: goals.progressCursor })
    expect(brief(await later.next())).toEqual(['UPDATE', 2])
    await later.return()
  })

  it('follows only the goals that are asked for', async () => {
    await begin()
    const europe = await create({ filter: { region: ['EMEA'] } })
    await untilValue(europe.goal.id, 1)
    const events = follow({ goalIds: [europe.goal.id] })
    expect((await events.next()).goalProgress.goal.id).toBe(europe.goal.id)
    await bill(2)
    expect((await events.next()).goalProgress.goal.id).toBe(europe.goal.id)
    await expect(events.next(300)).rejects.toThrow('No event')
    await events.return()
  })

  it.each([
    ['another organization', () => encodeProgressCursor(newUuid(), 1n)],
    ['a future that this database never had', () => encodeProgressCursor(organization.id, 99n)],
  ])('says GAP where the cursor is of %s, and goes on', async (_what, cursor) => {
    const goal = await begin()
    const events = follow({ since: cursor() })
    const first = await events.next()
    expect(first.goalProgress).toMatchObject({ kind: 'GAP', goal: { id: goal.id, progress: { value: 1 } } })
    await bill(2)
    expect(brief(await events.next())).toEqual(['UPDATE', 2])
    await events.return()
  })

  it('refuses what is no cursor, and goals that do not exist', async () => {
    const goal = await begin()
    const wrong = [
      { since: 'nonsense' },
      { since: 'x'.repeat(900) },
      { goalIds: [goal.id, encodeId('goal', newUuid())] },
      { goalIds: ['x'] },
    ]
    for (const variables of wrong) {
      const events = follow(variables)
      await expect(events.next()).rejects.toThrow('BAD_USER_INPUT')
      await events.return()
    }
  })
})
