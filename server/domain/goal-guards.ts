/** Whether a goal's improvement is one: what made its KPI look better and is no collection, and by how much. */
import type { Conventions } from './conventions.ts'
import type { Day } from './day.ts'
import { formatDifference, formatValue, is, type Subject } from './goal-words.ts'
import type { Input, Inputs, KpiDefinition, KpiMetric, MeasureOf, Outcome, Point } from './kpi.ts'
import type { Exact } from './money.ts'
import { isUndoable } from './undo.ts'

type Guard = {
  /** Sums count what happened since the baseline; values are compared with that of the baseline's day. */
  readonly takes: 'SUM' | 'VALUE'
  /** For "the half of it came from ...". */
  readonly words: string
  /** Taken off receivables when it happens; ADJUSTED is signed, and takes off what is below 0. */
  readonly offReceivables?: { readonly measure: MeasureOf<'movement'>; readonly sign: 1 | -1 }
  /** Taken off sales. */
  readonly offSales?: MeasureOf<'movement'>
  /** True where it takes nothing off, and changes what is due when. */
  readonly dueDates?: boolean
}

/** By the KPI that each of them is. */
export const goalGuards = {
  WRITTEN_OFF: {
    takes: 'SUM',
    words: 'write-offs',
    offReceivables: { measure: 'WRITTEN_OFF', sign: 1 },
  },
  CREDITED: {
    takes: 'SUM',
    words: 'credit notes',
    // Receivables are gross of credit notes that are not applied, sales net of them when they are issued.
    offReceivables: { measure: 'CREDIT_APPLIED', sign: 1 },
    offSales: 'CREDITED',
  },
  DISCOUNTED: {
    takes: 'SUM',
    words: 'discounts',
    offReceivables: { measure: 'DISCOUNTED', sign: 1 },
  },
  ADJUSTED: {
    takes: 'SUM',
    words: 'adjustments',
    offReceivables: { measure: 'ADJUSTED', sign: -1 },
  },
  RE_BILLED: { takes: 'SUM', words: 'bills that were wrong' },
  RE_DATED: { takes: 'SUM', words: 're-dated invoices', dueDates: true },
  WEIGHTED_AVERAGE_TERMS: { takes: 'VALUE', words: 'terms' },
  UNAPPLIED_CASH: { takes: 'VALUE', words: 'unapplied cash' },
  UNAPPLIED_CREDITS: { takes: 'VALUE', words: 'unapplied credit notes' },
  DISPUTED_RECEIVABLES: { takes: 'VALUE', words: 'disputes' },
} as const satisfies { readonly [Metric in KpiMetric]?: Guard }

export type GoalGuard = keyof typeof goalGuards

export const isGoalGuard = (text: string): text is GoalGuard => Object.hasOwn(goalGuards, text)

/**
 * The KPI as it would be with what the guard took since the end of `since` put back. Where that is no matter of sums, such
 * as what would be past due of it, BY_ITEM: the items themselves have to be asked (domain/undo.ts). Null where the guard
 * changes nothing of the KPI, and where nobody can tell.
 */
export function putBack(
  definition: KpiDefinition,
  guard: GoalGuard,
  {
    since,
    point,
    conventions,
  }: { readonly since: Day; readonly point: Point; readonly conventions: Conventions },
): KpiDefinition | 'BY_ITEM' | null {
  const reduction: Guard = goalGuards[guard]
  const asked = Object.values(definition.inputs(point, conventions)).flat()
  const ways = asked.map((input) => returned(input, reduction, since))
  if (ways.every((way) => way === null)) return null
  if (ways.includes('UNKNOWN')) {
    const isOfItems = asked.every(isItems)
    return isOfItems && isUndoable(guard) ? 'BY_ITEM' : null
  }
  const extras = (inputs: Inputs) =>
    Object.entries(inputs).map(([name, input]) => {
      const found = [input].flat().map((one) => wayBack(one, reduction, since))
      return { name, found }
    })
  return {
    ...definition,
    inputs: (at, chosen) => {
      const inputs = definition.inputs(at, chosen)
      const more = extras(inputs).flatMap(({ name, found }) =>
        found.flatMap((way, index) => (way === null ? [] : [[`${name} ${index}`, way.input] as const])),
      )
      return { ...inputs, ...Object.fromEntries(more) }
    },
    compute: (read, at, chosen): Outcome => {
      const given = new Map<string, unknown>(Object.entries(read))
      const inputs = definition.inputs(at, chosen)
      for (const { name, found } of extras(inputs)) {
        const put = (value: unknown, index: number): unknown => {
          const way = found[index] ?? null
          return way === null
            ? value
            : (value as Exact).plus((given.get(`${name} ${index}`) as Exact).times(way.sign))
        }
        const own = given.get(name)
        given.set(name, Array.isArray(inputs[name]) ? (own as unknown[]).map(put) : put(own, 0))
      }
      return definition.compute(Object.fromEntries(given) as typeof read, at, chosen)
    },
  }
}

