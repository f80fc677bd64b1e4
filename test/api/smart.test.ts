/** The check of a goal letter by letter, over real HTTP: while it is written, when it is made, and as it stands. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDesk, type Desk } from '../support/goals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const NOW = Temporal.Instant.from('2026-07-01T12:00:00Z')
const TODAY = Temporal.PlainDate.from('2026-07-01')
const WEEKS = 80

const CHECK = `sentence verdict
  specific { verdict sentence scope owner { name } metric { metric } }
  measurable { verdict sentence value valueReason lastPostedOn points pointsSince }
  achievable { verdict sentence baseline target isReached limit { value kind } probability forecast method missing
    history { weeks windows reached needed isRelative best bestFrom bestTo } }
  relevant { verdict sentence why parent { name } conflicts { kind sentence goal { name } } }
  timeBound { verdict sentence daysLeft weeklyPoints periodEnds isPeriodEnd nearestPeriodEnd }
  problems { __typename message path }`

type Letter = { readonly verdict: string; readonly sentence: string; readonly [field: string]: unknown }
type Check = {
  readonly sentence: string
  readonly verdict: string
  readonly specific: Letter
  readonly measurable: Letter
  readonly achievable: Letter
  readonly relevant: Letter
  readonly timeBound: Letter
  readonly problems: readonly { readonly message: string; readonly path: readonly string[] }[]
}

let server: TestServer
let desk: Desk
beforeAll(async () => {
  server = await startTestServer({ clock: () => NOW })
  desk = await openDesk(server, 'name')
  // One bill a week that nobody pays.
  for (let week = 0; week < WEEKS; week++) {
    const issuedOn = TODAY.subtract({ days: 7 * (WEEKS - 1 - week) }).toString()
    await desk.bill([week], { issuedOn })
  }
}, 60_000)
afterAll(() => server.close())

const check = async (draft: Readonly<Record<string, unknown>>): Promise<Check> => {
  const document = `query ($draft: GoalDraftInput!) { smartCheck(draft: $draft) { ${CHECK} } }`
  return (await desk.ask<{ smartCheck: Check }>(document, { draft })).smartCheck
}

const growing = { metric: 'OPEN_INVOICE_COUNT', direction: 'INCREASE', target: '90', deadline: '2026-12-31' }

describe('a draft', () => {
  it('may be empty: each letter says what it lacks', async () => {
    const empty = await check({})
    expect(empty).toMatchObject({
      verdict: 'FAIL',
      problems: [],
      specific: { verdict: 'FAIL', metric: null, owner: null },
      measurable: { verdict: 'FAIL' },
      achievable: { verdict: 'FAIL', missing: 'NOT_RUNNING', history: null },
      relevant: { verdict: 'WARN', parent: null, conflicts: [] },
      timeBound: { verdict: 'FAIL', daysLeft: null },
    })
    expect(empty.specific.sentence).toContain('It lacks a KPI and a target.')
  })

  it('that is complete is told in a sentence, with the evidence of every letter', async () => {
    const draft = {
      ...growing,
      why: 'We want to grow',
      ownerId: desk.people[0],
      filter: { region: ['EMEA'] },
    }
    const told = await check(draft)
    expect(told.sentence).toBe(
      'Raise Open invoices of Region EMEA from 80 on 1 Jul 2026 to 90 by 31 Dec 2026, owner Ann Lee',
    )
    expect(told).toMatchObject({
      verdict: 'PASS',
      problems: [],
      specific: { verdict: 'PASS', scope: 'Region EMEA', owner: { name: 'Ann Lee' } },
      measurable: { verdict: 'PASS', value: 80, points: 83, pointsSince: '2024-12-04' },
      // The windows that began with 20 to 54 bills; the first grew most, by 26 of 20.
      achievable: {
        verdict: 'PASS',
        baseline: 80,
        target: 90,
        isReached: false,
        limit: null,
        missing: null,
        history: { weeks: 26, windows: 35, reached: 35, needed: 12.5, isRelative: true, best: 130 },
      },
      relevant: { verdict: 'PASS', why: 'We want to grow' },
      timeBound: { verdict: 'PASS', daysLeft: 183, weeklyPoints: 26, periodEnds: 6, isPeriodEnd: true },
    })
    expect(told.achievable['probability']).toBeGreaterThan(50)
    expect(told.achievable.sentence).toContain(
      'In 35 of 35 spans of 26 weeks in the past it rose by 12.5 % or more.',
    )
  })

  it('is told from the KPI: which way is better, and what it cannot fall below', async () => {
    const draft = { metric: 'PAST_DUE', target: '-1', deadline: '2026-12-31' }
    expect((await check(draft)).achievable).toMatchObject({
      verdict: 'FAIL',
      limit: { value: 0, kind: 'ZERO' },
      sentence: 'Past due cannot fall below USD 0, so USD -1 cannot be reached.',
    })
  })

  it('for DSO fails below the best possible DSO, and says why', async () => {
    const { kpis } = await desk.ask<{ kpis: { metric: string; value: number }[] }>(
      '{ kpis(metrics: [DSO, BEST_POSSIBLE_DSO]) { metric value } }',
    )
    const [dso = 0, best = 0] = ['DSO', 'BEST_POSSIBLE_DSO'].map(
      (id) => kpis.find(({ metric }) => metric === id)?.value,
    )
    expect(best).toBeGreaterThan(0)
    expect(best).toBeLessThan(dso)
    const draft = (target: number) => ({ metric: 'DSO', target: target.toFixed(2), deadline: '2026-12-31' })
    const impossible = (await check(draft(best - 1))).achievable
    expect(impossible).toMatchObject({ verdict: 'FAIL', limit: { kind: 'BEST_POSSIBLE_DSO' } })
    expect((impossible['limit'] as { value: number }).value).toBeCloseTo(best, 6)
    expect(impossible.sentence).toContain('takes shorter terms, not better collection')
    // Possible, and yet it never fell, for nobody ever paid.
    const hard = (await check(draft(best + 1))).achievable
    expect(hard.verdict).toBe('WARN')
    expect(hard['history']).toMatchObject({ reached: 0 })
    expect(hard.sentence).toContain('Never in ')
  })

  it('warns of what is won already, and of a time too short to act in', async () => {
    const draft = { ...growing, baseline: '70', target: '78', deadline: '2026-07-20' }
    const told = await check(draft)
    expect(told.achievable).toMatchObject({ verdict: 'WARN', isReached: true })
    expect(told.achievable.sentence).toContain('It is won already: the value today, 80, reaches the target.')
    expect(told.timeBound).toMatchObject({ verdict: 'WARN', weeklyPoints: 2, isPeriodEnd: false })
  })

  it('is not asked for a forecast longer than the past', async () => {
    const told = (await check({ ...growing, deadline: '2029-12-31' })).achievable
    expect(told).toMatchObject({ verdict: 'WARN', missing: 'TOO_SHORT', history: { windows: 0 } })
    expect(told.sentence).toBe('The books are too young for so long a time: nobody can tell.')
  })

  it('of a KPI without a value cannot be measured', async () => {
    const told = await check({ metric: 'COLLECTION_COST', target: '5', deadline: '2026-12-31' })
    expect(told.measurable).toMatchObject({ verdict: 'FAIL', value: null, valueReason: 'NOT_RECORDED' })
  })

  it('of a rate asks for ends of periods', async () => {
    const draft = { metric: 'ON_TIME_RATE', target: '50' }
    expect((await check({ ...draft, deadline: '2026-12-15' })).timeBound).toMatchObject({
      verdict: 'WARN',
      periodEnds: 5,
      isPeriodEnd: false,
      nearestPeriodEnd: '2026-11-30',
    })
    expect((await check({ ...draft, deadline: '2026-12-31' })).timeBound).toMatchObject({ verdict: 'PASS' })
  })

  it('may keep a value in a band, or be a checklist', async () => {
    const band = { metric: 'OPEN_INVOICE_COUNT', band: { low: '75', high: '85' }, deadline: '2026-12-31' }
    const told = await check(band)
    expect(told.sentence).toBe(
      'Keep Open invoices of all receivables between 75 and 85 until 31 Dec 2026, nobody named as owner',
    )
    expect(told.achievable).toMatchObject({ isReached: true, history: { needed: null, best: null } })
    expect(told.specific.verdict).toBe('WARN')
    const milestones = [{ title: 'Board has approved', dueOn: '2026-09-30' }]
    expect(await check({ milestones, deadline: '2026-09-30', why: 'Audit' })).toMatchObject({
      sentence: 'Complete the one milestone by 30 Sep 2026, nobody named as owner',
      achievable: { verdict: 'PASS', missing: 'CHECKLIST' },
      measurable: { verdict: 'PASS' },
      problems: [],
    })
  })
})

describe('what a draft would be refused for', () => {
  it.each([
    ['name', { name: ' ' }],
    ['why', { why: 'x'.repeat(2_001) }],
    ['deadline', { deadline: '2026-06-01', startsOn: '2026-05-01' }],
    ['deadline', { deadline: '2026-07-01', startsOn: '2026-07-01' }],
    ['deadline', { deadline: '2046-07-01' }],
    ['startsOn', { startsOn: '2006-07-01' }],
    ['direction', { target: '70' }],
    ['target', { target: '80' }],
    ['band.low', { direction: 'MAINTAIN_BAND', target: null, band: { low: '9', high: '5' } }],
    ['band', { band: { low: '1', high: '5' } }],
    ['targetBy', { targetBy: { percent: '5' } }],
    ['trajectory.custom', { trajectory: { custom: [{ on: '2027-03-01', value: '85' }] } }],
    ['conventions', { conventions: { dsoMonths: 99 } }],
    ['filter.region', { filter: { region: [] } }],
    ['filter.collectorId.0', { filter: { collectorId: ['person_0'] } }],
    ['ownerId', { ownerId: 'person_0190a5c0-0000-7000-8000-000000000000' }],
    ['parentId', { parentId: 'goal_0190a5c0-0000-7000-8000-000000000000' }],
  ])('names %s, as createGoal does', async (field, given) => {
    const draft = { ...growing, ...given }
    const told = await check(draft)
    expect(told.problems.map(({ path }) => path.join('.'))).toEqual([field])
    const refused = await desk.command('createGoal', { name: 'A goal', dryRun: true, ...draft })
    expect(refused.path.join('.')).toBe(field)
    expect(refused.message).toBe(told.problems[0]?.message)
  })

  it('is told of all fields at once', async () => {
    const told = await check({ ...growing, name: '', why: 'x'.repeat(2_001), deadline: '2026-06-01' })
    expect(told.problems.map(({ path }) => path.join('.'))).toEqual(['name', 'why', 'deadline'])
  })

  it.each([
    ['draft.metric', { metric: 'DAYS_SALES' }],
    ['draft.currency', { currency: 'XXY' }],
    ['draft.target', { target: 'much' }],
    ['draft.deadline', { deadline: '2026-02-30' }],
  ])('is an error that names %s, where it is no such value at all', async (field, given) => {
    await expect(check({ ...growing, ...given })).rejects.toThrow(`at \\"${field}\\"`)
  })

  it('includes milestones that are due after the deadline', async () => {
    const milestones = [{ title: 'Late', dueOn: '2026-12-31' }]
    const told = await check({ milestones, deadline: '2026-09-30' })
    expect(told.problems.map(({ path }) => path.join('.'))).toEqual(['milestones.0.dueOn'])
  })
})

describe('a goal that exists', () => {
  const created = async (input: Readonly<Record<string, unknown>>) => {
    const document = `mutation ($input: CreateGoalInput!) { createGoal(input: $input) { __typename
      ... on CreateGoalSuccess { goal { id smart { ${CHECK} } } smart { ${CHECK} } } ... on Problem { message } } }`
    type Answer = { createGoal: { goal: { id: string; smart: Check } | null; smart: Check } }
    return (await desk.ask<Answer>(document, { input })).createGoal
  }

  it('is made in spite of warnings, and told of them with its success and whenever it is read', async () => {
    const input = { ...growing, name: 'Grow', target: '400', why: 'Ambition' }
    const { goal, smart } = await created(input)
    expect(smart.verdict).toBe('WARN')
    expect(smart.achievable).toMatchObject({ verdict: 'WARN', target: 400 })
    expect(goal?.smart).toEqual(smart)
    const dry = await created({ ...input, name: 'Grow again', dryRun: true })
    expect(dry.goal).toBeNull()
    // All but that the first one is in its way.
    expect(dry.smart).toMatchObject({ ...smart, relevant: { verdict: 'WARN' } })
    expect(dry.smart.relevant).toMatchObject({ conflicts: [{ kind: 'DUPLICATE', goal: { name: 'Grow' } }] })
  })

  it('is in the way of others that want the opposite, or something that works against it', async () => {
    await created({
      name: 'Close bills',
      metric: 'SALES',
      direction: 'INCREASE',
      target: '90000',
      deadline: '2026-12-31',
    })
    const less = await check({ metric: 'DSO', target: '60', deadline: '2026-12-31', why: 'Cash' })
    expect(less.relevant).toMatchObject({
      verdict: 'WARN',
      conflicts: [{ kind: 'PULLS_AGAINST', goal: { name: 'Close bills' } }],
    })
    const opposite = await check({ ...growing, direction: 'DECREASE', target: '10' })
    expect(opposite.relevant).toMatchObject({
      conflicts: [{ kind: 'OPPOSITE_DIRECTION', goal: { name: 'Grow' } }],
    })
    const elsewhere = {
      ...growing,
      direction: 'DECREASE',
      target: '0',
      filter: { region: ['APAC'] },
      baseline: '9',
    }
    expect((await check(elsewhere)).relevant).toMatchObject({ conflicts: [{ kind: 'OPPOSITE_DIRECTION' }] })
  })

  it('that is a checklist is checked too', async () => {
    const document = `mutation ($input: CreateMilestoneGoalInput!) { createMilestoneGoal(input: $input) {
      ... on CreateMilestoneGoalSuccess { goal { smart { ${CHECK} } } smart { sentence measurable { value } } } } }`
    type Answer = { createMilestoneGoal: { goal: { smart: Check } | null; smart: Check } }
    const milestones = [{ title: 'Board has approved', dueOn: '2026-09-30' }]
    const input = { name: 'Policy', milestones, deadline: '2026-09-30', ownerId: desk.people[1] }
    const { goal } = (await desk.ask<Answer>(document, { input })).createMilestoneGoal
    expect(goal?.smart).toMatchObject({
      sentence: 'Complete the one milestone by 30 Sep 2026, owner Bo Ray',
      measurable: { value: 0 },
      specific: { scope: 'Milestones' },
    })
    const dry = (await desk.ask<Answer>(document, { input: { ...input, dryRun: true } })).createMilestoneGoal
    expect(dry.smart).toEqual({
      sentence: 'Complete the one milestone by 30 Sep 2026, owner Bo Ray',
      measurable: { value: null },
    })
  })
})
