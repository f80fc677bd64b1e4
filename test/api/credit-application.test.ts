/** Applications for credit through the API: complete or refused, scored, decided, approved, and told as KPIs. */
import * as fc from 'fast-check'
import { creditApplication } from '@tidemark/drizzle/tables/credit-application.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApprovalBooks, type Actor, type ApprovalBooks, type Fields } from '../support/approvals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

// A Friday.
const START = Temporal.Instant.from('2026-06-05T09:00:00Z')
let now = START
let server: TestServer
let books: ApprovalBooks
let manager: Actor
beforeAll(async () => {
  server = await startTestServer({ clock: () => now })
  books = await openApprovalBooks(server)
  manager = await books.addPerson('manager')
  await send(manager, 'createCustomer', { number: 'C-1', name: 'One', termsDays: 30, region: 'North' })
})
afterAll(() => server.close())

type Said = Fields & { readonly __typename: string }
async function send(as: Actor, name: string, input: Fields, fields = ''): Promise<Said> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const asked = name === 'decideCreditApplication' ? '... on ApprovalRequested { requestId }' : ''
  const answer = await books.ask<Record<string, Said>>(
    as,
    `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ${asked} ... on Problem { code path message }
       ${fields === '' ? '' : `... on ${type}Success { ${fields} }`} } }`,
    { input },
  )
  const said = answer[name]
  if (said === undefined) throw new Error('No answer')
  return said
}

const usd = (amount: string) => ({ amount, currency: 'USD' })
const reference = (kind: string, experience: string | null = 'POSITIVE') => ({
  kind,
  name: `${kind} reference`,
  contact: 'By telephone',
  experience,
})
const complete: Fields = {
  customer: { number: 'C-1' },
  legalName: 'One Ltd',
  registrationNumber: 'HRB 1',
  address: '1 Street, Town',
  contactName: 'Ada',
  contactEmail: 'ada@one.example',
  foundedOn: '2022-06-01',
  annualRevenue: usd('1000000'),
  requestedLimit: usd('50000'),
  requestedTermsDays: 45,
  references: [reference('BANK'), reference('TRADE'), reference('TRADE', 'MIXED')],
}

const APPLICATION = `id status version customer { number } requestedLimit { amount } requestedTermsDays
  score { scorecardVersion score riskClass recommendation proposedLimit { amount currency } proposedTermsDays
    lines { key value points contribution } }
  decision { limit { amount } termsDays reasons businessDays hours }`

const stored = () =>
  inTransaction(server.connection, { organizationId: books.organization.id, mode: 'read' }, (tx) =>
    tx.$count(creditApplication),
  )

type Application = { id: string; status: string; version: number; decision: Fields | null } & Fields
async function submit(change: Fields = {}): Promise<Application> {
  const input = { ...complete, ...change }
  const said = await send(manager, 'submitCreditApplication', input, `application { ${APPLICATION} }`)
  expect(said).toMatchObject({ __typename: 'SubmitCreditApplicationSuccess' })
  return said['application'] as Application
}

const approval = (limit: string, more: Fields = {}) => ({
  decision: { approve: { limit: usd(limit), termsDays: 45, nextReviewOn: '2026-12-01', ...more } },
  reasons: ['Pays as agreed', 'Good references'],
})
const decide = (application: string, input: Fields, as: Actor = manager) =>
  send(
    as,
    'decideCreditApplication',
    { application, ...input },
    `application { ${APPLICATION} } dryRun audit { id }`,
  )

const customerNow = async (number = 'C-1') => {
  const { customer } = await books.ask<{ customer: Fields }>(
    manager,
    `query ($number: String!) { customer(by: { number: $number }) { termsDays version
       creditLimit { amount { amount } } credit { riskClass nextReviewOn reviewedOn } } }`,
    { number },
  )
  return customer
}

