/** Alert rules in a file of goals over real HTTP: planned, applied, applied again, exported; all of it or nothing. */
import { eq } from 'drizzle-orm'
import { alertRule } from '@tidemark/drizzle/tables/alert.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { decodeId } from '@tidemark/server/ids.ts'
import { carryOut, createRule, done, readAlerts } from '../support/alerts.ts'
import { openDesk, type Desk } from '../support/goals.ts'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const NOW = Temporal.Instant.from('2026-07-01T12:00:00Z')

type Change = {
  readonly noun: string
  readonly kind: string
  readonly key: string
  readonly fields: readonly {
    readonly field: string
    readonly from: string | null
    readonly to: string | null
  }[]
}
type Applied = {
  readonly __typename: string
  readonly changes: readonly Change[]
  readonly missing: readonly string[]
  readonly missingRules: readonly string[]
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
  for (const name of ['Duty', 'Team'])
    await done(desk, 'createAlertChannel', { name, target: { url: 'https://hooks.example.com/tidemark' } })
}, 60_000)

const APPLY = `mutation ($input: ApplyGoalsInput!) { applyGoals(input: $input) { __typename
  ... on ApplyGoalsSuccess { missing missingRules changes { noun kind key fields { field from to } } }
  ... on Problem { message path } } }`
const apply = async (document: string, options: Readonly<Record<string, unknown>> = {}): Promise<Applied> =>
  (await desk.ask<{ applyGoals: Applied }>(APPLY, { input: { document, ...options } })).applyGoals

const exported = async () => (await desk.ask<{ goalDocument: string }>('{ goalDocument }')).goalDocument

type Stored = { readonly id: string; readonly key: string | null; readonly [field: string]: unknown }
const stored = async () => {
  const { alertRules } = await desk.ask<{ alertRules: { nodes: readonly Stored[] } }>(
    `{ alertRules { nodes { id key name version goal { key } metric { metric } scope conventions { dsoMonths } currency
      condition { kind statuses threshold days } forDays forEvaluations recovery keepFiringDays noData repeatDays
      severity quietHours { from to weekends } channels { name } enabled changes { reason } } } }`,
  )
  return alertRules.nodes
}
const storedOf = async (key: string) => (await stored()).find((one) => one.key === key)
const told = ({ changes }: Applied) => changes.map(({ noun, kind, key }) => `${noun} ${kind} ${key}`)

const file = (change: (text: string) => string = (text) => text) =>
  change(`version: 1
reason: Agreed in the July review
rules:
  - key: few-off-track
    name: Few open invoices, off track
    goal: few-open
    condition:
      statusIn: [OFF_TRACK, MISSED]
    forDays: 3
    keepFiringDays: 1
    repeatDays: 7
    severity: CRITICAL
    quietHours: {from: "20:00", to: "7:00", weekends: true}
    channels: [Team, Duty]
  - key: slow-emea
    name: Long DSO in EMEA
    metric: DSO
    scope: {region: EMEA, collector: Bo Ray}
    conventions: {dsoMonths: 6}
    currency: EUR
    condition: {above: 40.50}
    forEvaluations: 2
    recovery: 38
    noData: ALERT
    enabled: false
  - key: rising
    name: Open invoices rise
    metric: OPEN_INVOICE_COUNT
    condition: {up: {by: 5, days: 7}}
goals:
  - key: few-open
    name: Few open invoices
    metric: OPEN_INVOICE_COUNT
    direction: DECREASE
    baseline: 100
    target: 40
    deadline: 2026-12-31
`)

