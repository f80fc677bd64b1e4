import * as fc from 'fast-check'
import { GraphQLError } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { dateOf, dayOf } from '@tidemark/server/domain/day.ts'
import { trailingPeriods } from '@tidemark/server/domain/fiscal.ts'
import type { KpiMetric } from '@tidemark/server/domain/kpi.ts'
import { Exact, formatMajor, formatMinor } from '@tidemark/server/domain/money.ts'
import { kpiDefinition, kpiDefinitions } from '@tidemark/server/domain/registry.ts'
import { readAging, type AgingQuery } from '@tidemark/server/kpi/aging.ts'
import {
  readKpis,
  readKpiValues,
  type KpiQuery,
  type KpiRequest,
  type KpiRow,
} from '@tidemark/server/kpi/queries.ts'
import type { KpiOrganization } from '@tidemark/server/kpi/source.ts'
import { bruteForce, type PlainItem, type Question } from '../support/brute-force.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { execute, request } from '../support/graphql.ts'
import { conventionsOf, day } from '../support/kpi-books.ts'
import { addRates, makeOrganization, postItems } from '../support/post-histories.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { randomConventions } from '../support/random-conventions.ts'
import { POSTINGS, quotations, randomItems } from '../support/random-books.ts'

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

const now = Temporal.Instant.from('2026-11-20T12:00:00Z')
const date = (text: string) => Temporal.PlainDate.from(text)
/** Of credit, credit-kpis.test.ts has a twin of its own. */
const everyMetric = kpiDefinitions.filter(({ theme }) => theme !== 'CREDIT').map(({ metric }) => metric)

const reading = <T>(organization: KpiOrganization, run: (tx: Tx) => Promise<T>): Promise<T> =>
  inTransaction(connection, { organizationId: organization.id, mode: 'read' }, run)
const kpis = (organization: KpiOrganization, query: Omit<KpiQuery, 'now' | 'settledAt'>) =>
  reading(organization, (tx) => readKpis(tx, organization, { now, settledAt: now, ...query }))
const aging = (organization: KpiOrganization, query: Omit<AgingQuery, 'now' | 'settledAt'>) =>
  reading(organization, async (tx) => {
    const found = await readAging(tx, organization, { now, settledAt: now, ...query })
    return { ...found, unexplained: await found.unexplained(tx) }
  })

/** Each posting was recorded a day after the one before. */
const recordedAt = (posting: number) =>
  Temporal.Instant.from('2026-01-01T00:00:00Z').add({ hours: 24 * posting })