describe('an application', () => {
  it('that lacks something is refused field by field, all at once, and nothing is kept', async () => {
    const input = {
      legalName: '  ',
      contactEmail: 'ada',
      foundedOn: '2027-01-01',
      requestedLimit: { amount: '10.001', currency: 'USD' },
      annualRevenue: { amount: '1', currency: 'EUR' },
      requestedTermsDays: 366,
      references: [{ kind: 'TRADE', name: 'Only one' }],
      figures: [
        { key: 'Equity', value: '1' },
        { key: 'equity', value: '0.1234567' },
      ],
    }
    const answer = await books.ask<{
      submitCreditApplication: Fields & { faults: { path: string[]; message: string }[] }
    }>(
      manager,
      `mutation ($input: SubmitCreditApplicationInput!) { submitCreditApplication(input: $input) { __typename
         ... on CreditApplicationRefused { code path message faults { path message } } } }`,
      { input },
    )
    const { faults, ...refused } = answer.submitCreditApplication
    expect(refused).toMatchObject({ __typename: 'CreditApplicationRefused', code: 'INVALID', path: [] })
    expect(faults.map(({ path }) => path.join('.')).toSorted()).toEqual([
      'address',
      'annualRevenue.currency',
      'contactEmail',
      'contactName',
      'figures.0.key',
      'figures.1.value',
      'foundedOn',
      'legalName',
      'references',
      'references',
      'references.0.contact',
      'registrationNumber',
      'requestedLimit.amount',
      'requestedTermsDays',
    ])
    expect(faults.map(({ message }) => message)).toContain('It names 1 of at least 2 suppliers (TRADE)')
    expect(await stored()).toBe(0)
  })

  it('is kept, scored and explained; tried, nothing is kept', async () => {
    const tried = await send(
      manager,
      'submitCreditApplication',
      { ...complete, dryRun: true },
      'application { id } score { score } dryRun audit { id }',
    )
    expect(tried).toMatchObject({ application: null, score: { score: '63.50' }, dryRun: true, audit: null })
    expect(await stored()).toBe(0)
    const application = await submit()
    // As in test/domain/scorecard.test.ts.
    expect(application).toMatchObject({
      status: 'SUBMITTED',
      version: 1,
      customer: { number: 'C-1' },
      decision: null,
      score: {
        scorecardVersion: 0,
        score: '63.50',
        riskClass: 'MEDIUM',
        recommendation: 'REVIEW',
        proposedLimit: { amount: '25000.00', currency: 'USD' },
        proposedTermsDays: 30,
      },
    })
    const withdrawn = { application: application.id, reason: 'Was a mistake', expectedVersion: 1 }
    expect(
      await send(manager, 'withdrawCreditApplication', withdrawn, 'application { status version }'),
    ).toMatchObject({ application: { status: 'WITHDRAWN', version: 2 } })
    expect(await decide(application.id, approval('1'))).toMatchObject({ __typename: 'Conflict' })
  })

  it('is approved in part: limit, terms, class and review are set in one go, and once', async () => {
    const { id } = await submit()
    // From Friday 09:00 to Tuesday 10:30.
    now = START.add({ hours: 97, minutes: 30 })
    const input = { ...approval('30000', { termsDays: 30 }), idempotencyKey: 'once', expectedVersion: 1 }
    const before = await customerNow()
    const tried = await decide(id, { ...input, dryRun: true })
    expect(tried).toMatchObject({
      application: { status: 'APPROVED_IN_PART', version: 2 },
      dryRun: true,
      audit: null,
    })
    expect(await customerNow()).toEqual(before)
    const decided = {
      status: 'APPROVED_IN_PART',
      version: 2,
      decision: {
        limit: { amount: '30000.00' },
        termsDays: 30,
        reasons: ['Pays as agreed', 'Good references'],
        businessDays: 2,
        hours: '97.50',
      },
    }
    expect(await decide(id, input)).toMatchObject({ application: decided })
    expect(await decide(id, input)).toMatchObject({ application: decided })
    expect(await customerNow()).toMatchObject({
      termsDays: 30,
      creditLimit: { amount: { amount: '30000.00' } },
      credit: { riskClass: 'MEDIUM', reviewedOn: '2026-06-09', nextReviewOn: '2026-12-01' },
    })
    expect(await decide(id, approval('1'))).toMatchObject({
      __typename: 'Conflict',
      message: 'The application is APPROVED_IN_PART already',
    })
  })

  it('of a prospect is approved for the customer that was made of it, or declined', async () => {
    const { id } = await submit({ customer: null })
    expect(await decide(id, approval('50000'))).toMatchObject({ path: ['decision', 'approve', 'customer'] })
    await send(manager, 'createCustomer', { number: 'C-2', name: 'Two', termsDays: 14 })
    const customer = { number: 'C-2' }
    expect(await decide(id, approval('50000', { customer, riskClass: 'LOW' }))).toMatchObject({
      application: { status: 'APPROVED', customer },
    })
    expect(await customerNow('C-2')).toMatchObject({ termsDays: 45, credit: { riskClass: 'LOW' } })
    const other = await submit({ customer: null })
    const decline = { decision: { decline: true }, reasons: ['Too young'] }
    expect(await decide(other.id, decline)).toMatchObject({
      application: { status: 'DECLINED', decision: { limit: null, businessDays: 0, hours: '0.00' } },
    })
    const third = await submit()
    expect(await decide(third.id, approval('1', { customer }))).toMatchObject({ __typename: 'Conflict' })
    expect(await decide(third.id, { ...decline, reasons: [] })).toMatchObject({ path: ['reasons'] })
    expect(await decide(third.id, approval('0'))).toMatchObject({
      path: ['decision', 'approve', 'limit', 'amount'],
    })
    const euros = approval('1', { limit: { amount: '1', currency: 'EUR' } })
    expect(await decide(third.id, euros)).toMatchObject({ code: 'WRONG_CURRENCY' })
    expect(await decide(third.id, approval('1', { nextReviewOn: '2026-06-09' }))).toMatchObject({
      path: ['decision', 'approve', 'nextReviewOn'],
    })
    expect(await decide('creditApplication_1', decline)).toMatchObject({ __typename: 'NotFound' })
  })

  it('above somebody’s authority waits as a whole for approval, and is decided with it', async () => {
    const admin = await books.addPerson('admin')
    const other = await books.addPerson('credit_manager')
    await books.setMatrix([
      {
        action: 'CREDIT_LIMIT',
        upTo: '1000',
        deciders: [{ role: 'CREDIT_MANAGER' }],
        approvers: [{ role: 'ADMIN' }],
      },
      { action: 'CREDIT_LIMIT', approvers: [{ role: 'ADMIN' }] },
    ])
    await send(manager, 'createCustomer', { number: 'C-3', name: 'Three', termsDays: 10 })
    const { id } = await submit({ customer: { number: 'C-3' } })
    const asked = await decide(id, approval('5000'), other)
    expect(asked).toMatchObject({ __typename: 'ApprovalRequested' })
    expect(await customerNow('C-3')).toMatchObject({ termsDays: 10, creditLimit: { amount: null } })
    const request = asked['requestId'] as string
    const requestsFor = (applicationId: string) =>
      books.ask<{ approvalRequests: Fields }>(
        manager,
        'query ($id: ID!) { approvalRequests(filter: { applicationId: $id, state: [PENDING] }) { nodes { id } } }',
        { id: applicationId },
      )
    expect(await requestsFor(id)).toEqual({ approvalRequests: { nodes: [{ id: request }] } })
    expect(await requestsFor((await submit()).id)).toEqual({ approvalRequests: { nodes: [] } })
    expect(await send(admin, 'approveRequest', { request }, 'state failure')).toMatchObject({
      failure: null,
    })
    expect(await customerNow('C-3')).toMatchObject({
      termsDays: 45,
      creditLimit: { amount: { amount: '5000.00' } },
    })
    const { creditApplication: found } = await books.ask<{ creditApplication: Fields }>(
      manager,
      'query ($id: ID!) { creditApplication(id: $id) { status decision { limit { amount } } } }',
      { id },
    )
    expect(found).toEqual({ status: 'APPROVED_IN_PART', decision: { limit: { amount: '5000.00' } } })
    await books.setMatrix([])
  })

  it('is listed, the latest first, by status and customer', async () => {
    const list = async (args: string) => {
      const { creditApplications } = await books.ask<{
        creditApplications: { nodes: Fields[]; totalCount: number }
      }>(manager, `{ creditApplications${args} { totalCount nodes { status customer { number } } } }`)
      return creditApplications
    }
    expect(await list('(status: [DECLINED])')).toEqual({
      totalCount: 1,
      nodes: [{ status: 'DECLINED', customer: null }],
    })
    expect(await list('(customer: { number: "C-3" })')).toMatchObject({ totalCount: 1 })
    expect(await list('(customer: { number: "nobody" })')).toMatchObject({ totalCount: 0 })
    expect(await list('(first: 2)')).toMatchObject({ totalCount: await stored() })
  })

  it('makes the time to decide a KPI, by region and for goals', async () => {
    const kpis = async (args: string) => {
      const { kpis: rows } = await books.ask<{
        kpis: { valueExact: string | null; reason: string | null }[]
      }>(
        manager,
        `{ kpis(metrics: [CREDIT_DECISION_TIME, CREDIT_DECISIONS_IN_TIME], ${args}) { valueExact reason } }`,
      )
      return rows.map(({ valueExact, reason }) => valueExact ?? reason)
    }
    // Of four decisions one took 2 days, and the others none.
    expect(await kpis('asOf: "2026-06-09"')).toEqual(['0.5', '100'])
    expect(await kpis('asOf: "2026-06-08"')).toEqual(['NOTHING_IN_PERIOD', 'NOTHING_IN_PERIOD'])
    expect(await kpis('filter: { customer: { number: "C-1" } }')).toEqual(['2', '100'])
    expect(await kpis('filter: { region: ["North"] }')).toEqual(['2', '100'])
  })
})

