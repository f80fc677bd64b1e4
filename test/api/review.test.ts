/** Reviews of goals, over real HTTP: opened, talked about, signed, and then as they are for ever. */
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { goalReview, goalReviewSignature } from '@tidemark/drizzle/tables/review.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { openDueReviews } from '@tidemark/server/goal/review/open.ts'
import { openDesk, type Desk, type Goal } from '../support/goals.ts'
import { join, type Visitor } from '../support/people.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const NOW = Temporal.Instant.from('2026-07-01T12:00:00Z')
const AUGUST = Temporal.Instant.from('2026-08-01T12:00:00Z')
let server: TestServer
let desk: Desk
beforeAll(async () => {
  server = await startTestServer({ clock: () => NOW })
})
afterAll(() => server.close())
beforeEach(async () => {
  desk = await openDesk(server, 'name reviewKinds reviews { id kind to }')
})

const REVIEW = `id version kind from to dueOn isOverdue discussion signedAt
  decisions { text owner { name } dueOn }
  signatures { role person { name } signedAt digest }
  findings { name measured summary change target percentToTarget explanationMissing
    begin { date value shown expected } end { date value shown expected }
    explanation { driver change shown customers { name change } }
    statuses { date status } changes { field from to by reason }
    actionsDone { title doneOn } actionsNotDone { title dueOn owner { name } } }`

type Review = { readonly id: string; readonly version: number } & Record<string, unknown>
type Answer = {
  readonly __typename: string
  readonly review: Review
  readonly message?: string
  readonly path?: readonly string[]
}

const mutation = (name: string): string => {
  const type = name.charAt(0).toUpperCase() + name.slice(1)
  return `mutation ($input: ${type}Input!) { ${name}(input: $input) {
    __typename ... on ${type}Success { review { ${REVIEW} } } ... on Problem { message path } } }`
}

const command = async (name: string, input: object): Promise<Answer> => {
  const answer = await desk.ask<Record<string, Answer>>(mutation(name), { input })
  return answer[name] as Answer
}

const open = async (goal: Goal, input: object = {}): Promise<Review> => {
  const answer = await command('openGoalReview', {
    goal: goal.id,
    kind: 'MONTHLY_ANALYSIS',
    on: '2026-06-15',
    ...input,
  })
  expect(answer).toMatchObject({ __typename: 'OpenGoalReviewSuccess' })
  return answer.review
}

const seen = ({ id, version }: Review) => ({ review: id, expectedVersion: version })

/** As the person who is signed in there. */
const sign = async (visitor: Visitor, review: Review): Promise<Answer> => {
  const { body } = await visitor.post(
    '/graphql',
    { query: mutation('signGoalReview'), variables: { input: seen(review) } },
    { 'x-tidemark-organization': desk.organization.slug },
  )
  return body.data.signGoalReview
}

/** Two people who can sign in, and a goal of theirs. */
const withPeople = async () => {
  const [ann, bo] = await Promise.all(
    ['ann', 'bo'].map((name) =>
      join(server, desk.organization, `${name}@${desk.organization.slug}.example`, 'viewer'),
    ),
  )
  if (ann === undefined || bo === undefined) throw new Error('Nobody came')
  const { members } = await desk.ask<{
    members: { nodes: { id: string; email: string }[] }
  }>('{ members { nodes { id email } } }')
  const idOf = (name: string) => members.nodes.find((one) => one.email.startsWith(`${name}@`))?.id
  const goal = await desk.create({ ownerId: idOf('ann'), reviewerId: idOf('bo') })
  return { ann, bo, goal }
}

