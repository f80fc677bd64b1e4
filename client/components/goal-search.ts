/** The filters and the order of the list of goals: in the address, and as they are carried out. */
import type { GoalRow_GoalFragment, GoalState, GoalStatus } from '../documents.generated.ts'
import { goalStatusWords } from '../format/words.ts'
import { measureOf } from './goal-measure.ts'
import { statusOrder } from './goal-status-order.ts'

export type ListedGoal = GoalRow_GoalFragment

/** What is under way or to come, one state, or all. */
export const stateChoices = [
  { id: 'open', label: 'Open', states: ['ACTIVE', 'DRAFT', 'PAUSED'] },
  { id: 'active', label: 'Active', states: ['ACTIVE'] },
  { id: 'draft', label: 'Drafts', states: ['DRAFT'] },
  { id: 'paused', label: 'Paused', states: ['PAUSED'] },
  { id: 'closed', label: 'Closed', states: ['CLOSED'] },
  { id: 'all', label: 'All', states: ['ACTIVE', 'DRAFT', 'PAUSED', 'CLOSED'] },
] as const satisfies readonly { id: string; label: string; states: readonly GoalState[] }[]

export type StateChoice = (typeof stateChoices)[number]

/** Days from today, both included; null is open. */
export const deadlineChoices = [
  { id: 'past', label: 'Passed', from: null, to: -1 },
  { id: '30d', label: 'Within 30 days', from: 0, to: 30 },
  { id: '90d', label: 'Within 90 days', from: 0, to: 90 },
  { id: 'later', label: 'Later', from: 91, to: null },
] as const

export type DeadlineChoice = (typeof deadlineChoices)[number]

export const sortChoices = [
  { id: 'attention', label: 'Most urgent' },
  { id: 'deadline', label: 'Nearest deadline' },
  { id: 'way', label: 'Least of the way' },
  { id: 'name', label: 'Name' },
] as const

export type SortId = (typeof sortChoices)[number]['id']

/** In a filter by owner: goals that have none. */
export const nobody = 'none'

export type GoalSearch = {
  readonly state: StateChoice
  readonly status: GoalStatus | null
  /** A person's id, `nobody`, or null for all. */
  readonly owner: string | null
  /** A KPI's id, CHECKLIST, or null for all. */
  readonly metric: string | null
  readonly deadline: DeadlineChoice | null
  readonly text: string
  readonly sort: SortId
}

const isStatus = (text: string): text is GoalStatus => Object.hasOwn(goalStatusWords, text)

/** What cannot be read is as if it were not there. */
export const parseGoalSearch = (search: URLSearchParams): GoalSearch => {
  const status = search.get('status')?.toUpperCase() ?? ''
  const sort = sortChoices.find(({ id }) => id === search.get('sort'))
  return {
    state: stateChoices.find(({ id }) => id === search.get('state')) ?? stateChoices[0],
    status: isStatus(status) ? status : null,
    owner: search.get('owner') || null,
    metric: search.get('metric')?.toUpperCase() || null,
    deadline: deadlineChoices.find(({ id }) => id === search.get('deadline')) ?? null,
    text: search.get('q') ?? '',
    sort: sort?.id ?? 'attention',
  }
}

/** What a goal is of, as the filter names it. */
export const metricIdOf = ({ metric }: Pick<ListedGoal, 'metric'>): string => metric?.metric ?? 'CHECKLIST'

const isWithin = (days: number, { from, to }: DeadlineChoice): boolean =>
  (from === null || days >= from) && (to === null || days <= to)

const wordsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')

/** Whether each word stands somewhere in what can be read of the goal. */
const says = (goal: ListedGoal, words: readonly string[]): boolean => {
  const text = [goal.name, goal.scope, measureOf(goal), goal.owner?.name ?? ''].join(' ').toLowerCase()
  return words.every((word) => text.includes(word))
}

export const fits = (goal: ListedGoal, search: GoalSearch): boolean =>
  (search.state.states as readonly GoalState[]).includes(goal.state) &&
  (search.status === null || goal.progress?.status === search.status) &&
  (search.owner === null || (goal.owner?.id ?? nobody) === search.owner) &&
  (search.metric === null || metricIdOf(goal) === search.metric) &&
  (search.deadline === null || isWithin(goal.daysLeft, search.deadline)) &&
  says(goal, wordsOf(search.text))

type Compare = (a: ListedGoal, b: ListedGoal) => number

const compareText = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })
const byDeadline: Compare = (a, b) => compareText(a.deadline, b.deadline) || compareText(a.id, b.id)

// What is not evaluated comes after all that is, and what is over last.
const urgencyOf = ({ state, progress }: ListedGoal): number => {
  const afterAll = { ACTIVE: 0, PAUSED: 100, DRAFT: 200, CLOSED: 300 } as const satisfies Record<
    GoalState,
    number
  >
  return afterAll[state] + (progress ? statusOrder.indexOf(progress.status) : statusOrder.length)
}

const wayOf = ({ progress }: ListedGoal): number => progress?.percentToTarget ?? Number.POSITIVE_INFINITY

const orders = {
  attention: (a, b) => urgencyOf(a) - urgencyOf(b) || byDeadline(a, b),
  deadline: byDeadline,
  // Two that are both unknown are equal: infinity less infinity is no number.
  way: (a, b) => (wayOf(a) === wayOf(b) ? byDeadline(a, b) : wayOf(a) - wayOf(b)),
  name: (a, b) => compareText(a.name, b.name) || byDeadline(a, b),
} as const satisfies Record<SortId, Compare>

export type PlacedGoal = {
  readonly goal: ListedGoal
  /** How many of the goals above it are in the list too. */
  readonly depth: number
  /** The goal above it where that is not in the list. */
  readonly partOf: { readonly id: string; readonly name: string } | null
}

/** Those that fit, in order; each below the goal that it is a part of, where that fits too. */
export const placeGoals = (goals: readonly ListedGoal[], search: GoalSearch): readonly PlacedGoal[] => {
  const listed = goals.filter((goal) => fits(goal, search)).toSorted(orders[search.sort])
  const ids = new Set(listed.map(({ id }) => id))
  const below = Map.groupBy(listed, ({ parent }) => (parent && ids.has(parent.id) ? parent.id : ''))
  const place = (parentId: string, depth: number): PlacedGoal[] =>
    (below.get(parentId) ?? []).flatMap((goal) => [
      { goal, depth, partOf: depth === 0 ? goal.parent : null },
      ...place(goal.id, depth + 1),
    ])
  return place('', 0)
}
