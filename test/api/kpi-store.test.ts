/** The KPI store folds what was posted, at any moment, and no answer changes by it. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { asOwner, inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { trailingPeriods } from '@tidemark/server/domain/fiscal.ts'
import { bookOf } from '@tidemark/server/domain/book.ts'
import { dateOf, formatDay } from '@tidemark/server/domain/day.ts'
import { balance, movement } from '@tidemark/server/domain/kpi-inputs.ts'
import { addInput, noNeeds } from '@tidemark/server/domain/needs.ts'
import { Exact, formatMajor } from '@tidemark/server/domain/money.ts'
import { kpiDefinition, kpiDefinitions } from '@tidemark/server/domain/registry.ts'
import { readAging } from '@tidemark/server/kpi/aging.ts'
import { fetchBooks } from '@tidemark/server/kpi/answer.ts'
import { readKpis, type KpiQuery, type KpiRow } from '@tidemark/server/kpi/queries.ts'
import { groupSegments, type KpiDimension } from '@tidemark/server/kpi/segments.ts'
import { readSource, type KpiOrganization } from '@tidemark/server/kpi/source.ts'
import { cutter, LEVELS } from '@tidemark/server/ledger/cuts.ts'
import { findFoldFaults } from '@tidemark/server/ledger/fold-check.ts'
import { fold, isFoldDue, rebuild } from '@tidemark/server/ledger/fold.ts'
import { segmentFor } from '@tidemark/server/ledger/segments.ts'
import { bruteForce, type Question } from '../support/brute-force.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { foldAll as foldBook } from '../support/fold-all.ts'
import { day } from '../support/kpi-books.ts'
import { addRates, makeOrganization, postItems, type PlainItem } from '../support/post-histories.ts'
import { startTestServer } from '../support/server.ts'
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
/** Of credit, credit-kpis.test.ts has a twin of its own. */
const everyMetric = kpiDefinitions.filter(({ theme }) => theme !== 'CREDIT').map(({ metric }) => metric)

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
  Temporal.Instant.from('2025-02-10T09:00:00Z').add({
    hours: [0, 24 * 40, 24 * 80, 24 * 80 + 5, 24 * 140, 24 * 300, 24 * 420][posting] ?? 0,
  })

/** When is folded, how far, how much at once, and with the days of how many segments: each time of as many as before or more. */
const folding = fc.record({
  daysOfSegments: fc
    .array(fc.constantFrom(0, 1, 3, 500), { minLength: 1, maxLength: 3 })
    .map((counts) => counts.toSorted((a, b) => a - b)),
  rowsMax: fc.constantFrom(1, 3, 50, 100_000),
  today: fc
    .constantFrom('2024-06-01', '2025-01-31', '2025-06-15', '2026-02-01', '2027-01-01')
    .map((text) => Temporal.PlainDate.from(text)),
  after: fc.uniqueArray(fc.integer({ min: 1, max: POSTINGS }), { maxLength: 4 }),
})
type Folding = typeof folding extends fc.Arbitrary<infer F> ? F : never

/** Posts the items and folds in between. */
async function post(
  organization: KpiOrganization,
  items: readonly PlainItem[],
  { daysOfSegments, rowsMax, today, after }: Folding,
) {
  let folds = 0
  await postItems(connection, organization, items, recordedAt, async (posting) => {
    if (!after.includes(posting)) return
    const segments = daysOfSegments[Math.min(folds++, daysOfSegments.length - 1)] ?? 0
    await fold(connection, organization.id, { today, rowsMax, daysOfSegments: segments })
  })
}

