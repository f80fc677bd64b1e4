/** Goals above and below each other, over real HTTP. */
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { newUuid } from '@tidemark/server/ids.ts'
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
    `name parent { name } children { name } parentShare { value target }
    childrenTotal { value baseline target reason } changes { fields { field from to } }`,
  )
})

const put = (goal: Goal, parent: Goal | null) =>
  desk.command('updateGoal', {
    goal: goal.id,
    expectedVersion: goal.version,
    parentId: parent === null ? null : parent.id,
  })
const dueOf = (region: string[], input: object = {}) => ({
  metric: 'TOTAL_RECEIVABLES',
  baseline: '9000',
  target: '500',
  filter: region.length === 0 ? null : { region },
  name: region.join(' and ') || 'All',
  ...input,
})

describe('goals below a goal', () => {
  it('have sums and shares that add up to it', { timeout: 60_000 }, async () => {
    const { id: organizationId } = desk.organization
    await inTransaction(server.connection, { organizationId, mode: 'write' }, (tx) =>
      tx
        .insert(customer)
        .values({ organizationId, id: newUuid(), number: 'C-2', name: 'Two', termsDays: 30, region: 'APAC' }),
    )
    await desk.bill([1, 2, 3])
    await desk.bill([4], { customer: { number: 'C-2' } })
    const parent = await desk.create(dueOf([], { target: '1000' }))
    const emea = await desk.create(dueOf(['EMEA'], { parentId: parent.id, target: '750' }))
    const apac = await desk.create(dueOf(['APAC'], { parentId: parent.id, target: '250' }))
    await desk.create(dueOf(['EMEA'], { parentId: parent.id, state: 'DRAFT', name: 'A draft' }))
    for (const { id } of [parent, emea, apac]) await desk.until(id, ({ progress }) => progress !== null)
    expect(await desk.read(parent.id)).toMatchObject({
      parent: null,
      parentShare: null,
      childrenTotal: { value: '4000.00', baseline: '18000.00', target: '1000.00', reason: null },
    })
    expect(await desk.read(emea.id)).toMatchObject({
      parent: { name: 'All' },
      parentShare: { value: '75', target: '75' },
      childrenTotal: { value: null, reason: 'NO_CHILDREN' },
    })
    expect(await desk.read(apac.id)).toMatchObject({ parentShare: { value: '25', target: '25' } })
    await desk.create(dueOf(['APAC', 'EMEA'], { parentId: parent.id }))
    expect(await desk.read(parent.id)).toMatchObject({
      childrenTotal: { value: null, reason: 'OVERLAPPING_SCOPES' },
    })
    expect(await desk.read(emea.id)).toMatchObject({ parentShare: null })
  })

  it('are never averaged', async () => {
    const share = { metric: 'PAST_DUE_SHARE', baseline: '50', target: '10' }
    const parent = await desk.create(share)
    await desk.create({ ...share, parentId: parent.id, filter: { region: ['EMEA'] } })
    expect(await desk.read(parent.id)).toMatchObject({
      childrenTotal: { value: null, baseline: null, target: null, reason: 'NOT_ADDITIVE' },
    })
  })

  it('can be checklists, move, and stand alone again', async () => {
    const [one, two] = [await desk.create({ name: 'One' }), await desk.create({ name: 'Two' })]
    const list = await desk.done('createMilestoneGoal', {
      name: 'A list',
      deadline: '2026-09-30',
      milestones: [{ title: 'x', dueOn: '2026-09-01' }],
      parentId: one.id,
    })
    expect(list['parent']).toEqual({ name: 'One' })
    const { goal: moved } = await put(list, two)
    expect(moved).toMatchObject({
      parent: { name: 'Two' },
      changes: [{ fields: [{ field: 'PARENT', from: 'One', to: 'Two' }] }],
    })
    const { goal: alone } = await put(moved, null)
    expect(alone['parent']).toBeNull()
    expect(await desk.read(two.id)).toMatchObject({ children: [] })
  })
})

describe('a ring of goals', () => {
  it('is refused, however long', { timeout: 60_000 }, async () => {
    const top = await desk.create({ name: 'Top' })
    const middle = await desk.create({ name: 'Middle', parentId: top.id })
    const bottom = await desk.create({ name: 'Bottom', parentId: middle.id })
    for (const parent of [top, middle, bottom])
      expect(await put(top, parent)).toMatchObject({ __typename: 'InvalidInput', path: ['parentId'] })
    expect((await desk.read(top.id))['parent']).toBeNull()
    expect(await put(bottom, top)).toMatchObject({ __typename: 'UpdateGoalSuccess' })
  })

  it('is not made by two who move at once', { timeout: 60_000 }, async () => {
    for (let round = 0; round < 5; round++) {
      const [one, two] = [await desk.create(), await desk.create()]
      const answers = await Promise.all([put(one, two), put(two, one)])
      expect(answers.map(({ __typename }) => __typename).toSorted()).toEqual([
        'InvalidInput',
        'UpdateGoalSuccess',
      ])
    }
  })

  it('needs a goal that there is, and that is not over', async () => {
    const goal = await desk.create()
    const other = await desk.create()
    await desk.done('closeGoal', { goal: other.id, expectedVersion: 1, outcome: 'ABANDONED', reason: 'x' })
    expect(await put(goal, other)).toMatchObject({ __typename: 'InvalidInput', path: ['parentId'] })
    const answer = await desk.command('updateGoal', { goal: goal.id, expectedVersion: 1, parentId: 'goal_x' })
    expect(answer).toMatchObject({ __typename: 'NotFound', path: ['parentId'] })
  })
})
