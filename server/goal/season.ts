/** The season of a KPI, as the organization's own books have it. */
import { todayOf } from '../context.ts'
import { isBefore } from '../domain/calendar.ts'
import { monthEndsWithin, yearBefore, type PastYear } from '../domain/goal-trajectory.ts'
import { inWords, nullReasonInWords } from '../domain/goal-words.ts'
import { measure, type MeasurableGoal } from '../live/measure.ts'
import { invalid, type Problem } from '../problem.ts'
import type { CommandContext } from '../command.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'

/** One good year may be an exception; what is older than three says little of the next. */
const YEARS_MAX = 3
const PATH = ['trajectory', 'seasonal']

type Seasonal = MeasurableGoal & Pick<GoalRow, 'startsOn' | 'deadline'>

/** The last years, newest first, as many as the books have whole; a problem where they do not have the last one. */
export async function readPastYears(
  { connection, organization, now }: CommandContext,
  goal: Seasonal,
): Promise<readonly PastYear[] | Problem> {
  const today = todayOf({ now, organization })
  const ends = monthEndsWithin(goal)
  if (ends.length === 0) {
    return invalid(
      PATH,
      'A season shows at the ends of months, and none lies between the first day and the deadline',
    )
  }
  if (isBefore(today, yearBefore(goal.deadline))) {
    return invalid(PATH, `A season is that of the year before, so the deadline lies within a year from today`)
  }
  const yearsOfDays = Array.from({ length: YEARS_MAX }, (_, index) => daysOfPast(goal, ends, index + 1))
  const wanted = yearsOfDays.flat().map((asOf) => ({ goal, asOf }))
  const measured = await inTransaction(connection, { organizationId: organization.id, mode: 'read' }, (tx) =>
    measure(tx, organization, wanted, now),
  )
  const years = yearsOfDays.map((days, index) =>
    measured.slice(index * days.length, (index + 1) * days.length),
  )
  const missing = years[0]?.findIndex(({ value }) => value === null) ?? 0
  const lacking = years[0]?.[missing]
  if (lacking !== undefined) {
    const why =
      lacking.failure ?? (lacking.reason === null ? 'it is unknown' : nullReasonInWords[lacking.reason])
    const day = yearsOfDays[0]?.[missing] ?? today
    return invalid(PATH, `The books have no value for ${inWords(day)}, which its season needs: ${why}`)
  }
  const values = years.map((year) => year.flatMap(({ value }) => value ?? []))
  const known = values.findIndex((year, index) => year.length < (yearsOfDays[index]?.length ?? 0))
  return known < 0 ? values : values.slice(0, known)
}

/** The first day, the ends of months and the deadline, so many years before; ends of months stay such. */
function daysOfPast(
  { startsOn, deadline }: Pick<Seasonal, 'startsOn' | 'deadline'>,
  ends: readonly Temporal.PlainDate[],
  years: number,
): Temporal.PlainDate[] {
  const lastOfMonth = (day: Temporal.PlainDate) => day.with({ day: day.daysInMonth })
  return [
    startsOn.subtract({ years }),
    ...ends.map((end) => lastOfMonth(end.subtract({ years }))),
    deadline.subtract({ years }),
  ]
}
