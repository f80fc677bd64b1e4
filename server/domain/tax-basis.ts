/**
 * Sales net of tax, for those who set receivables against them as JD Edwards does: receivables are what customers owe,
 * tax included, so a tax of 20 % makes DSO a fifth longer.
 */
import type { Period } from './calendar.ts'
import type { Conventions } from './conventions.ts'
import type { Day } from './day.ts'
import type { FiscalCalendar } from './fiscal.ts'
import { unknown } from './formulas.ts'
import { movement } from './kpi-inputs.ts'
import type { Input, MeasureOf, Outcome, PeriodAmount } from './kpi.ts'
import { Exact } from './money.ts'

type Basis = Pick<Conventions, 'taxBasis'>
type Movement = Extract<Input, { read: 'movement' }>
type Periods = Extract<Input, { read: 'periods' }>

/** What tells of how many bills and credit notes the tax is known: in this order, after the tax itself. */
const COUNTED = [
  'BILLED',
  'CREDITED',
  'BILLED_TAX',
  'CREDITED_TAX',
] as const satisfies MeasureOf<'movement'>[]

/** What has to be known beside the sales of a period; nothing where they include tax. */
export const taxIn = (
  period: Period,
  { taxBasis }: Basis,
  rate: Movement['rate'] = 'CLOSING',
): readonly Movement[] =>
  taxBasis === 'GROSS'
    ? []
    : [
        { ...movement('BILLED_TAX', period, 'amount'), less: 'CREDITED_TAX', rate },
        ...COUNTED.map((measure) => movement(measure, period, 'count')),
      ]

/** The same for each period back from the day. */
export const taxByPeriod = (day: Day, calendar: FiscalCalendar, { taxBasis }: Basis): readonly Periods[] =>
  taxBasis === 'GROSS'
    ? []
    : [
        { read: 'periods', measure: 'BILLED_TAX', less: 'CREDITED_TAX', day, calendar },
        ...COUNTED.map((measure): Periods => ({ read: 'periods', measure, day, calendar, part: 'count' })),
      ]

/** Computes with sales by the tax basis; `tax` is what `taxIn` asked for. */
export function onTaxBasis(
  sales: Exact,
  [tax, ...counts]: readonly Exact[],
  compute: (sales: Exact) => Outcome,
): Outcome {
  if (tax === undefined) return compute(sales)
  return ifAllKnown(counts, () => compute(sales.minus(tax)))
}

/** The same with the sales of periods, of which those count that are looked at; `taxes` is what `taxByPeriod` asked for. */
export function onTaxBasisByPeriod(
  periods: Iterable<PeriodAmount>,
  taxes: readonly Iterable<PeriodAmount>[],
  compute: (periods: Iterable<PeriodAmount>) => Outcome,
): Outcome {
  const seen = COUNTED.map(() => new Exact(0))
  if (taxes.length === 0) return compute(periods)
  const outcome = compute(netPeriods(periods, taxes, seen))
  return ifAllKnown(seen, () => outcome)
}

function* netPeriods(
  periods: Iterable<PeriodAmount>,
  taxes: readonly Iterable<PeriodAmount>[],
  seen: Exact[],
): Iterable<PeriodAmount> {
  const others = taxes.map((one) => one[Symbol.iterator]())
  for (const period of periods) {
    const [tax = zero, ...counts] = others.map((one): Exact => {
      const { done, value } = one.next()
      return done === true ? zero : value.amount
    })
    for (const [index, count] of counts.entries()) seen[index] = (seen[index] ?? zero).plus(count)
    yield { days: period.days, amount: period.amount.minus(tax) }
  }
}

const zero = new Exact(0)

function ifAllKnown(
  [billed, credited, billedTax, creditedTax]: readonly Exact[],
  compute: () => Outcome,
): Outcome {
  const is = (a: Exact | undefined, b: Exact | undefined) => (a ?? zero).eq(b ?? zero)
  if (is(billed, billedTax) && is(credited, creditedTax)) return compute()
  const isNoneKnown = is(billedTax, zero) && is(creditedTax, zero)
  return unknown(isNoneKnown ? 'NOT_RECORDED' : 'TAX_BASIS_MIXED')
}
