/** The days of a goal's chart: what was, and what its trajectory expects of those to come. */
import type { GoalDetail_GoalFragment, GoalOutlook_GoalFragment } from '../documents.generated.ts'
import { addDays, type Day, daysBetween } from '../format/day.ts'

type Way = Pick<
  GoalDetail_GoalFragment,
  'direction' | 'startsOn' | 'deadline' | 'baseline' | 'target' | 'trajectory'
>
type History = GoalOutlook_GoalFragment['history']

export type ChartDay = History[number]

/** As many days of the past as the API gives. */
const historyDaysMax = 400
const beforeStartDays = 30
const leastDays = 90

/** How many days of the past the chart shows: all since a month before the goal began, as far as they are given. */
export const historyDaysOf = ({ startsOn }: Pick<Way, 'startsOn'>, today: Day): number =>
  Math.min(historyDaysMax, Math.max(leastDays, daysBetween(startsOn, today) + beforeStartDays))

/** Where the value should be at the end of a day within the goal's time, as the trajectory is drawn. */
const expectedOn = ({ startsOn, deadline, baseline, target, trajectory }: Way, day: Day): number | null => {
  if (target === null || trajectory === null || day < startsOn) return null
  if (day >= deadline) return target
  const points = [{ on: startsOn, value: baseline }, ...trajectory.points, { on: deadline, value: target }]
  const next = points.findIndex(({ on }) => on > day)
  const [from, to] = [points[next - 1], points[next]]
  if (!from || !to) return null
  if (trajectory.kind === 'STEPPED') return from.value
  return from.value + ((to.value - from.value) * daysBetween(from.on, day)) / daysBetween(from.on, to.on)
}

/** From the first day of the history that has a value, or on which the goal began, to the deadline or today. */
export const chartDays = (goal: Way, history: History): readonly ChartDay[] => {
  const first = history.findIndex(({ date, value }) => value !== null || date >= goal.startsOn)
  const past = first === -1 ? [] : history.slice(first)
  const last = past.at(-1)
  if (!last) return []
  const ahead = Math.max(0, daysBetween(last.date, goal.deadline))
  const future = Array.from({ length: ahead }, (_, index) => {
    const date = addDays(last.date, index + 1)
    return { date, value: null, expected: expectedOn(goal, date) }
  })
  return [...past, ...future]
}
