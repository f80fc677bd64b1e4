/** Customers through the API: added, changed, and refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let token: string
let ada: string
let gone: string
beforeAll(async () => {
  server = await startTestServer({ clock: () => Temporal.Instant.from('2026-06-30T12:00:00Z') })
  const organization = await server.createOrganization()
  token = await server.createToken(organization, 'manager')
  const organizationId = organization.id
  const [known, erased] = [crypto.randomUUID(), crypto.randomUUID()]
  ada = `person_${known}`
  gone = `person_${erased}`
  await inTransaction(server.connection, { organizationId, mode: 'write' }, async (tx) => {
    await tx.insert(person).values([
      { organizationId, id: known, name: 'Ada' },
      { organizationId, id: erased, name: 'Erased', erasedAt: Temporal.Now.instant() },
    ])
  })
})
afterAll(() => server.close())

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each test says what it asks for
const ask = <Data>(query: string, variables: Record<string, unknown> = {}) =>
  execute<Data>(server.url, token, query, variables)

const FIELDS = `number name termsDays owner { name } businessUnit region channel version creditLimit { state }`

const create = async (input: Record<string, unknown>) => {
  const { createCustomer } = await ask<{ createCustomer: Record<string, unknown> }>(
    `mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { __typename
       ... on CreateCustomerSuccess { dryRun customer { ${FIELDS} } } ... on Problem { code path } } }`,
    { input },
  )
  return createCustomer
}

const update = async (input: Record<string, unknown>) => {
  const { updateCustomer } = await ask<{ updateCustomer: Record<string, unknown> }>(
    `mutation ($input: UpdateCustomerInput!) { updateCustomer(input: $input) { __typename
       ... on UpdateCustomerSuccess { dryRun customer { ${FIELDS} } } ... on Problem { code path } } }`,
    { input },
  )
  return updateCustomer
}

describe('createCustomer', () => {
  it('adds a customer with its dimensions and terms', async () => {
    const full = { termsDays: 45, ownerId: ada, businessUnit: 'Mills', region: 'North', channel: 'Direct' }
    expect(await create({ number: ' 007 ', name: 'Ardmore   Mills', ...full })).toEqual({
      __typename: 'CreateCustomerSuccess',
      dryRun: false,
      customer: {
        number: '007',
        name: 'Ardmore Mills',
        termsDays: 45,
        owner: { name: 'Ada' },
        businessUnit: 'Mills',
        region: 'North',
        channel: 'Direct',
        version: 1,
        creditLimit: { state: 'NOT_SET' },
      },
    })
    expect(await create({ number: '7', name: 'Bay' })).toMatchObject({
      customer: { number: '7', termsDays: 30, owner: null, region: null },
    })
  })

  it('gives a number once, also when two come at once, and once for a key', async () => {
    const outcomes = await Promise.all([1, 2, 3].map(() => create({ number: 'C-1', name: 'Cobalt' })))
    const refusals = outcomes.filter(({ __typename }) => __typename === 'Conflict')
    expect(refusals).toEqual(
      [1, 2].map(() => ({ __typename: 'Conflict', code: 'CONFLICT', path: ['number'] })),
    )
    const key = { number: 'C-2', name: 'Dune', idempotencyKey: 'dune' }
    expect(await create(key)).toEqual(await create(key))
    expect(await create({ number: 'C-3', name: 'Elm', dryRun: true })).toEqual({
      __typename: 'CreateCustomerSuccess',
      dryRun: true,
      customer: null,
    })
    expect(await ask(`{ customer(by: { number: "C-3" }) { id } }`)).toEqual({ customer: null })
  })

  it('names the field at fault', async () => {
    const wrong = [
      [{ number: ' ', name: 'X' }, 'INVALID', 'number'],
      [{ number: 'C-9', name: '\n' }, 'INVALID', 'name'],
      [{ number: 'C-9', name: 'X', termsDays: -1 }, 'INVALID', 'termsDays'],
      [{ number: 'C-9', name: 'X', termsDays: 731 }, 'INVALID', 'termsDays'],
      [{ number: 'C-9', name: 'X', region: 'x'.repeat(201) }, 'INVALID', 'region'],
      [{ number: 'C-9', name: 'X', ownerId: 'person_0' }, 'NOT_FOUND', 'ownerId'],
      [{ number: 'C-9', name: 'X', ownerId: gone }, 'NOT_FOUND', 'ownerId'],
    ] as const
    for (const [input, code, path] of wrong) expect(await create(input)).toMatchObject({ code, path: [path] })
  })
})

describe('updateCustomer', () => {
  const customer = { number: 'C-20' }
  beforeAll(() => create({ ...customer, name: 'Fen', ownerId: ada, region: 'North' }))

  it('changes what is given and leaves the rest', async () => {
    expect(await update({ customer, name: 'Fen & Sons', termsDays: 60, expectedVersion: 1 })).toMatchObject({
      customer: { name: 'Fen & Sons', termsDays: 60, owner: { name: 'Ada' }, region: 'North', version: 2 },
    })
    expect(await update({ customer, owner: { none: true } })).toMatchObject({
      customer: { name: 'Fen & Sons', owner: null, version: 3 },
    })
    expect(await update({ customer, owner: { id: ada } })).toMatchObject({
      customer: { owner: { name: 'Ada' }, version: 4 },
    })
  })

  it('uses the new terms for bills to come, and leaves those that there are', async () => {
    const bill = (number: string) =>
      ask<{ recordInvoice: unknown }>(
        `mutation ($input: RecordInvoiceInput!) { recordInvoice(input: $input) {
           ... on RecordInvoiceSuccess { invoice { dueOn } } } }`,
        { input: { customer, number, amount: { amount: '1', currency: 'USD' }, issuedOn: '2026-06-01' } },
      )
    await update({ customer, termsDays: 10 })
    expect(await bill('F-1')).toEqual({ recordInvoice: { invoice: { dueOn: '2026-06-11' } } })
    await update({ customer, termsDays: 20 })
    expect(await bill('F-2')).toEqual({ recordInvoice: { invoice: { dueOn: '2026-06-21' } } })
    expect(await ask(`{ invoice(by: { number: "F-1" }) { dueOn } }`)).toEqual({
      invoice: { dueOn: '2026-06-11' },
    })
  })

  it('refuses a version that is gone, and names the field at fault', async () => {
    const wrong = [
      [{ customer, name: 'X', expectedVersion: 1 }, 'CONFLICT', ['expectedVersion']],
      [{ customer: { number: 'C-404' }, name: 'X' }, 'NOT_FOUND', ['customer']],
      [{ customer }, 'INVALID', []],
      [{ customer, name: ' ' }, 'INVALID', ['name']],
      [{ customer, termsDays: 9_999 }, 'INVALID', ['termsDays']],
      [{ customer, owner: { id: 'person_0' } }, 'NOT_FOUND', ['owner', 'id']],
      [{ customer, owner: { none: false } }, 'INVALID', ['owner', 'none']],
    ] as const
    for (const [input, code, path] of wrong) expect(await update(input)).toMatchObject({ code, path })
  })

  it('keeps no name in the audit', async () => {
    await update({ customer, name: 'Secretive Person' })
    const kept = await server.connection.sql`
      select action, after from audit where before::text || after::text ~ 'Secretive|Fen'`
    expect(kept).toHaveLength(0)
    const told = await server.connection.sql`
      select after from audit where action = 'updateCustomer' order by recorded_at desc limit 1`
    expect(told[0]?.['after']).toEqual({ name: 'changed' })
  })
})

describe('rights', () => {
  it('let a collector dispute and receive, and neither credit nor add customers', async () => {
    const organization = await server.createOrganization()
    const collector = await server.createToken(organization, 'collector')
    const refusal = async (query: string) => {
      const answer = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${collector}` },
        body: JSON.stringify({ query }),
      })
      const { errors } = (await answer.json()) as { errors?: { extensions: { code: string } }[] }
      return errors?.[0]?.extensions.code ?? null
    }
    expect(
      await refusal(`mutation { createCustomer(input: { number: "1", name: "X" }) { __typename } }`),
    ).toBe('FORBIDDEN')
    expect(
      await refusal(`mutation { recordCreditNote(input: { customer: { number: "1" }, number: "1",
        amount: { amount: "1", currency: "USD" }, issuedOn: "2026-06-01" }) { __typename } }`),
    ).toBe('FORBIDDEN')
    expect(
      await refusal(
        `mutation { openDispute(input: { invoice: { number: "1" }, reason: "x" }) { __typename } }`,
      ),
    ).toBeNull()
    expect(
      await refusal(
        `mutation { bounceReceipt(input: { receipt: "1", bouncedOn: "2026-06-01" }) { __typename } }`,
      ),
    ).toBeNull()
  })
})
