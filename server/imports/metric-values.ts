/** Numbers from outside the books from a CSV with the columns metric, date, value and, if need be, currency and source. */
import { basename } from 'node:path'
import type { CommandContext } from '../command.ts'
import { parseDay } from '../domain/day.ts'
import { externalMetric, externalMetricNames, faultOfValue, isExternalMetric } from '../domain/external.ts'
import { isCurrency } from '../domain/money.ts'
import { appendMetricValues, type NewMetricValue } from '../ledger/metric-values.ts'
import { NAME_LENGTH_MAX } from '../text.ts'
import { importSeries, type Reject, type Series, type SeriesReport } from './series.ts'

type Column = 'metric' | 'date' | 'value' | 'currency' | 'source'

/**
 * Writes the values of the file, or nothing at all where a row of it is bad. A value that is known for its day is
 * replaced, and taken back where the cell is empty. Throws an OperatorError where the file or its header is at fault.
 */
export function importMetricValues(
  context: CommandContext,
  path: string,
  options: { readonly dryRun: boolean },
): Promise<SeriesReport> {
  const series: Series<NewMetricValue, Column> = {
    name: 'Metric values',
    action: 'importMetricValues',
    columns: ['metric', 'date', 'value'],
    optional: ['currency', 'source'],
    read: (cells, reject) =>
      readValue(cells, reject, { base: context.organization.baseCurrency, file: basename(path) }),
    keyOf: ({ metric, date }) => ({ key: `${metric.toUpperCase()} of ${date}`, column: 'date' }),
    append: appendMetricValues,
  }
  return importSeries(context, path, series, options)
}

type About = { readonly base: string; readonly file: string }

function readValue(
  cells: Readonly<Record<Column, string>>,
  reject: Reject<Column>,
  { base, file }: About,
): NewMetricValue | null {
  const { date, value, source } = cells
  const metric = cells.metric.toUpperCase()
  const currency = cells.currency.toUpperCase()
  const day = parseDay(date)
  if (day === null) reject('date', `"${date}" is no date like 2026-01-31`)
  if (source.length > NAME_LENGTH_MAX) reject('source', `is longer than ${NAME_LENGTH_MAX} characters`)
  if (!isExternalMetric(metric)) {
    reject('metric', `"${metric}" is none of ${externalMetricNames.join(', ')}`)
    return null
  }
  const isMoney = externalMetric(metric).unit === 'MONEY'
  if (currency !== '' && !isMoney) reject('currency', `${metric} is no money: leave it empty`)
  else if (currency !== '' && !isCurrency(currency)) reject('currency', `"${currency}" is no currency`)
  const fault = value === '' ? null : faultOfValue(metric, value)
  if (fault !== null) reject('value', fault)
  if (day === null) return null
  return {
    metric,
    day,
    value: value === '' ? null : value,
    currency: isMoney && value !== '' ? (currency === '' ? base : currency) : null,
    source: source === '' ? file : source,
  }
}
