/** Whom the credit policy wants to be told of what is late: an alert for each customer and step, over the channels of a rule. */
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const START = '2026-06-30T12:00:00Z'
let now = Temporal.Instant.from(START)
let server: TestServer
let acme: OrganizationRow
let token: string
beforeAll(async () => {
  server = await startTestServer({ clock: () => now })
})
afterAll(() => server.close())
beforeEach(async () => {
  now = Temporal.Instant.from(START)
  acme = await server.createOrganization({ baseCurrency: 'USD', timeZone: 'UTC' })
  token = await server.createToken(acme)
})

type Answer = Record<string, unknown>

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each test says what it asks for
const ask = <Data>(query: string, variables: Answer = {}) =>
  execute<Data>(server.url, token, query, variables)

const mutate = async (name: string, input: Answer, fields = 'dryRun'): Promise<Answer> => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const answer = await ask<Record<string, Answer>>(
    `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename
       ... on ${type}Success { ${fields} } ... on Problem { code path message } } }`,
    { input },
  )
  return answer[name] ?? {}
}
const done = async (name: string, input: Answer, fields = 'dryRun'): Promise<Answer> => {
  const answer = await mutate(name, input, fields)
  if (!String(answer['__typename']).endsWith('Success')) throw new Error(JSON.stringify(answer))
  return answer
}

const usd = (amount: string) => ({ amount, currency: 'USD' })
const bill = async (customer: string, number: string, amount: string, dueOn: string): Promise<void> => {
  await mutate('createCustomer', { number: customer, name: customer })
  await done('recordInvoice', {
    customer: { number: customer },
    number,
    amount: usd(amount),
    issuedOn: '2026-01-01',
    installments: [{ amount, dueOn }],
  })
}
const pay = (customer: string, invoice: string, amount: string) =>
  done('recordReceipt', {
    customer: { number: customer },
    amount: usd(amount),
    receivedOn: now.toZonedDateTimeISO('UTC').toPlainDate().toString(),
    allocations: [{ invoice: { number: invoice }, amount }],
  })

const STEPS = [
  { days: 30, amount: '100', outcome: 'REVIEW', tell: ['COLLECTOR'] },
  { days: 60, amount: '0', outcome: 'BLOCK', tell: ['SALES', 'CREDIT_MANAGER'] },
]
const policy = (escalation: readonly Answer[] = STEPS) =>
  done('setCreditPolicy', { reason: 'Agreed', pastDueDays: 10, escalation })

const rule = async (roles: readonly string[], more: Answer = {}) => {
  const said = { name: `For ${roles.join()}`, condition: { escalation: roles }, channelIds: [], ...more }
  return (await done('createAlertRule', said, 'rule { id version }'))['rule'] as {
    id: string
    version: number
  }
}

type Alert = { readonly state: string; readonly escalationDays: number } & Answer
const alerts = async (): Promise<readonly Alert[]> =>
  (
    await ask<{ alerts: { nodes: Alert[] } }>(
      `{ alerts { nodes { state ending summary value escalationDays customer { number } crossing { since } rule { name }
          transitions { kind } deliveries { state channel { name } } } } }`,
    )
  ).alerts.nodes

