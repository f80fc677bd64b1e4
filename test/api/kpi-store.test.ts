/** The KPI store folds what was posted, at any moment, and no answer changes by it. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { trailingMonths } from '@tidemark/server/domain/calendar.ts'
import { dateOf } from '@tidemark/server/domain/day.ts'
import { Exact, formatMajor } from '@tidemark/server/domain/money.ts'
import { kpiDefinition, kpiDefinitions } from '@tidemark/server/domain/registry.ts'
import { readAging } from '@tidemark/server/kpi/aging.ts'
import { readKpis, type KpiQuery, type KpiRow } from '@tidemark/server/kpi/queries.ts'
import type { KpiDimension } from '@tidemark/server/kpi/segments.ts'
import type { KpiOrganization } from '@tidemark/server/kpi/source.ts'
import { findFoldFaults } from '@tidemark/server/ledger/fold-check.ts'
import { fold, isFoldDue, rebuild } from '@tidemark/server/ledger/fold.ts'
import { bruteForce, type Question } from '../support/brute-force.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { day } from '../support/kpi-books.ts'
import { addRates, makeOrganization, postItems, type PlainItem } from '../support/post-histories.ts'
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
const everyMetric = kpiDefinitions.map((definition) => definition.metric)

const reading = <T>(organization: KpiOrganization, run: (tx: Tx) => Promise<T>): Promise<T> =>
  inTransaction(connection, { organizationId: organization.id, mode: 'read' }, run)
const kpis = (organization: KpiOrganization, query: Omit<KpiQuery, 'now' | 'settledAt'>) =>
  reading(organization, (tx) => readKpis(tx, organization, { now, settledAt: now, ...query }))
const faults = (organization: KpiOrganization) =>
  reading(organization, (tx) => findFoldFaults(tx, organization.id))

/**
 * What is late, early and of the same day: postings are recorded in the midst of the days that their entries are
 * dated, two of them on one day.
 */
const recordedAt = (posting: number) =>
  Temporal.Instant.from('2025-02-10T09:00:00Z').add({ hours: [0, 24 * 40, 24 * 80, 24 * 80 + 5, 24 * 140, 24 * 300, 24 * 420][posting] ?? 0 })

/** When is folded, how far, and how much at once. */
const folding = fc.record({
  rowsMax: fc.constantFrom(1, 3, 50, 100_000),
  today: fc.constantFrom('2024-06-01', '2025-01-31', '2025-06-15', '2026-02-01', '2027-01-01').map((text) => Temporal.PlainDate.from(text)),
  after: fc.uniqueArray(fc.integer({ min: 1, max: POSTINGS }), { maxLength: 4 }),
})
type Folding = typeof folding extends fc.Arbitrary<infer F> ? F : never

/** Posts the items and folds in between. */
async function post(organization: KpiOrganization, items: readonly PlainItem[], { rowsMax, today, after }: Folding) {
  await postItems(connection, organization, items, recordedAt, async (posting) => {
    if (after.includes(posting)) await fold(connection, organization.id, { today, rowsMax })
  })
}

const conventions = fc.record({
  dsoMonths: fc.integer({ min: 1, max: 12 }),
  ceiMonths: fc.integer({ min: 1, max: 6 }),
  periodMonths: fc.integer({ min: 1, max: 4 }),
  rateBasis: fc.constantFrom('AMOUNT' as const, 'COUNT' as const),
  floorDaysLate: fc.boolean(),
})

