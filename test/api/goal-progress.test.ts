/** What progress says besides value and status, over real HTTP and WebSocket: forecast, override, guards, budget. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openDesk, type Desk, type Goal } from '../support/goals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { subscribe } from '../support/subscribe.ts'

/** 1 July 2026, 8 in the morning in New York. */
const NOW = Temporal.Instant.from('2026-07-01T12:00:00Z')
const TODAY = Temporal.PlainDate.from('2026-07-01')
const DAY_HOURS = 24

const FIELDS = `target guards
  statusOverride { status reason until by }
  changes { version reason fields { field from to } }
  progress { asOf value expected percentToTarget leaning leaningSince
    forecast { missing value half { low high } mostly { low high } probability projectedOn method
      isBetterThanNoChange isTrusted backTest { tries } }
    override { status reason until by setAt }
    guards { guard unit before now effect sentence }
    budget { spent spentExact left leftPercent burnShort burnLong projected goneOn } }`

type Progress = {
  readonly asOf: string
  readonly value: number
  readonly status: string
  readonly statusReason: string
  readonly forecast: {
    readonly missing: string | null
    readonly probability: number
    readonly isTrusted: boolean
  }
  readonly override: { readonly status: string } | null
  readonly guards: readonly { readonly sentence: string | null }[]
  readonly budget: { readonly left: number } | null
}
const progressOf = (goal: Goal) => goal.progress as unknown as Progress

let server: TestServer
let desk: Desk
let now = NOW
beforeAll(async () => {
  server = await startTestServer({ clock: () => now })
})
afterAll(() => server.close())
beforeEach(async () => {
  now = NOW
  desk = await openDesk(server, FIELDS)
})

const follow = (id: string) =>
  subscribe<{ goalProgress: { kind: string; goal: Goal } }>(
    server.url,
    desk.token,
    `subscription ($ids: [ID!]) { goalProgress(goalIds: $ids) { kind goal {
      id version state progress { value status statusReason } ${FIELDS} } } }`,
    { ids: [id] },
  )

/** The first event in which the goal is as wanted. */
async function eventOf(events: ReturnType<typeof follow>, isWanted: (progress: Progress) => boolean) {
  for (let tries = 0; tries < 20; tries++) {
    const { goal } = (await events.next(15_000)).goalProgress
    if (goal.progress !== null && isWanted(progressOf(goal))) return goal
  }
  throw new Error('It was never told')
}

describe('the forecast in the progress', () => {
  it(
    'is told to those who follow, decides the status, and moves with the next payment',
    { timeout: 60_000 },
    async () => {
      const weeks = 80
      for (let week = 0; week < weeks; week++) {
        await desk.bill([week], { issuedOn: TODAY.subtract({ days: 7 * (weeks - 1 - week) }).toString() })
      }
      const { id } = await desk.create({
        baseline: '70',
        target: '85',
        direction: 'INCREASE',
        deadline: '2026-08-25',
      })
      const events = follow(id)
      const goal = await eventOf(events, ({ forecast }) => forecast.probability !== null)
      const progress = progressOf(goal)
      expect(progress.forecast).toMatchObject({
        missing: null,
        isBetterThanNoChange: true,
        isTrusted: true,
        backTest: { tries: expect.any(Number) },
      })
      const likely = Math.min(99, Math.round(progress.forecast.probability))
      expect(progress).toMatchObject({ value: 80, status: 'ON_TRACK' })
      expect(progress.statusReason).toContain(`; ${likely} % likely to be 85 or more.`)
      expect(progress.statusReason).toMatch(/^At this rate Open invoices will be 88 on 25 Aug 2026; /)
      // What is read is what was told.
      expect((await desk.read(id)).progress).toEqual(goal.progress)
      await desk.bill([100])
      const moved = progressOf(await eventOf(events, ({ value }) => value === 81))
      expect(moved.forecast.probability).toBeGreaterThanOrEqual(progress.forecast.probability)
      expect(moved.forecast).toMatchObject({ missing: null, isTrusted: true })
      await events.return()
    },
  )

  it('is none where the books are too young, and the distance decides', async () => {
    await desk.bill([1])
    const { id } = await desk.create()
    const goal = await desk.until(
      id,
      ({ progress }) =>
        progress !== null && progressOf({ progress } as Goal).forecast.missing === 'TOO_SHORT',
    )
    expect(goal.progress).toMatchObject({ value: 1, status: 'ON_TRACK', leaning: null, leaningSince: null })
    expect(progressOf(goal).statusReason).toMatch(/^Open invoices are 1, /)
  })
})

