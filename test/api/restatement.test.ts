/** What a past figure was when it was first known, what it is now, and which entries moved it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction, openReader } from '@tidemark/drizzle/transaction.ts'
import { formatMinor } from '@tidemark/server/domain/money.ts'
import { readKpis } from '@tidemark/server/kpi/queries.ts'
import { readRestatements, type RestatementQuery } from '@tidemark/server/kpi/restatement.ts'
import type { KpiOrganization } from '@tidemark/server/kpi/source.ts'
import type { PlainItem } from '../support/brute-force.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { day, entry } from '../support/kpi-books.ts'
import { makeManifoldBooks } from '../support/manifold-books.ts'
import { makeOrganization, postItems } from '../support/post-histories.ts'

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

const restate = async (
  organization: KpiOrganization,
  query: Pick<RestatementQuery, 'metrics' | 'from' | 'to'> & Partial<RestatementQuery>,
  first = 1_000,
) => {
  const reader = openReader(connection, organization.id, { timeoutMs: 30_000 })
  try {
    const found = await readRestatements(reader, organization, {
      now,
      settledAt: now,
      afterDays: 1,
      ...query,
    })
    return await Promise.all(found.map(async (one) => ({ ...one, entries: await one.entries(first) })))
  } finally {
    await reader.close()
  }
}

describe('a bill and a payment that were recorded late', () => {
  /** Noon of the day on which each posting was recorded. */
  const days = ['2026-01-10', '2026-01-31', '2026-02-10', '2026-02-15', '2026-03-05']
  const recordedAt = (posting: number) => Temporal.Instant.from(`${days[posting]}T12:00:00Z`)
  const place = { currency: 'USD', region: 'EMEA' }
  const bill = (amount: bigint, on: string, posting: number, more: PlainItem['entries'] = []): PlainItem => ({
    ...place,
    kind: 'INVOICE',
    startsOn: day(on),
    entries: [{ ...entry('INVOICED', amount, day(on), { dueOn: day(on) + 30 }), posting }, ...more],
  })
  let organization: KpiOrganization
  beforeAll(async () => {
    organization = await makeOrganization(connection, { timeZone: 'America/New_York' })
    const paid = { ...entry('PAYMENT_APPLIED', -300_00n, day('2026-01-25')), posting: 3 }
    await postItems(
      connection,
      organization,
      [
        bill(1_000_00n, '2026-01-10', 0, [paid]),
        bill(500_00n, '2026-01-20', 2),
        bill(70_00n, '2026-01-31', 1),
        // Known in time: it was recorded on its day.
        bill(40_00n, '2026-03-05', 4),
        {
          ...place,
          kind: 'RECEIPT',
          startsOn: day('2026-01-25'),
          entries: [
            { ...entry('RECEIVED', 300_00n, day('2026-01-25')), posting: 3 },
            { ...entry('APPLIED', -300_00n, day('2026-01-25')), posting: 3 },
          ],
        },
      ],
      recordedAt,
    )
  })

  it('are told with the figure that they moved', async () => {
    const restated = await restate(organization, {
      metrics: ['TOTAL_RECEIVABLES'],
      from: date('2026-01-01'),
      to: date('2026-03-31'),
    })
    expect(
      restated.map(({ date, firstKnown, now, change }) => [
        date.toString(),
        firstKnown.valueExact,
        now.valueExact,
        change,
      ]),
    ).toEqual([
      ['2026-01-31', '1070.00', '1270.00', '200.00'],
      ['2026-02-28', '1270.00', '1270.00', '0.00'],
      ['2026-03-31', '1310.00', '1310.00', '0.00'],
    ])
    // First known: the end of the day after, where the organization is.
    expect(restated[0]?.firstKnown.knownAt.toString()).toBe('2026-02-02T04:59:59.999Z')
    const told = restated[0]?.entries.map(({ kind, amount, effectiveOn, recordedAt, itemKind, auditId }) => [
      kind,
      formatMinor(amount),
      effectiveOn.toString(),
      recordedAt.toString().slice(0, 10),
      itemKind,
      auditId.length,
    ])
    expect(told?.[0]).toEqual(['INVOICED', '500.00', '2026-01-20', '2026-02-10', 'INVOICE', 36])
    const others = told?.slice(1).map(([kind]) => kind)
    expect(others?.toSorted()).toEqual(['APPLIED', 'PAYMENT_APPLIED', 'RECEIVED'])
    expect(restated.slice(1).map(({ entries }) => entries)).toEqual([[], []])
  })

  it('count as known the later, the longer one waits', async () => {
    const restated = await restate(organization, {
      metrics: ['TOTAL_RECEIVABLES'],
      from: date('2026-01-01'),
      to: date('2026-01-31'),
      afterDays: 10,
    })
    expect(
      restated.map(({ firstKnown, change, entries }) => [firstKnown.valueExact, change, entries.length]),
    ).toEqual([['1570.00', '-300.00', 3]])
  })

  it('give no more than is asked for, and refuse what is out of bounds', async () => {
    const query = {
      metrics: ['TOTAL_RECEIVABLES' as const],
      from: date('2026-01-01'),
      to: date('2026-01-31'),
    }
    const [one] = await restate(organization, query, 1)
    expect(one?.entries.map(({ kind }) => kind)).toEqual(['INVOICED'])
    await expect(restate(organization, query, -1)).rejects.toThrow('first must be from 0 to 1000, not -1.')
    await expect(restate(organization, { ...query, afterDays: 400 })).rejects.toThrow(
      'afterDays must be from 0 to 366, not 400.',
    )
    await expect(restate(organization, { ...query, to: date('2027-01-31') })).rejects.toThrow(
      'to must not lie after today',
    )
    await expect(
      restate(organization, { ...query, from: date('2025-01-01'), granularity: 'DAY' }),
    ).rejects.toThrow('more than 40: ask in parts.')
  })
})

describe('on random books', { timeout: 60_000 }, () => {
  it('a figure that no entry moved is what it was', async () => {
    const organization = await makeManifoldBooks(connection, 99)
    const query = {
      metrics: ['TOTAL_RECEIVABLES' as const, 'DSO' as const],
      from: date('2025-11-03'),
      to: date('2026-03-20'),
      granularity: 'WEEK' as const,
      currency: 'EUR',
      filter: { region: ['EMEA', 'Nordics'] },
    }
    const restated = await restate(organization, query)
    expect(restated).toHaveLength(40)
    for (const { metric, date: asOf, firstKnown, now: today, change, entries } of restated) {
      const [known] = await inTransaction(
        connection,
        { organizationId: organization.id, mode: 'read' },
        (tx) =>
          readKpis(tx, organization, {
            ...query,
            metrics: [metric.metric],
            from: null,
            to: null,
            asOf,
            now,
            settledAt: now,
            knownAt: firstKnown.knownAt,
          }),
      )
      expect([known?.valueExact, known?.reason]).toEqual([firstKnown.valueExact, firstKnown.reason])
      const isMoved = today.valueExact !== firstKnown.valueExact
      expect({ asOf, isMoved: isMoved && entries.length === 0 }).toEqual({ asOf, isMoved: false })
      expect(change === null || Number(change) !== 0).toBe(change === null || isMoved)
    }
    expect(restated.some(({ entries }) => entries.length === 0)).toBe(true)
    expect(restated.some(({ change }) => change !== null && Number(change) !== 0)).toBe(true)
  })
})
