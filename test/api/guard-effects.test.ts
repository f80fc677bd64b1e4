/** What KPIs would be had something not happened: as brute force says of books in which it did not. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { chooseConventions } from '@tidemark/server/domain/conventions.ts'
import { dateOf } from '@tidemark/server/domain/day.ts'
import { formatExact } from '@tidemark/server/domain/exact.ts'
import { trailingPeriods } from '@tidemark/server/domain/fiscal.ts'
import type { GoalGuard } from '@tidemark/server/domain/goal-guards.ts'
import type { KpiMetric } from '@tidemark/server/domain/kpi.ts'
import { Exact } from '@tidemark/server/domain/money.ts'
import { kpiDefinition } from '@tidemark/server/domain/registry.ts'
import { readKpiValues } from '@tidemark/server/kpi/queries.ts'
import type { KpiOrganization } from '@tidemark/server/kpi/source.ts'
import { bruteForce, type PlainItem } from '../support/brute-force.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { addRates, makeOrganization, postItems } from '../support/post-histories.ts'
import { anyDay, POSTINGS, quotations, randomItems } from '../support/random-books.ts'

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

/** Those that look at due dates, so that no sum tells what they would be. */
const METRICS = [
  'PAST_DUE',
  'PAST_DUE_SHARE',
  'PAST_DUE_COUNT',
  'CURRENT_SHARE',
  'PAST_DUE_OVER_90',
  'COLLECTION_EFFECTIVENESS_INDEX',
  'AVERAGE_DAYS_DELINQUENT',
  'WEIGHTED_DAYS_PAST_DUE',
] as const satisfies readonly KpiMetric[]

const usual = chooseConventions({ periodMonths: 3 })
if ('problem' in usual) throw new Error(usual.problem)
const conventions = usual

/** Straight from the entries, as the words of the guard have it. */
const notHappened = (items: readonly PlainItem[], guard: GoalGuard, since: number): PlainItem[] =>
  items.map((item) => ({
    ...item,
    entries: item.entries.filter(({ kind, effectiveOn }) => kind !== guard || effectiveOn <= since),
  }))

const twin = (metric: KpiMetric, items: readonly PlainItem[], last: number): string | null => {
  const { from } = trailingPeriods(last, conventions.periodMonths, conventions.calendar)
  const question = {
    day: last,
    from,
    asOf: last,
    posting: POSTINGS,
    region: null,
    currency: 'USD',
    conventions,
  }
  const { value } = bruteForce(metric, items, question, 'USD', quotations)
  return value === null ? null : formatExact(new Exact(value), kpiDefinition(metric).unit, 'USD')
}

const without = (
  organization: KpiOrganization,
  metrics: readonly KpiMetric[],
  { guard, since, last, isRepeated }: { guard: GoalGuard; since: number; last: number; isRepeated: boolean },
) =>
  inTransaction(connection, { organizationId: organization.id, mode: 'read' }, async (tx) => {
    const requests = metrics.map((metric) => ({
      metric,
      asOf: dateOf(last),
      conventions,
      putBack: { guard, since: dateOf(since) },
    }))
    const values = await readKpiValues(tx, organization, requests, { now, isRepeated })
    return values.map(({ valueExact }) => valueExact)
  })

describe('a KPI that looks at due dates', { timeout: 180_000 }, () => {
  // Write-offs that were recovered are told in the tests of the domain.
  for (const guard of ['RE_DATED', 'ADJUSTED', 'DISCOUNTED'] as const) {
    it(`is as if nothing had been ${guard} since a day, also when asked again after each posting`, async () => {
      await fc.assert(
        fc.asyncProperty(
          randomItems({ minLength: 2, maxLength: 12 }),
          anyDay,
          fc.integer({ min: 1, max: 200 }),
          async (items, last, days) => {
            const organization = await makeOrganization(connection)
            await addRates(connection, organization, quotations)
            const since = last - days
            await postItems(connection, organization, items, recordedAt, async () => {
              const asked = { guard, since, last }
              const again = await without(organization, METRICS, { ...asked, isRepeated: true })
              expect(again).toEqual(await without(organization, METRICS, { ...asked, isRepeated: false }))
            })
            const wanted = METRICS.map((metric) => twin(metric, notHappened(items, guard, since), last))
            expect(await without(organization, METRICS, { guard, since, last, isRepeated: true })).toEqual(
              wanted,
            )
          },
        ),
        { numRuns: 12 },
      )
    })
  }
})
