/** Goals as code over real HTTP: planned, applied, applied again, exported; all of it or nothing. */
import { eq } from 'drizzle-orm'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { decodeId } from '@tidemark/server/ids.ts'
import { openDesk, type Desk } from '../support/goals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const NOW = Temporal.Instant.from('2026-07-01T12:00:00Z')

type Applied = {
  readonly __typename: string
  readonly changes: readonly {
    readonly kind: string
    readonly key: string
    readonly fields: readonly {
      readonly field: string
      readonly from: string | null
      readonly to: string | null
    }[]
  }[]
  readonly missing: readonly string[]
  readonly message: string
  readonly path: readonly string[]
}

let server: TestServer
let desk: Desk
beforeAll(async () => {
  server = await startTestServer({ clock: () => NOW })
}, 60_000)
afterAll(() => server.close())
beforeEach(async () => {
  desk = await openDesk(server, 'key name')
  await desk.bill([1, 2, 3])
  const id = decodeId('person', desk.people[0]) ?? ''
  await server.connection.db
    .update(person)
    .set({ email: `ann-${id}@example.com` })
    .where(eq(person.id, id))
}, 60_000)

const email = () => `ann-${decodeId('person', desk.people[0])}@example.com`

const apply = async (document: string, options: Readonly<Record<string, unknown>> = {}): Promise<Applied> => {
  const text = `mutation ($input: ApplyGoalsInput!) { applyGoals(input: $input) { __typename
    ... on ApplyGoalsSuccess { dryRun missing changes { kind key fields { field from to } } }
    ... on Problem { message path } } }`
  const input = { document, ...options }
  return (await desk.ask<{ applyGoals: Applied }>(text, { input })).applyGoals
}

const stored = async () => {
  const { goals } = await desk.ask<{ goals: { nodes: Readonly<Record<string, unknown>>[] } }>(
    `{ goals { nodes { key name state version targetExact owner { name } parent { key }
      actions { title state owner { name } } milestones { title doneOn } } } }`,
  )
  return goals.nodes
}

const file = (change: (text: string) => string = (text) => text) =>
  change(`version: 1
reason: Agreed in the July review
goals:
  - key: few-open
    name: Few open invoices
    metric: OPEN_INVOICE_COUNT
    direction: DECREASE
    baseline: 100
    target: 40
    deadline: 2026-12-31
    owner: ${email()}
    guards: [WRITTEN_OFF, CREDITED]
    parent: cash
    actions:
      - title: Call every customer
        owner: Bo Ray
        dueOn: 2026-08-15
  - key: cash
    template: cut-past-due-count
    baseline: 10.50
  - key: policy
    name: The policy is approved
    milestones:
      - title: Board has approved
        dueOn: 2026-09-30
    deadline: 2026-09-30
`)

