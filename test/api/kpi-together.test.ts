/** What is remembered between answers, and what fields read together, changes no answer. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { kpiSetting } from '@tidemark/drizzle/tables/kpi.ts'
import { asOwner, inTransaction, openReader, type Tx } from '@tidemark/drizzle/transaction.ts'
import { dateOf } from '@tidemark/server/domain/day.ts'
import { kpiDefinitions } from '@tidemark/server/domain/registry.ts'
import { readAging } from '@tidemark/server/kpi/aging.ts'
import { readKpis, readKpiValues } from '@tidemark/server/kpi/queries.ts'
import type { KpiDimension } from '@tidemark/server/kpi/segments.ts'
import type { KpiOrganization } from '@tidemark/server/kpi/source.ts'
import { fold, rebuild } from '@tidemark/server/ledger/fold.ts'
import { replay } from '@tidemark/server/ledger/replay.ts'
import { segmentFor } from '@tidemark/server/ledger/segments.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { foldAll } from '../support/fold-all.ts'
import { makeOrganization, postItems, type PlainItem } from '../support/post-histories.ts'
import { anyDay, randomItems } from '../support/random-books.ts'
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
const common = { now, settledAt: now }
const everyMetric = kpiDefinitions.map((definition) => definition.metric)
const asOf = Temporal.PlainDate.from('2026-06-30')
const recordedAt = (posting: number) =>
  Temporal.Instant.from('2025-02-10T09:00:00Z').add({ hours: 24 * 40 * posting })

const reading = <T>(
  { id }: KpiOrganization,
  run: (tx: Tx) => Promise<T>,
  of: Connection = connection,
): Promise<T> => inTransaction(of, { organizationId: id, mode: 'read' }, run)

const byPlace = (organization: KpiOrganization) => (tx: Tx) =>
  readKpis(tx, organization, {
    ...common,
    metrics: ['TOTAL_RECEIVABLES', 'SALES', 'DSO'],
    groupBy: ['REGION', 'BUSINESS_UNIT'],
    asOf,
  })

/** As a process answers that never answered before. */
async function freshly<T>(organization: KpiOrganization, run: (tx: Tx) => Promise<T>): Promise<T> {
  const fresh = await connect(database.url, { max: 1 })
  try {
    return await reading(organization, run, fresh)
  } finally {
    await fresh.close()
  }
}

const [someItems = []] = fc.sample(randomItems({ minLength: 8, maxLength: 8 }), { numRuns: 1, seed: 7 })
const unitsOf = (rows: readonly { readonly businessUnit: string | null }[]) =>
  new Set(rows.map((row) => row.businessUnit))

async function postAt(organization: KpiOrganization, businessUnit: string) {
  const items = someItems.map((item): PlainItem => ({ ...item, currency: 'USD', businessUnit }))
  await postItems(connection, organization, items, recordedAt)
}

