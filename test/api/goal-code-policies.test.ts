/** Policies of files of goals: the organization's conventions, and what goals and rules go by that do not say. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ROLES } from '@tidemark/server/access/scopes.ts'
import { request } from '../support/graphql.ts'
import { openDesk, type Desk } from '../support/goals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { makeToken } from '../support/tokens.ts'

const NOW = Temporal.Instant.from('2026-07-01T12:00:00Z')

let server: TestServer
let desk: Desk
beforeAll(async () => {
  server = await startTestServer({ clock: () => NOW })
}, 60_000)
afterAll(() => server.close())
beforeEach(async () => {
  desk = await openDesk(server, 'key')
  await desk.bill([1, 2])
}, 60_000)

type Applied = {
  readonly __typename: string
  readonly message?: string
  readonly changes?: readonly {
    readonly noun: string
    readonly key: string
    readonly fields: readonly {
      readonly field: string
      readonly from: string | null
      readonly to: string | null
    }[]
  }[]
}

const APPLY = `mutation ($input: ApplyGoalsInput!) { applyGoals(input: $input) { __typename
  ... on ApplyGoalsSuccess { changes { noun key fields { field from to } } } ... on Problem { message } } }`
const apply = async (document: string, dryRun = false): Promise<Applied> =>
  (await desk.ask<{ applyGoals: Applied }>(APPLY, { input: { document, dryRun } })).applyGoals

const conventions = async () => {
  const { organization } = await desk.ask<{ organization: { kpiConventions: Record<string, unknown> } }>(
    '{ organization { kpiConventions { graceDays weekendRoll taxBasis dsoMonths calendar { kind yearStartMonth } } } }',
  )
  return organization.kpiConventions
}

const FILE = `version: 1
policies:
  conventions:
    graceDays: 3
    weekendRoll: true
    dsoMonths: 6
    calendar: { kind: CALENDAR_MONTHS, yearStartMonth: 4 }
  reviews: [QUARTERLY_REVIEW]
  quietHours: { from: "20:00", to: "07:00", weekends: true }
goals:
  - key: past-due
    name: Nothing past due
    metric: PAST_DUE
    direction: DECREASE
    baseline: 5000
    target: 0
    deadline: 2026-12-31
  - key: monthly
    name: Nothing open
    metric: OPEN_INVOICE_COUNT
    target: 0
    deadline: 2026-12-31
    reviews: [MONTHLY_ANALYSIS]
rules:
  - key: much
    name: Much past due
    metric: PAST_DUE
    condition: { above: 100 }
  - key: loud
    name: Very much past due
    metric: PAST_DUE
    condition: { above: 1000 }
    quietHours: null
`

describe('policies in a file', () => {
  it('are planned, applied, and applied again without a change', async () => {
    const before = await conventions()
    const planned = await apply(FILE, true)
    expect(planned.changes?.[0]).toEqual({
      noun: 'POLICY',
      key: 'conventions',
      fields: [
        { field: 'conventions.dsoMonths', from: '3', to: '6' },
        { field: 'conventions.graceDays', from: '0', to: '3' },
        { field: 'conventions.weekendRoll', from: 'false', to: 'true' },
        {
          field: 'conventions.calendar',
          from: 'CALENDAR_MONTHS, from month 1, weeks from MONDAY',
          to: 'CALENDAR_MONTHS, from month 4, weeks from MONDAY',
        },
      ],
    })
    expect(await conventions()).toEqual(before)
    expect((await apply(FILE)).changes?.map(({ noun, key }) => [noun, key])).toEqual([
      ['POLICY', 'conventions'],
      ['GOAL', 'past-due'],
      ['GOAL', 'monthly'],
      ['RULE', 'much'],
      ['RULE', 'loud'],
    ])
    expect(await conventions()).toMatchObject({ graceDays: 3, dsoMonths: 6, calendar: { yearStartMonth: 4 } })
    expect(await apply(FILE)).toMatchObject({ changes: [] })
  })

  it('are what new goals and rules of the file go by, where these say nothing of their own', async () => {
    await apply(FILE)
    const { goals, alertRules } = await desk.ask<{
      goals: { nodes: readonly { key: string }[] }
      alertRules: { nodes: readonly { key: string }[] }
    }>(`{ goals { nodes { key reviewKinds conventions { graceDays dsoMonths } } }
      alertRules { nodes { key conventions { graceDays } quietHours { from weekends } } } }`)
    expect(goals.nodes.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
      { key: 'monthly', reviewKinds: ['MONTHLY_ANALYSIS'], conventions: { graceDays: 3, dsoMonths: 6 } },
      { key: 'past-due', reviewKinds: ['QUARTERLY_REVIEW'], conventions: { graceDays: 3, dsoMonths: 6 } },
    ])
    expect(alertRules.nodes.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
      { key: 'loud', conventions: { graceDays: 3 }, quietHours: null },
      { key: 'much', conventions: { graceDays: 3 }, quietHours: { from: '20:00', weekends: true } },
    ])
  })

  it('change what they name alone, and null is the default again', async () => {
    await apply(FILE)
    const file = 'version: 1\npolicies:\n  conventions: { graceDays: null, taxBasis: NET }\n'
    expect((await apply(file)).changes?.[0]?.fields).toEqual([
      { field: 'conventions.taxBasis', from: 'GROSS', to: 'NET' },
      { field: 'conventions.graceDays', from: '3', to: '0' },
    ])
    expect(await conventions()).toMatchObject({
      graceDays: 0,
      weekendRoll: true,
      dsoMonths: 6,
      taxBasis: 'NET',
    })
    // What was frozen before stays as it was, and the file that made it still says so.
    const { goals } = await desk.ask<{ goals: { nodes: { conventions: { graceDays: number } }[] } }>(
      '{ goals { nodes { conventions { graceDays } } } }',
    )
    expect(goals.nodes.map((one) => one.conventions.graceDays)).toEqual([3, 3])
  })

  it('are exported, and applying that changes nothing; elsewhere it makes the same', async () => {
    await apply(FILE)
    await apply('version: 1\npolicies:\n  conventions: { graceDays: 5 }\n')
    const { goalDocument } = await desk.ask<{ goalDocument: string }>('{ goalDocument }')
    expect(goalDocument).toContain('graceDays: 5')
    expect(goalDocument).toContain('reviews:\n      - QUARTERLY_REVIEW')
    expect(await apply(goalDocument)).toMatchObject({ changes: [] })
    desk = await openDesk(server, 'key')
    await desk.bill([1, 2])
    expect((await apply(goalDocument)).__typename).toBe('ApplyGoalsSuccess')
    expect(await conventions()).toMatchObject({ graceDays: 5, dsoMonths: 6 })
    const { goals } = await desk.ask<{
      goals: { nodes: { key: string; conventions: { graceDays: number } }[] }
    }>('{ goals { nodes { key conventions { graceDays } } } }')
    expect(goals.nodes.find(({ key }) => key === 'past-due')?.conventions.graceDays).toBe(3)
  })

  it('of conventions take the scope for them', async () => {
    const scopes = ROLES.admin.filter((one) => one !== 'kpi:write')
    const { secret } = await makeToken(server.connection, desk.organization, { name: 'goals', scopes })
    const refused = await request(server.url, secret, APPLY, { input: { document: FILE } })
    expect(refused.errors[0]?.message).toContain('kpi:write')
    const exported = await request<{ goalDocument: string }>(server.url, secret, '{ goalDocument }')
    expect(exported.data?.goalDocument).not.toContain('policies:')
  })
})
