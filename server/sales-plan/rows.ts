/** Rows of the plan of sales, out of a list or of the lines of a file. */
import { dateOf, dayOf, isPlausible, parseDay, type Day } from '../domain/day.ts'
import { firstOfMonth } from '../domain/calendar.ts'
import { currencyDigits, formatMinor, isCurrency, MINOR_MAX, parseMinor } from '../domain/money.ts'
import type { PlanRow } from '../domain/sales-plan.ts'
import { readTextTable } from '../imports/text-table.ts'
import { isProblem, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readText } from '../text.ts'
import type { SalesPlanRowInput } from '../schema.generated.ts'

export type PlanFault = { readonly row: number; readonly path: readonly string[]; readonly message: string }

/** All rows, or what is wrong with which. */
export type PlanRead = { readonly rows: readonly PlanRow[]; readonly faults: readonly PlanFault[] }

export const TERMS_DAYS_MAX = 3_650
const LINES_MAX = 100_000
const REQUIRED = ['month', 'planned'] as const
const OPTIONAL = ['channel', 'region', 'product_line', 'currency', 'terms_days'] as const

/** A row as it was given; what stands where it does not say is filled in. */
type Given = {
  readonly row: number
  readonly month: Temporal.PlainDate | null
  readonly channel: string | null | undefined
  readonly region: string | null | undefined
  readonly productLine: string | null | undefined
  readonly amount: string
  readonly currency: string
  readonly termsDays: number | null
}

/** How its parts are called in a fault. */
type Names = { readonly [Part in Exclude<keyof Given, 'row'>]: readonly string[] }

const FIELDS: Names = {
  month: ['month'],
  channel: ['channel'],
  region: ['region'],
  productLine: ['productLine'],
  amount: ['planned', 'amount'],
  currency: ['planned', 'currency'],
  termsDays: ['termsDays'],
}
const COLUMNS: Names = {
  ...FIELDS,
  productLine: ['product_line'],
  amount: ['planned'],
  currency: ['currency'],
  termsDays: ['terms_days'],
}

export const readPlanRows = (inputs: readonly SalesPlanRowInput[], termsDays: number | null): PlanRead =>
  checkRows(
    inputs.map(({ planned, ...input }, row) => ({
      row,
      month: input.month,
      channel: input.channel,
      region: input.region,
      productLine: input.productLine,
      amount: planned.amount,
      currency: planned.currency,
      termsDays: input.termsDays ?? termsDays,
    })),
    FIELDS,
  )

export type PlanFile = PlanRead & { readonly unusedColumns: readonly string[] }

export function readPlanFile(
  csv: string,
  usual: { readonly currency: string; readonly termsDays: number | null },
): PlanFile | Problem {
  const table = readTextTable(csv, { required: REQUIRED, optional: OPTIONAL, linesMax: LINES_MAX })
  if (isProblem(table)) return table
  const faults: PlanFault[] = []
  const given = table.records.map((record): Given => {
    const row = record.line
    const cell = (column: (typeof REQUIRED)[number] | (typeof OPTIONAL)[number]) => table.cell(record, column)
    if (record.fault !== undefined) faults.push({ row, path: [], message: record.fault })
    const month = monthOf(cell('month'))
    if (month === null) {
      const message = `"${cell('month')}" is no month like 2026-01, and no day of one like 2026-01-31`
      faults.push({ row, path: ['month'], message })
    }
    const days = cell('terms_days')
    if (!/^\d{0,9}$/.test(days))
      faults.push({ row, path: ['terms_days'], message: `"${days}" is no number of days like 30` })
    return {
      row,
      month,
      channel: cell('channel'),
      region: cell('region'),
      productLine: cell('product_line'),
      amount: cell('planned'),
      currency: cell('currency') === '' ? usual.currency : cell('currency').toUpperCase(),
      termsDays: /^\d{1,9}$/.test(days) ? Number(days) : usual.termsDays,
    }
  })
  const told = new Set(faults.map(({ row }) => row))
  const checked = checkRows(
    given.filter(({ row }) => !told.has(row)),
    COLUMNS,
  )
  const all = [...faults, ...checked.faults].toSorted((a, b) => a.row - b.row)
  return { rows: checked.rows, faults: all, unusedColumns: table.unusedColumns }
}

function monthOf(text: string): Temporal.PlainDate | null {
  const day = parseDay(/^\d{4}-\d{2}$/.test(text) ? `${text}-01` : text)
  return day === null ? null : dateOf(day)
}

function checkRows(given: readonly Given[], names: Names): PlanRead {
  const rows: PlanRow[] = []
  const faults: PlanFault[] = []
  const firstRows = new Map<string, number>()
  for (const one of given) {
    const read = checkRow(one, names)
    if ('message' in read) {
      faults.push(read)
      continue
    }
    const key = JSON.stringify([read.month, read.channel, read.region, read.productLine])
    const earlier = firstRows.get(key)
    if (earlier === undefined) {
      firstRows.set(key, one.row)
      rows.push(read)
    } else {
      const message = `Row ${earlier} has the same month, channel, region and product line`
      faults.push({ row: one.row, path: [], message })
    }
  }
  return { rows, faults }
}

function checkRow(given: Given, names: Names): PlanRow | PlanFault {
  const { row, month, currency, amount, termsDays } = given
  const fault = (part: keyof Names, message: string): PlanFault => ({ row, path: names[part], message })
  if (month === null || !isPlausible(month)) return fault('month', 'It lies before 1900 or after 2999')
  const texts: Partial<Record<'channel' | 'region' | 'productLine', string | null>> = {}
  for (const part of ['channel', 'region', 'productLine'] as const) {
    const read = readText(given[part], [], NAME_LENGTH_MAX)
    if ('code' in read) return fault(part, read.message)
    texts[part] = read.text
  }
  if (!isCurrency(currency)) return fault('currency', `${currency} is no ISO 4217 currency code`)
  const minor = parseMinor(amount, currency)
  if (minor === null || minor < 0n) {
    const most = formatMinor({ minor: MINOR_MAX, currency })
    const digits = currencyDigits(currency)
    const told = `"${amount}" is no amount of ${currency} from 0 to ${most} with at most ${digits} decimals`
    return fault('amount', told)
  }
  if (termsDays === null)
    return fault(
      'termsDays',
      'It does not say how many days customers are given, and the whole does not either',
    )
  const outOfRange = faultOfTerms(termsDays)
  if (outOfRange !== null) return fault('termsDays', outOfRange)
  const { channel = null, region = null, productLine = null } = texts
  const first: Day = firstOfMonth(dayOf(month))
  return { month: first, channel, region, productLine, planned: { minor, currency }, termsDays }
}

/** Null where terms may be so long. */
export const faultOfTerms = (days: number): string | null =>
  days >= 0 && days <= TERMS_DAYS_MAX
    ? null
    : `${days} does not lie between 0 and ${TERMS_DAYS_MAX.toLocaleString('en')} days`