describe('on random books, folded at random moments', { timeout: 180_000 }, () => {
  it('every KPI is what brute force says, for any day and knowledge', async () => {
    const asked = fc.record({
      conventions,
      currency: fc.constantFrom('USD', 'EUR', 'JPY'),
      posting: fc.integer({ min: 1, max: POSTINGS }),
      last: anyDay,
      region: fc.constantFrom(null, 'EMEA'),
    })
    await fc.assert(
      fc.asyncProperty(
        randomItems({ minLength: 1, maxLength: 15 }),
        folding,
        fc.array(asked, { minLength: 2, maxLength: 4 }),
        async (items, folds, questions) => {
          const organization = await makeOrganization(connection)
          await post(organization, items, folds)
          await addRates(connection, organization, quotations)
          for (const { last, region, posting, currency, ...one } of questions) {
            const rows = await kpis(organization, {
              metrics: everyMetric,
              asOf: dateOf(last),
              knownAt: recordedAt(posting),
              filter: region === null ? null : { region: [region] },
              currency,
              ...one,
            }).catch((error: unknown) => String(error))
            // A missing rate is told for the whole answer: brute force says so of some metric.
            const { from } = trailingMonths(last, one.conventions.periodMonths)
            const question = { day: last, from, asOf: last, posting, region, currency, ...one }
            const wanted = everyMetric.map((metric) => twin(metric, items, question))
            if (typeof rows === 'string') expect([rows, wanted.includes('MISSING_RATE')]).toEqual([rows, true])
            else expect(rows.map((row) => [row.metric, shown(row)])).toEqual(wanted.map((text, index) => [everyMetric[index], text]))
          }
          expect(await faults(organization)).toEqual([])
        },
      ),
      { numRuns: 60 },
    )
  })

  it('any grouping, filter and series is the same as without folding', async () => {
    const dimension = fc.constantFrom<KpiDimension>('CURRENCY', 'BUSINESS_UNIT', 'REGION', 'CHANNEL', 'COLLECTOR')
    const some = <T>(...values: T[]) => fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }))
    const asked = fc.record({
      conventions,
      currency: fc.constantFrom('USD', 'EUR'),
      posting: fc.option(fc.integer({ min: 0, max: POSTINGS })),
      last: fc.integer({ min: day('2024-11-25'), max: day('2026-05-10') }),
      length: fc.integer({ min: 0, max: 400 }),
      granularity: fc.constantFrom('WEEK' as const, 'MONTH' as const, 'QUARTER' as const, 'YEAR' as const),
      groupBy: fc.uniqueArray(dimension, { maxLength: 2 }),
      filter: fc.record({
        currency: some('USD', 'EUR', 'JPY'),
        businessUnit: some('Parts', 'Service'),
        region: some('EMEA', 'APAC'),
        channel: some('Direct', 'Partner'),
      }),
      edges: fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 5 }),
    })
    await fc.assert(
      fc.asyncProperty(
        randomItems({ minLength: 1, maxLength: 30 }),
        fc.array(fc.record({ businessUnit: fc.constantFrom(null, 'Parts', 'Service'), channel: fc.constantFrom(null, 'Direct', 'Partner') }), { minLength: 5, maxLength: 5 }),
        folding,
        fc.array(asked, { minLength: 3, maxLength: 3 }),
        async (plain, places, folds, questions) => {
          const items = plain.map((item, index) => ({ ...item, ...places[index % places.length] }))
          const [folded, twinOrganization] = [await makeOrganization(connection), await makeOrganization(connection)]
          for (const organization of [folded, twinOrganization]) await addRates(connection, organization, quotations)
          await post(folded, items, folds)
          await postItems(connection, twinOrganization, items, recordedAt)
          for (const { last, length, posting, edges, ...query } of questions) {
            const common = { ...query, knownAt: posting === null ? null : recordedAt(posting).add({ minutes: 1 }) }
            const answers = [folded, twinOrganization].map((organization) =>
              kpis(organization, { metrics: everyMetric, from: dateOf(last - length), to: dateOf(last), ...common }).then((rows) => rows.map((row) => ({ ...row, id: 0 })), String),
            )
            const [one, other] = await Promise.all(answers)
            expect(one).toEqual(other)
            const [aging, sameAging] = await Promise.all(
              [folded, twinOrganization].map((organization) =>
                reading(organization, (tx) =>
                  readAging(tx, organization, { now, settledAt: now, ...common, asOf: dateOf(last), edges: edges.toSorted((a, b) => a - b) }),
                ).then(({ unexplained, ...rest }) => rest, String),
              ),
            )
            expect(aging).toEqual(sameAging)
          }
          expect(await faults(folded)).toEqual([])
        },
      ),
      { numRuns: 40 },
    )
  })
})

const shown = (row: Pick<KpiRow, 'valueExact' | 'reason'>) => row.valueExact ?? row.reason

/** What brute force says to one row. */
function twin(metric: KpiRow['metric'], items: readonly PlainItem[], question: Question): string | null {
  const { value, reason } = bruteForce(metric, items, question, 'USD', quotations)
  if (value === null) return reason
  const exact = new Exact(value)
  const text =
    kpiDefinition(metric).unit === 'MONEY'
      ? formatMajor(exact, question.currency)
      : exact.toDecimalPlaces(10).toFixed()
  return text.replace(/^-(0(\.0*)?)$/, '$1')
}
void isFoldDue
void rebuild
