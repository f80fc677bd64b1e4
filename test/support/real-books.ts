/** The real invoice files that the product is checked against, as histories of the ledger. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Day } from '@tidemark/server/domain/day.ts'
import { parseMinor } from '@tidemark/server/domain/money.ts'
import type { History } from '@tidemark/server/domain/projection.ts'
import { day, entry } from './kpi-books.ts'

const FOLDER = join(import.meta.dirname, '../../../shared/data')

/** The files lie beside the project and not in it; where they are absent the tests on them are skipped. */
export const hasRealBooks = existsSync(join(FOLDER, 'expected.json'))

type Bill = {
  readonly issuedOn: Day
  readonly dueOn: Day
  readonly amount: bigint
  readonly settledOn: Day | null
  readonly disputed: boolean
}

/** What one paid bill leaves in the ledger: the invoice, the receipt that pays it, and its dispute. */
function historiesOf({ issuedOn, dueOn, amount, settledOn, disputed }: Bill): History[] {
  const invoiced = entry('INVOICED', amount, issuedOn, { dueOn })
  const invoice = (...payments: ReturnType<typeof entry>[]): History => ({
    kind: 'INVOICE',
    startsOn: issuedOn,
    entries: [invoiced, ...payments],
  })
  const dispute: History[] = disputed
    ? [{ kind: 'DISPUTE', startsOn: issuedOn, entries: [entry('DISPUTE_OPENED', amount, issuedOn)] }]
    : []
  if (settledOn === null) return [invoice(), ...dispute]
  const paidOn = Math.max(settledOn, issuedOn)
  return [
    invoice(entry('PAYMENT_APPLIED', -amount, paidOn, { occurredOn: settledOn })),
    {
      kind: 'RECEIPT',
      startsOn: settledOn,
      entries: [entry('RECEIVED', amount, settledOn), entry('APPLIED', -amount, paidOn)],
    },
    ...dispute,
  ]
}

/** These files quote nothing but empty fields. */
function table(name: string): { [column: string]: string }[] {
  const [header = '', ...lines] = readFileSync(join(FOLDER, name), 'utf8').trim().split(/\r?\n/)
  const columns = header.split(',')
  return lines.map((line) => {
    const fields = line.split(',')
    return Object.fromEntries(columns.map((column, index) => [column, fields[index] ?? '']))
  })
}

const american = (text: string): Day => {
  const [month = '', dayOfMonth = '', year = ''] = text.split('/')
  return day(`${year}-${month.padStart(2, '0')}-${dayOfMonth.padStart(2, '0')}`)
}

const minor = (text: string, currency: string): bigint => {
  const amount = parseMinor(text, currency)
  if (amount === null) throw new Error(`${text} is no amount of ${currency}`)
  return amount
}

/** 2,466 invoices of IBM's late-payment data set, all settled, each with at most one dispute. */
export const ibmHistories = (): History[] =>
  table('ibm_ar.csv').flatMap((row) =>
    historiesOf({
      issuedOn: american(row['InvoiceDate'] ?? ''),
      dueOn: american(row['DueDate'] ?? ''),
      amount: minor(row['InvoiceAmount'] ?? '', 'USD'),
      settledOn: american(row['SettledDate'] ?? ''),
      disputed: row['Disputed'] === 'Yes',
    }),
  )

/** The sales invoices in one currency of a real Xero export. */
export const xeroHistories = (currency: string): History[] =>
  table('xero_invoice.csv')
    .filter((row) => row['type'] === 'ACCREC' && row['currency_code'] === currency)
    .filter((row) => row['status'] === 'PAID' || row['status'] === 'AUTHORISED')
    .flatMap((row) =>
      historiesOf({
        issuedOn: day(row['date'] ?? ''),
        dueOn: day(row['due_date'] ?? ''),
        amount: minor(row['total'] ?? '', currency),
        settledOn: row['fully_paid_on_date'] ? day(row['fully_paid_on_date']) : null,
        disputed: false,
      }),
    )

type Figures = { readonly [name: string]: number | null }
type Settled = Figures & { readonly count: number; readonly amount: number }
type Aging = { readonly [bucket: string]: { readonly amount: number; readonly count: number } }

/** The answers of an independent program, printed to six digits. */
export type ExpectedBooks = {
  readonly as_of: {
    readonly [date: string]: {
      readonly aging: Aging
      readonly aging_by_invoice_age: Aging
      readonly total_ar: number
      readonly past_due: number
      readonly past_due_pct: number
      readonly open_invoices: number
      readonly avg_age_open: number
      readonly weighted_avg_days_past_due: number
    }
  }
  readonly monthly: {
    readonly [month: string]: {
      readonly due: Figures
      readonly invoiced: Figures
      readonly settled: Settled
    } & { readonly [name: string]: number | null | undefined }
  }
}

export function expectedBooks(): { ibm_ar: ExpectedBooks; xero: { [currency: string]: ExpectedBooks } } {
  return JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8'))
}
