/** Limits out of a CSV. */
import type { ApprovalAsked } from '../authority/asked.ts'
import type { CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import type { CreditLimit } from '../domain/credit-limit.ts'
import { dayOf, parseDay, type Day } from '../domain/day.ts'
import type { CsvRecord } from '../imports/records.ts'
import { readTextTable, type TextTable } from '../imports/text-table.ts'
import { isProblem, type Problem } from '../problem.ts'
import { readRequiredText, readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { ImportCreditLimitsInput } from '../schema.generated.ts'
import type { ReadRow, RowProblem } from './batch.ts'
import { beginOf, faultOfDays, readLimitAmount, type LimitDays } from './limit.ts'
import { carryOutBatch, type CreditLimitsRefused, type CreditLimitsSet } from './set-many.ts'

const LINES_MAX = 100_000
const REQUIRED = ['customer', 'limit'] as const
const OPTIONAL = ['currency', 'effective_on', 'until', 'reason', 'expected_version'] as const
type Column = (typeof REQUIRED)[number] | (typeof OPTIONAL)[number]

type Unused = { readonly unusedColumns: readonly string[] }
export type CreditLimitsImported = CreditLimitsSet & Unused

/** As the API answers. */
export type CreditLimitsImportShown = CreditLimitsImported & { readonly dryRun: boolean }

/** One limit for the customer of each line: all of them or none, unless the input is `partial`. */
export async function importCreditLimits(
  context: CommandContext,
  input: ImportCreditLimitsInput,
): Promise<CreditLimitsImported | CreditLimitsRefused | ApprovalAsked | Problem> {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const file = readTextTable(input.csv, { required: REQUIRED, optional: OPTIONAL, linesMax: LINES_MAX })
  if (isProblem(file)) return file
  const today = dayOf(todayOf(context))
  const isApproved = context.applying !== undefined
  const usual = { reason: reason.text, today, isApproved, currency: context.organization.baseCurrency }
  const rows = file.records.map((record) => readLine(record, file, usual))
  const outcome = await carryOutBatch(
    context,
    { action: 'importCreditLimits', input, reason: reason.text },
    {
      rows,
      today,
      names: { customer: 'customer', expectedVersion: 'expected_version' },
      path: ['csv'],
      about: { lines: rows.length },
    },
  )
  return 'results' in outcome && 'audit' in outcome
    ? { ...outcome, unusedColumns: file.unusedColumns }
    : outcome
}

type Usual = {
  readonly reason: string
  readonly today: Day
  readonly isApproved: boolean
  readonly currency: string
}

function readLine(
  record: CsvRecord,
  table: TextTable<Column>,
  { reason, currency, ...usual }: Usual,
): ReadRow {
  const { line, fault } = record
  const problems: RowProblem[] = []
  const reject = (column: Column | null, message: string) =>
    void problems.push({ code: 'INVALID', message, path: column === null ? [] : [column] })
  const cell = (column: Column): string => table.cell(record, column)
  if (fault !== undefined) reject(null, fault)
  const number = cell('customer')
  if (number === '') reject('customer', 'It names no customer')
  const limit = readLimit(cell('limit'), cell('currency'), currency, reject)
  const days = readDays(cell('effective_on'), cell('until'), usual, reject)
  const own = readText(cell('reason'), ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in own) reject('reason', own.message)
  const version = cell('expected_version')
  if (!/^\d{0,9}$/.test(version)) reject('expected_version', `"${version}" is no version like 3`)
  return {
    row: line,
    by: number === '' ? null : { number },
    limit,
    days,
    reason: 'code' in own ? null : (own.text ?? reason),
    expectedVersion: /^\d{1,9}$/.test(version) ? Number(version) : null,
    problems,
  }
}

type Reject = (column: Column | null, message: string) => void

function readLimit(text: string, code: string, usual: string, reject: Reject): CreditLimit | null {
  const word = text.toLowerCase()
  if (word === 'unlimited') return { state: 'UNLIMITED', amount: null }
  if (word === 'not set') return { state: 'NOT_SET', amount: null }
  if (!/^-?\d+(\.\d+)?$/.test(text)) {
    reject('limit', `"${text}" is neither an amount such as 1500.00 nor unlimited nor not set`)
    return null
  }
  const read = readLimitAmount(text, code === '' ? usual : code.toUpperCase())
  if (!('fault' in read)) return read
  reject(read.field === 'amount' ? 'limit' : 'currency', read.fault)
  return null
}

function readDays(
  first: string,
  last: string,
  { today, isApproved }: Pick<Usual, 'today' | 'isApproved'>,
  reject: Reject,
): LimitDays | null {
  const given = first === '' ? today : parseDay(first)
  const effectiveOn = given === null ? null : beginOf(given, today, isApproved)
  const until = last === '' ? null : parseDay(last)
  if (effectiveOn === null) reject('effective_on', `"${first}" is no date like 2026-01-31`)
  if (last !== '' && until === null) reject('until', `"${last}" is no date like 2026-01-31`)
  if (effectiveOn === null || (last !== '' && until === null)) return null
  const wrong = faultOfDays({ effectiveOn, until }, today)
  if (wrong === null) return { effectiveOn, until }
  reject(wrong.field === 'until' ? 'until' : 'effective_on', wrong.fault)
  return null
}