type WayBack = { readonly input: Input; readonly sign: 1 | -1 }

/** What is to be added to the input; null for nothing, UNKNOWN where no sum tells it. */
function returned(
  input: Input,
  { offReceivables, offSales, dueDates }: Guard,
  since: Day,
): WayBack | null | 'UNKNOWN' {
  const back = (measure: MeasureOf<'movement'>, from: Day, to: Day, sign: 1 | -1): WayBack | null =>
    to < from
      ? null
      : { input: { read: 'movement', measure, period: { from, to }, part: 'amount', rate: 'CLOSING' }, sign }
  // On time and days late go by the first due date, which nobody can move.
  if (dueDates)
    return input.read === 'balance' &&
      input.measure === 'OPEN_BY_DUE' &&
      (input.olderThanDays !== null || input.part === 'ageAmount')
      ? 'UNKNOWN'
      : null
  switch (input.read) {
    case 'balance':
      if (input.measure !== 'OPEN_BY_DUE' && input.measure !== 'OPEN_BY_ISSUE') return null
      if (offReceivables === undefined) return 'UNKNOWN'
      if (input.olderThanDays !== null || input.part !== 'amount') return 'UNKNOWN'
      return back(offReceivables.measure, since + 1, input.day, offReceivables.sign)
    case 'movement': {
      if (input.measure === 'BILLED' && input.part === 'amount') {
        return offSales === undefined || input.less !== offSales
          ? null
          : back(offSales, Math.max(since + 1, input.period.from), input.period.to, 1)
      }
      return 'UNKNOWN'
    }
    case 'periods':
      return offSales === undefined ? null : 'UNKNOWN'
    case 'cohort':
    case 'histogram':
    case 'external':
    case 'credit':
    case 'released':
    case 'decided':
    case 'plan':
      return 'UNKNOWN'
  }
}

const isItems = ({ read }: Input): boolean =>
  read !== 'external' && read !== 'credit' && read !== 'released' && read !== 'plan'

const wayBack = (input: Input, reduction: Guard, since: Day): WayBack | null => {
  const way = returned(input, reduction, since)
  return way === 'UNKNOWN' ? null : way
}

/** What was read of a guard; null where there is no value. */
export type GuardReading = {
  readonly guard: GoalGuard
  readonly before: Exact | null
  readonly now: Exact | null
  /** The goal's KPI with it put back; null where that cannot be told. */
  readonly without: Exact | null
}

/** The same as it is told. `effect` is in the goal's unit: how much of an improvement it is. */
export type GuardProgress = {
  readonly guard: GoalGuard
  readonly before: Exact | null
  readonly now: Exact | null
  readonly effect: Exact | null
  readonly sentence: string | null
}

export type Guarded = {
  readonly isMoreBetter: boolean
  readonly baseline: Exact
  readonly value: Exact | null
  readonly subject: Subject
  /** How the guard's values are told. */
  readonly guardSubject: Subject
}

export function guardProgress({ guard, before, now, without }: GuardReading, goal: Guarded): GuardProgress {
  const gained = (from: Exact, to: Exact) => (goal.isMoreBetter ? to.minus(from) : from.minus(to))
  const effect = without === null || goal.value === null ? null : gained(without, goal.value)
  const improvement = goal.value === null ? null : gained(goal.baseline, goal.value)
  return {
    guard,
    before,
    now,
    effect,
    sentence: sentenceOf({ guard, before, now, without, effect, improvement }, goal),
  }
}

type Told = GuardReading & { readonly effect: Exact | null; readonly improvement: Exact | null }

/** "1.9 days of the 3.2 days came from write-offs of USD 1,200,000." */
function sentenceOf(
  { guard, before, now, without, effect, improvement }: Told,
  { subject, guardSubject }: Guarded,
): string | null {
  if (now === null || (now.isZero() && (before === null || before.isZero()))) return null
  const { takes, words } = goalGuards[guard]
  const amount = formatValue(now, guardSubject)
  if (takes === 'VALUE') {
    if (before === null || before.eq(now)) return null
    return `${is(guardSubject)} ${amount}, after ${formatValue(before, guardSubject)} at the baseline.`
  }
  if (now.isZero()) return null
  if (effect !== null && improvement !== null && without !== null && effect.gt(0)) {
    return improvement.gt(0)
      ? `${formatDifference(effect, subject)} of the ${formatDifference(improvement, subject)} came from ${words} of ${amount}.`
      : `Without ${words} of ${amount}, ${subject.name} would be ${formatValue(without, subject)}.`
  }
  const usual = before === null ? '' : `, after ${formatValue(before, guardSubject)} in as many days before`
  return `Since the baseline there were ${words} of ${amount}${usual}.`
}