describe('the scorecard', () => {
  const card = {
    criteria: [
      {
        key: 'equity_ratio',
        name: 'Equity ratio',
        weight: 1,
        steps: [{ from: '20', points: 100 }],
        unknownPoints: 10,
      },
    ],
    bands: [
      { from: 0, riskClass: 'HIGH', recommendation: 'DECLINE', requestPercent: 0, termsDaysMax: 0 },
      { from: 50, riskClass: 'LOW', recommendation: 'APPROVE', requestPercent: 100, termsDaysMax: 365 },
    ],
    bankReferencesMin: 0,
    tradeReferencesMin: 0,
    reason: 'Ours',
  }

  it('is data: another version scores from then on, and what was scored stays', async () => {
    const { id } = await submit()
    const set = await send(
      manager,
      'setCreditScorecard',
      { ...card, expectedVersion: 0 },
      'scorecard { version }',
    )
    expect(set).toMatchObject({ scorecard: { version: 1 } })
    expect(await send(manager, 'setCreditScorecard', { ...card, expectedVersion: 0 })).toMatchObject({
      __typename: 'Conflict',
      path: ['expectedVersion'],
    })
    const before = await books.ask<{ creditApplication: Fields }>(
      manager,
      'query ($id: ID!) { creditApplication(id: $id) { score { scorecardVersion score } } }',
      { id },
    )
    expect(before.creditApplication).toEqual({ score: { scorecardVersion: 0, score: '63.50' } })
    const scored = await submit({ references: [], figures: [{ key: 'equity_ratio', value: '25.5' }] })
    expect(scored['score']).toMatchObject({
      scorecardVersion: 1,
      score: '100.00',
      proposedLimit: { amount: '50000.00' },
      lines: [{ key: 'equity_ratio', value: '25.5', points: 100, contribution: '100.00' }],
    })
    const bad = { ...card, bands: card.bands.slice(1) }
    expect(await send(manager, 'setCreditScorecard', bad)).toMatchObject({
      __typename: 'InvalidInput',
      path: ['bands'],
    })
  })
})

