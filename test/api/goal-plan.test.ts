/** The plan and the notes of a goal, over real HTTP. */
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
    `actions { id title owner { name } dueOn state brings startedOn doneOn droppedReason isOverdue version
      effect { before after change } }
    notes { id text author writtenAt changedAt version }`,
  )
})

type Action = { readonly id: string; readonly version: number }
const firstOf = (goal: Goal, list: 'actions' | 'notes') => (goal[list] as readonly Action[])[0] as Action
const act = (goal: Goal, input: object) => {
  const { id, version } = firstOf(goal, 'actions')
  return desk.command('updateGoalAction', { action: id, expectedVersion: version, ...input })
}
const plan = async (input: object = {}): Promise<Goal> => {
  const goal = await desk.create()
  return desk.done('addGoalAction', { goal: goal.id, title: 'Call every late customer', ...input })
}

describe('an action', () => {
  it('is planned, begun and done, and tells how the value moved meanwhile', { timeout: 60_000 }, async () => {
    const planned = await plan({ ownerId: desk.people[0], dueOn: '2026-06-25', brings: 'Ten invoices fewer' })
    expect(planned['actions']).toEqual([
      {
        id: expect.stringMatching(/^goalAction_[\da-f-]{36}$/),
        title: 'Call every late customer',
        owner: { name: 'Ann Lee' },
        dueOn: '2026-06-25',
        state: 'PLANNED',
        brings: 'Ten invoices fewer',
        startedOn: null,
        doneOn: null,
        droppedReason: null,
        isOverdue: true,
        version: 1,
        effect: null,
      },
    ])
    await desk.bill([1], { issuedOn: '2026-06-10' })
    await desk.bill([2, 3], { issuedOn: '2026-06-22' })
    const { goal: begun } = await act(planned, { state: 'STARTED', on: '2026-06-20' })
    expect(begun['actions']).toMatchObject([
      { state: 'STARTED', startedOn: '2026-06-20', effect: null, version: 2 },
    ])
    const { goal: done } = await act(begun, { state: 'DONE' })
    expect(done['actions']).toMatchObject([
      {
        state: 'DONE',
        startedOn: '2026-06-20',
        doneOn: '2026-07-01',
        isOverdue: false,
        effect: { before: '1', after: '3', change: '2' },
      },
    ])
    expect(done.version).toBe(1)
  })

  it('is dropped for a reason, and can be taken up again', async () => {
    const goal = await plan({ dueOn: '2026-06-25' })
    expect(await act(goal, { state: 'DROPPED' })).toMatchObject({
      __typename: 'InvalidInput',
      path: ['reason'],
    })
    const { goal: dropped } = await act(goal, { state: 'DROPPED', reason: 'They all paid' })
    expect(dropped['actions']).toMatchObject([
      { state: 'DROPPED', droppedReason: 'They all paid', isOverdue: false },
    ])
    const changes = { state: 'PLANNED', dueOn: null, ownerId: desk.people[1], title: 'Write to them' }
    const { goal: again } = await act(dropped, changes)
    expect(again['actions']).toMatchObject([
      {
        state: 'PLANNED',
        droppedReason: null,
        dueOn: null,
        owner: { name: 'Bo Ray' },
        title: 'Write to them',
        version: 3,
      },
    ])
  })

  it.each([
    ['a day to come', { state: 'DONE', on: '2026-07-02' }, ['on']],
    ['a day of nothing', { on: '2026-06-02' }, ['on']],
    ['nothing', {}, []],
    ['no title', { title: ' ' }, ['title']],
  ])('is not changed by %s', async (_what, input, path) => {
    expect(await act(await plan(), input)).toMatchObject({ __typename: 'InvalidInput', path })
  })

  it('is not done before it began', async () => {
    const { goal } = await act(await plan(), { state: 'STARTED', on: '2026-06-20' })
    expect(await act(goal, { state: 'DONE', on: '2026-06-19' })).toMatchObject({ path: ['on'] })
  })

  it('tells the second of two that the first changed it', async () => {
    const goal = await plan()
    const answers = await Promise.all([act(goal, { title: 'One' }), act(goal, { title: 'Two' })])
    const lost = answers.find(({ __typename }) => __typename === 'Conflict')
    expect(lost).toMatchObject({
      path: ['expectedVersion'],
      message: "The action is at version 2 by now: a test's admin changed it last, and it is PLANNED",
    })
  })

  it('is not added to what is over, nor given to a stranger', async () => {
    const goal = await desk.create()
    const input = { goal: goal.id, title: 'x' }
    expect(await desk.command('addGoalAction', { ...input, ownerId: 'person_x' })).toMatchObject({
      __typename: 'NotFound',
      path: ['ownerId'],
    })
    await desk.done('closeGoal', { goal: goal.id, expectedVersion: 1, outcome: 'ABANDONED', reason: 'x' })
    expect(await desk.command('addGoalAction', input)).toMatchObject({ path: ['goal'] })
  })
})

describe('a note', () => {
  it('has its author and time, and can be written anew', async () => {
    const goal = await desk.create()
    const noted = await desk.done('addGoalNote', { goal: goal.id, text: ' First line\nand a second ' })
    expect(noted['notes']).toEqual([
      {
        id: expect.stringMatching(/^goalNote_[\da-f-]{36}$/),
        text: 'First line\nand a second',
        author: "a test's admin",
        writtenAt: '2026-07-01T12:00:00Z',
        changedAt: null,
        version: 1,
      },
    ])
    const { id } = firstOf(noted, 'notes')
    const input = { note: id, expectedVersion: 1, text: 'Anew' }
    const changed = await desk.done('updateGoalNote', input)
    expect(changed['notes']).toMatchObject([{ text: 'Anew', changedAt: '2026-07-01T12:00:00Z', version: 2 }])
    expect(await desk.command('updateGoalNote', input)).toMatchObject({
      __typename: 'Conflict',
      message: "The note is at version 2 by now: a test's admin wrote it anew",
    })
    expect(await desk.command('updateGoalNote', { ...input, expectedVersion: 2 })).toMatchObject({
      path: ['text'],
    })
  })

  it('says something', async () => {
    const goal = await desk.create()
    for (const text of [' ', 'x'.repeat(2_001), 'a\u0007'])
      expect(await desk.command('addGoalNote', { goal: goal.id, text })).toMatchObject({ path: ['text'] })
  })
})