describe('a file', () => {
  it('is planned, applied, and applied again without a change', { timeout: 60_000 }, async () => {
    const plan = await apply(file(), { dryRun: true })
    expect(plan.message).toBeUndefined()
    // What is above comes first, wherever it stands in the file.
    expect(plan.changes.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      'CREATE cash',
      'CREATE policy',
      'CREATE few-open',
    ])
    expect(await stored()).toEqual([])
    expect((await apply(file())).changes).toEqual(plan.changes)
    const goals = await stored()
    expect(goals).toHaveLength(3)
    expect(goals.find(({ key }) => key === 'few-open')).toMatchObject({
      name: 'Few open invoices',
      targetExact: '40',
      owner: { name: 'Ann Lee' },
      parent: { key: 'cash' },
      actions: [{ title: 'Call every customer', state: 'PLANNED', owner: { name: 'Bo Ray' } }],
    })
    expect(goals.find(({ key }) => key === 'cash')).toMatchObject({ name: 'A tenth fewer past-due invoices' })
    expect(await apply(file())).toMatchObject({ changes: [], missing: [] })
    expect(await stored()).toEqual(goals)
  })

  it('tells field by field what it changes', { timeout: 60_000 }, async () => {
    await apply(file())
    const changed = file((text) =>
      text
        .replace('target: 40', 'target: 36')
        .replace('parent: cash', 'parent: null')
        .replace('[WRITTEN_OFF, CREDITED]', '[CREDITED]')
        .replace('Call every customer', 'Write to every customer')
        .replace('dueOn: 2026-09-30', 'dueOn: 2026-09-15'),
    )
    const plan = await apply(changed, { dryRun: true })
    expect(plan.changes).toEqual([
      {
        kind: 'UPDATE',
        key: 'few-open',
        fields: [
          { field: 'parent', from: 'cash', to: null },
          { field: 'target', from: '40', to: '36' },
          { field: 'guards', from: 'CREDITED, WRITTEN_OFF', to: 'CREDITED' },
          { field: 'actions.Write to every customer', from: null, to: 'owner Bo Ray, due 2026-08-15' },
          { field: 'actions.Call every customer', from: 'planned', to: null },
        ],
      },
      {
        kind: 'UPDATE',
        key: 'policy',
        fields: [
          {
            field: 'milestones',
            from: 'Board has approved, due 30 Sep 2026',
            to: 'Board has approved, due 15 Sep 2026',
          },
        ],
      },
    ])
    await apply(changed)
    expect(await apply(changed)).toMatchObject({ changes: [] })
    const few = (await stored()).find(({ key }) => key === 'few-open')
    expect(few).toMatchObject({ targetExact: '36', parent: null, version: 2 })
  })

  it('gives up what it does not have only where that is asked for', { timeout: 60_000 }, async () => {
    await apply(file())
    const without = file((text) => text.slice(0, text.indexOf('  - key: policy')))
    expect(await apply(without)).toMatchObject({ changes: [], missing: ['policy'] })
    const pruned = await apply(without, { prune: true })
    expect(pruned.changes).toMatchObject([{ kind: 'ABANDON', key: 'policy' }])
    const states = Object.fromEntries((await stored()).map(({ key, state }) => [key, state]))
    expect(states).toEqual({ 'few-open': 'ACTIVE', cash: 'ACTIVE', policy: 'CLOSED' })
    // What is over may stay in a file.
    expect(await apply(file(), { prune: true })).toMatchObject({ changes: [], missing: [] })
  })

  it('is written whole or not at all', { timeout: 60_000 }, async () => {
    // The last goal of the file is refused within the transaction, after the others were written.
    const bad = file((text) => text.replace('parent: cash', 'parent: cash\n    target2: 1'))
    expect((await apply(bad)).message).toContain('there is no target2')
    const wrong = file((text) => text.replace('target: 40', 'target: 140'))
    const refused = await apply(wrong)
    expect(refused).toMatchObject({
      __typename: 'InvalidInput',
      path: ['document', 'goals', '0', 'direction'],
    })
    expect(refused.message).toMatch(/^Line 7, column 5: From 100 to 140 is an INCREASE, not a DECREASE/)
    expect(await stored()).toEqual([])
  })
})

describe('the export', () => {
  it('of goals that came from no file is a file that changes nothing', { timeout: 60_000 }, async () => {
    const action = { title: 'Call', dueOn: '2026-09-01', brings: 'Five fewer' }
    const parent = await desk.create({
      name: 'Close: every "invoice" #1',
      why: 'Why: because',
      ownerId: desk.people[1],
    })
    await desk.done('addGoalAction', { goal: parent.id, ...action })
    await desk.create({
      name: 'A season',
      parentId: parent.id,
      filter: { region: ['EMEA'], collectorId: [desk.people[0]] },
      conventions: { graceDays: 5 },
      trajectory: { custom: [{ on: '2026-09-30', value: '60.5' }] },
      followerIds: desk.people,
      target: null,
      targetBy: { percent: '-50' },
      state: 'DRAFT',
    })
    await desk.create({ direction: 'MAINTAIN_BAND', target: null, band: { low: '1', high: '5' } })
    const budget = { metric: 'DOLLAR_DAYS_LATE', direction: 'BUDGET', baseline: null, target: '90000' }
    await desk.create({ ...budget, name: 'Lateness', startsOn: '2026-07-01' })
    const milestones = [{ title: 'Board has approved', dueOn: '2026-09-30' }]
    await desk.done('createMilestoneGoal', { name: 'Policy', deadline: '2026-09-30', milestones })
    const { goalDocument } = await desk.ask<{ goalDocument: string }>('{ goalDocument }')
    expect(goalDocument).toContain(`owner: Bo Ray`)
    expect(goalDocument).toContain(`- ${email()}`)
    const applied = await apply(goalDocument, { prune: true })
    expect(applied.message).toBeUndefined()
    expect(applied).toMatchObject({ changes: [], missing: [] })
    // A goal that came from no file is found by the end of its key, also under another name.
    const renamed = goalDocument.replace('name: A season', 'name: Another season')
    expect((await apply(renamed)).changes).toMatchObject([
      { kind: 'UPDATE', fields: [{ field: 'name', from: 'A season', to: 'Another season' }] },
    ])
  })
})

