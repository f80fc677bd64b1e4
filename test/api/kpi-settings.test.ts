import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { execute, request } from '../support/graphql.ts'
import { customerOf } from '../support/one-customer.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const NOW = Temporal.Instant.from('2026-07-01T12:00:00Z')

let server: TestServer
let organization: OrganizationRow
let token: string

beforeAll(async () => {
  server = await startTestServer({ clock: () => NOW })
})
afterAll(() => server.close())
beforeEach(async () => {
  organization = await server.createOrganization()
  token = await server.createToken(organization)
})

const ALL = `dsoMonths ceiMonths ceiForm periodMonths rateBasis floorDaysLate unappliedCash taxBasis graceDays weekendRoll
  deductionsBasis lossRates lateInterestRate calendar { kind yearStartMonth weekStartsOn }`

const DEFAULTS = {
  dsoMonths: 3,
  ceiMonths: 1,
  ceiForm: 'FULL_PERIOD',
  periodMonths: 1,
  rateBasis: 'COUNT',
  floorDaysLate: false,
  unappliedCash: 'EXCLUDE',
  taxBasis: 'GROSS',
  graceDays: 0,
  weekendRoll: false,
  deductionsBasis: 'OPENED',
  lossRates: null,
  lateInterestRate: null,
  calendar: { kind: 'CALENDAR_MONTHS', yearStartMonth: 1, weekStartsOn: 'MONDAY' },
}

const set = async (conventions: Record<string, unknown>, more: Record<string, unknown> = {}) => {
  const { setKpiConventions } = await execute<{ setKpiConventions: Record<string, unknown> }>(
    server.url,
    token,
    `mutation ($input: SetKpiConventionsInput!) { setKpiConventions(input: $input) {
      __typename ... on SetKpiConventionsSuccess { dryRun conventions { ${ALL} } audit { id } }
      ... on Problem { message path } } }`,
    { input: { conventions, ...more } },
  )
  return setKpiConventions
}

const usual = async () => {
  const answer = await execute<{ organization: { kpiConventions: unknown } }>(
    server.url,
    token,
    `{ organization { kpiConventions { ${ALL} } } }`,
  )
  return answer.organization.kpiConventions
}

describe('setKpiConventions', () => {
  it('sets what is usual; what is left out is the default again', async () => {
    expect(await usual()).toEqual(DEFAULTS)
    const chosen = {
      dsoMonths: 12,
      graceDays: 5,
      lossRates: ['0.3', '1.6', '3.6', '6.6', '10.6'],
      calendar: { kind: 'WEEKS_4_4_5', yearStartMonth: 2, weekStartsOn: 'SUNDAY' },
    }
    expect(await set(chosen)).toMatchObject({
      __typename: 'SetKpiConventionsSuccess',
      conventions: { ...DEFAULTS, ...chosen },
    })
    expect(await usual()).toEqual({ ...DEFAULTS, ...chosen })
    await set({ rateBasis: 'AMOUNT' })
    expect(await usual()).toEqual({ ...DEFAULTS, rateBasis: 'AMOUNT' })
  })

  it('changes nothing where it is tried out or out of range', async () => {
    expect(await set({ dsoMonths: 6 }, { dryRun: true })).toMatchObject({
      dryRun: true,
      audit: null,
      conventions: { dsoMonths: 6 },
    })
    expect(await set({ graceDays: 90 })).toEqual({
      __typename: 'InvalidInput',
      message: 'conventions.graceDays must be a whole number from 0 to 60, not 90.',
      path: ['conventions'],
    })
    expect(await usual()).toEqual(DEFAULTS)
  })

  it('stands in the audit, before and after', async () => {
    await set({ dsoMonths: 6 })
    const { auditEntries } = await execute<{ auditEntries: { nodes: unknown[] } }>(
      server.url,
      token,
      '{ auditEntries(first: 1) { nodes { action subject before after } } }',
    )
    const [entry] = auditEntries.nodes as { action: string; before: string; after: string }[]
    expect(entry).toMatchObject({ action: 'setKpiConventions', subject: `organization_${organization.id}` })
    expect(JSON.stringify([entry?.before, entry?.after])).toMatch(/dsoMonths\W+3.*dsoMonths\W+6/)
  })

  it('is not for viewers', async () => {
    const viewer = await server.createToken(organization, 'viewer')
    const { errors } = await request(
      server.url,
      viewer,
      'mutation { setKpiConventions(input: { conventions: {} }) { __typename } }',
    )
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  })
})

