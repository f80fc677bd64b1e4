/** Limits with their days, holds and reviews, through the API with a clock that is set. */
import { creditLimit } from '@tidemark/drizzle/tables/credit.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { readCreditDays } from '@tidemark/server/kpi/credit-days.ts'
import { dayOf } from '@tidemark/server/domain/day.ts'
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
  acme = await server.createOrganization({ timeZone: 'America/New_York' })
  token = await server.createToken(acme)
})
afterAll(() => server.close())

let count = 0
let customer: { number: string }
beforeEach(async () => {
  now = Temporal.Instant.from(START)
  customer = { number: `C-${(count += 1)}` }
  await mutate('createCustomer', { ...customer, name: 'Cobalt' }, 'dryRun')
})

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each test says what it asks for
const ask = <Data>(query: string, variables: Record<string, unknown> = {}) =>
  execute<Data>(server.url, token, query, variables)

const CREDIT = `version creditLimit { state amount { amount } } credit {
  limit { state amount { amount } } schedule { from through limit { state amount { amount } } }
  riskClass reviewedOn nextReviewOn isReviewOverdue hold { reason since by } }`

type Answer = Record<string, unknown>

const mutate = async (name: string, input: Answer, fields = `customer { ${CREDIT} }`): Promise<Answer> => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const answer = await ask<Record<string, Answer>>(
    `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename
       ... on ${type}Success { ${fields} }
       ... on Problem { code path message } ... on Conflict { currentVersion } } }`,
    { input },
  )
  return answer[name] ?? {}
}

const set = (input: Answer) =>
  mutate(
    'setCreditLimit',
    { customer, reason: 'Yearly review', ...input },
    `dryRun previous { state amount { amount } } schedule { from through limit { amount { amount } } } customer { ${CREDIT} }`,
  )
const usd = (amount: string) => ({ limit: { amount: { amount, currency: 'USD' } } })
const amount = (text: string) => ({ state: 'AMOUNT', amount: { amount: text } })
const NOT_SET = { state: 'NOT_SET', amount: null }

const read = async () => {
  const { found } = await ask<{ found: Answer }>(
    `query ($number: String!) { found: customer(by: { number: $number }) { ${CREDIT} } }`,
    customer,
  )
  return found
}

describe('setCreditLimit with days', () => {
  it('holds from its day on, and the temporary one ends by itself, with no job and no posting', async () => {
    expect(await set(usd('100'))).toMatchObject({ customer: { creditLimit: amount('100.00') } })
    expect(await set({ ...usd('300'), effectiveOn: '2026-07-02', until: '2026-07-05' })).toMatchObject({
      previous: amount('100.00'),
      customer: { creditLimit: amount('100.00') },
      schedule: [
        { from: '2026-06-30', through: '2026-07-01', limit: { amount: { amount: '100.00' } } },
        { from: '2026-07-02', through: '2026-07-05', limit: { amount: { amount: '300.00' } } },
        { from: '2026-07-06', through: null, limit: { amount: { amount: '100.00' } } },
      ],
    })
    const days: [string, string][] = [
      ['2026-07-02T03:59:59Z', '100.00'],
      ['2026-07-02T04:00:00Z', '300.00'],
      ['2026-07-06T03:59:59Z', '300.00'],
      ['2026-07-06T04:00:00Z', '100.00'],
    ]
    for (const [moment, expected] of days) {
      now = Temporal.Instant.from(moment)
      expect(await read()).toMatchObject({
        creditLimit: amount(expected),
        credit: { limit: amount(expected) },
      })
      const days = [dayOf(now.toZonedDateTimeISO(acme.timeZone).toPlainDate())]
      const asked = { organizationId: acme.id, days, knownAt: null, customerIds: [] }
      const rows = await inTransaction(server.connection, { organizationId: acme.id, mode: 'read' }, (tx) =>
        readCreditDays(tx, asked),
      )
      expect(rows.map(({ limit }) => limit.amount)).toContainEqual({
        currency: 'USD',
        minor: BigInt(expected.replace('.', '')),
      })
    }
    // Not of this test's customers any more.
    await set({ limit: { notSet: true } })
  })

  it('tells which limit is in force on any day, past ones too', async () => {
    await set(usd('100'))
    now = now.add({ hours: 48 })
    await set(usd('200'))
    const { found } = await ask<{ found: { credit: Answer } }>(
      `query ($number: String!) { found: customer(by: { number: $number }) { credit {
         before: limit(on: "2026-06-29") { state amount { amount } } first: limit(on: "2026-07-01") { state amount { amount } }
         second: limit(on: "2026-07-02") { state amount { amount } }
         schedule(from: "2026-06-29") { from through limit { state amount { amount } } } } } }`,
      customer,
    )
    expect(found.credit).toEqual({
      before: NOT_SET,
      first: amount('100.00'),
      second: amount('200.00'),
      schedule: [
        { from: '2026-06-29', through: '2026-06-29', limit: NOT_SET },
        { from: '2026-06-30', through: '2026-07-01', limit: amount('100.00') },
        { from: '2026-07-02', through: null, limit: amount('200.00') },
      ],
    })
  })

  it('answers a dry run as if done, and leaves nothing', async () => {
    await set(usd('100'))
    const input = { ...usd('900'), until: '2026-07-10' }
    const tried = await set({ ...input, dryRun: true })
    const before = await read()
    expect(before).toMatchObject({ version: 2, creditLimit: amount('100.00') })
    expect(tried['customer']).toMatchObject({ version: 3, creditLimit: amount('900.00') })
    const done = await set(input)
    expect({ ...done, dryRun: true }).toEqual(tried)
    const rows = await inTransaction(server.connection, { organizationId: acme.id, mode: 'read' }, (tx) =>
      tx.select().from(creditLimit),
    )
    expect(rows.filter(({ amount: minor }) => minor === 90_000n)).toHaveLength(1)
  })

  it('names the field at fault', async () => {
    const wrong: [Answer, string, string[]][] = [
      [{ ...usd('1'), effectiveOn: '2026-06-29' }, 'INVALID', ['effectiveOn']],
      [{ ...usd('1'), effectiveOn: '2026-07-05', until: '2026-07-04' }, 'INVALID', ['until']],
      [{ ...usd('1'), until: '2026-06-29' }, 'INVALID', ['until']],
      [{ ...usd('1'), until: '2500-01-01' }, 'INVALID', ['until']],
      [usd('1.001'), 'INVALID', ['limit', 'amount', 'amount']],
      [{ limit: { amount: { amount: '1.5', currency: 'JPY' } } }, 'INVALID', ['limit', 'amount', 'amount']],
      [usd('92233720368547758.08'), 'INVALID', ['limit', 'amount', 'amount']],
    ]
    for (const [input, code, path] of wrong) expect(await set(input)).toMatchObject({ code, path })
    expect(await read()).toMatchObject({ version: 1 })
    expect(await set({ ...usd('1'), expectedVersion: 7 })).toMatchObject({
      __typename: 'Conflict',
      path: ['expectedVersion'],
      currentVersion: 1,
    })
  })

  it('tells the days with each change', async () => {
    await set({ ...usd('5'), until: '2026-07-10' })
    const { found } = await ask<{ found: unknown }>(
      `query ($number: String!) { found: customer(by: { number: $number }) { creditLimitChanges { nodes {
         effectiveOn until previous { state } limit { amount { amount } } } } } }`,
      customer,
    )
    expect(found).toEqual({
      creditLimitChanges: {
        nodes: [
          {
            effectiveOn: '2026-06-30',
            until: '2026-07-10',
            previous: { state: 'NOT_SET' },
            limit: { amount: { amount: '5.00' } },
          },
        ],
      },
    })
  })
})

