/** Flow that is written anew out of the ledger, as after a migration that taught the posting rule to count more. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isFlowStale } from '@tidemark/drizzle/migrate.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { fold } from '@tidemark/server/ledger/fold.ts'
import { replayStale } from '@tidemark/server/ledger/replay.ts'
import { openBooks, type Books } from '../support/books.ts'
import { postItems } from '../support/post-histories.ts'
import { randomItems } from '../support/random-books.ts'
import { expectSoundBooks } from '../support/sound-books.ts'

const FIRST = Temporal.Instant.from('2026-03-01T10:00:00.123456Z')

describe('flow of an older posting rule', () => {
  let books: Books
  beforeAll(async () => {
    books = await openBooks()
    const items = fc.sample(randomItems({ minLength: 40, maxLength: 40 }), { seed: 7, numRuns: 1 })[0] ?? []
    await postItems(books.connection, books.organization, items, (posting) =>
      FIRST.add({ hours: 24 * posting }),
    )
  })
  afterAll(() => books.close())

  const sums = () =>
    inTransaction(
      books.connection,
      { organizationId: books.organization.id, mode: 'read' },
      (tx) => tx.sql`
        select recorded_at::text, measure, segment_id, day::text, anchor::text, sum(amount)::text, sum(count)::text,
          sum(days)::text, sum(amount_days)::text
        from flow group by 1, 2, 3, 4, 5
        having sum(amount) <> 0 or sum(count) <> 0 or sum(days) <> 0 or sum(amount_days) <> 0
        order by 1, 2, 3, 4, 5`,
    )

  it('is written anew as it was posted, moment by moment, and what was folded of it is given up', async () => {
    const { sql } = books.connection
    const before = await sums()
    await fold(books.connection, books.organization.id, { today: Temporal.PlainDate.from('2026-11-22') })
    await sql`delete from flow where measure in ('AT_RISK', 'BAD_DEBT') or day < '2025-06-01'`
    await sql`comment on table flow is 'stale'`
    expect(await isFlowStale(sql)).toBe(true)
    await Promise.all([replayStale(books.connection), replayStale(books.connection)])
    expect(await isFlowStale(sql)).toBe(false)
    expect(await sums()).toEqual(before)
    expect(await sql`select from kpi_fold`).toHaveLength(0)
    await expectSoundBooks(books.connection, books.organization.id)
  })

  it('is left alone where no migration left word', async () => {
    const before = await books.connection.sql`select xid::text from flow order by xid desc limit 1`
    await replayStale(books.connection)
    expect(await books.connection.sql`select xid::text from flow order by xid desc limit 1`).toEqual(before)
  })
})
