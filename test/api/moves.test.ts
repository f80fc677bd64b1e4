/** Customers and invoices that move between segments: nothing is won or lost, and what was stays where it was. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { openDispute } from '@tidemark/server/dispute/open.ts'
import { dayOf } from '@tidemark/server/domain/day.ts'
import { segmentOfShare } from '@tidemark/server/domain/shares.ts'
import { encodeId } from '@tidemark/server/ids.ts'
import { importInvoices } from '@tidemark/server/imports/commands.ts'
import { loadMapping } from '@tidemark/server/imports/mapping.ts'
import type { ImportReport } from '@tidemark/server/imports/report.ts'
import { readKpis } from '@tidemark/server/kpi/queries.ts'
import { closePeriod } from '@tidemark/server/period/commands.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { moveCustomer } from '@tidemark/server/segment/move-customer.ts'
import { moveInvoice } from '@tidemark/server/segment/move-invoice.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBooks, type Books } from '../support/books.ts'
import { allItems, flowAndProjection } from '../support/flow-check.ts'

let books: Books
beforeEach(async () => {
  books = await openBooks()
  await write(`update customer set region = 'North', business_unit = 'Mills' where number = 'C-1'`)
})
afterEach(() => books.close())

const date = (text: string) => Temporal.PlainDate.from(text)
const write = (statement: string) =>
  inTransaction(books.connection, { organizationId: books.organization.id, mode: 'write' }, (tx) =>
    tx.sql.unsafe(statement),
  )
const ask = <Row extends object>(statement: string) =>
  inTransaction(books.connection, { organizationId: books.organization.id, mode: 'read' }, (tx) =>
    tx.sql.unsafe<Row[]>(statement),
  )

const move = (from: string, more = {}) =>
  moveCustomer(books.context, {
    customer: { number: 'C-1' },
    from: date(from),
    reason: 'New territories',
    dryRun: false,
    ...more,
  })
const place = (number: string, from: string, more = {}) =>
  moveInvoice(books.context, {
    invoice: { number },
    from: date(from),
    reason: 'Wrong branch',
    dryRun: false,
    ...more,
  })

/** `South 60.00`, of each region that the metric is not 0 in. */
const byRegion = async (metric: 'TOTAL_RECEIVABLES' | 'PAST_DUE' | 'UNAPPLIED_CASH', asOf: string) => {
  const { connection, organization, context } = books
  const rows = await inTransaction(connection, { organizationId: organization.id, mode: 'read' }, (tx) =>
    readKpis(tx, organization, {
      metrics: [metric],
      groupBy: ['REGION'],
      asOf: date(asOf),
      now: context.now,
      // Rows bear the clock of the database, which is not the one of these books.
      settledAt: Temporal.Now.instant().add({ hours: 1 }),
      knownAt: null,
    }),
  )
  return rows
    .filter(({ valueExact }) => Number(valueExact) !== 0)
    .map(({ region, valueExact }) => `${region} ${valueExact}`)
    .toSorted()
}

/** Of what moved or stands: `MEASURE Region amount`; `asIs` as if everything had always been where it is today. */
const flowByRegion = async (measures: readonly string[], until: string, asIs = false) => {
  const rows = await ask<{ line: string }>(
    `select concat_ws(' ', rtrim(measure, '~'), coalesce(s.region, '-'), sum(amount)::text) as line
     from flow f join segment s on s.id = f.segment_id
     where rtrim(measure, '~') in ('${measures.join("', '")}') and day <= '${until}' ${asIs ? '' : `and measure not like '%~'`}
     group by rtrim(measure, '~'), s.region having sum(amount) <> 0 order by 1`,
  )
  return rows.map(({ line }) => line)
}

