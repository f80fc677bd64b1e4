/** Templates on the books of the demo company, over real HTTP. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadDemo } from '@tidemark/server/demo/load.ts'
import { findOrganization } from '@tidemark/server/organization/queries.ts'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const NOW = Temporal.Instant.from('2026-11-20T21:00:00Z')

type Draft = {
  readonly name: string
  readonly why: string
  readonly metric: string | null
  readonly direction: string
  readonly baseline: string | null
  readonly baselineReason: string | null
  readonly target: { readonly kind: 'VALUE' | 'PERCENT' | 'POINTS'; readonly amount: string } | null
  readonly bandLow: string | null
  readonly bandHigh: string | null
  readonly milestones: readonly { readonly title: string; readonly dueOn: string }[]
  readonly startsOn: string
  readonly deadline: string
  readonly conventions: {
    readonly dsoMonths: number
    readonly ceiMonths: number
    readonly periodMonths: number
  } | null
  readonly smart: { readonly sentence: string; readonly problems: readonly { readonly message: string }[] }
}
type Template = { readonly id: string; readonly needs: string | null; readonly draft: Draft }

let server: TestServer
let token: string
let templates: readonly Template[]
beforeAll(async () => {
  server = await startTestServer({ clock: () => NOW })
  await loadDemo(server.connection, { now: NOW, besideOthers: false })
  const organization = await findOrganization(server.connection, 'demo')
  if (organization === null) throw new Error('There is no demo')
  token = await server.createToken(organization)
  const { goalTemplates } = await execute<{ goalTemplates: { id: string }[] }>(
    server.url,
    token,
    '{ goalTemplates { id } }',
  )
  const document = `query ($id: String!) { goalTemplate(id: $id) { id needs draft { name why metric direction baseline
    baselineReason target { kind amount } bandLow bandHigh milestones { title dueOn } startsOn deadline
    conventions { dsoMonths ceiMonths periodMonths } smart { sentence problems { message } } } } }`
  const found: Template[] = []
  for (const { id } of goalTemplates)
    found.push((await execute<{ goalTemplate: Template }>(server.url, token, document, { id })).goalTemplate)
  templates = found
}, 240_000)
afterAll(() => server.close())

type Made = { readonly __typename: string; readonly message?: string; readonly path?: readonly string[] }

/** The goal that the draft says, as whoever takes it over would send it. */
const create = async (draft: Draft): Promise<Made> => {
  const {
    name,
    why,
    metric,
    direction,
    startsOn,
    deadline,
    target,
    bandLow,
    bandHigh,
    milestones,
    conventions,
  } = draft
  const common = { name, why, startsOn, deadline, dryRun: true }
  const [mutation, type] =
    metric === null ? ['createMilestoneGoal', 'CreateMilestoneGoalInput'] : ['createGoal', 'CreateGoalInput']
  const aim =
    target === null
      ? { band: { low: bandLow, high: bandHigh } }
      : target.kind === 'VALUE'
        ? { target: target.amount }
        : { targetBy: { [target.kind.toLowerCase()]: target.amount } }
  const { dsoMonths, ceiMonths, periodMonths } = conventions ?? {}
  const input =
    metric === null
      ? { ...common, milestones }
      : { ...common, metric, direction, ...aim, conventions: { dsoMonths, ceiMonths, periodMonths } }
  const document = `mutation ($input: ${type}!) { made: ${mutation}(input: $input) { __typename ... on Problem { message path } } }`
  return (await execute<{ made: Made }>(server.url, token, document, { input })).made
}

describe('the templates on the books of a company', () => {
  it('make a goal each, or say what data they need', async () => {
    const outcomes: Record<string, string> = {}
    for (const { id, needs, draft } of templates) {
      const made = await create(draft)
      const ok = made.__typename.endsWith('Success')
      outcomes[id] = ok ? draft.direction : `${needs}`
      expect(
        draft.smart.problems.length === 0 || draft.baseline === null,
        `${id}: ${JSON.stringify(draft.smart)}`,
      ).toBe(true)
      // Where it cannot be made, it is for want of a value, and the template had said of what.
      expect(ok || (needs !== null && draft.baselineReason !== null), `${id}: ${JSON.stringify(made)}`).toBe(
        true,
      )
    }
    expect(Object.keys(outcomes).length).toBe(23)
    const directions = Object.values(outcomes)
    expect(directions.filter((one) => one === 'MILESTONES').length).toBe(6)
    expect(directions.filter((one) => one === 'DECREASE' || one === 'MAINTAIN_BAND').length).toBeGreaterThan(
      7,
    )
    expect(outcomes['cut-dso']).toBe('DECREASE')
  }, 120_000)

  it('are drafts of the segments and from the day that are asked for', async () => {
    const document = `{ goalTemplate(id: "cut-dso") { name draft(filter: { region: ["EMEA"] }, startsOn: "2026-11-01") {
      startsOn deadline smart { sentence } } } }`
    const { goalTemplate } = await execute<{ goalTemplate: Template }>(server.url, token, document)
    expect(goalTemplate.draft).toMatchObject({ startsOn: '2026-11-01', deadline: '2027-06-30' })
    expect(goalTemplate.draft.smart.sentence).toMatch(
      /^Cut DSO \(3 months\) of Region EMEA from [\d.]+ days on 1 Nov 2026 to [\d.]+ days by 30 Jun 2027, nobody named as owner$/,
    )
    const nothing = await execute(server.url, token, '{ goalTemplate(id: "no-such") { id } }')
    expect(nothing).toEqual({ goalTemplate: null })
  })
})
