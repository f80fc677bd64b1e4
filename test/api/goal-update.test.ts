/** Changes of goals over real HTTP: what may change, what needs a reason, and what is kept of it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openDesk, type Desk, type Goal } from '../support/goals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const NOW = Temporal.Instant.from('2026-07-01T12:00:00Z')
let server: TestServer
let desk: Desk
beforeAll(async () => {
  server = await startTestServer({ clock: () => NOW })
})
afterAll(() => server.close())
beforeEach(async () => {
  desk = await openDesk(
    server,
    `name why targetExact deadline owner { name } reviewer { name } followers { name } baselineOn baselineExact
    baselineEvidence { numerator denominator yearBeforeOn yearBefore yearBeforeExact yearBeforeReason }
    changes { version by at reason fields { field from to } }`,
  )
})

const seen = ({ id, version }: Goal) => ({ goal: id, expectedVersion: version })
const update = (goal: Goal, input: object) => desk.command('updateGoal', { ...seen(goal), ...input })

describe('updateGoal', () => {
  it('changes what was given, keeps who changed what and why, and leaves the rest', async () => {
    const [ann, bo] = desk.people
    const goal = await desk.create({ why: 'Paper', ownerId: ann, followerIds: [ann] })
    expect(goal).toMatchObject({
      owner: { name: 'Ann Lee' },
      reviewer: null,
      followers: [{ name: 'Ann Lee' }],
    })
    const { goal: changed } = await update(goal, {
      name: ' Close most invoices ',
      why: null,
      ownerId: bo,
      reviewerId: ann,
      followerIds: [bo, ann, bo],
      target: '10',
      deadline: '2027-01-31',
      reason: 'The auditors asked for more time',
    })
    expect(changed).toMatchObject({
      name: 'Close most invoices',
      why: null,
      owner: { name: 'Bo Ray' },
      reviewer: { name: 'Ann Lee' },
      followers: [{ name: 'Ann Lee' }, { name: 'Bo Ray' }],
      targetExact: '10',
      deadline: '2027-01-31',
      baselineExact: '100',
      version: 2,
      changes: [
        {
          version: 2,
          by: "a test's admin",
          at: '2026-07-01T12:00:00Z',
          reason: 'The auditors asked for more time',
          fields: [
            { field: 'NAME', from: 'Close every invoice', to: 'Close most invoices' },
            { field: 'WHY', from: 'Paper', to: null },
            { field: 'OWNER', from: 'Ann Lee', to: 'Bo Ray' },
            { field: 'REVIEWER', from: null, to: 'Ann Lee' },
            { field: 'FOLLOWERS', from: 'Ann Lee', to: expect.stringContaining('Bo Ray') },
            { field: 'TARGET', from: '0', to: '10' },
            { field: 'DEADLINE', from: '2026-12-31', to: '2027-01-31' },
          ],
        },
      ],
    })
    const nobody = await update(changed, { ownerId: null, followerIds: [] })
    expect(nobody.goal).toMatchObject({
      owner: null,
      reviewer: { name: 'Ann Lee' },
      followers: [],
      version: 3,
    })
  })

  it('is evaluated anew at once', async () => {
    await desk.bill([1, 2, 3])
    const goal = await desk.create()
    await desk.until(goal.id, ({ progress }) => progress?.status === 'ON_TRACK')
    await update(goal, { target: '5', reason: 'Five will do' })
    const evaluated = await desk.until(goal.id, ({ progress }) => progress?.status === 'ACHIEVED')
    expect(evaluated.progress?.statusReason).toBe('Open invoices are 3: the target of 5 is reached.')
  })

  it.each([
    ['a target without a reason', { target: '5' }, ['reason']],
    ['a deadline without a reason', { deadline: '2027-01-31' }, ['reason']],
    ['a target on the wrong side of the baseline', { target: '120', reason: 'x' }, ['target']],
    ['a target that is the baseline', { target: '100', reason: 'x' }, ['target']],
    ['a deadline in the past', { deadline: '2026-06-30', reason: 'x' }, ['deadline']],
    ['a deadline before the first day', { deadline: '2026-05-31', reason: 'x' }, ['deadline']],
    ['nothing at all', {}, []],
    ['what it was already', { name: 'Close every invoice', target: '0' }, []],
    ['an empty name', { name: ' ' }, ['name']],
    ['too many followers', { followerIds: Array.from({ length: 51 }, () => 'x') }, ['followerIds']],
  ])('refuses %s', async (_what, input, path) => {
    const goal = await desk.create()
    expect(await update(goal, input)).toMatchObject({ __typename: 'InvalidInput', path })
    expect(await desk.read(goal.id)).toMatchObject({ version: 1, changes: [] })
  })

  it('knows no strangers', async () => {
    const goal = await desk.create()
    for (const field of ['ownerId', 'reviewerId'])
      expect(await update(goal, { [field]: 'person_x' })).toMatchObject({
        __typename: 'NotFound',
        path: [field],
      })
    const follow = { followerIds: [desk.people[0], 'nonsense'] }
    expect(await update(goal, follow)).toMatchObject({ __typename: 'NotFound', path: ['followerIds', '1'] })
  })

  it('leaves what is over as it was', async () => {
    const goal = await desk.create()
    const closed = await desk.done('closeGoal', { ...seen(goal), outcome: 'ABANDONED', reason: 'Enough' })
    expect(await update(closed, { name: 'Another' })).toMatchObject({
      __typename: 'InvalidInput',
      path: ['goal'],
    })
  })

  it('tells the second of two what the first made of it, and takes both in turn', async () => {
    const goal = await desk.create()
    const answers = await Promise.all(
      ['10', '20'].map((target) => update(goal, { target, reason: 'Less is enough' })),
    )
    const lost = answers.find(({ __typename }) => __typename === 'Conflict')
    const won = answers.find(({ __typename }) => __typename === 'UpdateGoalSuccess')
    expect(lost?.message).toBe(
      `The goal is at version 2 by now: since you saw it, a test's admin changed the target from 0 to ${won?.goal['targetExact'] as string} on 1 Jul 2026`,
    )
    const both = await update(won?.goal as Goal, { target: '30', reason: 'And again' })
    expect(both.goal['changes']).toMatchObject([{ reason: 'And again' }, { reason: 'Less is enough' }])
  })
})

describe('the evidence of a baseline', () => {
  it('is what was divided, and the value of the same day a year before', async () => {
    await desk.bill([1], { issuedOn: '2025-05-20' })
    await desk.bill([2], { issuedOn: '2026-05-20' })
    const goal = await desk.create({ metric: 'PAST_DUE_SHARE', baseline: null, target: '10' })
    expect(goal).toMatchObject({
      baselineOn: '2026-06-01',
      baselineExact: '50',
      baselineEvidence: {
        numerator: '1000',
        denominator: '2000',
        yearBeforeOn: '2025-06-01',
        yearBefore: 0,
        yearBeforeExact: '0',
        yearBeforeReason: null,
      },
    })
  })

  it('says why there is none where the books do not reach back', async () => {
    await desk.bill([1])
    const goal = await desk.create()
    expect(goal['baselineEvidence']).toEqual({
      numerator: null,
      denominator: null,
      yearBeforeOn: '2025-06-01',
      yearBefore: null,
      yearBeforeExact: null,
      yearBeforeReason: 'INSUFFICIENT_HISTORY',
    })
  })
})
