/** Books in memory for tests of what numbers mean: histories as the ledger keeps them, projected and added up. */
import { bookOf, bookRow, type BookRow } from '@tidemark/server/domain/book.ts'
import { firstOfMonth, trailingMonths } from '@tidemark/server/domain/calendar.ts'
import {
  chooseConventions,
  type Conventions,
  type ConventionsChoice,
} from '@tidemark/server/domain/conventions.ts'
import { parseDay, type Day } from '@tidemark/server/domain/day.ts'
import { evaluate, type Evaluation, type View } from '@tidemark/server/domain/evaluate.ts'
import type { Entry, EntryKind } from '@tidemark/server/domain/invoice.ts'
import type { KpiMetric, Outcome, Point } from '@tidemark/server/domain/kpi.ts'
import { project, type History } from '@tidemark/server/domain/projection.ts'
import { wholeIn } from '@tidemark/server/domain/shares.ts'
import { ratesOf, type ExchangeRate } from '@tidemark/server/domain/rates.ts'
import { kpiDefinition } from '@tidemark/server/domain/registry.ts'

/** "2026-01-31" -> its day. */
export function day(text: string): Day {
  const found = parseDay(text)
  if (found === null) throw new Error(`${text} is no date`)
  return found
}

/** An entry with what a test does not care about filled in. */
export const entry = (
  kind: EntryKind,
  amount: bigint,
  effectiveOn: Day,
  more: Partial<Omit<Entry, 'kind' | 'amount' | 'effectiveOn'>> = {},
): Entry => ({
  kind,
  amount,
  effectiveOn,
  occurredOn: effectiveOn,
  installment: 1,
  dueOn: null,
  counterpartId: null,
  ...more,
})

/** The rows that posting the histories leaves in the books. */
export const rowsOf = (histories: readonly History[], currency: string): BookRow[] =>
  histories.flatMap((history) => project(history, wholeIn(1)).map((row) => bookRow(row, currency)))

export const conventionsOf = (choice: ConventionsChoice = {}): Conventions => {
  const conventions = chooseConventions(choice)
  if ('problem' in conventions) throw new Error(conventions.problem)
  return conventions
}

export type KpiBooks = {
  /** The value of a KPI on a day, outside a series. Throws where a rate is missing. */
  readonly outcome: (metric: KpiMetric, asOf: Day, choice?: ConventionsChoice) => Outcome
  /** The same, rounded to six digits; null where there is none. */
  readonly value: (metric: KpiMetric, asOf: Day, choice?: ConventionsChoice) => number | null
  /** The value of a KPI at any point. */
  readonly evaluate: (metric: KpiMetric, point: Point, choice?: ConventionsChoice) => Evaluation
  readonly view: View
}

export function kpiBooks(
  rows: readonly BookRow[],
  currency: string,
  more: { readonly baseCurrency?: string; readonly rates?: readonly ExchangeRate[] } = {},
): KpiBooks {
  const first = Math.min(...rows.map((row) => row.day))
  const view: View = {
    book: bookOf(rows),
    booksFrom: rows.length === 0 ? 'EMPTY' : firstOfMonth(first),
    rates: ratesOf(more.baseCurrency ?? currency, more.rates ?? []),
    currency,
  }
  const at = (metric: KpiMetric, point: Point, choice: ConventionsChoice = {}) =>
    evaluate(kpiDefinition(metric), point, conventionsOf(choice), view)
  const outcome = (metric: KpiMetric, asOf: Day, choice: ConventionsChoice = {}): Outcome => {
    const period = trailingMonths(asOf, conventionsOf(choice).periodMonths)
    const evaluation = at(metric, { day: asOf, period, asOf }, choice)
    if (evaluation.outcome === null) throw new Error(`No rate for ${evaluation.missingRate.currency}`)
    return evaluation.outcome
  }
  const value = (metric: KpiMetric, asOf: Day, choice: ConventionsChoice = {}) =>
    outcome(metric, asOf, choice).value?.toDecimalPlaces(6).toNumber() ?? null
  return { outcome, value, evaluate: at, view }
}
