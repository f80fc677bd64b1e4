/**
 * A goal whose way is a checklist: its value is how many of its milestones are done, and its trajectory rises by one
 * on the day on which each is due. So it is judged like any other goal.
 */
import { isBefore } from './calendar.ts'
import { inWords, type Subject } from './goal-words.ts'
import { Exact } from './money.ts'
import type { TrajectoryPoint } from './goal-trajectory.ts'

export type Milestone = {
  readonly title: string
  readonly dueOn: Temporal.PlainDate
  /** Null where it is still to be done. */
  readonly doneOn: Temporal.PlainDate | null
}

export const milestoneSubject: Subject = {
  name: 'Milestones done',
  plural: true,
  unit: 'COUNT',
  currency: 'USD',
}

/** How many were done by the end of the day. */
export const doneBy = (milestones: readonly Pick<Milestone, 'doneOn'>[], day: Temporal.PlainDate): number =>
  milestones.filter(({ doneOn }) => doneOn !== null && !isBefore(day, doneOn)).length

/** How many should be done from each day on. What is due on the deadline is its target. */
export function duePoints(
  milestones: readonly Pick<Milestone, 'dueOn'>[],
  deadline: Temporal.PlainDate,
): TrajectoryPoint[] {
  const days = milestones.map(({ dueOn }) => dueOn).filter((dueOn) => isBefore(dueOn, deadline))
  const ascending = days.toSorted((a, b) => Temporal.PlainDate.compare(a, b))
  return ascending.flatMap((on, index) =>
    ascending[index + 1]?.equals(on) ? [] : [{ on, value: new Exact(index + 1) }],
  )
}

/** The first that is due outside the goal's time, and why that cannot be; null where none is. */
export function dueFault(
  milestones: readonly Milestone[],
  { startsOn, deadline }: { readonly startsOn: Temporal.PlainDate; readonly deadline: Temporal.PlainDate },
): { readonly index: number; readonly message: string } | null {
  const index = milestones.findIndex(({ dueOn }) => !isBefore(startsOn, dueOn) || isBefore(deadline, dueOn))
  const found = milestones[index]
  if (found === undefined) return null
  const message = `"${found.title}" is due after ${inWords(startsOn)}, the first day, and by the deadline, ${inWords(deadline)}, unlike on ${inWords(found.dueOn)}`
  return { index, message }
}

/** "Policy signed, due 12 Nov 2026, done 10 Nov 2026". */
export const milestoneInWords = ({ title, dueOn, doneOn }: Milestone): string =>
  `${title}, due ${inWords(dueOn)}${doneOn === null ? '' : `, done ${inWords(doneOn)}`}`