describe('anything at all', { timeout: 180_000 }, () => {
  const word = fc.oneof(
    fc.constantFrom('', ' ', 'x', 'a@b.c', '2026-06-05', 'C-1'),
    fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replaceAll('\0', '')),
  )
  const money = fc.option(
    fc.record({
      amount: fc.constantFrom(
        '0',
        '-1',
        '1',
        '12.34',
        '0.001',
        '92233720368547758.07',
        '99999999999999999999',
      ),
      currency: fc.constantFrom('USD', 'JPY', 'EUR'),
    }),
  )
  const number = fc.constantFrom(null, -1, 0, 1, 30, 365, 2_147_483_647, -2_147_483_648)
  const input = fc.record(
    {
      customer: fc.constantFrom(null, { number: 'C-1' }, { number: 'nobody' }, { id: 'customer_x' }),
      legalName: word,
      registrationNumber: word,
      address: word,
      contactName: word,
      contactEmail: word,
      foundedOn: fc.constantFrom(null, '1900-01-01', '2020-02-29', '2999-12-31'),
      annualRevenue: money,
      requestedLimit: money,
      requestedTermsDays: number,
      references: fc.array(fc.record({ kind: fc.constantFrom('BANK', 'TRADE'), name: word, contact: word }), {
        maxLength: 22,
      }),
      figures: fc.array(
        fc.record({ key: word, value: fc.constantFrom('1', '-0.5', '1234567890123', '0.0000001') }),
        {
          maxLength: 4,
        },
      ),
    },
    { requiredKeys: [] },
  )

  it('is answered, and kept whole or not at all', async () => {
    await fc.assert(
      fc.asyncProperty(input, fc.boolean(), async (asked, isComplete) => {
        const before = await stored()
        const given = isComplete ? { ...complete, ...asked } : asked
        const said = await send(manager, 'submitCreditApplication', given, 'application { id }')
        const isKept = said.__typename === 'SubmitCreditApplicationSuccess'
        expect(['SubmitCreditApplicationSuccess', 'CreditApplicationRefused', 'NotFound']).toContain(
          said.__typename,
        )
        expect(await stored()).toBe(before + (isKept ? 1 : 0))
      }),
      { numRuns: 60 },
    )
  })

  it('that is decided sets all that it grants, or nothing', async () => {
    const verdict = fc.oneof(
      fc.record({ decline: fc.boolean() }),
      fc.record({
        approve: fc.record(
          {
            limit: money.map((one) => one ?? usd('7')),
            termsDays: number.map((days) => days ?? 3),
            nextReviewOn: fc.constantFrom('2026-01-01', '2026-12-31', '2999-12-31'),
            until: fc.constantFrom(null, '2026-01-01', '2027-01-01'),
            customer: fc.constantFrom(null, { number: 'C-1' }, { number: 'nobody' }),
          },
          { requiredKeys: ['limit', 'termsDays', 'nextReviewOn'] },
        ),
      }),
    )
    await fc.assert(
      fc.asyncProperty(verdict, fc.array(word, { maxLength: 3 }), async (decision, reasons) => {
        const { id } = await submit()
        const before = await customerNow()
        const said = await decide(id, { decision, reasons })
        const { creditApplication: after } = await books.ask<{ creditApplication: Application }>(
          manager,
          'query ($id: ID!) { creditApplication(id: $id) { status } }',
          { id },
        )
        const isDone = said.__typename === 'DecideCreditApplicationSuccess'
        expect(['DecideCreditApplicationSuccess', 'InvalidInput', 'NotFound', 'Conflict']).toContain(
          said.__typename,
        )
        expect(after.status === 'SUBMITTED').toBe(!isDone)
        const isChanged = JSON.stringify(await customerNow()) !== JSON.stringify(before)
        expect(isChanged).toBe(isDone && after.status !== 'DECLINED')
      }),
      { numRuns: 40 },
    )
  })
})
