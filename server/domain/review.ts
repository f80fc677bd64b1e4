/** When goals are reviewed: over which periods, by when, and who has to sign. */
import { isBefore, type Period } from './calendar.ts'
import { dateOf, dayOf, type Day } from './day.ts'
import { periodOf, yearOf, type FiscalCalendar } from './fiscal.ts'

export const reviewKinds = ['MONTHLY_ANALYSIS', 'QUARTERLY_REVIEW'] as const
export type ReviewKind = (typeof reviewKinds)[number]
export type ReviewRole = 'OWNER' | 'REVIEWER'

/** Civil days, both included. */
export type ReviewPeriod = { readonly from: Temporal.PlainDate; readonly to: Temporal.PlainDate }

/** Days after the end of a period in which people talk about it and sign. */
const DAYS_TO_SIGN: { readonly [Kind in ReviewKind]: number } = { MONTHLY_ANALYSIS: 7, QUARTERLY_REVIEW: 14 }
const PERIODS_PER_QUARTER = 3
const QUARTERS_PER_YEAR = 4

export const isReviewKind = (text: string): text is ReviewKind =>
  (reviewKinds as readonly string[]).includes(text)

/** The fiscal period or quarter that the day lies in. */
export function periodOfReview(
  kind: ReviewKind,
  on: Temporal.PlainDate,
  calendar: FiscalCalendar,
): ReviewPeriod {
  const day = dayOf(on)
  const { from, to } = kind === 'MONTHLY_ANALYSIS' ? periodOf(day, calendar) : quarterOf(day, calendar)
  return { from: dateOf(from), to: dateOf(to) }
}

/** Three periods; of thirteen the year's last quarter has four, as it has the year's 53rd week. */
export function quarterOf(day: Day, calendar: FiscalCalendar): Period {
  const year = yearOf(day, calendar)
  let from = year.from
  for (let quarter = 1; quarter < QUARTERS_PER_YEAR; quarter++) {
    const to = endAfter(from, PERIODS_PER_QUARTER, calendar)
    if (day <= to) return { from, to }
    from = to + 1
  }
  return { from, to: year.to }
}

/** The last day of so many periods from `from` on, which begins one. */
function endAfter(from: Day, periods: number, calendar: FiscalCalendar): Day {
  let to = from - 1
  for (let index = 0; index < periods; index++) to = periodOf(to + 1, calendar).to
  return to
}

export const dueOnOf = (kind: ReviewKind, { to }: ReviewPeriod): Temporal.PlainDate =>
  to.add({ days: DAYS_TO_SIGN[kind] })

/** What of a goal decides which reviews it has. */
export type ReviewedGoal = {
  readonly startsOn: Temporal.PlainDate
  readonly deadline: Temporal.PlainDate
  readonly reviews: readonly string[]
}

/**
 * The periods that ended last before `today` and in which the goal ran, one of each kind that it has. Nobody is asked
 * for a review of what ended before `since`, the day from which the goal was there.
 */
export function reviewsDue(
  goal: ReviewedGoal,
  calendar: FiscalCalendar,
  { today, since }: { readonly today: Temporal.PlainDate; readonly since: Temporal.PlainDate },
): { readonly kind: ReviewKind; readonly period: ReviewPeriod }[] {
  return goal.reviews.filter(isReviewKind).flatMap((kind) => {
    const current = periodOfReview(kind, today, calendar)
    const period = periodOfReview(kind, current.from.subtract({ days: 1 }), calendar)
    const ran = !isBefore(period.to, goal.startsOn) && !isBefore(goal.deadline, period.from)
    return ran && !isBefore(period.to, since) ? [{ kind, period }] : []
  })
}

/** Who has to sign: the people that the goal names; where it names nobody, whoever may change goals signs alone. */
export function signersOf({
  ownerId,
  reviewerId,
}: {
  readonly ownerId: string | null
  readonly reviewerId: string | null
}): readonly { readonly role: ReviewRole; readonly personId: string | null }[] {
  if (ownerId === null) return [{ role: 'REVIEWER', personId: reviewerId }]
  const owner = { role: 'OWNER', personId: ownerId } as const
  return reviewerId === null || reviewerId === ownerId
    ? [owner]
    : [owner, { role: 'REVIEWER', personId: reviewerId }]
}