/** Imports rows of customer, invoice, dates, amount, currency, region and settlement date. */
async function withFile(run: (importRows: (...rows: string[]) => Promise<ImportReport>) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-moves-'))
  try {
    const path = join(folder, 'books.csv')
    const mapping = await loadMapping('generic')
    const head = 'customer_number,invoice_number,issued_on,due_on,amount,currency,region,settled_on'
    await run(async (...rows) => {
      await writeFile(path, `${[head, ...rows].join('\n')}\n`)
      return importInvoices(books.context, path, { mapping, partial: false, dryRun: false })
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const MOVEMENTS = ['BILLED', 'PAID', 'RECEIVED', 'CREDITED', 'WRITTEN_OFF', 'SETTLED', 'DUE', 'DUE_ON_TIME']

const fill = async () => {
  await books.bill('A-1', '100.00', '2026-01-10', '2026-02-09')
  await books.bill('A-2', '50.00', '2026-03-01', '2026-03-31')
  await books.bill('A-3', '30.00', '2026-03-01', '2026-03-31')
  await books.pay('70.00', '2026-02-20', { 'A-1': '60.00' })
  await books.pay('30.00', '2026-03-20', { 'A-3': null })
}

describe('moveCustomer', () => {
  it('moves what is owed from its day on, and leaves all that was', async () => {
    await fill()
    const movements = await flowByRegion(MOVEMENTS, '2026-06-30')
    const moved = await move('2026-04-15', { region: 'South' })
    expect(moved).toMatchObject({ itemsMoved: 5 })
    expect(await byRegion('TOTAL_RECEIVABLES', '2026-04-14')).toEqual(['North 90.00'])
    expect(await byRegion('TOTAL_RECEIVABLES', '2026-04-15')).toEqual(['South 90.00'])
    expect(await byRegion('PAST_DUE', '2026-04-14')).toEqual(['North 90.00'])
    expect(await byRegion('PAST_DUE', '2026-06-30')).toEqual(['South 90.00'])
    expect(await byRegion('UNAPPLIED_CASH', '2026-04-14')).toEqual(['North 10.00'])
    expect(await byRegion('UNAPPLIED_CASH', '2026-06-30')).toEqual(['South 10.00'])
    // Nothing looks billed, collected or due because of it.
    expect(await flowByRegion(MOVEMENTS, '2026-06-30')).toEqual(movements)
    expect(await flowByRegion(['TRANSFERRED'], '2026-06-30')).toEqual([
      'TRANSFERRED North -9000',
      'TRANSFERRED South 9000',
    ])
  })

  it('lets what happens later happen where it is then, old bills and new ones', async () => {
    await fill()
    await move('2026-04-15', { region: 'South' })
    await books.pay('40.00', '2026-05-10', { 'A-1': '40.00' })
    await books.bill('A-4', '5.00', '2026-05-01', '2026-05-31')
    expect(await flowByRegion(['PAID', 'BILLED'], '2026-06-30')).toEqual([
      'BILLED North 18000',
      'BILLED South 500',
      'PAID North 9000',
      'PAID South 4000',
    ])
  })

  it('shows everything where it is today, as-is', async () => {
    await fill()
    await move('2026-04-15', { region: 'South' })
    expect(await flowByRegion([...MOVEMENTS, 'OPEN_BY_DUE', 'TRANSFERRED'], '2026-03-31', true)).toEqual([
      'BILLED South 18000',
      'DUE South 18000',
      'DUE_ON_TIME South 3000',
      'OPEN_BY_DUE South 9000',
      'PAID South 9000',
      'RECEIVED South 10000',
      'SETTLED South 3000',
    ])
  })

  it('changes only what it names, and the customer with it', async () => {
    await books.bill('A-1', '100.00', '2026-01-10', '2026-02-09', { productLine: 'Paper' })
    await write(
      `insert into person (organization_id, id, name) values ('${books.organization.id}', '${crypto.randomUUID()}', 'Ada')`,
    )
    const [ada] = await inTransaction(
      books.connection,
      { organizationId: books.organization.id, mode: 'read' },
      (tx) => tx.select().from(person),
    )
    await move('2026-04-15', { collectorId: encodeId('person', ada?.id ?? ''), none: ['BUSINESS_UNIT'] })
    expect(
      await ask(`select region, business_unit, owner_id, version from customer where number = 'C-1'`),
    ).toEqual([{ region: 'North', business_unit: null, owner_id: ada?.id, version: 2 }])
    const [segment] = await ask(
      `select s.region, s.business_unit, s.product_line, s.collector_id from ledger_entry e join segment s on s.id = e.segment_id
       where e.kind = 'MOVED'`,
    )
    expect(segment).toEqual({
      region: 'North',
      business_unit: null,
      product_line: 'Paper',
      collector_id: ada?.id,
    })
  })

  it('moves each product line of a bill for itself', async () => {
    await books.bill('A-1', '100.00', '2026-01-10', '2026-02-09', {
      lines: [
        { productLine: 'Paper', amount: '66.67' },
        { productLine: 'Ink', amount: '33.33' },
      ],
    })
    await move('2026-04-15', { region: 'South' })
    const open = await ask<{ line: string }>(
      `select concat_ws(' ', s.region, s.product_line, sum(amount)) as line from flow f join segment s on s.id = f.segment_id
       where measure = 'OPEN_BY_DUE' group by s.region, s.product_line having sum(amount) <> 0 order by 1`,
    )
    expect(open.map(({ line }) => line)).toEqual(['South Ink 3333', 'South Paper 6667'])
  })

  it('goes on from where an earlier move led, on the same day too, and not before it', async () => {
    await fill()
    await move('2026-04-15', { region: 'South' })
    await move('2026-04-15', { channel: 'Web' })
    expect(await move('2026-04-14', { region: 'East' })).toMatchObject({ code: 'INVALID', path: ['from'] })
    await move('2026-05-01', { region: 'North' })
    expect(await byRegion('TOTAL_RECEIVABLES', '2026-04-30')).toEqual(['South 90.00'])
    expect(await byRegion('TOTAL_RECEIVABLES', '2026-05-01')).toEqual(['North 90.00'])
    const again = await move('2026-05-02', { region: 'North' })
    expect(again).toMatchObject({ itemsMoved: 0 })
    const { stored, projected } = await flowAndProjection(books)
    expect(stored).toEqual(projected)
  })

  it('refuses what leads nowhere', async () => {
    await books.bill('A-1', '100.00', '2026-01-10', '2026-02-09')
    const south = { region: 'South' }
    const refusals = [
      [await move('2026-04-15'), 'INVALID', ''],
      [await move('2026-04-15', { region: ' ' }), 'INVALID', 'region'],
      [await move('2026-04-15', { ...south, none: ['REGION'] }), 'INVALID', 'none.0'],
      [await move('2026-04-15', { none: ['PRODUCT_LINE'] }), 'INVALID', 'none.0'],
      [await move('2026-04-15', { collectorId: 'person_1' }), 'NOT_FOUND', 'collectorId'],
      [await move('2026-04-15', { ...south, customer: { number: 'C-9' } }), 'NOT_FOUND', 'customer'],
      [await move('2026-07-01', south), 'INVALID', 'from'],
      [await move('0026-04-15', south), 'INVALID', 'from'],
      [await move('2026-04-15', { ...south, reason: '' }), 'INVALID', 'reason'],
    ] as const
    for (const [outcome, code, path] of refusals) {
      expect(outcome).toMatchObject({ code, path: path === '' ? [] : path.split('.') })
    }
    await closePeriod(books.context, { through: date('2026-04-30'), dryRun: false })
    expect(await move('2026-04-30', south)).toMatchObject({ code: 'CLOSED_PERIOD', path: ['from'] })
    expect(await move('2026-05-01', { ...south, dryRun: true })).toMatchObject({ itemsMoved: 1, audit: null })
    expect(await ask(`select from ledger_entry where kind = 'MOVED'`)).toEqual([])
  })

  it('leaves no bill behind that is recorded at the same time', async () => {
    const bills = Array.from({ length: 12 }, (_, index) =>
      books.bill(`R-${index}`, '1.00', '2026-06-01', '2026-07-01'),
    )
    const [moved, ...recorded] = await Promise.all([move('2026-06-01', { region: 'South' }), ...bills])
    expect([moved, ...recorded].filter(isProblem)).toEqual([])
    const segments = await ask<{ id: number; region: string }>('select id, region from segment')
    const regionOf = new Map(segments.map(({ id, region }) => [id, region]))
    const regions = (await allItems(books)).flatMap(({ shares, entries }) =>
      shares.map((share) => regionOf.get(segmentOfShare(share, entries, dayOf(date('2026-06-30'))))),
    )
    expect(new Set(regions)).toEqual(new Set(['South']))
  })

  it('lets an import tell the old place or the new one, and no third', async () => {
    await withFile(async (importRows) => {
      const row = (region: string, settledOn = '') =>
        `C-1,M-1,2026-04-01,2026-05-01,10.00,USD,${region},${settledOn}`
      await importRows(row('North'))
      await move('2026-04-15', { region: 'South', none: ['BUSINESS_UNIT'] })
      expect((await importRows(row('North'))).outcome).toBe('UNCHANGED')
      expect((await importRows(row('South'))).outcome).toBe('UNCHANGED')
      expect((await importRows(row('East'))).problems).toMatchObject([
        { column: 'region', reason: 'changed from South to East' },
      ])
      expect((await importRows(row('North', '2026-05-01'))).outcome).toBe('IMPORTED')
      expect(await flowByRegion(['PAID', 'RECEIVED'], '2026-06-30')).toEqual([
        'PAID South 1000',
        'RECEIVED South 1000',
      ])
    })
  })

  it('moves more than one posting takes, all or nothing', async () => {
    await withFile(async (importRows) => {
      const rows = Array.from({ length: 2_600 }, (_, i) => `C-1,M-${i},2026-05-01,2026-05-31,1.00,USD,North,`)
      await importRows(...rows)
      expect(await move('2026-06-01', { region: 'South' })).toMatchObject({ itemsMoved: 2_600 })
      expect(await byRegion('TOTAL_RECEIVABLES', '2026-05-31')).toEqual(['North 2600.00'])
      expect(await byRegion('TOTAL_RECEIVABLES', '2026-06-01')).toEqual(['South 2600.00'])
    })
  })
})

describe('moveInvoice', () => {
  it('moves one bill and what is disputed of it, and no other', async () => {
    await fill()
    const disputed = await openDispute(books.context, {
      invoice: { number: 'A-2' },
      openedOn: date('2026-03-10'),
      reason: 'Short delivery',
      dryRun: false,
    })
    expect(isProblem(disputed)).toBe(false)
    expect(await place('A-2', '2026-04-01', { region: 'South', productLine: 'Paper' })).toMatchObject({
      itemsMoved: 2,
    })
    expect(await byRegion('TOTAL_RECEIVABLES', '2026-04-01')).toEqual(['North 40.00', 'South 50.00'])
    expect(await flowByRegion(['DISPUTED'], '2026-04-01')).toEqual(['DISPUTED South 5000'])
    const { stored, projected } = await flowAndProjection(books)
    expect(stored).toEqual(projected)
  })

  it('leaves a bill over several product lines its product lines', async () => {
    await books.bill('A-1', '10.00', '2026-01-10', '2026-02-09', {
      lines: [
        { productLine: 'Paper', amount: '7.00' },
        { productLine: 'Ink', amount: '3.00' },
      ],
    })
    expect(await place('A-1', '2026-04-01', { productLine: 'Toner' })).toMatchObject({
      path: ['productLine'],
    })
    expect(await place('A-1', '2026-04-01', { none: ['PRODUCT_LINE'] })).toMatchObject({ path: ['none'] })
    expect(await place('A-1', '2026-04-01', { region: 'South' })).toMatchObject({ itemsMoved: 1 })
    expect(await place('A-1', '2026-03-31', { region: 'East' })).toMatchObject({ path: ['from'] })
    expect(await place('A-9', '2026-03-31', { region: 'East' })).toMatchObject({ code: 'NOT_FOUND' })
  })
})
