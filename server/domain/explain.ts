/**
 * Why a KPI changed between the ends of two days: drivers that add up to the change, exactly.
 *
 * **Midpoint.** Where a product changes, each factor gets its own change times the mean of the other one, before and
 * after: a1 b1 - a0 b0 = (a1 - a0)(b0 + b1)/2 + (b1 - b0)(a0 + a1)/2. It treats both factors alike and leaves no rest.
 *
 * **DSO** is receivables / sales a day, s = (billed - credit notes) / days of the window. With
 *
 * - G = sum of billed x (terms + 1) / days of the window: what the window's bills would leave not yet due at the end
 *   of a day if they had been spread evenly over it (Little's law; a bill is not yet due on terms + 1 evenings),
 * - E: what of the window's bills is by its first due date not yet due at the end of the day,
 *
 * the receivables are the sum of G, E - G, and what is not yet due beyond E, past due, disputed, and so on. Their shares
 * in the change:
 *
 * | driver         | what changed                                                                                  |
 * | -------------- | --------------------------------------------------------------------------------------------- |
 * | TERMS          | G / s, which is the mean terms, however much is sold; and what is not yet due although it was billed before the window or re-dated |
 * | SALES_TIMING   | E - G: bills that came late in the window, or early                                             |
 * | DELINQUENCY    | what is past due and not disputed, less what was settled before it fell due, less what was paid and is not applied |
 * | DISPUTES       | what is past due and disputed                                                                   |
 * | UNAPPLIED_CASH | money that came and is not applied to any bill, so that the bills still count                   |
 * | SALES_VOLUME   | sales a day, which all but G is divided by; and the share of credit notes in what was billed    |
 * | CURRENCY       | the same sums at the rates of the other day; everything else is the mean over both days' rates  |
 *
 * The split of DSO into days of terms, timing and delinquency follows JD Edwards' days credit granted, best possible DSO
 * and delinquent DSO; its form as drivers that add up is this product's.
 *
 * Everything is linear in the sums of the books once the totals are known. That is why what a driver did can be told of
 * each segment, customer and invoice, and adds up again.
 */
import type { Driver } from './explain-drivers.ts'
import {
  granted,
  quantityNames,
  type Formula,
  type Linear,
  type QuantityName,
  type Sides,
  type Sums,
} from './explain-formulas.ts'
import { Exact } from './money.ts'
export type Split = {
  /** What the sums contributed to the change through a driver. Linear: what adds up to the totals adds up to the part. */
  readonly contribution: (driver: Driver, sums: Sums) => Exact
  /** About the same, quickly, to put many in order. */
  readonly estimate: (driver: Driver, currency: string, sides: Sides) => number
}

export type Side = 0 | 1

export type SplitOptions = {
  readonly totals: Sums
  /** Units of the answer's currency for a minor unit of `currency`, by the rates of the first or second day. */
  readonly rate: (currency: string, side: Side) => Exact
  /** The lengths of the two windows. */
  readonly days: readonly [number, number]
}

/** The value of each day by the formula, at the rates of the day. */
export const valuesBy = (formula: Formula, { totals, rate, days }: SplitOptions): readonly (Exact | null)[] =>
  ([0, 1] as const).map((side) =>
    valueBy(
      formula,
      days[side],
      convert(totals, side, (currency) => rate(currency, side)),
    ),
  )

/** The totals' change by driver, as weights of their quantities. What is divided by must be above 0 on both days. */
export function splitChange(formula: Formula, { totals, rate, days }: SplitOptions): Split {
  const terms = termsOf(
    formula,
    (side, rates) => convert(totals, side, (currency) => rate(currency, rates)),
    days,
  )
  const byCurrency = new Map<string, Weights>()
  const weightsIn = (currency: string): Weights => {
    let weights = byCurrency.get(currency)
    if (weights === undefined) {
      weights = weightsOf(terms, (rates) => rate(currency, rates))
      byCurrency.set(currency, weights)
    }
    return weights
  }
  return {
    contribution: (driver, sums) => {
      let sum = zero
      for (const [currency, sides] of sums)
        for (const { side, quantity, exact } of weightsIn(currency).get(driver) ?? []) {
          const minor = sides[side][quantity]
          if (minor !== 0n) sum = sum.plus(exact.times(minor.toString()))
        }
      return sum
    },
    estimate: (driver, currency, sides) => {
      let sum = 0
      for (const { side, quantity, about } of weightsIn(currency).get(driver) ?? [])
        sum += about * Number(sides[side][quantity])
      return sum
    },
  }
}

const one = new Exact(1)
const less = new Exact(-1)

/** The value that the formula gives for some amounts in the answer's currency; null where it would divide by nothing. */
function valueBy(
  { scale, pieces, divisor, hasTerms }: Formula,
  days: number,
  amounts: Amounts,
): Exact | null {
  const tops = [...pieces.map((piece) => piece.of(days)), ...(hasTerms ? [granted(days)] : [])]
  const top = tops.reduce((sum, linear) => sum.plus(valueOf(linear, amounts)), zero).times(scale)
  if (divisor === null) return top
  const bottom = valueOf(divisor.of(days), amounts)
  return bottom.gt(0) ? top.div(bottom) : null
}

