/** Goals that are checklists, over real HTTP. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openDesk, type Answer, type Desk, type Goal } from '../support/goals.ts'
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
    `direction scope metric { name } baseline target deadline trajectory { kind points { on value } }
    milestones { id title dueOn doneOn doneBy isOverdue } history(days: 2) { value expected }
    progress { expected percentToTarget } changes { reason fields { field from to } }`,
  )
})

type Milestone = { readonly id: string; readonly title: string }
const milestonesOf = (goal: Goal) => goal['milestones'] as readonly Milestone[]

const policy = {
  name: 'The credit policy is approved anew',
  startsOn: '2026-06-01',
  deadline: '2026-09-30',
  milestones: [
    { title: 'Board has approved', dueOn: '2026-09-30' },
    { title: 'Draft is written', dueOn: '2026-06-20' },
    { title: 'Sales have read it', dueOn: '2026-08-31' },
  ],
}
const refusal = (input: object): Promise<Answer> =>
  desk.command('createMilestoneGoal', { ...policy, ...input })
const create = (input: object = {}): Promise<Goal> =>
  desk.done('createMilestoneGoal', { ...policy, ...input })
const update = (goal: Goal, input: object): Promise<Answer> =>
  desk.command('updateMilestones', { goal: goal.id, expectedVersion: goal.version, ...input })

describe('a checklist', () => {
  it(
    'is a goal whose value is what is done and whose trajectory is what is due',
    { timeout: 60_000 },
    async () => {
      const goal = await create()
      expect(goal).toMatchObject({
        direction: 'MILESTONES',
        scope: 'Milestones',
        metric: null,
        baseline: 0,
        target: 3,
        trajectory: {
          kind: 'STEPPED',
          points: [
            { on: '2026-06-20', value: 1 },
            { on: '2026-08-31', value: 2 },
          ],
        },
        milestones: [
          { title: 'Draft is written', dueOn: '2026-06-20', doneOn: null, doneBy: null, isOverdue: true },
          { title: 'Sales have read it', dueOn: '2026-08-31', isOverdue: false },
          { title: 'Board has approved', dueOn: '2026-09-30', isOverdue: false },
        ],
      })
      const late = await desk.until(goal.id, ({ progress }) => progress !== null)
      expect(late.progress).toEqual({
        value: 0,
        expected: 1,
        percentToTarget: 0,
        status: 'OFF_TRACK',
        statusReason: 'Milestones done are 0, 1 below where they should be today (1).',
      })
      const [draft] = milestonesOf(goal)
      const { goal: ticked } = await update(goal, { change: [{ id: draft?.id, doneOn: '2026-06-30' }] })
      expect(ticked).toMatchObject({
        version: 2,
        milestones: [{ doneOn: '2026-06-30', doneBy: "a test's admin", isOverdue: false }, {}, {}],
        history: [
          { value: 1, expected: 1 },
          { value: 1, expected: 1 },
        ],
        changes: [
          {
            reason: null,
            fields: [
              {
                field: 'MILESTONES',
                from: 'Draft is written, due 20 Jun 2026',
                to: 'Draft is written, due 20 Jun 2026, done 30 Jun 2026',
              },
            ],
          },
        ],
      })
      const onTrack = await desk.until(goal.id, ({ progress }) => progress?.status === 'ON_TRACK')
      expect(onTrack.progress?.value).toBe(1)
    },
  )

  it('is achieved when all is done, and can be closed as that', { timeout: 60_000 }, async () => {
    const goal = await create()
    const change = milestonesOf(goal).map(({ id }) => ({ id, doneOn: '2026-07-01' }))
    const { goal: ticked } = await update(goal, { change })
    await desk.until(goal.id, ({ progress }) => progress?.status === 'ACHIEVED')
    const closing = { goal: goal.id, expectedVersion: ticked.version, outcome: 'ACHIEVED' }
    expect(await desk.done('closeGoal', closing)).toMatchObject({ state: 'CLOSED' })
  })

  it('takes more, loses some, and moves, each for a reason that is kept', { timeout: 60_000 }, async () => {
    const goal = await create()
    const [draft, sales] = milestonesOf(goal)
    const input = {
      add: [{ title: 'Auditors have seen it', dueOn: '2026-07-31' }],
      change: [
        { id: draft?.id, dueOn: '2026-07-15', title: 'Draft is complete' },
        { id: sales?.id, drop: true },
      ],
    }
    expect(await update(goal, input)).toMatchObject({ __typename: 'InvalidInput', path: ['reason'] })
    const { goal: changed } = await update(goal, { ...input, reason: 'Sales are not asked any more' })
    expect(changed).toMatchObject({
      target: 3,
      milestones: [
        { title: 'Draft is complete', dueOn: '2026-07-15' },
        { title: 'Auditors have seen it' },
        { title: 'Board has approved' },
      ],
      changes: [
        {
          reason: 'Sales are not asked any more',
          fields: [
            { from: 'Draft is written, due 20 Jun 2026', to: 'Draft is complete, due 15 Jul 2026' },
            { from: 'Sales have read it, due 31 Aug 2026', to: null },
            { from: null, to: 'Auditors have seen it, due 31 Jul 2026' },
          ],
        },
      ],
    })
  })

  it('keeps its milestones within its deadline', async () => {
    const goal = await create()
    const earlier = { goal: goal.id, expectedVersion: 1, deadline: '2026-08-31', reason: 'Sooner' }
    expect(await desk.command('updateGoal', earlier)).toMatchObject({
      __typename: 'InvalidInput',
      path: ['deadline'],
    })
    const later = await desk.done('updateGoal', { ...earlier, deadline: '2026-10-31' })
    expect(later).toMatchObject({
      deadline: '2026-10-31',
      trajectory: { points: [{}, {}, { on: '2026-09-30' }] },
    })
    const aimed = { goal: goal.id, expectedVersion: 2, target: '2', reason: 'Less' }
    expect(await desk.command('updateGoal', aimed)).toMatchObject({
      __typename: 'InvalidInput',
      path: ['target'],
    })
  })

  it.each([
    ['nothing on it', { milestones: [] }, ['milestones']],
    [
      'what has no title',
      { milestones: [{ title: ' ', dueOn: '2026-08-01' }] },
      ['milestones', '0', 'title'],
    ],
    [
      'what is due after the deadline',
      { milestones: [{ title: 'x', dueOn: '2026-10-01' }] },
      ['milestones', '0', 'dueOn'],
    ],
    [
      'what is due on the first day',
      { milestones: [{ title: 'x', dueOn: '2026-06-01' }] },
      ['milestones', '0', 'dueOn'],
    ],
    ['a deadline in the past', { deadline: '2026-06-30' }, ['deadline']],
    ['another state', { state: 'CLOSED' }, ['state']],
  ])('is refused with %s', async (_what, input, path) => {
    expect(await refusal(input)).toMatchObject({ __typename: 'InvalidInput', path })
  })

  it('changes nothing that is not there, not so or not its own', async () => {
    const goal = await create()
    const [draft] = milestonesOf(goal)
    const id = draft?.id
    const all = milestonesOf(goal).map((one) => ({ id: one.id, drop: true }))
    expect(await update(goal, { change: [{ id: 'milestone_x' }] })).toMatchObject({
      path: ['change', '0', 'id'],
    })
    expect(await update(goal, { change: [{ id }, { id }] })).toMatchObject({ path: ['change', '1', 'id'] })
    expect(await update(goal, { change: [{ id }] })).toMatchObject({ path: [] })
    expect(await update(goal, { change: [{ id, doneOn: '2026-07-02' }] })).toMatchObject({
      path: ['change', '0', 'doneOn'],
    })
    expect(await update(goal, { change: all, reason: 'x' })).toMatchObject({ path: ['change'] })
    const kpi = await desk.create()
    expect(await update(kpi, { add: [] })).toMatchObject({ path: ['goal'] })
    const direction = {
      ...policy,
      metric: 'PAST_DUE',
      direction: 'MILESTONES',
      target: '1',
      milestones: undefined,
    }
    expect(await desk.command('createGoal', direction)).toMatchObject({ path: ['direction'] })
  })
})