describe('rules of a file', () => {
  it('are made with the goals, and made again they change nothing', { timeout: 60_000 }, async () => {
    const plan = await apply(file(), { dryRun: true })
    expect(plan.message).toBeUndefined()
    expect(told(plan)).toEqual([
      'GOAL CREATE few-open',
      'RULE CREATE few-off-track',
      'RULE CREATE slow-emea',
      'RULE CREATE rising',
    ])
    expect(plan.changes[1]?.fields).toEqual([
      { field: 'goal', from: null, to: 'few-open' },
      { field: 'condition', from: null, to: 'statusIn MISSED, OFF_TRACK' },
      { field: 'severity', from: null, to: 'CRITICAL' },
      { field: 'channels', from: null, to: 'Duty, Team' },
    ])
    expect(await stored()).toEqual([])
    expect((await apply(file())).changes).toEqual(plan.changes)
    const rules = await stored()
    expect(rules).toMatchObject([
      {
        key: 'few-off-track',
        goal: { key: 'few-open' },
        condition: { kind: 'STATUS', statuses: ['OFF_TRACK', 'MISSED'] },
        forDays: 3,
        forEvaluations: 1,
        keepFiringDays: 1,
        noData: 'KEEP_LAST',
        repeatDays: 7,
        severity: 'CRITICAL',
        quietHours: { from: '20:00', to: '07:00', weekends: true },
        channels: [{ name: 'Duty' }, { name: 'Team' }],
        enabled: true,
      },
      {
        key: 'slow-emea',
        goal: null,
        metric: { metric: 'DSO' },
        scope: expect.stringContaining('EMEA'),
        conventions: { dsoMonths: 6 },
        currency: 'EUR',
        condition: { kind: 'ABOVE', threshold: '40.50' },
        forEvaluations: 2,
        recovery: '38',
        noData: 'ALERT',
        severity: 'WARNING',
        channels: [],
        enabled: false,
      },
      { key: 'rising', condition: { kind: 'CHANGE_UP', threshold: '5', days: 7 }, currency: 'USD' },
    ])
    expect(await apply(file())).toMatchObject({ changes: [], missing: [], missingRules: [] })
    // The same numbers and times, written otherwise.
    const same = file((text) =>
      text
        .replace('40.50', '"40.5"')
        .replace('"7:00"', '07:00')
        .replace('[OFF_TRACK, MISSED]', '[MISSED, OFF_TRACK]'),
    )
    expect(await apply(same)).toMatchObject({ changes: [] })
    expect(await stored()).toEqual(rules)
  })

  it('are told field by field where they change, and only that is changed', { timeout: 60_000 }, async () => {
    await apply(file())
    const changed = file((text) =>
      text
        .replace('severity: CRITICAL', 'severity: INFO')
        .replace('quietHours: {from: "20:00", to: "7:00", weekends: true}', 'quietHours: null')
        .replace('[Team, Duty]', '[Team]')
        .replace('above: 40.50', 'above: 45')
        .replace('enabled: false', 'enabled: true')
        .replace('    recovery: 38\n', ''),
    )
    const plan = await apply(changed, { dryRun: true })
    expect(plan.changes).toEqual([
      {
        noun: 'RULE',
        kind: 'UPDATE',
        key: 'few-off-track',
        fields: [
          { field: 'severity', from: 'CRITICAL', to: 'INFO' },
          { field: 'quietHours', from: '20:00 to 07:00 and weekends', to: null },
          { field: 'channels', from: 'Duty, Team', to: 'Team' },
        ],
      },
      {
        noun: 'RULE',
        kind: 'UPDATE',
        key: 'slow-emea',
        fields: [
          { field: 'condition', from: 'above 40.5', to: 'above 45' },
          { field: 'enabled', from: 'false', to: 'true' },
        ],
      },
    ])
    await apply(changed)
    expect(await apply(changed)).toMatchObject({ changes: [] })
    // What is left out stays.
    expect(await storedOf('slow-emea')).toMatchObject({ version: 2, recovery: '38', enabled: true })
    expect(await storedOf('few-off-track')).toMatchObject({
      version: 2,
      quietHours: null,
      channels: [{ name: 'Team' }],
      changes: [{ reason: 'Agreed in the July review' }],
    })
    expect(await storedOf('rising')).toMatchObject({ version: 1, changes: [] })
  })

  it('are deleted where the file lists others only, and only if asked', { timeout: 60_000 }, async () => {
    await apply(file())
    const [first, second] = [file().indexOf('  - key: slow-emea'), file().indexOf('goals:')]
    const without = file((text) => text.slice(0, first) + text.slice(second))
    expect(await apply(without)).toMatchObject({ changes: [], missingRules: ['slow-emea', 'rising'] })
    // A file that has no list of rules leaves them alone, and one without goals leaves those alone.
    const goalsOnly = file((text) => `version: 1\n${text.slice(second)}`)
    expect(await apply(goalsOnly, { prune: true })).toMatchObject({ changes: [], missingRules: [] })
    const pruned = await apply(without, { prune: true })
    expect(told(pruned)).toEqual(['RULE DELETE slow-emea', 'RULE DELETE rising'])
    expect((await stored()).map(({ key }) => key)).toEqual(['few-off-track'])
    // What was deleted can be made again under its key.
    expect(told(await apply(file()))).toEqual(['RULE CREATE slow-emea', 'RULE CREATE rising'])
    expect(await apply(file())).toMatchObject({ changes: [], missingRules: [] })
    const rulesOnly = await apply('version: 1\nrules: []\n', { prune: true })
    expect(told(rulesOnly)).toHaveLength(3)
    expect(await desk.ask('{ goals { nodes { state } } }')).toEqual({
      goals: { nodes: [{ state: 'ACTIVE' }] },
    })
  })

  it('of a goal that is over stay as they are', { timeout: 60_000 }, async () => {
    await apply(file())
    const noGoals = file((text) => `${text.slice(0, text.indexOf('goals:'))}goals: []\n`)
    const refused = await apply(noGoals, { prune: true })
    expect(refused.message).toBe(
      'Line 6, column 5: the goal few-open is not in the file, so it is given up: leave its rules out too',
    )
    const { goals } = await desk.ask<{ goals: { nodes: { id: string; version: number }[] } }>(
      '{ goals { nodes { id version } } }',
    )
    const [{ id, version } = { id: '', version: 0 }] = goals.nodes
    const over = { goal: id, expectedVersion: version, outcome: 'ABANDONED', reason: 'Overtaken' }
    await desk.done('closeGoal', over)
    const other = file((text) => text.replace('severity: CRITICAL', 'severity: INFO'))
    expect(await apply(other, { prune: true })).toMatchObject({ changes: [], missingRules: [] })
    expect(await exported()).not.toContain('few-off-track')
    const more = file((text) => text.replace('key: few-off-track', 'key: few-missed'))
    expect((await apply(more)).message).toMatch(/^Line 6, column 5: It is closed/)
  })

  it(
    'work like others: one fires, and switched off by the file its alert ends',
    { timeout: 60_000 },
    async () => {
      const document = (enabled: boolean) =>
        `version: 1\nrules:\n  - {key: open, name: Open, metric: OPEN_INVOICE_COUNT, condition: {above: 2}, enabled: ${enabled}}\n`
      await apply(document(true))
      await expect.poll(async () => (await readAlerts(desk)).length, { timeout: 20_000 }).toBe(1)
      await apply(document(false))
      expect(await readAlerts(desk)).toMatchObject([{ state: 'ENDED', ending: 'RULE_OFF' }])
    },
  )
})