describe('what is wrong in a file', () => {
  it.each([
    ['no YAML', 'version: 1\ngoals: [', /^Line 2, column \d+: /],
    [
      'an unknown version',
      'version: 2\ngoals: []',
      /^Line 1, column 1: version is 1, the only version there is, not 2$/,
    ],
    ['no version', 'goals: []', /version is missing/],
    ['no list', 'version: 1\n', /^Line 1, column 1: goals is missing, and so is rules/],
    [
      'a key twice',
      'version: 1\ngoals:\n  - key: a\n  - key: a\n',
      /^Line 4, column 5: the key a is there twice$/,
    ],
    [
      'an unknown field',
      'version: 1\ngoals:\n  - key: a\n    taget: 4\n',
      /^Line 4, column 5: there is no taget, only key, /,
    ],
    [
      'an unknown KPI',
      'version: 1\ngoals:\n  - key: a\n    metric: DAYS\n',
      /^Line 4, column 5: metric is a KPI of the catalog/,
    ],
    [
      'no date',
      'version: 1\ngoals:\n  - key: a\n    deadline: 2026-02-30\n',
      /^Line 4, column 5: deadline is a date such as/,
    ],
    ['an alias', 'version: 1\ngoals:\n  - &a {key: a}\n  - *a\n', /^Line 4, column 5: write it out/],
    [
      'an unknown policy',
      'version: 1\ngoals: []\npolicies:\n  creditLimit: 3\n',
      /^Line 4, column 3: there is no creditLimit, only conventions, reviews, quietHours, channels$/,
    ],
    [
      'a convention that cannot be',
      'version: 1\npolicies:\n  conventions:\n    graceDays: 90\n',
      /^Line 3, column 3: conventions.graceDays must be a whole number from 0 to 60, not 90/,
    ],
    [
      'a stranger',
      'version: 1\ngoals:\n  - key: a\n    name: A\n    metric: DSO\n    owner: who@example.com\n    deadline: 2027-01-01\n',
      /^Line 6, column 5: there is no person who@example\.com/,
    ],
    [
      'an unknown parent',
      'version: 1\ngoals:\n  - key: a\n    name: A\n    parent: b\n',
      /^Line 5, column 5: there is no goal with the key b/,
    ],
    [
      'a ring',
      'version: 1\ngoals:\n  - {key: a, parent: b}\n  - {key: b, parent: a}\n',
      /^Line 3, column 14: a lies above itself/,
    ],
    [
      'no deadline',
      'version: 1\ngoals:\n  - {key: a, name: A, metric: DSO, target: 3}\n',
      /^Line 3, column 5: a new goal takes a deadline/,
    ],
    [
      'a deadline that has passed',
      'version: 1\ngoals:\n  - key: a\n    name: A\n    metric: OPEN_INVOICE_COUNT\n    baseline: 5\n    target: 3\n    startsOn: 2026-01-01\n    deadline: 2026-05-01\n',
      /^Line 9, column 5: .*2026-05-01 has passed already/,
    ],
    [
      'a band upside down',
      'version: 1\ngoals:\n  - key: a\n    name: A\n    metric: OPEN_INVOICE_COUNT\n    band: {low: 9, high: 5}\n    deadline: 2027-05-01\n',
      /^Line 6, column 12: A band goes from its low/,
    ],
  ])('such as %s, is told with its line and column', async (_what, document, message) => {
    const refused = await apply(document, { dryRun: true })
    expect(refused.__typename).toBe('InvalidInput')
    expect(refused.message).toMatch(message)
    expect(refused.path[0]).toBe('document')
  })

  it('is told all at once', async () => {
    const refused = await apply('version: 1\ngoals:\n  - key: A B\n    target: much\n    nam: x\n')
    expect(refused.message.split('\n').map((line) => line.slice(0, 17))).toEqual([
      'Line 3, column 5:',
      'Line 4, column 5:',
      'Line 5, column 5:',
    ])
  })

  it('is what is frozen with a goal', { timeout: 60_000 }, async () => {
    await apply(file())
    const moved = await apply(file((text) => text.replace('baseline: 100', 'baseline: 99')))
    expect(moved.message).toMatch(/^Line 8, column 5: baseline is frozen with the goal as 100: /)
  })
})
