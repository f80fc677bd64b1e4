/** What goals aim for, over real HTTP: targets as they are given, bands, and the ways to them. */
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
    `target targetExact targetGiven { kind amount } band { low high lowExact highExact }
    trajectory { kind points { on value valueExact } } history(days: 1) { value expected }
    progress { expected percentToTarget } changes { fields { field from to } }`,
  )
})

const seen = ({ id, version }: Goal) => ({ goal: id, expectedVersion: version })
const refusal = (input: object) =>
  desk.command('createGoal', {
    name: 'A goal',
    metric: 'OPEN_INVOICE_COUNT',
    direction: 'DECREASE',
    baseline: '100',
    startsOn: '2026-06-01',
    deadline: '2026-12-31',
    ...input,
  })

describe('a target', () => {
  it.each([
    [{ targetBy: { percent: '-10' } }, '90', { kind: 'PERCENT', amount: '-10' }],
    [{ targetBy: { points: '-12.5' } }, '87.5', { kind: 'POINTS', amount: '-12.5' }],
    [{ target: '80' }, '80', { kind: 'VALUE', amount: '80' }],
  ])('given as %j is %s', async (input, targetExact, targetGiven) => {
    const goal = await desk.create({ target: null, ...input })
    expect(goal).toMatchObject({ targetExact, targetGiven })
  })

  it('in percent of a baseline that the books have is what was computed then', async () => {
    await desk.bill([1, 2, 3, 4])
    const goal = await desk.create({
      baseline: null,
      startsOn: null,
      target: null,
      targetBy: { percent: '-50' },
    })
    expect(goal).toMatchObject({ targetExact: '2' })
    await desk.bill([5, 6])
    expect(await desk.read(goal.id)).toMatchObject({ targetExact: '2' })
  })

  it.each([
    ['nothing', {}, ['target']],
    ['two ways at once', { target: '9', targetBy: { points: '-1' } }, ['targetBy']],
    ['the wrong side, in percent', { targetBy: { percent: '10' } }, ['direction']],
    ['no way at all', { targetBy: { points: '0' } }, ['targetBy', 'points']],
    [
      'a share of more than all',
      { metric: 'PAST_DUE_SHARE', baseline: '90', direction: 'INCREASE', targetBy: { points: '20' } },
      ['targetBy', 'points'],
    ],
    ['a band', { band: { low: '1', high: '2' } }, ['band']],
  ])('is refused that is given as %s', async (_what, input, path) => {
    expect(await refusal(input)).toMatchObject({ __typename: 'InvalidInput', path })
  })

  it('can be given anew as a distance from the same baseline', async () => {
    const goal = await desk.create()
    const changed = await desk.done('updateGoal', {
      ...seen(goal),
      targetBy: { percent: '-25' },
      reason: 'Less',
    })
    expect(changed).toMatchObject({
      targetExact: '75',
      targetGiven: { kind: 'PERCENT', amount: '-25' },
      changes: [{ fields: [{ field: 'TARGET', from: '0', to: '75' }] }],
    })
    const wrong = await desk.command('updateGoal', {
      ...seen(changed),
      targetBy: { percent: '25' },
      reason: 'x',
    })
    expect(wrong).toMatchObject({ __typename: 'InvalidInput', path: ['targetBy', 'percent'] })
  })
})

describe('a band', () => {
  const band = { direction: 'MAINTAIN_BAND', target: null, band: { low: '2', high: '6' } }

  it('is kept to, and has neither target nor trajectory', { timeout: 60_000 }, async () => {
    await desk.bill([1, 2, 3])
    const goal = await desk.create(band)
    expect(goal).toMatchObject({
      target: null,
      targetExact: null,
      targetGiven: null,
      trajectory: null,
      band: { low: 2, high: 6, lowExact: '2', highExact: '6' },
    })
    const inside = await desk.until(goal.id, ({ progress }) => progress?.value === 3)
    expect(inside.progress).toEqual({
      value: 3,
      status: 'ON_TRACK',
      statusReason: 'Open invoices are 3, within the band of 2 to 6.',
      expected: null,
      percentToTarget: null,
    })
    expect(inside['history']).toEqual([{ value: 3, expected: null }])
    await desk.bill([4, 5, 6, 7])
    const outside = await desk.until(goal.id, ({ progress }) => progress?.value === 7)
    expect(outside.progress).toMatchObject({
      status: 'AT_RISK',
      statusReason: 'Open invoices are 7, 1 above the band of 2 to 6.',
    })
    const wider = await desk.done('updateGoal', {
      ...seen(goal),
      band: { low: '2', high: '8' },
      reason: 'We grow',
    })
    expect(wider['changes']).toEqual([{ fields: [{ field: 'BAND', from: '2 to 6', to: '2 to 8' }] }])
    await desk.until(goal.id, ({ progress }) => progress?.status === 'ON_TRACK')
  })

  it.each([
    ['low above high', { ...band, band: { low: '6', high: '2' } }, ['band', 'low']],
    ['no width', { ...band, band: { low: '6', high: '6' } }, ['band', 'low']],
    ['a target', { ...band, target: '4' }, ['target']],
    ['a trajectory', { ...band, trajectory: { linear: true } }, ['trajectory']],
    ['no band', { direction: 'MAINTAIN_BAND' }, ['band']],
    ['odd numbers', { ...band, band: { low: '1', high: '2.12345678901' } }, ['band', 'high']],
  ])('is refused with %s', async (_what, input, path) => {
    expect(await refusal(input)).toMatchObject({ __typename: 'InvalidInput', path })
  })
})

