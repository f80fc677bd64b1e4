/** How other people's files are read: the mapping, the forms of dates and amounts, the cutting of CSV, the rows. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDay, parseDay } from '@tidemark/server/domain/day.ts'
import type { RowProblem } from '@tidemark/server/imports/cells.ts'
import { compareWithBooks, type BookedInvoice, type ToldInvoice } from '@tidemark/server/imports/compare.ts'
import { loadMapping, parseMapping, type FieldName } from '@tidemark/server/imports/mapping.ts'
import { createRecordCutter } from '@tidemark/server/imports/records.ts'
import { createRowReader } from '@tidemark/server/imports/rows.ts'
import { compileDateFormat, plainDecimal } from '@tidemark/server/imports/values.ts'

const day = (text: string) => parseDay(text) ?? NaN
const today = day('2026-06-30')

describe('dates', () => {
  it.each([
    ['YYYY-MM-DD', '2020-02-10'],
    ['YYYY-MM-DD', '2020-02-10T00:00:00Z'],
    ['YYYY-MM-DD', '2020-02-10 00:00:00.000 UTC'],
    ['M/D/YYYY', '2/10/2020'],
    ['M/D/YYYY', '02/10/2020'],
    ['DD-MM-YYYY', '10-02-2020'],
    ['D.M.YYYY', '10.2.2020'],
    ['YYYYMMDD', '20200210'],
    ['YYYYMMDD', '20200210.0'],
  ])('%s reads %s', (format, text) => {
    expect(formatDay(compileDateFormat(format)?.(text) ?? NaN)).toBe('2020-02-10')
  })

  it.each([
    ['M/D/YYYY', '13/1/2020'],
    ['M/D/YYYY', '2/30/2020'],
    ['M/D/YYYY', '2-10-2020'],
    ['YYYY-MM-DD', '2020-02-10T13:00:00Z'],
    ['YYYYMMDD', '20200210.5'],
    ['YYYYMMDD', '2020210'],
    ['YYYY-MM-DD', ''],
  ])('%s takes no %s', (format, text) => {
    expect(compileDateFormat(format)?.(text)).toBeNull()
  })

  it.each(['', 'YYYY-MM', 'MM/DD/YY', 'YYYYMD', 'YYYY-MM-DD-DD', 'YYYY-MMM-DD', 'yyyy-mm-dd'])(
    '"%s" is no format',
    (format) => {
      expect(compileDateFormat(format)).toBeNull()
    },
  )
})

describe('amounts', () => {
  it('are read in their style and in no other', () => {
    const style = '1,234.50'
    expect(['1234.5', '1,234.50', '12,345,678', '-3'].map((text) => plainDecimal(text, style))).toEqual([
      '1234.5',
      '1234.50',
      '12345678',
      '-3',
    ])
    expect(
      ['1.234,50', '1,50', '12,34', '1 234', '', 'x', '1e3', '.5', '5.'].map((text) =>
        plainDecimal(text, style),
      ),
    ).toEqual(Array.from({ length: 9 }, () => null))
    expect(['1.234,50', '1234,5', '1.234'].map((text) => plainDecimal(text, '1.234,50'))).toEqual([
      '1234.50',
      '1234.5',
      '1234',
    ])
    expect(['12.5', '1,234.50'].map((text) => plainDecimal(text, '1.234,50'))).toEqual([null, null])
  })
})

describe('CSV', () => {
  const cutAll = (text: string, pieces: readonly number[] = []) => {
    const cutter = createRecordCutter('x.csv', ';')
    const ends = [...new Set(pieces.map((piece) => piece % (text.length + 1)))].sort((a, b) => a - b)
    const parts = [...ends, text.length].map((end, index) => text.slice(ends[index - 1] ?? 0, end))
    return [...parts.flatMap((part) => cutter.push(part)), ...cutter.end()]
  }

  it('gives back any cells, however the text is cut into pieces', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', ';', '"', '\n', '\r', ' ', 'é'), maxLength: 5 })
    const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(
        table,
        fc.constantFrom('\n', '\r\n'),
        fc.array(fc.nat(), { maxLength: 8 }),
        (rows, end, pieces) => {
          const quoted = (text: string) => (/[";\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
          const text = rows.map((row) => row.map(quoted).join(';') + end).join('')
          const records = cutAll(text, pieces)
          expect(records.map(({ values }) => values)).toEqual(rows)
          expect(records.some(({ fault }) => fault !== undefined)).toBe(false)
        },
      ),
    )
  })

  it('counts lines as an editor does, quoted line breaks and empty lines included', () => {
    const records = cutAll('a;b\r\n\r\n"1\n2";3\n4;"5"')
    expect(records.map(({ line, values }) => [line, ...values])).toEqual([
      [1, 'a', 'b'],
      [3, '1\n2', '3'],
      [5, '4', '5'],
    ])
  })

  it('leaves a quote within a plain cell as it is, and tells what stands behind a closing one', () => {
    expect(cutAll('12" pipe;1\n')[0]?.values).toEqual(['12" pipe', '1'])
    expect(cutAll('"a"b;1\n2;3\n').map(({ fault }) => fault)).toEqual([
      'has text behind the closing quote: b',
      undefined,
    ])
    expect(() => cutAll('a;b\n1;"2\n3;4\n')).toThrow('x.csv, line 2: a quote is opened and never closed.')
  })
})

const minimal = {
  fields: {
    customerNumber: { column: 'customer' },
    invoiceNumber: { column: 'number' },
    issuedOn: { column: 'issued' },
    dueOn: { column: 'due' },
    amount: { column: 'amount' },
    currency: { constant: 'USD' },
  },
}
const mappingOf = (changes: object = {}, fields: object = {}) =>
  parseMapping(JSON.stringify({ ...minimal, ...changes, fields: { ...minimal.fields, ...fields } }), 'test')

describe('a mapping', () => {
  it.each(['ibm', 'xero', 'generic'])('%s is shipped', async (name) => {
    expect(await loadMapping(name)).toMatchObject({ name })
  })

  it('that is not there is told with those that are', async () => {
    await expect(loadMapping('sap')).rejects.toThrow(
      'There is no mapping sap. Shipped are generic, ibm, xero;',
    )
    await expect(loadMapping('./no.json')).rejects.toThrow('There is no mapping file ./no.json.')
  })

  it('names every field of it that is wrong', () => {
    const faulty = {
      dateFormat: 'YY-MM-DD',
      decimalStyle: '1 234,50',
      delimiter: '|',
      encoding: 'klingon',
      fields: {
        customerNumber: { column: 'customer', leadingZeros: 'maybe' },
        invoiceNumber: { colum: 'number' },
        amount: 'amount',
        currency: { column: 'c', constant: 'USD' },
        status: { column: 's', open: 'O', closed: ['C'], closedWithoutDate: 'guess' },
        dueDate: { column: 'due' },
      },
      leaveOut: [{ column: 'type' }],
    }
    const fault = (() => {
      try {
        parseMapping(JSON.stringify(faulty), 'mine.json')
        return ''
      } catch (error) {
        return String(error)
      }
    })()
    for (const part of [
      'Mapping mine.json: ',
      'dateFormat: must be made of YYYY, MM or M, and DD or D',
      'decimalStyle: must be "1,234.50" or "1.234,50"',
      'delimiter: must be "," or ";" or "\\t"',
      'encoding: "klingon" is no known encoding',
      'fields.customerNumber.leadingZeros: must be "significant" or "ignored"',
      'fields.invoiceNumber: does not know colum; known are column',
      'fields.invoiceNumber.column: must be text',
      'fields.amount: must be an object',
      'fields.currency: has both a column and a constant',
      'fields.status.open: must be a list',
      'fields.status.closedWithoutDate: must be "reject" or "leaveOut" or "settleOnDueDate"',
      'fields: does not know dueDate; known are customerNumber',
      'fields.issuedOn: is missing',
      'fields: needs dueOn, termsDays or both',
      'leaveOut[0]: needs either "in" or "notIn"',
    ]) {
      expect(fault).toContain(part)
    }
    expect(() => parseMapping('{', 'mine.json')).toThrow('Mapping mine.json is not JSON')
  })
})

describe('a row', () => {
  const header = ['customer', 'number', 'issued', 'due', 'amount', 'settled', 'status', 'disputed', 'kind']
  const good = { customer: 'C1', number: '007', issued: '2026-01-10', due: '2026-02-09', amount: '1,234.50' }
  const read = (mapping: ReturnType<typeof mappingOf>, cells: Record<string, string>) => {
    const reader = createRowReader(mapping, header, today)
    const row = { ...good, ...cells } as Record<string, string>
    return reader.read({ line: 2, values: header.map((name) => row[name] ?? '') })
  }
  const problems = (mapping: ReturnType<typeof mappingOf>, cells: Record<string, string>) =>
    (read(mapping, cells) as readonly RowProblem[]).map(({ column, reason }) => `${column}: ${reason}`)

  it('is read by the mapping, its number as text', () => {
    expect(read(mappingOf(), {})).toMatchObject({
      line: 2,
      customerNumber: 'C1',
      number: '007',
      key: '007',
      amount: 123_450n,
      issuedOn: day('2026-01-10'),
      dueOn: day('2026-02-09'),
      dueDerived: false,
      settledOn: null,
      disputed: false,
    })
  })

  it('tells all that is wrong with it at once', () => {
    const mapping = mappingOf({}, { settledOn: { column: 'settled' }, disputed: { column: 'disputed' } })
    const cells = {
      customer: ' ',
      number: 'x'.repeat(201),
      issued: '1/2/2026',
      due: '',
      amount: '0',
      settled: '2026-07-01',
      disputed: 'perhaps',
    }
    expect(problems(mapping, cells)).toEqual([
      'customer: is empty',
      'number: is longer than 200 characters',
      'amount: 0 is not more than 0',
      'issued: "1/2/2026" is no date like YYYY-MM-DD',
      'due: is empty, and there are no terms to make a due date from',
      'settled: 2026-07-01 is in the future: today is 2026-06-30',
      'disputed: "perhaps" is neither yes (yes, y, true, 1) nor no (no, n, false, 0)',
    ])
  })

  it('takes only amounts that its currency can have', () => {
    const yen = mappingOf({}, { currency: { constant: 'JPY' } })
    expect(problems(yen, { amount: '10.5' })).toEqual(['amount: 10.5 has more decimals than JPY (0)'])
    expect(read(yen, { amount: '10.00' })).toMatchObject({ amount: 10n })
    expect(problems(mappingOf(), { amount: '-5' })).toEqual(['amount: -5 is not more than 0'])
    expect(problems(mappingOf(), { amount: '1.234,50' })).toEqual([
      'amount: "1.234,50" is no amount in the style 1,234.50',
    ])
    expect(problems(mappingOf(), { amount: '99999999999999999' })).toEqual([
      'amount: 99999999999999999 is too large',
    ])
    expect(() => createRowReader(mappingOf({}, { currency: { constant: 'XXY' } }), header, today)).toThrow(
      'fields.currency.constant',
    )
  })

  it('makes a due date of the terms where it has none, and says so', () => {
    const mapping = mappingOf({}, { termsDays: { constant: 30 } })
    expect(read(mapping, { due: '' })).toMatchObject({ dueOn: day('2026-02-09'), dueDerived: true })
    expect(read(mapping, {})).toMatchObject({ dueDerived: false })
    expect(problems(mapping, { due: '2026-01-09' })).toEqual([
      'due: 2026-01-09 lies before the invoice date 2026-01-10',
    ])
  })

  it('is closed only with a settlement date, unless the mapping says what else to do', () => {
    const status = (closedWithoutDate: string) =>
      mappingOf(
        {},
        {
          settledOn: { column: 'settled' },
          status: { column: 'status', open: ['Open'], closed: ['Paid'], closedWithoutDate },
        },
      )
    expect(problems(status('reject'), { status: 'paid' })).toEqual([
      'status: says closed, but there is no settlement date',
    ])
    expect(read(status('leaveOut'), { status: 'PAID' })).toBe('LEFT_OUT')
    expect(read(status('settleOnDueDate'), { status: 'paid' })).toMatchObject({
      settledOn: day('2026-02-09'),
    })
    expect(read(status('reject'), { status: 'paid', settled: '2026-03-01' })).toMatchObject({
      settledOn: day('2026-03-01'),
    })
    expect(problems(status('reject'), { status: 'open', settled: '2026-03-01' })).toEqual([
      'status: says open, yet the invoice was settled on 2026-03-01',
    ])
    expect(problems(status('reject'), { status: 'void' })).toEqual([
      'status: "void" is neither open (Open) nor closed (Paid)',
    ])
  })

  it('is left out by any of the conditions', () => {
    const mapping = mappingOf({
      leaveOut: [
        { column: 'kind', in: ['BILL'] },
        { column: 'status', notIn: ['', 'DONE'] },
      ],
    })
    expect(read(mapping, { kind: ' BILL ' })).toBe('LEFT_OUT')
    expect(read(mapping, { status: 'DRAFT', amount: 'rubbish' })).toBe('LEFT_OUT')
    expect(read(mapping, { status: 'DONE' })).toMatchObject({ number: '007' })
  })

  it('is matched without leading zeros only where the mapping says so', () => {
    const mapping = mappingOf({}, { customerNumber: { column: 'customer', leadingZeros: 'ignored' } })
    expect(read(mapping, { customer: '0042' })).toMatchObject({
      customerNumber: '0042',
      customerKey: '42',
      key: '007',
    })
  })

  it('has as many cells as the header', () => {
    const reader = createRowReader(mappingOf(), header, today)
    expect(reader.read({ line: 9, values: ['a', 'b'] })).toEqual([
      { line: 9, column: '', reason: 'has 2 cells where the header has 9' },
    ])
  })

  it('needs the columns that the mapping names', () => {
    expect(() => createRowReader(mappingOf(), ['customer', 'number', 'Issued'], today)).toThrow(
      'The file lacks the columns "issued" (fields.issuedOn), "due" (fields.dueOn), "amount" (fields.amount) of mapping test. It has: customer, number, Issued.',
    )
    expect(() => createRowReader(mappingOf(), [...header, 'due'], today)).toThrow(
      'The file has the column "due" twice.',
    )
  })
})

describe('a row about an invoice that is in the books', () => {
  const combination = {
    currency: 'USD',
    businessUnit: null,
    region: 'EU',
    channel: null,
    productLine: null,
    collector: null,
  }
  const none = { orderedOn: null, deliveredOn: null, sentOn: null, receivedOn: null, approvedOn: null }
  const told: ToldInvoice = {
    ...none,
    number: '1',
    customerNumber: 'C1',
    customerId: 'c1',
    combination,
    amount: 10_000n,
    issuedOn: day('2026-01-10'),
    dueOn: day('2026-02-09'),
    settledOn: null,
    disputed: false,
  }
  const booked: BookedInvoice = { ...told, balance: 10_000n, isTouched: false, installments: 1, earlier: [] }
  const paid: BookedInvoice = { ...booked, settledOn: day('2026-02-01'), balance: 0n, isTouched: true }
  const present = new Set<FieldName>(['settledOn', 'disputed', 'region'])
  const compare = (row: Partial<ToldInvoice>, books: BookedInvoice = booked) =>
    compareWithBooks({ ...told, ...row }, books, present)
  const reasons = (...parameters: Parameters<typeof compare>) =>
    compare(...parameters).differences.map(({ field, reason }) => `${field} ${reason}`)

  it('may settle, re-date and correct it, all at once', () => {
    const row = { settledOn: day('2026-02-01'), dueOn: day('2026-02-20'), amount: 9_000n }
    expect(compare(row)).toEqual({
      changes: { settleOn: day('2026-02-01'), reDateTo: day('2026-02-20'), correctBy: -1_000n },
      differences: [],
    })
  })

  it('is told with old and new where it differs in anything else', () => {
    expect(reasons({ customerId: 'c2', customerNumber: 'C2' })).toEqual([
      'customerNumber changed from C1 to C2',
    ])
    expect(reasons({ combination: { ...combination, currency: 'EUR', region: null } })).toEqual([
      'currency changed from USD to EUR',
      'region changed from EU to nothing',
    ])
    expect(reasons({ issuedOn: day('2026-01-11') })).toEqual([
      'issuedOn changed from 2026-01-10 to 2026-01-11',
    ])
    expect(reasons({ disputed: true })).toEqual(['disputed changed from no to yes'])
    expect(reasons({ settledOn: day('2026-02-01'), amount: 9_999n }, paid)).toEqual([
      'amount changed from 100.00 to 99.99 after a payment, credit or write-off',
    ])
    expect(reasons({}, paid)).toEqual(['settledOn changed from 2026-02-01 to nothing'])
    expect(reasons({ settledOn: day('2026-02-02') }, paid)).toEqual([
      'settledOn changed from 2026-02-01 to 2026-02-02',
    ])
    expect(reasons({ dueOn: day('2026-03-01') }, { ...booked, installments: 3 })).toEqual([
      'dueOn changed from 2026-02-09 to 2026-03-01, yet the invoice has 3 installments',
    ])
  })

  it('says nothing by columns that its file does not have', () => {
    const bare = compareWithBooks(
      { ...told, combination: { ...combination, region: null }, disputed: true },
      paid,
      new Set(),
    )
    expect(bare).toEqual({ changes: { settleOn: null, reDateTo: null, correctBy: 0n }, differences: [] })
  })
})
