/** From a KPI's definition to its value: what it says of the books. */
import { firstOfMonth, lengthOf, type Period } from './calendar.ts'
import type { Book, BooksFrom } from './book.ts'
import type { Conventions } from './conventions.ts'
import {
  CREDIT_COUNTS,
  creditBookOf,
  type CreditAmount,
  type CreditBook,
  type CreditCount,
  type CreditScope,
} from './credit-figures.ts'
import type { Day } from './day.ts'
import { externalBookOf, externalMetric, type ExternalBook } from './external.ts'
import { periodsBack } from './fiscal.ts'
import { unknown } from './formulas.ts'
import {
  NEVER,
  type DaysTaken,
  type Input,
  type KpiDefinition,
  type Outcome,
  type PeriodAmount,
  type Point,
} from './kpi.ts'
import type { Measure, Quantity } from './measures.ts'
import { Exact, formatMinor } from './money.ts'
import { anchorsOf, measuresOf, type Net } from './needs.ts'
import { isMissing, type MissingRate, type Rates } from './rates.ts'
import { planFigure, planSegments, type PlanRow, type PlanScope } from './sales-plan.ts'

export type View = {
  readonly book: Book
  readonly booksFrom: BooksFrom
  readonly rates: Rates
  /** Numbers from outside; null where the view is of a part of the books, of which nobody knows them. */
  readonly external?: ExternalBook | null
  /** Customers' credit; null where the view is cut by what customers are not told apart by. */
  readonly credit?: CreditView | null | undefined
  /** The plan of sales; null where the view is cut by what it does not tell apart. */
  readonly plan?: PlanView | null | undefined
  /** The currency of the answer. */
  readonly currency: string
  /** What was read of this view, for KPIs that read the same. Left out, nothing is remembered. */
  readonly known?: Map<string, Exact>
}

/** Which customers' credit is looked at, and what is known of it on the days that are asked for. */
export type CreditView = { readonly book: CreditBook; readonly scope: CreditScope }

/** The plan of sales, and which part of it is looked at. */
export type PlanView = {
  readonly rows: readonly PlanRow[]
  readonly scope: PlanScope
  /** Of everybody: a segment of the plan is never cut. */
  readonly credit: CreditBook
}

export type Evaluation =
  | { readonly outcome: Outcome; readonly missingRate: null }
  | { readonly outcome: null; readonly missingRate: MissingRate }

/** A KPI at a point: what it reads is the same for all groups. */
export type Question = {
  readonly definition: KpiDefinition
  readonly point: Point
  readonly conventions: Conventions
  readonly reachesBackTo: Day
  /** What is read by name, with what it is remembered by. */
  readonly asked: readonly (readonly [name: string, input: KeyedInput | readonly KeyedInput[]])[]
  readonly kinds: ReadonlySet<Input['read']>
}

type KeyedInput = { readonly input: Input; readonly key: string | null }

export function questionOf(definition: KpiDefinition, point: Point, conventions: Conventions): Question {
  const asked = point.day > point.asOf ? [] : Object.entries(definition.inputs(point, conventions))
  return {
    definition,
    point,
    conventions,
    reachesBackTo: definition.reachesBackTo(point, conventions),
    asked: asked.map(([name, input]) => [
      name,
      isList(input) ? input.map((one) => keyed(one, point.day)) : keyed(input, point.day),
    ]),
    kinds: new Set(asked.flatMap(([, input]) => (isList(input) ? [] : [input.read]))),
  }
}

/** Amounts are valued at the rates of the point's day, so that is part of what they are remembered by. */
function keyed(input: Input, day: Day): KeyedInput {
  switch (input.read) {
    case 'balance':
      return {
        input,
        key: `balance ${input.measure} ${input.day} ${input.olderThanDays} ${input.part} ${day}`,
      }
    case 'movement': {
      const { measure, less, period, part, rate } = input
      return { input, key: `movement ${measure} ${less} ${period.from} ${period.to} ${part} ${rate} ${day}` }
    }
    case 'cohort': {
      const { measure, period, asOf, part, latenesses = '' } = input
      const what = `${measure} ${latenesses.toString()}`
      return { input, key: `cohort ${what} ${period.from} ${period.to} ${asOf} ${part} ${day}` }
    }
    case 'periods':
    case 'histogram':
    case 'external':
    case 'credit':
    case 'released':
    case 'decided':
    case 'plan':
      return { input, key: null }
  }
}

/** The value at a point, with the reason where there is none, or the rate that it would take. */
export const evaluate = (
  definition: KpiDefinition,
  point: Point,
  conventions: Conventions,
  view: View,
): Evaluation => evaluateQuestion(questionOf(definition, point, conventions), view)