const line = (one: Alert) => {
  const { customer, rule: of } = one as unknown as { customer: { number: string }; rule: { name: string } }
  return `${customer.number} ${one.escalationDays} ${one.state} ${of.name}`
}
const lines = async () => (await alerts()).map(line).toSorted()
/** Waits until that is what is told. */
const until = async (wanted: readonly string[]): Promise<string[]> => {
  for (let tries = 0; ; tries++) {
    const known = await lines()
    if (known.join() === wanted.toSorted().join() || tries === 200) return known
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
const seen = async (wanted: readonly string[]): Promise<void> => {
  expect(await until(wanted)).toEqual(wanted.toSorted())
}

describe('a step of the credit policy', () => {
  it('is told to the roles that it names, once for each customer, and is over when it is', async () => {
    await policy()
    const { channel } = await done(
      'createAlertChannel',
      { name: 'Duty', target: { url: 'https://hooks.example.com/x' } },
      'channel { id }',
    )
    await rule(['CREDIT_MANAGER', 'ADMIN'], { channelIds: [(channel as { id: string }).id] })
    await rule(['COLLECTOR'])
    // 61 days late; 31 days late with what is tolerated and a cent more; 31 days late with what is tolerated.
    await bill('A', 'I-1', '50.00', '2026-04-30')
    await bill('B', 'I-2', '100.01', '2026-05-30')
    await bill('C', 'I-3', '100.00', '2026-05-30')
    await seen(['A 60 FIRING For CREDIT_MANAGER,ADMIN', 'B 30 FIRING For COLLECTOR'])
    await bill('B', 'I-4', '5.00', '2026-05-29')
    await bill('A', 'I-5', '60.00', '2026-05-29')
    await seen([
      'A 60 FIRING For CREDIT_MANAGER,ADMIN',
      'B 30 FIRING For COLLECTOR',
      'A 30 FIRING For COLLECTOR',
    ])
    const found = (await alerts()).find((one) => one.escalationDays === 60)
    expect(found).toMatchObject({
      summary:
        '50.00 USD of customer A is past due for more than 60 days; 0.00 USD is tolerated. The credit policy wants sales and credit managers to be told.',
      value: '50.00',
      crossing: null,
      transitions: [{ kind: 'RAISED' }],
      deliveries: [{ channel: { name: 'Duty' } }],
    })
    await pay('A', 'I-1', '50.00')
    await seen([
      'A 60 ENDED For CREDIT_MANAGER,ADMIN',
      'B 30 FIRING For COLLECTOR',
      'A 30 ENDED For COLLECTOR',
    ])
    expect((await alerts()).find((one) => one.escalationDays === 60)).toMatchObject({
      ending: 'RECOVERED',
      transitions: [{ kind: 'RAISED' }, { kind: 'RECOVERED' }],
      deliveries: [{ channel: { name: 'Duty' } }, { channel: { name: 'Duty' } }],
    })
  }, 60_000)

  it('is reached at midnight, and told again when it is reached again', async () => {
    await policy()
    await rule(['SALES'])
    await bill('A', 'I-1', '10.00', '2026-05-01')
    expect(await lines()).toEqual([])
    now = Temporal.Instant.from('2026-07-01T00:00:01Z')
    await seen(['A 60 FIRING For SALES'])
    await pay('A', 'I-1', '10.00')
    await seen(['A 60 ENDED For SALES'])
    await bill('A', 'I-2', '10.00', '2026-05-01')
    await seen(['A 60 ENDED For SALES', 'A 60 FIRING For SALES'])
  }, 60_000)

  it('is told of also where it was reached before the rule, and no more when the policy or the rule names others', async () => {
    await policy()
    await bill('A', 'I-1', '10.00', '2026-04-01')
    const { id, version } = await rule(['SALES'])
    await seen(['A 60 FIRING For SALES'])
    await done('updateAlertRule', {
      rule: id,
      expectedVersion: version,
      condition: { escalation: ['VIEWER'] },
    })
    await seen(['A 60 ENDED For SALES'])
    await policy([{ days: 45, amount: '0', outcome: 'BLOCK', tell: ['VIEWER'] }])
    await seen(['A 60 ENDED For SALES', 'A 45 FIRING For SALES'])
    await policy([{ days: 45, amount: '0', outcome: 'BLOCK', tell: [] }])
    expect(await until(['A 45 ENDED For SALES', 'A 60 ENDED For SALES'])).toEqual([
      'A 45 ENDED For SALES',
      'A 60 ENDED For SALES',
    ])
  }, 60_000)

  it('tells nobody where a rate is missing, and ends with its rule', async () => {
    await policy()
    const { id, version } = await rule(['SALES'])
    await bill('A', 'I-1', '10.00', '2026-04-01')
    await done('recordInvoice', {
      customer: { number: 'A' },
      number: 'I-2',
      amount: { amount: '5.00', currency: 'EUR' },
      issuedOn: '2026-06-01',
      installments: [{ amount: '5.00', dueOn: '2026-06-15' }],
    })
    await seen(['A 60 FIRING For SALES'])
    await done('recordInvoice', {
      customer: { number: 'A' },
      number: 'I-3',
      amount: { amount: '5.00', currency: 'EUR' },
      issuedOn: '2026-01-01',
      installments: [{ amount: '5.00', dueOn: '2026-03-01' }],
    })
    await pay('A', 'I-1', '10.00')
    await seen(['A 60 FIRING For SALES'])
    await done('updateAlertRule', { rule: id, expectedVersion: version, enabled: false })
    expect(await alerts()).toMatchObject([{ state: 'ENDED', ending: 'RULE_OFF' }])
  }, 60_000)

  it('is watched by rules that say so alone', async () => {
    const refused = (input: Answer) =>
      mutate('createAlertRule', { name: 'x', condition: { escalation: ['SALES'] }, channelIds: [], ...input })
    expect(await refused({ condition: { escalation: [] } })).toMatchObject({
      path: ['condition', 'escalation'],
    })
    expect(await refused({ forDays: 2 })).toMatchObject({ path: ['forDays'] })
    expect(await refused({ kpi: { metric: 'DSO' } })).toMatchObject({ path: ['kpi'] })
    const { id, version } = await rule(['SALES'])
    expect(
      await mutate('updateAlertRule', { rule: id, expectedVersion: version, condition: { overLimit: true } }),
    ).toMatchObject({ path: ['condition'] })
    const { backtestAlertRule } = await ask<{ backtestAlertRule: Answer }>(
      `query ($input: BacktestAlertRuleInput!) { backtestAlertRule(input: $input) { __typename ... on Problem { path } } }`,
      { input: { rule: { name: 'x', condition: { escalation: ['SALES'] }, channelIds: [] } } },
    )
    expect(backtestAlertRule).toMatchObject({ __typename: 'InvalidInput' })
  })
})