/** `weight` x the quantity of a side, converted at the rates of a side, is a part of what the driver did. */
type Term = {
  readonly driver: Driver
  readonly rates: Side
  readonly side: Side
  readonly quantity: QuantityName
  readonly weight: Exact
}
type Amounts = { readonly [Name in QuantityName]: Exact }

const zero = new Exact(0)
const half = new Exact('0.5')
const mean = (a: Exact, b: Exact): Exact => a.plus(b).times(half)
const valueOf = (linear: Linear, amounts: Amounts): Exact =>
  quantityNames.reduce((sum, name) => {
    const factor = linear[name]
    return factor === undefined ? sum : sum.plus(factor.times(amounts[name]))
  }, zero)

function convert(totals: Sums, side: Side, rate: (currency: string) => Exact): Amounts {
  const found = { ...noAmounts }
  for (const [currency, sides] of totals)
    for (const name of quantityNames)
      if (sides[side][name] !== 0n)
        found[name] = found[name].plus(rate(currency).times(sides[side][name].toString()))
  return found
}
const noAmounts = Object.fromEntries(quantityNames.map((name) => [name, zero])) as {
  [Name in QuantityName]: Exact
}

type AmountsAt = (side: Side, rates: Side) => Amounts

function termsOf(formula: Formula, amountsAt: AmountsAt, days: SplitOptions['days']): Term[] {
  const { divisor } = formula
  const pairs = [0, 1].flatMap((side) => [0, 1].map((rates) => [side, rates] as [Side, Side]))
  // At the other day's rates sales can be negative where they are not at their own; then rates stay with the rest.
  const isSeparable =
    divisor === null ||
    pairs.every(([side, rates]) => valueOf(divisor.of(days[side]), amountsAt(side, rates)).gt(0))
  if (!isSeparable) return betweenDays(formula, amountsAt, days, [0, 1], one)
  return [
    ...betweenDays(formula, amountsAt, days, [0, 0], half),
    ...betweenDays(formula, amountsAt, days, [1, 1], half),
    ...betweenRates(formula, amountsAt, days, 0),
    ...betweenRates(formula, amountsAt, days, 1),
  ]
}

/** From the quantities of the first day at `rates[0]` to those of the second at `rates[1]`. */
function betweenDays(
  { scale, pieces, divisor, hasTerms }: Formula,
  amountsAt: AmountsAt,
  days: SplitOptions['days'],
  rates: readonly [Side, Side],
  share: Exact,
): Term[] {
  const terms: Term[] = []
  const amounts = [amountsAt(0, rates[0]), amountsAt(1, rates[1])] as const
  /** `factor` x the change of what `of` gives for each day. */
  const change = (driver: Driver, of: (days: number) => Linear, factor: Exact) => {
    const weight = factor.times(share).times(scale)
    terms.push(...scaled(driver, rates[1], 1, of(days[1]), weight))
    terms.push(...scaled(driver, rates[0], 0, of(days[0]), weight.neg()))
  }
  const at = (of: (days: number) => Linear): readonly [Exact, Exact] => [
    valueOf(of(days[0]), amounts[0]),
    valueOf(of(days[1]), amounts[1]),
  ]
  if (divisor === null) {
    for (const { driver, of } of pieces) change(driver, of, one)
    return terms
  }
  const divided = at(divisor.of)
  const perUnit = mean(one.div(divided[0]), one.div(divided[1]))
  let whole = zero
  for (const { driver, of } of pieces) {
    change(driver, of, perUnit)
    whole = whole.plus(mean(...at(of)))
  }
  change(divisor.driver, divisor.of, whole.neg().div(divided[0].times(divided[1])))
  if (hasTerms) changeOfTerms(change, at, divisor.driver)
  return terms
}

type At = (of: (days: number) => Linear) => readonly [Exact, Exact]
type Change = (driver: Driver, of: (days: number) => Linear, factor: Exact) => void

const billed = (): Linear => ({ billed: one })
const billedDays = (): Linear => ({ billed: one, billedDays: one })
const netSales = (): Linear => ({ billed: one, credited: less })

/**
 * G / s is (billed x (terms + 1)) / (billed - credit notes): the mean terms of what was billed, times what was billed
 * for each unit of net sales.
 */