describe('what is remembered', () => {
  it('is asked for again: new segments, books that begin earlier and other conventions', async () => {
    const organization = await makeOrganization(connection)
    expect(await reading(organization, byPlace(organization))).toEqual([])
    for (const unit of ['Parts', 'Service', 'Spares']) {
      await postAt(organization, unit)
      const rows = await reading(organization, byPlace(organization))
      expect(unitsOf(rows).has(unit)).toBe(true)
      expect(rows).toEqual(await freshly(organization, byPlace(organization)))
    }
    await inTransaction(connection, { organizationId: organization.id, mode: 'write' }, (tx) =>
      tx.insert(kpiSetting).values({
        organizationId: organization.id,
        conventions: { periodMonths: 12 },
        calendar: { kind: 'CALENDAR_MONTHS' },
      }),
    )
    const rows = await reading(organization, byPlace(organization))
    expect(rows[0]?.conventions.periodMonths).toBe(12)
    expect(rows).toEqual(await freshly(organization, byPlace(organization)))
  })

  it('is not what a later snapshot had', async () => {
    const organization = await makeOrganization(connection)
    await postAt(organization, 'Parts')
    const before = await reading(organization, byPlace(organization))
    const reader = openReader(connection, organization.id)
    try {
      await reader.read((tx) => tx.sql`select`)
      await postAt(organization, 'Service')
      const after = await reading(organization, byPlace(organization))
      expect(unitsOf(after)).toEqual(new Set(['Parts', 'Service']))
      expect(await reader.read(byPlace(organization))).toEqual(before)
      expect(await reading(organization, byPlace(organization))).toEqual(after)
    } finally {
      await reader.close()
    }
  })

  it('is nothing that was undone', async () => {
    const organization = await makeOrganization(connection)
    await postAt(organization, 'Parts')
    await reading(organization, byPlace(organization))
    const region = (tx: Tx) =>
      readKpiValues(
        tx,
        organization,
        [{ metric: 'TOTAL_RECEIVABLES', asOf, filter: { businessUnit: ['Gone'] } }],
        { now },
      )
    const undone = inTransaction(
      connection,
      { organizationId: organization.id, mode: 'write' },
      async (tx) => {
        const place = { region: 'EMEA', channel: null, productLine: null, collectorId: null }
        await segmentFor(tx, organization.id, { ...place, currency: 'USD', businessUnit: 'Gone' })
        await region(tx)
        throw new Error('Undone')
      },
    )
    await expect(undone).rejects.toThrow('Undone')
    // Gets the ids that were given before.
    await postAt(organization, 'Service')
    const rows = await reading(organization, byPlace(organization))
    expect(unitsOf(rows)).toEqual(new Set(['Parts', 'Service']))
    expect(rows).toEqual(await freshly(organization, byPlace(organization)))
  })
})

describe('goals that are evaluated again and again', { timeout: 240_000 }, () => {
  const today = Temporal.PlainDate.from('2026-07-01')
  const requests = (
    [
      {},
      { region: ['EMEA'] },
      { businessUnit: ['Parts'] },
      { businessUnit: ['Parts'], region: ['APAC'] },
    ] as const
  ).flatMap((filter) => everyMetric.map((metric) => ({ metric, asOf, filter })))
  const evaluated = (organization: KpiOrganization) => (tx: Tx) =>
    readKpiValues(tx, organization, requests, { now, isRepeated: true })
  /** Filter by filter, and as a process that has kept nothing. */
  const apart = (organization: KpiOrganization) =>
    freshly(organization, async (tx) => {
      const values = []
      for (const part of Map.groupBy(requests, ({ filter }) => filter).values())
        values.push(...(await readKpiValues(tx, organization, part, { now })))
      return values
    })
  const place = (items: readonly PlainItem[], businessUnit: string | null) =>
    items.map((item): PlainItem => ({ ...item, currency: 'USD', businessUnit }))

  it('have the values of the moment, whatever was posted, folded or written anew since', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.constantFrom('POST', 'POST', 'FOLD', 'REPLAY', 'REBUILD', 'FOLD_DAYS'),
            randomItems({ minLength: 1, maxLength: 3 }),
            fc.constantFrom('Parts', 'Service', null),
          ),
          { minLength: 3, maxLength: 6 },
        ),
        async (steps) => {
          const organization = await makeOrganization(connection)
          await postAt(organization, 'Parts')
          await fold(connection, organization.id, { today, daysOfSegments: 0 })
          await reading(organization, evaluated(organization))
          for (const [index, [drawn, items, unit]] of steps.entries()) {
            // Whatever is drawn: each book is posted to.
            const step = index === 0 || index === steps.length - 1 ? 'POST' : drawn
            if (step === 'POST') await postItems(connection, organization, place(items, unit), recordedAt)
            else if (step === 'FOLD') await fold(connection, organization.id, { today, daysOfSegments: 0 })
            else if (step === 'FOLD_DAYS') await fold(connection, organization.id, { today })
            else if (step === 'REBUILD') await rebuild(connection, organization.id, { today })
            else await asOwner(connection, (tx) => replay(tx, organization.id))
            const values = await reading(organization, evaluated(organization))
            expect(values).toEqual(await apart(organization))
            seen.add(JSON.stringify(values))
          }
        },
      ),
      { numRuns: 5 },
    )
    expect(seen.size).toBeGreaterThan(5)
  })

  it('read nothing that was folded before', async () => {
    const organization = await makeOrganization(connection)
    await postAt(organization, 'Parts')
    await foldAll(connection, organization.id, today)
    const before = await reading(organization, evaluated(organization))
    // As nobody may: whoever still had to read it would tell of it.
    await asOwner(connection, async (tx) => {
      await tx.sql`delete from kpi_month where organization_id = ${organization.id}`
      await tx.sql`delete from kpi_day where organization_id = ${organization.id}`
      await tx.sql`delete from kpi_checkpoint where organization_id = ${organization.id}`
    })
    expect(await reading(organization, evaluated(organization))).toEqual(before)
    expect(await apart(organization)).not.toEqual(before)
  })
})