describe('a hold', () => {
  it('is placed once, told with who and why, and released', async () => {
    const place = (more: Answer = {}) =>
      mutate('placeCreditHold', { customer, reason: ' Three bounces ', ...more })
    const tried = await place({ dryRun: true, expectedVersion: 1 })
    expect(await read()).toMatchObject({ version: 1, credit: { hold: null } })
    const placed = await place({ expectedVersion: 1, idempotencyKey: `hold ${customer.number}` })
    expect(placed).toEqual(tried)
    expect(placed).toMatchObject({
      customer: {
        version: 2,
        credit: { hold: { reason: 'Three bounces', since: START, by: "a test's admin" } },
      },
    })
    expect(await place({ expectedVersion: 1, idempotencyKey: `hold ${customer.number}` })).toEqual(placed)
    expect(await place()).toMatchObject({ __typename: 'Conflict', path: ['customer'] })
    const release = (more: Answer = {}) =>
      mutate('releaseCreditHold', { customer, reason: 'Paid all', ...more })
    expect(await release({ expectedVersion: 1 })).toMatchObject({ code: 'CONFLICT', currentVersion: 2 })
    expect(await release()).toMatchObject({ customer: { version: 3, credit: { hold: null } } })
    expect(await release()).toMatchObject({ __typename: 'Conflict', path: ['customer'] })
    expect(await release({ reason: ' ' })).toMatchObject({ code: 'INVALID', path: ['reason'] })
  })
})

describe('a review', () => {
  const review = (input: Answer) => mutate('reviewCredit', { customer, reason: 'Accounts seen', ...input })

  it('says when the next is due, and is overdue after that day', async () => {
    expect(await review({ nextReviewOn: '2026-07-01', riskClass: 'HIGH' })).toMatchObject({
      customer: {
        version: 2,
        credit: {
          riskClass: 'HIGH',
          reviewedOn: '2026-06-30',
          nextReviewOn: '2026-07-01',
          isReviewOverdue: false,
        },
      },
    })
    now = Temporal.Instant.from('2026-07-02T12:00:00Z')
    expect(await read()).toMatchObject({ credit: { isReviewOverdue: true } })
    expect(await review({ nextReviewOn: '2026-12-31' })).toMatchObject({
      customer: { version: 3, credit: { riskClass: 'HIGH', isReviewOverdue: false } },
    })
  })

  it('names the field at fault', async () => {
    for (const nextReviewOn of ['2026-06-30', '2026-06-29', '2300-01-01'])
      expect(await review({ nextReviewOn })).toMatchObject({ code: 'INVALID', path: ['nextReviewOn'] })
    expect(await review({ nextReviewOn: '2026-07-01', customer: { number: 'C-404' } })).toMatchObject({
      code: 'NOT_FOUND',
      path: ['customer'],
    })
  })
})
