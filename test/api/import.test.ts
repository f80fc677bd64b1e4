import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { importInvoices, type ImportOptions } from '@tidemark/server/imports/commands.ts'
import { loadMapping, parseMapping, type Mapping } from '@tidemark/server/imports/mapping.ts'
import { importMetricValues } from '@tidemark/server/imports/metric-values.ts'
import { importRates } from '@tidemark/server/imports/rates.ts'
import { describeImport, exitCodeOf, type ImportReport } from '@tidemark/server/imports/report.ts'
import { createOrganization } from '@tidemark/server/organization/commands.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { recordReceipt } from '@tidemark/server/receipt/record.ts'
import { writeInvoices } from '../bench/import-csv.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { startProcess } from '../support/process.ts'
import { expectSoundBooks } from '../support/sound-books.ts'

let database: TestDatabase
let connection: Connection
let folder: string
let generic: Mapping

beforeAll(async () => {
  database = await createDatabase()
  connection = await connect(database.url, { max: 4 })
  folder = await mkdtemp(join(tmpdir(), 'tidemark-import-'))
  generic = await loadMapping('generic')
})

afterAll(async () => {
  await connection.close()
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

const now = Temporal.Instant.from('2026-06-30T12:00:00Z')

let organizations = 0
async function newBooks() {
  organizations += 1
  const input = { name: 'Books', baseCurrency: 'USD', timeZone: 'UTC', demo: false }
  const slug = `books-${organizations}`
  const organization = await createOrganization(connection, { ...input, slug }, 'test')
  if (isProblem(organization)) throw new Error(organization.message)
  return booksOf(organization)
}

/** An organization's books, and a way to import into them. */
function booksOf(organization: OrganizationRow) {
  let woken = 0
  const context = { connection, organization, actor: 'test', now, posted: () => void (woken += 1) }
  const read = <T extends object>(query: string) =>
    inTransaction(connection, { organizationId: organization.id, mode: 'read' }, async (tx) => [
      ...(await tx.sql.unsafe<T[]>(query)),
    ])
  return {
    organization,
    context,
    woken: () => woken,
    read,
    import: (path: string, options: Partial<ImportOptions> = {}): Promise<ImportReport> =>
      importInvoices(context, path, { mapping: generic, partial: false, dryRun: false, ...options }),
    /** How many rows each table has. */
    async counts() {
      // The audit has one of its own: the organization was made.
      const tables = ['customer', 'segment', 'person', 'item', 'ledger_entry', 'flow', 'audit']
      const [row] = await read<Record<string, number>>(
        `select ${tables.map((table) => `(select count(*)::int from ${table}) as ${table}`).join(', ')}`,
      )
      return row ?? {}
    },
    /** One invoice's entries as `KIND amount effective`, in their order. */
    async entries(number: string) {
      const rows = await read<{ text: string }>(
        `select concat_ws(' ', e.kind, e.amount, e.effective_on, e.due_on) as text
         from ledger_entry e join invoice i on i.id = e.item_id where i.number = '${number}' order by sequence`,
      )
      return rows.map(({ text }) => text)
    },
    /** All entries of the items of a kind. */
    async entriesOf(kind: 'RECEIPT' | 'DISPUTE') {
      const rows = await read<{ text: string }>(
        `select concat_ws(' ', e.kind, e.amount, e.effective_on, e.occurred_on) as text
         from ledger_entry e join item i on i.id = e.item_id where i.kind = '${kind}' order by e.item_id, e.sequence`,
      )
      return rows.map(({ text }) => text)
    },
  }
}

type Cells = { readonly [column: string]: string }
const invoice = (number: string, cells: Cells = {}): Cells => ({
  customer_number: 'C1',
  customer_name: 'First & Co',
  invoice_number: number,
  issued_on: '2026-01-10',
  due_on: '2026-02-09',
  amount: '100.00',
  currency: 'USD',
  settled_on: '',
  disputed: 'no',
  region: 'EU',
  ...cells,
})

let files = 0
/** The rows as a CSV; its columns are those of the first. */
async function csv(...rows: readonly Cells[]): Promise<string> {
  files += 1
  const path = join(folder, `${files}.csv`)
  const columns = Object.keys(rows[0] ?? {})
  const lines = rows.map((row) => columns.map((column) => row[column] ?? '').join(','))
  await writeFile(path, `\uFEFF${[columns.join(','), ...lines].join('\r\n')}\r\n`)
  return path
}

describe('a first import', () => {
  it('posts invoices, their receipts and disputes, and wakes the evaluator', async () => {
    const books = await newBooks()
    const path = await csv(
      invoice('A1'),
      invoice('A2', { settled_on: '2026-02-20', disputed: 'YES', region: 'US' }),
      invoice('A3', { settled_on: '2026-01-05', customer_number: 'C2', customer_name: 'Second' }),
      invoice('A4', { currency: 'JPY', amount: '5000', collector: 'Ann', due_on: '' }),
    )
    const report = await books.import(path, { mapping: withTerms() })
    expect(report).toMatchObject({
      outcome: 'IMPORTED',
      rows: { read: 4, leftOut: 0, new: 4, changed: 0, unchanged: 0, rejected: 0 },
      customersCreated: 2,
      problemCount: 0,
      rejectedFile: null,
    })
    expect(exitCodeOf(report)).toBe(0)
    expect(books.woken()).toBe(1)
    expect(await books.entries('A2')).toEqual([
      'INVOICED 10000 2026-01-10 2026-02-09',
      'PAYMENT_APPLIED -10000 2026-02-20',
    ])
    // Paid before it was billed: the money waits, and pays the bill on its day.
    expect(await books.entries('A3')).toEqual([
      'INVOICED 10000 2026-01-10 2026-02-09',
      'PAYMENT_APPLIED -10000 2026-01-10',
    ])
    expect((await books.entriesOf('RECEIPT')).sort()).toEqual([
      'APPLIED -10000 2026-01-10 2026-01-05',
      'APPLIED -10000 2026-02-20 2026-02-20',
      'RECEIVED 10000 2026-01-05 2026-01-05',
      'RECEIVED 10000 2026-02-20 2026-02-20',
    ])
    expect(await books.entriesOf('DISPUTE')).toEqual([
      'DISPUTE_OPENED 10000 2026-01-10 2026-01-10',
      'DISPUTE_RESOLVED -10000 2026-02-20 2026-02-20',
    ])
    const customers = await books.read(
      `select c.number, c.name, c.terms_days, c.region from customer c order by number`,
    )
    expect(customers).toEqual([
      { number: 'C1', name: 'First & Co', terms_days: 30, region: null },
      { number: 'C2', name: 'Second', terms_days: 30, region: 'EU' },
    ])
    expect(await books.read(`select number, due_on, due_derived from invoice where due_derived`)).toEqual([
      { number: 'A4', due_on: '2026-01-24', due_derived: true },
    ])
    await expectSoundBooks(connection, books.organization.id)
  })

  it('changes nothing when it is repeated, and says so', async () => {
    const books = await newBooks()
    const path = await csv(invoice('B1', { settled_on: '2026-03-01', disputed: 'yes' }), invoice('B2'))
    await books.import(path)
    const before = await books.counts()
    const again = await books.import(path)
    expect(again).toMatchObject({ outcome: 'UNCHANGED', rows: { new: 0, changed: 0, unchanged: 2 } })
    expect(describeImport(again, false).at(-1)).toBe(
      `Nothing changed: the books of ${books.organization.slug} already say all of this.`,
    )
    expect(await books.counts()).toEqual(before)
    expect(books.woken()).toBe(1)
  })

  it('in a dry run takes the same way and leaves nothing', async () => {
    const books = await newBooks()
    const path = await csv(invoice('D1'), invoice('D2', { settled_on: '2026-03-01' }))
    const before = await books.counts()
    const dry = await books.import(path, { dryRun: true })
    expect(await books.counts()).toEqual(before)
    expect(books.woken()).toBe(0)
    expect(dry).toEqual(await books.import(path))
    expect(dry.outcome).toBe('IMPORTED')
  })

  it('reads semicolons, decimal commas and another encoding by its mapping', async () => {
    const books = await newBooks()
    const path = join(folder, 'european.csv')
    const text =
      'Kunde;Name;Rechnung;Datum;Fällig;Betrag\r\n007;"Müller; Söhne";R-1;5.1.2026;4.2.2026;1.234,50\r\n'
    await writeFile(path, Buffer.from(text, 'latin1'))
    const mapping = {
      encoding: 'windows-1252',
      dateFormat: 'D.M.YYYY',
      decimalStyle: '1.234,50',
      fields: {
        customerNumber: { column: 'Kunde' },
        customerName: { column: 'Name' },
        invoiceNumber: { column: 'Rechnung' },
        issuedOn: { column: 'Datum' },
        dueOn: { column: 'Fällig' },
        amount: { column: 'Betrag' },
        currency: { constant: 'EUR' },
      },
    }
    const read = (changes: object) =>
      books.import(path, { mapping: parseMapping(JSON.stringify({ ...mapping, ...changes }), 'eu') })
    await expect(read({ encoding: 'utf-8' })).rejects.toThrow('is not utf-8 text')
    expect(await read({})).toMatchObject({ outcome: 'IMPORTED' })
    expect(await books.entries('R-1')).toEqual(['INVOICED 123450 2026-01-05 2026-02-04'])
    expect(await books.read('select number, name from customer')).toEqual([
      { number: '007', name: 'Müller; Söhne' },
    ])
  })
})

/** The generic mapping, with two weeks to pay where the file has no due date. */
const withTerms = () => ({ ...generic, fields: { ...generic.fields, termsDays: { constant: 14 } } })

describe('the amount without tax', () => {
  it('is kept with a new invoice, and refused where it is more than the amount', async () => {
    const books = await newBooks()
    const good = await csv(
      invoice('T1', { amount: '119.00', amount_net: '100.00' }),
      invoice('T2', { amount_net: '' }),
      invoice('T3', { amount_net: '100.00' }),
    )
    await books.import(good)
    expect(await books.read('select number, tax from invoice order by number')).toEqual([
      { number: 'T1', tax: 1_900n },
      { number: 'T2', tax: null },
      { number: 'T3', tax: 0n },
    ])
    expect(
      await books.read(
        "select sum(amount)::int as tax, sum(count)::int as bills from flow where measure = 'BILLED_TAX'",
      ),
    ).toEqual([{ tax: 1_900, bills: 2 }])
    const bad = await csv(invoice('T4', { amount_net: '100.01' }), invoice('T5', { amount_net: 'x' }))
    const report = await books.import(bad)
    expect(report.problems.map(({ line, column, reason }) => `${line} ${column} ${reason}`)).toEqual([
      '2 amount_net is more than the amount with tax',
      '3 amount_net "x" is no amount in the style 1,234.50',
    ])
    expect(await books.counts()).toMatchObject({ item: 3 })
  })
})

describe('a later export', () => {
  it('settles, re-dates and corrects, several at once', async () => {
    const books = await newBooks()
    await books.import(
      await csv(
        invoice('L1'),
        invoice('L2'),
        invoice('L3'),
        invoice('L4', { disputed: 'yes' }),
        invoice('L5'),
      ),
    )
    const path = await csv(
      invoice('L1', { settled_on: '2026-02-01' }),
      invoice('L2', { due_on: '2026-03-01' }),
      invoice('L3', { amount: '80.00' }),
      invoice('L4', { settled_on: '2026-02-15', due_on: '2026-03-01', amount: '120', disputed: 'yes' }),
      invoice('L5'),
      invoice('L6'),
    )
    expect(await books.import(path)).toMatchObject({
      outcome: 'IMPORTED',
      rows: { read: 6, new: 1, changed: 4, unchanged: 1, rejected: 0 },
      changes: { settled: 2, reDated: 2, corrected: 2 },
    })
    expect(await books.entries('L1')).toEqual([
      'INVOICED 10000 2026-01-10 2026-02-09',
      'PAYMENT_APPLIED -10000 2026-02-01',
    ])
    // The new due date holds from the day on which it became known.
    expect(await books.entries('L2')).toEqual([
      'INVOICED 10000 2026-01-10 2026-02-09',
      'RE_DATED 0 2026-06-30 2026-03-01',
    ])
    expect(await books.entries('L3')).toEqual([
      'INVOICED 10000 2026-01-10 2026-02-09',
      'CORRECTED -2000 2026-01-10',
    ])
    expect(await books.entries('L4')).toEqual([
      'INVOICED 10000 2026-01-10 2026-02-09',
      'CORRECTED 2000 2026-01-10',
      'RE_DATED 0 2026-06-30 2026-03-01',
      'PAYMENT_APPLIED -12000 2026-02-15',
    ])
    expect(await books.entriesOf('DISPUTE')).toEqual([
      'DISPUTE_OPENED 10000 2026-01-10 2026-01-10',
      'DISPUTE_OPENED 2000 2026-01-10 2026-01-10',
      'DISPUTE_RESOLVED -12000 2026-02-15 2026-02-15',
    ])
    await expectSoundBooks(connection, books.organization.id)
    expect(await books.import(path)).toMatchObject({ outcome: 'UNCHANGED', rows: { unchanged: 6 } })
  })

  it('settles what is left of an invoice that was paid in part', async () => {
    const books = await newBooks()
    await books.import(await csv(invoice('P1')))
    const [row] = await books.read<{ id: string }>('select id from invoice')
    const paid = await recordReceipt(books.context, {
      customer: { number: 'C1' },
      amount: { amount: '40.00', currency: 'USD' },
      receivedOn: Temporal.PlainDate.from('2026-02-01'),
      allocations: [{ invoice: { id: `invoice_${row?.id ?? ''}` }, amount: '40.00' }],
      dryRun: false,
    })
    expect(paid).toHaveProperty('receiptId')
    expect(await books.import(await csv(invoice('P1')))).toMatchObject({ outcome: 'UNCHANGED' })
    expect(await books.import(await csv(invoice('P1', { settled_on: '2026-03-01' })))).toMatchObject({
      changes: { settled: 1 },
    })
    expect(await books.entries('P1')).toEqual([
      'INVOICED 10000 2026-01-10 2026-02-09',
      'PAYMENT_APPLIED -4000 2026-02-01',
      'PAYMENT_APPLIED -6000 2026-03-01',
    ])
    await expectSoundBooks(connection, books.organization.id)
  })

  it('rejects every other difference, with old and new', async () => {
    const books = await newBooks()
    const paid = { settled_on: '2026-02-01' }
    await books.import(
      await csv(
        ...['1', '2', '3', '4', '5'].map((n) => invoice(`R${n}`)),
        ...['6', '7', '8'].map((n) => invoice(`R${n}`, paid)),
      ),
    )
    const report = await books.import(
      await csv(
        invoice('R1', { customer_number: 'C9', customer_name: 'Ninth' }),
        invoice('R2', { currency: 'EUR' }),
        invoice('R3', { issued_on: '2026-01-11' }),
        invoice('R4', { disputed: 'yes', region: '' }),
        invoice('R5', { customer_name: 'Renamed' }),
        invoice('R6', { ...paid, amount: '90.00' }),
        invoice('R7'),
        invoice('R8', { settled_on: '2026-02-02' }),
      ),
    )
    expect(report).toMatchObject({ outcome: 'REFUSED', rows: { read: 8, rejected: 8 }, problemCount: 9 })
    expect(report.problems.map(({ line, column, reason }) => `${line} ${column} ${reason}`)).toEqual([
      '2 customer_number changed from C1 to C9',
      '3 currency changed from USD to EUR',
      '4 issued_on changed from 2026-01-10 to 2026-01-11',
      '5 disputed changed from no to yes',
      '5 region changed from EU to nothing',
      '6 customer_name changed from "First & Co" to "Renamed"',
      '7 amount changed from 100.00 to 90.00 after a payment, credit or write-off',
      '8 settled_on changed from 2026-02-01 to nothing',
      '9 settled_on changed from 2026-02-01 to 2026-02-02',
    ])
  })

  it('says nothing about what its columns leave out', async () => {
    const books = await newBooks()
    await books.import(await csv(invoice('N1', { settled_on: '2026-02-01', disputed: 'yes' })))
    const { customer_number, invoice_number, issued_on, due_on, amount, currency } = invoice('N1') as Record<
      string,
      string
    >
    const narrow = { customer_number, invoice_number, issued_on, due_on, amount, currency } as Cells
    expect(await books.import(await csv(narrow))).toMatchObject({ outcome: 'UNCHANGED' })
  })

  it('is matched by another key where the mapping names one', async () => {
    const books = await newBooks()
    const mapping: Mapping = {
      ...generic,
      fields: {
        ...generic.fields,
        sourceKey: { column: 'id', optional: false, leadingZeros: 'significant' },
      },
    }
    await books.import(await csv(invoice('K1', { id: 'x-1' }), invoice('K2', { id: 'x-2' })), { mapping })
    const report = await books.import(
      await csv(
        invoice('K1', { id: 'x-1', settled_on: '2026-02-01' }),
        invoice('K2b', { id: 'x-2' }),
        invoice('K2', { id: 'x-3' }),
        invoice('K4', { id: 'x-4' }),
        invoice('K4', { id: 'x-5' }),
      ),
      { mapping, partial: true },
    )
    expect(report).toMatchObject({ outcome: 'PARTLY_IMPORTED', rows: { new: 1, changed: 1, rejected: 3 } })
    expect(report.problems.map(({ reason }) => reason)).toEqual([
      'changed from K2 to K2b',
      '"K2" is the number of another invoice in the books',
      '"K4" is already on line 5',
    ])
  })

  it('knows a number again that lost its leading zeros, where they mean nothing', async () => {
    const books = await newBooks()
    const zeros = { column: 'invoice_number', optional: false, leadingZeros: 'ignored' } as const
    const customers = { column: 'customer_number', optional: false, leadingZeros: 'ignored' } as const
    const mapping = {
      ...generic,
      fields: { ...generic.fields, invoiceNumber: zeros, customerNumber: customers },
    }
    await books.import(await csv(invoice('0042', { customer_number: '007' })), { mapping })
    const stripped = await csv(invoice('42', { customer_number: '7' }))
    expect(await books.import(stripped, { mapping })).toMatchObject({ outcome: 'UNCHANGED' })
    expect(await books.read('select number from invoice union all select number from customer')).toEqual([
      { number: '0042' },
      { number: '007' },
    ])
    // Where they do mean something, it is another invoice of another customer.
    await books.import(stripped)
    expect(
      await books.import(await csv(invoice('00042', { customer_number: '7' })), { mapping }),
    ).toMatchObject({
      problems: [
        { reason: expect.stringMatching(/^"00042" may be any of (0042, 42|42, 0042) in the books$/) },
      ],
    })
  })
})

describe('a file with bad rows', () => {
  const beside = (path: string) => path.replace('.csv', '.rejected.csv')
  const bad = () =>
    csv(
      invoice('X1'),
      invoice('X2', { amount: 'ten', issued_on: '2026-02-30' }),
      invoice('X3', { settled_on: '2026-07-01' }),
      invoice('X1', { amount: '7.00' }),
      invoice('X4', { customer_name: 'Somebody else' }),
      invoice('X5'),
    )

  it('is refused, and all of its problems are told', async () => {
    const books = await newBooks()
    const path = await bad()
    const report = await books.import(path)
    expect(report).toMatchObject({
      outcome: 'REFUSED',
      rows: { read: 6, new: 2, rejected: 4 },
      problemCount: 5,
    })
    expect(exitCodeOf(report)).toBe(1)
    expect(describeImport(report, false)).toEqual([
      'line 3, amount: "ten" is no amount in the style 1,234.50',
      'line 3, issued_on: "2026-02-30" is no date like YYYY-MM-DD',
      'line 4, settled_on: 2026-07-01 is in the future: today is 2026-06-30',
      'line 5, invoice_number: "X1" is already on line 2',
      'line 6, customer_name: is "Somebody else" here and "First & Co" on an earlier line',
      `The rejected rows and their reasons are in ${beside(path)}`,
      '6 rows read: 2 new, 0 changed (0 settled, 0 re-dated, 0 corrected), 0 unchanged, 0 left out, 4 rejected',
      'Refused, nothing was written: 4 rows cannot be taken. Correct the file, or import the good rows with --partial.',
    ])
    expect(await books.counts()).toMatchObject({ customer: 0, item: 0, ledger_entry: 0, flow: 0, audit: 1 })
    expect(books.woken()).toBe(0)
  })

  it('gives its good rows to --partial, and the others back', async () => {
    const books = await newBooks()
    const path = await bad()
    const report = await books.import(path, { partial: true })
    expect(report).toMatchObject({ outcome: 'PARTLY_IMPORTED', rows: { new: 2, rejected: 4 } })
    expect(exitCodeOf(report)).toBe(2)
    const rejected = (await readFile(beside(path), 'utf8')).split('\n')
    expect(rejected[0]).toBe(`${Object.keys(invoice('')).join(',')},reason`)
    expect(rejected[1]).toContain(',X2,2026-02-30,2026-02-09,ten,')
    expect(rejected[1]).toContain(
      '"amount: ""ten"" is no amount in the style 1,234.50; issued_on: ""2026-02-30"" is no date like YYYY-MM-DD"',
    )
    expect(rejected).toHaveLength(6)
    await expectSoundBooks(connection, books.organization.id)

    // What was rejected can be corrected there and imported again; its last column is just not used.
    await writeFile(
      beside(path),
      [rejected[0], rejected[1]?.replace('2026-02-30', '2026-02-01').replace('ten', '10')].join('\n'),
    )
    expect(await books.import(beside(path))).toMatchObject({
      outcome: 'IMPORTED',
      rows: { new: 1 },
      unusedColumns: ['reason'],
    })
  })

  it('is not imported when the rejected rows cannot be kept', async () => {
    const books = await newBooks()
    const nowhere = join(folder, 'no', 'such', 'folder.csv')
    await expect(books.import(await bad(), { partial: true, rejectedFile: nowhere })).rejects.toThrow(
      `The rejected rows cannot be written to ${nowhere} (ENOENT). Name another file with --rejected.`,
    )
    expect(await books.counts()).toMatchObject({ item: 0, audit: 1 })
  })

  it('that is no such file, is empty or lacks a column says so in one line', async () => {
    const books = await newBooks()
    await writeFile(join(folder, 'empty.csv'), '')
    await expect(books.import(join(folder, 'none.csv'))).rejects.toThrow(/^There is no file .*none\.csv\.$/)
    await expect(books.import(folder)).rejects.toThrow('is no file.')
    await expect(books.import(join(folder, 'empty.csv'))).rejects.toThrow('is empty.')
    const { amount: _, ...short } = invoice('Y1')
    await expect(books.import(await csv(short))).rejects.toThrow(
      'The file lacks the column "amount" (fields.amount) of mapping generic.',
    )
  })
})

describe('an import that does not end well', () => {
  it('writes nothing when it is stopped, at whatever step', async () => {
    const books = await newBooks()
    const path = await csv(...Array.from({ length: 20 }, (_, index) => invoice(`S${index}`)))
    const before = await books.counts()
    for (const phase of ['READING', 'CHECKING', 'POSTING']) {
      const stop = new AbortController()
      const onProgress: ImportOptions['onProgress'] = (progress) => {
        if (progress.phase === phase) stop.abort()
        stop.signal.throwIfAborted()
      }
      await expect(books.import(path, { onProgress, signal: stop.signal })).rejects.toThrow('aborted')
    }
    expect(await books.counts()).toEqual(before)
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it('leaves the second of two at once nothing to do', async () => {
    const books = await newBooks()
    const path = await csv(...Array.from({ length: 50 }, (_, index) => invoice(`T${index}`)))
    const reports = await Promise.all([books.import(path), books.import(path)])
    expect(reports.map(({ outcome }) => outcome).sort()).toEqual(['IMPORTED', 'UNCHANGED'])
    await expectSoundBooks(connection, books.organization.id)
  })
})

describe('on the command line', { timeout: 90_000 }, () => {
  const tidemark = (...parameters: string[]) =>
    startProcess('server/cli/main.ts', parameters, { DATABASE_URL: database.url }).ended

  it('tells what it did in words or as JSON, and by its exit code', async () => {
    const books = await newBooks()
    const into = ['--organization', books.organization.slug]
    const path = await csv(invoice('Z1'), invoice('Z2', { amount: '-1' }))
    const refused = await tidemark('import', 'invoices', path, ...into)
    expect(refused).toMatchObject({ code: 1, stderr: '' })
    expect(refused.stdout).toContain('line 3, amount: -1 is not more than 0\n')
    const dry = await tidemark('import', 'invoices', path, ...into, '--partial', '--dry-run', '--json')
    expect(dry.code).toBe(2)
    expect(await books.counts()).toMatchObject({ item: 0 })
    const partly = await tidemark('import', 'invoices', path, ...into, '--partial', '--json')
    expect(partly.code).toBe(2)
    expect({ ...JSON.parse(dry.stdout), dryRun: false }).toEqual(JSON.parse(partly.stdout))
    expect(await books.counts()).toMatchObject({ item: 1 })
    const unknown = await tidemark('import', 'invoices', path, ...into, '--mapping', 'sap')
    expect(unknown).toMatchObject({ code: 1, stdout: '' })
    expect(unknown.stderr).toContain('There is no mapping sap. Shipped are generic, ibm, xero;')
  })

  it.each(['SIGINT', 'SIGKILL'] as const)('leaves nothing half written after %s', async (signal) => {
    const books = await newBooks()
    const path = join(folder, `${signal}.csv`)
    await writeInvoices(path, 20_000)
    const parameters = ['import', 'invoices', path, '--organization', books.organization.slug]
    const { child, ended } = startProcess('server/cli/main.ts', parameters, { DATABASE_URL: database.url })
    await expect.poll(() => isPosting(), { timeout: 60_000, interval: 20 }).toBe(true)
    child.kill(signal)
    const { code, stderr } = await ended
    expect({ code, stderr }).toEqual(
      signal === 'SIGINT'
        ? { code: 130, stderr: 'Interrupted: nothing was written.\n' }
        : { code: null, stderr: '' },
    )
    await expect.poll(() => isPosting(), { timeout: 60_000 }).toBe(false)
    expect(await books.counts()).toEqual({
      customer: 0,
      segment: 0,
      person: 0,
      item: 0,
      ledger_entry: 0,
      flow: 0,
      audit: 1,
    })
  })

  /** Whether some process is writing the books of an import just now. */
  const isPosting = async () => {
    const writing = await connection.sql`
      select from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'
        and query ~ 'insert into (item|ledger_entry|flow)'`
    return writing.length > 0
  }
})

describe('exchange rates', () => {
  const rates = async (...lines: string[]) => {
    files += 1
    const path = join(folder, `rates-${files}.csv`)
    await writeFile(path, ['currency,date,rate,source', ...lines].join('\n'))
    return path
  }

  it('are imported, added to where they changed, and otherwise left alone', async () => {
    const books = await newBooks()
    const path = await rates('EUR,2026-01-02,1.0834,ECB', 'gbp,2026-01-02,1.27,')
    const dry = await importRates(books.context, path, { dryRun: true })
    expect(await books.read('select from exchange_rate')).toHaveLength(0)
    expect(await importRates(books.context, path, { dryRun: false })).toEqual(dry)
    expect(dry).toMatchObject({ outcome: 'IMPORTED', rows: { read: 2, new: 2, changed: 0, unchanged: 0 } })
    expect(await importRates(books.context, path, { dryRun: false })).toMatchObject({
      outcome: 'UNCHANGED',
      rows: { unchanged: 2 },
    })
    const later = await rates('EUR,2026-01-02,1.0840,ECB', 'GBP,2026-01-02,1.270,bank')
    expect(await importRates(books.context, later, { dryRun: false })).toMatchObject({
      rows: { changed: 1, unchanged: 1 },
    })
    expect(
      await books.read(
        'select currency, valid_on, rate, source from exchange_rate order by currency, recorded_at',
      ),
    ).toEqual([
      { currency: 'EUR', valid_on: '2026-01-02', rate: '1.0834', source: 'ECB' },
      { currency: 'EUR', valid_on: '2026-01-02', rate: '1.0840', source: 'ECB' },
      { currency: 'GBP', valid_on: '2026-01-02', rate: '1.27', source: expect.stringMatching(/^rates-/) },
    ])
    expect(await books.read(`select from audit where action = 'importRates'`)).toHaveLength(2)
    expect(books.woken()).toBe(2)
  })

  it('are refused with every bad row', async () => {
    const books = await newBooks()
    const path = await rates(
      'EUR,2026-01-02,1.08',
      'EUR,2026-01-02,1.09',
      'USD,2026-01-02,1',
      'XXY,2026-07-01,0',
    )
    const report = await importRates(books.context, path, { dryRun: false })
    expect(report).toMatchObject({
      outcome: 'REFUSED',
      rows: { read: 4, new: 0, rejected: 3 },
      problemCount: 5,
    })
    expect(report.problems.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
      '3 EUR on 2026-01-02 is already on line 2',
      '4 USD is the base currency',
      '5 "XXY" is no currency',
      '5 2026-07-01 is in the future: today is 2026-06-30',
      '5 "0" is no number above 0 like 1.0834',
    ])
    expect(await books.read('select from exchange_rate')).toHaveLength(0)
  })
})

describe('metric values', () => {
  const values = async (...lines: string[]) => {
    files += 1
    const path = join(folder, `metrics-${files}.csv`)
    await writeFile(path, ['metric,date,value,currency,source', ...lines].join('\n'))
    return path
  }
  const KEPT =
    'select metric, day, value, currency, source from metric_value order by metric, day, recorded_at'

  it('are imported, taken back where a cell is empty, and otherwise left alone', async () => {
    const books = await newBooks()
    const path = await values(
      'COLLECTION_COST,2026-01-31,1200.50,EUR,payroll',
      'collection_staff,2026-01-31,2.5,,',
      'SALES_PLAN,2027-01-31,90000,,',
    )
    const dry = await importMetricValues(books.context, path, { dryRun: true })
    expect(await books.read(KEPT)).toHaveLength(0)
    expect(await importMetricValues(books.context, path, { dryRun: false })).toEqual(dry)
    expect(dry).toMatchObject({ outcome: 'IMPORTED', rows: { read: 3, new: 3, changed: 0, unchanged: 0 } })
    expect(await importMetricValues(books.context, path, { dryRun: false })).toMatchObject({
      outcome: 'UNCHANGED',
      rows: { unchanged: 3 },
    })
    const later = await values('COLLECTION_COST,2026-01-31,,,', 'COLLECTION_STAFF,2026-01-31,2.50,,')
    expect(await importMetricValues(books.context, later, { dryRun: false })).toMatchObject({
      rows: { changed: 1, unchanged: 1 },
    })
    const file = expect.stringMatching(/^metrics-/)
    expect(await books.read(KEPT)).toEqual([
      { metric: 'COLLECTION_COST', day: '2026-01-31', value: '1200.50', currency: 'EUR', source: 'payroll' },
      { metric: 'COLLECTION_COST', day: '2026-01-31', value: null, currency: null, source: file },
      { metric: 'COLLECTION_STAFF', day: '2026-01-31', value: '2.5', currency: null, source: file },
      { metric: 'SALES_PLAN', day: '2027-01-31', value: '90000', currency: 'USD', source: file },
    ])
    expect(await books.read(`select from audit where action = 'importMetricValues'`)).toHaveLength(2)
    expect(books.woken()).toBe(2)
  })

  it('are refused with every bad row', async () => {
    const books = await newBooks()
    const path = await values(
      'COLLECTION_COST,2026-01-31,1,,',
      'COLLECTION_COST,2026-01-31,2,,',
      'COLLECTION_STAFF,2026-02-30,-1,USD,',
      'CUSTOMER_SATISFACTION,2026-01-31,101,,',
      'HAPPINESS,2026-01-31,much,,',
    )
    const report = await importMetricValues(books.context, path, { dryRun: false })
    expect(report).toMatchObject({ outcome: 'REFUSED', rows: { read: 5, new: 0, rejected: 4 } })
    expect(report.problems.map(({ line, column, reason }) => `${line} ${column} ${reason}`)).toEqual([
      '3 date COLLECTION_COST of 2026-01-31 is already on line 2',
      '4 date "2026-02-30" is no date like 2026-01-31',
      '4 currency COLLECTION_STAFF is no money: leave it empty',
      '4 value -1 is less than 0',
      '5 value 101 does not lie between 0 and 100',
      '6 metric "HAPPINESS" is none of COLLECTION_COST, COLLECTION_STAFF, CUSTOMER_SATISFACTION, SALES_PLAN, CASH_PLAN, DEBT_SERVICE',
    ])
    expect(await books.read(KEPT)).toHaveLength(0)
  })
})
