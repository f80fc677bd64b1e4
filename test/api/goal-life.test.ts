/** The life of a goal over real HTTP and WebSocket: its states, their ways, and two people at once. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openDesk, type Desk, type Goal } from '../support/goals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { subscribe } from '../support/subscribe.ts'

let now = Temporal.Instant.from('2026-07-01T12:00:00Z')
let server: TestServer
let desk: Desk
beforeAll(async () => {
  server = await startTestServer({ clock: () => now })
})
afterAll(() => server.close())
beforeEach(async () => {
  now = Temporal.Instant.from('2026-07-01T12:00:00Z')
  desk = await openDesk(server, 'stateReason outcome changes { version by reason fields { field from to } }')
})

const seen = ({ id, version }: Goal) => ({ goal: id, expectedVersion: version })
const evaluated = (goal: Goal) => desk.until(goal.id, ({ progress }) => progress !== null)
const begin = async (input: Record<string, unknown> = {}): Promise<Goal> =>
  evaluated(await desk.create(input))

describe('a draft', () => {
  it('is not evaluated until it is activated', { timeout: 60_000 }, async () => {
    await desk.bill([1])
    const draft = await desk.create({ state: 'DRAFT' })
    const other = await begin()
    expect(await desk.read(draft.id)).toMatchObject({ state: 'DRAFT', version: 1, progress: null })
    expect(other.progress?.value).toBe(1)
    const active = await desk.done('activateGoal', seen(draft))
    expect(active).toMatchObject({
      state: 'ACTIVE',
      version: 2,
      changes: [
        {
          version: 2,
          by: "a test's admin",
          reason: null,
          fields: [{ field: 'STATE', from: 'DRAFT', to: 'ACTIVE' }],
        },
      ],
    })
    expect((await evaluated(active)).progress).toMatchObject({ value: 1, status: 'ON_TRACK' })
  })

  it('cannot be activated once its deadline has passed', async () => {
    const draft = await desk.create({ state: 'DRAFT', deadline: '2026-07-02' })
    now = Temporal.Instant.from('2026-07-04T12:00:00Z')
    expect(await desk.command('activateGoal', seen(draft))).toMatchObject({
      __typename: 'InvalidInput',
      path: ['goal'],
      message: 'Its deadline, 2 Jul 2026, has passed: give it another one first',
    })
  })
})

describe('a paused goal', () => {
  it('keeps its last progress, and goes on from there', async () => {
    await desk.bill([1])
    const goal = await begin()
    const paused = await desk.done('pauseGoal', { ...seen(goal), reason: 'The books are being moved.' })
    expect(paused).toMatchObject({ state: 'PAUSED', version: 2, stateReason: 'The books are being moved.' })
    await desk.bill([2, 3])
    const witness = await begin({ name: 'Another' })
    expect(witness.progress?.value).toBe(3)
    expect((await desk.read(goal.id)).progress?.value).toBe(1)
    const resumed = await desk.done('resumeGoal', seen(paused))
    expect(resumed).toMatchObject({ state: 'ACTIVE', version: 3, stateReason: null })
    await desk.until(goal.id, ({ progress }) => progress?.value === 3)
  })

  it('tells those who follow, with the progress that it rests on', { timeout: 60_000 }, async () => {
    await desk.bill([1])
    const goal = await begin()
    type Event = { readonly goalProgress: { readonly kind: string; readonly goal: Goal } }
    const events = subscribe<Event>(
      server.url,
      desk.token,
      'subscription { goalProgress { kind goal { id state version progress { value status } } } }',
    )
    expect((await events.next()).goalProgress.goal.state).toBe('ACTIVE')
    const paused = await desk.done('pauseGoal', { ...seen(goal), reason: 'A pause' })
    expect((await events.next()).goalProgress).toMatchObject({
      kind: 'UPDATE',
      goal: { state: 'PAUSED', version: 2, progress: { value: 1, status: 'ON_TRACK' } },
    })
    await desk.bill([2])
    await desk.done('closeGoal', { ...seen(paused), outcome: 'ABANDONED', reason: 'Another plan' })
    expect((await events.next()).goalProgress).toMatchObject({
      kind: 'UPDATE',
      goal: { state: 'CLOSED', version: 3, progress: { value: 1, status: 'ABANDONED' } },
    })
    await events.return()
  })
})

describe('closing', () => {
  it('gives a goal up for a reason, and it ends as ABANDONED', async () => {
    await desk.bill([1])
    const goal = await begin()
    expect(await desk.command('closeGoal', { ...seen(goal), outcome: 'ABANDONED' })).toMatchObject({
      __typename: 'InvalidInput',
      path: ['reason'],
    })
    const closed = await desk.done('closeGoal', {
      ...seen(goal),
      outcome: 'ABANDONED',
      reason: 'We sell for cash now',
    })
    expect(closed).toMatchObject({ state: 'CLOSED', outcome: 'ABANDONED' })
    const ended = await desk.until(goal.id, ({ progress }) => progress?.status === 'ABANDONED')
    expect(ended.progress).toEqual({
      value: 1,
      status: 'ABANDONED',
      statusReason: 'It was given up: We sell for cash now.',
    })
  })

  it('as achieved or missed must agree with the status', { timeout: 60_000 }, async () => {
    await desk.bill([1])
    const goal = await begin()
    for (const outcome of ['ACHIEVED', 'MISSED']) {
      const problem = await desk.command('closeGoal', { ...seen(goal), outcome })
      expect(problem).toMatchObject({ __typename: 'InvalidInput', path: ['outcome'] })
      expect(problem.message).toMatch(
        new RegExp(`^It cannot be closed as ${outcome}, for it is ON_TRACK\\. Open invoices are 1`),
      )
    }
    const reached = await begin({ target: '5' })
    expect(reached.progress?.status).toBe('ACHIEVED')
    const closed = await desk.done('closeGoal', { ...seen(reached), outcome: 'ACHIEVED' })
    expect(closed).toMatchObject({ state: 'CLOSED', outcome: 'ACHIEVED', stateReason: null })
    await desk.bill([2, 3, 4, 5, 6, 7])
    await desk.until(goal.id, ({ progress }) => progress?.value === 7)
    expect((await desk.read(reached.id)).progress).toMatchObject({ value: 1, status: 'ACHIEVED' })
  })

  it('as missed is for a goal whose deadline passed without it', async () => {
    await desk.bill([1])
    const goal = await begin({ deadline: '2026-07-02' })
    now = Temporal.Instant.from('2026-07-03T12:00:00Z')
    const missed = await desk.until(goal.id, ({ progress }) => progress?.status === 'MISSED')
    const closed = await desk.done('closeGoal', { ...seen(missed), outcome: 'MISSED' })
    expect(closed).toMatchObject({ state: 'CLOSED', outcome: 'MISSED' })
  })
})

describe('the ways between the states', () => {
  const commands = ['activateGoal', 'pauseGoal', 'resumeGoal', 'closeGoal'] as const
  const inputs: Readonly<Record<string, object>> = {
    pauseGoal: { reason: 'A pause' },
    closeGoal: { outcome: 'ABANDONED', reason: 'Given up' },
  }
  const carryOut = (name: string, goal: Goal) => desk.command(name, { ...seen(goal), ...inputs[name] })
  const into: Readonly<Record<string, () => Promise<Goal>>> = {
    DRAFT: () => desk.create({ state: 'DRAFT' }),
    ACTIVE: () => desk.create(),
    PAUSED: async () => (await carryOut('pauseGoal', await desk.create())).goal,
    CLOSED: async () => (await carryOut('closeGoal', await desk.create())).goal,
  }

  it.each([
    ['DRAFT', ['activateGoal', 'closeGoal']],
    ['ACTIVE', ['pauseGoal', 'closeGoal']],
    ['PAUSED', ['resumeGoal', 'closeGoal']],
    ['CLOSED', []],
  ])('from %s are %j', async (state, open) => {
    const found: string[] = []
    const refused: unknown[] = []
    for (const name of commands) {
      const goal = (await into[state]?.()) as Goal
      expect(goal.state).toBe(state)
      const answer = await carryOut(name, goal)
      if (answer.__typename.endsWith('Success')) found.push(name)
      else refused.push([answer.__typename, ...answer.path])
    }
    expect(refused).toEqual(refused.map(() => ['InvalidInput', 'goal']))
    expect(found).toEqual(open)
  })

  it('begin with ACTIVE or DRAFT only', async () => {
    const goal = { name: 'x', metric: 'PAST_DUE', direction: 'DECREASE', baseline: '9', target: '1' }
    const answer = await desk.command('createGoal', { ...goal, deadline: '2026-12-31', state: 'PAUSED' })
    expect(answer).toMatchObject({ __typename: 'InvalidInput', path: ['state'] })
  })
})

describe('two people at once', () => {
  it('the second is told who changed what, and nothing is lost', async () => {
    const goal = await desk.create()
    const input = { ...seen(goal), reason: 'First' }
    const answers = await Promise.all([
      desk.command('pauseGoal', input),
      desk.command('pauseGoal', { ...input, reason: 'Second' }),
    ])
    const names = answers.map(({ __typename }) => __typename).toSorted()
    expect(names).toEqual(['Conflict', 'PauseGoalSuccess'])
    const refused = answers.find(({ __typename }) => __typename === 'Conflict')
    expect(refused).toMatchObject({
      path: ['expectedVersion'],
      message:
        "The goal is at version 2 by now: since you saw it, a test's admin changed the state from ACTIVE to PAUSED on 1 Jul 2026",
    })
    expect((await desk.read(goal.id)).changes).toHaveLength(1)
  })

  it('a version that there never was is a conflict too', async () => {
    const goal = await desk.create()
    const input = { goal: goal.id, expectedVersion: 7, reason: 'x' }
    expect(await desk.command('pauseGoal', input)).toMatchObject({
      __typename: 'Conflict',
      message: 'The goal is at version 1 by now: you saw version 7, which there never was',
    })
  })

  it('a dry run changes nothing, and a key is carried out once', async () => {
    const goal = await desk.create()
    const input = { ...seen(goal), reason: 'x' }
    expect(await desk.command('pauseGoal', { ...input, dryRun: true })).toMatchObject({
      dryRun: true,
      goal: null,
    })
    const once = await desk.done('pauseGoal', { ...input, idempotencyKey: 'k' })
    const again = await desk.done('pauseGoal', { ...input, idempotencyKey: 'k' })
    expect([once.version, again.version, (await desk.read(goal.id)).version]).toEqual([2, 2, 2])
  })
})
