/** What KPIs say of one customer: what brute force says of that customer's items, and the same when asked again. */
import * as fc from 'fast-check'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { isOfItems } from '@tidemark/server/domain/catalog.ts'
import { dateOf } from '@tidemark/server/domain/day.ts'
import { trailingPeriods } from '@tidemark/server/domain/fiscal.ts'
import { formatExact } from '@tidemark/server/domain/exact.ts'
import type { KpiMetric } from '@tidemark/server/domain/kpi.ts'
import { Exact } from '@tidemark/server/domain/money.ts'
import { kpiDefinition, kpiDefinitions } from '@tidemark/server/domain/registry.ts'
import { readKpis, readKpiValues, type KpiRow } from '@tidemark/server/kpi/queries.ts'
import type { KpiOrganization } from '@tidemark/server/kpi/source.ts'
import { bruteForce, type PlainItem, type Question } from '../support/brute-force.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { addRates, makeOrganization, postItems } from '../support/post-histories.ts'
import { anyDay, POSTINGS, quotations, randomItems } from '../support/random-books.ts'
import { randomConventions } from '../support/random-conventions.ts'

let database: TestDatabase
let connection: Connection
beforeAll(async () => {
  database = await createDatabase()
  connection = await connect(database.url, { max: 4 })
})
afterAll(async () => {
  await connection.close()
  await database.drop()
})

const now = Temporal.Instant.from('2027-11-20T12:00:00Z')
const recordedAt = (posting: number) =>
  Temporal.Instant.from('2025-02-10T09:00:00Z').add({ hours: posting * 900 })
/** Of credit, credit-kpis.test.ts has a twin of its own. */
const everyMetric = kpiDefinitions.filter(({ theme }) => theme !== 'CREDIT').map(({ metric }) => metric)
const ofItems = kpiDefinitions.filter(isOfItems).map(({ metric }) => metric)

const reading = <T>(organization: KpiOrganization, run: (tx: Tx) => Promise<T>): Promise<T> =>
  inTransaction(connection, { organizationId: organization.id, mode: 'read' }, run)

const customersOf = (organization: KpiOrganization): Promise<string[]> =>
  reading(organization, async (tx) => {
    const rows = await tx
      .select({ id: customer.id })
      .from(customer)
      .where(eq(customer.organizationId, organization.id))
    return rows.map(({ id }) => id)
  })

/** The customer whose items these become. */
async function postAs(
  organization: KpiOrganization,
  items: readonly PlainItem[],
  posted?: (posting: number) => Promise<void>,
): Promise<string> {
  const before = new Set(await customersOf(organization))
  await postItems(connection, organization, items, recordedAt, posted)
  const id = (await customersOf(organization)).find((one) => !before.has(one))
  if (id === undefined) throw new Error('There is no new customer')
  return id
}

const as = (items: readonly PlainItem[], region: string): PlainItem[] =>
  items.map((item) => ({ ...item, region }))

const shown = ({ valueExact, reason }: Pick<KpiRow, 'valueExact' | 'reason'>) => valueExact ?? reason

/** What brute force says to one row. */
function twin(metric: KpiMetric, items: readonly PlainItem[], question: Question): string | null {
  const { value, reason } = bruteForce(metric, items, question, 'USD', quotations)
  if (value === null) return reason
  return formatExact(new Exact(value), kpiDefinition(metric).unit, question.currency)
}

describe('a customer among others', { timeout: 180_000 }, () => {
  it('has every KPI as brute force says of its items, for any day and knowledge', async () => {
    const asked = fc.record({
      conventions: randomConventions,
      currency: fc.constantFrom('USD', 'EUR'),
      posting: fc.integer({ min: 1, max: POSTINGS }),
      last: anyDay,
    })
    await fc.assert(
      fc.asyncProperty(
        randomItems({ minLength: 1, maxLength: 8 }),
        randomItems({ minLength: 1, maxLength: 8 }),
        asked,
        async (mine, others, { posting, last, currency, conventions }) => {
          const organization = await makeOrganization(connection)
          await addRates(connection, organization, quotations)
          await postAs(organization, others)
          const id = await postAs(organization, mine)
          const rows = await reading(organization, (tx) =>
            readKpis(tx, organization, {
              metrics: everyMetric,
              asOf: dateOf(last),
              knownAt: recordedAt(posting),
              filter: { customerId: [id] },
              currency,
              conventions,
              now,
              settledAt: now,
            }),
          )
          const { from } = trailingPeriods(last, conventions.periodMonths, conventions.calendar)
          const question = { day: last, from, asOf: last, posting, region: 'MINE', currency, conventions }
          const all = [...as(others, 'OTHERS'), ...as(mine, 'MINE')]
          const wanted = everyMetric.map((metric) => twin(metric, all, question))
          expect(rows.map(shown)).toEqual(wanted)
        },
      ),
      { numRuns: 25 },
    )
  })

  it('has the same KPIs when they are asked for again after each posting, where little is read', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomItems({ minLength: 2, maxLength: 8 }),
        randomItems({ minLength: 2, maxLength: 8 }),
        anyDay,
        async (first, second, last) => {
          const organization = await makeOrganization(connection)
          await addRates(connection, organization, quotations)
          await postAs(organization, first)
          const compare = async () => {
            const requests = (await customersOf(organization)).flatMap((id) =>
              ofItems.map((metric) => ({ metric, asOf: dateOf(last), filter: { customerId: [id] } })),
            )
            const read = (isRepeated: boolean) =>
              reading(organization, (tx) => readKpiValues(tx, organization, requests, { now, isRepeated }))
            const again = await read(true)
            expect(again.length).toBe(ofItems.length * (await customersOf(organization)).length)
            expect(again).toEqual(await read(false))
          }
          await compare()
          await postAs(organization, second, compare)
        },
      ),
      { numRuns: 8 },
    )
  })

  it('adds up with the others to the organization, wherever the KPI is a sum', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomItems({ minLength: 1, maxLength: 8 }),
        randomItems({ minLength: 1, maxLength: 8 }),
        anyDay,
        async (first, second, last) => {
          const organization = await makeOrganization(connection)
          await addRates(connection, organization, quotations)
          await postAs(organization, first)
          await postAs(organization, second)
          const metrics = ['TOTAL_RECEIVABLES', 'PAST_DUE', 'OPEN_INVOICE_COUNT', 'WRITTEN_OFF'] as const
          const minor = async (customerId: string | null) => {
            const filter = customerId === null ? {} : { customerId: [customerId] }
            const rows = await reading(organization, (tx) =>
              readKpis(tx, organization, {
                metrics,
                asOf: dateOf(last),
                filter: { ...filter, currency: ['USD'] },
                now,
                settledAt: now,
              }),
            )
            return rows.map(({ value }) => Math.round((value ?? 0) * 100))
          }
          const each = await Promise.all((await customersOf(organization)).map(minor))
          const total = metrics.map((_, index) => each.reduce((sum, one) => sum + (one[index] ?? 0), 0))
          expect(total).toEqual(await minor(null))
        },
      ),
      { numRuns: 10 },
    )
  })
})