/** The same of a question that is asked of many views. */
export function evaluateQuestion(question: Question, view: View): Evaluation {
  const { booksFrom } = view
  const { definition, point, conventions, reachesBackTo, asked, kinds } = question
  if (point.day > point.asOf) return found(unknown('IN_THE_FUTURE'))
  if (reachesBackTo !== NEVER) {
    if (booksFrom === 'NOT_KNOWN_THEN') return found(unknown('NOT_KNOWN_THEN'))
    if (booksFrom === 'EMPTY' || reachesBackTo < booksFrom) return found(unknown('INSUFFICIENT_HISTORY'))
  }
  if (view.external === null && kinds.has('external')) return found(unknown('NOT_BY_SEGMENT'))
  if (view.credit === null && OF_CREDIT.some((kind) => kinds.has(kind)))
    return found(unknown('NOT_BY_SEGMENT'))
  if (view.plan === null && kinds.has('plan')) return found(unknown('NOT_BY_SEGMENT'))

  const reader = readerOf(view, typeof booksFrom === 'string' ? point.day : booksFrom, point.day)
  const readOnce = ({ input, key }: KeyedInput) => {
    if (key === null || view.known === undefined) return reader.read(input)
    const known = view.known.get(key)
    if (known !== undefined) return known
    const value = reader.read(input) as Exact
    // Where a rate is missing, each KPI that needs it has to find that out.
    if (reader.missingRate() === null) view.known.set(key, value)
    return value
  }
  const inputs = asked.map(([name, input]) => [
    name,
    isKeyedList(input) ? input.map(readOnce) : readOnce(input),
  ])
  const outcome = definition.compute(Object.fromEntries(inputs), point, conventions)
  // Looked at last: periods are read while counting back.
  const missingRate = reader.missingRate()
  return missingRate === null ? found(outcome) : { outcome: null, missingRate }
}

const found = (outcome: Outcome): Evaluation => ({ outcome, missingRate: null })

const isList = (input: Input | readonly Input[]): input is readonly Input[] => Array.isArray(input)
const isKeyedList = (input: KeyedInput | readonly KeyedInput[]): input is readonly KeyedInput[] =>
  Array.isArray(input)

/** Single numbers at the rates of `day`, or the rate that one of them would take. */
export function readInputs(
  view: Omit<View, 'booksFrom'>,
  day: Day,
  inputs: readonly Extract<Input, { read: 'balance' | 'movement' | 'cohort' }>[],
): Exact[] | MissingRate {
  const reader = readerOf(view, day, day)
  const values = inputs.map((input) => reader.read(input) as Exact)
  return reader.missingRate() ?? values
}