describe('all or nothing', () => {
  it('holds across goals and rules', { timeout: 60_000 }, async () => {
    // That there is no such currency is found within the transaction, after the goal and the rule before were written.
    const wrong = file((text) => text.replace('currency: EUR', 'currency: EUX'))
    const refused = await apply(wrong)
    expect(refused).toMatchObject({
      __typename: 'InvalidInput',
      path: ['document', 'rules', '1', 'currency'],
    })
    expect(refused.message).toMatch(/^Line 20, column 5: EUX is no ISO 4217 currency code/)
    expect(await stored()).toEqual([])
    expect(await desk.ask('{ goals { nodes { id } } }')).toEqual({ goals: { nodes: [] } })
  })

  it('holds for two files at once that make the same rule', { timeout: 60_000 }, async () => {
    const both = await Promise.all([apply(file()), apply(file())])
    expect(both.filter(({ __typename }) => __typename === 'ApplyGoalsSuccess').length).toBeGreaterThan(0)
    expect(await stored()).toHaveLength(3)
    expect(await apply(file())).toMatchObject({ changes: [] })
  })
})

describe('the export', () => {
  it('of rules that came from no file is a file that changes nothing', { timeout: 60_000 }, async () => {
    const goal = await desk.create({ name: 'Close: every "invoice"' })
    await done(desk, 'addDefaultAlertRules', { goalId: goal.id })
    const goalId = goal.id
    const conditions = [
      { goalId, condition: { probabilityBelow: '40.5' }, recovery: '50' },
      { goalId, condition: { behindBy: '3' }, quietHours: { from: '20:00', to: '07:00', weekends: false } },
      { goalId, condition: { aheadBy: '0' }, repeatDays: 3 },
      { condition: { below: '-2.50' }, forEvaluations: 3, noData: 'OK', enabled: false },
      { condition: { down: { by: '1.5', days: 30 } }, severity: 'CRITICAL' },
    ]
    const filter = { region: ['EMEA', 'APAC: #1'], collectorId: [desk.people[0]] }
    for (const [index, input] of conditions.entries()) {
      const kpi = { metric: 'DSO', filter, conventions: { dsoMonths: 6 }, currency: 'EUR' }
      const watched = 'goalId' in input ? { kpi: null } : { kpi }
      await createRule(desk, { name: `Rule ${index}`, ...watched, ...input })
    }
    const channel = await done(desk, 'createAlertChannel', {
      name: 'On call: "night"',
      target: { url: 'https://hooks.example.com/secret-path' },
    })
    await createRule(desk, { name: 'Sent', channelIds: [channel.channel?.id] })
    const before = await stored()
    expect(before).toHaveLength(12)
    const document = await exported()
    expect(document).not.toContain('secret-path')
    expect(document).toContain('probabilityBelow: 40.5')
    const applied = await apply(document, { prune: true })
    expect(applied.message).toBeUndefined()
    expect(applied).toMatchObject({ changes: [], missing: [], missingRules: [] })
    // A rule that came from no file is found by the end of its key, also under another name.
    const renamed = document.replace('name: Rule 3', 'name: Rule three')
    expect((await apply(renamed)).changes).toMatchObject([
      { kind: 'UPDATE', fields: [{ field: 'name', from: 'Rule 3', to: 'Rule three' }] },
    ])
    const { id } = before.find(({ name }) => name === 'Rule 3') ?? { id: '' }
    const [row] = await server.connection.db
      .select()
      .from(alertRule)
      .where(eq(alertRule.id, decodeId('alertRule', id) ?? ''))
    expect(row).toMatchObject({ name: 'Rule three', key: null })
  })

  it('makes the same rules in other books', { timeout: 60_000 }, async () => {
    await apply(file())
    const document = await exported()
    const here = await stored()
    desk = await openDesk(server, 'key name')
    for (const name of ['Duty', 'Team'])
      await done(desk, 'createAlertChannel', { name, target: { url: 'https://hooks.example.com/other' } })
    expect((await apply(document)).message).toBeUndefined()
    const shapeOf = (rules: readonly Stored[]) => rules.map(({ id: _id, ...rest }) => rest)
    expect(shapeOf(await stored())).toEqual(shapeOf(here))
    expect(await exported()).toBe(document)
  })

  it(
    'has no rules for who may not manage them, nor does their file change any',
    { timeout: 60_000 },
    async () => {
      await apply(file())
      const viewer = await server.createToken(desk.organization, 'viewer')
      const { goalDocument } = await execute<{ goalDocument: string }>(server.url, viewer, '{ goalDocument }')
      expect(goalDocument).toContain('few-open')
      expect(goalDocument).not.toContain('rules:')
      const narrow = await desk.ask<{ createToken: { secret: string } }>(
        `mutation ($input: CreateTokenInput!) { createToken(input: $input) { ... on CreateTokenSuccess { secret } } }`,
        { input: { name: 'Goals only', scopes: ['goal:read', 'goal:write'] } },
      )
      const write = (document: string) =>
        execute<{ applyGoals: Applied }>(server.url, narrow.createToken.secret, APPLY, {
          input: { document },
        })
      await expect(write(file())).rejects.toThrow(/need the scope `alert:manage`/)
      expect((await write(goalDocument)).applyGoals).toMatchObject({ changes: [], missingRules: [] })
    },
  )
})