describe('on random books in PostgreSQL', { timeout: 120_000 }, () => {
  let organization: KpiOrganization
  let items: PlainItem[]
  beforeAll(async () => {
    organization = await makeOrganization(connection)
    items =
      fc.sample(randomItems({ minLength: 120, maxLength: 120 }), { seed: 20261122, numRuns: 1 })[0] ?? []
    await postItems(connection, organization, items, recordedAt)
    await addRates(connection, organization, quotations)
  }, 60_000)

  /** What brute force says to one row. */
  function twin(
    row: Pick<KpiRow, 'metric' | 'currency' | 'conventions'>,
    question: Omit<Question, 'conventions' | 'currency'>,
  ) {
    const { conventions, currency } = row
    const { value, reason } = bruteForce(
      row.metric,
      items,
      { ...question, conventions, currency },
      'USD',
      quotations,
    )
    if (value === null) return reason
    const exact = new Exact(value)
    const text =
      kpiDefinition(row.metric).unit === 'MONEY'
        ? formatMajor(exact, currency)
        : exact.toDecimalPlaces(10).toFixed()
    return text.replace(/^-(0(\.0*)?)$/, '$1')
  }

  const shown = (row: Pick<KpiRow, 'valueExact' | 'reason'>) => row.valueExact ?? row.reason

  const choices = fc.record({
    conventions: randomConventions,
    currency: fc.constantFrom('USD', 'EUR', 'JPY'),
    posting: fc.integer({ min: 1, max: POSTINGS }),
    last: fc.integer({ min: day('2024-11-25'), max: day('2026-04-10') }),
    grouped: fc.boolean(),
    region: fc.constantFrom(null, null, 'EMEA'),
    granularity: fc.constantFrom('DAY' as const, 'WEEK' as const, 'MONTH' as const, 'QUARTER' as const),
    length: fc.integer({ min: 0, max: 70 }),
  })
  const some = (numRuns: number) => fc.sample(choices, { seed: 7, numRuns })

  it('the rows of one day are what brute force says', async () => {
    for (const { conventions, currency, posting, last, grouped, region } of some(25)) {
      const rows = await kpis(organization, {
        metrics: everyMetric,
        groupBy: grouped ? ['REGION'] : [],
        asOf: dateOf(last),
        knownAt: recordedAt(posting),
        filter: region === null ? null : { region: [region] },
        currency,
        conventions,
      })
      const period = trailingPeriods(last, conventions.periodMonths, conventions.calendar)
      const wanted = rows.map((row) => [
        row.metric,
        twin(row, {
          day: last,
          from: period.from,
          asOf: last,
          posting,
          region: grouped ? row.region : region,
        }),
      ])
      expect(rows.map((row) => [row.metric, shown(row)])).toEqual(wanted)
      expect(rows.length).toBeGreaterThanOrEqual(everyMetric.length)
    }
  })

  it('every point of a series is what brute force says, buckets cut at both ends', async () => {
    for (const { conventions, currency, posting, last, granularity, length, region } of some(6)) {
      const from = last - length
      const rows = await kpis(organization, {
        metrics: everyMetric,
        from: dateOf(from),
        to: dateOf(last + 3),
        granularity,
        asOf: dateOf(last),
        knownAt: recordedAt(posting),
        filter: region === null ? null : { region: [region] },
        currency,
        conventions,
      })
      const days = [...new Set(rows.map((row) => dayOf(row.date)))]
      const wanted = rows.map((row) => {
        const on = dayOf(row.date)
        const before = days[days.indexOf(on) - 1]
        return twin(row, {
          day: on,
          from: before === undefined ? from : before + 1,
          asOf: last,
          posting,
          region,
        })
      })
      expect(rows.map(shown)).toEqual(wanted)
      expect(days.at(-1)).toBe(last + 3)
    }
  })

  it('many single values with filters of their own are what brute force says, in their order', async () => {
    const asked = some(60).map(({ conventions, currency, last, region }, index) => {
      const metric = everyMetric[index % everyMetric.length] ?? 'DSO'
      const request = {
        metric,
        asOf: dateOf(last),
        filter: region === null ? null : { region: [region] },
        currency,
        conventions,
      } satisfies KpiRequest
      return { request, last, region }
    })
    const values = await reading(organization, (tx) =>
      readKpiValues(
        tx,
        organization,
        asked.map(({ request }) => request),
        { now },
      ),
    )
    const wanted = asked.map(({ request, last, region }) => {
      const { periodMonths, calendar } = request.conventions
      const { from } = trailingPeriods(last, periodMonths, calendar)
      return twin(request, { day: last, from, asOf: last, posting: POSTINGS, region })
    })
    expect(values.map(shown)).toEqual(wanted)
  })

  it('aging adds up, and the ledger has nothing that it does not explain', async () => {
    for (const { currency, posting, last, region } of some(12)) {
      const found = await aging(organization, {
        asOf: dateOf(last),
        knownAt: recordedAt(posting),
        currency,
        edges: [7, 30, 60],
        filter: region === null ? null : { region: [region] },
      })
      const question = { day: last, from: last, asOf: last, posting, region }
      const total = twin({ metric: 'TOTAL_RECEIVABLES', currency, conventions: conventionsOf() }, question)
      const cash = twin({ metric: 'UNAPPLIED_CASH', currency, conventions: conventionsOf() }, question)
      const isBeforeTheBooks = total === 'INSUFFICIENT_HISTORY'
      expect(formatMinor(found.total)).toBe(isBeforeTheBooks ? formatMajor(new Exact(0), currency) : total)
      expect(formatMinor(found.unappliedCash)).toBe(isBeforeTheBooks ? formatMinor(found.total) : cash)
      const sum = found.buckets.reduce((all, bucket) => all + bucket.amount.minor, 0n)
      expect(sum).toBe(found.total.minor)
      expect(formatMinor(found.unexplained)).toBe(formatMajor(new Exact(0), currency))
    }
  })

  it('sends the same few statements for one value and for a thousand', async () => {
    const count = async (query: Omit<KpiQuery, 'now' | 'settledAt'>) => {
      const sent = new Set<object>()
      await reading(organization, async (tx) => {
        const sql = new Proxy(tx.sql, {
          apply: (target, self, args: Parameters<typeof tx.sql>) => {
            const made = Reflect.apply(target, self, args) as { handle?: () => unknown }
            // A part of a statement is made like one, but never sent on its own.
            const send = made.handle?.bind(made)
            if (send !== undefined)
              made.handle = () => {
                sent.add(made)
                return send()
              }
            return made
          },
        })
        await readKpis(Object.assign(Object.create(tx) as Tx, { sql }), organization, {
          now,
          settledAt: now,
          ...query,
        })
      })
      return sent.size
    }
    // Since when there are books and what was chosen, how plans are made before and after, and what stands at the end of
    // the day.
    expect(await count({ metrics: ['TOTAL_RECEIVABLES'], filter: { currency: ['USD'] } })).toBe(4)
    // Besides what happened, what became of it and how long it took; rates, and what comes from outside.
    const series = { from: date('2026-01-01'), to: date('2026-03-31'), granularity: 'WEEK' as const }
    expect(await count({ metrics: everyMetric, groupBy: ['CURRENCY', 'REGION'], ...series })).toBe(9)
  })

  it('what was not known yet is not 0', async () => {
    const before = recordedAt(1).subtract({ hours: 1 })
    const [row] = await kpis(organization, {
      metrics: ['PAST_DUE'],
      asOf: date('2026-01-31'),
      knownAt: before,
    })
    expect(row).toMatchObject({ value: null, reason: 'NOT_KNOWN_THEN', knownAt: before })
    await expect(aging(organization, { knownAt: before })).rejects.toThrow(
      'Nothing had been recorded by knownAt',
    )
  })
})

