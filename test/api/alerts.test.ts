/** Alert rules on KPIs and goals: they fire, are told, and are over; over real HTTP and WebSocket. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  carryOut,
  createRule,
  done,
  manyOpen,
  readAlerts,
  readRule,
  voidInvoices,
  type Alert,
} from '../support/alerts.ts'
import { openDesk, type Desk } from '../support/goals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { subscribe } from '../support/subscribe.ts'

const PATIENT = { timeout: 25_000, interval: 50 }
const BEGIN = Temporal.Instant.from('2026-07-01T16:00:00Z')
let now = BEGIN
let server: TestServer
let desk: Desk
beforeAll(async () => {
  server = await startTestServer({ clock: () => now })
})
afterAll(() => server.close())
beforeEach(async () => {
  now = BEGIN
  desk = await openDesk(server, '')
})

const later = (days: number) => {
  now = BEGIN.add({ hours: 24 * days })
}
const untilAlerts = (isWanted: (alerts: readonly Alert[]) => boolean) =>
  vi.waitUntil(async () => {
    const alerts = await readAlerts(desk)
    return isWanted(alerts) ? alerts : null
  }, PATIENT)
const untilState = (id: string, state: string) =>
  vi.waitUntil(async () => (await readRule(desk, id)).state === state, PATIENT)

describe('a rule on a KPI', () => {
  it('fires beyond its threshold and not at it, and is over when it is well again', async () => {
    const { id } = await createRule(desk, { recovery: '1', severity: 'CRITICAL' })
    await desk.bill([1, 2])
    await untilState(id, 'OK')
    expect(await readAlerts(desk)).toEqual([])
    await desk.bill([3])
    const [alert] = await untilAlerts((alerts) => alerts.length === 1)
    expect(alert).toMatchObject({
      state: 'FIRING',
      severity: 'CRITICAL',
      summary: 'Open invoices are 3.',
      value: '3',
      raisedOn: '2026-07-01',
      endedAt: null,
      dedupeKey: `${id}:1`,
      rule: { name: 'Many open invoices' },
    })
    // Between the threshold and the recovery threshold nothing changes.
    await voidInvoices(desk, [3])
    await untilAlerts(([one]) => one?.latest === 'Open invoices are 2.')
    expect(await readRule(desk, id)).toMatchObject({ state: 'FIRING' })
    await voidInvoices(desk, [2])
    const [over] = await untilAlerts(([one]) => one?.state === 'ENDED')
    expect(over).toMatchObject({ ending: 'RECOVERED', latest: 'Open invoices are 1.' })
    expect(over?.transitions.map(({ kind }) => kind)).toEqual(['RAISED', 'RECOVERED'])
    // It is armed again.
    await desk.bill([4, 5])
    const [second] = await untilAlerts((alerts) => alerts.length === 2)
    expect(second).toMatchObject({ state: 'FIRING', dedupeKey: `${id}:2` })
  })

  it('fires only when it has held for its days, although nothing is posted meanwhile', async () => {
    const { id } = await createRule(desk, { forDays: 2 })
    await desk.bill([1, 2, 3])
    await untilState(id, 'PENDING')
    later(1)
    await vi.waitUntil(async () => {
      const [row] = await server.connection.sql<{ day: string }[]>`
        select evaluated_on::text as day from evaluation where organization_id = ${desk.organization.id}`
      return row?.day === '2026-07-02'
    }, PATIENT)
    expect(await readRule(desk, id)).toMatchObject({ state: 'PENDING' })
    later(2)
    await untilState(id, 'FIRING')
    expect((await readAlerts(desk)).map(({ raisedOn }) => raisedOn)).toEqual(['2026-07-03'])
  })
})

describe('an open alert', () => {
  const fire = async (input: Readonly<Record<string, unknown>> = {}): Promise<Alert> => {
    await createRule(desk, input)
    await desk.bill([1, 2, 3])
    const [alert] = await untilAlerts((alerts) => alerts.length === 1)
    if (alert === undefined) throw new Error('No alert')
    return alert
  }

  it('is acknowledged, and not told again', async () => {
    const alert = await fire({ repeatDays: 1 })
    const { alert: seen } = await done(desk, 'acknowledgeAlert', { alert: alert.id, note: 'I call them' })
    expect(seen).toMatchObject({ acknowledgedBy: "a test's admin", state: 'FIRING' })
    later(2)
    await desk.bill([4])
    const [after] = await untilAlerts(([one]) => one?.latest === 'Open invoices are 4.')
    expect(after?.transitions.map(({ kind, by }) => [kind, by])).toEqual([
      ['RAISED', null],
      ['ACKNOWLEDGED', "a test's admin"],
    ])
  })

  it('is silent while it is snoozed, and told again when that is over, although nothing was posted', async () => {
    const alert = await fire({ repeatDays: 1 })
    const until = BEGIN.add({ hours: 30 }).toString()
    const { alert: silent } = await done(desk, 'snoozeAlert', { alert: alert.id, until })
    expect(silent).toMatchObject({ snoozedUntil: until })
    now = BEGIN.add({ hours: 29 })
    await desk.bill([4])
    await untilAlerts(([one]) => one?.latest === 'Open invoices are 4.')
    now = BEGIN.add({ hours: 30 })
    const [told] = await untilAlerts(([one]) => one?.transitions.length === 3)
    expect(told?.transitions.map(({ kind }) => kind)).toEqual(['RAISED', 'SNOOZED', 'REPEATED'])
    expect(told?.snoozedUntil).toBeNull()
  })

  it('ends with its rule, and with its goal', async () => {
    const alert = await fire()
    const rules = await desk.ask<{ alertRules: { nodes: { id: string }[] } }>(
      '{ alertRules { nodes { id } } }',
    )
    const [rule] = rules.alertRules.nodes
    const off = { rule: rule?.id, expectedVersion: 1, enabled: false, reason: 'Too many' }
    expect((await done(desk, 'updateAlertRule', off)).rule).toMatchObject({
      enabled: false,
      version: 2,
      state: 'OK',
    })
    expect((await readAlerts(desk))[0]).toMatchObject({ id: alert.id, state: 'ENDED', ending: 'RULE_OFF' })
    const again = await carryOut(desk, 'deleteAlertRule', { rule: rule?.id, expectedVersion: 1 })
    expect(again).toMatchObject({
      __typename: 'Conflict',
      message: 'The rule is at version 2 by now: since you saw it, enabled changed',
    })
    const goal = await desk.create({ baseline: '1', target: '0' })
    await createRule(desk, { kpi: null, goalId: goal.id, condition: { statusIn: ['OFF_TRACK', 'AT_RISK'] } })
    await untilAlerts((alerts) => alerts.length === 2)
    await desk.done('pauseGoal', { goal: goal.id, expectedVersion: 1, reason: 'Later' })
    const [rests] = await untilAlerts(([one]) => one?.state === 'ENDED')
    expect(rests).toMatchObject({ ending: 'GOAL_RESTS' })
  })

  it('is not acknowledged or snoozed once it is over, nor snoozed into the past', async () => {
    const alert = await fire()
    const snooze = (until: string) => carryOut(desk, 'snoozeAlert', { alert: alert.id, until })
    expect(await snooze(BEGIN.toString())).toMatchObject({ __typename: 'InvalidInput', path: ['until'] })
    expect(await snooze('2027-07-01T00:00:00Z')).toMatchObject({ path: ['until'] })
    await voidInvoices(desk, [3])
    await untilAlerts(([one]) => one?.state === 'ENDED')
    expect(await carryOut(desk, 'acknowledgeAlert', { alert: alert.id })).toMatchObject({ path: ['alert'] })
  })
})

describe('a subscriber', () => {
  type Event = {
    readonly alertRaised: {
      readonly cursor: string
      readonly kind: string
      readonly alert: { readonly summary: string } | null
    }
  }
  const follow = (since: string | null, severities: readonly string[] | null = null) =>
    subscribe<Event>(
      server.url,
      desk.token,
      `subscription ($since: String, $severities: [AlertSeverity!]) {
        alertRaised(since: $since, severities: $severities) { cursor kind alert { summary } } }`,
      { since, severities },
    )
  const cursor = async () =>
    (await desk.ask<{ alerts: { alertCursor: string } }>('{ alerts { alertCursor } }')).alerts.alertCursor

  it('hears of alerts as they come, and continues where it left', async () => {
    const start = await cursor()
    const live = follow(start)
    const loud = follow(start, ['CRITICAL'])
    await createRule(desk)
    await createRule(desk, { name: 'Loud', severity: 'CRITICAL', condition: { above: '3' } })
    await desk.bill([1, 2, 3])
    const first = await live.next(25_000)
    expect(first.alertRaised).toMatchObject({ kind: 'RAISED', alert: { summary: 'Open invoices are 3.' } })
    await live.return()
    await desk.bill([4])
    expect((await loud.next(25_000)).alertRaised).toMatchObject({
      kind: 'RAISED',
      alert: { summary: 'Open invoices are 4.' },
    })
    await loud.return()
    await voidInvoices(desk, [4, 3])
    await untilAlerts((alerts) => alerts.every(({ state }) => state === 'ENDED'))
    const resumed = follow(first.alertRaised.cursor)
    const kinds = []
    for (let index = 0; index < 3; index++) kinds.push((await resumed.next(25_000)).alertRaised.kind)
    await resumed.return()
    expect(kinds).toEqual(['RAISED', 'RECOVERED', 'RECOVERED'])
  })

  it('is told from where on it hears everything', async () => {
    const live = follow(null)
    const { alertRaised } = await live.next(25_000)
    expect(alertRaised).toEqual({ kind: 'LISTENING', cursor: await cursor(), alert: null })
    await createRule(desk)
    await desk.bill([1, 2, 3])
    expect((await live.next(25_000)).alertRaised.kind).toBe('RAISED')
    await live.return()
  })

  it('of goals that there are not is told so', async () => {
    const lost = subscribe(
      server.url,
      desk.token,
      'subscription { alertRaised(goalIds: ["goal_1"]) { kind } }',
    )
    expect((await lost.nextResult(25_000)).errors?.[0]?.message).toBe('There is no goal with id goal_1.')
    await lost.return()
  })

  it('is told of a gap where its cursor is of elsewhere', async () => {
    const other = await openDesk(server, '')
    const { alerts } = await other.ask<{ alerts: { alertCursor: string } }>('{ alerts { alertCursor } }')
    const lost = follow(alerts.alertCursor)
    expect((await lost.next(25_000)).alertRaised).toMatchObject({ kind: 'GAP', alert: null })
    await lost.return()
  })
})

describe('the usual rules of a goal', () => {
  it('are added once, and tell of milestones and of what is achieved', { timeout: 60_000 }, async () => {
    await desk.bill([1, 2, 3, 4])
    const goal = await desk.create({ baseline: '4', target: '0' })
    expect(await done(desk, 'addDefaultAlertRules', { goalId: goal.id })).toMatchObject({ added: 6 })
    expect(await done(desk, 'addDefaultAlertRules', { goalId: goal.id })).toMatchObject({ added: 0 })
    await desk.until(goal.id, ({ progress }) => progress?.value === 4)
    // The level that there is at first is no news: it has to be seen before it is passed.
    await vi.waitUntil(async () => {
      const [row] = await server.connection.sql<{ level: number | null }[]>`
        select max((memory ->> 'level')::int) as level from alert_standing
        where organization_id = ${desk.organization.id}`
      return row?.level === 0
    }, PATIENT)
    await voidInvoices(desk, [1, 2])
    await untilAlerts((alerts) => alerts.some(({ rule }) => rule.name === 'Milestone reached'))
    await voidInvoices(desk, [3, 4])
    const alerts = await untilAlerts((all) => all.some(({ rule }) => rule.name === 'Achieved'))
    expect(alerts.find(({ rule }) => rule.name === 'Achieved')).toMatchObject({
      severity: 'INFO',
      state: 'FIRING',
      latest: 'Open invoices are 0: the target of 0 is reached.',
    })
    const { goal: told } = await desk.ask<{ goal: { alerts: unknown[]; alertRules: unknown[] } }>(
      'query ($id: ID!) { goal(id: $id) { alerts { summary } alertRules { name condition { sentence } isGoodNews } } }',
      { id: goal.id },
    )
    expect(told.alerts).toHaveLength(alerts.length)
    expect(told.alertRules[0]).toEqual({
      name: 'Achieved',
      condition: { sentence: 'The goal is achieved.' },
      isGoodNews: true,
    })
  })
})

describe('bad input', () => {
  const kpi = { metric: 'DSO' }
  it.each([
    ['neither goal nor KPI', { kpi: null }, ['goalId']],
    ['a condition of goals', { condition: { milestone: true } }, ['condition', 'milestone']],
    ['too many digits', { condition: { above: '1234567890123456' } }, ['condition', 'above']],
    ['recovery on the bad side', { recovery: '3' }, ['recovery']],
    ['too many days', { forDays: 400 }, ['forDays']],
    ['no time of day', { quietHours: { from: '8 pm', to: '07:00' } }, ['quietHours', 'from']],
    ['a whole day of silence', { quietHours: { from: '08:00', to: '8:00' } }, ['quietHours', 'to']],
    ['an empty filter', { kpi: { ...kpi, filter: { region: [] } } }, ['kpi', 'filter', 'region']],
    [
      'a convention out of range',
      { kpi: { ...kpi, conventions: { dsoMonths: 99 } } },
      ['kpi', 'conventions'],
    ],
    ['a change over no days', { condition: { up: { by: '1', days: 0 } } }, ['condition', 'up', 'days']],
    ['no name', { name: ' ' }, ['name']],
  ])('is told by its field: %s', async (_what, input, path) => {
    expect(await carryOut(desk, 'createAlertRule', { ...manyOpen, ...input })).toMatchObject({
      __typename: 'InvalidInput',
      path,
    })
  })

  it('that names what is not there is told too', async () => {
    const other = await openDesk(server, '')
    const goal = await other.create()
    const nowhere = { ...manyOpen, kpi: null, goalId: goal.id }
    expect(await carryOut(desk, 'createAlertRule', nowhere)).toMatchObject({
      __typename: 'NotFound',
      path: ['goalId'],
    })
    const channelIds = ['alertChannel_01990000-0000-7000-8000-000000000000']
    expect(await carryOut(desk, 'createAlertRule', { ...manyOpen, channelIds })).toMatchObject({
      __typename: 'NotFound',
      path: ['channelIds', '0'],
    })
  })
})

type Backtest = {
  readonly fired: number
  readonly falseAlarms: number | null
  readonly missedGoals: number | null
  readonly episodes: readonly {
    readonly raisedOn: string
    readonly endedOn: string | null
    readonly isGoalItself: boolean | null
    readonly isFalseAlarm: boolean | null
  }[]
}

describe('a backtest', () => {
  const backtest = (rule: object) => replay({ rule })
  const replay = async (tried: object): Promise<Backtest> => {
    const { backtestAlertRule } = await desk.ask<{ backtestAlertRule: Backtest }>(
      `query ($input: BacktestAlertRuleInput!) { backtestAlertRule(input: $input) { __typename
        ... on AlertBacktest { fired falseAlarms missedGoals episodes { raisedOn endedOn isGoalItself isFalseAlarm } }
        ... on Problem { message path } } }`,
      { input: { ...tried, months: 2 } },
    )
    return backtestAlertRule
  }
  const evaluatedOn = (day: string) =>
    vi.waitUntil(async () => {
      const [row] = await server.connection.sql<{ day: string }[]>`
        select evaluated_on::text as day from evaluation where organization_id = ${desk.organization.id}`
      return row?.day === day
    }, PATIENT)

  it('says of a rule what it did live on the same days', { timeout: 120_000 }, async () => {
    // Open invoices by the day on which they were billed: 1 July is the first.
    const perDay = [1, 2, 1, 0, 1, 0, 2, 0]
    const kpiRule = { ...manyOpen, forDays: 1, keepFiringDays: 1 }
    const { id } = await createRule(desk, kpiRule)
    const goal = await desk.create({
      baseline: '4',
      target: '0',
      deadline: '2026-07-31',
      startsOn: '2026-06-30',
    })
    const goalRule = {
      name: 'Behind',
      goalId: goal.id,
      condition: { behindBy: '0.2' },
      recovery: '0',
      forDays: 1,
    }
    const { id: goalRuleId } = await createRule(desk, { ...goalRule, kpi: null })
    let number = 0
    for (const [day, count] of perDay.entries()) {
      later(day)
      const today = Temporal.PlainDate.from('2026-07-01').add({ days: day }).toString()
      for (let bill = 0; bill < count; bill++) {
        number += 1
        await desk.bill([number], { issuedOn: today })
      }
      if (day === 4) await voidInvoices(desk, [1, 2, 3, 4])
      const open = number - (day >= 4 ? 4 : 0)
      // All of the day is seen before the next begins.
      await desk.until(goal.id, ({ progress }) => progress?.value === open)
      await evaluatedOn(today)
    }
    const live = async (rule: string) =>
      (await readAlerts(desk, { ruleId: rule }))
        .map(({ raisedOn, endedAt }) => ({ raisedOn, endedOn: endedAt?.slice(0, 10) ?? null }))
        .toReversed()
    const ofKpi = await backtest(kpiRule)
    expect(ofKpi.episodes.map(({ raisedOn, endedOn }) => ({ raisedOn, endedOn }))).toEqual(await live(id))
    expect(ofKpi.episodes).toHaveLength(2)
    const ofGoal = await backtest(goalRule)
    const itself = ofGoal.episodes.filter(({ isGoalItself }) => isGoalItself === true)
    expect(itself.map(({ raisedOn, endedOn }) => ({ raisedOn, endedOn }))).toEqual(await live(goalRuleId))
    expect(itself).toMatchObject([{ raisedOn: '2026-07-04', endedOn: '2026-07-05' }])

    // One that is there, as it is and changed, whatever its version is by now.
    expect(await replay({ change: { rule: id, expectedVersion: 1 } })).toEqual(ofKpi)
    expect(await replay({ change: { rule: goalRuleId, expectedVersion: 9 } })).toEqual(ofGoal)
    const atOnce = await replay({ change: { rule: id, expectedVersion: 1, forDays: 0, keepFiringDays: 0 } })
    expect(atOnce).toEqual(await backtest({ ...kpiRule, forDays: 0, keepFiringDays: 0 }))
    expect(atOnce).not.toEqual(ofKpi)
    expect(await replay({ change: { rule: id, expectedVersion: 1, recovery: '3' } })).toMatchObject({
      __typename: 'InvalidInput',
      path: ['change', 'recovery'],
    })
    expect(await replay({ change: { rule: 'alertRule_none', expectedVersion: 1 } })).toMatchObject({
      __typename: 'NotFound',
      path: ['change', 'rule'],
    })
    expect(await replay({})).toMatchObject({ __typename: 'InvalidInput', path: ['rule'] })
    expect(await replay({ rule: kpiRule, change: { rule: id, expectedVersion: 1 } })).toMatchObject({
      __typename: 'InvalidInput',
      path: ['change'],
    })
  })
})
