/** What a KPI is: data for readers, the inputs that it needs, and one pure function of them. */
import type { Period } from './calendar.ts'
import type { Conventions } from './conventions.ts'
import type { CreditAmount, CreditCount } from './credit-figures.ts'
import type { Day } from './day.ts'
import type { ExternalMetric } from './external.ts'
import type { FiscalCalendar } from './fiscal.ts'
import type { KpiMetric } from './kpi-metrics.ts'
import type { Measure, measures } from './measures.ts'
import type { Exact } from './money.ts'
import type { PlanFigure } from './sales-plan.ts'

export type { KpiMetric } from './kpi-metrics.ts'

export type KpiUnit = 'MONEY' | 'DAYS' | 'PERCENT' | 'COUNT' | 'RATIO'

export type BetterDirection = 'HIGHER' | 'LOWER' | 'NEUTRAL'

/** What a KPI is about: the chapters of the catalog. */
export type KpiTheme =
  | 'RECEIVABLES'
  | 'DAYS_SALES'
  | 'PAYMENT'
  | 'CASH'
  | 'BILLING'
  | 'REDUCTIONS'
  | 'DISPUTES'
  | 'CREDIT'
  | 'OUTSIDE'

export type NullReason =
  | 'NO_SALES'
  | 'NO_RECEIVABLES'
  | 'NOTHING_IN_PERIOD'
  | 'INSUFFICIENT_HISTORY'
  | 'HISTORY_EXHAUSTED'
  | 'NEGATIVE_SALES'
  | 'NOT_KNOWN_THEN'
  | 'IN_THE_FUTURE'
  | 'NOTHING_OPEN'
  | 'NOT_CONFIGURED'
  | 'NOT_RECORDED'
  | 'NOT_BY_SEGMENT'
  | 'ONLY_TODAY'
  | 'MISSING_RATE'
  | 'TAX_BASIS_MIXED'

/** Where a value stands. */
export type Point = {
  /** The day at whose end balances are taken and windows end. */
  readonly day: Day
  /** What sums, counts and rates of a period cover; it ends on `day`. */
  readonly period: Period
  /** What became of the things of the period is seen from the end of this day; not before `day`. */
  readonly asOf: Day
}

export type MeasureOf<Kind> = { [M in Measure]: (typeof measures)[M] extends Kind ? M : never }[Measure]

/** One number out of the books. Amounts come in major units of the answer's currency. */
export type Input =
  | {
      readonly read: 'balance'
      readonly measure: MeasureOf<'balance'>
      readonly day: Day
      /** Only what is older than so many days, counted from its anchor; null for all. */
      readonly olderThanDays: number | null
      /** ageAmount: sum of amount x days since the anchor. */
      readonly part: 'amount' | 'count' | 'ageAmount'
    }
  | {
      readonly read: 'movement'
      readonly measure: MeasureOf<'movement'>
      /** Taken off it, such as credit notes from what was billed. */
      readonly less?: MeasureOf<'movement'>
      readonly period: Period
      readonly part: 'amount' | 'count' | 'days' | 'amountDays'
      /** CLOSING: constant currency, at the rate of the point's day. OWN_DAY: each movement at the rate of its day. */
      readonly rate: 'CLOSING' | 'OWN_DAY'
    }
  | {
      readonly read: 'cohort'
      readonly measure: MeasureOf<'cohort'>
      readonly period: Period
      readonly asOf: Day
      readonly part: 'amount' | 'count' | 'amountDays'
      /** Of DUE_LATE: the codes of domain/lateness.ts, of which those are added up. */
      readonly latenesses?: readonly number[]
    }
  /** A movement of each period of the calendar from the point's, which ends on `day`, back to the first of the books. */
  | {
      readonly read: 'periods'
      readonly measure: MeasureOf<'movement'>
      readonly less?: MeasureOf<'movement'>
      readonly day: Day
      readonly calendar: FiscalCalendar
      /** Left out: the amount. */
      readonly part?: 'count'
    }
  /** What happened in the period, by how many days it had taken. */
  | { readonly read: 'histogram'; readonly measure: MeasureOf<'histogram'>; readonly period: Period }
  /** Numbers from outside the books, which know no segments. */
  | {
      readonly read: 'external'
      readonly metric: ExternalMetric
      readonly period: Period
      /** The sum of what was recorded for days of the period, or the last that was known at its end. */
      readonly take: 'SUM' | 'LAST'
      readonly rate: 'CLOSING' | 'OWN_DAY'
    }
  /** What stands of customers' credit at the end of the day; amounts at its rates. */
  | { readonly read: 'credit'; readonly figure: CreditAmount | CreditCount; readonly day: Day }
  /** Orders that were released above a limit; amounts at the rates of their own days. */
  | { readonly read: 'released'; readonly part: 'count' | 'amount'; readonly period: Period }
  /** Applications for credit that were decided on in the period: how many, the business days they took, how many took at most two. */
  | { readonly read: 'decided'; readonly part: 'count' | 'days' | 'inTime'; readonly period: Period }
  /** Of the plan of sales for the month that the day lies in; the credit lines are those of the day. */
  | { readonly read: 'plan'; readonly figure: PlanFigure; readonly day: Day }