describe('what is wrong in a rule', () => {
  const rules = (lines: string) => `version: 1\nrules:\n  - key: a\n    name: A\n${lines}`
  it.each([
    [
      'no name',
      'version: 1\nrules:\n  - {key: a, metric: DSO, condition: {above: 5}}\n',
      /^Line 3, column 5: a new rule takes a name/,
    ],
    ['no condition', rules('    metric: DSO\n'), /^Line 3, column 5: a new rule takes a condition/],
    [
      'nothing to watch',
      rules('    condition: {above: 5}\n'),
      /^Line 3, column 5: a new rule takes a goal or a metric/,
    ],
    [
      'an unknown field',
      rules('    hysteresis: 5\n'),
      /^Line 5, column 5: there is no hysteresis, only key, name, goal/,
    ],
    [
      'two conditions',
      rules('    condition: {above: 5, below: 3}\n'),
      /^Line 5, column 5: a condition is exactly one of/,
    ],
    [
      'an unknown condition',
      rules('    condition: {over: 5}\n'),
      /^Line 5, column 17: there is no over, only statusIn/,
    ],
    [
      'an unknown status',
      rules('    condition: {statusIn: [LATE]}\n'),
      /^Line 5, column 28: 0 is one of PENDING_START/,
    ],
    [
      'half a day',
      rules('    forDays: 1.5\n'),
      /^Line 5, column 5: forDays is a whole number such as 3, not 1\.5/,
    ],
    [
      'too many days',
      rules('    metric: DSO\n    condition: {above: 5}\n    forDays: 400\n'),
      /^Line 7, column 5: It goes from 0 to 366/,
    ],
    [
      'a severity',
      rules('    severity: LOUD\n'),
      /^Line 5, column 5: severity is one of INFO, WARNING, CRITICAL, not "LOUD"/,
    ],
    [
      'no time',
      rules('    metric: DSO\n    condition: {above: 5}\n    quietHours: {from: "25:00", to: "07:00"}\n'),
      /^Line 7, column 18: "25:00" is no time of day/,
    ],
    [
      'recovery on the bad side',
      rules('    metric: DSO\n    condition: {above: 5}\n    recovery: 6\n'),
      /^Line 7, column 5: It lies on the bad side/,
    ],
    [
      'a condition of goals',
      rules('    metric: DSO\n    condition: {milestone: true}\n'),
      /^Line 6, column 17: Only a rule on a goal has milestone/,
    ],
    [
      'an unknown goal',
      rules('    goal: b\n    condition: {milestone: true}\n'),
      /^Line 5, column 5: there is no goal with the key b/,
    ],
    [
      'a KPI and a goal',
      rules('    goal: b\n    metric: DSO\n    condition: {above: 5}\n'),
      /^Line 6, column 5: a rule on a goal has no metric/,
    ],
    [
      'a stranger',
      rules('    metric: DSO\n    scope: {collector: [Nobody]}\n    condition: {above: 5}\n'),
      /^Line 6, column 25: there is no person Nobody/,
    ],
    [
      'an unknown channel',
      rules('    metric: DSO\n    condition: {above: 5}\n    channels: [Duty, Pager]\n'),
      /^Line 7, column 22: there is no channel Pager, only Duty, Team: set it up first/,
    ],
    ['a key twice', rules('    metric: DSO\n  - key: a\n'), /^Line 6, column 5: the key a is there twice/],
    ['no list', 'version: 1\nrules: 5\n', /^Line 2, column 1: rules is a list, not 5/],
  ])(
    'such as %s, is told with its line and column',
    { timeout: 20_000 },
    async (_what, document, message) => {
      const refused = await apply(document, { dryRun: true })
      expect(refused.message).toMatch(message)
      expect(refused.path[0]).toBe('document')
    },
  )

  it('is what is frozen with it', { timeout: 60_000 }, async () => {
    await apply(file())
    const moved = await apply(file((text) => text.replace('region: EMEA', 'region: APAC')))
    expect(moved.message).toMatch(
      /^Line 18, column 5: scope is frozen with the rule as collectorId .*, region EMEA: /,
    )
    const other = file((text) =>
      text
        .replace('    goal: few-open', '    goal: other')
        .replace(
          'goals:\n',
          'goals:\n  - {key: other, name: O, metric: DSO, baseline: 50, target: 40, deadline: 2026-12-31}\n',
        ),
    )
    expect((await apply(other)).message).toMatch(
      /^Line 6, column 5: goal is frozen with the rule as few-open: /,
    )
    expect(await storedOf('rising')).toMatchObject({ version: 1 })
  })

  it('is a change of somebody else since the file was compared', { timeout: 60_000 }, async () => {
    await apply(file())
    const { id } = (await storedOf('rising')) ?? { id: '' }
    const changed = file((text) => text.replace('Open invoices rise', 'Open invoices are rising'))
    const both = await Promise.all([
      apply(changed),
      carryOut(desk, 'updateAlertRule', { rule: id, expectedVersion: 1, severity: 'INFO' }),
    ])
    // Whichever came first: nothing is lost, and the file applies after it.
    expect(both.map(({ __typename }) => __typename).filter((name) => name !== 'Conflict')).not.toEqual([])
    await apply(changed)
    expect(await storedOf('rising')).toMatchObject({ name: 'Open invoices are rising' })
  })
})