describe('a trajectory', () => {
  it('goes in equal steps, which are made anew with the target', async () => {
    const goal = await desk.create({ deadline: '2026-08-31', trajectory: { stepped: [] } })
    expect(goal['trajectory']).toEqual({
      kind: 'STEPPED',
      points: [
        { on: '2026-06-30', value: 66.6666666667, valueExact: '66.6666666667' },
        { on: '2026-07-31', value: 33.3333333333, valueExact: '33.3333333333' },
      ],
    })
    expect(goal['history']).toEqual([{ value: null, expected: 66.6666666667 }])
    const changed = await desk.done('updateGoal', { ...seen(goal), target: '40', reason: 'Less' })
    expect(changed['trajectory']).toMatchObject({ points: [{ value: 80 }, { value: 60 }] })
    expect(changed['changes']).toMatchObject([{ fields: [{ field: 'TARGET' }] }])
  })

  it(
    'goes through the points that were given, and back to a straight line',
    { timeout: 60_000 },
    async () => {
      const points = [
        { on: '2026-06-21', value: '40' },
        { on: '2026-07-11', value: '20' },
      ]
      const goal = await desk.create({ trajectory: { custom: points } })
      expect(goal['history']).toEqual([{ value: null, expected: 30 }])
      const held = await desk.done('updateGoal', { ...seen(goal), trajectory: { stepped: points } })
      expect(held['history']).toEqual([{ value: null, expected: 40 }])
      const straight = await desk.done('updateGoal', { ...seen(held), trajectory: { linear: true } })
      expect(straight).toMatchObject({
        trajectory: { kind: 'LINEAR', points: [] },
        changes: [
          {
            fields: [{ field: 'TRAJECTORY', from: 'STEPPED 2026-06-21: 40, 2026-07-11: 20', to: 'LINEAR' }],
          },
          {},
        ],
      })
    },
  )

  it('follows the season that the books had a year before', { timeout: 60_000 }, async () => {
    // Invoices that were paid are open no more: two at the end of June, six at that of July, two from August on.
    await desk.bill([1, 2], { issuedOn: '2025-05-01' })
    await desk.bill([3, 4, 5, 6], { issuedOn: '2025-07-20' })
    await desk.ask(`mutation ($input: RecordReceiptInput!) { recordReceipt(input: $input) { __typename } }`, {
      input: {
        customer: { number: 'C-1' },
        amount: { amount: '4000', currency: 'USD' },
        receivedOn: '2025-08-05',
        reference: 'All four',
        allocations: [3, 4, 5, 6].map((number) => ({ invoice: { number: `I-${number}` }, amount: '1000' })),
      },
    })
    const goal = await desk.create({
      baseline: '20',
      target: '10',
      startsOn: '2026-07-01',
      deadline: '2026-08-31',
      trajectory: { seasonal: true },
    })
    // Half of the way is 15, and a year ago three times the straight line was open.
    expect(goal['trajectory']).toMatchObject({
      kind: 'SEASONAL',
      points: [{ on: '2026-07-31', value: 45.2459016393 }],
    })
    const later = await desk.done('updateGoal', {
      ...seen(goal),
      deadline: '2026-09-30',
      reason: 'More time',
    })
    expect(later['trajectory']).toMatchObject({ kind: 'SEASONAL', points: [{}, { on: '2026-08-31' }] })
  })

  it.each([
    ['a season that the books do not reach back to', { seasonal: true }, ['trajectory', 'seasonal']],
    [
      'points out of order',
      {
        custom: [
          { on: '2026-08-01', value: '5' },
          { on: '2026-07-01', value: '4' },
        ],
      },
      ['trajectory', 'custom'],
    ],
    [
      'a point after the deadline',
      { stepped: [{ on: '2027-08-01', value: '5' }] },
      ['trajectory', 'stepped'],
    ],
    ['no points', { custom: [] }, ['trajectory', 'custom']],
    [
      'an odd number',
      { custom: [{ on: '2026-08-01', value: '1.12345678901' }] },
      ['trajectory', 'custom', '0', 'value'],
    ],
    ['what is not so', { linear: false }, ['trajectory', 'linear']],
    [
      'more points than anybody reads',
      { custom: Array.from({ length: 401 }, () => ({ on: '2026-08-01', value: '5' })) },
      ['trajectory', 'custom'],
    ],
  ])('is refused that is %s', async (_what, trajectory, path) => {
    await desk.bill([1])
    expect(await refusal({ target: '1', trajectory })).toMatchObject({ __typename: 'InvalidInput', path })
  })

  it('has no season of a goal that is longer than a year', async () => {
    const answer = await refusal({ target: '1', deadline: '2027-12-31', trajectory: { seasonal: true } })
    expect(answer.message).toBe(
      'A season is that of the year before, so the deadline lies within a year from today',
    )
  })
})
