/** Exchange rates from a CSV with the columns currency, date, rate and, where it is known, source. */
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { basename } from 'node:path'
import type { CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, formatDay, parseDay, type Day } from '../domain/day.ts'
import { isCurrency } from '../domain/money.ts'
import { isRate } from '../domain/rates.ts'
import { writeAudit } from '../ledger/audit.ts'
import { appendRates, type NewRate, type RatesAppended } from '../ledger/rates.ts'
import { NAME_LENGTH_MAX } from '../text.ts'
import { openCsv } from './csv.ts'
import type { CsvRecord } from './records.ts'
import { PROBLEMS_LISTED_MAX, type Problem } from './report.ts'

export type RatesReport = {
  readonly outcome: 'IMPORTED' | 'UNCHANGED' | 'REFUSED'
  readonly organization: string
  readonly file: string
  readonly rows: {
    readonly read: number
    readonly new: number
    readonly changed: number
    readonly unchanged: number
    readonly rejected: number
  }
  readonly problemCount: number
  /** The first of them, by line. */
  readonly problems: readonly Problem[]
}

/** A table of rates is small: thirty currencies over thirty years are less than this. */
const ROWS_MAX = 500_000
/**
 * Writes the rates of the file, or nothing at all where a row of it is bad. A rate that is known for its day with
 * another value is replaced. Throws an OperatorError where the file or its header is at fault.
 */
export async function importRates(
  context: CommandContext,
  path: string,
  { dryRun }: { readonly dryRun: boolean },
): Promise<RatesReport> {
  const { rates, problems } = await readRates(context, path)
  const isRefused = problems.length > 0
  const { inserted, updated } = isRefused
    ? { inserted: 0, updated: 0 }
    : await writeRates(context, path, rates, dryRun)
  const isChanged = inserted + updated > 0
  if (isChanged && !dryRun) context.posted()
  const rejected = new Set(problems.map(({ line }) => line)).size
  return {
    outcome: isRefused ? 'REFUSED' : isChanged ? 'IMPORTED' : 'UNCHANGED',
    organization: context.organization.slug,
    file: path,
    rows: {
      read: rates.length + rejected,
      new: inserted,
      changed: updated,
      unchanged: isRefused ? 0 : rates.length - inserted - updated,
      rejected,
    },
    problemCount: problems.length,
    problems: problems.slice(0, PROBLEMS_LISTED_MAX),
  }
}

async function readRates(
  context: CommandContext,
  path: string,
): Promise<{ rates: NewRate[]; problems: Problem[] }> {
  const file = await openCsv(path, { encoding: 'utf-8' })
  const [currencyAt, dateAt, rateAt] = ['currency', 'date', 'rate'].map((name) => file.header.indexOf(name))
  const sourceAt = file.header.indexOf('source')
  if (
    currencyAt === undefined ||
    dateAt === undefined ||
    rateAt === undefined ||
    Math.min(currencyAt, dateAt, rateAt) < 0
  ) {
    throw new OperatorError(
      `Rates need the columns currency, date and rate; source is optional. ${path} has: ${file.header.join(', ')}.`,
    )
  }
  const today = dayOf(todayOf(context))
  const rates: NewRate[] = []
  const problems: Problem[] = []
  const lines = new Map<string, number>()

  const readRow = ({ line, values, fault }: CsvRecord) => {
    const cell = (index: number) => (values[index] ?? '').trim()
    const found: Problem[] = []
    const reject = (column: string, reason: string) => found.push({ line, column, reason })
    const [currency, date, rate] = [cell(currencyAt).toUpperCase(), cell(dateAt), cell(rateAt)]
    const source = sourceAt < 0 ? '' : cell(sourceAt)
    const validOn = parseDay(date)

    if (fault !== undefined) reject('', fault)
    if (!isCurrency(currency)) reject('currency', `"${currency}" is no currency`)
    if (currency === context.organization.baseCurrency) reject('currency', `${currency} is the base currency`)
    if (validOn === null) reject('date', `"${date}" is no date like 2026-01-31`)
    else if (validOn > today) reject('date', `${date} is in the future: today is ${formatDay(today)}`)
    if (!isRate(rate)) reject('rate', `"${rate}" is no number above 0 like 1.0834`)
    if (source.length > NAME_LENGTH_MAX) reject('source', `is longer than ${NAME_LENGTH_MAX} characters`)
    const earlier = lines.get(`${currency} ${date}`)
    if (earlier !== undefined) reject('date', `${currency} on ${date} is already on line ${earlier}`)
    lines.set(`${currency} ${date}`, earlier ?? line)

    if (found.length > 0 || validOn === null) problems.push(...found)
    else rates.push({ currency, validOn, rate, source: source === '' ? basename(path) : source })
  }
  for await (const records of file.records()) {
    for (const record of records) readRow(record)
    if (rates.length > ROWS_MAX) throw new OperatorError(`${path} has more than ${ROWS_MAX} rates: split it.`)
  }
  return { rates, problems }
}

async function writeRates(
  context: CommandContext,
  path: string,
  rates: readonly NewRate[],
  dryRun: boolean,
): Promise<RatesAppended> {
  const { connection, organization } = context
  const transaction = { organizationId: organization.id, mode: 'write', timeoutMs: null } as const
  try {
    return await inTransaction(connection, transaction, async (tx) => {
      const written = await appendRates(tx, organization.id, rates)
      if (written.inserted + written.updated > 0) {
        await writeAudit(tx, context, {
          action: 'importRates',
          subject: organization.id,
          after: { file: basename(path), ...written },
        })
      }
      if (dryRun) throw new Undo(written)
      return written
    })
  } catch (error) {
    if (error instanceof Undo) return error.written
    throw error
  }
}

/** Carries the counts out of a dry run. */
class Undo extends Error {
  readonly written: RatesAppended
  constructor(written: RatesAppended) {
    super('The import was undone on purpose')
    this.written = written
  }
}