describe('the findings', () => {
  it(
    'tell how it moved and why, what was changed, and what was done and was not',
    { timeout: 60_000 },
    async () => {
      await desk.bill([1, 2, 3], { issuedOn: '2026-06-10' })
      const goal = await desk.create()
      await desk.done('addGoalAction', {
        goal: goal.id,
        title: 'Call',
        dueOn: '2026-06-20',
        ownerId: desk.people[0],
      })
      const review = await open(goal)
      expect(review).toMatchObject({
        kind: 'MONTHLY_ANALYSIS',
        from: '2026-06-01',
        to: '2026-06-30',
        dueOn: '2026-07-07',
        isOverdue: false,
        discussion: null,
        decisions: [],
        signedAt: null,
        signatures: [{ role: 'REVIEWER', person: null, signedAt: null, digest: null }],
        findings: {
          name: 'Close every invoice',
          measured: 'Open invoices',
          begin: { date: '2026-06-01', value: '0' },
          end: { date: '2026-06-30', value: '3', shown: '3' },
          change: '3',
          target: '0',
          explanationMissing: null,
          explanation: [{ driver: 'AMOUNT', change: '3', shown: '+3' }],
          actionsDone: [],
          actionsNotDone: [{ title: 'Call', dueOn: '2026-06-20', owner: { name: 'Ann Lee' } }],
        },
      })
      const { summary } = review['findings'] as { summary: string[] }
      expect(summary[0]).toMatch(
        /^Open invoices went from 0 on 1 Jun 2026 to 3 on 30 Jun 2026, 3 up; the way to the target asked for \d+\.$/,
      )
      expect(summary.at(-1)).toBe('Of the plan 0 things were done, and 1 that was due was not.')
    },
  )

  it('split the change of DSO by drivers that add up, down to customers', async () => {
    await desk.bill([1], { issuedOn: '2026-04-10' })
    await desk.bill([2], { issuedOn: '2026-05-10' })
    await desk.bill([3, 4], { issuedOn: '2026-06-10' })
    const goal = await desk.create({
      name: 'DSO',
      metric: 'DSO',
      baseline: '60',
      target: '30',
      conventions: { dsoMonths: 1 },
    })
    const { findings } = await open(goal)
    const { change, explanation } = findings as {
      change: string
      explanation: { change: string; customers: { name: string }[] }[]
    }
    expect(explanation.length).toBeGreaterThan(3)
    expect(explanation.reduce((sum, part) => sum + Number(part.change), 0)).toBeCloseTo(Number(change), 8)
    expect(explanation.some(({ customers }) => customers[0]?.name === 'One')).toBe(true)
  })

  it('stay as they were found, until somebody asks for them anew', async () => {
    await desk.bill([1], { issuedOn: '2026-06-10' })
    const review = await open(await desk.create())
    await desk.bill([2], { issuedOn: '2026-06-11' })
    const end = async () => {
      const { goalReview: now } = await desk.ask<{ goalReview: { findings: { end: { value: string } } } }>(
        `query ($id: ID!) { goalReview(id: $id) { findings { end { value } } } }`,
        { id: review.id },
      )
      return now.findings.end.value
    }
    expect(await end()).toBe('1')
    expect(await command('refreshGoalReview', seen(review))).toMatchObject({
      review: { version: 2, findings: { end: { value: '2' } } },
    })
    expect(await end()).toBe('2')
  })
})

describe('what is refused', () => {
  it.each([
    [{ on: '2026-07-01' }, ['on'], 'its period, 1 Jul 2026 to 31 Jul 2026, has not'],
    [{ on: '2026-05-31' }, ['on'], 'lies outside'],
    [{ goal: 'goal_of_nobody' }, ['goal'], 'There is no goal'],
  ])('a period that has not ended or lies outside the goal, or no goal: %j', async (input, path, message) => {
    const goal = await desk.create()
    const answer = await command('openGoalReview', {
      goal: goal.id,
      kind: 'MONTHLY_ANALYSIS',
      on: '2026-06-15',
      ...input,
    })
    expect(answer.path).toEqual(path)
    expect(answer.message).toContain(message)
  })

  it('a second review of a period', async () => {
    const goal = await desk.create()
    await open(goal)
    expect(
      await command('openGoalReview', { goal: goal.id, kind: 'MONTHLY_ANALYSIS', on: '2026-06-01' }),
    ).toMatchObject({ __typename: 'Conflict', path: ['on'] })
  })

  it('a change of what somebody else changed meanwhile, and it says who', async () => {
    const review = await open(await desk.create())
    await command('updateGoalReview', { ...seen(review), discussion: 'Calls help.' })
    const late = await command('updateGoalReview', { ...seen(review), discussion: 'They do not.' })
    expect(late).toMatchObject({ __typename: 'Conflict', path: ['expectedVersion'] })
    expect(late.message).toContain('version 2')
  })

  it('a decision without text, or of a stranger', async () => {
    const review = await open(await desk.create())
    const decide = (decision: object) =>
      command('updateGoalReview', { ...seen(review), decisions: [{ text: 'Fine' }, decision] })
    expect(await decide({ text: ' ' })).toMatchObject({ path: ['decisions', '1', 'text'] })
    expect(await decide({ text: 'Call', ownerId: 'person_of_nobody' })).toMatchObject({
      __typename: 'NotFound',
      path: ['decisions', '1', 'ownerId'],
    })
  })
})