describe('an override', () => {
  const say = (goal: Goal, input: object = {}) =>
    desk.command('overrideGoalStatus', {
      goal: goal.id,
      expectedVersion: goal.version,
      status: 'AT_RISK',
      reason: 'Two large customers announced delays',
      ...input,
    })

  it('is told beside the computed status, to those who follow too, and is over by itself', async () => {
    await desk.bill([1])
    const goal = await desk.create()
    await desk.until(goal.id, ({ progress }) => progress !== null)
    const events = follow(goal.id)
    const { goal: said } = await say(goal, { until: '2026-07-02' })
    const told = { status: 'AT_RISK', reason: 'Two large customers announced delays', until: '2026-07-02' }
    expect(said['statusOverride']).toMatchObject(told)
    const live = await eventOf(events, ({ override }) => override !== null)
    expect(live.progress).toMatchObject({ status: 'ON_TRACK', override: { ...told, setAt: NOW.toString() } })
    expect(said['changes']).toMatchObject([
      {
        version: 2,
        reason: told.reason,
        fields: [{ field: 'STATUS_OVERRIDE', from: null, to: 'AT_RISK until 2026-07-02' }],
      },
    ])
    // On its last day it is still told.
    now = NOW.add({ hours: DAY_HOURS })
    expect(progressOf(await eventOf(events, ({ asOf }) => asOf === '2026-07-02')).override).toMatchObject(
      told,
    )
    now = NOW.add({ hours: 2 * DAY_HOURS })
    const over = await eventOf(events, ({ asOf }) => asOf === '2026-07-03')
    expect(over).toMatchObject({ statusOverride: null, progress: { override: null, status: 'ON_TRACK' } })
    await events.return()
  })

  it('lasts fourteen days, and can be withdrawn', async () => {
    const goal = await desk.create()
    const { goal: said } = await say(goal)
    expect(said['statusOverride']).toMatchObject({ until: '2026-07-15' })
    const events = follow(goal.id)
    await eventOf(events, ({ override }) => override !== null)
    const input = { goal: goal.id, expectedVersion: 2, reason: 'They paid' }
    const withdrawn = await desk.done('withdrawGoalStatusOverride', input)
    expect(withdrawn['statusOverride']).toBeNull()
    expect((await eventOf(events, ({ override }) => override === null)).version).toBe(3)
    await events.return()
    const again = await desk.command('withdrawGoalStatusOverride', { ...input, expectedVersion: 3 })
    expect(again).toMatchObject({ __typename: 'InvalidInput', path: ['goal'] })
  })

  it.each([
    ['a status that is for the server', { status: 'ACHIEVED' }, ['status']],
    ['no reason', { reason: ' ' }, ['reason']],
    ['a day that has passed', { until: '2026-06-30' }, ['until']],
    ['more than ninety days', { until: '2026-09-30' }, ['until']],
    ['an older version', { expectedVersion: 9 }, ['expectedVersion']],
    ['no such goal', { goal: 'goal_x' }, ['goal']],
  ])('is refused with %s', async (_name, input, path) => {
    const goal = await desk.create()
    const answer = await say(goal, input)
    expect(answer.path).toEqual(path)
    expect(await desk.read(goal.id)).toMatchObject({ version: 1, statusOverride: null })
  })

  it('is refused of a draft, and leaves nothing in a dry run', async () => {
    const draft = await desk.create({ state: 'DRAFT' })
    expect(await say(draft)).toMatchObject({ __typename: 'InvalidInput', path: ['goal'] })
    const goal = await desk.create()
    expect(await say(goal, { dryRun: true })).toMatchObject({ dryRun: true, goal: null })
    expect(await desk.read(goal.id)).toMatchObject({ version: 1, statusOverride: null })
  })
})