/** Reads inputs at the rates of `day`. Where a rate is missing it reads 0 and remembers the first one. */
function readerOf(
  { book, rates, currency, external, credit, plan }: Omit<View, 'booksFrom'>,
  booksFrom: Day,
  day: Day,
) {
  let missing: MissingRate | null = null
  const externals = external ?? nothingFromOutside
  const { book: creditBook, scope: creditScope } = credit ?? noCredit

  const inAnswerCurrency = (minor: bigint, from: string, rateDay: Day): Exact => {
    if (minor === 0n) return zero
    if (from === currency) return new Exact(formatMinor({ minor, currency }))
    const factor = rates.perMinorUnit(from, currency, rateDay)
    if (!isMissing(factor)) return factor.times(minor.toString())
    missing ??= factor
    return zero
  }

  const majorInAnswerCurrency = (major: Exact, from: string, rateDay: Day): Exact => {
    if (major.isZero()) return zero
    const rate = rates.between(from, currency, rateDay)
    if (!isMissing(rate)) return rate.times(major)
    missing ??= rate
    return zero
  }

  /** Adds up over the currencies: things as they are, money in the answer's currency. */
  const total = (part: Part, read: (from: string) => bigint): Exact =>
    part === 'count' || part === 'days'
      ? new Exact(book.currencies.reduce((sum, from) => sum + read(from), 0n).toString())
      : sumOf(book.currencies.map((from) => inAnswerCurrency(read(from), from, day)))

  const movement =
    ({ measure, less }: Net, period: Period, part: keyof Quantity) =>
    (from: string) => {
      const sum = BigInt(book.movement(measure, from, period)[part])
      return less === undefined ? sum : sum - BigInt(book.movement(less, from, period)[part])
    }

  /** In a foreign currency each row at the rate of its own day. */
  const movementAtOwnRates = (measure: Measure, period: Period): Exact =>
    sumOf(
      book.currencies.flatMap((from) =>
        from === currency
          ? inAnswerCurrency(book.movement(measure, from, period).amount, from, day)
          : book.movementsOf(measure, from, period).map((row) => inAnswerCurrency(row.amount, from, row.day)),
      ),
    )

  function* periods(input: Extract<Input, { read: 'periods' }>): Iterable<PeriodAmount> {
    const { part = 'amount' } = input
    for (const period of periodsBack(input.day, booksFrom, input.calendar))
      yield { days: lengthOf(period), amount: total(part, movement(input, period, part)) }
  }

  const histogram = ({ measure, period }: Extract<Input, { read: 'histogram' }>): DaysTaken[] => {
    const rows = book.currencies.flatMap((from) =>
      book.movementsOf(measure, from, period).map((row) => ({ from, row })),
    )
    const byDays = Map.groupBy(rows, ({ row }) => row.anchor)
    return [...byDays]
      .map(([days, taken]) => ({
        days,
        count: taken.reduce((sum, { row }) => sum + row.count, 0),
        amount: taken.reduce((sum, { from, row }) => sum.plus(inAnswerCurrency(row.amount, from, day)), zero),
      }))
      .sort((a, b) => a.days - b.days)
  }

  const outside = ({ metric, period, take, rate }: Extract<Input, { read: 'external' }>): Exact | null => {
    const last = take === 'LAST' ? externals.last(metric, period.to) : null
    const values = take === 'LAST' ? (last === null ? [] : [last]) : externals.within(metric, period)
    if (values.length === 0) return null
    return values.reduce((sum, one) => {
      const value = new Exact(one.value)
      if (externalMetric(metric).unit !== 'MONEY' || one.currency === null) return sum.plus(value)
      return sum.plus(majorInAnswerCurrency(value, one.currency, rate === 'CLOSING' ? day : one.day))
    }, zero)
  }

  const creditFigure = ({ figure, day: on }: Extract<Input, { read: 'credit' }>): Exact => {
    const value = isCount(figure)
      ? creditBook.count(figure, creditScope, on, rates)
      : creditBook.amount(figure, creditScope, on, { rates, currency })
    if (typeof value === 'number') return new Exact(value)
    if (!isMissing(value)) return value
    missing ??= value
    return zero
  }

  const planned = ({ figure, day: on }: Extract<Input, { read: 'plan' }>): Exact | null => {
    if (plan == null) return null
    const asked = { month: firstOfMonth(on), day: on, currency, rates, credit: plan.credit }
    const segments = planSegments(plan.rows, asked)
    if (Array.isArray(segments)) return planFigure(segments, figure, plan.scope)
    missing ??= segments
    return zero
  }

  const read = (input: Input): Exact | null | Iterable<PeriodAmount> | readonly DaysTaken[] => {
    switch (input.read) {
      case 'balance':
        return total(input.part, (from) => {
          const sum = book.balance(input.measure, from, input.day, input.olderThanDays)
          return input.part === 'ageAmount'
            ? BigInt(input.day) * sum.amount - sum.anchorAmount
            : BigInt(sum[input.part])
        })
      case 'movement': {
        if (input.rate === 'CLOSING') return total(input.part, movement(input, input.period, input.part))
        const [gained, ...lost] = measuresOf(input).map((measure) =>
          movementAtOwnRates(measure, input.period),
        )
        return lost.reduce((sum, amount) => sum.minus(amount), gained ?? zero)
      }
      case 'cohort':
        return total(input.part, (from) =>
          anchorsOf(input).reduce(
            (sum, anchors) => sum + BigInt(book.cohort(input.measure, from, anchors, input.asOf)[input.part]),
            0n,
          ),
        )
      case 'periods':
        return periods(input)
      case 'histogram':
        return histogram(input)
      case 'external':
        return outside(input)
      case 'credit':
        return creditFigure(input)
      case 'plan':
        return planned(input)
      case 'decided': {
        const decided = creditBook.decided(creditScope, input.period)
        return new Exact(decided.reduce((sum, one) => sum + one[input.part], 0))
      }
      case 'released': {
        const released = creditBook.released(creditScope, input.period)
        if (input.part === 'count') return new Exact(released.reduce((sum, { orders }) => sum + orders, 0))
        return sumOf(released.map(({ minor, currency: from, day: on }) => inAnswerCurrency(minor, from, on)))
      }
    }
  }
  return { read, missingRate: () => missing }
}

/** Most books have one currency, and one amount is its own sum. */
const sumOf = ([first = zero, ...rest]: readonly Exact[]): Exact =>
  rest.reduce((sum, amount) => sum.plus(amount), first)

type Part = keyof Quantity | 'ageAmount'

const zero: Exact = new Exact(0)
const OF_CREDIT = ['credit', 'released', 'decided'] as const
const nothingFromOutside = externalBookOf([])
const noCredit: CreditView = { book: creditBookOf([]), scope: {} }
const isCount = (figure: CreditAmount | CreditCount): figure is CreditCount =>
  CREDIT_COUNTS.some((count) => count === figure)