describe('signing', { timeout: 60_000 }, () => {
  it('takes the owner and the reviewer; then nothing can be changed, not even in the database', async () => {
    const { ann, bo, goal } = await withPeople()
    const opened = await open(goal)
    const { review } = await command('updateGoalReview', {
      ...seen(opened),
      discussion: 'Two large customers pay late.\nWe call them.',
      decisions: [{ text: 'Call every Monday', ownerId: desk.people[1], dueOn: '2026-07-31' }],
    })
    expect(review).toMatchObject({
      decisions: [{ text: 'Call every Monday', owner: { name: 'Bo Ray' }, dueOn: '2026-07-31' }],
    })
    const first = await sign(ann, review)
    expect(first.review).toMatchObject({
      signedAt: null,
      signatures: [
        { role: 'OWNER', signedAt: NOW.toString() },
        { role: 'REVIEWER', signedAt: null },
      ],
    })
    expect(await command('updateGoalReview', { ...seen(first.review), discussion: 'Else' })).toMatchObject({
      __typename: 'InvalidInput',
      path: ['review'],
    })
    expect((await sign(ann, first.review)).message).toBe('You have signed it already')
    const { review: signed } = await sign(bo, first.review)
    expect(signed['signedAt']).toBe(NOW.toString())
    const digests = (signed['signatures'] as { digest: string }[]).map(({ digest }) => digest)
    expect(digests[0]).toMatch(/^[\da-f]{64}$/)
    expect(digests[1]).toBe(digests[0])
    for (const [name, more] of [
      ['updateGoalReview', { discussion: 'Else' }],
      ['refreshGoalReview', {}],
      ['reopenGoalReview', { reason: 'Else' }],
    ] as const) {
      const answer = await command(name, { ...seen(signed), ...more })
      expect(answer.message).toContain('nothing of it can be changed any more')
    }
    const { id: organizationId } = desk.organization
    const asApp = <T>(run: Parameters<typeof inTransaction<T>>[2]) =>
      inTransaction(server.connection, { organizationId, mode: 'write' }, run)
    const changed = await asApp((tx) =>
      tx
        .update(goalReview)
        .set({ discussion: 'forged' })
        .where(eq(goalReview.organizationId, organizationId))
        .returning(),
    )
    expect(changed).toEqual([])
    const removed = await asApp((tx) =>
      tx
        .delete(goalReviewSignature)
        .where(eq(goalReviewSignature.organizationId, organizationId))
        .returning(),
    )
    expect(removed).toEqual([])
  })

  it('can be taken back until the last one has signed', async () => {
    const { ann, bo, goal } = await withPeople()
    const { review } = await sign(ann, await open(goal))
    expect(await command('reopenGoalReview', { ...seen(review), reason: '' })).toMatchObject({
      path: ['reason'],
    })
    const { review: reopened } = await command('reopenGoalReview', {
      ...seen(review),
      reason: 'A figure is wrong',
    })
    expect(reopened).toMatchObject({ signatures: [{ signedAt: null }, { signedAt: null }] })
    const { review: changed } = await command('updateGoalReview', {
      ...seen(reopened),
      discussion: 'Now right',
    })
    const { review: second } = await sign(bo, changed)
    expect((await sign(ann, second)).review['signedAt']).toBe(NOW.toString())
  })

  it('is for the people whom the goal names, and for no token', async () => {
    const { ann, goal } = await withPeople()
    const review = await open(goal)
    expect((await command('signGoalReview', seen(review))).message).toContain('a person who signed in')
    const other = await desk.create({ ownerId: desk.people[0], reviewerId: desk.people[1] })
    expect((await sign(ann, await open(other))).message).toBe('It is for Ann Lee and Bo Ray to sign')
  })
})

describe('what is due', { timeout: 60_000 }, () => {
  const openDue = () => openDueReviews(server.connection, desk.organization, AUGUST, () => false)

  it('is opened once, of goals that have such reviews', async () => {
    const both = await desk.create()
    const none = await desk.create({ name: 'Not reviewed' })
    await desk.done('setGoalReviews', { goal: none.id, expectedVersion: none.version, kinds: [] })
    await desk.create({ name: 'A draft', state: 'DRAFT' })
    expect(await openDue()).toBe(1)
    expect(await openDue()).toBe(0)
    expect(await desk.read(both.id)).toMatchObject({
      reviewKinds: ['MONTHLY_ANALYSIS', 'QUARTERLY_REVIEW'],
      reviews: [{ kind: 'MONTHLY_ANALYSIS', to: '2026-07-31' }],
    })
    expect(await desk.read(none.id)).toMatchObject({ reviewKinds: [], reviews: [] })
  })

  it('is opened once also where two processes are at it, and tells what the goal had become', async () => {
    const goal = await desk.create()
    await desk.done('closeGoal', {
      goal: goal.id,
      expectedVersion: goal.version,
      outcome: 'ABANDONED',
      reason: 'Sold',
    })
    const counts = await Promise.all([openDue(), openDue()])
    expect(counts[0] + counts[1]).toBe(1)
    const { goalReviews } = await desk.ask<{ goalReviews: { totalCount: number; nodes: Review[] } }>(
      `query ($goal: ID) { goalReviews(goal: $goal, isSigned: false) { totalCount nodes { ${REVIEW} } } }`,
      { goal: goal.id },
    )
    expect(goalReviews).toMatchObject({
      totalCount: 1,
      nodes: [
        {
          to: '2026-07-31',
          findings: { changes: [{ field: 'STATE', from: 'ACTIVE', to: 'CLOSED', reason: 'Sold' }] },
        },
      ],
    })
  })
})

