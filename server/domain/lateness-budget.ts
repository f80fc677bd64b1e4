/** A budget of dollar-days late: how fast it is spent, and when it is gone. After the error budgets of service levels. */
import { Exact } from './money.ts'

export type Budget = {
  readonly budget: Exact
  readonly startsOn: Temporal.PlainDate
  readonly deadline: Temporal.PlainDate
}

/** The windows of burn rates, in days. */
export const BURN_SHORT_DAYS = 7
export const BURN_LONG_DAYS = 28

/** What was spent: since the first day, and in the windows up to today; null where the books do not reach back so far. */
export type Spending = {
  readonly spent: Exact
  readonly short: Exact | null
  readonly long: Exact | null
}

export type BudgetProgress = {
  readonly spent: Exact
  readonly left: Exact
  /** 1 uses the budget up exactly on the deadline. */
  readonly burnShort: Exact | null
  readonly burnLong: Exact | null
  /** By the deadline, if it goes on as in the long window. */
  readonly projected: Exact | null
  /** The first day on which nothing is left, as it goes on; `today` where nothing is. Null where some is left. */
  readonly goneOn: Temporal.PlainDate | null
}

/** Both days included. */
const daysFrom = (first: Temporal.PlainDate, last: Temporal.PlainDate): number =>
  Math.max(0, first.until(last).days + 1)

/** What may be spent up to the end of `day`: the same on every day. */
export function budgetBy({ budget, startsOn, deadline }: Budget, day: Temporal.PlainDate): Exact {
  const length = daysFrom(startsOn, deadline)
  return budget.times(Math.min(daysFrom(startsOn, day), length)).div(length)
}

/** At the end of `today`, which is no day after the deadline. */
export function spendingOf(
  frame: Budget,
  { spent, short, long }: Spending,
  today: Temporal.PlainDate,
): BudgetProgress {
  const { budget, startsOn, deadline } = frame
  const perDay = budget.div(daysFrom(startsOn, deadline))
  const burn = (amount: Exact | null, days: number) => amount?.div(days).div(perDay) ?? null
  const left = budget.minus(spent)
  const ahead = today.until(deadline).days
  const daily = long?.div(BURN_LONG_DAYS) ?? null
  return {
    spent,
    left,
    burnShort: burn(short, BURN_SHORT_DAYS),
    burnLong: burn(long, BURN_LONG_DAYS),
    projected: daily === null ? null : spent.plus(daily.times(ahead)),
    goneOn: goneOn(left, daily, { today, ahead }),
  }
}

function goneOn(
  left: Exact,
  daily: Exact | null,
  { today, ahead }: { readonly today: Temporal.PlainDate; readonly ahead: number },
): Temporal.PlainDate | null {
  if (left.lte(0)) return today
  if (daily === null || daily.lte(0)) return null
  const days = left.div(daily).ceil()
  return days.gt(ahead) ? null : today.add({ days: days.toNumber() })
}

/** Where it ends, in budgets: by the long window, or by its own pace so far where the books are younger than that. */
export function projectedShare(
  frame: Budget,
  { spent, projected }: BudgetProgress,
  today: Temporal.PlainDate,
): Exact {
  if (projected !== null) return projected.div(frame.budget)
  const allowed = budgetBy(frame, today)
  return allowed.isZero() ? new Exact(0) : spent.div(allowed)
}