/** One period's movement at constant currency, or how many; `days` is the length of the period, up to the point's day. */
export type PeriodAmount = { readonly days: number; readonly amount: Exact }

/** So many things took so many days. */
export type DaysTaken = { readonly days: number; readonly count: number; readonly amount: Exact }

/**
 * What an input is once it was read. Periods come newest first and are read as far as they are asked for; the days of
 * a histogram ascend; what was never recorded outside or planned is null.
 */
export type Read<I extends Input> = I extends { readonly read: 'periods' }
  ? Iterable<PeriodAmount>
  : I extends { readonly read: 'histogram' }
    ? readonly DaysTaken[]
    : I extends { readonly read: 'external' | 'plan' }
      ? Exact | null
      : Exact

export type Inputs = { readonly [name: string]: Input | readonly Input[] }
export type ReadInputs<I extends Inputs> = {
  readonly [Name in keyof I]: I[Name] extends Input
    ? Read<I[Name]>
    : I[Name] extends readonly (infer One extends Input)[]
      ? readonly Read<One>[]
      : never
}

/**
 * A value, or the reason why there is none. Where something was divided, the value is numerator / denominator
 * (PERCENT: x 100).
 */
export type Outcome = {
  readonly value: Exact | null
  readonly reason: NullReason | null
  readonly numerator: Exact | null
  readonly denominator: Exact | null
}

/** What a reader is told about a KPI. */
export type KpiText = {
  readonly metric: KpiMetric
  readonly theme: KpiTheme
  readonly name: string
  readonly description: string
  /** The formula in words. */
  readonly formula: string
  readonly source: string
  readonly unit: KpiUnit
  readonly better: BetterDirection
  /** The conventions that change it. */
  readonly conventions: readonly (keyof Conventions)[]
}

/** A KPI as its author writes it. */
export type KpiSpecification<I extends Inputs> = Omit<KpiText, 'theme'> & {
  readonly inputs: (point: Point, conventions: Conventions) => I
  readonly compute: (inputs: ReadInputs<I>, point: Point, conventions: Conventions) => Outcome
  /** The first day of the window that the books must cover; the point's day where it is left out, `NEVER` for none. */
  readonly reachesBackTo?: (point: Point, conventions: Conventions) => Day
}

export type KpiDefinition = KpiText & {
  readonly inputs: (point: Point, conventions: Conventions) => Inputs
  readonly compute: (inputs: ReadInputs<Inputs>, point: Point, conventions: Conventions) => Outcome
  readonly reachesBackTo: (point: Point, conventions: Conventions) => Day
}

/** A KPI before it is put into the catalog's chapter. */
export type UnthemedKpi = Omit<KpiDefinition, 'theme'>

/** The window of a KPI that asks nothing of the books. */
export const NEVER: Day = Infinity

/** A list holds KPIs with different inputs; each still gets exactly those that it asked for. */
export const defineKpi = <I extends Inputs>({ compute, ...rest }: KpiSpecification<I>): UnthemedKpi => ({
  reachesBackTo: (point) => point.day,
  ...rest,
  compute: (inputs, point, conventions) => compute(inputs as ReadInputs<I>, point, conventions),
})