describe('rules on credit', () => {
  const onCredit = `version: 1
rules:
  - key: over
    name: Over the limit
    condition: {overLimit: true}
    severity: CRITICAL
    channels: [Duty]
  - key: late-for-sales
    name: Late
    condition: {escalation: [SALES, CREDIT_MANAGER]}
`

  it('are made, changed and exported as others are', { timeout: 60_000 }, async () => {
    const plan = await apply(onCredit, { dryRun: true })
    expect(plan.message).toBeUndefined()
    expect(plan.changes.map(({ fields }) => fields.find(({ field }) => field === 'condition')?.to)).toEqual([
      'overLimit',
      'escalation CREDIT_MANAGER, SALES',
    ])
    expect((await apply(onCredit)).changes).toEqual(plan.changes)
    expect(await stored()).toMatchObject([
      { key: 'late-for-sales', goal: null, metric: null, condition: { kind: 'ESCALATION' } },
      { key: 'over', goal: null, metric: null, condition: { kind: 'OVER_LIMIT' }, severity: 'CRITICAL' },
    ])
    expect(await apply(onCredit)).toMatchObject({ changes: [], missingRules: [] })
    const document = await exported()
    expect(document).toContain('overLimit: true')
    expect(await apply(document, { prune: true })).toMatchObject({
      changes: [],
      missing: [],
      missingRules: [],
    })
    const changed = await apply(onCredit.replace('[SALES, CREDIT_MANAGER]', '[ADMIN]'))
    expect(changed.changes).toMatchObject([
      {
        kind: 'UPDATE',
        key: 'late-for-sales',
        fields: [{ field: 'condition', from: 'escalation CREDIT_MANAGER, SALES', to: 'escalation ADMIN' }],
      },
    ])
    expect(told(await apply('version: 1\nrules: []\n', { prune: true }))).toEqual([
      'RULE DELETE over',
      'RULE DELETE late-for-sales',
    ])
  })

  it.each([
    ['condition: {overLimit: true}\n    metric: DSO', ['rules', '0', 'metric']],
    ['condition: {overLimit: true}\n    forDays: 2', ['rules', '0', 'forDays']],
    ['condition: {overLimit: false}', ['rules', '0', 'condition', 'overLimit']],
    ['condition: {escalation: []}', ['rules', '0', 'condition', 'escalation']],
    ['condition: {above: 1}', ['rules', '0']],
  ])('are refused with their place: %s', { timeout: 60_000 }, async (wrong, path) => {
    const refused = await apply(onCredit.replace('condition: {overLimit: true}', wrong))
    expect(refused.path?.slice(1)).toEqual(path)
    expect(await stored()).toEqual([])
  })
})
