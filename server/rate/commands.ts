import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, isPlausible } from '../domain/day.ts'
import { isCurrency } from '../domain/money.ts'
import { isRate } from '../domain/rates.ts'
import { isBefore } from '../domain/calendar.ts'
import { writeAudit } from '../ledger/audit.ts'
import { appendRates, type NewRate } from '../ledger/rates.ts'
import { implausible, invalid, isProblem, type Path, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readRequiredText } from '../text.ts'
import type { RateInput, RecordRatesInput } from '../schema.generated.ts'

export type RatesRecorded = Audited & { readonly recorded: number; readonly unchanged: number }

const RATES_MAX = 1_000

/** Records all of the rates, or none where one of them is bad: the problem's path has its index. */
export async function recordRates(
  context: CommandContext,
  input: RecordRatesInput,
): Promise<RatesRecorded | Problem> {
  const rates = checkRates(context, input)
  if (isProblem(rates)) return rates
  return runCommand(context, { action: 'recordRates', input }, async (tx) => {
    const { id } = context.organization
    const { inserted, updated } = await appendRates(tx, id, rates)
    const audit = await writeAudit(tx, context, {
      action: 'recordRates',
      subject: id,
      after: { source: input.source, inserted, updated },
    })
    const recorded = inserted + updated
    return { recorded, unchanged: rates.length - recorded, audit }
  })
}

function checkRates(context: CommandContext, { rates, source }: RecordRatesInput): NewRate[] | Problem {
  if (rates.length === 0 || rates.length > RATES_MAX)
    return invalid(['rates'], `1 to ${RATES_MAX} rates are recorded at once, not ${rates.length}`)
  const publisher = readRequiredText(source, ['source'], NAME_LENGTH_MAX)
  if ('code' in publisher) return publisher
  const checked: NewRate[] = []
  const indexes = new Map<string, number>()
  for (const [index, one] of rates.entries()) {
    const path = ['rates', String(index)]
    const fault = faultOf(context, one, path)
    if (fault !== null) return fault
    const key = `${one.currency} on ${one.date.toString()}`
    const earlier = indexes.get(key)
    if (earlier !== undefined) return invalid([...path, 'date'], `${key} is already at index ${earlier}`)
    indexes.set(key, index)
    checked.push({
      currency: one.currency,
      validOn: dayOf(one.date),
      rate: one.rate,
      source: publisher.text,
    })
  }
  return checked
}

function faultOf(context: CommandContext, { currency, date, rate }: RateInput, path: Path): Problem | null {
  const { baseCurrency } = context.organization
  if (!isCurrency(currency)) return invalid([...path, 'currency'], `${currency} is no ISO 4217 currency code`)
  if (currency === baseCurrency)
    return invalid([...path, 'currency'], `${currency} is the base currency: its rate is 1`)
  if (!isPlausible(date)) return implausible([...path, 'date'], date)
  const today = todayOf(context)
  if (isBefore(today, date))
    return invalid([...path, 'date'], `${date.toString()} lies after today, ${today.toString()}`)
  return isRate(rate)
    ? null
    : invalid([...path, 'rate'], `${rate} is no number above 0 such as 1.0834, with at most 12 digits a side`)
}
