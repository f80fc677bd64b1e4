/** Who is over the limit, where those who could be are too many to be looked at while somebody waits. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { readOverLimit } from '@tidemark/server/ledger/over-limit.ts'
import { watchCredit } from '@tidemark/server/live/credit-watch.ts'
import { dayOf } from '@tidemark/server/domain/day.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

/** More of them than are looked at one by one, each of whom owes 100.00. */
const CUSTOMERS = 21_000
const isOver = (index: number) => index % 1_000 === 0

let server: TestServer
let acme: OrganizationRow
let token: string
beforeAll(async () => {
  server = await startTestServer()
  acme = await server.createOrganization({ baseCurrency: 'USD', timeZone: 'UTC' })
  token = await server.createToken(acme)
  const indexes = Array.from({ length: CUSTOMERS }, (_, index) => index)
  const ids = indexes.map(() => crypto.randomUUID())
  await inTransaction(
    server.connection,
    { organizationId: acme.id, mode: 'write', timeoutMs: 60_000 },
    async ({ sql }) => {
      await sql`
        insert into customer (organization_id, id, number, name, terms_days, credit_limit_state, credit_limit,
          credit_limit_currency)
        select ${acme.id}, id, number, number, 30, 'AMOUNT', credit_limit, 'USD'
        from unnest(
          ${arrayOf(ids)}::uuid[], ${arrayOf(indexes.map((index) => `C-${index}`))}::text[],
          ${arrayOf(indexes.map((index) => (isOver(index) ? 9_999 : 10_000)))}::bigint[]
        ) as made (id, number, credit_limit)`
      await sql`
        insert into customer_state (organization_id, customer_id, currency, receivable, unapplied)
        select ${acme.id}, id, 'USD', 10000, 0 from unnest(${arrayOf(ids)}::uuid[]) as id`
    },
  )
}, 120_000)
afterAll(() => server.close())

const count = async (filter: object): Promise<number> => {
  const { customers } = await execute<{ customers: { totalCount: number } }>(
    server.url,
    token,
    'query ($filter: CustomerFilter) { customers(filter: $filter, first: 1) { totalCount } }',
    { filter },
  )
  return customers.totalCount
}

/** How many audit rows the watch has written of its own. */
const told = async (): Promise<number> => {
  const rows = await server.connection.sql`
    select from audit where organization_id = ${acme.id} and action = 'watchCredit'`
  return rows.length
}

describe('customers over the limit, of more than are looked at one by one', () => {
  it('are those that the watch found, all of them and no others', { timeout: 120_000 }, async () => {
    const at = { today: dayOf(Temporal.Now.plainDateISO('UTC')), now: Temporal.Now.instant() }
    const read = await inTransaction(server.connection, { organizationId: acme.id, mode: 'read' }, (tx) =>
      readOverLimit(tx, acme, at),
    )
    expect(read).toBe('AS_WATCHED')
    for (let tries = 0; tries < 200; tries++) {
      const watched = await watchCredit(server.connection, acme, Temporal.Now.instant())
      if (watched.outcome === 'DONE' && !watched.more) break
    }
    const over = Array.from({ length: CUSTOMERS }, (_, index) => index).filter(isOver).length
    expect(await count({ isOverLimit: true })).toBe(over)
    expect(await count({ isOverLimit: false })).toBe(CUSTOMERS - over)
    const { customers } = await execute<{ customers: { nodes: { number: string }[] } }>(
      server.url,
      token,
      '{ customers(filter: { isOverLimit: true }, first: 100) { nodes { number } } }',
      {},
    )
    expect(customers.nodes.map(({ number }) => Number(number.slice(2)) % 1_000)).toEqual(
      Array.from({ length: over }, () => 0),
    )
    const name = customers.nodes[0]?.number
    await execute(
      server.url,
      token,
      `mutation ($input: SetCreditLimitInput!) { setCreditLimit(input: $input) { __typename } }`,
      {
        input: {
          customer: { number: name },
          limit: { amount: { amount: '100.00', currency: 'USD' } },
          reason: 'Enough',
        },
      },
    )
    await expect.poll(() => count({ isOverLimit: true }), { timeout: 20_000 }).toBe(over - 1)
  })

  it(
    'are found by the batch that touched them, with nobody else looked at',
    { timeout: 120_000 },
    async () => {
      const [before, toldBefore] = [await count({ isOverLimit: true }), await told()]
      const lowered = Array.from({ length: CUSTOMERS }, (_, index) => index).filter(
        (index) => index % 7 === 1 && !isOver(index),
      )
      const { setCreditLimits } = await execute<{ setCreditLimits: { set: number } }>(
        server.url,
        token,
        `mutation ($input: SetCreditLimitsInput!) { setCreditLimits(input: $input) {
        ... on SetCreditLimitsSuccess { set } } }`,
        {
          input: {
            reason: 'Less',
            rows: lowered.map((index) => ({
              customer: { number: `C-${index}` },
              limit: { amount: { amount: '99.99', currency: 'USD' } },
            })),
          },
        },
      )
      expect(setCreditLimits.set).toBe(lowered.length)
      await expect.poll(() => count({ isOverLimit: true }), { timeout: 60_000 }).toBe(before + lowered.length)
      // Whom a look at everybody finds has an audit row of its own; these have the batch's.
      expect(await told()).toBe(toldBefore)
    },
  )
})