describe('on random books, folded at random moments', { timeout: 180_000 }, () => {
  it('every KPI is what brute force says, for any day and knowledge', async () => {
    const asked = fc.record({
      conventions: randomConventions,
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
            })
            const { from } = trailingPeriods(last, one.conventions.periodMonths, one.conventions.calendar)
            const question = { day: last, from, asOf: last, posting, region, currency, ...one }
            const wanted = everyMetric.map((metric) => twin(metric, items, question))
            expect(rows.map(shown)).toEqual(wanted)
          }
          expect(await faults(organization)).toEqual([])
        },
      ),
      { numRuns: 25 },
    )
  })

  it('any grouping, filter and series is the same as without folding', async () => {
    const dimension = fc.constantFrom<KpiDimension>(
      'CURRENCY',
      'BUSINESS_UNIT',
      'REGION',
      'CHANNEL',
      'COLLECTOR',
    )
    const some = <T>(...values: T[]) =>
      fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }))
    const asked = fc.record({
      conventions: randomConventions,
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
        fc.array(
          fc.record({
            businessUnit: fc.constantFrom(null, 'Parts', 'Service'),
            channel: fc.constantFrom(null, 'Direct', 'Partner'),
          }),
          { minLength: 5, maxLength: 5 },
        ),
        folding,
        fc.array(asked, { minLength: 3, maxLength: 3 }),
        async (plain, places, folds, questions) => {
          const items = plain.map((item, index) => ({ ...item, ...places[index % places.length] }))
          const [folded, twinOrganization] = [
            await makeOrganization(connection),
            await makeOrganization(connection),
          ]
          for (const organization of [folded, twinOrganization])
            await addRates(connection, organization, quotations)
          await post(folded, items, folds)
          await postItems(connection, twinOrganization, items, recordedAt)
          for (const { last, length, posting, edges, ...query } of questions) {
            const common = {
              ...query,
              knownAt: posting === null ? null : recordedAt(posting).add({ minutes: 1 }),
            }
            const answers = [folded, twinOrganization].map((organization) =>
              kpis(organization, {
                metrics: everyMetric,
                from: dateOf(last - length),
                to: dateOf(last),
                ...common,
              }).catch(String),
            )
            const [one, other] = await Promise.all(answers)
            expect(one).toEqual(other)
            const [aging, sameAging] = await Promise.all(
              [folded, twinOrganization].map((organization) =>
                reading(organization, (tx) =>
                  readAging(tx, organization, {
                    now,
                    settledAt: now,
                    ...common,
                    asOf: dateOf(last),
                    edges: edges.toSorted((a, b) => a - b),
                  }),
                ).then((found) => ({ ...found, unexplained: null }), String),
              ),
            )
            expect(aging).toEqual(sameAging)
          }
          expect(await faults(folded)).toEqual([])
        },
      ),
      { numRuns: 12 },
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

const some = (length: number, seed: number): PlainItem[] =>
  fc.sample(randomItems({ minLength: length, maxLength: length }), { seed, numRuns: 1 })[0] ?? []
/** So that a region's part of a business unit is no single cut. */
const inUnits = (items: readonly PlainItem[]): PlainItem[] =>
  items.map((item, index) => ({ ...item, businessUnit: index % 2 === 0 ? 'Parts' : 'Service' }))
const today = Temporal.PlainDate.from('2026-06-15')
const due = (organization: KpiOrganization) =>
  reading(organization, (tx) => isFoldDue(tx, organization.id, today))

const foldAll = ({ id }: KpiOrganization) => foldBook(connection, id, today)

describe('folding', { timeout: 240_000 }, () => {
  it('gives every row once, to whoever reads while others post and fold', async () => {
    const organization = await makeOrganization(connection)
    await postItems(connection, organization, some(10, 1), recordedAt)
    await addRates(connection, organization, quotations)
    const posted = new AbortController()
    const writers = [2, 3].map((seed) => postItems(connection, organization, some(12, seed), recordedAt))
    const folder = (async () => {
      while (!posted.signal.aborted) await fold(connection, organization.id, { today, rowsMax: 400 })
    })()
    const reader = (async () => {
      const answers: [string | null, string | null][] = []
      while (!posted.signal.aborted)
        answers.push(await reading(organization, (tx) => countTwice(tx, organization)))
      return answers
    })()
    await Promise.all(writers)
    posted.abort()
    await folder
    const answers = await reader
    expect(answers.length).toBeGreaterThan(0)
    expect(answers.map(([told]) => told)).toEqual(answers.map(([, added]) => added))
    await foldAll(organization)
    expect(await faults(organization)).toEqual([])
    expect(await due(organization)).toBe(false)
  })

  it('waits for no posting, and folds nothing that could come after what is folded', async () => {
    const organization = await makeOrganization(connection)
    await postItems(connection, organization, some(5, 4), recordedAt)
    const commit = Promise.withResolvers<void>()
    const written = Promise.withResolvers<void>()
    const slow = inTransaction(
      connection,
      { organizationId: organization.id, mode: 'write', timeoutMs: null },
      async (tx) => {
        await addRow(tx, organization)
        written.resolve()
        await commit.promise
      },
    )
    await written.promise
    expect(await foldAll(organization)).toBeGreaterThan(0)
    // Younger than the slow one: it stays in the tail until that has ended.
    await inTransaction(connection, { organizationId: organization.id, mode: 'write' }, (tx) =>
      addRow(tx, organization),
    )
    expect((await fold(connection, organization.id, { today })).rows).toBe(0)
    commit.resolve()
    await slow
    expect(await foldAll(organization)).toBe(2)
    expect(await faults(organization)).toEqual([])
  })

  it('keeps nobody waiting: neither readers nor writers nor another fold', async () => {
    const organization = await makeOrganization(connection)
    await postItems(connection, organization, some(5, 5), recordedAt)
    await addRates(connection, organization, quotations)
    const held = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const folding = inTransaction(
      connection,
      { organizationId: organization.id, mode: 'write' },
      async (tx) => {
        await tx.sql`insert into kpi_fold values (${organization.id}, '0', '-infinity', '-infinity', '-infinity', 0)`
        held.resolve()
        await release.promise
        throw new Error('killed')
      },
    ).catch(String)
    await held.promise
    const [told, added] = await reading(organization, (tx) => countTwice(tx, organization))
    expect(told).toBe(added)
    await inTransaction(connection, { organizationId: organization.id, mode: 'write' }, (tx) =>
      addRow(tx, organization),
    )
    release.resolve()
    await folding
    await foldAll(organization)
    const busy = await inTransaction(
      connection,
      { organizationId: organization.id, mode: 'write' },
      async (tx) => {
        await tx.sql`select from kpi_fold for update`
        return fold(connection, organization.id, { today })
      },
    )
    expect(busy.outcome).toBe('BUSY')
    expect(await faults(organization)).toEqual([])
  })

  it('stands a kill at any moment', async () => {
    const organization = await makeOrganization(connection)
    await postItems(connection, organization, some(30, 6), recordedAt)
    for (const afterMs of [0, 20, 60, 120, 250]) {
      const victim = await connect(database.url, { max: 1, applicationName: 'victim' })
      const folding = fold(victim, organization.id, { today, rowsMax: 20 }).catch(String)
      await sleep(afterMs)
      await connection.sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'victim'`
      await victim.close()
      await folding
      expect(await faults(organization)).toEqual([])
    }
    await foldAll(organization)
    expect(await due(organization)).toBe(false)
    expect(await faults(organization)).toEqual([])
  })

  it('is checked, and done anew where the sums were spoilt', async () => {
    const organization = await makeOrganization(connection)
    await postItems(connection, organization, some(8, 7), recordedAt)
    await foldAll(organization)
    await inTransaction(connection, { organizationId: organization.id, mode: 'write' }, async (tx) => {
      await tx.sql`update kpi_month set amount = amount + 1 where measure = 'BILLED'`
    })
    expect((await faults(organization)).map((fault) => fault.table)).toContain('kpi_month')
    await rebuild(connection, organization.id, { today, rowsMax: 30 })
    expect(await faults(organization)).toEqual([])
  })

  it('adds what books of the version before lack, and answers the same meanwhile', async () => {
    const organization = await makeOrganization(connection)
    await postItems(connection, organization, inUnits(some(10, 9)), recordedAt)
    await addRates(connection, organization, quotations)
    await fold(connection, organization.id, { today, rowsMax: 20, daysOfSegments: 0 })
    const days = () =>
      reading(
        organization,
        (tx) =>
          tx.sql`select from kpi_day where organization_id = ${organization.id} and level = ${LEVELS.SEGMENT}`,
      )
    const ask = () =>
      kpis(organization, {
        metrics: everyMetric,
        asOf: dateOf(day('2026-06-10')),
        groupBy: ['REGION', 'BUSINESS_UNIT'],
      })
    expect(await days()).toHaveLength(0)
    const before = await ask()
    expect(await due(organization)).toBe(true)
    await foldAll(organization)
    expect(await due(organization)).toBe(false)
    expect((await days()).length).toBeGreaterThan(0)
    expect(await faults(organization)).toEqual([])
    expect(await ask()).toEqual(before)
  })

  it('answers for a region and a business unit without a look at what it folded', async () => {
    const organization = await makeOrganization(connection)
    await postItems(connection, organization, inUnits(some(30, 10)), recordedAt)
    await addRates(connection, organization, quotations)
    const ask = () =>
      kpis(organization, {
        metrics: ['DSO', 'PAST_DUE', 'ON_TIME_RATE', 'CASH_COLLECTED', 'AVERAGE_DAYS_DELINQUENT', 'SALES'],
        from: dateOf(day('2025-03-04')),
        to: dateOf(day('2026-06-10')),
        groupBy: ['REGION', 'BUSINESS_UNIT'],
      })
    const before = await ask()
    await foldAll(organization)
    // As nobody may: whoever still had to read it would tell of it.
    await asOwner(connection, (tx) => tx.sql`delete from flow where organization_id = ${organization.id}`)
    expect(await ask()).toEqual(before)
    expect(new Set(before.map(shown)).size).toBeGreaterThan(20)
  })

  it('follows postings in the server, unasked', async () => {
    const server = await startTestServer({ clock: () => now })
    try {
      const organization = await server.createOrganization({ baseCurrency: 'USD', timeZone: 'UTC' })
      await postItems(server.connection, organization, some(5, 8), recordedAt)
      server.services.events.publish('posted', { organizationId: organization.id })
      const isDue = () =>
        inTransaction(server.connection, { organizationId: organization.id, mode: 'read' }, (tx) =>
          isFoldDue(tx, organization.id, today),
        )
      const deadline = performance.now() + 30_000
      while ((await isDue()) && performance.now() < deadline) await sleep(50)
      expect(await isDue()).toBe(false)
    } finally {
      await server.close()
    }
  })
})

describe('items that moved', { timeout: 240_000 }, () => {
  it('are where they were, or as if they had always been where they are', async () => {
    const organization = await makeOrganization(connection)
    await inTransaction(connection, { organizationId: organization.id, mode: 'write' }, async (tx) => {
      const dimensions = { businessUnit: null, channel: null, productLine: null, collectorId: null }
      for (const region of ['EMEA', 'APAC'])
        await segmentFor(tx, organization.id, { ...dimensions, currency: 'USD', region })
      // Billed on the 5th in EMEA, moved to APAC in April.
      await tx.sql`
        insert into flow (organization_id, measure, day, anchor, segment_id, amount, count, days, amount_days, recorded_at)
        select ${organization.id}, measure, day::date, '2025-02-05', segment.id, sign * 100, sign, 0, 0, clock_timestamp()
        from (values
          ('OPEN_BY_ISSUE', '2025-02-05', 'EMEA', 1), ('BILLED', '2025-02-05', 'EMEA', 1),
          ('OPEN_BY_ISSUE', '2025-04-10', 'EMEA', -1), ('OPEN_BY_ISSUE', '2025-04-10', 'APAC', 1),
          ('OPEN_BY_ISSUE~', '2025-02-05', 'EMEA', -1), ('OPEN_BY_ISSUE~', '2025-02-05', 'APAC', 1),
          ('BILLED~', '2025-02-05', 'EMEA', -1), ('BILLED~', '2025-02-05', 'APAC', 1),
          ('OPEN_BY_ISSUE~', '2025-04-10', 'EMEA', 1), ('OPEN_BY_ISSUE~', '2025-04-10', 'APAC', -1)
        ) as row (measure, day, region, sign) join segment using (region)`
    })
    const asWas = {
      'EMEA 2025-03-20': '1 1',
      'APAC 2025-03-20': '0 0',
      'EMEA 2025-05-20': '0 1',
      'APAC 2025-05-20': '1 0',
    }
    const asIs = {
      'EMEA 2025-03-20': '0 0',
      'APAC 2025-03-20': '1 1',
      'EMEA 2025-05-20': '0 0',
      'APAC 2025-05-20': '1 1',
    }
    for (const filter of ['REGION', 'SEGMENT'] as const) {
      expect(await openAndBilled(organization, filter, false)).toEqual(asWas)
      expect(await openAndBilled(organization, filter, true)).toEqual(asIs)
    }
    await fold(connection, organization.id, { today })
    expect(await faults(organization)).toEqual([])
    for (const filter of ['REGION', 'SEGMENT'] as const) {
      expect(await openAndBilled(organization, filter, false)).toEqual(asWas)
      expect(await openAndBilled(organization, filter, true)).toEqual(asIs)
    }
  })
})

/** Open invoices, older than 30 days, and invoices billed until then, of two regions on two days; by their cut or by their segment. */
async function openAndBilled(
  organization: KpiOrganization,
  cut: 'REGION' | 'SEGMENT',
  isAsIs: boolean,
): Promise<Record<string, string>> {
  return reading(organization, async (tx) => {
    const { source, segments } = await readSource(tx, organization, now, isAsIs ? 'AS_IS' : 'AS_WAS')
    const groups = groupSegments(segments, null, ['REGION'])
    const days = [day('2025-03-20'), day('2025-05-20')]
    const period = (to: number) => ({ from: day('2025-02-01'), to })
    const needs = noNeeds()
    for (const asked of days) {
      addInput(needs, balance('OPEN_BY_ISSUE', asked, 30, 'count'), period(asked).from)
      addInput(needs, movement('BILLED', period(asked), 'count'), period(asked).from)
    }
    const bySegment = (ids: readonly number[]) => ids.map((id) => ({ level: LEVELS.SEGMENT, id }))
    const { rowsOf } = await fetchBooks(
      { ...source, cut: cut === 'SEGMENT' ? bySegment : source.cut },
      needs,
      groups,
      ['USD'],
      { first: days[0] ?? 0, last: days[1] ?? 0 },
    )
    return Object.fromEntries(
      groups.flatMap((group) => {
        const book = bookOf(rowsOf(group))
        return days.map((asked) => [
          `${group.key.region} ${formatDay(asked)}`,
          `${book.balance('OPEN_BY_ISSUE', 'USD', asked, 30).count} ${book.movement('BILLED', 'USD', period(asked)).count}`,
        ])
      }),
    )
  })
}

describe('the cuts of a set of segments', () => {
  const dimensions = { businessUnit: null, channel: null, productLine: null, collectorId: null }
  const segments = [
    { ...dimensions, id: 1, currency: 'USD', region: 'EMEA', businessUnit: 'Parts' },
    { ...dimensions, id: 2, currency: 'USD', region: 'EMEA', businessUnit: 'Service' },
    { ...dimensions, id: 3, currency: 'USD', region: 'APAC', businessUnit: 'Parts' },
    { ...dimensions, id: 4, currency: 'USD', region: null },
    { ...dimensions, id: 5, currency: 'EUR', region: 'EMEA' },
  ]
  const cut = cutter(segments)
  it.each<[string, number[], { level: number; id: number }[]]>([
    ['all of a currency', [1, 2, 3, 4], [{ level: LEVELS.ORGANIZATION, id: 1 }]],
    ['a value of a dimension', [1, 2], [{ level: LEVELS.REGION, id: 1 }]],
    [
      'two values of one',
      [1, 2, 3],
      [
        { level: LEVELS.BUSINESS_UNIT, id: 1 },
        { level: LEVELS.BUSINESS_UNIT, id: 2 },
      ],
    ],
    [
      'a combination',
      [2, 3],
      [
        { level: LEVELS.BUSINESS_UNIT, id: 2 },
        { level: LEVELS.SEGMENT, id: 3 },
      ],
    ],
    ['no value', [4], [{ level: LEVELS.SEGMENT, id: 4 }]],
    ['nothing', [], []],
  ])('%s', (_name, ids, wanted) => {
    const found = cut(ids)
    expect(found).toHaveLength(wanted.length)
    expect(found).toEqual(
      expect.arrayContaining(wanted.map((one) => expect.objectContaining({ id: one.id }))),
    )
  })
})

/** Open invoices as the KPI tells, and as the rows add up, in one snapshot. */
async function countTwice(tx: Tx, organization: KpiOrganization): Promise<[string | null, string | null]> {
  const asOf = Temporal.PlainDate.from('2025-09-10')
  const [row] = await readKpis(tx, organization, {
    metrics: ['OPEN_INVOICE_COUNT'],
    asOf,
    now,
    settledAt: now,
  })
  const [added] = await tx.sql<{ count: string }[]>`
    select coalesce(sum(count), 0)::text as count from flow where measure = 'OPEN_BY_ISSUE' and day <= ${asOf.toString()}::date`
  return [row?.valueExact ?? null, added?.count ?? null]
}

/** The smallest posting. */
const addRow = (tx: Tx, { id }: KpiOrganization) => tx.sql`
  insert into flow (organization_id, measure, day, anchor, segment_id, amount, count, days, amount_days, recorded_at)
  select ${id}, 'OPEN_BY_ISSUE', '2025-02-01', '2025-02-01', min(id), 100, 1, 0, 0, clock_timestamp() from segment`