describe('guards', () => {
  const giveUp = (number: number) =>
    desk.ask<{ writeOffInvoice: { __typename: string } }>(
      `mutation ($input: WriteOffInvoiceInput!) { writeOffInvoice(input: $input) { __typename } }`,
      { input: { invoice: { number: `I-${number}` }, code: 'BAD_DEBT' } },
    )
  const pay = (number: number, amount: string) =>
    desk.ask(`mutation ($input: RecordReceiptInput!) { recordReceipt(input: $input) { __typename } }`, {
      input: {
        customer: { number: 'C-1' },
        amount: { amount, currency: 'USD' },
        receivedOn: '2026-07-01',
        allocations: [{ invoice: { number: `I-${number}` } }],
      },
    })

  it('say how much of an improvement comes from them, in the unit of the goal', async () => {
    await desk.bill([1, 2, 3, 4], { issuedOn: '2026-03-02' })
    const sold = { metric: 'DSO', baseline: '160', target: '20', startsOn: '2026-06-25' }
    const { id } = await desk.create({ ...sold, guards: ['WRITTEN_OFF', 'CREDITED', 'WRITTEN_OFF'] })
    const fresh = await desk.read(id)
    expect(fresh['guards']).toEqual(['WRITTEN_OFF', 'CREDITED'])
    // Nothing was sold in the three months up to 1 July 2026 unless it is billed now.
    await desk.bill([5], { issuedOn: '2026-06-10', amount: { amount: '4000', currency: 'USD' } })
    await pay(2, '1000')
    await giveUp(1)
    const goal = await desk.until(
      id,
      ({ progress }) => progressOf({ progress } as Goal)?.guards[0]?.sentence != null,
    )
    // 6,000 of 4,000 sold in 91 days; with what was given up put back, 7,000.
    expect(progressOf(goal).value).toBeCloseTo((6_000 / 4_000) * 91, 4)
    const [writtenOff, credited] = progressOf(goal).guards
    expect(writtenOff).toMatchObject({
      guard: 'WRITTEN_OFF',
      unit: 'MONEY',
      before: 0,
      now: 1_000,
      effect: 22.75,
    })
    expect(credited).toMatchObject({ guard: 'CREDITED', now: 0, effect: 0, sentence: null })
  })

  it('say it in a sentence', async () => {
    await desk.bill([1, 2, 3, 4])
    const { id } = await desk.create({
      metric: 'TOTAL_RECEIVABLES',
      baseline: undefined,
      target: '500',
      startsOn: '2026-06-25',
      guards: ['WRITTEN_OFF'],
    })
    await desk.until(id, ({ progress }) => progress?.value === 4_000)
    await giveUp(1)
    await pay(2, '1000')
    const goal = await desk.until(id, ({ progress }) => progress?.value === 2_000)
    expect(progressOf(goal).guards).toEqual([
      {
        guard: 'WRITTEN_OFF',
        unit: 'MONEY',
        before: 0,
        now: 1_000,
        effect: 1_000,
        sentence: 'USD 1,000 of the USD 2,000 came from write-offs of USD 1,000.',
      },
    ])
  })

  it('say what they changed where due dates count, by the items that it happened to', async () => {
    await desk.bill([1, 2, 3, 4], { issuedOn: '2026-05-20' })
    await desk.bill([5, 6, 7, 8])
    const { id } = await desk.create({
      metric: 'PAST_DUE_SHARE',
      baseline: undefined,
      target: '10',
      startsOn: '2026-06-25',
      guards: ['WRITTEN_OFF', 'RE_DATED'],
    })
    await desk.until(id, ({ progress }) => progress?.value === 50)
    await giveUp(1)
    await desk.ask(`mutation ($input: ReDateInvoiceInput!) { reDateInvoice(input: $input) { __typename } }`, {
      input: { invoice: { number: 'I-2' }, dueOn: '2026-08-31', reason: 'Asked for' },
    })
    await desk.until(id, ({ progress }) => (progress?.value ?? 99) < 29)
    await pay(3, '1000')
    const goal = await desk.until(id, ({ progress }) => (progress?.value ?? 99) < 20)
    // One of six is left past due. With the one given up two of seven, with the one that was re-dated two of six.
    expect(progressOf(goal).guards).toMatchObject([
      { guard: 'WRITTEN_OFF', now: 1_000, effect: 11.904762 },
      {
        guard: 'RE_DATED',
        now: 1_000,
        effect: 16.666667,
        sentence: '16.7 points of the 33.3 points came from re-dated invoices of USD 1,000.',
      },
    ])
  })

  it('only say what they did where nobody can know what it changed', async () => {
    await desk.bill([1, 2], { issuedOn: '2026-05-20' })
    const { id } = await desk.create({
      metric: 'PAST_DUE',
      baseline: '3000',
      target: '500',
      startsOn: '2026-06-18',
      guards: ['RE_BILLED'],
    })
    await desk.bill([3], { issuedOn: '2026-06-20' })
    await desk.ask(`mutation ($input: VoidInvoiceInput!) { voidInvoice(input: $input) { __typename } }`, {
      input: { invoice: { number: 'I-3' }, reason: 'Wrong' },
    })
    const goal = await desk.until(
      id,
      ({ progress }) => progressOf({ progress } as Goal)?.guards[0]?.sentence != null,
    )
    expect(progressOf(goal).guards).toMatchObject([
      {
        effect: null,
        sentence:
          'Since the baseline there were bills that were wrong of USD 1,000, after USD 0 in as many days before.',
      },
    ])
  })

  it('can be changed, which is kept', async () => {
    const goal = await desk.create({ guards: ['CREDITED'] })
    const input = { goal: goal.id, expectedVersion: 1, guards: ['RE_BILLED', 'WEIGHTED_AVERAGE_TERMS'] }
    const changed = await desk.done('updateGoal', input)
    expect(changed['guards']).toEqual(input.guards)
    expect(changed['changes']).toMatchObject([
      { fields: [{ field: 'GUARDS', from: 'CREDITED', to: 'RE_BILLED, WEIGHTED_AVERAGE_TERMS' }] },
    ])
  })
})

