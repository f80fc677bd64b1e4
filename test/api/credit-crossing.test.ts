/** Who begins to use more than its limit, and who does no more: seen at once, whatever brings it about, and told once. */
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { watchCredit } from '@tidemark/server/live/credit-watch.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { subscribe } from '../support/subscribe.ts'

const START = '2026-06-30T12:00:00Z'
let now = Temporal.Instant.from(START)
let server: TestServer
let acme: OrganizationRow
let token: string
beforeAll(async () => {
  server = await startTestServer({ clock: () => now })
})
afterAll(() => server.close())

let count = 0
let number: string
beforeEach(async () => {
  now = Temporal.Instant.from(START)
  acme = await server.createOrganization({ baseCurrency: 'USD', timeZone: 'UTC' })
  token = await server.createToken(acme)
  number = await createCustomer()
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

const createCustomer = async (): Promise<string> => {
  const made = `C-${(count += 1)}`
  await done('createCustomer', { number: made, name: made })
  return made
}
const usd = (amount: string) => ({ amount, currency: 'USD' })
const by = (named = number) => ({ customer: { number: named } })
const limit = (amount: string, more: Answer = {}, named = number) =>
  done('setCreditLimit', { ...by(named), limit: { amount: usd(amount) }, reason: 'Agreed', ...more })
const bill = async (amount: { amount: string; currency: string }, named = number): Promise<string> => {
  const invoice = `I-${(count += 1)}`
  await done('recordInvoice', { ...by(named), number: invoice, amount, issuedOn: '2026-06-30' })
  return invoice
}
const pay = async (amount: string, invoice: string): Promise<string> => {
  const answer = await done(
    'recordReceipt',
    {
      ...by(),
      amount: usd(amount),
      receivedOn: '2026-06-30',
      allocations: [{ invoice: { number: invoice }, amount }],
    },
    'receipt { id }',
  )
  return (answer['receipt'] as { id: string }).id
}

type Crossing = {
  readonly customer: { readonly number: string }
  readonly exposure: { readonly amount: string }
  readonly limit: { readonly amount: string; readonly currency: string }
  readonly endedAt: string | null
}
const crossings = async (): Promise<string[]> => {
  const { creditCrossings } = await ask<{ creditCrossings: { nodes: Crossing[] } }>(
    '{ creditCrossings { nodes { customer { number } exposure { amount } limit { amount currency } since endedAt } } }',
  )
  return creditCrossings.nodes.map(
    (one) =>
      `${one.customer.number} ${one.exposure.amount} of ${one.limit.amount} ${one.limit.currency}${one.endedAt === null ? '' : ' over'}`,
  )
}
/** Waits until that is what is known. */
const until = async (wanted: readonly string[]): Promise<string[]> => {
  for (let tries = 0; ; tries++) {
    const known = await crossings()
    if (known.join() === wanted.join() || tries === 200) return known
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('what crosses a limit', () => {
  it('is a bill; what is paid ends it, and a bounce begins it anew', { timeout: 60_000 }, async () => {
    await done('setCreditPolicy', { reason: 'No clearing', clearingDays: 0 })
    await limit('100')
    const first = await bill(usd('100'))
    await bill(usd('0.01'))
    expect(await until([`${number} 100.01 of 100.00 USD`])).toEqual([`${number} 100.01 of 100.00 USD`])
    const receipt = await pay('50', first)
    const over = `${number} 100.01 of 100.00 USD over`
    expect(await until([over])).toEqual([over])
    await done('bounceReceipt', { receipt, bouncedOn: '2026-06-30', reason: 'No funds' })
    const both = [`${number} 100.01 of 100.00 USD`, over]
    expect(await until(both)).toEqual(both)
    const { customer } = await ask<{ customer: Answer }>(
      'query ($number: String!) { customer(by: { number: $number }) { overLimit { exposure { amount } } exposure { state } } }',
      { number },
    )
    expect(customer).toEqual({
      overLimit: { exposure: { amount: '100.01' } },
      exposure: { state: 'OVER_LIMIT' },
    })
  })

  it('is an exchange rate', { timeout: 60_000 }, async () => {
    const rate = (value: string) =>
      done('recordRates', { rates: [{ currency: 'EUR', date: '2026-06-30', rate: value }], source: 'test' })
    await rate('1')
    await limit('100')
    await bill({ amount: '90', currency: 'EUR' })
    expect(await crossings()).toEqual([])
    await rate('1.2')
    expect(await until([`${number} 108.00 of 100.00 USD`])).toHaveLength(1)
    await rate('1.1')
    expect(await until([`${number} 108.00 of 100.00 USD over`])).toEqual([
      `${number} 108.00 of 100.00 USD over`,
    ])
  })

  it(
    'is a security that ends, and a limit that is lowered or ends by itself',
    { timeout: 60_000 },
    async () => {
      await limit('100')
      const { security } = await done(
        'recordSecurity',
        { ...by(), kind: 'DEPOSIT', amount: usd('50'), reason: 'Paid' },
        'security { id }',
      )
      await bill(usd('120'))
      expect(await crossings()).toEqual([])
      await done('endSecurity', {
        security: (security as { id: string }).id,
        until: '2026-06-30',
        reason: 'Drawn',
      })
      now = Temporal.Instant.from('2026-07-01T00:00:01Z')
      expect(await until([`${number} 120.00 of 100.00 USD`])).toHaveLength(1)
      await limit('200', { until: '2026-07-03' })
      expect(await until([`${number} 120.00 of 100.00 USD over`])).toEqual([
        `${number} 120.00 of 100.00 USD over`,
      ])
      await limit('110', { effectiveOn: '2026-07-02', until: '2026-07-02' })
      now = Temporal.Instant.from('2026-07-02T00:00:01Z')
      expect(
        (await until([`${number} 120.00 of 110.00 USD`, `${number} 120.00 of 100.00 USD over`]))[0],
      ).toBe(`${number} 120.00 of 110.00 USD`)
    },
  )

  it('is what a subsidiary is billed', { timeout: 60_000 }, async () => {
    const child = await createCustomer()
    await done('setParentCustomer', { ...by(child), parent: { number }, reason: 'Bought' })
    await limit('100')
    await bill(usd('60'))
    await bill(usd('50'), child)
    expect(await until([`${number} 110.00 of 100.00 USD`])).toEqual([`${number} 110.00 of 100.00 USD`])
  })

  it('is found once, whoever looks', { timeout: 60_000 }, async () => {
    await limit('100')
    await bill(usd('150'))
    const looks = await Promise.all(
      Array.from({ length: 8 }, () => watchCredit(server.connection, acme, now)),
    )
    // The server may be at it while all of them look.
    if (looks.every(({ outcome }) => outcome === 'BUSY'))
      await vi.waitUntil(async () => (await watchCredit(server.connection, acme, now)).outcome === 'DONE')
    expect(await until([`${number} 150.00 of 100.00 USD`])).toEqual([`${number} 150.00 of 100.00 USD`])
  })
})

describe('who follows customers', () => {
  type Told = { readonly customerChanged: { readonly kind: string; readonly customer: Answer | null } }
  const follow = async () => {
    const { customer } = await ask<{ customer: { id: string } }>(
      'query ($number: String!) { customer(by: { number: $number }) { id } }',
      { number },
    )
    const events = subscribe<Told, Answer>(
      server.url,
      token,
      `subscription ($ids: [ID!]) { customerChanged(ids: $ids) {
        kind customer { number exposure { state } overLimit { limit { amount } } } } }`,
      { ids: [customer.id] },
    )
    return {
      next: async () => (await events.next()).customerChanged,
      return: () => events.return(),
    }
  }
  /** Until all was looked at, and told. */
  const settle = async (): Promise<void> => {
    const isWatched = async () => {
      const rows = await server.connection.sql`
        select from credit_watch as watch where organization_id = ${acme.id} and not exists (
          select from audit where audit.organization_id = ${acme.id} and (
            not pg_visible_in_snapshot(audit.xid, watch.seen)
            or not exists (select from audit_seal as seal
              where seal.organization_id = ${acme.id} and seal.audit_id = audit.id)))`
      return rows.length === 1
    }
    await vi.waitUntil(isWatched, { timeout: 20_000, interval: 50 })
  }
  const audited = async () =>
    server.connection.sql<{ after: Answer }[]>`
      select after from audit where organization_id = ${acme.id} and action = 'watchCredit' order by recorded_at`

  it('is told of a temporary limit that ends at midnight, once', { timeout: 60_000 }, async () => {
    await limit('100')
    await limit('200', { until: '2026-06-30' })
    await bill(usd('150'))
    await settle()
    expect(await crossings()).toEqual([])
    const events = await follow()
    expect(await events.next()).toMatchObject({
      kind: 'SNAPSHOT',
      customer: { exposure: { state: 'WITHIN_LIMIT' } },
    })
    now = Temporal.Instant.from('2026-07-01T00:00:01Z')
    expect(await events.next()).toEqual({
      kind: 'UPDATE',
      customer: { number, exposure: { state: 'OVER_LIMIT' }, overLimit: { limit: { amount: '100.00' } } },
    })
    await limit('300', { effectiveOn: '2026-07-02' })
    expect(await events.next()).toMatchObject({ customer: { exposure: { state: 'OVER_LIMIT' } } })
    now = Temporal.Instant.from('2026-07-02T00:00:01Z')
    expect(await events.next()).toMatchObject({
      customer: { exposure: { state: 'WITHIN_LIMIT' }, overLimit: null },
    })
    await events.return()
    expect(await audited()).toEqual([{ after: { isOverLimit: true } }, { after: { isOverLimit: false } }])
  })

  it('is told of a rate that is too old by now', { timeout: 60_000 }, async () => {
    await done('recordRates', { rates: [{ currency: 'EUR', date: '2026-06-23', rate: '1' }], source: 'test' })
    await limit('100')
    await bill({ amount: '90', currency: 'EUR' })
    await settle()
    expect(await crossings()).toEqual([])
    const events = await follow()
    expect(await events.next()).toMatchObject({ customer: { exposure: { state: 'WITHIN_LIMIT' } } })
    now = Temporal.Instant.from('2026-07-01T00:00:01Z')
    expect(await events.next()).toMatchObject({
      kind: 'UPDATE',
      customer: { exposure: { state: 'UNKNOWN' } },
    })
    await events.return()
    now = Temporal.Instant.from('2026-07-02T00:00:01Z')
    const isSeen = async () =>
      (
        await server.connection.sql`
        select from credit_watch where organization_id = ${acme.id} and watched_on = '2026-07-02'`
      ).length === 1
    await expect.poll(isSeen, { timeout: 10_000 }).toBe(true)
    expect(await audited()).toEqual([{ after: { isOverLimit: null } }])
  })
})

const ALERTS = `{ alerts { nodes { state summary latest ending value customer { number }
  crossing { exposure { amount } } rule { name state openAlert { id } } transitions { kind reason } } } }`
type Alert = { readonly state: string; readonly customer: { readonly number: string } } & Answer
const alerts = async () => (await ask<{ alerts: { nodes: Alert[] } }>(ALERTS)).alerts.nodes

const rule = async (input: Answer = {}): Promise<{ id: string; version: number }> => {
  const said = {
    name: 'Over the limit',
    severity: 'CRITICAL',
    condition: { overLimit: true },
    channelIds: [],
  }
  const answer = await done('createAlertRule', { ...said, ...input }, 'rule { id version }')
  return answer['rule'] as { id: string; version: number }
}

describe('an alert', () => {
  it('is raised for each customer at once, and is over when it is', { timeout: 60_000 }, async () => {
    await rule()
    const other = await createCustomer()
    const events = subscribe<{ alertRaised: { kind: string; alert: Answer | null } }>(
      server.url,
      token,
      'subscription { alertRaised { kind alert { summary customer { number } } } }',
    )
    expect(await events.next()).toMatchObject({ alertRaised: { kind: 'LISTENING' } })
    await limit('100')
    await limit('10', {}, other)
    const invoice = await bill(usd('150'))
    const summary = `Customer ${number} uses 150.00 USD, and its limit is 100.00 USD.`
    expect(await events.next()).toEqual({
      alertRaised: { kind: 'RAISED', alert: { summary, customer: { number } } },
    })
    await bill(usd('10.50'), other)
    expect(await events.next()).toMatchObject({
      alertRaised: { kind: 'RAISED', alert: { customer: { number: other } } },
    })
    await bill(usd('1'), other)
    await done('voidInvoice', { invoice: { number: invoice }, reason: 'Wrong' })
    expect(await events.next()).toMatchObject({
      alertRaised: { kind: 'RECOVERED', alert: { customer: { number } } },
    })
    await events.return()
    const all = await alerts()
    expect(all).toHaveLength(2)
    expect(all.find((one) => one.customer.number === number)).toMatchObject({
      state: 'ENDED',
      ending: 'RECOVERED',
      value: '150.00',
      crossing: { exposure: { amount: '150.00' } },
      rule: { state: 'FIRING' },
      transitions: [{ kind: 'RAISED' }, { kind: 'RECOVERED' }],
    })
    expect(all.find((one) => one.customer.number === other)).toMatchObject({
      state: 'FIRING',
      transitions: [{ kind: 'RAISED' }],
    })
  })

  it('tells also of who was over before the rule, and ends with it', { timeout: 60_000 }, async () => {
    await limit('100')
    await bill(usd('150'))
    await until([`${number} 150.00 of 100.00 USD`])
    const { id, version } = await rule()
    for (let tries = 0; (await alerts()).length === 0 && tries < 200; tries++)
      await new Promise((resolve) => setTimeout(resolve, 50))
    await done('updateAlertRule', { rule: id, expectedVersion: version, enabled: false })
    expect(await alerts()).toMatchObject([
      { state: 'ENDED', ending: 'RULE_OFF', rule: { state: 'OK', openAlert: null } },
    ])
  })

  it('has no other terms than that', async () => {
    const refused = (input: Answer) =>
      mutate('createAlertRule', { name: 'x', condition: { overLimit: true }, channelIds: [], ...input })
    expect(await refused({ forDays: 1 })).toMatchObject({ path: ['forDays'] })
    expect(await refused({ kpi: { metric: 'DSO' } })).toMatchObject({ path: ['kpi'] })
    expect(await refused({ condition: { overLimit: false } })).toMatchObject({
      path: ['condition', 'overLimit'],
    })
    expect(await refused({ recovery: '1' })).toMatchObject({ path: ['recovery'] })
    const { id, version } = await rule()
    expect(
      await mutate('updateAlertRule', { rule: id, expectedVersion: version, condition: { above: '1' } }),
    ).toMatchObject({ path: ['condition'] })
  })
})