/** An invoice of 10 January 2026, due 30 days later. */
const bill = (currency: string, region: string, minor: bigint): PlainItem => ({
  kind: 'INVOICE',
  currency,
  region,
  startsOn: day('2026-01-10'),
  entries: [
    {
      kind: 'INVOICED',
      installment: 1,
      amount: minor,
      effectiveOn: day('2026-01-10'),
      occurredOn: day('2026-01-10'),
      dueOn: day('2026-02-09'),
      counterpartId: null,
      posting: 1,
    },
  ],
})

describe('arguments', () => {
  let organization: KpiOrganization
  beforeAll(async () => {
    organization = await makeOrganization(connection, { timeZone: 'Pacific/Auckland' })
    const items = [bill('USD', 'EMEA', 100_00n), bill('EUR', 'EMEA', 50_00n), bill('USD', 'APAC', 7_00n)]
    await postItems(connection, organization, items, () => Temporal.Instant.from('2026-01-11T00:00:00Z'))
  })

  it('stand at the end of today in the zone of the organization', async () => {
    const query = {
      metrics: ['OPEN_INVOICE_COUNT' as const],
      now: Temporal.Instant.from('2026-11-20T12:00:00Z'),
    }
    const [row] = await kpis(organization, query)
    // At noon in Greenwich it is already the 21st in Auckland.
    expect(row?.date.toString()).toBe('2026-11-21')
    expect(row?.time.toString()).toBe('2026-11-21T10:59:59.999Z')
    expect(row).toMatchObject({ value: 3, valueExact: '3', unit: 'COUNT', currency: 'USD', reason: null })
  })

  it('group, in order, with the same columns in every row', async () => {
    const rows = await kpis(organization, {
      metrics: ['INVOICES_SENT', 'OPEN_INVOICE_COUNT'],
      groupBy: ['REGION', 'CURRENCY'],
      from: date('2026-01-01'),
      to: date('2026-02-28'),
    })
    expect(
      rows.map((row) => [row.date.toString(), row.metric, row.region, row.documentCurrency, row.value]),
    ).toEqual(
      [
        ['2026-01-31', 'INVOICES_SENT', 1],
        ['2026-01-31', 'OPEN_INVOICE_COUNT', 1],
        ['2026-02-28', 'INVOICES_SENT', 0],
        ['2026-02-28', 'OPEN_INVOICE_COUNT', 1],
      ].flatMap(([on, metric, value]) => [
        [on, metric, 'APAC', 'USD', value],
        [on, metric, 'EMEA', 'EUR', value],
        [on, metric, 'EMEA', 'USD', value],
      ]),
    )
    expect(new Set(rows.map((row) => Object.keys(row).join(' '))).size).toBe(1)
  })

  it('need no rate where the filter leaves one currency, and name the missing one elsewhere', async () => {
    const asOf = date('2026-01-31')
    const metrics: KpiMetric[] = ['TOTAL_RECEIVABLES']
    const [inUsd] = await kpis(organization, { metrics, asOf, filter: { currency: ['USD'] } })
    expect(inUsd?.valueExact).toBe('107.00')
    const [inEuro] = await kpis(organization, {
      metrics,
      asOf,
      filter: { currency: ['EUR'] },
      currency: 'EUR',
    })
    expect(inEuro?.valueExact).toBe('50.00')

    const rows = await kpis(organization, { metrics: ['TOTAL_RECEIVABLES', 'OPEN_INVOICE_COUNT'], asOf })
    expect(rows).toMatchObject([
      {
        value: null,
        valueExact: null,
        reason: 'MISSING_RATE',
        message: 'There is no exchange rate of EUR for 2026-01-31, nor for any of the seven days before it.',
      },
      // What takes no rate is told all the same.
      { value: 3, reason: null, message: null },
    ])
    await expect(aging(organization, { asOf })).rejects.toMatchObject({
      extensions: { code: 'MISSING_RATE', currency: 'EUR', day: '2026-01-31' },
    })
    const [value] = await reading(organization, (tx) =>
      readKpiValues(tx, organization, [{ metric: 'TOTAL_RECEIVABLES', asOf }], { now }),
    )
    expect(value).toMatchObject({
      valueExact: null,
      reason: null,
      missingRate: { currency: 'EUR', day: asOf },
    })
  })

  it('know nothing of the future', async () => {
    const rows = await kpis(organization, {
      metrics: ['OPEN_INVOICE_COUNT'],
      from: date('2026-10-01'),
      to: date('2026-12-31'),
    })
    expect(rows.map((row) => row.value ?? row.reason)).toEqual([3, 'IN_THE_FUTURE', 'IN_THE_FUTURE'])
    const [later] = await kpis(organization, { metrics: ['PAST_DUE'], asOf: date('2027-01-01') })
    expect(later?.reason).toBe('IN_THE_FUTURE')
    expect(later?.asOf.toString()).toBe('2026-11-21')
    await expect(aging(organization, { asOf: date('2027-01-01') })).rejects.toThrow(
      'asOf must not lie after today',
    )
  })

  it('a filter on what no segment has gives 0, and no groups', async () => {
    const filter = { region: ['NOWHERE'] }
    const [row] = await kpis(organization, { metrics: ['OPEN_INVOICE_COUNT'], filter })
    expect(row?.value).toBe(0)
    const [none] = await kpis(organization, { metrics: ['OPEN_INVOICE_COUNT'], filter: { region: [] } })
    expect(none?.value).toBe(0)
    expect(await kpis(organization, { metrics: ['PAST_DUE'], filter, groupBy: ['REGION'] })).toEqual([])
    expect((await aging(organization, { filter })).total.minor).toBe(0n)
  })

  it.each<[string, Omit<KpiQuery, 'now' | 'settledAt'>, string]>([
    ['no metrics', { metrics: [] }, 'metrics must name at least one KPI'],
    [
      'three dimensions',
      { metrics: ['DSO'], groupBy: ['REGION', 'CHANNEL', 'CURRENCY'] },
      'groupBy must be at most 2',
    ],
    ['to alone', { metrics: ['DSO'], to: date('2026-01-01') }, 'to needs from'],
    [
      'from after to',
      { metrics: ['DSO'], from: date('2026-02-01'), to: date('2026-01-01') },
      'from (2026-02-01) must not lie after to (2026-01-01)',
    ],
    [
      'too many points',
      { metrics: ['DSO'], from: date('2020-01-01'), to: date('2026-01-01'), granularity: 'DAY' },
      'granularity DAY makes more than 800 points',
    ],
    [
      'a month too many',
      { metrics: ['DSO'], conventions: { dsoMonths: 25 } },
      'conventions.dsoMonths must be',
    ],
    ['no currency', { metrics: ['DSO'], currency: 'EURO' }, 'currency must be a currency code'],
    ['another age', { metrics: ['DSO'], asOf: date('1066-10-14') }, 'asOf must lie between 1950 and 2199'],
  ])('refuse %s', async (_name, query, message) => {
    const refused = kpis(organization, query)
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toBeInstanceOf(GraphQLError)
    await expect(refused).rejects.toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } })
  })

  it('refuse an answer that is too long, before it is computed', async () => {
    const metrics = everyMetric.slice(0, 20)
    const days = (from: string) =>
      kpis(organization, {
        metrics,
        groupBy: ['REGION'],
        granularity: 'DAY',
        filter: { currency: ['USD'] },
        from: date(from),
        to: date('2026-11-20'),
      })
    expect(await days('2026-03-16')).toHaveLength(20 * 2 * 250)
    await expect(days('2026-03-15')).rejects.toThrow(
      'The answer would have 10040 rows, more than 10000: ask in parts.',
    )
  })

  it('refuse edges that are none', async () => {
    await expect(aging(organization, { edges: [60, 30] })).rejects.toThrow('edges must ascend')
  })

  it('have no values in books without entries', async () => {
    const empty = await makeOrganization(connection)
    const rows = await kpis(empty, { metrics: everyMetric })
    expect(new Set(rows.map((row) => row.reason))).toEqual(new Set(['INSUFFICIENT_HISTORY', 'NOT_RECORDED']))
    expect((await aging(empty, {})).total.minor).toBe(0n)
  })

  it('never show the books of another organization', async () => {
    const other = await makeOrganization(connection)
    const [row] = await reading(other, (tx) =>
      readKpis(tx, organization, { metrics: ['OPEN_INVOICE_COUNT'], now, settledAt: now }),
    )
    expect(row?.value).toBeNull()
  })
})

