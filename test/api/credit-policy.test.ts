/** Credit policies with their days, ratings, what both mean for decisions, and policies replayed over the past. */
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

const mutate = async (name: string, input: Answer, fields = 'dryRun', as = token): Promise<Answer> => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const answer = await execute<Record<string, Answer>>(
    server.url,
    as,
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
const query = <T>(text: string, variables: Answer = {}): Promise<T> =>
  execute<T>(server.url, token, text, variables)

const usd = (amount: string) => ({ amount, currency: 'USD' })
const customer = { customer: { number: 'C-1' } }
const createCustomer = (number = 'C-1') => done('createCustomer', { number, name: number })
const bill = (number: string, amount: string, issuedOn: string, dueOn = issuedOn, of = 'C-1') =>
  done('recordInvoice', { customer: { number: of }, number, amount: usd(amount), issuedOn, dueOn })
const decide = async (amount: string): Promise<unknown[]> => {
  const { decision } = await done(
    'creditDecision',
    { ...customer, orderAmount: usd(amount) },
    'decision { outcome policyVersion reasons { code } }',
  )
  const { outcome, policyVersion, reasons } = decision as {
    outcome: string
    policyVersion: number
    reasons: { code: string }[]
  }
  return [policyVersion, outcome, ...reasons.map(({ code }) => code)]
}
const policyOn = async (asOf?: string) => {
  const { creditPolicy } = await query<{ creditPolicy: Answer }>(
    `query ($asOf: Date) { creditPolicy(asOf: $asOf) { version effectiveOn clearingDays pastDueDays setBy reason } }`,
    { asOf },
  )
  return creditPolicy
}

describe('a credit policy', () => {
  it('holds from its day on, by what the version of that day says, and past ones stay', async () => {
    expect(await policyOn()).toEqual({
      version: 0,
      effectiveOn: null,
      clearingDays: 3,
      pastDueDays: 30,
      setBy: null,
      reason: null,
    })
    await done('setCreditPolicy', { clearingDays: 5, reason: 'Banks are slower', expectedVersion: 0 })
    const planned = { pastDueDays: 10, effectiveOn: '2026-08-01', reason: 'Tighter in August' }
    const fields =
      'policy { version effectiveOn clearingDays } previous { version } changes { field before after } audit { id }'
    const dry = await done('setCreditPolicy', { ...planned, dryRun: true }, fields)
    expect(dry['audit']).toBeNull()
    const set = await done('setCreditPolicy', planned, fields)
    expect({ ...set, audit: null }).toEqual(dry)
    expect(set).toMatchObject({
      policy: { version: 2, effectiveOn: '2026-08-01', clearingDays: 5 },
      previous: { version: 1 },
      changes: [{ field: 'pastDueDays', before: '30', after: '10' }],
    })
    expect(await policyOn()).toMatchObject({ version: 1, pastDueDays: 30, reason: 'Banks are slower' })
    expect(await policyOn('2026-06-29')).toMatchObject({ version: 0, clearingDays: 3 })
    expect(await policyOn('2026-08-01')).toMatchObject({ version: 2, clearingDays: 5, pastDueDays: 10 })
    now = Temporal.Instant.from('2026-08-01T00:00:00Z')
    expect(await policyOn()).toMatchObject({ version: 2 })
    const { creditPolicies } = await query<{ creditPolicies: Answer }>(
      '{ creditPolicies { totalCount nodes { version effectiveOn setAt setBy } } }',
    )
    expect(creditPolicies).toMatchObject({
      totalCount: 2,
      nodes: [
        { version: 2, effectiveOn: '2026-08-01', setBy: expect.any(String), setAt: expect.any(String) },
        { version: 1, effectiveOn: '2026-06-30' },
      ],
    })
  })

  it('refuses what cannot be, and names the field', async () => {
    const refused = async (input: Answer) => {
      const { __typename, path } = await mutate('setCreditPolicy', { reason: 'Because', ...input })
      return [__typename, ...(path as string[])].join(' ')
    }
    const step = { days: 40, outcome: 'BLOCK' }
    expect(await refused({})).toBe('InvalidInput')
    expect(await refused({ clearingDays: 4, effectiveOn: '2026-06-29' })).toBe('InvalidInput effectiveOn')
    expect(await refused({ clearingDays: 4, expectedVersion: 1 })).toBe('Conflict expectedVersion')
    expect(await refused({ escalation: [step, step] })).toBe('InvalidInput escalation 1 days')
    expect(await refused({ escalation: [{ ...step, days: 30 }] })).toBe('InvalidInput escalation 0 days')
    expect(await refused({ escalation: [{ ...step, amount: '0.001' }] })).toBe(
      'InvalidInput escalation 0 amount',
    )
    const limit = { riskClass: 'LOW', amount: '5' }
    expect(await refused({ classLimits: [limit, limit] })).toBe('InvalidInput classLimits 1 riskClass')
    expect(await refused({ reviewPeriods: [{ months: 0 }] })).toBe('InvalidInput reviewPeriods 0 months')
    const grade = { source: 'Agency', grade: 'A', amount: '5' }
    expect(await refused({ ratingLimits: [grade, { ...grade, source: 'agency' }] })).toBe(
      'InvalidInput ratingLimits 1',
    )
    expect(await policyOn()).toMatchObject({ version: 0 })
    const twice = { clearingDays: 7, reason: 'Once', idempotencyKey: 'k1' }
    const first = await done(
      'setCreditPolicy',
      twice,
      'policy { version classLimits { riskClass } } audit { id }',
    )
    expect(
      await done('setCreditPolicy', twice, 'policy { version classLimits { riskClass } } audit { id }'),
    ).toEqual(first)
    expect(await policyOn()).toMatchObject({ version: 1 })
  })

  it('grants by class and rating, the least of them, and decides by it', async () => {
    await createCustomer()
    await done('setCreditLimit', { ...customer, limit: { unlimited: true }, reason: 'A good one' })
    await done('setCreditPolicy', {
      classLimits: [{ riskClass: 'HIGH', amount: '300' }, { amount: '1000' }],
      ratingLimits: [{ source: 'Agency', grade: 'B', amount: '500' }],
      reason: 'By class',
    })
    const granted = async () => {
      const { customer: of } = await query<{ customer: { credit: Answer } }>(
        `{ customer(by: { number: "C-1" }) { credit { granted { amount } ratings { source grade isInForce } } } }`,
      )
      return of.credit
    }
    expect(await granted()).toEqual({ granted: { amount: '1000.00' }, ratings: [] })
    expect(await decide('1000')).toEqual([1, 'ALLOW'])
    await done('setCreditRating', { ...customer, source: 'AGENCY', grade: 'b', reason: 'Bought' })
    expect(await decide('500.01')).toEqual([1, 'REVIEW', 'OVER_POLICY_LIMIT'])
    await done('reviewCredit', { ...customer, riskClass: 'HIGH', nextReviewOn: '2026-12-31', reason: 'Seen' })
    expect(await decide('300.01')).toEqual([1, 'REVIEW', 'OVER_POLICY_LIMIT'])
    await done('setCreditPolicy', { overGranted: 'BLOCK', reason: 'No more' })
    expect(await decide('300.01')).toEqual([2, 'BLOCK', 'OVER_POLICY_LIMIT'])
    const later = { ...customer, source: 'Agency', grade: 'A', ratedOn: '2026-06-30', reason: 'Better' }
    const rated = await done(
      'setCreditRating',
      later,
      'rating { grade ratedOn until isInForce } customer { version }',
    )
    expect(rated['rating']).toEqual({ grade: 'A', ratedOn: '2026-06-30', until: null, isInForce: true })
    expect(await granted()).toEqual({
      granted: { amount: '300.00' },
      ratings: [
        { source: 'Agency', grade: 'A', isInForce: true },
        { source: 'AGENCY', grade: 'b', isInForce: false },
      ],
    })
    const tomorrow = await mutate('setCreditRating', { ...later, ratedOn: '2026-07-01' })
    expect(tomorrow).toMatchObject({ __typename: 'InvalidInput', path: ['ratedOn'] })
    const stale = await mutate('setCreditRating', { ...later, expectedVersion: 1 })
    expect(stale).toMatchObject({ __typename: 'Conflict', path: ['expectedVersion'] })
  })

  it('refuses limits beyond what it grants where that stops orders, alone and in lists', async () => {
    await createCustomer()
    await done('setCreditPolicy', {
      classLimits: [{ amount: '100' }],
      ratingLimits: [{ source: 'Agency', grade: 'B', amount: '50' }],
      overGranted: 'BLOCK',
      reason: 'Firm',
    })
    const setting = (limit: Answer) => mutate('setCreditLimit', { ...customer, limit, reason: 'Asked for' })
    expect(await setting({ amount: usd('100.01') })).toMatchObject({
      __typename: 'InvalidInput',
      path: ['limit'],
    })
    expect(await setting({ unlimited: true })).toMatchObject({ __typename: 'InvalidInput', path: ['limit'] })
    expect(await setting({ amount: usd('100') })).toMatchObject({ __typename: 'SetCreditLimitSuccess' })
    await done('setCreditRating', { ...customer, source: 'Agency', grade: 'B', reason: 'Bought' })
    expect(await setting({ amount: usd('50.01') })).toMatchObject({ __typename: 'InvalidInput' })
    const rows = [{ ...customer, limit: { amount: usd('50.01') } }]
    const { setCreditLimits } = await query<{ setCreditLimits: Answer }>(
      `mutation ($input: SetCreditLimitsInput!) { setCreditLimits(input: $input) { __typename
         ... on CreditLimitsRefused { rows { outcome problems { path message } } } } }`,
      { input: { rows, reason: 'List' } },
    )
    expect(setCreditLimits).toMatchObject({
      __typename: 'CreditLimitsRefused',
      rows: [
        {
          outcome: 'REFUSED',
          problems: [{ path: ['limit'], message: expect.stringMatching(/grants customer C-1 50.00 USD/) }],
        },
      ],
    })
    const rate = await setting({ amount: { amount: '10', currency: 'EUR' } })
    expect(rate).toMatchObject({ __typename: 'InvalidInput', path: ['limit'] })
    expect(await setting({ notSet: true })).toMatchObject({ __typename: 'SetCreditLimitSuccess' })
  })

  it('says when a customer is reviewed next where nobody else does', async () => {
    for (const number of ['C-1', 'C-2', 'C-3']) await createCustomer(number)
    const reviewed = (input: Answer, number = 'C-1') =>
      mutate(
        'reviewCredit',
        { customer: { number }, reason: 'Seen', ...input },
        'customer { credit { nextReviewOn } }',
      )
    expect(await reviewed({})).toMatchObject({ __typename: 'InvalidInput', path: ['nextReviewOn'] })
    await done('setCreditPolicy', {
      reviewPeriods: [{ riskClass: 'HIGH', months: 1 }, { months: 8 }],
      reason: 'Periods',
    })
    const nextOf = async (number: string) => {
      const { customer: of } = await query<{ customer: { credit: { nextReviewOn: string | null } } }>(
        'query ($number: String!) { customer(by: { number: $number }) { credit { nextReviewOn } } }',
        { number },
      )
      return of.credit.nextReviewOn
    }
    expect(await reviewed({ riskClass: 'HIGH' })).toMatchObject({
      customer: { credit: { nextReviewOn: '2026-07-30' } },
    })
    expect(await reviewed({ riskClass: 'LOW' })).toMatchObject({ path: ['nextReviewOn'] })
    const low = { riskClass: 'LOW', nextReviewOn: '2026-07-01' }
    expect(await reviewed(low)).toMatchObject({ customer: { credit: { nextReviewOn: '2026-07-01' } } })
    const limit = { amount: usd('5') }
    await done('setCreditLimit', { ...customer, limit, reason: 'Has a day already' })
    expect(await nextOf('C-1')).toBe('2026-07-01')
    // The last day of February is the eighth after the end of June.
    await done('setCreditLimit', { customer: { number: 'C-2' }, limit, reason: 'The first' })
    expect(await nextOf('C-2')).toBe('2027-02-28')
    const rows = [{ customer: { number: 'C-3' }, limit }]
    await done('setCreditLimits', { rows, reason: 'List' })
    expect(await nextOf('C-3')).toBe('2027-02-28')
    // What a day of review was once is kept, whoever set it, so that KPIs know it of a past day.
    const kept = await server.connection.sql<{ number: string; next: string }[]>`
      select number, next_review_on::text as next from credit_review
        join customer on customer.organization_id = credit_review.organization_id and customer.id = customer_id
      where credit_review.organization_id = ${acme.id} order by number, credit_review.version`
    expect(kept.map(({ number, next }) => `${number} ${next}`)).toEqual([
      'C-1 2026-07-30',
      'C-1 2026-07-01',
      'C-2 2027-02-28',
      'C-3 2027-02-28',
    ])
  })

  it('goes from looking at what is late to stopping it, step by step', async () => {
    await createCustomer()
    await done('setCreditLimit', { ...customer, limit: { amount: usd('1000') }, reason: 'Agreed' })
    await done('setCreditPolicy', {
      pastDueDays: 10,
      pastDueAmount: '5',
      escalation: [{ days: 30, amount: '20', outcome: 'BLOCK', tell: ['CREDIT_MANAGER'] }],
      reason: 'Steps',
    })
    await bill('I-1', '20', '2026-05-01')
    await bill('I-2', '20', '2026-06-19')
    // 40 is late by 10 days, of it 20 by 30 days: that much is tolerated.
    expect(await decide('1')).toEqual([1, 'REVIEW', 'PAST_DUE'])
    await bill('I-3', '0.01', '2026-05-30')
    expect(await decide('1')).toEqual([1, 'BLOCK', 'PAST_DUE'])
    now = Temporal.Instant.from('2026-05-31T12:00:00Z')
    expect(await decide('1')).toEqual([0, 'ALLOW'])
  })
})

const RUN = `{ policy { version } billsWithoutRate reasons { code bills amount { amount } }
  total { allowed { bills } reviewed { bills } blocked { customers bills amount { amount } paid { amount } writtenOff { amount } late { amount } } }
  months { month outcomes { blocked { bills } } } customers { customer { number } outcomes { blocked { bills } } } }`
const SIMULATE = `query ($input: SimulateCreditPolicyInput!) { simulateCreditPolicy(input: $input) { __typename
  ... on CreditPolicySimulation { from to knownFrom proposed ${RUN} inForce ${RUN} } ... on Problem { path message } } }`
type Run = {
  readonly total: Record<'allowed' | 'reviewed' | 'blocked', Answer>
  readonly months: readonly { readonly month: string; readonly outcomes: { blocked: { bills: number } } }[]
  readonly reasons: readonly Answer[]
  readonly customers: readonly Answer[]
}
const simulate = async (input: Answer) => {
  const answer = await query<{ simulateCreditPolicy: Answer & { proposed: Run; inForce: Run } }>(SIMULATE, {
    input,
  })
  return answer.simulateCreditPolicy
}

describe('a policy replayed over the past', () => {
  beforeEach(async () => {
    now = Temporal.Instant.from('2026-01-01T12:00:00Z')
    await createCustomer()
    await createCustomer('C-2')
    await done('setCreditLimit', { ...customer, limit: { amount: usd('100') }, reason: 'Agreed' })
    now = Temporal.Instant.from(START)
    await bill('I-1', '60', '2026-01-10', '2026-01-20')
    // With it 110: over. Paid later.
    await bill('I-2', '50', '2026-02-10', '2026-02-20')
    await done('recordReceipt', {
      ...customer,
      amount: usd('50'),
      receivedOn: '2026-02-20',
      allocations: [{ invoice: { number: 'I-2' }, amount: '50' }],
    })
    // With it 65, written off in part; what is left is 110 days late.
    await bill('I-3', '5', '2026-03-02', '2026-03-12')
    await done('writeOffInvoice', {
      invoice: { number: 'I-3' },
      amount: usd('2'),
      occurredOn: '2026-06-01',
      code: 'BAD_DEBT',
      reason: 'Gone',
    })
    await bill('I-4', '7', '2026-04-01', '2026-07-01', 'C-2')
  })

  it('shows what two policies would have stopped, what was paid of it and what was lost', async () => {
    const answer = await simulate({ months: 6, pastDueDays: 0, pastDue: 'BLOCK' })
    expect(answer).toMatchObject({
      __typename: 'CreditPolicySimulation',
      from: '2026-01-01',
      to: '2026-06-30',
    })
    // In force: I-2 is over the limit, and on its day nothing is late by 30 days; on the day of I-3 the first bill is.
    expect(answer.inForce).toMatchObject({
      policy: { version: 0 },
      billsWithoutRate: 0,
      total: {
        allowed: { bills: 1 },
        reviewed: { bills: 2 },
        blocked: {
          bills: 1,
          amount: { amount: '50.00' },
          paid: { amount: '50.00' },
          late: { amount: '0.00' },
        },
      },
      customers: [{ customer: { number: 'C-1' } }, { customer: { number: 'C-2' } }],
    })
    expect(answer.proposed.total.blocked).toEqual({
      customers: 1,
      bills: 2,
      amount: { amount: '55.00' },
      paid: { amount: '50.00' },
      writtenOff: { amount: '2.00' },
      late: { amount: '3.00' },
    })
    expect(answer.proposed.months.map(({ month, outcomes }) => [month, outcomes.blocked.bills])).toEqual([
      ['2026-01-01', 0],
      ['2026-02-01', 1],
      ['2026-03-01', 1],
      ['2026-04-01', 0],
      ['2026-05-01', 0],
      ['2026-06-01', 0],
    ])
    expect(answer.proposed.reasons).toEqual([
      { code: 'PAST_DUE', bills: 2, amount: { amount: '55.00' } },
      { code: 'OVER_LIMIT', bills: 1, amount: { amount: '50.00' } },
      { code: 'LIMIT_NOT_SET', bills: 1, amount: { amount: '7.00' } },
    ])
    expect((await policyOn())['version']).toBe(0)
  })

  it('looks only at the months asked for, but knows what was before them', async () => {
    const { inForce } = await simulate({ months: 5 })
    expect(inForce.total).toMatchObject({
      allowed: { bills: 0 },
      reviewed: { bills: 2 },
      blocked: { bills: 1 },
    })
    const { path } = await simulate({ months: 37 })
    expect(path).toEqual(['months'])
    const wrong = await simulate({ escalation: [{ days: 3, outcome: 'BLOCK' }] })
    expect(wrong['path']).toEqual(['escalation', '0', 'days'])
  })

  it('takes orders and cash that is not applied into the exposure of the day', async () => {
    await done('recordReceipt', { ...customer, amount: usd('45'), receivedOn: '2026-02-01' })
    // On account by then: 60 + 50 - 45 is within the limit; the receipt cannot bounce any more.
    expect((await simulate({ months: 6 })).inForce.total).toMatchObject({ blocked: { bills: 0 } })
    expect((await simulate({ months: 6, clearingDays: 20 })).proposed.total).toMatchObject({
      blocked: { bills: 1 },
    })
    now = Temporal.Instant.from('2026-02-05T12:00:00Z')
    await done('recordOrder', { ...customer, number: 'O-1', amount: usd('40') })
    now = Temporal.Instant.from(START)
    expect((await simulate({ months: 6 })).inForce.total).toMatchObject({ blocked: { bills: 0 } })
    const counted = (await simulate({ months: 6, countedOrders: 'ALL' })).proposed
    expect(counted.total.blocked).toMatchObject({ bills: 1, amount: { amount: '50.00' } })
  })

  it('takes the limits of today where there were none, when asked to', async () => {
    await done('setCreditLimit', { customer: { number: 'C-2' }, limit: { amount: usd('5') }, reason: 'Late' })
    expect((await simulate({ months: 6 })).inForce.total).toMatchObject({ blocked: { bills: 1 } })
    const hindsight = (await simulate({ months: 6, unknown: 'AS_TODAY' })).inForce
    expect(hindsight.total.blocked).toMatchObject({ bills: 2, amount: { amount: '57.00' } })
  })

  it('does not know before it was recorded what was recorded late', async () => {
    const { sql } = server.connection
    // The books are kept here since February; the payment of February came to them in May.
    await sql`update ledger_entry set recorded_at = '2026-02-01' where organization_id = ${acme.id}`
    const before = await simulate({ months: 6, tolerancePercent: '12' })
    expect(before['knownFrom']).toBe('2026-02-01')
    expect(before.proposed.total).toMatchObject({ blocked: { bills: 0 } })
    await sql`
      update ledger_entry set recorded_at = '2026-05-01' where organization_id = ${acme.id}
        and kind in ('PAYMENT_APPLIED', 'RECEIVED', 'APPLIED')`
    const late = await simulate({ months: 6, tolerancePercent: '12' })
    // On 2 March 110 seemed open, and 115 with I-3.
    expect(late.proposed.total).toMatchObject({ blocked: { bills: 1, amount: { amount: '5.00' } } })
  })
})
