/** Goals begin with the alert rules of their template, in one transaction with them, for whoever may manage rules. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { goalTemplates } from '@tidemark/server/domain/goal-templates.ts'
import { readTerms } from '@tidemark/server/alert/input.ts'
import { rulesOfTemplate } from '@tidemark/server/domain/alert-defaults.ts'
import { conditionInputOf } from '@tidemark/server/alert/terms.ts'
import { ROLES } from '@tidemark/server/access/scopes.ts'
import { execute, request } from '../support/graphql.ts'
import { openDesk, openInvoices, type Desk } from '../support/goals.ts'
import { makeToken } from '../support/tokens.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const NOW = Temporal.Instant.from('2026-07-01T12:00:00Z')

let server: TestServer
let desk: Desk
beforeAll(async () => {
  server = await startTestServer({ clock: () => NOW })
}, 60_000)
afterAll(() => server.close())
beforeEach(async () => {
  desk = await openDesk(server, 'name')
  await desk.bill([1, 2])
}, 60_000)

type Created = {
  readonly __typename: string
  readonly goal: { readonly id: string } | null
  readonly alertRules: readonly {
    readonly name: string
    readonly sentence: string
    readonly severity: string
  }[]
  readonly path: readonly string[]
}

const CREATE = `mutation ($input: CreateGoalInput!) { createGoal(input: $input) { __typename
  ... on CreateGoalSuccess { goal { id } alertRules { name sentence severity } } ... on Problem { path message } } }`

const create = async (input: Readonly<Record<string, unknown>>): Promise<Created> =>
  (await desk.ask<{ createGoal: Created }>(CREATE, { input: { ...openInvoices, ...input } })).createGoal

const rules = async (): Promise<string[]> => {
  const { alertRules } = await desk.ask<{ alertRules: { nodes: { name: string }[] } }>(
    '{ alertRules { nodes { name } } }',
  )
  return alertRules.nodes.map(({ name }) => name).toSorted()
}

const OF_TEMPLATE = [
  'Achieved',
  'At risk',
  'Milestone reached',
  'Missed',
  'No current data',
  'Off track',
  'Review overdue',
]

describe('a goal that is made of a template', () => {
  it('begins with its rules, which a dry run shows', async () => {
    const dry = await create({ template: 'cut-past-due-count', dryRun: true })
    expect(dry.alertRules.map(({ name }) => name).toSorted()).toEqual(OF_TEMPLATE)
    expect(dry.alertRules).toContainEqual({
      name: 'At risk',
      sentence: 'The goal is at risk.',
      severity: 'INFO',
    })
    expect(await rules()).toEqual([])
    const made = await create({ template: 'cut-past-due-count' })
    expect(made.alertRules).toEqual(dry.alertRules)
    expect(await rules()).toEqual(OF_TEMPLATE)
  })

  it('begins without them where that is said, and one of no template with the usual ones', async () => {
    expect((await create({ template: 'cut-dso', defaultAlertRules: false })).alertRules).toEqual([])
    expect((await create({})).alertRules).toEqual([])
    const usual = await create({ defaultAlertRules: true })
    expect(usual.alertRules.map(({ name }) => name).toSorted()).toEqual(
      OF_TEMPLATE.filter((name) => name !== 'At risk'),
    )
  })

  it('is told once, also when the same key comes again', async () => {
    const once = await create({ template: 'cut-dso', idempotencyKey: 'one' })
    expect(await create({ template: 'cut-dso', idempotencyKey: 'one' })).toEqual(once)
    expect(await rules()).toHaveLength(OF_TEMPLATE.length)
  })

  it('is refused where there is no such template', async () => {
    expect(await create({ template: 'nothing' })).toMatchObject({
      __typename: 'NotFound',
      path: ['template'],
    })
  })

  it('hears of overdue items where it is a checklist', async () => {
    const { createMilestoneGoal } = await desk.ask<{ createMilestoneGoal: Created }>(
      `mutation ($input: CreateMilestoneGoalInput!) { createMilestoneGoal(input: $input) { __typename
        ... on CreateMilestoneGoalSuccess { alertRules { name sentence severity } } } }`,
      {
        input: {
          name: 'Policy',
          deadline: '2026-12-31',
          milestones: [{ title: 'Written', dueOn: '2026-09-30' }],
          template: 'approve-credit-policy',
        },
      },
    )
    expect(createMilestoneGoal.alertRules.map(({ name }) => name)).toContain('Milestone overdue')
  })

  it('is made by those who may not manage rules, without them', async () => {
    const named = { name: 'goals', scopes: ROLES.admin.filter((one) => one !== 'alert:manage') }
    const token = (await makeToken(server.connection, desk.organization, named)).secret
    const input = { ...openInvoices, template: 'cut-dso' }
    const made = await execute<{ createGoal: Created }>(server.url, token, CREATE, { input })
    expect(made.createGoal).toMatchObject({ __typename: 'CreateGoalSuccess', alertRules: [] })
    const refused = await request(server.url, token, CREATE, { input: { ...input, defaultAlertRules: true } })
    expect(refused.errors[0]?.message).toContain('alert:manage')
  })
})

describe('the rules of templates', () => {
  it('are such as one could make', () => {
    for (const template of goalTemplates) {
      const direction = template.metric === null ? 'MILESTONES' : template.direction
      for (const rule of rulesOfTemplate(template, { direction })) {
        const condition = conditionInputOf(rule.condition)
        expect(readTerms({ ...rule, condition }, true)).toMatchObject({
          name: rule.name,
          condition: rule.condition,
        })
      }
    }
  })
})