describe('over HTTP', () => {
  let server: TestServer
  let organization: KpiOrganization
  let token: string
  const collectorId = crypto.randomUUID()
  beforeAll(async () => {
    server = await startTestServer({ clock: () => now })
    const created = await server.createOrganization({ baseCurrency: 'USD', timeZone: 'UTC' })
    organization = created
    token = await server.createToken(created, 'viewer')
    await inTransaction(server.connection, { organizationId: created.id, mode: 'write' }, async (tx) => {
      await tx.insert(person).values({ organizationId: created.id, id: collectorId, name: 'Ada Keller' })
    })
    const items = [
      { ...bill('USD', 'EMEA', 100_00n), collectorId },
      { ...bill('USD', 'APAC', 50_00n), collectorId: null },
    ]
    await postItems(server.connection, organization, items, () =>
      Temporal.Instant.from('2026-01-11T00:00:00Z'),
    )
  })
  afterAll(() => server.close())

  it('kpis answers in long format, collectors by opaque id and name', async () => {
    const { kpis } = await execute<{ kpis: unknown[] }>(
      server.url,
      token,
      `{ kpis(metrics: [PAST_DUE, PAST_DUE_SHARE], groupBy: [COLLECTOR], asOf: "2026-02-28") {
        metric date time value valueExact unit currency reason numerator denominator collectorId collectorName region
        conventions { dsoMonths rateBasis } } }`,
    )
    const row = {
      metric: 'PAST_DUE',
      date: '2026-02-28',
      time: '2026-02-28T23:59:59.999Z',
      value: 100,
      valueExact: '100.00',
      unit: 'MONEY',
      currency: 'USD',
      reason: null,
      numerator: null,
      denominator: null,
      collectorId: `person_${collectorId}`,
      collectorName: 'Ada Keller',
      region: null,
      conventions: { dsoMonths: 3, rateBasis: 'COUNT' },
    }
    const nobody = { ...row, value: 50, valueExact: '50.00', collectorId: null, collectorName: null }
    const share = { metric: 'PAST_DUE_SHARE', unit: 'PERCENT', value: 100, valueExact: '100' }
    expect(kpis).toEqual([
      row,
      nobody,
      { ...row, ...share, numerator: '100', denominator: '100' },
      { ...nobody, ...share, numerator: '50', denominator: '50' },
    ])
  })

  it('a filter takes the ids that the rows gave', async () => {
    const query = `query ($id: ID!) { kpis(metrics: [PAST_DUE], asOf: "2026-02-28", filter: { collectorId: [$id] }) { value } }`
    const valueFor = (id: string) => execute<{ kpis: unknown }>(server.url, token, query, { id })
    expect(await valueFor(`person_${collectorId}`)).toEqual({ kpis: [{ value: 100 }] })
    expect(await valueFor(collectorId)).toEqual({ kpis: [{ value: 0 }] })
  })

  it('aging explains itself', async () => {
    const { aging } = await execute<{ aging: unknown }>(
      server.url,
      token,
      `{ aging(asOf: "2026-03-11") { asOf by buckets { label fromDays toDays amount { amount currency } count share }
        total { amount } unappliedCash { amount } unappliedCredits { amount } ledgerBalance { amount } unexplained { amount } } }`,
    )
    const bucket = (
      label: string,
      fromDays: number | null,
      toDays: number | null,
      amount: string,
      count: number,
    ) => ({
      label,
      fromDays,
      toDays,
      amount: { amount, currency: 'USD' },
      count,
      share: count === 0 ? 0 : 100,
    })
    expect(aging).toEqual({
      asOf: '2026-03-11',
      by: 'DUE_DATE',
      buckets: [
        bucket('Current', null, 0, '0.00', 0),
        bucket('1-30', 1, 30, '150.00', 2),
        bucket('31-60', 31, 60, '0.00', 0),
        bucket('61-90', 61, 90, '0.00', 0),
        bucket('91+', 91, null, '0.00', 0),
      ],
      total: { amount: '150.00' },
      unappliedCash: { amount: '0.00' },
      unappliedCredits: { amount: '0.00' },
      ledgerBalance: { amount: '150.00' },
      unexplained: { amount: '0.00' },
    })
  })

  it('the catalog explains every KPI', async () => {
    const { kpiCatalog } = await execute<{ kpiCatalog: { metric: string }[] }>(
      server.url,
      token,
      `{ kpiCatalog { metric name description formula source unit better theme conventions
        choices { name description values default } inputs { name kind measure description } } }`,
    )
    expect(kpiCatalog.map(({ metric }) => metric)).toEqual(kpiDefinitions.map(({ metric }) => metric))
  })

  it('what is refused says why, under a code', async () => {
    const { errors } = await request(
      server.url,
      token,
      '{ kpis(metrics: [DSO], conventions: { dsoMonths: 99 }) { value } }',
    )
    expect(errors).toMatchObject([
      {
        message: 'conventions.dsoMonths must be a whole number from 1 to 24, not 99.',
        path: ['kpis'],
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ])
  })
})
