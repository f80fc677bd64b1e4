/** Closed months: what they refuse, and who waits for whom, over a real PostgreSQL. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { importInvoices } from '@tidemark/server/imports/commands.ts'
import { loadMapping } from '@tidemark/server/imports/mapping.ts'
import { correctInvoice } from '@tidemark/server/invoice/correct.ts'
import { voidInvoice } from '@tidemark/server/invoice/void.ts'
import { writeOffInvoice } from '@tidemark/server/invoice/write-off.ts'
import { closingLock, holdClosing } from '@tidemark/server/ledger/closing.ts'
import { closePeriod, reopenPeriod } from '@tidemark/server/period/commands.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBooks, type Books } from '../support/books.ts'
import { execute } from '../support/graphql.ts'
import { startTestServer } from '../support/server.ts'

let books: Books
beforeEach(async () => {
  books = await openBooks()
})
afterEach(() => books.close())

const date = (text: string) => Temporal.PlainDate.from(text)
const close = (through: string, more = {}) =>
  closePeriod(books.context, { through: date(through), dryRun: false, ...more })
const reopen = (from: string, more = {}) =>
  reopenPeriod(books.context, { from: date(from), reason: 'A late bill', dryRun: false, ...more })

const ask = <Row extends object>(statement: string) =>
  inTransaction(books.connection, { organizationId: books.organization.id, mode: 'read' }, (tx) =>
    tx.sql.unsafe<Row[]>(statement),
  )

const closedThrough = async () =>
  (await ask<{ closed_through: string }>('select closed_through from book_closing'))[0]?.closed_through ??
  null

describe('closePeriod', () => {
  it('closes up to the end of a month that is over, and further', async () => {
    expect(await close('2026-03-31')).toMatchObject({ previous: null })
    expect(await closedThrough()).toBe('2026-03-31')
    expect(await close('2026-05-31')).not.toHaveProperty('code')
    expect(await closedThrough()).toBe('2026-05-31')
  })

  it('refuses what is no month’s end, is not over, or is closed already', async () => {
    for (const through of ['2026-05-30', '2026-06-30', '2027-01-31', '0026-01-31']) {
      expect(await close(through)).toMatchObject({ code: 'INVALID', path: ['through'] })
    }
    await close('2026-05-31')
    expect(await close('2026-05-31')).toMatchObject({ code: 'INVALID', path: ['through'] })
    expect(await close('2026-04-30')).toMatchObject({ code: 'INVALID', path: ['through'] })
  })

  it('tries in a dry run, and is carried out once for a key', async () => {
    expect(await close('2026-03-31', { dryRun: true })).toMatchObject({ audit: null })
    expect(await closedThrough()).toBeNull()
    const first = await close('2026-03-31', { idempotencyKey: 'close' })
    expect(await close('2026-03-31', { idempotencyKey: 'close' })).toEqual(first)
    expect(await ask(`select before, after from audit where action = 'closePeriod'`)).toEqual([
      { before: { closedThrough: null }, after: { closedThrough: '2026-03-31' } },
    ])
  })
})

describe('reopenPeriod', () => {
  it('opens a month and all after it', async () => {
    await close('2026-05-31')
    expect(await reopen('2026-04-01')).not.toHaveProperty('code')
    expect(await closedThrough()).toBe('2026-03-31')
    expect(await books.bill('A-1', '1.00', '2026-04-01', '2026-05-01')).toHaveProperty('invoiceId')
    expect(await books.bill('A-2', '1.00', '2026-03-31', '2026-05-01')).toMatchObject({
      code: 'CLOSED_PERIOD',
    })
  })

  it('refuses what is no month’s first day, what is open, and to say no reason', async () => {
    expect(await reopen('2026-04-01')).toMatchObject({ code: 'INVALID', path: ['from'] })
    await close('2026-03-31')
    expect(await reopen('2026-03-02')).toMatchObject({ code: 'INVALID', path: ['from'] })
    expect(await reopen('2026-04-01')).toMatchObject({ code: 'INVALID', path: ['from'] })
    expect(await reopen('2026-03-01', { reason: '' })).toMatchObject({ path: ['reason'] })
    expect(await closedThrough()).toBe('2026-03-31')
  })
})

describe('a closed month', () => {
  it('refuses whatever would be posted into it, and says what to do', async () => {
    await books.bill('B-1', '100.00', '2026-04-10', '2026-05-10')
    await books.bill('B-2', '100.00', '2026-04-10', '2026-05-10')
    await close('2026-05-31')
    const of = { invoice: { number: 'B-1' }, dryRun: false }
    const may = date('2026-05-20')
    const refusals = [
      [await books.bill('B-3', '1.00', '2026-05-31', '2026-06-30'), 'issuedOn'],
      [await books.pay('1.00', '2026-05-31', { 'B-1': '1.00' }), 'receivedOn'],
      [await voidInvoice(books.context, { ...of, occurredOn: may, reason: 'x' }), 'occurredOn'],
      [await writeOffInvoice(books.context, { ...of, occurredOn: may, code: 'BAD_DEBT' }), 'occurredOn'],
      [
        await correctInvoice(books.context, {
          ...of,
          number: 'B-4',
          amount: { amount: '90.00', currency: 'USD' },
          issuedOn: may,
          reason: 'x',
        }),
        'issuedOn',
      ],
    ] as const
    for (const [outcome, path] of refusals) {
      expect(outcome).toMatchObject({ code: 'CLOSED_PERIOD', path: [path] })
      expect(outcome).toMatchObject({ message: expect.stringContaining('Give 2026-06-01') as unknown })
    }
  })

  it('takes it on the first open day, and remembers when it happened', async () => {
    await books.bill('B-1', '100.00', '2026-04-10', '2026-05-10')
    await close('2026-05-31')
    const effectiveOn = date('2026-06-01')
    const bill = await books.bill('B-2', '50.00', '2026-05-20', '2026-06-19', { effectiveOn })
    const of = { invoice: { number: 'B-1' }, dryRun: false, code: 'BAD_DEBT' as const }
    const given = await writeOffInvoice(books.context, { ...of, occurredOn: date('2026-05-20'), effectiveOn })
    expect([isProblem(bill), isProblem(given)]).toEqual([false, false])
    const entries = await ask(
      `select e.kind, effective_on, occurred_on from ledger_entry e where effective_on >= '2026-06-01' order by 1`,
    )
    expect(entries.map((entry) => Object.values(entry))).toEqual([
      ['INVOICED', '2026-06-01', '2026-05-20'],
      ['WRITTEN_OFF', '2026-06-01', '2026-05-20'],
    ])
    // What had been told of May is still so.
    expect(await ask(`select from flow where day <= '2026-05-31' and day > '2026-05-10'`)).toEqual([])
  })

  it('takes no accounting date that is closed itself, before it happened, or after today', async () => {
    await close('2026-04-30')
    const bill = (effectiveOn: string) =>
      books.bill('B-1', '1.00', '2026-04-20', '2026-06-19', { effectiveOn: date(effectiveOn) })
    expect(await bill('2026-04-30')).toMatchObject({ code: 'CLOSED_PERIOD', path: ['effectiveOn'] })
    expect(await bill('2026-04-19')).toMatchObject({ code: 'INVALID', path: ['effectiveOn'] })
    expect(await bill('2026-07-01')).toMatchObject({ code: 'INVALID', path: ['effectiveOn'] })
    expect(await bill('2026-05-03')).toHaveProperty('invoiceId')
  })
})

describe('an import', () => {
  it('rejects the rows that would be posted into closed months, each with its line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-period-'))
    try {
      const mapping = await loadMapping('generic')
      const head = 'customer_number,invoice_number,issued_on,due_on,amount,currency,settled_on'
      const importRows = async (...rows: string[]) => {
        const path = join(folder, 'books.csv')
        await writeFile(path, `${[head, ...rows].join('\n')}\n`)
        return importInvoices(books.context, path, { mapping, partial: true, dryRun: false })
      }
      const open = 'C-1,I-1,2026-04-10,2026-05-10,10.00,USD,'
      await importRows(open)
      await close('2026-05-31')
      const report = await importRows(
        open,
        'C-1,I-2,2026-05-31,2026-06-30,10.00,USD,',
        'C-1,I-3,2026-06-01,2026-06-30,10.00,USD,2026-05-30',
        'C-1,I-4,2026-06-01,2026-06-30,10.00,USD,',
      )
      expect(report.rows).toMatchObject({ new: 1, unchanged: 1, rejected: 2 })
      expect(report.problems.map(({ line, column, reason }) => `${line} ${column}: ${reason}`)).toEqual([
        '3 issued_on: 2026-05-31 lies in a closed month: the books are closed through 2026-05-31',
        '4 settled_on: 2026-05-30 lies in a closed month: the books are closed through 2026-05-31',
      ])
      const changed = await importRows(
        open.replace('10.00', '12.00'),
        'C-1,I-4,2026-06-01,2026-06-30,11.00,USD,',
      )
      expect(changed.problems.map(({ line, column }) => `${line} ${column}`)).toEqual(['2 amount'])
      const settled = await importRows(`${open}2026-05-20`)
      expect(settled.problems.map(({ line, column }) => `${line} ${column}`)).toEqual(['2 settled_on'])
      expect((await importRows(`${open}2026-06-02`)).outcome).toBe('IMPORTED')
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe('closing while others post', () => {
  const transaction = () => ({ organizationId: books.organization.id, mode: 'write' as const })
  const waiting = async () => {
    const rows = await books.connection.sql<{ waits: number }[]>`
      select count(*)::int as waits from pg_locks where locktype = 'advisory' and not granted`
    return rows[0]?.waits ?? 0
  }
  const untilWaiting = async (count: number) => {
    while ((await waiting()) < count) await new Promise((resolve) => setTimeout(resolve, 10))
  }

  it('waits for postings under way', async () => {
    let closing: ReturnType<typeof close> | undefined
    await inTransaction(books.connection, transaction(), async (tx) => {
      await holdClosing(tx, books.organization.id)
      closing = close('2026-05-31')
      await untilWaiting(1)
      expect(await closedThrough()).toBeNull()
    })
    expect(await closing).not.toHaveProperty('code')
  })

  it('makes postings that come later wait, and refuses them then', async () => {
    let bill: ReturnType<Books['bill']> | undefined
    await inTransaction(books.connection, transaction(), async (tx) => {
      await tx.sql`select pg_advisory_xact_lock(hashtextextended(${closingLock(books.organization.id)}, 0))`
      bill = books.bill('A-1', '1.00', '2026-05-31', '2026-06-30')
      await untilWaiting(1)
      await tx.sql`insert into book_closing values (${books.organization.id}, '2026-05-31')`
    })
    expect(await bill).toMatchObject({ code: 'CLOSED_PERIOD' })
  })

  it('gives up where a posting takes long, and leaves nothing behind', async () => {
    await inTransaction(books.connection, transaction(), async (tx) => {
      await holdClosing(tx, books.organization.id)
      expect(await close('2026-05-31', { idempotencyKey: 'k' })).toMatchObject({ code: 'CONFLICT' })
    })
    expect(await close('2026-05-31', { idempotencyKey: 'k' })).not.toHaveProperty('code')
  })

  it('lets nothing slip into a closed month, whatever races', async () => {
    const bills = Array.from({ length: 24 }, (_, index) =>
      books.bill(`R-${index}`, '1.00', index % 2 === 0 ? '2026-05-31' : '2026-06-01', '2026-07-01'),
    )
    const [closed, ...outcomes] = await Promise.all([close('2026-05-31'), ...bills])
    expect(closed).not.toHaveProperty('code')
    const refused = outcomes.flatMap((outcome, index) =>
      isProblem(outcome) ? [`${outcome.code} ${index % 2 === 0 ? 'May' : 'June'}`] : [],
    )
    expect(new Set([...refused, 'CLOSED_PERIOD May'])).toEqual(new Set(['CLOSED_PERIOD May']))
    const late = await ask(
      `select from ledger_entry e, audit a
       where a.action = 'closePeriod' and e.effective_on <= '2026-05-31' and e.recorded_at > a.recorded_at`,
    )
    expect(late).toEqual([])
  })
})

describe('through the API', () => {
  it('a manager closes, only an admin reopens, and everybody sees it', async () => {
    const clock = () => Temporal.Instant.from('2026-06-30T12:00:00Z')
    const server = await startTestServer({ clock })
    try {
      const organization = await server.createOrganization()
      const [manager, admin] = await Promise.all([
        server.createToken(organization, 'manager'),
        server.createToken(organization, 'admin'),
      ])
      const closing = `mutation { closePeriod(input: { through: "2026-05-31" }) {
        __typename ... on ClosePeriodSuccess { closedThrough previous audit { id } } } }`
      const reopening = `mutation { reopenPeriod(input: { from: "2026-05-01", reason: "A late bill" }) {
        __typename ... on ReopenPeriodSuccess { closedThrough previous } } }`
      expect(await execute(server.url, manager, closing)).toMatchObject({
        closePeriod: { __typename: 'ClosePeriodSuccess', closedThrough: '2026-05-31', previous: null },
      })
      const seen = '{ organization { closedThrough } }'
      expect(await execute(server.url, manager, seen)).toEqual({
        organization: { closedThrough: '2026-05-31' },
      })
      await expect(execute(server.url, manager, reopening)).rejects.toThrow(/period:reopen/)
      expect(await execute(server.url, admin, reopening)).toEqual({
        reopenPeriod: {
          __typename: 'ReopenPeriodSuccess',
          closedThrough: '2026-04-30',
          previous: '2026-05-31',
        },
      })
    } finally {
      await server.close()
    }
  })
})
