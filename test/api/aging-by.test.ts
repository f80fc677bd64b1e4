/** Aging by segment and by customer: both add up to the aging of all, as of any day and as known at any moment. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import type { AgingBucket } from '@tidemark/server/domain/aging.ts'
import { dateOf } from '@tidemark/server/domain/day.ts'
import { readAgingByCustomer } from '@tidemark/server/kpi/aging-customers.ts'
import { readAging, readAgingBySegment, type AgingQuery } from '@tidemark/server/kpi/aging.ts'
import type { KpiOrganization } from '@tidemark/server/kpi/source.ts'
import { writeAudit } from '@tidemark/server/ledger/audit.ts'
import { lockItems } from '@tidemark/server/ledger/histories.ts'
import { post, type NewEntry } from '@tidemark/server/ledger/post.ts'
import { segmentFor } from '@tidemark/server/ledger/segments.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { entry } from '../support/kpi-books.ts'
import { addRates, makeOrganization, postItems } from '../support/post-histories.ts'
import { anyDay, POSTINGS, quotations, randomItems } from '../support/random-books.ts'

const now = Temporal.Instant.from('2026-11-20T12:00:00Z')
const recordedAt = (posting: number) =>
  Temporal.Instant.from('2026-01-01T00:00:00Z').add({ hours: 24 * posting })
const CUSTOMERS = 4

let database: TestDatabase
let connection: Connection
let organization: KpiOrganization
beforeAll(async () => {
  database = await createDatabase()
  connection = await connect(database.url, { max: 4 })
  organization = await makeOrganization(connection)
  // Each posts for a customer of its own.
  for (const items of fc.sample(randomItems({ minLength: 12, maxLength: 25 }), {
    seed: 5,
    numRuns: CUSTOMERS,
  }))
    await postItems(connection, organization, items, recordedAt)
  await addRates(connection, organization, quotations)
  await moveSome()
}, 60_000)
afterAll(async () => {
  await connection.close()
  await database.drop()
})

/** Every third invoice moves to another region a month after it was billed, which is recorded last. */
const moveSome = () =>
  inTransaction(connection, { organizationId: organization.id, mode: 'write' }, async (tx) => {
    const rows = await tx.sql<{ id: string; customer_id: string }[]>`
      select id, customer_id from item where kind = 'INVOICE' order by id`
    const moved = rows.filter((_, index) => index % 3 === 0)
    const locked = await lockItems(
      tx,
      organization.id,
      [...new Set(moved.map((row) => row.customer_id))],
      moved.map((row) => row.id),
    )
    const entries: NewEntry[] = []
    for (const item of locked.values()) {
      const nordics = { currency: item.currency, region: 'Nordics', businessUnit: null, channel: null }
      const segmentId = await segmentFor(tx, organization.id, {
        ...nordics,
        productLine: null,
        collectorId: null,
      })
      entries.push({ ...entry('MOVED', 0n, item.startsOn + 30, { segmentId }), itemId: item.id })
    }
    const author = { organization, actor: 'test' }
    const audit = await writeAudit(
      tx,
      author,
      { action: 'moveInvoice', subject: organization.id },
      recordedAt(POSTINGS + 1),
    )
    await post(tx, organization.id, audit, { locked, entries })
  })

const reading = <T>(run: (tx: Tx) => Promise<T>): Promise<T> =>
  inTransaction(connection, { organizationId: organization.id, mode: 'read' }, run)

/** In one currency, so that nothing is rounded. */
const query = fc
  .record({
    day: anyDay,
    posting: fc.integer({ min: 1, max: POSTINGS + 2 }),
    by: fc.constantFrom('DUE_DATE' as const, 'INVOICE_DATE' as const),
    edges: fc.constantFrom([30, 60, 90], [], [7, 14, 45, 200]),
    currency: fc.constantFrom('USD', 'EUR', 'JPY'),
    region: fc.constantFrom(null, 'EMEA', 'Nordics'),
  })
  .map(({ day, posting, by, edges, currency, region }): AgingQuery => ({
    asOf: dateOf(day),
    knownAt: recordedAt(posting),
    by,
    edges,
    currency,
    filter: { currency: [currency], ...(region === null ? {} : { region: [region] }) },
    now,
    settledAt: now,
  }))

const sums = (all: readonly (readonly AgingBucket[])[], of: number) =>
  Array.from({ length: of }, (_, index) => [
    all.reduce((sum, buckets) => sum + (buckets[index]?.amount.minor ?? 0n), 0n),
    all.reduce((sum, buckets) => sum + (buckets[index]?.count ?? 0), 0),
  ])

describe('on random books, some of whose invoices moved', { timeout: 120_000 }, () => {
  it('the customers, page by page, add up to the aging of all', async () => {
    for (const asked of fc.sample(query, { seed: 11, numRuns: 60 })) {
      const all = await reading((tx) => readAging(tx, organization, asked))
      const first = await reading((tx) => readAgingByCustomer(tx, organization, { ...asked, first: 2 }))
      const rest = await reading((tx) =>
        readAgingByCustomer(tx, organization, { ...asked, first: 9, after: first.pageInfo.endCursor }),
      )
      const customers = first.pageInfo.hasNextPage ? [...first.nodes, ...rest.nodes] : first.nodes
      expect(customers).toHaveLength(first.totalCount)
      expect(new Set(customers.map(({ customerId }) => customerId)).size).toBe(first.totalCount)
      expect(
        sums(
          customers.map(({ buckets }) => buckets),
          all.buckets.length,
        ),
      ).toEqual(sums([all.buckets], all.buckets.length))
      const unapplied = customers.reduce((sum, one) => sum + one.unapplied.minor, 0n)
      expect(unapplied).toBe(all.unappliedCash.minor + all.unappliedCredits.minor)
      const totals = customers.map(({ total }) => total.minor)
      expect(totals).toEqual(totals.toSorted((a, b) => (a < b ? 1 : a > b ? -1 : 0)))
    }
  })

  it('the segments add up to the aging of all', async () => {
    for (const asked of fc.sample(query, { seed: 12, numRuns: 40 })) {
      const all = await reading((tx) => readAging(tx, organization, asked))
      const groups = await reading((tx) =>
        readAgingBySegment(tx, organization, { ...asked, groupBy: ['REGION', 'CURRENCY'] }),
      )
      expect(
        sums(
          groups.map(({ aging }) => aging.buckets),
          all.buckets.length,
        ),
      ).toEqual(sums([all.buckets], all.buckets.length))
    }
  })

  it('refuses what it cannot answer', async () => {
    const asked = { now, settledAt: now }
    await expect(
      reading((tx) => readAgingBySegment(tx, organization, { ...asked, groupBy: [] })),
    ).rejects.toThrow('groupBy must name 1 or 2 dimensions, not 0.')
    await expect(
      reading((tx) => readAgingByCustomer(tx, organization, { ...asked, first: 0 })),
    ).rejects.toThrow('first must be from 1 to 1000, not 0.')
    await expect(
      reading((tx) => readAgingByCustomer(tx, organization, { ...asked, first: 1, after: 'x' })),
    ).rejects.toThrow('after must be the endCursor of a page of agingByCustomer.')
  })
})