function changeOfTerms(change: Change, at: At, salesDriver: Driver): void {
  const weighted = at(billedDays)
  const gross = at(billed)
  const net = at(netSales)
  const ofQuotient = (top: readonly [Exact, Exact], bottom: readonly [Exact, Exact]) => ({
    perTop: mean(one.div(bottom[0]), one.div(bottom[1])),
    perBottom: mean(...top)
      .neg()
      .div(bottom[0].times(bottom[1])),
  })
  // Credit notes that were taken back can leave less billed than sold: then there are no mean terms to speak of.
  if (!gross[0].gt(0) || !gross[1].gt(0)) {
    const { perTop, perBottom } = ofQuotient(weighted, net)
    change('TERMS', billedDays, perTop)
    change(salesDriver, netSales, perBottom)
    return
  }
  const terms = ofQuotient(weighted, gross)
  const meanShare = mean(gross[0].div(net[0]), gross[1].div(net[1]))
  change('TERMS', billedDays, terms.perTop.times(meanShare))
  change('TERMS', billed, terms.perBottom.times(meanShare))
  const share = ofQuotient(gross, net)
  const meanTerms = mean(weighted[0].div(gross[0]), weighted[1].div(gross[1]))
  change(salesDriver, billed, share.perTop.times(meanTerms))
  change(salesDriver, netSales, share.perBottom.times(meanTerms))
}

/** From the first day's rates to the second's, of the quantities of one day. Each day has half of the weight. */
function betweenRates(
  { scale, pieces, divisor, hasTerms }: Formula,
  amountsAt: AmountsAt,
  days: SplitOptions['days'],
  side: Side,
): Term[] {
  const terms: Term[] = []
  const amounts = [amountsAt(side, 0), amountsAt(side, 1)] as const
  const change = (linear: Linear, factor: Exact) => {
    const weight = factor.times(half).times(scale)
    terms.push(...scaled('CURRENCY', 1, side, linear, weight))
    terms.push(...scaled('CURRENCY', 0, side, linear, weight.neg()))
  }
  const tops = [...pieces.map((piece) => piece.of(days[side])), ...(hasTerms ? [granted(days[side])] : [])]
  if (divisor === null) {
    for (const top of tops) change(top, one)
    return terms
  }
  const bottom = divisor.of(days[side])
  const divided = [valueOf(bottom, amounts[0]), valueOf(bottom, amounts[1])] as const
  const perUnit = mean(one.div(divided[0]), one.div(divided[1]))
  let whole = zero
  for (const top of tops) {
    change(top, perUnit)
    whole = whole.plus(mean(valueOf(top, amounts[0]), valueOf(top, amounts[1])))
  }
  change(bottom, whole.neg().div(divided[0].times(divided[1])))
  return terms
}

const scaled = (driver: Driver, rates: Side, side: Side, linear: Linear, weight: Exact): Term[] =>
  quantityNames.flatMap((quantity) => {
    const factor = linear[quantity]
    return factor === undefined ? [] : [{ driver, rates, side, quantity, weight: factor.times(weight) }]
  })

/** What a minor unit of each quantity contributes, by driver. */
type Weights = ReadonlyMap<
  Driver,
  readonly {
    readonly side: Side
    readonly quantity: QuantityName
    readonly exact: Exact
    readonly about: number
  }[]
>

function weightsOf(terms: readonly Term[], rate: (rates: Side) => Exact): Weights {
  const sums = new Map<string, { driver: Driver; side: Side; quantity: QuantityName; exact: Exact }>()
  for (const { driver, rates, side, quantity, weight } of terms) {
    const key = `${driver} ${side} ${quantity}`
    const added = weight.times(rate(rates))
    const old = sums.get(key)
    sums.set(key, { driver, side, quantity, exact: old === undefined ? added : old.exact.plus(added) })
  }
  const weights = [...sums.values()].map((sum) => ({ ...sum, about: sum.exact.toNumber() }))
  return Map.groupBy(weights, (weight) => weight.driver)
}

export type Quotient = { readonly numerator: Exact; readonly denominator: Exact }

/**
 * The change of scale x numerator / denominator between two days, through each of the two, by what one member of them
 * adds to both; `whole` is the sum of all members.
 */
export function splitQuotient(
  scale: number,
  whole: readonly [Quotient, Quotient],
  member: readonly [Quotient, Quotient],
): { readonly numerator: Exact; readonly denominator: Exact } {
  const [before, after] = whole
  const perUnit = mean(one.div(before.denominator), one.div(after.denominator)).times(scale)
  const meanTop = mean(before.numerator, after.numerator).times(scale)
  const product = before.denominator.times(after.denominator)
  return {
    numerator: member[1].numerator.minus(member[0].numerator).times(perUnit),
    denominator: member[0].denominator.minus(member[1].denominator).times(meanTop).div(product),
  }
}

/**
 * The values rounded half-even to so many digits so that they add up to `total`, which has no more digits: what rounding
 * leaves goes to the largest.
 */
export function roundToSum(values: readonly Exact[], total: Exact, digits: number): Exact[] {
  const rounded = values.map((value) => value.toDecimalPlaces(digits))
  const rest = rounded.reduce((left, value) => left.minus(value), total)
  if (rest.isZero()) return rounded
  let largest = 0
  for (const [index, value] of values.entries())
    if (value.abs().gt(values[largest]?.abs() ?? zero)) largest = index
  return rounded.map((value, index) => (index === largest ? value.plus(rest) : value))
}