describe('what is usual', () => {
  beforeEach(async () => {
    await customerOf(server, organization, 'C-1')
    for (const [number, issuedOn, amount] of [
      ['I-1', '2026-03-10', '900'],
      ['I-2', '2026-06-10', '300'],
    ]) {
      await execute(
        server.url,
        token,
        `mutation { recordInvoice(input: { customer: { number: "C-1" }, number: "${number}",
          amount: { amount: "${amount}", currency: "USD" }, issuedOn: "${issuedOn}" }) { __typename } }`,
      )
    }
  })

  const dso = async (args = '') => {
    const { kpis } = await execute<{ kpis: { valueExact: string; conventions: unknown }[] }>(
      server.url,
      token,
      `{ kpis(metrics: [DSO], asOf: "2026-06-30"${args}) { valueExact conventions { dsoMonths calendar { kind } } } }`,
    )
    return kpis[0]
  }

  it('stands in for what a query leaves out, and each value says so', async () => {
    // 1,200 owed; April to June sold 300 in 91 days, March to June 1,200 in 122.
    expect((await dso())?.valueExact).toBe('364')
    await set({ dsoMonths: 4 })
    expect(await dso()).toEqual({
      valueExact: '122',
      conventions: { dsoMonths: 4, calendar: { kind: 'CALENDAR_MONTHS' } },
    })
    expect((await dso(', conventions: { dsoMonths: 3 }'))?.valueExact).toBe('364')
  })

  it('includes the fiscal calendar, of windows and of series', async () => {
    await set({ dsoMonths: 1, calendar: { kind: 'WEEKS_4_4_5' } })
    // The period before 28 June has five weeks: 25 May to 28 June.
    const { kpis } = await execute<{ kpis: { date: string; valueExact: string }[] }>(
      server.url,
      token,
      `{ kpis(metrics: [INVOICES_SENT], from: "2026-03-02", to: "2026-06-28", granularity: PERIOD) { date valueExact } }`,
    )
    expect(kpis.map(({ date, valueExact }) => `${date} ${valueExact}`)).toEqual([
      '2026-03-29 1',
      '2026-04-26 0',
      '2026-05-24 0',
      '2026-06-28 1',
    ])
    const on28 = await execute<{ kpis: { valueExact: string; denominator: string }[] }>(
      server.url,
      token,
      '{ kpis(metrics: [DSO], asOf: "2026-06-28") { valueExact } }',
    )
    // 1,200 owed, 300 sold in 35 days.
    expect(on28.kpis).toEqual([{ valueExact: '140' }])
  })

  it('is frozen into a goal when it is made', async () => {
    await set({ dsoMonths: 4 })
    const { createGoal } = await execute<{ createGoal: { goal: { id: string; conventions: unknown } } }>(
      server.url,
      token,
      `mutation { createGoal(input: { name: "DSO", metric: DSO, direction: DECREASE, target: "40",
        startsOn: "2026-06-30", deadline: "2026-12-31" }) {
        ... on CreateGoalSuccess { goal { id conventions { dsoMonths } } } } }`,
    )
    await set({})
    const { goal } = await execute<{ goal: unknown }>(
      server.url,
      token,
      'query ($id: ID!) { goal(id: $id) { conventions { dsoMonths graceDays } baselineExact } }',
      { id: createGoal.goal.id },
    )
    expect(goal).toEqual({ conventions: { dsoMonths: 4, graceDays: 0 }, baselineExact: '122' })
  })
})
