/** Exchange rates from a CSV with the columns currency, date, rate and, where it is known, source. */
import { basename } from 'node:path'
import type { CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, formatDay, parseDay, type Day } from '../domain/day.ts'
import { isCurrency } from '../domain/money.ts'
import { isRate } from '../domain/rates.ts'
import { appendRates, type NewRate } from '../ledger/rates.ts'
import { NAME_LENGTH_MAX } from '../text.ts'
import { importSeries, type Reject, type Series, type SeriesReport } from './series.ts'

type Column = 'currency' | 'date' | 'rate' | 'source'

/**
 * Writes the rates of the file, or nothing at all where a row of it is bad. A rate that is known for its day with
 * another value is replaced. Throws an OperatorError where the file or its header is at fault.
 */
export function importRates(
  context: CommandContext,
  path: string,
  options: { readonly dryRun: boolean },
): Promise<SeriesReport> {
  const today = dayOf(todayOf(context))
  const series: Series<NewRate, Column> = {
    name: 'Rates',
    action: 'importRates',
    columns: ['currency', 'date', 'rate'],
    optional: ['source'],
    read: (cells, reject) =>
      readRate(cells, reject, { today, base: context.organization.baseCurrency, file: basename(path) }),
    keyOf: ({ currency, date }) => ({ key: `${currency.toUpperCase()} on ${date}`, column: 'date' }),
    append: appendRates,
  }
  return importSeries(context, path, series, options)
}

type About = { readonly today: Day; readonly base: string; readonly file: string }

function readRate(
  cells: Readonly<Record<Column, string>>,
  reject: Reject<Column>,
  { today, base, file }: About,
): NewRate | null {
  const { date, rate, source } = cells
  const currency = cells.currency.toUpperCase()
  const validOn = parseDay(date)
  if (!isCurrency(currency)) reject('currency', `"${currency}" is no currency`)
  if (currency === base) reject('currency', `${currency} is the base currency`)
  if (validOn === null) reject('date', `"${date}" is no date like 2026-01-31`)
  else if (validOn > today) reject('date', `${date} is in the future: today is ${formatDay(today)}`)
  if (!isRate(rate)) reject('rate', `"${rate}" is no number above 0 like 1.0834`)
  if (source.length > NAME_LENGTH_MAX) reject('source', `is longer than ${NAME_LENGTH_MAX} characters`)
  return validOn === null ? null : { currency, validOn, rate, source: source === '' ? file : source }
}