describe('a lateness budget', () => {
  const budget = {
    metric: 'DOLLAR_DAYS_LATE',
    direction: 'BUDGET',
    baseline: undefined,
    target: '92000',
    startsOn: '2026-07-01',
    deadline: '2026-09-30',
  }

  it('is spent by what is past due, day by day, and says when it is gone', async () => {
    // 30 days to pay: past due from 2 June on, by USD 2,000 a day.
    await desk.bill([1, 2], { issuedOn: '2026-05-02' })
    const { id } = await desk.create(budget)
    const first = await desk.until(id, ({ progress }) => progress !== null)
    // A thousand a day is allowed. Of the last 28 days all were late.
    expect(first.progress).toMatchObject({
      value: 2_000,
      expected: 1_000,
      percentToTarget: expect.closeTo(2.17, 1),
      status: 'OFF_TRACK',
      statusReason:
        'Dollar-days late are USD 2,000 of a budget of USD 92,000; at this rate the budget is gone on 15 Aug 2026.',
      forecast: { missing: 'BUDGET' },
      budget: {
        spent: 2_000,
        spentExact: '2000',
        left: 90_000,
        burnShort: 2,
        burnLong: 2,
        projected: 184_000,
        goneOn: '2026-08-15',
      },
    })
    // A day later another two thousand are gone.
    now = NOW.add({ hours: DAY_HOURS })
    const second = await desk.until(id, ({ progress }) => progress?.value === 4_000)
    expect(progressOf(second).budget).toMatchObject({ left: 88_000, goneOn: '2026-08-15' })
  })

  it('is achieved by what is left on the deadline, and missed by nothing', async () => {
    // 42 days late by the end: 20 August to 30 September.
    const kept = await desk.create({ ...budget, target: '62000' })
    const missed = await desk.create({ ...budget, target: '41000' })
    now = Temporal.Instant.from('2026-10-01T12:00:00Z')
    await desk.bill([1], { issuedOn: '2026-07-20' })
    const done = await desk.until(kept.id, ({ progress }) => progress?.status === 'ACHIEVED')
    expect(progressOf(done).statusReason).toContain('within the budget of USD 62,000')
    const over = await desk.until(missed.id, ({ progress }) => progress?.status === 'MISSED')
    expect(over.progress).toMatchObject({ value: 42_000, budget: { left: -1_000 } })
  })

  it.each([
    ['another KPI', { metric: 'DSO' }, ['metric']],
    ['a baseline', { baseline: '1' }, ['baseline']],
    ['a trajectory', { trajectory: { stepped: [] } }, ['trajectory']],
    ['a distance for a target', { target: undefined, targetBy: { points: '5' } }, ['targetBy']],
    ['nothing to spend', { target: '0' }, ['target']],
    ['no target', { target: undefined }, ['target']],
    ['a deadline before its first day', { deadline: '2026-06-30' }, ['deadline']],
  ])('is refused with %s', async (_name, input, path) => {
    const answer = await desk.command('createGoal', { name: 'Budget', ...budget, ...input })
    expect(answer).toMatchObject({ __typename: 'InvalidInput', path })
  })
})