describe('fields that read at the same time', { timeout: 240_000 }, () => {
  const dimension = fc.constantFrom<KpiDimension>('CURRENCY', 'BUSINESS_UNIT', 'REGION', 'CHANNEL')
  const day = anyDay.map(dateOf)
  const question = fc.record({
    asOf: day,
    from: fc.option(day),
    metrics: fc.uniqueArray(fc.constantFrom(...everyMetric), { minLength: 1, maxLength: 6 }),
    groupBy: fc.uniqueArray(dimension, { maxLength: 1 }),
    filter: fc.constantFrom(null, null, { region: ['EMEA'] }),
    knownAt: fc.constantFrom(null, null, recordedAt(2)),
    conventions: randomConventions,
    edges: fc.constantFrom([30, 60, 90], [30, 60, 90], [7, 45]),
    isAging: fc.boolean(),
  })

  it('get what each of them gets alone', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomItems({ minLength: 1, maxLength: 15 }),
        fc.array(question, { minLength: 2, maxLength: 5 }),
        async (items, questions) => {
          const organization = await makeOrganization(connection)
          const placed = items.map((item, index): PlainItem => ({
            ...item,
            currency: 'USD',
            businessUnit: index % 2 === 0 ? 'Parts' : null,
          }))
          await postItems(connection, organization, placed, recordedAt)
          const answers = questions.map(
            ({ isAging, from, edges, metrics, groupBy, conventions, ...query }) =>
              async (tx: Tx): Promise<unknown> => {
                const base = { ...common, ...query }
                if (isAging)
                  return { ...(await readAging(tx, organization, { ...base, edges })), unexplained: null }
                const series = from === null ? {} : { from, granularity: 'QUARTER' as const }
                return readKpis(tx, organization, { ...base, ...series, metrics, groupBy, conventions })
              },
          )
          const alone: unknown[] = []
          for (const answer of answers) alone.push(await reading(organization, answer).catch(String))
          const together = await reading(organization, (tx) =>
            Promise.all(answers.map((answer) => answer(tx).catch(String))),
          )
          expect(together).toEqual(alone)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('send their statements once, and the same number as one of them', async () => {
    const organization = await makeOrganization(connection)
    await postAt(organization, 'Parts')
    const kpis = (tx: Tx) =>
      readKpis(tx, organization, { ...common, metrics: ['TOTAL_RECEIVABLES', 'PAST_DUE', 'DSO'], asOf })
    const aging = (tx: Tx) => readAging(tx, organization, { ...common, asOf })
    const single = await connect(database.url, { max: 1 })
    const count = async (run: (tx: Tx) => Promise<unknown>) => {
      let sent = 0
      const options = single.sql.options as { debug: unknown }
      await reading(
        organization,
        async (tx) => {
          await tx.sql`select`
          options.debug = () => (sent += 1)
          await run(tx)
          options.debug = false
        },
        single,
      )
      return sent
    }
    try {
      await count(kpis)
      const alone = await count(kpis)
      expect(alone).toBeGreaterThan(3)
      expect(await count((tx) => Promise.all([kpis(tx), aging(tx), kpis(tx)]))).toBe(alone)
    } finally {
      await single.close()
    }
  })
})
