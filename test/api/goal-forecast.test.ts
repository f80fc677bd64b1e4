/** Forecasts of goals, over real HTTP. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDesk, type Desk } from '../support/goals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const NOW = Temporal.Instant.from('2026-07-01T12:00:00Z')
const TODAY = Temporal.PlainDate.from('2026-07-01')
const WEEKS = 80

let server: TestServer
let desk: Desk
beforeAll(async () => {
  server = await startTestServer({ clock: () => NOW })
  desk = await openDesk(
    server,
    `forecast { missing value half { low high } mostly { low high } probability projectedOn method
      backTest { tries meanError noChangeMeanError withinHalf withinMostly } }`,
  )
  // One bill a week that nobody pays.
  for (let week = 0; week < WEEKS; week++) {
    const issuedOn = TODAY.subtract({ days: 7 * (WEEKS - 1 - week) }).toString()
    await desk.bill([week], { issuedOn })
  }
}, 60_000)
afterAll(() => server.close())

const none = {
  value: null,
  half: null,
  mostly: null,
  probability: null,
  projectedOn: null,
  method: null,
  backTest: null,
}
const growing = { baseline: '70', target: '90', direction: 'INCREASE', deadline: '2026-12-31' }

describe('the forecast of a goal', () => {
  it('tells the value at the deadline, how likely it is reached, and when', async () => {
    const { forecast } = await desk.create(growing)
    // 27 weeks ahead; by week 11 or so there are 90, whether as a year before or more slowly.
    expect(forecast).toMatchObject({ missing: null, backTest: { tries: expect.any(Number) } })
    const { value, probability, projectedOn, method, backTest } = forecast as {
      value: number
      probability: number
      projectedOn: string
      method: string
      backTest: { meanError: number; noChangeMeanError: number }
    }
    expect(['TREND', 'SEASONAL']).toContain(method)
    expect(value).toBeGreaterThan(90)
    expect(value).toBeLessThanOrEqual(107)
    expect(probability).toBeGreaterThan(50)
    expect(probability).toBeLessThan(100)
    expect(projectedOn > '2026-09-01' && projectedOn < '2026-12-31').toBe(true)
    expect(backTest.meanError).toBeLessThan(backTest.noChangeMeanError)
  })

  it('says that what goes the wrong way is hardly reached, and never when', async () => {
    const { forecast } = await desk.create()
    expect(forecast).toMatchObject({ missing: null, projectedOn: null })
    expect((forecast as { probability: number }).probability).toBeLessThan(50)
  })

  it('is none of a draft, of a checklist, or of what is too young', async () => {
    const { forecast } = await desk.create({ ...growing, state: 'DRAFT' })
    expect(forecast).toEqual({ missing: 'NOT_RUNNING', ...none })
    const milestones = [{ title: 'Board has approved', dueOn: '2026-09-30' }]
    const checklist = { name: 'Policy', startsOn: '2026-06-01', deadline: '2026-09-30', milestones }
    expect((await desk.done('createMilestoneGoal', checklist))['forecast']).toEqual({
      missing: 'CHECKLIST',
      ...none,
    })
    const far = await desk.create({ ...growing, deadline: '2028-06-30' })
    expect(far['forecast']).toEqual({ missing: 'TOO_SHORT', ...none })
  })
})