describe('an alert on reviews', { timeout: 60_000 }, () => {
  it('is raised while one is overdue, is told of in the next one, and is over when it is signed', async () => {
    const manager = await join(server, desk.organization, `man@${desk.organization.slug}.example`, 'manager')
    const goal = await desk.create({ startsOn: '2026-05-01' })
    const review = await open(goal, { on: '2026-05-05' })
    const { createAlertRule } = await desk.ask<{ createAlertRule: { __typename: string } }>(
      `mutation ($input: CreateAlertRuleInput!) { createAlertRule(input: $input) { __typename ... on Problem { message } } }`,
      {
        input: {
          goalId: goal.id,
          name: 'Late reviews',
          condition: { reviewOverdue: true },
          severity: 'WARNING',
        },
      },
    )
    expect(createAlertRule).toMatchObject({ __typename: 'CreateAlertRuleSuccess' })
    const alerts = async () => {
      const { goal: now } = await desk.ask<{ goal: { alerts: { summary: string; state: string }[] } }>(
        `query ($id: ID!) { goal(id: $id) { alerts { summary state } } }`,
        { id: goal.id },
      )
      return now.alerts
    }
    await expect
      .poll(alerts, { timeout: 20_000 })
      .toEqual([{ summary: expect.stringContaining('1 review of the goal is overdue'), state: 'FIRING' }])
    expect((await sign(manager, review)).review).toMatchObject({ signedAt: NOW.toString() })
    await expect.poll(async () => (await alerts())[0]?.state, { timeout: 20_000 }).toBe('ENDED')
    await openDueReviews(server.connection, desk.organization, AUGUST, () => false)
    const { goalReviews } = await desk.ask<{ goalReviews: { nodes: Review[] } }>(
      `query ($goal: ID) { goalReviews(goal: $goal, isSigned: false) { nodes { to findings { alerts { date severity isOver } } } } }`,
      { goal: goal.id },
    )
    expect(goalReviews.nodes[0]).toEqual({
      to: '2026-07-31',
      findings: { alerts: [{ date: '2026-07-01', severity: 'WARNING', isOver: true }] },
    })
  })
})

describe('the list and the document', () => {
  it('finds what is overdue', async () => {
    const goal = await desk.create({ startsOn: '2026-05-01' })
    const [may, june] = [await open(goal, { on: '2026-05-05' }), await open(goal)]
    const list = async (filter: string) => {
      const { goalReviews } = await desk.ask<{ goalReviews: { nodes: Review[] } }>(
        `{ goalReviews(${filter}) { nodes { id } } }`,
      )
      return goalReviews.nodes.map(({ id }) => id)
    }
    expect(await list('first: 10')).toEqual([june.id, may.id])
    expect(await list('isOverdue: true')).toEqual([may.id])
    expect(await list('isOverdue: false')).toEqual([june.id])
    expect(await list('kind: QUARTERLY_REVIEW')).toEqual([])
    expect(await list('goal: "goal_of_nobody"')).toEqual([])
  })

  it('is one HTML document that says it all, with what people typed as text', async () => {
    await desk.bill([1], { issuedOn: '2026-06-10' })
    const review = await open(await desk.create({ name: '<b>Close</b> & win', ownerId: desk.people[0] }))
    await command('updateGoalReview', { ...seen(review), discussion: 'First.\n<script>alert(1)</script>' })
    const { goalReview: found } = await desk.ask<{ goalReview: { document: string } }>(
      `query ($id: ID!) { goalReview(id: $id) { document } }`,
      { id: review.id },
    )
    const { document } = found
    expect(document).toMatch(/^<!doctype html>/)
    expect(document).toContain('<h1>Monthly analysis: &lt;b&gt;Close&lt;/b&gt; &amp; win</h1>')
    expect(document).toContain('<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>')
    expect(document).toContain('<td>Owner</td><td>Ann Lee</td><td>not signed yet</td>')
    expect(document).not.toMatch(/<script|<link|<img|src=|https?:/)
  })
})
