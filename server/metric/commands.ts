import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { dayOf, isPlausible } from '../domain/day.ts'
import { externalMetric, faultOfValue } from '../domain/external.ts'
import { isCurrency } from '../domain/money.ts'
import { writeAudit } from '../ledger/audit.ts'
import { appendMetricValues, type NewMetricValue } from '../ledger/metric-values.ts'
import { implausible, invalid, isProblem, type Path, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readRequiredText } from '../text.ts'
import type { MetricValueInput, RecordMetricValuesInput } from '../schema.generated.ts'

export type MetricValuesRecorded = Audited & { readonly recorded: number; readonly unchanged: number }

const VALUES_MAX = 1_000

/** Records all of the values, or none where one of them is bad: the problem's path has its index. */
export async function recordMetricValues(
  context: CommandContext,
  input: RecordMetricValuesInput,
): Promise<MetricValuesRecorded | Problem> {
  const values = checkValues(context, input)
  if (isProblem(values)) return values
  return runCommand(context, { action: 'recordMetricValues', input }, async (tx) => {
    const { id } = context.organization
    const { inserted, updated } = await appendMetricValues(tx, id, values)
    const audit = await writeAudit(tx, context, {
      action: 'recordMetricValues',
      subject: id,
      after: { source: input.source, inserted, updated },
    })
    const recorded = inserted + updated
    return { recorded, unchanged: values.length - recorded, audit }
  })
}

function checkValues(
  { organization }: CommandContext,
  { values, source }: RecordMetricValuesInput,
): NewMetricValue[] | Problem {
  if (values.length === 0 || values.length > VALUES_MAX)
    return invalid(['values'], `1 to ${VALUES_MAX} values are recorded at once, not ${values.length}`)
  const giver = readRequiredText(source, ['source'], NAME_LENGTH_MAX)
  if ('code' in giver) return giver
  const checked: NewMetricValue[] = []
  const indexes = new Map<string, number>()
  for (const [index, one] of values.entries()) {
    const path = ['values', String(index)]
    const fault = faultOf(one, path)
    if (fault !== null) return fault
    const { metric, date, value = null, currency } = one
    const key = `${metric} of ${date.toString()}`
    const earlier = indexes.get(key)
    if (earlier !== undefined) return invalid([...path, 'date'], `${key} is already at index ${earlier}`)
    indexes.set(key, index)
    const isMoney = externalMetric(metric).unit === 'MONEY' && value !== null
    checked.push({
      metric,
      day: dayOf(date),
      value,
      currency: isMoney ? (currency ?? organization.baseCurrency) : null,
      source: giver.text,
    })
  }
  return checked
}

function faultOf({ metric, date, value, currency }: MetricValueInput, path: Path): Problem | null {
  if (!isPlausible(date)) return implausible([...path, 'date'], date)
  const isMoney = externalMetric(metric).unit === 'MONEY'
  if (currency != null && !isMoney)
    return invalid([...path, 'currency'], `${metric} is no money: leave its currency out`)
  if (currency != null && !isCurrency(currency))
    return invalid([...path, 'currency'], `${currency} is no ISO 4217 currency code`)
  const fault = value == null ? null : faultOfValue(metric, value)
  return fault === null ? null : invalid([...path, 'value'], fault)
}
