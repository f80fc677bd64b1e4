/** Flow that is written anew out of the ledger, as after a migration that taught the posting rule to count more. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { applyMigrations, isFlowStale, readMigrations } from '@tidemark/drizzle/migrate.ts'
import { asOwner, inTransaction } from '@tidemark/drizzle/transaction.ts'
import { openDatabase } from '@tidemark/server/database.ts'
import { fold } from '@tidemark/server/ledger/fold.ts'
import { replayStale } from '@tidemark/server/ledger/replay.ts'
import { openBooks, type Books } from '../support/books.ts'
import { createEmptyDatabase, type TestDatabase } from '../support/database.ts'
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

describe('books of the version before', () => {
  let database: TestDatabase
  let connection: Connection
  beforeAll(async () => {
    database = await createEmptyDatabase()
    connection = await connect(database.url, { max: 2 })
  })
  afterAll(async () => {
    await connection.close()
    await database.drop()
  })

  /** Tables as they were before the migration, as the owner who makes them. */
  const migrateUpTo = async (tag: string) => {
    const migrations = await readMigrations()
    const before = migrations.slice(
      0,
      migrations.findIndex((one) => one.tag === tag),
    )
    await asOwner(connection, (tx) => applyMigrations(tx.sql, before))
  }
  const organizationId = crypto.randomUUID()
  const [customerId, invoiceId, receiptId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()]

  /** 100 billed on 5 January, paid twenty days later; flow as the rule was then, without days. */
  const writeBooks = () =>
    connection.sql.begin(async (sql) => {
      await sql`
        insert into organization (id, slug, name, base_currency, time_zone) values (${organizationId}, 'old', 'Old', 'USD', 'UTC')`
      await sql`insert into segment (organization_id, id, currency) values (${organizationId}, 1, 'USD')`
      await sql`
        insert into customer (organization_id, id, number, name, terms_days) values (${organizationId}, ${customerId}, 'C-1', 'Old', 30)`
      await sql`
        insert into item (organization_id, id, kind, customer_id, segment_id, starts_on)
        values (${organizationId}, ${invoiceId}, 'INVOICE', ${customerId}, 1, '2026-01-05'),
          (${organizationId}, ${receiptId}, 'RECEIPT', ${customerId}, 1, '2026-01-25')`
      await sql`
        insert into ledger_entry (organization_id, item_id, sequence, kind, amount, effective_on, occurred_on, recorded_at, due_on, counterpart_id, audit_id)
        values
          (${organizationId}, ${invoiceId}, 1, 'INVOICED', 10000, '2026-01-05', '2026-01-05', '2026-01-05T10:00Z', '2026-02-04', null, ${organizationId}),
          (${organizationId}, ${invoiceId}, 2, 'PAYMENT_APPLIED', -10000, '2026-01-25', '2026-01-25', '2026-01-25T10:00Z', null, ${receiptId}, ${organizationId}),
          (${organizationId}, ${receiptId}, 1, 'RECEIVED', 10000, '2026-01-25', '2026-01-25', '2026-01-25T10:00Z', null, null, ${organizationId}),
          (${organizationId}, ${receiptId}, 2, 'APPLIED', -10000, '2026-01-25', '2026-01-25', '2026-01-25T10:00Z', null, ${invoiceId}, ${organizationId})`
      await sql`
        insert into flow (organization_id, measure, day, anchor, segment_id, amount, count, days, amount_days, recorded_at)
        values (${organizationId}, 'PAID', '2026-01-25', '2026-01-25', 1, 10000, 1, 0, 0, '2026-01-25T10:00Z')`
    })

  it('are found and written anew when a server opens them', async () => {
    await migrateUpTo('0007_movements')
    await writeBooks()
    expect(await isFlowStale(connection.sql)).toBe(false)

    const opened = await openDatabase(
      { kind: 'external', url: database.url, listenUrl: database.url },
      { asServer: false },
    )
    await opened.close()
    expect(await isFlowStale(connection.sql)).toBe(false)
    const paid = await connection.sql`
      select measure, day::text, anchor::text, amount::text, amount_days::text, recorded_at = '2026-01-25T10:00Z' as kept from flow
      where measure like 'PAID%' order by measure`
    const row = { amount: '10000', kept: true }
    expect(paid).toEqual([
      { ...row, measure: 'PAID', day: '2026-01-25', anchor: '2026-01-25', amount_days: '200000' },
      { ...row, measure: 'PAID_BY_MONTH', day: '2026-01-25', anchor: '2026-01-01', amount_days: '200000' },
      { ...row, measure: 'PAID_WITHIN_30', day: '2026-02-04', anchor: '2026-01-05', amount_days: '0' },
      { ...row, measure: 'PAID_WITHIN_60', day: '2026-03-06', anchor: '2026-01-05', amount_days: '0' },
    ])
  })
})
